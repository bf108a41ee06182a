"""Inference of the nets in NumPy by hand."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..nets import Net, batch, logits, weights

__all__ = ["predict"]


def dense(x: Any, kernel: Any, bias: Any) -> Any:
    return x @ kernel + bias


def relu(x: Any) -> Any:
    return np.maximum(x, 0)


def conv(x: Any, kernel: Any, bias: Any, padding: str) -> Any:
    around = kernel.shape[0] // 2 if padding == "same" else 0  # square kernels of odd size
    x = np.pad(x, ((0, 0), (around, around), (around, around), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(1, 2))
    y = np.tensordot(windows, kernel, axes=((4, 5, 3), (0, 1, 2)))
    return y if bias is None else y + bias


def pool(x: Any) -> Any:
    batch, rows, columns, channels = x.shape
    x = x[:, : rows // 2 * 2, : columns // 2 * 2]
    return np.max(x.reshape(batch, rows // 2, 2, columns // 2, 2, channels), axis=(2, 4))


def flat(x: Any) -> Any:
    return x.reshape(x.shape[0], -1)


def normalized(x: Any, gamma: Any, beta: Any) -> Any:
    return x * (gamma / np.sqrt(np.float32(1 + 1e-3))) + beta  # moving averages that no step has updated: 0 and 1


def lstm(x: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
    units = recurrent.shape[0]
    h = c = np.zeros((x.shape[0], units), x.dtype)
    gates = x @ kernel + bias
    for t in range(x.shape[1]):
        z = gates[:, t] + h @ recurrent
        i, f, o = (1 / (1 + np.exp(-z[:, k * units : (k + 1) * units])) for k in (0, 1, 3))
        c = f * c + i * np.tanh(z[:, 2 * units : 3 * units])
        h = o * np.tanh(c)
    return h


def predict(net: Net) -> Callable[[], Any]:
    """A function that computes the probabilities of the net's batch."""
    ops, w, x = sys.modules[__name__], weights(net), batch(net)[0]

    def run() -> Any:
        e = logits(net, ops, w, x)
        e = np.exp(e - np.max(e, axis=-1, keepdims=True))
        return e / np.sum(e, axis=-1, keepdims=True)

    return run
