"""Divisors and multiples, against NumPy's."""

import numpy as np

from ..case import A, call, case

WHOLE = A("n", "m", dtype="int", low=-60, high=60)
ERRORS = [
    (TypeError, call(A(3), A(3, dtype="int"))),
    (TypeError, call(A(3, dtype="bool"), A(3, dtype="bool"))),
    (ValueError, call(A(3, dtype="int"), A(2, dtype="int"))),
]
BIG = np.array([1836311903, -1134903170, 0, 2147483647], np.int32)  # neighbours among Fibonacci's numbers take longest

for name, function in (("gcd", np.gcd), ("lcm", np.lcm)):
    case(
        name,
        call(WHOLE, A("m", dtype="int", low=-60, high=60)),
        call(WHOLE, 12),
        call(A("n", dtype="uint8", low=0, high=12), A("n", dtype="uint8", low=0, high=12)),
        call(A("n", dtype="int64", low=-9, high=9), A(1, dtype="int64", low=-9, high=9)),
        exact=True,
        gradient=(),
        edges=[call(np.array([0, 0, 6], np.int32), np.array([0, 5, -4], np.int32))]
        + ([call(BIG, BIG[[1, 0, 2, 3]])] if name == "gcd" else []),
        errors=ERRORS,
        reference=function,
    )
