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
