"""Loops over a recurrent cell become one call: cells in many forms, and forms that only look like one."""

import numpy as np
import pytest
from written_cells import RNG, B, F, Form, T, U, gru, lstm

import backend as K


@pytest.mark.parametrize("seed", range(24))
def test_forms_of_long_short_term_memory(seed):
    form = Form(seed)
    step = lstm(form)
    form.compare(step, form.states, "lstm_sequence", go_backwards=bool(form.choose(0, 1)))


@pytest.mark.parametrize("reset_after", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_forms_of_gated_recurrent_units(seed, reset_after):
    form = Form(seed)
    step = gru(form, reset_after)
    form.compare(step, form.states[:1], "gru_sequence", go_backwards=bool(form.choose(0, 1)))


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("seed", range(4))
def test_masks(seed, library):
    """Absent steps keep the states, whatever their inputs are, and repeat the output: zeros before the first."""
    pytest.importorskip(library)
    with K.use_backend(library) as on:
        masked(seed, on)


def masked(seed, on):
    form = Form(seed)
    step, states = (lstm(form), form.states) if seed < 2 else (gru(form, seed == 3), form.states[:1])
    mask = K.placeholder((None, T))
    present = np.asarray([[1, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 1, 0]])
    x, values = RNG.normal(size=(5, T, F)), [RNG.normal(size=(5, U)) for _ in states]
    fed = [form.x if not hasattr(form, "given") else form.given, *states, mask]
    found = []
    for unroll in (False, True):
        back = bool(seed % 2)
        last, every, new = K.rnn(step, form.x, states, mask=mask, go_backwards=back, unroll=unroll)
        loss = K.sum(K.sin(every)) + sum(K.sum(K.cos(s)) for s in new) + K.sum(last)
        slopes = [g for g in K.gradients(loss, [*fed[:-1], *form.weights]) if g is not None]
        f = K.function(fed, [last, every, *new, *slopes])
        assert ("_sequence" in f.source) is not unroll
        found.append([K.eval(y) for y in f([on.asarray(v) for v in (x, *values, present)])])
        if not unroll:
            x_nan = on.asarray(np.where(present[:, :, None] == 0, np.nan, x))
            again = f([x_nan, *map(on.asarray, (*values, present))])[: 2 + len(new)]
            for got, wanted in zip(again, found[0], strict=False):
                np.testing.assert_array_equal(K.eval(got), wanted)
    for got, wanted in zip(*found, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-11)


def program(step, states, x):
    """The source of a loop's program; K.rnn's own outputs are all read."""
    last, every, new = K.rnn(step, x, states)
    return K.function([x, *states], [last, every, *new]).source


NEARLY_LSTM = {
    "another sigmoid": {"sigmoid": K.hard_sigmoid},
    "another tanh": {"tanh": K.relu},
    "no tanh of the cell": {"mix": lambda i, f, o, n, h, c: (o * (f * c + i * n), f * c + i * n)},
    "the cell of before": {"mix": lambda i, f, o, n, h, c: (o * K.tanh(c), f * c + i * n)},
    "a difference": {"mix": lambda i, f, o, n, h, c: (o * K.tanh(f * c - i * n), f * c - i * n)},
    "a factor": {"mix": lambda i, f, o, n, h, c: (o * K.tanh(f * c + 2.0 * i * n), f * c + 2.0 * i * n)},
    "a further term": {"mix": lambda i, f, o, n, h, c: (o * K.tanh(f * c + i * n + c), f * c + i * n + c)},
    "a sum that does not cancel": {"mix": lambda i, f, o, n, h, c: (o * K.tanh(f * c + i * n) + h, f * c + i * n)},
    "coupled gates": {"mix": lambda i, f, o, n, h, c: (o * K.tanh(f * c + (1 - f) * n), f * c + (1 - f) * n)},
    "one gate less": {"mix": lambda i, f, o, n, h, c: (o * K.tanh(f * c + n), f * c + n)},
    "a cell kept aside": {"mix": lambda i, f, o, n, h, c: (o * K.tanh(f * c + i * n), c * f)},
    "a cell that is scaled": {"mix": lambda i, f, o, n, h, c: (o * K.tanh(f * c + i * n), 0.5 * (f * c + i * n))},
    "gates in other places": {"mix": lambda i, f, o, n, h, c: (o * K.tanh(f * h + i * n), f * h + i * n)},
}


@pytest.mark.parametrize("name", NEARLY_LSTM)
def test_what_is_nearly_long_short_term_memory_is_not_taken_for_it(name):
    for seed in range(3):
        form = Form(seed)
        assert "_sequence" not in program(lstm(form, **NEARLY_LSTM[name]), form.states, form.x)


def sums_and_more(kind):
    """A step of long short-term memory whose sums have one thing more, or another output or state."""
    w, u, p = (K.variable(RNG.normal(size=s), dtype="float64") for s in [(F, 4 * U), (U, 4 * U), (U,)])
    of_samples = K.variable(RNG.normal(size=(B, 4 * U)), dtype="float64")
    met = {"dropout": lambda h, c: h * p, "of the cell": lambda h, c: c, "squared": lambda h, c: h * h}
    sums = {
        "twice": lambda z, x, h: z + K.dot(h, u),
        "of each sample": lambda z, x, h: z + of_samples,
        "no input": lambda z, x, h: K.dot(h, u),
        "difference": lambda z, x, h: K.dot(x, w) - K.dot(h, u),
    }
    of_i = {
        "peephole": lambda i, x, c: i + c * p,
        "one bias less": lambda i, x, c: i + K.sigmoid(p),
        "two inputs of one gate": lambda i, x, c: i + K.dot(x * x, w[:, :U]),
    }
    given = {
        "outputs are cells": lambda h, c, old: (c, [h, c]),
        "another output": lambda h, c, old: (h + 1.0, [h, c]),
        "one state": lambda h, c, old: (h, [h, h]),
        "a state that stays": lambda h, c, old: (h, [old, c]),
    }

    def step(x, states):
        old, c = states
        z = K.dot(x, w) + K.dot(met.get(kind, lambda h, c: h)(old, c), u)
        z = sums.get(kind, lambda z, x, h: z)(z, x, old)
        i, f, new, o = (z[:, k * U : (k + 1) * U] for k in range(4))
        i = of_i.get(kind, lambda i, x, c: i)(i, x, c)
        c = K.sigmoid(f) * c + K.sigmoid(i) * K.tanh(new)
        o = o + c * p if kind == "peephole at last" else o
        h = K.sigmoid(o) * K.tanh(c)
        return given.get(kind, lambda h, c, old: (h, [h, c]))(h, c, old)

    return step


def test_sums_of_other_things_are_not_taken_for_gates():
    kinds = """dropout, of the cell, squared, twice, of each sample, no input, difference, peephole,
    two inputs of one gate, peephole at last, outputs are cells, another output, one state, a state that stays"""
    form = Form(0)
    for kind in map(str.strip, kinds.split(",")):
        assert "_sequence" not in program(sums_and_more(kind), form.states, form.x), kind
    for kind in ("nothing", "one bias less"):
        assert "lstm_sequence" in program(sums_and_more(kind), form.states, form.x), kind


NEARLY_GRU = {
    "both keep": lambda z, h, n: z * h + z * n,
    "no rest": lambda z, h, n: z * h + n,
    "a factor": lambda z, h, n: z * h + (2.0 - z) * n,
    "the old state also": lambda z, h, n: z * h + (1.0 - z) * n + h,
    "squares": lambda z, h, n: z * z * h + (1.0 - z * z) * n,
    "only the new": lambda z, h, n: (1.0 - z) * n,
}


@pytest.mark.parametrize("name", NEARLY_GRU)
def test_what_is_nearly_a_gated_recurrent_unit_is_not_taken_for_it(name):
    for seed in range(2):
        form = Form(seed)
        assert "_sequence" not in program(gru(form, bool(seed), NEARLY_GRU[name]), form.states[:1], form.x)


def test_a_reset_gate_elsewhere_is_not_taken_for_one():
    w, u = (K.variable(RNG.normal(size=s), dtype="float64") for s in [(F, 3 * U), (U, 3 * U)])

    def step(kind):
        def step(x, states):
            (h,) = states
            x, y = K.dot(x, w), K.dot(h, u)
            z, r = K.sigmoid(x[:, :U] + y[:, :U]), K.sigmoid(x[:, U : 2 * U] + y[:, U : 2 * U])
            n = {
                "of the input": lambda: r * x[:, 2 * U :] + y[:, 2 * U :],
                "of both": lambda: r * (x[:, 2 * U :] + y[:, 2 * U :]),
                "no gate": lambda: x[:, 2 * U :] + y[:, 2 * U :],
                "twice": lambda: x[:, 2 * U :] + r * y[:, 2 * U :] + K.dot(r * h, u[:, 2 * U :]),
                "hard": lambda: x[:, 2 * U :] + K.hard_sigmoid(r) * y[:, 2 * U :],
                "squared": lambda: x[:, 2 * U :] + r * r * y[:, 2 * U :],
                "right": lambda: x[:, 2 * U :] + r * y[:, 2 * U :],
            }[kind]()
            h = z * h + (1.0 - z) * K.tanh(n)
            return h, [h]

        return step

    form = Form(0)
    for kind in ("of the input", "of both", "no gate", "twice", "hard", "squared"):
        assert "_sequence" not in program(step(kind), form.states[:1], form.x), kind
    assert "gru_sequence" in program(step("right"), form.states[:1], form.x)


def test_states_of_every_step_keep_the_loop():
    form = Form(1)
    step = lstm(form)

    def with_cells(carry, x):
        _, (a, b) = step(x, list(carry))
        return (a, b), (a, b)

    _, (every, cells) = K.scan(with_cells, tuple(form.states), K.permute_dimensions(form.x, (1, 0, 2)))
    fed = [getattr(form, "given", form.x), *form.states]
    assert "_sequence" not in K.function(fed, [every, cells]).source


def test_a_scan_that_runs_backwards_keeps_its_places():
    form = Form(3)
    step = lstm(form)

    def one(carry, x):
        y, (a, b) = step(x, list(carry))
        return (a, b), y

    x = K.permute_dimensions(form.x, (1, 0, 2))
    carry, every = K.scan(one, tuple(form.states), x, reverse=True)
    fed = [getattr(form, "given", form.x), *form.states]
    f = K.function(fed, [every, *carry, *K.gradients(K.sum(K.sin(every)), form.weights)])
    _, back, new = K.rnn(step, form.x, form.states, go_backwards=True, unroll=True)
    back = K.reverse(K.permute_dimensions(back, (1, 0, 2)), 0)
    g = K.function(fed, [back, *new, *K.gradients(K.sum(K.sin(back)), form.weights)])
    values = [RNG.normal(size=(B, T, F)), *(RNG.normal(size=(B, U)) for _ in form.states)]
    assert "lstm_sequence" in f.source
    for got, wanted in zip(f(values), g(values), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("time", [0, 1, 3])
def test_no_step_gives_every_carry_its_own_beginning(time, known):
    form = Form(0, time=time if known else None)
    step = lstm(form)
    start = K.placeholder((None, U), dtype="float64")

    def one(carry, x):
        y, (a, b) = step(x, list(carry[1:]))
        return (y, a, b), y

    carry, every = K.scan(one, (start, *form.states), K.permute_dimensions(form.x, (1, 0, 2)))
    fed = [getattr(form, "given", form.x), start, *form.states]
    f = K.function(fed, [every, *carry])
    values = [RNG.normal(size=(B, time, F)), *(RNG.normal(size=(B, U)) for _ in range(3))]
    every, last, *_ = found = f(values)
    assert "lstm_sequence" in f.source
    if time:
        np.testing.assert_array_equal(last, every[-1])
    else:
        np.testing.assert_array_equal(found[1:], values[1:])


def test_one_sample_stands_for_all():
    form = Form(0)
    step = lstm(form)
    f, values = form.run(step, form.states)
    g, _ = form.run(step, form.states, unroll=True)
    values = [values[0][:1], *values[1:]]
    assert "lstm_sequence" in f.source
    for got, wanted in zip(f(values), g(values), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-11)
    with pytest.raises(ValueError):
        f([np.ones((3, T, F)), *values[1:]])


def test_large_sums_are_looked_at_for_a_while_only():
    """Sums of sums: as many terms as 2 to the power of 60."""
    form = Form(0)
    w, u = form.weight(F, 4 * U), form.weight(U, 4 * U)

    def step(x, states):
        h, c = states
        z = K.dot(x, w) + K.dot(h, u)
        for _ in range(60):
            z = z + z
            c = c * c
        c = K.sigmoid(z[:, :U]) * c + K.sigmoid(z[:, U : 2 * U]) * K.tanh(z[:, 2 * U : 3 * U])
        h = K.sigmoid(z[:, 3 * U :]) * K.tanh(c)
        return h, [h, c]

    x = form.x
    for _ in range(60):
        x = x + x
    assert "_sequence" not in program(step, form.states, form.x)
    K.rnn(step, x, form.states)
