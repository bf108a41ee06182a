"""Models learn, on every library alike, with shared layers, several outputs, callbacks and layers of one's own."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

import backend as K
from backend.models import (
    LSTM,
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Callback,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    Lambda,
    Layer,
    MaxPooling2D,
    Model,
    Sequential,
)


@pytest.fixture(scope="module")
def digits():
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(images))  # the last ones are by other hands than the first
    images, labels = images[order], labels[order]
    return (images / 16).reshape(-1, 8, 8, 1), labels, np.eye(10)[labels]


def floats(*shape):
    return np.random.normal(size=shape).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def digits_model():
    model = Sequential(
        [
            Conv2D(16, 3, padding="same", activation="relu", kernel_initializer="he_normal", input_shape=(8, 8, 1)),
            MaxPooling2D(),
            Conv2D(32, 3, padding="same", activation="relu", kernel_initializer="he_normal"),
            AveragePooling2D(),
            Flatten(),
            Dropout(0.1),
            Dense(10),
            Activation("softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer=K.optimizers.Adam(lr=0.004), metrics=["accuracy"])
    return model


def test_digits_are_learnt_and_weights_survive_a_file(digits, tmp_path):
    x, labels, y = digits
    model = digits_model()
    history = model.fit(x[:1400], y[:1400], epochs=8, verbose=0, validation_data=(x[1400:], y[1400:]))
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"] and history.epoch == list(range(8))
    assert history.history["val_accuracy"][-1] > 0.95
    loss, accuracy = model.evaluate(x[1400:], y[1400:], verbose=0)
    assert [loss, accuracy] == pytest.approx([history.history["val_loss"][-1], history.history["val_accuracy"][-1]])
    predicted = model.predict(x[1400:])
    assert np.mean(predicted.argmax(-1) == labels[1400:]) == pytest.approx(accuracy)
    assert predicted.dtype == np.float32 and np.allclose(predicted.sum(-1), 1, atol=1e-6)
    model.save_weights(tmp_path / "digits.npz")
    other = digits_model()
    assert not np.array_equal(other.predict(x[1400:]), predicted)
    other.load_weights(tmp_path / "digits.npz")
    np.testing.assert_array_equal(other.predict(x[1400:]), predicted)


def test_every_library_trains_alike(digits):
    x, _, y = digits
    curves = []
    for name in ("numpy", "torch", "array_api_strict"):
        np.random.seed(1)
        with K.use_backend(name):
            model = digits_model()
            losses = [model.train_on_batch(x[:32], y[:32])[0] for _ in range(3)]
            assert model.predict(x[:4]).shape == (4, 10)
        curves.append(losses)
    np.testing.assert_allclose(curves[1:], [curves[0]] * 2, rtol=1e-4)


def test_two_inputs_share_a_layer():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    shared = Dense(4, activation="tanh", name="shared")
    distance = Lambda(lambda pair: K.abs(pair[0] - pair[1]))([shared(a), shared(b)])
    model = Model([a, b], Dense(1, activation="sigmoid")(distance))
    assert [w.name for w in model.weights] == ["shared/kernel", "shared/bias", "dense_1/kernel", "dense_1/bias"]
    x, z = floats(200, 3), floats(200, 3)
    same = np.arange(200) % 2
    z[same == 1] = x[same == 1]
    kernel, bias, top, offset = model.get_weights()
    expected = sigmoid(np.abs(np.tanh(x @ kernel + bias) - np.tanh(z @ kernel + bias)) @ top + offset)
    np.testing.assert_allclose(model.predict([x, z]), expected, atol=1e-6)
    model.compile("adam", "binary_crossentropy", metrics=["acc"])
    K.set_value(model.optimizer.lr, 0.05)
    history = model.fit({"b": z, "a": x}, same, epochs=30, batch_size=64, verbose=0)
    assert history.history["acc"][-1] > 0.95
    assert not np.allclose(model.get_weights()[0], kernel)


def test_lstm_learns_the_parity_of_marks_before_the_padding():
    tokens = np.random.randint(1, 3, (512, 6))
    lengths = np.random.randint(2, 7, 512)
    tokens[np.arange(6) >= lengths[:, None]] = 0
    parity = np.sum(tokens == 2, axis=1) % 2
    model = Sequential([Embedding(3, 4, mask_zero=True), LSTM(16), Dense(1, activation="sigmoid")])
    model.compile(loss="binary_crossentropy", optimizer=K.optimizers.Adam(0.02), metrics=["accuracy"])
    history = model.fit(tokens, parity, epochs=60, batch_size=64, verbose=0)
    assert history.history["accuracy"][-1] > 0.98
    padded = np.concatenate([tokens, np.zeros((512, 3), int)], axis=1)
    np.testing.assert_allclose(model.predict(padded), model.predict(tokens), atol=1e-6)


def test_an_lstm_is_the_same_in_one_call_and_step_by_step():
    x = np.random.default_rng(0).normal(size=(3, 5, 2)).astype("float32")
    layers = [
        LSTM(4, return_sequences=True, return_state=True, go_backwards=True, unroll=unroll, input_shape=(5, 2))
        for unroll in (False, True)
    ]
    given, found = K.placeholder((None, 5, 2)), []
    for layer in layers:
        outputs = layer(given)
        for target, source in zip(layer.weights, layers[0].weights, strict=True):
            K.set_value(target, K.get_value(source))
        f = K.function([given], outputs)
        found.append((f.source, f([x])))
    assert "lstm_sequence" in found[0][0] and "lstm_sequence" not in found[1][0]
    for one, other in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_dropout_within_an_lstm_trains_and_is_gone_in_prediction():
    model = Sequential([Embedding(5, 4, mask_zero=True), LSTM(6, dropout=0.3, recurrent_dropout=0.3), Dense(1)])
    x, y = np.random.randint(0, 5, (40, 7)), floats(40)
    model.compile("rmsprop", "mse")
    losses = model.fit(x, y, epochs=3, verbose=0).history["loss"]
    assert np.all(np.isfinite(losses)) and losses[-1] < losses[0]
    np.testing.assert_array_equal(model.predict(x), model.predict(x))
    training = K.function([model.input, K.learning_phase()], [model.output])
    assert not np.array_equal(training([x, 1])[0], training([x, 1])[0])
    np.testing.assert_array_equal(training([x, 0])[0], model.predict(x, batch_size=40))


def test_several_outputs_weigh_as_told():
    x = Input((2,))
    model = Model(x, [Dense(3, activation="softmax", name="kind")(x), Dense(1, name="size")(x)])
    model.compile(
        "sgd",
        {"kind": "sparse_categorical_crossentropy", "size": "mse"},
        metrics={"kind": ["acc"]},
        loss_weights=[1.0, 0.25],
    )
    assert model.metrics_names == ["loss", "kind_loss", "size_loss", "kind_acc"]
    data, kinds, values = floats(10, 2), np.arange(10) % 3, floats(10)
    total, kind, size, accuracy = model.evaluate(data, {"kind": kinds, "size": values}, verbose=0)
    p, v = model.predict(data)
    assert kind == pytest.approx(np.mean(-np.log(p[np.arange(10), kinds])), rel=1e-5)
    assert size == pytest.approx(np.mean((v[:, 0] - values) ** 2), rel=1e-5)
    assert total == pytest.approx(kind + 0.25 * size, rel=1e-5)
    assert accuracy == pytest.approx(np.mean(p.argmax(-1) == kinds))


def test_epoch_means_count_every_sample_once_last_small_batch_included():
    model = Sequential([Dense(1, input_dim=2)])
    model.compile(K.optimizers.SGD(lr=0.0), "mse", metrics=["mae"])
    x, y = floats(10, 2), floats(10)
    error = model.predict(x, batch_size=3)[:, 0] - y
    logs = model.fit(x, y, batch_size=4, verbose=0, validation_split=0.3).history
    assert logs["loss"][0] == pytest.approx(np.mean(error[:7] ** 2), rel=1e-5)
    assert logs["val_mae"][0] == pytest.approx(np.mean(np.abs(error[7:])), rel=1e-5)
    assert model.test_on_batch(x, y) == pytest.approx([np.mean(error**2), np.mean(np.abs(error))], rel=1e-5)


def test_a_frozen_layer_stays():
    model = Sequential([Dense(4, input_dim=2), BatchNormalization(), Dense(1)])
    model.layers[0].trainable = model.layers[1].trainable = False
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.train_on_batch(floats(8, 2), floats(8))
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [False] * 6 + [True] * 2


def test_callbacks_hear_of_everything_and_may_stop():
    class Witness(Callback):
        def __init__(self):
            self.heard = []

        def on_batch_end(self, batch, logs):
            self.heard.append((batch, sorted(logs)))

        def on_epoch_end(self, epoch, logs):
            self.heard.append(sorted(logs))
            self.model.stop_training = epoch == 1

    witness = Witness()
    model = Sequential([Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(
        floats(6, 2),
        floats(6),
        batch_size=4,
        epochs=9,
        verbose=0,
        callbacks=[witness],
        validation_data=(floats(3, 2), floats(3)),
    )
    assert history.epoch == [0, 1]
    assert witness.heard == 2 * [(0, ["loss"]), (1, ["loss"]), ["loss", "val_loss"]]


def test_a_layer_of_ones_own():
    class Scale(Layer):
        def build(self, shape):
            self.factor = self.add_weight("factor", shape[-1:], lambda shape: np.full(shape, 3.0))

        def call(self, x):
            return x * self.factor

    model = Sequential([Scale(input_shape=(2,))])
    np.testing.assert_array_equal(model.predict([[1.0, 2.0]]), [[3, 6]])
    model.compile("sgd", lambda y, p: K.sum(K.abs(p - y), axis=-1))
    losses = model.fit([[1.0, 2.0]], [[0.0, 0.0]], epochs=100, verbose=0).history["loss"]
    np.testing.assert_allclose(losses, 9.0 - 0.01 * 5.0 * np.arange(100), rtol=1e-4)  # each step: factor -= 0.01 x


def test_models_are_layers_of_models():
    encoder = Sequential([Dense(3, activation="relu", input_dim=4), Dense(2)])
    x = Input((4,))
    model = Model(x, Dense(1)(encoder(x)))
    stacked = Sequential([encoder, Dense(1)])
    data = floats(5, 4)
    kernel, bias = model.layers[-1].get_weights()
    np.testing.assert_allclose(model.predict(data), encoder.predict(data) @ kernel + bias, atol=1e-6)
    assert stacked.weights[:4] == encoder.weights == model.weights[:4]
    encoder.trainable = False
    assert len(model.trainable_weights) == 2
