"""The four nets every side trains: sizes, data and first weights as NumPy arrays, and the forward pass itself.

The forward pass is written once, over a few layers that each side writes in its own library: an object with `dense`,
`relu`, `conv`, `pool`, `flat`, `normalized` and `lstm`. Images are (batch, rows, columns, channels), weights are laid
out as in Keras: dense (in, out), convolution (rows, columns, in, out), the LSTM's gates concatenated as i, f, c, o.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["BATCH_NORM", "CONVNET", "LSTM", "MLP", "NETS", "RATE", "Net", "batch", "flops", "logits", "weights"]

RATE = 0.01  # of plain gradient descent, on all sides


@dataclasses.dataclass(frozen=True)
class Net:
    """One net: its kind, samples per step, the shape of a sample, and the widths of its layers."""

    name: str
    kind: str  # "dense", "convolution", "recurrent" or "normalized"
    batch: int
    sample: tuple[int, ...]
    widths: tuple[int, ...]

    def of(self, batch: int) -> Net:
        """The same net for another number of samples."""
        return dataclasses.replace(self, batch=batch)

    @property
    def label(self) -> str:
        """Its name in tables."""
        return f"{self.name}, batch {self.batch}"


MLP = Net("MLP", "dense", 128, (784,), (512, 512, 10))
CONVNET = Net("convnet", "convolution", 32, (28, 28, 1), (32, 64, 128, 10))
LSTM = Net("LSTM", "recurrent", 32, (50, 64), (64, 10))
BATCH_NORM = Net("batch norm", "normalized", 32, (16, 16, 3), (16, 32, 64, 10))
NETS = (MLP, CONVNET, LSTM, BATCH_NORM)


def _kernels(net: Net) -> list[tuple[str, tuple[int, ...]]]:
    """The name and shape of every kernel, in order."""
    incoming, widths = net.sample[-1], net.widths
    if net.kind == "dense":
        return [(f"kernel{i}", shape) for i, shape in enumerate(zip((incoming, *widths), widths, strict=False))]
    if net.kind == "recurrent":
        units, classes = widths
        return [("kernel0", (incoming, 4 * units)), ("recurrent", (units, 4 * units)), ("kernel1", (units, classes))]
    rows, columns, _ = net.sample
    if net.kind == "convolution":
        first, second, hidden, classes = widths
        features = (rows - 4) // 2 * ((columns - 4) // 2) * second
        return [
            ("kernel0", (3, 3, incoming, first)),
            ("kernel1", (3, 3, first, second)),
            ("kernel2", (features, hidden)),
            ("kernel3", (hidden, classes)),
        ]
    *channels, classes = widths
    shapes = [(3, 3, a, b) for a, b in zip((incoming, *channels), channels, strict=False)]
    shapes.append((rows // 4 * (columns // 4) * channels[-1], classes))
    return [(f"kernel{i}", shape) for i, shape in enumerate(shapes)]


def weights(net: Net) -> dict[str, np.ndarray]:
    """The first weights, float32, the same on every side."""
    rng, found = np.random.default_rng(1), {}
    for name, shape in _kernels(net):
        spread = ((1 if net.kind == "recurrent" else 2) / np.prod(shape[:-1])) ** 0.5  # keeps the variance of values
        found[name] = rng.normal(scale=spread, size=shape).astype("float32")
        if name == "recurrent":
            continue
        number = name.removeprefix("kernel")
        found[f"bias{number}"] = np.zeros(shape[-1:], "float32")
        if net.kind == "normalized" and len(shape) == 4:  # beta replaces the bias
            found[f"gamma{number}"] = np.ones(shape[-1:], "float32")
    return found


def batch(net: Net) -> tuple[np.ndarray, np.ndarray]:
    """One batch: samples and their classes as integers."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(net.batch, *net.sample)).astype("float32")
    return x, rng.integers(net.widths[-1], size=net.batch)


def logits(net: Net, ops: Any, w: Mapping[str, Any], x: Any) -> Any:
    """The forward pass with the layers of one side."""
    if net.kind == "recurrent":
        h = ops.lstm(x, w["kernel0"], w["recurrent"], w["bias0"])
        return ops.dense(h, w["kernel1"], w["bias1"])
    last = len(net.widths) - 1
    for i in range(last):
        kernel, bias = w[f"kernel{i}"], w[f"bias{i}"]
        if net.kind == "normalized":
            x = ops.relu(ops.normalized(ops.conv(x, kernel, None, "same"), w[f"gamma{i}"], bias))
            x = ops.pool(x) if i > 0 else x
        elif net.kind == "convolution" and i < 2:
            x = ops.relu(ops.conv(x, kernel, bias, "valid"))
            x = ops.flat(ops.pool(x)) if i == 1 else x
        else:
            x = ops.relu(ops.dense(x, kernel, bias))
    x = ops.flat(x) if net.kind == "normalized" else x
    return ops.dense(x, w[f"kernel{last}"], w[f"bias{last}"])


def flops(net: Net) -> float:
    """The multiplications and additions that every implementation of one training step needs.

    Each kernel takes part in three products, forward and for both gradients; the first one's input needs none.
    """
    total, (rows, columns) = 0.0, (*net.sample, 1)[:2]
    for position, (_, shape) in enumerate(_kernels(net)):
        places = 1
        if len(shape) == 4:
            shrunk = 2 * (position + 1) if net.kind == "convolution" else 0
            halved = 2 if net.kind == "normalized" and position == 2 else 1
            places = ((rows - shrunk) // halved) * ((columns - shrunk) // halved)
        elif net.kind == "recurrent" and shape[-1] == 4 * net.widths[0]:
            places = net.sample[0]
        total += (2 if position == 0 else 3) * 2 * net.batch * places * float(np.prod(shape))
    return total
