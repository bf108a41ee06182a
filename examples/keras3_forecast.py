"""Forecast a noisy wave with an LSTM of Keras 3: `K_BACKEND=torch python keras3_forecast.py`."""

import argparse

import numpy as np

import backend.compat.keras3  # noqa: F401 - it selects K, before Keras is imported
from backend.arrays.extras import required

with required("keras3_forecast.py", "keras3", program=__name__ == "__main__"):
    import keras
    from keras import layers

WINDOW = 24


def series(length: int = 600) -> np.ndarray:
    """Two waves and noise."""
    t = np.arange(length)
    wave = np.sin(2 * np.pi * t / 24) + 0.5 * np.sin(2 * np.pi * t / 90)
    return (wave + 0.1 * np.random.default_rng(0).normal(size=length)).astype("float32")


def windows(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every window of the series, and the value that follows it."""
    x = np.lib.stride_tricks.sliding_window_view(values[:-1], WINDOW)
    return x[..., None].copy(), values[WINDOW:, None]


def main() -> dict[str, list[float]]:
    """Train on the first part of the series; the error on the rest beside that of repeating the last value."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=12)
    arguments = parser.parse_args()

    x, y = windows(series())
    train, test = slice(None, 450), slice(450, None)
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((WINDOW, 1)), layers.LSTM(24), layers.Dense(1)])
    model.compile(keras.optimizers.Adam(1e-2), "mse", metrics=["mae"])
    slower = keras.callbacks.ReduceLROnPlateau("loss", patience=2, min_lr=1e-3)
    history = model.fit(
        x[train], y[train], epochs=arguments.epochs, validation_data=(x[test], y[test]), callbacks=[slower], verbose=2
    )
    error = np.abs(model.predict(x[test], verbose=0) - y[test]).mean()
    naive = np.abs(x[test][:, -1] - y[test]).mean()
    print(f"{keras.config.backend()}: mean error {error:.3f}; repeating the last value {naive:.3f}")
    return history.history


if __name__ == "__main__":
    main()
