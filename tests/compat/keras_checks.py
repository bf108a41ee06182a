"""What programs written for Keras 2.3.1 count on; `test_keras.py` runs these in one process for each library."""

import gc
import os
import weakref
from pathlib import Path

import keras
import numpy as np
import pytest
from keras.layers import (
    LSTM,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    Lambda,
    add,
)
from keras.models import Model, Sequential, load_model
from keras.optimizers import SGD

import backend as K


def data(count, *shape, classes=3, seed=0):
    rng = np.random.RandomState(seed)
    x = rng.normal(size=(count, *shape)).astype("float32")
    return x, np.eye(classes, dtype="float32")[rng.randint(classes, size=count)]


def dense_net(**compiled):
    model = Sequential([Dense(8, activation="tanh", input_shape=(4,)), Dense(3, activation="softmax")])
    model.compile(compiled.pop("optimizer", "sgd"), "categorical_crossentropy", **compiled)
    return model


def test_convnet_trains_and_comes_back_from_its_file(tmp_path):
    np.random.seed(0)
    x, _ = data(96, 6, 6, 1)
    y = np.eye(2, dtype="float32")[(x.mean((1, 2, 3)) > 0).astype(int)]
    model = Sequential(
        [
            Conv2D(4, 3, padding="same", activation="relu", input_shape=(6, 6, 1)),
            BatchNormalization(),
            Dropout(0.1),
            Flatten(),
            Dense(2, activation="softmax"),
        ]
    )
    model.compile(SGD(lr=0.05, momentum=0.9), "categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=16, epochs=8, verbose=0, validation_split=0.25).history
    assert history["loss"][-1] < 0.7 * history["loss"][0] and set(history) == {
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
    }
    model.save(str(tmp_path / "model.h5"))
    again = load_model(str(tmp_path / "model.h5"))
    assert np.array_equal(model.predict(x), again.predict(x))
    assert model.evaluate(x, y, verbose=0) == again.evaluate(x, y, verbose=0)
    assert model.train_on_batch(x, y)[0] == pytest.approx(again.train_on_batch(x, y)[0], rel=0.2)  # dropout differs
    assert float(K.get_value(again.optimizer.iterations)) == 41
    model.save_weights(str(tmp_path / "weights.h5"))
    again.load_weights(str(tmp_path / "weights.h5"))
    assert np.array_equal(model.predict(x), again.predict(x))


def test_first_steps_are_written_down():
    """Losses of plain SGD from fixed weights: `test_keras.py` compares the libraries."""
    x, y = data(32, 4)
    model = dense_net(optimizer=SGD(lr=0.1, momentum=0.9, nesterov=True), metrics=["accuracy"])
    rng = np.random.RandomState(1)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    losses = [model.train_on_batch(x, y)[0] for _ in range(20)]
    assert losses[-1] < losses[0]
    np.save(Path(os.environ["KERAS_HOME"], "losses.npy"), losses)


def test_set_floatx_reaches_operations_both_ways():
    try:
        keras.backend.set_floatx("float64")
        assert K.floatx() == "float64" and K.dtype(K.ones((2,))) == "float64"
        assert K.dtype(Dense(2, input_shape=(3,)).add_weight(shape=(2,), initializer="zeros", name="w")) == "float64"
        K.set_floatx("float32")
        assert keras.backend.floatx() == "float32"
        K.set_epsilon(1e-5)
        assert keras.backend.epsilon() == 1e-5
        K.set_image_data_format("channels_first")
        assert keras.backend.image_data_format() == "channels_first" == K.image_data_format()
    finally:
        keras.backend.set_floatx("float32")
        keras.backend.set_epsilon(1e-7)
        keras.backend.set_image_data_format("channels_last")
    assert (K.floatx(), K.epsilon(), K.image_data_format()) == ("float32", 1e-7, "channels_last")


def test_metrics_hold_the_batch_they_are_told_of():
    x, y = data(24, 4)
    model = dense_net(metrics=["accuracy", keras.metrics.Precision()])
    right = (model.predict(x).argmax(1) == y.argmax(1)).mean()
    assert model.test_on_batch(x, y)[1] == pytest.approx(right)
    assert model.evaluate(x, y, batch_size=7, verbose=0)[1] == pytest.approx(right)
    metric = keras.metrics.Mean()
    assert [float(K.eval(metric(K.constant([1.0, 3.0])))), float(K.eval(metric.result()))] == [2.0, 2.0]


def test_lambda_has_the_shape_of_its_function():
    x, z = Input((5,)), Input((2,))
    double, total, joined = (
        Lambda(f)
        for f in (
            lambda t: K.concatenate([t, t], axis=-1),
            lambda t: K.sum(t, axis=-1),
            lambda ts: K.concatenate(ts, axis=-1),
        )
    )
    y = double(x)
    assert K.int_shape(y) == (None, 10) == double.output_shape
    assert Model(x, Dense(2)(y)).predict(np.ones((2, 5))).shape == (2, 2)
    assert K.int_shape(total(x)) == (None,) and K.int_shape(joined([x, z])) == (None, 7)


def test_several_inputs_and_outputs_share_weights():
    a, b, shared = Input((4,)), Input((4,)), Dense(6, activation="relu")
    both = add([shared(a), shared(b)])
    model = Model([a, b], [Dense(3, activation="softmax", name="kind")(both), Dense(1, name="size")(both)])
    model.compile(
        "adam",
        {"kind": "categorical_crossentropy", "size": "mse"},
        loss_weights=[1.0, 0.5],
        metrics={"kind": "accuracy"},
    )
    assert len(model.trainable_weights) == 6
    (x, kind), (other, _) = data(32, 4), data(32, 4, seed=1)
    size = x.sum(1, keepdims=True)
    first, *_ = model.train_on_batch([x, other], [kind, size])
    for _ in range(60):
        last, *_ = model.train_on_batch([x, other], [kind, size])
    assert last < first
    swapped = model.predict([other, x])
    assert all(np.allclose(one, two, atol=1e-6) for one, two in zip(model.predict([x, other]), swapped, strict=True))


def test_stateful_layers_carry_on_where_they_stopped():
    x, _ = data(2, 6, 3)
    whole = Sequential([LSTM(4, batch_input_shape=(2, 6, 3))])
    parts = Sequential([LSTM(4, stateful=True, batch_input_shape=(2, 3, 3))])
    parts.set_weights(whole.get_weights())
    parts.predict(x[:, :3])
    assert np.allclose(parts.predict(x[:, 3:]), whole.predict(x), atol=1e-6)
    parts.reset_states()
    assert not np.allclose(parts.predict(x[:, 3:]), whole.predict(x), atol=1e-3)


def test_masked_steps_count_for_nothing():
    model = Sequential(
        [Embedding(5, 4, mask_zero=True), LSTM(6, dropout=0.2, recurrent_dropout=0.2), Dense(3, activation="softmax")]
    )
    model.compile("adam", "categorical_crossentropy")
    x = np.asarray([[1, 2, 3, 0, 0], [4, 1, 0, 0, 0]])
    assert np.isfinite(model.train_on_batch(x, np.eye(3)[[0, 1]]))
    assert np.allclose(model.predict(x), model.predict(np.pad(x, ((0, 0), (0, 3)))), atol=1e-7)


def test_callbacks_set_the_rate_and_stop():
    x, y = data(16, 4)
    rates = []
    model = dense_net(optimizer=SGD(lr=1.0))
    history = model.fit(
        x,
        y,
        epochs=9,
        verbose=0,
        callbacks=[
            keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)),
            keras.callbacks.LambdaCallback(
                on_epoch_end=lambda *_: rates.append(float(K.get_value(model.optimizer.lr)))
            ),
            keras.callbacks.EarlyStopping(monitor="loss", min_delta=100.0, patience=2),
        ],
    )
    assert len(history.epoch) == 3
    assert np.allclose(rates, [0.1, 0.05, 0.1 / 3])


