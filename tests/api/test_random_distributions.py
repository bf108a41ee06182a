"""Gamma and beta variates, random orders and classes: their distributions, streams and gradients."""

import numpy as np
import pytest
from scipy import stats

import backend as K
from backend.arrays.backends import use_backend


@pytest.mark.parametrize("alpha", [0.05, 0.6, 1.0, 4.0, 300.0])
def test_gamma_and_beta_variates_have_their_distributions(alpha):
    x = K.eval(K.random_gamma((50000,), alpha, "float64", seed=20))
    assert stats.kstest(x, stats.gamma(alpha).cdf).pvalue > 0.01
    y = K.eval(K.random_beta((50000,), alpha, 0.4, "float64", seed=20))
    assert stats.kstest(y, stats.beta(alpha, 0.4).cdf).pvalue > 0.01


@pytest.mark.parametrize("library", ["torch", "array_api_strict"])
def test_gamma_and_beta_variates_below_one_agree_to_rounding(library):
    alpha = np.asarray([0.01, 0.2, 0.9, 1.1])

    def drawn():
        return [K.eval(K.random_gamma((500, 4), alpha, seed=3)), K.eval(K.random_beta((500, 4), alpha, 0.5, seed=3))]

    expected = drawn()
    with use_backend(library):
        for found, wanted in zip(drawn(), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=1e-37)  # exp(x) has the absolute error of x


def test_beta_variates_of_tiny_parameters_are_numbers():
    x = K.eval(K.random_beta((2000,), 1e-3, 1e-3, seed=1))
    assert np.isfinite(x).all() and 0.4 < (x > 0.5).mean() < 0.6


def test_no_gradient_leads_to_the_parameters_of_gamma_and_beta_variates():
    alpha = K.variable([1.0, 2.0])
    assert K.gradients(K.sum(K.random_gamma((2,), alpha)), [alpha]) == [None]
    assert K.gradients(K.sum(K.random_beta((2,), 1.0, alpha)), [alpha]) == [None]


def test_alpha_may_be_fed_and_its_size_unknown():
    alpha = K.placeholder((None,))
    drawn = K.random_gamma((3, K.shape(alpha)[0]), alpha, seed=1)
    expected = K.eval(K.random_gamma((3, 2), np.asarray([0.5, 3.0]), seed=1))
    np.testing.assert_array_equal(K.function([alpha], [drawn])([np.asarray([0.5, 3.0])])[0], expected)


def test_a_shuffle_draws_an_order_at_each_evaluation():
    x = K.placeholder((None, 2))
    values = np.arange(40.0).reshape(20, 2)
    y = K.random_shuffle(x, seed=1)
    f = K.function([x], [y, *K.gradients(K.sum(y * K.constant(values)), [x])])
    (first, slope), (second, _) = f([values]), f([values])
    np.testing.assert_array_equal(first, K.random_shuffle(values, seed=1))
    for drawn in (first, second):
        np.testing.assert_array_equal(drawn[np.argsort(drawn[:, 0])], values)
    assert (first != second).any()
    np.testing.assert_array_equal(slope[(first[:, 0] / 2).astype(int)], values)


def test_every_order_is_as_likely():
    orders = K.random_shuffle(np.tile(np.arange(3), (6000, 1)).T, seed=1)  # one order for all columns
    assert (orders == orders[:, :1]).all()
    found = [tuple(K.random_shuffle(np.arange(3), seed=seed)) for seed in range(1200)]
    counts = [found.count(order) for order in set(found)]
    assert len(counts) == 6 and stats.chisquare(counts).pvalue > 0.01


def test_classes_have_the_probabilities_of_a_softmax():
    p = np.asarray([[0.1, 0.2, 0.0, 0.7], [0.25, 0.25, 0.5, 0.0]])
    with np.errstate(divide="ignore"):
        drawn = K.random_categorical(np.log(p), 20000, seed=2)
    assert drawn.shape == (2, 20000) and drawn.dtype == "int32"
    for row, expected in zip(drawn, p, strict=True):
        np.testing.assert_allclose(np.bincount(row, minlength=4) / 20000, expected, atol=0.012)
        assert set(row.tolist()) == set(np.flatnonzero(expected).tolist())


def test_classes_of_a_batch_of_unknown_size():
    logits = K.placeholder((None, 3))
    drawn = K.random_categorical(logits, 5, seed=1)
    assert drawn.shape == (None, 5) and drawn.dtype == "int32"
    f, values = K.function([logits], [drawn]), np.zeros((2, 3), np.float32)
    np.testing.assert_array_equal(f([values])[0], K.random_categorical(values, 5, seed=1))
