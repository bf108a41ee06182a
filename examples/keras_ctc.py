"""Keras 2.3.1 learns to read rows of handwritten digits without their positions, by the CTC loss."""

from __future__ import annotations

import argparse
import os
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "backend")

import numpy as np

import backend as K
from backend.arrays.extras import required

with required("keras_ctc.py", "keras", program=__name__ == "__main__"):
    import keras
    from keras.layers import Conv1D, Dense, Dropout, Input, Lambda, MaxPooling1D
    from sklearn.datasets import load_digits

WIDTH = 40  # columns of pixels, halved by pooling to 20 frames
DIGITS = 4  # at most, in one row


def rows(images: np.ndarray, labels: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, ...]:
    """Rows of 2 to 4 digits at random places, as (count, WIDTH, 8) columns; their labels and the number of labels."""
    rng = np.random.RandomState(seed)
    x, y = np.zeros((count, WIDTH, 8), "float32"), np.full((count, DIGITS), -1)
    lengths = rng.randint(2, DIGITS + 1, size=count)
    for i, length in enumerate(lengths):
        left = rng.randint(0, WIDTH - 8 * length + 1)
        for j, k in enumerate(rng.randint(len(images), size=length)):
            x[i, left + 8 * j : left + 8 * (j + 1)] = images[k].T / 16
            y[i, j] = labels[k]
    return x, y, lengths[:, None]


def net() -> tuple[Any, Any]:
    """The model to train, whose output is its loss, and the inner model that gives the probabilities of each frame."""
    x = Input((WIDTH, 8))
    h = Conv1D(48, 5, padding="same", activation="relu")(x)
    h = MaxPooling1D(2)(h)
    h = Conv1D(64, 5, padding="same", activation="relu")(h)
    frames = Dense(11, activation="softmax")(Dropout(0.2)(h))  # ten digits and the blank, which is the last class
    labels, length = Input((DIGITS,)), Input((1,), dtype="int32")

    def cost(tensors: list[Any]) -> Any:
        y_true, y_pred, label_length = tensors
        return K.ctc_batch_cost(y_true, y_pred, K.ones_like(label_length) * (WIDTH // 2), label_length)

    loss = Lambda(cost, output_shape=(1,))([labels, frames, length])
    train = keras.Model([x, labels, length], loss)
    train.compile(loss=lambda nothing, loss: loss, optimizer=keras.optimizers.Adam(0.005))
    return train, keras.Model(x, frames)


def main() -> float:
    """Train and decode; returns the fraction of test rows read without a mistake."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=16)
    arguments = parser.parse_args()
    np.random.seed(0)
    digits = load_digits()
    train, reader = net()
    x, y, lengths = rows(digits.images[:1500], digits.target[:1500], 1600, seed=1)
    train.fit([x, y, lengths], np.zeros(len(x)), batch_size=32, epochs=arguments.epochs, verbose=2)
    x, y, lengths = rows(digits.images[1500:], digits.target[1500:], 300, seed=2)
    (read,), _ = K.ctc_decode(K.constant(reader.predict(x)), K.constant(np.full(len(x), WIDTH // 2), dtype="int32"))
    strings = [[int(n) for n in row if n >= 0] for row in K.eval(read)]
    right = np.mean([s == [int(n) for n in row if n >= 0] for s, row in zip(strings, y, strict=True)])
    print(f"on {K.backend()}: {right:.1%} of {len(x)} rows read without a mistake, such as {strings[:3]}")
    return float(right)


if __name__ == "__main__":
    main()
