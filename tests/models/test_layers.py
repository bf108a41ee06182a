"""Layers, initializers and losses of the models package, each against a few lines of NumPy that say what it means."""

from __future__ import annotations

import numpy as np
import pytest

import backend as K
from backend.models import (
    LSTM,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    MaxPooling2D,
    Model,
    Multiply,
    Reshape,
    Sequential,
)
from backend.models.initializers import INITIALIZERS, initializer
from backend.models.losses import LOSSES


def floats(*shape):
    return np.random.normal(size=shape).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def loop_lstm(x, present, kernel, recurrent, bias):
    """The equations of an LSTM, one step after the other; every h."""
    h = c = np.zeros((len(x), len(recurrent)))
    rows = []
    for t in range(x.shape[1]):
        i, f, new, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=1)
        after = sigmoid(f) * c + sigmoid(i) * np.tanh(new)
        shown = sigmoid(o) * np.tanh(after)
        c, h = np.where(present[:, t, None], after, c), np.where(present[:, t, None], shown, h)
        rows.append(h)
    return np.stack(rows, axis=1), c


@pytest.mark.parametrize("unroll", [False, True])
def test_lstm_runs_its_equations(unroll):
    tokens = np.array([[1, 2, 0, 3, 0], [4, 0, 0, 0, 0], [1, 1, 2, 3, 4]])
    x = Input((5,), dtype="int32")
    outputs = LSTM(3, return_sequences=True, return_state=True, unroll=unroll)(Embedding(5, 2, mask_zero=True)(x))
    model = Model(x, outputs)
    vectors, *weights = model.get_weights()
    assert [w.shape for w in weights] == [(2, 12), (3, 12), (12,)]
    np.testing.assert_array_equal(weights[2], [0] * 3 + [1] * 3 + [0] * 6)
    whole, cell = loop_lstm(vectors[tokens], tokens != 0, *weights)
    found, h, c = model.predict(tokens)
    np.testing.assert_allclose(found, whole, atol=1e-6)
    np.testing.assert_allclose(h, whole[:, -1], atol=1e-6)
    np.testing.assert_allclose(c, cell, atol=1e-6)


def test_lstm_goes_on_from_given_states_and_runs_backwards():
    x, h, c = Input((None, 2)), Input((3,)), Input((3,))
    forward, backward = LSTM(3, return_state=True), LSTM(3, go_backwards=True)
    model = Model([x, h, c], [*forward([x, h, c]), *forward(x), backward(x)])
    data = floats(2, 6, 2)
    zeros = np.zeros((2, 3))
    *_, whole_h, whole_c, reversed_h = model.predict([data, zeros, zeros])
    _, half_h, half_c, *_ = model.predict([data[:, :3], zeros, zeros])
    _, h2, c2, *_ = model.predict([data[:, 3:], half_h, half_c])
    np.testing.assert_allclose([h2, c2], [whole_h, whole_c], atol=1e-6)
    expected, _ = loop_lstm(data[:, ::-1], np.ones((2, 6), bool), *backward.get_weights())
    np.testing.assert_allclose(reversed_h, expected[:, -1], atol=1e-6)


def test_masked_steps_count_for_nothing_in_loss_and_metrics():
    model = Sequential([Embedding(4, 2, mask_zero=True), LSTM(2, return_sequences=True), Dense(1)])
    model.compile("sgd", "mse", metrics=["mse"])
    x = np.array([[1, 2, 0], [3, 0, 0]])
    errors = model.predict(x)[..., 0] ** 2 * (x != 0)
    found = model.evaluate(x, np.zeros((2, 3, 1)), verbose=0)
    # Keras 2.3.1 divides the loss by all steps, and a metric by those present
    assert found == pytest.approx([errors.sum() / 6, errors.sum() / 3], rel=1e-5)
    with pytest.raises(TypeError, match="flatten_1: time steps of the input are masked"):
        model.add(Flatten())


