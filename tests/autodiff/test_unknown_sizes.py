"""Gradients of programs that broadcast: an unknown size may be 1 when the program runs, or equal to the other one."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import backend as K
from backend.autodiff.cotangents import sum_to
from backend.dispatch.boundary import sizes
from backend.dispatch.promotion import array_namespace
from backend.graph.tensor import Placeholder
from backend.ops.rng.sampling import kept

pytestmark = pytest.mark.slow

torch = pytest.importorskip("torch")

U = None  # an unknown size


class Program(NamedTuple):
    """A function of arrays, and their shapes, with None for sizes that are fed as 1 and as 3."""

    name: str
    call: Callable[..., Any]
    shapes: tuple[tuple[int | None, ...], ...]
    positive: bool = False


def standard(name, *arguments, **how):
    """A call of the standard's function, on symbolic tensors and torch's alike."""
    home = array_namespace(*arguments[:1])
    for part in name.split("."):
        home = getattr(home, part)
    return home(*arguments, **how)


def solved(x, y):
    identity = array_namespace(x).eye(2, dtype=x.dtype)
    return standard("linalg.solve", x * 0.2 + identity, y)


def scanned(x, y):
    """A loop whose body meets a captured array of another size."""
    _, rows = K.scan(lambda carry, row: (carry + row * K.mean(y), row * y), K.sum(x, axis=0), x)
    return rows


def taken(x, y):
    """Elements chosen along an axis by indices whose rows broadcast with x's."""
    indices = np.asarray([[0, 1, 1], [2, 2, 0], [1, 0, 1]])
    return K.take_along_axis(x * y, indices if isinstance(x, Placeholder) else torch.as_tensor(indices))


def branches(x, y):
    return K.cond(K.sum(x) > 0, lambda: x * y, lambda: x - y * y)


def unrolled(x, y):
    for i in range(3):
        y = K.tanh(x * y + x[:, :1] * (0.3 + i))
    return y


