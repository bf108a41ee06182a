"""Gated recurrent units, against their formulas step by step."""

import numpy as np

from ..case import A, call, case


def gru(inputs, kernel, recurrent_kernel, bias=None, initial_states=None, go_backwards=False, reset_after=False):
    units = recurrent_kernel.shape[0]
    (h,) = [np.zeros((inputs.shape[0], units))] if initial_states is None else initial_states
    bias = np.zeros(3 * units) if bias is None else bias
    bias, own = bias if bias.ndim == 2 else (bias, np.zeros(3 * units))
    every = np.zeros((*inputs.shape[:2], units))
    parts = [slice(k * units, (k + 1) * units) for k in range(3)]
    steps = range(inputs.shape[1])
    for place, t in enumerate(reversed(steps) if go_backwards else steps):
        x, inner = inputs[:, t] @ kernel + bias, h @ recurrent_kernel + own
        with np.errstate(over="ignore"):
            z, r = (1.0 / (1.0 + np.exp(-(x[:, part] + inner[:, part]))) for part in parts[:2])
        new = r * inner[:, parts[2]] if reset_after else (r * h) @ recurrent_kernel[:, parts[2]]
        new = np.tanh(x[:, parts[2]] + new)
        every[:, place] = h = z * h + (1.0 - z) * new
    return h, every, [h]


INPUTS, KERNEL, RECURRENT, BIAS = A("n", "t", 2), A(2, 9, low=-1.0, high=1.0), A(3, 9, low=-1.0, high=1.0), A(9)
STATE = A("n", 3, low=-1.0, high=1.0)
ONES = np.ones((1, 3))

case(
    "gru",
    call(INPUTS, KERNEL, RECURRENT, BIAS, [STATE]),
    call(INPUTS, KERNEL, RECURRENT),
    call(INPUTS, KERNEL, RECURRENT, BIAS, [STATE], True),
    call(INPUTS, KERNEL, RECURRENT, A(2, 9), [STATE], reset_after=True),
    call(INPUTS, KERNEL, RECURRENT, BIAS, go_backwards=True, reset_after=True),
    call(A("n", "t", "d"), A("d", 3), A(1, 3), initial_states=[A("n", 1)], reset_after=True),
    edges=[
        call([[[np.inf], [1.0]], [[0.5], [np.nan]], [[0.0], [2.0]]], ONES, ONES),
        call([[[-np.inf], [np.inf]]], ONES, ONES, np.zeros(3), reset_after=True),
        call(np.zeros((2, 0, 1)), ONES, ONES, np.zeros(3), [np.ones((2, 1))]),
        call([[[200.0]], [[-200.0]]], ONES, ONES, np.zeros((2, 3)), [np.ones((2, 1))], reset_after=True),
    ],
    errors=[
        (ValueError, call(A(2, 3), A(3, 3), A(1, 3))),
        (ValueError, call(A(2, 3, 2), A(3, 3), A(1, 3))),
        (ValueError, call(A(2, 3, 2), A(2, 3), A(2, 3))),
        (ValueError, call(A(2, 3, 2), A(2, 3), A(3))),
        (ValueError, call(A(2, 3, 2), A(2, 3), A(1, 3), A(2))),
        (ValueError, call(A(2, 3, 2), A(2, 3), A(1, 3), A(2, 3))),
        (ValueError, call(A(2, 3, 2), A(2, 3), A(1, 3), A(3), [A(2, 1), A(2, 1)])),
        (ValueError, call(A(2, 3, 2), A(2, 3), A(1, 3), A(3), [A(3, 1)], reset_after=True)),
    ],
    reference=gru,
)
