"""Loops whose whole body is one compiled function: printed bodies beside the plain program, and what is declined.

Most bodies are run as printed, by Python itself: numba takes seconds for each. `TestCompiled` compiles a few.
"""

import numpy as np
import pytest

import backend as K

pytest.importorskip("numba", reason="numba is not installed")

from printed_loops import both, close, interpret

from backend.kernels.numba import loops, result_shapes

RNG = np.random.default_rng(3)


@pytest.fixture
def interpreted(monkeypatch):
    """Python runs what numba would compile; the texts that it ran."""
    return interpret(monkeypatch)


def drawn(*shape, dtype="float32"):
    return RNG.normal(size=shape).astype(dtype)


W = drawn(3, 3)
STEPS = {
    "number": lambda h, x: 0.5 * h + K.sum(x),
    "tanh": lambda h, x: K.tanh(h + x),
    "product": lambda h, x: K.tanh(K.dot(h, W) + x),
    "product of a transposed array": lambda h, x: K.tanh(K.dot(h, K.tanh(K.dot(K.transpose(h), h)))),
    "product with a vector": lambda h, x: h * 0.5 + K.reshape(K.dot(h, K.tanh(h[0])), (-1, 1)) * 0.1,
    "softmax": lambda h, x: K.softmax(h + x),
    "first axis": lambda h, x: h - K.mean(h, axis=0, keepdims=True) + K.max(x, axis=0),
    "last axis": lambda h, x: h - K.mean(h, axis=1, keepdims=True) + K.min(x, axis=1, keepdims=True),
    "all axes": lambda h, x: h - K.sum(h) * 0.1 + K.max(x),
    "exchanged halves": lambda h, x: K.concatenate([h[:, 1:], h[:, :1] + x[:, :1]], axis=1),
    "flipped": lambda h, x: K.reverse(h, (0, 1)) * 0.5 + K.reverse(x, 1)[:, ::1],
    "strided": lambda h, x: h + K.concatenate([x[:, ::2], x[:, 1:2]], axis=1),
    "one row": lambda h, x: h * 0.5 + x[1] + h[0, 2],
    "reshaped": lambda h, x: K.reshape(K.transpose(h), (-1, 3)) * 0.5 + K.reshape(x, (-1, 3)),
    "stacked": lambda h, x: K.stack([h[:, 0], x[:, 1], h[:, 1] * 0.5], axis=1),
    "filled": lambda h, x: K.tanh(h) * K.ones_like(x) + K.zeros_like(h) + K.sum(K.ones((2, 1))),
    "chosen": lambda h, x: K.switch(K.greater(x, h), h, x),
    "counted": lambda h, x: h + K.cast(K.cast(x > 0, "int32") + 1, "float32"),
    "a constant": lambda h, x: h * np.linspace(0.1, 0.9, 3, dtype="float32") + x,
    "constant": lambda h, x: K.zeros_like(h) + 2.0,
    "unchanged": lambda h, x: h,
    "divided by a size": lambda h, x: h + K.sum(x, axis=0) / K.cast(K.shape(x)[0], "float32"),
}


@pytest.mark.parametrize("name", STEPS)
def test_steps(name, interpreted):
    step = STEPS[name]
    h, xs = K.placeholder((None, 3)), K.placeholder((None, None, 3))
    last, every = K.scan(lambda h, x: (step(h, x), (h * 2.0, step(h, x))), h, xs)
    close([h, xs], [last, *every], [drawn(3, 3), drawn(4, 3, 3)], name != "unchanged")


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("name", ["product", "softmax", "first axis", "last axis", "exchanged halves", "chosen"])
def test_gradients_and_sizes_of_one(name, rows, interpreted):
    step = STEPS[name]
    h, xs = K.placeholder((None, 3)), K.placeholder((None, None, 3))
    last, every = K.scan(lambda h, x: (step(h, x), h), h, xs, reverse=True)
    gradients = K.gradients(K.sum(last * last) + K.sum(K.tanh(every)), [h, xs])
    close([h, xs], [last, every, *gradients], [drawn(rows, 3), drawn(5, rows, 3)], 2)


def test_several_carries_exchange_their_values(interpreted):
    a, b = K.placeholder((3,)), K.placeholder((3,))

    def step(carry, _):
        first, second, count = carry
        return (second, first * 0.5 + second, count + 1), (first, second, count)

    last, every = K.scan(step, (a, b, K.zeros((), dtype="int32")), None, length=6)
    close([a, b], [*last, *every], [drawn(3), drawn(3)])


def test_dtypes(interpreted):
    x = K.placeholder((None, 2), dtype="float64")
    last, every = K.scan(lambda h, row: (K.maximum(h, row), row > h), K.zeros((2,), dtype="float64"), x)
    close([x], [last, every], [drawn(5, 2, dtype="float64")])


def test_layouts_of_arguments(interpreted):
    h, xs, w = K.placeholder((2, 3)), K.placeholder((None, 2, 3)), K.placeholder((3, 3))
    last, every = K.scan(lambda h, x: (K.tanh(K.dot(h, w) + x),) * 2, h, xs)
    fixed = drawn(3, 3).T
    fixed.flags.writeable = False
    given = [drawn(3, 2).T, drawn(3, 2, 8).transpose(2, 1, 0)[::2], fixed]
    kept = [np.array(x) for x in given]
    close([h, xs, w], [last, every], given)
    for x, y in zip(given, kept, strict=True):
        np.testing.assert_array_equal(x, y)


def test_one_source_serves_other_sizes(interpreted):
    h, xs = K.placeholder((None, 3)), K.placeholder((None, None, 3))
    f = K.function([h, xs], [K.scan(lambda h, x: (K.tanh(h * x), h), h, xs)[0]], jit=True)
    for rows, steps in ((2, 4), (5, 1), (7, 3)):
        f([drawn(rows, 3), drawn(steps, rows, 3)])
    assert len(interpreted) == 3 and len(set(interpreted)) == 1


