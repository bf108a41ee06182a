"""Pooling and its gradients: TensorFlow's own, channels last; maxima, which lose NaN and -inf, for unknown sizes."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from ._layout import PADDING, Ints, four, lone, no_windows, shape_of

__all__ = ["average_pool", "average_pool_gradient", "max_pool", "max_pool_gradient"]

OPS = tf.raw_ops


def _unfit(x: Any, sizes: Any, window: Ints, padding: str) -> bool:
    """Whether this is for the definition: more axes, integers, 16 bits, windows that do not fit."""
    if len(window) not in (1, 2) or not x.dtype.is_floating or x.dtype.size == 2 or 0 in x.shape:
        return True
    return no_windows(sizes, window, (1,) * len(window), padding)


def _how(window: Ints, strides: Ints, padding: str) -> dict[str, Any]:
    return {"ksize": four(window), "strides": four(strides), "padding": PADDING[padding]}


def _image(x: Any, window: Ints) -> Any:
    return x if len(window) == 2 else lone(x, 1)


def _back(y: Any, window: Ints) -> Any:
    return y if len(window) == 2 else tf.squeeze(y, 1)


def _maxima_unfit(x: Any, window: Ints, padding: str) -> bool:
    """Whether the definition computes maxima: it needs known sizes."""
    return None not in x.shape or _unfit(x, x.shape[1:-1], window, padding)


def max_pool(x: Any, *, window: Ints, strides: Ints, padding: str, residuals: bool = False) -> Any:
    """tf.nn.max_pool, with NaN where a window has one, and -inf where it has nothing else."""
    if _maxima_unfit(x, window, padding):
        return NotImplemented
    how, x = _how(window, strides, padding), _image(x, window)
    kinds = tf.where(tf.math.is_nan(x), tf.constant(2, x.dtype), tf.cast(x > -math.inf, x.dtype))
    y, found = OPS.MaxPool(input=x, **how), OPS.MaxPool(input=kinds, **how)
    whole = tf.where(found > 1, tf.constant(math.nan, x.dtype), tf.where(found > 0, y, tf.constant(-math.inf, x.dtype)))
    return (_back(whole, window), _back(y, window)) if residuals else (_back(whole, window),)


def max_pool_gradient(g: Any, x: Any, kept: Any = None, *, window: Ints, strides: Ints, padding: str) -> Any:
    """TensorFlow's MaxPoolGrad."""
    if _maxima_unfit(x, window, padding):
        return NotImplemented
    how, x = _how(window, strides, padding), _image(x, window)
    known = kept is not None and kept.dtype is x.dtype
    y = _image(kept, window) if known else OPS.MaxPool(input=x, **how)
    return _back(OPS.MaxPoolGrad(orig_input=x, orig_output=y, grad=_image(g, window), **how), window)


def average_pool(x: Any, *, window: Ints, strides: Ints, padding: str) -> Any:
    """tf.nn.avg_pool, padding not counted."""
    if _unfit(x, x.shape[1:-1], window, padding):
        return NotImplemented
    return _back(OPS.AvgPool(value=_image(x, window), **_how(window, strides, padding)), window)


def average_pool_gradient(g: Any, *, size: Ints, window: Ints, strides: Ints, padding: str) -> Any:
    """TensorFlow's AvgPoolGrad."""
    known = [int(n) if hasattr(n, "__index__") else None for n in size]
    if _unfit(g, known, window, padding):
        return NotImplemented
    shape = shape_of(tf.shape(g)[0], size, g.shape[-1])
    how = _how(window, strides, padding)
    return _back(OPS.AvgPoolGrad(orig_input_shape=shape, grad=_image(g, window), **how), window)
