"""Elementary functions of the reproducible mode, against mpmath and fractions; those that are exact against NumPy."""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from exact_rounding import hard, nearest, oracle, wrong

import backend as K
from backend.reproducible import elementary

sys.path.insert(0, str(Path(__file__).parents[2]))  # where pytest is not started as a module

from benchmarks.reproducible_functions import judged

SPECS = ["reproducible:numpy", "reproducible:torch", "reproducible:array_api_strict"]
SAMPLES = 300  # of each of the ranges; benchmarks/reproducible_functions.py has more


@pytest.fixture(params=SPECS)
def on(request):
    with K.use_backend(request.param) as chosen:
        yield chosen


def samples(name, dtype, seed=0):
    """Arguments over the whole domain, those near 0 and 1 included, and exact cases."""
    rng = np.random.default_rng(seed)
    sizes = np.exp(np.concatenate([rng.uniform(-8, 5, SAMPLES), rng.uniform(-80, 80, SAMPLES)]))
    x = np.concatenate([sizes * rng.choice([-1, 1], 2 * SAMPLES), [0.0, 1.0, 2.0, 0.5, 4.0, 8.0, 100.0, -1.0]])
    if name in ("acos", "asin", "atanh"):
        x = np.where(np.abs(x) > 1, 1 / np.where(x == 0, 1, x), x)
    elif name in ("log", "log2", "log10"):
        x = np.abs(x)
    elif name == "acosh":
        x = 1 + np.abs(x)
    elif name == "log1p":
        x = np.maximum(x, -0.999999)
    elif name in ("exp", "expm1", "sinh", "cosh"):
        x = np.clip(x, -120, 120)
    return x.astype(dtype)


@pytest.mark.parametrize("name", elementary.ONE)
def test_functions_are_exact_and_rounded_once(on, name):
    x = samples(name, "float32")
    found = np.asarray(getattr(on.xp, name)(on.asarray(x)))
    wanted = np.array([oracle(name, 32, v) for v in x], "float32")
    if name in ("log", "log2", "log10"):  # at 0
        wanted = np.where(x == 0, np.float32(-np.inf), wanted)
    assert (np.isnan(found) == np.isnan(wanted)).all()
    usual = ~np.isnan(wanted)
    assert wrong(found[usual], wanted[usual]) == 0


@pytest.mark.parametrize("name", elementary.ONE)
def test_functions_of_float64_are_exact_and_rounded_once(name):
    x = samples(name, "float64")[::9]
    with K.use_backend("reproducible:numpy") as on:
        found = np.asarray(getattr(on.xp, name)(on.asarray(x)))
    wanted = np.array([oracle(name, 64, v) for v in x])
    usual = ~(np.isnan(wanted) | (x == 0))
    assert (np.isnan(found) == np.isnan(wanted))[usual].all()
    assert wrong(found[usual], wanted[usual]) == 0


@pytest.mark.parametrize("name", elementary.TWO)
def test_functions_of_two_are_exact_and_rounded_once(on, name):
    rng = np.random.default_rng(7)
    x, y = (
        np.exp(rng.uniform(-6, 4, 400)) * rng.choice([-1, 1], 400),
        np.exp(rng.uniform(-6, 3, 400)) * rng.choice([-1, 1], 400),
    )
    if name == "pow":
        x[::3], y[::3] = np.abs(x[::3]), np.round(y[::3])
        x = np.concatenate([np.abs(x), [4.0, 9.0, 4097.0, 16777215.0, 2.0, 81.0, 3.0, 257.0]])
        y = np.concatenate([y, [0.5, 1.5, 3.0, 2.0, -149.5, 0.25, 15.0, 3.0]])
    x, y = x.astype("float32"), y.astype("float32")
    found = np.asarray(getattr(on.xp, name)(on.asarray(x), on.asarray(y)))
    wanted = np.array([oracle(name, 32, a, b) for a, b in zip(x, y, strict=True)], "float32")
    assert wrong(found, wanted) == 0


