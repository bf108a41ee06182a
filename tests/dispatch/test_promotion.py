"""Operands of mixed kinds: NumPy scalars, which eager programs meet after every reduction, are 0-d arrays."""

import numpy as np
import pytest

import backend as K


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.complex128])
@pytest.mark.parametrize("name", ["pow", "maximum", "minimum", "equal", "greater"])
def test_a_numpy_scalar_beside_a_number(name, dtype):
    if dtype is np.complex128 and name not in ("pow", "equal"):
        pytest.skip("complex numbers have no order")
    operation, scalar = getattr(K, name), dtype(3)  # np.float64 and np.complex128 are numbers of Python's, too
    for pair in ((scalar, 2), (2, scalar), (scalar, scalar)):
        found, expected = operation(*pair), operation(*(np.asarray(v) if v is scalar else v for v in pair))
        assert found == expected and found.dtype == expected.dtype


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_a_list_of_floats_beside_integers_makes_floats(backend):
    with K.use_backend(backend):
        xp = K.namespace()
        x = xp.asarray([1, 2], dtype=xp.int32)
        sides = [K.maximum([1.5, 0.25], x), K.maximum(x, [1.5, 0.25]), K.concatenate([[1.5, 2.0], x])]
        assert [np.asarray(y).tolist() for y in sides] == [[1.5, 2.0], [1.5, 2.0], [1.5, 2.0, 1.0, 2.0]]
        assert all(K.dtype(y) == K.floatx() for y in sides)
        assert np.asarray(K.searchsorted([-2.0, -0.5, 1.0, 2.0], x)).tolist() == [2, 3]
        assert np.asarray(K.less([1.5, 1.5], x)).tolist() == [False, True]
        assert K.dtype(K.maximum(x, [1, 5])) == "int32" and K.dtype(K.maximum(x, [True, False])) == "int32"
