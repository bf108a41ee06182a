"""The nets in autograd, which differentiates NumPy: convolution as shifted images, concatenated, and one product."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as np

from ..nets import RATE, Net, batch, logits, weights

__all__ = ["step"]


def dense(x: Any, kernel: Any, bias: Any) -> Any:
    return np.dot(x, kernel) + bias


def relu(x: Any) -> Any:
    return np.maximum(x, 0)


def conv(x: Any, kernel: Any, bias: Any, padding: str) -> Any:
    rows, columns, incoming, outgoing = kernel.shape
    if padding == "same":
        x = np.pad(x, ((0, 0), (rows // 2,) * 2, (columns // 2,) * 2, (0, 0)), mode="constant")
    high, wide = x.shape[1] - rows + 1, x.shape[2] - columns + 1
    taps = [x[:, i : i + high, j : j + wide] for i in range(rows) for j in range(columns)]
    y = np.dot(np.concatenate(taps, axis=-1), np.reshape(kernel, (rows * columns * incoming, outgoing)))
    return y if bias is None else y + bias


def pool(x: Any) -> Any:
    count, rows, columns, channels = x.shape
    return np.max(np.reshape(x, (count, rows // 2, 2, columns // 2, 2, channels)), axis=(2, 4))


def flat(x: Any) -> Any:
    return np.reshape(x, (x.shape[0], -1))


def normalized(x: Any, gamma: Any, beta: Any) -> Any:
    centred = x - np.mean(x, axis=(0, 1, 2))
    variance = np.mean(centred * centred, axis=(0, 1, 2))
    return centred * (gamma / np.sqrt(variance + np.float32(1e-3))) + beta


def sigmoid(x: Any) -> Any:
    return 0.5 * (np.tanh(0.5 * x) + 1)


def lstm(x: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
    units = recurrent.shape[0]
    h = c = np.zeros((x.shape[0], units), "float32")
    for t in range(x.shape[1]):
        z = np.dot(x[:, t], kernel) + np.dot(h, recurrent) + bias
        i, f, o = (sigmoid(z[:, k * units : (k + 1) * units]) for k in (0, 1, 3))
        c = f * c + i * np.tanh(z[:, 2 * units : 3 * units])
        h = o * np.tanh(c)
    return h


def step(net: Net) -> Callable[[], float]:
    """A function that trains the net on its batch once and returns the loss."""
    ops, w, (x, labels) = sys.modules[__name__], weights(net), batch(net)
    places = np.arange(net.batch)

    def loss(w: dict[str, Any]) -> Any:
        scores = logits(net, ops, w, x)
        scores = scores - np.max(scores, axis=-1, keepdims=True)
        return np.mean(np.log(np.sum(np.exp(scores), axis=-1)) - scores[places, labels])

    slopes = autograd.value_and_grad(loss)

    def run() -> float:
        value, found = slopes(w)
        for name, slope in found.items():
            w[name] -= RATE * slope
        return float(value)

    return run
