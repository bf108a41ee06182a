"""Weights of samples, time steps and classes: what they do to losses, and what is wrong with them."""

import numpy as np
import pytest

import backend as K
from backend.models import GRU, Dense, Input, Model, Sequential


def floats(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def small(**given):
    model = Sequential([Dense(3, activation="softmax", input_dim=2)])
    model.compile(K.optimizers.Adam(0.05), "categorical_crossentropy", **given)
    return model


X, LABELS = floats(8, 2), np.arange(8) % 3
Y = np.eye(3)[LABELS]


@pytest.mark.parametrize("library", ["numpy", "torch", "array_api_strict"])
def test_the_loss_is_the_mean_of_weighted_values(library):
    with K.use_backend(library):
        model, weights = small(), np.linspace(0.0, 3.0, 8)
        values = -np.log(model.predict(X)[np.arange(8), LABELS])
        assert model.test_on_batch(X, Y, weights) == pytest.approx(np.mean(values * weights), rel=1e-5)
        assert model.test_on_batch(X, Y) == pytest.approx(np.mean(values), rel=1e-5)
        assert model.train_on_batch(X, Y, class_weight={0: 0.5, 1: 2.0, 2: 0.0}) == pytest.approx(
            np.mean(values * np.asarray([0.5, 2.0, 0.0])[LABELS]), rel=1e-5
        )


def test_a_sample_without_weight_does_not_count():
    first, second = small(), small()
    second.set_weights(first.get_weights())
    keep = np.asarray([1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0])
    for _ in range(5):
        first.train_on_batch(X, Y, keep * 8 / keep.sum())
        second.train_on_batch(X[keep == 1], Y[keep == 1])
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_the_state_of_the_optimizer_goes_on_when_weights_come():
    model, other = small(), small()
    other.set_weights(model.get_weights())
    ones = np.ones(8)
    for step in range(4):
        model.train_on_batch(X, Y, None if step < 2 else ones)
        other.train_on_batch(X, Y)
    assert int(K.get_value(model.optimizer.iterations)) == 4
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_weights_of_time_steps():
    model = Sequential([GRU(3, return_sequences=True, input_shape=(4, 2)), Dense(1)])
    model.compile("sgd", "mse")
    x, y, weights = floats(5, 4, 2), floats(5, 4, 1), np.abs(floats(5, 4))
    values = (model.predict(x) - y)[..., 0] ** 2
    assert model.test_on_batch(x, y, weights) == pytest.approx(np.mean(values * weights), rel=1e-5)
    assert model.test_on_batch(x, y, weights[:, 0]) == pytest.approx(np.mean(values * weights[:, :1]), rel=1e-5)
    assert np.isfinite(model.fit(x, y, sample_weight=weights, verbose=0).history["loss"][0])


def test_several_outputs():
    x = Input((2,))
    model = Model(x, [Dense(3, activation="softmax", name="kind")(x), Dense(1, name="size")(x)])
    model.compile("sgd", ["categorical_crossentropy", "mse"])
    weights, sizes = np.linspace(0.0, 1.0, 8), floats(8)
    p, v = model.predict(X)
    kind, size = -np.log(p[np.arange(8), LABELS]), (v[:, 0] - sizes) ** 2
    found = model.test_on_batch(X, [Y, sizes], {"size": weights})
    assert found[1:] == pytest.approx([np.mean(kind), np.mean(size * weights)], rel=1e-5)
    found = model.test_on_batch(X, [Y, sizes], [weights, None])
    assert found[1:] == pytest.approx([np.mean(kind * weights), np.mean(size)], rel=1e-5)
    found = model.train_on_batch(X, [Y, sizes], class_weight={"kind": {0: 1.0, 1: 3.0, 2: 1.0}})
    assert found[1] == pytest.approx(np.mean(kind * np.asarray([1.0, 3.0, 1.0])[LABELS]), rel=1e-5)


def test_weighted_metrics_beside_others():
    model, weights = small(metrics=["accuracy"], weighted_metrics=["accuracy"]), np.linspace(0.0, 1.0, 8)
    assert model.metrics_names == ["loss", "accuracy", "weighted_accuracy"]
    right = model.predict(X).argmax(-1) == LABELS
    _, plain, by_weight = model.evaluate(X, Y, batch_size=3, verbose=0, sample_weight=weights)
    assert plain == pytest.approx(np.mean(right)) and by_weight == pytest.approx(np.average(right, weights=weights))


def test_validation_keeps_its_weights():
    model, weights = small(), np.linspace(0.5, 3.0, 8)
    history = model.fit(X, Y, epochs=1, verbose=0, validation_data=(X, Y, weights)).history
    values = -np.log(model.predict(X)[np.arange(8), LABELS])
    assert history["val_loss"][0] == pytest.approx(np.mean(values * weights), rel=1e-5)


@pytest.mark.parametrize(
    ("error", "message", "how"),
    [
        (
            ValueError,
            r"fit: sample_weight of output 'dense_1' has shape \(5,\), expected \(8,\)",
            {"sample_weight": np.ones(5)},
        ),
        (ValueError, r"has no weight for class 2; it has 0, 1", {"class_weight": {0: 1.0, 1: 1.0}}),
        (TypeError, "fit: class_weight is list, expected a dictionary", {"class_weight": [1.0, 1.0, 1.0]}),
        (ValueError, "fit: sample_weight names 'top', the outputs are dense_1", {"sample_weight": {"top": np.ones(8)}}),
        (ValueError, r"fit: validation_data is .*, expected \(x, y\)", {"validation_data": 3}),
    ],
)
def test_errors(error, message, how):
    model = small()
    before = model.get_weights()
    with pytest.raises(error, match=message):
        model.fit(X, Y, verbose=0, **how)
    assert all(map(np.array_equal, model.get_weights(), before))
