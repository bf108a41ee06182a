"""Attention, against its formula query by query."""

import numpy as np

from ..case import A, call, case


def attention(query, key, value, mask=None, is_causal=False, scale=None):
    batch = np.broadcast_shapes(query.shape[:-2], key.shape[:-2], value.shape[:-2])
    query, key, value = (np.broadcast_to(x, batch + x.shape[-2:]) for x in (query, key, value))
    queries, keys = query.shape[-2], key.shape[-2]
    mask = np.broadcast_to(True if mask is None else mask, (*batch, queries, keys))
    result = np.zeros((*batch, queries, value.shape[-1]))
    for i in np.ndindex(*batch, queries):
        at = i[:-1]
        seen = [k for k in range(keys) if mask[(*i, k)] is not np.False_ and (not is_causal or k <= i[-1])]
        scores = np.array(
            [
                (query[i] @ key[(*at, k)]) * (scale or max(query.shape[-1], 1) ** -0.5)
                + (0.0 if mask.dtype == bool else mask[(*i, k)])
                for k in seen
            ]
        )
        if seen and np.max(scores) > -np.inf:
            e = np.exp(scores - np.max(scores))
            result[i] = sum(w * value[(*at, k)] for w, k in zip(e / np.sum(e), seen, strict=True))
    return result


QUERY, KEY, VALUE = A("n", "t", "d"), A("n", "s", "d"), A("n", "s", "c")
ZERO = np.zeros((3, 1))
BARRED = np.array([[True, False], [False, False]])

case(
    "scaled_dot_product_attention",
    call(QUERY, KEY, VALUE),
    call(QUERY, KEY, VALUE, is_causal=True),
    call(QUERY, KEY, VALUE, is_causal=True, scale=0.5),
    call(QUERY, KEY, VALUE, A("t", "s", dtype="bool"), scale=0.3),
    call(A("t", 4), A("s", 4), A("s", 4), A("t", "s")),
    call(A(2, 3, "t", 4), A(1, 3, "s", 4), A(2, 1, "s", 4), A(2, 1, "t", "s", dtype="bool"), True),
    edges=[
        call([[1.0, 2.0], [0.5, 0.0]], [[1.0, 0.0], [0.0, 3.0]], [[1.0], [5.0]], BARRED),
        call([[1.0], [2.0]], [[1.0], [3.0]], [[1.0], [5.0]], [[-np.inf, -np.inf], [0.0, -np.inf]]),
        call(np.zeros((2, 0)), np.zeros((3, 0)), [[1.0], [2.0], [6.0]]),
        call([[80.0]], [[90.0], [-90.0]], [[1.0], [5.0]]),
    ],
    kinks=[(call(np.ones((2, 1)), np.ones((3, 1)), np.ones((3, 1)), np.zeros((2, 3), bool)), (ZERO[:2], ZERO, ZERO))],
    errors=[
        (ValueError, call(A(2), A(3, 2), A(3, 2))),
        (ValueError, call(A(2, 3), A(2, 4), A(2, 3))),
        (ValueError, call(A(2, 3), A(2, 3), A(4, 3))),
        (ValueError, call(A(2, 2, 3), A(3, 2, 3), A(2, 3))),
        (ValueError, call(A(2, 3), A(4, 3), A(4, 3), A(3, 4, dtype="bool"))),
        (TypeError, call(A(2, 3), A(4, 3), A(4, 3), A(2, 4, dtype="int"))),
        (TypeError, call(A(2, 3), A(4, 3), A(4, 3), scale="half")),
    ],
    reference=attention,
)
