"""Elementary functions for compiled loops, of float32 and float64: polynomials that LLVM vectorizes.

numba calls the C library for these, one number at a time, which takes about 20 times as long in a long loop. Within a
compiled function they are called as exp(x), log(x) ...; the dtype of x decides. They take no branches: a comparison
selects. Errors, measured against longdouble over all binades, stay below 2.8 ulps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from .compile import inline
from .instructions import bits, ceil, copysign, floor, from_bits, largest, rint, smallest, sqrt, trunc

__all__ = [
    "bits",
    "ceil",
    "copysign",
    "exp",
    "expm1",
    "floor",
    "from_bits",
    "larger",
    "largest",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "plus",
    "rint",
    "sigmoid",
    "smaller",
    "smallest",
    "sqrt",
    "tanh",
    "trunc",
]


class Numbers:
    """What the functions need to know of a dtype."""

    def __init__(self, real: Any) -> None:
        single = real is np.float32
        self.real = real
        self.integer = np.int32 if single else np.int64
        self.magic = real(1.5 * 2.0**23 if single else 1.5 * 2.0**52)  # x + magic has the nearest integer in its bits
        self.bias = self.integer(127 if single else 1023)
        self.mantissa = self.integer(23 if single else 52)
        # ln 2 in two parts, the first so short that its products with exponents are exact
        self.ln2_high = real(0.693359375 if single else float.fromhex("0x1.62e42feep-1"))
        self.ln2_low = real(-2.12194440054690583e-4 if single else float.fromhex("0x1.a39ef35793c76p-33"))
        # beyond, the exponential is 0 or infinite
        self.least, self.largest = (real(-105.0), real(89.0)) if single else (real(-746.0), real(710.0))
        self.smallest_normal = np.finfo(real).tiny
        # (exp(r) - 1 - r) / r**2 for |r| < ln(2) / 2, and (log((1 + s) / (1 - s)) - 2 s) / s**3 in s**2, both
        # interpolated at Chebyshev points; absolute errors 1.4e-9 and 1.2e-9, 1.1e-16 and 3.1e-16
        self.exponential: tuple[float, ...] = _EXP_32 if single else _EXP_64
        self.logarithm: tuple[float, ...] = _LOG_32 if single else _LOG_64


_EXP_32 = (
    0.00019891080463998843,
    0.0013933730715792083,
    0.008333310844647862,
    0.04166646419740569,
    0.16666666681704215,
    0.500000001353873,
)
_EXP_64 = (
    2.5100472505694996e-08,
    2.7620201591031547e-07,
    2.7557268276905696e-06,
    2.4801521057868204e-05,
    0.00019841269863171557,
    0.0013888888917367081,
    0.008333333333330039,
    0.041666666666623824,
    0.16666666666666669,
    0.5000000000000001,
)
_LOG_32 = (0.23331614471843498, 0.28550778633191964, 0.4000012221181065, 0.6666666655404201)
_LOG_64 = (
    0.14617807153417325,
    0.15331611722055008,
    0.1818289243253687,
    0.22222211089379496,
    0.28571428626253836,
    0.3999999999989889,
    0.666666666666667,
)
_NUMBERS = {types.float32: Numbers(np.float32), types.float64: Numbers(np.float64)}


def _function(make: Callable[[Numbers], Callable[..., Any]]) -> Callable[..., Any]:
    """The function of compiled code that `make` writes for each dtype; it may fuse multiplications and additions."""

    def stub(*arguments: Any) -> Any:
        raise NotImplementedError(f"{make.__name__}: for compiled functions alone")

    made = {kind: make(numbers) for kind, numbers in _NUMBERS.items()}
    options: Any = {"error_model": "numpy", "fastmath": {"contract"}}
    if next(iter(made.values())).__code__.co_argcount == 1:

        @overload(stub, jit_options=options)
        def _(x: Any) -> Any:
            return made.get(x)
    else:

        @overload(stub, jit_options=options)
        def _(x: Any, y: Any) -> Any:
            return made.get(x) if x == y else None

    stub.__name__ = next(iter(made.values())).__name__
    stub.__doc__ = make.__doc__
    return stub


def _polynomial(coefficients: tuple[float, ...], numbers: Numbers) -> Callable[[Any], Any]:
    """A compiled function that evaluates a polynomial, given from its highest power down, by Horner's rule."""
    real = numbers.real
    names = {f"c{i}": real(c) for i, c in enumerate(coefficients)}
    text = "c0"
    for name in list(names)[1:]:
        text = f"({text} * x + {name})"
    scope: dict[str, Any] = dict(names)
    exec(f"def polynomial(x):\n    return {text}\n", scope)  # names and signs of our own
    return inline(scope["polynomial"], fastmath={"contract"})


