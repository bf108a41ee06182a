"""Prefixes combined by associative functions, against one step after another."""

import numpy as np

from ..case import A, call, case


def associative_scan(f, elems, reverse=False, axis=0):
    nest = elems if isinstance(elems, tuple) else (elems,)
    rows = [[np.take(x, [i], axis=axis) for x in nest] for i in range(nest[0].shape[axis])]
    rows = rows[::-1] if reverse else rows
    found: list[list[np.ndarray]] = []
    for row in rows:
        new = row
        if found:
            new = f(tuple(found[-1]), tuple(row)) if isinstance(elems, tuple) else [f(found[-1][0], row[0])]
        found.append([np.asarray(x) for x in new])
    found = found[::-1] if reverse else found
    joined = tuple(np.concatenate(column, axis=axis) for column in zip(*found, strict=True))
    return joined if isinstance(elems, tuple) else joined[0]


def then(first, second):
    return first[0] * second[0], second[0] * first[1] + second[1]


def product(a, b):
    return a * b


SEVERAL = {"sizes": {"n": (1, 5)}}

case(
    "associative_scan",
    call(lambda a, b: a + b, A("n", **SEVERAL)),
    call(product, A("n", "m", low=0.5, high=1.5, **SEVERAL)),
    call(product, A("m", 5, low=0.5, high=1.5), True, axis=-1),
    call(then, (A("n", 2, **SEVERAL), A("n", 2)), True),
    call(then, (A(2, "n", **SEVERAL), A(2, "n")), axis=1),
    call(product, A("n", dtype="int", **SEVERAL)),
    edges=[call(product, [2.0, np.nan, 1.0, np.inf]), call(lambda a, b: a + b, np.zeros((1, 2)))],
    errors=[
        (ValueError, call(product, A())),
        (ValueError, call(product, A(3), axis=1)),
        (ValueError, call(product, ())),
        (ValueError, call(then, (A(3), A(2)))),
        (ValueError, call(lambda a, b: (a, b), A(3))),
        (ValueError, call(lambda a, b: a > b, A(3))),
        (TypeError, call(3, A(3))),
    ],
    reference=associative_scan,
)
