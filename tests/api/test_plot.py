"""K.plot: text, Graphviz's language, and pictures where Graphviz is there; names of users stay text."""

import importlib
import re
import shutil
import stat

import numpy as np
import pytest

import backend as K

module = importlib.import_module("backend.api.plot")

HOSTILE = 'x"]; evil [label="\\N<b>\n'


@pytest.fixture
def without_dot(monkeypatch):
    monkeypatch.setattr(module, "_program", lambda: None)


def step():
    x, w = K.placeholder((None, 3), name="x"), K.variable(np.zeros((3, 2)), name="w")
    return K.function([x], [K.softmax(K.dot(x, w) + 1.0)], [K.update_add(w, K.constant(np.ones((3, 2))))], name="step")


def test_text_lists_leaves_and_calls():
    x = K.placeholder((2,), name="x")
    y = K.sum(K.exp(x), axis=0)
    e = y.node.inputs[0]
    assert str(K.plot(y)).splitlines() == [
        "graph: 2 calls",
        "x = placeholder (2,) float32",
        f"{e.name} = exp(x) (2,) float32",
        f"{y.name} = sum({e.name}, axis=0) () float32",
    ]
    assert "value" not in str(K.plot(K.constant(np.zeros(5000))))


def test_a_function_with_its_updates_as_recorded_and_as_compiled():
    f = step()
    recorded, compiled = K.plot(f), K.plot(f, optimized=True)
    assert "softmax" in str(recorded) and "w = variable (3, 2) float32" in str(recorded)
    assert "x = placeholder" in str(compiled) and f.executable.cost is None  # nothing was printed for a picture


def test_every_call_and_every_edge_is_in_the_source():
    f = step()
    dot = K.plot(f).dot
    calls = {id(t.node) for t in f.executable.recorded.order if t.node is not None}
    leaves = [t for t in f.executable.recorded.order if t.node is None]
    nodes = re.findall(r"^    (n0_\d+) \[label=", dot, re.M)
    edges = re.findall(r"^    (n0_\d+) -> (n0_\d+)$", dot, re.M)
    assert len(nodes) == len(set(nodes)) == len(calls) + len(leaves)
    assert {n for edge in edges for n in edge} <= set(nodes)
    assert len(edges) == sum(len(t.node.inputs) for t in f.executable.recorded.order if t.node is not None)
    assert dot.count("peripheries=2") == 2  # the output, and the new value of w


def test_results_of_one_call_are_one_node():
    x = K.placeholder((3, 4), name="x")
    dot = K.plot(list(K.scan(lambda carry, row: (carry + row, row), K.zeros((4,)), x))).dot
    assert dot.count('label="loop\\n') == 1


def test_bodies_of_loops_have_boxes_of_their_own():
    x = K.placeholder((3, 4), name="x")
    y = K.map_fn(lambda row: K.map_fn(lambda e: e * 2.0, row), x)
    plot = K.plot(y)
    assert f"body of {y.name}: " in str(plot) and str(plot).count("body of") == 2
    assert plot.dot.count("subgraph") == 3
    assert len(set(re.findall(r"^    (n\d+_\d+) \[", plot.dot, re.M))) == plot.dot.count("[label=")


def test_hostile_names_stay_text():
    x = K.placeholder((2,), name=HOSTILE)
    plot = K.plot(K.function([x], [K.exp(x)], name=HOSTILE))
    assert all(line.count('"') % 2 == 0 for line in re.sub(r"\\.", "", plot.dot).splitlines())
    assert "\n  evil" not in plot.dot and "evil" not in re.sub(r'"(\\.|[^"\\])*"', "", plot.dot)
    assert len(str(plot).splitlines()) == 3


@pytest.mark.usefixtures("without_dot")
def test_without_graphviz_there_is_text(tmp_path):
    x = K.placeholder((2,), name="x<b>")
    plot = K.plot(K.exp(x), tmp_path / "graph.txt")
    assert plot.svg is None and plot._repr_svg_() is None
    assert "x&lt;b&gt; = placeholder" in plot._repr_html_()
    assert (tmp_path / "graph.txt").read_text() == f"{plot}\n"
    plot.save(tmp_path / "graph.dot")
    assert (tmp_path / "graph.dot").read_text() == plot.dot
    with pytest.raises(RuntimeError, match=r"a SVG file needs Graphviz: install Graphviz"):
        plot.save(tmp_path / "graph.svg")
    assert not (tmp_path / "graph.svg").exists()


def program(folder, text):
    """A program in place of Graphviz's."""
    path = folder / "dot"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_the_picture_is_what_the_program_gives_for_the_source(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_program", lambda: program(tmp_path, 'echo "<svg>$1"; cat'))
    plot = K.plot(K.exp(K.placeholder((2,))))
    assert plot.svg == f"<svg>-Tsvg\n{plot.dot}" == plot._repr_svg_()
    assert plot._repr_html_() is None
    plot.save(tmp_path / "graph.png")
    assert (tmp_path / "graph.png").read_text() == f"<svg>-Tpng\n{plot.dot}"


def test_what_the_program_complains_of_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_program", lambda: program(tmp_path, "echo no layout >&2; exit 1"))
    with pytest.raises(RuntimeError, match="plot: Graphviz failed: no layout"):
        K.plot(K.exp(K.placeholder((2,))), tmp_path / "graph.pdf")


def test_large_graphs_are_text(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_program", lambda: program(tmp_path, "cat"))
    x = K.placeholder((2,))
    for _ in range(module.MOST_DRAWN):
        x = x + 1.0
    assert K.plot(x).svg is None and K.plot(x)._repr_html_().startswith("<pre>graph: 1000 calls")


def test_graphviz_draws_it():
    if shutil.which("dot") is None:
        pytest.skip("Graphviz's program dot is not installed")
    x = K.placeholder((2,), name=HOSTILE)
    svg = K.plot(K.map_fn(lambda e: K.exp(e), x)).svg
    assert svg.rstrip().endswith("</svg>") and "<b>" not in svg and "evil" in svg


@pytest.mark.parametrize("x", [3, "x", None, np.ones(3), [1.0], [K]])
def test_anything_else_is_refused(x):
    with pytest.raises(TypeError, match=r"plot: x is .*, expected a Function, a symbolic tensor, or a list of tensors"):
        K.plot(x)


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"plot: the file is called 'graph.bmp', expected an ending among .svg"):
        K.plot(K.exp(K.placeholder((2,))), tmp_path / "graph.bmp")
