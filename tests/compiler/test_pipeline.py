"""The compiler as a whole: each pass can be left out, leaves a valid program, and can be read."""

from __future__ import annotations

import dataclasses
import enum

import numpy as np
import pytest

import backend as K
from backend.compiler import pipeline
from backend.compiler.literals import comment, literal
from backend.compiler.pipeline import NAMES, PASSES, run_passes, without
from backend.compiler.program import Graph
from backend.compiler.verify import InvalidProgramError, verify
from backend.graph.standard import namespace as xp
from backend.graph.tensor import Node, Placeholder, spec

RNG = np.random.default_rng(0)


def mlp():
    x, w = Placeholder((None, 4), "float64", "x"), K.variable(RNG.normal(size=(4, 3)), "float64")
    b = K.variable(np.zeros(3), "float64")
    loss = K.mean(K.square(K.softmax(K.dot(x, w) + b)))
    updates = [(v, v - 0.1 * g) for v, g in zip((w, b), K.gradients(loss, [w, b]), strict=True)]
    return [x], [loss, K.softmax(K.dot(x, w) + b)], updates, [RNG.normal(size=(5, 4))]


def recurrent():
    x, w = Placeholder((None, 6, 4), "float64"), K.variable(RNG.normal(size=(4, 12)), "float64")
    u = K.variable(RNG.normal(size=(4, 12)), "float64")

    def step(row, states):
        z = [K.dot(row, w[:, i : i + 4]) + K.dot(states[0], u[:, i : i + 4]) for i in (0, 4, 8)]
        h = K.sigmoid(z[0]) * states[0] + K.sigmoid(z[1]) * K.tanh(z[2])
        return h, [h]

    last, outputs, _ = K.rnn(step, x, [xp.zeros((x.sizes[0], 4), dtype=xp.float64)])
    loss = K.sum(K.square(last)) + K.sum(xp.sin(outputs))
    return [x], [loss, *K.gradients(loss, [w, u, x])], [], [RNG.normal(size=(2, 6, 4))]


def branching():
    x = Placeholder((None,), "float64")
    y = K.cond(K.sum(x) > 0.0, lambda: xp.exp(x), lambda: x * 2.0)
    z = K.while_loop(lambda v: K.sum(v) < 50.0, lambda v: v * 2.0 + 1.0, K.abs(y), maximum_iterations=9)
    return [x], [y, z, *K.gradients(K.sum(z), [x])], [], [RNG.normal(size=3)]


def chain():
    x = Placeholder((2048, 1100), "float64")
    y = 0.5 * x * (1.0 + xp.tanh(0.79 * (x + 0.04 * x * x * x)))
    return [x], [y, K.sum(y)], [], [RNG.normal(size=(2048, 1100))]


NETS = {"mlp": mlp, "recurrent": recurrent, "branching": branching, "chain": chain}


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("name", NAMES)
def test_every_pass_can_be_left_out(name, net):
    inputs, outputs, updates, data = NETS[net]()
    rest = [n for n in NAMES if n != name]
    expected = K.function(inputs, outputs)(data)
    with without(name):
        f = K.function(inputs, outputs)
    assert f.source == K.function(inputs, outputs, passes=rest).source
    alone = K.function(inputs, outputs, passes=[name])
    for values in (f(data), alone(data)):
        for value, wanted in zip(values, expected, strict=True):
            np.testing.assert_allclose(value, wanted, rtol=1e-12, atol=1e-13)
    starts = [v.eval() for v, _ in updates]
    K.function(inputs, outputs, updates, passes=rest)(data)
    ends = [v.eval() for v, _ in updates]
    for (variable, _), start in zip(updates, starts, strict=True):
        K.set_value(variable, start)
    K.function(inputs, outputs, updates)(data)
    for (variable, _), end in zip(updates, ends, strict=True):
        np.testing.assert_allclose(variable.eval(), end, rtol=1e-12)


def test_a_pass_that_does_not_exist_is_refused():
    x = Placeholder((2,), "float32")
    with pytest.raises(ValueError, match="function: passes has 'folding', expected names of prune, cse"):
        K.function([x], [x], passes=["folding"])
    with pytest.raises(ValueError, match="passes has 'folding'"), without("folding"):
        pass


@pytest.mark.parametrize("net", NETS)
def test_stages_can_be_read(net, capsys):
    inputs, outputs, _, _ = NETS[net]()
    f = K.function(inputs, outputs, explain=True)
    assert [s.name for s in f.stages] == ["recorded", *(each.name for each in PASSES)]
    assert f.stages[-1].text == f.source
    assert capsys.readouterr().out.strip() == str(f.stages).strip()
    held = {s.name: s.held for s in f.stages}
    assert held["reuse"] <= held["liveness"] <= held["schedule"]
    for s in f.stages:
        compile(s.text, s.name, "exec")


def test_stages_tell_what_a_pass_changed():
    x = Placeholder((None, 8), "float32")
    f = K.function([x], [xp.exp(x) * 1.0 + xp.exp(x)])
    calls = {s.name: s.calls for s in f.stages}
    assert (calls["recorded"], calls["cse"], calls["simplify"]) == (4, 3, 2)


@pytest.fixture
def broken(monkeypatch):
    """A pass of the compiler replaced by one that breaks the graph."""

    def plant(name, run):
        passes = tuple(dataclasses.replace(p, run=run) if p.name == name else p for p in PASSES)
        monkeypatch.setattr(pipeline, "PASSES", passes)

    return plant


def sample():
    x = Placeholder((None, 3), "float32", "x")
    return Graph((x,), (xp.sum(xp.exp(x) * 2.0, axis=1),))


