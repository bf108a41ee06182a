"""Sizes as arrays."""

import numpy as np

from ..case import A, call, case

case(
    "shape",
    call(A("n", 3, "k")),
    call(A("n", dtype="int")),
    call(A()),
    exact=True,
    gradient=(),
    reference=lambda x: np.array(x.shape, dtype="int32"),
)
case(
    "size",
    call(A("n", 3, "k")),
    call(A("n", dtype="bool")),
    call(A()),
    exact=True,
    gradient=(),
    reference=lambda x: np.array(x.size),
)
