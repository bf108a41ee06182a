"""Elementary functions of complex numbers: fixed formulas of float64 functions, each of which is rounded once.

Kahan, Branch cuts for complex elementary functions, 1987; special values as C99, annex G, which the standard follows.
Real and imaginary parts are float64 arrays on the host; of complex64 the results are rounded once more at the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .float64 import function
from .fourier import Parts

__all__ = ["ELEMENTARY", "power"]

_FAR = 20.0  # from there on tanh of a real number is 1 in float64, but for 4 exp(-2x)
_LARGE = 700.0  # exponents whose exponential is split in two factors


def _swapped(function_of: Callable[[Parts], Parts]) -> Callable[[Parts], Parts]:
    """f(z) = -i g(i z), as sin and tan are of sinh and tanh."""

    def run(z: Parts) -> Parts:
        real, imaginary = function_of((-z[1], z[0]))
        return imaginary, -real

    return run


def _scaled(size: np.ndarray, part: np.ndarray) -> np.ndarray:
    """exp(size) times a part, without overflow of the exponential alone; 0 times any exponential is 0."""
    exp = function("exp")
    far = np.abs(size) > _LARGE
    half = exp(np.where(far, size / 2, 0.0))
    whole = np.where(far, (half * part) * half, exp(np.where(far, 0.0, size)) * part)
    return np.where((part == 0) & ~np.isnan(size), part, whole)


def _exp(z: Parts) -> Parts:
    size, angle = z
    cosine, sine = function("cos")(angle), function("sin")(angle)
    real, imaginary = _scaled(size, cosine), _scaled(size, np.where(angle == 0, angle, sine))
    imaginary = np.where(np.isnan(size) & (angle == 0), angle, imaginary)
    lost = ~np.isfinite(angle)
    real = np.where(lost & (size == -math.inf), 0.0, np.where(lost & (size == math.inf), math.inf, real))
    return real, np.where(lost & (size == -math.inf), 0.0, imaginary)


def _expm1(z: Parts) -> Parts:
    size, angle = z
    half = function("sin")(angle / 2)
    real = function("expm1")(size) * function("cos")(angle) - 2.0 * half * half
    whole = _exp(z)
    usual = np.isfinite(size) & np.isfinite(angle) & (size < _LARGE)
    return np.where(usual, real, whole[0] - 1.0), whole[1]


def _distance(z: Parts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """|z|, |z|^2 - 1, and where the second is the better one to take logarithms of."""
    size = function("hypot")(*z)
    larger, smaller = np.maximum(np.abs(z[0]), np.abs(z[1])), np.minimum(np.abs(z[0]), np.abs(z[1]))
    return size, (larger - 1.0) * (larger + 1.0) + smaller * smaller, (size > 0.5) & (size < 2.0)


def _logarithm(name: str, base: float) -> Callable[[Parts], Parts]:
    def run(z: Parts) -> Parts:
        size, square, near = _distance(z)
        close = 0.5 * function("log1p")(np.where(near, square, 0.0)) / base
        angle = function("atan2")(z[1], z[0]) / base
        return np.where(near, close, function(name)(size)), angle

    return run


def _log1p(z: Parts) -> Parts:
    real, imaginary = z
    shifted = 1.0 + real
    square = real * (2.0 + real) + imaginary * imaginary
    near = (np.abs(real) < 1e3) & (np.abs(imaginary) < 1e3)
    close = 0.5 * function("log1p")(np.where(near, square, 0.0))
    size = function("hypot")(shifted, imaginary)
    return np.where(near, close, function("log")(size)), function("atan2")(imaginary, shifted)


def _sqrt(z: Parts) -> Parts:
    """t = sqrt((|a| + |z|) / 2) is one part, and b / 2t the other."""
    real, imaginary = z
    tiny, huge = (np.abs(v) for v in z)
    scale = np.where(np.maximum(tiny, huge) > 1e300, 0.25, np.where(np.maximum(tiny, huge) < 1e-290, 2.0**200, 1.0))
    a, b = real * scale, imaginary * scale
    root = np.sqrt(scale)  # an exact power of two
    t = np.sqrt((np.abs(a) + function("hypot")(a, b)) * 0.5) / root
    other = np.where(t == 0, 0.0, np.abs(imaginary) / (2.0 * t))
    positive = (real >= 0) | np.isnan(real)
    found = np.where(positive, t, other), np.copysign(np.where(positive, other, t), imaginary)
    wide = np.isinf(imaginary)
    left = (real == -math.inf) & ~wide
    right = (real == math.inf) & ~wide
    first = np.where(wide, math.inf, np.where(left, np.where(np.isnan(imaginary), math.nan, 0.0), found[0]))
    second = np.where(left, np.copysign(math.inf, imaginary), found[1])
    second = np.where(right & ~np.isnan(imaginary), np.copysign(0.0, imaginary), second)
    return np.where(right, math.inf, first), np.where(
        wide, imaginary, np.where(right & np.isnan(imaginary), imaginary, second)
    )


def _sinh(z: Parts) -> Parts:
    return _hyperbolic(z, True)


def _cosh(z: Parts) -> Parts:
    return _hyperbolic(z, False)


def _hyperbolic(z: Parts, odd: bool) -> Parts:
    """sinh: (sinh a cos b, cosh a sin b); cosh: (cosh a cos b, sinh a sin b). Far out both are exp / 2."""
    size, angle = z
    cosine, sine = function("cos")(angle), np.where(angle == 0, angle, function("sin")(angle))
    first, second = ("sinh", "cosh") if odd else ("cosh", "sinh")
    far = np.abs(size) > _LARGE
    inner = np.where(far, 0.0, size)
    near = _times(function(first)(inner), cosine), _times(function(second)(inner), sine)
    sign = np.copysign(1.0, size)
    grown = _scaled(np.abs(size), cosine * 0.5), _scaled(np.abs(size), sine * 0.5)
    out = (sign * grown[0], grown[1]) if odd else (grown[0], sign * grown[1])
    real, imaginary = (np.where(far, o, n) for o, n in zip(out, near, strict=True))
    lost = np.isinf(size) & ~np.isfinite(angle)
    return np.where(lost, size if odd else math.inf, real), np.where(lost, math.nan, imaginary)


def _times(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x y, and a zero beside NaN stays: the axes are mapped to axes."""
    product = x * y
    sign = np.copysign(1.0, x) * np.copysign(1.0, y)
    return np.where(np.isnan(product) & ((x == 0) | (y == 0)), np.copysign(0.0, sign), product)


