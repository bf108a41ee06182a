"""The definition of "identical": how far a result may be from the reference.

Every bound is derived: errors of single functions in units in the last place (CUDA and OpenCL accuracy tables,
with margins for measured libraries), sums by the statistical form of Higham's bound, and compositions by first-order
running error analysis (Higham, Accuracy and Stability of Numerical Algorithms, sections 3.1 and 3.3).
"""

from __future__ import annotations

import contextlib
import contextvars
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "ARITHMETIC",
    "EPS",
    "FLOOR",
    "LARGEST",
    "Expected",
    "analysing",
    "deviation",
    "differences",
    "summation",
    "ulps",
    "ulps_of",
]

EPS = {"float16": 2.0**-10, "float32": 2.0**-23, "float64": 2.0**-52}  # one ulp of 1
LARGEST = {name: float(np.finfo(name).max) for name in EPS}
SMALLEST_NORMAL = {name: float(np.finfo(name).smallest_normal) for name in EPS}
# Results below the normal numbers may be flushed to zero: the standard leaves subnormals open. Every library computes
# float16 in float32, so only its own subnormals are lost.
FLOOR = {"float16": 2.0**-24, "float32": 2.0**-126, "float64": 2.0**-1022}

ARITHMETIC = 0.5  # + - * / are correctly rounded in every measured library

# Ulps of the result of one function. sqrt is not correctly rounded in torch (measured .75), hence 1.
ULPS = {
    "add": ARITHMETIC,
    "subtract": ARITHMETIC,
    "multiply": ARITHMETIC,
    "divide": ARITHMETIC,
    "reciprocal": ARITHMETIC,
    "square": ARITHMETIC,
    "sqrt": 1.0,
    "exp": 4.0,
    "log": 4.0,
    "log2": 4.0,
    "log10": 4.0,
    "sin": 4.0,
    "cos": 4.0,
    "tanh": 4.0,
    "hypot": 4.0,
    "atan2": 6.0,
    "tan": 6.0,
    "asin": 6.0,
    "acos": 6.0,
    "atan": 6.0,
    "sinh": 6.0,
    "cosh": 6.0,
    "asinh": 6.0,
    "acosh": 6.0,
    "atanh": 6.0,
    "log1p": 6.0,
    "expm1": 6.0,
    "logaddexp": 8.0,
    "pow": 16.0,
    "remainder": 1.0,
    "linspace": 2.0,
    "arange": 2.0,
}

# Measured on jax's CPU backend: sinh and cosh 24, atanh 120 and log1p 42 (float64), expm1 and tanh 5.
ULPS_OF_LIBRARY = {"jax": {"sinh": 32.0, "cosh": 32.0, "tanh": 8.0, "expm1": 8.0, "log1p": 256.0, "atanh": 256.0}}

_library: contextvars.ContextVar[str] = contextvars.ContextVar("library", default="")


@contextlib.contextmanager
def analysing(library: str) -> Iterator[None]:
    """Within the block, `ulps_of` gives the ulps allowed for this library."""
    token = _library.set(library)
    try:
        yield
    finally:
        _library.reset(token)


def ulps_of(function: str) -> float:
    """The ulps that a function of the standard may be off; 0 if it is exact."""
    return ULPS_OF_LIBRARY.get(_library.get(), {}).get(function, ULPS.get(function, 0.0))


def magnitude(function: str, out: np.ndarray, operands: Sequence[np.ndarray]) -> np.ndarray:
    """The number whose ulps count: the result, or for logaddexp (an operand plus a small term) the larger operand."""
    size = np.abs(out)
    if function == "logaddexp":
        for x in operands:
            size = np.maximum(size, np.where(np.isfinite(x), np.abs(x), 0.0))
    return size


def summation(count: int) -> float:
    """The factor of eps * sum |terms| for a sum of `count` terms in any order.

    n/2 is the guaranteed worst case. Rounding errors of random sign stay below (4 + sqrt n)/2, with a margin of at
    least 3 over the largest measured error (2.3 eps sum|terms|, a convolution of 144 terms).
    """
    return 0.0 if count < 2 else ARITHMETIC * (4.0 + math.sqrt(count))