def test_optimizers_are_those_of_keras():
    assert K.optimizers is keras.optimizers
    assert isinstance(K.optimizers.SGD(lr=0.01), keras.optimizers.Optimizer)


def test_what_keras_attaches_to_tensors():
    x = Input((4,))
    layer = Dense(2, name="top")
    y = layer(x)
    assert keras.backend.is_keras_tensor(y) and not keras.backend.is_keras_tensor(layer.kernel)
    assert y._keras_shape == (None, 2) and y._keras_history[0] is layer and y._uses_learning_phase is False
    assert [w.name for w in layer.weights] == ["top/kernel:0", "top/bias:0"]
    y._keras_shape = (None, 7, 7)  # contradicts what is known: does not count
    assert K.int_shape(y) == (None, 2)
    assert not hasattr(y + 1, "_keras_shape") and Dropout(0.5)(y)._uses_learning_phase


def test_many_steps_leave_nothing_behind():
    x, y = data(8, 4)
    model = dense_net(optimizer="adam", metrics=["accuracy"])
    counts = []
    for _ in range(3):
        for _ in range(100):
            model.train_on_batch(x, y)
        gc.collect()
        counts.append(len(gc.get_objects()))
    assert max(counts) - min(counts) < 100


def test_models_go_with_their_graphs():
    def made():
        model = dense_net(metrics=["accuracy"])
        model.train_on_batch(*data(8, 4))
        return [weakref.ref(held) for held in (model, model.weights[0], model.outputs[0], model.train_function)]

    held = made()
    gc.collect()
    assert [ref() for ref in held] == [None] * 4


