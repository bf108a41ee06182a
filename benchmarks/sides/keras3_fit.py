"""Four nets that Keras 3 fits on made-up data, on K or on Keras's own backend for torch.

Run as a program it is one side. For each line that it reads, the name of a net, it prints two numbers of a step of
`fit`: its seconds and its seconds of processor time. For a net that it has not met before they are those of the first
fit, which compiles, of ten steps.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["NETS"]

BATCH, STEPS = 128, 10


def mlp(layers: Any) -> tuple[tuple[int, ...], list[Any]]:
    """784-512-512-10."""
    hidden = [layers.Dense(512, activation="relu") for _ in range(2)]
    return (784,), [*hidden, layers.Dense(10, activation="softmax")]


def convnet(layers: Any) -> tuple[tuple[int, ...], list[Any]]:
    """Two convolutions of 32 and 64 filters with pooling, on images of 8 by 8."""
    blocks = [
        layer
        for filters in (32, 64)
        for layer in (layers.Conv2D(filters, 3, activation="relu", padding="same"), layers.MaxPooling2D())
    ]
    return (8, 8, 1), [*blocks, layers.Flatten(), layers.Dense(10, activation="softmax")]


def lstm(layers: Any) -> tuple[tuple[int, ...], list[Any]]:
    """An LSTM of 32 units over 20 steps of 16 numbers."""
    return (20, 16), [layers.LSTM(32), layers.Dense(10, activation="softmax")]


def batch_norm(layers: Any) -> tuple[tuple[int, ...], list[Any]]:
    """64-128-128-10 with batch normalization and dropout."""
    blocks = [
        layer
        for _ in range(2)
        for layer in (
            layers.Dense(128),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dropout(0.1),
        )
    ]
    return (64,), [*blocks, layers.Dense(10, activation="softmax")]


NETS: dict[str, Callable[[Any], tuple[tuple[int, ...], list[Any]]]] = {
    "MLP": mlp,
    "convnet": convnet,
    "LSTM": lstm,
    "batch norm": batch_norm,
}


def main() -> None:
    """Serve the seconds of a step of each net on one side."""
    (side,) = sys.argv[1:]
    os.environ["KERAS_BACKEND"] = "torch" if side == "keras" else "array_api"
    if side != "keras":
        os.environ["K_BACKEND"] = side
        import backend.compat.keras3  # noqa: F401 - before keras
    if side != "numpy":
        import torch

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    import keras

    rng = np.random.default_rng(0)
    made: dict[str, Callable[[], None]] = {}

    def net(name: str) -> Callable[[], None]:
        shape, stack = NETS[name](keras.layers)
        x, y = rng.normal(size=(BATCH * STEPS, *shape)).astype("float32"), rng.integers(0, 10, BATCH * STEPS)
        model = keras.Sequential(stack)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return lambda: model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)

    print("ready", flush=True)
    for line in sys.stdin:
        name = line.strip()
        steps = STEPS if name in made else 1
        if name not in made:
            made[name] = net(name)
        start, busy = time.perf_counter(), time.process_time()
        made[name]()
        print((time.perf_counter() - start) / steps, (time.process_time() - busy) / steps, flush=True)


if __name__ == "__main__":
    main()
