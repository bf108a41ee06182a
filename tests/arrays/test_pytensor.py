"""PyTensor: its variables in K's operations, and compiled functions of NumPy's arrays on the backend `pytensor`."""

import operator
import subprocess
import sys
from pathlib import Path

import array_api_compat.numpy as numpy_namespace
import numpy as np
import pytest

import backend as K
import conformance
from backend import models
from conformance import errors

pytensor = pytest.importorskip("pytensor", reason="needs pytensor: pip install 'array-api-backend[pytensor]'")
import pytensor.tensor as pt  # noqa: E402 - where it is installed

QUICK = "pytensor:FAST_COMPILE"  # the mode without a compiler of C or Numba
RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 3)).astype("f")


def evaluated(outputs, feeds):
    """The values of variables of PyTensor."""
    return pytensor.function(list(feeds), outputs, mode="FAST_COMPILE", on_unused_input="ignore")(*feeds.values())


def on_both(build, *feeds):
    """What K.function gives on NumPy and on PyTensor, for each list of values."""
    found = []
    for spec in ("numpy", QUICK):
        with K.use_backend(spec):
            np.random.seed(0)
            f = build()
            found.append([f(values) for values in feeds])
    for wanted, got in zip(*found, strict=True):
        for want, one in zip(wanted, got, strict=True):
            assert type(one) is np.ndarray and one.dtype == want.dtype
            np.testing.assert_allclose(one, want, rtol=1e-5, atol=1e-6, strict=True)


# ---- the backend


def test_nothing_of_pytensor_is_imported_by_k():
    code = "import sys, backend as K; K.softmax([1.0]); K.eval(K.zeros(2)); sys.exit('pytensor' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_selector_opens_it_with_a_mode():
    assert {row.name: row.usable for row in K.list_backends()}["pytensor"]
    with pytest.raises(ValueError, match="pytensor has no mode 'nonsense'"):
        K.get_backend("pytensor:nonsense")
    with pytest.raises(ValueError, match="reproducible:pytensor"):
        K.get_backend("reproducible:pytensor")
    with K.use_backend(QUICK):
        assert K.backend() == QUICK and type(K.zeros((2,)).array) is np.ndarray
        assert type(K.softmax(X)) is np.ndarray


def test_functions_update_variables_with_sizes_known_when_they_run():
    def build():
        x, w = K.placeholder((None, 3)), K.variable(np.ones((3, 2)))
        loss = K.mean(K.square(K.softmax(K.dot(x, w) + X[:1, :2])))
        return K.function([x], [loss, w], [(w, w - 0.5 * K.gradients(loss, [w])[0])])

    on_both(build, [X], [X[:1]], [X], [X[:2]])


@pytest.mark.parametrize("shapes", [((3, 4), (3, 4)), ((1, 4), (3, 4)), ((3, 1), (1, 4))])
def test_sizes_that_turn_out_to_be_one_broadcast(shapes):
    def build():
        x, y = K.placeholder((None, None)), K.placeholder((None, None))
        values = [x + y, K.softmax(x), K.max(x, axis=0), K.argmax(x), K.cumsum(x), K.tile(x, (2, 1)), K.shape(x)]
        return K.function([x, y], [*values, *K.gradients(K.sum(x * y * K.softmax(x)), [x, y])])

    on_both(build, [RNG.normal(size=shape).astype("f") for shape in shapes])


def test_loops_and_branches_are_pytensors():
    def scanned():
        x = K.placeholder((None, None, 3))
        carry, outputs = K.scan(lambda c, s: (c * 0.5 + K.sum(s), c + s), K.zeros_like(x[0]), x)
        return K.function([x], [carry, outputs, K.gradients(K.sum(carry) + K.sum(outputs**2), [x])[0]])

    on_both(scanned, *([RNG.normal(size=(n, m, 3)).astype("f")] for n, m in ((4, 2), (1, 1), (0, 2))))

    def chosen():
        x = K.placeholder((None,))
        y = K.cond(K.sum(x) > 0, lambda: K.exp(x), lambda: x * 2)
        return K.function([x], [y, K.gradients(K.sum(y), [x])[0]])

    on_both(chosen, [X[0]], [-np.ones(1, "f")], [np.zeros(0, "f")])

    def repeated():
        x = K.placeholder(())
        root = K.while_loop(lambda r: abs(r * r - x) > 1e-4, lambda r: 0.5 * (r + x / r), K.ones_like(x))
        return K.function([x], [root, K.gradients(root, [x])[0]])

    on_both(repeated, [np.float32(4)], [np.float32(1)])


