"""K.models beside Keras 2.3.1 with K as its backend; `test_beside_keras.py` runs these in a process of its own."""

import keras
import numpy as np
import pytest

import backend.models as M
from backend.optimizers import SGD


def floats(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def weighed(model, seed=3):
    """Random weights, biases included, those of variances positive."""
    rng = np.random.default_rng(seed)
    return [
        np.abs(rng.normal(size=w.shape)) * 0.5 if w.ndim == 1 else rng.normal(size=w.shape) * 0.5
        for w in model.get_weights()
    ]


def pair(theirs, ours, shape, **given):
    """A model of one layer each, with the same weights."""
    x = keras.layers.Input(shape, **given)
    z = M.Input(shape, **given)
    one, other = keras.models.Model(x, theirs(x)), M.Model(z, ours(z))
    weights = weighed(one)
    one.set_weights(weights)
    other.set_weights(weights)
    return one, other


def same(one, other, x, tolerance=2e-6):
    a, b = one.predict(x), other.predict(x)
    for p, q in zip(a if isinstance(a, list) else [a], b if isinstance(b, list) else [b], strict=True):
        assert p.shape == q.shape
        np.testing.assert_allclose(q, p, rtol=1e-5, atol=tolerance)


LAYERS = [
    ("GRU", (5, 3), {"units": 4}),
    ("GRU", (5, 3), {"units": 4, "reset_after": True, "return_sequences": True, "go_backwards": True}),
    ("GRU", (5, 3), {"units": 4, "use_bias": False, "return_state": True, "activation": "relu"}),
    ("LSTM", (5, 3), {"units": 4, "recurrent_activation": "hard_sigmoid", "return_state": True}),
    ("SimpleRNN", (5, 3), {"units": 4, "return_sequences": True}),
    ("Conv1D", (9, 3), {"filters": 4, "kernel_size": 3, "strides": 2}),
    ("Conv1D", (9, 3), {"filters": 4, "kernel_size": 3, "padding": "causal", "dilation_rate": 2}),
    ("Conv2D", (7, 6, 3), {"filters": 4, "kernel_size": (3, 2), "padding": "same", "activation": "tanh"}),
    ("Conv3D", (5, 6, 4, 2), {"filters": 3, "kernel_size": 2, "strides": (1, 2, 1), "padding": "same"}),
    ("MaxPooling1D", (9, 3), {"pool_size": 3, "strides": 2, "padding": "same"}),
    ("AveragePooling1D", (9, 3), {"pool_size": 2}),
    ("MaxPooling3D", (4, 6, 4, 2), {}),
    ("AveragePooling3D", (4, 6, 4, 2), {"pool_size": (2, 3, 1)}),
    *((f"Global{kind}Pooling1D", (5, 3), {}) for kind in ("Average", "Max")),
    ("GlobalMaxPooling1D", (3, 5), {"data_format": "channels_first"}),
    *((f"Global{kind}Pooling2D", (5, 4, 3), {}) for kind in ("Average", "Max")),
    *((f"Global{kind}Pooling3D", (5, 4, 3, 2), {}) for kind in ("Average", "Max")),
    ("GlobalAveragePooling3D", (2, 5, 4, 3), {"data_format": "channels_first"}),
]


@pytest.mark.parametrize(("name", "shape", "given"), LAYERS, ids=lambda v: v if isinstance(v, str) else None)
def test_layers(name, shape, given):
    one, other = pair(getattr(keras.layers, name)(**given), getattr(M, name)(**given), shape)
    same(one, other, floats(4, *shape))


@pytest.mark.parametrize("mode", ["concat", "sum", "ave", "mul", None])
@pytest.mark.parametrize("sequences", [False, True])
def test_bidirectional(mode, sequences):
    theirs = keras.layers.Bidirectional(keras.layers.GRU(3, return_sequences=sequences), merge_mode=mode)
    ours = M.Bidirectional(M.GRU(3, return_sequences=sequences), merge_mode=mode)
    one, other = pair(theirs, ours, (5, 2))
    same(one, other, floats(4, 5, 2))


def test_bidirectional_with_states():
    theirs = keras.layers.Bidirectional(keras.layers.LSTM(3, return_state=True))
    ours = M.Bidirectional(M.LSTM(3, return_state=True))
    same(*pair(theirs, ours, (5, 2)), floats(4, 5, 2))


TOKENS = np.asarray([[1, 2, 3, 4, 5], [1, 2, 0, 0, 0], [4, 0, 3, 0, 0], [0, 0, 2, 1, 0]])


def masked(library, top):
    """Embedding with a mask, then what `top` makes of it."""
    layers = keras.layers if library is keras else M
    x = layers.Input((5,), dtype="int32")
    y = top(layers, layers.Embedding(6, 3, mask_zero=True)(x))
    return (keras.models.Model if library is keras else M.Model)(x, y)


TOPS = {
    "gru": lambda layers, y: layers.GRU(4, return_sequences=True)(y),
    "last": lambda layers, y: layers.LSTM(4)(y),
    "both": lambda layers, y: layers.Bidirectional(layers.GRU(4, return_sequences=True))(y),
    "mean": lambda layers, y: layers.GlobalAveragePooling1D()(y),
    "dense": lambda layers, y: layers.Dense(2)(y),
    "joined": lambda layers, y: layers.GRU(3)(layers.Concatenate()([y, layers.Dense(2)(y)])),
    "again": lambda layers, y: layers.GRU(3)(layers.Masking(0.0)(y)),
}


@pytest.mark.parametrize("top", TOPS)
def test_masks_reach_the_layers(top):
    one, other = masked(keras, TOPS[top]), masked(M, TOPS[top])
    weights = weighed(one)
    one.set_weights(weights)
    other.set_weights(weights)
    same(one, other, TOKENS)


def trained(library, how, x, y, top, loss="mse", metrics=("mae",), **compiled):
    model = masked(library, top) if top is not None else stacked(library)
    model.compile(
        (keras.optimizers.SGD if library is keras else SGD)(0.1, momentum=0.9), loss, metrics=list(metrics), **compiled
    )
    model.set_weights(weighed(model))
    history = model.fit(x, y, batch_size=3, epochs=3, shuffle=False, verbose=0, **how)
    return history.history, model


def stacked(library):
    layers = keras.layers if library is keras else M
    dense = [layers.Dense(5, activation="tanh", input_shape=(4,)), layers.Dense(3, activation="softmax")]
    return (keras.models.Sequential if library is keras else M.Sequential)(dense)


def compared(how, x, y, top=None, evaluated=None, **given):
    found = [trained(library, dict(how), x, y, top, **given) for library in (keras, M)]
    (theirs, one), (ours, other) = found
    assert set(ours) == set(theirs)
    for name, values in theirs.items():
        np.testing.assert_allclose(ours[name], values, rtol=2e-5, atol=1e-6, err_msg=name)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-5)
    if evaluated is not None:
        np.testing.assert_allclose(
            other.evaluate(x, y, verbose=0, **evaluated), one.evaluate(x, y, verbose=0, **evaluated), rtol=2e-5
        )


