"""while_loop: values, gradients of first and second order, captured arrays, limits, transformations, errors."""

import numpy as np
import pytest

import backend as K

LIBRARIES = ["numpy", "torch", "array_api_strict"]


def root(a, limit=None):
    """Newton's square root, and the rounds it took."""
    return K.while_loop(lambda i, x: K.abs(x * x - a) > 1e-12, lambda i, x: (i + 1, (x + a / x) * 0.5), (0, a), limit)


@pytest.mark.parametrize("library", LIBRARIES)
def test_runs_at_once_on_arrays(library):
    with K.use_backend(library) as on:
        rounds, x = root(on.asarray(np.asarray(2.0), "float64"))
        assert not isinstance(x, K.Tensor)
        assert float(x) == pytest.approx(2**0.5, rel=1e-15) and int(rounds) == 5
        assert int(root(on.asarray(np.asarray(2.0), "float64"), 2)[0]) == 2
        assert float(root(on.asarray(np.asarray(2.0), "float64"), 0)[1]) == 2.0


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("limit", [None, 100])
def test_in_a_graph_with_derivatives(library, limit):
    a = K.placeholder((), dtype="float64")
    rounds, x = root(a, limit)
    first = K.gradients(x, [a])[0]
    second = K.gradients(first, [a])[0]
    with K.use_backend(library):
        f = K.function([a], [rounds, x, first, second])
        for value, taken in ((2.0, 5), (9.0, 6), (1.0, 0)):
            count, y, d, dd = f([np.asarray(value)])
            assert int(count) == taken and float(y) == pytest.approx(value**0.5, rel=1e-12)
            if taken:
                assert float(d) == pytest.approx(0.5 * value**-0.5, rel=1e-6)
                assert float(dd) == pytest.approx(-0.25 * value**-1.5, rel=1e-3)
            else:  # the loop gives a itself
                assert (float(d), float(dd)) == (1.0, 0.0)


def test_gradients_of_what_it_captures_and_of_unknown_sizes():
    x, w = K.placeholder((None, 3), dtype="float64"), K.variable(np.eye(3) * 0.5 + 0.1, "float64")
    out = K.while_loop(lambda h: K.sum(K.abs(h)) > 1.0, lambda h: K.tanh(K.dot(h, w)) * 0.9, x)
    assert out.shape == (None, 3)
    loss = K.sum(K.sin(out))
    f = K.function([x], [loss, *K.gradients(loss, [x, w])])
    start = np.random.default_rng(1).normal(size=(2, 3))

    def by_hand(h, w):
        while np.abs(h).sum() > 1.0:
            h = np.tanh(h @ w) * 0.9
        return np.sin(h).sum()

    weights = w.eval()
    value, dx, dw = f([start])
    assert value == pytest.approx(by_hand(start, weights))
    for _ in range(3):
        d, e = np.random.default_rng(2).normal(size=(2, 3)), np.random.default_rng(3).normal(size=(3, 3))
        assert (dx * d).sum() == pytest.approx(
            (by_hand(start + 1e-5 * d, weights) - by_hand(start - 1e-5 * d, weights)) / 2e-5, rel=1e-6
        )
        assert (dw * e).sum() == pytest.approx(
            (by_hand(start, weights + 1e-5 * e) - by_hand(start, weights - 1e-5 * e)) / 2e-5, rel=1e-6
        )


def test_nothing_beyond_the_last_round_disturbs_the_gradient():
    x = K.placeholder((), dtype="float64")
    out = K.while_loop(lambda y: y > 0.0, lambda y: K.sqrt(y) - 1.0, x, 50)  # one more round would be sqrt(-0.5)
    slope = K.gradients(out, [x])[0]
    value, d = K.function([x], [out, slope])([np.asarray(0.25)])
    assert (float(value), float(d)) == (-0.5, 1.0)


def test_nests_and_one_variable():
    assert K.while_loop(lambda x: x < 10, lambda x: x * 2, np.asarray(1.0)) == 16
    found = K.while_loop(
        lambda s: K.sum(s["a"]) < 9, lambda s: {"a": s["a"] + 1, "b": s["b"] * 2}, {"a": np.zeros(3), "b": np.ones(())}
    )
    assert found["a"].tolist() == [3, 3, 3] and found["b"] == 8
    count, (a, b) = K.while_loop(
        lambda i, ab: i < 3, lambda i, ab: [i + 1, (ab[1], ab[0])], [np.asarray(0), (np.ones(1), np.zeros(1))]
    )
    assert (int(count), float(a[0]), float(b[0])) == (3, 0.0, 1.0)


def test_numbers_alone_make_a_graph():
    assert K.eval(K.while_loop(lambda x: x < 30, lambda x: x * 2, 1)) == 32


@pytest.mark.parametrize("limit", [6, 50])
def test_inside_transformations(limit):
    jax, torch = pytest.importorskip("jax"), pytest.importorskip("torch")

    def doubled(x):
        return K.while_loop(lambda x: x < 10.0, lambda x: x * 2.0, x, limit)

    start = np.array([1.0, 3.0, 11.0], "float32")
    assert jax.vmap(doubled)(start).tolist() == torch.func.vmap(doubled)(torch.tensor(start)).tolist() == [16, 12, 11]
    assert jax.jit(doubled)(start[0]) == 16
    assert jax.vmap(jax.grad(doubled))(start).tolist() == [16, 4, 1]
    assert torch.func.vmap(torch.func.grad(doubled))(torch.tensor(start)).tolist() == [16, 4, 1]
    with pytest.raises(ValueError, match="while_loop: the condition is not concrete"):
        jax.jit(lambda x: K.while_loop(lambda x: x < 10.0, lambda x: x * 2.0, x))(start[0])


def below(x):
    return K.sum(x) < 3


@pytest.mark.parametrize(
    ("condition", "body", "state", "limit", "error"),
    [
        (lambda x: x < 3, lambda x: x, np.zeros(2), None, ValueError),
        (below, lambda x: (x, x), np.zeros(2), None, ValueError),
        (below, lambda x: x[:1], np.zeros(2), None, ValueError),
        (below, lambda x: x > 0, np.zeros(2), None, ValueError),
        (below, below, np.zeros(2), -1, ValueError),
        (below, below, (), None, ValueError),
        (below, below, np.zeros(2), "two", TypeError),
    ],
)
def test_errors(condition, body, state, limit, error):
    states = [state] if isinstance(state, tuple) else [state, K.placeholder((2,), dtype="float64")]
    for each in states:
        with pytest.raises(error, match=r"^while_loop: "):
            K.while_loop(condition, body, each, limit)
