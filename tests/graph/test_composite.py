"""Composites: kept whole in a graph, differentiated through their definition or by rule, replaceable by kernels."""

import numpy as np
import pytest

import backend as K
from backend.dispatch.promotion import array_namespace
from backend.graph.composite import COMPOSITES, Composite, effectful


def weighted(x, y, *, scale):
    """x * sin(y) * scale."""
    return x * array_namespace(x).sin(y) * scale


@pytest.fixture
def thing():
    yield Composite(weighted)
    COMPOSITES.pop("weighted", None)


def test_it_stays_one_call_in_a_graph_and_runs_at_once_on_arrays(thing):
    x, y = K.placeholder((None, 3)), K.placeholder((3,))
    out = thing(x, y, scale=2.0)
    assert out.shape == (None, 3) and out.dtype == "float32"
    f = K.function([x, y], [out])
    assert "weighted(x1, x2, scale=2.0)" in f.source and "sin" not in f.source
    a, b = np.ones((2, 3), "float32"), np.arange(3, dtype="float32")
    np.testing.assert_array_equal(f([a, b])[0], thing(a, b, scale=2.0))
    np.testing.assert_allclose(f([a, b])[0], 2 * np.sin(b) * a)


def test_its_gradient_is_its_definitions_and_a_tensor_given_twice_counts_twice(thing):
    x = K.variable(3.0, dtype="float64")
    slope = K.gradients(thing(x, x, scale=1.0), [x])[0]
    assert K.eval(slope) == pytest.approx(np.sin(3.0) + 3.0 * np.cos(3.0))
    nested = K.gradients(K.square(thing(x * 1.0, x, scale=1.0)), [x])[0]
    value = 3.0 * np.sin(3.0)
    assert K.eval(nested) == pytest.approx(2 * value * (np.sin(3.0) + 3.0 * np.cos(3.0)))


def test_a_rule_and_a_shape_of_its_own(thing):
    calls = []
    thing.shape(lambda x, y, *, scale: (5, None))
    thing.vjp(lambda g, out, x, y, *, scale: (calls.append(scale) or g * 7.0, None))
    x = K.variable(np.ones((5, 2)))
    out = thing(x, x, scale=1.0)
    assert out.shape == (5, None)
    assert K.eval(K.gradients(out, [x])[0]).tolist() == [[7.0, 7.0]] * 5 and calls == [1.0]


def test_residuals_come_where_a_gradient_may_follow():
    how = {"window": (2,), "strides": (2,), "padding": "valid"}
    assert len(COMPOSITES["max_pool"](np.ones((1, 4, 1)), **how)) == 1
    assert len(COMPOSITES["max_pool"](np.ones((1, 4, 1)), **how, residuals=True)) == 2
    y, residual = COMPOSITES["max_pool"](K.placeholder((1, 4, 1)), **how)
    assert "residuals" not in K.function([y.node.args[0]], [y]).source
    assert "residuals=True" in K.function([y.node.args[0]], [residual]).source


def test_kernels_switch_off_and_on():
    torch = pytest.importorskip("torch")
    x = torch.linspace(-1.0, 1.0, 5)
    assert K.kernels_enabled()
    try:
        K.set_kernels(False)
        without = K.relu(x)
        assert not K.kernels_enabled()
    finally:
        K.set_kernels(True)
    assert torch.equal(without, K.relu(x))


def test_what_acts_is_not_worked_out_beforehand():
    happened = []

    @effectful
    def seen(x):
        happened.append(1)
        return x

    seen.shape(lambda x: x.spec.shape)
    f = K.function([], [seen(K.constant(1.0))])
    f([])
    f([])
    COMPOSITES.pop("seen")
    assert len(happened) == 2
