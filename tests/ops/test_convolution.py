"""Convolution: known answers, PyTorch beside it, second derivatives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from convolution_tools import (
    DEPTHWISE,
    DTYPES,
    TABLE,
    assert_near,
    drawn,
    torch_convolution,
    tuples,
)

from backend.api.function import function
from backend.autodiff.backward import gradients
from backend.graph.tensor import Placeholder
from backend.ops.convolution import (
    conv1d,
    conv2d,
    conv2d_transpose,
    conv3d,
    conv3d_transpose,
    depthwise_conv2d,
    separable_conv1d,
    separable_conv2d,
)
from backend.ops.windows import geometry
from backend.ops.windows.correlation import convolution


@pytest.mark.parametrize(
    ("n", "k", "options", "wanted"),
    [
        (5, 2, {"padding": "same"}, [3, 5, 7, 9, 5]),
        (5, 4, {"padding": "same"}, [6, 10, 14, 12, 9]),
        (5, 3, {"padding": "same", "strides": 2}, [3, 9, 9]),
        (6, 3, {"padding": "same", "strides": 2}, [6, 12, 11]),
        (6, 4, {"padding": "same", "strides": 3}, [10, 15]),
        (5, 3, {"padding": "causal"}, [1, 3, 6, 9, 12]),
        (5, 2, {"padding": "causal", "dilation_rate": 2}, [1, 2, 4, 6, 8]),
        (7, 3, {"padding": "same", "dilation_rate": 2}, [4, 6, 9, 12, 15, 10, 12]),
    ],
)
def test_conv1d_known(n, k, options, wanted):
    x = np.arange(1, n + 1, dtype="float32").reshape(1, n, 1)
    got = conv1d(x, np.ones((k, 1, 1), "float32"), **options)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got[0, :, 0], wanted)


def test_kernel_is_not_flipped():
    x = np.arange(1, 6, dtype="float32").reshape(1, 5, 1)
    np.testing.assert_array_equal(conv1d(x, np.asarray([[[1.0]], [[0]], [[0]]], "float32"))[0, :, 0], [1, 2, 3])


@pytest.mark.parametrize(
    ("k", "strides", "dilation", "padding", "n", "wanted"),
    [
        (2, 2, 1, "valid", 6, [1, 2, 2, 4, 3, 6]),
        (2, 2, 1, "valid", 7, [1, 2, 2, 4, 3, 6, 0]),
        (3, 2, 1, "valid", 7, [1, 2, 5, 4, 9, 6, 9]),
        (3, 2, 1, "same", 6, [1, 2, 5, 4, 9, 6]),
        (3, 2, 1, "same", 5, [2, 5, 4, 9, 6]),
        (3, 1, 1, "same", 3, [4, 10, 12]),
        (2, 1, 1, "same", 3, [1, 4, 7]),
        (4, 2, 1, "same", 6, [2, 5, 8, 9, 14, 9]),
        (1, 2, 1, "same", 6, [1, 0, 2, 0, 3, 0]),
        (3, 1, 2, "same", 3, [5, 4, 9]),
        (2, 1, 2, "valid", 5, [1, 2, 5, 4, 6]),
    ],
)
@pytest.mark.parametrize("rows_first", [True, False])
def test_conv2d_transpose_known(k, strides, dilation, padding, n, wanted, rows_first):
    def along(values):
        return np.asarray(values, "float32").reshape((-1, 1) if rows_first else (1, -1))

    x, kernel = along([1, 2, 3])[None, ..., None], along(range(1, k + 1))[..., None, None]
    size = (n, 1) if rows_first else (1, n)
    got = conv2d_transpose(
        x,
        kernel,
        (None, *size, 1),
        strides=(strides, 1) if rows_first else (1, strides),
        padding=padding,
        dilation_rate=dilation,
    )
    np.testing.assert_array_equal(got[0, ..., 0], along(wanted))


def test_depthwise_known():
    x = np.asarray([[[[1, 10]]]], "float32")
    got = depthwise_conv2d(x, np.asarray([[[[1, 2, 3], [4, 5, 6]]]], "float32"))
    np.testing.assert_array_equal(got, [[[[1, 2, 3, 40, 50, 60]]]])


# ---- convolution beside torch: forward and both gradients


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(("depthwise", "row"), [*((False, row) for row in TABLE), *((True, row) for row in DEPTHWISE)])
def test_convolution_beside_torch(depthwise, row, data_format, dtype):
    sizes, window, channels, out, strides, padding, dilation = row
    if padding == "causal" and data_format == "channels_first":
        data_format = "channels_last"
    x, kernel = drawn(2, *sizes, channels, dtype=dtype), drawn(*window, channels, out, dtype=dtype)
    how = {
        "strides": tuples(strides, len(sizes)),
        "padding": padding,
        "dilation": tuples(dilation, len(sizes)),
        "depthwise": depthwise,
    }
    leaves = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in (x, kernel)]
    wanted = torch_convolution(*leaves, **how)
    g = drawn(*wanted.shape, dtype=dtype)
    wanted_gradients = torch.autograd.grad(wanted, leaves, torch.tensor(g, dtype=torch.float64))

    public = depthwise_conv2d if depthwise else {1: conv1d, 2: conv2d, 3: conv3d}[len(sizes)]
    arranged = np.moveaxis(x, -1, 1) if data_format == "channels_first" else x
    got = public(arranged, kernel, strides, padding, data_format, dilation)
    got = np.moveaxis(got, 1, -1) if data_format == "channels_first" else got
    assert got.dtype == x.dtype
    assert_near(got, wanted.detach(), DTYPES[dtype])
    for gradient, wanted_gradient in zip(convolution.vjp_rule(g, got, x, kernel, **how), wanted_gradients, strict=True):
        assert gradient.dtype == x.dtype
        assert_near(gradient, wanted_gradient, DTYPES[dtype])


@pytest.mark.parametrize("room", [64, 700, 5000])
def test_blocks_change_nothing(monkeypatch, room):
    cases = [(row, depthwise) for depthwise, rows in ((False, TABLE), (True, DEPTHWISE)) for row in rows]

    def results():
        for (sizes, window, channels, out, strides, padding, dilation), depthwise in cases:
            x, kernel = drawn(3, *sizes, channels), drawn(*window, channels, out)
            how = {
                "strides": tuples(strides, len(sizes)),
                "padding": padding,
                "dilation": tuples(dilation, len(sizes)),
                "depthwise": depthwise,
            }
            y = convolution(x, kernel, **how)
            yield y
            yield from convolution.vjp_rule(drawn(*y.shape), y, x, kernel, **how)

    whole = list(results())
    monkeypatch.setattr(geometry, "BLOCK_BYTES", room)
    for got, wanted in zip(results(), whole, strict=True):
        assert_near(got, wanted, 1e-12)


def test_strides_and_dilation_together():
    """Refused by the public functions as in Keras, worked out by the composites all the same."""
    x, kernel = drawn(2, 14, 3), drawn(3, 3, 2)
    for strides, dilation in [((2,), (3,)), ((4,), (2,)), ((3,), (3,)), ((6,), (4,))]:
        for padding in ("valid", "same"):
            how = {"strides": strides, "padding": padding, "dilation": dilation}
            leaves = [torch.tensor(a, requires_grad=True) for a in (x, kernel)]
            wanted = torch_convolution(*leaves, **how, depthwise=False)
            g = drawn(*wanted.shape)
            found = [convolution(x, kernel, **how), *convolution.vjp_rule(g, None, x, kernel, **how)]
            for got, right in zip(found, (wanted, *torch.autograd.grad(wanted, leaves, torch.tensor(g))), strict=True):
                assert_near(got, right.detach(), 1e-12)


@pytest.mark.parametrize("depthwise", [False, True])
def test_second_derivatives(depthwise):
    """d/d(x, kernel) of sum(w * d sum(conv ** 3) / d(x or kernel)), against central differences."""
    how = {"strides": (2, 1), "padding": "same", "dilation": (1, 1), "depthwise": depthwise}
    values = [drawn(2, 5, 4, 3), drawn(3, 2, 3, 2)]
    inputs = [Placeholder((None, None, 4, 3), "float64"), Placeholder((3, 2, 3, 2), "float64")]
    y = convolution(*inputs, **how)
    first = gradients(y * y * y, inputs)
    weights = [drawn(*v.shape, seed=5) for v in values]
    for g, w in zip(first, weights, strict=True):
        contracted = function(inputs, [g])
        exact = function(inputs, gradients(g * w, inputs))(values)
        for i, got in enumerate(exact):
            step = drawn(*values[i].shape, seed=7)
            sums = []
            for sign in (1, -1):
                moved = [v + sign * 1e-5 * step if j == i else v for j, v in enumerate(values)]
                sums.append(np.sum(w * contracted(moved)[0]))
            np.testing.assert_allclose(np.sum(got * step), (sums[0] - sums[1]) / 2e-5, rtol=1e-6)


def test_separable_is_depthwise_then_pointwise():
    x, kernel, mixing = drawn(2, 7, 6, 3), drawn(3, 2, 3, 2), drawn(1, 1, 6, 4)
    wanted = conv2d(depthwise_conv2d(x, kernel, 2, "same"), mixing)
    assert_near(separable_conv2d(x, kernel, mixing, 2, "same"), wanted, 1e-12)
    first = separable_conv2d(np.moveaxis(x, -1, 1), kernel, mixing, 2, "same", "channels_first")
    assert_near(np.moveaxis(first, 1, -1), wanted, 1e-12)
    wanted = separable_conv2d(x[:, :1], kernel[:1], mixing, padding="same", dilation_rate=(1, 2))[:, 0]
    assert_near(separable_conv1d(x[:, 0], kernel[0], mixing[0], padding="same", dilation_rate=2), wanted, 1e-12)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("rank", [2, 3])
def test_transposed_is_the_adjoint(rank, data_format):
    public = {2: conv2d_transpose, 3: conv3d_transpose}[rank]
    kernel, size = drawn(*(3, 2, 2)[:rank], 4, 5), (7, 6, 5)[:rank]
    x = torch.tensor(drawn(2, *size, 4), requires_grad=True)
    y = torch_convolution(x, torch.tensor(kernel), (2,) * rank, "same", (1,) * rank, False)
    g = drawn(*y.shape)
    wanted = torch.autograd.grad(y, x, torch.tensor(g))[0].numpy()
    shape = (2, *size, 4)
    if data_format == "channels_first":
        g, wanted, shape = np.moveaxis(g, -1, 1), np.moveaxis(wanted, -1, 1), (None, 4, *size)
    for output_shape in (shape, list(shape), tuple(n if n is None else np.asarray(n) for n in shape)):
        assert_near(public(g, kernel, output_shape, 2, "same", data_format), wanted, 1e-12)
    whole = np.asarray([2 if n is None else n for n in shape])
    assert_near(public(g, kernel, whole, 2, "same", data_format), wanted, 1e-12)


# ---- pooling
