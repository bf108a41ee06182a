"""Elements chosen along an axis, sums over segments, and padding."""

from __future__ import annotations

from typing import Any

from ..arrays.typing import Array, ArrayLike, Pairs, Size
from ..autodiff.cotangents import unbroadcast
from ..autodiff.scatter import take_adjoint, take_along_axis_adjoint
from ..dispatch.boundary import axis_of, broadcast, count_of, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import (
    array_namespace,
    arrays,
    device_of,
    dtype_name,
    is_concrete,
    is_float,
    is_integer,
    native_dtype,
    numeric,
    real,
)
from ..graph.composite import composite
from .manipulation import slice as begin_slice

__all__ = ["pad", "segment_sum", "take_along_axis", "top_k"]


@operation
def top_k(x: Array, k: int, sorted: bool = True) -> tuple[Array, Array]:
    """The k largest elements along the last axis, the largest first, and their places.

    Shapes and dtypes: (..., n) gives values (..., k) of x's dtype and indices (..., k) of the library's integer dtype;
    booleans become int32. The order is the same without `sorted`.
    Edge values: of equal elements the one with the lower index comes first; NaN counts as the largest. The gradient
    goes to the elements chosen.
    Errors: ValueError for an array without dimensions and a k below 0 or above n; TypeError for a k that is not an
    integer.

    Source: this library; ties as in JAX's `lax.top_k`.
    """
    xp, x = real(x)
    if not x.ndim:
        raise ValueError("top_k: x has 0 dimensions, expected at least 1")
    n = x.shape[-1]
    if k < 0 or (n is not None and k > n):
        raise ValueError(
            f"top_k: k is {k} for {'an unknown number of' if n is None else n} elements, expected 0 to "
            f"{'their number' if n is None else n}"
        )
    order = xp.argsort(x, axis=-1, descending=True, stable=True)
    # unlike a slice, a block is not cut short where an unknown n turns out to be smaller
    chosen = begin_slice(order, [0] * x.ndim, [*sizes(x)[:-1], k]) if n is None else order[..., :k]
    return take_along_axis_(x, chosen, axis=x.ndim - 1), chosen


@operation
def take_along_axis(x: Array, indices: ArrayLike, axis: int = -1) -> Array:
    """The elements of x at the indices along an axis, each row having its own.

    Shapes and dtypes: x and indices have the same number of dimensions and broadcast on all axes but this one, where
    the result has the size of the indices; the dtype stays.
    Edge values: negative indices count from the end. Gradient: elements chosen several times accumulate.
    Errors: TypeError for indices that are not integers; ValueError for an axis out of range and shapes that do not fit;
    IndexError for an index below -n or above n - 1 (inside jax.jit and torch.compile, where values are not concrete,
    whatever the library does).

    Source: the standard's `take_along_axis`; negative indices as in NumPy.
    """
    _, x, indices = arrays(x, indices)
    if not is_integer(dtype_name(indices.dtype)):
        raise TypeError(f"take_along_axis: indices have dtype {dtype_name(indices.dtype)}, expected an integer dtype")
    if x.ndim != indices.ndim:
        raise ValueError(f"take_along_axis: x has {x.ndim} and indices {indices.ndim} dimensions, expected the same")
    axis = axis_of("take_along_axis", axis, x.ndim)
    _others("take_along_axis", x, indices, axis)
    return take_along_axis_(x, indices, axis=axis)


def _others(operation: str, x: Array, indices: Array, axis: int) -> tuple[Any, ...]:
    """The shape of the result."""
    shapes = [(*sizes(v)[:axis], 1, *sizes(v)[axis + 1 :]) for v in (x, indices)]
    shape = broadcast(operation, *shapes)
    return (*shape[:axis], sizes(indices)[axis], *shape[axis + 1 :])


@composite
def take_along_axis_(x: Array, indices: Array, *, axis: int) -> Array:
    """Take along an axis, after a check of the indices where they are concrete."""
    xp, n = array_namespace(x), x.shape[axis]
    place = xp.arange(0, device=device_of(x)).dtype  # the integer dtype a library indexes with
    indices = indices if indices.dtype == place else xp.astype(indices, place)
    if is_concrete(indices) and 0 not in indices.shape and bool(xp.any((indices < -n) | (indices >= n))):
        raise IndexError(f"take_along_axis: an index is out of range for {n} elements (expected {-n} to {n - 1})")
    shape = _others("take_along_axis", x, indices, axis)
    whole = (*shape[:axis], n, *shape[axis + 1 :])
    x = x if x.shape == whole else xp.broadcast_to(x, whole)
    indices = xp.where(indices < 0, indices + n, indices)
    indices = indices if indices.shape == shape else xp.broadcast_to(indices, shape)
    return xp.take_along_axis(x, indices, axis=axis)


