"""Kernels of the reproducible mode have the bits of the definitions they replace."""

from fractions import Fraction

import numpy as np
import pytest
from exact_rounding import fractions, hard, nearest, wrong

import backend as K
from backend.arrays.windows import grid_of
from backend.graph.composite import COMPOSITES
from backend.kernels import reproducible as kernels

SPECS = ["reproducible:numpy", "reproducible:torch"]
CONVOLUTIONS = {  # images, kernel, how: by rows, flat, windows, taps, of one tap; with strides, dilation, other ranks
    "rows": ((5, 8, 8, 16), (3, 3, 16, 32), {}),
    "flat": ((40, 30, 30, 9), (3, 3, 9, 8), {}),
    "valid": ((3, 4, 5, 12), (3, 2, 12, 8), {"padding": "valid"}),
    "windows": ((2, 9, 9, 5), (3, 3, 5, 24), {"strides": (2, 1)}),
    "taps": ((2, 9, 11, 2), (3, 3, 2, 7), {"dilation": (2, 2)}),
    "strided rows": ((3, 9, 9, 5), (3, 3, 5, 7), {"strides": (2, 2)}),
    "dilated rows": ((3, 9, 12, 5), (3, 3, 5, 7), {"dilation": (2, 3)}),
    "causal": ((2, 20, 6), (5, 6, 4), {"padding": "causal", "dilation": (2,)}),
    "three axes": ((2, 7, 6, 5, 6), (2, 3, 3, 6, 8), {}),
    "rows beyond the windows": ((2, 7, 3, 6), (2, 1, 6, 5), {"strides": (2, 1), "padding": "valid"}),
    "one tap": ((2, 6, 6, 8), (1, 1, 8, 4), {}),
}


@pytest.fixture(params=SPECS)
def on(request):
    if "torch" in request.param:
        pytest.importorskip("torch")
    with K.use_backend(request.param) as chosen:
        yield chosen


def bits(x):
    """The bits of an array; NaN, whose sign and payload are the library's, counts as one."""
    x = np.asarray(x)
    return np.where(np.isnan(x), np.float32(np.nan), x).view(np.int32)


def both(name, *args, **how):
    """Whether the kernel itself and the definition give the same bits, and the result."""
    made = getattr(kernels, name)(*args, **how)
    assert made is not NotImplemented, f"{name} left it to the definition"
    with np.errstate(all="ignore"):  # operations switch warnings off, definitions do not
        wanted = COMPOSITES[name].definition(*args, **how)
    several = isinstance(made, tuple)
    for one, other in zip(made if several else (made,), wanted if several else (wanted,), strict=True):
        assert one.shape == other.shape or name.startswith("sliding")  # blocks are flattened afterwards
        assert (bits(one).reshape(-1) == bits(other).reshape(-1)).all()
    return made


def drawn(on, *shape, seed=0, spread=0.0):
    rng = np.random.default_rng(seed)
    return on.asarray((rng.normal(size=shape) * np.exp(rng.uniform(-spread, spread, shape))).astype("float32"))


@pytest.mark.parametrize("case", CONVOLUTIONS)
@pytest.mark.parametrize("spread", [0.0, 20.0])
def test_convolutions_have_the_bits_of_their_definition(on, case, spread):
    images, kernel, given = CONVOLUTIONS[case]
    count = len(images) - 2
    how = {"strides": (1,) * count, "dilation": (1,) * count, "padding": "same"} | given
    x, w = drawn(on, *images, spread=spread), drawn(on, *kernel, seed=1, spread=spread)
    calls = {
        "convolution": lambda g: COMPOSITES["convolution"](x, w, **how),
        "input": lambda g: COMPOSITES["convolution_input_gradient"](g, w, size=images[1:-1], **how),
        "kernel": lambda g: COMPOSITES["convolution_kernel_gradient"](x, g, window=kernel[:-2], **how),
    }
    g = drawn(on, *calls["convolution"](None).shape, seed=2)
    found = {name: bits(call(g)) for name, call in calls.items()}
    before = K.kernels_enabled()
    K.set_kernels(False)
    try:
        assert all((bits(call(g)) == found[name]).all() for name, call in calls.items())
    finally:
        K.set_kernels(before)