X, LABELS = floats(10, 4), np.random.default_rng(5).integers(0, 3, 10)
ONE_HOT = np.eye(3)[LABELS]
WEIGHTS = np.linspace(0.0, 2.0, 10)


def test_weights_of_samples():
    compared(
        {"sample_weight": WEIGHTS}, X, ONE_HOT, loss="categorical_crossentropy", evaluated={"sample_weight": WEIGHTS}
    )


def test_weighted_metrics():
    compared(
        {"sample_weight": WEIGHTS}, X, ONE_HOT, loss="categorical_crossentropy", metrics=(), weighted_metrics=["mae"]
    )


@pytest.mark.parametrize("y", [ONE_HOT, LABELS], ids=["one-hot", "labels"])
def test_weights_of_classes(y):
    loss = "categorical_crossentropy" if y.ndim == 2 else "sparse_categorical_crossentropy"
    how = {"class_weight": {0: 1.0, 1: 0.25, 2: 3.0}}
    compared(how, X, y, loss=loss)
    compared({**how, "sample_weight": WEIGHTS}, X, y, loss=loss)


def test_validation():
    loss = "categorical_crossentropy"
    compared({"validation_split": 0.3}, X, ONE_HOT, loss=loss)
    compared({"validation_split": 0.3, "sample_weight": WEIGHTS}, X, ONE_HOT, loss=loss)
    compared({"validation_data": (X, ONE_HOT, WEIGHTS)}, X, ONE_HOT, loss=loss)


@pytest.mark.parametrize("top", ["gru", "both", "dense"])
def test_masks_reach_the_loss(top):
    width = {"gru": 4, "both": 8, "dense": 2}[top]
    compared({}, TOKENS, floats(4, 5, width), TOPS[top], metrics=())


def test_masks_and_weights_of_samples():
    compared({"sample_weight": np.asarray([1.0, 0.5, 2.0, 0.0])}, TOKENS, floats(4, 4), TOPS["last"])


CURVE = [1.0, 0.8, 0.81, 0.79995, 0.5, 0.5, 0.6, 0.45, np.nan, 0.7, 0.7, 0.7]


class Rate:
    """What a callback does to a model, without one."""

    def __init__(self, kind):
        self.stop_training = False
        self.optimizer = (keras.optimizers.SGD if kind is keras else SGD)(0.5)
        self.weights = 0

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


CALLBACKS = [
    ("EarlyStopping", {"monitor": "val_loss", "patience": 2}),
    ("EarlyStopping", {"monitor": "val_loss", "patience": 1, "min_delta": 0.01, "restore_best_weights": True}),
    ("EarlyStopping", {"monitor": "val_acc", "patience": 3, "baseline": 0.9}),
    ("EarlyStopping", {"monitor": "val_loss", "patience": 2, "mode": "max"}),
    ("ReduceLROnPlateau", {"monitor": "val_loss", "patience": 1, "factor": 0.5}),
    ("ReduceLROnPlateau", {"monitor": "val_loss", "patience": 2, "cooldown": 1, "min_lr": 0.2}),
    ("ReduceLROnPlateau", {"monitor": "val_acc", "patience": 1, "min_delta": 0.05}),
]


@pytest.mark.parametrize(("name", "given"), CALLBACKS)
def test_callbacks(name, given):
    found = []
    for kind in (keras, M):
        callback = getattr(keras.callbacks if kind is keras else M, name)(**given)
        model, heard = Rate(kind), []
        callback.set_model(model)
        callback.on_train_begin()
        for epoch, value in enumerate(CURVE):
            model.weights = epoch
            logs = {given["monitor"]: value}
            callback.on_epoch_end(epoch, logs)
            rate = float(keras.backend.get_value(model.optimizer.lr))
            heard.append((model.stop_training, model.weights, rate, float(logs.get("lr", -1.0))))
        found.append((heard, callback.wait, str(callback.best)))
    assert str(found[0][0]) == str(found[1][0])
    assert found[0][1] == found[1][1] and float(found[0][2]) == float(found[1][2])
