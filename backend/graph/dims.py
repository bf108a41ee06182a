"""Sizes unknown until run time, as expressions: Python integers that a compiled function works out.

An unknown size may turn out to be 1: two that are not equal expressions broadcast as they come.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Dim", "dim_tensors", "known", "largest", "product", "smallest"]


class Dim:
    """An integer known at run time: the size of a tensor's axis, a 0-d tensor's value, or arithmetic on such.

    `function` is 'size' (tensor, axis), 'item' (tensor), an operator sign, or 'max'/'min'.
    """

    __slots__ = ("arguments", "function")

    def __init__(self, function: str, *arguments: Any) -> None:
        self.function = function
        self.arguments = arguments

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes two sizes the same: equal expressions over the same tensors."""
        return (
            self.function,
            *(a.key if isinstance(a, Dim) else a if isinstance(a, int) else id(a) for a in self.arguments),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dim) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __add__(self, other: Any) -> Any:
        return _simplified("+", self, other)

    def __radd__(self, other: Any) -> Any:
        return _simplified("+", other, self)

    def __sub__(self, other: Any) -> Any:
        return _simplified("-", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _simplified("-", other, self)

    def __mul__(self, other: Any) -> Any:
        return _simplified("*", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _simplified("*", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _simplified("//", self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return _simplified("//", other, self)

    def __mod__(self, other: Any) -> Any:
        return _simplified("%", self, other)

    def __rmod__(self, other: Any) -> Any:
        return _simplified("%", other, self)

    def __neg__(self) -> Any:
        return _simplified("-", 0, self)

    def _unknown(self, *_: Any) -> Any:
        raise ValueError(
            f"the size {self!r} is known only when the compiled function runs; "
            "give the placeholder a fixed shape if the code needs the number"
        )

    __bool__ = __int__ = __index__ = __float__ = __lt__ = __le__ = __gt__ = __ge__ = _unknown

    def __repr__(self) -> str:
        return self.source(lambda tensor: tensor.name or "?")

    def source(self, name: Callable[[Any], str]) -> str:
        """The expression in Python, with each tensor's name given by `name`."""
        function, arguments = self.function, self.arguments
        if function == "size":
            return f"{name(arguments[0])}.shape[{arguments[1]}]"
        if function == "item":
            return f"int({name(arguments[0])})"
        texts = [a.source(name) if isinstance(a, Dim) else repr(a) for a in arguments]
        if function in ("max", "min"):
            return f"{function}({', '.join(texts)})"
        return f"({texts[0]} {function} {texts[1]})"

    def replace(self, leaf: Callable[[Dim], Any]) -> Any:
        """The same expression with every leaf ('size' and 'item') replaced by what `leaf` gives for it."""
        if self.function in ("size", "item"):
            return leaf(self)
        left, right = (a.replace(leaf) if isinstance(a, Dim) else a for a in self.arguments)
        return _simplified(self.function, left, right)


def _multiple(size: Any) -> tuple[Any, int]:
    """A size as a multiple of another: n * 2 is (n, 2), n is (n, 1)."""
    if isinstance(size, Dim) and size.function == "*" and isinstance(size.arguments[1], int):
        return size.arguments
    return size, 1


_EXACT: dict[str, Callable[[int, int], int]] = {
    "+": int.__add__,
    "-": int.__sub__,
    "*": int.__mul__,
    "//": int.__floordiv__,
    "%": int.__mod__,
    "max": builtins.max,
    "min": builtins.min,
}


def _simplified(function: str, a: Any, b: Any) -> Any:
    if not all(isinstance(v, (int, Dim)) for v in (a, b)):
        return NotImplemented
    if isinstance(a, int) and isinstance(b, int):
        return _EXACT[function](a, b)
    if function in ("+", "*", "max", "min") and isinstance(a, int):
        a, b = b, a  # the number goes last
    if (function in ("+", "-") and b == 0 and isinstance(b, int)) or (function in ("*", "//") and b == 1):
        return a
    if function in ("*",) and isinstance(b, int) and b == 0:
        return 0
    if a == b and function in ("-", "%"):
        return 0
    if a == b and function in ("max", "min"):
        return a
    if function in ("+", "-") and _multiple(a)[0] == _multiple(b)[0]:  # n * 2 + n
        (base, times), (_, more) = _multiple(a), _multiple(b)
        return base * (times + more if function == "+" else times - more)
    if function in ("*", "//") and isinstance(a, Dim) and isinstance(b, Dim):
        (base, times), (other, more) = _multiple(a), _multiple(b)
        if function == "*" and times * more != 1:
            return (base * other) * (times * more)  # the number goes last here, too
        if function == "//" and base == other and more and times % more == 0:
            return times // more
    if a == b and function == "//":
        return 1  # a size divided by itself; a size of 0 divides nothing at run time either
    if function == "+" and isinstance(b, int) and b < 0:
        function, b = "-", -b
    if isinstance(a, Dim):
        inner = a.arguments
        if function == "//" and a.function == "*" and b in inner:
            return inner[0] if inner[1] == b else inner[1]
        if isinstance(b, int) and a.function in "+-*" and isinstance(inner[-1], int):
            if function in "+-" and a.function in "+-":  # (n + 2) - 1
                total = (inner[1] if a.function == "+" else -inner[1]) + (b if function == "+" else -b)
                return _simplified("+", inner[0], total) if total >= 0 else Dim("-", inner[0], -total)
            if function == "*" and a.function == "*":
                return inner[0] * (inner[1] * b)
            if function == "//" and a.function == "*" and b and inner[1] % b == 0:
                return inner[0] * (inner[1] // b)
            if function == "%" and a.function == "*" and b and inner[1] % b == 0:
                return 0
        if function == "-" and a.function == "+" and b in inner:
            return inner[0] if inner[1] == b else inner[1]
    return Dim(function, a, b)


def largest(a: Any, b: Any) -> Any:
    """The larger of two sizes."""
    return _simplified("max", a, b)


def smallest(a: Any, b: Any) -> Any:
    """The smaller of two sizes."""
    return _simplified("min", a, b)


def product(sizes: Iterable[Any]) -> Any:
    """The number of elements of a shape."""
    total: Any = 1
    for size in sizes:
        total = total * size
    return total


def known(size: Any) -> int | None:
    """The number itself, or None for a size unknown until run time."""
    return size if isinstance(size, int) else None


def dim_tensors(size: Any) -> list[Any]:
    """The tensors a size is worked out from."""
    if not isinstance(size, Dim):
        return []
    if size.function in ("size", "item"):
        return [size.arguments[0]]
    return [tensor for argument in size.arguments for tensor in dim_tensors(argument)]
