"""The error function, against the C library's."""

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
