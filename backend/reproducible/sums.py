"""Sums, means, products and running sums of float32, each the exact result rounded once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .bases import Base
from .columns import column_sums
from .rounding import UNIT, exact_sums, rounded, rounded_integer

__all__ = ["axes_of", "cumulative_product", "cumulative_sum", "prod", "total"]

_MANY = 2**12  # elements from which on sums over leading axes go block by block
_STAGE = 1024  # terms added in one go: the bound grows with their number, and in stages with the sum of both numbers


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes of a reduction, counted from the front; ValueError out of range or twice."""
    if axis is None:
        return tuple(range(ndim))
    given = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    found = []
    for each in given:
        if not -ndim <= each < ndim:
            raise ValueError(f"axis {each} is out of range for an array of {ndim} axes")
        found.append(each % max(ndim, 1))
    if len(set(found)) < len(found):
        raise ValueError(f"axis {axis} names an axis twice")
    return tuple(found)


def total(base: Base, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum of float32 over axes, rounded once, zeros positive.

    The candidate is the library's float64 sum. In any order of n terms |candidate - exact| <= (n - 1) u sum |x|.
    """
    axes = axes_of(axis, x.ndim)
    count = math.prod(x.shape[a] for a in axes)
    kept = tuple(1 if a in axes else n for a, n in enumerate(x.shape))
    shape = kept if keepdims else tuple(n for a, n in enumerate(x.shape) if a not in axes)
    if count <= 1 or 0 in shape:
        return (
            _shaped(base, x + 0.0, shape)
            if count == 1
            else base.xp.zeros(shape, dtype=x.dtype, device=getattr(x, "device", None))
        )
    if axes == tuple(range(len(axes))) and count * math.prod(shape) >= _MANY and base.reads_memory(x):
        rows = base.host(x)
        if rows.flags.c_contiguous:
            return base.from_host(column_sums(rows.reshape(count, -1)).reshape(shape), x)
    x64, depth = base.cast(x, base.float64), count - 1
    terms, within = x64, axes
    if count > 2 * _STAGE:
        terms, within, depth = _stages(base, x64, axes)
    xp = base.xp
    # a sum of -0 is 0 once the bound, +0, is added; no other sum of float32 rounds to zero
    y = xp.sum(terms, axis=within)
    bound = xp.sum(xp.abs(terms), axis=within)
    if terms is not x64 and terms.ndim > x64.ndim - len(axes) + 1:
        y, bound = xp.sum(y, axis=0), xp.sum(bound, axis=0)
    if base.reads_memory(y):
        y, bound = np.asarray(base.host(y)), np.asarray(base.host(bound)) * (depth * UNIT * 1.01)
        high = np.add(y, bound, out=np.empty(y.shape, np.float32), dtype=np.float64, casting="unsafe")
        low = np.subtract(y, bound, out=np.empty(y.shape, np.float32), dtype=np.float64, casting="unsafe")
        open_ = low != high
        if open_.any():
            places = np.flatnonzero(open_)
            high.reshape(-1)[places] = _repaired(places, y, base.host(x64), axes)
        return base.from_host(high.reshape(shape), x)
    bound = bound * (depth * UNIT * 1.01)
    high = base.cast(y + bound, base.float32)
    open_ = base.cast(y - bound, base.float32) != high
    if base.any(open_):
        places = np.flatnonzero(base.host(open_))
        high = base.patched(high, places, _repaired(places, base.host(y), base.host(x64), axes))
    return _shaped(base, high, shape)


def _shaped(base: Base, x: Any, shape: tuple[int, ...]) -> Any:
    return x if tuple(x.shape) == shape else base.xp.reshape(x, shape)


def _stages(base: Base, x: Any, axes: tuple[int, ...]) -> tuple[Any, Any, int]:
    """The terms with the summed axes first, in stages: (stages, terms, others...), filled up with zeros."""
    xp = base.xp
    others = tuple(a for a in range(x.ndim) if a not in axes)
    count = math.prod(x.shape[a] for a in axes)
    rest = tuple(x.shape[a] for a in others)
    flat = xp.reshape(xp.permute_dims(x, (*axes, *others)), (count, *rest))
    stages = -(-count // _STAGE)
    if missing := stages * _STAGE - count:
        filling = xp.zeros((missing, *rest), dtype=x.dtype, device=getattr(x, "device", None))
        flat = xp.concat([flat, filling], axis=0)
    return xp.reshape(flat, (stages, _STAGE, *rest)), 1, _STAGE + stages


def _rows(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """A view with the summed axes last."""
    others = tuple(a for a in range(x.ndim) if a not in axes)
    return np.transpose(x, (*others, *axes))


def _repaired(places: np.ndarray, candidate: np.ndarray, x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The sums at these places, exact and rounded; where an infinity or NaN takes part, as float64 has it."""
    rows = _rows(x, axes)
    y = candidate.reshape(-1)[places]
    values = y.astype(np.float32) + np.float32(0)
    finite = np.flatnonzero(np.isfinite(y))
    shape = rows.shape[: rows.ndim - len(axes)]
    step = max(2**20 // math.prod(rows.shape[rows.ndim - len(axes) :]), 1)
    for start in range(0, len(finite), step):
        part = finite[start : start + step]
        terms = np.array(rows[np.unravel_index(places[part], shape)] if shape else rows[None], np.float64)
        values[part] = rounded(*exact_sums(terms.reshape(len(part), -1))) + np.float32(0)
    return values


# ---- running sums


def cumulative_sum(base: Base, x: Any, axis: int) -> Any:
    """The sums of float32 up to each element along an axis, each rounded once, zeros positive."""
    xp, count = base.xp, x.shape[axis]
    if 0 in x.shape:
        return x
    x64 = base.cast(x, base.float64)
    y = xp.cumulative_sum(x64, axis=axis)
    bound = xp.cumulative_sum(xp.abs(x64), axis=axis) * (2 * count * UNIT)
    high = base.cast(y + bound, base.float32)
    open_ = base.cast(y - bound, base.float32) != high
    if not base.any(open_):
        return high
    places = np.flatnonzero(base.host(open_))
    rows = np.moveaxis(base.host(x64), axis, -1)
    *others, last = _moved_index(np.unravel_index(places, tuple(x.shape)), axis)
    y = base.host(y).reshape(-1)[places]
    values = y.astype(np.float32) + np.float32(0)
    finite = np.flatnonzero(np.isfinite(y))
    step, order = max(2**20 // count, 1), np.arange(count)
    for start in range(0, len(finite), step):
        part = finite[start : start + step]
        stop = last[part]
        length = int(stop.max()) + 1
        terms = rows[tuple(i[part] for i in others)][:, :length] if others else np.tile(rows[:length], (len(part), 1))
        terms = np.where(order[:length] <= stop[:, None], terms, 0.0)  # what comes later may be infinite
        values[part] = rounded(*exact_sums(terms)) + np.float32(0)
    return base.patched(high, places, values)


def _moved_index(index: Any, axis: int) -> list[Any]:
    found = list(index)
    found.append(found.pop(axis))
    return found


# ---- products


def prod(base: Base, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The product of float32 over axes, rounded once.

    The candidate is a float64 product, off by (n - 1) u at most, relative to it, unless a partial product leaves the
    range of float64; that is worked out in integers, as is what the bound leaves open.
    """
    axes = axes_of(axis, x.ndim)
    kept = tuple(1 if a in axes else n for a, n in enumerate(x.shape))
    shape = kept if keepdims else tuple(n for a, n in enumerate(x.shape) if a not in axes)
    rows = _rows(base.host(x), axes).astype(np.float64)
    kept = rows.shape[: rows.ndim - len(axes)]
    rows = rows.reshape(*kept, math.prod(rows.shape[len(kept) :]))
    values = _products(rows)
    return base.xp.reshape(base.from_host(values, x), shape)


def cumulative_product(base: Base, x: Any, axis: int) -> Any:
    """The products of float32 up to each element along an axis, each rounded once."""
    rows = np.moveaxis(base.host(x).astype(np.float64), axis, -1)
    out = np.empty(rows.shape, np.float32)
    for i in range(rows.shape[-1]):  # a product each, so that every one is rounded once
        out[..., i] = _products(rows[..., : i + 1])
    return base.from_host(np.moveaxis(out, -1, axis), x)


def _products(rows: np.ndarray) -> np.ndarray:
    """The products along the last axis, as float32."""
    count = rows.shape[-1]
    y = np.multiply.reduce(rows, axis=-1)
    y = np.asarray(y)
    error = (count + 1) * UNIT
    high, low = (y * (1 + error)).astype(np.float32), (y * (1 - error)).astype(np.float32)
    sizes = np.abs(np.log2(np.abs(np.where(np.isfinite(rows) & (rows != 0), rows, 1.0)))).sum(axis=-1)
    usual = np.isfinite(rows).all(axis=-1)  # infinities, NaN and their signs are right as they are
    open_ = usual & ((high != low) | (sizes > 900.0)) & (rows != 0).all(axis=-1)
    values = np.where((rows == 0).any(axis=-1) & usual, _signed_zero(rows), high)
    for place in np.argwhere(open_):
        values[tuple(place)] = _exact_product(rows[tuple(place)].tolist())
    return np.asarray(values, np.float32)


def _signed_zero(rows: np.ndarray) -> Any:
    return np.where(np.signbit(rows).sum(axis=-1) % 2 == 1, np.float32(-0.0), np.float32(0.0))


def _exact_product(factors: list[float]) -> Any:
    numerator, exponent = 1, 0
    for factor in factors:
        top, bottom = factor.as_integer_ratio()
        numerator *= top
        exponent -= bottom.bit_length() - 1
    return rounded_integer(numerator, exponent)
