"""Reductions of arrays without elements."""

import numpy as np
import pytest

import backend as K

OF_NOTHING = {
    "mean": (K.mean, np.nan),
    "var": (K.var, np.nan),
    "std": (K.std, np.nan),
    "logsumexp": (K.logsumexp, -np.inf),
    "median": (K.median, np.nan),
    "nanmedian": (K.nanmedian, np.nan),
}


@pytest.mark.parametrize("name", OF_NOTHING)
@pytest.mark.parametrize("axis", [0, 1, 2, None])
def test_a_reduction_of_nothing_has_a_value(name, axis):
    f, value = OF_NOTHING[name]
    found = f(np.ones((3, 0, 2), "float32"), axis=axis)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.full(np.ones((3, 0, 2)).sum(axis=axis).shape, value))


@pytest.mark.parametrize("name", OF_NOTHING)
def test_a_compiled_reduction_of_nothing_refuses_what_does_not_fit(name):
    x, nothing = K.placeholder((1, None)), K.variable(np.ones((3, 2, 0)))
    f = K.function([x], [OF_NOTHING[name][0](nothing - x, axis=-1)])
    for size in (0, 1):
        np.testing.assert_array_equal(f([np.ones((1, size))])[0], np.full((3, 2), OF_NOTHING[name][1]))
    with pytest.raises(ValueError, match="broadcast"):
        f([np.ones((1, 2))])
