"""Products, the order of axes and rows by number, against einsum and loops."""

import numpy as np

from ..case import A, call, case


def batch_dot(x, y, axes=None):
    """One tensordot per element of the batch."""
    if axes is None:
        axes = (x.ndim - 1, y.ndim - 1 if y.ndim == 2 else y.ndim - 2)
    a, b = (axes, axes) if isinstance(axes, int) else axes
    a, b = a % x.ndim - 1, b % y.ndim - 1
    found = [np.tensordot(u, v, axes=((a,), (b,))) for u, v in zip(x, y, strict=True)]
    if found:
        found = np.stack(found)
    else:
        rest = [n for i, n in enumerate(x.shape[1:]) if i != a] + [n for i, n in enumerate(y.shape[1:]) if i != b]
        found = np.zeros((0, *rest))
    return found[:, None] if found.ndim == 1 else found


def one_hot(indices, num_classes):
    return (np.asarray(indices)[..., None] == np.arange(num_classes)).astype("float64")


INT = {"dtype": "int", "low": -4, "high": 4}
ROWS = A(4, "k")
CHOICE = {"dtype": "int", "low": 0, "high": 3}

case(
    "dot",
    call(A("n", "k"), A("k", "m")),
    call(A("n", "t", 3), A(3, "m")),
    call(A("n", 3), A(2, 3, "m")),
    call(A("n", 3), A(3)),
    call(A("k"), A("k")),
    call(A(3), A(2, 3, "m")),
    call(A("n", "k", **INT), A("k", 2, **INT)),
    call(A("n", 3), A(3, 2, **INT)),
    edges=[call(np.zeros((2, 0)), np.zeros((0, 3))), call(np.array([[np.inf, 1.0]]), np.array([[0.0], [1.0]]))],
    errors=[
        (ValueError, call(A(2, 3), A(2, 3))),
        (ValueError, call(A(2, 3, 4), A(3, 4))),
        (ValueError, call(A(), A(3))),
        (ValueError, call(2.0, A(3))),
    ],
    reference=np.dot,
)
case(
    "batch_dot",
    call(A("n", "k"), A("n", "k")),
    call(A("n", 3, "k"), A("n", "k")),
    call(A("n", 4), A("n", 4, "m"), 1),
    call(A("n", 2, "k"), A("n", 3, "k"), 2),
    call(A("n", 2, 3, "k"), A("n", 2, "k", 3)),
    call(A("n", 2, "k", 2), A("n", "k", 2, 3), axes=(2, 1)),
    call(A("n", "k"), A("n", 2, 3, "k"), axes=[1, 3]),
    call(A("n", 2, "k"), A("n", "k", 3), axes=(-1, -2)),
    call(A("n", 2, 3, **INT), A("n", 3, 2, **INT)),
    edges=[call(np.zeros((2, 3, 0)), np.zeros((2, 0, 4)))],
    errors=[
        (ValueError, call(A(2), A(2, 3))),
        (ValueError, call(A(2, 3), A(2, 3), 0)),
        (ValueError, call(A(2, 3), A(1, 3))),
        (ValueError, call(A(2, 3), A(2, 4))),
        (TypeError, call(A(2, 3), A(2, 3), axes=((1,), 1))),
        (ValueError, call(A(2, 3), A(2, 3), axes=2)),
    ],
    reference=batch_dot,
)
case(
    "transpose",
    call(A("n", "m")),
    call(A("n", 3, "k", 2)),
    call(A("n")),
    call(A()),
    call(A("n", 2, dtype="bool")),
    exact=True,
    reference=np.transpose,
)
case(
    "permute_dimensions",
    call(A("n", 3, "k"), (2, 0, 1)),
    call(A("n", 3, "k"), [0, -1, 1]),
    call(A("n", 2, dtype="int"), (1, 0)),
    exact=True,
    errors=[
        (ValueError, call(A(2, 3), (0,))),
        (ValueError, call(A(2, 3), (0, 0))),
        (ValueError, call(A(2, 3), (0, 2))),
    ],
    reference=np.transpose,
)
case(
    "gather",
    call(ROWS, A("n", **CHOICE)),
    call(ROWS, A("n", 2, **CHOICE)),
    call(A(4, 2, "k"), A("n", 1, 2, **CHOICE)),
    call(A(4), A("n", **CHOICE)),
    call(ROWS, A(**CHOICE)),
    call(ROWS, [0, 0, 3, 0]),
    call(A(4, "k", dtype="bool"), [[1, 2]]),
    exact=True,
    edges=[call(np.array([np.nan, np.inf, -0.0]), [2, 1, 0, 1])],
    errors=[
        (IndexError, call(A(4, 2), [4])),
        (IndexError, call(A(4, 2), np.array([0, 4], np.int32))),
        (IndexError, call(A(4, 2), np.array([-1], np.int32))),
        (IndexError, call(A(4, 2), [-1])),
        (TypeError, call(A(4, 2), [0.5])),
        (ValueError, call(A(), [0])),
    ],
    reference=lambda x, indices: x[np.asarray(indices, int)],
)
case(
    "one_hot",
    call(A("n", dtype="int", low=-1, high=4), 4),
    call(A("n", 2, dtype="int", low=0, high=2), 3),
    call(A("n", dtype="int"), 0),
    exact=True,
    gradient=(),
    edges=[call(np.array(2, dtype="int64"), 3)],
    errors=[(TypeError, call(A(3), 2))],
    reference=one_hot,
)
