"""Seeds that are arrays: pure draws, the same on every library, symbolic, compiled, in loops and in foreign traces."""

import numpy as np
import pytest

import backend as K
from backend.arrays.backends import use_backend
from backend.graph.tensor import Tensor

X, LOGITS = np.arange(20.0, dtype=np.float32), np.zeros((2, 5), np.float32)
# Functions of a seed, and of an array beside which numbers are drawn.
DRAWS = {
    "uniform": lambda seed, like: K.random_uniform((2, 3), -1.0, 2.0, seed=seed),
    "bounds": lambda seed, like: K.random_uniform((2, 3), -1.0, [1.0, 2.0, 3.0], seed=seed),
    "integers": lambda seed, like: K.random_uniform((2, 3), 0, 1000, dtype="int32", seed=seed),
    "normal": lambda seed, like: K.random_normal((2, 3), 1.0, 2.0, seed=seed),
    "means": lambda seed, like: K.random_normal((2, 3), [1.0, 2.0, 3.0], 2.0, seed=seed),
    "truncated": lambda seed, like: K.truncated_normal((2, 3), 1.0, 2.0, seed=seed),
    "bernoulli": lambda seed, like: K.random_bernoulli((20,), 0.5, seed=seed),
    "counts": lambda seed, like: K.random_binomial((9, 2), [0.25, 0.5], "int32", seed, n=[3, 40]),
    "gamma": lambda seed, like: K.random_gamma((20,), 2.5, seed=seed),
    "beta": lambda seed, like: K.random_beta((20,), 2.0, 7.0, seed=seed),
    "dropout": lambda seed, like: K.dropout(like(X), 0.5, seed=seed),
    "levels": lambda seed, like: K.dropout(like(X), K.variable(0.5), seed=seed),
    "shuffled": lambda seed, like: K.random_shuffle(like(X), seed=seed),
    "classes": lambda seed, like: K.random_categorical(like(LOGITS), 10, seed=seed),
}


def on(library):
    """What makes arrays of a library."""
    return pytest.importorskip({"jax": "jax.numpy"}.get(library, library)).asarray


def values(x):
    return K.eval(x) if isinstance(x, Tensor) else np.asarray(x)


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_seed_and_a_number_are_that_draw_of_the_seed(draw):
    stream = draw(7, K.variable)
    drawn = [K.eval(stream) for _ in range(3)]
    for number, expected in enumerate(drawn):
        for _ in range(2):
            np.testing.assert_array_equal(values(draw(np.asarray([7, number]), np.asarray)), expected)
    np.testing.assert_array_equal(values(draw(np.asarray(7), np.asarray)), drawn[0])


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize("library", ["torch", "array_api_strict", "jax"])
def test_the_same_numbers_on_every_library_as_its_arrays(draw, library):
    array = on(library)
    words = np.asarray([-5, 3], np.int32)
    expected, seed = values(draw(words, np.asarray)), array(words)
    with use_backend(library):
        found = draw(seed, array)
    assert isinstance(found, (type(seed), Tensor))
    np.testing.assert_array_equal(values(found), expected)
    assert values(found).dtype == expected.dtype


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_function_draws_for_the_seed_that_is_fed(draw, jit):
    seed = K.placeholder((2,), dtype="int32")
    f = K.function([seed], [draw(seed, np.asarray)], jit=jit)
    for words in ([1, 2], [1, 3], [1, 2], [2**31 - 1, -1]):
        np.testing.assert_array_equal(f([words])[0], values(draw(np.asarray(words), np.asarray)))


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint32", "uint64"])
@pytest.mark.parametrize("library", ["numpy", "torch", "array_api_strict", "jax"])
def test_the_lowest_32_bits_of_the_words_count(dtype, library):
    words = np.asarray([2**32 - 3, 2**31 + 5]).astype(dtype)
    expected = K.random_normal((4,), seed=np.asarray([-3, -(2**31) + 5], np.int32))
    array = on(library)
    seed = array(words.astype("int64")) if library == "torch" else array(words)
    if library == "torch":
        seed = seed.to(getattr(pytest.importorskip("torch"), dtype))
    np.testing.assert_array_equal(np.asarray(K.random_normal((4,), seed=seed)), expected)


def test_nothing_is_counted_and_numpy_is_left_alone():
    np.random.seed(3)
    expected = np.random.uniform()
    np.random.seed(3)
    u = K.random_uniform((4,), seed=K.variable([1, 2], dtype="int32"))
    np.testing.assert_array_equal(K.eval(u), K.eval(u))
    assert np.random.uniform() == expected


def test_a_variable_is_a_state_of_seeds():
    state = K.variable([7, 0], dtype="int32")
    f = K.function([], [K.random_normal((3,), seed=state)], updates=[K.update_add(state, [0, 1])])
    stream = K.random_normal((3,), seed=7)
    for _ in range(3):
        np.testing.assert_array_equal(f([])[0], K.eval(stream))


def test_seeds_of_seeds_are_independent():
    seed = np.asarray([7, 0])
    seeds = K.random_split(seed, 1000)
    assert seeds.shape == (1000, 2) and len({tuple(s) for s in seeds.tolist()}) == 1000
    np.testing.assert_array_equal(K.random_split(seed, 3), seeds[:3])
    drawn = np.stack([K.random_normal((20,), seed=s) for s in seeds] + [K.random_normal((20,), seed=seed)])
    correlations = np.corrcoef(drawn.T)[np.triu_indices(20, 1)]
    assert abs(correlations).max() < 4.5 / np.sqrt(len(drawn))
    assert abs(drawn.mean()) < 4.0 / np.sqrt(drawn.size)


