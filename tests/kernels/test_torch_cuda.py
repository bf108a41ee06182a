"""torch's kernels on a GPU: as precise as their definitions, in any layout, without a remark; skipped without one."""

import warnings

import numpy as np
import pytest

import backend as K

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
RNG = np.random.default_rng(3)


def on_gpu(*shape):
    return torch.from_numpy(RNG.normal(size=shape).astype("float32")).to("cuda:0")


def both_ways(function):
    """A function's results with kernels and without; a remark that weights are copied at every call is an error."""
    found = []
    for enabled in (True, False):
        K.set_kernels(enabled)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.filterwarnings("error", message="RNN module weights")
                found.append(function())
        finally:
            K.set_kernels(True)
    return found


def settings():
    return torch.backends.cudnn.conv.fp32_precision, torch.backends.cudnn.rnn.fp32_precision


@pytest.fixture(autouse=True)
def nothing_changes():
    before = settings()
    yield
    assert settings() == before


def program(make, arrays, jit=False):
    """The operation and its gradients, compiled and run on the GPU."""
    inputs = [K.placeholder(tuple(x.shape)) for x in arrays]
    y = make(*inputs)
    outputs = [y, *K.gradients(K.sum(K.sin(y)), inputs)]
    return lambda: [x.cpu() for x in K.function(inputs, outputs, jit=jit)(arrays)]


PROGRAMS = {
    "conv2d": (lambda x, w: K.conv2d(x, w, padding="same"), [(4, 9, 9, 16), (3, 3, 16, 8)]),
    "conv3d": (lambda x, w: K.conv3d(x, w, padding="same"), [(2, 5, 5, 5, 8), (2, 2, 2, 8, 4)]),
    "separable": (lambda x, w, u: K.separable_conv2d(x, w, u), [(2, 8, 8, 8), (3, 3, 8, 1), (1, 1, 8, 4)]),
    "transposed": (
        lambda x, w: K.conv2d_transpose(x, w, (2, 8, 8, 6), strides=(2, 2), padding="same"),
        [(2, 4, 4, 8), (3, 3, 6, 8)],
    ),
    "average": (lambda x: K.pool2d(x, (3, 2), (1, 2), "same", "channels_first", "avg"), [(1, 2, 3, 3)]),
    "averages": (lambda x: K.pool2d(x, (3, 3), (1, 1), "same", pool_mode="avg"), [(2, 7, 7, 5)]),
    "maximum": (lambda x: K.pool2d(x, (3, 3), (2, 2), "same"), [(2, 7, 7, 5)]),
    "batch norm": (lambda x: K.normalize_batch_in_training(x, None, None, [0, 1, 2])[0], [(1, 6, 6, 8)]),
    "lstm": (lambda x, k, r, h, c: K.lstm(x, k, r, None, [h, c])[0], [(4, 7, 8), (8, 64), (16, 64), (4, 16), (4, 16)]),
}


@pytest.mark.parametrize("layout", ["dense", "transposed", "strided"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_kernels_equal_definitions(name, layout):
    make, shapes = PROGRAMS[name]
    arrays = [on_gpu(*shape) for shape in shapes]
    if layout == "transposed":
        arrays = [x.permute(*reversed(range(x.ndim))).contiguous().permute(*reversed(range(x.ndim))) for x in arrays]
    if layout == "strided":
        arrays = [x.repeat_interleave(2, -1)[..., ::2] for x in arrays]
    for got, wanted in zip(*both_ways(program(make, arrays)), strict=True):
        torch.testing.assert_close(got, wanted, rtol=2e-5, atol=2e-5 * float(wanted.abs().max()))


@pytest.mark.filterwarnings("ignore")  # Inductor's own
@pytest.mark.parametrize("name", ["conv2d", "lstm"])
def test_a_jitted_program_is_as_precise(name):
    make, shapes = PROGRAMS[name]
    arrays = [on_gpu(*shape) for shape in shapes]
    for got, wanted in zip(program(make, arrays, jit=True)(), program(make, arrays)(), strict=True):
        torch.testing.assert_close(got, wanted, rtol=2e-5, atol=2e-5 * float(wanted.abs().max()))


def test_torch_s_own_gradients_are_as_precise():
    x, w = on_gpu(2, 8, 8, 16).requires_grad_(), on_gpu(3, 3, 16, 4)
    (got,) = torch.autograd.grad(K.sum(K.sin(K.conv2d(x, w))), x)
    (wanted,) = torch.autograd.grad(K.sum(K.sin(K.conv2d(y := x.detach().double().requires_grad_(), w.double()))), y)
    torch.testing.assert_close(got, wanted.float(), rtol=1e-4, atol=1e-4)


def test_tf32_is_used_where_products_have_it():
    x, w = on_gpu(4, 16, 16, 64), on_gpu(3, 3, 64, 64)
    exact = K.conv2d(x.double(), w.double())
    precise = float((K.conv2d(x, w) - exact).abs().max())
    torch.set_float32_matmul_precision("high")
    try:
        coarse = float((K.conv2d(x, w) - exact).abs().max())
    finally:
        torch.set_float32_matmul_precision("highest")
    assert precise < 1e-3
    assert coarse > 3 * precise or torch.cuda.get_device_capability()[0] < 8