def _tanh(z: Parts) -> Parts:
    """With t = tan b and s = sinh a: (sqrt(1 + s^2) s (1 + t^2) + i t) / (1 + (1 + t^2) s^2)."""
    size, angle = z
    far = np.abs(size) > _FAR
    tangent, sine = function("tan")(angle), function("sinh")(np.where(far, 0.0, size))
    slope = 1.0 + tangent * tangent
    below = 1.0 + slope * (sine * sine)
    real, imaginary = slope * np.sqrt(1.0 + sine * sine) * sine / below, tangent / below
    real = np.where(size == 0, size, real)
    decay = function("exp")(-2.0 * np.abs(size))
    rest = np.where(
        np.isinf(size),
        np.copysign(0.0, np.where(np.isfinite(angle), function("sin")(2.0 * angle), 1.0)),
        2.0 * function("sin")(2.0 * angle) * decay,
    )
    real, imaginary = np.where(far, np.copysign(1.0, size), real), np.where(far, rest, imaginary)
    lost = ~np.isfinite(angle) & ~np.isinf(size)
    real = np.where(lost & (size != 0), math.nan, real)
    kept = np.isnan(size) & (angle == 0)
    return real, np.where(kept, angle, np.where(lost, math.nan, imaginary))


def _cos(z: Parts) -> Parts:
    """cos z = cosh i z."""
    return _cosh((-z[1], z[0]))


def _sign(z: Parts) -> Parts:
    size = function("hypot")(*z)
    none = size == 0
    real, imaginary = (np.where(none, 0.0, v / np.where(none, 1.0, size)) for v in z)
    return real, imaginary


ELEMENTARY: dict[str, Callable[[Parts], Parts]] = {
    "exp": _exp,
    "expm1": _expm1,
    "log": _logarithm("log", 1.0),
    "log1p": _log1p,
    "log2": _logarithm("log2", 0.6931471805599453),
    "log10": _logarithm("log10", 2.302585092994046),
    "sqrt": _sqrt,
    "sin": _swapped(_sinh),
    "cos": _cos,
    "tan": _swapped(_tanh),
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": _tanh,
    "sign": _sign,
}


def power(x: Parts, y: Parts) -> Parts:
    """exp(y log x); x**0 is 1, and 0 to a power is 0 where that has a positive real part, else NaN."""
    size, angle = ELEMENTARY["log"](x)
    exponent = y[0] * size - y[1] * angle, y[0] * angle + y[1] * size
    real, imaginary = _exp(exponent)
    zero, none = (x[0] == 0) & (x[1] == 0), (y[0] == 0) & (y[1] == 0)
    at_zero = np.where(y[0] > 0, 0.0, math.nan)
    found: Any = tuple(np.where(zero, at_zero, part) for part in (real, imaginary))
    return np.where(none, 1.0, found[0]), np.where(none, 0.0, found[1])
