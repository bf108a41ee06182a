"""The session functions of Keras: a fresh start, the order of updates, and names kept for old programs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ..arrays.arguments import shown
from ..compiler.rewriter import effects_of, final_values
from ..graph.tensor import Tensor, control
from .learning_phase import forget_learning_phase
from .naming import reset_uids
from .running import Session

__all__ = [
    "clear_session",
    "control_dependencies",
    "eager",
    "get_session",
    "manual_variable_initialization",
    "pattern_broadcast",
    "set_session",
    "symbolic",
]

F = TypeVar("F", bound=Callable[..., Any])


def clear_session() -> None:
    """Reset the name counters to 1 and unset the learning phase.

    Notes
    -----
    Graphs are freed when nothing refers to them. The session forgets the functions it has compiled.

    References
    ----------
    Keras 2.3.1, ``keras.backend.clear_session``.

    Examples
    --------
    >>> K.set_learning_phase(1)
    >>> K.clear_session()
    >>> K.is_placeholder(K.learning_phase())
    True
    """
    reset_uids()
    forget_learning_phase()
    _session.close()


@contextlib.contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """Evaluate the tensors made within the ``with`` block after these updates, so that they read the new values.

    Parameters
    ----------
    control_inputs : Tensor or list of Tensor, or None
        Update ops.

    Raises
    ------
    TypeError
        For anything that is not symbolic.

    Notes
    -----
    Evaluating such a tensor runs each update once, however many tensors depend on it.

    References
    ----------
    Keras 2.3.1, ``keras.backend.control_dependencies``.

    Examples
    --------
    >>> n = K.variable(1.0)
    >>> with K.control_dependencies(K.update_add(n, 1.0)):
    ...     doubled = n * 2.0
    >>> K.eval(doubled)
    array(4., dtype=float32)
    """
    ops = control_inputs if isinstance(control_inputs, (list, tuple)) else [control_inputs]
    ops = [] if control_inputs is None else ops
    for op in ops:
        if not isinstance(op, Tensor):
            raise TypeError(f"control_dependencies: control_inputs holds {shown(op)}, expected update ops")
    before = control.get()
    effects = [*before.effects, *(e for e in effects_of(ops) if not any(e is known for known in before.effects))]
    values = {id(variable): new for variable, new in final_values(effects).items()}
    token = control.set(before._replace(effects=tuple(effects), values=values))
    try:
        yield
    finally:
        control.reset(token)


def symbolic(func: F) -> F:
    """Return the function unchanged: Keras's decorator has no effect here.

    Parameters
    ----------
    func : callable

    Returns
    -------
    callable

    References
    ----------
    Keras 2.3.1, ``keras.backend.symbolic``.

    Examples
    --------
    >>> @K.symbolic
    ... def half(x):
    ...     return x / 2.0
    >>> half(np.asarray([1.0, 2.0]))
    array([0.5, 1. ])
    """
    return func


def eager(func: F) -> F:
    """Return the function unchanged: Keras's decorator has no effect here.

    Parameters
    ----------
    func : callable

    Returns
    -------
    callable

    References
    ----------
    Keras 2.3.1, ``keras.backend.eager``.

    Examples
    --------
    >>> @K.eager
    ... def half(x):
    ...     return x / 2.0
    >>> half(np.asarray([1.0, 2.0]))
    array([0.5, 1. ])
    """
    return func


def manual_variable_initialization(value: bool) -> None:
    """Do nothing: variables have their values from the start here.

    Parameters
    ----------
    value : bool

    References
    ----------
    Keras 2.3.1, ``keras.backend.manual_variable_initialization``, of its TensorFlow backend.

    Examples
    --------
    >>> K.manual_variable_initialization(True)
    >>> K.get_value(K.variable([1.0]))
    array([1.], dtype=float32)
    """


_session = Session()


def get_session() -> Session:
    """The one session, for programs that call its ``run(fetches, feed_dict)``.

    Returns
    -------
    Session

    References
    ----------
    Keras 2.3.1, ``keras.backend.get_session``, of its TensorFlow backend.

    Examples
    --------
    >>> x = K.placeholder((2,))
    >>> K.get_session().run({"sum": K.sum(x), "max": K.max(x)}, {x: [1.0, 2.0]})
    {'sum': array(3., dtype=float32), 'max': array(2., dtype=float32)}
    """
    return _session


def set_session(session: Any) -> None:
    """Accept the session that `get_session` gives, and no other.

    Parameters
    ----------
    session : Session

    Raises
    ------
    TypeError
        For any other: TensorFlow's sessions run nothing here.

    References
    ----------
    Keras 2.3.1, ``keras.backend.set_session``, of its TensorFlow backend.

    Examples
    --------
    >>> K.set_session(K.get_session())
    """
    if session is not _session:
        raise TypeError(
            f"set_session: session is {shown(session)}, expected what get_session gives; graphs run without other "
            "sessions, and K.set_backend chooses library and device"
        )


def pattern_broadcast(x: Any, broadcastable: Any) -> Any:
    """Return x unchanged: sizes of 1 always broadcast here.

    Parameters
    ----------
    x : array
    broadcastable : sequence of bool

    Returns
    -------
    array

    References
    ----------
    Keras 2.3.1, ``keras.backend.pattern_broadcast``, of its Theano backend.

    Examples
    --------
    >>> K.pattern_broadcast(np.ones((1, 2)), [True, False])
    array([[1., 1.]])
    """
    return x
