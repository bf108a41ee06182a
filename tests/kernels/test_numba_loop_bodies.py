"""What bodies of compiled loops are made of: each word beside the plain program, its gradient, its edges."""

import functools

import numpy as np
import pytest

import backend as K
from backend.dispatch.promotion import array_namespace as xp

pytest.importorskip("numba", reason="numba is not installed")

from printed_loops import bodies, both, close, interpret

from backend.kernels.numba import inner_loops, result_shapes

RNG = np.random.default_rng(5)


@pytest.fixture
def interpreted(monkeypatch):
    """Python runs what numba would compile; the texts that it ran."""
    return interpret(monkeypatch)


def drawn(*shape, dtype="float32"):
    return RNG.normal(size=shape).astype(dtype)


def places(x, n=3):
    """Integers from 0 to n - 1 that a step computes."""
    return K.cast(K.abs(x) * 7.3, "int32") % n


def grown(a, axis=0):
    return xp(a).cumulative_sum(a, axis=axis, include_initial=True)


W = drawn(3, 3)
V = drawn(2, 3, 4)
REGULAR = np.eye(3, dtype="float32") * 2.0


def rows_of(x, a):
    """Places of rows of an array."""
    return places(x, 4) % K.shape(a)[0]


def regular(h, x):
    return K.tanh(K.dot(K.transpose(h), x)) + REGULAR


def number(x):
    return K.cast(x, "float32") * 0.1


