"""Pooling: adjoints, ties, and what the forward pass keeps for the gradient, on every kernel."""

from __future__ import annotations

import numpy as np
import pytest
from convolution_tools import (
    POOLS,
    drawn,
    tuples,
)

import backend as K
from backend.compiler.pipeline import without
from backend.compiler.simplify import simplify
from backend.kernels import numpy as numpy_kernels
from backend.ops.activations import relu_gradient
from backend.ops.pooling import (
    average_pool,
    average_pool_gradient,
    max_pool,
    max_pool_gradient,
    max_pool_selection,
    pool2d,
)
from backend.ops.windows import geometry

torch = pytest.importorskip("torch")
torch_kernels = pytest.importorskip("backend.kernels.torch")


@pytest.mark.parametrize("row", POOLS)
def test_pool_adjoints(row, monkeypatch):
    """Gradient composites are the adjoints of linear maps, and their rules lead back to those."""
    sizes, window, strides, padding = row
    how = {"window": window, "strides": tuples(strides, len(sizes)), "padding": padding}
    monkeypatch.setattr(geometry, "BLOCK_BYTES", 2000)
    x, h = np.round(2 * drawn(3, *sizes, 2)), drawn(3, *sizes, 2, seed=1)
    np.testing.assert_array_equal(max_pool_selection(x, x, **how), max_pool(x, **how)[0])
    g = drawn(*max_pool(x, **how)[0].shape)
    spread = max_pool_gradient(g, x, **how)
    np.testing.assert_allclose(np.sum(spread * h), np.sum(g * max_pool_selection(h, x, **how)), rtol=1e-10)
    back, *_ = max_pool_gradient.vjp_rule(h, spread, g, x, **how)
    np.testing.assert_array_equal(back, max_pool_selection(h, x, **how))
    np.testing.assert_array_equal(max_pool_selection.vjp_rule(g, None, h, x, **how)[0], spread)
    spread = average_pool_gradient(g, size=sizes, **how)
    np.testing.assert_allclose(np.sum(spread * h), np.sum(g * average_pool(h, **how)), rtol=1e-10)
    (back,) = average_pool_gradient.vjp_rule(h, spread, g, size=sizes, **how)
    np.testing.assert_array_equal(back, average_pool(h, **how))


