"""Every gradient rule on symbolic tensors of unknown sizes, once and twice differentiated."""

import numpy as np
import pytest
from test_vjps import called, converted, is_floating, numerically, outputs
from vjp_cases import CASES

import backend as K
from backend.api.function import function
from backend.autodiff.backward import gradients
from backend.graph.standard import namespace as xp
from backend.graph.tensor import Placeholder

pytestmark = pytest.mark.slow


def unknown(case, fed):
    """The arguments as placeholders of unknown sizes (1 excepted); `fed` collects them and their values."""

    def placeholder(x):
        if not is_floating(x):
            return x
        t = Placeholder(tuple(n if n == 1 else None for n in x.shape), x.dtype.name)
        fed.append((t, x))
        return t

    return converted(case, placeholder)


def contraction(case, outs):
    total = 0.0
    for out in outs:
        if not xp.isdtype(out.dtype, ("real floating", "complex floating")):
            continue
        parts = [out]
        if xp.isdtype(out.dtype, "complex floating"):
            parts = [xp.real(out), xp.imag(out)]
        if case.phase_free:
            parts = [sum(part * part for part in parts)]
        for phase, part in enumerate(parts):
            total = xp.sum(xp.sin(0.8 * part + 0.3 + phase)) + total
    return total


def compiled(case):
    """A function of the floating arrays: contractions of outputs and of gradients, and their gradients."""
    fed = []
    args, kwargs = unknown(case, fed)
    out = called(xp, case, args, kwargs)[2]
    loss = contraction(case, outputs(out))
    inputs = [t for t, _ in fed]
    first = gradients(loss, inputs)
    bent = 0.0
    for g in first:
        for part in (xp.real(g), xp.imag(g)) if xp.isdtype(g.dtype, "complex floating") else (g,):
            bent = xp.sum(xp.cos(0.6 * part + 0.2)) + bent
    second = gradients(bent, inputs)
    second = [xp.zeros_like(t) if g is None else g for t, g in zip(inputs, second, strict=True)]
    return function(inputs, [loss, bent, *first, *second]), [x for _, x in fed]


def recordable(case):
    """Whether shapes follow from shapes: not so where each element has a number of repeats of its own."""
    return case.name != "repeat" or isinstance(case.args[1], int)


RECORDED = [case for case in CASES if recordable(case)]


@pytest.mark.parametrize("case", RECORDED, ids=[f"{i}-{case.name}" for i, case in enumerate(RECORDED)])
def test_recorded_rule_and_its_derivative(case):
    f, values = compiled(case)
    results = f(values)
    for i, x in enumerate(values):
        for order in (0, 1):
            found = results[2 + order * len(values) + i]

            def value(x, i=i, order=order):
                return f([*values[:i], x, *values[i + 1 :]])[order]

            assert found.shape == x.shape and found.dtype == x.dtype
            coarse = case.name == "astype" and case.args[1] == "float32"
            np.testing.assert_allclose(found, numerically(value, x), rtol=2e-6, atol=2e-3 if coarse else 3e-7)


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (3, 2), (None, 1)])
@pytest.mark.parametrize("empty", [slice(1, -1), slice(2, -2), slice(-1, 1), slice(1, 1)])
def test_slices_of_which_some_are_empty(shape, empty):
    x = K.placeholder(shape, dtype="float64")
    parts = (x[empty], x[1:], x[:1], x[empty] * 2.0)
    slope = K.gradients([K.sum(K.square(part)) for part in parts], [x])[0]
    for n in (1, 2, 3) if shape[0] is None else (shape[0],):
        value = np.arange(1.0, 1.0 + n * shape[1]).reshape(n, shape[1])
        expected = 2.0 * value
        expected[empty] += 10.0 * value[empty]
        np.testing.assert_array_equal(K.function([x], [slope])([value])[0], expected)
