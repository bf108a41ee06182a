"""Indexing, searching and selecting functions of the standard on TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from .dtypes import UNSIGNED, int64, uint8
from .operands import NUMBERS, axis_of, pair, shape_from, sizes, tensor
from .sorting import key_of

__all__ = ["count_nonzero", "nonzero", "searchsorted", "take", "take_along_axis", "where"]


def _from_front(indices: Any, size: Any) -> Any:
    """Indices of which negative ones count from the end, as TensorFlow takes them."""
    if indices.dtype in UNSIGNED or indices.dtype.size < 4:
        indices = tf.cast(indices, int64)
    return tf.where(indices < 0, indices + tf.cast(size, indices.dtype), indices)


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    """The standard's `take`."""
    ndim = x.shape.rank
    if axis is None and ndim != 1:
        raise ValueError(f"take: an array of {ndim} axes needs an axis")
    axis = axis_of(0 if axis is None else axis, ndim)
    return tf.gather(x, _from_front(tensor(indices), sizes(x)[axis]), axis=axis)


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    """The standard's `take_along_axis`."""
    ndim = x.shape.rank
    axis = axis_of(axis, ndim)
    order = [a for a in range(ndim) if a != axis] + [axis]
    back = [order.index(a) for a in range(ndim)]
    x, indices = tf.transpose(x, order), tf.transpose(tensor(indices), order)
    indices = _from_front(indices, sizes(x)[-1])
    lead = tf.broadcast_dynamic_shape(tf.shape(x)[:-1], tf.shape(indices)[:-1])
    if x.shape.is_fully_defined() and indices.shape.is_fully_defined():
        lead = tuple(tf.broadcast_static_shape(x.shape[:-1], indices.shape[:-1]))
    x = tf.broadcast_to(x, _with_last(lead, sizes(x)[-1]))
    indices = tf.broadcast_to(indices, _with_last(lead, sizes(indices)[-1]))
    return tf.transpose(tf.gather(x, indices, batch_dims=ndim - 1), back)


def _with_last(lead: Any, last: Any) -> Any:
    if isinstance(lead, tuple):
        return shape_from((*lead, last))
    return tf.concat([lead, tf.cast(tf.reshape(last, (1,)), lead.dtype)], 0)


def where(condition: Any, x1: Any, x2: Any, /) -> Any:
    """The standard's `where`."""
    if isinstance(x1, NUMBERS) and isinstance(x2, NUMBERS):
        kinds: tuple[Any, ...] = (bool, int, float, complex)
        kind = kinds[max(kinds.index(type(x1)), kinds.index(type(x2)))]
        x1 = tf.constant(kind(x1), {bool: tf.bool, int: int64, float: tf.float32, complex: tf.complex64}[kind])
    if not (isinstance(x1, tf.Tensor) and isinstance(x2, tf.Tensor) and x1.dtype is x2.dtype):
        x1, x2 = pair(x1, x2)
    return tf.where(condition, x1, x2)


def nonzero(x: Any, /) -> tuple[Any, ...]:
    """The standard's `nonzero`."""
    if not x.shape.rank:
        raise ValueError("nonzero: got an array of 0 axes, expected at least 1")
    places = tf.where(tf.not_equal(x, tf.zeros((), x.dtype)))
    return tuple(places[:, axis] for axis in range(x.shape.rank))


def count_nonzero(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `count_nonzero`."""
    counted = tf.cast(tf.not_equal(x, tf.zeros((), x.dtype)), int64)
    return tf.reduce_sum(counted, axis=axis, keepdims=keepdims)


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Any:
    """The standard's `searchsorted`."""
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: side is {side!r}, expected 'left' or 'right'")
    if not isinstance(x2, NUMBERS):
        x2 = tensor(x2)
    x1, x2 = pair(x1, x2)
    if sorter is not None:
        x1 = take(x1, sorter)
    if x1.dtype == tf.bool:
        x1, x2 = tf.cast(x1, uint8), tf.cast(x2, uint8)
    flat = tf.reshape(key_of(x2), (-1,))
    found = tf.searchsorted(_searchable(key_of(x1)), _searchable(flat), side=side, out_type=int64)
    return tf.reshape(found, shape_from(sizes(x2)))


def _searchable(keys: Any) -> Any:
    return tf.cast(keys, int64) if keys.dtype.size < 4 else keys
