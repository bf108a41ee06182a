"""Elementwise functions of the standard on TensorFlow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from .dtypes import COMPLEX, INTEGERS, UNSIGNED, int64, result_type, uint8
from .operands import NUMBERS, called, computed, halves, number, pair, tensor

__all__ = [
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
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
]

# ---- functions of one array


def _unary(name: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def run(x: Any, /) -> Any:
        return function(x if isinstance(x, tf.Tensor) else tensor(x))

    return called(name, run)


def _whole(name: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function that leaves integers as they are."""

    def run(x: Any, /) -> Any:
        return tf.identity(x) if x.dtype.is_integer else function(x)

    return called(name, run)


def _parts(name: str, function: Callable[[Any], Any], join: Callable[[Any, Any], Any], else_: Any) -> Any:
    """A question about floats: joined over the two parts of complex numbers, answered at once for integers."""

    def run(x: Any, /) -> Any:
        if x.dtype in COMPLEX:
            return join(function(tf.math.real(x)), function(tf.math.imag(x)))
        return function(x) if x.dtype.is_floating else tf.fill(tf.shape(x), else_)

    return called(name, run)


exp, expm1, log, log1p = (
    _unary("exp", tf.exp),
    _unary("expm1", tf.math.expm1),
    _unary("log", tf.math.log),
    _unary("log1p", tf.math.log1p),
)
sqrt, square, reciprocal = (
    _unary("sqrt", tf.sqrt),
    _unary("square", tf.square),
    _unary("reciprocal", lambda x: tf.realdiv(tf.ones((), x.dtype), x)),  # tf.math.reciprocal is 1 ulp off
)
sin, cos, tan = _unary("sin", tf.sin), _unary("cos", tf.cos), _unary("tan", tf.tan)
asin, acos, atan = _unary("asin", tf.asin), _unary("acos", tf.acos), _unary("atan", tf.atan)
sinh, cosh, tanh = _unary("sinh", tf.sinh), _unary("cosh", tf.cosh), _unary("tanh", tf.tanh)
asinh, acosh, atanh = _unary("asinh", tf.asinh), _unary("acosh", tf.acosh), _unary("atanh", tf.atanh)
positive, logical_not = _unary("positive", tf.identity), _unary("logical_not", tf.logical_not)
ceil, floor = _whole("ceil", tf.math.ceil), _whole("floor", tf.floor)
trunc = _whole("trunc", lambda x: tf.where(x < 0, tf.math.ceil(x), tf.floor(x)))
isnan = _parts("isnan", tf.math.is_nan, tf.logical_or, False)
isinf = _parts("isinf", tf.math.is_inf, tf.logical_or, False)
isfinite = _parts("isfinite", tf.math.is_finite, tf.logical_and, True)


def abs(x: Any, /) -> Any:
    """The standard's `abs`."""
    return tf.identity(x) if x.dtype in UNSIGNED else tf.abs(x)


def negative(x: Any, /) -> Any:
    """The standard's `negative`."""
    return tf.zeros((), x.dtype) - x if x.dtype in UNSIGNED else tf.negative(x)


def sign(x: Any, /) -> Any:
    """The standard's `sign`."""
    return tf.cast(tf.not_equal(x, tf.zeros((), x.dtype)), x.dtype) if x.dtype in UNSIGNED else tf.sign(x)


def round(x: Any, /) -> Any:
    """The standard's `round`."""
    if x.dtype in COMPLEX:
        return tf.complex(tf.round(tf.math.real(x)), tf.round(tf.math.imag(x)))
    return tf.identity(x) if x.dtype.is_integer else tf.round(x)


def _logarithm(name: str, base: float) -> Callable[[Any], Any]:
    """A logarithm to another base: of float32 and less computed in float64, where the quotient rounds once."""

    def run(x: Any, /) -> Any:
        if x.dtype in COMPLEX:
            return tf.math.log(x) / tf.constant(math.log(base), x.dtype)
        wide = tf.cast(x, tf.float64)
        return tf.cast(tf.math.log(wide) / tf.constant(math.log(base), tf.float64), x.dtype)

    return called(name, run)


log2, log10 = _logarithm("log2", 2.0), _logarithm("log10", 10.0)


def real(x: Any, /) -> Any:
    """The standard's `real`."""
    return tf.math.real(x) if x.dtype in COMPLEX else tf.identity(x)


