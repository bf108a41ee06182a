"""Manipulation and indexing functions of the standard on PyTensor's variables; a size may be a 0-d variable."""

from __future__ import annotations

from typing import Any

import pytensor.tensor as pt

from .variables import as_sizes, axes_of, axis_of, cast, common, number, shape_of, size_of, tensor

# fmt: off
__all__ = [
    "broadcast_arrays", "broadcast_to", "concat", "expand_dims", "flip", "getitem", "moveaxis", "permute_dims",
    "repeat", "reshape", "roll", "searchsorted", "squeeze", "stack", "take", "take_along_axis", "tile", "unstack",
]
# fmt: on


def getitem(x: Any, key: Any) -> Any:
    """x[key], for integers, slices, None and integer arrays."""
    return x[key]


def reshape(x: Any, /, shape: Any, *, copy: bool | None = None) -> Any:
    """The standard's `reshape`."""
    sizes = as_sizes(shape)
    return pt.reshape(tensor(x), sizes, ndim=len(sizes))


def broadcast_to(x: Any, /, shape: Any) -> Any:
    """The standard's `broadcast_to`."""
    return pt.alloc(tensor(x), *as_sizes(shape))


def broadcast_arrays(*arrays: Any) -> list[Any]:
    """The standard's `broadcast_arrays`."""
    return list(pt.broadcast_arrays(*map(tensor, arrays)))


def permute_dims(x: Any, /, axes: Any) -> Any:
    """The standard's `permute_dims`."""
    return tensor(x).dimshuffle(*axes_of(tuple(axes), x.ndim))


def moveaxis(x: Any, source: Any, destination: Any, /) -> Any:
    """The standard's `moveaxis`."""
    return pt.moveaxis(tensor(x), source, destination)


def expand_dims(x: Any, /, axis: Any = 0) -> Any:
    """The standard's `expand_dims`."""
    return pt.expand_dims(tensor(x), axis)


def squeeze(x: Any, /, axis: Any) -> Any:
    """The standard's `squeeze`; whether an unknown size is 1 is checked when the graph runs."""
    x = tensor(x)
    axes = axes_of(axis, x.ndim)
    unknown = [a for a in axes if x.type.shape[a] is None]
    x = pt.specify_broadcastable(x, *unknown) if unknown else x
    return x.dimshuffle(*(a for a in range(x.ndim) if a not in axes))


def concat(arrays: Any, /, *, axis: int | None = 0) -> Any:
    """The standard's `concat`."""
    found = common(arrays)
    if axis is None:
        found, axis = [reshape(x, (-1,)) for x in found], 0
    axis = axis_of(axis, found[0].ndim)
    return found[0] if len(found) == 1 else pt.join(axis, *found)


def stack(arrays: Any, /, *, axis: int = 0) -> Any:
    """The standard's `stack`."""
    return pt.stack(common(arrays), axis=axis)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """The standard's `unstack`, of an axis of known size."""
    x = tensor(x)
    axis, size = axis_of(axis, x.ndim), x.type.shape[axis]
    if size is None:
        raise ValueError(f"unstack: the size of axis {axis} is known only when the graph runs")
    return tuple(x[(slice(None),) * axis + (i,)] for i in range(size))


def flip(x: Any, /, *, axis: Any = None) -> Any:
    """The standard's `flip`."""
    axes = axes_of(axis, x.ndim)
    return tensor(x)[tuple(slice(None, None, -1 if a in axes else None) for a in range(x.ndim))]


def roll(x: Any, /, shift: Any, *, axis: Any = None) -> Any:
    """The standard's `roll`: along each axis the last elements first."""
    x = tensor(x)
    if axis is None:
        return reshape(roll(reshape(x, (-1,)), shift, axis=0), shape_of(x))
    axes, shifts = as_sizes(axis), as_sizes(shift)
    for at, by in zip(axes, shifts * len(axes) if len(shifts) == 1 else shifts, strict=True):
        at = axis_of(at, x.ndim)
        size = size_of(x, at)
        if isinstance(size, int) and isinstance(by, int):
            cut: Any = -by % size if size else 0
        else:
            cut = pt.mod(-by, pt.maximum(size, number(1, "int64")))
        lead = (slice(None),) * at
        x = pt.join(at, x[(*lead, slice(cut, None))], x[(*lead, slice(0, cut))])
    return x


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Any:
    """The standard's `repeat`."""
    x = tensor(x)
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    if getattr(repeats, "ndim", 0):
        return pt.repeat(x, repeats, axis=axis)
    axis, sizes = axis_of(axis, x.ndim), shape_of(x)
    wide = pt.alloc(pt.expand_dims(x, axis + 1), *sizes[: axis + 1], repeats, *sizes[axis + 1 :])
    return reshape(wide, (*sizes[:axis], sizes[axis] * repeats, *sizes[axis + 1 :]))


def tile(x: Any, repetitions: Any, /) -> Any:
    """The standard's `tile`."""
    x, counts = tensor(x), as_sizes(repetitions)
    x = x[(None,) * (len(counts) - x.ndim) + (...,)] if len(counts) > x.ndim else x
    for axis, count in enumerate((1,) * (x.ndim - len(counts)) + counts):
        if isinstance(count, int) and count == 1:
            continue
        sizes = shape_of(x)
        wide = pt.alloc(pt.expand_dims(x, axis), *sizes[:axis], count, *sizes[axis:])
        x = reshape(wide, (*sizes[:axis], sizes[axis] * count, *sizes[axis + 1 :]))
    return x


def _index(indices: Any) -> Any:
    """Indices as PyTensor takes them: it has no uint64 among them."""
    indices = tensor(indices)
    return cast(indices, "int64") if indices.dtype == "uint64" else indices


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    """The standard's `take`."""
    x = tensor(x)
    return x[(slice(None),) * axis_of(axis or 0, x.ndim) + (_index(indices),)]


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    """The standard's `take_along_axis`; the other axes broadcast."""
    x, indices = tensor(x), _index(indices)
    axis = axis_of(axis, x.ndim)
    key = []
    for a in range(x.ndim):
        if a == axis:
            key.append(indices)
        else:
            # where x has one element along the axis, it is taken for all: the step is then 0
            size = size_of(x, a)
            count = size_of(indices, a) if isinstance(size, int) and size == 1 else size
            places = pt.zeros((count,), dtype="int64") if isinstance(size, int) and size == 1 else pt.arange(count)
            key.append(places.dimshuffle(*(0 if i == a else "x" for i in range(x.ndim))))
    return x[tuple(key)]


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Any:
    """The standard's `searchsorted`."""
    x1, x2 = tensor(x1), tensor(x2)
    x1 = x1 if sorter is None else take(x1, sorter, axis=0)
    return cast(pt.extra_ops.searchsorted(x1, x2, side=side), "int64")
