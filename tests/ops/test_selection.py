"""top_k, take_along_axis, segment_sum and pad against NumPy and loops; gradients; unknown sizes."""

import numpy as np
import pytest

import backend as K

RNG = np.random.default_rng(2)
LIBRARIES = ["numpy", "torch", "array_api_strict"]


@pytest.fixture(params=LIBRARIES)
def on(request):
    """Makes arrays of a library from NumPy's."""
    with K.use_backend(request.param) as backend:
        yield lambda value: backend.asarray(np.asarray(value), np.asarray(value).dtype.name)


def slopes(function, *values, wrt=0):
    """The gradient of sum(sin(function)) with all sizes unknown, and of the sum of its sines again."""
    inputs = [K.placeholder((None,) * v.ndim, dtype=v.dtype.name) for v in values]
    first = K.gradients(K.sum(K.sin(function(*inputs))), [inputs[wrt]])[0]
    second = K.gradients(K.sum(K.sin(first)), [inputs[wrt]])[0]
    return K.function(inputs, [first, second])(list(values))


def differences(function, *values, wrt=0):
    """The same by central differences of a NumPy function."""

    def first(x):
        found = np.zeros(x.shape)
        for i in np.ndindex(*x.shape):
            moved = [x.copy(), x.copy()]
            moved[0][i] += 1e-4
            moved[1][i] -= 1e-4
            up, down = (np.sum(np.sin(function(*values[:wrt], m, *values[wrt + 1 :]))) for m in moved)
            found[i] = (up - down) / 2e-4
        return found

    x, second = values[wrt], np.zeros(values[wrt].shape)
    for i in np.ndindex(*x.shape):
        step = np.zeros(x.shape)
        step[i] = 1e-3
        second[i] = (np.sum(np.sin(first(x + step))) - np.sum(np.sin(first(x - step)))) / 2e-3
    return first(x), second


