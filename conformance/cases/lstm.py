"""Long short-term memory, against its formulas step by step."""

import numpy as np

from ..case import A, call, case


def lstm(inputs, kernel, recurrent_kernel, bias=None, initial_states=None, go_backwards=False):
    units = recurrent_kernel.shape[0]
    zero = np.zeros((inputs.shape[0], units))
    h, c = (zero, zero) if initial_states is None else initial_states
    every = np.zeros((*inputs.shape[:2], units))
    steps = range(inputs.shape[1])
    for place, t in enumerate(reversed(steps) if go_backwards else steps):
        z = inputs[:, t] @ kernel + h @ recurrent_kernel + (0.0 if bias is None else bias)
        i, f, new, o = (z[:, k * units : (k + 1) * units] for k in range(4))
        with np.errstate(over="ignore"):
            i, f, o = (1.0 / (1.0 + np.exp(-gate)) for gate in (i, f, o))
        c = f * c + i * np.tanh(new)
        every[:, place] = h = o * np.tanh(c)
    return h, every, [h, c]


INPUTS, KERNEL, RECURRENT, BIAS = A("n", "t", 2), A(2, 12, low=-1.0, high=1.0), A(3, 12, low=-1.0, high=1.0), A(12)
STATE = A("n", 3, low=-1.0, high=1.0)
ONES = np.ones((1, 4))

case(
    "lstm",
    call(INPUTS, KERNEL, RECURRENT, BIAS, [STATE, STATE]),
    call(INPUTS, KERNEL, RECURRENT),
    call(INPUTS, KERNEL, RECURRENT, BIAS, go_backwards=True),
    call(INPUTS, KERNEL, RECURRENT, BIAS, [STATE, STATE], True),
    call(A("n", "t", "d"), A("d", 4), A(1, 4), initial_states=[A("n", 1), A("n", 1)]),
    edges=[
        call([[[np.inf], [1.0]], [[0.5], [np.nan]], [[0.0], [2.0]]], ONES, ONES),
        call([[[-np.inf], [np.inf]]], ONES, ONES, np.zeros(4)),
        call(np.zeros((2, 0, 1)), ONES, ONES, np.zeros(4), [np.ones((2, 1)), np.ones((2, 1))]),
        call([[[200.0]], [[-200.0]]], ONES, ONES, np.zeros(4), [np.ones((2, 1)), np.ones((2, 1))]),
    ],
    errors=[
        (ValueError, call(A(2, 3), A(3, 4), A(1, 4))),
        (ValueError, call(A(2, 3, 2), A(3, 4), A(1, 4))),
        (ValueError, call(A(2, 3, 2), A(2, 4), A(2, 4))),
        (ValueError, call(A(2, 3, 2), A(2, 4), A(4))),
        (ValueError, call(A(2, 3, 2), A(2, 4), A(1, 4), A(3))),
        (ValueError, call(A(2, 3, 2), A(2, 4), A(1, 4), A(4), [A(2, 1)])),
        (ValueError, call(A(2, 3, 2), A(2, 4), A(1, 4), A(4), [A(2, 1), A(3, 1)])),
    ],
    reference=lstm,
)
