"""Elements chosen, segments and padding, against NumPy and loops."""

import numpy as np

from ..case import A, call, case
from .segments import ERRORS, ODD, calls


def top_k(x, k, **order):
    x = x.astype(np.int32) if x.dtype == bool else x
    order = np.lexsort((np.where(np.isnan(x), 0, -x), ~np.isnan(x)), axis=-1)[..., :k]  # NaN is the largest
    return np.take_along_axis(x, order, axis=-1), order


def take_along_axis(x, indices, axis=-1):
    shape = list(np.broadcast_shapes(np.delete(x.shape, axis), np.delete(indices.shape, axis)))
    axis %= x.ndim
    return np.take_along_axis(
        np.broadcast_to(x, (*shape[:axis], x.shape[axis], *shape[axis:])),
        np.broadcast_to(indices, (*shape[:axis], indices.shape[axis], *shape[axis:])).astype(int),
        axis=axis,
    )


def segment_sum(data, segment_ids, num_segments):
    result = np.zeros((num_segments, *data.shape[1:]), np.int32 if data.dtype == bool else data.dtype)
    for part, i in zip(data, segment_ids, strict=True):
        if 0 <= i < num_segments:
            result[i] += part
    return result


def pad(x, pad_width, mode="constant", constant_value=0):
    return np.pad(x, pad_width, mode, **({"constant_values": constant_value} if mode == "constant" else {}))


ROW = A("m", distinct=True, sizes={"m": (2, 5)})

case(
    "top_k",
    call(ROW, 2),
    call(A("n", 6, distinct=True), 3),
    call(A(2, "n", 5, distinct=True), 5, sorted=False),
    call(A("n", 4, dtype="int"), 2),
    call(A("n", 3, dtype="bool"), 1),
    call(A("n", "m", distinct=True), 0),
    exact=True,
    edges=[call([[1.0, 3.0, 3.0, 2.0], [-0.0, 0.0, -1.0, 0.0]], 3), call([1.0, np.inf, np.nan, -np.inf], 4)],
    errors=[
        (ValueError, call(A(3), 4)),
        (ValueError, call(A(3), -1)),
        (ValueError, call(A(), 0)),
        (TypeError, call(A(3), 1.5)),
    ],
    reference=top_k,
)
CHOSEN = A("n", "k", dtype="int", low=-3, high=2)
case(
    "take_along_axis",
    call(A("n", 3), CHOSEN),
    call(A(3, "n"), A("k", "n", dtype="int64", low=0, high=2), axis=0),
    call(A(1, 3), CHOSEN, 1),
    call(A("n", 3, 4), A(1, "k", 4, dtype="int", low=0, high=2), axis=1),
    call(A("n", 3), A("n", 2, dtype="uint8", low=0, high=2)),
    exact=True,
    edges=[call([[np.nan, 1.0, np.inf]], np.array([[0, 0, -1]], np.int32))],
    errors=[
        (TypeError, call(A(2, 3), A(2, 1))),
        (ValueError, call(A(2, 3), A(3, dtype="int"))),
        (ValueError, call(A(2, 3), A(2, 1, dtype="int"), axis=2)),
        (ValueError, call(A(2, 3), A(3, 1, dtype="int"))),
        (IndexError, call(A(2, 3), np.array([[0, 3], [0, 0]], np.int32))),
        (IndexError, call(A(2, 3), np.array([[0, -4], [0, 0]], np.int32))),
    ],
    reference=take_along_axis,
)
case(
    "segment_sum",
    *calls(),
    edges=[
        ODD,
        call(np.array([2**62, 2**62, 2**53, 1, -1, 2**62]), np.array([0, 0, 1, 1, 2, 2]), 3),  # wraps around
    ],
    errors=ERRORS,
    reference=segment_sum,
)
case(
    "pad",
    call(A("n", "m"), 1),
    call(A("n", "m"), (2, 0), constant_value=1.5),
    call(A("n", 3, "k"), ((0, 1), (0, 0), (2, 3))),
    call(A("n", 2, dtype="int"), ((1, 1), (0, 2)), constant_value=7),
    call(A("n", "m", dtype="bool"), 1),
    *(call(A("n", 3, sizes={"n": (1, 5)}), ((4, 3), (1, 7)), mode) for mode in ("edge", "reflect", "symmetric")),
    *(call(A("n", "m", sizes={"n": (1, 5)}), ((1, 2), (0, 0)), mode) for mode in ("edge", "reflect", "symmetric")),
    *(call(A(3), 11, mode) for mode in ("edge", "reflect", "symmetric")),
    call(A("n"), ((5, 0),)),
    call(A(), 3),
    exact=True,
    edges=[
        call([np.nan, np.inf, -0.0], (2, 2), "reflect"),
        call([1.0], 3, "reflect"),
        call([[1.0, 1.0]], ((0, 1), (1, 0)), constant_value=np.nan),
    ],
    errors=[
        (ValueError, call(A(2), 1, "wrap around")),
        (ValueError, call(A(2), -1)),
        (ValueError, call(A(2), (1, -1))),
        (ValueError, call(A(2, 3), ((1, 1), (1, 1), (1, 1)))),
        (ValueError, call(A(2, 3), ((1, 1, 1), (1, 1, 1)))),
        (ValueError, call(A(0, 2), 1, "edge")),
        (TypeError, call(A(2), 1.5)),
        (TypeError, call(A(2), ((1, "one"),))),
    ],
    reference=pad,
)
