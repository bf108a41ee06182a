"""Elementwise chains in blocks: the same bits, on any shape, in several threads; and memory that is written over."""

import random
import warnings

import numpy as np
import pytest

import backend as K
from backend import config
from backend.arrays.backends import active
from backend.arrays.namespaces import in_host_memory
from backend.compiler import tiling
from backend.graph.standard import namespace as xp
from backend.graph.tensor import Placeholder
from backend.kernels import numpy as numpy_kernels
from backend.kernels.numpy.chains import chain

torch = pytest.importorskip("torch")

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks so small that small arrays have several, and two threads for them."""
    monkeypatch.setattr(tiling, "BLOCK", 64)
    monkeypatch.setattr(tiling, "PLANNED_BLOCK", 64)
    monkeypatch.setattr(tiling, "MIN_ELEMENTS", 100)
    monkeypatch.setattr(tiling, "MIN_ELEMENTS_PER_THREAD", 150)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    yield
    config.change("blocking", True)


def both(f, values):
    """The outputs of a compiled function in blocks and in one piece."""
    K.set_blocking(True)
    found = f(values)
    K.set_blocking(False)
    return found, f(values)


CHAINS = {
    "one array": lambda x, y, z: xp.tanh(x * x * 0.5 + x) - 1.0,
    "several": lambda x, y, z: xp.exp(x) * y / (xp.abs(z) + 1.0) - y,
    "masks": lambda x, y, z: xp.where((x > y) & ~(x > 1.0), xp.sin(x), -z) * 2.0,
    "casts": lambda x, y, z: xp.astype(xp.astype(x > 0.0, xp.int32) * 3, x.dtype) * y,
    "composites": lambda x, y, z: K.sigmoid(K.relu(x) - y) * K.gelu(z),
    "constants": lambda x, y, z: (x + xp.asarray([1.0, 2.0, 3.0], dtype=x.dtype)) * y * z + x,
}
SHAPES = [
    ((200, 3), (200, 3), (200, 3)),
    ((200, 3), (200, 1), (3,)),
    ((1, 3), (200, 1), ()),
    ((5, 40, 3), (40, 3), (5, 1, 3)),
    ((1, 400, 3), (1, 1, 3), (400, 1)),
    ((0, 3), (0, 3), (3,)),
    ((2, 3), (3,), (2, 1)),
]


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("known", [True, False])
def test_blocks_have_the_bits_of_the_whole(name, dtype, known):
    for shapes in SHAPES:
        inputs = [
            Placeholder([n if known or n == 1 else None for n in shape[:1]] + list(shape[1:]), dtype)
            for shape in shapes
        ]
        f = K.function(inputs, [CHAINS[name](*inputs)])
        data = [RNG.normal(size=shape).astype(dtype) for shape in shapes]
        found, expected = both(f, data)
        assert found[0].dtype == expected[0].dtype and found[0].shape == expected[0].shape
        np.testing.assert_array_equal(found[0], expected[0])
        strided = [np.repeat(x, 2, axis=0)[::2] if x.ndim else x for x in data]
        np.testing.assert_array_equal(both(f, strided)[0][0], expected[0])


LAYOUTS = {
    "C": lambda x: np.ascontiguousarray(x),
    "Fortran": lambda x: np.asfortranarray(x),
    "first axis innermost": lambda x: np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0),
    "reversed": lambda x: np.ascontiguousarray(x[::-1])[::-1],
    "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "transposed twice": lambda x: np.swapaxes(np.ascontiguousarray(np.swapaxes(x, 0, 1)), 0, 1),
}


@pytest.mark.parametrize("seed", range(150))
def test_large_programs_have_the_same_bits_with_sums_and_means(seed):
    """The order in which a sum adds follows the memory of its argument, which blocks must not change."""
    rng = random.Random(seed)
    shape = rng.choice([(11, 13, 7), (40, 31), (31, 40), (5, 3, 17, 4), (1, 300, 3)])
    dtype = rng.choice(["float32", "float64"])
    inputs = [Placeholder([n if rng.randrange(2) else None for n in shape], dtype) for _ in range(2)]
    row = Placeholder(shape[1:], dtype)
    values = [*inputs, xp.permute_dims(inputs[0], tuple(range(len(shape)))[::-1])]
    for _ in range(10):
        x = rng.choice(values)
        kind = rng.randrange(6)
        if kind == 0:
            values.append(xp.permute_dims(x, rng.sample(range(x.ndim), x.ndim)))
        elif kind == 1:
            values.append(x + rng.choice([1.0, row]) if x.ndim == len(shape) and tuple(x.shape) == shape else x * 0.5)
        elif kind == 2:
            y = rng.choice([v for v in values if v.sizes == x.sizes])
            values.append(xp.tanh(x * y) + xp.exp(-xp.abs(x)) * y)
        elif kind == 3:
            values.append(x - xp.mean(x, axis=rng.randrange(x.ndim), keepdims=True))
        else:
            values.append(rng.choice([xp.sin, xp.tanh, xp.square, xp.expm1, K.sigmoid])(x * 0.7 + 0.1))
    outputs = [*values[-3:], *(xp.mean(v) for v in values), *(xp.sum(v, axis=-1) for v in values[-4:])]
    f = K.function([*inputs, row], outputs)
    data = [LAYOUTS[rng.choice(list(LAYOUTS))](RNG.normal(size=shape).astype(dtype)) for _ in inputs]
    found, expected = both(f, [*data, RNG.normal(size=shape[1:]).astype(dtype)])
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_chain_is_one_call_and_flags_and_sizes_decide(monkeypatch):
    calls = []
    original = tiling.boxes
    monkeypatch.setattr(tiling, "boxes", lambda shape, room: calls.append(shape) or original(shape, room))
    x = Placeholder((None,), "float32")
    f = K.function([x], [xp.exp(x) * 2.0 + x])
    assert f.source.count("fused(") == 1
    data = RNG.normal(size=300).astype("f")
    K.set_blocking(False)
    f([data])
    K.set_blocking(True)
    f([data[:50]])
    assert calls == []
    f([data])
    assert calls == [(300,)]


def test_small_known_shapes_and_short_chains_stay_in_line():
    x = Placeholder((4, 5), "float32")
    assert "fused(" not in K.function([x], [xp.exp(x) * 2.0 + x]).source
    x = Placeholder((None, 5), "float32")
    assert "fused(" not in K.function([x], [xp.exp(x) * 2.0]).source
    assert "fused(" not in K.function([x], [xp.exp(x), xp.exp(x) * 2.0, xp.exp(x) * 2.0 + x]).source  # all are results


def test_a_chain_does_not_take_in_what_needs_it_by_another_way():
    x = Placeholder((None, 5), "float64")
    y = xp.exp(x) * 2.0 + x
    centred = y - xp.mean(y, axis=0, keepdims=True)
    result = centred * xp.sqrt(xp.abs(y)) + y
    again = result / (1.0 + xp.sum(result * result + centred, axis=1, keepdims=True))
    data = RNG.normal(size=(60, 5))
    found, expected = both(K.function([x], [again, y, result * 2.0]), [data])
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
    y = np.exp(data) * 2.0 + data
    centred = y - y.mean(axis=0, keepdims=True)
    result = centred * np.sqrt(np.abs(y)) + y
    np.testing.assert_allclose(found[0], result / (1.0 + np.sum(result * result + centred, axis=1, keepdims=True)))


def test_threads_give_no_warnings():
    x = Placeholder((None,), "float32")
    f = K.function([x], [xp.log(x) * 2.0 + xp.sqrt(x)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(f([np.full(1000, -1.0, dtype="f")])[0]).all()


def test_an_error_in_a_thread_comes_out():
    def body(x):
        if 2 < x.shape[0] < 64:  # the last block; two elements are the corner that shows how memory is laid out
            raise ZeroDivisionError
        return (x,)

    with pytest.raises(ZeroDivisionError):
        tiling.fused((np.ones(1000),), body=body)


@pytest.mark.parametrize("library", ["torch", "jax", "array_api_strict"])
def test_other_libraries_and_their_gradients(library):
    if library == "jax":
        pytest.importorskip("jax", reason="jax is not installed")
    x = Placeholder((None, 3), "float32")
    f = K.function([x], [xp.tanh(xp.exp(x) * 2.0 + x) * x])
    data = RNG.normal(size=(100, 3)).astype("f")
    with K.use_backend(library):
        native = K.get_backend().asarray(data)
        found, expected = both(f, [native])
        np.testing.assert_allclose(np.asarray(found[0]), np.asarray(expected[0]), rtol=3e-7)


def test_torchs_autograd_goes_through():
    x = Placeholder((None,), "float64")
    f = K.function([x], [xp.sum((xp.exp(x) * 2.0 + x) / 3.0)])
    leaf = torch.linspace(-1.0, 1.0, 200, dtype=torch.float64, requires_grad=True)
    f([leaf])[0].backward()
    torch.testing.assert_close(leaf.grad, (torch.exp(leaf.detach()) * 2.0 + 1.0) / 3.0)
    assert torch.equal(
        torch.func.vmap(lambda row: f([row])[0])(torch.ones(3, 4, dtype=torch.float64)),
        torch.full((3,), f([np.ones(4)])[0].item(), dtype=torch.float64),
    )


def test_arrays_on_other_devices_are_not_host_memory():
    class Far:
        def __dlpack_device__(self):
            return 2, 0  # DLPack's number for CUDA

    assert in_host_memory(np.ones(3), torch.ones(3)) and not in_host_memory(np.float32(1.0), Far())


# ---- memory that is written over


def test_dead_arrays_are_written_over_and_nothing_else():
    x, w = Placeholder((None, 2000), "float64"), K.variable(RNG.normal(size=(2000,)), "float64")
    view = xp.reshape(x, (-1,)) * 1.5
    back = xp.reshape(view, xp.asarray(x).sizes)
    y = back + w
    z = (x - y) * 2.0
    f = K.function([x], [view, y, z, xp.flip(z, axis=0) + 1.0], [(w, w * 0.5 + 1.0)])
    data, start = RNG.normal(size=(3, 2000)), K.get_value(w)
    kept = data.copy()
    first = f([data])
    np.testing.assert_array_equal(data, kept)
    np.testing.assert_array_equal(K.get_value(w), start * 0.5 + 1.0)
    expected = kept * 1.5 + start
    np.testing.assert_array_equal(first[0], kept.reshape(-1) * 1.5)
    np.testing.assert_array_equal(first[1], expected)
    np.testing.assert_array_equal(first[2], (kept - expected) * 2.0)
    np.testing.assert_array_equal(first[3], ((kept - expected) * 2.0)[::-1] + 1.0)


def test_what_is_shown_elsewhere_is_not_written_over():
    x = Placeholder((None, 2000), "float64")
    a = xp.exp(x)
    rows = xp.permute_dims(a, (1, 0))  # shows a's memory
    b = a * 2.0
    f = K.function([x], [rows + 0.0, b, xp.sum(rows * 3.0)])
    data = RNG.normal(size=(3, 2000))
    found = f([data])
    np.testing.assert_array_equal(found[0], np.exp(data).T)
    np.testing.assert_array_equal(found[1], np.exp(data) * 2.0)
    np.testing.assert_allclose(found[2], np.sum(np.exp(data) * 3.0))


def test_an_operand_that_would_widen_the_result_forbids_it():
    x, y = Placeholder((None, 2000), "float64"), Placeholder((None, 2000), "float64")
    f = K.function([x, y], [xp.exp(x) + y])
    assert "+= " not in f.source  # one of the unknown sizes may be 1
    assert f([np.zeros((1, 2000)), np.ones((3, 2000))])[0].shape == (3, 2000)
    f = K.function([x], [x * 2.0 + xp.sum(x, axis=0)])
    assert "+= " in f.source


def planned(make, *data):
    """The plan that NumPy has for a chain, and what it writes."""
    inputs = [Placeholder(x.shape, x.dtype.name) for x in data]
    f = K.function(inputs, [make(*inputs)])
    run = f.executable.bind(active())
    return chain(run.__globals__["body_1"], data, np.broadcast_shapes(*(x.shape for x in data)))


def test_a_chain_is_written_into_its_result():
    x, y = (RNG.normal(size=(200, 3)).astype("f") for _ in range(2))
    plan = planned(lambda x, y: xp.maximum(x, x * 0.1) * 1.5 + y, x, y)
    assert plan.results == [np.float32] and plan.scratch == []
    plan = planned(lambda x, y: xp.astype(xp.exp(x) > y, xp.float32) * (x + 1.0) - y, x, y)
    assert plan.results == [np.float32] and sorted(map(str, plan.scratch)) == ["bool", "float32"]
    got = np.empty((200, 3), "f")
    plan.writer()([x, y], [got])
    np.testing.assert_array_equal(got, (np.exp(x) > y).astype("f") * (x + np.float32(1)) - y)


def test_a_chain_of_more_than_ufuncs_is_left_to_its_body():
    x, row = RNG.normal(size=(200, 3)).astype("f"), RNG.normal(size=3).astype("f")
    assert planned(CHAINS["masks"], x, x, x) is None
    assert planned(CHAINS["constants"], x, x, x) is None
    assert planned(lambda x, row: x * xp.exp(row) + row - x, x, row) is None


def test_without_kernels_there_is_no_plan(monkeypatch):
    x = Placeholder((None,), "float32")
    f = K.function([x], [xp.exp(x) * 2.0 + x])
    data, asked = RNG.normal(size=300).astype("f"), []
    monkeypatch.setattr(numpy_kernels, "chain", lambda *how: asked.append(how) or chain(*how))
    with_plan = f([data])[0]
    K.set_kernels(False)
    try:
        np.testing.assert_array_equal(f([data])[0], with_plan)
    finally:
        K.set_kernels(True)
    assert len(asked) == 1
