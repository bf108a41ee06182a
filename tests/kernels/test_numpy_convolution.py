"""NumPy's convolution: blocks of images and of rows give what the definition gives, padding and NaN included."""

import sys

import numpy as np
import pytest

import backend as K
import backend.kernels.numpy
from backend.ops.windows.correlation import convolution, convolution_input_gradient, convolution_kernel_gradient

kernels = sys.modules["backend.kernels.numpy.convolution"]
CASES = [
    ((5, 9, 8), (3, 2), (1, 1), (1, 1), "valid"),
    ((3, 6, 7), (3, 3), (1, 1), (2, 1), "same"),
    ((3, 9, 7), (3, 2), (2, 3), (1, 1), "same"),
    ((4, 11), (4,), (1,), (2,), "causal"),
    ((2, 4, 5, 3), (2, 3, 2), (1, 1, 1), (1, 1, 1), "same"),
]


@pytest.mark.parametrize("product", [0, 2500, 10**6])  # whole windows, a row or a few of one tap of the first axis, all
@pytest.mark.parametrize("block", [1, 3000, 2**20])  # a row of places, some rows or images, everything
@pytest.mark.parametrize("shape, window, strides, dilation, padding", CASES)
def test_every_block_agrees_with_the_definition(monkeypatch, product, block, shape, window, strides, dilation, padding):
    rng = np.random.default_rng(block)
    x = rng.standard_normal((*shape[:1], *shape[:0:-1], 5)).swapaxes(1, -2)  # a layout that is not canonical
    kernel = rng.standard_normal((5, 17, *window)).transpose(*range(2, 2 + len(window)), 0, 1)
    kernel[(0,) * kernel.ndim] = np.nan
    how = {"strides": strides, "padding": padding, "dilation": dilation}
    g = rng.standard_normal(convolution(x, kernel, **how).shape)
    turned = {"size": x.shape[1:-1], **how}
    wide = np.swapaxes(kernel, -1, -2).copy()  # 5 columns out, and 17 of the gradient
    given = rng.standard_normal((*x.shape[:-1], 17)), rng.standard_normal((*g.shape[:-1], 5))

    def found(product, to_x, to_kernel):
        return [
            product(x, kernel, **how),
            to_x(given[1], wide, **turned),
            to_kernel(x, g, window=window, **how),
        ]

    for name, value in {"BLOCK_BYTES": block, "PRODUCT": product, "MIN_ROWS": 1, "MIN_COLUMNS": 1}.items():
        monkeypatch.setattr(kernels, name, value)
    taken, strips = [], kernels._strips
    monkeypatch.setattr(kernels, "_strips", lambda *given: taken.append(given) or strips(*given))
    ours = found(kernels.convolution, kernels.convolution_input_gradient, kernels.convolution_kernel_gradient)
    K.set_kernels(False)
    try:
        expected = found(convolution, convolution_input_gradient, convolution_kernel_gradient)
    finally:
        K.set_kernels(True)
    assert [result is NotImplemented for result in ours] == [False, max(strides) > 1, False]
    if product in (0, 10**6) or strides[0] > 1:
        assert len(taken) == (3 - (max(strides) > 1) if product and strides[0] == 1 else 0)
    for got, wanted in zip(ours, expected, strict=True):
        if got is not NotImplemented:
            np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("product", [10**4, 10**6])  # a row or a few of the first axis, all
@pytest.mark.parametrize("block", [1, 3000, 2**20])  # a row of places, some rows or images, everything
@pytest.mark.parametrize("shape, window, strides, dilation, padding", CASES)
def test_few_channels_agree_with_the_definition(monkeypatch, product, block, shape, window, strides, dilation, padding):
    rng = np.random.default_rng(block)
    x = rng.standard_normal((*shape[:1], *shape[:0:-1], 2)).swapaxes(1, -2)  # a layout that is not canonical
    x[(0,) * x.ndim] = np.nan
    kernel = rng.standard_normal((2, 17, *window)).transpose(*range(2, 2 + len(window)), 0, 1)
    how = {"strides": strides, "padding": padding, "dilation": dilation}
    g = rng.standard_normal(convolution(x, kernel, **how).shape)
    monkeypatch.setattr(kernels, "BLOCK_BYTES", block)
    monkeypatch.setattr(kernels, "PRODUCT", product)
    ours = kernels.convolution(x, kernel, **how), kernels.convolution_kernel_gradient(x, g, window=window, **how)
    K.set_kernels(False)
    try:
        expected = convolution(x, kernel, **how), convolution_kernel_gradient(x, g, window=window, **how)
    finally:
        K.set_kernels(True)
    for got, wanted in zip(ours, expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-12)
    monkeypatch.setattr(kernels, "PRODUCT", 1)
    assert kernels.convolution(x, kernel, **how) is NotImplemented  # not even one row of places
    assert kernels.convolution_kernel_gradient(x, g, window=window, **how) is NotImplemented


def test_few_outputs_and_one_tap_are_left_to_the_definition():
    how = {"strides": (1,), "padding": "valid", "dilation": (1,)}
    for channels, out, window in [(4, 16, 3), (8, 16, 3), (8, 32, 1), (4, 32, 1)]:
        x, kernel = np.ones((2, 9, channels)), np.ones((window, channels, out))
        assert kernels.convolution(x, kernel, **how) is NotImplemented
