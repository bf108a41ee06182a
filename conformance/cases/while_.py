"""Loops that a condition decides, against Python's own."""

import numpy as np

import backend as K

from ..case import A, call, case


def while_loop(condition, body, loop_vars, maximum_iterations=None):
    several, rounds = isinstance(loop_vars, tuple | list), 0
    while rounds != maximum_iterations:
        if not np.asarray(condition(*loop_vars) if several else condition(loop_vars)):
            break
        loop_vars = body(*loop_vars) if several else body(loop_vars)
        rounds += 1
    return tuple(map(np.asarray, loop_vars)) if several else np.asarray(loop_vars)


def below(*values):
    return K.sum(K.abs(values[-1])) < 30.0


SMALL = A("n", "m", low=0.5, high=1.0, sizes={"n": (1, 3), "m": (1, 3)})

case(
    "while_loop",
    call(below, lambda x: x * 2.5 + 1.0, SMALL, 8),
    call(lambda i, x: i < 3, lambda i, x: (i + 1, K.sin(x) * 1.5), (0, A("n")), 8),
    call(lambda x: K.sum(x) < 5.0, lambda x: x * 2.0, SMALL, 1),
    call(below, lambda x: x + 1.0, SMALL, 0),
    edges=[
        call(lambda x: x < 10.0, lambda x: x * 2.0, np.array(1.0)),
        call(lambda x: x < 10.0, lambda x: x * 2.0, np.array(11.0)),
    ],
    errors=[
        (ValueError, call(lambda x: x < 1.0, lambda x: x, A(2))),
        (ValueError, call(lambda x: K.sum(x) < 9.0, lambda x: (x, x), A(2))),
        (ValueError, call(lambda x: K.sum(x) < 9.0, lambda x: K.sum(x), A(2, low=0.0, high=1.0))),
        (ValueError, call(below, below, A(), -1)),
        (ValueError, call(lambda x: K.sum(x) < 9.0, lambda x: x > 2.0, A(2, low=0.0, high=1.0))),
        (ValueError, call(below, below, ())),
        (TypeError, call(below, below, A(), 1.5)),
    ],
    reference=while_loop,
)
