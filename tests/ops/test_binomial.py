"""Binomial counts: their distribution, edges, dtypes and libraries; fixed seeds, so each figure is the same always."""

import numpy as np
import pytest
from scipy import stats

import backend as K
from backend.ops.rng.binomial import STEPS

COUNT = 40000
TRIALS = [(3, 0.5), (10, 0.97), (64, 0.5), (65, 0.5), (129, 0.4), (1000, 0.02), (1000, 0.7), (10**5, 0.9)]
TRIALS += [(2**24, 1e-6), (2**24, 0.5)]


def drawn(n, p, dtype="float32", count=COUNT, seed=(1, 2)):
    return K.random_binomial((count,), p, dtype, np.asarray(seed), n).astype("float64")


def assert_distributed(x, n, p):
    """Mean and variance within four standard deviations, and chi-square over some thirty classes."""
    mean, variance = n * p, n * p * (1.0 - p)
    assert abs(x.mean() - mean) < 4.0 * (variance / len(x)) ** 0.5
    fourth = stats.binom(n, p).stats("k") + 2.0
    assert abs(x.var() / variance - 1.0) < 4.0 * (fourth / len(x)) ** 0.5
    assert (x >= 0).all() and (x <= n).all() and (x % 1.0 == 0.0).all()
    low, high = max(0.0, mean - 3.0 * variance**0.5), min(n, mean + 3.0 * variance**0.5)
    edges = np.unique(np.floor(np.linspace(low, high, 32))) + 0.5
    shares = np.diff(np.concatenate([[0.0], stats.binom(n, p).cdf(edges), [1.0]]))
    counts = np.histogram(x, np.concatenate([[-1.0], edges, [n + 1.0]]))[0]
    likely = shares * len(x) > 5.0
    assert counts[~likely].sum() <= 5.0 + 3.0 * shares[~likely].sum() * len(x)
    assert stats.chisquare(counts[likely], shares[likely] / shares[likely].sum() * counts[likely].sum()).pvalue > 1e-3


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "p"), TRIALS)
def test_counts_have_the_binomial_distribution(n, p, dtype):
    assert_distributed(drawn(n, p, dtype), n, float(np.float32(p)) if dtype == "float32" else p)


@pytest.mark.parametrize("n", [2**40, 2**53])
def test_float64_counts_beyond_those_of_float32(n):
    x = drawn(n, 0.25, "float64")
    z = (x - 0.25 * n) / (0.1875 * n) ** 0.5
    assert stats.kstest(z, "norm").pvalue > 1e-3


def test_arrays_of_trials_and_probabilities():
    n, p = np.asarray([[0], [1], [7], [3000]]), np.asarray([0.0, 0.2, 1.0])
    x = K.random_binomial((5000, 4, 3), p, "int32", np.asarray([5, 6]), n)
    assert x.dtype == "int32"
    np.testing.assert_array_equal(x[..., 0], 0)
    np.testing.assert_array_equal(x[..., 2], np.broadcast_to(n[:, 0], (5000, 4)))
    for i in (1, 2, 3):
        assert_distributed(x[:, i, 1].astype("float64"), int(n[i, 0]), 0.2)


def test_one_trial_is_a_bernoulli_draw():
    expected = K.eval(K.random_bernoulli((50,), 0.3, seed=4))
    for n in (1, 1.0, np.asarray(1), np.asarray([1.0])):
        np.testing.assert_array_equal(K.eval(K.random_binomial((50,), 0.3, seed=4, n=n)), expected)


@pytest.mark.parametrize("library", ["torch", "array_api_strict", "jax"])
@pytest.mark.parametrize("n", [20, 1000, 2**20])
def test_the_same_counts_on_every_library(library, n):
    array = pytest.importorskip({"jax": "jax.numpy"}.get(library, library)).asarray
    found = K.random_binomial((2000,), 0.3, seed=array(np.asarray([1, 2])), n=n)
    np.testing.assert_array_equal(np.asarray(found), drawn(n, 0.3, count=2000))


def test_counts_and_probabilities_that_are_fed_draw_the_same():
    n, p, values = K.placeholder((None,)), K.placeholder((None,)), ([3.0, 500.0, 2.0**24], [0.1, 0.5, 0.9])
    y = K.random_binomial((4, K.shape(n)[0]), p, seed=3, n=n)
    found = K.function([n, p], [y, *(g for g in K.gradients(K.sum(y), [n, p]) if g is not None)])(list(values))
    assert len(found) == 1  # no gradient passes
    expected = K.random_binomial((4, 3), values[1], seed=np.asarray([3, 0]), n=values[0])
    np.testing.assert_array_equal(found[0], expected)


def test_what_is_outside_of_its_range_is_nan_where_it_is_fed():
    n, p = K.placeholder((5,)), K.placeholder((5,))
    given = [[-1.0, 5.0, 5.0, np.nan, 2.0**25], [0.5, 1.5, np.nan, 0.5, 0.5]]
    f = K.function([n, p], [K.random_binomial((5,), p, dtype, seed=1, n=n) for dtype in ("float32", "int32")])
    floats, integers = f(given)
    assert np.isnan(floats).all() and not integers.any()


def test_rounding_never_leads_beyond_the_trials():
    x = drawn(40, 0.5, count=400000)
    assert x.min() >= 0.0 and x.max() <= 40.0
    assert STEPS["float32"] >= stats.poisson(32).isf(2.0**-24) and STEPS["float64"] >= stats.poisson(32).isf(2.0**-53)


def test_float16_and_booleans():
    x = drawn(1000, 0.5, "float16")
    np.testing.assert_array_equal(x, drawn(1000, 0.5).astype("float16"))
    some = K.random_binomial((100,), 0.01, "bool", np.asarray([1, 2]), 50)
    np.testing.assert_array_equal(some, drawn(50, 0.01, count=100) > 0)


@pytest.mark.parametrize(
    ("match", "arguments"),
    [
        ("n is -1, expected a whole number", {"n": -1}),
        ("n has values .* no whole numbers", {"n": [1.5, 2.0]}),
        ("n is 256, expected a whole number from 0 to 255", {"n": 256, "dtype": "uint8"}),
        ("n is 16777217, expected a whole number from 0 to 16777216", {"n": 2**24 + 1}),
        ("n: shapes", {"n": [1, 2, 3]}),
        ("p is 1.5", {"p": 1.5, "n": 3}),
        ("p has values", {"p": [0.5, -1.0], "n": 3}),
    ],
)
def test_bad_arguments_are_refused(match, arguments):
    with pytest.raises(ValueError, match=f"random_binomial: {match}"):
        K.random_binomial(**{"shape": (2,), "p": 0.5, "seed": 1, **arguments})


def test_large_gamma_variates_keep_their_distribution_in_float32():
    alpha = 2.0**23
    x = K.random_gamma((100000,), alpha, seed=np.asarray([1, 2])).astype("float64")
    assert stats.kstest((x - alpha) / alpha**0.5, "norm").pvalue > 1e-3
