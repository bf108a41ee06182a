"""Train on the handwritten digits with NumPy, write an ONNX file, and run it with ONNX Runtime, which needs no K."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

import backend as K
from backend.arrays.extras import required

with required("digits_onnx.py", "examples", program=__name__ == "__main__"):
    from sklearn.datasets import load_digits
with required("digits_onnx.py", "onnx", program=__name__ == "__main__"):
    import onnxruntime


def load() -> tuple[np.ndarray, ...]:
    """1437 images (8, 8, 1), their labels, 360 test images, and their labels."""
    images, labels = load_digits(return_X_y=True)
    images = (images / 16).reshape(-1, 8, 8, 1).astype("float32")
    order = np.random.default_rng(0).permutation(len(images))
    images, labels = images[order], labels[order]
    return images[:1437], labels[:1437], images[1437:], labels[1437:]


def trained(x: np.ndarray, labels: np.ndarray, epochs: int) -> Any:
    """A convolutional net with batch normalization and dropout."""
    models = K.models
    model = models.Sequential(
        [
            models.Conv2D(16, 3, padding="same", use_bias=False, input_shape=(8, 8, 1)),
            models.BatchNormalization(momentum=0.9),  # 45 steps an epoch: a longer memory lags behind
            models.Activation("relu"),
            models.MaxPooling2D(2),
            models.Conv2D(32, 3, padding="same", activation="relu"),
            models.AveragePooling2D(2),
            models.Flatten(),
            models.Dropout(0.2),
            models.Dense(10, activation="softmax"),
        ]
    )
    model.compile(K.optimizers.Adam(4e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, labels, batch_size=32, epochs=epochs, verbose=0)
    return model


def deployed(path: str, images: np.ndarray) -> np.ndarray:
    """The probabilities that ONNX Runtime computes with the file."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: images})[0]


def main(arguments: list[str] | None = None) -> tuple[float, float]:
    """Train, export, compare; the accuracy of the file, and the largest difference between its results and K's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--file", default="digits.onnx")
    options = parser.parse_args(arguments)
    np.random.seed(0)
    x, labels, x_test, labels_test = load()
    with K.use_backend("numpy"):
        model = trained(x, labels, options.epochs)
        K.export_onnx(model, options.file)
        expected = model.predict(x_test)
    found = deployed(options.file, x_test)
    accuracy = float(np.mean(found.argmax(1) == labels_test))
    distance = float(np.max(np.abs(found - expected)))
    print(f"{options.file}: accuracy {accuracy:.3f}, at most {distance:.0e} from K on {len(x_test)} images")
    return accuracy, distance


if __name__ == "__main__":
    main()
