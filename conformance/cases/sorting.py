"""Orders along an axis, against NumPy's; NaN is the largest of all."""

import numpy as np

from ..case import A, call, case

ROWS = A("n", "m", distinct=True)
ODD = np.array([[np.nan, 1.0, -np.inf, np.nan], [np.inf, -1.0, 3.0, 3.0]])


def number(x):
    return x.astype(np.int32) if x.dtype == bool else x


def sort(x, axis=-1, descending=False):
    found = np.sort(number(x), axis=axis, kind="stable")
    return np.flip(found, axis=axis) if descending else found


def argsort(x, axis=-1, descending=False):
    x = number(x)
    if not descending:
        return np.argsort(x, axis=axis, kind="stable")
    last = np.flip(np.argsort(np.flip(x, axis=axis), axis=axis, kind="stable"), axis=axis)
    return x.shape[axis] - 1 - last


for name, reference in (("sort", sort), ("argsort", argsort)):
    case(
        name,
        call(ROWS),
        call(ROWS, axis=0),
        call(A("n", 2, "m", distinct=True), axis=-2, descending=True),
        call(A("n", dtype="int"), descending=True),
        call(A("n", dtype="bool")),
        call(A("n", dtype="uint8", high=9)),
        exact=True,
        gradient=None if name == "sort" else (),
        edges=[call(ODD), call(ODD, descending=True), call(np.zeros((0, 3)), 0), call(np.array([0.0, -0.0, 0.0]))],
        kinks=[(call([2.0, 1.0, 3.0]), [1, 1, 1] if name == "sort" else None)],
        errors=[
            (ValueError, call(A(2, 3), axis=2)),
            (ValueError, call(A())),
            (TypeError, call(A(2, dtype="complex"))),
            (TypeError, call(A(2), axis=None)),
        ],
        reference=reference,
    )
case(
    "searchsorted",
    call([-2.0, -0.5, 1.0, 2.0], A("n", 3)),
    call(np.array([-2, 0, 0, 1], np.int32), A("n", dtype="int"), side="right"),
    call(np.array([-2, 0, 0, 1], np.int32), A("n")),
    call(np.array([0.5]), A()),
    call(np.zeros(0), A("n")),
    exact=True,
    gradient=(),
    edges=[call([0.0, 1.0, 1.0, np.inf], [1.0, -np.inf, np.inf, -0.0], side) for side in ("left", "right")],
    errors=[
        (ValueError, call(A(2, 3), A(2))),
        (ValueError, call(A(3), A(2), side="middle")),
        (TypeError, call(A(3, dtype="complex"), A(2))),
    ],
    reference=lambda s, v, side="left": np.searchsorted(s, v, side=side),
)
