"""The standard's functions on ndonnx's arrays, where ONNX Runtime has them in too few digits or loses a sign."""

import numpy as np
import pytest

from backend.arrays.namespaces import of_library

ndonnx = pytest.importorskip("ndonnx", reason="needs ndonnx: pip install 'array-api-backend[onnx]'")

pytestmark = pytest.mark.slow  # CI has ndonnx where the slow tests run
RNG = np.random.default_rng(0)


def sizes(low, high, count=100):
    """Positive and negative numbers of all magnitudes between two."""
    found = np.exp(RNG.uniform(np.log(low), np.log(high), count))
    return np.concatenate([found, -found])


@pytest.mark.filterwarnings("error")  # ndonnx warns where it computes in float32
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("cos", np.concatenate([sizes(1e-9, 1.6), [np.pi / 2, 1.5707963]])),
        ("tan", sizes(1e-9, 1.5)),
        ("sinh", sizes(1e-300, 710.4)),
        ("cosh", sizes(1e-9, 710.4)),
        ("asinh", sizes(1e-300, 1e300)),
        ("acosh", 1 + np.abs(sizes(1e-12, 1e300))),
        ("atanh", np.concatenate([sizes(1e-300, 0.9), 1 - np.abs(sizes(1e-15, 0.1))])),
        ("atan", sizes(1e-300, 1e300)),
        ("asin", np.concatenate([sizes(1e-300, 0.99), 1 - np.abs(sizes(1e-15, 0.1))])),
        ("acos", np.concatenate([sizes(1e-300, 0.99), 1 - np.abs(sizes(1e-15, 0.1))])),
    ],
)
def test_functions_of_float64_have_its_digits_and_its_edge_values(name, values):
    edges = np.asarray([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 2.0])
    for x, roundings in ((values, 4), (edges, 2)):
        with np.errstate(all="ignore"):
            wanted = getattr(np, name)(x)
        found = getattr(of_library("ndonnx"), name)(ndonnx.asarray(x)).unwrap_numpy()
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, wanted, rtol=roundings * 2**-52, atol=0)
        np.testing.assert_array_equal(np.signbit(found[wanted == 0]), np.signbit(wanted[wanted == 0]))


def test_the_sign_of_zero_is_copied():
    x = ndonnx.asarray(np.zeros(2))
    signs = of_library("ndonnx").copysign(x, ndonnx.asarray(np.asarray([-0.0, 0.0]))).unwrap_numpy()
    assert list(np.signbit(signs)) == [True, False]
