"""Losses and metrics: functions of (y_true, y_pred) with a value for each sample, or each step of it."""

from __future__ import annotations

import math
from typing import Any

import backend as K

__all__ = ["LOSSES", "METRICS", "accuracy"]


# ---- losses ---------------------------------------------------------------------------------------------------


def mean_squared_error(y: Any, p: Any) -> Any:
    return K.mean(K.square(p - y), axis=-1)


def mean_absolute_error(y: Any, p: Any) -> Any:
    return K.mean(K.abs(p - y), axis=-1)


def mean_absolute_percentage_error(y: Any, p: Any) -> Any:
    return 100.0 * K.mean(K.abs((y - p) / K.maximum(K.abs(y), K.epsilon())), axis=-1)


def mean_squared_logarithmic_error(y: Any, p: Any) -> Any:
    y, p = (K.log(K.maximum(x, K.epsilon()) + 1.0) for x in (y, p))
    return K.mean(K.square(p - y), axis=-1)


def logcosh(y: Any, p: Any) -> Any:
    x = p - y
    return K.mean(x + K.softplus(-2.0 * x) - math.log(2.0), axis=-1)


def huber_loss(y: Any, p: Any) -> Any:
    x = K.abs(p - y)
    near = K.minimum(x, 1.0)
    return K.mean(0.5 * K.square(near) + (x - near), axis=-1)


def hinge(y: Any, p: Any) -> Any:
    return K.mean(K.maximum(1.0 - y * p, 0.0), axis=-1)


def squared_hinge(y: Any, p: Any) -> Any:
    return K.mean(K.square(K.maximum(1.0 - y * p, 0.0)), axis=-1)


def categorical_hinge(y: Any, p: Any) -> Any:
    return K.maximum(0.0, K.max((1.0 - y) * p, axis=-1) - K.sum(y * p, axis=-1) + 1.0)


def categorical_crossentropy(y: Any, p: Any) -> Any:
    return K.categorical_crossentropy(y, p)


def sparse_categorical_crossentropy(y: Any, p: Any) -> Any:
    return K.sparse_categorical_crossentropy(y, p)


def binary_crossentropy(y: Any, p: Any) -> Any:
    return K.mean(K.binary_crossentropy(y, p), axis=-1)


def kullback_leibler_divergence(y: Any, p: Any) -> Any:
    y, p = (K.clip(x, K.epsilon(), 1.0) for x in (y, p))
    return K.sum(y * K.log(y / p), axis=-1)


def poisson(y: Any, p: Any) -> Any:
    return K.mean(p - y * K.log(p + K.epsilon()), axis=-1)


def cosine_proximity(y: Any, p: Any) -> Any:
    return -K.sum(K.l2_normalize(y, axis=-1) * K.l2_normalize(p, axis=-1), axis=-1)


LOSSES = {
    loss.__name__: loss
    for loss in (
        mean_squared_error,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_logarithmic_error,
        logcosh,
        huber_loss,
        hinge,
        squared_hinge,
        categorical_hinge,
        categorical_crossentropy,
        sparse_categorical_crossentropy,
        binary_crossentropy,
        kullback_leibler_divergence,
        poisson,
        cosine_proximity,
    )
}
LOSSES |= {
    "mse": mean_squared_error,
    "mae": mean_absolute_error,
    "mape": mean_absolute_percentage_error,
    "msle": mean_squared_logarithmic_error,
    "kld": kullback_leibler_divergence,
}


# ---- metrics --------------------------------------------------------------------------------------------------


def binary_accuracy(y: Any, p: Any) -> Any:
    return K.mean(K.cast(K.equal(y, K.cast(p > 0.5, K.dtype(y))), K.floatx()), axis=-1)


def categorical_accuracy(y: Any, p: Any) -> Any:
    return K.cast(K.equal(K.argmax(y), K.argmax(p)), K.floatx())


def sparse_categorical_accuracy(y: Any, p: Any) -> Any:
    labels = K.squeeze(y, -1) if K.ndim(y) == K.ndim(p) else y
    return K.cast(K.equal(labels, K.cast(K.argmax(p), K.dtype(y))), K.floatx())


METRICS = LOSSES | {
    metric.__name__: metric for metric in (binary_accuracy, categorical_accuracy, sparse_categorical_accuracy)
}


def accuracy(loss: Any, output: Any) -> Any:
    """The accuracy that fits a loss and an output, for `metrics=["accuracy"]`."""
    if loss is binary_crossentropy or output.shape[-1] == 1:
        return binary_accuracy
    return sparse_categorical_accuracy if loss is sparse_categorical_crossentropy else categorical_accuracy
