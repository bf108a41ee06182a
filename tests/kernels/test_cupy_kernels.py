"""CuPy's kernels without a GPU: compiled for the host they give what the definitions give; NVRTC compiles them."""

import importlib
import inspect
import types

import numpy as np
import pytest
from cuda_host import host, nvrtc
from cuda_host.namespace import on_host

import backend as K
from backend.compiler.elementwise_steps import steps_of
from backend.graph.composite import COMPOSITES
from backend.graph.standard import namespace as xp
from backend.graph.tensor import Placeholder, Subgraph
from backend.ops.rng import sampling
from conformance.case import discovered
from conformance.examples import typical
from conformance.properties.kernels import composites_of, kernel_layouts
from conformance.properties.registry import PROPERTIES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(host.compiler() is None, reason="g++ is not installed"),
]

RNG = np.random.default_rng(0)
NEAR = {"float16": 2e-3, "float32": 1e-6, "float64": 1e-14}


@pytest.fixture(scope="module")
def on():
    with on_host() as found:
        yield found


def module(name):
    return importlib.import_module(f"backend.kernels.cupy.{name}")


def texts(name, dtype):
    """The source of a module's kernels."""
    return module("_launch").source_for(module(name)._kernel.args[0], dtype)


# ---- composites: by the cases of conformance, in every layout. `cuda_proof.py` takes all of them.

CASES = (
    "softmax log_softmax normalize_batch_in_training pool2d conv2d depthwise_conv2d gather dropout random_uniform"
    " random_normal truncated_normal"
).split()


@pytest.mark.parametrize("name", CASES)
def test_kernels_give_what_definitions_give(on, name):
    case = discovered()[name]
    assert composites_of(case) & on.kernels
    before = sum(host.HostKernel.sources.values())
    for index in range(len(case.calls)):
        kernel_layouts(on, typical(case, index, "float32"))
        if "float16" in case.dtypes:
            PROPERTIES["value"].holds(on, typical(case, index, "float16"))
    assert sum(host.HostKernel.sources.values()) > before


def test_every_kernel_has_a_composite_of_its_signature(on):
    home = importlib.import_module("backend.kernels.cupy")
    made = {name: getattr(home, name) for name in on.kernels}
    own = {n for n, f in made.items() if inspect.isfunction(f) and f.__module__.startswith("backend.kernels.cupy.")}
    assert len(own) == 20
    for name in own:
        given = [inspect.signature(f).parameters.values() for f in (getattr(home, name), COMPOSITES[name].definition)]
        assert len({tuple((p.name, p.kind) for p in each) for each in given}) == 1, name


@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (1, 700), (5, 130), (700, 3), (4, 70, 33)])
def test_rows_longer_and_more_than_a_block(on, shape):
    x = RNG.normal(size=shape)
    x[0, ...] = -np.inf
    x[-1, ..., 0] = np.inf
    with np.errstate(all="ignore"):
        for operation in (K.softmax, K.log_softmax):
            for axis in (-1, 0, tuple(range(len(shape)))):
                found = operation(x, axis)
                K.set_kernels(False)
                wanted = operation(x, axis)
                K.set_kernels(True)
                np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)


