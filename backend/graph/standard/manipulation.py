"""Recording the standard's manipulation and indexing functions."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ...arrays.arguments import integer, integers, is_sequence, items
from ...arrays.dtypes import dtype_name, kind_of, result_dtype
from ...arrays.namespaces import is_array
from ..dim_values import size_from, sizes_from
from ..dims import Dim, known, product
from ..recording import cast, tensor
from ..shape_rules import (
    axes_of,
    axis_of,
    broadcast,
    broadcast_shape,
    broadcast_size,
    concatenated,
    reshaped,
    same,
    slice_of,
)
from ..tensor import Tensor, control, record, spec

__all__ = [
    "broadcast_arrays",
    "broadcast_shapes",
    "broadcast_to",
    "concat",
    "expand_dims",
    "flip",
    "getitem",
    "moveaxis",
    "permute_dims",
    "repeat",
    "reshape",
    "roll",
    "squeeze",
    "stack",
    "take",
    "take_along_axis",
    "tile",
    "unstack",
]


def _shown(x: Tensor) -> str:
    return str(tuple(map(known, x.sizes)))


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that several broadcast to."""
    return broadcast("broadcast_shapes", *shapes)


def broadcast_to(x: Any, /, shape: tuple[int, ...]) -> Tensor:
    """Record a broadcast to a shape; the shape x has already records nothing."""
    x = tensor(x)
    shape = broadcast_shape("broadcast_to", x.sizes, _sizes_or_none("broadcast_to", shape))
    if x.sizes == shape:
        return x
    return record("broadcast_to", (x, shape), {}, spec(shape, x.dtype))


def broadcast_arrays(*arrays: Any) -> tuple[Tensor, ...]:
    """Record broadcasts of several arrays to their common shape."""
    tensors = [tensor(x) for x in arrays]
    shape = broadcast("broadcast_arrays", *(x.sizes for x in tensors))
    sizes = [(1,) * (len(shape) - x.ndim) + x.sizes for x in tensors]
    columns = zip(shape, zip(*sizes, strict=True), strict=True)
    whole = tuple(functools.reduce(broadcast_size, dict.fromkeys(column)) if n is None else n for n, column in columns)
    return tuple(broadcast_to(x, whole) for x in tensors)


def concat(arrays: Any, /, *, axis: int | None = 0) -> Tensor:
    """Record a joining of arrays along an axis; None flattens them first."""
    tensors = [tensor(x) for x in arrays]
    if not tensors:
        raise ValueError("concat: needs at least one array")
    if axis is None:
        tensors, axis = [reshape(x, (-1,)) for x in tensors], 0
    name = result_dtype(*(x.dtype for x in tensors))
    tensors = [cast(x, name) for x in tensors]
    axis = axis_of("concat", axis, tensors[0].ndim)
    shape = concatenated("concat", [x.sizes for x in tensors], axis)
    return record("concat", (tuple(tensors),), {"axis": axis}, spec(shape, name))


def stack(arrays: Any, /, *, axis: int = 0) -> Tensor:
    """Record a joining of arrays along a new axis."""
    tensors = [tensor(x) for x in arrays]
    if not tensors:
        raise ValueError("stack: needs at least one array")
    name = result_dtype(*(x.dtype for x in tensors))
    tensors = [cast(x, name) for x in tensors]
    axis = axis_of("stack", axis, tensors[0].ndim + 1)
    shape = list(tensors[0].sizes)
    for x in tensors[1:]:
        try:
            shape = [same(a, b) for a, b in zip(shape, x.sizes, strict=True)]
        except ValueError:
            raise ValueError("stack: expected arrays of one shape, got " + " and ".join(map(_shown, tensors))) from None
    shape.insert(axis, len(tensors))
    return record("stack", (tuple(tensors),), {"axis": axis}, spec(shape, name))


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """Record the slices along an axis of known size."""
    x = tensor(x)
    axis = axis_of("unstack", axis, x.ndim)
    if x.shape[axis] is None:
        raise ValueError(f"unstack: the size of axis {axis} of shape {_shown(x)} is unknown")
    return tuple(getitem(x, (slice(None),) * axis + (i,)) for i in range(x.shape[axis]))