def test_random_numbers_have_the_same_bits():
    def build():
        x = K.placeholder((None, 4))
        return K.function([x], [K.random_normal((3, 4), seed=3), K.dropout(x, 0.5, seed=5), K.random_uniform((2,))])

    values = []
    for spec in ("numpy", QUICK):
        with K.use_backend(spec):
            np.random.seed(0)
            f = build()
            values.append([f([np.ones((2, 4), "f")]) for _ in range(2)])
    for first, second in zip(*values, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_convolution_pooling_and_cells_are_calls_of_kernels():
    def images():
        x, kernel = K.placeholder((None, 6, 6, 2)), K.placeholder((3, 3, 2, 4))
        y = K.pool2d(K.relu(K.conv2d(x, kernel, padding="same")), (2, 2), strides=(2, 2))
        return K.function([x, kernel], [y, *K.gradients(K.sum(K.square(y)), [x, kernel])])

    kernel = RNG.normal(size=(3, 3, 2, 4)).astype("f")
    on_both(images, *([RNG.normal(size=(n, 6, 6, 2)).astype("f"), kernel] for n in (2, 1, 0)))

    weights = 0.1 * RNG.normal(size=(3, 8))

    def cells():
        x, w, u = K.placeholder((None, 5, 3)), K.variable(weights), K.variable(0.1 * np.ones((2, 8)))
        state = [K.zeros_like(x[:, 0, :2]), K.zeros_like(x[:, 0, :2])]
        _, outputs, _ = K.lstm(x, w, u, initial_states=state)
        return K.function([x], [outputs, *K.gradients(K.sum(outputs), [w, u])])

    on_both(cells, [RNG.normal(size=(2, 5, 3)).astype("f")])


def test_a_model_trains_as_on_numpy():
    found = []
    for spec in ("numpy", QUICK):
        with K.use_backend(spec):
            np.random.seed(0)
            model = models.Sequential([models.Dense(8, activation="relu", input_shape=(3,)), models.Dense(2)])
            model.compile("adam", "mse")
            history = model.fit(X, X[:, :2], epochs=3, batch_size=3, verbose=0, shuffle=False)
            found.append([*history.history["loss"], *(np.sum(w) for w in model.get_weights())])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4)


UNLIKE_REAL_NUMBERS = {
    "0 * x": lambda x, y: [x * 0.0, K.zeros_like(x) * x, K.dot(K.zeros((1, 5)), K.expand_dims(x)), 0.0 / x],
    "x - x": lambda x, y: [x - x, x / x, (x * y) / y, (x + y) - y, (x / y) * y, 1.0 / (1.0 / x)],
    "x == x": lambda x, y: [K.equal(x, x), K.not_equal(x, x), K.less_equal(x, x), K.greater(x, x)],
    "order": lambda x, y: [(x + 1e17) - 1e17, (x * 1e200) * 1e-200, (x * 1e200) * (y * 1e200) * 1e-300],
    "inverse": lambda x, y: [K.log(K.exp(x)), K.exp(K.log(x)), K.sqrt(K.square(x)), K.square(K.sqrt(x))],
    "logarithms": lambda x, y: [K.log(1.0 + x), K.log(K.softmax(x)), K.log(K.sum(K.exp(x))), x**0, x**2],
    "gradients": lambda x, y: [K.gradients(K.sum(0.0 * K.log(x)), [x])[0], K.gradients(K.max(x), [x])[0]],
    "loop": lambda x, y: [K.scan(lambda c, s: (c + (s - s) * 0.0, (s + 1e17) - 1e17), x[4], x)[1]],
    "while": lambda x, y: [K.while_loop(lambda v: K.sum(v) < 9, lambda v: (v + 1.0) + x[4] * 0.0, y * 0.0)],
}  # fmt: skip


