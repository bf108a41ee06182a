"""Values and how often they occur, against NumPy's."""

import numpy as np

from ..case import A, call, case


def bincount(x, weights=None, minlength=0, length=None):
    x = np.asarray(x)
    if length is not None:
        weights = None if weights is None else weights[(x >= 0) & (x < length)]
        x = x[(x >= 0) & (x < length)]
    return np.bincount(x.astype(int), weights, minlength if length is None else length)


def histogram(x, bins=10, ends=None):
    return np.histogram(x.astype("float64"), bins, ends)


COUNTS = A("n", dtype="int", low=0, high=4)
case(
    "bincount",
    call(COUNTS, length=5),
    call(A("n", dtype="int64", low=0, high=9), length=4),
    call(A("n", dtype="uint8", low=0, high=3), minlength=0, length=6),
    call(COUNTS, A("n"), length=5),
    call(COUNTS, A("n", dtype="int"), length=3),
    call(COUNTS, length=0),
    edges=[
        call(np.array([0, 2, 2, 5]), length=9),
        call(np.array([1, 0, 3]), [0.5, np.nan, 2.0], length=4),
        call(np.zeros(0, np.int32), length=2),
    ],
    errors=[
        (TypeError, call(A(3))),
        (ValueError, call(A(2, 2, dtype="int", low=0))),
        (ValueError, call(A(3, dtype="int", low=0), minlength=-1)),
        (ValueError, call(A(3, dtype="int", low=0), A(2), length=4)),
        (ValueError, call(A(3, dtype="int", low=0), length=-1)),
        (TypeError, call(A(3, dtype="int", low=0), length=1.5)),
    ],
    reference=bincount,
)
SOME = A("n", 3, distinct=True, sizes={"n": (1, 4)})
case(
    "histogram",
    call(SOME, 4),
    call(A("n", distinct=True), 3, (-2.0, 2.5)),
    call(A("n", dtype="int", sizes={"n": (2, 5)}), 2, (-3, 3)),
    edges=[
        call([0.0, 1.0, 1.5, 4.0], 2),
        call([2.0, 2.0], 2),
        call([np.nan, np.inf, 0.5, 1.0], 2, (0, 1)),
        call(np.zeros(0), 2, (1, 1)),
    ],
    errors=[
        (ValueError, call(A(3), 0)),
        (ValueError, call(A(3), 2, (1.0, 0.0))),
        (ValueError, call(A(3), 2, (0.0, np.inf))),
        (ValueError, call(A(3), 2, 1.0)),
        (ValueError, call(A(0))),
        (TypeError, call(A(3), 2.5)),
    ],
    reference=histogram,
)
