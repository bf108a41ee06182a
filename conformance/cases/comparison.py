"""Comparisons, selection and logic, against NumPy."""

import numpy as np

from ..case import A, call, case

ODD = np.array([np.nan, np.inf, -np.inf, -1.0, 0.5, 2.0])
FEW = {"dtype": "int", "low": 0, "high": 2}  # so few values that many are equal

for name in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal"):
    bools = [call(A("n", dtype="bool"), A("n", dtype="bool"))]
    case(
        name,
        call(A("n", 3), A("n", 3)),
        call(A("n", 3), A(3)),
        call(A("n"), 1),
        call(0.5, A("n")),
        call(A("n", 3, **FEW), A("n", 3, **FEW)),
        call(A("n", **FEW), A(1, **FEW)),
        call(A("n", **FEW), 1.5),
        *bools,
        exact=True,
        gradient=(),
        edges=[
            call(ODD, ODD[::-1].copy()),
            call(ODD, 0.5),
            call(np.zeros((0, 2)), 1.0),
            call(np.array([0.0, -0.0]), 0.0),
            call(np.array(1.0), np.array(1.0)),
        ],
        kinks=[(call([1.0], 1.0), None)],
        errors=[(ValueError, call(A(3), A(2)))],
        reference=getattr(np, name),
    )
for name, less, more in (("maximum", 0, 1), ("minimum", 1, 0)):  # a tie's gradient goes to the first argument
    case(
        name,
        call(A("n", 3), A("n", 3, low=-3.01, high=3.01)),
        call(A("n", 3), A(3)),
        call(A("n", low=1.1), 1),
        call(0.5, A("n", high=0.4)),
        call(A("n", 3, **FEW), A("n", 3, **FEW)),
        call(A("n", **FEW), 1),
        call(A("n", dtype="bool"), A("n", dtype="bool")),
        exact=True,
        edges=[
            call(ODD, ODD[::-1].copy()),
            call(ODD, 0.5),
            call(np.zeros((0, 2)), 1.0),
            call(np.array([-0.0, -0.0, 1.0]), np.array([-0.0, -0.0, -1.0])),
        ],
        kinks=[
            (call([1.0, 2.0, 0.0], 1.0), [1, more, less]),
            (call([1.0, 2.0, 1.0], [1.0, 1.0, 3.0]), ([1, more, less], [0, less, more])),
        ],
        errors=[(ValueError, call(A(3), A(2)))],
        reference=getattr(np, name),
    )


def where(condition, x, y):
    return np.where(np.asarray(condition, bool), x, y)


MASK = A("n", 3, dtype="bool")
case(
    "where",
    call(MASK, A("n", 3), A("n", 3)),
    call(MASK, A(3), 0.0),
    call(MASK, 1.0, A("n", 1)),
    call(MASK, 1.5, -1.5),
    call(MASK, 1, 0),
    call(A("n", 3, **FEW), A("n", 3), A(3)),
    call(A("n", dtype="bool"), True, False),
    exact=True,
    edges=[call(np.array([True, False]), np.array([1.0, np.nan]), np.array([np.nan, np.inf])), call(ODD, ODD, 0.0)],
    kinks=[(call(np.array([True, False]), [np.inf, np.nan], [np.nan, np.inf]), ([1, 0], [0, 1]))],
    errors=[(ValueError, call(A(2, dtype="bool"), A(3), 0.0))],
    reference=where,
)
for name in ("logical_and", "logical_or"):
    case(
        name,
        call(MASK, MASK),
        call(MASK, A(3, dtype="bool")),
        call(A("n", **FEW), A("n", **FEW)),
        call(MASK, True),
        exact=True,
        gradient=(),
        edges=[call(ODD, True), call(np.array([0.0, 1.0]), np.array([1.0, 0.0]))],
        errors=[(ValueError, call(A(2, dtype="bool"), A(3, dtype="bool")))],
        reference=getattr(np, name),
    )
case(
    "logical_not", call(MASK), call(A("n", **FEW)), exact=True, gradient=(), edges=[call(ODD)], reference=np.logical_not
)
