"""The cost of a training step of Keras 2.3.1 on K beyond a K.function of the same net, by part."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np

import backend as K

from .timing import interleaved, printed

__all__ = ["table"]

BATCH, STEPS = 32, 45  # per epoch of fit, as in the digits example


def _nets() -> dict[str, Callable[[], Any]]:
    """Models without an optimizer, built when called."""
    from keras.layers import Activation, BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
    from keras.models import Sequential

    return {
        "dense": lambda: Sequential(
            [
                Dense(128, activation="relu", input_shape=(64,)),
                Dropout(0.2),
                Dense(128, activation="relu"),
                Dense(10, activation="softmax"),
            ]
        ),
        "convnet": lambda: Sequential(
            [
                Conv2D(16, 3, padding="same", input_shape=(8, 8, 1)),
                BatchNormalization(),
                Activation("relu"),
                MaxPooling2D(2),
                Dropout(0.2),
                Conv2D(32, 3, padding="same"),
                BatchNormalization(),
                Activation("relu"),
                Flatten(),
                Dense(10, activation="softmax"),
            ]
        ),
    }


def _alone(model: Any) -> Callable[[Any, Any], Any]:
    """The net's loss, accuracy and updates in one K.function, without Keras's training code."""
    from keras.optimizers import SGD

    y = K.placeholder((None, 10))
    p = model.output
    loss = K.mean(K.categorical_crossentropy(y, p))
    accuracy = K.mean(K.cast(K.equal(K.argmax(y), K.argmax(p)), "float32"))
    updates = [*SGD(lr=0.01).get_updates(loss, model.trainable_weights), *model.updates]
    f = K.function([model.input, y, K.learning_phase()], [loss, accuracy], updates)
    return lambda images, labels: f([images, labels, 1])


def table(quick: bool) -> str:
    """A step by hand, through the function Keras compiles, through train_on_batch, and within fit."""
    title = f"A training step of {BATCH} samples under Keras 2.3.1, microseconds"
    if importlib.util.find_spec("keras") is None or not version("keras").startswith("2."):
        return f"### {title}\n\nKeras 2.3.1 is not installed: pip install 'array-api-backend[keras]'\n"
    os.environ.setdefault("KERAS_BACKEND", "backend")
    import keras

    import backend.compat.keras  # noqa: F401 - before keras

    rng, rows = np.random.default_rng(0), []
    for name in ("numpy", "torch"):
        with K.use_backend(name):
            for net, build in _nets().items():
                model = build()
                x = rng.random((BATCH * STEPS, *model.input_shape[1:]), "float32")
                y = np.eye(10, dtype="float32")[rng.integers(10, size=len(x))]
                one, labels, weights = x[:BATCH], y[:BATCH], np.ones(BATCH, "float32")
                alone = _alone(model)
                trained = build()
                trained.compile(keras.optimizers.SGD(lr=0.01), "categorical_crossentropy", metrics=["accuracy"])
                trained.train_on_batch(one, labels)
                cost = interleaved(
                    {
                        "K.function alone": lambda f=alone, a=one, b=labels: f(a, b),
                        "train_function": lambda m=trained, a=one, b=labels, w=weights: m.train_function([a, b, w, 1]),
                        "train_on_batch": lambda m=trained, a=one, b=labels: m.train_on_batch(a, b),
                        "fit": lambda m=trained, a=x, b=y: m.fit(a, b, batch_size=BATCH, verbose=0),
                    },
                    rounds=5 if quick else 15,
                    seconds=0.05 if quick else 0.3,
                )
                cost["fit"] /= STEPS
                rows.append(
                    [
                        name,
                        net,
                        *(f"{c:.0f}" for c in cost.values()),
                        f"{cost['train_on_batch'] / cost['K.function alone']:.2f}",
                        f"{cost['fit'] / cost['K.function alone']:.2f}",
                    ]
                )
    return printed(
        title,
        [
            "library",
            "net",
            "K.function alone",
            "Keras's train_function",
            "train_on_batch",
            "fit, per step",
            "train_on_batch / alone",
            "fit / alone",
        ],
        rows,
    )