ARRAYS = {
    "rows by index": lambda h, x: K.gather(h, rows_of(x[:, 0], h)) + x,
    "one row": lambda h, x: K.gather(h, rows_of(x[0, 0], h)),
    "rows for a matrix of indices": lambda h, x: K.sum(K.gather(x, rows_of(x, h)), axis=1),
    "columns by index": lambda h, x: xp(x).take(x, places(h[0]) - 3, axis=1),
    "elements by index": lambda h, x: K.take_along_axis(x, places(h) - 1, axis=1),
    "elements of another row": lambda h, x: K.take_along_axis(x, rows_of(h[:1], x), axis=0),
    "labels": lambda h, x: K.expand_dims(K.sparse_categorical_crossentropy(places(h[:, 0]), K.softmax(x * h))),
    "one hot": lambda h, x: K.one_hot(K.argmax(h + x, axis=-1), 3) * x,
    "places of maxima": lambda h, x: number(K.argmax(h + x, axis=0)),
    "place of the minimum": lambda h, x: number(xp(h).argmin(h * x)),
    "place kept": lambda h, x: number(xp(h).argmax(h * x, axis=1, keepdims=True)),
    "running sum": lambda h, x: K.cumsum(h + x, axis=1) * 0.1,
    "running product": lambda h, x: K.cumprod(h + x, axis=0) * 0.1,
    "running sum and its start": lambda h, x: grown(x + h)[1:] * 0.1 + grown(x, axis=1)[:, :3],
    "sorted": lambda h, x: xp(h).sort(h + x, axis=0) + xp(h).sort(h - x, axis=1, descending=True),
    "order": lambda h, x: number(xp(h).argsort(h - x, axis=1)),
    "largest": lambda h, x: K.top_k(h + x, 1)[0] + number(K.top_k(h - x, 2)[1][:, 1:]),
    "spread": lambda h, x: K.var(h + x, axis=0) + K.std(h - x) + K.var(x * h, axis=1, keepdims=True),
    "any and all": lambda h, x: K.where(K.any(h > x, axis=1, keepdims=True), h, x) + number(K.all(h > x)),
    "any of numbers": lambda h, x: number(K.any(places(x, 2), axis=0)),
    "products": lambda h, x: K.prod(h + x, axis=1, keepdims=True) * 0.1,
    "sums of integers": lambda h, x: number(K.sum(places(h)) + K.prod(places(x, 9), axis=0)),
    "extrema of integers": lambda h, x: number(
        K.max(places(x, 9), axis=0) - K.min(-places(x, 9), axis=1, keepdims=True)
    ),
    "remainders": lambda h, x: h % 0.7 + number((places(x, 9) - 4) % 3 + (places(h, 9) - 4) // 2),
    "bits": lambda h, x: number((places(h, 9) & 5) | (places(x, 9) ^ 3) + ~places(x)),
    "truth": lambda h, x: K.where(K.cast(places(h, 2), "bool"), h, K.cast(K.cast(x, "bool"), "float32")),
    "rolled": lambda h, x: xp(h).roll(x, 1, axis=1) + xp(h).roll(h * x, (3, -1), axis=(1, 0)) * 0.1,
    "rolled flat": lambda h, x: xp(h).roll(x + h, 2) * 0.1,
    "tensordot": lambda h, x: xp(h).tensordot(h, xp(h).tensordot(x, V, axes=((1,), (1,))), axes=((0,), (0,)))[
        :1, 0, :3
    ],
    "contracted": lambda h, x: xp(h).tensordot(h, x),
    "vecdot": lambda h, x: K.expand_dims(xp(h).vecdot(h, x)) * 0.1,
    "solved": lambda h, x: K.transpose(K.solve(regular(h, x), K.transpose(x))) * 0.1,
    "solved for a vector": lambda h, x: K.solve(regular(h, x), x[0]) * 0.1,
    "inverse": lambda h, x: K.dot(x, K.inv(regular(h, x))) * 0.1,
    "shape": lambda h, x: number(K.gather(K.shape(h) + rows_of(x[0], h)[:2] * 0, places(x[0], 2)))[None],
    "cond": lambda h, x: K.cond(K.sum(x) > 0.0371, lambda: K.tanh(K.dot(h, W) + x), lambda: h * 0.5),
    "cond of a number": lambda h, x: K.cond(K.sum(h) > x[0, 0], lambda: K.sum(h) * 0.1, lambda: x[0, 0]),
    "scan": lambda h, x: K.scan(lambda a, r: (K.tanh(a * r + h[0]), a * r), x[0] * 0.1, x, reverse=True)[1],
    "scan of numbers": lambda h, x: K.scan(lambda a, r: (a * 0.5 + r, a), K.sum(h) * 0.1, x[:, 0])[1][:, None],
    "fold": lambda h, x: K.foldl(lambda a, r: K.tanh(a + r * h[0]), K.concatenate([x, x], axis=0)),
    "constants within": lambda h, x: K.foldl(lambda a, r: K.tanh(a + r * W[0] + K.dot(h, W)[0]), K.stack([x[0], h[0]])),
    "cond in scan": lambda h, x: K.scan(
        lambda a, r: (K.cond(K.sum(r) > 0.0371, lambda: K.tanh(a + r * 2.0), lambda: a * 0.5), a), h[0], x
    )[1],
}
LOOPS = {
    "while": lambda h, x: K.while_loop(lambda v: K.sum(K.abs(v)) < 9.03, lambda v: v * 1.5 + x, h, 4),
    "while in cond": lambda h, x: K.cond(
        K.sum(x) > 0.0371, lambda: K.while_loop(lambda v: K.max(v) < 2.03, lambda v: v * 1.5 + 0.1, h, 3), lambda: x
    ),
    "counted while": lambda h, x: K.while_loop(
        lambda v, n: K.logical_and(v < 9.03, n < 6),
        lambda v, n: (v * 1.5 + 0.3, n + 1),
        (K.sum(K.abs(x)), K.zeros((), dtype="int32")),
    )[0],
}
STEPS = {
    name: lambda h, x, step=step: K.tanh(h * 0.5 + x * 0.1 + step(h, x) * 0.5)
    for name, step in (ARRAYS | LOOPS).items()
}


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("name", STEPS)
def test_steps(name, rows, interpreted):
    step = STEPS[name]
    h, xs = K.placeholder((None, 3)), K.placeholder((None, None, 3))
    last, every = K.scan(lambda h, x: (step(h, x), h), h, xs)
    close([h, xs], [last, every], [drawn(rows, 3), drawn(4, rows, 3)])


@pytest.mark.parametrize("name", ARRAYS)
def test_gradients(name, interpreted):
    h, xs = K.placeholder((None, 3)), K.placeholder((None, None, 3))
    last, every = K.scan(lambda h, x: (STEPS[name](h, x), h), h, xs, reverse=True)
    gradients = K.gradients(K.sum(last * last) + K.sum(K.tanh(every)), [h, xs])
    close([h, xs], gradients, [drawn(2, 3), drawn(4, 2, 3)], 2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values(dtype, interpreted):
    """NaN is a maximum and the largest when sorted; an infinity is neither; all of them hold."""
    xs = K.placeholder((None, 2, 4), dtype=dtype)

    def step(h, x):
        found = [K.argmax(x, axis=1), xp(x).argmin(x, axis=0), xp(x).sort(x, axis=1), xp(x).argsort(x, axis=1)]
        found += [
            xp(x).sort(x, descending=True),
            K.top_k(x, 3)[1],
            K.max(x, axis=0),
            K.any(x, axis=0),
            K.all(x, axis=1),
        ]
        found += [K.cast(x, "bool"), x % (h + 0.7), x // (h + 0.7), K.cumsum(x, axis=1), K.prod(x, axis=1)]
        found += [K.all(x, axis=1), K.argmax(x, axis=0), K.cond(x[0, 1], lambda: x, lambda: -x), K.var(x, axis=1)]
        return h * 1.0, [y if y.dtype == "bool" else y + K.cast(h * 0.0, y.dtype) for y in found]

    special = np.asarray([[1.0, np.nan, -np.inf, np.inf], [np.nan, 0.0, -0.0, np.nan]], dtype)
    values = np.stack([special, special[::-1], special[:, ::-1], np.full((2, 4), -np.inf), drawn(2, 4)]).astype(dtype)
    last, every = K.scan(lambda h, x: step(h, x), K.zeros((), dtype=dtype), xs)
    with np.errstate(all="ignore"):
        close([xs], [last, *every], [values])


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.filterwarnings("ignore:overflow encountered")  # the least integer by -1, which wraps
def test_integers_as_numpy_divides_them(dtype, interpreted):
    pairs = K.placeholder((None, 2), dtype=dtype)
    _, every = K.scan(
        lambda n, p: (n + 1, [p[0] // (p[1] + n * 0), p[0] % (p[1] + n * 0), K.abs(p), ~p]),
        K.zeros((), dtype=dtype),
        pairs,
    )
    least = np.iinfo(dtype).min
    close([pairs], every, [np.asarray([(7, 2), (-7, 2), (7, -2), (-7, -2), (0, 3), (least, -1), (least, 2)], dtype)])


class TestRefused:
    """What the definition refuses, or does otherwise: it runs, from the first step."""

    @pytest.mark.parametrize("place", [3, -1, 2**31 - 1, -(2**31)])
    @pytest.mark.parametrize("shape", [(), (2,)])
    def test_an_index_out_of_range(self, place, shape, interpreted):
        table, ids = K.placeholder((3, 2)), K.placeholder((None, *shape), dtype="int32")
        total = K.scan(lambda h, i: (h + K.sum(K.gather(table * h, i)), h), K.ones(()), ids)[0]
        values = [drawn(3, 2), np.asarray([np.full(shape, 1), np.full(shape, place)], "int32")]
        for jit in (True, False):
            with pytest.raises(IndexError, match="gather: an index is out of range for 3 rows"):
                K.function([table, ids], [total], jit=jit)(values)
        assert interpreted

    @pytest.mark.parametrize("place", [3, -4])
    def test_a_place_out_of_range(self, place, interpreted):
        x, ids = K.placeholder((None, 2, 3)), K.placeholder((None, 2, 1), dtype="int32")
        _, every = K.scan(lambda h, r: (h * 0.5, K.take_along_axis(r[0] + h, r[1], axis=1)), K.ones(()), (x, ids))
        f = K.function([x, ids], [every], jit=True)
        values, good = drawn(2, 2, 3), np.asarray([[[0], [2]], [[-1], [-3]]], "int32")
        close([x, ids], [every], [values, good])
        bad = good.copy()
        bad[1, 1] = place
        with pytest.raises(IndexError, match="take_along_axis: an index is out of range"):
            f([values, bad])

    def test_labels_out_of_range(self, interpreted):
        x, ids = K.placeholder((None, 2, 3)), K.placeholder((None, 2), dtype="int32")

        def step(h, r):
            return h + K.sum(K.sparse_categorical_crossentropy(r[1], K.softmax(r[0] * h))), ()

        f = K.function([x, ids], [K.scan(step, K.ones(()), (x, ids))[0]], jit=True)
        with pytest.raises(IndexError, match="outside the classes 0 to 2"):
            f([drawn(1, 2, 3), np.asarray([[0, 3]], "int32")])

    def test_a_singular_matrix(self, interpreted):
        a = K.placeholder((None, 2, 2))
        _, every = K.scan(lambda h, x: (h * 0.5, K.inv(x * h)), K.ones(()), a)
        f = K.function([a], [every], jit=True)
        good = np.asarray([[[0.0, 1.0], [2.0, 0.0]]], "float32")
        np.testing.assert_allclose(f([good])[0], np.linalg.inv(good))
        with pytest.raises(ValueError, match="a matrix is singular"):
            f([np.ones((1, 2, 2), "float32")])

    def test_numbers_that_no_integer_holds(self, interpreted):
        x = K.placeholder((None,))
        _, every = K.scan(
            lambda n, v: (n + 1, K.cast(v * 2.0 + K.cast(n * 0, "float32"), "int32")), K.zeros((), dtype="int32"), x
        )
        close([x], [every], [np.asarray([1.6, -1.6, 0.0, 1e9], "float32")])
        with np.errstate(invalid="ignore"):
            found, wanted, _ = both([x], [every], [np.asarray([1.0, np.nan, 1e30], "float32")])
        np.testing.assert_array_equal(found[0], wanted[0])

    def test_an_inner_loop_that_runs_for_long(self, interpreted, monkeypatch):
        monkeypatch.setattr(inner_loops, "MOST", 5)
        x = K.placeholder((None,))
        ys = K.map_fn(lambda a: K.while_loop(lambda v: v < 9.0, lambda v: v + 1.0, a), x)
        close([x], [ys], [np.asarray([5.0, 7.0, 8.5], "float32")], 1)
        found, wanted, _ = both([x], [ys], [np.asarray([5.0, 0.0], "float32")])
        np.testing.assert_array_equal(found[0], wanted[0])

    def test_an_inner_loop_without_steps(self, interpreted):
        x = K.placeholder((None, None, 2))
        _, every = K.scan(lambda h, r: (h * 0.5, K.foldl(lambda a, b: a * b + h, r, h * 2.0)), K.ones((2,)), x)
        f = K.function([x], [every], jit=True)
        assert f([drawn(3, 0, 2)])[0].tolist() == [[2.0, 2.0], [1.0, 1.0], [0.5, 0.5]]
        assert any("without steps" in str(b.refused) for b in bodies(f.executable))

    def test_rows_too_long_for_insertion(self, interpreted, monkeypatch):
        monkeypatch.setattr(result_shapes, "LONGEST_SORTED", 3)
        monkeypatch.setattr(result_shapes, "MOST_UNKNOWNS", 1)
        for step, why in ((lambda h, x: xp(h).sort(h + x[0]), "to sort"), (lambda h, x: K.inv(x)[0] + h, "LAPACK")):
            h, xs = K.placeholder((4,)), K.placeholder((None, 4, 4))
            f = K.function([h, xs], [K.scan(lambda h, x, step=step: (step(h, x), ()), h, xs)[0]], jit=True)
            f([drawn(4), drawn(2, 4, 4)])
            assert [why in str(b.refused) for b in bodies(f.executable)] == [True]
        assert not interpreted

    def test_branches_of_two_shapes(self, interpreted):
        x = K.placeholder((None, 4))
        _, every = K.scan(lambda h, r: (h + 1.0, K.sum(K.cond(h > 1.0, lambda: r[:2], lambda: r))), K.zeros(()), x)
        found, wanted, executable = both([x], [every], [drawn(3, 4)])
        np.testing.assert_allclose(found[0], wanted[0], rtol=1e-6)
        assert any("differ in shape" in str(b.refused) for b in bodies(executable))


def test_a_body_of_another_dtype_runs_step_by_step(interpreted):
    x = K.placeholder((None, 2), dtype="uint8")
    last = K.scan(lambda h, r: (K.maximum(h, r) - h, ()), K.zeros((2,), dtype="uint8"), x)[0]
    found, wanted, executable = both([x], [last], [np.asarray([[1, 2], [3, 250]], "uint8")])
    np.testing.assert_array_equal(found[0], wanted[0])
    assert [b.refused for b in bodies(executable)] == ["an array of uint8"]


@pytest.mark.slow
class TestCompiled:
    """By numba itself, several words in a body."""

    @pytest.mark.parametrize(
        "names",
        [
            ("rows by index", "elements by index", "labels", "truth", "bits", "remainders"),
            ("places of maxima", "place kept", "sorted", "largest", "running sum", "products", "spread"),
            ("any and all", "any of numbers", "sums of integers", "extrema of integers", "rolled", "contracted"),
            ("solved", "inverse", "cond", "cond of a number"),
            ("scan", "fold", "cond in scan", "while in cond", "counted while"),
        ],
    )
    def test_steps(self, names):
        h, xs = K.placeholder((None, 3)), K.placeholder((None, None, 3))
        last, every = K.scan(lambda h, x: (K.tanh(h + x), [STEPS[n](h, x) for n in names]), h, xs)
        close([h, xs], [last, *every], [drawn(2, 3), drawn(4, 2, 3)])

    @pytest.mark.parametrize("names", [("rows by index", "elements by index"), ("cond", "scan"), ("solved", "sorted")])
    def test_gradients(self, names):
        h, xs = K.placeholder((None, 3)), K.placeholder((None, None, 3))
        step = functools.reduce(lambda f, g: lambda h, x: f(g(h, x), x), [STEPS[n] for n in names])
        last, _ = K.scan(lambda h, x: (step(h, x), ()), h, xs)
        close([h, xs], K.gradients(K.sum(last * last), [h, xs]), [drawn(2, 3), drawn(4, 2, 3)], 2)

    def test_an_index_out_of_range(self):
        table, ids = K.placeholder((3, 2)), K.placeholder((None,), dtype="int64")
        total = K.scan(lambda h, i: (h + K.sum(K.gather(table * h, i)), h), K.ones(()), ids)[0]
        f = K.function([table, ids], [total], jit=True)
        f([drawn(3, 2), np.asarray([0, 2])])
        for place in (3, -1, 2**62, -(2**63)):
            with pytest.raises(IndexError, match="out of range for 3 rows"):
                f([drawn(3, 2), np.asarray([0, place])])
