"""The learning phase: whether a graph runs to train or to predict."""

from __future__ import annotations

from typing import Any

from ..arrays.arguments import shown
from ..dispatch.operation import operation
from ..dispatch.parameters import is_array_like
from ..graph.tensor import Placeholder, Tensor
from ..ops.control_flow import switch

__all__ = ["in_test_phase", "in_train_phase", "learning_phase", "set_learning_phase"]

_phase: Any = None  # the placeholder, once there is one, or the number that was set


def learning_phase() -> Any:
    """The phase: 1 while training, 0 while predicting.

    Returns
    -------
    Placeholder or int
        A scalar int32 placeholder, the same at every call and 0 unless it is fed, or the int given to
        `set_learning_phase`.

    References
    ----------
    Keras 2.3.1, ``keras.backend.learning_phase``.

    Examples
    --------
    >>> x = K.placeholder((2,))
    >>> f = K.function([x, K.learning_phase()], K.in_train_phase(x * 10.0, x))
    >>> f([[1.0, 2.0], 1])
    array([10., 20.], dtype=float32)
    >>> f([[1.0, 2.0], 0])
    array([1., 2.], dtype=float32)
    """
    global _phase
    if _phase is None:
        _phase = Placeholder((), "int32", "learning_phase", default=0)
    return _phase


@operation
def set_learning_phase(value: int | bool) -> None:
    """Fix the phase to 0 (test) or 1 (training).

    Parameters
    ----------
    value : int or bool
        False and True are 0 and 1.

    Raises
    ------
    ValueError
        For anything else.

    Notes
    -----
    Existing graphs keep the placeholder. `clear_session` unsets the phase.

    References
    ----------
    Keras 2.3.1, ``keras.backend.set_learning_phase``.

    Examples
    --------
    >>> K.set_learning_phase(1)
    >>> K.in_train_phase("train", "test")
    'train'
    >>> K.clear_session()
    """
    number = _number(value)
    if number not in (0, 1):
        raise ValueError(f"set_learning_phase: value is {value!r}, expected 0 or 1")
    global _phase
    _phase = number


def forget_learning_phase() -> None:
    """Begin anew, with a placeholder: for `clear_session`."""
    global _phase
    _phase = None


@operation
def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """x while training, else alt.

    Parameters
    ----------
    x, alt : array or callable
        Of functions without arguments only the chosen one is evaluated.
    training : array, optional
        A number or a scalar tensor; None for the learning phase.

    Returns
    -------
    array
        Where the phase is known now, the chosen expression itself; otherwise as `switch`.

    Raises
    ------
    ValueError, TypeError
        As in `switch`.

    Notes
    -----
    A result that depends on the learning phase has ``_uses_learning_phase`` True.

    References
    ----------
    Keras 2.3.1, ``keras.backend.in_train_phase``.

    Examples
    --------
    >>> x = K.placeholder((2,))
    >>> y = K.in_train_phase(lambda: x * 2.0, x)
    >>> K.eval(y, {x: [1.0, 2.0]}), K.eval(y, {x: [1.0, 2.0], K.learning_phase(): 1})
    (array([1., 2.], dtype=float32), array([2., 4.], dtype=float32))
    """
    by_phase = training is None
    if not (by_phase or is_array_like(training)):
        raise TypeError(f"in_train_phase: training is {shown(training)}, expected a number, a scalar tensor or None")
    training = learning_phase() if by_phase else training
    number = _number(training)
    if number is not None:
        chosen = x if number else alt
        return chosen() if callable(chosen) else chosen
    result = switch(training, x, alt)
    if by_phase and isinstance(result, Tensor):
        result._uses_learning_phase = True
    return result


@operation
def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """x while testing, else alt.

    Parameters
    ----------
    x, alt : array or callable
    training : array, optional
        As in `in_train_phase`, whose first two arguments are exchanged here.

    Returns
    -------
    array

    References
    ----------
    Keras 2.3.1, ``keras.backend.in_test_phase``.

    Examples
    --------
    >>> x = np.asarray([1.0, 2.0])
    >>> K.in_test_phase(x, x * 10.0, training=0)
    array([1., 2.])
    """
    return in_train_phase(alt, x, training)


def _number(value: Any) -> int | None:
    """The phase as an int, 0-d arrays included; None where it is symbolic or not a whole number."""
    if isinstance(value, Tensor) or getattr(value, "ndim", None):
        return None
    try:
        number = int(value)
    except (TypeError, ValueError):  # JAX's tracers raise these too
        return None
    return number if number == value else None
