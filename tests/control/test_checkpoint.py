"""What is computed again in the backward pass: the same values and gradients, in less memory."""

import tracemalloc

import numpy as np
import pytest

import backend as K

RNG = np.random.default_rng(0)
W = [K.variable(RNG.normal(size=(4, 4)) / 2.0, dtype="float64") for _ in range(3)]


def net(x, way, weights=W):
    for w in weights:
        x = way(lambda x, w=w: K.tanh(K.dot(x, w)) + K.sigmoid(x))(x)
    return x


def same(f):
    return f


@pytest.mark.parametrize("library", ["numpy", "torch", "array_api_strict"])
def test_values_and_gradients_of_both_orders_are_those_of_the_function(library):
    pytest.importorskip(library)
    start, found = [K.get_value(w) for w in W], []
    with K.use_backend(library):
        for way in (same, K.checkpoint):
            x = K.placeholder((None, 4), dtype="float64")
            weights = [K.variable(w, dtype="float64") for w in start]
            y = net(x, way, weights)
            assert y.shape == (None, 4)
            targets = [x, *weights]
            first = K.gradients(K.sum(K.sin(y)), targets)
            second = K.gradients(sum(K.sum(K.sin(g)) for g in first), targets)
            f = K.function([x], [y, *first, *second])
            found.append([K.eval(v) for v in f([np.linspace(-1.0, 1.0, 8).reshape(2, 4)])])
    for got, wanted in zip(*found, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-13)


def test_the_backward_pass_computes_again_what_it_reads():
    x = K.placeholder((None, 4), dtype="float64")

    def tanhs(way):
        source = K.function([x], K.gradients(K.sum(net(x, way)), W)).source
        return source.count("xp.tanh("), source.count("checkpointed(")

    assert tanhs(same) == (3, 0)
    assert tanhs(K.checkpoint) == (5, 5), "the last part has no results that anything reads: its gradient is all"


def test_a_step_needs_less_memory():
    wide = K.placeholder((None, 64))
    w = K.variable(RNG.normal(size=(64, 64)) / 8.0)

    def block(x):
        for _ in range(8):
            x = K.tanh(K.dot(x, w) * 0.5) + x
        return x

    def peak(way):
        y = wide
        for _ in range(8):
            y = way(block)(y)
        f = K.function([wide], K.gradients(K.mean(K.square(y)), [w]))
        value = np.ones((2000, 64), "float32")
        f([value])
        tracemalloc.start()
        f([value])
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    assert peak(K.checkpoint) < 0.4 * peak(same)


def test_nests_other_arguments_and_results_that_are_arguments():
    x, y = K.placeholder((2,), dtype="float64"), K.placeholder((2,), dtype="float64")

    def f(pair, scale, shift=0.0):
        a, b = pair["a"], pair["b"]
        return {"sum": K.exp(a) * scale + shift, "given": b, "both": (a * b, [K.sum(b)])}

    found = K.checkpoint(f)({"a": x, "b": y}, 2.0, shift=1.0)
    assert found["given"] is y and found["both"][1][0].shape == ()
    run = K.function([x, y], [found["sum"], *K.gradients(K.sum(found["sum"] * found["both"][0]), [x, y])])
    a, b = np.asarray([0.5, 1.0]), np.asarray([2.0, 3.0])
    value, d_a, d_b = run([a, b])
    np.testing.assert_allclose(value, 2.0 * np.exp(a) + 1.0)
    np.testing.assert_allclose(d_a, 2.0 * np.exp(a) * a * b + value * b)
    np.testing.assert_allclose(d_b, value * a)


def test_a_draw_is_one_in_both_passes():
    x = K.placeholder((1000,), dtype="float64")
    y = K.checkpoint(lambda x: K.dropout(K.exp(x), 0.5, seed=1))(x)
    value, slope = K.function([x], [y, *K.gradients(K.sum(y), [x])])([np.zeros(1000)])
    np.testing.assert_array_equal(value, slope)
    assert 300 < np.count_nonzero(value) < 700


def test_on_arrays_it_is_the_function_itself_and_in_a_gradient_it_records():
    block = K.checkpoint(lambda x: K.tanh(x) * 2.0)
    np.testing.assert_array_equal(block(np.ones(2)), 2.0 * np.tanh(np.ones(2)))
    expected = 2.0 * (1.0 - np.tanh(1.0) ** 2)
    for library in ("numpy", "torch", "jax"):
        pytest.importorskip(library)
        given = K.get_backend(library).asarray(np.ones(2, "float32"))
        np.testing.assert_allclose(K.eval(K.grad(lambda x: K.sum(block(x)))(given)), expected, rtol=1e-5)


def test_within_a_loop_and_a_loop_within():
    x = K.placeholder((None, 3), dtype="float64")
    rows = K.map_fn(K.checkpoint(lambda row: K.tanh(row) * row), x)
    sums = K.checkpoint(lambda x: K.foldl(lambda a, b: a * K.sin(b), x))(x)
    f = K.function([x], [rows, sums, *K.gradients(K.sum(rows) + K.sum(sums), [x])])
    value = np.arange(1.0, 7.0).reshape(2, 3)
    rows, sums, slope = f([value])
    np.testing.assert_allclose(rows, np.tanh(value) * value)
    np.testing.assert_allclose(sums, value[0] * np.sin(value[1]))
    own = np.tanh(value) + value * (1.0 - np.tanh(value) ** 2)
    np.testing.assert_allclose(slope, own + np.stack([np.sin(value[1]), value[0] * np.cos(value[1])]))


def test_bad_input_is_refused():
    with pytest.raises(TypeError, match="checkpoint: f is 3"):
        K.checkpoint(3)
    with pytest.raises(TypeError, match="checkpoint: f gives 'a'"):
        K.checkpoint(lambda x: (x, "a"))(np.ones(1))
