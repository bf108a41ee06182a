"""Reductions over segments: means, extremes and products of the parts with one id."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..arrays.dtypes import limits
from ..arrays.typing import Array, ArrayLike, Size
from ..autodiff.cotangents import mask_, sliced
from ..dispatch.boundary import number_like, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import (
    array_namespace,
    device_of,
    dtype_name,
    floating,
    is_float,
    real,
)
from ..graph.composite import composite
from .selection import checked_segments, places_of, segment_gather, segment_sum_

__all__ = ["segment_max", "segment_mean", "segment_min", "segment_prod"]


# ---- segments ---------------------------------------------------------------------------------------------------


def segment_sum_of(name: str, data: Any, ids: Any, count: Any, first: str, second: str) -> Array:
    """Sums by id, for an operation whose parameters have other names."""
    data, ids, count = checked_segments(name, data, ids, count, first, second)
    if data.ndim != 1:
        raise ValueError(f"{name}: {first} has {data.ndim} dimensions, expected 1")
    return segment_sum_(data, ids, count=count)


@operation
def segment_mean(data: ArrayLike, segment_ids: ArrayLike, num_segments: Size) -> Array:
    """Average those parts of an array, along axis 0, that have the same segment id.

    Parameters
    ----------
    data : array, shape (n, ...)
        Integers become floatx.
    segment_ids : array of integers, shape (n,)
        In any order; parts with an id outside 0 to ``num_segments - 1`` are left out.
    num_segments : int

    Returns
    -------
    array, shape (num_segments, ...)

    Raises
    ------
    TypeError
        For ids that are not integers.
    ValueError
        For data without dimensions, another number of ids, and a negative `num_segments`.

    Notes
    -----
    An empty segment is NaN, as is the `mean` of nothing. float16 is added up in float32.

    References
    ----------
    This library; see `segment_sum`.

    Examples
    --------
    >>> K.segment_mean(np.asarray([1.0, 2.0, 6.0]), np.asarray([0, 1, 1]), 2)
    array([1., 4.])
    """
    data, ids, count = checked_segments("segment_mean", data, segment_ids, num_segments)
    xp, data = floating(data)
    wide = xp.astype(data, xp.float32) if dtype_name(data.dtype) in ("float16", "bfloat16") else data
    total = segment_sum_(wide, ids, count=count)
    ones = xp.ones(sizes(ids), dtype=wide.dtype, device=device_of(wide))
    number = xp.reshape(segment_sum_(ones, ids, count=count), (count, *(1,) * (data.ndim - 1)))
    result = xp.where(number == 0, number_like(wide, math.nan), total / xp.where(number == 0, 1.0, number))
    return result if result.dtype == data.dtype else xp.astype(result, data.dtype)


@operation
def segment_max(data: ArrayLike, segment_ids: ArrayLike, num_segments: Size) -> Array:
    """Find the largest of those parts of an array, along axis 0, that have the same segment id, elementwise.

    Parameters
    ----------
    data : array, shape (n, ...)
        The dtype stays, booleans become int32.
    segment_ids : array of integers, shape (n,)
        In any order; parts with an id outside 0 to ``num_segments - 1`` are left out.
    num_segments : int

    Returns
    -------
    array, shape (num_segments, ...)

    Raises
    ------
    TypeError
        For ids that are not integers, and for complex data.
    ValueError
        For data without dimensions, another number of ids, and a negative `num_segments`.

    Notes
    -----
    An empty segment is -inf, or the dtype's smallest integer, and a NaN wins, as in `max`. Equal elements share the
    gradient.

    References
    ----------
    Keras 3, ``keras.ops.segment_max``.

    Examples
    --------
    >>> K.segment_max(np.asarray([1.0, 2.0, 6.0]), np.asarray([0, 1, 1]), 2)
    array([1., 6.])
    """
    data, ids, count = checked_segments("segment_max", data, segment_ids, num_segments)
    return segment_extreme(real(data)[1], ids, count=count, largest=True)


@operation
def segment_min(data: ArrayLike, segment_ids: ArrayLike, num_segments: Size) -> Array:
    """Find the smallest of those parts of an array, along axis 0, that have the same segment id, elementwise.

    Parameters
    ----------
    data : array, shape (n, ...)
        The dtype stays, booleans become int32.
    segment_ids : array of integers, shape (n,)
        In any order; parts with an id outside 0 to ``num_segments - 1`` are left out.
    num_segments : int

    Returns
    -------
    array, shape (num_segments, ...)

    Raises
    ------
    TypeError
        For ids that are not integers, and for complex data.
    ValueError
        For data without dimensions, another number of ids, and a negative `num_segments`.

    Notes
    -----
    An empty segment is inf, or the dtype's largest integer, and a NaN wins, as in `min`. Equal elements share the
    gradient.

    References
    ----------
    Keras 3, ``keras.ops.segment_min``.

    Examples
    --------
    >>> K.segment_min(np.asarray([1.0, 2.0, 6.0]), np.asarray([0, 1, 1]), 2)
    array([1., 2.])
    """
    data, ids, count = checked_segments("segment_min", data, segment_ids, num_segments)
    return segment_extreme(real(data)[1], ids, count=count, largest=False)


@operation
def segment_prod(data: ArrayLike, segment_ids: ArrayLike, num_segments: Size) -> Array:
    """Multiply those parts of an array, along axis 0, that have the same segment id.

    Parameters
    ----------
    data : array, shape (n, ...)
        The dtype stays, integers may wrap around, booleans become int32.
    segment_ids : array of integers, shape (n,)
        In any order; parts with an id outside 0 to ``num_segments - 1`` are left out.
    num_segments : int

    Returns
    -------
    array, shape (num_segments, ...)

    Raises
    ------
    TypeError
        For ids that are not integers.
    ValueError
        For data without dimensions, another number of ids, and a negative `num_segments`.

    Notes
    -----
    An empty segment is 1. The gradient is exact with any number of zeros; second derivatives are so in segments
    without zeros.

    References
    ----------
    Keras 3, ``keras.ops.segment_prod``.

    Examples
    --------
    >>> K.segment_prod(np.asarray([1.0, 2.0, 6.0]), np.asarray([0, 1, 1]), 2)
    array([ 1., 12.])
    """
    data, ids, count = checked_segments("segment_prod", data, segment_ids, num_segments)
    return segment_product(data, ids, count=count)


# ---- what a graph keeps in one call -----------------------------------------------------------------------------


def _combined(data: Array, ids: Array, count: Any, combine: Callable[[Any, Any], Any], empty: Any) -> Array:
    """The parts of each segment combined: sorted by id, runs of one id by doubling, the last of each run taken."""
    xp, m = array_namespace(data), data.shape[0]
    if not m:
        return xp.full((count, *data.shape[1:]), empty, dtype=data.dtype, device=device_of(data))
    ids = places_of(xp, ids, count)
    order = xp.argsort(ids, stable=True)
    keys, values = xp.take(ids, order, axis=0), xp.take(data, order, axis=0)
    column = (slice(None),) + (None,) * (data.ndim - 1)
    reach = 1
    while reach < m:
        same = (keys[reach:] == keys[:-reach])[column]
        later, earlier = sliced(values, 0, reach, m), sliced(values, 0, 0, m - reach)
        values = xp.concat([sliced(values, 0, 0, reach), xp.where(same, combine(later, earlier), later)], axis=0)
        reach *= 2
    places = xp.arange(count, dtype=ids.dtype, device=device_of(data))
    after = xp.searchsorted(keys, places, side="right")
    last = xp.where(after > 0, after - 1, 0)
    found = (xp.take(keys, last, axis=0) == places)[column]
    return xp.where(found, xp.take(values, last, axis=0), number_like(data, empty))


@composite
def segment_extreme(data: Array, ids: Array, *, count: Any, largest: bool) -> Array:
    """The largest or the smallest elements by id."""
    xp, name = array_namespace(data), dtype_name(data.dtype)
    empty = -math.inf if largest else math.inf
    if not is_float(name):
        empty = limits(name)[not largest]
    return _combined(data, ids, count, xp.maximum if largest else xp.minimum, empty)


@segment_extreme.shape
def _(data, ids, *, count, largest):
    return (count, *sizes(data)[1:])


@segment_extreme.vjp
def _(g, out, data, ids, *, count, largest):
    reached = _inside(ids, count, data.ndim) & (data == _back(out, ids, count))
    ties = segment_sum_(array_namespace(g).astype(reached, g.dtype), ids, count=count)
    share = g / array_namespace(g).where(ties == 0, 1.0, ties)  # no element equals NaN
    return mask_(reached, _back(share, ids, count)), None


@composite
def segment_product(data: Array, ids: Array, *, count: Any) -> Array:
    """The products by id."""
    return _combined(data, ids, count, array_namespace(data).multiply, 1)


@segment_product.shape
def _(data, ids, *, count):
    return (count, *sizes(data)[1:])


@segment_product.vjp
def _(g, out, data, ids, *, count):
    xp, zero = array_namespace(g), data == 0
    zeros = _back(segment_sum_(xp.astype(zero, g.dtype), ids, count=count), ids, count)
    regular = xp.where(zero, 1.0, data)
    others = _back(segment_product(regular, ids, count=count), ids, count)  # of those that are not zero
    slope = xp.where(zero, mask_(zeros == 1, others), mask_(zeros == 0, others / regular))
    return mask_(_inside(ids, count, data.ndim), _back(g, ids, count) * slope), None


def _inside(ids: Array, count: Any, ndim: int) -> Array:
    """Whether an id is that of a segment, with the dimensions of the data."""
    return ((ids >= 0) & (ids < count))[(slice(None),) + (None,) * (ndim - 1)]


def _back(rows: Array, ids: Array, count: Any) -> Array:
    """The row of each part's segment, zeros for the parts left out."""
    xp = array_namespace(rows)
    none = xp.zeros((1, *sizes(rows)[1:]), dtype=rows.dtype, device=device_of(rows))
    return segment_gather(xp.concat([rows, none], axis=0), ids, count=count)
