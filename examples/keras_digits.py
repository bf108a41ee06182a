"""Train a Keras 2.3.1 convnet on scikit-learn's handwritten digits, save it, load it: on torch with K_BACKEND=torch."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "backend")

import numpy as np

import backend as K
from backend.arrays.extras import required

with required("keras_digits.py", "keras", program=__name__ == "__main__"):
    import keras
    from keras.layers import Activation, BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
    from keras.optimizers import SGD
    from sklearn.datasets import load_digits

TRAINED_ON = 1437  # of 1797 images, four fifths


def load() -> list[np.ndarray]:
    """Images (n, 8, 8, 1) and one-hot labels for training, then for testing; the split is fixed."""
    images, labels = load_digits(return_X_y=True)
    order = np.random.RandomState(0).permutation(len(images))
    x = (images[order] / 16).reshape(-1, 8, 8, 1).astype("float32")
    y = keras.utils.to_categorical(labels[order], 10)
    return [x[:TRAINED_ON], y[:TRAINED_ON], x[TRAINED_ON:], y[TRAINED_ON:]]


def net() -> Any:
    """Two convolutions with batch normalization and dropout, compiled."""
    model = keras.Sequential(
        [
            Conv2D(16, 3, padding="same", input_shape=(8, 8, 1)),
            BatchNormalization(momentum=0.9),
            Activation("relu"),
            MaxPooling2D(2),
            Dropout(0.2),
            Conv2D(32, 3, padding="same"),
            BatchNormalization(momentum=0.9),
            Activation("relu"),
            Flatten(),
            Dropout(0.3),
            Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer=SGD(lr=0.01), metrics=["accuracy"])
    return model


def main() -> float:
    """Fit, evaluate, predict, save, load; returns the accuracy on the test images."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    np.random.seed(arguments.seed)  # Keras uses it to shuffle and to seed its layers
    x, y, x_test, y_test = load()
    model = net()
    print(f"Keras {keras.__version__} on {K.backend()}, {model.count_params()} weights")
    with tempfile.TemporaryDirectory() as folder:
        best, whole = Path(folder, "best.h5"), Path(folder, "model.h5")
        callbacks = [
            keras.callbacks.ModelCheckpoint(str(best), monitor="val_accuracy", save_best_only=True),
            keras.callbacks.ReduceLROnPlateau(patience=3),
            keras.callbacks.EarlyStopping(patience=6),
        ]
        model.fit(x, y, batch_size=32, epochs=arguments.epochs, verbose=2, validation_split=0.1, callbacks=callbacks)
        model.load_weights(str(best))
        loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
        model.save(str(whole))
        again = keras.models.load_model(str(whole))
    apart = float(np.abs(model.predict(x_test) - again.predict(x_test)).max())
    print(f"test loss {loss:.4f}, accuracy {accuracy:.4f}; predictions of the loaded model differ by {apart:g}")
    again.train_on_batch(x[:32], y[:32])  # the optimizer was saved with it
    return float(accuracy)


if __name__ == "__main__":
    main()
