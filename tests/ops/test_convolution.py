"""Convolution and pooling: dtypes, empty and unknown sizes, forms of arguments, refusals, torch's kernels."""

from __future__ import annotations

import gc

import array_api_strict
import numpy as np
import pytest
from convolution_tools import (
    DEPTHWISE,
    DTYPES,
    POOLS,
    TABLE,
    assert_near,
    drawn,
    torch_convolution,
    tuples,
)

import backend as K
from backend.api.function import function
from backend.graph.tensor import Placeholder
from backend.ops.convolution import (
    bias_add,
    conv1d,
    conv2d,
    conv2d_transpose,
    conv3d_transpose,
    depthwise_conv2d,
    separable_conv1d,
    separable_conv2d,
)
from backend.ops.pooling import (
    average_pool,
    average_pool_gradient,
    max_pool,
    max_pool_gradient,
    max_pool_selection,
    pool2d,
    pool3d,
)
from backend.ops.windows.correlation import convolution, convolution_input_gradient, convolution_kernel_gradient

torch = pytest.importorskip("torch")
kernels = pytest.importorskip("backend.kernels.torch")


# ---- dtypes, empty batches, unknown sizes


def test_integers_become_floatx():
    got = conv2d(np.ones((1, 3, 3, 2), "int32"), np.ones((2, 2, 2, 1), "int64"))
    assert got.dtype == np.float32 and np.all(got == 8)
    assert conv2d(np.ones((1, 3, 3, 2), "int32"), np.ones((2, 2, 2, 1), "float64")).dtype == np.float64
    assert pool2d(np.ones((1, 3, 3, 2), "int32"), 2).dtype == np.float32


def test_float16_sums_in_float32():
    x = np.full((1, 1, 3000, 1), 1, "float16")
    assert conv2d(x, np.ones((1, 3000, 1, 1), "float16")).item() == 3000  # float16 counts no further than 2048
    assert pool2d(x, (1, 3000), pool_mode="avg").item() == 1


def test_gradients_of_half_precision():
    """They are of half precision, and as near to the true ones as that allows."""

    def rule(composite, given, how):
        g, *arrays = given
        if composite is max_pool:  # one of several outputs
            return composite.vjp_rule((g,), composite(*arrays, **how), *arrays, **how)
        return composite.vjp_rule(g, composite(*arrays, **how), *arrays, **how)

    def compare(composite, g, *arrays, **how):
        half = [a.astype("float16") for a in (g, *arrays)]
        whole = [a.astype("float64") for a in half]
        for got, right in zip(rule(composite, half, how), rule(composite, whole, how), strict=True):
            assert got.dtype == "float16"
            assert_near(got, right, DTYPES["float16"])

    for depthwise, rows in ((False, TABLE), (True, DEPTHWISE)):
        for sizes, window, channels, out, strides, padding, dilation in rows:
            x, kernel, count = drawn(2, *sizes, channels), drawn(*window, channels, out), len(sizes)
            how = {"strides": tuples(strides, count), "padding": padding, "dilation": tuples(dilation, count)}
            how["depthwise"] = depthwise
            compare(convolution, drawn(*convolution(x, kernel, **how).shape), x, kernel, **how)
    for sizes, window, strides, padding in POOLS:
        x, how = np.round(2 * drawn(2, *sizes, 3)), {"window": window, "strides": tuples(strides, len(sizes))}
        for pool in (max_pool, average_pool):
            y = pool(x, **how, padding=padding)
            compare(pool, drawn(*(y[0] if pool is max_pool else y).shape), x, **how, padding=padding)


