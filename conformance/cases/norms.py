"""Norms, against NumPy's."""

import numpy as np

from ..case import A, call, case


def norm(x, order=None, axis=None, keepdims=False):
    x = np.asarray(x, np.float64)
    axis = tuple(axis) if isinstance(axis, list) else axis
    if order is None:
        return np.sqrt(np.sum(np.square(x), axis=axis, keepdims=keepdims))
    return np.linalg.norm(x, order, axis, keepdims)


FULL = A("n", 3, "k", distinct=True, low=0.3, sizes={"n": (1, 4), "k": (1, 4)})
MATRIX = A("n", 3, distinct=True, low=0.3, sizes={"n": (1, 4)})
case(
    "norm",
    call(FULL),
    call(FULL, axis=1),
    call(FULL, None, [0, 2], True),
    *(call(FULL, order, axis=-1) for order in (1, 2, 3, -1, 0.5, np.inf, -np.inf)),
    call(FULL, 0, 0),
    *(call(MATRIX, order) for order in ("fro", 1, -1, np.inf, -np.inf)),
    call(FULL, 1, (2, 0), True),
    call(FULL, -np.inf, (-1, 0)),
    *(call(A(3, 2, distinct=True, low=0.3), order) for order in ("nuc", 2, -2)),
    call(A(2, 3, 2, distinct=True, low=0.3), 2, axis=(1, 2), keepdims=True),
    call(A("n", dtype="int")),
    edges=[call([[3.0, np.nan], [np.inf, 0.0]], None, 1), call([0.0, -2.0], np.inf), call(np.zeros((2, 0)), None, 1)],
    kinks=[
        (call([0.0, 0.0]), [0, 0]),
        (call([0.0, -2.0], 1), [0, -1]),
        (call([2.0, -2.0, 1.0], np.inf), [0.5, -0.5, 0]),
    ],
    errors=[
        (ValueError, call(FULL, 1)),
        (ValueError, call(FULL, "fro", 1)),
        (ValueError, call(MATRIX, 3)),
        (ValueError, call(MATRIX, "max")),
        (ValueError, call(MATRIX, None, 2)),
        (ValueError, call(MATRIX, None, (0, 0))),
        (TypeError, call(MATRIX, None, 0.5)),
    ],
    reference=norm,
)
