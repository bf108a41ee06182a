"""The operators of the symbolic tensor: each records the function of the standard that it stands for."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any

__all__ = ["RECORDED_BY_OPERATORS", "Operators", "identity_is_truth"]

RECORDED_BY_OPERATORS: set[str] = set()  # the functions of the standard that stand for an operator of two

# Whether the result of == and != has a truth value, which it must not where a tensor stands for a Python number.
identity_is_truth: contextvars.ContextVar[bool] = contextvars.ContextVar("identity_is_truth", default=True)


def _unary(name: str) -> Callable[[Any], Any]:
    return lambda self: getattr(self.__array_namespace__(), name)(self)


def _binary(name: str) -> Callable[[Any, Any], Any]:
    RECORDED_BY_OPERATORS.add(name)

    def method(self: Any, other: Any) -> Any:
        xp = self.__array_namespace__()
        return getattr(xp, name)(self, other) if xp.is_operand(other) else NotImplemented

    return method


def _reflected(name: str) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        xp = self.__array_namespace__()
        return getattr(xp, name)(other, self) if xp.is_operand(other) else NotImplemented

    return method


class Operators:
    """Operators of an array object of the standard, by the functions of its namespace.

    `==` and `!=` record as well. Where Python needs the truth value of their result (`x in tensors`), it says whether
    both operands are one object: tensors are dictionary keys and members of lists in Keras.
    """

    name: str
    __array_namespace__: Callable[..., Any]
    _identical: bool | None = None  # of the result of == and !=: its truth value

    __add__, __radd__ = _binary("add"), _reflected("add")
    __sub__, __rsub__ = _binary("subtract"), _reflected("subtract")
    __mul__, __rmul__ = _binary("multiply"), _reflected("multiply")
    __truediv__, __rtruediv__ = _binary("divide"), _reflected("divide")
    __pow__, __rpow__ = _binary("pow"), _reflected("pow")
    __floordiv__, __rfloordiv__ = _binary("floor_divide"), _reflected("floor_divide")
    __mod__, __rmod__ = _binary("remainder"), _reflected("remainder")
    __matmul__, __rmatmul__ = _binary("matmul"), _reflected("matmul")
    __and__, __rand__ = _binary("bitwise_and"), _reflected("bitwise_and")
    __or__, __ror__ = _binary("bitwise_or"), _reflected("bitwise_or")
    __xor__, __rxor__ = _binary("bitwise_xor"), _reflected("bitwise_xor")
    __lshift__, __rlshift__ = _binary("bitwise_left_shift"), _reflected("bitwise_left_shift")
    __rshift__, __rrshift__ = _binary("bitwise_right_shift"), _reflected("bitwise_right_shift")
    __lt__, __le__ = _binary("less"), _binary("less_equal")
    __gt__, __ge__ = _binary("greater"), _binary("greater_equal")
    __neg__, __pos__ = _unary("negative"), _unary("positive")
    __abs__, __invert__ = _unary("abs"), _unary("bitwise_invert")

    __hash__ = object.__hash__

    RECORDED_BY_OPERATORS.add("equal")
    RECORDED_BY_OPERATORS.add("not_equal")

    def __eq__(self, other: object) -> Any:
        return self._compared("equal", other, self is other)

    def __ne__(self, other: object) -> Any:
        return self._compared("not_equal", other, self is not other)

    def _compared(self, function: str, other: object, identical: bool) -> Any:
        """The comparison by element; NotImplemented, hence identity, where the operands cannot be compared."""
        xp = self.__array_namespace__()
        try:
            result = getattr(xp, function)(self, other) if xp.is_operand(other) else NotImplemented
        except (TypeError, ValueError, OverflowError):
            return NotImplemented
        if isinstance(result, Operators):
            result._identical = identical  # noqa: SLF001 - of this very class
        return result

    def __bool__(self) -> bool:
        if self._identical is not None and identity_is_truth.get():
            return self._identical
        raise TypeError(f"{self.name} is symbolic and is neither true nor false yet; use K.switch, or K.eval")
