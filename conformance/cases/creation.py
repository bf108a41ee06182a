"""Arrays made after another's shape, and ranges."""

import numpy as np

from ..case import A, call, case

for name, value in (("zeros_like", 0.0), ("ones_like", 1.0)):
    case(
        name,
        call(A("n", 3)),
        call(A("n", dtype="int")),
        call(A("n", 2), "bool"),
        call(A(), dtype="int32"),
        call(A("n", dtype="bool"), dtype="int16"),
        exact=True,
        gradient=(),
        edges=[call(np.array([np.nan, np.inf]))],
        errors=[(TypeError, call(A(2), "floaty"))],
        reference=lambda x, dtype=None, v=value: np.full(x.shape, v),
    )


def arange(start, stop=None, step=1, dtype="int32"):
    return np.arange(start, stop, step)


case(
    "arange",
    call(5),
    call(2, 8, 3),
    call(5, 1, -2),
    call(0, 1, 0.25),
    call(3, dtype="int16"),
    call(1, 8, 3, "float32"),
    call(-3),
    call(5, 2),
    exact=True,
    gradient=(),
    reference=arange,
    errors=[
        (ValueError, call(1, 2, 0)),
        (TypeError, call("a")),
        (TypeError, call(None, 3)),
        (TypeError, call(3, dtype="floaty")),
    ],
)
