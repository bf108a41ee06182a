"""Random tensors: streams, seeds, one draw per call, and dropout."""

import numpy as np
import pytest

import backend as K
from backend.arrays.backends import use_backend

LIBRARIES = ["numpy", "torch", "array_api_strict"]
MAKERS = {
    "uniform": lambda **kw: K.random_uniform((2, 3), -1.0, 2.0, **kw),
    "integers": lambda **kw: K.random_uniform((2, 3), 0, 1000, dtype="int32", **kw),
    "normal": lambda **kw: K.random_normal((2, 3), 1.0, 2.0, **kw),
    "truncated": lambda **kw: K.truncated_normal((2, 3), 1.0, 2.0, **kw),
    "binomial": lambda **kw: K.random_binomial((20,), 0.5, **kw),
    "gamma": lambda **kw: K.random_gamma((20,), 2.5, **kw),
    "beta": lambda **kw: K.random_beta((20,), 2.0, 7.0, **kw),
    "shuffled": lambda **kw: K.random_shuffle(K.variable(np.arange(20.0)), **kw),
    "classes": lambda **kw: K.random_categorical(K.variable(np.zeros((2, 5))), 10, **kw),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_equal_seeds_give_equal_streams(make):
    a, b, other = make(seed=5), make(seed=5), make(seed=6)
    first, second = K.eval(a), K.eval(a)
    np.testing.assert_array_equal(K.eval(b), first)
    np.testing.assert_array_equal(K.eval(b), second)
    assert (first != second).any() and (K.eval(other) != first).any()


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_the_same_numbers_on_every_library(make):
    drawn = []
    for library in LIBRARIES:
        with use_backend(library):
            tensor = make(seed=7)
            drawn.append([K.eval(tensor), K.eval(tensor)])
    for others in drawn[1:]:
        for found, wanted in zip(others, drawn[0], strict=True):
            np.testing.assert_array_equal(found, wanted)
            assert found.dtype == wanted.dtype


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_numpy_governs_seeds_that_are_not_given(make):
    np.random.seed(3)
    first, second = K.eval(make()), K.eval(make())
    np.random.seed(3)
    np.testing.assert_array_equal(K.eval(make()), first)
    np.testing.assert_array_equal(K.eval(make()), second)
    assert (first != second).any()


def test_a_seed_that_is_given_leaves_numpy_alone():
    np.random.seed(3)
    expected = np.random.uniform()
    np.random.seed(3)
    K.eval(K.random_normal((2,), seed=1))
    assert np.random.uniform() == expected


def test_one_call_draws_once():
    u = K.random_uniform((4,), seed=1)
    draw = K.function([], [u, u * 2.0, K.sum(u)])
    a, doubled, total = draw([])
    np.testing.assert_array_equal(doubled, 2.0 * a)
    assert total == pytest.approx(a.sum(), rel=1e-6)
    assert (draw([])[0] != a).any()


def test_separate_tensors_of_one_seed_in_one_call_agree():
    u, v = K.random_uniform((4,), seed=1), K.random_uniform((4,), seed=1)
    for a, b in (K.function([], [u, v])([]) for _ in range(2)):
        np.testing.assert_array_equal(a, b)


def test_two_functions_continue_one_stream():
    fresh = K.random_uniform((4,), seed=1)
    expected = [K.eval(fresh) for _ in range(3)]
    u = K.random_uniform((4,), seed=1)
    f, g = K.function([], [u]), K.function([], [u + 1.0])
    found = [f([])[0], g([])[0] - 1.0, K.eval(u)]
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=2e-7)  # u + 1 rounds


def test_a_stream_that_is_not_evaluated_stands_still():
    u, v = K.random_uniform((4,), seed=1), K.random_uniform((4,), seed=1)
    K.eval(u)
    K.eval(u)
    np.testing.assert_array_equal(K.eval(v), K.eval(K.random_uniform((4,), seed=1)))


