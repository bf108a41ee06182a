"""The random numbers: their values from the bits, accuracy, ranges, moments, independence."""

from __future__ import annotations

import math

import array_api_compat.numpy as xnp
import numpy as np
import pytest
from scipy import special, stats

from backend.ops.rng import normal_quantile, threefry
from backend.ops.rng.draws import bernoulli, normal, truncated_normal, uniform
from backend.ops.rng.threefry import random_bits

FLOATS = ["float16", "float32", "float64"]
INTERVALS = {
    "uint8": [(0, 256), (3, 4)],
    "int8": [(-100, 101)],
    "int16": [(-1, 1)],
    "int32": [(-(2**31), 2**31), (-500, 500), (7, 7 + 2**16)],
    "int64": [(2**40, 2**40 + 2**32), (-(2**63), 2**63), (-(2**63), 2**63 - 5), (0, 2**32 + 1)],
}


def unsigned(bits):
    """Return the words as Python integers."""
    return np.asarray(bits).view(np.uint32).tolist()


def words(values):
    return np.asarray(values, dtype=np.uint32).view(np.int32)


def fixed_words(monkeypatch, x0, x1):
    """Let the generator return one pair of words for ever."""
    pair = words([x0]), words([x1])
    monkeypatch.setattr(threefry, "threefry2x32", lambda k0, k1, c0, c1: tuple(w + 0 * c0 for w in pair))


# --- values from bits ---


def test_uniform_from_bits():
    bits = np.asarray(unsigned(random_bits(9, 4, (2000,), xp=xnp)), dtype=np.uint64)
    assert np.array_equal(uniform(9, 4, (2000,), xp=xnp), (bits >> 8) * 2.0**-24)
    assert np.array_equal(uniform(9, 4, (2000,), dtype="float16", xp=xnp), (bits >> 21) * 2.0**-11)
    double = (bits[0::2] >> 5 << 26) + (bits[1::2] >> 6)
    assert np.array_equal(uniform(9, 4, (1000,), dtype="float64", xp=xnp), double * 2.0**-53)
    u = (bits >> 8).astype(np.float32) * np.float32(2.0**-24)
    scaled = u * np.float32(float(np.float32(0.3)) - float(np.float32(-0.1))) + np.float32(-0.1)
    assert np.array_equal(uniform(9, 4, (2000,), minval=-0.1, maxval=0.3, xp=xnp), scaled)


@pytest.mark.parametrize("dtype, low, high", [(d, *pair) for d, pairs in INTERVALS.items() for pair in pairs])
def test_integers_from_bits(dtype, low, high):
    count = 2 if high - low <= 2**32 else 4
    bits = unsigned(random_bits(9, 4, (300 * count,), xp=xnp))
    wide = [
        sum(w << 32 * (count - 1 - j) for j, w in enumerate(bits[i : i + count])) for i in range(0, len(bits), count)
    ]
    result = uniform(9, 4, (300,), minval=low, maxval=high, dtype=dtype, xp=xnp)
    assert result.dtype == np.dtype(dtype)
    assert result.tolist() == [low + (w * (high - low) >> 32 * count) for w in wide]


@pytest.mark.parametrize("dtype, low, high", [(d, *pair) for d, pairs in INTERVALS.items() for pair in pairs])
def test_the_extreme_words_give_the_extreme_integers(dtype, low, high, monkeypatch):
    for word, expected in ((0, low), (2**32 - 1, high - 1)):
        fixed_words(monkeypatch, word, word)
        assert uniform(0, 0, (3,), minval=low, maxval=high, dtype=dtype, xp=xnp).tolist() == [expected] * 3


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "low, high",
    [(0, 1), (-1, 0), (-0.05, 0.05), (0, 1.3), (1, 1.001), (3, 65472), (-1e-6, 0), (100, 100.125), (-2, -1)],
)
def test_the_greatest_word_stays_below_maxval(low, high, dtype, monkeypatch):
    low, high = np.asarray([low, high], dtype=dtype)
    steps = 2 * float(np.spacing(np.abs(high)))
    low, high = float(low), float(high)
    fixed_words(monkeypatch, 2**32 - 1, 2**32 - 1)
    greatest = float(uniform(0, 0, (1,), minval=low, maxval=high, dtype=dtype, xp=xnp)[0])
    assert low <= greatest < high and greatest >= high - 0.002 * (high - low) - steps
    fixed_words(monkeypatch, 0, 0)
    assert float(uniform(0, 0, (1,), minval=low, maxval=high, dtype=dtype, xp=xnp)[0]) == low


