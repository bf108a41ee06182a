"""Convolution and its adjoint: Conv and ConvTranspose."""

from __future__ import annotations

from typing import Any

import numpy as np
import spox.opset.ai.onnx.v21 as op

from ...arrays.libraries.ndonnx import fixed, value_of
from ...arrays.windows import padding_of, places_of
from ._layout import channels_first, channels_last, lacks_values, padding, permuted

__all__ = ["convolution", "convolution_input_gradient"]


def _weight(kernel: Any, depthwise: bool) -> Any:
    """(spatial..., in, out) as (out, in, spatial...), and depthwise (spatial..., in, m) as (in * m, 1, spatial...)."""
    spatial = tuple(range(kernel.ndim - 2))
    if not depthwise:
        return permuted(kernel, (kernel.ndim - 1, kernel.ndim - 2, *spatial))
    shape = (kernel.shape[-2] * kernel.shape[-1], 1, *kernel.shape[:-2])
    known = value_of(kernel)
    order = (kernel.ndim - 2, kernel.ndim - 1, *spatial)
    if known is not None:
        return fixed(np.transpose(known, order).reshape(shape))
    return op.reshape(permuted(kernel, order), fixed(shape, np.int64))


def convolution(x: Any, kernel: Any, *, strides: Any, padding: str, dilation: Any, depthwise: bool = False) -> Any:
    """Conv."""
    window = kernel.shape[:-2]
    pads = _padding(x.shape[1:-1], window, strides, dilation, padding)
    if pads is None or None in kernel.shape or 0 in kernel.shape or lacks_values(x):
        return NotImplemented
    y = op.conv(
        channels_first(x),
        _weight(kernel, depthwise),
        dilations=dilation,
        group=kernel.shape[-2] if depthwise else 1,
        kernel_shape=window,
        strides=strides,
        **pads,
    )
    return channels_last(y, x.ndim)


_padding = padding


def convolution_input_gradient(
    g: Any, kernel: Any, *, size: Any, strides: Any, padding: str, dilation: Any, depthwise: bool = False
) -> Any:
    """ConvTranspose; what lies after the last window is its output_padding."""
    if not all(isinstance(n, int) for n in (*size, *kernel.shape)) or lacks_values(g):
        return NotImplemented
    window = kernel.shape[:-2]
    pads = [padding_of(n, k, s, d, padding) for n, k, s, d in zip(size, window, strides, dilation, strict=True)]
    places = [places_of(n, k, s, d, padding) for n, k, s, d in zip(size, window, strides, dilation, strict=True)]
    rest = [
        n + before + after - (count - 1) * s - (k - 1) * d - 1
        for n, (before, after), count, s, k, d in zip(size, pads, places, strides, window, dilation, strict=True)
    ]
    y = op.conv_transpose(
        channels_first(g),
        _weight(kernel, depthwise),
        dilations=dilation,
        group=kernel.shape[-2] if depthwise else 1,
        kernel_shape=window,
        output_padding=rest,
        pads=[before for before, _ in pads] + [after for _, after in pads],
        strides=strides,
    )
    return channels_last(y, g.ndim)
