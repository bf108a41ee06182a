"""Decompositions, against NumPy's with their signs fixed."""

import numpy as np

from ..case import A, call, case

# Literal matrices are not repeated in memory, which would make them singular; theirs stay regular in any order.
ONE = A("n", "n", low=0.5, sizes={"n": (1, 1)})
TWO = np.array([[2.0, 0.5], [-1.0, 1.5]])
THREE = np.array([[2.0, -0.7, 0.4], [0.3, 1.6, -1.1], [0.9, 0.2, -1.4]])
DEFINITE = np.array([[4.0, 2.0], [2.0, 5.0]])
INTS = np.array([[2, 1], [1, 3]], np.int32)
NAN = np.array([[1.0, np.nan], [2.0, 4.0]])


def signs(vectors):
    """The sign of the first component of each column that is almost the largest."""
    size = np.abs(vectors)
    first = np.argmax(size >= 0.9 * np.max(size, axis=-2, keepdims=True), axis=-2)[..., None, :]
    return np.sign(np.take_along_axis(vectors, first, axis=-2))


def symmetric(x):
    x = np.asarray(x, np.float64)
    return (x + np.swapaxes(x, -1, -2)) / 2


def eigh(x):
    values, vectors = np.linalg.eigh(symmetric(x))
    return [values, vectors * signs(vectors)]


def qr(x, mode="reduced"):
    q, r = np.linalg.qr(np.asarray(x, np.float64), mode)
    d = np.sign(np.diagonal(r, axis1=-2, axis2=-1))
    q, r = q.copy(), r.copy()
    q[..., : d.shape[-1]] *= d[..., None, :]
    r[..., : d.shape[-1], :] *= d[..., None]
    return [q, r]


def svd(x, full_matrices=True, compute_uv=True):
    x = np.asarray(x, np.float64)
    u, s, vh = np.linalg.svd(x, full_matrices)
    if not compute_uv:
        return s
    turn = signs(u[..., : s.shape[-1]])
    u, vh = u.copy(), vh.copy()
    u[..., : s.shape[-1]] *= turn
    vh[..., : s.shape[-1], :] *= np.swapaxes(turn, -1, -2)
    return [u, s, vh]


case(
    "cholesky",
    call(A(1, 1, low=0.5)),
    call(A("n", 1, 1, low=0.5), upper=True),
    call(INTS),
    edges=[call(DEFINITE), call(DEFINITE, True), call([[4.0, 1.0], [3.0, 5.0]]), call(np.stack([DEFINITE, np.eye(2)]))],
    kinks=[(call([[4.0, 2.0], [2.0, 5.0]]), [[0.1875, 0.125], [0.125, 0.25]])],
    errors=[
        (ValueError, call(A(3))),
        (ValueError, call(A(2, 3))),
        (ValueError, call(np.array([[1.0, 2.0], [2.0, 1.0]]))),
        (ValueError, call(NAN)),
    ],
    reference=lambda x, upper=False: np.linalg.cholesky(symmetric(x), upper=upper),
)
case(
    "eigh",
    call(ONE),
    call(THREE),
    call(np.stack([TWO, TWO.T + 0.25])),
    call(INTS),
    edges=[call([[3.0, 0.0], [0.0, 2.0]])],
    errors=[(ValueError, call(A(3))), (ValueError, call(A(2, 3))), (ValueError, call(NAN))],
    reference=eigh,
)
case(
    "qr",
    call(ONE),
    call(THREE),
    call(np.stack([THREE[:, :2], THREE[:, 1:]])),
    call(THREE[1:]),
    call(INTS),
    edges=[call([[0.0, 2.0], [3.0, 1.0]]), call(THREE[:, 1:], "complete")],
    errors=[(ValueError, call(A(3))), (ValueError, call(A(2, 3), "economic")), (ValueError, call(NAN))],
    reference=qr,
)
case(
    "svd",
    call(ONE),
    call(THREE),
    call(np.stack([THREE[:, :2], THREE[:, 1:]]), full_matrices=False),
    call(THREE[:2], False),
    call(THREE, True),
    call(THREE, compute_uv=False),
    call(INTS),
    edges=[call([[0.0, 2.0], [3.0, 0.0]]), call(THREE[:, 1:]), call(THREE[1:])],
    errors=[(ValueError, call(A(3))), (ValueError, call(NAN)), (TypeError, call(A(2, 2), "yes"))],
    reference=svd,
)
