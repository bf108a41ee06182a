"""Elements chosen, repeated, and laid side by side."""

from __future__ import annotations

from typing import Any

import ndonnx
import numpy as np
import spox.opset.ai.onnx.v21 as op

from .elementwise import maximum
from .sizes import as_sizes, broadcast_to, reshape, size_of, vector
from .values import as_type, fixed, numpy_dtype, of_onnx

__all__ = [
    "INDEX_DTYPES",
    "concat",
    "getitem",
    "index_of",
    "permute_dims",
    "repeat",
    "roll",
    "searchsorted",
    "take",
    "take_along_axis",
    "tile",
]


def getitem(x: Any, key: tuple[Any, ...]) -> Any:
    """x[key] for one key an axis: integers, slices, None, and integer arrays."""
    var = x.unwrap_spox()
    keys = [k for k in key if k is not None]
    bounds = [(axis, *_bounds(k)) for axis, k in enumerate(keys) if isinstance(k, slice) and k != slice(None)]
    if bounds:
        axes, starts, stops, steps = zip(*bounds, strict=True)
        var = op.slice(var, vector(starts), vector(stops), fixed(axes, np.int64), fixed(steps, np.int64))
    for axis, k in reversed(list(enumerate(keys))):
        if not isinstance(k, slice):
            var = op.gather(var, index_of(k) if isinstance(k, ndonnx.Array) else fixed(k, np.int64), axis=axis)
    places, position = [], 0
    for k in key:
        if k is None:
            places.append(position)
        position += k is None or isinstance(k, slice) or (k.ndim if isinstance(k, ndonnx.Array) else 0)
    return of_onnx(op.unsqueeze(var, fixed(places, np.int64)) if places else var)


INDEX_DTYPES = (np.dtype(np.int32), np.dtype(np.int64))


def index_of(indices: Any) -> Any:
    """Indices as Gather takes them: of int32 or int64."""
    return indices.unwrap_spox() if numpy_dtype(indices) in INDEX_DTYPES else as_type(indices, np.int64)


INT64_MAX = 2**63 - 1


def _bounds(k: slice) -> tuple[Any, Any, int]:
    step = 1 if k.step is None else k.step
    start, stop = (0, INT64_MAX) if step > 0 else (INT64_MAX, -INT64_MAX)
    return start if k.start is None else k.start, stop if k.stop is None else k.stop, step


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    """The standard's `take`; indices of int32, and of any number of axes, too."""
    return of_onnx(op.gather(x.unwrap_spox(), index_of(indices), axis=0 if axis is None else axis))


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    """The standard's `take_along_axis`; the other axes broadcast."""
    axis = axis % x.ndim
    shapes = [[1 if i == axis else n for i, n in enumerate(y.shape)] for y in (x, indices)]
    if shapes[0] != shapes[1] or None in shapes[0]:
        sizes = [_larger(size_of(x, i), size_of(indices, i)) for i in range(x.ndim)]
        x, indices = (
            broadcast_to(y, [size_of(y, axis) if i == axis else n for i, n in enumerate(sizes)]) for y in (x, indices)
        )
    return of_onnx(op.gather_elements(x.unwrap_spox(), index_of(indices), axis=axis))


def _larger(n: Any, m: Any) -> Any:
    """The size that n and m broadcast to, where they do."""
    if isinstance(n, int) and isinstance(m, int):
        return m if n == 1 else n
    if isinstance(n, int) or isinstance(m, int):
        known, other = (n, m) if isinstance(n, int) else (m, n)
        return other if known == 1 else known
    return ndonnx.where(n == 1, m, n)


def permute_dims(x: Any, /, axes: tuple[int, ...]) -> Any:
    """The standard's `permute_dims`, as Transpose, which counts axes from the front alone."""
    if sorted(axis % x.ndim for axis in axes) != list(range(x.ndim)):
        raise ValueError(f"permute_dims: axes are {axes}, expected each axis of {x.ndim} once")
    return of_onnx(op.transpose(x.unwrap_spox(), perm=[axis % x.ndim for axis in axes]))


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Any:
    """The standard's `repeat`."""
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    if isinstance(repeats, ndonnx.Array) and repeats.ndim:
        return ndonnx.repeat(x, repeats, axis=axis)
    axis = axis % x.ndim
    sizes = [size_of(x, i) for i in range(x.ndim)]
    wide = broadcast_to(ndonnx.expand_dims(x, axis=axis + 1), (*sizes[: axis + 1], repeats, *sizes[axis + 1 :]))
    return reshape(wide, (*sizes[:axis], sizes[axis] * repeats, *sizes[axis + 1 :]))


def tile(x: Any, repetitions: Any, /) -> Any:
    """The standard's `tile`."""
    repetitions = as_sizes(repetitions)
    if len(repetitions) > x.ndim:
        x = x[(None,) * (len(repetitions) - x.ndim) + (...,)]
    return of_onnx(op.tile(x.unwrap_spox(), vector((1,) * (x.ndim - len(repetitions)) + repetitions)))


def roll(x: Any, /, shift: Any, *, axis: Any = None) -> Any:
    """The standard's `roll`: along each axis the last elements first."""
    if axis is None:
        shape = tuple(size_of(x, i) for i in range(x.ndim))
        return reshape(roll(reshape(x, (-1,)), shift, axis=0), shape)
    axes = as_sizes(axis)
    shifts = as_sizes(shift) * len(axes) if len(as_sizes(shift)) == 1 else as_sizes(shift)
    for at, by in zip(axes, shifts, strict=True):
        size = size_of(x, at)
        cut: Any
        if isinstance(size, int) and isinstance(by, int):
            cut = -by % size if size else 0
        else:
            cut = ndonnx.remainder(ndonnx.asarray(-by), maximum(ndonnx.asarray(size), ndonnx.asarray(1)))
        before = (slice(None),) * (at % x.ndim)
        rest = (slice(None),) * (x.ndim - at % x.ndim - 1)
        parts = [getitem(x, (*before, part, *rest)) for part in (slice(cut, None), slice(0, cut))]
        x = concat(parts, axis=at)
    return x


def concat(arrays: Any, /, *, axis: int | None = 0) -> Any:
    """The standard's `concat`."""
    arrays = [reshape(x, (-1,)) for x in arrays] if axis is None else list(arrays)
    kind = ndonnx.result_type(*arrays)
    return of_onnx(op.concat([ndonnx.astype(x, kind, copy=False).unwrap_spox() for x in arrays], axis=axis or 0))


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Any:
    """The standard's `searchsorted`: how many elements are less, or not greater; NaN comes last."""
    x2 = x2 if isinstance(x2, ndonnx.Array) else ndonnx.asarray(x2)
    x1 = x1 if sorter is None else take(x1, sorter, axis=0)
    sorted_, sought = x1[(None,) * x2.ndim + (...,)], ndonnx.expand_dims(x2, axis=x2.ndim)
    before = sorted_ < sought if side == "left" else sorted_ <= sought
    if numpy_dtype(x1).kind == "f":
        nan = ndonnx.isnan(sorted_) if side == "right" else ~ndonnx.isnan(sorted_)
        before = ndonnx.where(ndonnx.isnan(sought), nan | before if side == "left" else nan | ~nan, before)
    return ndonnx.count_nonzero(before, axis=-1)
