"""Convolution and its adjoint: Conv and ConvTranspose."""

from __future__ import annotations

from typing import Any

import ndonnx
import numpy as np
import spox.opset.ai.onnx.v21 as op

from ...arrays.libraries.ndonnx import fixed, maximum, shape_of, value_of, vector
from ...arrays.windows import padding_of, places_of, span_of
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
    """ConvTranspose, with the pads and the output_padding that give the size; where it is not known, Pad cuts it."""
    if None in kernel.shape or lacks_values(g):
        return NotImplemented
    window = kernel.shape[:-2]
    how = {
        "dilations": dilation,
        "group": kernel.shape[-2] if depthwise else 1,
        "kernel_shape": window,
        "strides": strides,
    }
    known = all(isinstance(n, int) for n in size)
    if known:
        how |= _pads_of(size, window, strides, padding, dilation)
    y = op.conv_transpose(channels_first(g), _weight(kernel, depthwise), **how)
    if not known:
        y = _cut(y, g, size, window, strides, padding, dilation)
    return channels_last(y, g.ndim)


def _pads_of(size: Any, window: Any, strides: Any, padding: str, dilation: Any) -> dict[str, Any]:
    """What lies before the first and after the last window; sizes beyond the last one are output_padding."""
    axes = list(zip(size, window, strides, dilation, strict=True))
    pads = [padding_of(*axis, padding) for axis in axes]
    rest = [
        n + before + after - (places_of(n, k, s, d, padding) - 1) * s - span_of(k, d)
        for (n, k, s, d), (before, after) in zip(axes, pads, strict=True)
    ]
    return {"output_padding": rest, "pads": [before for before, _ in pads] + [after for _, after in pads]}


def _cut(y: Any, g: Any, size: Any, window: Any, strides: Any, padding: str, dilation: Any) -> Any:
    """The sums of all windows without the padding, filled up with zeros to a size that the file computes."""
    before, after = [], []
    for n, places, k, s, d in zip(size, shape_of(g)[1:-1], window, strides, dilation, strict=True):
        full = (places - 1) * s + span_of(k, d)
        first: Any = {"valid": 0, "causal": span_of(k, d) - 1}.get(padding)
        if first is None:
            first = maximum(ndonnx.asarray(full - n), ndonnx.asarray(0)) // 2
        before.append(-first)
        after.append(n - full + first)
    return op.pad(y, vector([0, 0, *before, 0, 0, *after]))
