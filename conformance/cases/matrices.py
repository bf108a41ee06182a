"""Products, triangles and diagonals, against NumPy's."""

import numpy as np

from ..case import A, call, case

INT = {"dtype": "int", "low": -4, "high": 4}
BOOLS = A(2, 3, dtype="bool")


def numbers_of(x):
    return x.astype(np.int32) if isinstance(x, np.ndarray) and x.dtype == bool else x


def numbers(function):
    """A reference that takes booleans for the numbers 0 and 1."""
    return lambda *args, **more: function(*map(numbers_of, args), **more)


def over_last_axes(function):
    """A reference from a function whose matrices are along the first two axes by default."""
    return lambda x, offset=0, axis1=-2, axis2=-1: function(x, offset, axis1, axis2)


case(
    "matmul",
    call(A("n", "k"), A("k", "m")),
    call(A("k"), A("k", "m")),
    call(A("n", "k"), A("k")),
    call(A("k"), A("k")),
    call(A(2, 1, 3, "k"), A("n", "k", 2)),
    call(A("n", "k", **INT), A("k", 2, **INT)),
    call(A("n", 3), A(3, 2, **INT)),
    call(BOOLS, A(3, 2, dtype="bool")),
    edges=[call(np.zeros((2, 0)), np.zeros((0, 3))), call(np.array([[np.inf, 1.0]]), np.array([[0.0], [1.0]]))],
    errors=[(ValueError, call(A(2, 3), A(2, 3))), (ValueError, call(A(), A(3))), (ValueError, call(A(2, 3), 2.0))],
    reference=numbers(np.matmul),
)
case(
    "outer",
    call(A("n"), A("m")),
    call(A("n", 2), A(3)),
    call(A(), A("m")),
    call(A("n", **INT), A("m")),
    call(A("n", **INT), A("m", **INT)),
    call(BOOLS, A(2, dtype="bool")),
    edges=[call([np.inf, 0.0], [0.0, np.nan])],
    reference=numbers(np.outer),
)
case(
    "kron",
    call(A("n"), A("m")),
    call(A("n", 2), A(3, "m")),
    call(A("n", 2), A("m")),
    call(A(2), A("n", 1, 3)),
    call(A(), A("m")),
    call(A("n", **INT), A("m", **INT)),
    edges=[call([np.inf, 0.0], [0.0, np.nan])],
    reference=numbers(lambda x, y: np.kron(x, y) if x.size and y.size else kron_of_nothing(x, y)),
)


def kron_of_nothing(x, y):
    ndim = max(x.ndim, y.ndim)
    first, second = ((1,) * (ndim - z.ndim) + z.shape for z in (x, y))
    return np.zeros([a * b for a, b in zip(first, second, strict=True)])


case(
    "tensordot",
    call(A("n", 2, "k"), A(2, "k", "m")),
    call(A("n", "k"), A("k", "m"), axes=1),
    call(A("n"), A("m"), axes=0),
    call(A("k", 3, "n"), A("m", 3, "k"), axes=((0, 1), (2, 1))),
    call(A("n", 3), A("m", 3), (-1, -1)),
    call(A("n", 3, **INT), A(3, 2, **INT), 1),
    errors=[
        (ValueError, call(A(2, 3), A(2, 3), 1)),
        (ValueError, call(A(2, 3), A(2, 3), 3)),
        (ValueError, call(A(2, 3), A(2, 3), ((0,), (0, 1)))),
        (ValueError, call(A(2, 3), A(2, 3), (2, 0))),
        (TypeError, call(A(2, 3), A(2, 3), None)),
        (ValueError, call(A(1, 3), A(3, 2), ((0,), (0,)))),
    ],
    reference=numbers(np.tensordot),
)
for name in ("tril", "triu"):
    case(
        name,
        call(A("n", "m")),
        call(A(2, "n", 3), k=1),
        call(A("n", 4), -2),
        call(A("n", 3, dtype="int"), 9),
        call(BOOLS, -9),
        exact=True,
        edges=[call([[np.nan, np.inf], [np.nan, -0.0]])],
        errors=[(ValueError, call(A(3))), (TypeError, call(A(2, 3), 0.5))],
        reference=getattr(np, name),
    )
SIZED = {"n": (1, 4), "m": (1, 4)}
for name in ("diagonal", "trace"):
    case(
        name,
        call(A("n", "m", sizes=SIZED)),
        call(A(2, "n", 4, sizes=SIZED), offset=1),
        call(A("n", 3, 2, sizes=SIZED), -1, 0, 1),
        call(A(3, "n", 4, sizes=SIZED), axis1=-1, axis2=0),
        call(A(3, 3, dtype="int"), 9),
        call(BOOLS, -1),
        exact=name == "diagonal",
        edges=[call([[np.nan, 1.0], [2.0, -0.0]]), call(np.zeros((0, 3)))],
        errors=[
            (ValueError, call(A(3))),
            (ValueError, call(A(2, 3), 0, 0, 0)),
            (ValueError, call(A(2, 3), 0, 0, 2)),
            (TypeError, call(A(2, 3), 0.5)),
        ],
        reference=over_last_axes(getattr(np, name)),
    )
