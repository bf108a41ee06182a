"""Three of Keras's example programs on made-up data, for Keras 2.3.1 on K or for tf_keras in graph mode.

Run as a program it is one side: it prints a line when it has compiled, then for each line that it reads the seconds of
an epoch.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import numpy as np

__all__ = ["PROGRAMS"]


def _labels(rng: Any, count: int, classes: int) -> Any:
    return np.eye(classes, dtype="float32")[rng.integers(classes, size=count)]


def conv_lstm(keras: Any, rng: Any) -> tuple[Any, Any, Any, int]:
    """Four ConvLSTM2D layers of 40 filters with batch normalization, then a Conv3D, on films of 20 by 20."""
    layers, model = keras.layers, keras.models.Sequential()
    for i in range(4):
        shape = {"input_shape": (None, 20, 20, 1)} if i == 0 else {}
        model.add(layers.ConvLSTM2D(40, (3, 3), padding="same", return_sequences=True, **shape))
        model.add(layers.BatchNormalization())
    model.add(layers.Conv3D(1, (3, 3, 3), activation="sigmoid", padding="same"))
    model.compile("adadelta", "binary_crossentropy")
    films = rng.random((10, 7, 20, 20, 1), "float32")
    return model, films, (films > 0.5).astype("float32"), 10


def hierarchical_rnn(keras: Any, rng: Any) -> tuple[Any, Any, Any, int]:
    """An LSTM of 128 over the rows of an image, then one over the encoded rows."""
    layers = keras.layers
    image = layers.Input((28, 28, 1))
    rows = layers.TimeDistributed(layers.LSTM(128))(image)
    model = keras.models.Model(image, layers.Dense(10, activation="softmax")(layers.LSTM(128)(rows)))
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    return model, rng.random((64, 28, 28, 1), "float32"), _labels(rng, 64, 10), 32


def transfer_cnn(keras: Any, rng: Any) -> tuple[Any, Any, Any, int]:
    """Two convolutions of 32 filters, pooling and two dense layers with dropout."""
    layers = keras.layers
    model = keras.models.Sequential(
        [
            layers.Conv2D(32, 3, input_shape=(28, 28, 1)),
            layers.Activation("relu"),
            layers.Conv2D(32, 3),
            layers.Activation("relu"),
            layers.MaxPooling2D(pool_size=2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128),
            layers.Activation("relu"),
            layers.Dropout(0.5),
            layers.Dense(5),
            layers.Activation("softmax"),
        ]
    )
    model.compile("adadelta", "categorical_crossentropy", metrics=["accuracy"])
    return model, rng.random((256, 28, 28, 1), "float32"), _labels(rng, 256, 5), 128


PROGRAMS = {f.__name__: f for f in (conv_lstm, hierarchical_rnn, transfer_cnn)}


def _keras(side: str) -> Any:
    """Keras 2.3.1 on K with this library's arrays; tf_keras in the graph mode of TensorFlow 1."""
    if side == "tensorflow":
        import tensorflow
        import tf_keras

        tensorflow.config.threading.set_intra_op_parallelism_threads(int(os.environ["OMP_NUM_THREADS"]))
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
        tensorflow.compat.v1.disable_v2_behavior()
        return tf_keras
    os.environ.update(KERAS_BACKEND="backend", K_BACKEND=side)
    import backend.compat.keras  # noqa: F401 - before keras

    if side == "torch":
        import torch

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    import keras

    return keras


def _serve(program: str, side: str) -> None:
    model, x, y, batch = PROGRAMS[program](_keras(side), np.random.default_rng(0))

    def epoch() -> float:
        start = time.perf_counter()
        model.fit(x, y, batch_size=batch, verbose=0, shuffle=False)
        return time.perf_counter() - start

    epoch()
    print("ready", file=sys.__stdout__, flush=True)
    for _ in sys.stdin:
        print(epoch(), file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
