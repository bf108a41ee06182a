"""What convolution and pooling share: two spatial axes from one, TensorFlow's padding, and where it has no windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from ...arrays.windows import fits

__all__ = ["PADDING", "Ints", "four", "lone", "no_windows", "shape_of"]

Ints = tuple[int, ...]
PADDING = {"valid": "VALID", "same": "SAME"}  # its rule for 'same' is K's


def no_windows(sizes: Sequence[Any], window: Ints, dilation: Ints, padding: str) -> bool:
    """Whether the definition raises or answers without arithmetic; unknown sizes are TensorFlow's to check."""
    if 0 in sizes or padding not in PADDING:
        return True
    known = [axis for axis in zip(sizes, window, dilation, strict=True) if axis[0] is not None]
    return any(not fits((n,), (k,), (d,), padding) for n, k, d in known)


def lone(x: Any, axis: int) -> Any:
    """An axis of size 1 beside the only spatial one."""
    return tf.expand_dims(x, axis)


def four(values: Sequence[int], fill: int = 1) -> list[int]:
    """Values for the spatial axes, two of them at least, between those for the batch and the channels."""
    inner = list(values) if len(values) > 1 else [fill, *values]
    return [1, *inner, 1]


def shape_of(batch: Any, spatial: Sequence[Any], channels: Any) -> Any:
    """A shape with two spatial axes at least, of sizes that may be known at run time alone."""
    inner = list(spatial) if len(spatial) > 1 else [1, *spatial]
    return tf.stack([tf.cast(n, tf.int32) for n in (batch, *inner, channels)])
