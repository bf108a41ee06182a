"""Algebraic simplification: each rule by the calls that are left, and by the bits of the result."""

import numpy as np
import pytest

import backend as K
from backend.graph.standard import namespace as xp
from backend.graph.tensor import Placeholder

DATA = np.array([[-0.0, 1.5, np.inf], [np.nan, -2.0, 3.0]], dtype="f")

CASES = {
    "times one": (lambda x: x * 1.0 * 1.0 + 0.5, ["+"]),
    "over one": (lambda x: (x / 1.0) ** 1.0 + 0.5, ["+"]),
    "minus minus": (lambda x: xp.negative(xp.negative(x)) + 0.5, ["+"]),
    "plus minus": (lambda x: x + -xp.exp(x), ["exp", " - "]),
    "minus a negative": (lambda x: x - -xp.exp(x), ["exp", " + "]),
    "transposed twice": (lambda x: xp.matrix_transpose(xp.matrix_transpose(x)) + 0.5, ["+"]),
    "permuted twice": (lambda x: xp.permute_dims(xp.permute_dims(x, (1, 0)), (1, 0)) + 0.5, ["+"]),
    "permuted back and forth": (
        lambda x: xp.permute_dims(xp.permute_dims(x[None], (2, 0, 1)), (1, 0, 2)) + 0.5,
        ["None", "permute_dims", "+"],
    ),
    "reshaped twice": (lambda x: xp.reshape(xp.reshape(x, (6,)), (3, 2)) + 0.5, ["reshape", "+"]),
    "reshaped back": (lambda x: xp.reshape(xp.reshape(x, (6,)), (2, 3)) + 0.5, ["+"]),
    "kept and dropped": (lambda x: xp.squeeze(xp.sum(x, axis=1, keepdims=True), 1), ["sum"]),
    "one of the kept": (lambda x: xp.squeeze(xp.sum(x, axis=(0, 1), keepdims=True), 1), ["sum", "squeeze"]),
    "not where": (lambda x: xp.where(~(x > 0.0), 1.0, x), [">", "where"]),
    "repeated operand": (lambda x: x * xp.broadcast_to(xp.sum(x, axis=1, keepdims=True), (2, 3)), ["sum", "*"]),
    "all repeated": (
        lambda x: xp.broadcast_to(xp.sum(x, axis=1, keepdims=True), (2, 3)) * 2.0,
        ["sum", "broadcast_to", "*"],
    ),
    "cut and joined": (lambda x: xp.concat([x[:, :1], x[:, 1:2], x[:, 2:]], axis=1) + 0.5, ["+"]),
    "cut and joined in another order": (lambda x: xp.concat([x[:, 1:], x[:, :1]], axis=1), ["[", "[", "concat"]),
    "a part joined": (lambda x: xp.concat([x[:, :1], x[:, 1:2]], axis=1), ["[", "[", "concat"]),
}


@pytest.mark.parametrize("name", CASES)
def test_calls_that_are_left(name):
    build, calls = CASES[name]
    x = Placeholder((2, 3), "float32")
    f = K.function([x], [build(x)])
    lines = [line.partition("#")[0] for line in f.source.splitlines() if " = " in line or "= " in line]
    lines = [line for line in lines if line.startswith("    ")]
    assert len(lines) == len(calls) and all(call in line for call, line in zip(calls, lines, strict=True)), f.source
    found = f([DATA])
    expected = K.function([x], [build(x)], passes=())([DATA])
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(np.signbit(found[0]), np.signbit(expected[0]))


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
