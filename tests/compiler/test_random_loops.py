"""Random bodies: a loop around a random program gives the same printed as one function, and its gradient does.

Python runs what is printed. A seed gives one program; one that fails is cut down and printed, as in
test_random_programs. FUZZ_SEEDS=start:stop in the environment runs these seeds instead of the first few.
"""

import os
import random

import numpy as np
import pytest

pytest.importorskip("numba", reason="numba is not installed")

from printed_loops import bodies, both, interpret
from random_programs import HIGHEST, drawn, shrunk

import backend as K

START, STOP = map(int, os.environ.get("FUZZ_SEEDS", "0:60").split(":"))
AXES = ((3,), (2, 3), (2, 3), (1, 3), (3, 2, 2), ())
STEPS = 3


def arrays(seed):
    """The carry, the slices of all steps, and two more arrays, one of integers."""
    rng, pick = np.random.default_rng(seed), random.Random(seed)
    shape = pick.choice(AXES)
    dtype = pick.choice(("float32", "float32", "float64"))
    carry, slices = (rng.normal(size=n).astype(dtype) for n in (shape, (STEPS, *shape)))
    return [carry, slices, rng.normal(size=(2, 3)).astype(dtype), rng.integers(0, 4, (3,)).astype("int32")]


def loop(program, places):
    """A scan whose step runs the program on the carry, the slice and two captured arrays."""
    carry, slices, *others = places

    def step(h, x):
        outputs = program(h, x, *others)[0]
        change = sum(K.mean(K.tanh(K.cast(y, h.dtype))) for y in outputs)
        return K.tanh(h * 0.5 + x * 0.1 + change), outputs

    last, every = K.scan(step, carry, slices)
    return [last, *every]


def close(found, wanted):
    for x, y in zip(found, wanted, strict=True):
        x, y = np.asarray(x), np.asarray(y)
        assert (x.dtype, x.shape) == (y.dtype, y.shape)
        if np.all(np.abs(y.astype(float)) < HIGHEST):
            scale = 1.0 + np.max(np.abs(y.astype(float)), initial=0.0)
            np.testing.assert_allclose(x, y, rtol=0, atol=(1e-10 if y.dtype == "float64" else 2e-4) * scale)


def check(program, values):
    """Compare the loop and its gradient; whether a body was printed."""
    places = [K.placeholder(x.shape, dtype=str(x.dtype)) for x in values]
    outputs = loop(program, places)
    total = sum(K.sum(K.tanh(y)) for y in outputs if str(y.dtype).startswith("float"))
    gradients = [g for g in K.gradients(total, places[:3]) if g is not None]
    printed = False
    for results in (outputs, gradients):
        with np.errstate(all="ignore"):
            found, wanted, executable = both(places, results, values)
        close(found, wanted)
        printed |= any(b.sources for b in bodies(executable))
        numba_refused = [b.refused for b in bodies(executable) if b.refused and "Error" in b.refused]
        assert not numba_refused
    return printed


def fails(program, values):
    try:
        check(program, values)
    except AssertionError:
        return True
    except Exception:  # noqa: BLE001 - cut down to a program that cannot be built
        return False
    return False


@pytest.mark.parametrize("seed", range(START, STOP))
def test_a_random_body(seed, monkeypatch):
    interpret(monkeypatch)
    values, below = arrays(seed), random.Random(seed).randrange
    program = drawn(below, [values[0], values[1][0], *values[2:]])
    try:
        check(program, values)
    except AssertionError:
        raise AssertionError(f"seed {seed}\n{shrunk(program, lambda p: fails(p, values)).source}") from None
