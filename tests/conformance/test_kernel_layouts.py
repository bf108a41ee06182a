"""The kind 'kernel': kernels beside definitions in every layout, and the faults that only a layout shows."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from backend.graph.composite import COMPOSITES
from conformance.calls.arrangements import ARRANGEMENTS
from conformance.case import A, call, case, discovered
from conformance.examples import least, typical
from conformance.judging.failures import Failure
from conformance.properties import kernels
from conformance.properties.kernels import composites_of, kernel_layouts
from conformance.properties.registry import PROPERTIES
from conformance.running.tasks import examples_of
from conformance.subjects.operations import namespace

pytestmark = pytest.mark.filterwarnings("ignore")
SHAPES = [(3,), (1,), (2, 3), (1, 3, 1), (2, 3, 4), (1, 3, 4, 2), (2, 1, 3, 1)]


def opened(library):
    pytest.importorskip(library)
    return namespace(library)


def strides(x):
    return tuple(s // x.itemsize for s in x.strides) if isinstance(x, np.ndarray) else x.stride()


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_an_arrangement_changes_where_elements_lie_and_no_element(library, name):
    on, moved = opened(library), set()
    for shape in SHAPES:
        value = np.random.default_rng(0).normal(size=shape).astype("float32")
        x = on.array(value)
        found = ARRANGEMENTS[name](x)
        np.testing.assert_array_equal(np.asarray(found), value)
        moved.add(found is not x and strides(found) != strides(x))
    assert moved >= {True} or (library, name) == ("torch", "reversed")  # torch's flip is a copy


def test_thin_axes_get_strides_that_no_new_array_has():
    x = opened("torch").array(np.ones((1, 3, 4, 2), "float32"))
    assert ARRANGEMENTS["thin-inside"](x).stride() == (1, 8, 2, 1)
    assert ARRANGEMENTS["thin-outside"](x.movedim(0, 2)).stride() == (8, 2, 24, 1)
    assert ARRANGEMENTS["thin-inside"](y := x[0]) is y


def test_the_smallest_sizes_are_1_unless_a_case_says_otherwise():
    one = case("softmax", call(A("n", "c", sizes={"c": (2, 4)})), call(A(3)), listed=False)
    assert [v.shape for v in least(one, 0, "float64").values] == [(1, 2)]
    assert least(one, 1, "float64") is typical(one, 1, "float64")


def test_gradients_and_their_gradients_are_asked_for_their_kernels():
    assert {"max_pool", "max_pool_gradient"} <= composites_of(discovered()["pool2d"])
    assert "mask" in composites_of(discovered()["elu"])
    found = kernels._calls(opened("torch"), typical(discovered()["pool2d"], 0, "float64"))
    assert {c.composite.__name__ for c in found} == {"max_pool", "max_pool_gradient", "max_pool_selection"}


def test_what_a_kernel_kept_stays_as_it_is_and_is_no_input_of_the_definition():
    found = kernels._calls(namespace("numpy"), typical(discovered()["lstm"], 0, "float32"))
    (gradient,) = [c for c in found if c.composite.__name__ == "lstm_sequence_gradient"]
    kept = [i for i, residual in enumerate(gradient.residual) if residual]
    assert kept == [10, 11]  # gates and cells
    for _, args in kernels._arranged(gradient):
        assert all(args[i] is gradient.args[i] for i in kept)
    assert not any(kernels._free(gradient)[3:])  # cotangents alone may have other values


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize(
    ("operation", "name"), [("pool2d", "max_pool"), ("pool2d", "max_pool_gradient"), ("lstm", "lstm_sequence")]
)
def test_a_kernel_that_takes_memory_for_granted_is_found(monkeypatch, library, operation, name):
    on = opened(library)
    home = importlib.import_module(f"backend.kernels.{library}")
    own = getattr(home, name)

    def careless(x, *rest, **how):
        if isinstance(x, np.ndarray):
            return own(x.ravel(order="K").reshape(x.shape), *rest, **how)
        return own(x if x.is_contiguous() else x.as_strided(x.shape, x.new_empty(x.shape).stride()), *rest, **how)

    example = typical(discovered()[operation], 0, "float32")
    assert kernel_layouts(on, example) is not None
    monkeypatch.setattr(home, name, careless)
    with pytest.raises(Failure, match=f"the kernel {name}, "):
        kernel_layouts(on, example)


def test_a_kernel_that_reads_two_arrays_by_the_layout_of_one_is_found(monkeypatch):
    pytest.importorskip("torch")
    home = importlib.import_module("backend.kernels.torch")
    own = home.batch_norm_gradient
    monkeypatch.setattr(
        home, "batch_norm_gradient", lambda g, x, *rest, **how: own(g.as_strided(g.shape, x.stride()), x, *rest, **how)
    )
    example = typical(discovered()["normalize_batch_in_training"], 0, "float32")
    with pytest.raises(Failure, match=r"batch_norm_gradient, \S+ and \S+ arrays"):
        kernel_layouts(opened("torch"), example)


def test_a_kernel_that_fails_only_with_a_step_of_0_is_found(monkeypatch):
    home = importlib.import_module("backend.kernels.numpy")
    own = home.average_pool_gradient
    monkeypatch.setattr(home, "average_pool_gradient", lambda g, **how: own(g if all(g.strides) else g * 2, **how))
    index = next(i for i, c in enumerate(discovered()["pool2d"].calls) if c.kwargs.get("pool_mode") == "avg")
    with pytest.raises(Failure, match="repeated arrays"):
        kernel_layouts(namespace("numpy"), typical(discovered()["pool2d"], index, "float32"))


# Loops have graphs as arguments, and the compiler makes the other one; tests/kernels/test_numba_loops.py and
# tests/compiler/test_aliasing.py and test_kept_of_variables.py compare them with their definitions.
OF_COMPILED_FUNCTIONS = {
    "loop",
    "while_loop",
    "subtract_into",
    "step_down",
    "step_down_into",
    "laid_out",
    "row_product",
}


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_every_kernel_is_tried(library):
    on = opened(library)
    tried = {
        c.composite.__name__
        for one in discovered().values()
        if composites_of(one) & on.kernels
        for index in range(len(one.calls))
        for c in kernels._calls(on, typical(one, index, "float32"))
    }
    functions = {k for k in on.kernels for home in on.kernel_modules if callable(getattr(home, k, None))}
    assert (functions & set(COMPOSITES)) - OF_COMPILED_FUNCTIONS == tried  # 'chain' and 'jit' replace no composite


def test_both_sizes_are_tried_whatever_the_dtypes():
    prop = PROPERTIES["kernel"]
    for name in ("pool2d", "lstm"):
        one = discovered()[name]
        sizes = [e for x in examples_of(one, prop, namespace("numpy")) for e in kernels._sizes(x)]
        assert {e.dtype for e in sizes} == {"float32", "float64"}
