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


COMBINE = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}


def scatter_update(x, indices, updates, reduction="set"):
    found = x.astype(np.int32) if x.dtype == bool and reduction != "set" else x.copy()
    updates = updates.astype(found.dtype)
    for place in np.ndindex(*indices.shape[:-1]):
        at = tuple(int(i) for i in indices[place])
        found[at] = updates[place] if reduction == "set" else COMBINE[reduction](found[at], updates[place])
    return found


def slice_update(x, start, updates):
    found = x.copy()
    found[tuple(slice(int(a), int(a) + k) for a, k in zip(start, updates.shape, strict=True))] = updates
    return found


PLACES = {"dtype": "int", "low": 0, "high": 2}
case(
    "scatter",
    call(A("n", 1, **PLACES), A("n"), (4,)),
    call(A("n", 2, **PLACES), A("n", 2), (3, 4, 2)),
    call(A("n", 2, 1, **PLACES), A("n", 2, 3), [3, 3]),
    call(A(2, **PLACES), A(), (3, 3)),
    call(A("n", 1, dtype="int64", low=0, high=4), A("n", dtype="int"), 5),
    call(A("n", 1, dtype="uint8", low=0, high=1), A("n", dtype="bool"), (2,)),
    call(A("n", 1, dtype="int", low=-2, high=1), A("n"), (2,)),
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
        (IndexError, call(np.array([[-5]]), A(1), (4,))),
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
    call(A(3), A("n", 1, dtype="int64", low=-3, high=-1), A("n")),
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
APART = {"distinct": True, "low": -2.8731, "high": 3.1357}  # from the values of x, too
TIED = call([1.0, 5.0, 2.0], np.array([[1], [0], [1], [0]]), [5.0, 3.0, 5.0, 3.0], "max")
case(
    "scatter_update",
    call(A(3), A("n", 1, **PLACES), A("n")),
    call(A(3, "m"), A("n", 1, **PLACES), A("n", "m"), "set"),
    call(A(3, 3, "m"), A("n", 2, 2, **PLACES), A("n", 2, "m"), reduction="add"),
    call(A(3, "m"), A(4, 1, **PLACES), A(4, "m"), "mul"),
    call(A(3, "m", distinct=True), A("n", 1, **PLACES), A("n", "m", **APART), "max"),
    call(A(3, 3, distinct=True), A("n", 2, **PLACES), A("n", **APART), "min"),
    call(A(3, dtype="bool"), A("n", 1, dtype="int64", low=-3, high=2), A("n", dtype="bool")),
    call(A(3, dtype="bool"), A("n", 1, **PLACES), A("n", dtype="bool"), "max"),
    call(A(3, dtype="int"), A("n", 1, dtype="uint8", low=0, high=2), A("n", dtype="int"), "min"),
    call(A(3, dtype="complex128"), A("n", 1, **PLACES), A("n", dtype="complex128")),
    call(A(0, 2), A(0, 1, dtype="int"), A(0, 2)),
    edges=[
        call([1.0, np.nan, 2.0], np.array([[0], [0], [2]]), [np.nan, 3.0, np.inf]),
        call([1.0, np.nan, 2.0], np.array([[0], [1], [-1]]), [np.nan, 3.0, np.inf], "max"),
    ],
    kinks=[
        (call([1.0, 5.0], np.array([[1], [1]]), [2.0, 3.0]), ([1, 0], [0, 1])),
        (TIED, ([0, 1, 1], [0, 0.5, 0, 0.5])),
        (call([0.0, 5.0], np.array([[0], [0]]), [0.0, 3.0], "mul"), ([0, 1], [0, 0])),
    ],
    errors=[
        (ValueError, call(A(3), A(2, 1, **PLACES), A(2), "mean")),
        (TypeError, call(A(3), A(2, 1), A(2))),
        (TypeError, call(A(3, dtype="complex128"), A(2, 1, **PLACES), A(2, dtype="complex128"), "max")),
        (ValueError, call(A(3), A(2, 2, **PLACES), A(2))),
        (ValueError, call(A(3), A(2, 1, **PLACES), A(3))),
        (IndexError, call(A(3), np.array([[3]]), A(1))),
        (IndexError, call(A(3), np.array([[-4]]), A(1))),
    ],
    reference=scatter_update,
)
case(
    "slice_update",
    call(A(4, 5), (1, 2), A(2, 3)),
    call(A(4, "m"), [1, 0], A("n", "m", sizes={"n": (0, 3)})),
    call(A(4, 5), (A(dtype="int", low=0, high=2), 4), A(2, 1)),
    call(A(4, 5), A(2, dtype="int64", low=0, high=2), A(2, 3)),
    call(A(3, 4, dtype="int"), (0, 0), A(3, 4, dtype="int")),
    call(A(3, dtype="bool"), (2,), A(1, dtype="bool")),
    call(A(5), (3,), A(2, dtype="int")),
    call(A(), (), A()),
    exact=True,
    edges=[call([np.nan, 1.0, 2.0], (1,), [np.inf, np.nan])],
    errors=[
        (ValueError, call(A(4), (3,), A(2))),
        (ValueError, call(A(4), (-1,), A(2))),
        (ValueError, call(A(4), (0,), A(5))),
        (ValueError, call(A(4), np.array([3]), A(2))),
        (ValueError, call(A(4), (0, 0), A(2))),
        (ValueError, call(A(4), (0,), A(2, 1))),
        (TypeError, call(A(4), (0.5,), A(2))),
    ],
    reference=slice_update,
)
