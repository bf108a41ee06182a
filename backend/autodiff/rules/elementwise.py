"""Gradient rules of the standard's elementwise functions.

At kinks: abs 0 at 0; maximum and minimum give ties to the first argument; x**0 has slope 0 in x, x**y slope 0
in y for x <= 0; atan2, hypot and copysign 0 at 0; sqrt inf at 0; sign 0 everywhere. Complex arguments follow the
convention that y = A x has the cotangent A^H g; hence f has g * conj(f').
"""

import math
from collections.abc import Callable
from typing import Any

from ...arrays.typing import Array
from ...dispatch.promotion import array_namespace
from ..cotangents import Rule, cast, conj, is_complex, mask_, unbroadcast, unit

__all__ = ["ELEMENTWISE"]

LN2, LN10 = math.log(2.0), math.log(10.0)


def _slope(derivative: Callable[[Any, Array, Array], Array]) -> tuple[Rule]:
    """Make the rule of a function of one argument from derivative(xp, out, x)."""
    return (lambda g, out, x: g * conj(derivative(array_namespace(g), out, x)),)


def _divisor(divisor: Callable[[Any, Array, Array], Array]) -> tuple[Rule]:
    """Make the rule of a function of one argument from the reciprocal of its derivative."""
    return (lambda g, out, x: g / conj(divisor(array_namespace(g), out, x)),)


def _nonzero(x: Array) -> Array:
    """Replace 0 by 1 in a divisor whose quotients there are masked or multiplied by an exact 0."""
    return array_namespace(x).where(x == 0, 1.0, x)


def _abs(g, out, x):
    xp = array_namespace(g)
    if is_complex(x):
        return g * unit(x)
    return xp.where(x > 0, g, mask_(x < 0, -g))


def _sign(g, out, x):
    if not is_complex(x):
        return array_namespace(g).zeros_like(x)
    xp = array_namespace(g)
    r = xp.abs(x)
    along = out * xp.real(xp.conj(out) * g)  # moving x along itself does not change x / |x|
    return mask_(r != 0, (g - along) / _nonzero(r))


def _real(g, out, x):
    return cast(g, x)


def _imag(g, out, x):
    return cast(g, x) * 1j if is_complex(x) else array_namespace(g).zeros_like(x)


def _copysign_first(g, out, x, y):
    xp = array_namespace(g)
    signed = xp.where(xp.signbit(x) == xp.signbit(out), g, -g)
    return unbroadcast(mask_(x != 0, signed), x)


def _pow_base(g, out, x, y):
    if not hasattr(y, "dtype"):
        if y == 0:
            return array_namespace(g).zeros_like(x)
        slope = y if y == 1 else y * x if y == 2 else y * x ** (y - 1)
        return cast(g * conj(slope), x)
    xp = array_namespace(g)
    return unbroadcast(mask_(y != 0, g * conj(y * xp.pow(x, xp.where(y == 0, 1.0, y - 1)))), x)


def _pow_exponent(g, out, x, y):
    xp = array_namespace(g)
    if isinstance(x, (int, float)):
        return g * out * math.log(x) if x > 0 else xp.zeros_like(y)
    if not hasattr(x, "dtype"):
        x = xp.full_like(out, x)
    outside = x == 0 if is_complex(x) else x <= 0
    slope = xp.where(outside, 0.0, out) * xp.log(xp.where(outside, 1.0, x))
    return unbroadcast(mask_(~outside, g * conj(slope)), y)


def _radius(xp, x, y):
    """Return hypot(x, y) with 1 in place of 0; either may be a Python number."""
    if not hasattr(x, "dtype"):
        x = xp.full_like(y, x)
    if not hasattr(y, "dtype"):
        y = xp.full_like(x, y)
    return _nonzero(xp.hypot(x, y))


def _atan2_y(g, out, y, x):
    r = _radius(array_namespace(g), x, y)
    return unbroadcast(g * (x / r) / r, y)


def _atan2_x(g, out, y, x):
    r = _radius(array_namespace(g), x, y)
    return unbroadcast(-g * (y / r) / r, x)


def _logaddexp(g, out, x):
    """Share of one argument, exp(x - out): 1 where out = x = inf, 0 where out = -inf."""
    xp = array_namespace(g)
    share = xp.exp(xp.where(x == out, 0.0, x - out))
    return unbroadcast(mask_(out != -math.inf, g * share), x)


