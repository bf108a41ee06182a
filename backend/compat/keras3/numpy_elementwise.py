"""Elementwise functions of `keras.ops.numpy`: a dtype rule of Keras's, and a call of the standard or a formula."""

from __future__ import annotations

import math
import operator
import sys
from typing import Any

from keras.src.backend import config

import backend as K
from backend.dispatch.promotion import array_namespace

from .core import convert_to_tensor
from .dtype_rules import (
    array_like,
    binary,
    cast_to,
    common,
    counted,
    floats,
    in_common,
    is_complex,
    is_number,
    is_real_float,
    kept,
    name_of,
    numbers,
    pair,
    quiet,
    same,
    unary,
    wide_floats,
)

__all__ = [
    "abs",
    "absolute",
    "add",
    "angle",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cbrt",
    "ceil",
    "clip",
    "conj",
    "conjugate",
    "cos",
    "cosh",
    "deg2rad",
    "divide",
    "divide_no_nan",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "heaviside",
    "hypot",
    "i0",
    "imag",
    "ldexp",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "nan_to_num",
    "negative",
    "nextafter",
    "power",
    "rad2deg",
    "real",
    "reciprocal",
    "round",
    "sign",
    "sin",
    "sinc",
    "sinh",
    "sqrt",
    "square",
    "subtract",
    "tan",
    "tanh",
    "true_divide",
    "trunc",
]

LARGEST = {
    "float16": 65504.0,
    "bfloat16": float.fromhex("0x1.fep127"),
    "float32": float.fromhex("0x1.fffffep127"),
    "float64": sys.float_info.max,
}  # the largest finite numbers

# ---- one operand ------------------------------------------------------------------------------------------------

arccos, arccosh = unary("acos", floats), unary("acosh", floats)
arcsin, arcsinh = unary("asin", floats), unary("asinh", floats)
arctan, arctanh = unary("atan", floats), unary("atanh", floats)
cos, cosh, sin, sinh = (unary(name, floats) for name in ("cos", "cosh", "sin", "sinh"))
tan, tanh, sqrt = (unary(name, floats) for name in ("tan", "tanh", "sqrt"))
exp, expm1, log, log1p = (unary(name, floats) for name in ("exp", "expm1", "log", "log1p"))
log2, log10 = unary("log2", floats), unary("log10", floats)
ceil, floor = unary("ceil", floats), unary("floor", floats)
square, negative, sign = unary("square", numbers), unary("negative", same), unary("sign", numbers)


def absolute(x: Any) -> Any:
    x = convert_to_tensor(x)
    return x if name_of(x) == "bool" or name_of(x).startswith("u") else array_namespace(x).abs(x)


def abs(x: Any) -> Any:
    return absolute(x)


def fabs(x: Any) -> Any:
    return absolute(floats(x))


@quiet
def angle(x: Any) -> Any:
    x = floats(x)
    xp = array_namespace(x)
    return xp.atan2(xp.imag(x), xp.real(x)) if is_complex(x) else xp.atan2(xp.zeros_like(x), x)


@kept(wide_floats)
def cbrt(x: Any) -> Any:
    xp = array_namespace(x)
    regular = xp.isfinite(x) & (x != 0)
    size = xp.where(regular, xp.abs(x), array_like(x, 1.0))
    root = size ** (1 / 3)
    root = root - (root - size / (root * root)) / 3.0  # a step of Newton's: the power has lost a few bits
    return xp.where(regular, xp.where(x < 0, -root, root), x)


def conjugate(x: Any) -> Any:
    x = convert_to_tensor(x)
    return array_namespace(x).conj(x) if is_complex(x) else x


def conj(x: Any) -> Any:
    return conjugate(x)


def real(x: Any) -> Any:
    x = convert_to_tensor(x)
    return array_namespace(x).real(x) if is_complex(x) else x


def imag(x: Any) -> Any:
    x = convert_to_tensor(x)
    xp = array_namespace(x)
    return xp.imag(x) if is_complex(x) else xp.zeros_like(x)


@kept(wide_floats)
def deg2rad(x: Any) -> Any:
    return x * (math.pi / 180.0)


@kept(wide_floats)
def rad2deg(x: Any) -> Any:
    return x * (180.0 / math.pi)


@kept(floats)
def exp2(x: Any) -> Any:
    return 2.0**x


@kept(floats)
def reciprocal(x: Any) -> Any:
    return 1.0 / x


@kept(same)
def round(x: Any, decimals: int = 0) -> Any:
    name = name_of(x)
    if not (is_real_float(x) or is_complex(x)):
        if decimals >= 0:
            return x
        return cast_to(round(cast_to(x, "float64"), decimals), name)
    xp = array_namespace(x)
    if not decimals:
        return xp.round(x)
    scale = 10.0 ** (decimals if decimals > 0 else -decimals)
    return xp.round(x * scale) / scale if decimals > 0 else xp.round(x / scale) * scale


@kept(floats)
def sinc(x: Any) -> Any:
    xp = array_namespace(x)
    y = xp.where(x == 0, array_like(x, 1.0), x) * math.pi
    return xp.where(x == 0, array_like(x, 1.0), xp.sin(y) / y)


def trunc(x: Any) -> Any:
    x = convert_to_tensor(x)
    return array_namespace(x).trunc(x) if is_real_float(x) else x


@kept(wide_floats)
def i0(x: Any) -> Any:
    return K.i0(x)