def test_a_convolution_of_what_is_not_finite_has_the_bits_of_its_definition(on):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 6, 6, 8)).astype("float32"), rng.normal(size=(3, 3, 8, 8)).astype("float32")
    how = {"over": grid_of((6, 6), (3, 3), (1, 1), (1, 1), "same"), "box": ((0, 2), (0, 6), (0, 6)), "strategy": "rows"}
    x[0, 2, 3, 1], x[1, 0, 0, 0] = np.inf, np.nan
    both("sliding_product", on.asarray(x), on.asarray(w), **how)
    assert kernels.sliding_outer(on.asarray(x), on.asarray(x), **how) is NotImplemented  # beside zeros it makes NaN
    w[0, 0, 0, 0] = np.inf
    assert kernels.sliding_product(on.asarray(x), on.asarray(w), **how) is NotImplemented


@pytest.mark.parametrize("shape", [(33, 7), (4, 8, 8, 16), (600, 64), (1, 3)])
@pytest.mark.parametrize("spread", [0.0, 30.0])
def test_batch_normalization_has_the_bits_of_its_definition(on, shape, spread):
    x, g = drawn(on, *shape, spread=spread), drawn(on, *shape, seed=1, spread=spread / 2)
    kept = (1,) * (len(shape) - 1) + shape[-1:]
    how = {"axes": tuple(range(len(shape) - 1)), "epsilon": 1e-3}
    for gamma, beta in ((None, None), (drawn(on, *kept, seed=2), drawn(on, *kept, seed=3))):
        _, mean, variance = both("batch_norm", x, gamma, beta, **how)
        both("batch_norm_gradient", g, x, gamma, mean, variance, **how, wanted=(0, 1, 2))
    both("batch_norm_gradient", g, x, gamma, mean, variance, **how, wanted=(2, 1))


@pytest.mark.parametrize(
    ("shape", "window"), [((2, 4, 6, 3), (2, 2)), ((2, 9, 6, 3), (3, 2)), ((3, 8, 2), (4,)), ((2, 3, 3, 1), (1, 3))]
)
def test_pooling_has_the_bits_of_its_definition(on, shape, window):
    how = {"window": window, "strides": window, "padding": "same"}
    rng = np.random.default_rng(0)
    whole = rng.integers(-1, 3, shape).astype("float32")  # many equal ones
    wild = np.where(rng.random(shape) < 0.1, rng.choice([np.nan, np.inf, -np.inf], shape), whole).astype("float32")
    for x in (whole, wild):
        y, _ = both("max_pool", on.asarray(x), **how, residuals=True)
        g = rng.integers(-2, 3, y.shape) * rng.choice([-1.0, 1.0], y.shape)  # zeros of both signs
        both("max_pool_gradient", on.asarray(g.astype("float32")), on.asarray(x), None, **how)
        g[0, 0] = np.inf
        both("max_pool_gradient", on.asarray(g.astype("float32")), on.asarray(x), None, **how)
    assert kernels.max_pool(on.asarray(-np.abs(whole) * 0), **how) is NotImplemented


def test_rectifiers_and_masks_have_the_bits_of_their_definitions(on):
    x = np.array([[0.0, -0.0, np.nan, 2.0, -3.0, np.inf, -np.inf, 1e-45]], "float32")
    y = both("relu", on.asarray(x))
    both("relu_gradient", on.asarray(-x), y)
    both("mask", on.asarray(x > 0), on.asarray(-x))


def test_sums_over_leading_axes_are_exact_and_rounded_once(on):
    for name, x in hard((520, 9)):
        wanted = np.array([nearest(sum(column, Fraction(0))) for column in fractions(x.T)])
        assert wrong(on.xp.sum(on.asarray(x), axis=0), wanted) == 0, name
    x[3, 0], x[4, 1], x[5, 1], x[6, 2] = -np.inf, np.inf, -np.inf, np.nan
    found = np.asarray(on.xp.sum(on.asarray(x / 64), axis=0))
    assert found[0] == -np.inf and np.isnan(found[1:3]).all() and np.isfinite(found[3:]).all()