@pytest.mark.parametrize("p", [0, 2**-24, 0.1, 0.5, 1 - 2**-24, 1])
def test_bernoulli_compares_uniform(p):
    u = uniform(9, 4, (4000,), xp=xnp).astype(np.float64)
    for dtype in [*FLOATS, "uint8", "int64", "bool"]:
        result = bernoulli(9, 4, (4000,), p=p, dtype=dtype, xp=xnp)
        assert result.dtype == np.dtype(dtype) and np.array_equal(result, u < p)


@pytest.mark.parametrize("p, expected", [(0, 0), (2**-24, 0), (1 - 2**-24, 0), (1, 1)])
def test_bernoulli_of_the_greatest_word(p, expected, monkeypatch):
    fixed_words(monkeypatch, 2**32 - 1, 2**32 - 1)
    assert bernoulli(0, 0, (2,), p=p, xp=xnp).tolist() == [expected] * 2
    fixed_words(monkeypatch, 0, 0)
    assert bernoulli(0, 0, (2,), p=p, xp=xnp).tolist() == [float(p > 0)] * 2


def exact_quantile(p, q):
    """Return z with Phi(-z) = p from float64 data: by p in the tail, by q = 1/2 - p near the middle."""
    return np.where(p < 0.25, -special.ndtri(p), np.sqrt(2) * special.erfinv(2 * q))


def test_accuracy_float32():
    random = np.random.default_rng(1)
    m = (2 ** random.uniform(0, 31, 200_000)).astype(np.int64)
    m = np.concatenate([m, np.arange(1000), int(0.075 * 2**32) + np.arange(-1000, 1000)])
    m = np.concatenate([m, 2**31 - 1 - m])
    p, q = normal_quantile.tail_probabilities([words(m)], 0.0, dtype="float32", xp=xnp)
    z = normal_quantile.half_normal_quantile(p, q, dtype="float32", xp=xnp).astype(np.float64)
    exact = exact_quantile((m + 0.5) * 2.0**-32, (2**31 - 0.5 - m) * 2.0**-32)
    assert z.max() == pytest.approx(6.337958, abs=1e-6)
    assert np.max(np.abs(z / exact - 1)) < 4.5e-7


def test_accuracy_float64():
    random = np.random.default_rng(1)
    m = [*range(100), *(min(int(2**e), 2**63 - 1) for e in random.uniform(0, 63, 20_000))]
    m += [2**63 - 1 - value for value in m]
    pair = [words([value >> 32 for value in m]), words([value % 2**32 for value in m])]
    p, q = normal_quantile.tail_probabilities(pair, 0.0, dtype="float64", xp=xnp)
    z = normal_quantile.half_normal_quantile(p, q, dtype="float64", xp=xnp)
    exact = exact_quantile(
        np.asarray([(v + 0.5) * 2.0**-64 for v in m]), np.asarray([(2 * (2**63 - 1 - v) + 1) * 2.0**-65 for v in m])
    )
    assert z.max() == pytest.approx(9.155293772686, abs=1e-11)
    assert np.max(np.abs(z / exact - 1)) < 3e-15  # SciPy's own error is part of it: mpmath gives 7.9e-16


@pytest.mark.parametrize("dtype", FLOATS)
def test_extreme_words(dtype, monkeypatch):
    def one(function, **parameters):
        return float(function(0, 0, (1,), dtype=dtype, xp=xnp, **parameters)[0])

    greatest = {"float16": 6.33984375, "float32": 6.337958, "float64": 9.155293772686}[dtype]
    for x0, sign in ((0, 1), (2**31, -1)):
        fixed_words(monkeypatch, x0, 0)
        assert one(normal) == pytest.approx(sign * greatest, rel=1e-6)
        assert one(truncated_normal) == pytest.approx(2 * sign, abs=1e-6) and abs(one(truncated_normal)) <= 2
        assert one(normal, mean=3.0, stddev=0.0) == 3.0
    for x0, sign in ((2**31 - 1, 1), (2**32 - 1, -1)):
        fixed_words(monkeypatch, x0, 2**32 - 1)
        assert 0 <= sign * one(normal) < 1e-9 and 0 <= sign * one(truncated_normal) < 1e-9


# --- distributions (fixed seeds, so a verdict never changes) ---