def expand_dims(x: Any, /, axis: int | tuple[int, ...] = 0) -> Tensor:
    """Record axes of size 1 put in."""
    x = tensor(x)
    wanted = tuple(items(axis)) if is_sequence(axis) else (axis,)
    axes = axes_of("expand_dims", wanted, x.ndim + len(wanted))
    shape = list(x.sizes)
    for a in sorted(axes):
        shape.insert(a, 1)
    return (
        reshape(x, tuple(shape))
        if len(axes) != 1
        else record("expand_dims", (x,), {"axis": axes[0]}, spec(shape, x.dtype))
    )


def squeeze(x: Any, /, axis: int | tuple[int, ...]) -> Tensor:
    """Record axes of size 1 taken out."""
    x = tensor(x)
    axes = axes_of("squeeze", axis, x.ndim)
    for a in axes:
        if x.shape[a] not in (1, None):
            raise ValueError(f"squeeze: axis {a} of shape {_shown(x)} has size {x.shape[a]}, expected 1")
    shape = [size for a, size in enumerate(x.sizes) if a not in axes]
    return record("squeeze", (x, axes), {}, spec(shape, x.dtype)) if axes else x


def reshape(x: Any, /, shape: tuple[int, ...], *, copy: bool | None = None) -> Tensor:
    """Record another shape for the same elements; the shape x has already records nothing."""
    x = tensor(x)
    target = reshaped("reshape", x.sizes, _sizes_or_none("reshape", shape))
    if target == x.sizes:
        return x
    # the printed call prefers -1 to an expression where one size alone is unknown
    unknown = [i for i, size in enumerate(target) if isinstance(size, Dim)]
    asked = tuple(
        -1 if [i] == unknown and product(target[:i] + target[i + 1 :]) != 0 else size for i, size in enumerate(target)
    )
    return record("reshape", (x, asked), {}, spec(target, x.dtype))


def _sizes_or_none(function: str, shape: Any) -> tuple[Any, ...]:
    """A shape that code for the standard may have copied from an array, with its None for unknown sizes."""
    if isinstance(shape, (tuple, list)):
        return tuple(n if n is None else size_from(function, "an entry of shape", n) for n in shape)
    return sizes_from(function, "shape", shape)


def permute_dims(x: Any, /, axes: tuple[int, ...]) -> Tensor:
    """Record axes in another order."""
    x = tensor(x)
    axes = integers("permute_dims", "axes", axes)
    if len(axes) != x.ndim:
        raise ValueError(f"permute_dims: axes is {axes} for {x.ndim} dimensions; expected each axis once")
    order = axes_of("permute_dims", axes, x.ndim)
    if order == tuple(range(x.ndim)):
        return x
    return record("permute_dims", (x, order), {}, spec([x.sizes[a] for a in order], x.dtype))


def moveaxis(x: Any, source: Any, destination: Any, /) -> Tensor:
    """Record axes moved to other places."""
    x = tensor(x)
    sources, targets = axes_of("moveaxis", source, x.ndim), axes_of("moveaxis", destination, x.ndim)
    if len(sources) != len(targets):
        raise ValueError(f"moveaxis: {len(sources)} axes cannot move to {len(targets)} places")
    order = [a for a in range(x.ndim) if a not in sources]
    for target, origin in sorted(zip(targets, sources, strict=True)):
        order.insert(target, origin)
    return permute_dims(x, tuple(order))


