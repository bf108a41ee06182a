"""Train a convolutional net of Keras 3 on handwritten digits: `K_BACKEND=torch python keras3_digits.py`."""

import argparse
import time

import backend.compat.keras3  # noqa: F401 - it selects K, before Keras is imported
from backend.arrays.extras import required

with required("keras3_digits.py", "keras3", program=__name__ == "__main__"):
    import keras
    from keras import layers
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split


def net() -> keras.Model:
    """Two convolutions with batch normalization, pooling and dropout."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )


def main() -> dict[str, list[float]]:
    """Train, save, load, and print what the loaded model gets right."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--out", default="keras3_digits.keras", help="where to save the model")
    arguments = parser.parse_args()

    images, labels = load_digits(return_X_y=True)
    images = (images / 16).reshape(-1, 8, 8, 1).astype("float32")
    x, x_test, y, y_test = train_test_split(images, labels, test_size=360, random_state=0, stratify=labels)
    keras.utils.set_random_seed(1)
    model = net()
    schedule = keras.optimizers.schedules.CosineDecay(5e-3, 45 * arguments.epochs)
    model.compile(keras.optimizers.AdamW(schedule), "sparse_categorical_crossentropy", metrics=["accuracy"])
    start = time.perf_counter()
    history = model.fit(x, y, batch_size=32, epochs=arguments.epochs, validation_data=(x_test, y_test), verbose=2)
    print(f"{keras.config.backend()}: {time.perf_counter() - start:.1f} s")
    model.save(arguments.out)
    loaded = keras.saving.load_model(arguments.out)
    print(f"{(loaded.predict(x_test, verbose=0).argmax(-1) == y_test).mean():.1%} of the test images are right")
    return history.history


if __name__ == "__main__":
    main()