N = 200_000


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("seed", [1, 2**63])
def test_kolmogorov_smirnov(seed, dtype):
    # The lattice of float16 (11 bits) is spread out by uniform noise of one step.
    noise = np.random.default_rng(0).uniform(0, 2.0**-11 if dtype == "float16" else 0, N)
    u = uniform(seed, 0, (N,), dtype=dtype, xp=xnp) + noise
    assert stats.kstest(u, "uniform").pvalue > 0.01
    if dtype != "float16":
        assert stats.kstest(normal(seed, 1, (N,), dtype=dtype, xp=xnp), "norm").pvalue > 0.01
        short = truncated_normal(seed, 2, (N,), dtype=dtype, xp=xnp)
        assert stats.kstest(short, stats.truncnorm(-2, 2).cdf).pvalue > 0.01


@pytest.mark.parametrize("dtype", FLOATS)
def test_moments(dtype):
    def moments(x):
        x = np.asarray(x, dtype=np.float64)
        return x.mean(), x.std(), stats.skew(x), stats.kurtosis(x)

    four = 4 / math.sqrt(N)  # four standard errors of a mean of unit variance
    z = normal(5, 6, (N,), mean=0.5, stddev=2.0, dtype=dtype, xp=xnp)
    mean, std, skew, kurtosis = moments(z)
    assert abs(mean - 0.5) < 2 * four and abs(std - 2) < 2 * four / math.sqrt(2)
    assert abs(skew) < four * math.sqrt(6) and abs(kurtosis) < four * math.sqrt(24)
    mean, std, skew, _ = moments(truncated_normal(5, 6, (N,), stddev=2.0, dtype=dtype, xp=xnp))
    assert abs(mean) < 2 * four and abs(std - 2 * 0.87962566) < 2 * four / math.sqrt(2)
    assert abs(skew) < 2 * four
    mean, std, skew, _ = moments(uniform(5, 6, (N,), minval=-1, maxval=1, dtype=dtype, xp=xnp))
    half_step = 2.0**-11 if dtype == "float16" else 0  # the mean of [0, 1) in 11 bits
    assert abs(mean + half_step) < four / math.sqrt(3) and abs(std - 3**-0.5) < four / 2 and abs(skew) < four


def test_integers_are_even():
    for dtype, low, high in (("uint8", 0, 256), ("int8", -100, 101), ("int32", -500, 500)):
        x = uniform(3, 0, (N,), minval=low, maxval=high, dtype=dtype, xp=xnp).astype(np.int64) - low
        assert stats.chisquare(np.bincount(x, minlength=high - low)).pvalue > 0.01
    assert abs(bernoulli(3, 0, (N,), p=0.3, xp=xnp).mean() - 0.3) < 4 * math.sqrt(0.21 / N)


def numbers(seed=1, draw=0, shape=(N,)):
    return uniform(seed, draw, shape, xp=xnp)


@pytest.mark.parametrize(
    "first, second",
    [
        (numbers(), numbers(draw=1)),
        (numbers(), numbers(seed=2)),
        (numbers(), numbers(seed=1 + 2**32)),
        (numbers()[0::2], numbers()[1::2]),
        (numbers()[1:-1:2], numbers()[2::2]),
        (numbers()[: N // 2], numbers()[N // 2 :]),
    ],
    ids=["draws", "seeds", "high words of seeds", "words", "evaluations", "far apart"],
)
def test_independence(first, second):
    table, _, _ = np.histogram2d(first, second, bins=32, range=[[0, 1], [0, 1]])
    assert stats.chisquare(table.reshape(-1)).pvalue > 0.01
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / math.sqrt(first.size)


def test_every_bit_is_fair_and_changes_with_every_input_bit():
    bits = np.asarray(unsigned(random_bits(1, 0, (N,), xp=xnp)), dtype=np.uint64)
    softmax_ = np.asarray([((bits >> k) & 1).mean() for k in range(32)])
    assert np.abs(softmax_ - 0.5).max() < 4.5 * 0.5 / math.sqrt(N)
    for flipped in ((1 ^ 1, 0), (1 ^ 2**40, 0), (1, 1), (1, 2**31)):
        other = np.asarray(unsigned(random_bits(*flipped, (N,), xp=xnp)), dtype=np.uint64)
        softmax_ = np.asarray([(((bits ^ other) >> k) & 1).mean() for k in range(32)])
        assert np.abs(softmax_ - 0.5).max() < 4.5 * 0.5 / math.sqrt(N)