@take_along_axis_.shape
def _(x, indices, *, axis):
    return _others("take_along_axis", x, indices, axis)


@take_along_axis_.vjp
def _(g, out, x, indices, *, axis):
    return unbroadcast(add_along_axis(g, indices, axis=axis, size=sizes(x)[axis]), x), None


@composite
def add_along_axis(g: Array, indices: Array, *, axis: int, size: Any) -> Array:
    """The elements of g added to zeros at the indices: the adjoint of `take_along_axis_`."""
    xp = array_namespace(g)
    indices = xp.astype(indices, xp.arange(0, device=device_of(g)).dtype)
    return take_along_axis_adjoint(g, indices, axis=axis, size=size)


@add_along_axis.shape
def _(g, indices, *, axis, size):
    return (*sizes(g)[:axis], size, *sizes(g)[axis + 1 :])


@add_along_axis.vjp
def _(g, out, of, indices, *, axis, size):
    return take_along_axis_(g, indices, axis=axis), None


# ---- sums over segments -----------------------------------------------------------------------------------------


@operation
def segment_sum(data: Array, segment_ids: ArrayLike, num_segments: Size) -> Array:
    """The sums of those parts of an array, along axis 0, that have the same segment id.

    Shapes and dtypes: data (n, ...) and ids (n,) of integers in any order give (num_segments, ...); the dtype stays,
    integers may wrap around, booleans become int32.
    Edge values: an empty segment is 0; a part with an id outside 0 to num_segments - 1 is left out. Floats
    are summed pairwise, so rounding grows with the logarithm of n. NaN and infinity stay in their segment.
    Errors: TypeError for ids that are not integers, ValueError for data without dimensions, another number of ids and
    a negative num_segments.

    Source: this library; ids out of range as in JAX's `ops.segment_sum`.
    """
    _, data, ids = arrays(data, segment_ids)
    _, data = numeric(data)
    if not is_integer(dtype_name(ids.dtype)):
        raise TypeError(f"segment_sum: segment_ids has dtype {dtype_name(ids.dtype)}, expected an integer dtype")
    if not data.ndim or ids.ndim != 1:
        raise ValueError(
            f"segment_sum: data has {data.ndim} dimensions and segment_ids {ids.ndim}, expected at least "
            "1 and exactly 1"
        )
    if None not in (data.shape[0], ids.shape[0]) and data.shape[0] != ids.shape[0]:
        raise ValueError(f"segment_sum: {data.shape[0]} parts of data but {ids.shape[0]} segment ids")
    return segment_sum_(data, ids, count=count_of("segment_sum", "num_segments", num_segments))


@composite
def segment_sum_(data: Array, ids: Array, *, count: Any) -> Array:
    """Sums by id: floats by `take_adjoint`, integers as differences of running sums, which are exact."""
    xp = array_namespace(data)
    ids = _places(xp, ids, count)
    if is_float(dtype_name(data.dtype)):
        return take_adjoint(data, ids, axis=0, size=count + 1)[:count, ...]
    order = xp.argsort(ids, stable=True)
    totals = xp.cumulative_sum(xp.take(data, order, axis=0), axis=0, dtype=data.dtype)
    totals = xp.concat([xp.zeros((1, *data.shape[1:]), dtype=data.dtype, device=device_of(data)), totals], axis=0)
    bounds = xp.searchsorted(xp.take(ids, order), xp.arange(count + 1, dtype=ids.dtype, device=device_of(data)))
    reached = xp.take(totals, bounds, axis=0)
    return reached[1:, ...] - reached[:-1, ...]


@segment_sum_.shape
def _(data, ids, *, count):
    return (count, *sizes(data)[1:])


@segment_sum_.vjp
def _(g, out, data, ids, *, count):
    xp = array_namespace(g)
    shape = (1, *sizes(g)[1:])
    rows = xp.concat([g, xp.zeros(shape, dtype=g.dtype, device=device_of(g))], axis=0)  # for the parts left out
    return segment_gather(rows, ids, count=count), None


@composite
def segment_gather(rows: Array, ids: Array, *, count: Any) -> Array:
    """The row of each id; the last, number `count`, for ids out of range."""
    xp = array_namespace(rows)
    return xp.take(rows, _places(xp, ids, count), axis=0)


@segment_gather.shape
def _(rows, ids, *, count):
    return (*sizes(ids), *sizes(rows)[1:])


@segment_gather.vjp
def _(g, out, rows, ids, *, count):
    kept = segment_sum_(g, ids, count=count)
    xp = array_namespace(g)  # the last row is constant zero
    return xp.concat([kept, xp.zeros((1, *sizes(g)[1:]), dtype=g.dtype, device=device_of(g))], axis=0), None


def _places(xp: Any, ids: Array, count: Any) -> Array:
    """The ids as int32 or int64, those out of range as `count`."""
    if dtype_name(ids.dtype) not in ("int32", "int64"):
        ids = xp.astype(ids, native_dtype(xp, "int32"))
    return xp.where((ids < 0) | (ids >= count), count, ids)


