"""Reductions over segments: means, extremes and products of the parts with one id."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..arrays.dtypes import limits
from ..arrays.typing import Array, ArrayLike, Size
from ..autodiff.cotangents import conj, mask_, sliced
from ..control.loop import scan
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
    An empty segment is 1. Derivatives are exact with any number of zeros.

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
    """The parts of each segment combined: sorted by id, runs of one id combined, the last of each run taken."""
    xp = array_namespace(data)
    if not data.shape[0]:
        return xp.full((count, *data.shape[1:]), empty, dtype=data.dtype, device=device_of(data))
    _, keys, values = _by_id(ids, count, data)
    values = _in_runs(keys, values, combine)
    places = xp.arange(count, dtype=keys.dtype, device=device_of(data))
    after = xp.searchsorted(keys, places, side="right")
    last = xp.where(after > 0, after - 1, 0)
    found = (xp.take(keys, last, axis=0) == places)[_column(data.ndim)]
    return xp.where(found, xp.take(values, last, axis=0), number_like(data, empty))


def _by_id(ids: Array, count: Any, *arrays: Array) -> tuple[Array, ...]:
    """The order that sorts parts by id, those left out last; the ids and the arrays in it."""
    xp = array_namespace(*arrays)
    places = places_of(xp, ids, count)
    order = xp.argsort(places, stable=True)
    return (order, *(xp.take(x, order, axis=0) for x in (places, *arrays)))


def _column(ndim: int) -> tuple[Any, ...]:
    """The index that gives an array of shape (n,) this many dimensions."""
    return (slice(None),) + (None,) * (ndim - 1)


def _in_runs(keys: Array, values: Array, combine: Callable[[Any, Any], Any]) -> Array:
    """Each part combined with all before it in its run of equal keys, by doubling."""
    xp, m, reach = array_namespace(values), values.shape[0], 1
    while reach < m:
        same = (keys[reach:] == keys[:-reach])[_column(values.ndim)]
        later, earlier = sliced(values, 0, reach, m), sliced(values, 0, 0, m - reach)
        values = xp.concat([sliced(values, 0, 0, reach), xp.where(same, combine(later, earlier), later)], axis=0)
        reach *= 2
    return values


def _before(keys: Array, values: Array) -> Array:
    """For each part the product of those before it in its run of equal keys."""
    xp, m = array_namespace(values), values.shape[0]
    products = sliced(_in_runs(keys, values, xp.multiply), 0, 0, m - 1)
    same = (keys[1:] == keys[:-1])[_column(values.ndim)]
    first = xp.ones((1, *values.shape[1:]), dtype=values.dtype, device=device_of(values))
    return xp.concat([first, xp.where(same, products, number_like(values, 1))], axis=0)


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
    others = segment_others(data, ids, count=count)
    return mask_(_inside(ids, count, data.ndim), _back(g, ids, count) * conj(others)), None


@composite
def segment_others(data: Array, ids: Array, *, count: Any) -> Array:
    """For each part the product of the others of its segment: of those before it times those after it."""
    xp = array_namespace(data)
    if not data.shape[0]:
        return xp.ones_like(data)
    order, keys, values = _by_id(ids, count, data)
    after = xp.flip(_before(xp.flip(keys), xp.flip(values, axis=0)), axis=0)
    return xp.take(_before(keys, values) * after, xp.argsort(order), axis=0)


@segment_others.shape
def _(data, ids, *, count):
    return sizes(data)


@segment_others.vjp
def _(g, out, data, ids, *, count):
    """The change of all products of others as the parts change by g, which is exact at zeros and may be differentiated.

    The sum over i of g[i] times the product of all parts of the segment but i and k is the change of the product of all
    but k, hence of those before k times those after it.
    """
    xp, inside = array_namespace(g), _inside(ids, count, data.ndim)
    order, *parts = _by_id(ids, count, conj(data), mask_(inside, g))
    one = xp.ones(sizes(data)[1:], dtype=g.dtype, device=device_of(g))

    def step(carry: Any, part: Any) -> Any:
        (last, product, change), (place, x, slope) = carry, part
        product, change = xp.where(place == last, product, 1.0), mask_(place == last, change)
        return (place, product * x, change * x + product * slope), (product, change)

    start = (xp.asarray(-1, dtype=parts[0].dtype, device=device_of(g)), one, xp.zeros_like(one))
    _, (before, earlier) = scan(step, start, parts)
    _, (after, later) = scan(step, start, parts, reverse=True)
    change = xp.take(before * later + earlier * after, xp.argsort(order), axis=0)
    return mask_(inside, change), None


def _inside(ids: Array, count: Any, ndim: int) -> Array:
    """Whether an id is that of a segment, with the dimensions of the data."""
    return ((ids >= 0) & (ids < count))[_column(ndim)]


def _back(rows: Array, ids: Array, count: Any) -> Array:
    """The row of each part's segment, zeros for the parts left out."""
    xp = array_namespace(rows)
    none = xp.zeros((1, *sizes(rows)[1:]), dtype=rows.dtype, device=device_of(rows))
    return segment_gather(xp.concat([rows, none], axis=0), ids, count=count)
