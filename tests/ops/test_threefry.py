"""The random generator: published vectors, equal bits on every namespace, the distributions."""

from __future__ import annotations

import importlib.util
import math
import warnings

import array_api_compat.numpy as xnp
import array_api_strict as strict
import numpy as np
import pytest

from backend.ops.rng import threefry
from backend.ops.rng.draws import bernoulli, normal, truncated_normal, uniform
from backend.ops.rng.threefry import random_bits

# Random123, tests/kat_vectors: counter, key, result.
VECTORS = [
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
]

FLOATS = ["float16", "float32", "float64"]
CASES = {
    "bits": (random_bits, {}),
    **{f"uniform-{d}": (uniform, {"dtype": d}) for d in FLOATS},
    **{f"scaled-{d}": (uniform, {"dtype": d, "minval": -0.1, "maxval": 0.3}) for d in FLOATS},
    **{f"normal-{d}": (normal, {"dtype": d}) for d in FLOATS},
    **{f"shifted-{d}": (normal, {"dtype": d, "mean": 0.3, "stddev": 0.7}) for d in FLOATS},
    **{f"truncated-{d}": (truncated_normal, {"dtype": d, "mean": -0.3, "stddev": 0.05}) for d in FLOATS},
    "uint8": (uniform, {"dtype": "uint8", "minval": 0, "maxval": 256}),
    "int8": (uniform, {"dtype": "int8", "minval": -100, "maxval": 101}),
    "int16": (uniform, {"dtype": "int16", "minval": -1, "maxval": 1}),
    "int32": (uniform, {"dtype": "int32", "minval": -(2**31), "maxval": 2**31}),
    "int32-thousand": (uniform, {"dtype": "int32", "minval": -500, "maxval": 500}),
    "int64": (uniform, {"dtype": "int64", "minval": 2**40, "maxval": 2**40 + 2**32}),
    "int64-wide": (uniform, {"dtype": "int64", "minval": -(2**63), "maxval": 2**63 - 5}),
    **{f"bernoulli-{d}": (bernoulli, {"dtype": d, "p": 0.3}) for d in [*FLOATS, "int32", "int64", "bool"]},
}


class Target:
    """A namespace on a device, maybe inside jax.jit; run(f) gives f(xp, device, draw) as NumPy data."""

    def __init__(self, name, xp, device=None, *, missing=(), jit=False, x64=False):
        self.name, self.xp, self.device, self.missing = name, xp, device, missing
        self.jit, self.x64 = jit, x64

    def run(self, f, draw=0):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if self.name.startswith("jax"):
                import jax

                traced = jax.jit if self.jit else lambda f: f
                with jax.enable_x64(self.x64):
                    number = self.xp.asarray([draw], dtype=self.xp.int32)
                    return np.asarray(traced(lambda number: f(self.xp, None, number))(number))
            number = self.xp.asarray([draw], dtype=self.xp.int32, device=self.device)
            return self.numpy(f(self.xp, self.device, number))

    def numpy(self, x):
        if self.xp is strict:
            assert x.device == self.device
            return np.asarray(x.to_device(strict.Device("CPU_DEVICE")))
        return x.cpu().numpy() if self.name.startswith("torch") else np.asarray(x)


def targets():
    wide = ("float64", "int64")
    yield Target("numpy", np)
    for name in ("CPU_DEVICE", "device1", "device2"):
        yield Target(f"strict-{name}", strict, strict.Device(name), missing=("float16",))
    yield Target("strict-no_float64", strict, strict.Device("no_float64"), missing=("float16", "float64"))
    yield Target("strict-no_x64", strict, strict.Device("no_x64"), missing=("float16", *wide))
    if importlib.util.find_spec("torch"):
        import array_api_compat.torch as xt

        yield Target("torch", xt)
        if xt.cuda.is_available():
            yield Target("torch-cuda", xt, "cuda")
    if importlib.util.find_spec("jax"):
        import jax.numpy as jnp

        yield Target("jax", jnp, missing=wide)
        yield Target("jax-jit", jnp, missing=wide, jit=True)
        yield Target("jax-x64", jnp, x64=True)
        yield Target("jax-x64-jit", jnp, x64=True, jit=True)


everywhere = pytest.mark.parametrize(
    "target",
    [
        pytest.param(target, id=target.name, marks=[pytest.mark.slow] if target.name.startswith("jax") else [])
        for target in targets()
    ],
)
each_case = pytest.mark.parametrize("case", CASES)


def drawn(case, seed, draw, shape, xp=xnp, device=None):
    function, parameters = CASES[case]
    return function(seed, draw, shape, xp=xp, device=device, **parameters)


def unsigned(bits):
    """Return the words as Python integers."""
    return np.asarray(bits).view(np.uint32).tolist()


def words(values):
    return np.asarray(values, dtype=np.uint32).view(np.int32)


# --- the generator ---


