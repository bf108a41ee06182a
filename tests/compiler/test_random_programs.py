"""Random programs: eager, compiled, each pass left out and torch agree; gradients are those of torch.autograd.

FUZZ_SEEDS=start:stop in the environment runs these seeds instead of the first few hundred: `nox -s fuzz`.
"""

from __future__ import annotations

import itertools
import os
import random

import numpy as np
import pytest
import torch
from random_programs import SIZES, drawn

import backend as K
from backend.compiler.pipeline import NAMES
from backend.graph.tensor import Placeholder

pytestmark = pytest.mark.slow

START, STOP = map(int, os.environ.get("FUZZ_SEEDS", "0:200").split(":"))
AXES = (("n",), ("n", "m"), (None, "m"), ("n", 1), (3, "n", "m"))  # a letter for an unknown size, None for another 1


def sizes_of(axes, letters):
    return tuple(letters[a] if isinstance(a, str) else a or 1 for a in axes)


def laid_out(rng, x):
    """The same array in another layout."""
    choice = rng.randrange(5)
    if choice == 1:
        return np.asfortranarray(x)
    if choice == 2 and x.ndim:
        return np.ascontiguousarray(x[::-1])[::-1]
    if choice == 3 and x.ndim:
        return np.repeat(x, 2, axis=-1)[..., ::2]
    if choice == 4:
        x = x.copy()
        x.flags.writeable = False
    return x


def near(found, wanted):
    for a, b in zip(found, wanted, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape and a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)


def checked(program, inputs, f, gradient, feeds, rng):
    """The compiled program beside the eager one for these feeds, and its gradient beside torch's."""
    wanted = program(*feeds)
    results = f([laid_out(rng, x) for x in feeds])
    near(results, wanted)
    assert not any(np.shares_memory(a, b) for a, b in itertools.combinations([*feeds, *results], 2))
    leaves = [torch.tensor(x, requires_grad=True) for x in feeds]
    outputs = program(*leaves)
    near([y.detach() for y in outputs], wanted)
    near(f([x.detach() for x in leaves]), wanted)
    loss = sum(torch.sum(torch.sin(y)) for y in outputs)
    slopes = torch.autograd.grad(loss, leaves, allow_unused=True) if loss.requires_grad else [None] * len(leaves)
    slopes = [torch.zeros_like(x) if d is None else d for x, d in zip(leaves, slopes, strict=True)]
    near(gradient(feeds), slopes)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(START, STOP))
def test_a_random_program(seed):
    rng = random.Random(seed)
    letters = {"n": rng.choice(SIZES), "m": rng.choice(SIZES)}
    shapes = [rng.choice(AXES) for _ in range(1 + rng.randrange(3))]
    data = np.random.default_rng(seed)
    feeds = [data.normal(size=sizes_of(axes, letters)) for axes in shapes]
    program = drawn(rng.randrange, feeds)
    inputs = [Placeholder([None if isinstance(a, str) else a or 1 for a in axes], "float64") for axes in shapes]
    outputs = program(*inputs)
    loss = sum(K.sum(K.sin(y)) for y in outputs)
    slopes = [x * 0.0 if d is None else d for x, d in zip(inputs, K.gradients(loss, inputs), strict=True)]
    f, gradient = K.function(inputs, outputs), K.function(inputs, slopes)
    checked(program, inputs, f, gradient, feeds, rng)
    without = [name for name in NAMES if name != rng.choice(NAMES)]
    near(K.function(inputs, outputs, passes=without)(feeds), f(feeds))
    near(K.function(inputs, slopes, passes=without)(feeds), gradient(feeds))
    for n, m in itertools.product(SIZES, SIZES):  # the same graph for other sizes, where the program can run on them
        others = [data.normal(size=sizes_of(axes, {"n": n, "m": m})) for axes in shapes]
        try:
            program(*others)
        except (ValueError, IndexError, RuntimeError):
            continue
        checked(program, inputs, f, gradient, others, rng)