def test_sums_that_several_blocks_share(on):
    for shape, axes in (((3000, 5), (0,)), ((40, 3, 9, 9), (0, 2, 3)), ((2, 3000), (1,)), ((900, 70), (0,))):
        x, kept = RNG.normal(3.0, 2.0, size=shape), [n for i, n in enumerate(shape) if i not in axes]
        y, mean, variance = K.normalize_batch_in_training(x, np.ones(kept), np.zeros(kept), axes, 0.0)
        np.testing.assert_allclose(mean, x.mean(axes), rtol=1e-12)
        np.testing.assert_allclose(variance, x.var(axes), rtol=1e-11)
        wide = [np.expand_dims(s, axes) for s in (mean, variance)]
        np.testing.assert_allclose(y, (x - wide[0]) / np.sqrt(wide[1]), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("inner", [(), (1,), (40,), (3, 2)])
def test_equal_indices_add_up(on, inner):
    indices = RNG.integers(-7, 7, size=500).astype("int32")
    g = RNG.normal(size=(500, *inner))
    expected = np.zeros((7, *inner))
    np.add.at(expected, indices, g)
    home = module("indexing")
    np.testing.assert_allclose(home.take_adjoint(g, indices, axis=0, size=7), expected, rtol=1e-12, atol=1e-12)
    turned = home.take_adjoint(np.moveaxis(g, 0, -1), indices, axis=len(inner), size=7)
    np.testing.assert_allclose(turned, np.moveaxis(expected, 0, -1), rtol=1e-12, atol=1e-12)
    assert home.take_adjoint(g[:0], indices[:0], axis=0, size=7) is NotImplemented


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-0.05, 0.05), (-3.0, 0.0), (2.0, 7.0)])
def test_draws_have_the_bits_of_the_definition(on, dtype, bounds):
    draw = np.asarray([7], "int32")
    for seed in (0, -1, 2**63 + 5):
        for shape in ((), (1,), (3, 7), (1000, 3)):
            how = {"seed": seed, "shape": shape, "dtype": dtype, "minval": bounds[0], "maxval": bounds[1]}
            np.testing.assert_array_equal(
                sampling.draw_uniform(draw, **how), sampling.draw_uniform.definition(draw, **how), strict=True
            )
            parameters = {**how, "mean": bounds[0], "stddev": bounds[1] - bounds[0]}
            del parameters["minval"], parameters["maxval"]
            for drawn in (sampling.draw_normal, sampling.draw_truncated_normal):
                np.testing.assert_array_equal(
                    drawn(draw, **parameters), drawn.definition(draw, **parameters), strict=True
                )
    for p in (0.0, 0.3, 1.0):
        how = {"seed": 5, "shape": (33, 3), "dtype": "bool", "p": p}
        np.testing.assert_array_equal(
            sampling.draw_bernoulli(draw, **how), sampling.draw_bernoulli.definition(draw, **how), strict=True
        )


# ---- elementwise chains

EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, np.inf, -np.inf, np.nan, 6e-8, 65504.0, -3.75]
EXACT = "add subtract multiply divide sqrt cast floor ceil trunc round".split()
UNARY = "acos acosh asin asinh atan atanh cos cosh exp expm1 log log1p log2 log10 reciprocal sin sinh sqrt tan tanh"
UNARY += " square sign abs negative isfinite isinf isnan signbit floor ceil trunc round"
BINARY = "add subtract multiply divide pow atan2 copysign hypot logaddexp maximum minimum less less_equal greater"
BINARY += " greater_equal equal not_equal"
INTEGER = "add subtract multiply maximum minimum bitwise_and bitwise_or bitwise_xor less greater_equal equal"


def run(outputs, inputs, values):
    """The results of a chain's kernel."""
    body = types.SimpleNamespace(steps=steps_of(Subgraph(inputs, outputs)))
    found = module("chains").fused(tuple(values), body=body)
    assert found is not NotImplemented
    return found if isinstance(found, tuple) else (found,)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_each_function_of_floats(on, dtype):
    x, y = (Placeholder((None,), dtype) for _ in range(2))
    names = [(name, (x,)) for name in UNARY.split()] + [(name, (x, y)) for name in BINARY.split()]
    pairs = np.asarray([(a, b) for a in EDGES for b in EDGES], dtype)
    values = np.concatenate([pairs, RNG.normal(size=(300, 2)).astype(dtype)]).T.copy()
    outputs = [getattr(xp, name)(*operands) for name, operands in names]
    outputs += [xp.where(x > 0.5, y, 0.1), xp.astype(x, "float16"), xp.astype(x, "float64"), xp.astype(x, "bool")]
    found = run(outputs, [x, y], values)
    compiled = K.function([x, y], outputs, passes=[])
    with np.errstate(all="ignore"):
        for (name, _), got, want in zip([*names, *[("cast", 0)] * 4], found, compiled(list(values)), strict=True):
            assert got.dtype == want.dtype
            if want.dtype == bool or name in EXACT:
                np.testing.assert_array_equal(got, want, err_msg=name)
            else:
                np.testing.assert_allclose(got, want, rtol=4 * NEAR[dtype], err_msg=name, equal_nan=True)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64", "uint64", "bool"])
