"""The session functions of Keras: a fresh start, the order of updates, and names kept for old programs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ..compiler.rewriter import effects_of, final_values
from ..graph.tensor import Control, Tensor, control
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
    """Reset the name counters to 1 and unset the learning phase. Graphs are freed when nothing refers to them.

    Source: Keras 2.3.1 backend semantics.
    """
    reset_uids()
    forget_learning_phase()
    _session.close()


@contextlib.contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """Evaluate the tensors made within the `with` block after these updates, so that they read the new values.

    `control_inputs` is an update op, a list of them, or None. Evaluating such a tensor runs each update once, however
    many tensors depend on it.
    Errors: TypeError for anything that is not symbolic.

    Source: Keras 2.3.1 backend semantics.
    """
    ops = control_inputs if isinstance(control_inputs, (list, tuple)) else [control_inputs]
    ops = [] if control_inputs is None else ops
    for op in ops:
        if not isinstance(op, Tensor):
            raise TypeError(f"control_dependencies: got {type(op).__name__}, expected update ops")
    before = control.get()
    effects = [*before.effects, *(e for e in effects_of(ops) if not any(e is known for known in before.effects))]
    values = {id(variable): new for variable, new in final_values(effects).items()}
    token = control.set(Control(tuple(effects), values))
    try:
        yield
    finally:
        control.reset(token)


def symbolic(func: F) -> F:
    """Return the function unchanged: Keras's decorator has no effect here.

    Source: Keras 2.3.1 backend semantics.
    """
    return func


def eager(func: F) -> F:
    """Return the function unchanged: Keras's decorator has no effect here.

    Source: Keras 2.3.1 backend semantics.
    """
    return func


def manual_variable_initialization(value: bool) -> None:
    """Do nothing: variables have their values from the start here.

    Source: Keras 2.3.1 backend semantics (TensorFlow only).
    """


_session = Session()


def get_session() -> Session:
    """The one session, for programs that call its `run(fetches, feed_dict)`.

    Source: Keras 2.3.1 backend semantics (TensorFlow only).
    """
    return _session


def set_session(session: Any) -> None:
    """Accept the session that `get_session` gives, and no other.

    Errors: TypeError for any other: TensorFlow's sessions run nothing here.

    Source: Keras 2.3.1 backend semantics (TensorFlow only).
    """
    if session is not _session:
        raise TypeError(
            f"set_session: got {type(session).__name__}, expected what get_session gives; graphs run without other "
            "sessions, and K.set_backend chooses library and device"
        )


def pattern_broadcast(x: Any, broadcastable: Any) -> Any:
    """Return x unchanged: sizes of 1 always broadcast here.

    Source: Keras 2.3.1 backend semantics (Theano only).
    """
    return x
