"""NumPy's random draws have the bits of their definition, whatever the blocks, and leave errors to it."""

import importlib

import numpy as np
import pytest

from backend.ops.rng.sampling import draw_bernoulli

kernels = importlib.import_module("backend.kernels.numpy.random")


@pytest.mark.parametrize("block", [3, 2**16])
@pytest.mark.parametrize("shape", [(), (0, 3), (1,), (7, 3), (3, 2**16)])
@pytest.mark.parametrize(
    ("seed", "draw"), [(3, 0), (-5, [-7]), (2**40 + 1, [2**31 - 1]), (0, [-9, 4]), (np.int64(-1), [1])]
)
def test_a_draw_has_the_bits_of_its_definition(monkeypatch, block, shape, seed, draw):
    monkeypatch.setattr(kernels, "BLOCK", block if np.prod(shape) < 100 else 2**14)
    draw = np.asarray(draw, np.int32)
    for p in (0.0, 2.0**-30, 0.3, 0.5, 1.0):
        for dtype in ("bool", "float32", "float64"):
            found = kernels.draw_bernoulli(draw, seed=seed, shape=shape, dtype=dtype, p=p)
            wanted = draw_bernoulli.definition(draw, seed=seed, shape=shape, dtype=dtype, p=p)
            assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
            assert found.tobytes() == wanted.tobytes()


@pytest.mark.parametrize(
    "wrong",
    [
        *({"seed": seed} for seed in (2**70, True, 1.0)),
        *({"p": p} for p in (1.5, float("nan"))),
        *({"shape": shape} for shape in ((-1,), 3)),
        *({"draw": draw} for draw in (np.zeros(1, np.int64), np.zeros(3, np.int32))),
        {"dtype": "float16"},
    ],
)
def test_the_definition_gets_what_is_wrong_or_rare(wrong):
    usual = {"draw": np.zeros(1, np.int32), "seed": 1, "shape": (3,), "dtype": "bool", "p": 0.5}
    assert kernels.draw_bernoulli(**usual | wrong) is NotImplemented
    assert kernels.draw_bernoulli(**usual).shape == (3,)
