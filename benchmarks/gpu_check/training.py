"""A net that reads digits, trained on a GPU and on NumPy: the losses of both, side by side."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..nets import NETS
from .devices import Row

__all__ = ["digits", "first_losses", "training"]

BATCH, EPOCHS, FIRST = 64, 5, 10  # FIRST: steps whose losses must agree; later ones may drift, as any rounding does
CLOSE = 1e-3  # of a loss
HITS = 0.02  # of the test images
PATTERNS = (  # of the digits 0 to 9, three columns by five rows
    "111101101101111 010110010010111 111001111100111 111001111001111 101101111001001 "
    "111100111001111 111100111101111 111001001001001 111101111101111 111101111001111"
).split()


def digits() -> tuple[str, list[Any]]:
    """Where they come from, and training images (n, 8, 8, 1), their labels, test images, their labels."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        return "digits drawn here, shifted, with noise", _split(*_drawn())
    images, labels = load_digits(return_X_y=True)
    return "scikit-learn's handwritten digits", _split(images.reshape(-1, 8, 8, 1) / 16, labels)


def _split(images: Any, labels: Any) -> list[Any]:
    order = np.random.default_rng(0).permutation(len(images))
    images, labels = images[order].astype("float32"), labels[order]
    return [images[:-360], labels[:-360], images[-360:], labels[-360:]]


def _drawn() -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    shapes = np.array([[float(c) for c in pattern] for pattern in PATTERNS]).reshape(10, 5, 3)
    labels = rng.integers(10, size=1797)
    images = rng.normal(scale=0.25, size=(len(labels), 8, 8))
    for image, label, (down, right) in zip(images, labels, rng.integers((4, 6), size=(len(labels), 2)), strict=True):
        image[down : down + 5, right : right + 3] += shapes[label]
    return images[..., None], labels


def _model() -> Any:
    import backend as K

    m, seeded = K.models, K.models.INITIALIZERS["he_normal"]
    layers = [
        m.Conv2D(16, 3, padding="same", use_bias=False, kernel_initializer=seeded(seed=1), input_shape=(8, 8, 1)),
        m.BatchNormalization(),
        m.Activation("relu"),
        m.Conv2D(32, 3, padding="same", kernel_initializer=seeded(seed=2), activation="relu"),
        m.MaxPooling2D(2),
        m.Flatten(),
        m.Dropout(0.3, seed=3),
        m.Dense(10, kernel_initializer=seeded(seed=4), activation="softmax"),
    ]
    model = m.Sequential(layers)
    model.compile(K.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _trained(backend: str, data: list[Any], until: float) -> tuple[list[float], float, float]:
    """The losses of all steps, the share of test images read correctly, and the seconds."""
    import backend as K

    images, labels, test, test_labels = data
    begun, losses = time.perf_counter(), []
    with K.use_backend(backend):
        model, order = _model(), np.random.default_rng(0)
        for _ in range(EPOCHS):
            batches = np.array_split(order.permutation(len(images)), len(images) // BATCH)
            losses += [float(model.train_on_batch(images[chosen], labels[chosen])[0]) for chosen in batches]
            if time.perf_counter() > until:
                break
        hits = float(np.mean(model.predict(test).argmax(-1) == test_labels))
    return losses, hits, time.perf_counter() - begun


def training(backends: list[str], seconds: float) -> Iterator[Row]:
    """A row per backend, NumPy's first: losses, accuracy, seconds and whether it agrees with NumPy."""
    source, data = digits()
    share = seconds / (len(backends) + 1)
    wanted, wanted_hits, took = _trained("numpy", data, time.perf_counter() + share)
    title = f"Training on {source}"
    yield _row(title, "numpy", wanted, wanted_hits, took, None)
    for backend in backends:
        losses, hits, took = _trained(backend, data, time.perf_counter() + share)
        apart = max(abs(a - b) / abs(b) for a, b in zip(losses[:FIRST], wanted[:FIRST], strict=True))
        agrees = apart <= CLOSE and (len(losses) != len(wanted) or abs(hits - wanted_hits) <= HITS)
        yield _row(title, backend, losses, hits, took, apart) | {"ok": agrees}


def _row(title: str, backend: str, losses: list[float], hits: float, took: float, apart: float | None) -> Row:
    return {
        "table": title,
        "backend": backend,
        "steps": len(losses),
        "first loss": losses[0],
        "last loss": float(np.mean(losses[-20:])),
        "read correctly": hits,
        "seconds": took,
        f"apart, first {FIRST} steps": apart,
    }


def first_losses(backends: list[str], seconds: float) -> Iterator[Row]:
    """A row per net and backend: the losses of five steps beside NumPy's."""
    from ..sides import ours

    until = time.perf_counter() + seconds
    for net in NETS:
        steps = {name: ours.step(net, name) for name in ("numpy", *backends)}
        found = {name: [step() for _ in range(5)] for name, step in steps.items()}
        for name in backends:
            apart = max(abs(a - b) / abs(b) for a, b in zip(found[name], found["numpy"], strict=True))
            yield {
                "table": "Five steps of the benchmarks' nets, losses beside NumPy's",
                "net": net.label,
                "backend": name,
                "last loss": found[name][-1],
                "NumPy's": found["numpy"][-1],
                "apart": apart,
                "ok": apart <= CLOSE,
            }
        if time.perf_counter() > until:
            return