@pytest.mark.parametrize("jit", [False, True])
def test_each_step_of_a_loop_draws_its_own(jit):
    key = K.placeholder((2,), dtype="int32")

    def step(total, seed):
        drawn = K.random_normal((3,), seed=seed)
        return total + drawn, drawn

    total, drawn = K.scan(step, K.zeros((3,)), K.random_split(key, 4))
    f = K.function([key], [total, drawn], jit=jit)
    for words in (np.asarray([1, 2]), np.asarray([3, 4])):
        expected = [K.random_normal((3,), seed=seed) for seed in K.random_split(words, 4)]
        found = f([words])
        np.testing.assert_array_equal(found[1], np.stack(expected))
        np.testing.assert_allclose(found[0], sum(expected), rtol=1e-5)


def test_a_while_loop_draws_at_each_step():
    key = K.placeholder((2,), dtype="int32")
    _, total = K.while_loop(
        lambda i, total: i < 3,
        lambda i, total: (i + 1, total + K.random_uniform((2,), seed=K.stack([key[0], i]))),
        (K.constant(0, dtype="int32"), K.zeros((2,))),
    )
    expected = sum(K.random_uniform((2,), seed=np.asarray([5, i])) for i in range(3))
    np.testing.assert_allclose(K.function([key], [total])([[5, 9]])[0], expected, rtol=1e-6)


def test_gradients_pass_through_what_is_drawn_from_a_seed():
    seed, mean, scale = K.placeholder((2,), dtype="int32"), K.variable([1.0, 2.0]), K.variable([[0.5], [2.0]])
    x = K.random_normal((2, 2), mean, scale, seed=seed)
    slopes = K.function([seed], K.gradients(K.sum(x * x), [mean, scale]))([[1, 2]])
    z = K.random_normal((2, 2), seed=np.asarray([1, 2]))
    x = K.eval(mean) + K.eval(scale) * z
    np.testing.assert_allclose(slopes[0], (2 * x).sum(axis=0), rtol=1e-5)
    np.testing.assert_allclose(slopes[1], (2 * x * z).sum(axis=1, keepdims=True), rtol=1e-5)
    found = K.grad(lambda m: K.sum(K.random_normal((2, 2), m, K.eval(scale), seed=np.asarray([1, 2])) ** 2))(
        K.eval(mean)
    )
    np.testing.assert_allclose(found, slopes[0], rtol=1e-5)


def test_a_scale_of_0_has_the_gradient_of_any_other():
    scale, seed = K.variable([0.0, 0.0]), np.asarray([1, 2])
    (slope,) = K.gradients(K.sum(K.random_normal((2,), 1.0, scale, seed=seed)), [scale])
    np.testing.assert_array_equal(K.eval(slope), K.random_normal((2,), seed=seed))
    (slope,) = K.gradients(K.sum(K.random_uniform((2,), 0.0, scale, seed=seed)), [scale])
    assert np.isfinite(K.eval(slope)).all()


@pytest.mark.parametrize("draw", ["uniform", "normal", "means", "counts", "dropout", "shuffled", "classes"])
def test_jax_traces_the_seed(draw):
    jax = pytest.importorskip("jax")
    draw, words = DRAWS[draw], np.asarray([1, 2], np.uint32)
    expected = draw(words, np.asarray)
    key = jax.random.PRNGKey(1) + jax.numpy.asarray([1, 1], "uint32")  # an array of two words: [1, 2]
    np.testing.assert_array_equal(jax.jit(lambda s: draw(s, jax.numpy.asarray))(key), expected)
    several = jax.vmap(lambda s: draw(s, jax.numpy.asarray))(jax.numpy.asarray([[1, 2], [3, 4]]))
    np.testing.assert_array_equal(several[0], expected)
    with pytest.raises(TypeError, match=r"random_normal: seed is an array of shape .* expected an integer"):
        K.random_normal((2,), seed=jax.random.key(1))


def test_torch_maps_over_seeds():
    torch = pytest.importorskip("torch")
    seeds = torch.asarray([[1, 2], [3, 4]])
    found = torch.func.vmap(lambda s: K.random_normal((3,), seed=s))(seeds)
    np.testing.assert_array_equal(found[1].numpy(), K.random_normal((3,), seed=np.asarray([3, 4])))


@pytest.mark.parametrize(
    ("error", "match", "make"),
    [
        (TypeError, "random_normal: seed is .*float64", lambda: K.random_normal((2,), seed=np.asarray([1.0, 2.0]))),
        (TypeError, "dropout: seed is .*bool", lambda: K.dropout(X, 0.5, seed=np.asarray([True, False]))),
        (ValueError, r"random_gamma: seed has shape \(3,\)", lambda: K.random_gamma((2,), seed=np.arange(3))),
        (
            ValueError,
            "random_beta: seed has shape",
            lambda: K.random_beta((2,), seed=K.placeholder((1,), dtype="int32")),
        ),
        (ValueError, "random_uniform: .*empty", lambda: K.random_uniform((2,), 1.0, 0.0, seed=np.asarray([1, 2]))),
        (TypeError, r"random_uniform: seed is \[1, 2\]", lambda: K.random_uniform((2,), seed=[1, 2])),
        (TypeError, "random_split: seed is 3", lambda: K.random_split(3)),
        (ValueError, "random_split: num is -1", lambda: K.random_split(np.asarray([1, 2]), -1)),
        (ValueError, "random_split: seed has shape", lambda: K.random_split(np.ones((2, 2), int))),
    ],
)
def test_what_is_no_seed_is_refused_by_name(error, match, make):
    with pytest.raises(error, match=match):
        make()


def test_bad_parameters_are_refused_before_a_seed_is_fed():
    with pytest.raises(ValueError, match="truncated_normal: stddev is -1"):
        K.truncated_normal((2,), stddev=-1, seed=K.placeholder((2,), dtype="int32"))
