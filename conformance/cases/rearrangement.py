"""Parts and rolled arrays, against NumPy's."""

import numpy as np

from ..case import A, call, case

ODD = np.array([[np.nan, np.inf, -0.0, 2.0], [1.0, -np.inf, 0.0, 3.0]])

case(
    "split",
    call(A(4, "m"), 2),
    call(A("n", 6), 3, axis=-1),
    call(A("n", 6), [1, 4], axis=1),
    call(A("n", "m"), (2,)),
    call(A("n", "m"), 1, axis=1),
    call(A("n", dtype="int"), [0, 9]),
    call(A(4, dtype="bool"), [2]),
    exact=True,
    edges=[call(ODD, 2, 1), call(ODD, (1, 1), 1)],
    errors=[
        (ValueError, call(A(5), 2)),
        (ValueError, call(A(4), 0)),
        (ValueError, call(A(4), [3, 1])),
        (ValueError, call(A(4), [-1])),
        (ValueError, call(A(4), 2, 1)),
        (ValueError, call(A(), 1)),
        (TypeError, call(A(4), 2.0)),
        (TypeError, call(A(4), [0.5])),
    ],
    reference=lambda x, parts, axis=0: list(np.split(x, parts, axis)),
)
case(
    "roll",
    call(A("n", "m"), 1),
    call(A("n", "m"), -2, axis=0),
    call(A("n", 3, "m"), (1, 2), axis=(0, -1)),
    call(A("n", "m"), 1, axis=[0, 1]),
    call(A("n", dtype="int"), 7, 0),
    call(A(3, dtype="bool"), -1),
    call(A(), 2),
    exact=True,
    edges=[call(ODD, 1, 1), call(np.zeros((0, 2)), 1, 0)],
    errors=[
        (ValueError, call(A(2, 3), 1, 2)),
        (ValueError, call(A(2, 3), (1, 2, 3), (0, 1))),
        (ValueError, call(A(2, 3), (1, 2))),
        (ValueError, call(A(2, 3), 1, (0, 0))),
        (TypeError, call(A(2), 0.5)),
    ],
    reference=lambda x, shift, axis=None: np.roll(x, shift, tuple(axis) if isinstance(axis, list) else axis),
)