def flip(x: Any, /, *, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Record elements in reverse order along axes."""
    x = tensor(x)
    axes = axes_of("flip", axis, x.ndim)
    return record("flip", (x,), {"axis": axes}, spec(x.sizes, x.dtype)) if axes else x


def roll(x: Any, /, shift: int | tuple[int, ...], *, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Record elements moved around cyclically."""
    x = tensor(x)
    axes = None if axis is None else axes_of("roll", axis, x.ndim)
    shift = sizes_from("roll", "shift", shift) if is_sequence(shift) else size_from("roll", "shift", shift)
    if axes is not None and isinstance(shift, tuple) and len(shift) != len(axes):
        raise ValueError(f"roll: shift {shift!r} and axis {axis!r} differ in length")
    if axes is not None and len(axes) == 1:
        axis = axes[0]
        shift = shift[0] if isinstance(shift, tuple) else shift
    elif axes is not None:
        axis = axes
    return record("roll", (x, shift), {} if axis is None else {"axis": axis}, spec(x.sizes, x.dtype))


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Tensor:
    """Record each element repeated; the number of repetitions is the same for all."""
    x = tensor(x)
    if is_sequence(repeats):
        raise ValueError("repeat: one integer for all elements; with one for each the shape would depend on values")
    repeats = size_from("repeat", "repeats", repeats)
    if isinstance(repeats, int) and repeats < 0:
        raise ValueError(f"repeat: repeats is {repeats}, expected at least 0")
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    axis = axis_of("repeat", axis, x.ndim)
    shape = list(x.sizes)
    shape[axis] = shape[axis] * repeats
    return record("repeat", (x, repeats), {"axis": axis}, spec(shape, x.dtype))


def tile(x: Any, repetitions: tuple[int, ...], /) -> Tensor:
    """Record an array laid side by side with itself."""
    x = tensor(x)
    repetitions = sizes_from("tile", "repetitions", repetitions)
    if any(isinstance(r, int) and r < 0 for r in repetitions):
        raise ValueError(f"tile: repetitions {repetitions} has a negative number")
    ndim = max(x.ndim, len(repetitions))
    sizes = (1,) * (ndim - x.ndim) + x.sizes
    counts = (1,) * (ndim - len(repetitions)) + repetitions
    shape = [size * count for size, count in zip(sizes, counts, strict=True)]
    return record("tile", (x, counts), {}, spec(shape, x.dtype))


def _indices(function: str, indices: Any) -> Tensor:
    indices = tensor(indices)
    if kind_of(indices.dtype) != "integer":
        raise TypeError(f"{function}: indices have dtype {indices.dtype}, expected an integer dtype")
    return indices


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Tensor:
    """Record elements chosen along an axis."""
    x, indices = tensor(x), _indices("take", indices)
    if axis is None:
        if x.ndim != 1:
            raise ValueError(f"take: axis is needed for {x.ndim} dimensions")
        axis = 0
    axis = axis_of("take", axis, x.ndim)
    if indices.ndim > 1:
        raise ValueError(f"take: indices have {indices.ndim} dimensions, expected at most 1")
    shape = x.sizes[:axis] + indices.sizes + x.sizes[axis + 1 :]
    return record("take", (x, indices), {"axis": axis}, spec(shape, x.dtype))


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Tensor:
    """Record elements chosen along an axis, differently for each position of the others."""
    x, indices = tensor(x), _indices("take_along_axis", indices)
    if x.ndim != indices.ndim:
        raise ValueError(f"take_along_axis: {x.ndim} and {indices.ndim} dimensions; expected the same number")
    axis = axis_of("take_along_axis", axis, x.ndim)
    others = broadcast("take_along_axis", *((*s[:axis], 1, *s[axis + 1 :]) for s in (x.sizes, indices.sizes)))
    shape = (*others[:axis], indices.sizes[axis], *others[axis + 1 :])
    return record("take_along_axis", (x, indices), {"axis": axis}, spec(shape, x.dtype))


def getitem(x: Tensor, key: Any) -> Tensor:
    """Record x[key]: integers, slices, None, Ellipsis, one integer array or mask, or 0-d integer tensors."""
    keys = tuple(map(_plain_key, key)) if isinstance(key, tuple) else (_plain_key(key),)
    used = sum(k.ndim if _is_mask(k) else 1 for k in keys if k is not None and k is not Ellipsis)
    if sum(1 for k in keys if k is Ellipsis) > 1:
        raise IndexError("getitem: more than one Ellipsis")
    if used > x.ndim:
        raise IndexError(f"getitem: {used} indices for shape {_shown(x)}")
    if not any(k is Ellipsis for k in keys):
        keys = (*keys, Ellipsis)
    at = next(i for i, k in enumerate(keys) if k is Ellipsis)
    keys = keys[:at] + (slice(None),) * (x.ndim - used) + keys[at + 1 :]
    return _indexed(*_unmasked(x, keys))


def _is_mask(k: Any) -> bool:
    return isinstance(k, Tensor) and k.dtype == "bool" and k.ndim > 0


def _unmasked(x: Tensor, keys: tuple[Any, ...]) -> tuple[Tensor, tuple[Any, ...]]:
    """x and the keys with each mask as the places where it is true, on an axis that joins those that it covers."""
    found, axis = [], 0
    for k in keys:
        if _is_mask(k):
            end, places = axis + k.ndim, control.get().places
            if places is None:
                raise IndexError("getitem: a boolean mask gives a shape that depends on values; use K.where")
            if any(
                isinstance(n, int) and isinstance(m, int) and n != m
                for n, m in zip(k.sizes, x.sizes[axis:end], strict=True)
            ):
                raise IndexError(f"getitem: a boolean mask of shape {_shown(k)} on axis {axis} of shape {_shown(x)}")
            x = reshape(x, (*x.sizes[:axis], product(x.sizes[axis:end]), *x.sizes[end:]))
            k = places(reshape(k, (-1,)))
        found.append(k)
        axis += k is not None
    return x, tuple(found)


def _plain_key(k: Any) -> Any:
    """An index with integers of any kind as ints, and the bounds of slices as ints or sizes."""
    if isinstance(k, slice):
        start, stop = (
            v if v is None else size_from("getitem", f"the slice's {name}", v)
            for name, v in (("start", k.start), ("stop", k.stop))
        )
        return slice(start, stop, k.step)
    if k is None or k is Ellipsis or isinstance(k, (Dim, Tensor, bool, np.bool_)):
        return k
    if isinstance(k, range):
        return list(k)
    if isinstance(k, list) or (is_array(k) and len(k.shape) > 0):
        return tensor(k)
    try:
        return integer("getitem", "an index", k)
    except TypeError as error:
        raise IndexError(f"{error}, a slice, None, Ellipsis or an integer array") from None


def _indexed(x: Tensor, keys: tuple[Any, ...]) -> Tensor:
    axis = 0
    plain: list[Any] = []
    shape, flips, chosen = [], [], []
    for k in keys:
        if k is None:
            plain.append(None)
            shape.append(1)
            continue
        size = x.sizes[axis]
        if isinstance(k, slice):
            resolved, length, flipped = slice_of(k, size)
            plain.append(resolved)
            shape.append(length)
            if flipped:
                flips.append(axis)
        elif isinstance(k, (int, Dim)) and not isinstance(k, bool):
            plain.append(_position(k, size, x))
        else:
            chosen.append((axis, len(shape), _index_array(k)))
            plain.append(slice(0, size, 1))
            shape.append(size)
        axis += 1
    if flips:
        x = flip(x, axis=tuple(flips))
    if (
        any(not _is_full(k, s) for k, s in zip((k for k in plain if k is not None), x.sizes, strict=True))
        or None in plain
    ):
        x = record("getitem", (x, tuple(plain)), {}, spec(shape, x.dtype))
    if len(chosen) > 1 and any(index.ndim for _, _, index in chosen):
        raise IndexError("getitem: one integer array at a time; use K.gather or take_along_axis")
    for _, place, index in reversed(chosen):
        x = (
            squeeze(take(x, reshape(index, (1,)), axis=place), axis=place)
            if index.ndim == 0
            else _taken(x, index, place)
        )
    return x


def _is_full(key: Any, size: Any) -> bool:
    return isinstance(key, slice) and key.start == 0 and key.stop == size and key.step == 1


def _position(k: Any, size: Any, x: Tensor) -> Any:
    if isinstance(k, int) and isinstance(size, int) and not -size <= k < size:
        raise IndexError(f"getitem: index {k} is out of range for size {size} in shape {_shown(x)}")
    return k + size if isinstance(k, int) and k < 0 else k


def _index_array(k: Any) -> Tensor:
    index = tensor(k)
    if kind_of(index.dtype) != "integer":
        raise IndexError(f"getitem: an index of dtype {dtype_name(index.dtype)}; expected integers")
    return index


def _taken(x: Tensor, index: Tensor, axis: int) -> Tensor:
    if index.ndim == 1:
        return take(x, index, axis=axis)
    rows = take(x, reshape(index, (-1,)), axis=axis)
    return reshape(rows, rows.sizes[:axis] + index.sizes + rows.sizes[axis + 1 :])