@everywhere
def test_published_vectors(target):
    def generated(xp, device, draw):
        columns = [
            [v[1][0] for v in VECTORS],
            [v[1][1] for v in VECTORS],
            [v[0][0] for v in VECTORS],
            [v[0][1] for v in VECTORS],
        ]
        return xp.concat(threefry.threefry2x32(*(xp.asarray(words(c), device=device) for c in columns)))

    expected = [v[2][0] for v in VECTORS] + [v[2][1] for v in VECTORS]
    assert unsigned(target.run(generated)) == expected


def test_layout():
    seed, number = 2**40 + 42, 3
    key, counter = words([42, 2**8]), words([number])
    pairs = threefry.threefry2x32(key[:1], key[1:], np.arange(4, dtype=np.int32), counter)
    assert np.array_equal(random_bits(seed, number, (7,), xp=xnp), np.stack(pairs, axis=1).reshape(-1)[:7])


def test_the_stream_never_changes():
    seed, number = 2**40 + 42, 3
    assert [hex(w) for w in unsigned(random_bits(seed, number, (4,), xp=xnp))] == [
        "0xc4b75784",
        "0xdea72b0f",
        "0x70d0f6e8",
        "0x6d031097",
    ]
    expected = {
        uniform: "0x1.896eae0000000p-1",
        normal: "-0x1.3c34da0000000p-1",
        truncated_normal: "-0x1.2bffbe0000000p-1",
    }
    assert {f: float(f(seed, number, (1,), xp=xnp)[0]).hex() for f in expected} == expected
    assert float(normal(seed, number, (1,), dtype="float64", xp=xnp)[0]).hex() == "-0x1.3c34da80ec97fp-1"
    integers = uniform(seed, number, (8,), minval=0, maxval=1000, dtype="int32", xp=xnp)
    assert integers.tolist() == [768, 440, 25, 118, 253, 197, 358, 759]


@everywhere
@each_case
def test_equal_bits_everywhere(target, case):
    dtype = CASES[case][1].get("dtype", "int32")

    def here(xp, device, draw):
        return drawn(case, 2**63 + 5, draw, (7, 143), xp, device)

    if dtype in target.missing:
        with pytest.raises(ValueError, match=f"dtype is '{dtype}', which .* lacks"):
            target.run(here, 11)
        return
    expected, result = drawn(case, 2**63 + 5, 11, (7, 143)), target.run(here, 11)
    assert result.dtype == expected.dtype == np.dtype(dtype)
    assert result.shape == (7, 143) and result.tobytes() == expected.tobytes()


@each_case
def test_blocks_and_splits_do_not_matter(case, monkeypatch):
    whole = drawn(case, 7, 2, (1001,))
    for n in (0, 1, 2, 501, 1000):
        assert np.array_equal(drawn(case, 7, 2, (n,)), whole[:n])
    assert np.array_equal(drawn(case, 7, 2, (7, 11, 13)).reshape(-1), whole)
    for block, most in ((64, 10**6), (64, 3)):
        monkeypatch.setattr(threefry, "_BLOCK", block)
        monkeypatch.setattr(threefry, "_MOST_BLOCKS", most)
        assert np.array_equal(drawn(case, 7, 2, (1001,)), whole)


@each_case
def test_seed_and_draw_matter(case):
    first = drawn(case, 7, 2, (200,))
    for seed, draw in ((8, 2), (7, 3), (7 + 2**32, 2), (2, 7), (7, 2**32 - 1)):
        assert not np.array_equal(drawn(case, seed, draw, (200,)), first)


def test_forms_of_seed_and_draw():
    first = random_bits(2**64 - 3, 2**32 - 2, (5,), xp=xnp)
    assert np.array_equal(random_bits(-3, 2**32 - 2, (5,), xp=xnp), first)
    for draw in (np.int32([-2]), np.asarray(-2, dtype=np.int32), np.int32([[-2]]), np.uint32(2**32 - 2)):
        assert np.array_equal(random_bits(np.uint64(2**64 - 3), draw, (5,), xp=xnp), first)