def test_max_pool_ties_and_infinities():
    how = {"window": (3, 3), "strides": (1, 1), "padding": "same"}
    x, numbers = np.full((1, 3, 3, 1), -np.inf), np.arange(9.0).reshape(1, 3, 3, 1)
    np.testing.assert_array_equal(max_pool(x, **how)[0], x)
    got = max_pool_gradient(np.ones_like(x), x, **how)  # the first real element, never the padding before it
    np.testing.assert_array_equal(got[0, ..., 0], [[4, 2, 0], [2, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(max_pool_selection(numbers, x, **how)[0, ..., 0], [[0, 0, 1], [0, 0, 1], [3, 3, 4]])
    x = np.asarray([[1.0, 5], [5, 5]]).reshape(1, 2, 2, 1)
    got = max_pool_gradient(np.ones((1, 1, 1, 1)), x, window=(2, 2), strides=(2, 2), padding="valid")
    np.testing.assert_array_equal(got[0, ..., 0], [[0, 1], [0, 0]])
    x[0, 1, 0, 0] = np.nan
    assert np.isnan(pool2d(x, 2)) and np.isnan(pool2d(x, 2, pool_mode="avg"))


# ---- what the forward pass keeps for the gradient

EDGES = [
    *POOLS,
    ((7, 6), (1, 1), (2, 3), "same"),
    ((9, 8), (2, 3), (4, 3), "same"),
    ((5,), (3,), 1, "same"),
    ((6,), (2,), 2, "valid"),
]


@pytest.fixture(params=["numpy", "torch", "numpy, definitions", "torch, definitions"])
def library(request):
    """A backend, with its kernels or without."""
    name, _, plain = request.param.partition(", ")
    before, kernels = K.backend(), K.kernels_enabled()
    K.set_backend(name)
    K.set_kernels(not plain)
    yield name
    K.set_backend(before)
    K.set_kernels(kernels)


def test_kept_only_where_a_gradient_reads_it(library):
    x = K.placeholder((None, 6, 6, 2))
    y = K.pool2d(x, 2, 2)
    assert "residuals" not in K.function([x], [y]).source
    (slope,) = K.gradients(K.sum(K.square(y)), [x])
    source = K.function([x], [y, slope]).source
    assert source.count("max_pool(") == 1 and "residuals=True" in source
    (again,) = K.gradients(K.sum(K.square(slope)), [x])
    f = K.function([x], [y, slope, again])
    assert f.source.count("max_pool(") == 1 and "max_pool_selection(" in f.source
    values = drawn(2, 6, 6, 2, dtype="float32")
    largest, slopes, slopes_again = (np.asarray(v) for v in f([values]))
    first = max_pool_gradient.definition(largest, values, window=(2, 2), strides=(2, 2), padding="valid")
    np.testing.assert_array_equal(slopes, 2 * first)
    np.testing.assert_array_equal(slopes_again, 8 * first)


def test_kept_in_loops_and_in_gradients_of_functions(library):
    """A gradient through a loop reads what each of its steps kept."""
    values = drawn(3, 2, 5, 5, 2, dtype="float32")

    def loss(x):
        return K.sum(K.square(K.map_fn(lambda image: K.pool2d(image, 3, 2, "same"), x)))

    native = torch.tensor(values) if library == "torch" else values
    slopes = np.asarray(K.grad(loss)(native))
    one = np.asarray(K.grad(lambda x: K.sum(K.square(K.pool2d(x, 3, 2, "same"))))(native.reshape(6, 5, 5, 2)))
    np.testing.assert_allclose(slopes.reshape(one.shape), one, rtol=1e-6)
    how = {"window": (3, 3), "strides": (2, 2), "padding": "same"}
    flat = values.reshape(one.shape)
    np.testing.assert_allclose(
        one, max_pool_gradient.definition(2 * max_pool.definition(flat, **how)[0], flat, **how), rtol=1e-6
    )


@pytest.mark.parametrize("kernels", [numpy_kernels, torch_kernels], ids=["numpy", "torch"])
@pytest.mark.parametrize("row", EDGES)
def test_kept_places_are_the_ones_found(row, kernels):
    """The gradient is the definition's, ties and infinities too, and does not look at x where it has what was kept."""
    sizes, window, strides, padding = row
    how = {"window": window, "strides": tuples(strides, len(sizes)), "padding": padding}
    as_native = torch.tensor if kernels is torch_kernels else np.asarray
    for x in (drawn(3, *sizes, 4), np.round(drawn(3, *sizes, 4)), np.full((3, *sizes, 4), -np.inf)):
        given = kernels.max_pool(as_native(x), **how, residuals=True)
        if given is NotImplemented:
            assert kernels is torch_kernels
            continue
        y, kept = given
        np.testing.assert_array_equal(y, max_pool.definition(x, **how)[0])
        np.testing.assert_array_equal(y, kernels.max_pool(as_native(x), **how)[0])
        g = np.round(8 * drawn(*y.shape, seed=1))  # sums are exact
        wanted = max_pool_gradient.definition(g, x, **how)
        for places in (None, kept):
            got = kernels.max_pool_gradient(as_native(g), as_native(x), places, **how)
            if got is NotImplemented:
                assert len(sizes) == 1
                continue
            np.testing.assert_array_equal(got, wanted)
        if len(sizes) > 1:
            other = as_native(np.zeros_like(x))
            np.testing.assert_array_equal(kernels.max_pool_gradient(as_native(g), other, kept, **how), wanted)


@pytest.mark.parametrize("row", EDGES)
def test_averages_on_numpy(row):
    sizes, window, strides, padding = row
    how = {"window": window, "strides": tuples(strides, len(sizes)), "padding": padding}
    x = drawn(3, *sizes, 4)
    y = numpy_kernels.average_pool(x, **how)
    np.testing.assert_allclose(y, average_pool.definition(x, **how), rtol=1e-12)
    np.testing.assert_allclose(
        numpy_kernels.average_pool_gradient(y, size=sizes, **how),
        average_pool_gradient.definition(y, size=sizes, **how),
        rtol=1e-12,
    )


def test_numpy_kernels_in_blocks_and_threads(monkeypatch):
    how = {"window": (3, 3), "strides": (2, 2), "padding": "same"}
    x = drawn(5, 9, 8, 3, dtype="float32")
    y, kept = numpy_kernels.max_pool(x, **how, residuals=True)
    dx, mean = numpy_kernels.max_pool_gradient(y, x, kept, **how), numpy_kernels.average_pool(x, **how)
    monkeypatch.setattr(numpy_kernels.pooling, "BLOCK_ELEMENTS", 300)
    monkeypatch.setattr(numpy_kernels.pooling, "MIN_ELEMENTS_PER_THREAD", 300)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    for got, wanted in zip(numpy_kernels.max_pool(x, **how, residuals=True), (y, kept), strict=True):
        np.testing.assert_array_equal(got, wanted)
    np.testing.assert_array_equal(numpy_kernels.max_pool_gradient(y, x, kept, **how), dx)
    np.testing.assert_array_equal(numpy_kernels.average_pool(x, **how), mean)


@pytest.mark.parametrize(("window", "strides"), [((2, 2), (2, 2)), ((3, 3), (2, 2)), ((3, 3), (1, 1))])
def test_numpy_kernels_on_what_is_not_finite(window, strides):
    how = {"window": window, "strides": strides, "padding": "same"}
    x = drawn(1, 6, 6, 1)
    x[0, 2, 3, 0] = np.nan
    y, kept = numpy_kernels.max_pool(x, **how, residuals=True)
    np.testing.assert_array_equal(y, max_pool.definition(x, **how)[0])
    ones = np.ones_like(y)
    assert numpy_kernels.max_pool_gradient(ones, x, kept, **how).sum() == ones.sum()  # each to one element
    ones[0, 0, 0, 0] = np.inf
    assert np.isinf(numpy_kernels.max_pool_gradient(ones, x, kept, **how)).sum() == 1  # and no NaN beside it


def test_numpy_kernels_decline():
    how = {"window": (2, 2), "strides": (2, 2), "padding": "valid"}
    for x in (np.ones((1, 4, 4, 1), "float16"), np.ones((0, 4, 4, 1), "float32"), np.ones((1, 1, 4, 1), "float32")):
        assert numpy_kernels.max_pool(x, **how) is NotImplemented
        assert numpy_kernels.max_pool_gradient(x, x, **how) is NotImplemented
        assert numpy_kernels.average_pool(x, **how) is NotImplemented
    x = drawn(1, 16, 16, 1)  # more taps than a byte has numbers for
    wide = {"window": (16, 16), "strides": (1, 1), "padding": "valid"}
    assert numpy_kernels.max_pool(x, **wide, residuals=True) is NotImplemented
    y, kept = max_pool(x, **wide, residuals=True)
    np.testing.assert_array_equal(max_pool_gradient(np.ones_like(y), x, kept, **wide), x == x.max())


def test_no_pixels_on_a_strict_namespace():
    """The standard leaves a slice open that begins beyond an axis."""
    xp = pytest.importorskip("array_api_strict", reason="needs array-api-strict")
    assert K.pool2d(xp.zeros((0, 0, 0, 2)), (2, 3), (2, 2), "same").shape == (0, 0, 0, 2)
    assert K.pool3d(xp.zeros((0, 3, 0, 2, 2)), (2, 3, 2), (2, 2, 2), "same", pool_mode="avg").shape == (0, 2, 0, 1, 2)
    assert K.resize_images(xp.zeros((0, 0, 0, 2)), 2, 1, "channels_last", "bilinear").shape == (0, 0, 0, 2)


def _rectified(window, strides, padding, given):
    """The gradient of a pooled rectifier, its source, and the gradient by the calls as recorded."""
    x = K.variable(given)
    y = pool2d(K.relu(x), window, strides, padding)
    gradient = K.gradients(K.sum(y * y * y), [x])
    f = K.function([], gradient)
    with without("simplify"):
        plain = K.function([], gradient)
    return f([])[0], f.source, plain([])[0]


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("window", "strides"), [((2, 2), (2, 2)), ((3, 3), (2, 2)), ((1, 2), (2, 3))])
def test_rectifiers_gradient_comes_before_that_of_pooling(window, strides, padding, backend):
    """Ties and windows without a positive element included; the mask is that of the pooled elements."""
    given = np.round(2 * drawn(3, 7, 8, 2)).astype("f")
    given[0, :4, :4] = -1.0
    with K.use_backend(backend):
        found, source, expected = _rectified(window, strides, padding, given)
    np.testing.assert_array_equal(found, expected)
    assert np.any(found)
    assert source.index(" relu_gradient(") < source.index(" max_pool_gradient(")


def test_a_rectifiers_gradient_stays_where_something_else_was_pooled():
    x, other = K.variable(drawn(2, 4, 4, 1)), K.variable(drawn(2, 4, 4, 1, seed=1))
    how = {"window": (2, 2), "strides": (2, 2), "padding": "valid"}
    top, kept = max_pool(other * 1.5, residuals=True, **how)
    given = relu_gradient(max_pool_gradient(top, other * 1.5, kept, **how), K.relu(x))
    assert simplify(given.node) is None
    f = K.function([], [given])
    expected = np.where(K.get_value(x) > 0, K.eval(max_pool_gradient(top, other * 1.5, **how)), 0)
    np.testing.assert_array_equal(f([])[0], expected)
