"""No output and no new value of a variable shares memory with a feed, a variable, a constant or another output."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import backend as K
from backend.graph.standard import namespace as xp
from backend.graph.tensor import Placeholder, Tensor
from conformance.case import CASES, discovered
from conformance.examples import typical
from conformance.subjects.operations import placeholders, symbolic

discovered()


def apart(arrays):
    """Whether no two of these arrays share memory."""
    found = [np.asarray(a) for a in arrays]
    return not any(np.shares_memory(a, b) for a, b in itertools.combinations(found, 2))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(name for name, case in CASES.items() if case.calls))
def test_operations(name):
    case = CASES[name]
    for number, dtype in itertools.product(range(len(case.calls)), case.dtypes[-1:]):
        example = typical(case, number, dtype)
        inputs = placeholders(example)
        outputs = [o for o in symbolic(example, inputs) if isinstance(o, Tensor)]
        if not inputs or not outputs:
            continue
        f = K.function(inputs, [*outputs, *outputs])
        for make in (np.array, torch.tensor):
            feeds = [make(np.array(a)) for a in example.values]
            assert apart([*feeds, *f(feeds)]), f"call {number}"


def test_outputs_that_are_inputs_views_variables_and_constants():
    x, w = Placeholder((2, 3), "float64"), K.variable(np.ones((2, 3)), "float64")
    c = K.constant(np.ones((2, 3)), "float64")
    outputs = [x, xp.reshape(x, (3, 2)), w, xp.permute_dims(w, (1, 0)), c, c[0], xp.ceil(x), x, w, K.identity(x)]
    data = np.ones((2, 3))
    assert apart([data, w.array, c.value, *K.function([x], outputs)([data])])


def test_an_output_that_is_an_update_or_a_view_of_one():
    w = K.variable(np.zeros(3), "float64")
    new = w + 1.0
    f = K.function([], [new, new[1:], xp.reshape(new, (3, 1))], [(w, new)])
    results = f([])
    assert apart([w.array, *results])
    results[0][:] = 55.0
    np.testing.assert_array_equal(w.eval(), np.ones(3))


def test_two_variables_that_become_the_same_value():
    v, w = K.variable(np.zeros(3), "float64"), K.variable(np.zeros(3), "float64")
    K.function([], [], [(v, w + 1.0), (w, w + 1.0)])([])
    assert apart([v.array, w.array])
    K.function([], [], [(v, w), (w, v)])([])
    assert apart([v.array, w.array])


@pytest.mark.parametrize("chosen", [1.0, -1.0])
def test_branches_that_give_an_argument_or_a_constant(chosen):
    x, c = Placeholder((3,), "float64"), K.constant(np.ones(3), "float64")
    outputs = [K.cond(K.sum(x) > 0.0, lambda: x, lambda: c), K.switch(K.sum(x) > 0.0, x, c)]
    data = np.full(3, chosen)
    f = K.function([x], outputs)
    results = f([data])
    assert apart([data, c.value, *results])
    results[0][:] = 7.0
    np.testing.assert_array_equal(f([data])[1], data if chosen > 0 else np.ones(3))


def test_loops_without_a_round():
    x = Placeholder((None, 3), "float64")
    start = Placeholder((3,), "float64")
    rounds = K.while_loop(lambda v: K.sum(v) < 0.0, lambda v: v * 2.0, start)
    last, _ = K.scan(lambda h, row: (h + row, h), start, x)
    data = [np.zeros((0, 3)), np.ones(3)]
    assert apart([*data, *K.function([x, start], [rounds, last, start])(data)])


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_a_difference_is_written_over_its_second_operand_and_no_other_memory(library):
    pytest.importorskip(library)
    size = 2**8  # squared, the least elements from which it is
    with K.use_backend(library):
        x, w = K.placeholder((None, size)), K.variable(np.linspace(-1, 1, size * size).reshape(size, size))
        (g,) = K.gradients(K.mean(K.square(K.dot(x, w))), [w])
        news = [w - 0.1 * g, w + (w - 0.5 * g)]
        plain = K.function([x], news, passes=[])
        f = K.function([x], [K.sum(g)], updates=[(w, news[0])])
        assert "subtract_into(w1, v" in f.source
        value = np.ones((3, size), "float32")
        held, before = w.array, np.array(K.get_value(w))
        expected = plain([value])[0]
        f([value])
        np.testing.assert_allclose(
            K.get_value(w), expected, rtol=0 if library == "numpy" else 1e-6
        )  # torch rounds once
        np.testing.assert_array_equal(np.asarray(held), before)
        shown = K.function([x], [g, w - g])  # g is an output: it stays as it is
        assert "subtract_into" not in shown.source
        np.testing.assert_array_equal(shown([value])[1], K.get_value(w) - shown([value])[0])


@pytest.mark.parametrize("size", [3, 2**9])
def test_a_step_down_a_gradient_is_one_call_of_torch(size):
    torch = pytest.importorskip("torch")
    with K.use_backend("torch"):
        x, w, b = K.placeholder((None, size)), K.variable(np.full((size, size), 0.5)), K.variable(np.ones(size))
        loss = K.sum(K.dot(x, w) * b)
        (g, h) = K.gradients(loss, [w, b])
        f = K.function([x], [loss, h], [(w, w - 0.1 * g), (b, b - h * 0.1)])
        held = w.array, b.array
        value = torch.ones(2, size)
        _, shown = f([value])
        np.testing.assert_allclose(K.get_value(w), np.full((size, size), 0.3), rtol=1e-6)
        np.testing.assert_allclose(K.get_value(b), np.full(size, 1 - 0.1 * size), rtol=1e-5)
        np.testing.assert_array_equal(shown, np.full(size, size))  # it is an output: it stays as it is
        assert [float(a.flatten()[0]) for a in held] == [0.5, 1.0]
        (text,) = [source.text for key, (source, _) in f.executable._sources.items() if key[-1]]
        into = "_into" if size > 3 else ""  # small arrays are not looked after
        assert f"step_down{into}(w1, v" in text and "step_down(w2, v" in text and "subtract" not in text
