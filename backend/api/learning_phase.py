"""The learning phase: whether a graph runs to train or to predict."""

from __future__ import annotations

from typing import Any

from ..dispatch.operation import operation
from ..graph.tensor import Placeholder, Tensor
from ..ops.control_flow import switch

__all__ = ["in_test_phase", "in_train_phase", "learning_phase", "set_learning_phase"]


class LearningPhase(Placeholder):
    """The placeholder of the phase: a copy of a graph, and one read from a pickle, have that of this process."""

    def __reduce__(self) -> Any:
        return _current, ()

    def __copy__(self) -> LearningPhase:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> LearningPhase:
        return self


_phase: Any = None  # the placeholder, once there is one, or the number that was set


def learning_phase() -> Any:
    """The phase: a scalar int32 placeholder, 0 unless it is fed, or the int given to `set_learning_phase`.

    Every call returns the same placeholder; 1 means training.

    Source: Keras 2.3.1 backend semantics.
    """
    global _phase
    if _phase is None:
        _phase = LearningPhase((), "int32", "learning_phase", default=0)
    return _phase


@operation
def set_learning_phase(value: int | bool) -> None:
    """Fix the phase to 0 (test) or 1 (training); existing graphs keep the placeholder.

    Errors: ValueError for anything but 0 and 1; False and True are 0 and 1.

    Source: Keras 2.3.1 backend semantics.
    """
    number = _number(value)
    if number not in (0, 1):
        raise ValueError(f"set_learning_phase: value is {value!r}, expected 0 or 1")
    global _phase
    _phase = number


def _current() -> Any:
    """The phase's placeholder, or one with the number that was set as its default."""
    phase = learning_phase()
    return phase if isinstance(phase, Tensor) else LearningPhase((), "int32", "learning_phase", default=phase)


def forget_learning_phase() -> None:
    """Begin anew, with a placeholder: for `clear_session`."""
    global _phase
    _phase = None


@operation
def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """x while training, else alt.

    Either may be a function without arguments; only the chosen one is evaluated. `training` is a number, a scalar
    tensor, or None for the learning phase.
    Shapes and dtypes: where the phase is known now, the chosen expression itself; otherwise as `switch`.
    Edge values: a result that depends on the learning phase has `_uses_learning_phase` True.
    Errors: as `switch`.

    Source: Keras 2.3.1 backend semantics.
    """
    by_phase = training is None
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
    """x while testing, else alt: `in_train_phase` with its first two arguments exchanged.

    Source: Keras 2.3.1 backend semantics.
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
