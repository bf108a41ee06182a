"""K.jvp, K.vjp, K.hvp, K.jacobian and K.hessian against torch.func, and nested in each other."""

import numpy as np
import pytest

import backend as K

pytestmark = pytest.mark.filterwarnings(
    "ignore:`torch.jit:DeprecationWarning"
)  # torch.func.jvp loads its decompositions


def curve(x, y):
    return K.tanh(K.dot(x, y)) * K.sum(x**2)


def bowl(x):
    return K.sum(K.exp(x) * K.sum(x**3, axis=-1, keepdims=True))


def arrays(*shapes):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    return [torch.asarray(rng.normal(size=shape)) for shape in shapes]


def agree(found, wanted):
    assert tuple(found.shape) == tuple(wanted.shape)
    assert np.allclose(found, wanted, rtol=1e-12, atol=1e-12)


def test_jvp_and_vjp():
    torch = pytest.importorskip("torch")
    x, y, u, v, w = arrays((2, 3), (3, 4), (2, 3), (3, 4), (2, 4))
    for found, wanted in zip(K.jvp(curve, (x, y), (u, v)), torch.func.jvp(curve, (x, y), (u, v)), strict=True):
        agree(found, wanted)
    out, pull = K.vjp(curve, x, y)
    wanted, theirs = torch.func.vjp(curve, x, y)
    agree(out, wanted)
    for found, wanted in zip(pull(w), theirs(w), strict=True):
        agree(found, wanted)


def test_hvp_hessian_and_jacobian():
    torch = pytest.importorskip("torch")
    x, y, v = arrays((2, 3), (3, 4), (2, 3))
    agree(K.hvp(bowl, x, v), torch.func.jvp(torch.func.grad(bowl), (x,), (v,))[1])
    agree(K.hessian(bowl)(x), torch.func.hessian(bowl)(x))
    for argnums in (0, 1):
        agree(K.jacobian(curve, argnums)(x, y), torch.func.jacrev(curve, argnums)(x, y))
    agree(K.jacobian(curve, -1)(x, y), torch.func.jacrev(curve, 1)(x, y))


def test_they_nest():
    torch = pytest.importorskip("torch")
    (x, v) = arrays((3,), (3,))
    agree(K.jacobian(K.hessian(bowl))(x), torch.func.jacrev(torch.func.hessian(bowl))(x))
    ours = K.grad(lambda x: K.sum(K.hvp(bowl, x, v) ** 2))(x)
    agree(ours, torch.func.grad(lambda x: torch.sum(torch.func.jvp(torch.func.grad(bowl), (x,), (v,))[1] ** 2))(x))
    ours = K.grad(lambda x: K.sum(K.jvp(lambda y: y**3 * x, (x,), (v,))[1]))(x)  # of 3 x**3 v
    agree(ours, 9 * x * x * v)
    ours = K.grad(lambda x: K.sum(K.vjp(lambda y: y**3, x)[1](v)[0]))(x)
    agree(ours, 6 * x * v)
    agree(torch.func.vmap(K.hessian(bowl))(torch.stack([x, v]))[1], torch.func.hessian(bowl)(v))


def test_nests_numbers_and_independence():
    def f(p):
        return {"a": p["w"] * 2, "b": (p["n"] * p["w"],)}

    p = {"w": np.asarray([1.0, 2.0]), "n": 3.0}
    value, slope = K.jvp(f, (p,), ({"w": np.asarray([1.0, 0.0]), "n": 1.0},))
    assert value["b"][0].tolist() == [3, 6] and slope["a"].tolist() == [2, 0] and slope["b"][0].tolist() == [4, 2]
    assert K.jvp(lambda x: K.ones_like(x), (np.ones(2),), (np.ones(2),))[1].tolist() == [0, 0]
    assert K.jacobian(lambda x: x[:0])(np.ones(2)).shape == (0, 2)
    assert K.jacobian(lambda x: K.ones_like(x))(np.ones(2)).tolist() == [[0, 0], [0, 0]]
    assert float(K.hessian(lambda x: x**3)(2.0)) == 12
    assert K.hvp(K.sum, np.ones(2), np.ones(2)).tolist() == [0, 0]


def test_captured_values_are_compared():
    s = 2.0
    h = K.hessian(lambda x: x * x * s)
    found = [float(h(1.0))]
    s = 5.0
    assert [*found, float(h(1.0))] == [4, 10]


def test_faults():
    x = np.ones(2)
    with pytest.raises(ValueError, match="jvp: tangents has the shapes"):
        K.jvp(K.exp, (x,), (np.ones(3),))
    with pytest.raises(ValueError, match="vjp: the vector"):
        K.vjp(K.exp, x)[1](np.ones(3))
    with pytest.raises(ValueError, match="hvp: v is another nest"):
        K.hvp(K.sum, x, (x, x))
    with pytest.raises(ValueError, match="vjp: the vector"):
        K.vjp(K.exp, x)[1]([x])
    with pytest.raises(TypeError, match="scalar"):
        K.hvp(K.exp, x, x)
    with pytest.raises(TypeError, match="scalar"):
        K.hessian(K.exp)(x)
    with pytest.raises(TypeError, match="floating"):
        K.jacobian(K.exp)(np.ones(2, "int32"))
    with pytest.raises(ValueError, match="argnums"):
        K.jacobian(K.exp, 1)(x)
