"""ndonnx: functions that ONNX Runtime has in too few digits, and what is computed at once where values are known."""

import numpy as np
import pytest

import backend as K
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


@pytest.mark.parametrize("name", ["expm1", "log1p"])
def test_small_numbers_of_float16(name):
    x = np.asarray([2**-12, -(2**-11), 0.0, 0.5], "float16")
    found = getattr(of_library("ndonnx"), name)(ndonnx.asarray(x)).unwrap_numpy()
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, getattr(np, name)(x.astype("float64")), rtol=2**-10)


def test_loops_and_branches_of_known_values_have_values():
    with K.use_backend("ndonnx"):
        x, n = K.placeholder((None, 2)), K.placeholder(())
        total, sums = K.scan(lambda c, row: (c + row, c * 2.0), K.zeros((2,)), x)
        root = K.while_loop(lambda r: abs(r * r - n) > 1e-4, lambda r: 0.5 * (r + n / r), K.ones_like(n))
        f = K.function([x, n], [total, sums, root, K.cond(n > 1, lambda: n, lambda: -n), K.cumprod(x)])
        rows = np.asarray([[1.0, 2.0], [3.0, 4.0]], "f")
        found = f([rows, np.float32(4)])
        assert [y.shape for y in f([rows[:0], np.float32(1)])[:2]] == [(2,), (0, 2)]
    for got, want in zip(found, [[4, 6], [[0, 0], [2, 4]], 2, 4, [[1, 2], [3, 8]]], strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_cells_of_no_steps(cell):
    weights = [ndonnx.asarray(np.ones((1, n), "f")) for n in {"lstm": (4, 4), "gru": (3, 3)}[cell]]
    last, outputs, _ = getattr(K, cell)(ndonnx.asarray(np.zeros((2, 0, 1), "f")), *weights)
    assert outputs.unwrap_numpy().shape == (2, 0, 1)
    np.testing.assert_array_equal(last.unwrap_numpy(), np.zeros((2, 1)))


def test_arguments_out_of_the_domain_may_be_large():
    assert np.isnan(of_library("ndonnx").acosh(ndonnx.asarray(np.asarray([-1.7e308]))).unwrap_numpy()).all()


def test_which_dtypes_can_be_cast():
    xp = of_library("ndonnx")
    assert xp.can_cast(xp.int8, xp.int32) and xp.can_cast(ndonnx.asarray(np.ones(2, "f")), xp.float64)
    assert not xp.can_cast(xp.int32, xp.int8) and not xp.can_cast(xp.float64, xp.float32)


def test_the_mean_of_nothing_is_nan():
    x = ndonnx.asarray(np.zeros((0, 2), "f"))
    assert np.isnan(of_library("ndonnx").mean(x, axis=0).unwrap_numpy()).all()


def test_sizes_that_do_not_broadcast_are_refused():
    with pytest.raises(ValueError, match="broadcast"):
        of_library("ndonnx").broadcast_to(ndonnx.asarray(np.zeros((2, 3), "f")), (1, 3))


@pytest.mark.parametrize("shape", [(4, 2), (4, -1), (-1, 0)])
def test_shapes_that_do_not_fit_are_refused_at_once(shape):
    with pytest.raises(ValueError, match="reshape"):
        K.reshape(ndonnx.asarray(np.zeros((2, 3), "f")), shape)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int16", "uint32", "int64", "uint64"])
def test_extremes_of_no_elements(dtype):
    x = np.zeros((0, 2), dtype)
    least, largest = (-np.inf, np.inf) if x.dtype.kind == "f" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    for name, wanted in (("max", least), ("min", largest)):
        found = getattr(K, name)(ndonnx.asarray(x), axis=0).unwrap_numpy()
        assert found.dtype == dtype and list(found) == [wanted, wanted]


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("how", [{}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"keepdims": True}])
def test_the_first_nan_has_the_place_of_the_extreme(name, how):
    rows = [[1.0, np.nan, 0.0], [np.nan, 1.0, np.nan], [np.inf, np.nan, -np.inf], [3.0, 1.0, 3.0]]
    for x in (np.asarray(rows), np.asarray(rows[3:], "f")):
        found = getattr(of_library("ndonnx"), name)(ndonnx.asarray(x), **how).unwrap_numpy()
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found, getattr(np, name)(x, **how))