def test_batch_normalization_has_two_phases():
    x = 3.0 * floats(64, 5, 2) + 7.0
    layer = BatchNormalization(momentum=0.8)
    model = Sequential([layer])
    model.compile("sgd", "mse")
    np.testing.assert_allclose(model.predict(x), x / np.sqrt(1.001), rtol=1e-5)
    layer.set_weights([np.array([2.0, 1.0]), np.array([0.5, 0.0]), np.zeros(2), np.ones(2)])
    training = K.function([model.input, K.learning_phase()], [model.output])
    mean, variance = x.mean((0, 1)), x.var((0, 1))
    normal = (x - mean) / np.sqrt(variance + 1e-3) * [2.0, 1.0] + [0.5, 0.0]
    np.testing.assert_allclose(training([x, 1])[0], normal, atol=1e-4)
    K.set_value(model.optimizer.lr, 0.0)
    model.train_on_batch(x, x)
    n = 64 * 5
    np.testing.assert_allclose(layer.get_weights()[2], 0.2 * mean, rtol=1e-5)
    np.testing.assert_allclose(layer.get_weights()[3], 0.8 + 0.2 * variance * n / (n - 1.001), rtol=1e-5)
    model.fit(x, x, epochs=40, batch_size=64, verbose=0)
    np.testing.assert_allclose(layer.get_weights()[2], mean, rtol=1e-3)
    np.testing.assert_allclose(layer.get_weights()[3], variance, rtol=1e-2)
    np.testing.assert_allclose(model.predict(x), normal, atol=0.05)


def test_dropout_keeps_the_mean_and_only_while_training():
    x = Input((1000,))
    dropped = K.function([x, K.learning_phase()], [Dropout(0.25, seed=3)(x)])
    ones = np.ones((10, 1000))
    np.testing.assert_array_equal(dropped([ones, 0])[0], ones)
    found = dropped([ones, 1])[0]
    assert set(np.unique(found)) == {np.float32(0), np.float32(4 / 3)} and found.mean() == pytest.approx(1, abs=0.02)


def test_image_layers():
    image = floats(2, 5, 6, 3)
    x = Input((5, 6, 3))
    conv = Conv2D(4, (2, 3), strides=2, activation="relu", bias_initializer="ones")
    y = conv(x)
    assert conv.output_shape == (None, 2, 2, 4)
    outputs = [
        y,
        MaxPooling2D((2, 3))(x),
        AveragePooling2D(2, strides=1)(x),
        GlobalAveragePooling2D()(x),
        Flatten()(x),
        Reshape((6, -1))(x),
    ]
    found = Model(x, outputs).predict(image)
    kernel, bias = conv.get_weights()
    windows = np.stack([np.stack([image[:, i : i + 2, j : j + 3] for j in (0, 2)], 1) for i in (0, 2)], 1)
    expected = np.maximum(np.einsum("bijhwc,hwcf->bijf", windows, kernel) + bias, 0)
    np.testing.assert_allclose(found[0], expected, atol=1e-5)
    np.testing.assert_array_equal(found[1], image[:, :4].reshape(2, 2, 2, 2, 3, 3).max((2, 4)))
    shifted = [image[:, i : i + 4, j : j + 5] for i in (0, 1) for j in (0, 1)]
    np.testing.assert_allclose(found[2], np.mean(shifted, 0), atol=1e-6)
    np.testing.assert_allclose(found[3], image.mean((1, 2)), atol=1e-6)
    np.testing.assert_array_equal(found[4], image.reshape(2, -1))
    np.testing.assert_array_equal(found[5], image.reshape(2, 6, 15))
    first = Input((3, 5, 6))
    turned = Conv2D(4, (2, 3), strides=2, data_format="channels_first", activation="relu", bias_initializer="ones")
    model = Model(first, [turned(first), Flatten(data_format="channels_first")(first)])
    turned.set_weights([kernel, bias])
    other, flat = model.predict(image.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(other.transpose(0, 2, 3, 1), found[0], atol=1e-5)
    np.testing.assert_array_equal(flat, image.reshape(2, -1))


def test_merging_layers():
    x, y = Input((2, 3)), Input((2, 3))
    a, b = floats(4, 2, 3), floats(4, 2, 3)
    model = Model([x, y], [layer([x, y]) for layer in (Add(), Multiply(), Concatenate(axis=1))])
    total, product, both = model.predict([a, b])
    np.testing.assert_array_equal(total, a + b)
    np.testing.assert_array_equal(product, a * b)
    np.testing.assert_array_equal(both, np.concatenate([a, b], 1))


def test_initializers():
    for name in INITIALIZERS.keys() - {"identity"}:
        assert K.get_value(initializer(name)((3, 3, 4, 8))).shape == (3, 3, 4, 8), name
    limit = np.sqrt(6 / (60 * 9 + 40 * 9))
    glorot = K.get_value(initializer("glorot_uniform")((3, 3, 60, 40)))
    assert np.abs(glorot).max() <= limit and glorot.std() == pytest.approx(limit / np.sqrt(3), rel=0.02)
    he = K.get_value(initializer("he_normal")((200, 300)))
    assert he.std() == pytest.approx(np.sqrt(2 / 200), rel=0.02) and np.abs(he).max() <= 2 * np.sqrt(2 / 200) / 0.8796
    for shape in ((6, 4), (4, 6), (2, 3, 4)):
        flat = initializer("orthogonal")(shape).reshape(-1, shape[-1])
        gram = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
        np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-6)
    np.testing.assert_array_equal(initializer("identity")((2, 3)), np.eye(2, 3))