PROGRAMS = [
    Program("add", lambda x, y: x + y, ((U,), (U,))),
    Program("subtract", lambda x, y: x - y, ((U, U), (U,))),
    Program("multiply", lambda x, y: x * y, ((U, U), (U, U))),
    Program("multiply beside a known size", lambda x, y: x * y, ((U, 3), (3, U))),
    Program("divide", lambda x, y: x / y, ((U, 2), (U, 1)), positive=True),
    Program("pow", K.pow, ((U, U), (U,)), positive=True),
    Program("remainder", lambda x, y: x % y, ((U,), (U,)), positive=True),
    Program("maximum", K.maximum, ((U, U), (U,))),
    Program("minimum", K.minimum, ((U,), (2, U))),
    Program("atan2", lambda x, y: standard("atan2", x, y), ((U,), (U,))),
    Program("hypot", lambda x, y: standard("hypot", x, y), ((U, 2), (U, 1))),
    Program("logaddexp", lambda x, y: standard("logaddexp", x, y), ((U,), (2, U))),
    Program("copysign", lambda x, y: standard("copysign", x, y), ((U,), (U,))),
    Program("where", lambda c, x, y: standard("where", c > 0.0, x, y), ((U, U), (U,), (U, 1))),
    Program("three sizes", lambda x, y, z: x * y + z * x, ((U,), (U,), (U,))),
    Program("less its first column", lambda x: K.square(x - x[:, :1]), ((U, U),)),
    Program("less its last column", lambda x: K.square(x - x[:, -1:]), ((U, U),)),
    Program("less its first row", lambda x: K.square(x - x[:1]), ((U, U),)),
    Program("less its last row", lambda x: x * x[-1:], ((U, U),)),
    Program("broadcast_to", lambda x, y: standard("broadcast_to", x, sizes(y)) * y, ((U, 1), (3, 3))),
    Program("broadcast to unknown sizes", lambda x, y: standard("broadcast_to", x, sizes(x * y)) * y, ((U,), (U, U))),
    Program("broadcast_arrays", lambda x, y: sum(standard("broadcast_arrays", x, y)), ((U, 1), (U, U))),
    Program("matmul of stacks", lambda x, y: standard("matmul", x, y), ((U, 2, 3), (U, 3, 2))),
    Program("matmul of unknown matrices", lambda x, y: standard("matmul", x, y), ((U, U, 3), (U, 3, U))),
    Program("vectors by stacks", lambda x, y: standard("matmul", x, y), ((3,), (U, 3, U))),
    Program("stacks by matrices", lambda x, y: standard("matmul", x, y), ((U, U, 2), (2, U))),
    Program("batch_dot", lambda x, y: K.batch_dot(x, y, axes=(2, 1)), ((3, U, 2), (3, 2, U))),
    Program("vecdot", lambda x, y: standard("vecdot", x, y), ((U, 3), (U, 3))),
    Program("cross", lambda x, y: standard("linalg.cross", x, y), ((U, 3), (U, 3))),
    Program("solve", solved, ((U, 2, 2), (U, 2, 1))),
    Program("take_along_axis", taken, ((U, 3), (U, 3))),
    Program("einsum", lambda x, y: K.einsum("bij,bjk->bik", x, y), ((3, U, 2), (3, 2, U))),
    Program("mean", lambda x, y: K.mean(x * y, axis=0), ((U, 2), (U, 1))),
    Program("variance of a difference", lambda x, y: K.var(x - y, axis=-1), ((U, 3), (U, U))),
    Program("relu", lambda x, y: K.relu(x + y) * y, ((U, 2), (U, 1))),
    Program("sigmoid and tanh", lambda x, y: K.sigmoid(x - y) * K.tanh(x), ((U,), (U,))),
    Program("softmax", lambda x, y: K.softmax(x * y) * y, ((U, 3), (U, U))),
    Program("log_softmax", lambda x, y: K.log_softmax(x + y), ((U, U), (U, 3))),
    Program("clip", lambda x, y: K.clip(x, -0.7, 0.8) * y, ((U,), (U,))),
    Program("l2_normalize", lambda x, y: K.l2_normalize(x * y, axis=-1), ((U, 3), (U, 1))),
    Program("erf", lambda x, y: K.erf(x * y), ((U,), (U,))),
    Program(
        "batch_normalization",
        lambda x, m, v, b, g: K.batch_normalization(x, m, v * v + 0.5, b, g),
        ((U, 3), (U, 3), (1, U), (U, U), (U, 1)),
    ),
    Program(
        "normalize_batch_in_training",
        lambda x, g, b: K.normalize_batch_in_training(x, g, b, [0])[0],
        ((3, U), (U,), (U,)),
    ),
    Program("dropout", lambda x, y, m: kept(x * y, m > 0.0, 0.4) * y, ((U, 3), (U, 1), (U, 3))),
    Program("mean_squared_error", lambda x, y: K.mean(K.square(x - y), axis=-1), ((U, 3), (U, 3))),
    Program(
        "categorical_crossentropy",
        lambda x, y: K.categorical_crossentropy(K.softmax(y), K.softmax(x)),
        ((U, 3), (U, 3)),
    ),
    Program(
        "binary_crossentropy",
        lambda x, y: K.binary_crossentropy(K.sigmoid(y), x, from_logits=True),
        ((U, 2), (U, 2)),
    ),
    Program("attention", lambda q, k, v: K.scaled_dot_product_attention(q, k, v), ((U, 2, 3), (U, 3, 3), (U, 3, 2))),
    Program(
        "masked attention",
        lambda q, k, m: K.scaled_dot_product_attention(q, k, k, mask=m),
        ((U, 2, 3), (3, U, 3), (U, U)),
    ),
    Program("switch", lambda c, x, y: K.switch(c > 0.0, x, y), ((3, U), (3, U), (3, U))),
    Program("cond", branches, ((U, 2), (U, 1))),
    Program("scan", scanned, ((3, U), (U,))),
    Program("map_fn", lambda x, y: K.map_fn(lambda row: K.square(row * y), x), ((3, U), (U,))),
    Program("chain", unrolled, ((U, U), (U, U))),
    Program("concatenation", lambda x, y, z: K.concatenate([x * y, x + z]), ((3, U), (3, U), (3, U))),
    Program("stack", lambda x, y: K.stack([x * y, y * x]), ((U,), (U,))),
    Program("slices of a broadcast", lambda x, y: (x * y)[:, :1] * (x + y)[:, 1:], ((U, 3), (U, U))),
    Program("repeat and tile", lambda x, y: K.tile(x, (1, 2)) * K.repeat_elements(y, 2, 1), ((U, 2), (U, 2))),
    Program("transpose", lambda x, y: K.transpose(x) * y, ((U, U), (U,))),
    Program("bias", lambda x, w, b: K.bias_add(K.dot(x, w), b), ((U, 2), (2, 3), (3,))),
]


def feeds(program):
    """Every combination of 1 and 3 for the unknown sizes that the program accepts, as arrays."""
    rng = np.random.default_rng(7)
    unknown = sum(shape.count(None) for shape in program.shapes)
    for chosen in itertools.product((1, 3), repeat=unknown):
        supply = iter(chosen)
        shapes = [tuple(next(supply) if n is None else n for n in shape) for shape in program.shapes]
        arrays = [
            rng.uniform(0.4, 1.6, size=shape) * (1.0 if program.positive else rng.choice([-1, 1], size=shape))
            for shape in shapes
        ]
        yield shapes, arrays


