"""The error function, against the C library's, and its inverse, against bisection."""

import math

import numpy as np

from ..case import A, call, case

ODD = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 0.5, -0.5, 1.0, -1.0, 1e-5, 9.0, -9.0, 90.0, -90.0])

case(
    "erf",
    call(A("n", "m")),
    call(A("n", low=-0.01, high=0.01)),
    call(A(dtype="int")),
    edges=[call(ODD)],
    reference=np.vectorize(math.erf, otypes=[float]),
)
case(
    "erfc",
    call(A("n", "m")),
    call(A("n", low=-0.01, high=0.01)),
    call(A(dtype="int")),
    edges=[call(ODD)],
    reference=np.vectorize(math.erfc, otypes=[float]),
)


def erfinv(x):
    """The inverse of the C library's function, by halving an interval."""
    if not -1.0 <= x <= 1.0:
        return math.nan
    if abs(x) == 1.0 or x == 0.0:
        return math.copysign(math.inf, x) if x else x
    low, high = 0.0, 6.0
    for _ in range(120):
        middle = 0.5 * (low + high)
        above = math.erfc(middle) < 1.0 - abs(x) if abs(x) > 0.5 else math.erf(middle) > abs(x)
        low, high = (low, middle) if above else (middle, high)
    return math.copysign(low, x)


case(
    "erfinv",
    call(A("n", "m", low=-0.95, high=0.95)),
    call(A("n", low=-0.01, high=0.01)),
    edges=[call(np.array([np.nan, 1.0, -1.0, 1.5, -2.0, np.inf, -0.0, 0.0, 1e-5, 0.5, -0.5, 0.75]))],
    reference=np.vectorize(erfinv, otypes=[float]),
)
