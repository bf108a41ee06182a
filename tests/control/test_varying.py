"""Loops whose step makes arrays of a size that varies by step: these stay within the step."""

import numpy as np
import pytest

import backend as K
from backend.arrays.backends import use_backend
from backend.compiler import pipeline

ROWS = np.arange(10.0).reshape(5, 2)
KEPT = np.asarray([2.0, 2.0, 1.0, 0.0, 0.0])[:, None]  # how many of the steps of 2 and 3 rows read each row


def floats(x):
    return K.cast(x, "float32")


def nested(k, w):
    return K.sum(K.map_fn(lambda j: K.sum(floats(K.arange(j + 1)) * w), K.arange(k)))


def of_one_shape(k, w):
    product = K.dot(K.reshape(floats(K.arange(k * 2)), (k, 2)), K.constant(np.ones((2, 2))))
    return K.sum(product * w)


# name -> (step of n and w, its values for n = 2 and 3 and w = 2, the derivatives of their sum by w)
STEPS = {
    "arange": (lambda k, w: floats(K.sum(K.arange(k))) * w, [2.0, 6.0], 4.0),
    "ones": (lambda k, w: K.sum(K.square(K.ones((k, 2)) * w)), [16.0, 24.0], 40.0),
    "zeros": (lambda k, w: K.sum(K.zeros((k, 2)) + w), [8.0, 12.0], 10.0),
    "chain": (lambda k, w: K.max(K.exp(floats(K.arange(k))) * w), [2 * np.e, 2 * np.e**2], np.e + np.e**2),
    "joined": (lambda k, w: K.sum(K.concatenate([floats(K.arange(k)), K.ones((2,)) * w])), [5.0, 7.0], 4.0),
    "product": (of_one_shape, [24.0, 60.0], 42.0),
    "branch": (
        lambda k, w: K.sum(K.square(K.cond(k > 2, lambda: K.ones((2,)) * w, lambda: K.ones((3,)) * w))),
        [12.0, 8.0],
        20.0,
    ),
    "nested": (nested, [2.0, 8.0], 5.0),
    "nothing": (lambda k, w: K.sum(K.ones((k - 2,)) * w), [0.0, 2.0], 1.0),
}


@pytest.mark.parametrize("library", ["numpy", "torch", "array_api_strict"])
@pytest.mark.parametrize(("step", "values", "slope"), STEPS.values(), ids=STEPS)
def test_values_and_gradients(step, values, slope, library):
    with use_backend(library):
        n, w = K.variable([2, 3], dtype="int32"), K.variable(2.0)
        y = K.map_fn(lambda k: step(k, w), n)
        outputs = [y, *K.gradients(K.sum(y), [w])]
        f = K.function([], outputs)
        found, gradient = f([])
        plain = K.function([], outputs, passes=[])([])
    np.testing.assert_allclose(found, values, rtol=1e-6)
    np.testing.assert_allclose(gradient, slope, rtol=1e-6)
    for a, b in zip(plain, (found, gradient), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parametrize("left_out", pipeline.NAMES)
def test_every_pass_can_be_left_out(left_out):
    n, w = K.variable([2, 3], dtype="int32"), K.variable(2.0)
    y = K.map_fn(lambda k: of_one_shape(k, w) + nested(k, w), n)
    with pipeline.without(left_out):
        f = K.function([], [y, *K.gradients(K.sum(y), [w])])
    np.testing.assert_allclose(f([])[0], [26.0, 68.0])
    assert f([])[1] == 47.0


def test_integers_alone():
    n = K.variable([2, 3], dtype="int32")
    assert K.eval(K.map_fn(lambda k: K.sum(K.arange(k)), n)).tolist() == [1, 3]


READS = {
    "slice": lambda x, k: K.slice(x, [0, 0], [k, 2]),
    "gather": lambda x, k: K.gather(x, K.arange(k)),
    "index": lambda x, k: x[:k],
    "index with a start": lambda x, k: x[k - k : k, :],
}


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_parts_of_an_array_from_outside(read, library):
    with use_backend(library):
        n, x, w = K.variable([2, 3], dtype="int32"), K.variable(ROWS), K.variable(2.0)
        y = K.map_fn(lambda k: K.sum(K.square(read(x, k)) * w, axis=0), n)
        found, d_x, d_w = K.function([], [y, *K.gradients(K.sum(y), [x, w])])([])
    squares = np.cumsum(ROWS**2, axis=0)[[1, 2]]
    np.testing.assert_allclose(found, 2.0 * squares)
    np.testing.assert_allclose(d_x, 4.0 * ROWS * KEPT)
    assert d_w == squares.sum()


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_rows_of_a_batch_each_cut_at_its_length(library):
    x, lengths = K.placeholder((None, 4)), K.placeholder((None,), dtype="int32")
    y = K.map_fn(lambda pair: K.mean(K.slice(pair[0], [0], [pair[1]])), (x, lengths))
    with use_backend(library):
        f = K.function([x, lengths], [y, *K.gradients(K.sum(y), [x])])
        found, gradient = f([np.arange(12.0).reshape(3, 4), [1, 2, 4]])
    np.testing.assert_allclose(found, [0.0, 4.5, 9.5])
    np.testing.assert_allclose(gradient, [[1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0], [0.25] * 4])


@pytest.mark.parametrize("fold", [K.foldl, K.foldr])
def test_folds(fold):
    n, w = K.variable([2, 3], dtype="int32"), K.variable(0.5)
    y = fold(lambda a, k: a * w + K.sum(K.exp(K.ones((k,)) * w) * a), n, initializer=K.constant(1.0))
    value, slope = K.function([], [y, *K.gradients(y, [w])])([])
    one, two = (0.5 + k * np.exp(0.5) for k in (2, 3))
    assert value == pytest.approx(one * two, rel=1e-5)
    assert slope == pytest.approx((1 + 2 * np.exp(0.5)) * two + one * (1 + 3 * np.exp(0.5)), rel=1e-5)
    total = K.foldl(lambda a, k: a + K.sum(K.arange(k)), n, initializer=K.constant(0, dtype="int32"))
    assert K.eval(total) == 4


def test_second_derivatives():
    n, w = K.variable([2, 3], dtype="int32"), K.variable(2.0)
    (slope,) = K.gradients(K.sum(K.map_fn(lambda k: K.sum(K.pow(K.ones((k, 2)) * w, 3)), n)), [w])
    assert K.eval(K.gradients(slope, [w])[0]) == 3 * 2 * 2 * 10


def test_a_while_loop():
    w = K.variable(2.0)
    _, total = K.while_loop(
        lambda i, s: i < 4, lambda i, s: (i + 1, s + K.sum(K.square(K.ones((i,)) * w))), (K.constant(1, "int32"), w * 0)
    )
    value, slope = K.function([], [total, *K.gradients(total, [w])])([])
    assert (value, slope) == (24.0, 24.0)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_an_output_of_several_shapes_is_refused(library):
    with use_backend(library), pytest.raises(ValueError, match=r"shapes \(2,\) and \(3,\); expected one shape"):
        K.eval(K.map_fn(lambda k: K.arange(k), K.variable([2, 3], dtype="int32")))


def test_what_has_one_size_is_not_computed_again():
    x = K.placeholder((None, None, 3))
    y = K.map_fn(lambda row: K.sum(K.exp(K.tanh(row))), x)
    source = K.function([x], K.gradients(K.sum(y), [x])).source
    assert source.count("tanh") == 1
