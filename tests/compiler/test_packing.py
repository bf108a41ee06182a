"""Horizontal fusion in loops' bodies: each rule fires, can be left out, and keeps values."""

import numpy as np
import pytest

import backend as K
from backend.compiler.loops.packing import PACKING_RULES, calls, pack
from backend.graph.standard import namespace as xp
from backend.graph.tensor import Placeholder, Subgraph

RNG = np.random.default_rng(0)
A, B = (xp.asarray(RNG.normal(size=(4, 4))) for _ in range(2))
ROW = xp.asarray(RNG.normal(size=(8,)))

NAMES = [rule.name for rule in PACKING_RULES]
FIRES = {  # by rule: a body's outputs from its carry h (3, 4) and its sequence's step x (3, 4), and what it takes
    "products with one array": (lambda h, x: [h @ A, h @ B], {"matmul": 1}),
    "sum of two products": (lambda h, x: [h @ A + xp.exp(h) @ B], {"matmul": 1, "add": 0}),
    "calls on slices of one array": (lambda h, x: [xp.exp(h[:, :1]), xp.exp(h[:, 2:])], {"exp": 1}),
    "concatenated calls": (lambda h, x: [xp.concat([h * x, xp.exp(h) * x], axis=1)], {"multiply": 1, "concat": 2}),
}
KEEPS_BITS = {"calls on slices of one array", "concatenated calls"}  # the others sum products in another order
REFUSED = {  # bodies that none of the rules changes
    "products of different arrays": lambda h, x: [h @ A, xp.exp(h) @ B],
    "products that do not depend on a carry": lambda h, x: [x @ A, x @ B],
    "a product read twice": lambda h, x: (lambda p: [p + xp.exp(h) @ B, p])(h @ A),
    "slices far apart": lambda h, x: (lambda w: [xp.exp(w[:, :1]), xp.exp(w[:, 7:])])(xp.concat([h, h], axis=1)),
    "other functions of slices": lambda h, x: [xp.exp(h[:, :1]), xp.sin(h[:, 1:])],
    "arrays beside slices with a gap": lambda h, x: [h[:, :2] * ROW[:2], h[:, 3:] * ROW[3:4]],
    "concatenated calls on carries alone": lambda h, x: [xp.concat([h * h, xp.exp(h) * h], axis=1)],
    "concatenated calls of other functions": lambda h, x: [xp.concat([h * x, h + x], axis=1)],
}


def body_of(build):
    h, x = Placeholder((3, 4), "float64"), Placeholder((3, 4), "float64")
    return Subgraph([h, x], build(h, x))


def counted(body):
    return [t.node.function for t in calls(body)]


def run(body, data):
    return K.function(list(body.inputs), list(body.outputs))(data)


def test_every_rule_has_a_body():
    assert set(FIRES) == set(NAMES) and len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("name", FIRES)
def test_a_rule_fires_and_keeps_the_values(name):
    build, left = FIRES[name]
    body = body_of(build)
    packed = pack(body, 1, 1, without=[other for other in NAMES if other != name])
    functions = counted(packed)
    assert {function: functions.count(function) for function in left} == left
    assert pack(body, 1, 1, without=NAMES) is body and counted(pack(body, 1, 1, without=[name])) == counted(body)
    data = [RNG.normal(size=(3, 4)) for _ in range(2)]
    for found, expected in zip(run(packed, data), run(body, data), strict=True):
        if name in KEEPS_BITS:
            np.testing.assert_array_equal(found, expected)
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_packed(name):
    body = body_of(REFUSED[name])
    assert pack(body, 1, 1) is body


def test_a_kernel_computed_from_another_product_is_not_joined_with_its_kernel():
    x, kernel = Placeholder((2, 5, 5, 3), "float64"), xp.asarray(RNG.normal(size=(3, 3, 3, 4)))
    h = Placeholder((2, 5, 5, 4), "float64")
    first = K.conv2d(x, kernel, padding="same")
    again = K.conv2d(x, kernel * xp.sum(first + h), padding="same")
    beside = K.conv2d(x, 2.0 * kernel + xp.sum(h), padding="same")
    body = Subgraph([h, x], [xp.tanh(first + again + beside)])
    packed = pack(body, 1, 1)
    functions = [getattr(f, "__name__", f) for f in counted(packed)]
    assert functions.count("convolution") == 2
    data = [RNG.normal(size=(2, 5, 5, n)) for n in (4, 3)]
    np.testing.assert_allclose(run(packed, data)[0], run(body, data)[0], rtol=1e-12)


def test_arrays_beside_slices_are_concatenated():
    body = body_of(lambda h, x: [h[:, :2] * ROW[2:4], h[:, 2:] * ROW[4:6]])
    packed = pack(body, 1, 1)
    assert counted(packed).count("multiply") == 1
    data = [RNG.normal(size=(3, 4)) for _ in range(2)]
    for found, expected in zip(run(packed, data), run(body, data), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_matrices_that_are_slices_of_one_are_that_one():
    whole = xp.asarray(RNG.normal(size=(4, 6)))
    packed = pack(body_of(lambda h, x: [h @ whole[:, :2], h @ whole[:, 2:]]), 1, 1)
    assert counted(packed) == ["matmul", "getitem", "getitem"]


def test_a_loop_with_products_with_slices_of_one_matrix():
    w = K.variable(RNG.normal(size=(4, 4)), "float64")
    x, h = Placeholder((5, 4), "float64"), Placeholder((1, 4), "float64")
    last, _ = K.scan(lambda h, x: (xp.concat([h @ w[:, :2], xp.sin(h @ w[:, 2:])], axis=1) + x, ()), h, x)
    data, expected = RNG.normal(size=(5, 4)), RNG.normal(size=(1, 4))
    f, start = K.function([x, h], [last]), expected
    for row in data:
        product = expected @ K.get_value(w)
        expected = np.concatenate([product[:, :2], np.sin(product[:, 2:])], axis=1) + row
    assert f.source.count(" @ ") == 1 and "[:, :2]" in f.source
    np.testing.assert_allclose(f([data, start])[0], expected, rtol=1e-13)
