"""Filter and repair: float64 candidates with proven bounds, rounded where these decide, else worked out exactly.

A candidate y and a bound e with |y - exact| <= e give the correctly rounded result wherever y - e and y + e round to
the same float32, since rounding is monotone. What is left is repaired on the host, in NumPy: sums by extraction of
parts that a float64 holds (Rump, Ogita and Oishi, Accurate floating-point summation, 2008), functions by `repairs`.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

__all__ = ["UNIT", "exact_sums", "rounded", "rounded_integer", "rounded_sum", "two_sum", "ufp"]

UNIT = 2.0**-53  # the relative error of one float64 operation
_CHUNK = 2**17  # terms that one step of a repair holds: 1 MB of float64, which stays in the cache


def ufp(x: Any) -> Any:
    """The power of two at or below |x|, for float64 below 2**970; 0 for 0."""
    q = x * (2.0**52 + 1.0)
    return np.abs(q - q * (1.0 - UNIT))


def rounded(high: Any, low: Any) -> Any:
    """high + low as float32, rounded once; |low| is at most half an ulp of high, as TwoSum leaves it.

    Casting high alone goes wrong where it is halfway between two float32: there the sign of low decides. Numbers of at
    most 25 bits are moved towards it, by less than their distance to the next midpoint. Moving others could make a tie.
    """
    high = np.asarray(high, np.float64)
    cut = high * (2.0**28 + 1.0)
    short = cut - (cut - high) == high
    small = np.abs(high) < 2.0**-126  # there float32 has steps of 2**-149
    scaled = np.where(small, high, 0.0) * 2.0**150
    short = np.where(small, np.trunc(scaled) == scaled, short)
    moved = high + np.sign(low) * np.abs(high) * 2.0**-50
    return np.where(short & (low != 0), moved, high).astype(np.float32)


def exact_sums(terms: Any) -> tuple[Any, Any]:
    """The sums of the rows of a float64 matrix, unevaluated: high + low is exact but for the last bits of low.

    The terms are float32, or products of two; each pass takes the leading bits of all terms of a row, as many as add up
    without rounding. Two passes are the rule. The matrix is written over.
    """
    rows, count = terms.shape
    step = max(_CHUNK // max(count, 1), 1)
    if rows > step:
        parts = [exact_sums(terms[i : i + step]) for i in range(0, rows, step)]
        return np.concatenate([h for h, _ in parts]), np.concatenate([low for _, low in parts])
    bits = min(53 - max(count - 1, 0).bit_length(), 50)
    sums: list[Any] = []
    while True:
        largest = np.abs(terms).max(axis=1, initial=0.0)
        shift = (1.5 * 2.0 ** (53 - bits)) * ufp(largest)[:, None]
        leading = (terms + shift) - shift
        sums.append(leading.sum(axis=1))
        terms -= leading
        if not terms.any():
            break
    if len(sums) == 1:
        return sums[0], np.zeros(rows)
    if len(sums) == 2:
        return two_sum(*sums)
    table = np.stack(sums, axis=1).tolist()
    high = [math.fsum(row) for row in table]
    return np.asarray(high), np.asarray([math.fsum([*row, -h]) for row, h in zip(table, high, strict=True)])


def rounded_sum(terms: np.ndarray) -> Any:
    """The sum of float64 terms as float32, rounded once, zeros positive; as float64 has it where it is not finite."""
    values = terms.tolist()
    try:
        high = math.fsum(values)  # exact, and rounded once to float64
    except (OverflowError, ValueError):  # an infinity, or two of both signs
        high = math.nan
    if not math.isfinite(high):
        with np.errstate(all="ignore"):
            return np.float32(terms.sum())
    with np.errstate(over="ignore"):
        narrow = np.float32(high)
    gap = high - float(narrow)
    if gap:  # else the rest, less than half an ulp of a float64, changes nothing
        other = np.nextafter(narrow, np.float32(math.copysign(math.inf, gap)))
        if not (math.isfinite(narrow) and math.isfinite(other)) or (float(narrow) + float(other)) / 2 == high:
            return rounded(high, math.fsum([*values, -high]))[()] + np.float32(0)
    return narrow + np.float32(0)


def two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """a + b rounded, and the error made, exactly (Knuth)."""
    s = a + b
    c = s - a
    return s, (a - (s - c)) + (b - c)


def rounded_integer(numerator: int, exponent: int) -> np.float32:
    """numerator * 2**exponent as float32, rounded once."""
    extra = numerator.bit_length() - 60
    if extra > 0:  # what is cut off counts as a last bit: enough to decide any tie
        cut = abs(numerator) >> extra
        numerator = (cut | (abs(numerator) & ((1 << extra) - 1) != 0)) * (1 if numerator > 0 else -1)
        exponent += extra
    if exponent > 200 or numerator == 0:
        return np.float32(math.copysign(math.inf, numerator) if numerator else 0.0)
    if exponent < -400:
        return np.float32(math.copysign(0.0, numerator))
    exact = Fraction(numerator) * Fraction(2) ** exponent
    high = float(exact)
    return np.float32(rounded(high, float(exact - Fraction(high))))
