"""CuPy's loop nests on the host: reductions over rows with what stands around them as one launch."""

import numpy as np
import pytest
from cuda_host import host, nvrtc
from cuda_host.namespace import on_host

import backend as K
from backend.kernels.description import FULL, ROW, Input, Nest, Output, Value

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(host.compiler() is None, reason="g++ is not installed"),
]

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def on():
    with on_host() as found:
        yield found


def nests_started():
    return sum(count for (_, name), count in host.HostKernel.sources.items() if name == "nest")


def compared(on, outputs, inputs, values, rtol=1e-11):
    """The results of a compiled function through the kernels, beside NumPy's; how many nests were started."""
    f = K.function(inputs, outputs)
    given = [*values, *(K.get_value(v) for v in f.variables)]
    before = nests_started()
    with np.errstate(all="ignore"):
        found = f.executable.bind(on.backend)(*given)[0]
        wanted = f.executable.bind(K.get_backend("numpy"))(*given)[0]
    for got, want in zip(found, wanted, strict=True):
        assert got.dtype == want.dtype and got.shape == want.shape
        np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol)
    return nests_started() - before


@pytest.mark.parametrize(("shape", "axis"), [((None, 7), -1), ((None, 130), -1), ((None, 3, 4), (1, 2)), ((9, 1), -1)])
def test_layer_normalization_and_its_gradients(on, shape, axis):
    """One launch forwards, one backwards; rows of fewer and of more elements than a block has threads."""
    sizes = tuple(np.take(shape, axis, 0).reshape(-1)) if isinstance(axis, tuple) else (shape[axis],)
    x, w = (K.placeholder(shape, dtype="float64") for _ in range(2))
    gamma, beta = (K.variable(RNG.normal(size=sizes), dtype="float64") for _ in range(2))
    y = K.layer_normalization(x, gamma, beta, axis=axis)
    loss = K.sum(K.square(y - w) * w)
    outputs = [y, *K.gradients(loss, [x, gamma, beta])]
    values = [RNG.normal(size=[21 if n is None else n for n in shape]) for _ in range(2)]
    assert compared(on, outputs, [x, w], values) == (2 if shape[-1] > 1 else 1)


def test_reductions_of_every_kind(on):
    """Sums of rows, of columns and of everything; maxima see NaN; results with axes kept or dropped."""
    x, y = K.placeholder((None, 70), dtype="float64"), K.placeholder((70,), dtype="float64")
    row = K.placeholder((None, 1), dtype="float64")
    centered = x - K.max(x, -1, keepdims=True)
    scaled = K.exp(centered) * y / row
    low = K.min(scaled, -1)
    outputs = [scaled, low, K.mean(scaled, -1, keepdims=True), K.sum(scaled, 0), K.mean(scaled, 0, keepdims=True)]
    outputs += [K.sum(scaled), K.mean(scaled)]
    values = [RNG.normal(size=(300, 70)), RNG.normal(size=70), 1 + RNG.random((300, 1))]
    assert 1 <= compared(on, outputs, [x, y, row], values) <= 2
    values[0][3, 5], values[0][7, 0], values[0][9] = np.nan, np.inf, -np.inf
    assert compared(on, outputs[:3], [x, y, row], values) >= 1


def test_arrays_in_any_layout(on):
    x, y = (K.placeholder((None, 4, 6), dtype="float64") for _ in range(2))
    outputs = [K.softmax(x * 2.0 + y) * y, K.sum(x * y, -1)]
    whole = RNG.normal(size=(10, 4, 6))
    for values in (
        [whole, whole[::-1]],
        [whole.transpose(1, 2, 0).copy().transpose(2, 0, 1), np.broadcast_to(whole[:1], whole.shape)],
        [np.repeat(whole, 2, -1)[..., ::2], whole[:, ::-1, ::-1]],
    ):
        assert compared(on, outputs, [x, y], values) >= 1


def test_what_the_body_runs(on):
    """No elements, and a few long rows."""
    x = K.placeholder((None, None), dtype="float64")
    outputs = [x - K.sum(x * x, -1, keepdims=True)]
    for shape in ((0, 5), (5, 0), (2, 20000)):
        assert compared(on, outputs, [x], [RNG.normal(size=shape)]) == 0
    assert compared(on, outputs, [x], [RNG.normal(size=(70, 9))]) == 1


def test_a_call_without_a_line_leaves_the_nest_to_its_body(on):
    from backend.kernels.cupy.nest_text import nest_text

    values = (Value("floor_divide", (0, 0), "float32", FULL), Value("sum", (1,), "float32", ROW))
    assert nest_text(Nest((Input("float32", 2, False),), values, (Output(2, 2),), 2, 1), [(True, True)]) is None


@pytest.mark.skipif(nvrtc.library() is None, reason="nvidia-cuda-nvrtc-cu12 is not installed")
@pytest.mark.parametrize("architecture", nvrtc.ARCHITECTURES)
def test_nvrtc_compiles_the_nests(on, architecture):
    sources = {source for source, name in host.HostKernel.sources if name == "nest"}
    assert all(nvrtc.compiled_size(source, architecture) > 0 for source in sources)
