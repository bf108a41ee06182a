"""Each optimizer against its formula in plain NumPy, over several steps, on two libraries."""

import numpy as np
import pytest

import backend as K
from backend import optimizers
from backend.arrays.backends import use_backend

STEPS = 5
EPSILON = 1e-7
START = [np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]]), np.array([0.5, -0.5, 2.0])]
TARGET = [np.array([[0.0, 1.0, 0.5], [-1.0, 2.0, 0.0]]), np.array([1.0, 1.0, -1.0])]
SCALES = [3.0, 0.2]  # of the two losses, so that the common norm differs from each one's own


def gradients_of(params):
    """The gradients of sum(scale * (p - target)**4 / 4) over both parameters."""
    return [s * (p - t) ** 3 for p, t, s in zip(params, TARGET, SCALES, strict=True)]


def trained(optimizer, library, constraint=None, steps=STEPS):
    """The parameters after some steps, and what the optimizer's state then is."""
    with use_backend(library):
        params = [K.variable(p, "float64", constraint=constraint) for p in START]
        loss = sum(s * K.sum((p - t) ** 4) / 4.0 for p, t, s in zip(params, TARGET, SCALES, strict=True))
        train = K.function([], [loss], updates=optimizer.get_updates(loss, params))
        losses = [float(train([])[0]) for _ in range(steps)]
    assert losses[-1] < losses[0]
    return [K.get_value(p) for p in params], optimizer.get_weights()


def run(step, steps=STEPS, clip=lambda gs: gs):
    """The same by a plain function step(t, p, g, state) -> p, t counting from 0; state is a dict per parameter."""
    params, states = [p.copy() for p in START], [{} for _ in START]
    for t in range(steps):
        params = [step(t, p, g, state) for p, g, state in zip(params, clip(gradients_of(params)), states, strict=True)]
    return params


def sgd(t, p, g, s, lr=0.01, momentum=0.0, nesterov=False, decay=0.0):
    lr = lr / (1.0 + decay * t)
    v = s["v"] = momentum * s.get("v", 0.0) - lr * g
    return p + momentum * v - lr * g if nesterov else p + v


def adagrad(t, p, g, s, lr=0.01):
    a = s["a"] = s.get("a", 0.0) + g * g
    return p - lr * g / (np.sqrt(a) + EPSILON)


def rmsprop(t, p, g, s, lr=0.001, rho=0.9, decay=0.0, epsilon=EPSILON):
    a = s["a"] = rho * s.get("a", 0.0) + (1.0 - rho) * g * g
    return p - lr / (1.0 + decay * t) * g / (np.sqrt(a) + epsilon)


def adadelta(t, p, g, s, lr=1.0, rho=0.95):
    a = s["a"] = rho * s.get("a", 0.0) + (1.0 - rho) * g * g
    step = g * np.sqrt(s.get("d", 0.0) + EPSILON) / np.sqrt(a + EPSILON)
    s["d"] = rho * s.get("d", 0.0) + (1.0 - rho) * step * step
    return p - lr * step


def adam(t, p, g, s, lr=0.001, b1=0.9, b2=0.999, decay=0.0, amsgrad=False):
    m = s["m"] = b1 * s.get("m", 0.0) + (1.0 - b1) * g
    v = s["v"] = b2 * s.get("v", 0.0) + (1.0 - b2) * g * g
    if amsgrad:
        v = s["h"] = np.maximum(s.get("h", 0.0), v)
    rate = lr / (1.0 + decay * t) * np.sqrt(1.0 - b2 ** (t + 1)) / (1.0 - b1 ** (t + 1))
    return p - rate * m / (np.sqrt(v) + EPSILON)


def adamax(t, p, g, s, lr=0.002, b1=0.9, b2=0.999):
    m = s["m"] = b1 * s.get("m", 0.0) + (1.0 - b1) * g
    u = s["u"] = np.maximum(b2 * s.get("u", 0.0), np.abs(g))
    return p - lr / (1.0 - b1 ** (t + 1)) * m / (u + EPSILON)


def nadam(t, p, g, s, lr=0.002, b1=0.9, b2=0.999, schedule_decay=0.004):
    now, after = (b1 * (1.0 - 0.5 * 0.96 ** (i * schedule_decay)) for i in (t + 1, t + 2))
    schedule = s["c"] = s.get("c", 1.0) * now
    m = s["m"] = b1 * s.get("m", 0.0) + (1.0 - b1) * g
    v = s["v"] = b2 * s.get("v", 0.0) + (1.0 - b2) * g * g
    bar = (1.0 - now) * g / (1.0 - schedule) + after * m / (1.0 - schedule * after)
    return p - lr * bar / (np.sqrt(v / (1.0 - b2 ** (t + 1))) + EPSILON)