def _reduced(n: Numbers) -> Callable[[Any], Any]:
    """A compiled function that gives expm1(r) and k with x = k ln 2 + r; NaN stays NaN, and x is bounded."""
    polynomial = _polynomial(n.exponential, n)
    magic, high, low, least, largest = n.magic, n.ln2_high, n.ln2_low, n.least, n.largest
    per_ln2, integer = n.real(1.0 / math.log(2.0)), n.integer

    def reduced(x: Any) -> Any:
        x = least if x < least else x
        x = largest if x > largest else x
        shifted = x * per_ln2 + magic
        whole = shifted - magic
        r = (x - whole * high) - whole * low
        return r + r * r * polynomial(r), integer(bits(shifted) - bits(magic))

    return inline(reduced)


def _scaled(n: Numbers) -> Callable[[Any, Any], Any]:
    """A compiled function x * 2**k, in two steps, since 2**k alone may be infinite or subnormal."""
    integer, bias, mantissa = n.integer, n.bias, n.mantissa

    def scaled(x: Any, k: Any) -> Any:
        half = integer(k >> integer(1))
        first = from_bits(integer((half + bias) << mantissa))
        second = from_bits(integer((k - half + bias) << mantissa))
        return x * first * second

    return inline(scaled)


def _exp(n: Numbers) -> Callable[..., Any]:
    """e to the power of x."""
    reduced, scaled, one = _reduced(n), _scaled(n), n.real(1.0)

    def exp(x: Any) -> Any:
        rest, k = reduced(x)
        return scaled(rest + one, k)

    return exp


def _expm1(n: Numbers) -> Callable[..., Any]:
    """exp(x) - 1, also near 0."""
    reduced, scaled, one, two = _reduced(n), _scaled(n), n.real(1.0), n.real(2.0)
    integer, zero = n.integer, n.real(0.0)

    def expm1(x: Any) -> Any:
        rest, k = reduced(x)
        half = integer(k - integer(1))  # 2**k itself overflows before the result does
        result = two * (scaled(rest, half) + (scaled(one, half) - one / two))
        return x if x == zero or (k == integer(0) and rest == zero) else result

    return expm1


def _logarithm(n: Numbers) -> Callable[..., Any]:
    """A compiled function that gives k and log(m) with x = 2**k m and m between sqrt(1/2) and sqrt(2)."""
    polynomial = _polynomial(n.logarithm, n)
    integer, mantissa, bias = n.integer, n.mantissa, n.bias
    real, tiny = n.real, n.smallest_normal
    one, two, half, zero = real(1.0), real(2.0), real(0.5), real(0.0)
    lift, lifted = real(2.0 ** int(mantissa + 1)), integer(mantissa + 1)
    offset = integer(bits_of(one, integer) - bits_of(real(math.sqrt(0.5)), integer))
    low = integer(bits_of(real(math.sqrt(0.5)), integer))
    mask = integer((1 << int(mantissa)) - 1)

    def logarithm(x: Any) -> Any:
        subnormal = x < tiny
        pattern = integer(bits(x * lift if subnormal else x) + offset)
        k = integer((pattern >> mantissa) - bias)
        m = from_bits(integer((pattern & mask) + low))
        f = m - one
        s = f / (two + f)
        square = half * f * f
        series = s * s * polynomial(s * s)
        k = integer(k - lifted) if subnormal else k
        # log(1 + f) = f - f**2/2 + s (f**2/2 + R): the small terms are exact to the end
        return real(k), f, square, s * (square + series), zero

    return inline(logarithm)


def bits_of(x: Any, integer: Any) -> int:
    """The bits of a NumPy scalar as a number."""
    return int(x.view(integer))


def _log(n: Numbers) -> Callable[..., Any]:
    """The natural logarithm."""
    special, logarithm, high, low = _special(n), _logarithm(n), n.ln2_high, n.ln2_low

    def log(x: Any) -> Any:
        k, f, square, rest, _ = logarithm(x)
        return special(x, k * high - ((square - (rest + k * low)) - f))

    return log


