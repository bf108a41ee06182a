"""The modified Bessel function, against NumPy's."""

import numpy as np

from ..case import A, call, case

case(
    "i0",
    call(A("n", "m", low=-9.0, high=9.0)),
    call(A("n", low=-0.01, high=0.01)),
    call(A(dtype="int")),
    edges=[call(np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 8.0, -8.0, 8.5, 10.0]))],
    reference=np.i0,
)
