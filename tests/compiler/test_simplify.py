"""Algebraic simplification: each rule fires and keeps the bits, and which calls of a program are left."""

import array_api_compat.numpy as numpy
import numpy as np
import pytest

import backend as K
from backend.compiler.simplify import SIMPLIFY_RULES, simplify
from backend.graph.standard import namespace as xp
from backend.graph.tensor import Placeholder, Tensor, record
from backend.ops.activations import relu_gradient
from backend.ops.pooling import max_pool, max_pool_gradient

DATA = np.array([[-0.0, 1.5, np.inf], [np.nan, -2.0, 3.0]], dtype="f")


def computed(build):
    """What NumPy computes, call by call."""
    with np.errstate(all="ignore"):
        return np.asarray(build(numpy, DATA))


def same_bits(found, expected):
    """The same dtype, shape and values, signs of zeros included; the sign of a NaN is nobody's."""
    assert found.dtype == expected.dtype and found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)
    signs = np.signbit(found) == np.signbit(expected)
    assert np.all(signs | np.isnan(expected))


def again(xp, function, x, argument):
    """A call that changes nothing; recording leaves it out by itself, so it is recorded here."""
    return record(function, (x, argument), {}, x.spec) if xp is not numpy else x


def pooled(xp, x):
    """The gradient of a rectifier whose result is pooled."""
    y, how = K.relu(xp.reshape(x, (1, 2, 3, 1))), {"window": (1, 3), "strides": (1, 3), "padding": "valid"}
    top, kept = max_pool(y, residuals=True, **how)
    return relu_gradient(max_pool_gradient(top, y, kept, **how), y)


FIRES = {  # by rule: a call that it replaces
    "plus a negative": lambda xp, x: x + xp.negative(xp.exp(x)),
    "negative plus": lambda xp, x: xp.negative(xp.exp(x)) + x,
    "minus a negative": lambda xp, x: x - xp.negative(x),
    "identity": lambda xp, x: K.identity(x) if isinstance(x, Tensor) else x,
    "double negative": lambda xp, x: xp.negative(xp.negative(x)),
    "times one": lambda xp, x: x * 1.0,
    "one times": lambda xp, x: 1.0 * x,
    "divided by one": lambda xp, x: x / 1.0,
    "to the power of one": lambda xp, x: x**1.0,
    "where inverted": lambda xp, x: xp.where(xp.bitwise_invert(x > 0.0), 1.0, x),
    "where not": lambda xp, x: xp.where(xp.logical_not(x > 0.0), x, -x),
    "transposed twice": lambda xp, x: xp.matrix_transpose(xp.matrix_transpose(x)),
    "axes permuted to where they are": lambda xp, x: again(xp, "permute_dims", x, (0, 1)),
    "axes permuted twice": lambda xp, x: xp.permute_dims(xp.permute_dims(x[None], (2, 0, 1)), (1, 0, 2)),
    "reshaped to the same shape": lambda xp, x: again(xp, "reshape", x, (2, 3)),
    "reshaped twice": lambda xp, x: xp.reshape(xp.reshape(x, (6,)), (3, 2)),
    "kept axes dropped": lambda xp, x: xp.squeeze(xp.sum(x, axis=1, keepdims=True), 1),
    "slices concatenated again": lambda xp, x: xp.concat([x[:, :1], x[:, 1:2], x[:, 2:]], axis=1),
    "pooled before masked": pooled,
    "operand repeated for nothing": lambda xp, x: x * xp.broadcast_to(xp.max(x, axis=1, keepdims=True), (2, 3)),
}


def test_every_rule_has_a_call_that_it_replaces():
    assert set(FIRES) == set(SIMPLIFY_RULES.names)


@pytest.mark.parametrize("name", FIRES)
def test_a_rule_fires_and_keeps_the_bits(name):
    x = Placeholder((2, 3), "float32")
    call = FIRES[name](xp, x)
    assert SIMPLIFY_RULES.find(call.node)[0] == name
    simpler = simplify(call.node)
    assert simpler is not call and simpler.spec == call.spec
    assert simplify(call.node, without=[name]) is None and simplify(call.node, SIMPLIFY_RULES.names) is None
    same_bits(K.function([x], [simpler])([DATA])[0], computed(FIRES[name]))


