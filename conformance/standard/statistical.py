"""Sums, means, extremes, all and any."""

from __future__ import annotations

import math

import numpy as np

from ..case import A, call, standard
from ..subjects.functions import Dtype

INF = math.inf
SOME = {"n": (1, 4), "m": (1, 5)}
M = A("n", "m", sizes=SOME)
X = A("n", 3, "m")
LONG = A(300, low=-1.0, high=1.0)
INTEGERS = [
    call(A("n", 3, dtype=d, low=0, high=4))
    for d in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
]
REDUCED = [call(M), call(X, axis=0), call(X, axis=(0, 2)), call(X, axis=-1, keepdims=True), call(LONG), call(A())]
WRONG = [("2025.12", call(M, axis=2))]  # no axis of the array: an error since this revision

standard(
    "sum",
    *REDUCED,
    *INTEGERS,
    call(A("n", dtype="int8", low=100, high=127)),
    call(A("n", dtype="float32"), dtype=Dtype("float64")),
    exact=False,
    errors=WRONG,
)
standard(
    "prod",
    *REDUCED,
    *(call(A(4, dtype=d, low=1, high=3)) for d in ("int8", "int32", "int64", "uint8")),
    exact=False,
    errors=WRONG,
)
BY_COUNT = [
    call(M),
    call(A("n", 3, "m", sizes=SOME), axis=0),
    call(A("n", 3, "m", sizes=SOME), axis=(0, 2)),
    call(X, axis=1, keepdims=True),
    call(LONG),
]
standard(
    "mean",
    *BY_COUNT,
    exact=False,
    errors=WRONG,
    special=[(call([INF, 1.0]), np.array(INF))],
)
for name in ("var", "std"):
    standard(
        name,
        *BY_COUNT,
        call(X, axis=1, correction=1),
        call(X, axis=1, correction=1.0, keepdims=True),
        exact=False,
        errors=WRONG,
        special=[(call([2.0, 2.0]), np.array(0.0))],
    )
for name in ("max", "min"):
    standard(
        name,
        call(M),
        call(M, axis=0),
        call(M, axis=(0, 1)),
        call(M, axis=-1, keepdims=True),
        *(call(A(5, dtype=d, low=0, high=9)) for d in ("int8", "int32", "int64", "uint8")),
        errors=WRONG,
        special=[(call([-INF, 1.0, INF]), np.array(INF if name == "max" else -INF))],
    )
standard(
    "cumulative_sum",
    call(X, axis=0),
    call(X, axis=-1),
    call(A("n")),
    call(A("n", 3), axis=1, include_initial=True),
    call(LONG),
    *(call(A("n", dtype=d, low=0, high=9)) for d in ("int8", "int32", "int64", "uint8")),
    exact=False,
)
standard(
    "cumulative_prod",
    call(X, axis=0),
    call(X, axis=-1),
    call(A("n")),
    call(A("n", 3), axis=1, include_initial=True),
    *(call(A(4, dtype=d, low=1, high=3)) for d in ("int8", "int32", "int64", "uint8")),
    exact=False,
)
for name in ("all", "any"):
    standard(
        name,
        call(A("n", 3, dtype="bool")),
        call(A("n", 3, dtype="bool"), axis=0),
        call(A("n", 3, dtype="bool"), axis=1, keepdims=True),
        call(A("n", 3, dtype="bool"), axis=(0, 1)),
        special=[(call([0.0, -0.0]), np.array(False))],
    )
standard(
    "diff",
    call(X),
    call(X, axis=1),
    call(A("n", 6), n=2),
    call(A("n", dtype="int", sizes={"n": (1, 5)})),
    call(A(2, "n"), prepend=A(2, 1), append=A(2, 2)),
    exact=False,
)
