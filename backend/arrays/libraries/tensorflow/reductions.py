"""Statistical and utility functions of the standard on TensorFlow."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from .dtypes import HALVES, SIGNED, UNSIGNED, int64, uint8, uint64
from .operands import axes_of, axis_of, common, computed, halves, shape_from, sizes, tensor

__all__ = [
    "all",
    "any",
    "cumulative_prod",
    "cumulative_sum",
    "diff",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
]


def _raised(x: Any, dtype: Any) -> Any:
    """x in the dtype in which it is added up: small integers in those of 64 bits."""
    if dtype is not None:
        return x if x.dtype is dtype else tf.cast(x, dtype)
    if x.dtype in SIGNED:
        return tf.cast(x, int64)
    return tf.cast(x, uint64) if x.dtype in UNSIGNED else x


_sum, _prod, _mean = halves(tf.reduce_sum), halves(tf.reduce_prod), halves(tf.reduce_mean)


def _axes(x: Any, axis: Any) -> Any:
    """The axes of a reduction as TensorFlow takes them, checked."""
    return axis if axis is None else axes_of(axis, x.shape.rank)


def sum(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """The standard's `sum`."""
    return _sum(_raised(x, dtype), _axes(x, axis), keepdims)


def prod(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """The standard's `prod`."""
    return _prod(_raised(x, dtype), _axes(x, axis), keepdims)


def mean(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `mean`."""
    found = _mean(x, _axes(x, axis), keepdims)
    if x.dtype.is_complex:  # tf.reduce_mean of no complex numbers is 0, not NaN
        found = tf.where(tf.equal(tf.size(x), 0), tf.constant(complex(math.nan, math.nan), x.dtype), found)
    return found


def var(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The standard's `var`."""
    axes = axes_of(axis, x.shape.rank)
    wide = tf.cast(x, tf.float32) if x.dtype in HALVES else x
    count: Any = 1
    for a in axes:
        count = count * sizes(x)[a]
    away = tf.square(tf.abs(wide - tf.reduce_mean(wide, axes, keepdims=True)))
    below = tf.cast(count, away.dtype) - tf.constant(correction, away.dtype)
    below = tf.where(below > 0, below, tf.constant(math.nan, away.dtype))
    return tf.cast(tf.reduce_sum(away, axes, keepdims=keepdims) / below, x.dtype)


def std(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The standard's `std`."""
    wide = tf.cast(x, tf.float32) if x.dtype in HALVES else x
    return tf.cast(tf.sqrt(var(wide, axis=axis, correction=correction, keepdims=keepdims)), x.dtype)


def _keeping_nan(reduce: Callable[..., Any]) -> Callable[..., Any]:
    """The reduction, which loses NaN where XLA compiles it (2.21 on the CPU): a trace, which it may, looks for NaN."""

    def run(x: Any, axes: Any, keepdims: bool = False) -> Any:
        found = reduce(x, axes, keepdims)
        if tf.executing_eagerly() or not x.dtype.is_floating:
            return found
        lost = tf.reduce_any(tf.math.is_nan(x), axes, keepdims)
        return tf.where(lost, tf.constant(math.nan, x.dtype), found)

    return run


largest, smallest = _keeping_nan(tf.reduce_max), _keeping_nan(tf.reduce_min)


def _extreme(x: Any, axis: Any, keepdims: bool, reduce: Any) -> Any:
    axes = axes_of(axis, x.shape.rank)
    if builtins.any(x.shape[a] == 0 for a in axes):
        raise ValueError(f"got an array of shape {tuple(x.shape)}, expected elements along the axes {tuple(axes)}")
    if x.dtype == tf.bool:
        return tf.cast(reduce(tf.cast(x, uint8), axes, keepdims), tf.bool)
    return reduce(x, axes, keepdims)


def max(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `max`."""
    return _extreme(x, axis, keepdims, largest)


def min(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `min`."""
    return _extreme(x, axis, keepdims, smallest)


def _truth(x: Any) -> Any:
    return x if x.dtype == tf.bool else tf.not_equal(x, tf.zeros((), x.dtype))


def any(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `any`."""
    return tf.reduce_any(_truth(x), _axes(x, axis), keepdims)


def all(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `all`."""
    return tf.reduce_all(_truth(x), _axes(x, axis), keepdims)


def _cumulative(x: Any, axis: Any, dtype: Any, include_initial: bool, function: Any, initial: int) -> Any:
    if axis is None:
        if x.shape.rank != 1:
            raise ValueError(f"an array of {x.shape.rank} axes needs an axis")
        axis = 0
    axis = axis_of(axis, x.shape.rank)
    found = computed(HALVES, tf.float32, function)(_raised(x, dtype), axis)
    if not include_initial:
        return found
    shape = list(sizes(found))
    shape[axis] = 1
    return tf.concat([tf.fill(shape_from(shape), tf.constant(initial, found.dtype)), found], axis)


def cumulative_sum(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
    """The standard's `cumulative_sum`."""
    return _cumulative(x, axis, dtype, include_initial, tf.cumsum, 0)


def cumulative_prod(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
    """The standard's `cumulative_prod`."""
    return _cumulative(x, axis, dtype, include_initial, tf.math.cumprod, 1)


def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Any:
    """The standard's `diff`."""
    axis = axis_of(axis, x.shape.rank)
    parts = [tensor(part) for part in (prepend, x, append) if part is not None]
    if len(parts) > 1:
        x = tf.concat(common(parts), axis)
    lead = (slice(None),) * axis
    for _ in range(n):
        after, before = x[(*lead, slice(1, None))], x[(*lead, slice(None, -1))]
        x = tf.math.logical_xor(after, before) if x.dtype == tf.bool else after - before
    return tf.identity(x) if n == 0 else x