ELEMENTWISE: dict[str, tuple[Rule | None, ...]] = {
    # one argument
    "abs": (_abs,),
    "acos": (lambda g, out, x: -g / conj(array_namespace(g).sqrt((1 - x) * (1 + x))),),
    "acosh": _divisor(lambda xp, out, x: xp.sqrt(x - 1) * xp.sqrt(x + 1)),
    "asin": _divisor(lambda xp, out, x: xp.sqrt((1 - x) * (1 + x))),
    "asinh": _divisor(lambda xp, out, x: xp.sqrt(x * x + 1)),
    "atan": _divisor(lambda xp, out, x: x * x + 1),
    "atanh": _divisor(lambda xp, out, x: (1 - x) * (1 + x)),
    "conj": (lambda g, out, x: conj(g),),
    "cos": (lambda g, out, x: -g * conj(array_namespace(g).sin(x)),),
    "cosh": _slope(lambda xp, out, x: xp.sinh(x)),
    "exp": _slope(lambda xp, out, x: out),
    "expm1": _slope(lambda xp, out, x: out + 1),
    "imag": (_imag,),
    "log": _divisor(lambda xp, out, x: x),
    "log10": _divisor(lambda xp, out, x: x * LN10),
    "log1p": _divisor(lambda xp, out, x: x + 1),
    "log2": _divisor(lambda xp, out, x: x * LN2),
    "negative": (lambda g, out, x: -g,),
    "positive": (lambda g, out, x: g,),
    "real": (_real,),
    "reciprocal": (lambda g, out, x: -g * conj(out * out),),
    "sign": (_sign,),
    "sin": _slope(lambda xp, out, x: xp.cos(x)),
    "sinh": _slope(lambda xp, out, x: xp.cosh(x)),
    "sqrt": _divisor(lambda xp, out, x: 2 * out),
    "square": _slope(lambda xp, out, x: 2 * x),
    "tan": _slope(lambda xp, out, x: out * out + 1),
    "tanh": _slope(lambda xp, out, x: (1 - out) * (1 + out)),
    # two arguments
    "add": (
        lambda g, out, x, y: unbroadcast(g, x),
        lambda g, out, x, y: unbroadcast(g, y),
    ),
    "atan2": (_atan2_y, _atan2_x),
    "copysign": (
        _copysign_first,
        lambda g, out, x, y: array_namespace(g).zeros_like(y),
    ),
    "divide": (
        lambda g, out, x, y: unbroadcast(g / conj(y), x),
        lambda g, out, x, y: unbroadcast(-g * conj(out / y), y),
    ),
    "hypot": (
        lambda g, out, x, y: unbroadcast(g * (x / _nonzero(out)), x),
        lambda g, out, x, y: unbroadcast(g * (y / _nonzero(out)), y),
    ),
    "logaddexp": (
        lambda g, out, x, y: _logaddexp(g, out, x),
        lambda g, out, x, y: _logaddexp(g, out, y),
    ),
    "maximum": (
        lambda g, out, x, y: unbroadcast(mask_(x >= y, g), x),
        lambda g, out, x, y: unbroadcast(mask_(~(x >= y), g), y),
    ),
    "minimum": (
        lambda g, out, x, y: unbroadcast(mask_(x <= y, g), x),
        lambda g, out, x, y: unbroadcast(mask_(~(x <= y), g), y),
    ),
    "multiply": (
        lambda g, out, x, y: unbroadcast(g * conj(y), x),
        lambda g, out, x, y: unbroadcast(g * conj(x), y),
    ),
    "pow": (_pow_base, _pow_exponent),
    "remainder": (
        lambda g, out, x, y: unbroadcast(g, x),
        lambda g, out, x, y: unbroadcast(-g * (x // y), y),
    ),
    "subtract": (
        lambda g, out, x, y: unbroadcast(g, x),
        lambda g, out, x, y: unbroadcast(-g, y),
    ),
    # three arguments
    "where": (
        None,
        lambda g, out, condition, x, y: unbroadcast(mask_(condition, g), x),
        lambda g, out, condition, x, y: unbroadcast(mask_(~condition, g), y),
    ),
}
