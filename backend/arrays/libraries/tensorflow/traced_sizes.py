"""Sizes that are known only when a traced function runs: arithmetic on them is recorded, questions are refused."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Never

import tensorflow as tf

__all__ = ["TracedSize", "traced_sizes"]


class TracedSize:
    """The size of an axis, or what is computed of such sizes: a 0-d tensor of int32."""

    __slots__ = ("axis", "of", "tensor")
    is_size = True
    dtype, shape = tf.int32, ()  # TensorFlow asks what stands in an index for them

    def __init__(self, tensor: Any, of: Any = None, axis: int = 0) -> None:
        self.tensor, self.of, self.axis = tensor, of, axis

    def __eq__(self, other: object) -> bool:
        """Whether both are known to be equal: sizes of one axis of one tensor."""
        if not isinstance(other, TracedSize):
            return False
        return self is other or (self.of is not None and self.of is other.of and self.axis == other.axis)

    def __hash__(self) -> int:
        return hash((id(self if self.of is None else self.of), self.axis))

    def __repr__(self) -> str:
        return "a size known when the traced function runs"

    def _asked(self, *_: Any) -> Never:
        raise TypeError("a size is known only when the traced function runs; give it in the input_signature")

    __index__ = __int__ = __float__ = __bool__ = _asked
    __lt__ = __le__ = __gt__ = __ge__ = _asked


def _plain(value: Any) -> Any:
    return value.tensor if isinstance(value, TracedSize) else value


def _recorded(function: Callable[[Any, Any], Any], reflected: bool = False) -> Callable[[Any, Any], Any]:
    def method(self: TracedSize, other: Any) -> Any:
        if not isinstance(other, (int, TracedSize)):
            return NotImplemented
        pair = (other, self) if reflected else (self, other)
        return TracedSize(function(*map(_plain, pair)))

    return method


for _name in ("add", "sub", "mul", "floordiv", "mod"):
    setattr(TracedSize, f"__{_name}__", _recorded(getattr(operator, _name)))
    setattr(TracedSize, f"__r{_name}__", _recorded(getattr(operator, _name), reflected=True))
setattr(TracedSize, "__neg__", lambda self: TracedSize(-self.tensor))  # noqa: B010 - beside the others


def traced_sizes(x: Any) -> tuple[Any, ...]:
    """The shape of x: integers, and traced sizes where TensorFlow knows none."""
    if x.shape.rank is None:
        raise ValueError("got a tensor of unknown rank, expected one whose number of axes is known")
    found = tf.shape(x)
    return tuple(TracedSize(found[i], x, i) if n is None else n for i, n in enumerate(x.shape))


def _converted(value: TracedSize, dtype: Any = None, name: Any = None, as_ref: bool = False) -> Any:
    """How TensorFlow makes a tensor of it, in the dtype of what it stands beside."""
    return value.tensor if dtype is None else tf.cast(value.tensor, dtype)


tf.register_tensor_conversion_function(TracedSize, _converted)
