"""A Keras 2.3.1 LSTM with masking that finds the most frequent of three symbols in sequences of any length."""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("KERAS_BACKEND", "backend")

import numpy as np

import backend as K
from backend.arrays.extras import required

with required("keras_sequences.py", "keras", program=__name__ == "__main__"):
    import keras
    from keras.layers import LSTM, Dense, Embedding
    from keras.preprocessing.sequence import pad_sequences

LONGEST = 15


def sequences(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sequences of the symbols 1 to 3, of 5 to 15 steps, padded with 0, and the most frequent symbol of each."""
    rng = np.random.RandomState(seed)
    found, most = [], []
    while len(found) < count:
        sequence = rng.randint(1, 4, size=rng.randint(5, LONGEST + 1))
        numbers = np.bincount(sequence, minlength=4)[1:]
        if (numbers == numbers.max()).sum() == 1:
            found.append(sequence)
            most.append(numbers.argmax())
    return pad_sequences(found, LONGEST, padding="post"), keras.utils.to_categorical(most, 3)


def main() -> float:
    """Train, show that padding changes nothing, and return the accuracy on new sequences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=12)
    arguments = parser.parse_args()
    np.random.seed(0)
    (x, y), (x_test, y_test) = sequences(2000, seed=1), sequences(500, seed=2)
    model = keras.Sequential(
        [Embedding(4, 8, mask_zero=True), LSTM(24, dropout=0.1, recurrent_dropout=0.1), Dense(3, activation="softmax")]
    )
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(0.01), metrics=["accuracy"])
    model.fit(x, y, batch_size=50, epochs=arguments.epochs, verbose=2)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    longer = np.pad(x_test, ((0, 0), (0, 5)))
    apart = float(np.abs(model.predict(x_test) - model.predict(longer)).max())
    print(f"on {K.backend()}: accuracy {accuracy:.3f}; five more steps of padding change predictions by {apart:g}")
    return float(accuracy)


if __name__ == "__main__":
    main()
