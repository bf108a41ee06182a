"""Batch normalization in training: kernels beside definitions, gradients of both orders, what is not read."""

import numpy as np
import pytest

import backend as K

RNG = np.random.default_rng(4)
CASES = {
    "images": ((4, 6, 6, 16), (0, 1, 2)),
    "rows": ((300, 7), (0,)),
    "one number a channel": ((2, 3, 5), (0,)),
    "channels first": ((4, 16, 6, 6), (0, 2, 3)),
    "more than a stretch": ((64, 8, 8, 64), (0, 1, 2)),
    "two kept axes": ((5, 4, 3, 2), (0, 1)),
    "wide rows": ((9, 1030), (0,)),
}


@pytest.fixture
def both_ways():
    """Run a function with kernels and without; what both gave."""

    def run(function):
        found = []
        for enabled in (True, False):
            K.set_kernels(enabled)
            found.append([K.eval(y) for y in function()])
        return zip(*found, strict=True)

    yield run
    K.set_kernels(True)


@pytest.mark.parametrize("parameters", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_kernels_equal_definitions(library, name, parameters, both_ways):
    shape, axes = CASES[name]
    kept = [n for i, n in enumerate(shape) if i not in axes]
    values = [RNG.normal(1.0, 2.0, size=shape), *(RNG.normal(size=kept) for given in parameters if given)]
    x, *given = inputs = [
        K.placeholder([None, *v.shape[1:]] if i == 0 else v.shape, dtype="float64") for i, v in enumerate(values)
    ]
    gamma, beta = (given.pop(0) if there else None for there in parameters)
    with K.use_backend(library):
        y, mean, variance = K.normalize_batch_in_training(x, gamma, beta, list(axes))
        first = K.gradients(K.sum(K.sin(y)) + K.sum(K.cos(mean) * variance), inputs)
        second = K.gradients(sum(K.sum(K.sin(g)) for g in first), inputs[:1])
        f = K.function(inputs, [y, mean, variance, *first, *second])
        for got, expected in both_ways(lambda: f(values)):
            np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-9)
        reference = (values[0] - values[0].mean(axes, keepdims=True)) / np.sqrt(
            values[0].var(axes, keepdims=True) + 1e-3
        )
        if parameters == (False, False):
            np.testing.assert_allclose(K.eval(f(values)[0]), reference, rtol=1e-9, atol=1e-10)


def test_a_mean_far_from_zero_costs_no_digits(both_ways):
    x = (RNG.normal(size=(512, 16)) + 1e4).astype("float32")
    for got, expected in both_ways(lambda: K.normalize_batch_in_training(x, None, None, [0])):
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=5e-3)  # x itself is rounded to 1e-3


def test_cotangents_that_nothing_reads_are_not_worked_out():
    x, gamma, beta = K.placeholder((None, 4)), K.placeholder((4,)), K.placeholder((4,))
    y = K.normalize_batch_in_training(x, gamma, beta, [0])[0]
    source = K.function([x, gamma, beta], K.gradients(K.sum(K.sin(y)), [gamma, beta])).source
    assert "wanted=(1, 2)" in source


def test_nan_stays_in_its_channel(both_ways):
    x = RNG.normal(size=(256, 16)).astype("float32")
    x[3, 5] = np.nan
    for got, expected in both_ways(lambda: K.normalize_batch_in_training(x, None, None, [0])):
        np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
        assert np.isnan(got).any() and np.isfinite(np.delete(got, 5, axis=-1)).all()