def test_each_function_of_integers(on, dtype):
    x, y = (Placeholder((None,), dtype) for _ in range(2))
    names = INTEGER.split() if dtype != "bool" else ["bitwise_and", "bitwise_or", "bitwise_xor", "logical_and", "equal"]
    low, high = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    values = [
        RNG.integers(low, high, size=300, dtype=dtype if dtype != "bool" else "int64", endpoint=True) for _ in "xy"
    ]
    values = [v.astype(dtype) for v in values]
    outputs = [getattr(xp, name)(x, y) for name in names] + [xp.where(x > y, x, y), ~x, xp.astype(x, "float32")]
    if dtype != "bool":
        outputs += [-x, xp.abs(x), xp.square(x), x << 3, x >> 2, xp.bitwise_left_shift(x, xp.asarray(70, dtype=dtype))]
    found = run(outputs, [x, y], values)
    for got, want in zip(found, K.function([x, y], outputs, passes=[])(values), strict=True):
        np.testing.assert_array_equal(got, want, strict=True)


SHAPES = [
    ((200, 3), (200, 1), (3,)),
    ((5, 40, 3), (40, 3), (5, 1, 3)),
    ((0, 3), (0, 3), (3,)),
    ((1, 1), (1,), ()),
    ((2, 4, 3), (4, 3), ()),
]
LAYOUTS = {
    "dense": lambda x: x,
    "every second, reversed": lambda x: np.flip(np.repeat(np.flip(x), 2, axis=-1)[..., ::2]) if x.ndim else x,
    "transposed": lambda x: x.T.copy().T,
    "repeated": lambda x: np.broadcast_to(x[:1], x.shape) if x.ndim else x,
}


def test_chains_in_every_layout(on, monkeypatch):
    for shapes in SHAPES:
        if shapes is SHAPES[-1]:
            monkeypatch.setattr(module("chains"), "NARROW", -1)  # 64-bit indices
        inputs = [Placeholder(shape, "float32") for shape in shapes]
        x, y, z = inputs
        outputs = [xp.astype(x > z, x.dtype) * y + z * 2.0, xp.abs(x - y) * z]
        data = [RNG.normal(size=shape).astype("float32") for shape in shapes]
        for name, arrange in LAYOUTS.items():
            values = [arrange(a) for a in data]
            wanted = K.function(inputs, outputs, passes=[])(values)
            for got, want in zip(run(outputs, inputs, values), wanted, strict=True):
                np.testing.assert_array_equal(got, want, err_msg=f"{name} {shapes}", strict=True)


