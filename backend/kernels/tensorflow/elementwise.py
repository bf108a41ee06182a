"""Activations. Softmax is its definition: tf.nn.softmax of a row with NaN is 0 where the numbers were not NaN."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

__all__ = ["log_softmax", "relu", "relu_gradient", "sigmoid"]


def relu(x: Any) -> Any:
    """tf.nn.relu."""
    return tf.nn.relu(x)


def relu_gradient(g: Any, out: Any) -> Any:
    """g where `out` is not 0; TensorFlow's ReluGrad is 0 where it is NaN."""
    return tf.where(out <= 0, tf.zeros((), g.dtype), g) if g.dtype is out.dtype else NotImplemented


def sigmoid(x: Any) -> Any:
    """tf.sigmoid."""
    return NotImplemented if x.dtype.size == 2 else tf.sigmoid(x)


def log_softmax(x: Any, *, axis: int | tuple[int, ...]) -> Any:
    """tf.nn.log_softmax."""
    return tf.nn.log_softmax(x, axis) if isinstance(axis, int) and x.dtype.size > 2 else NotImplemented