@pytest.mark.parametrize("xp", [np, torch, array_api_strict], ids=lambda xp: xp.__name__)
def test_empty_batch(xp):
    x, kernel = xp.zeros((0, 6, 5, 3), dtype=xp.float32), xp.ones((3, 2, 3, 4), dtype=xp.float32)
    y = conv2d(x, kernel, 2, "same")
    assert tuple(y.shape) == (0, 3, 3, 4)
    how = {"strides": (2, 2), "padding": "same", "dilation": (1, 1)}
    gradient, weight = convolution.vjp_rule(y, y, x, kernel, **how)
    assert tuple(gradient.shape) == (0, 6, 5, 3)
    assert tuple(weight.shape) == (3, 2, 3, 4) and float(xp.sum(xp.abs(weight))) == 0
    wide = depthwise_conv2d(x, kernel, 2, "same")
    assert tuple(wide.shape) == (0, 3, 3, 12)
    gradient, weight = convolution.vjp_rule(wide, wide, x, kernel, depthwise=True, **how)
    assert tuple(gradient.shape) == (0, 6, 5, 3) and tuple(weight.shape) == (3, 2, 3, 4)
    for mode, pool in (("max", max_pool), ("avg", average_pool)):
        pooled = pool2d(x, 3, 2, "same", pool_mode=mode)
        assert tuple(pooled.shape) == (0, 3, 3, 3)
        g = (pooled,) if mode == "max" else pooled
        (back,) = pool.vjp_rule(g, g, x, window=(3, 3), strides=(2, 2), padding="same")
        assert tuple(back.shape) == (0, 6, 5, 3)
    assert tuple(conv2d_transpose(x, xp.ones((2, 2, 4, 3), dtype=xp.float32), (0, 7, 6, 4)).shape) == (0, 7, 6, 4)


def test_unknown_sizes():
    x, kernel = Placeholder((None, None, 9, 3), "float32"), drawn(3, 2, 3, 4, dtype="float32")
    assert conv2d(x, kernel).shape == (None, None, 8, 4)
    assert conv2d(x, kernel, padding="same").shape == (None, None, 9, 4)
    assert conv2d(x, kernel, 2, "same").shape == (None, None, 5, 4)
    assert depthwise_conv2d(x, kernel).shape == (None, None, 8, 12)
    assert conv2d(x, Placeholder((None, None, 3, None), "float32")).shape == (None, None, None, None)
    assert conv2d(Placeholder((None, 3, None, 9), "float32"), kernel, 2, "same", "channels_first").shape == (
        None,
        4,
        None,
        5,
    )
    assert pool2d(x, 2, 2).shape == (None, None, 4, 3)
    steps = Placeholder((None, None, 3), "float32")
    assert conv1d(steps, kernel[0], padding="causal").shape == (None, None, 4)


def test_output_shape_known_at_run_time():
    x, rows = Placeholder((None, None, 3, 5), "float64"), Placeholder((), "int32")
    kernel = drawn(3, 3, 4, 5)
    y = conv2d_transpose(x, kernel, (None, rows, 6, 4), 2, "same")
    assert y.shape == (None, None, 6, 4)
    run = function([x, rows], [y])
    for n in (5, 6):
        value = drawn(2, 3, 3, 5)
        wanted = conv2d_transpose(value, kernel, (2, n, 6, 4), 2, "same")
        np.testing.assert_array_equal(run([value, n])[0], wanted)
    with pytest.raises(ValueError, match="convolution_input_gradient: size"):
        run([drawn(2, 3, 3, 5), 9])


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


# ---- refusals