FAULTS = {
    "lost a result": (lambda g: dataclasses.replace(g, outputs=()), "1 results became 0"),
    "another dtype": (lambda g: g.replaced([xp.astype(g.outputs[0], xp.float64)]), "was float32 .* became float64"),
    "another shape": (lambda g: g.replaced([xp.sum(g.outputs[0])]), r"was float32 \(None,\) and became float32 \(\)"),
    "a call that lies": (
        lambda g: g.replaced([Node("exp", g.outputs[0].node.args, {}, (spec((None,), "float32"),)).output(0)]),
        "a call of exp says that it gives",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_verifier_finds_a_broken_graph(fault):
    change, message = FAULTS[fault]
    graph = sample()
    with pytest.raises(InvalidProgramError, match=f"pass spoil: .*{message}"):
        verify("spoil", graph, change(graph))


def test_the_verifier_finds_a_broken_program():
    graph = dataclasses.replace(sample(), shared=None)
    program = run_passes(graph, NAMES)
    steps = program.main.steps
    swapped = dataclasses.replace(program, main=program.main.with_steps(steps[::-1]))
    with pytest.raises(InvalidProgramError, match="is used before it is defined"):
        verify("spoil", program, swapped)
    fewer = dataclasses.replace(program, main=program.main.with_steps(steps[:-1]))
    with pytest.raises(InvalidProgramError, match="the calls are no longer the same"):
        verify("spoil", program, fewer)
    result = steps[-1].results[0]
    freed = [steps[0]._replace(frees=(result,)), *steps[1:]]
    with pytest.raises(InvalidProgramError, match="is a result, and was freed"):
        verify("spoil", program, dataclasses.replace(program, main=program.main.with_steps(freed)))


# ---- the printer writes what it made itself, and nothing else


class Axis(enum.IntEnum):
    LAST = 1


class Loud(float):
    def __repr__(self):
        return "open('pwned', 'w')"

    __str__ = __format__ = __repr__


class Word(str):
    def __repr__(self):
        return "open('pwned', 'w')"

    __str__ = __repr__


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Axis.LAST, "1"),
        (Loud(2.5), "2.5"),
        (Word("a"), "'a'"),
        (True, "True"),
        (np.float32(0.5), "0.5"),
        (np.int8(-3), "-3"),
        (-0.0, "-0.0"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (complex(0, float("inf")), "complex(0.0, inf)"),
        (complex(-0.0, 1), "complex(-0.0, 1.0)"),
        ("a'\n\udc80", '"a\'\\n\\udc80"'),
        (None, "None"),
    ],
)
def test_literals(value, text):
    assert literal(value) == text
    scope = {"inf": np.inf, "nan": np.nan}
    assert repr(eval(text, scope)) == repr(eval(literal(value), scope))


def test_long_integers_have_literals():
    assert eval(literal(10**5000)) == 10**5000


@pytest.mark.parametrize("value", [object(), b"x", {}, lambda: None])
def test_what_has_no_literal_is_refused(value):
    with pytest.raises(TypeError, match="codegen: a value of type"):
        literal(value)


HOSTILE = [
    "x\nopen('pwned','w')\n#",
    "x\rimport os",
    "\0",
    "\udc80",
    "class",
    "None",
    "xp",
    "c1",
    "v1",
    "body_1",
    "é\u2028",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_stay_in_comments(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = K.placeholder((None, 2), name=name)
    w = K.variable(np.ones(2), name=name)
    f = K.function([x], [K.exp(x) * w], name=name)
    np.testing.assert_allclose(f([np.zeros((3, 2))])[0], np.ones((3, 2)))
    assert len(f.source.splitlines()) == len(f.source.split("\n")) - 1
    assert all(c.isprintable() or c == "\n" for c in f.source)
    assert list(tmp_path.iterdir()) == []


def test_a_comment_is_one_printable_line():
    for name in HOSTILE:
        assert comment(name).isprintable()


def test_arguments_that_print_as_they_like_do_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = K.placeholder((2, 3))
    f = K.function([x], [K.sum(x, axis=Axis.LAST), x * Loud(2.5), x * complex(0, float("inf"))])
    found = f([np.ones((2, 3))])
    np.testing.assert_allclose(found[0], [3.0, 3.0])
    np.testing.assert_allclose(found[1], np.full((2, 3), 2.5))
    assert np.isinf(found[2].imag).all()
    assert list(tmp_path.iterdir()) == []


# ---- size expressions are shared: towers take time and text in proportion to their height


def rolled(y):
    return K.concatenate([y[1:], y[:1]], axis=0)


def padded(y):
    return K.concatenate([y, xp.zeros((y.sizes[0] // 3 + 1,), dtype=xp.float64)], axis=0)[1:]


@pytest.mark.parametrize("level", [rolled, padded])
def test_towers_of_sizes_are_linear(level):
    lengths = []
    for height in (10, 20, 40):
        x = y = Placeholder((None,), "float64")
        for _ in range(height):
            y = level(y)
        lengths.append(len(K.function([x], [y, *K.gradients(K.sum(y), [x])]).source))
    assert lengths[2] - lengths[1] < 2.5 * (lengths[1] - lengths[0])


def test_a_tower_of_sizes_gives_what_numpy_gives():
    x = y = Placeholder((None,), "float64")
    data = wanted = np.arange(1.0, 8.0)
    for _ in range(6):
        y = padded(y)
        wanted = np.concatenate([wanted, np.zeros(len(wanted) // 3 + 1)])[1:]
    f = K.function([x], [y, *K.gradients(K.sum(y), [x])])
    assert "n1 = " in f.source
    found, gradient = f([data])
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(gradient, [0.0] * 6 + [1.0])