def compiled(program):
    """The gradients of a contraction of the result, and those of a contraction of them."""
    inputs = [Placeholder(shape, "float64") for shape in program.shapes]
    first = K.gradients(K.sum(K.sin(0.7 * program.call(*inputs) + 0.3)), inputs)
    bent = sum(K.sum(K.cos(0.6 * g + 0.2)) for g in first if g is not None)
    second = K.gradients(bent, inputs)
    zeros = [K.zeros_like(x) for x in inputs]
    return K.function(inputs, [z if g is None else g for z, g in zip(zeros * 2, first + second, strict=True)])


def reference(program, arrays):
    """The same by torch.autograd."""
    inputs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in arrays]
    loss = torch.sum(torch.sin(0.7 * program.call(*inputs) + 0.3))
    first = torch.autograd.grad(loss, inputs, create_graph=True, allow_unused=True)
    bent = sum(torch.sum(torch.cos(0.6 * g + 0.2)) for g in first if g is not None)
    second = torch.autograd.grad(bent, inputs, allow_unused=True) if bent.requires_grad else [None] * len(inputs)
    return [
        np.zeros(x.shape) if g is None else g.detach().numpy()
        for g, x in zip([*first, *second], inputs * 2, strict=True)
    ]


@pytest.mark.parametrize("program", PROGRAMS, ids=[program.name for program in PROGRAMS])
def test_gradients_are_right_for_every_feed(program):
    run, checked = compiled(program), 0
    for shapes, arrays in feeds(program):
        try:
            expected = reference(program, arrays)
        except (ValueError, RuntimeError):  # shapes that do not fit
            continue
        found = run(arrays)
        for x, y in zip(found, expected, strict=True):
            assert x.shape == y.shape, shapes
            np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-9, err_msg=str(shapes))
        checked += 1
    assert checked > 1


def test_a_size_that_meets_itself_is_not_compared():
    x, w, b = K.placeholder((None, 4)), K.placeholder((4, 3)), K.placeholder((3,))
    h = K.relu(K.dot(x, w) + b)
    loss = K.mean(K.square(h - K.softmax(h) * h) / (1.0 + K.sum(x, axis=1, keepdims=True)))
    source = K.function([x, w, b], [loss, *K.gradients(loss, [x, w, b])]).source
    assert "sum_to" not in source


@pytest.mark.parametrize("known", [True, False])
def test_sizes_are_compared_where_they_may_differ(known):
    x, y = K.placeholder((3 if known else None,)), K.placeholder((1 if known else None,))
    f = K.function([x, y], K.gradients(K.sum(x * y), [x, y]))
    assert ("sum_to" in f.source) is not known
    for found, expected in zip(f([np.asarray([1.0, 2.0, 3.0]), np.asarray([5.0])]), ([5.0] * 3, [6.0]), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_loop_body_compares_no_size_with_itself():
    x, w = K.placeholder((None, 5, 4)), K.placeholder((4, 4))
    start = K.zeros_like(x[:, 0])

    def step(row, states):
        h = K.tanh(K.dot(states[0], w) * row) * states[0]
        return h, [h]

    last, _, _ = K.rnn(step, x, [start])
    assert "sum_to" not in K.function([x, w], K.gradients(K.sum(last), [x, w])).source


def test_a_first_slice_has_no_more_than_one_element():
    x = Placeholder((None, None), "float32")
    for part in (x[:1], x[:, :1]):
        assert (x - part).sizes == (part + x).sizes == x.sizes


@pytest.mark.parametrize("shapes", [((3,), (1,)), ((0,), (1,)), ((1,), (0,)), ((1,), (1,)), ((3,), (3,)), ((0,), (0,))])
def test_broadcast_arrays_of_unknown_sizes(shapes):
    x, y = Placeholder((None,), "float32"), Placeholder((None,), "float32")
    xp = array_namespace(x)
    arrays = [np.ones(shape, "float32") for shape in shapes]
    found = K.function([x, y], list(xp.broadcast_arrays(x, y)))(arrays)
    assert [a.shape for a in found] == [a.shape for a in np.broadcast_arrays(*arrays)]


def test_sum_to():
    x = np.arange(12.0).reshape(2, 3, 2)
    assert sum_to(x, shape=(2, 3, 2)) is x
    np.testing.assert_array_equal(sum_to(x, shape=(1, 2)), np.sum(x, axis=(0, 1))[None])
    np.testing.assert_array_equal(sum_to(x, shape=()), np.sum(x))
    np.testing.assert_array_equal(sum_to(x[:, :0], shape=(2, 1, 2)), np.zeros((2, 1, 2)))


def test_a_gradient_does_not_share_memory_with_what_was_fed():
    x, g = K.placeholder((None,)), K.placeholder((None,))
    fed = np.asarray([1.0, 2.0], "float32")
    (found,) = K.function([x, g], [sum_to(g, shape=x.sizes)])([fed, fed])
    assert not np.shares_memory(found, fed)
