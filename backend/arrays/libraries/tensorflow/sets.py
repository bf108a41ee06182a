"""Sets of the standard on TensorFlow: values in their order, and NaN as often as it comes."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from .dtypes import COMPLEX, int64
from .operands import pair, shape_from, sizes
from .sorting import argsort

__all__ = ["isin", "unique_all", "unique_counts", "unique_inverse", "unique_values"]


class UniqueAllResult(NamedTuple):
    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


class UniqueCountsResult(NamedTuple):
    values: Any
    counts: Any


class UniqueInverseResult(NamedTuple):
    values: Any
    inverse_indices: Any


def _order(x: Any) -> Any:
    """The order of the elements: of complex numbers by the real part, then by the imaginary one."""
    if x.dtype not in COMPLEX:
        return argsort(x)
    by_imaginary = argsort(tf.math.imag(x))
    return tf.gather(by_imaginary, argsort(tf.gather(tf.math.real(x), by_imaginary)))


def unique_all(x: Any, /) -> UniqueAllResult:
    """The standard's `unique_all`."""
    shape, x = sizes(x), tf.reshape(x, (-1,))
    order = _order(x)
    ordered = tf.gather(x, order)
    differs = tf.not_equal(ordered[1:], ordered[:-1])
    first = tf.concat([tf.ones_like(ordered[:1], tf.bool), differs], 0)
    group = tf.cumsum(tf.cast(first, int64)) - 1
    starts = tf.where(first)[:, 0]
    count = tf.cast(tf.shape(x), int64)
    counts = tf.concat([starts[1:], count], 0)[: tf.shape(starts)[0]] - starts
    inverse = tf.scatter_nd(order[:, None], group, count)
    return UniqueAllResult(
        tf.gather(ordered, starts), tf.gather(order, starts), tf.reshape(inverse, shape_from(shape)), counts
    )


def unique_counts(x: Any, /) -> UniqueCountsResult:
    """The standard's `unique_counts`."""
    found = unique_all(x)
    return UniqueCountsResult(found.values, found.counts)


def unique_inverse(x: Any, /) -> UniqueInverseResult:
    """The standard's `unique_inverse`."""
    found = unique_all(x)
    return UniqueInverseResult(found.values, found.inverse_indices)


def unique_values(x: Any, /) -> Any:
    """The standard's `unique_values`."""
    return unique_all(x).values


def isin(x1: Any, x2: Any, /, *, invert: bool = False) -> Any:
    """The standard's `isin`."""
    x1, x2 = pair(x1, x2)
    found = tf.reduce_any(tf.equal(x1[..., None], tf.reshape(x2, (-1,))), -1)
    return tf.logical_not(found) if invert else found