X, KERNEL = np.ones((2, 5, 4, 3), "float32"), np.ones((3, 2, 3, 4), "float32")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: conv2d(X, KERNEL, data_format="last"), "last"),
        (lambda: conv2d(X, KERNEL, padding="full"), "conv2d: padding is 'full'; expected 'valid' or 'same'"),
        (lambda: conv2d(X, KERNEL, padding="causal"), "conv2d: padding is 'causal'"),
        (lambda: conv2d(X, KERNEL, strides=(1, 2, 3)), "conv2d: strides is .* expected a positive int or 2 of them"),
        (lambda: conv2d(X, KERNEL, strides=0), "conv2d: strides is 0"),
        (lambda: conv2d(X, KERNEL, strides=2, dilation_rate=2), "conv2d: strides are .* expected 1 for one of them"),
        (lambda: conv2d(X, KERNEL[0]), "conv2d: kernel has 3 dimensions; expected 4"),
        (lambda: conv2d(X[0], KERNEL), "conv2d: x has 3 dimensions; expected 4"),
        (
            lambda: conv2d(X[..., :2], KERNEL),
            r"conv2d: x has 2 channels; expected 3 for a kernel of shape \(3, 2, 3, 4\)",
        ),
        (lambda: conv2d(np.ones((2, 5, 4, 6)), KERNEL), "conv2d: x has 6 channels; expected 3"),
        (lambda: conv2d(X[:, :2], KERNEL), "conv2d: the window spans 3 elements of spatial axis 0, which has 2"),
        (lambda: conv2d(X, KERNEL, dilation_rate=3), "conv2d: the window spans 7"),
        (
            lambda: conv1d(X[0], KERNEL[0], padding="causal", data_format="channels_first"),
            "conv1d: padding is 'causal'",
        ),
        (lambda: depthwise_conv2d(X[..., :1], KERNEL), "depthwise_conv2d: x has 1 channels; expected 3"),
        (lambda: separable_conv1d(X[0], KERNEL[0], np.ones((1, 12, 2)), padding="causal"), "separable_conv1d: padding"),
        (lambda: separable_conv2d(X, KERNEL, np.ones((2, 1, 12, 2))), "separable_conv2d: pointwise_kernel has shape"),
        (
            lambda: separable_conv2d(X, KERNEL, np.ones((1, 1, 11, 2))),
            "separable_conv2d: x has 12 channels; expected 11",
        ),
        (lambda: conv2d_transpose(X, KERNEL, (2, 7, 5, 3)), "conv2d_transpose: x has 3 channels; expected 4"),
        (
            lambda: conv2d_transpose(X, np.ones((3, 2, 4, 3)), (2, 7, 6, 4)),
            "conv2d_transpose: output_shape has spatial",
        ),
        (lambda: conv2d_transpose(X, np.ones((3, 2, 4, 3)), (2, 7, 5, 3)), "has 3 for its channels; expected 4"),
        (lambda: conv2d_transpose(X, np.ones((3, 2, 4, 3)), (3, 7, 5, 4)), "has 3 for its batch; expected 2"),
        (lambda: conv2d_transpose(X, np.ones((3, 2, 4, 3)), (2, 7, 5)), "conv2d_transpose: output_shape is"),
        (
            lambda: conv2d_transpose(X, np.ones((3, 2, 4, 3)), (2, None, 5, 4)),
            "expected 4 integers, and None for the batch",
        ),
        (lambda: conv2d_transpose(X, KERNEL, (2, 9, 6, 3), dilation_rate=(1, 2)), "expected equal rates"),
        (lambda: pool2d(X, 2, pool_mode="sum"), "pool2d: pool_mode is 'sum'; expected 'max' or 'avg'"),
        (lambda: pool2d(X, 2, padding="causal"), "pool2d: padding is 'causal'"),
        (lambda: pool2d(X, (2, 5)), "pool2d: the window spans 5 elements of spatial axis 1, which has 4"),
        (lambda: pool2d(X, (2, 0)), "pool2d: pool_size is"),
        (lambda: pool3d(X, 2), "pool3d: x has 4 dimensions; expected 5"),
        (lambda: bias_add(X, np.ones((4,))), r"bias_add: bias has shape \(4,\)"),
        (lambda: bias_add(X, np.ones((1,))), r"bias_add: bias has shape \(1,\)"),
        (lambda: bias_add(X, np.ones((4, 3))), "bias_add: bias has 2 dimensions; expected 1 or 3"),
        (lambda: bias_add(X, np.ones((5, 4, 3)), "channels_first"), r"bias_add: bias has shape \(5, 4, 3\)"),
        (lambda: bias_add(np.ones(3), np.ones(3)), "bias_add: x has 1 dimensions; expected at least 2"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_mismatched_gradients_are_refused():
    how = {"strides": (1, 1), "padding": "valid", "dilation": (1, 1)}
    for x, kernel in ((X, KERNEL), (torch.tensor(X), torch.tensor(KERNEL))):
        y = convolution(x, kernel, **how)
        with pytest.raises(ValueError, match="convolution_input_gradient: size"):
            convolution_input_gradient(y, kernel, size=(9, 9), **how)
        with pytest.raises(ValueError, match="convolution_kernel_gradient: x has windows"):
            convolution_kernel_gradient(x, y, window=(2, 2), **how)


# ---- torch's kernels beside the definitions


def assert_kernel(thing, arrays, how, tolerance):
    """The kernel gives what the definition gives, or declines; returns whether it gave anything."""
    wanted = thing.definition(*arrays, **how)
    got = getattr(kernels, thing.__name__)(*arrays, **how)
    if got is NotImplemented:
        return 0
    if isinstance(wanted, tuple):
        (got,), (wanted,) = got, wanted
    assert got.dtype == wanted.dtype
    assert_near(got, wanted, tolerance)
    return 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("depthwise", [False, True])
def test_convolution_kernels(depthwise, dtype):
    for sizes, window, channels, out, strides, padding, dilation in DEPTHWISE if depthwise else TABLE:
        x = torch.tensor(drawn(2, *sizes, channels, dtype=dtype))
        kernel = torch.tensor(drawn(*window, channels, out, dtype=dtype))
        how = {
            "strides": tuples(strides, len(sizes)),
            "padding": padding,
            "dilation": tuples(dilation, len(sizes)),
            "depthwise": depthwise,
        }
        g = torch.tensor(drawn(*convolution.definition(x, kernel, **how).shape, dtype=dtype))
        assert assert_kernel(convolution, (x, kernel), how, DTYPES[dtype])
        assert assert_kernel(convolution_input_gradient, (g, kernel), {"size": sizes, **how}, DTYPES[dtype])
        assert assert_kernel(convolution_kernel_gradient, (x, g), {"window": window, **how}, DTYPES[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_pooling_kernels(dtype):
    taken = 0
    for sizes, window, strides, padding in POOLS:
        how = {"window": window, "strides": tuples(strides, len(sizes)), "padding": padding}
        x = torch.tensor(np.round(2 * drawn(2, *sizes, 3, dtype=dtype)))
        g = torch.tensor(drawn(*max_pool.definition(x, **how)[0].shape, dtype=dtype))
        taken += assert_kernel(max_pool, (x,), how, 0)
        taken += assert_kernel(max_pool_gradient, (g, x), how, DTYPES[dtype])
        taken += assert_kernel(max_pool_selection, (torch.tensor(drawn(*x.shape, dtype=dtype)), x), how, 0)
        taken += assert_kernel(average_pool, (x,), how, DTYPES[dtype])
        taken += assert_kernel(average_pool_gradient, (g,), {"size": sizes, **how}, DTYPES[dtype])
    assert taken >= 30


def test_kernels_differentiate_as_definitions_do():
    x, kernel = torch.tensor(drawn(2, 7, 6, 3)), torch.tensor(drawn(3, 2, 3, 4))
    how = {"strides": (2, 2), "padding": "same", "dilation": (1, 1)}
    pools = {"window": (2, 2), "strides": (2, 2), "padding": "same"}

    def loss(convolve, pool):
        def of(x, kernel):
            y = pool(convolve(x, kernel, **how), **pools)
            return ((y[0] if isinstance(y, tuple) else y) ** 2).sum()

        return of

    for pool in (max_pool, average_pool):
        kernel_loss = loss(kernels.convolution, getattr(kernels, pool.__name__))
        definition_loss = loss(convolution.definition, pool.definition)
        found = torch.func.grad(kernel_loss, argnums=(0, 1))(x, kernel)
        for got, wanted in zip(found, torch.func.grad(definition_loss, argnums=(0, 1))(x, kernel), strict=True):
            assert_near(got, wanted, 1e-12)
        each = torch.func.vmap(torch.func.grad(lambda k, x, f=definition_loss: f(x[None], k)), in_dims=(None, 0))
        assert_near(each(kernel, x).sum(0), found[1], 1e-12)


@pytest.mark.parametrize("strides", [1, 2])
def test_gradients_keep_no_array_until_the_garbage_collector_comes(strides):
    x, w = K.placeholder((None, 9, 9, 8)), K.placeholder((3, 3, 8, 4))
    with K.use_backend("array_api_strict"):
        given = [array_api_strict.ones(shape, dtype=array_api_strict.float32) for shape in ((2, 9, 9, 8), (3, 3, 8, 4))]
        f = K.function([x, w], K.gradients(K.sum(K.square(K.conv2d(x, w, strides, "same"))), [x, w]))
        f(given)
        gc.collect()
        gc.disable()
        try:
            counts = []
            for _ in range(2):
                counts.append(sum(type(each) is type(given[0]) for each in gc.get_objects()))
                f(given)
        finally:
            gc.enable()
    assert counts[0] == counts[1]
