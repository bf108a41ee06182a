"""Pooling and its gradients: TensorFlow's own, channels last."""

from __future__ import annotations

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


def max_pool(x: Any, *, window: Ints, strides: Ints, padding: str, residuals: bool = False) -> Any:
    """tf.nn.max_pool; what its gradient needs of it is the result."""
    if _unfit(x, x.shape[1:-1], window, padding):
        return NotImplemented
    y = _back(OPS.MaxPool(input=_image(x, window), **_how(window, strides, padding)), window)
    return (y, y) if residuals else (y,)


def max_pool_gradient(g: Any, x: Any, kept: Any = None, *, window: Ints, strides: Ints, padding: str) -> Any:
    """TensorFlow's MaxPoolGrad."""
    if _unfit(x, x.shape[1:-1], window, padding):
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