def test_what_has_no_line_is_left_to_the_definition(on):
    x = Placeholder((None,), "float32")
    body = types.SimpleNamespace(steps=steps_of(Subgraph([x], [xp.exp(x) // 2.0])))
    assert module("chains").fused((np.ones(3, "f"),), body=body) is NotImplemented
    z = Placeholder((None,), "complex64")
    body = types.SimpleNamespace(steps=steps_of(Subgraph([z], [z * z])))
    assert module("chains").fused((np.ones(3, "complex64"),), body=body) is NotImplemented
    assert module("chains").fused((np.ones(3, "f"),), body=lambda x: x) is NotImplemented


@pytest.mark.parametrize("name", ["Adam", "Nadam", "RMSprop", "SGD"])
def test_an_optimizers_update_is_one_kernel(on, name):
    """Small weights, too; the variables come in the order in which the function gives them."""
    w, x = K.variable(0.1 * RNG.normal(size=(30, 5))), K.placeholder((None, 30))
    loss = K.mean(K.square(K.dot(x, w)))
    optimizer = getattr(K.optimizers, name)(0.01, **({"momentum": 0.9} if name == "SGD" else {}))
    f = K.function([x], [loss], updates=optimizer.get_updates(loss, [w]))
    given = [RNG.normal(size=(8, 30)).astype("f"), *(K.get_value(v) for v in f.variables)]
    before = sum(host.HostKernel.sources.values())
    found = f.executable.bind(on.backend)(*given)
    started = sum(host.HostKernel.sources.values()) - before
    wanted = f.executable.bind(K.get_backend("numpy"))(*given)
    assert 1 <= started <= 3  # the loss, the rate, the update
    for got, want in zip([*found[0], *found[1]], [*wanted[0], *wanted[1]], strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-7)


# ---- the means of the proof


def test_half_precision_on_the_host_rounds_as_numpy(on):
    x = Placeholder((None,), "float64")
    every = np.arange(2**16, dtype="uint16").view("float16").astype("float64")
    with np.errstate(all="ignore"):
        values = np.concatenate(
            [every, (every[:-1] + every[1:]) / 2, RNG.normal(size=2000) * 2.0**-15, [65519.9, 65520.0]]
        )
        (found,) = run([xp.astype(x * 1.0, "float16")], [x], [values])
        np.testing.assert_array_equal(found, values.astype("float16"))


def test_a_missing_barrier_is_found(on):
    source = texts("softmax", "float64")
    x, y = np.ones((1, 700)), np.empty((1, 700))
    arguments = x, y, np.int32(1), np.int32(700), np.int32(1)
    host.HostKernel(source, "by_blocks", ("--fmad=false",))((1,), (64,), arguments)
    added = "part[threadIdx.x] += part[threadIdx.x + half];\n"
    hasty = source.replace(f"{added}        __syncthreads();\n", added)
    assert hasty != source
    x[...] = RNG.normal(size=x.shape)
    with pytest.raises(AssertionError, match="order of threads"):
        host.HostKernel(hasty, "by_blocks", ("--fmad=false",))((1,), (64,), arguments)
    parted = source.replace("        __syncthreads();\n", "        if (threadIdx.x < half) __syncthreads();\n")
    with pytest.raises(AssertionError, match="parted at a barrier"):
        host.HostKernel(parted, "by_blocks", ("--fmad=false",))((1,), (64,), arguments)


def test_without_a_compiler_definitions_run(on, monkeypatch):
    launch = module("_launch")
    launch._has_compiler.cache_clear()
    monkeypatch.delattr(launch.cupy.cuda, "nvrtc")
    try:
        assert launch.loaded("other source", "name") is None
    finally:
        launch._has_compiler.cache_clear()
    for name in ("softmax", "pooling"):
        monkeypatch.setattr(module(name), "_kernel", lambda *how: None)
    before = sum(host.HostKernel.sources.values())
    K.softmax(np.ones((3, 4))), K.pool2d(np.ones((1, 4, 4, 1)), (2, 2))
    assert sum(host.HostKernel.sources.values()) == before


@pytest.mark.skipif(nvrtc.library() is None, reason="nvidia-cuda-nvrtc-cu12 is not installed")
@pytest.mark.parametrize("architecture", nvrtc.ARCHITECTURES)
def test_nvrtc_compiles_every_source(on, architecture):
    for name in ("softmax", "normalization", "pooling", "convolution", "indexing", "random"):
        for dtype in ("float16", "float32", "float64"):
            assert nvrtc.compiled_size(texts(name, dtype), architecture) > 0
    others = {source for source, name in host.HostKernel.sources if name in ("chain", "nest", "normal", "rows_taken")}
    assert all(nvrtc.compiled_size(source, architecture) > 0 for source in others)
