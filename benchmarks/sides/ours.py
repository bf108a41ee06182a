"""The nets written with K alone: placeholders, variables, gradients and updates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import backend as K

from ..nets import RATE, Net, batch, logits, weights

__all__ = ["predict", "step", "trained"]

Step = Callable[[], float]


class Layers:
    """The layers in K; with `stepwise`, the LSTM is K.rnn with the step of the Keras 2.3.1 cell.

    Where it is not `training`, batch normalization uses moving averages: those that no step has updated yet.
    """

    def __init__(self, stepwise: bool, training: bool = True) -> None:
        self.stepwise, self.training = stepwise, training
        self.updates: list[Any] = []
        self.moving: list[tuple[Any, Any]] = []

    def dense(self, x: Any, kernel: Any, bias: Any) -> Any:
        return K.bias_add(K.dot(x, kernel), bias)

    def relu(self, x: Any) -> Any:
        return K.relu(x)

    def conv(self, x: Any, kernel: Any, bias: Any, padding: str) -> Any:
        y = K.conv2d(x, kernel, padding=padding)
        return y if bias is None else K.bias_add(y, bias)

    def pool(self, x: Any) -> Any:
        return K.pool2d(x, (2, 2), strides=(2, 2))

    def flat(self, x: Any) -> Any:
        return K.batch_flatten(x)

    def normalized(self, x: Any, gamma: Any, beta: Any) -> Any:
        mean, var = K.zeros(K.int_shape(gamma)), K.ones(K.int_shape(gamma))
        if not self.training:
            return K.batch_normalization(x, mean, var, beta, gamma, epsilon=1e-3)
        y, batch_mean, batch_var = K.normalize_batch_in_training(x, gamma, beta, [0, 1, 2])
        self.updates += [K.moving_average_update(mean, batch_mean, 0.99), K.moving_average_update(var, batch_var, 0.99)]
        return y

    def lstm(self, x: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
        if not self.stepwise:
            return K.lstm(x, kernel, recurrent, bias)[0]
        units = K.int_shape(recurrent)[0]

        def step(x: Any, states: Any) -> Any:
            h, c = states
            z = K.dot(x, kernel)
            z = z + K.dot(h, recurrent)
            z = K.bias_add(z, bias)
            z0, z1, z2, z3 = (z[:, i * units : (i + 1) * units] for i in range(4))
            i, f = K.sigmoid(z0), K.sigmoid(z1)
            c = f * c + i * K.tanh(z2)
            o = K.sigmoid(z3)
            h = o * K.tanh(c)
            return h, [h, c]

        start = K.zeros((K.shape(x)[0], units))
        return K.rnn(step, x, [start, start])[0]


def in_parts(net: Net, layers: Layers, w: dict[str, Any], x: Any) -> Any:
    """The logits of a dense net by parts of about the square root of its depth, which the gradient computes again."""
    last = len(net.widths) - 1
    size = round(last**0.5)

    def part(x: Any, first: int) -> Any:
        for i in range(first, min(first + size, last)):
            x = layers.relu(layers.dense(x, w[f"kernel{i}"], w[f"bias{i}"]))
        return x

    for first in range(0, last, size):
        x = K.checkpoint(part)(x, first)
    return layers.dense(x, w[f"kernel{last}"], w[f"bias{last}"])


def trained(net: Net, stepwise: bool = False, recomputed: bool = False, jit: bool = False, sparse: bool = False) -> Any:
    """The function [samples, one-hot labels] -> [loss] that takes one step, on the active backend.

    With `recomputed`, for dense nets, the backward pass computes again what lies between a few of the layers. Where it
    is `sparse`, the labels are classes, int32.
    """
    x, y = K.placeholder((None, *net.sample), name="samples"), K.placeholder((None, net.widths[-1]), name="labels")
    if sparse:
        y = K.placeholder((None,), name="classes", dtype="int32")
    layers, w = Layers(stepwise), {name: K.variable(v, name=name) for name, v in weights(net).items()}
    found = (in_parts if recomputed else logits)(net, layers, w, x)
    crossentropy = K.sparse_categorical_crossentropy if sparse else K.categorical_crossentropy
    loss = K.mean(crossentropy(y, found, from_logits=True))
    slopes = K.gradients(loss, list(w.values()))  # K.optimizers.SGD would keep moments; the other sides do not
    updates = [(v, v - RATE * slope) for v, slope in zip(w.values(), slopes, strict=True)]
    return K.function([x, y], [loss], updates + layers.updates, jit=jit)


def step(
    net: Net,
    backend: str = "numpy",
    stepwise: bool = False,
    recomputed: bool = False,
    jit: bool = False,
    sparse: bool = False,
) -> Step:
    """A function that trains the net on its batch once and returns the loss, on a backend by name."""
    x, classes = batch(net)
    labels = classes.astype("int32") if sparse else np.eye(net.widths[-1], dtype="float32")[classes]
    with K.use_backend(backend):
        f, x, labels = trained(net, stepwise, recomputed, jit, sparse), native(x), native(labels)
    return lambda: float(f([x, labels])[0])


def native(value: np.ndarray) -> Any:
    """An array of the active backend."""
    return K.variable(value, dtype=value.dtype).array


def predict(net: Net, backend: str = "numpy", stepwise: bool = False, jit: bool = False) -> Callable[[], Any]:
    """A function that computes the probabilities of the net's batch."""
    with K.use_backend(backend):
        x = K.placeholder((None, *net.sample), name="samples")
        w = {name: K.variable(v, name=name) for name, v in weights(net).items()}
        f = K.function([x], [K.softmax(logits(net, Layers(stepwise, training=False), w, x))], jit=jit)
        samples = native(batch(net)[0])
    return lambda: f([samples])[0]