def test_clear_session_starts_names_anew():
    K.clear_session()
    assert Dense(1).name == "dense_1" and Dense(1).name == "dense_2"
    K.clear_session()
    assert Dense(1).name == "dense_1"


def test_a_custom_loss_takes_targets_of_any_shape():
    model = Sequential([Conv2D(2, 3, input_shape=(6, 6, 1))])
    model.compile("sgd", lambda true, predicted: K.mean(K.square(predicted), axis=-1))
    before = model.get_weights()[0]
    shapes = [(10, 1), (10, 4, 4, 2), (10,), (10, 2, 3, 4, 5)]
    losses = [model.train_on_batch(np.ones((10, 6, 6, 1)), np.zeros(shape)) for shape in shapes]
    assert (
        losses == sorted(losses, reverse=True)
        and losses[3] < losses[0]
        and not np.array_equal(before, model.get_weights()[0])
    )
    reading = Sequential([Conv2D(2, 3, input_shape=(6, 6, 1))])
    reading.compile("sgd", lambda true, predicted: K.mean(K.square(predicted - K.mean(true)), axis=-1))
    scale = [reading.test_on_batch(np.zeros((10, 6, 6, 1)), np.full((10, 1), value)) for value in (1.0, 3.0)]
    assert scale == pytest.approx([1.0, 9.0])
    assert reading.test_on_batch(np.zeros((10, 6, 6, 1)), np.full((10, 4, 4, 2, 1), 2.0)) == pytest.approx(4.0)
    with pytest.raises(ValueError, match="the value fed has"):
        reading.test_on_batch(np.zeros((10, 6, 6, 1)), np.zeros((10, 1, 1, 1, 5)))
    p = keras.backend.placeholder(ndim=4)  # no targets
    with pytest.raises(ValueError, match="the value fed has"):
        keras.backend.function([p], [p])([np.zeros((10, 1))])


def test_values_are_fed_as_keras_hands_them_over():
    x, y = data(8, 4)
    model = dense_net()
    inputs, targets, weights = model._feed_inputs, model._feed_targets, model._feed_sample_weights
    fed = model._standardize_user_data(x, y)
    f = keras.backend.function(inputs, model.outputs)
    expected = model.predict(x)
    for values in ([x, 0], [x, y, 1.0], fed, ([x], [], []), [[x]], (x,)):
        assert np.array_equal(f(values)[0], expected)
    g = keras.backend.function(inputs + targets + weights, keras.backend.gradients(model.total_loss, model.weights[:1]))
    assert np.array_equal(g(fed)[0], g([x, y, np.ones(8)])[0])
    p = keras.backend.placeholder((None, 4))
    double = keras.backend.function([p], [p * 2])
    for rows in (list(x), x.tolist(), x):  # a list of rows is one value
        assert np.array_equal(double([rows])[0], 2 * x)
    with pytest.raises(ValueError, match="got 1 values for 3 inputs"):
        g(([x], [], []))