@quiet
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    x = numbers(x)
    dtype = name_of(x)
    for bound, limit in ((x_min, maximum), (x_max, minimum)):
        if bound is not None:
            x = limit(x, bound)
    return cast_to(x, dtype)


@quiet
def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    x = convert_to_tensor(x)
    if not is_real_float(x):
        return x
    xp = array_namespace(x)
    largest = LARGEST[name_of(x)]
    high, low = largest if posinf is None else posinf, -largest if neginf is None else neginf
    x = xp.where(x == math.inf, array_like(x, high), xp.where(x == -math.inf, array_like(x, low), x))
    return xp.where(xp.isnan(x), array_like(x, nan), x)


# ---- two operands -----------------------------------------------------------------------------------------------

add = binary(operator.add, truth="logical_or")
multiply = binary(operator.mul, truth="logical_and")
subtract = binary(operator.sub)
divide = binary(operator.truediv, float)
power = binary(operator.pow)
floor_divide = binary(operator.floordiv)


def true_divide(x1: Any, x2: Any) -> Any:
    return divide(x1, x2)


def _both(name: str, *more: Any, truth: str | None = None) -> Any:
    """The standard's function of two arrays, in their common dtype."""

    def function(x1: Any, x2: Any) -> Any:
        first = x2 if is_number(x1) else x1
        return getattr(array_namespace(first), name)(array_like(first, x1), array_like(first, x2))

    return binary(function, *more, truth=truth)


arctan2, logaddexp, nextafter = (_both(name, float) for name in ("atan2", "logaddexp", "nextafter"))
maximum, minimum = _both("maximum", truth="logical_or"), _both("minimum", truth="logical_and")


@quiet
def divide_no_nan(x1: Any, x2: Any) -> Any:
    x1, x2 = pair(x1, x2, float)
    first = x2 if is_number(x1) else x1
    x2 = array_like(first, x2)
    xp, zero = array_namespace(first), array_like(first, 0.0)
    none = x2 == 0
    return xp.where(none, zero, x1 / xp.where(none, array_like(first, 1.0), x2))


@quiet
def mod(x1: Any, x2: Any) -> Any:
    x1, x2 = map(numbers, in_common(x1, x2))
    return x1 % x2


@quiet
def fmod(x1: Any, x2: Any) -> Any:
    x1, x2 = map(numbers, in_common(x1, x2))
    xp = array_namespace(x1)
    if name_of(x1).startswith("u"):
        return x1 % x2
    rest = xp.abs(x1) % xp.abs(x2)
    return xp.where(x1 < 0, -rest, rest)


@quiet
def _one_number(x1: Any, x2: Any, chosen: str, truth: str) -> Any:
    """The function of both, or one where the other one is NaN."""
    x1, x2 = pair_of_arrays(x1, x2)
    xp = array_namespace(x1)
    if name_of(x1) == "bool":
        return getattr(xp, truth)(x1, x2)
    if not is_real_float(x1):
        return getattr(xp, chosen)(x1, x2)
    return xp.where(xp.isnan(x1), x2, xp.where(xp.isnan(x2), x1, getattr(xp, chosen)(x1, x2)))


def fmax(x1: Any, x2: Any) -> Any:
    return _one_number(x1, x2, "maximum", "logical_or")


def fmin(x1: Any, x2: Any) -> Any:
    return _one_number(x1, x2, "minimum", "logical_and")


def pair_of_arrays(x1: Any, x2: Any, *more: Any) -> tuple[Any, Any]:
    """As `pair`, a Python number as an array, too."""
    x1, x2 = pair(x1, x2, *more)
    first = x2 if is_number(x1) else x1
    return array_like(first, x1), array_like(first, x2)


def _wide(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Two arrays of one floating dtype: integers become floatx, beside int64 float64."""
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    dtype = common(x1, x2)
    if dtype in ("int64", "uint64"):
        dtype = "float64"
    elif not dtype.startswith(("float", "bfloat", "complex")):
        dtype = config.floatx()
    return cast_to(x1, dtype), cast_to(x2, dtype)


@quiet
def hypot(x1: Any, x2: Any) -> Any:
    x1, x2 = _wide(x1, x2)
    return array_namespace(x1).hypot(x1, x2)


@quiet
def heaviside(x1: Any, x2: Any) -> Any:
    x1, x2 = _wide(x1, x2)
    xp = array_namespace(x1)
    sides = xp.where(x1 < 0, array_like(x1, 0.0), xp.where(x1 == 0, x2, array_like(x1, 1.0)))
    return xp.where(xp.isnan(x1), x1, sides)


@quiet
def ldexp(x1: Any, x2: Any) -> Any:
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    if "int" not in name_of(x2):
        raise TypeError(f"ldexp exponent must be an integer type. Received: x2 dtype={name_of(x2)}")
    dtype = common(x1, x2, float)
    x1 = cast_to(x1, dtype)
    half = counted(x2) // 2  # 2**x2 may leave the range where x1 * 2**x2 does not
    return cast_to(x1 * 2.0 ** cast_to(half, dtype) * 2.0 ** cast_to(x2 - half, dtype), dtype)


@quiet
def logaddexp2(x1: Any, x2: Any) -> Any:
    x1, x2 = pair_of_arrays(x1, x2, float)
    unit = math.log(2.0)
    return cast_to(array_namespace(x1).logaddexp(x1 * unit, x2 * unit) / unit, name_of(x1))