def close_slopes(ours, theirs, *values):
    for got, wanted in zip(slopes(ours, *values), differences(theirs, *values), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


# ---- the largest


def test_top_k_takes_the_first_of_equals(on):
    values, places = K.top_k(on(np.array([[1, 3, 3, 2, 3], [0, 0, 0, 0, -1]])), 3)
    assert np.asarray(values).tolist() == [[3, 3, 3], [0, 0, 0]]
    assert np.asarray(places).tolist() == [[1, 2, 4], [0, 1, 2]]


def test_top_k_of_nan_and_infinity(on):
    values, places = K.top_k(on(np.array([1.0, np.inf, np.nan, -np.inf])), 4)
    np.testing.assert_array_equal(np.asarray(values), [np.nan, np.inf, 1.0, -np.inf])
    assert np.asarray(places).tolist() == [2, 1, 0, 3]


@pytest.mark.parametrize("k", [0, 1, 4])
def test_top_k_like_torch(k):
    torch = pytest.importorskip("torch")
    x = RNG.normal(size=(3, 2, 4)).astype("float32")
    values, places = K.top_k(x, k)
    wanted = torch.topk(torch.tensor(x), k)
    np.testing.assert_array_equal(values, wanted.values)
    np.testing.assert_array_equal(places, wanted.indices)


def test_top_k_of_unknown_sizes_and_its_gradient():
    x = K.placeholder((None, None), dtype="float64")
    values, places = K.top_k(x, 2)
    assert values.shape == places.shape == (None, 2) and values.dtype == "float64"
    given = RNG.permutation(12).reshape(3, 4).astype("float64")
    f = K.function([x], [values, places])
    np.testing.assert_array_equal(f([given])[0], -np.sort(-given)[:, :2])
    with pytest.raises(ValueError, match="1"):
        f([given[:, :1]])
    close_slopes(lambda x: K.top_k(x, 2)[0], lambda x: -np.sort(-x)[:, :2], given)


def test_top_k_inside_jax_and_vmap():
    jax, torch = pytest.importorskip("jax"), pytest.importorskip("torch")
    x = np.array([[1.0, 2.0, 2.0], [5.0, 4.0, 5.0]], "float32")
    for values, places in (
        jax.jit(lambda x: K.top_k(x, 2))(x),
        torch.func.vmap(lambda x: K.top_k(x, 2))(torch.tensor(x)),
    ):
        assert np.asarray(values).tolist() == [[2, 2], [5, 5]] and np.asarray(places).tolist() == [[1, 2], [0, 2]]


@pytest.mark.parametrize(
    ("x", "k", "error"),
    [
        (np.zeros(3), 4, ValueError),
        (np.zeros(3), -1, ValueError),
        (np.zeros(()), 0, ValueError),
        (np.zeros(3), 1.0, TypeError),
    ],
)
def test_top_k_errors(x, k, error):
    with pytest.raises(error, match=r"^top_k: "):
        K.top_k(x, k)


# ---- along an axis


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_take_along_axis(on, axis, dtype):
    x = RNG.normal(size=(3, 4, 5))
    shape = list(x.shape)
    shape[axis] = 6
    indices = RNG.integers(0 if dtype == "uint8" else -x.shape[axis], x.shape[axis], shape).astype(dtype)
    found = K.take_along_axis(on(x), on(indices), axis)
    np.testing.assert_array_equal(np.asarray(found), np.take_along_axis(x, indices.astype(int), axis))


def test_take_along_axis_broadcasts_and_accumulates():
    x, indices = RNG.normal(size=(1, 3)), np.array([[0, 0, -1], [2, 1, 1]], "int32")
    assert K.take_along_axis(x, indices).shape == (2, 3)
    p, i = K.placeholder((1, None), dtype="float64"), K.placeholder((None, None), dtype="int32")
    slope = K.function([p, i], K.gradients(K.take_along_axis(p, i), [p]))([x, indices])[0]
    assert slope.tolist() == [[2, 2, 2]]
    close_slopes(
        lambda x: K.take_along_axis(x, np.array([[0, 0, 2], [1, -2, -1]], "int32")),
        lambda x: np.take_along_axis(x, np.array([[0, 0, 2], [1, -2, -1]]), -1),
        RNG.normal(size=(2, 3)),
    )


def test_second_gradients_of_take_along_axis_on_torch():
    torch = pytest.importorskip("torch")
    x, i = K.placeholder((None, None), dtype="float64"), K.placeholder((None, None), dtype="int32")
    first = K.gradients(K.sum(K.sin(K.take_along_axis(x, i))), [x])[0]
    second = K.gradients(K.sum(K.sin(first)), [x])[0]
    values = torch.tensor([[0.1, 0.2]], dtype=torch.float64), torch.tensor([[-1, 0, 1]], dtype=torch.int32)
    got = K.function([x, i], [second])(list(values))[0]
    x0, x1 = 0.1, 0.2
    np.testing.assert_allclose(
        got.numpy(), [[-np.sin(x0) * np.cos(np.cos(x0)), -2 * np.sin(x1) * np.cos(2 * np.cos(x1))]], rtol=1e-12
    )


def test_take_along_axis_errors(on):
    for indices, error in (
        ([[0, 3]], IndexError),
        ([[-4, 0]], IndexError),
        ([0, 1], ValueError),
        ([[0], [0], [0]], ValueError),
        ([[0.0]], TypeError),
    ):
        with pytest.raises(error, match=r"^take_along_axis: "):
            K.take_along_axis(on(np.zeros((2, 3))), on(np.array(indices)))


# ---- segments


def looped(data, ids, count):
    result = np.zeros((count, *data.shape[1:]), data.dtype)
    for part, i in zip(data, ids, strict=True):
        if 0 <= i < count:
            result[i] += part
    return result


@pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("shape", [(50,), (50, 3), (50, 2, 2), (0,), (0, 3)])
def test_segment_sum(on, dtype, shape):
    data, ids = (10 * RNG.normal(size=shape)).astype(dtype), RNG.integers(-2, 8, shape[0]).astype("int32")
    for count in (0, 1, 6, 9):
        found = np.asarray(K.segment_sum(on(data), on(ids), count))
        assert found.dtype == dtype
        np.testing.assert_allclose(
            found, looped(data, ids, count), rtol=1e-5, atol=1e-4 if dtype == "float32" else 1e-12
        )


def test_segment_sum_of_large_integers_is_exact_and_wraps_around():
    data = np.array([2**62, 2**62, 2**53, 1, -1, 2**62], "int64")
    with np.errstate(over="ignore"):
        wanted = looped(data, [0, 0, 1, 1, 2, 2], 3)
    np.testing.assert_array_equal(K.segment_sum(data, np.array([0, 0, 1, 1, 2, 2]), 3), wanted)


def test_segment_sum_keeps_infinities_apart_and_counts_booleans(on):
    found = K.segment_sum(on(np.array([1.0, np.inf, np.nan, 2.0])), on(np.array([0, 1, 2, 0])), 4)
    np.testing.assert_array_equal(np.asarray(found), [3.0, np.inf, np.nan, 0.0])
    counts = np.asarray(K.segment_sum(on(np.array([True, False, True])), on(np.array([1, 1, 1])), 2))
    assert counts.tolist() == [0, 2] and counts.dtype == "int32"


def test_segment_sum_gradient_with_unknown_sizes():
    ids = np.array([0, 2, 2, -1, 7, 1], "int64")
    data, i = K.placeholder((None, 2), dtype="float64"), K.placeholder((None,), dtype="int64")
    out = K.segment_sum(data, i, K.shape(data)[0] - 2)
    assert out.shape == (None, 2)
    given = RNG.normal(size=(6, 2))
    np.testing.assert_allclose(K.function([data, i], [out])([given, ids])[0], looped(given, ids, 4))
    close_slopes(lambda x: K.segment_sum(x, ids, 4), lambda x: looped(x, ids, 4), given)


def test_segment_sum_inside_jax_and_torch():
    jax, torch = pytest.importorskip("jax"), pytest.importorskip("torch")
    ids, data = np.array([0, 2, 2, -1, 7]), np.arange(10.0, dtype="float32").reshape(5, 2)
    found = jax.jit(lambda x, i: K.segment_sum(x, i, 3))(data, ids)
    np.testing.assert_array_equal(found, looped(data, ids, 3))
    slope = torch.func.grad(lambda x: K.segment_sum(x, torch.tensor(ids), 3).sum())(torch.tensor(data))
    assert slope[:, 0].tolist() == [1, 1, 1, 0, 0]


def test_segment_sum_errors(on):
    data, ids = np.zeros((3, 2)), np.zeros(3, "int32")
    for x, i, count, error in (
        (data, ids.astype("float32"), 2, TypeError),
        (data, ids[:2], 2, ValueError),
        (np.array(1.0), ids, 2, ValueError),
        (data, np.zeros((3, 1), "int32"), 2, ValueError),
        (data, ids, -1, ValueError),
        (data, ids, 1.5, TypeError),
    ):
        with pytest.raises(error, match=r"^segment_sum: "):
            K.segment_sum(on(x), on(i), count)


# ---- padding


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
@pytest.mark.parametrize(
    ("shape", "widths"),
    [
        ((3, 4), 1),
        ((3, 4), (2, 0)),
        ((3, 4), ((1, 2), (0, 3))),
        ((3,), 11),
        ((1, 2), 3),
        ((2, 3, 4), ((0, 0), (7, 5), (1, 0))),
        ((), 2),
        ((4,), ((5, 0),)),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_pad_is_numpys(on, mode, shape, widths, dtype):
    x = RNG.integers(0, 9, shape).astype(dtype)
    found = np.asarray(K.pad(on(x), widths, mode))
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, np.pad(x, widths, mode) if shape else x)


def test_pad_with_a_constant(on):
    found = K.pad(on(np.ones((1, 2), "float32")), ((0, 1), (1, 0)), constant_value=np.nan)
    np.testing.assert_array_equal(np.asarray(found), [[np.nan, 1, 1], [np.nan] * 3])


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
def test_pad_unknown_sizes_and_gradients(mode):
    x = K.placeholder((None, 3), dtype="float64")
    widths = ((2, 5), (1, 0))
    out = K.pad(x, widths, mode)
    assert out.shape == (None, 4)
    f = K.function([x], [out])
    for n in (1, 2, 4):
        given = RNG.normal(size=(n, 3))
        np.testing.assert_array_equal(f([given])[0], np.pad(given, widths, mode))
    close_slopes(lambda x: K.pad(x, widths, mode), lambda x: np.pad(x, widths, mode), RNG.normal(size=(2, 3)))
    if mode != "constant":
        with pytest.raises(ValueError, match="pad: axis 0 of shape"):
            f([np.zeros((0, 3))])


def test_pad_errors(on):
    x = np.zeros((2, 3))
    for widths, mode, error in (
        (1, "wrap around", ValueError),
        (-1, "constant", ValueError),
        ((1, 2, 3), "constant", TypeError),
        (((1, 1),), "edge", ValueError),
        (1.5, "edge", TypeError),
        (((1, 1), (1, 1.5)), "edge", TypeError),
    ):
        with pytest.raises(error, match=r"^pad: "):
            K.pad(on(x), widths, mode)
    with pytest.raises(ValueError, match=r"^pad: axis 0"):
        K.pad(on(np.zeros((0, 2))), 1, "reflect")