def test_division_with_a_whole_quotient(on):
    for (_, x), (_, y) in zip(hard((300,)), list(hard((300,), seed=1))[::-1], strict=True):
        y = np.where(y == 0, np.float32(1), y)
        quotients, rests = on.asarray(x) // on.asarray(y), on.xp.remainder(on.asarray(x), on.asarray(y))
        for a, b, q, r in zip(x, y, np.asarray(quotients), np.asarray(rests), strict=True):
            top, bottom = Fraction(float(a)), Fraction(float(b))
            whole = top // bottom
            assert q == nearest(Fraction(whole)) and r == nearest(top - whole * bottom)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arithmetic_is_that_of_ieee_754(on, name, dtype):
    bits = np.random.default_rng(0).integers(0, 2**32, (2, 4000), dtype=np.uint32)
    with np.errstate(all="ignore"):  # as NumPy's own functions, those of the namespace warn
        x, y = bits.view("float32").astype(dtype)
        wanted = getattr(np, name)(x, y)
        by_number = getattr(np, name)(x, np.asarray(3.7, dtype))
        found = np.asarray(getattr(on.xp, name)(on.asarray(x), on.asarray(y)))
        beside = np.asarray(getattr(on.xp, name)(on.asarray(x), 3.7))
    assert np.array_equal(found, wanted, equal_nan=True)
    assert np.array_equal(beside, by_number, equal_nan=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_roots_are_rounded_once(on, dtype):
    x = np.random.default_rng(0).uniform(0, 100, 20000).astype(dtype)
    assert wrong(on.xp.sqrt(on.asarray(x)), np.sqrt(x)) == 0


def test_maxima_keep_nan(on):
    x = np.random.default_rng(0).normal(size=(64, 64)).astype("float32")
    x[np.arange(64), np.arange(64)] = np.nan
    assert np.isnan(np.asarray(on.xp.max(on.asarray(x), axis=0))).all()
    assert np.isnan(np.asarray(on.xp.min(on.asarray(x), axis=1))).all()


def test_equal_large_tiles_and_small_ones(on):
    x = np.random.default_rng(0).normal(size=(3, 30011)).astype("float32")
    whole = np.asarray(on.xp.exp(on.asarray(x)))
    assert wrong(on.xp.exp(on.asarray(x[:, 20000:20003])), whole[:, 20000:20003]) == 0


def test_maxima_and_minima_of_zeros_have_the_sign_of_ieee_754(on):
    x, y = (on.asarray(np.array(v, "float32")) for v in ([0.0, -0.0, 0.0, -0.0, -0.0], [-0.0, 0.0, 0.0, -0.0, -1.0]))
    assert np.signbit(np.asarray(on.xp.maximum(x, y))).tolist() == [False, False, False, True, True]
    assert np.signbit(np.asarray(on.xp.minimum(x, y))).tolist() == [True, True, False, True, True]
    assert not np.signbit(np.asarray(on.xp.maximum(x, 0.0))).any()
    assert np.signbit(np.asarray(on.xp.minimum(x, 0.0))).tolist() == [False, True, False, True, True]


@pytest.mark.slow
@pytest.mark.parametrize("name", elementary.ONE)
def test_a_hundred_thousand_values_are_rounded_once(name):
    """Against NumPy's long double, and mpmath where that is too near to a midpoint of two float32."""
    if np.finfo(np.longdouble).nmant != 63:
        pytest.skip("long double has less than 64 bits here")
    rng = np.random.default_rng(11)
    x = np.concatenate([samples(name, "float32", seed) for seed in range(1000)])
    x = rng.permutation(x[(x != 0) & np.isfinite(x)])[:100_000]
    with K.use_backend("reproducible:numpy") as on, np.errstate(all="ignore"):
        found = np.asarray(getattr(on.xp, name)(on.asarray(x)))
        wide = getattr(np, f"arc{name[1:]}" if name[0] == "a" else name)(x.astype(np.longdouble))
        wanted, error = wide.astype("float32"), np.abs(wide) * np.longdouble(2.0**-58)
        unclear = np.flatnonzero((wide + error).astype("float32") != (wide - error).astype("float32"))
    for i in unclear[~np.isnan(wide[unclear])]:
        wanted[i] = oracle(name, 32, x[i])
    usual = ~np.isnan(wanted)
    assert len(x) == 100_000 and (np.isnan(found) == np.isnan(wanted)).all()
    assert wrong(found[usual], wanted[usual]) == 0


@pytest.mark.parametrize("fault", [False, True])
def test_the_judge_of_ten_million_values_finds_what_is_wrong(monkeypatch, fault):
    if np.finfo(np.longdouble).nmant != 63:
        pytest.skip("long double has less than 64 bits here")
    if fault:  # an ulp off for a value in a hundred thousand
        with K.use_backend("reproducible:numpy") as on:
            right = on.xp.log1p

        def wrong_at_times(x):
            y = np.asarray(right(x))
            return on.asarray(np.where(np.arange(len(y)) % 100_000 == 5, np.nextafter(y, np.float32(9)), y))

        monkeypatch.setattr(on.xp, "log1p", wrong_at_times)
    found = judged("log1p", 1, "reproducible:numpy")
    assert found.values > 100_000 and found.by_mpmath >= 64 and (found.wrong > 0) == fault
    assert found.error < 2.0**-51
