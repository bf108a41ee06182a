"""Pooling, against windows written as loops."""

import itertools

import numpy as np

from ..case import A, call, case

ROOM = {"b": (0, 2), "h": (3, 5), "w": (3, 6)}
SMALL = A("b", 2, 3, 1, sizes=ROOM, distinct=True)
IMAGE = A("b", "h", "w", 2, sizes=ROOM, distinct=True)
FIRST = A("b", 2, "h", "w", sizes=ROOM, distinct=True)
SOLID = A("b", 2, "h", "w", low=0.1, sizes=ROOM)  # in any order, no partial sum of a window is larger than its sum


def pooled(x, pool_size, strides=1, padding="valid", data_format=None, pool_mode="max"):
    rank = x.ndim - 2
    x = np.moveaxis(x, 1, -1) if data_format == "channels_first" else x
    sizes, strides = ((v,) * rank if isinstance(v, int) else tuple(v) for v in (pool_size, strides))
    out, starts = [], []
    for n, k, s in zip(x.shape[1:-1], sizes, strides, strict=True):
        total = 0 if padding == "valid" else max((-(-n // s) - 1) * s + k - n, 0)
        out.append((n + total - k) // s + 1)
        starts.append(-(total // 2))
    result = np.zeros((x.shape[0], *out, x.shape[-1]))
    for place in itertools.product(*map(range, out)):
        window = tuple(
            slice(max(first + p * s, 0), max(first + p * s + k, 0))
            for p, s, k, first in zip(place, strides, sizes, starts, strict=True)
        )
        seen = x[(slice(None), *window)]
        axes = tuple(range(1, rank + 1))
        result[(slice(None), *place)] = seen.max(axis=axes) if pool_mode == "max" else seen.mean(axis=axes)
    return np.moveaxis(result, -1, 1) if data_format == "channels_first" else result


case(
    "pool2d",
    call(IMAGE, (2, 2)),
    call(IMAGE, (2, 3), (2, 2), "same"),
    call(FIRST, 2, 2, "valid", "channels_first"),
    call(IMAGE, (2, 2), (2, 1), "same", pool_mode="avg"),
    call(SOLID, (3, 2), (1, 2), "same", "channels_first", "avg"),
    call(FIRST, (2, 3), (3, 1), "same", "channels_first"),
    call(FIRST, (1, 2), (2, 1), "valid", "channels_first", "avg"),
    call(SMALL, (4, 5), 2, "same"),
    call(SMALL, (4, 5), 2, "same", pool_mode="avg"),
    call(A("b", 9, 7, 2, sizes=ROOM, distinct=True), (2, 2), 4, "same"),
    call(A("b", 7, 8, 2, sizes=ROOM, distinct=True), (4, 3), (3, 1), "same"),
    edges=[
        call([[[[np.nan], [1.0]], [[np.inf], [-np.inf]]]], (1, 2)),
        call([[[[-0.0], [-1.0]], [[-np.inf], [-2.0]]]], 2),
        call([[[[np.nan], [1.0]], [[2.0], [3.0]]]], 2, pool_mode="avg"),
    ],
    kinks=[
        (call([[[[1.0], [5.0]], [[5.0], [5.0]]]], 2), [[[[0], [1]], [[0], [0]]]]),  # the first of equals
        (call(np.full((1, 3, 3, 1), -np.inf), 3, 1, "same"), np.reshape([4, 2, 0, 2, 1, 0, 0, 0, 0], (1, 3, 3, 1))),
    ],
    errors=[
        (ValueError, call(A(1, 4, 4, 2), (2, 2), pool_mode="sum")),
        (ValueError, call(A(1, 4, 4), (2, 2))),
        (ValueError, call(A(1, 4, 4, 2), (2, 2), padding="full")),
        (ValueError, call(A(1, 2, 2, 2), (3, 3))),
        (ValueError, call(A(1, 4, 4, 2), (2, 2), data_format="rows")),
    ],
    reference=pooled,
)
case(
    "pool3d",
    call(A("b", 3, "h", 2, 2, sizes=ROOM, distinct=True), (2, 2, 1)),
    call(A("b", 3, "h", 2, 2, sizes=ROOM), (2, 3, 2), (2, 2, 2), "same", pool_mode="avg"),
    call(A("b", 2, 3, "h", 4, sizes=ROOM, distinct=True), (2, 2, 3), (1, 2, 3), "same", "channels_first"),
    call(A("b", 2, 3, "h", 4, sizes=ROOM), (2, 1, 1), (1, 3, 2), "valid", "channels_first", "avg"),
    errors=[(ValueError, call(A(1, 4, 4, 2), (2, 2, 2)))],
    reference=pooled,
)