CASES = [
    ("SGD", {}, sgd, {}),
    ("SGD", {"lr": 0.02, "decay": 0.5}, sgd, {"lr": 0.02, "decay": 0.5}),
    ("SGD", {"momentum": 0.9}, sgd, {"momentum": 0.9}),
    (
        "SGD",
        {"learning_rate": 0.02, "momentum": 0.5, "nesterov": True, "decay": 0.1},
        sgd,
        {"lr": 0.02, "momentum": 0.5, "nesterov": True, "decay": 0.1},
    ),
    ("Adagrad", {"lr": 0.1}, adagrad, {"lr": 0.1}),
    ("RMSprop", {}, rmsprop, {}),
    ("RMSprop", {"rho": 0.5, "decay": 0.1, "epsilon": 0.01}, rmsprop, {"rho": 0.5, "decay": 0.1, "epsilon": 0.01}),
    ("Adadelta", {}, adadelta, {}),
    ("Adam", {}, adam, {}),
    (
        "Adam",
        {"lr": 0.1, "beta_1": 0.5, "beta_2": 0.6, "decay": 0.2},
        adam,
        {"lr": 0.1, "b1": 0.5, "b2": 0.6, "decay": 0.2},
    ),
    ("Adam", {"lr": 0.3, "beta_2": 0.3, "amsgrad": True}, adam, {"lr": 0.3, "b2": 0.3, "amsgrad": True}),
    ("Adamax", {}, adamax, {}),
    ("Nadam", {}, nadam, {}),
    ("Nadam", {"lr": 0.1, "schedule_decay": 0.1}, nadam, {"lr": 0.1, "schedule_decay": 0.1}),
]


@pytest.fixture(autouse=True)
def double():
    """Hyper-parameters in float64, so that formulas agree to its precision."""
    before = K.floatx()
    K.set_floatx("float64")
    yield
    K.set_floatx(before)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize(("name", "arguments", "formula", "plain"), CASES)
