"""Elementwise functions of the standard on PyTensor's variables."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import numpy as np
import pytensor.tensor as pt

from .variables import called, cast, kind_of, number, numpy_function, pair, tensor, value_of

# fmt: off
__all__ = [
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "astype",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "ceil",
    "clip",
    "conj",
    "copysign",
    "cos",
    "cosh",
    "divide",
    "equal",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "greater",
    "greater_equal",
    "hypot",
    "imag",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "nextafter",
    "not_equal",
    "positive",
    "pow",
    "real",
    "reciprocal",
    "remainder",
    "round",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "subtract",
    "tan",
    "tanh",
    "trunc",
    "where",
]
# fmt: on


def _unary(name: str, function: Callable[[Any], Any], unchanged: str = "") -> Any:
    """A function of one array, which leaves arrays of some kinds as they are."""
    return called(name, lambda x, /: x if kind_of(tensor(x)) in unchanged else function(tensor(x)))


def _binary(name: str, function: Callable[[Any, Any], Any]) -> Any:
    """A function of two arrays."""
    return called(name, lambda x1, x2, /: function(*pair(x1, x2)))


acos, acosh = _unary("acos", pt.arccos), _unary("acosh", pt.arccosh)
asin, asinh = _unary("asin", pt.arcsin), _unary("asinh", pt.arcsinh)
atan, atanh = _unary("atan", pt.arctan), _unary("atanh", pt.arctanh)
cos, cosh, sin, sinh = _unary("cos", pt.cos), _unary("cosh", pt.cosh), _unary("sin", pt.sin), _unary("sinh", pt.sinh)
tan, tanh, exp, expm1 = _unary("tan", pt.tan), _unary("tanh", pt.tanh), _unary("exp", pt.exp), _unary("expm1", pt.expm1)
log, log1p, log2 = _unary("log", pt.log), _unary("log1p", pt.log1p), _unary("log2", pt.log2)
log10, sqrt, square = _unary("log10", pt.log10), _unary("sqrt", pt.sqrt), _unary("square", pt.sqr)
reciprocal, negative, abs = _unary("reciprocal", pt.reciprocal), _unary("negative", pt.neg), _unary("abs", pt.abs)
ceil, floor = _unary("ceil", pt.ceil, "biu"), _unary("floor", pt.floor, "biu")
trunc = _unary("trunc", pt.trunc, "biu")
conj, real, imag = _unary("conj", pt.conj, "biuf"), _unary("real", pt.real, "biuf"), _unary("imag", pt.imag)
bitwise_invert, logical_not = _unary("bitwise_invert", pt.invert), _unary("logical_not", pt.invert)
positive = _unary("positive", lambda x: x)

add, subtract, multiply = _binary("add", pt.add), _binary("subtract", pt.sub), _binary("multiply", pt.mul)
divide, floor_divide = _binary("divide", pt.true_div), _binary("floor_divide", pt.int_div)
pow, remainder = _binary("pow", pt.pow), _binary("remainder", pt.mod)
maximum, minimum = _binary("maximum", pt.maximum), _binary("minimum", pt.minimum)
less, less_equal = _binary("less", pt.lt), _binary("less_equal", pt.le)
greater, greater_equal = _binary("greater", pt.gt), _binary("greater_equal", pt.ge)
equal, not_equal = _binary("equal", pt.eq), _binary("not_equal", pt.neq)
bitwise_and, logical_and = _binary("bitwise_and", pt.and_), _binary("logical_and", pt.and_)
bitwise_or, logical_or = _binary("bitwise_or", pt.or_), _binary("logical_or", pt.or_)
bitwise_xor, logical_xor = _binary("bitwise_xor", pt.xor), _binary("logical_xor", pt.xor)
atan2 = _binary("atan2", pt.arctan2)


def _rounded(x: Any) -> Any:
    if kind_of(x) != "c":
        return pt.round_half_to_even(x)
    return cast(pt.complex(pt.round_half_to_even(pt.real(x)), pt.round_half_to_even(pt.imag(x))), x.dtype)


def _direction(x: Any) -> Any:
    if kind_of(x) != "c":
        return pt.sign(x)
    return pt.switch(pt.eq(x, number(0, x.dtype)), x, cast(x / pt.abs(x), x.dtype))


round, sign = _unary("round", _rounded, "biu"), _unary("sign", _direction)
signbit, hypot = numpy_function("signbit", 1, "bool"), numpy_function("hypot", 2)
copysign, nextafter = numpy_function("copysign", 2), numpy_function("nextafter", 2)


def _classified(name: str, function: Callable[[Any], Any], of_integers: builtins.bool) -> Any:
    """A question about floating numbers, whose answer is known for others; of complex ones both parts are asked."""

    def asked(x: Any, /) -> Any:
        x = tensor(x)
        if kind_of(x) == "c":
            join = pt.and_ if of_integers else pt.or_
            return join(function(pt.real(x)), function(pt.imag(x)))
        if kind_of(x) != "f":
            return pt.fill(x, number(of_integers, "bool"))
        return function(x)

    return called(name, asked)


isnan, isinf = _classified("isnan", pt.isnan, False), _classified("isinf", pt.isinf, False)
# PyTensor's own is not isnan and not isinf of what it was given
isfinite = _classified("isfinite", lambda x: pt.lt(pt.abs(x), number(np.inf, x.dtype)), True)


def astype(x: Any, dtype: Any, /, *, copy: builtins.bool = True, device: Any = None) -> Any:
    """The standard's `astype`."""
    return cast(tensor(x), dtype)


def where(condition: Any, x1: Any, x2: Any, /) -> Any:
    """The standard's `where`."""
    return pt.switch(tensor(condition), *pair(x1, x2))


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """The standard's `clip`."""
    x = x if min is None else maximum(x, min)
    return x if max is None else minimum(x, max)


def logaddexp(x1: Any, x2: Any, /) -> Any:
    """The standard's `logaddexp`: PyTensor's adds the exponentials, which overflow."""
    a, b = pair(x1, x2)
    away = pt.switch(pt.eq(a, b), number(0, a.dtype), -pt.abs(a - b))
    return pt.maximum(a, b) + pt.log1p(pt.exp(away))


_left, _right = numpy_function("bitwise_left_shift", 2), numpy_function("bitwise_right_shift", 2)


def _power(x: Any, bits: Any) -> Any:
    """2 to the power of a known number of bits, as a number of x's unsigned dtype; None where there is none."""
    known = value_of(bits) if not isinstance(bits, int) else np.asarray(bits)
    if kind_of(x) != "u" or known is None or known.ndim or not 0 <= known < 8 * np.dtype(x.dtype).itemsize:
        return None
    return number(2 ** int(known), x.dtype)


def bitwise_left_shift(x1: Any, x2: Any, /) -> Any:
    """The standard's `bitwise_left_shift`: PyTensor has none; a product where the number of bits is known."""
    power = _power(tensor(x1), x2) if not isinstance(x1, int) else None
    return _left(x1, x2) if power is None else pt.mul(x1, power)


def bitwise_right_shift(x1: Any, x2: Any, /) -> Any:
    """The standard's `bitwise_right_shift`: PyTensor has none; a quotient where the number of bits is known."""
    power = _power(tensor(x1), x2) if not isinstance(x1, int) else None
    return _right(x1, x2) if power is None else pt.int_div(x1, power)