def test_beyond_one_block():
    n = 300_001
    assert (n + 1) // 2 > threefry._BLOCK
    result = random_bits(1, 1, (n,), xp=xnp)
    tail = threefry.threefry2x32(words([1]), words([0]), words([n // 2]), words([1]))
    assert result.shape == (n,) and result[-1] == tail[0][0]


@pytest.mark.parametrize("library", [name for name in ("jax", "torch") if importlib.util.find_spec(name)])
def test_vmap_over_draws(library):
    if library == "jax":
        import jax
        import jax.numpy as xp

        vmap = jax.vmap
    else:
        import array_api_compat.torch as xp
        import torch

        vmap = torch.func.vmap
    many = vmap(lambda draw: normal(5, draw, (9,), mean=0.3, stddev=0.7, xp=xp))(xp.arange(4, dtype=xp.int32))
    each = [normal(5, draw, (9,), mean=0.3, stddev=0.7, xp=xnp) for draw in range(4)]
    assert np.array_equal(np.asarray(many), np.stack(each))


# --- shapes and refusals ---


@everywhere
@pytest.mark.parametrize("shape", [(), (0, 3), [2, 0], (1,), (3, 1, 2)])
def test_shapes(target, shape):
    def all_shapes(xp, device, draw):
        for function in (random_bits, uniform, normal, truncated_normal):
            assert function(3, draw, shape, xp=xp, device=device).shape == tuple(shape)
        assert uniform(3, draw, shape, dtype="int32", maxval=9, xp=xp, device=device).shape == tuple(shape)
        return bernoulli(3, draw, shape, p=0.5, xp=xp, device=device)

    assert target.run(all_shapes).shape == tuple(shape)


@pytest.mark.parametrize(
    "error, match, function, arguments, parameters",
    [
        (TypeError, "seed is 1.5", random_bits, (1.5, 0, (2,)), {}),
        (TypeError, "seed is True", random_bits, (True, 0, (2,)), {}),
        (ValueError, "at most 64 bits", random_bits, (2**64, 0, (2,)), {}),
        (TypeError, "draw is 0.5", random_bits, (1, 0.5, (2,)), {}),
        (ValueError, "draw is -1", random_bits, (1, -1, (2,)), {}),
        (ValueError, "draw is 4294967296", random_bits, (1, 2**32, (2,)), {}),
        (TypeError, "draw is an array of int64", random_bits, (1, np.asarray([1]), (2,)), {}),
        (ValueError, r"draw has shape \(3,\)", random_bits, (1, np.int32([1, 2, 3]), (2,)), {}),
        (TypeError, "shape is None", normal, (1, 0, None), {}),
        (TypeError, "shape is None", normal, (1, 0, (2, None)), {}),
        (TypeError, "entry of shape is 2.0", normal, (1, 0, (2.0,)), {}),
        (ValueError, "no negative size", normal, (1, 0, (2, -1)), {}),
        (ValueError, "expected at most 4294967296", random_bits, (1, 0, (2**17, 2**16)), {}),
        (
            ValueError,
            "expected at most 2147483648",
            uniform,
            (1, 0, (2**32,)),
            {"dtype": "int64", "minval": 0, "maxval": 2**40},
        ),
        (ValueError, "dtype is 'bool'", uniform, (1, 0, (2,)), {"dtype": "bool"}),
        (ValueError, "dtype is 'complex64'", uniform, (1, 0, (2,)), {"dtype": "complex64"}),
        (ValueError, "dtype is 'int32'", normal, (1, 0, (2,)), {"dtype": "int32"}),
        (ValueError, "dtype is 'int8'", truncated_normal, (1, 0, (2,)), {"dtype": "int8"}),
        (ValueError, "dtype is 'str'", bernoulli, (1, 0, (2,)), {"dtype": "str", "p": 0.5}),
        (ValueError, "is empty in float32", uniform, (1, 0, (2,)), {"minval": 1.0, "maxval": 1.0}),
        (ValueError, "is empty in float32", uniform, (1, 0, (2,)), {"minval": 1.0, "maxval": 1.0 + 1e-9}),
        (ValueError, "maxval is nan", uniform, (1, 0, (2,)), {"maxval": math.nan}),
        (ValueError, "maxval is 1e[+]?39", uniform, (1, 0, (2,)), {"maxval": 1e39}),
        (ValueError, "maxval - minval", uniform, (1, 0, (2,)), {"minval": -3e38, "maxval": 3e38}),
        (TypeError, "minval is 'a'", uniform, (1, 0, (2,)), {"minval": "a"}),
        (ValueError, "is empty or outside int32", uniform, (1, 0, (2,)), {"dtype": "int32", "minval": 3, "maxval": 3}),
        (
            ValueError,
            "is empty or outside uint8",
            uniform,
            (1, 0, (2,)),
            {"dtype": "uint8", "minval": 0, "maxval": 257},
        ),
        (ValueError, "expected integers for int32", uniform, (1, 0, (2,)), {"dtype": "int32", "maxval": 2.5}),
        (ValueError, "expected integers for int8", uniform, (1, 0, (2,)), {"dtype": "int8", "maxval": math.inf}),
        (ValueError, "stddev is -1", normal, (1, 0, (2,)), {"stddev": -1.0}),
        (ValueError, "mean is inf", normal, (1, 0, (2,)), {"mean": math.inf}),
        (ValueError, "p is 1.5", bernoulli, (1, 0, (2,)), {"p": 1.5}),
        (ValueError, "p is nan", bernoulli, (1, 0, (2,)), {"p": math.nan}),
    ],
)
def test_refusals(error, match, function, arguments, parameters):
    with pytest.raises(error, match=match):
        function(*arguments, xp=xnp, **parameters)