@pytest.mark.parametrize("name", UNLIKE_REAL_NUMBERS)
def test_identities_that_floating_point_numbers_lack_rewrite_nothing(name, mode=QUICK):
    feeds = [
        [np.asarray([np.nan, np.inf, -np.inf, -0.0, 3.0]), np.asarray([1.0, 2.0, np.inf, 0.0, 7.0])],
        [np.asarray([0.1, -1e-20, 800.0, -800.0, 30.0]), np.asarray([3.0, 0.7, 0.0, -1.0, 2.0])],
    ]
    found = []
    for spec in ("numpy", mode):
        with K.use_backend(spec):
            x, y = K.placeholder((5,), dtype="float64"), K.placeholder((5,), dtype="float64")
            f = K.function([x, y], UNLIKE_REAL_NUMBERS[name](x, y))
            found.append([value for feed in feeds for value in f(feed)])
    for want, got in zip(*found, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-14, atol=0, strict=True)
        np.testing.assert_array_equal(np.signbit(got[want == 0]), np.signbit(want[want == 0]))


@pytest.mark.slow  # Numba compiles
def test_numba_keeps_what_is_not_a_number_and_the_order():
    test_identities_that_floating_point_numbers_lack_rewrite_nothing("x - x", "pytensor")
    test_identities_that_floating_point_numbers_lack_rewrite_nothing("order", "pytensor")
    test_identities_that_floating_point_numbers_lack_rewrite_nothing("loop", "pytensor")


def test_bodies_of_loops_are_compiled_in_the_mode_of_the_function():
    from pytensor.scan.op import Scan

    seen = []
    with K.use_backend(QUICK):
        x = K.placeholder((None,))
        total = K.scan(lambda c, s: (c + K.scan(lambda d, t: (d + t, d), c, x)[0], s), K.zeros(()), x)[0]
        f = K.function([x], [total])
        with pytest.MonkeyPatch.context() as patch:
            own = Scan.fn.fget
            patch.setattr(Scan, "fn", property(lambda op: (seen.append(op.mode), own(op))[1]))
            np.testing.assert_allclose(f([np.ones(3)])[0], 21)
    assert len({id(mode) for mode in seen}) == 1 and "VMLinker" in type(seen[0].linker).__name__


def test_what_cannot_be_compiled_is_refused_by_name():
    with K.use_backend(QUICK):
        x = K.placeholder((2,))
        f = K.function([x], [K.print_tensor(K.constant([1.0]), "one") + x], name="printing")
        with pytest.raises(ValueError, match=f"printing: {QUICK} cannot run it: print_tensor"):
            f([np.ones(2)])


def test_tensors_are_printed_when_the_function_runs(capsys):
    with K.use_backend(QUICK):
        x = K.placeholder((None,))
        y = K.square(K.print_tensor(2.0 * x, "x ="))
        f = K.function([x], [y, K.gradients(K.sum(y), [x])[0]])
        for value in (1.0, 2.0):
            found, slope = f([np.full(2, value, "f")])
            np.testing.assert_array_equal([found, slope], [[4 * value**2] * 2, [8 * value] * 2])
    assert capsys.readouterr().out == "x = [2. 2.]\nx = [4. 4.]\n"


# ---- variables of PyTensor


def test_operations_on_variables_add_to_pytensors_graph():
    x = pt.matrix("x")
    y = K.softmax(x)
    assert isinstance(y, pt.TensorVariable) and y.type.shape == (None, None)
    assert K.softmax(pt.tensor("r", shape=(None, 3), dtype="float32")).type == pt.TensorType("float32", (None, 3))
    assert K.int_shape(pt.tensor("r", shape=(None, 3))) == (None, 3) and K.ndim(x) == 2
    values = X.astype("float64")
    loss = K.sum(K.square(y))
    found, slope = evaluated([y, pt.grad(loss, x)], {x: values})
    np.testing.assert_allclose(found, K.softmax(values))
    np.testing.assert_allclose(slope, K.grad(lambda v: K.sum(K.square(K.softmax(v))))(values), atol=1e-12)


def test_lists_constants_and_shared_variables_may_be_among_the_arguments():
    x = pt.fmatrix("x")
    joined, product, total = K.concatenate([x, X], axis=0), K.dot(x, X.T), K.sum(pytensor.shared(X))
    found = evaluated([joined, product, total], {x: X})
    for got, want in zip(found, (np.concatenate([X, X]), X @ X.T, X.sum()), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5)


