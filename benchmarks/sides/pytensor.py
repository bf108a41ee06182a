"""The nets in pytensor: shared variables, its own gradients, scan; convolution as for autograd, because it has none.

The first compilation of a convolutional net takes minutes (Numba); pytensor caches the compiled code for the next run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytensor
import pytensor.tensor as pt
from pytensor.tensor.special import log_softmax

from ..nets import RATE, Net, batch, logits, weights

__all__ = ["step"]


def dense(x: Any, kernel: Any, bias: Any) -> Any:
    return pt.dot(x, kernel) + bias


def relu(x: Any) -> Any:
    return pt.maximum(x, 0)


def conv(x: Any, kernel: Any, bias: Any, padding: str) -> Any:
    rows, columns, incoming, outgoing = kernel.type.shape
    count, high, wide, _ = x.type.shape
    if padding == "same":
        x = pt.pad(x, ((0, 0), (rows // 2,) * 2, (columns // 2,) * 2, (0, 0)))
    else:
        high, wide = high - rows + 1, wide - columns + 1
    taps = [x[:, i : i + high, j : j + wide] for i in range(rows) for j in range(columns)]
    columns_of = pt.reshape(pt.concatenate(taps, axis=-1), (count * high * wide, rows * columns * incoming))
    y = pt.dot(columns_of, pt.reshape(kernel, (rows * columns * incoming, outgoing)))
    y = pt.reshape(y, (count, high, wide, outgoing))
    return y if bias is None else y + bias


def pool(x: Any) -> Any:
    count, rows, columns, channels = x.type.shape
    return pt.max(pt.reshape(x, (count, rows // 2, 2, columns // 2, 2, channels)), axis=(2, 4))


def flat(x: Any) -> Any:
    count, *rest = x.type.shape
    size = 1
    for n in rest:
        size *= n
    return pt.reshape(x, (count, size))


def normalized(x: Any, gamma: Any, beta: Any) -> Any:
    centred = x - pt.mean(x, axis=(0, 1, 2), keepdims=True)
    variance = pt.mean(centred * centred, axis=(0, 1, 2), keepdims=True)
    return centred * (gamma / pt.sqrt(variance + 1e-3)) + beta


def lstm(x: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
    count, (units, _) = x.type.shape[0], recurrent.type.shape

    def cell(gates: Any, h: Any, c: Any, recurrent: Any) -> Any:
        z = gates + pt.dot(h, recurrent)
        i, f, o = (pt.sigmoid(z[:, k * units : (k + 1) * units]) for k in (0, 1, 3))
        c = f * c + i * pt.tanh(z[:, 2 * units : 3 * units])
        return o * pt.tanh(c), c

    gates = pt.dot(x.transpose(1, 0, 2), kernel) + bias
    start = pt.zeros((count, units), dtype="float32")
    h, _ = pytensor.scan(
        cell, sequences=[gates], outputs_info=[start, start], non_sequences=[recurrent], return_updates=False
    )
    return h[-1]


def step(net: Net) -> Callable[[], float]:
    """A function that trains the net on its batch once and returns the loss."""
    with pytensor.config.change_flags(floatX="float32"):
        (samples, labels) = batch(net)
        w = {name: pytensor.shared(value, name=name, shape=value.shape) for name, value in weights(net).items()}
        x = pt.tensor("samples", dtype="float32", shape=samples.shape)
        scores = log_softmax(logits(net, sys.modules[__name__], w, x), axis=-1)
        loss = -pt.mean(scores[pt.arange(net.batch), labels])
        slopes = pt.grad(loss, list(w.values()))
        updates = [(p, (p - RATE * g).astype("float32")) for p, g in zip(w.values(), slopes, strict=True)]
        f = pytensor.function([x], loss, updates=updates)
    return lambda: float(f(samples))
