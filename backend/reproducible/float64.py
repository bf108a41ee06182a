"""The chapter of float64: functions, sums and products, each the exact result rounded once, worked out on the host.

The filters have more digits than float64 where they can: functions in NumPy's long double if that has 64 bits, products
in slices whose products are exact (Ozaki, Ogita, Oishi and Rump, Error-free transformations of matrix multiplication,
2012). The repairs are decimals, `math.fsum`, and fractions.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from .repairs import exact
from .rounding import UNIT, two_sum, ufp

__all__ = ["cumulative", "function", "matmul", "prod", "total"]

# Long double functions of C libraries claim 1 to 3 ulps of 2**-64; granted are 16, and `_trusted` looks at some values.
_BOUND = 2.0**-60
_SAMPLES = (0.3712, -0.731, 0.9124, 1.318, -2.713, 9.121, 37.73, -81.3, 5.31e-3, -7.1e-9, 1.0000031, 612.125)


# ---- functions


def function(name: str) -> Callable[..., np.ndarray]:
    """A function of one or two float64 arrays on the host, rounded once."""

    def run(*arguments: Any) -> np.ndarray:
        whole = np.broadcast_arrays(*(np.asarray(x, np.float64) for x in arguments))
        with np.errstate(all="ignore"):
            wide = _wide(name)(*(x.astype(np.longdouble) for x in whole))
            result = np.array(wide, np.float64)
            usual = np.logical_and.reduce([np.isfinite(x) for x in whole]) & np.isfinite(wide) & (wide != 0)
            if _trusted(name):
                error = np.abs(wide) * _BOUND
                if name == "logaddexp":
                    error = (np.abs(wide) + np.maximum(np.abs(whole[0]), np.abs(whole[1])) + 1) * _BOUND
                usual = usual & ((wide + error).astype(np.float64) != (wide - error).astype(np.float64))
        for place in np.argwhere(usual):
            at = tuple(place)
            result[at] = exact(name, *(float(x[at]) for x in whole))[0]
        return result

    return run


def _wide(name: str) -> Callable[..., Any]:
    numpys = {"atan2": "arctan2", "pow": "power"}.get(name, f"arc{name[1:]}" if name[0] == "a" else name)
    return getattr(np, numpys)


@functools.cache
def _trusted(name: str) -> bool:
    """Whether long double has 64 bits here, and this function gives them at a few values."""
    if np.finfo(np.longdouble).nmant != 63:
        return False
    two = name in ("atan2", "hypot", "logaddexp", "pow")
    for x in _SAMPLES:
        arguments = (abs(x), 1.7 - x / 64) if two else (x,)
        with np.errstate(all="ignore"):
            wide = _wide(name)(*map(np.longdouble, arguments))
        if not np.isfinite(wide) or wide == 0:
            continue
        high, low = exact(name, *arguments)
        if abs((wide - np.longdouble(high)) - np.longdouble(low)) > abs(wide) * np.longdouble(_BOUND / 4):
            return False
    return True


# ---- sums


def total(rows: np.ndarray) -> np.ndarray:
    """The sums along the last axis, zeros positive."""
    shape = rows.shape[:-1]
    flat = np.ascontiguousarray(rows, np.float64).reshape(math.prod(shape), rows.shape[-1])
    return np.asarray([_sum(row) for row in flat], np.float64).reshape(shape)


def _sum(row: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        plain = float(row.sum())
    if not math.isfinite(plain):
        if not np.isfinite(row).all():
            return plain
        return _fraction(sum(map(Fraction, row.tolist()), Fraction(0)))
    return math.fsum(row.tolist()) + 0.0


def _fraction(value: Fraction) -> float:
    try:
        return float(value) + 0.0
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def cumulative(rows: np.ndarray, product: bool = False) -> np.ndarray:
    """The sums, or products, up to each element along the last axis."""
    parts = [(prod if product else total)(rows[..., : i + 1]) for i in range(rows.shape[-1])]
    return np.stack(parts, axis=-1) if parts else np.zeros(rows.shape)


def prod(rows: np.ndarray) -> np.ndarray:
    """The products along the last axis."""
    result = np.array(np.multiply.reduce(rows, axis=-1), np.float64)
    usual = np.isfinite(rows).all(axis=-1) & (rows != 0).all(axis=-1)
    if rows.shape[-1] > 1:
        for place in np.argwhere(usual):
            at = tuple(place)
            result[at] = _fraction(math.prod(map(Fraction, rows[at].tolist()), start=Fraction(1)))
            if result[at] == 0:
                result[at] = math.copysign(0.0, -1.0 if np.signbit(rows[at]).sum() % 2 else 1.0)
    return result


# ---- matrix products


def matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The product of two stacks of float64 matrices, zeros positive."""
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = np.broadcast_to(a, (*stack, *a.shape[-2:])), np.broadcast_to(b, (*stack, *b.shape[-2:]))
    out = np.zeros((*stack, a.shape[-2], b.shape[-1]))
    if 0 not in (*out.shape, a.shape[-1]):
        with np.errstate(all="ignore"):
            for at in np.ndindex(*stack):
                out[at] = _product(a[at], b[at])
    return out


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    high, low, error = _sliced(a, b)
    result, other = high + (low + error), high + (low - error)
    for i, j in np.argwhere(~(result == other)):
        result[i, j] = _dot(a[i], b[:, j])
    return result + 0.0


