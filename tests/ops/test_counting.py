"""What has sizes that depend on values: different values, and counts without a length."""

import numpy as np
import pytest

import backend as K

NAMESPACES = ["numpy", "torch", "array_api_strict", "jax"]
VALUES = [
    np.array([3, 1, 2, 3, 1], "int32"),
    np.array([[3.0, np.nan, -1.5], [np.nan, 3.0, np.inf]], "float32"),
    np.array([True, False, True]),
    np.array([200, 3, 200], "uint8"),
    np.zeros((0, 2), "float32"),
    np.array(2.5, "float32"),
]


def native(name, *arrays):
    return [K.get_backend(name).asarray(x, x.dtype.name) for x in arrays]


@pytest.mark.parametrize("name", NAMESPACES)
@pytest.mark.parametrize("x", VALUES, ids=lambda x: f"{x.dtype}{x.shape}")
def test_unique_is_numpys(name, x):
    (given,) = native(name, x)
    values, inverse, counts = (np.asarray(part) for part in K.unique(given, return_inverse=True, return_counts=True))
    wanted, back, times = np.unique(x, return_inverse=True, return_counts=True)
    np.testing.assert_array_equal(values, wanted)
    np.testing.assert_array_equal(inverse, back.reshape(x.shape))
    np.testing.assert_array_equal(counts, times)
    assert values.dtype == x.dtype and inverse.shape == x.shape
    np.testing.assert_array_equal(np.asarray(K.unique(given)), wanted)
    assert len(K.unique(given, False, True)) == 2


def test_values_that_are_not_there_yet_have_no_number():
    with pytest.raises(ValueError, match="unique: x has no values yet"):
        K.unique(K.placeholder((3,)))
    with pytest.raises(ValueError, match=r"bincount: x has no values yet.*give length"):
        K.bincount(K.placeholder((3,), dtype="int32"))
    with pytest.raises(TypeError, match="unique: "):
        K.unique(np.array([1j]))
    jax = pytest.importorskip("jax")
    with pytest.raises(ValueError, match="unique"):
        jax.jit(K.unique)(np.ones(2, "float32"))


@pytest.mark.parametrize("name", NAMESPACES)
def test_counts_end_with_the_largest_element(name):
    x, weights, none = native(
        name, np.array([0, 2, 2, 5], "int32"), np.array([0.5, 1, 2, 4], "float32"), np.zeros(0, "int32")
    )
    assert np.asarray(K.bincount(x)).tolist() == [1, 0, 2, 0, 0, 1]
    assert np.asarray(K.bincount(x, minlength=8)).tolist() == [1, 0, 2, 0, 0, 1, 0, 0]
    assert np.asarray(K.bincount(x, weights)).tolist() == [0.5, 0, 3, 0, 0, 4]
    assert np.asarray(K.bincount(none)).tolist() == []
    with pytest.raises(ValueError, match="bincount: x holds -1"):
        K.bincount(x - 1)


def test_the_number_of_counts_may_be_an_unknown_size():
    x = K.placeholder((None,), dtype="int64")
    out = K.bincount(x, length=K.shape(x)[0])
    assert K.function([x], [out])([np.array([0, 2, 9, -1])])[0].tolist() == [1, 0, 1, 0]


def test_a_range_is_found_among_finite_numbers_alone():
    with pytest.raises(ValueError, match="histogram: x holds NaN"):
        K.histogram(np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match="histogram: x has no elements"):
        K.histogram(np.zeros(0))
    x = np.random.default_rng(0).normal(size=500)
    for counts, wanted in zip(K.histogram(x, 7), np.histogram(x, 7), strict=True):
        np.testing.assert_allclose(counts, wanted)
