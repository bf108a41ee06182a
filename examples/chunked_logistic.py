"""Logistic regression on more data than memory: Adam on gradients that Dask adds up chunk by chunk."""

from __future__ import annotations

import argparse
import time

import numpy as np

import backend as K
from backend.arrays.extras import required

with required("chunked_logistic.py", "dask", program=__name__ == "__main__"):
    import dask.array as da

FEATURES = 16
CHUNK = 20_000  # rows: 1.3 MB


def data(rows: int) -> tuple[da.Array, da.Array, np.ndarray]:
    """Made-up rows (rows, FEATURES) and labels (rows,), never in memory as a whole, and the weights behind them."""
    truth = np.linspace(-2.0, 2.0, FEATURES).astype("float32")
    draws = da.random.default_rng(0)
    x = draws.normal(size=(rows, FEATURES), chunks=(CHUNK, FEATURES)).astype("float32")
    y = (draws.random(size=rows, chunks=CHUNK) < 1.0 / (1.0 + da.exp(-(x @ truth)))).astype("float32")
    return x, y, truth


def loss(w: K.Tensor, x: K.Tensor, y: K.Tensor) -> K.Tensor:
    """The mean cross-entropy of a logistic model."""
    return K.mean(K.binary_crossentropy(y, K.dot(x, w), from_logits=True))


def train(rows: int, steps: int, rate: float = 0.3) -> tuple[list[float], np.ndarray, float]:
    """Losses by step, the weights found, and the share of rows that they classify right."""
    x, y, _ = data(rows)
    w, slope = K.variable(np.zeros(FEATURES)), K.placeholder((FEATURES,))
    over_chunks = K.chunked_value_and_grad(loss)
    line = K.sum(slope * w)  # whose gradient is the slope that is fed
    step = K.function([slope], [], K.optimizers.Adam(rate).get_updates(line, [w]))
    losses = []
    for _ in range(steps):
        value, found = over_chunks(K.get_value(w), x, y)
        step([found])
        losses.append(float(value))
    rows_in = K.placeholder((None, FEATURES))
    predict = K.function([rows_in], K.sigmoid(K.dot(rows_in, w[:, None]))[:, 0])
    right = (predict([x]) > 0.5) == (y > 0.5)  # a Dask array: nothing is computed yet
    return losses, K.get_value(w), float(right.mean().compute())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--steps", type=int, default=15)
    given = parser.parse_args()
    start = time.perf_counter()
    losses, w, accuracy = train(given.rows, given.steps)
    print(f"{given.rows} rows, {given.steps} steps in {time.perf_counter() - start:.1f} s")
    print(f"loss {losses[0]:.3f} -> {losses[-1]:.3f}, accuracy {accuracy:.3f}, weights {w[0]:.2f} to {w[-1]:.2f}")


if __name__ == "__main__":
    main()
