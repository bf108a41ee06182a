"""The nets in Keras 3 with its layers; KERAS_BACKEND is set before this is imported, in a worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from ..nets import RATE, Net, batch, weights
from ..peers import peer

__all__ = ["predict", "step"]


def model(net: Net) -> Any:
    """The net with its first weights."""
    if keras.backend.backend() == "torch":
        peer("torch")  # its threads
    *inner, classes = net.widths
    made: list[Any] = [keras.Input(net.sample)]
    if net.kind == "recurrent":
        made.append(layers.LSTM(inner[0]))
    for i, width in enumerate(inner if net.kind != "recurrent" else ()):
        if net.kind == "normalized":
            made += [
                layers.Conv2D(width, 3, padding="same", use_bias=False),
                layers.BatchNormalization(),
                layers.ReLU(),
                *([layers.MaxPooling2D(2)] if i > 0 else []),
            ]
        elif net.kind == "convolution" and i < 2:
            made += [
                layers.Conv2D(width, 3, activation="relu"),
                *([layers.MaxPooling2D(2), layers.Flatten()] if i == 1 else []),
            ]
        else:
            made.append(layers.Dense(width, activation="relu"))
    made += [*([layers.Flatten()] if net.kind == "normalized" else []), layers.Dense(classes)]
    whole, given = keras.Sequential(made), weights(net)
    for i, names in enumerate(_names(net)):
        layer = [layer for layer in whole.layers if layer.weights][i]
        own = [given[name] for name in names]
        layer.set_weights(own + [np.array(w) for w in layer.get_weights()[len(own) :]])
    return whole


def _names(net: Net) -> list[list[str]]:
    """The names of the trainable weights of each layer."""
    if net.kind == "recurrent":
        return [["kernel0", "recurrent", "bias0"], ["kernel1", "bias1"]]
    last = len(net.widths) - 1
    if net.kind == "normalized":
        return [
            *(names for i in range(last) for names in ([f"kernel{i}"], [f"gamma{i}", f"bias{i}"])),
            [f"kernel{last}", f"bias{last}"],
        ]
    return [[f"kernel{i}", f"bias{i}"] for i in range(last + 1)]


def step(net: Net) -> Callable[[], float]:
    """A function that trains the net on its batch once and returns the loss."""
    whole, (x, labels) = model(net), batch(net)
    whole.compile(keras.optimizers.SGD(RATE), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return lambda: float(whole.train_on_batch(x, labels))


def predict(net: Net) -> Callable[[], Any]:
    """A function that computes the probabilities of the net's batch."""
    whole = keras.Sequential([model(net), layers.Softmax()])
    x = keras.ops.convert_to_tensor(batch(net)[0])
    if keras.backend.backend() != "torch":
        return lambda: np.asarray(whole(x, training=False))
    torch = peer("torch")

    def run() -> Any:
        with torch.no_grad():
            return whole(x, training=False).numpy()

    return run
