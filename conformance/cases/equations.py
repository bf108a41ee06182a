"""Equations, inverses and determinants, against NumPy's."""

import numpy as np

from ..case import A, call, case

# Literal matrices are not repeated in memory, which would make them singular; theirs stay regular in any order.
ONE = A("n", "n", low=0.5, sizes={"n": (1, 1)})
TWO = np.array([[2.0, 0.5], [-1.0, 1.5]])
THREE = np.array([[2.0, -0.7, 0.4], [0.3, 1.6, -1.1], [0.9, 0.2, -1.4]])
BATCH = np.stack([TWO, TWO.T + 0.25])
SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])
NAN = np.array([[1.0, np.nan], [2.0, 4.0]])
INTS = np.array([[2, 1], [1, 3]], np.int32)
NOT_SQUARE = [(ValueError, call(A(3))), (ValueError, call(A(2, 3))), (ValueError, call(1.0))]


def solve(a, b):
    vector = np.ndim(b) == 1
    found = np.linalg.solve(np.asarray(a, "float64"), np.asarray(b, "float64")[:, None] if vector else b)
    return found[..., 0] if vector else found


def wide(function):
    return lambda x, *args, **more: function(np.asarray(x, np.float64), *args, **more)


case(
    "solve",
    call(ONE, A("n", "k")),
    call(ONE, A("n", sizes={"n": (1, 1)})),
    call(THREE, A(3, "k")),
    call(THREE, A(3)),
    call(BATCH, A("k", 1, 2, 3, sizes={"k": (1, 3)})),
    call(BATCH, A(2)),
    call(INTS, A(2)),
    call(TWO, np.array([1, 2], np.int32)),
    edges=[call([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0])],
    kinks=[(call([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0]), ([[-0.5, -0.25], [-0.25, -0.125]], [0.5, 0.25]))],
    errors=[
        (ValueError, call(A(2), A(2))),
        (ValueError, call(A(2, 3), A(2))),
        (ValueError, call(A(2, 2), A())),
        (ValueError, call(A(2, 2), A(3))),
        (ValueError, call(A(2, 2, 2), A(3, 2, 1))),
        (ValueError, call(SINGULAR, np.array([1.0, 1.0]))),
        (ValueError, call(NAN, np.array([1.0, 1.0]))),
    ],
    reference=solve,
)
case(
    "inv",
    call(ONE),
    call(THREE),
    call(BATCH),
    call(INTS),
    edges=[call([[2.0, 0.0], [0.0, 4.0]])],
    kinks=[(call([[2.0, 0.0], [0.0, 4.0]]), [[-0.25, -0.125], [-0.125, -0.0625]])],
    errors=[*NOT_SQUARE, (ValueError, call(SINGULAR)), (ValueError, call(NAN))],
    reference=wide(np.linalg.inv),
)
case(
    "pinv",
    call(ONE),
    call(THREE[:, :2]),
    call(np.stack([THREE[:2], THREE[1:]])),
    call(TWO, rtol=1e-3),
    call(INTS),
    edges=[call([[2.0, 0.0]])],
    errors=[(ValueError, call(A(3))), (ValueError, call(NAN)), (TypeError, call(A(2, 2), "small"))],
    reference=wide(np.linalg.pinv),
)
case(
    "det",
    call(ONE),
    call(THREE),
    call(BATCH),
    call(INTS),
    edges=[call(NAN), call([[2.0, 0.0], [0.0, 4.0]])],
    errors=NOT_SQUARE,
    reference=wide(np.linalg.det),
)
case(
    "slogdet",
    call(ONE),
    call(THREE),
    call(BATCH),
    call(INTS),
    edges=[call([[0.0, 1.0], [1.0, 0.0]]), call([[0.0, 0.0], [0.0, 1.0]])],
    errors=NOT_SQUARE,
    reference=wide(lambda x: list(np.linalg.slogdet(x))),
)


def lstsq(a, b, rcond=None):
    inverse = np.linalg.pinv(np.asarray(a, np.float64), rcond=rcond)
    return (inverse @ b[:, None])[..., 0] if np.ndim(b) == 1 else inverse @ b


case(
    "lstsq",
    call(ONE, A("n", "k")),
    call(THREE[:, :2], A(3)),
    call(THREE[:2], A(2, "k")),
    call(np.stack([THREE[:2], THREE[1:]]), A(2, 3)),
    call(TWO, A(2), rcond=1e-3),
    call(INTS, A(2)),
    edges=[call([[1.0], [1.0]], [1.0, 3.0])],
    errors=[
        (ValueError, call(A(2), A(2))),
        (ValueError, call(A(2, 2), A())),
        (ValueError, call(A(3, 2), A(2))),
        (ValueError, call(NAN, np.array([1.0, 1.0]))),
    ],
    reference=lstsq,
)
