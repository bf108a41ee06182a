"""Choices, element by element and as a whole."""

import numpy as np

from ..case import A, call, case


def switch(condition, then_expression, else_expression):
    condition = np.asarray(condition).astype(bool)
    ndim = max(np.ndim(then_expression), np.ndim(else_expression))
    condition = condition.reshape(condition.shape + (1,) * (ndim - condition.ndim))
    return np.where(condition, then_expression, else_expression)


case(
    "switch",
    call(A("n", "m", dtype="bool"), A("n", "m"), A("n", "m")),
    call(A("n", dtype="bool"), A("n", "m", 2), A("n", "m", 2)),
    call(A("n", 1, dtype="bool"), A("n", 3), 0.0),
    call(A(dtype="bool"), A("n", "m"), A("n", "m")),
    call(A("n", dtype="int", low=0, high=1), A("n"), -1.0),
    call(True, A("n"), A("n")),
    exact=True,
    edges=[call(np.array([True, False]), [np.nan, 1.0], [0.0, -np.inf])],
    errors=[
        (ValueError, call(A(2, 3, dtype="bool"), A(2), A(2))),
        (ValueError, call(A(2, dtype="bool"), A(3, 2), A(3, 2))),
    ],
    reference=switch,
)