def imag(x: Any, /) -> Any:
    """The standard's `imag`."""
    return tf.math.imag(x) if x.dtype in COMPLEX else tf.zeros_like(x)


def conj(x: Any, /) -> Any:
    """The standard's `conj`."""
    return tf.math.conj(x) if x.dtype in COMPLEX else tf.identity(x)


_BITS = {2: tf.int16, 4: tf.int32, 8: tf.int64}


def bits_of(x: Any) -> Any:
    """The bits of floats, as signed integers."""
    return tf.bitcast(x, _BITS[x.dtype.size])


def signbit(x: Any, /) -> Any:
    """The standard's `signbit`."""
    return bits_of(x) < 0


def bitwise_invert(x: Any, /) -> Any:
    """The standard's `bitwise_invert`."""
    return tf.logical_not(x) if x.dtype == tf.bool else tf.bitwise.invert(x)


# ---- functions of two arrays


def _binary(name: str, function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def run(x1: Any, x2: Any, /) -> Any:
        if not (isinstance(x1, tf.Tensor) and isinstance(x2, tf.Tensor) and x1.dtype is x2.dtype):
            x1, x2 = pair(x1, x2)
        return function(x1, x2)

    return called(name, run)


def _bitwise(name: str, of_bits: Callable[[Any, Any], Any], of_bools: Callable[[Any, Any], Any]) -> Any:
    return _binary(name, lambda x, y: of_bools(x, y) if x.dtype == tf.bool else of_bits(x, y))


add, subtract, multiply = _binary("add", tf.add), _binary("subtract", tf.subtract), _binary("multiply", tf.multiply)
divide = _binary("divide", tf.realdiv)
equal, not_equal = _binary("equal", tf.equal), _binary("not_equal", tf.not_equal)
_BOOLS = frozenset((tf.bool,))
_NARROW = frozenset((tf.bfloat16, tf.float16, tf.float32))


def _ordering(name: str, function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def run(x: Any, y: Any) -> Any:
        return function(tf.cast(x, uint8), tf.cast(y, uint8)) if x.dtype == tf.bool else function(x, y)

    return _binary(name, run)


less, less_equal = _ordering("less", tf.less), _ordering("less_equal", tf.less_equal)
greater, greater_equal = _ordering("greater", tf.greater), _ordering("greater_equal", tf.greater_equal)


def _keeping_nan(choose: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The choice, which XLA takes from a comparison (2.21 on the CPU): a trace, which it may compile, looks for NaN."""

    def run(x: Any, y: Any) -> Any:
        found = choose(x, y)
        if tf.executing_eagerly() or not x.dtype.is_floating:
            return found
        return tf.where(tf.math.is_nan(x), x, tf.where(tf.math.is_nan(y), y, found))

    return run


_larger, _smaller = _keeping_nan(tf.maximum), _keeping_nan(tf.minimum)
maximum = _binary("maximum", computed(_BOOLS, uint8, _larger))
minimum = _binary("minimum", computed(_BOOLS, uint8, _smaller))
logical_and, logical_or = _binary("logical_and", tf.logical_and), _binary("logical_or", tf.logical_or)
logical_xor = _binary("logical_xor", tf.math.logical_xor)
bitwise_and = _bitwise("bitwise_and", tf.bitwise.bitwise_and, tf.logical_and)
bitwise_or = _bitwise("bitwise_or", tf.bitwise.bitwise_or, tf.logical_or)
bitwise_xor = _bitwise("bitwise_xor", tf.bitwise.bitwise_xor, tf.math.logical_xor)
atan2 = _binary("atan2", tf.atan2)


def _shifted(function: Callable[[Any, Any], Any], beyond: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    """A shift; TensorFlow shifts by one less than the width at most, the standard by any number."""

    def run(x: Any, y: Any) -> Any:
        width = tf.constant(8 * x.dtype.size, x.dtype)
        return tf.where(y < width, function(x, y), beyond(x))

    return run


def _sign_bits(x: Any) -> Any:
    """What a shift to the right leaves at last: -1 of negative numbers, else 0."""
    return tf.where(tf.less(x, tf.zeros((), x.dtype)), ~tf.zeros((), x.dtype), tf.zeros((), x.dtype))


bitwise_left_shift = _binary("bitwise_left_shift", _shifted(tf.bitwise.left_shift, tf.zeros_like))
bitwise_right_shift = _binary("bitwise_right_shift", _shifted(tf.bitwise.right_shift, _sign_bits))


def _with_sign(x: Any, y: Any) -> Any:
    return tf.where(signbit(y), -tf.abs(x), tf.abs(x))


def _floor_divide(x: Any, y: Any) -> Any:
    """The quotient rounded down: as many bits again tell whether it was whole, in float64 the remainder does."""
    if x.dtype in _NARROW:
        return tf.cast(tf.floor(tf.realdiv(tf.cast(x, tf.float64), tf.cast(y, tf.float64))), x.dtype)
    found = tf.math.floordiv(x, y)
    if not x.dtype.is_floating:
        return found
    quotient, rest = tf.realdiv(x, y), tf.truncatemod(x, y)
    twice, below = 2 * tf.abs(rest), tf.not_equal(rest < 0, y < 0)
    raised = tf.where(below, tf.not_equal(rest, 0) & (twice < tf.abs(y)), twice > tf.abs(y))
    raised = raised & tf.equal(quotient, found) & tf.math.is_finite(y)
    return tf.where(raised, found - 1, found)


floor_divide = _binary("floor_divide", _floor_divide)


def _remainder(x: Any, y: Any) -> Any:
    """floormod, whose zero has the sign of y as the standard says."""
    found = tf.math.floormod(x, y)
    return tf.where(tf.equal(found, 0), _with_sign(found, y), found) if x.dtype.is_floating else found


remainder = _binary("remainder", _remainder)
pow = _binary("pow", computed(frozenset(UNSIGNED), int64, tf.pow))
_hypot = computed(_NARROW, tf.float64, lambda x, y: _long_side(tf.abs(x), tf.abs(y)))
hypot = _binary("hypot", _hypot)


def _long_side(x: Any, y: Any) -> Any:
    """The hypotenuse of sides that are not negative, without overflow; infinite where a side is."""
    long, short = _larger(x, y), _smaller(x, y)
    ratio = tf.math.divide_no_nan(short, long)
    found = long * tf.sqrt(1 + ratio * ratio)
    infinite = tf.logical_or(tf.math.is_inf(x), tf.math.is_inf(y))
    return tf.where(infinite, tf.constant(math.inf, x.dtype), found)


def _log_of_sum(x: Any, y: Any) -> Any:
    distance = tf.where(tf.equal(x, y), tf.zeros((), x.dtype), tf.abs(x - y))  # inf - inf is NaN
    return tf.maximum(x, y) + tf.math.log1p(tf.exp(-distance))


logaddexp = _binary("logaddexp", halves(_log_of_sum))


copysign = _binary("copysign", _with_sign)


def _next(x: Any, y: Any) -> Any:
    """The next number towards y: of 16 bits by the bits, which TensorFlow has no function for."""
    if x.dtype.size > 2:
        return tf.math.nextafter(x, y)
    bits, one = bits_of(x), tf.constant(1, tf.int16)
    away = tf.equal(x > 0, y > x)
    smallest = tf.where(y > 0, one, tf.constant(-(2**15) + 1, tf.int16))
    moved = tf.where(tf.equal(x, 0), smallest, tf.where(away, bits + one, bits - one))
    found = tf.bitcast(moved, x.dtype)
    return tf.where(tf.equal(x, y), y, tf.where(tf.math.is_nan(x) | tf.math.is_nan(y), x + y, found))


nextafter = _binary("nextafter", _next)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """The standard's `clip`."""
    for bound, function in ((min, _larger), (max, _smaller)):
        if bound is not None:
            x = function(x, _bound(bound, x))
    return tf.identity(x) if min is None and max is None else x


def _bound(bound: Any, x: Any) -> Any:
    """A bound in the dtype of x: an integer beyond its range is its limit."""
    dtype = x.dtype
    if isinstance(bound, NUMBERS):
        if isinstance(bound, int) and dtype in INTEGERS:
            low, high = dtype.min, dtype.max
            bound = low if bound < low else high if bound > high else bound
        return number(bound, dtype)
    return tf.cast(bound, result_type(x, bound)) if result_type(x, bound) == dtype else tf.cast(bound, dtype)
