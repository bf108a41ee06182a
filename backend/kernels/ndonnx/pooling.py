"""Pooling: MaxPool and AveragePool."""

from __future__ import annotations

from typing import Any

import spox.opset.ai.onnx.v21 as op

from ._layout import channels_first, channels_last, lacks_values
from ._layout import padding as padding_of

__all__ = ["average_pool", "max_pool"]


def max_pool(x: Any, *, window: Any, strides: Any, padding: str, residuals: bool = False) -> Any:
    """MaxPool; there are no residuals, since no gradient follows in a file."""
    pads = padding_of(x.shape[1:-1], window, strides, (1,) * len(window), padding)
    if residuals or pads is None:
        return NotImplemented
    y, _ = op.max_pool(channels_first(x), kernel_shape=window, strides=strides, **pads)
    return (channels_last(y, x.ndim),)


def average_pool(x: Any, *, window: Any, strides: Any, padding: str) -> Any:
    """AveragePool, padding not counted."""
    pads = padding_of(x.shape[1:-1], window, strides, (1,) * len(window), padding)
    if pads is None or lacks_values(x):
        return NotImplemented
    y = op.average_pool(channels_first(x), count_include_pad=0, kernel_shape=window, strides=strides, **pads)
    return channels_last(y, x.ndim)
