"""Single instructions of LLVM as functions of compiled code, of float32 and float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = [
    "bits",
    "ceil",
    "copysign",
    "floor",
    "from_bits",
    "largest",
    "rint",
    "smallest",
    "sqrt",
    "trunc",
]

_intrinsic: Any = intrinsic  # its stubs count the typing context among a call's arguments
_INTEGER = {types.float32: types.int32, types.float64: types.int64}
_REAL = {integer: real for real, integer in _INTEGER.items()}


def _bitcast(to: Any) -> tuple[Any, Callable[..., Any]]:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))

    return to, generate


@_intrinsic
def bits(typing: Any, x: Any) -> Any:
    """The bits of a floating-point number, as an integer of its width."""
    return _bitcast(_INTEGER[x](x)) if x in _INTEGER else None


@_intrinsic
def from_bits(typing: Any, n: Any) -> Any:
    """The floating-point number with these bits."""
    return _bitcast(_REAL[n](n)) if n in _REAL else None


def _instruction(name: str, signature: Any) -> tuple[Any, Callable[..., Any]]:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = context.get_value_type(signature.return_type)
        shape = ir.FunctionType(kind, [kind] * len(arguments))
        return builder.call(builder.module.declare_intrinsic(f"llvm.{name}", [kind], shape), arguments)

    return signature, generate


@_intrinsic
def rint(typing: Any, x: Any) -> Any:
    """The nearest whole number, to even where two are."""
    return _instruction("rint", x(x)) if x in _INTEGER else None


@_intrinsic
def sqrt(typing: Any, x: Any) -> Any:
    """The square root, correctly rounded; NaN below 0."""
    return _instruction("sqrt", x(x)) if x in _INTEGER else None


@_intrinsic
def floor(typing: Any, x: Any) -> Any:
    """The largest whole number that is not larger."""
    return _instruction("floor", x(x)) if x in _INTEGER else None


@_intrinsic
def ceil(typing: Any, x: Any) -> Any:
    """The smallest whole number that is not smaller."""
    return _instruction("ceil", x(x)) if x in _INTEGER else None


@_intrinsic
def trunc(typing: Any, x: Any) -> Any:
    """The whole part."""
    return _instruction("trunc", x(x)) if x in _INTEGER else None


@_intrinsic
def largest(typing: Any, x: Any, y: Any) -> Any:
    """The larger number, NaN where one is NaN, which a loop may take in any order: its maxima are vectorized."""
    return _instruction("maximum", x(x, x)) if x in _INTEGER and x == y else None


@_intrinsic
def smallest(typing: Any, x: Any, y: Any) -> Any:
    """The smaller number, like `largest`."""
    return _instruction("minimum", x(x, x)) if x in _INTEGER and x == y else None


@_intrinsic
def copysign(typing: Any, x: Any, y: Any) -> Any:
    """x with the sign of y."""
    return _instruction("copysign", x(x, x)) if x in _INTEGER and x == y else None