def test_convolution_of_images_of_unknown_size():
    x = pt.ftensor4("x")
    images, kernel = RNG.normal(size=(2, 5, 5, 3)).astype("f"), RNG.normal(size=(3, 3, 3, 2)).astype("f")
    y = K.pool2d(K.conv2d(x, kernel, padding="same"), (2, 2))
    (found,) = evaluated([y], {x: images})
    np.testing.assert_allclose(found, K.pool2d(K.conv2d(images, kernel, padding="same"), (2, 2)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: K.dot(x, K.ones((2, 2))), "beside a variable of PyTensor"),
        (lambda x: K.dropout(x, 0.5), "dropout: it draws random numbers"),
        (lambda x: K.dot(pt.ones((2, 3)), pt.ones((2, 3))), "dot: shapes"),
        (lambda x: K.variable(x), "has values only in its functions"),
        (lambda x: K.function([K.placeholder((2, 2))], [K.ones((2, 2))])([x]), "has values only in its functions"),
    ],
)
def test_what_variables_cannot_be_used_for_is_refused(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call(pt.matrix("x"))


def test_the_namespace_has_the_standards_functions():
    xp = K.namespace(pt.matrix("x"))
    values = RNG.normal(size=(3, 3))
    x = pt.matrix("x")
    spd = values @ values.T + np.eye(3)
    calls = {
        "linalg.inv": spd, "linalg.det": spd, "linalg.cholesky": spd, "linalg.eigvalsh": spd, "linalg.svdvals": spd,
        "fft.rfft": values, "fft.fftn": values, "sort": values, "argsort": values, "argmin": values, "signbit": values,
        "cumulative_prod": values[0], "std": values, "logaddexp": (values, -values), "hypot": (values, values),
        "tril": values, "flip": values, "roll": (values, 1), "matrix_transpose": values, "linalg.vector_norm": values,
        "copysign": (values, -values), "isfinite": values, "count_nonzero": values, "trunc": values, "round": values,
    }  # fmt: skip
    for name, given in calls.items():
        first, *rest = given if isinstance(given, tuple) else (given,)
        x = pt.tensor("x", shape=(None,) * first.ndim)
        how = {"axis": 0} if name.startswith("cumulative") else {}
        (found,) = evaluated([operator.attrgetter(name)(xp)(x, *rest, **how)], {x: first})
        np.testing.assert_allclose(found, operator.attrgetter(name)(numpy_namespace)(first, *rest, **how), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda xp, z: xp.round(5 * z), [2 + 2j, 0, -15 - 20j]),
        (lambda xp, z: xp.sign(z), [0.6 + 0.8j, 0, -0.6 - 0.8j]),
        (lambda xp, z: xp.linspace(z[1], 2.0, 3), [0j, 1, 2]),
        (lambda xp, z: xp.linalg.pinv(xp.eye(2) * xp.asarray([4.0, 1.0]), rtol=xp.abs(z[0])), [[0.25, 0], [0, 0]]),
        (lambda xp, z: xp.linalg.matrix_rank(xp.eye(2), rtol=xp.abs(z[1])), 2),
    ],
)
def test_complex_numbers_and_tolerances_that_are_computed(call, expected):
    z = pt.zvector("z")
    (found,) = evaluated([call(K.namespace(z), z)], {z: np.asarray([0.3 + 0.4j, 0, -3 - 4j])})
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_single_array_is_joined_along_an_axis_that_it_has():
    with pytest.raises(IndexError):
        K.namespace(pt.vector("x")).concat([pt.vector("x")], axis=2)


def test_the_standard_is_numpys_to_keep():
    with pytest.raises(errors.UsageError, match="its arrays and functions are NumPy's"):
        conformance.run([QUICK], only="xp.exp")


@pytest.mark.slow
def test_the_example_of_theanos_days_runs(monkeypatch):
    pytest.importorskip("sklearn", reason="the example's digits are scikit-learn's")
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "examples"))
    import theano_logistic

    errors, costs = theano_logistic.main("numpy")
    again, same = theano_logistic.main(QUICK)
    assert errors == again < 0.06
    np.testing.assert_allclose(same, costs, rtol=1e-4)
    assert costs[-1] < 0.4 * costs[0]
