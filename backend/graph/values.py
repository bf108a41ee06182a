"""The value of a symbolic tensor, which one made of constants alone has at once, and NumPy's requests for it."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .operators import RECORDED_BY_OPERATORS, Operators

__all__ = ["Values"]

SHOWN_NODES = 100  # calls of a constant expression whose value `repr` computes
SHOWN_ELEMENTS = 1000  # of each of its tensors
# NumPy's names of functions that an operator calls, where the standard's differ.
STANDARD_NAME = {"power": "pow", "left_shift": "bitwise_left_shift", "right_shift": "bitwise_right_shift"}
K_NAME = {"absolute": "abs", "power": "pow", "add": "sum", "multiply": "prod"}  # of a ufunc, or of its reduction


class Values(Operators):
    """Conversions to Python numbers and NumPy arrays, for a class with the attributes of a tensor."""

    is_fixed = False  # whether it is a constant

    if TYPE_CHECKING:
        held: Any  # the array, where it has been computed

        # added by `api.function`: a tensor cannot know of functions, which are made of tensors
        def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
            """The value as a NumPy array."""

    @property
    def is_constant(self) -> bool:
        """Whether it has a value without a function: it is computed from constants alone, or has been computed."""
        return self.held is not None or _is_constant(self, math.inf, math.inf)

    @property
    def is_cheap_constant(self) -> bool:
        """The same, by no more calls, and on no larger arrays, than `repr` may compute."""
        return self.held is not None or _is_constant(self, SHOWN_NODES, SHOWN_ELEMENTS)

    def _number(self, convert: Callable[[Any], Any]) -> Any:
        if not self.is_constant:
            raise ValueError(f"{self.name} is symbolic and has no value yet; use K.eval or a K.function")
        value = self.eval()
        return convert(value.item() if value.size == 1 else value)

    def __float__(self) -> float:
        return self._number(float)

    def __int__(self) -> int:
        return self._number(int)

    def __index__(self) -> int:
        return self._number(operator.index)

    def __complex__(self) -> complex:
        return self._number(complex)

    def __bool__(self) -> bool:
        if (self._identical is None and self.is_constant) or (
            self.held is not None and math.prod(self.held.shape) == 1
        ):
            return self._number(bool)
        return super().__bool__()

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        if not self.is_constant:
            raise TypeError(f"{self.name} is symbolic and cannot become a NumPy array; use K.eval")
        return np.array(self.eval(), dtype=dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **how: Any) -> Any:
        """`ndarray + tensor` records; `np.exp(tensor)` is refused, with what to call instead."""
        xp = self.__array_namespace__()
        name = STANDARD_NAME.get(ufunc.__name__, ufunc.__name__)
        if name in RECORDED_BY_OPERATORS and method == "__call__" and not how and all(map(xp.is_operand, inputs)):
            return getattr(xp, name)(*inputs)
        if name in RECORDED_BY_OPERATORS and method == "__call__":
            raise TypeError(f"np.{ufunc.__name__}: {self.name} is symbolic; expected an operator, not in place: a + b")
        package = sys.modules[__name__.partition(".")[0]]
        own = K_NAME.get(ufunc.__name__, ufunc.__name__)
        instead = f"K.{own}" if hasattr(package, own) else "a function of the tensor's __array_namespace__()"
        called = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        raise TypeError(f"np.{called} does not take symbolic tensors such as {self.name}; use {instead}")


def _is_constant(t: Any, limit: float, elements: float) -> bool:
    """Whether a tensor is computed from constants alone, by at most `limit` calls without effects on small arrays."""
    waiting, seen = [t], {id(t)}
    while waiting:
        x = waiting.pop()
        if elements < math.inf and not _is_small(x, elements):
            return False
        if x.is_fixed:
            continue
        if x.node is None or x.node.effects or not x.node.primitive.pure or len(seen) > limit:
            return False
        new = [i for i in x.node.inputs if id(i) not in seen]
        seen.update(map(id, new))
        waiting += new
    return True


def _is_small(t: Any, elements: float) -> bool:
    """Whether a tensor is known to have no more elements, and reads no loop or branch, whose bodies may have."""
    if t.node is not None and any(hasattr(v, "outputs") for v in t.node.kwargs.values()):
        return False
    shape = t.spec.shape
    return shape is not None and all(type(n) is int for n in shape) and math.prod(shape) <= elements