def test_formula(name, arguments, formula, plain, library):
    with use_backend(library):
        optimizer = getattr(optimizers, name)(**arguments)
    params, weights = trained(optimizer, library)
    expected = run(lambda t, p, g, s: formula(t, p, g, s, **plain))
    for found, wanted in zip(params, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)
    assert weights[0] == STEPS and weights[0].dtype == np.int64


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_clipnorm_scales_all_gradients_by_one_factor(library):
    def clip(gs):
        norm = np.sqrt(sum(np.sum(g * g) for g in gs))
        return [g * 2.0 / norm if norm >= 2.0 else g for g in gs]

    params, _ = trained(optimizers.SGD(lr=0.1, clipnorm=2.0), library)
    for found, wanted in zip(params, run(lambda t, p, g, s: sgd(t, p, g, s, 0.1), clip=clip), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_clipnorm_above_the_norm_changes_nothing():
    free, _ = trained(optimizers.SGD(), "numpy")
    bounded, _ = trained(optimizers.SGD(clipnorm=1e6), "numpy")
    for found, wanted in zip(bounded, free, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_clipnorm_of_gradients_that_are_all_zero():
    w = K.variable(np.zeros(3))
    updates = optimizers.SGD(clipnorm=1.0).get_updates(K.sum(w * 0.0), [w])
    K.function([], [], updates)([])
    np.testing.assert_array_equal(K.get_value(w), np.zeros(3))


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_clipvalue_keeps_each_element_within_bounds(library):
    params, _ = trained(optimizers.SGD(lr=0.1, clipvalue=0.3), library)
    expected = run(lambda t, p, g, s: sgd(t, p, g, s, 0.1), clip=lambda gs: [np.clip(g, -0.3, 0.3) for g in gs])
    for found, wanted in zip(params, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_constraint_is_applied_to_the_new_value():
    params, _ = trained(optimizers.SGD(lr=0.05), "numpy", constraint=lambda w: K.maximum(w, 0.0))
    expected = run(lambda t, p, g, s: np.maximum(sgd(t, p, g, s, 0.05), 0.0))
    for found, wanted in zip(params, expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
        assert found.min() >= 0.0


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "RMSprop", "Adadelta", "Adam", "Adamax", "Nadam"])
def test_state_carries_over(name):
    """Training on from a saved state is the same as not having stopped."""
    whole, _ = trained(getattr(optimizers, name)(), "numpy", steps=4)
    first = getattr(optimizers, name)()
    params = [K.variable(p, "float64") for p in START]
    loss = sum(s * K.sum((p - t) ** 4) / 4.0 for p, t, s in zip(params, TARGET, SCALES, strict=True))
    train = K.function([], [loss], first.get_updates(loss, params))
    train([]), train([])
    second = getattr(optimizers, name).from_config(first.get_config())
    train = K.function([], [loss], second.get_updates(loss, params))
    second.set_weights(first.get_weights())
    train([]), train([])
    for p, wanted in zip(params, whole, strict=True):
        np.testing.assert_allclose(K.get_value(p), wanted, rtol=1e-14)


def test_set_weights_refuses_another_number_and_other_shapes():
    optimizer = optimizers.SGD()
    w = K.variable(np.ones(3))
    optimizer.get_updates(K.sum(w), [w])
    with pytest.raises(ValueError, match="got 1 arrays, SGD has 2"):
        optimizer.set_weights([np.zeros(())])
    with pytest.raises(ValueError, match="shape"):
        optimizer.set_weights([np.zeros(()), np.zeros(4)])


def test_learning_rate_changes_compiled_functions():
    optimizer = optimizers.SGD(learning_rate=0.5)
    w = K.variable(np.ones(2))
    train = K.function([], [], optimizer.get_updates(K.sum(w), [w]))
    train([])
    K.set_value(optimizer.lr, 0.25)
    train([])
    assert K.get_value(w).tolist() == [0.25, 0.25]
    optimizer.lr = 0.125
    train([])
    assert K.get_value(w).tolist() == [0.125, 0.125]
    assert optimizer.get_config()["learning_rate"] == 0.125


def test_config_holds_the_arguments():
    found = optimizers.Adam(lr=0.5, amsgrad=True, decay=0.25, clipnorm=1.0).get_config()
    assert found == {
        "learning_rate": 0.5,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "amsgrad": True,
        "epsilon": 1e-7,
        "decay": 0.25,
        "clipnorm": 1.0,
    }
    assert optimizers.Adam(0.5, 0.6, 0.7, True).get_config()["amsgrad"] is True
    assert optimizers.RMSprop(epsilon=None).epsilon == K.epsilon()


@pytest.mark.parametrize("value", [np.nan, np.inf, "a", None, [1.0, 2.0], 1j])
@pytest.mark.parametrize(
    ("kind", "name"),
    [("SGD", "learning_rate"), ("SGD", "momentum"), ("SGD", "clipnorm"), ("Adam", "beta_1"), ("Adam", "epsilon")],
)
def test_hyper_parameters_are_finite_numbers(kind, name, value):
    if value is None and name in ("clipnorm", "epsilon"):
        return
    with pytest.raises(ValueError if isinstance(value, float) else TypeError, match=f"{kind}: {name} is "):
        getattr(K.optimizers, kind)(**{name: value})


def test_hyper_parameters_may_be_variables_and_arrays():
    for value in (K.variable(0.25), np.float32(0.25), np.array(0.25), K.constant(0.25)):
        assert K.get_value(K.optimizers.SGD(value).lr) == 0.25


def test_unknown_keyword_is_refused():
    with pytest.raises(TypeError, match="SGD: unexpected keyword argument 'rate'"):
        optimizers.SGD(rate=0.1)


def test_a_parameter_without_gradient_is_named():
    w, lonely = K.variable(np.ones(2)), K.variable(np.ones(3), name="lonely")
    with pytest.raises(ValueError, match="lonely"):
        optimizers.SGD().get_updates(K.sum(w), [w, lonely])


def test_hyper_parameters_follow_the_parameters():
    """An optimizer made before a library was chosen trains parameters on any."""
    optimizer = optimizers.Adam()
    params, weights = trained(optimizer, "torch")
    assert optimizer.lr.backend.name == "torch" and len(weights) == 5
    np.testing.assert_allclose(params[1], run(adam)[1], rtol=1e-12)


def test_half_precision_parameters_keep_their_dtype():
    w = K.variable(np.ones(3), "float16")
    optimizer = optimizers.Adam(lr=0.1)
    K.function([], [], optimizer.get_updates(K.sum(w * w), [w]))([])
    np.testing.assert_allclose(K.get_value(w), np.full(3, 0.9), rtol=1e-3)
    assert K.get_value(w).dtype == np.float16


def test_iterations_are_int32_where_there_is_no_more():
    jax = pytest.importorskip("jax")
    assert not jax.config.jax_enable_x64
    K.set_floatx("float32")
    with use_backend("jax"):
        w = K.variable(np.ones(2), "float32")
        optimizer = optimizers.SGD(lr=0.5)
        K.function([], [], optimizer.get_updates(K.sum(w), [w]))([])
    assert optimizer.get_weights()[0].dtype == np.int32
    np.testing.assert_array_equal(K.get_value(w), [0.5, 0.5])