CASES = {
    "times one": (lambda xp, x: x * 1.0 * 1.0 + 0.5, ["+"]),
    "over one": (lambda xp, x: (x / 1.0) ** 1.0 + 0.5, ["+"]),
    "minus minus": (lambda xp, x: xp.negative(xp.negative(x)) + 0.5, ["+"]),
    "plus minus": (lambda xp, x: x + -xp.exp(x), ["exp", " - "]),
    "minus a negative": (lambda xp, x: x - -xp.exp(x), ["exp", " + "]),
    "transposed twice": (lambda xp, x: xp.matrix_transpose(xp.matrix_transpose(x)) + 0.5, ["+"]),
    "permuted twice": (lambda xp, x: xp.permute_dims(xp.permute_dims(x, (1, 0)), (1, 0)) + 0.5, ["+"]),
    "permuted back and forth": (
        lambda xp, x: xp.permute_dims(xp.permute_dims(x[None], (2, 0, 1)), (1, 0, 2)) + 0.5,
        ["None", "permute_dims", "+"],
    ),
    "reshaped twice": (lambda xp, x: xp.reshape(xp.reshape(x, (6,)), (3, 2)) + 0.5, ["reshape", "+"]),
    "reshaped back": (lambda xp, x: xp.reshape(xp.reshape(x, (6,)), (2, 3)) + 0.5, ["+"]),
    "kept and dropped": (lambda xp, x: xp.squeeze(xp.sum(x, axis=1, keepdims=True), 1), ["sum"]),
    "one of the kept": (lambda xp, x: xp.squeeze(xp.sum(x, axis=(0, 1), keepdims=True), 1), ["sum", "squeeze"]),
    "not where": (lambda xp, x: xp.where(~(x > 0.0), 1.0, x), [">", "where"]),
    "repeated operand": (lambda xp, x: x * xp.broadcast_to(xp.sum(x, axis=1, keepdims=True), (2, 3)), ["sum", "*"]),
    "all repeated": (
        lambda xp, x: xp.broadcast_to(xp.sum(x, axis=1, keepdims=True), (2, 3)) * 2.0,
        ["sum", "broadcast_to", "*"],
    ),
    "cut and joined": (lambda xp, x: xp.concat([x[:, :1], x[:, 1:2], x[:, 2:]], axis=1) + 0.5, ["+"]),
    "cut and joined in another order": (lambda xp, x: xp.concat([x[:, 1:], x[:, :1]], axis=1), ["[", "[", "concat"]),
    "a part joined": (lambda xp, x: xp.concat([x[:, :1], x[:, 1:2]], axis=1), ["[", "[", "concat"]),
}


@pytest.mark.parametrize("name", CASES)
def test_calls_that_are_left(name):
    build, calls = CASES[name]
    x = Placeholder((2, 3), "float32")
    f = K.function([x], [build(xp, x)])
    lines = [line.partition("#")[0] for line in f.source.splitlines() if " = " in line or "= " in line]
    lines = [line for line in lines if line.startswith("    ")]
    assert len(lines) == len(calls) and all(call in line for call, line in zip(calls, lines, strict=True)), f.source
    same_bits(f([DATA])[0], computed(build))


def test_gradients_of_slices_are_joined():
    x = Placeholder((None, 8), "float64")
    parts = [x[:, 2:4], x[:, 5:8], x[:, 4:5]]
    loss = sum(K.sum(xp.exp(part) * (i + 1.0)) for i, part in enumerate(parts))
    f = K.function([x], K.gradients(loss, [x]))
    assert f.source.count("concat") == 1 and f.source.count("zeros") == 1
    data = np.linspace(-1.0, 1.0, 16).reshape(2, 8)
    weights = np.array([0, 0, 1, 1, 3, 2, 2, 2.0])
    np.testing.assert_allclose(f([data])[0], np.exp(data) * weights)


def test_gradients_of_rows_are_joined_and_overlaps_added():
    x = Placeholder((3, 4), "float64")
    data = np.linspace(-1.0, 1.0, 12).reshape(3, 4)
    f = K.function([x], K.gradients(K.sum(x[0] * 2.0) + K.sum(xp.sin(x[2])), [x]))
    assert f.source.count("concat") == 1
    np.testing.assert_allclose(f([data])[0], np.stack([np.full(4, 2.0), np.zeros(4), np.cos(data[2])]))
    f = K.function([x], K.gradients(K.sum(x[:, :3] * 2.0) + K.sum(x[:, 1:] * 5.0) + K.sum(x[1]), [x]))
    np.testing.assert_allclose(f([data])[0], [[2, 7, 7, 5], [3, 8, 8, 6], [2, 7, 7, 5]])
