"""Sliding windows: every strategy, in blocks of any size and with arrays that may not be written to, beside torch."""

from __future__ import annotations

import numpy as np
import pytest
from convolution_tools import DEPTHWISE, TABLE, assert_near, drawn, torch_convolution, tuples

import backend as K
from backend.ops.pooling import max_pool, max_pool_gradient
from backend.ops.windows import geometry
from backend.ops.windows.correlation import convolution, convolution_input_gradient, convolution_kernel_gradient

torch = pytest.importorskip("torch")

# TABLE has rows for taps, rows and products of single pixels; these are long enough for windows that wrap around.
ROWS = [
    *TABLE,
    ((17, 19), (3, 3), 6, 5, 1, "same", 1),
    ((17,), (4,), 5, 3, 1, "causal", 1),
    ((6, 5, 9), (2, 1, 3), 5, 4, 1, "same", 1),
    ((9, 8), (3, 1), 7, 3, 1, "same", (2, 1)),
    # refused by the public functions as in Keras, computed by the composites all the same
    *(((14,), (3,), 3, 2, s, p, d) for s, d in ((2, 3), (4, 2), (3, 3), (6, 4)) for p in ("valid", "same")),
]


@pytest.fixture(params=[600, 6000, None])
def block_bytes(request, monkeypatch):
    """Blocks of a few windows, of many, and the default, which holds everything here."""
    if request.param:
        monkeypatch.setattr(geometry, "BLOCK_BYTES", request.param)


@pytest.fixture(params=["numpy", "torch followed by autograd"])
def arrays(request):
    """Makes arrays that may be written to, or that may not; without kernels, so that the definitions run."""
    K.set_kernels(False)
    yield np.asarray if request.param == "numpy" else lambda x: torch.tensor(x, requires_grad=True)
    K.set_kernels(True)


def on_host(x):
    return x.detach() if isinstance(x, torch.Tensor) else x


@pytest.mark.parametrize(("depthwise", "row"), [*((False, row) for row in ROWS), *((True, row) for row in DEPTHWISE)])
def test_convolution_and_its_gradients(depthwise, row, arrays, block_bytes):
    sizes, window, channels, out, strides, padding, dilation = row
    how = {
        "strides": tuples(strides, len(sizes)),
        "padding": padding,
        "dilation": tuples(dilation, len(sizes)),
        "depthwise": depthwise,
    }
    x, kernel = drawn(3, *sizes, channels), drawn(*window, channels, out)
    leaves = [torch.tensor(a, requires_grad=True) for a in (x, kernel)]
    wanted = torch_convolution(*leaves, *how.values())
    g = drawn(*wanted.shape)
    to_x, to_kernel = torch.autograd.grad(wanted, leaves, torch.tensor(g))
    x, kernel, g = map(arrays, (x, kernel, g))
    assert_near(on_host(convolution(x, kernel, **how)), wanted.detach(), 1e-12)
    assert_near(on_host(convolution_input_gradient(g, kernel, size=sizes, **how)), to_x, 1e-12)
    assert_near(on_host(convolution_kernel_gradient(x, g, window=window, **how)), to_kernel, 1e-12)


def test_what_is_not_finite_stays_where_it_belongs():
    """Windows that wrap around an edge leave no trace, not even 0 * inf."""
    x, g = drawn(2, 30, 30, 6), drawn(2, 28, 28, 5)
    x[0, 0, 0, 2], x[1, -1, -1, 3] = np.inf, np.nan
    how = {"strides": (1, 1), "padding": "valid", "dilation": (1, 1)}
    with np.errstate(invalid="ignore"):
        found = ~np.isfinite(convolution_kernel_gradient(x, g, window=(3, 3), **how))
    wanted = np.zeros((3, 3, 6, 5), dtype=bool)
    wanted[0, 0, 2], wanted[2, 2, 3] = True, True
    np.testing.assert_array_equal(found, wanted)
    kernel = drawn(3, 3, 6, 5)
    with np.errstate(invalid="ignore"):
        found = ~np.isfinite(convolution(x, kernel, **how)).all(-1)
    assert found[0, 0, 0] and found[1, -1, -1] and found.sum() == 2


@pytest.mark.parametrize(("window", "strides", "padding"), [((2, 2), (2, 2), "valid"), ((3, 2), (2, 3), "same")])
def test_pooling(window, strides, padding, arrays, block_bytes):
    how = {"window": window, "strides": strides, "padding": padding}
    x = np.round(2 * drawn(3, 9, 8, 2))
    (whole,) = max_pool(x, **how)
    g = drawn(*whole.shape)
    spread = max_pool_gradient(g, x, **how)
    np.testing.assert_array_equal(on_host(max_pool(arrays(x), **how)[0]), whole)
    np.testing.assert_allclose(on_host(max_pool_gradient(arrays(g), arrays(x), **how)), spread, rtol=1e-12)
    np.testing.assert_allclose(spread.sum(), g.sum(), rtol=1e-12)
