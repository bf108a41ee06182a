"""The error function against mpmath, and the exact gelu against SciPy."""

import mpmath
import numpy as np
import pytest
import scipy.stats

import backend as K
from backend.ops.special import erf_, erfc_

RNG = np.random.default_rng(3)


def ulps(found, x, exact):
    """The largest error in units of the last place, against 50 digits."""
    digits, lowest = np.finfo(found.dtype).nmant, np.finfo(found.dtype).minexp
    worst = 0.0
    with mpmath.workdps(50):
        for got, value in zip(found.tolist(), x.tolist(), strict=True):
            wanted = exact(mpmath.mpf(value))
            place = max(int(mpmath.floor(mpmath.log(abs(wanted), 2))), lowest) if wanted else lowest
            worst = max(worst, float(abs(mpmath.mpf(got) - wanted) / mpmath.mpf(2) ** (place - digits)))
    return worst


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("composite", "exact", "allowed"),
    [
        (erf_, mpmath.erf, {"float32": 1.5, "float64": 1.5}),
        (erfc_, mpmath.erfc, {"float32": 6.0, "float64": 5.0}),
    ],
)
def test_error_in_ulps(composite, exact, allowed, dtype):
    top = 9.0 if dtype == "float32" else 26.0
    pieces = [(-4, 4), (0.4, 0.6), (0.9, 1.1), (1e-9, 1e-6), (4, top), (-6, -4)]
    x = np.concatenate([RNG.uniform(low, high, 300) for low, high in pieces]).astype(dtype)
    found = composite.definition(x)
    assert found.dtype == dtype
    assert ulps(found, x, exact) <= allowed[dtype]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_gelu_is_x_times_the_normal_distribution(dtype):
    x = np.linspace(-12 if dtype == "float64" else -4, 12, 129).astype(dtype)
    wide = x.astype("float64")
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(
        K.gelu(x), wide * scipy.stats.norm.cdf(wide), rtol=(200 if dtype == "float64" else 30) * eps
    )
    tanh = 0.5 * wide * (1 + np.tanh(np.sqrt(2 / np.pi) * (wide + 0.044715 * wide**3)))
    np.testing.assert_allclose(K.gelu(x, approximate=True), tanh, rtol=16 * eps, atol=4 * eps)


def test_gelu_far_out_and_its_slope():
    x = np.array([-np.inf, -1e30, 1e30, np.inf, np.nan], "float32")
    np.testing.assert_array_equal(K.gelu(x), [0, 0, np.float32(1e30), np.inf, np.nan])
    p = K.placeholder((None,), dtype="float64")
    t = np.array([-np.inf, -50.0, -2.0, 0.0, 1.5, 50.0, np.inf])
    got = K.function([p], [K.gradients(K.gelu(p), p)[0]])([t])[0]
    inner = t[1:-1]
    wanted = scipy.stats.norm.cdf(inner) + inner * scipy.stats.norm.pdf(inner)
    np.testing.assert_allclose(got, [0.0, *wanted, 1.0], rtol=1e-13, atol=1e-15)
