"""The table of primitives: complete, without dead rows, true of the libraries, and the only place that keeps names."""

from __future__ import annotations

import ast
import importlib
import operator
from pathlib import Path

import numpy as np
import pytest
from shape_calls import CALLS, several, values

from backend.arrays.dtypes import DType
from backend.graph.primitives import PRIMITIVES
from backend.graph.standard import namespace as xp
from backend.graph.tensor import Placeholder, map_tensors
from backend.graph.traversal import toposort

BACKEND = Path(__file__).parents[2] / "backend"
N = 5
ASIDE = {"asarray", "identity"}  # recorded for lists of sizes, and by K.identity and K.update


def recorded(call):
    """The placeholders of a call with every size known, and the nodes that it records."""
    inputs = [Placeholder([N if size == "n" else size for size in shape], dtype) for shape, dtype in call.inputs]
    return inputs, list({id(t.node): t.node for t in toposort(several(call.call(xp, *inputs))) if t.node}.values())


def test_the_table_has_what_is_recorded_and_nothing_else():
    found = {node.function for call in CALLS for node in recorded(call)[1]}
    assert found == set(PRIMITIVES) - ASIDE


def native(library, value):
    """Arguments with dtypes in the library's own terms."""
    if isinstance(value, DType):
        return getattr(library, value)
    if isinstance(value, tuple):
        return tuple(native(library, v) for v in value)
    return {k: native(library, v) for k, v in value.items()} if isinstance(value, dict) else value


def direct_calls():
    """Recorded calls whose tensors are all arguments of the call, so that it can be made on a library's arrays."""
    for call in CALLS:
        inputs, nodes = recorded(call)
        own = {id(t) for t in inputs}
        for node in nodes:
            if node.inputs and all(id(t) in own for t in node.inputs) and node.function != "asarray":
                yield pytest.param(call, inputs, node, id=f"{node.function}-{len(node.inputs)}")


@pytest.mark.parametrize("name", ["numpy", "torch"])
@pytest.mark.parametrize(("call", "inputs", "node"), list(direct_calls()))
def test_the_facts_are_true_of_the_libraries(call, inputs, node, name):
    library = importlib.import_module(f"backend.arrays.libraries.{name}")
    arrays = dict(zip(map(id, inputs), values(call.inputs, N, library), strict=True))
    args, kwargs = map_tensors((node.args, node.kwargs), lambda t: arrays[id(t)])
    function = operator.getitem if node.function == "getitem" else operator.attrgetter(node.function)(library)
    try:
        with np.errstate(all="ignore"):
            results = several(function(*native(library, args), **native(library, kwargs)))
    except RuntimeError as error:  # NotImplementedError is one
        pytest.skip(f"{name} cannot compute it: {error}")
    used = [np.asarray(arrays[id(t)]) for t in node.inputs]
    facts = node.primitive
    if facts.fresh:
        assert not any(np.shares_memory(np.asarray(y), x) for y in results for x in used)
    if facts.elementwise:
        assert {y.shape for y in results} == {np.broadcast_shapes(*(x.shape for x in used))}
    if facts.reduction and "axis" not in node.kwargs:
        assert all(y.shape == () for y in results)
    if (
        facts.augmented
        and {x.dtype for x in used} == {np.asarray(results[0]).dtype}
        and used[0].shape == results[0].shape
    ):
        target = getattr(operator, f"i{facts.dunder}")(library.asarray(used[0].copy()), args[1])
        assert np.array_equal(np.asarray(target), np.asarray(results[0]))
    if facts.commutative and all(hasattr(a, "dtype") for a in args):
        assert np.array_equal(np.asarray(function(*args[::-1])), np.asarray(results[0]), equal_nan=True)
    if facts.real:
        assert np.asarray(results[0]).dtype.kind != "c"
    if facts.sign:
        assert facts.template == f"{{0}} {facts.sign} {{1}}"


def test_no_other_set_of_names():
    """A set, tuple or list of names of primitives is a fact about them, and facts have one place."""
    offending = []
    for path in BACKEND.rglob("*.py"):
        parts = path.relative_to(BACKEND).parts
        if parts[0] in ("kernels", "ops", "models", "compat", "reproducible") or parts[:2] == ("arrays", "libraries"):
            continue  # which call no primitive by its name
        if parts in (("graph", "primitives.py"), ("graph", "standard", "namespace.py"), ("arrays", "backends.py")):
            continue  # the table, the functions themselves, and what a namespace must have at least
        if parts[0] == "graph" and path.name.startswith("dim"):
            continue  # max and min of sizes are no functions of arrays
        tree = ast.parse(path.read_text("utf-8"))
        listed = {
            id(n.value) for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__"
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Set | ast.Tuple | ast.List) and id(node) not in listed:
                names = [
                    e.value
                    for e in node.elts
                    if isinstance(e, ast.Constant) and isinstance(e.value, str) and e.value in PRIMITIVES
                ]
                if len(names) > 1 and len(names) == len(node.elts):
                    offending.append(f"{'/'.join(parts)}:{node.lineno}: {names}")
    assert offending == []
