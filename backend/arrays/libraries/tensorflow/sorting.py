"""Sorting functions of the standard on TensorFlow, by keys whose order is total: NaN is the largest."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from .dtypes import int64, uint8
from .elementwise import bits_of
from .operands import axis_of

__all__ = ["argmax", "argmin", "argsort", "sort"]


def key_of(x: Any) -> Any:
    """Integers in the order of x: floats by their bits, with both zeros equal and NaN above all."""
    if x.dtype == tf.bool:
        return tf.cast(x, uint8)
    if not x.dtype.is_floating:
        return x
    bits = bits_of(x)
    lowest, highest = (tf.constant(v, bits.dtype) for v in (bits.dtype.min, bits.dtype.max))
    bits = tf.where(tf.equal(bits, lowest), tf.zeros((), bits.dtype), bits)
    ordered = tf.where(bits < 0, tf.bitwise.bitwise_xor(bits, highest), bits)
    return tf.where(tf.math.is_nan(x), highest, ordered)


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The standard's `argsort`, which is stable: of equal keys top_k gives the one with the lower index first."""
    axis = axis_of(axis, x.shape.rank)
    last = x.shape.rank - 1
    keys = key_of(x)
    if axis != last:
        keys = _exchanged(keys, axis, last)
    keys = keys if descending else tf.bitwise.invert(keys)  # the reversed order, without overflow
    found = tf.cast(tf.math.top_k(keys, tf.shape(keys)[-1], index_type=tf.int32).indices, int64)
    return found if axis == last else _exchanged(found, axis, last)


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The standard's `sort`."""
    axis = axis_of(axis, x.shape.rank)
    last = x.shape.rank - 1
    order = argsort(x, axis=axis, descending=descending)
    if axis == last:
        return tf.gather(x, order, batch_dims=last)
    found = tf.gather(_exchanged(x, axis, last), _exchanged(order, axis, last), batch_dims=last)
    return _exchanged(found, axis, last)


def _exchanged(x: Any, a: int, b: int) -> Any:
    """x with two axes exchanged."""
    order = list(range(x.shape.rank))
    order[a], order[b] = b, a
    return tf.transpose(x, order)


def _extreme(x: Any, axis: Any, keepdims: bool, largest: bool) -> Any:
    """The first place of the largest or smallest element; of the first NaN, where there is one."""
    ndim = x.shape.rank
    flat = axis is None
    if flat:
        x, axis = tf.reshape(x, (-1,)), 0
    axis = axis_of(axis, x.shape.rank)
    keys = key_of(x)
    if not largest and x.dtype.is_floating:
        lowest = tf.constant(keys.dtype.min, keys.dtype)
        keys = tf.where(tf.math.is_nan(x), lowest, keys)
    found = (tf.argmax if largest else tf.argmin)(keys, axis)
    if not keepdims:
        return found
    return tf.reshape(found, (1,) * ndim) if flat else tf.expand_dims(found, axis)


def argmax(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `argmax`."""
    return _extreme(x, axis, keepdims, True)


def argmin(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `argmin`."""
    return _extreme(x, axis, keepdims, False)