def _sliced(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The product as high + low, and a bound of the error; NaN where rows or columns leave the range for that."""
    inner = a.shape[1]
    beta = (53 - (inner - 1).bit_length()) // 2
    rows, columns = np.abs(a).max(axis=1), np.abs(b).max(axis=0)
    usual = [np.where((x == 0) | ((x > 2.0**-300) & (x < 2.0**300)), x, np.nan) for x in (rows, columns)]
    left, right = _slices(a, usual[0][:, None], beta), _slices(b, usual[1][None, :], beta)
    high, low = np.zeros((len(a), b.shape[1])), np.zeros((len(a), b.shape[1]))
    # a slice is 2**-beta of the one before it: the first ten products of the sixteen
    for order in (3, 2, 1, 0):
        for i in range(order + 1):
            high, rest = two_sum(high, left[i] @ right[order - i])
            low = low + rest
    high, low = two_sum(high, low)
    scale = np.outer(usual[0], usual[1]) * inner
    # ten pairs left out with a factor of 4 for the slices' roundings, and the additions to low
    return high, low, scale * (64 * 2.0 ** (-4 * beta) + 64 * UNIT * UNIT)


def _slices(x: np.ndarray, largest: np.ndarray, beta: int) -> list[np.ndarray]:
    """Four parts of beta bits each, row by row or column by column, which add up to x but for what lies below."""
    parts = []
    grid = 2.0 * ufp(largest) * 2.0**-beta
    for _ in range(4):
        shift = 1.5 * 2.0**52 * grid
        part = (x + shift) - shift
        parts.append(part)
        x = x - part
        grid = grid * 2.0**-beta
    return parts


def _dot(x: np.ndarray, y: np.ndarray) -> float:
    """The exact scalar product, rounded once."""
    plain = x * y
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return float(plain.sum())
    sizes = np.abs(plain[plain != 0])
    in_range = not sizes.size or (
        sizes.max() < 2.0**960 and sizes.min() > 2.0**-900 and max(np.abs(x).max(), np.abs(y).max()) < 2.0**960
    )
    if in_range and not ((plain == 0) & (x != 0) & (y != 0)).any():
        return math.fsum([*plain.tolist(), *_product_errors(x, y, plain).tolist()]) + 0.0
    return _fraction(sum((Fraction(p) * Fraction(q) for p, q in zip(x.tolist(), y.tolist(), strict=True)), Fraction(0)))


def _product_errors(x: np.ndarray, y: np.ndarray, product: np.ndarray) -> np.ndarray:
    """x * y - product, exactly (Dekker and Veltkamp)."""
    x1, x2 = _halves(x)
    y1, y2 = _halves(y)
    return x2 * y2 - (((product - x1 * y1) - x2 * y1) - x1 * y2)


def _halves(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    cut = x * (2.0**27 + 1.0)
    head = cut - (cut - x)
    return head, x - head