def test_shapes_of_numbers_and_tensors():
    x = K.placeholder((None, 3))
    mixed = K.random_normal((K.shape(x)[0], 2), seed=1)
    whole = K.random_normal(K.shape(x), seed=1)
    assert mixed.shape == (None, 2) and whole.shape == (None, 3)
    f = K.function([x], [mixed, whole])
    for n in (1, 4):
        a, b = f([np.zeros((n, 3))])
        assert a.shape == (n, 2) and b.shape == (n, 3)
    assert K.eval(K.random_uniform(3, seed=1)).shape == (3,)
    assert K.eval(K.random_uniform((), seed=1)).shape == ()
    assert K.eval(K.random_uniform(np.array([2, 3]), seed=1)).shape == (2, 3)


def test_a_size_changes_no_number_before_it():
    np.testing.assert_array_equal(K.eval(K.random_uniform((9,), seed=1))[:4], K.eval(K.random_uniform((4,), seed=1)))


def test_dtypes():
    assert K.random_uniform((2,)).dtype == "float32"
    before = K.floatx()
    K.set_floatx("float64")
    try:
        assert K.random_normal((2,)).dtype == "float64"
    finally:
        K.set_floatx(before)
    assert K.eval(K.random_binomial((2,), 1.0, dtype="int32")).tolist() == [1, 1]
    assert K.eval(K.random_binomial((2,))).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("error", "match", "make"),
    [
        (TypeError, "random_normal: an entry of shape is None", lambda: K.random_normal((2, None))),
        (ValueError, "random_uniform: .*empty", lambda: K.random_uniform((2,), 1.0, 0.0)),
        (ValueError, "random_binomial: p is 2", lambda: K.random_binomial((2,), 2)),
        (ValueError, "truncated_normal: stddev is -1", lambda: K.truncated_normal((2,), stddev=-1)),
        (ValueError, "random_normal: dtype is 'int32'", lambda: K.random_normal((2,), dtype="int32")),
        (TypeError, "random_normal: mean is 'high'", lambda: K.random_normal((2,), mean="high")),
        (TypeError, "random_uniform: seed is 0.5", lambda: K.random_uniform((2,), seed=0.5)),
    ],
)
def test_bad_parameters_are_refused_at_once(error, match, make):
    with pytest.raises(error, match=match):
        make()


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_variables_are_drawn_once(library):
    with use_backend(library):
        u = K.random_uniform_variable((3, 2), -2.0, -1.0, name="u", seed=1)
        n = K.random_normal_variable((3, 2), 5.0, 0.0, dtype="float64", seed=1)
    assert K.is_variable(u) and u.name == "u" and u.dtype == "float32" and n.dtype == "float64"
    values = K.get_value(u)
    assert (values >= -2.0).all() and (values < -1.0).all()
    np.testing.assert_array_equal(K.get_value(u), values)
    np.testing.assert_array_equal(K.get_value(n), np.full((3, 2), 5.0))


def test_a_variable_holds_the_first_draw():
    np.testing.assert_array_equal(
        K.get_value(K.variable(K.random_normal((3,), seed=4))), K.eval(K.random_normal((3,), seed=4))
    )


def test_moments_of_a_truncated_normal():
    values = K.eval(K.truncated_normal((200, 200), 1.0, 2.0, seed=1))
    assert abs(values - 1.0).max() <= 4.0
    assert values.mean() == pytest.approx(1.0, abs=0.05)
    assert values.std() == pytest.approx(0.87962566 * 2.0, rel=0.01)


# ---- parameters that are tensors and arrays

BY_PARAMETERS = {
    "normal": (K.random_normal, (1.0, 2.0)),
    "truncated": (K.truncated_normal, (-1.0, 0.5)),
    "uniform": (K.random_uniform, (-1.0, 2.0)),
    "binomial": (K.random_binomial, (0.25,)),
    "bernoulli": (K.random_bernoulli, (0.75,)),
    "gamma": (K.random_gamma, (0.75,)),
    "beta": (K.random_beta, (2.0, 0.5)),
}