def _special(n: Numbers) -> Callable[[Any, Any], Any]:
    """A compiled function that gives a logarithm's values at 0, infinity, below 0 and of NaN, else what was found."""
    zero, inf, nan = n.real(0.0), n.real(np.inf), n.real(np.nan)

    def special(x: Any, found: Any) -> Any:
        found = found if x < inf else x  # infinity and NaN
        found = nan if x < zero else found
        return -inf if x == zero else found

    return inline(special)


def _log_to(base: int) -> Callable[[Numbers], Callable[..., Any]]:
    """What writes the logarithm to a base."""

    def make(n: Numbers) -> Callable[..., Any]:
        special, logarithm = _special(n), _logarithm(n)
        per_octave, factor = n.real(math.log(2.0) / math.log(base)), n.real(1.0 / math.log(base))

        def log(x: Any) -> Any:
            k, f, square, rest, _ = logarithm(x)
            return special(x, k * per_octave + (f - (square - rest)) * factor)

        log.__name__ = f"log{base}"
        return log

    return make


def _log1p(n: Numbers) -> Callable[..., Any]:
    """log(1 + x), also near 0."""
    special, logarithm, high, low = _special(n), _logarithm(n), n.ln2_high, n.ln2_low
    one, zero, inf = n.real(1.0), n.real(0.0), n.real(np.inf)

    def rounding(x: Any, u: Any) -> Any:
        """What 1 + x = u has lost, without fused operations."""
        return x - (u - one) if x < one else one - (u - x)

    lost = inline(rounding)

    def log1p(x: Any) -> Any:
        u = x + one
        correction = lost(x, u) / u
        k, f, square, rest, _ = logarithm(u)
        correction = correction if x < inf and u > zero else zero
        found = special(u, k * high - ((square - (rest + (k * low + correction))) - f))
        return x if u == one else found

    return log1p


def _tanh(n: Numbers) -> Callable[..., Any]:
    """The hyperbolic tangent."""
    reduced, scaled, one, two = _reduced(n), _scaled(n), n.real(1.0), n.real(2.0)

    def tanh(x: Any) -> Any:
        rest, k = reduced(-two * abs(x))
        power = scaled(one, k)
        t = power * rest + (power - one)  # expm1(-2 |x|), within -1 to 0
        return copysign(t / (t + two), x)

    return tanh


def _sigmoid(n: Numbers) -> Callable[..., Any]:
    """1 / (1 + exp(-x)), to the last digits on both sides."""
    reduced, scaled, one, zero = _reduced(n), _scaled(n), n.real(1.0), n.real(0.0)

    def sigmoid(x: Any) -> Any:
        rest, k = reduced(-abs(x))
        e = scaled(rest + one, k)
        return (e if x < zero else one) / (one + e)

    return sigmoid


def _logaddexp(n: Numbers) -> Callable[..., Any]:
    """log(exp(x) + exp(y))."""
    reduced, scaled, one, zero = _reduced(n), _scaled(n), n.real(1.0), n.real(0.0)
    special, logarithm, high, low = _special(n), _logarithm(n), n.ln2_high, n.ln2_low

    def logaddexp(x: Any, y: Any) -> Any:
        top = y if y > x or y != y else x
        distance = zero if x == y else -abs(x - y)  # of two infinities of one sign, 0
        rest, k = reduced(distance)
        e = scaled(rest + one, k)
        u = one + e
        k2, f, square, rest2, _ = logarithm(u)
        found = k2 * high - ((square - (rest2 + (k2 * low + (e - (u - one)) / u))) - f)
        return top + (e if u == one else special(u, found))

    return logaddexp


exp = _function(_exp)
expm1 = _function(_expm1)
log = _function(_log)
log1p = _function(_log1p)
log2 = _function(_log_to(2))
log10 = _function(_log_to(10))
logaddexp = _function(_logaddexp)
sigmoid = _function(_sigmoid)
tanh = _function(_tanh)


def _larger(n: Numbers) -> Callable[..., Any]:
    """The larger number, NaN where one is NaN, as NumPy compares."""

    def larger(x: Any, y: Any) -> Any:
        return x if (x >= y) | (x != x) else y

    return larger


def _smaller(n: Numbers) -> Callable[..., Any]:
    """The smaller number, NaN where one is NaN, as NumPy compares."""

    def smaller(x: Any, y: Any) -> Any:
        return x if (x <= y) | (x != x) else y

    return smaller


def _plus(x: Any, y: Any) -> Any:
    """x + y, which a loop may add in any order: its sums are vectorized."""
    return x + y


plus = inline(_plus, fastmath={"reassoc"})
larger = _function(_larger)
smaller = _function(_smaller)