# ---- padding ----------------------------------------------------------------------------------------------------

MODES = ("constant", "edge", "reflect", "symmetric")


@operation
def pad(x: Array, pad_width: Pairs, mode: str = "constant", constant_value: Any = 0) -> Array:
    """x with elements added before and after it along each axis.

    Shapes and dtypes: pad_width is an int, a pair (before, after) for every axis, or one pair for each; each size
    grows by both; the dtype stays. Mode 'constant' adds constant_value, 'edge' the outermost element, 'reflect' the
    elements mirrored at the outermost one, 'symmetric' the elements mirrored beyond it.
    Edge values: mirroring repeats where pad_width exceeds the size; 'reflect' of one element repeats it. Gradient:
    repeated elements accumulate.
    Errors: ValueError for another mode, for a pad_width that is negative or does not fit, and for an empty axis that is
    not padded with a constant; TypeError for widths that are not integers.

    Source: NumPy's `pad`.
    """
    xp, x = arrays(x)
    if mode not in MODES:
        raise ValueError(f"pad: mode is {mode!r}, expected one of {', '.join(MODES)}")
    for axis, (before, after) in enumerate(_widths(pad_width, x.ndim)):
        if not (before or after):
            continue
        if mode != "constant":
            if x.shape[axis] == 0:
                raise ValueError(
                    f"pad: axis {axis} of shape {tuple(x.shape)} is empty and has no element to repeat; "
                    "expected mode 'constant'"
                )
            x = pad_(x, axis=axis, before=before, after=after, mode=mode)
            continue
        shape = sizes(x)
        parts = [
            xp.full((*shape[:axis], n, *shape[axis + 1 :]), constant_value, dtype=x.dtype, device=device_of(x))
            if n
            else None
            for n in (before, after)
        ]
        x = xp.concat([part for part in (parts[0], x, parts[1]) if part is not None], axis=axis)
    return x


def _widths(pad_width: Any, ndim: int) -> Any:
    """(before, after) for each axis."""
    pairs: Any = pad_width
    if isinstance(pad_width, int):
        pairs = [(pad_width, pad_width)] * ndim
    elif len(pad_width) == 2 and all(isinstance(n, int) for n in pad_width):
        pairs = [pad_width] * ndim
    flat = [n for pair in pairs for n in (pair if isinstance(pair, tuple) else (None,))]
    if len(pairs) != ndim or len(flat) != 2 * ndim or not all(isinstance(n, int) and n >= 0 for n in flat):
        raise ValueError(
            f"pad: pad_width is {pad_width!r} for {ndim} dimensions, expected one or {ndim} pairs of "
            "integers of at least 0"
        )
    return pairs


@composite
def pad_(x: Array, *, axis: int, before: int, after: int, mode: str) -> Array:
    """x with elements repeated before and after it."""
    if not x.shape[axis]:
        raise ValueError(f"pad: axis {axis} of shape {tuple(x.shape)} is empty and has no element to repeat")
    return array_namespace(x).take(x, _sources(x, x.shape[axis], before, after, mode), axis=axis)


@pad_.shape
def _(x, *, axis, before, after, mode):
    return (*sizes(x)[:axis], before + sizes(x)[axis] + after, *sizes(x)[axis + 1 :])


@pad_.vjp
def _(g, out, x, *, axis, before, after, mode):
    return pad_adjoint(g, axis=axis, before=before, after=after, mode=mode, size=sizes(x)[axis])


@composite
def pad_adjoint(g: Array, *, axis: int, before: int, after: int, mode: str, size: Any) -> Array:
    """The adjoint of `pad_`: the elements of g added to those that it repeats."""
    return take_adjoint(g, _sources(g, size, before, after, mode), axis=axis, size=size)


@pad_adjoint.shape
def _(g, *, axis, before, after, mode, size):
    return (*sizes(g)[:axis], size, *sizes(g)[axis + 1 :])


@pad_adjoint.vjp
def _(g, out, h, *, axis, before, after, mode, size):
    return pad_(g, axis=axis, before=before, after=after, mode=mode)


def _sources(x: Array, n: int, before: int, after: int, mode: str) -> Array:
    """The index each element of the result comes from."""
    xp = array_namespace(x)
    places = xp.arange(-before, n + after, dtype=xp.int32, device=device_of(x))
    if mode == "edge" or n == 1:
        return xp.where(places < 0, 0, xp.where(places >= n, n - 1, places))
    last = n - 1 if mode == "reflect" else n  # half a period: the indices run there and back
    places = xp.remainder(places, 2 * last)
    back = 2 * last - places if mode == "reflect" else 2 * last - 1 - places
    return xp.where(places < n, places, back)
