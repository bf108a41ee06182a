"""jit=True: the library's own compiler gets the program; results and updates stay what they are."""

import functools
import importlib
import sys
import types

import numpy as np
import pytest

import backend as K
from backend.compiler import executable
from backend.graph.standard import namespace as xp
from backend.graph.tensor import Placeholder

pytestmark = pytest.mark.slow

torch = pytest.importorskip("torch")

RNG = np.random.default_rng(0)


def step(jit):
    """A training step with a loop in it, and its weights."""
    x = Placeholder((None, 4, 3), "float32", "x")
    w = K.variable(np.linspace(-1.0, 1.0, 9).reshape(3, 3))
    h, _ = K.scan(lambda h, row: (xp.tanh(K.dot(h, w) + row), ()), xp.zeros((4, 3)), x)
    loss = K.mean(K.square(h))
    return K.function([x], [loss], [(w, w - 0.1 * K.gradients(loss, [w])[0])], jit=jit), w


@pytest.mark.parametrize("library", ["numpy", "torch", "jax"])
def test_a_compiled_step_trains_as_the_plain_one(library, monkeypatch):
    if library == "jax":
        pytest.importorskip("jax", reason="jax is not installed")
    # torch's default compiler needs a C++ compiler and half a minute; what comes before it is the same
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager", fullgraph=True))
    data = RNG.normal(size=(5, 4, 3)).astype("f")
    with K.use_backend(library):
        fast, plain = step(jit=True), step(jit=False)
        for f, _ in (fast, plain):
            losses = [float(f([data])[0]) for _ in range(3)]
            assert losses == sorted(losses, reverse=True)
        np.testing.assert_allclose(K.get_value(fast[1]), K.get_value(plain[1]), rtol=1e-5, atol=1e-6)
    assert fast[0].source == plain[0].source


def convnet(x, weights):
    kernel, gamma, dense = weights
    y, mean, variance = K.normalize_batch_in_training(K.conv2d(x, kernel), gamma, None, [0, 1, 2])
    return K.dot(K.batch_flatten(K.pool2d(K.relu(y), (2, 2))), dense) + K.sum(mean) + K.sum(variance)


def recurrent(x, weights):
    return K.dot(K.lstm(x, *weights[:3])[0], weights[3])


NETS = {
    "convolution": (convnet, (6, 6, 2), [(3, 3, 2, 4), (4,), (36, 3)]),
    "channels last": (convnet, (16, 16, 16), [(3, 3, 16, 32), (32,), (13 * 13 * 32, 3)]),
    "recurrent": (recurrent, (5, 4), [(4, 12), (3, 12), (12,), (3, 3)]),
}


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("training", [True, False])
def test_torch_compile_gets_one_graph(name, training, monkeypatch):
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="aot_eager", fullgraph=True))
    net, shape, sizes = NETS[name]
    data, found = [RNG.normal(size=(2, *shape)).astype("f")], []
    with K.use_backend("torch"):
        starts = [RNG.normal(size=s).astype("f") for s in sizes]
        for jit in (True, False):
            weights = [K.variable(s) for s in starts]
            x = K.placeholder((None, *shape))
            y = net(x, weights)
            loss = K.mean(K.square(y))
            slopes = K.gradients(loss, weights)
            updates = [(w, w - 0.1 * g) for w, g in zip(weights, slopes, strict=True)] if training else None
            f = K.function([x], [y], updates, jit=jit)
            found.append([*[f(data)[0] for _ in range(3)], *map(K.get_value, weights)])
            assert not jit or f.stages[-1].name != "jit" or "refuses" not in f.stages[-1].summary
    for got, wanted in zip(*found, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


def test_cupys_compiler_gets_the_chains(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", types.SimpleNamespace(fuse=lambda body: f"fused {body}"))
    monkeypatch.delitem(sys.modules, "backend.kernels.cupy", raising=False)
    scope = {"function": "f", "body_1": "chain", "body_2": "loop"}
    assert importlib.import_module("backend.kernels.cupy").jit(scope, "function", ["body_1"]) == "f"
    assert scope == {"function": "f", "body_1": "fused chain", "body_2": "loop"}


def test_chains_are_told_from_loops(monkeypatch):
    x = Placeholder((None, 4), "float32")
    h, _ = K.scan(lambda h, row: (xp.tanh(h * row), ()), xp.zeros((4,)), x)
    f = K.function([x], [xp.exp(x) * 2.0 + h], jit=True)
    assert f.source.count("def body_") == 2 and f.source.count("fused((x1, v") == 1
    given = []

    def compiler(scope, name, chains):
        given.extend(chains)
        return scope[name]

    monkeypatch.setattr(executable, "program_compiler", lambda xp: compiler)
    monkeypatch.setattr(executable, "compiled_kernels_of", lambda xp: None)  # numba, where it is installed
    f([np.ones((2, 4))])
    assert len(given) == 1 and f"fused((x1, v1), body={given[0]})" in f.source


@pytest.mark.parametrize("steps", [3, 200])
def test_loops_that_torch_would_unroll_without_end_run_call_by_call(steps, monkeypatch):
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager"))
    data = RNG.normal(size=(steps, 3)).astype("f")
    with K.use_backend("torch"):
        x = K.placeholder((steps, 3))
        carry, rows = K.scan(lambda c, row: (K.tanh(c + row), c * row), K.zeros((3,)), x)
        root = K.while_loop(lambda r: K.sum(r) < 100.0, lambda r: r * 2.0, K.exp(x[0]))
        outputs = [carry, rows, root, *K.gradients(K.sum(carry) + K.sum(rows) + K.sum(root), [x])]
        fast, plain = (K.function([x], outputs, jit=jit) for jit in (True, False))
        for found, expected in zip(fast([data]), plain([data]), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