@pytest.mark.parametrize(
    ("library", "dtype"),  # float16 is not of the standard
    [(n, d) for n in LIBRARIES for d in ("float16", "float32", "float64") if (n, d) != ("array_api_strict", "float16")],
)
@pytest.mark.parametrize(("draw", "numbers"), BY_PARAMETERS.values(), ids=BY_PARAMETERS)
def test_tensors_as_parameters_give_the_numbers_bits(draw, numbers, library, dtype):
    with use_backend(library):
        expected = K.eval(draw((3, 4), *numbers, dtype=dtype, seed=1))
        scalars = [K.variable(v) * 1.0 for v in numbers]
        arrays = [K.variable(np.full((4,), v)) for v in numbers]
        for parameters in (scalars, arrays, [np.full((3, 1), v) for v in numbers]):
            found = draw((3, 4), *parameters, dtype=dtype, seed=1)
            assert found.shape == (3, 4) and found.dtype == dtype
            np.testing.assert_array_equal(K.eval(found), expected)


def test_a_bound_that_is_a_tensor_stays_outside_the_interval():
    low, high = K.variable([0.0, 1.0, -1e-3]), K.variable([1e-3, 1.0 + 2**-22, 0.0])
    values = K.eval(K.random_uniform((20000, 3), low, high, seed=1))
    assert (values >= K.eval(low)).all() and (values < K.eval(high)).all()


@pytest.mark.parametrize("dtype", ["int16", "int32", "int64"])
def test_integers_between_tensors(dtype):
    low, high = K.variable([-3, 7], dtype="int32"), K.variable([1000, 8], dtype="int32")
    values = K.eval(K.random_uniform((50000, 2), low, high, dtype=dtype, seed=1))
    assert values.dtype == dtype and values.min(axis=0).tolist() == [-3, 7] and values.max(axis=0).tolist() == [999, 7]
    assert values[:, 0].mean() == pytest.approx(498.0, abs=6.0)
    words = K.eval(K.random_uniform((50000, 2), -(2**31), 2**31, dtype="int32", seed=1)).astype(np.int64) + 2**31
    np.testing.assert_array_equal(values[:, 0], -3 + (words[:, 0] * 1003 >> 32))


def test_gradients_pass_to_mean_stddev_and_bounds():
    mean, deviation = K.variable(np.arange(3.0)), K.variable(np.linspace(1.0, 2.0, 9).reshape(3, 3))
    z = K.eval(K.random_normal((3, 3), seed=1))
    drawn = K.random_normal((3, 3), mean, deviation, seed=1)
    value, d_mean, d_deviation = K.function([], [drawn, *K.gradients(K.sum(drawn), [mean, deviation])])([])
    np.testing.assert_allclose(value, K.eval(mean) + z * K.eval(deviation), rtol=1e-6)
    np.testing.assert_allclose(d_mean, [3.0, 3.0, 3.0])
    np.testing.assert_allclose(d_deviation, z, rtol=1e-6)
    low, high = K.variable(-1.0), K.variable(2.0)
    u = K.eval(K.random_uniform((4,), seed=2))
    drawn = K.random_uniform((4,), low, high, seed=2)
    d_low, d_high = K.function([], K.gradients(K.sum(drawn), [low, high]))([])
    assert (d_low, d_high) == (pytest.approx((1.0 - u).sum(), rel=1e-6), pytest.approx(u.sum(), rel=1e-6))


