"""The oracle: float32 by rounding of fractions, which owes nothing to the code under test, and arrays that are hard."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import mpmath
import numpy as np

MPMATH = {"log2": lambda x: mpmath.log(x, 2), "pow": mpmath.power}


def nearest(value: Fraction, bits: int = 32) -> np.floating:
    """A fraction as float32 or float64, to nearest even; zeros are positive."""
    kind, digits, lowest, top = {32: (np.float32, 24, -149, 128), 64: (np.float64, 53, -1074, 1024)}[bits]
    if value == 0:
        return kind(0)
    sign, value = (-1 if value < 0 else 1), abs(value)
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    if Fraction(2) ** exponent > value:
        exponent -= 1
    step = max(exponent - digits + 1, lowest)
    whole = round(value / Fraction(2) ** step)  # to even
    result = whole * Fraction(2) ** step
    if result >= Fraction(2) ** top:
        return kind(sign * math.inf)
    return kind(sign * float(result)) if result else kind(0)


def fractions(x: np.ndarray) -> list:
    """Nested lists of exact values."""
    return [fractions(row) for row in x] if x.ndim else Fraction(float(x))


def hard(shape: tuple[int, ...], seed: int = 0, dtype: str = "float32") -> Iterator[tuple[str, np.ndarray]]:
    """Arrays by name: what a sum or product of float32 may meet."""
    rng = np.random.default_rng(seed)
    yield "normal", rng.normal(size=shape).astype(dtype)
    yield "ties", rng.integers(-4000, 4000, shape).astype(dtype)
    yield "range", (rng.normal(size=shape) * np.exp(rng.uniform(-20, 20, shape))).astype(dtype)
    half = shape[-1] // 2
    x = rng.normal(size=shape).astype(dtype)
    x[..., half : 2 * half] = -x[..., :half] + (rng.random(x[..., :half].shape) < 0.2) * 1e-7
    yield "cancelling", x.astype(dtype)
    yield "subnormal", (rng.normal(size=shape) * 1e-43).astype(dtype)
    yield "overflowing", (rng.normal(size=shape) * 6e37).astype(dtype)


def wrong(found: np.ndarray, wanted: np.ndarray) -> int:
    """The number of elements that differ, a negative zero from a positive one, too."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.dtype == wanted.dtype and found.shape == wanted.shape
    return int(((found != wanted) | (np.signbit(found) != np.signbit(wanted))).sum())


def oracle(name: str, bits: int, *arguments: float) -> float:
    """The function at floats, rounded once; NaN outside of its domain."""
    with mpmath.workprec(900 if name in ("logaddexp", "hypot", "pow") else 500):
        x = [mpmath.mpf(float(a)) for a in arguments]
        if name == "logaddexp":
            y = mpmath.log(mpmath.exp(x[0]) + mpmath.exp(x[1]))
        else:
            y = (MPMATH.get(name) or getattr(mpmath, name))(*x)
        if isinstance(y, mpmath.mpc):
            return np.nan
        if not mpmath.isfinite(y):
            return float(y)
        if y == 0:
            return math.copysign(0.0, arguments[0]) if name not in ("cos", "acos", "log", "log2", "log10") else 0.0
        sign, mantissa, exponent, _ = y._mpf_
        value = Fraction(-int(mantissa) if sign else int(mantissa)) * Fraction(2) ** exponent
        found = float(nearest(value, bits))
        return math.copysign(found, -1.0 if sign else 1.0)
