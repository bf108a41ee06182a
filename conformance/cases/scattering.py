"""Values put at indices, against loops."""

import numpy as np

from ..case import A, call, case


def scatter(indices, values, shape):
    values = values.astype(np.int32) if values.dtype == bool else values
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    found = np.zeros(shape, values.dtype)
    for place in np.ndindex(*indices.shape[:-1]):
        found[tuple(int(i) for i in indices[place])] += values[place]
    return found


def scatter_add(x, indices, updates):
    x = x.astype(np.int32) if x.dtype == bool else x
    return x + scatter(indices, updates.astype(x.dtype), x.shape)


PLACES = {"dtype": "int", "low": 0, "high": 2}
case(
    "scatter",
    call(A("n", 1, **PLACES), A("n"), (4,)),
    call(A("n", 2, **PLACES), A("n", 2), (3, 4, 2)),
    call(A("n", 2, 1, **PLACES), A("n", 2, 3), [3, 3]),
    call(A(2, **PLACES), A(), (3, 3)),
    call(A("n", 1, dtype="int64", low=0, high=4), A("n", dtype="int"), 5),
    call(A("n", 1, dtype="uint8", low=0, high=1), A("n", dtype="bool"), (2,)),
    edges=[
        call(np.array([[0], [2], [0]]), [1.0, 2.0, 3.0], (4,)),
        call(np.array([[1], [0]]), [np.nan, np.inf], (3,)),
    ],
    kinks=[(call(np.array([[0], [2], [0]]), [1.0, 2.0, 3.0], (4,)), [1, 1, 1])],
    errors=[
        (TypeError, call(A(3, 1), A(3), (4,))),
        (ValueError, call(A(**PLACES), A(3), (4,))),
        (ValueError, call(A(3, 2, **PLACES), A(3), (4,))),
        (ValueError, call(A(3, 0, dtype="int"), A(3), (4,))),
        (ValueError, call(A(3, 1, **PLACES), A(2), (4,))),
        (ValueError, call(A(3, 1, **PLACES), A(3, 2), (4,))),
        (IndexError, call(np.array([[4]]), A(1), (4,))),
        (IndexError, call(np.array([[-1]]), A(1), (4,))),
        (TypeError, call(A(3, 1, **PLACES), A(3), (4.5,))),
    ],
    reference=scatter,
)
case(
    "scatter_add",
    call(A(3), A("n", 1, **PLACES), A("n")),
    call(A(3, "m"), A("n", 1, **PLACES), A("n", "m")),
    call(A(3, 3, "m"), A("n", 2, 2, **PLACES), A("n", 2, "m")),
    call(A(3, dtype="int"), A("n", 1, **PLACES), A("n", dtype="int")),
    call(A(3), A("n", 1, **PLACES), A("n", dtype="int")),
    edges=[call([1.0, np.nan], np.array([[0], [0]]), [2.0, np.inf])],
    kinks=[(call([1.0, 5.0], np.array([[1], [1]]), [2.0, 3.0]), ([1, 1], [1, 1]))],
    errors=[
        (TypeError, call(A(3), A(2, 1), A(2))),
        (ValueError, call(A(3), A(2, 2, **PLACES), A(2))),
        (ValueError, call(A(3), A(2, 1, **PLACES), A(3))),
        (IndexError, call(A(3), np.array([[3]]), A(1))),
    ],
    reference=scatter_add,
)