def test_a_latent_sample_of_a_batch_of_unknown_size():
    mean, log_variance = K.placeholder((None, 2)), K.placeholder((None, 2))
    drawn = K.random_normal(K.shape(mean), mean=mean, stddev=K.exp(log_variance / 2.0), seed=1)
    assert drawn.shape == (None, 2)
    f = K.function([mean, log_variance], [drawn])
    values = f([np.full((3, 2), 5.0), np.full((3, 2), -60.0)])[0]
    np.testing.assert_allclose(values, 5.0, rtol=1e-6)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_a_dropout_level_that_is_a_tensor(library):
    x = np.ones((40, 50), np.float32)
    with use_backend(library):
        level, p = K.variable(0.75), K.placeholder((None, 50))
        y = K.dropout(p, level, seed=1)
        out, slope = K.function([p], [y, *K.gradients(K.sum(y), [level])])([x])
    np.testing.assert_array_equal(out, K.dropout(x, 0.75, seed=1))
    assert slope == pytest.approx((out != 0.0).sum() / 0.25**2)
    by_column = K.dropout(np.ones((4000, 3), np.float32), np.array([0.0, 0.5, 0.9]), seed=1)
    np.testing.assert_allclose((by_column == 0.0).mean(axis=0), [0.0, 0.5, 0.9], atol=0.02)
    assert by_column.max(axis=0).tolist() == pytest.approx([1.0, 2.0, 10.0])


@pytest.mark.parametrize(
    ("match", "make"),
    [
        ("random_normal: mean: shapes", lambda: K.random_normal((2,), mean=np.zeros(3))),
        ("random_normal: stddev has values", lambda: K.random_normal((2,), stddev=np.asarray([1.0, -1.0]))),
        ("random_binomial: p has values", lambda: K.random_binomial((2,), p=np.asarray([0.5, 1.5]))),
        ("random_uniform: maxval: shape ", lambda: K.random_uniform((2,), maxval=K.variable(np.ones((2, 2))))),
        ("random_gamma: alpha has values", lambda: K.random_gamma((2,), np.asarray([1.0, 0.0]))),
        ("random_beta: beta: shapes", lambda: K.random_beta((2,), 1.0, np.ones(3))),
        ("random_beta: beta is -1", lambda: K.random_beta((2,), 1.0, -1.0)),
        ("dropout: level has values", lambda: K.dropout(np.ones(2, np.float32), np.asarray([0.5, 1.0]))),
        ("random_normal: dtype is 'int32'", lambda: K.random_normal((2,), K.variable(1.0), dtype="int32")),
    ],
)
def test_bad_arrays_as_parameters_are_refused_at_once(match, make):
    with pytest.raises(ValueError, match=match):
        make()


# ---- a random tensor goes where it is used


def test_random_tensors_run_where_the_variables_are():
    u = K.random_uniform((3,), seed=1)  # made while NumPy is active
    expected = K.eval(K.random_uniform((3,), seed=1))
    with use_backend("torch"):
        w = K.variable(np.zeros(3))
    np.testing.assert_array_equal(K.function([], [w + u])([])[0], expected)


def test_random_tensors_run_where_the_arrays_fed_are():
    torch = pytest.importorskip("torch")
    x = K.placeholder((3,))
    f = K.function([x], [x + K.random_uniform((3,), seed=1)])
    fresh = K.random_uniform((3,), seed=1)
    on_torch, on_numpy = f([torch.zeros(3)])[0], f([np.zeros(3)])[0]
    assert isinstance(on_torch, torch.Tensor) and isinstance(on_numpy, np.ndarray)
    np.testing.assert_array_equal(on_torch.numpy(), K.eval(fresh))
    np.testing.assert_array_equal(on_numpy, K.eval(fresh))


# ---- dropout


def dropped(level, **kwargs):
    x = K.placeholder((None, 50))
    return K.function([x], [K.dropout(x, level, **kwargs)])


def test_dropout_scales_what_is_kept():
    out = dropped(0.75, seed=1)([np.ones((400, 50))])[0]
    assert set(np.unique(out)) == {0.0, 4.0}
    assert (out == 0.0).mean() == pytest.approx(0.75, abs=0.01)


def test_dropout_draws_anew_at_each_evaluation():
    f, x = dropped(0.5, seed=1), np.ones((4, 50))
    first, second = f([x])[0], f([x])[0]
    assert (first != second).any()
    np.testing.assert_array_equal(dropped(0.5, seed=1)([x])[0], first)


