"""A dozen functions of the Keras backend API in plain NumPy, one wrong: python -m conformance examples.numpy_keras

The author of a backend begins like this. The tool calls the functions by name with NumPy arrays and checks them like
those of K; it reports the others as missing. The fault is a typical one: `hard_sigmoid` has the slope of Keras 3, 1/6
instead of 0.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FLOATX = "float32"


def floatx() -> str:
    """The dtype that integers become in a function that returns floats."""
    return FLOATX


def _floating(x: Any) -> np.ndarray:
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(FLOATX)


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> np.ndarray:
    """x above the threshold, within 0..max_value if there is one; alpha * (x - threshold) below."""
    x = _floating(x)
    below = x.dtype.type(alpha) * (x - x.dtype.type(threshold)) if alpha else np.zeros_like(x)
    kept = x if max_value is None else np.clip(x, 0, max(max_value, 0))
    return np.where(x <= threshold, below, kept)


def elu(x: Any, alpha: float = 1.0) -> np.ndarray:
    """x where it is positive, else alpha * (exp(x) - 1)."""
    x = _floating(x)
    return np.where(x > 0, x, x.dtype.type(float(alpha)) * np.expm1(np.minimum(x, 0)))


def sigmoid(x: Any) -> np.ndarray:
    """1 / (1 + exp(-x))."""
    x = _floating(x)
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def hard_sigmoid(x: Any) -> np.ndarray:
    """Should be 0.2 x + 0.5 within 0..1; is x / 6 + 0.5."""
    x = _floating(x)
    return np.clip(x / x.dtype.type(6) + x.dtype.type(0.5), 0, 1)


def tanh(x: Any) -> np.ndarray:
    """The hyperbolic tangent."""
    return np.tanh(_floating(x))


def softplus(x: Any) -> np.ndarray:
    """log(1 + exp(x)), without overflow."""
    x = _floating(x)
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softsign(x: Any) -> np.ndarray:
    """x / (1 + |x|)."""
    x = _floating(x)
    return x / (1 + np.abs(x))


def softmax(x: Any, axis: int | tuple[int, ...] = -1) -> np.ndarray:
    """exp(x) divided by its sum along an axis, or several."""
    x = _floating(x)
    if x.ndim == 0:
        raise ValueError("softmax: a single number has no axis")
    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    return e / np.sum(e, axis=axis, keepdims=True)


def flatten(x: Any) -> np.ndarray:
    """All elements in one dimension."""
    return np.reshape(x, (-1,))


def batch_flatten(x: Any) -> np.ndarray:
    """One row per sample, also if samples are numbers."""
    return np.reshape(x, (len(x), int(np.prod(np.shape(x)[1:]))))


def one_hot(indices: Any, num_classes: int) -> np.ndarray:
    """A one at each index, in a new last dimension; an index out of range gives zeros."""
    if np.asarray(indices).dtype.kind not in "iu":
        raise TypeError("one_hot takes integers")
    return (np.asarray(indices)[..., None] == np.arange(num_classes)).astype(FLOATX)


def reverse(x: Any, axes: int | tuple[int, ...]) -> np.ndarray:
    """Reversed along the axes."""
    return np.flip(x, axes)