def test_losses():
    y, p = np.array([[1.0, 0, 0], [0.2, 0.3, 0.5]]), np.array([[0.7, 0.2, 0.1], [0.5, 0.25, 0.25]])
    e = np.abs(p - y)
    unit = [v / np.linalg.norm(v, axis=-1, keepdims=True) for v in (y, p)]
    expected = {
        "mse": np.mean(e**2, -1),
        "mae": np.mean(e, -1),
        "msle": np.mean((np.log1p(p) - np.log1p(y)) ** 2, -1),
        "mape": 100 * np.mean(e / np.maximum(y, 1e-7), -1),
        "logcosh": np.mean(np.log(np.cosh(p - y)), -1),
        "huber_loss": np.mean(e**2 / 2, -1),
        "hinge": np.mean(np.maximum(1 - y * p, 0), -1),
        "squared_hinge": np.mean(np.maximum(1 - y * p, 0) ** 2, -1),
        "categorical_hinge": np.maximum(0, 1 + np.max((1 - y) * p, -1) - np.sum(y * p, -1)),
        "categorical_crossentropy": -np.sum(y * np.log(p), -1),
        "binary_crossentropy": -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p), -1),
        "kld": np.sum(np.maximum(y, 1e-7) * np.log(np.maximum(y, 1e-7) / p), -1),
        "poisson": np.mean(p - y * np.log(p), -1),
        "cosine_proximity": -np.sum(unit[0] * unit[1], -1),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(
            K.eval(LOSSES[name](K.constant(y), K.constant(p))), value, rtol=2e-5, atol=1e-6, err_msg=name
        )
    far = LOSSES["huber_loss"](K.constant([[0.0]]), K.constant([[3.0]]))
    assert K.eval(far).tolist() == [2.5]
    sparse = LOSSES["sparse_categorical_crossentropy"](K.constant([[2], [0]]), K.constant(p))
    np.testing.assert_allclose(K.eval(sparse), -np.log([0.1, 0.5]), rtol=1e-5)
    assert {LOSSES[name] for name in expected} | {LOSSES["sparse_categorical_crossentropy"]} == set(LOSSES.values())
