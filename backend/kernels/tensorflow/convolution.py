"""Convolutions and their gradients: TensorFlow's own, channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from ._layout import PADDING, Ints, four, lone, no_windows, shape_of

__all__ = ["convolution", "convolution_input_gradient", "convolution_kernel_gradient"]

_RANKS = (1, 2, 3)
OPS = tf.raw_ops


def _in_float32(x: Any, y: Any, function: Callable[[Any, Any], Any]) -> Any:
    """The function in float32 where the arrays have 16 bits, as TensorFlow would sum in those."""
    if x.dtype.size > 2:
        return function(x, y)
    return tf.cast(function(tf.cast(x, tf.float32), tf.cast(y, tf.float32)), x.dtype)


def _unfit(x: Any, window: Ints, strides: Ints, dilation: Ints, depthwise: bool) -> bool:
    """Whether TensorFlow has no such convolution: of integers, with both strides and dilation, or unequal strides.

    With unequal strides, float32 and one place along the last axis, TensorFlow 2.21 on the CPU gives wrong numbers.
    """
    if len(set(strides)) > 1 or len(window) not in _RANKS or not x.dtype.is_floating or depthwise:
        return True
    return any(s > 1 for s in strides) and any(d > 1 for d in dilation)


def _padded(x: Any, window: Ints, dilation: Ints, padding: str) -> tuple[Any, str]:
    """x and a padding that TensorFlow knows: 'causal' is zeros in front."""
    if padding != "causal":
        return x, padding
    before = [[(k - 1) * d, 0] for k, d in zip(window, dilation, strict=True)]
    return tf.pad(x, [[0, 0], *before, [0, 0]]), "valid"


def convolution(x: Any, kernel: Any, *, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False) -> Any:
    """tf.nn.convolution, or tf.nn.depthwise_conv2d."""
    window = tuple(kernel.shape[:-2])
    if depthwise and len(window) == 2:
        return _depthwise(x, kernel, strides, padding, dilation)
    if _unfit(x, window, strides, dilation, depthwise) or 0 in (*x.shape, *kernel.shape):
        return NotImplemented
    x, padding = _padded(x, window, dilation, padding)
    if no_windows(x.shape[1:-1], window, dilation, padding):
        return NotImplemented
    return _in_float32(
        x, kernel, lambda x, k: tf.nn.convolution(x, k, strides=strides, padding=PADDING[padding], dilations=dilation)
    )


def _depthwise(x: Any, kernel: Any, strides: Ints, padding: str, dilation: Ints) -> Any:
    dilated = any(d > 1 for d in dilation)
    uneven = strides[0] != strides[1] or (dilated and any(s > 1 for s in strides))
    if uneven or 0 in (*x.shape, *kernel.shape) or not x.dtype.is_floating:
        return NotImplemented
    if no_windows(x.shape[1:-1], tuple(kernel.shape[:-2]), dilation, padding):
        return NotImplemented
    return _in_float32(
        x, kernel, lambda x, k: tf.nn.depthwise_conv2d(x, k, four(strides), PADDING[padding], dilations=dilation)
    )


def _gradient_unfit(x: Any, window: Ints, strides: Ints, padding: str, dilation: Ints, depthwise: bool) -> bool:
    """Whether TensorFlow's gradients leave it to the definition: dilated ones do not run on the CPU."""
    return _unfit(x, window, strides, dilation, depthwise) or padding not in PADDING or any(d > 1 for d in dilation)


def convolution_input_gradient(
    g: Any, kernel: Any, *, size: Ints, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False
) -> Any:
    """TensorFlow's Conv2DBackpropInput and Conv3DBackpropInputV2."""
    window = tuple(kernel.shape[:-2])
    known = [int(n) if hasattr(n, "__index__") else None for n in size]
    if _gradient_unfit(g, window, strides, padding, dilation, depthwise) or 0 in (*g.shape, *kernel.shape):
        return NotImplemented
    if no_windows(known, window, dilation, padding) or _other_places(g.shape, known, window, strides, padding):
        return NotImplemented
    rank = len(window)
    shape = shape_of(tf.shape(g)[0], size, kernel.shape[-2])
    if rank == 1:
        g, kernel = lone(g, 1), lone(kernel, 0)
    how = {"strides": four(strides), "padding": PADDING[padding]}

    def run(g: Any, kernel: Any) -> Any:
        if rank == 3:
            return OPS.Conv3DBackpropInputV2(input_sizes=shape, filter=kernel, out_backprop=g, **how)
        return OPS.Conv2DBackpropInput(input_sizes=shape, filter=kernel, out_backprop=g, **how)

    found = _in_float32(g, kernel, run)
    return tf.squeeze(found, 1) if rank == 1 else found


def convolution_kernel_gradient(
    x: Any, g: Any, *, window: Ints, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False
) -> Any:
    """TensorFlow's Conv2DBackpropFilter and Conv3DBackpropFilterV2."""
    if _gradient_unfit(x, window, strides, padding, dilation, depthwise) or 0 in (*x.shape, *g.shape):
        return NotImplemented
    if no_windows(x.shape[1:-1], window, dilation, padding):
        return NotImplemented
    if _other_places(g.shape, x.shape[1:-1], window, strides, padding) or None in (x.shape[-1], g.shape[-1]):
        return NotImplemented
    rank = len(window)
    shape = [*(window if rank > 1 else (1, *window)), x.shape[-1], g.shape[-1]]
    if rank == 1:
        x, g = lone(x, 1), lone(g, 1)
    how = {"filter_sizes": shape, "strides": four(strides), "padding": PADDING[padding]}

    def run(x: Any, g: Any) -> Any:
        if rank == 3:
            return OPS.Conv3DBackpropFilterV2(input=x, out_backprop=g, **how)
        return OPS.Conv2DBackpropFilter(input=x, out_backprop=g, **how)

    found = _in_float32(x, g, run)
    return tf.squeeze(found, 0) if rank == 1 else found


def _other_places(g: Any, sizes: Any, window: Ints, strides: Ints, padding: str) -> bool:
    """Whether g is known to have another number of places than the windows: the definition raises."""
    for count, n, k, s in zip(g[1:-1], sizes, window, strides, strict=True):
        if None not in (count, n) and count != -(-(n if padding == "same" else n - k + 1) // s):
            return True
    return False
