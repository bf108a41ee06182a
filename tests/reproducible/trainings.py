"""Three small trainings with one hash on every library: `python trainings.py reproducible:torch convnet 20`."""

from __future__ import annotations

import hashlib
import sys
from typing import Any

import numpy as np

import backend as K
from backend import optimizers

NAMES = ("mlp", "lstm", "convnet")


def digest(arrays: list[np.ndarray]) -> str:
    """The sha256 of arrays; NaN, whose sign and payload are the library's, counts as one."""
    found = hashlib.sha256()
    for x in arrays:
        x = np.ascontiguousarray(x)
        if x.dtype.kind == "f":
            x = np.where(np.isnan(x), np.asarray(np.nan, x.dtype), x)
        found.update(f"{x.dtype.str}{x.shape}".encode())
        found.update(x.tobytes())
    return found.hexdigest()


def _dense(inner: int, outer: int, seed: int) -> list[Any]:
    return [K.random_normal_variable((inner, outer), 0.0, inner**-0.5, seed=seed), K.zeros((outer,))]


def _mlp() -> tuple[list[Any], Any, list[Any], list[Any]]:
    """64-256-256-10, tanh, dropout, softmax."""
    x, y = K.placeholder((None, 64)), K.placeholder((None, 10))
    weights, h = [], x
    for i, (inner, outer) in enumerate([(64, 256), (256, 256), (256, 10)]):
        kernel, bias = _dense(inner, outer, i)
        weights += [kernel, bias]
        h = K.dot(h, kernel) + bias
        if i < 2:
            h = K.dropout(K.tanh(h), 0.3, seed=i)
    return [x, y], K.mean(K.categorical_crossentropy(y, K.softmax(h))), weights, []


def _lstm() -> tuple[list[Any], Any, list[Any], list[Any]]:
    """8 steps of 8, 32 units, by K.rnn."""
    x, y = K.placeholder((None, 64)), K.placeholder((None, 10))
    units = 32
    kernel, bias = _dense(8, 4 * units, 0)
    recurrent, _ = _dense(units, 4 * units, 1)
    out, out_bias = _dense(units, 10, 2)

    def step(inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        h, c = states
        z = K.dot(inputs, kernel) + K.dot(h, recurrent) + bias
        i, f, g, o = (z[:, n * units : (n + 1) * units] for n in range(4))
        c = K.sigmoid(f) * c + K.sigmoid(i) * K.tanh(g)
        h = K.sigmoid(o) * K.tanh(c)
        return h, [h, c]

    start = K.zeros_like(K.dot(x, K.zeros((64, units))))
    last, _, _ = K.rnn(step, K.reshape(x, (-1, 8, 8)), [start, start])
    p = K.softmax(K.dot(last, out) + out_bias)
    return [x, y], K.mean(K.categorical_crossentropy(y, p)), [kernel, recurrent, bias, out, out_bias], []


def _convnet() -> tuple[list[Any], Any, list[Any], list[Any]]:
    """Three 3x3 convolutions with batch norm, pooling, dropout."""
    x, y = K.placeholder((None, 64)), K.placeholder((None, 10))
    h, weights, updates, incoming = K.reshape(x, (-1, 8, 8, 1)), [], [], 1
    for i, outgoing in enumerate((16, 32, 64)):
        kernel = K.random_normal_variable((3, 3, incoming, outgoing), 0.0, (2 / (9 * incoming)) ** 0.5, seed=i)
        gamma, beta, mean, var = K.ones((outgoing,)), K.zeros((outgoing,)), K.zeros((outgoing,)), K.ones((outgoing,))
        weights += [kernel, gamma, beta]
        h, batch_mean, batch_var = K.normalize_batch_in_training(
            K.conv2d(h, kernel, padding="same"), gamma, beta, [0, 1, 2]
        )
        updates += [K.moving_average_update(mean, batch_mean, 0.9), K.moving_average_update(var, batch_var, 0.9)]
        h = K.relu(h)
        if i > 0:
            h = K.pool2d(h, (2, 2), strides=(2, 2))
        incoming = outgoing
    kernel, bias = _dense(256, 10, 7)
    p = K.softmax(K.dot(K.dropout(K.batch_flatten(h), 0.4, seed=3), kernel) + bias)
    return [x, y], K.mean(K.categorical_crossentropy(y, p)), [*weights, kernel, bias], updates


def data(batch: int, step: int) -> list[np.ndarray]:
    """A batch of made-up digits: sixteenths, and one-hot labels that depend on them."""
    drawn = np.random.default_rng(step).integers(0, 17, (batch, 64))
    labels = drawn.reshape(batch, 8, 8).sum(axis=2).argmax(axis=1)
    return [(drawn / 16).astype("float32"), np.eye(10, dtype="float32")[labels]]


class Training:
    """A net on the active backend, its training function, and what the hash is made of."""

    def __init__(self, name: str) -> None:
        inputs, loss, weights, updates = {"mlp": _mlp, "lstm": _lstm, "convnet": _convnet}[name]()
        optimizer = optimizers.RMSprop(lr=1e-3) if name == "lstm" else optimizers.Adam(lr=2e-3)
        updates = [*updates, *optimizer.get_updates(loss, weights)]
        self.function = K.function(inputs, [loss], updates)
        self.losses: list[np.ndarray] = []

    def step(self, batch: int = 32) -> None:
        """One step on the next batch."""
        self.losses += self.function(data(batch, len(self.losses)))

    def hash(self) -> str:
        """The sha256 of all variables and of the losses."""
        return digest([*map(K.get_value, self.function.updated), *self.losses])


def trained(spec: str, name: str, steps: int = 20, batch: int = 32) -> str:
    """The hash after some steps."""
    with K.use_backend(spec):
        training = Training(name)
        for _ in range(steps):
            training.step(batch)
        return training.hash()


if __name__ == "__main__":
    spec, names, steps = sys.argv[1], sys.argv[2].split(","), int(sys.argv[3])
    for name in names:
        print(name, trained(spec, name, steps), flush=True)
