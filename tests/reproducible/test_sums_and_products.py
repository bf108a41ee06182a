"""Sums and products of the reproducible mode, against fractions; and independence of order, batch and layout."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from exact_rounding import fractions, hard, nearest, wrong

import backend as K

SPECS = ["reproducible:numpy", "reproducible:torch", "reproducible:array_api_strict"]


@pytest.fixture(params=SPECS)
def on(request):
    with K.use_backend(request.param) as chosen:
        yield chosen


def exact_product(a, b):
    rows, columns = fractions(a), fractions(b.T)
    return np.array(
        [[nearest(sum((p * q for p, q in zip(r, c, strict=True)), Fraction(0))) for c in columns] for r in rows]
    )


@pytest.mark.parametrize(("first", "second"), list(itertools.product(range(6), repeat=2)))
def test_products_are_exact_and_rounded_once(on, first, second):
    a = list(hard((7, 29)))[first][1]
    b = np.ascontiguousarray(list(hard((6, 29), seed=1))[second][1].T)
    assert wrong(on.asarray(a) @ on.asarray(b), exact_product(a, b)) == 0


@pytest.mark.parametrize("inner", [0, 1, 2, 1000])
def test_products_of_any_inner_size(on, inner):
    rng = np.random.default_rng(inner)
    a, b = (rng.normal(size=s).astype("float32") for s in ((3, inner), (inner, 4)))
    assert wrong(on.asarray(a) @ on.asarray(b), exact_product(a, b)) == 0


def test_a_row_whose_own_bound_decides_is_not_rounded_by_the_bound_of_its_column(on):
    """A large row must not make the bound of its column that of all rows, which the cast of the candidate plus the
    bound would then get wrong."""
    rng = np.random.default_rng(3)
    a = rng.normal(size=(40, 64)).astype("float32")
    a[0] *= 1e6
    b = rng.normal(size=(64, 9)).astype("float32")
    assert wrong(on.asarray(a) @ on.asarray(b), exact_product(a, b)) == 0


def test_products_of_few_bits_are_exact_without_a_bound(on):
    """Multiples of 2**-10 that are and are not few enough, beside what only looks like them, and infinities."""
    rng = np.random.default_rng(0)
    whole = rng.integers(-1024, 1024, (9, 40)).astype("float32")
    b = rng.normal(size=(40, 5)).astype("float32")
    late = whole / 16
    late[5, 7] = 1e-7
    for a in (whole / 1024, whole / 16, whole * 2.0**20, late, whole * 0):
        for right in (b, (b * np.float32(2.0**60)), np.where(b < -1, np.float32(1e-30), b), b * 0):
            assert (
                wrong(on.asarray(a.astype("float32")) @ on.asarray(right), exact_product(a.astype("float32"), right))
                == 0
            )
    spoiled = np.where(b < -1, np.float32(np.inf), b)
    with np.errstate(all="ignore"):
        found, wanted = np.asarray(on.asarray(whole) @ on.asarray(spoiled)), whole @ spoiled
    assert (np.isnan(found) == np.isnan(wanted)).all() and (np.isinf(found) == np.isinf(wanted)).all()


def test_the_bound_is_needed():
    """float64 rounds 1 + 2**-24 + 2**-60 to a midpoint, and so to the wrong side: what BLAS gives is wrong."""
    a = np.array([[1.0, 2.0**-12, 2.0**-30]], "float32")
    b = np.array([[1.0], [2.0**-12], [2.0**-30]], "float32")
    assert np.float32((a.astype("float64") @ b.astype("float64"))[0, 0]) == 1.0
    for spec in SPECS:
        with K.use_backend(spec) as on:
            assert np.asarray(on.asarray(a) @ on.asarray(b))[0, 0] == np.float32(1 + 2.0**-23)
            x = on.asarray(np.array([1.0, 2.0**-24, 2.0**-60], "float32"))
            assert float(on.xp.sum(x)) == 1 + 2.0**-23


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("count", [1, 2, 3, 16, 100, 3000])
def test_sums_are_exact_and_rounded_once(on, count, axis):
    for name, x in hard((8, max(count, 2))):
        rows = x[:, :count]
        wanted = np.array([nearest(sum(r, Fraction(0))) for r in fractions(rows)])
        given = on.asarray(rows if axis == 1 else np.ascontiguousarray(rows.T))
        assert wrong(on.xp.sum(given, axis=axis), wanted) == 0, name


def test_running_sums_and_products_are_exact_and_rounded_once(on):
    for name, x in hard((5, 40)):
        rows = fractions(x)
        wanted = np.array([[nearest(sum(r[: i + 1], Fraction(0))) for i in range(40)] for r in rows])
        assert wrong(on.xp.cumulative_sum(on.asarray(x), axis=1), wanted) == 0, name
        wanted = np.array([nearest(math.prod(r)) for r in rows])
        found = np.asarray(on.xp.prod(on.asarray(x), axis=1))
        assert (found == wanted).all(), name
        found = np.asarray(on.xp.cumulative_prod(on.asarray(x[:, :6]), axis=1))
        assert (found == [[nearest(math.prod(r[: i + 1])) for i in range(6)] for r in rows]).all(), name


def test_a_mean_is_the_rounded_sum_over_the_number(on):
    x = np.random.default_rng(0).normal(size=(6, 77)).astype("float32")
    sums = np.array([nearest(sum(r, Fraction(0))) for r in fractions(x)])
    assert wrong(on.xp.mean(on.asarray(x), axis=1), sums / np.float32(77)) == 0


def test_zeros_of_sums_are_positive(on):
    xp = on.xp
    minus = on.asarray(np.full((3, 4), -0.0, "float32"))
    tiny = on.asarray(np.array([[-1e-30]], "float32"))
    for found in (
        xp.sum(minus),
        xp.sum(minus, axis=1),
        minus @ xp.matrix_transpose(minus),
        xp.max(minus),
        tiny @ -tiny,
    ):
        assert not np.signbit(np.asarray(found)).any() and (np.asarray(found) == 0).all()


def test_infinities_and_nan_stay_where_they_are(on):
    a = np.array([[1, np.inf, 0], [np.nan, 1, 1], [1, 2, 3], [np.inf, -np.inf, 0]], "float32")
    b = np.array([[1, 0], [1, 1], [2, -1]], "float32")
    with np.errstate(all="ignore"):
        wanted = a @ b
        sums = a.sum(axis=1)
    assert np.array_equal(np.asarray(on.asarray(a) @ on.asarray(b)), wanted, equal_nan=True)
    assert np.array_equal(np.asarray(on.xp.sum(on.asarray(a), axis=1)), sums, equal_nan=True)
    large = np.full((4, 4), 3e38, "float32")
    assert np.isinf(np.asarray(on.xp.sum(on.asarray(large), axis=0))).all()


def test_stacks_vectors_and_tensordot_are_the_same_products(on):
    xp, rng = on.xp, np.random.default_rng(2)
    a, b = (rng.normal(size=s).astype("float32") for s in ((2, 1, 5, 8), (3, 8, 4)))
    found = np.asarray(on.asarray(a) @ on.asarray(b))
    for i, j in np.ndindex(2, 3):
        assert wrong(found[i, j], np.asarray(on.asarray(a[i, 0]) @ on.asarray(b[j]))) == 0
    x, y = on.asarray(a[0, 0]), on.asarray(b[0])
    product = np.asarray(x @ y)
    assert wrong(x[0, :] @ y, product[0]) == wrong(x @ y[:, 0], product[:, 0]) == 0
    assert wrong(xp.tensordot(x, y, axes=1), product) == 0
    assert wrong(xp.vecdot(x[:4, :], xp.matrix_transpose(y)), np.diagonal(product[:4])) == 0


def test_neither_order_nor_batch_nor_layout_matters(on):
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(64, 700)).astype("float32"), rng.normal(size=(700, 33)).astype("float32")
    whole = np.asarray(on.asarray(a) @ on.asarray(b))
    order = rng.permutation(700)
    assert wrong(on.asarray(a[:, order]) @ on.asarray(b[order]), whole) == 0
    assert wrong(on.asarray(a[5:6]) @ on.asarray(b), whole[5:6]) == 0
    assert wrong(on.asarray(np.asfortranarray(a)) @ on.asarray(np.asfortranarray(b)), whole) == 0
    sums = np.asarray(on.xp.sum(on.asarray(a), axis=1))
    assert wrong(on.xp.sum(on.asarray(a[:, order]), axis=1), sums) == 0
    assert wrong(on.xp.sum(on.asarray(np.ascontiguousarray(a.T)), axis=0), sums) == 0


def test_float64_is_exact_and_rounded_once_too(on):
    for name, x in hard((4, 30), dtype="float64"):
        rows = fractions(x)
        sums = np.array([nearest(sum(r, Fraction(0)), 64) for r in rows])
        assert wrong(on.xp.sum(on.asarray(x), axis=1), sums) == 0, name
        products = np.array([[nearest(sum(p * q for p, q in zip(r, c, strict=True)), 64) for c in rows] for r in rows])
        assert wrong(on.asarray(x) @ on.asarray(np.ascontiguousarray(x.T)), products) == 0, name
        assert wrong(on.xp.prod(on.asarray(x), axis=1) + 0.0, np.array([nearest(math.prod(r), 64) for r in rows])) == 0


def test_float16_goes_by_way_of_float32(on):
    x = np.random.default_rng(1).normal(size=(9, 50)).astype("float16")
    if not hasattr(on.xp, "float16"):
        pytest.skip(f"{on.name} has no float16")
    wanted = np.array([nearest(sum(r, Fraction(0))) for r in fractions(x)]).astype("float16")
    assert wrong(on.xp.sum(on.asarray(x), axis=1), wanted) == 0


@pytest.mark.slow
def test_a_hundred_thousand_sums_and_products_are_rounded_once():
    with K.use_backend("reproducible:numpy") as on:
        for seed in range(3):
            for (name, a), (_, b) in zip(hard((75, 9), seed), list(hard((75, 9), seed + 50))[::-1], strict=True):
                assert wrong(on.asarray(a) @ on.asarray(b.T.copy()), exact_product(a, b.T)) == 0, name
            for name, x in hard((6000, 5), seed):
                wanted = np.array([nearest(sum(r, Fraction(0))) for r in fractions(x)])
                assert wrong(on.xp.sum(on.asarray(x), axis=1), wanted) == 0, name
