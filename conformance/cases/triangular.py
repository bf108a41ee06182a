"""Triangular equations and factors, against NumPy's solutions and an elimination written as loops."""

import numpy as np

from ..case import A, call, case
from .equations import BATCH, INTS, ONE, THREE, solve


def triangular(a, b, lower=False):
    return solve(np.tril(a) if lower else np.triu(a), b)


def lu_factor(a):
    a = np.array(a, np.float64)
    count = min(a.shape[-2:])
    pivots = np.zeros((*a.shape[:-2], count), np.int32)
    for place in np.ndindex(*a.shape[:-2]):
        m = a[place]
        for k in range(count):
            chosen = k + int(np.argmax(np.abs(m[k:, k])))
            pivots[(*place, k)] = chosen
            m[[k, chosen]] = m[[chosen, k]]
            if m[k, k]:
                m[k + 1 :, k] /= m[k, k]
                m[k + 1 :, k + 1 :] -= np.outer(m[k + 1 :, k], m[k, k + 1 :])
    return a, pivots


case(
    "solve_triangular",
    call(ONE, A("n", "k")),
    call(THREE, A(3, "k")),
    call(THREE, A(3), lower=True),
    call(BATCH, A("k", 1, 2, 3, sizes={"k": (1, 3)})),
    call(BATCH, A(2), True),
    call(INTS, A(2)),
    edges=[call([[2.0, np.nan], [1.0, 4.0]], [2.0, 9.0], True)],
    errors=[
        (ValueError, call(A(2), A(2))),
        (ValueError, call(A(2, 3), A(2))),
        (ValueError, call(A(2, 2), A())),
        (ValueError, call(A(2, 2), A(3))),
        (ValueError, call(np.array([[0.0, 1.0], [2.0, 4.0]]), np.array([1.0, 1.0]))),
    ],
    reference=triangular,
)
case(
    "lu_factor",
    call(THREE),
    call(THREE[:, :2]),
    call(np.stack([THREE[:2], THREE[1:]])),
    call(BATCH),
    call(INTS),
    edges=[call([[0.0, 1.0], [0.0, 2.0]]), call([[1.0, 2.0], [-1.0, 4.0]]), call(np.zeros((0, 2)))],
    errors=[(ValueError, call(A(3)))],
    reference=lu_factor,
)