def test_dropout_on_arrays_is_the_first_draw_of_its_seed():
    torch = pytest.importorskip("torch")
    x = np.ones((4, 50), np.float32)
    first = dropped(0.5, seed=1)([x])[0]
    for _ in range(2):
        np.testing.assert_array_equal(K.dropout(x, 0.5, seed=1), first)
    np.testing.assert_array_equal(K.dropout(torch.asarray(x), 0.5, seed=1).numpy(), first)
    np.random.seed(1)
    a, b = K.dropout(x, 0.5), K.dropout(x, 0.5)
    np.random.seed(1)
    np.testing.assert_array_equal(K.dropout(x, 0.5), a)
    assert (a != b).any()


@pytest.mark.parametrize("noise_shape", [(None, 1), [1, 50], (1,), (1, 1)])
def test_noise_shape_repeats_the_mask(noise_shape):
    out = dropped(0.5, noise_shape=noise_shape, seed=2)([np.ones((6, 50))])[0]
    full = [50 if n is None and i == 1 else n for i, n in enumerate([1] * (2 - len(noise_shape)) + list(noise_shape))]
    for axis, n in enumerate(full):
        if n == 1:
            assert (out == out.take([0], axis=axis)).all()


def test_noise_shape_with_sizes_of_tensors():
    x = K.placeholder((None, 50))
    out = K.function([x], [K.dropout(x, 0.5, (K.shape(x)[0], 1), seed=2)])([np.ones((6, 50))])[0]
    assert (out == out[:, :1]).all() and len(np.unique(out)) == 2


def test_dropout_gradient_flows_through_what_is_kept():
    x = K.placeholder((4, 50))
    y = K.dropout(x, 0.5, seed=1)
    f = K.function([x], [y, K.gradients(K.sum(y * y), x)[0]])
    value = np.linspace(1.0, 2.0, 200).reshape(4, 50)
    for _ in range(2):
        out, gradient = f([value])
        np.testing.assert_allclose(gradient, np.where(out != 0.0, 8.0 * value, 0.0), rtol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_dropped_is_0_whatever_it_was(value):
    out = K.dropout(np.full(50, value, np.float32), 0.5, seed=1)
    assert (out == 0.0).any() and (~np.isfinite(out)).any()
    assert ((out == 0.0) | ~np.isfinite(out)).all()


def test_level_0_gives_x():
    x = K.placeholder((2, 3))
    array = np.ones(3, np.float32)
    assert K.dropout(x, 0.0) is x and K.dropout(array, 0) is array


@pytest.mark.parametrize("level", [1.0, 1.5, -0.1, np.nan])
def test_a_level_outside_0_to_1_is_refused(level):
    with pytest.raises(ValueError, match="dropout: level is"):
        K.dropout(np.ones(3, np.float32), level)


def test_dropout_refuses_integers_and_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match="dropout: x has dtype int64"):
        K.dropout(np.ones(3, np.int64), 0.5)
    with pytest.raises(ValueError, match="dropout: noise_shape"):
        K.dropout(np.ones((2, 3), np.float32), 0.5, (2, 2))
    with pytest.raises(ValueError, match="dropout: noise_shape"):
        K.dropout(np.ones(3, np.float32), 0.5, (1, 3))


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_dropout_is_transparent_to_the_librarys_own_gradient(library):
    module = pytest.importorskip(library)
    x = np.linspace(1.0, 2.0, 20, dtype=np.float32)
    kept = K.dropout(np.ones(20, np.float32), 0.5, seed=1)
    if library == "torch":
        gradient = module.func.grad(lambda v: (K.dropout(v, 0.5, seed=1) ** 2).sum())(module.asarray(x)).numpy()
    else:
        gradient = module.jit(module.grad(lambda v: (K.dropout(v, 0.5, seed=1) ** 2).sum()))(x)
    np.testing.assert_allclose(np.asarray(gradient), 2.0 * kept**2 * x, rtol=1e-6)
