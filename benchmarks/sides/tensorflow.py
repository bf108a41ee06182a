"""The nets in TensorFlow by hand: tf.GradientTape over tf.nn, the whole step compiled by XLA."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from ..nets import RATE, Net, batch, logits, weights

__all__ = ["step"]


def dense(x: Any, kernel: Any, bias: Any) -> Any:
    return x @ kernel + bias


relu = tf.nn.relu


def conv(x: Any, kernel: Any, bias: Any, padding: str) -> Any:
    y = tf.nn.conv2d(x, kernel, 1, padding.upper())
    return y if bias is None else y + bias


def pool(x: Any) -> Any:
    return tf.nn.max_pool2d(x, 2, 2, "VALID")


def flat(x: Any) -> Any:
    return tf.reshape(x, (x.shape[0], -1))


def step(net: Net) -> Callable[[], float]:
    """A function that trains the net on its batch once and returns the loss."""
    ops, (x, labels) = sys.modules[__name__], map(tf.constant, batch(net))
    w = {name: tf.Variable(value) for name, value in weights(net).items()}

    @tf.function(jit_compile=True)
    def trained(x: Any, labels: Any) -> Any:
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits(net, ops, w, x))
            loss = tf.reduce_mean(losses)
        for p, slope in zip(w.values(), tape.gradient(loss, list(w.values())), strict=True):
            p.assign_sub(RATE * slope)
        return loss

    return lambda: float(trained(x, labels))