class Expected(NamedTuple):
    """One expected result: values computed in float64, and how far each may be off; None: bit for bit.

    An infinite bound leaves an element unchecked: its value depends on rounding (a comparison of equals, an overflow).
    """

    value: np.ndarray
    bound: np.ndarray | None
    dtype: str


def differences(expected: Expected, got: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each element's error and the largest allowed one, for arrays of one shape; NaN equals NaN."""
    if expected.bound is None:
        return _bitwise(expected.value, got), np.zeros(got.shape)
    wide = _wide(expected.value.dtype, got.dtype)
    value, got = expected.value.astype(wide), got.astype(wide)
    with np.errstate(all="ignore"):
        same = (value == got) | ((value != value) & (got != got))
        gap = value - got if value.dtype.kind in "fc" else value.astype(np.longdouble) - got.astype(np.longdouble)
        error = np.where(same, 0.0, np.abs(gap).astype(np.float64))
        error = np.where(np.isnan(error), np.inf, error)
        # the reference has rounding errors too, of float64
        own = float(np.finfo(np.longdouble).eps) if expected.value.dtype == np.longdouble else EPS["float64"]
        bound = expected.bound * (1.0 + own / EPS.get(expected.dtype, 1.0))
        if expected.dtype in EPS:
            # where the bound reaches across, the result may be the largest number or infinity
            limit = LARGEST[expected.dtype]
            border = np.isinf(got) & np.isfinite(value) & (np.abs(value).astype(np.float64) + bound >= limit)
            error = np.where(border | np.isinf(bound), 0.0, error)
    return np.where(np.isinf(bound), 0.0, error), bound


def _wide(value: np.dtype, got: np.dtype) -> Any:
    """Where the difference of a reference and a result is exact, or off by less than the bound is widened for.

    A reference in extended precision and integers beside floats need that precision, in which NumPy takes ten times as
    long as in float64.
    """
    if value.name in EPS and got.name in EPS:
        return np.float64
    kinds = value.kind + got.kind
    return np.clongdouble if "c" in kinds else np.longdouble if "f" in kinds else got


def ulps(value: np.ndarray, error: np.ndarray, bound: np.ndarray, dtype: str) -> float:
    """The worst error in units in the last place; zeros, subnormals and unchecked elements do not count."""
    with np.errstate(all="ignore"):
        near = np.abs(value).astype(dtype)
        normal = np.isfinite(near) & (near >= SMALLEST_NORMAL[dtype])
        counted = normal & np.isfinite(error) & np.isfinite(bound)
        return float(np.max(error / np.spacing(near).astype(np.float64), initial=0.0, where=counted))


def _bitwise(value: np.ndarray, got: np.ndarray) -> np.ndarray:
    """0 where equal, the sign of zero included; elsewhere the difference, or the smallest number for a wrong sign."""
    if value.dtype == got.dtype and value.tobytes() == got.tobytes():
        return np.zeros(got.shape)
    with np.errstate(all="ignore"):
        same = (value == got) | ((value != value) & (got != got))
        if got.dtype.kind == "f":
            signs = np.signbit(value) == np.signbit(got)
            same &= signs | (got != got)
        if got.dtype.kind == "b":
            return np.where(same, 0.0, 1.0)
        error = (
            np.abs(value.astype(np.float64) - got.astype(np.float64)) if got.dtype.kind != "c" else np.abs(value - got)
        )
        error = np.where(np.isnan(error), np.inf, np.maximum(error, np.finfo(np.float64).tiny))
    return np.where(same, 0.0, error)


def deviation(error: np.ndarray, bound: np.ndarray) -> float:
    """The worst error as a fraction of its bound: 0 identical, above 1 wrong."""
    if not error.size or not error.any():
        return 0.0
    with np.errstate(all="ignore"):
        return float(np.max(np.where(error > 0, error / bound, 0.0)))
