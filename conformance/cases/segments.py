"""Reductions over segments, against loops."""

import numpy as np

from ..case import A, call, case


def over(reduce, empty):
    """A reference from a NumPy function, and what it gives for nothing."""

    def reference(data, segment_ids, num_segments):
        data = data.astype(np.int32) if data.dtype == bool else data
        none = empty
        if data.dtype.kind != "f" and np.isinf(empty):
            none = np.iinfo(np.int32).min if empty < 0 else np.iinfo(np.int32).max
        found = np.full((num_segments, *data.shape[1:]), none, data.dtype)
        for i in set(segment_ids.tolist()) & set(range(num_segments)):
            found[i] = reduce(data[segment_ids == i], axis=0)
        return found

    return reference


def mean(data, segment_ids, num_segments):
    return over(np.mean, np.nan)(data.astype(np.float64), segment_ids, num_segments)


ERRORS = [
    (TypeError, call(A(3), A(3), 2)),
    (ValueError, call(A(3), A(2, dtype="int"), 2)),
    (ValueError, call(A(3), A(3, 1, dtype="int"), 2)),
    (ValueError, call(A(3), A(3, dtype="int"), -1)),
    (ValueError, call(A(), A(3, dtype="int"), 2)),
    (TypeError, call(A(3), A(3, dtype="int"), 1.5)),
]


def calls(**values):
    return [
        call(A("n", **values), A("n", dtype="int", low=0, high=3), 4),
        call(A("n", "m", **values), A("n", dtype="int64", low=-1, high=3), 3),
        call(A("n", 2, "m", **values), A("n", dtype="int", low=0, high=1), 2),
        call(A("n", 2, dtype="int"), A("n", dtype="int", low=-1, high=4), 4),
        call(A("n", dtype="bool"), A("n", dtype="uint8", low=0, high=2), 2),
        call(A("n", 2, **values), A("n", dtype="int", low=0, high=3), 0),
        call(A("n", **values), A("n", dtype="int", low=-2, high=9), 9),
    ]


ODD = call([1.0, np.nan, np.inf, 2.0, -np.inf], np.array([0, 1, 2, 0, 3], np.int32), 5)
IDS = np.array([0, 0, 1, 0, -1], np.int32)

for name, function, empty in (("segment_max", np.max, -np.inf), ("segment_min", np.min, np.inf)):
    case(
        name,
        *calls(distinct=True),
        exact=True,
        edges=[ODD],
        kinks=[(call([2.0, 2.0, 1.0, 2.0, 5.0], IDS, 3), [1 / 3, 1 / 3, 1, 1 / 3, 0])],
        errors=[*ERRORS, (TypeError, call(A(3, dtype="complex"), A(3, dtype="int"), 2))],
        reference=over(function, empty),
    )
case(
    "segment_prod",
    *calls(low=0.5, high=1.5),
    edges=[ODD],
    kinks=[
        (call([0.0, 2.0, 3.0, 4.0, 0.0], IDS, 2), [8, 0, 1, 0, 0]),
        (call([0.0, 2.0, 3.0, 0.0, 0.0], IDS, 2), [0, 0, 1, 0, 0]),
        (call([np.inf, 2.0, np.nan, 0.5, 0.0], IDS, 2), [1, np.inf, 1, np.inf, 0]),
    ],
    errors=ERRORS,
    reference=over(np.prod, 1),
)
case(
    "segment_mean",
    call(A(4), np.array([0, 2, 1, 0], np.int32), 3),
    call(A(3, "m"), np.array([1, -1, 0]), 2),
    call(A(4, 2, dtype="int"), np.array([0, 1, 7, 0], np.int32), 2),
    call(A(3, dtype="bool"), np.array([1, 0, 1], np.uint8), 2),
    *calls(),
    edges=[ODD],
    kinks=[(call([2.0, 2.0, 1.0, 2.0, 5.0], IDS, 2), [1 / 3, 1 / 3, 1, 1 / 3, 0])],
    errors=ERRORS,
    reference=mean,
)
