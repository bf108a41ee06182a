"""keract's functions on a small model: its distribution has no tests. `clients.py` runs these."""

import keract
import numpy as np
from keras.layers import Conv2D, Dense, Flatten
from keras.models import Sequential

X, Y = np.random.RandomState(0).normal(size=(4, 6, 6, 1)), np.eye(3)[[0, 1, 2, 0]]


def made():
    layers = [Conv2D(2, 3, activation="relu", input_shape=(6, 6, 1), name="conv"), Flatten(), Dense(3, name="top")]
    model = Sequential(layers)
    model.compile("sgd", "mse")
    return model


def test_activations():
    model = made()
    found = keract.get_activations(model, X)
    assert [value.shape for value in found.values()] == [(4, 4, 4, 2), (4, 32), (4, 3)]
    np.testing.assert_allclose(list(found.values())[-1], model.predict(X), rtol=1e-6)
    (conv,) = keract.get_activations(model, X, layer_name="conv").values()
    assert conv.shape == (4, 4, 4, 2) and conv.min() >= 0.0


def test_gradients():
    model = made()
    of_weights = keract.get_gradients_of_trainable_weights(model, X, Y)
    weights = {w.name: v for w, v in zip(model.trainable_weights, model.get_weights(), strict=True)}
    assert {name: g.shape for name, g in of_weights.items()} == {name: v.shape for name, v in weights.items()}
    rate = 0.01  # of Keras's SGD
    model.train_on_batch(X, Y)
    for w, after in zip(model.trainable_weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(after, weights[w.name] - rate * of_weights[w.name], rtol=1e-4, atol=1e-6)
    of_activations = keract.get_gradients_of_activations(model, X, Y)
    assert [g.shape for g in of_activations.values()] == [(4, 4, 4, 2), (4, 32)]
