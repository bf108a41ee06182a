"""Differences and interpolation, against NumPy's."""

import numpy as np

from ..case import A, call, case


def diff(x, n=1, axis=-1):
    return np.diff(x.astype(np.int32) if x.dtype == bool else x, n, axis)


def interp(x, xp, fp, left=None, right=None):
    return np.interp(x, xp, fp, left, right) if np.size(x) else np.zeros(np.shape(x))


case(
    "diff",
    call(A("n", "m")),
    call(A("n", 3), axis=0),
    call(A("n", 4), 2),
    call(A("n", 2), 0, axis=-2),
    call(A("n", dtype="int"), n=3),
    call(A(3, dtype="bool")),
    edges=[call([np.nan, 1.0, np.inf, np.inf]), call(np.zeros((2, 0)))],
    errors=[
        (ValueError, call(A(2, 3), 1, 2)),
        (ValueError, call(A())),
        (ValueError, call(A(3), -1)),
        (TypeError, call(A(3), 1.5)),
    ],
    reference=diff,
)
PLACES, VALUES = np.array([-2.0, -0.5, 1.0, 2.5]), A(4)
case(
    "interp",
    call(A("n", 3), PLACES, VALUES),
    call(A("n"), PLACES, VALUES, left=-1.0, right=2.0),
    call(A(), PLACES, VALUES),
    call(A("n"), PLACES, VALUES, A(), A()),
    call(A("n", dtype="int"), np.array([-2.5, -0.5, 1.5, 2.5]), VALUES),
    call(A("n"), [0.5], A(1)),
    edges=[
        call(
            [-3.0, -2.0, -0.5, 0.25, 1.0, 2.5, 3.0, np.nan, np.inf, -np.inf],
            [-2.0, -0.5, 1.0, 2.5],
            [1.0, 3.0, 2.0, 7.0],
        ),
        call([1.0, 2.0, 3.0], [1.0, 2.0, 2.0, 3.0], [1.0, 3.0, 5.0, 7.0]),
    ],
    kinks=[
        (
            call([-3.0, 1.0, 2.0, 3.0], [-1.0, 1.0, 3.0], [0.0, 2.0, 8.0]),
            ([0, 3, 3, 0], [0, -4.5, -1.5], [1, 1.5, 1.5]),
        )
    ],
    errors=[
        (ValueError, call(A(2), A(3, 1), A(3))),
        (ValueError, call(A(2), A(3), A(3, 1))),
        (ValueError, call(A(2), A(3), A(2))),
        (ValueError, call(A(2), A(0), A(0))),
        (TypeError, call(A(2, dtype="complex"), A(3), A(3))),
    ],
    reference=interp,
)