def test_while_loops(interpreted):
    a = K.placeholder((None,))
    root, count = K.while_loop(
        lambda r, n: K.max(K.abs(r * r - a)) > 1e-4, lambda r, n: (0.5 * (r + a / r), n + 1), (a, K.zeros(()))
    )
    close([a], [root, count, *K.gradients(K.sum(root), [a])], [np.asarray([0.5, 2.0, 9.0], "float32")], 2)


def test_a_while_loop_may_run_for_long(interpreted, monkeypatch):
    monkeypatch.setattr(loops, "AT_ONCE", 4)
    n = K.placeholder(())
    for most in (None, 0, 3, 4, 8, 9, 40):
        last = K.while_loop(lambda i: i < n, lambda i: i + 1.0, K.zeros(()), maximum_iterations=most)
        found, wanted, _ = both([n], [last], [np.float32(12)])
        assert found == wanted == [min(12, 12 if most is None else most)]


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (lambda h, x: K.eigh(h[:, None] * h)[0] + x, "eigh"),
        (lambda h, x: K.cast(K.cast(h * 9, "int32") ** 2, "float32") + x, "pow of int32"),
        (lambda h, x: K.cast(K.cast(h + x, "int8"), "float32"), "int8"),
    ],
)
def test_what_has_no_words_runs_as_it_did(step, why, interpreted):
    h, xs = K.placeholder((3,)), K.placeholder((None, 3))
    f = K.function([h, xs], [K.scan(lambda h, x: (step(h, x), h), h, xs)[0]], jit=True)
    f([drawn(3), drawn(4, 3)])
    (body,) = (b for b in f.executable.nests.values() if isinstance(b, loops.CompiledBody))
    assert body.refused and not interpreted
    assert why in body.refused and f"runs call by call: {body.refused}" in f.stages[-1].text


def test_large_products_are_left_to_blas_and_small_ones_compiled_later(interpreted, monkeypatch):
    monkeypatch.setattr(result_shapes, "LARGEST_PRODUCT", 60)
    h, xs, w = K.placeholder((None, 3)), K.placeholder((None, None, 3)), K.placeholder((3, 3))
    f = K.function([h, xs, w], [K.scan(lambda h, x: (K.tanh(K.dot(h, w) + x), h), h, xs)[0]], jit=True)
    f([drawn(8, 3), drawn(2, 8, 3), W])
    assert not interpreted and "BLAS is faster" in f.stages[-1].text
    f([drawn(6, 3), drawn(2, 6, 3), W])
    assert len(interpreted) == 1 and "product(" in f.stages[-1].text


def test_edges_are_those_of_the_definition(interpreted):
    h, xs = K.placeholder((None, 3)), K.placeholder((None, None, 3))
    last, every = K.scan(lambda h, x: (h + x, h), h, xs)
    f = K.function([h, xs], [last, every], jit=True)
    for rows, steps in ((2, 0), (0, 2)):
        found = f([drawn(rows, 3), drawn(steps, rows, 3)])
        assert [x.shape for x in found] == [(rows, 3), (steps, rows, 3)]
    with pytest.raises(ValueError, match="turns a carry of shape"):
        f([drawn(1, 3), drawn(2, 4, 3)])
    assert not interpreted


def test_results_share_no_memory_with_arguments(interpreted):
    h, xs = K.placeholder((3,)), K.placeholder((None, 3))
    f = K.function([h, xs], [K.scan(lambda h, x: (h, x), h, xs)[0]], jit=True)
    given = [drawn(3), drawn(2, 3)]
    f(given)[0][:] = 7
    assert (given[0] != 7).all()


@pytest.mark.slow
class TestCompiled:
    """By numba itself."""

    def test_a_recurrent_layer_trains(self):
        x, w, u = K.placeholder((None, 6, 4)), K.variable(drawn(4, 5)), K.variable(drawn(5, 5) * 0.3)

        def cell(x, states):
            h = K.tanh(K.dot(x, w) + K.dot(states[0], u))
            return h, [h]

        last, every, _ = K.rnn(cell, x, [K.zeros_like(x[:, 0, :1]) + K.zeros((1, 5))], mask=x[:, :, 0] > 0)
        close([x], [last, every, *K.gradients(K.sum(every * every), [w, u, x])], [drawn(7, 6, 4)], 2)

    def test_steps(self):
        h, xs = K.placeholder((None, 3)), K.placeholder((None, None, 3))
        last, every = K.scan(
            lambda h, x: (STEPS["softmax"](h, x), [STEPS[n](h, x) for n in ("first axis", "chosen", "flipped")]), h, xs
        )
        close([h, xs], [last, *every], [drawn(3, 3), drawn(4, 3, 3)])

    def test_a_while_loop(self):
        a = K.placeholder(())
        root = K.while_loop(lambda r: K.abs(r * r - a) > 1e-4, lambda r: 0.5 * (r + a / r), a)
        close([a], [root, *K.gradients(root, [a])], [np.float32(7)], 2)

    def test_what_numba_refuses_runs_as_it_did(self, monkeypatch):
        def refused(text):
            raise TypeError("numba says no")

        monkeypatch.setattr(loops, "kernel", refused)
        h, xs = K.placeholder((3,)), K.placeholder((None, 3))
        found, wanted, executable = both([h, xs], [K.scan(lambda h, x: (h * x, h), h, xs)[0]], [drawn(3), drawn(2, 3)])
        np.testing.assert_array_equal(found[0], wanted[0])
        assert [b.refused for b in executable.nests.values()] == ["TypeError: numba says no"]
