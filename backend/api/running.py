"""What `get_session` gives to programs written for TensorFlow's sessions: `run(fetches, feed_dict)`."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any

from ..arrays.arguments import shown
from ..compiler.rewriter import effects_of
from ..graph.tensor import Tensor
from .function import Function

__all__ = ["Session"]

MOST_FUNCTIONS = 64  # compiled for the fetches of one session; then the oldest is compiled anew


class Session:
    """The session of programs written for TensorFlow 1, which runs tensors and updates; `get_session` gives the one.

    Notes
    -----
    Its variables are those of the process. ``as_default()`` and ``with`` give the session itself and end nothing.

    Examples
    --------
    >>> x = K.placeholder((2,))
    >>> with K.get_session().as_default() as session:
    ...     session.run(K.sum(x), {x: [1.0, 2.0]})
    array(3., dtype=float32)
    """

    def __init__(self) -> None:
        self._functions: dict[Any, tuple[Function, Any]] = {}

    def run(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None, **_: Any) -> Any:
        """The values of a tensor, or of lists, tuples and dictionaries of them; None stays, and updates run.

        Parameters
        ----------
        fetches : Tensor, or nest of Tensor
        feed_dict : dict, optional
            Values by tensor. Numbers among its keys, as `K.learning_phase` gives where it is set, do not count.
        **_ : object
            Options of TensorFlow's sessions, not used.

        Returns
        -------
        numpy.ndarray or nest
            A list for each list or tuple, a dictionary for each dictionary. Where an array of another library was fed,
            arrays of that library.

        Raises
        ------
        TypeError
            For a fetch that is not symbolic.
        ValueError
            Naming a placeholder a value is missing for.

        Notes
        -----
        All fetches of one call see one state of the variables.

        Examples
        --------
        >>> n = K.variable(1.0)
        >>> K.get_session().run([n, K.update_add(n, 1.0)])
        [array(1., dtype=float32), array(2., dtype=float32)]
        """
        if not isinstance(feed_dict, (Mapping, type(None))):
            raise TypeError(f"run: feed_dict is {shown(feed_dict)}, expected a dictionary of placeholders and values")
        for fed in feed_dict or {}:
            if not isinstance(fed, (Tensor, numbers.Number)):
                raise TypeError(f"run: feed_dict has the key {shown(fed)}, expected placeholders")
        tensors: list[Tensor] = []
        structure = _collected(fetches, tensors)
        feeds = {t: v for t, v in (feed_dict or {}).items() if isinstance(t, Tensor)}
        key = (tuple(map(id, tensors)), tuple(map(id, feeds)))
        if key not in self._functions:
            made = Function(list(feeds), tensors, effects_of(tensors), "run")
            self._functions[key] = made, (tensors, feeds)  # held, so that no id is used again
            if len(self._functions) > MOST_FUNCTIONS:
                del self._functions[next(iter(self._functions))]
        values = self._functions[key][0](list(feeds.values()))
        return _restored(structure, values)

    def close(self) -> None:
        """Forget what was compiled; the session can be used again."""
        self._functions.clear()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: Any) -> None:
        """Nothing: the session goes on."""

    def as_default(self) -> Session:
        """The session itself, for a ``with`` block."""
        return self


def _collected(fetches: Any, tensors: list[Tensor]) -> Any:
    """The nest with the place of each tensor in the list, to which they are added."""
    if isinstance(fetches, Tensor):
        tensors.append(fetches)
        return len(tensors) - 1
    if isinstance(fetches, Mapping):
        return {name: _collected(each, tensors) for name, each in fetches.items()}
    if isinstance(fetches, (list, tuple)):
        return [_collected(each, tensors) for each in fetches]
    if fetches is None:
        return None
    raise TypeError(f"run: fetches hold {shown(fetches)}, expected symbolic tensors")


def _restored(structure: Any, values: list[Any]) -> Any:
    if isinstance(structure, dict):
        return {name: _restored(each, values) for name, each in structure.items()}
    if isinstance(structure, list):
        return [_restored(each, values) for each in structure]
    return None if structure is None else values[structure]