def test_there_is_no_place_among_no_elements():
    with pytest.raises(ValueError, match="argmax"):
        K.argmax(ndonnx.asarray(np.zeros((2, 0), "f")))


@pytest.mark.filterwarnings("error")  # ndonnx warns where it compares in float64
@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin"])
def test_large_unsigned_numbers_are_compared_in_all_their_digits(name):
    x = np.asarray([2**63 + 1, 3, 2**63 + 2, 0, 2**64 - 2, 2**64 - 1], "uint64")
    found = getattr(of_library("ndonnx"), name)(ndonnx.asarray(x)).unwrap_numpy()
    assert found == getattr(np, name)(x)


@pytest.mark.parametrize("correction", [2, 3.0])
def test_the_variance_without_a_degree_of_freedom_is_nan(correction):
    xp, x = of_library("ndonnx"), ndonnx.asarray(np.ones((3, 2), "f"))
    assert np.isnan(xp.var(x, axis=1, correction=correction).unwrap_numpy()).all()
    assert np.isnan(xp.std(x, axis=1, correction=correction).unwrap_numpy()).all()


@pytest.mark.parametrize(("dtype", "count"), [("float16", 200), ("float32", 2000), ("float64", 2000)])
def test_floor_division_of_floats(dtype, count):
    edges = np.asarray([0.0, -0.0, 1.0, -1.0, 0.1, -0.3, 6.0, 6e4, np.inf, -np.inf, np.nan], dtype)
    pairs = [
        tuple(each.ravel() for each in np.meshgrid(edges, edges)),
        (RNG.normal(size=count) * 100, sizes(1e-3, 1, count // 2)),
    ]
    for x, y in pairs:
        x, y = x.astype(dtype), y.astype(dtype)
        with np.errstate(all="ignore"):
            wanted = np.floor_divide(x, y)
        found = of_library("ndonnx").floor_divide(ndonnx.asarray(x), ndonnx.asarray(y)).unwrap_numpy()
        np.testing.assert_array_equal(found, wanted, strict=True)
        assert (np.signbit(found) == np.signbit(wanted))[~np.isnan(wanted)].all()


@pytest.mark.parametrize(("dtype", "largest"), [("float16", 11.08), ("float32", 88.72), ("float64", 709.78)])
def test_expm1_overflows_where_exp_does(dtype, largest):
    x = np.asarray([largest, largest - 3, 1.5, 1.0, 0.5, -1.0, -200.0], dtype)
    found = of_library("ndonnx").expm1(ndonnx.asarray(x)).unwrap_numpy()
    np.testing.assert_allclose(found, np.expm1(x.astype("float64")).astype(dtype), rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", ["sum", "prod", "cumulative_prod"])
@pytest.mark.parametrize(("dtype", "wanted"), [("int8", "int64"), ("uint16", "uint64"), ("float32", "float32")])
def test_the_dtype_of_sums_also_along_no_axes(name, dtype, wanted):
    function, x = getattr(of_library("ndonnx"), name), ndonnx.asarray(np.ones(2, dtype))
    found = [function(x), *([] if name == "cumulative_prod" else [function(x, axis=()), function(x[0])])]
    assert {y.unwrap_numpy().dtype.name for y in found} == {wanted}


def test_what_ndonnx_does_not_take():
    xp = of_library("ndonnx")
    x = np.arange(6.0).reshape(1, 2, 3)
    assert xp.permute_dims(ndonnx.asarray(x), (-1, 0, 1)).shape == (3, 1, 2)
    with pytest.raises(ValueError, match="permute_dims"):
        xp.permute_dims(ndonnx.asarray(x), (0, 0, 1))
    assert xp.searchsorted(ndonnx.asarray(x[0, 0]), 1.5).unwrap_numpy() == 2
    large = xp.arange(2**64 - 4, 2**64 - 1, dtype=xp.uint64).unwrap_numpy()
    assert list(large) == [2**64 - 4, 2**64 - 3, 2**64 - 2]
    kinds = xp.__array_namespace_info__().dtypes
    assert list(kinds(kind="bool")) == ["bool"] and len(kinds(kind=("bool", "integral"))) == 9 and len(kinds()) == 11
