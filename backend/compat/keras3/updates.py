"""Slices, and updates at indices, as functions that leave what they are given as it was."""

from __future__ import annotations

import builtins
import math
from typing import Any

from keras.src import tree
from keras.src.backend.common import KerasVariable

import backend as K
from backend.arrays.namespaces import array_namespace, device_of
from backend.ops.scattering import flat_indices

from .control_flow import is_symbolic
from .tensors import convert_to_tensor

__all__ = ["scatter", "scatter_update", "slice", "slice_update", "unstack"]


def scatter(indices: Any, values: Any, shape: Any) -> Any:
    """The values at indices of zeros; values with equal indices add up."""
    indices, values = convert_to_tensor(indices), convert_to_tensor(values)
    shape = tuple(int(n) for n in shape)
    depth = indices.shape[-1]
    xp = array_namespace(values)
    values = xp.reshape(values, (*indices.shape[:-1], *shape[depth:]))
    if "bool" in str(values.dtype):
        return K.scatter(indices, xp.astype(values, xp.int32), shape) > 0
    return K.scatter(indices, values, shape)


def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """The inputs with updates at indices: set (of equal indices the last counts), or combined by `reduction`."""
    if reduction not in (None, "add", "max", "min", "mul"):
        raise ValueError(f"Unsupported reduction: {reduction}")
    inputs, indices = convert_to_tensor(inputs), convert_to_tensor(indices)
    dtype = str(inputs.dtype).rpartition(".")[2]
    updates = convert_to_tensor(updates, dtype)
    if dtype == "bool":
        found = scatter_update(
            convert_to_tensor(inputs, "int32"), indices, convert_to_tensor(updates, "int32"), reduction
        )
        return found > 0
    depth = indices.shape[-1]
    index_shape, rest = tuple(inputs.shape[:depth]), tuple(inputs.shape[depth:])
    count, parts = math.prod(index_shape), math.prod(indices.shape[:-1])
    if not parts or not count:
        return inputs
    xp = array_namespace(inputs, updates, indices)
    rows = xp.reshape(updates, (parts, *rest))
    old = xp.reshape(inputs, (count, *rest))
    ids = flat_indices(_from_the_end(xp, indices, index_shape), shape=index_shape, operation="scatter_update")
    return xp.reshape(_updated(xp, old, rows, ids, count, reduction), tuple(inputs.shape))


def _from_the_end(xp: Any, indices: Any, shape: Any) -> Any:
    """Negative indices counted from the end."""
    sizes = xp.asarray(list(shape), dtype=indices.dtype, device=device_of(indices))
    return xp.where(indices < 0, indices + sizes, indices)


def _updated(xp: Any, old: Any, rows: Any, ids: Any, count: int, reduction: str | None) -> Any:
    if reduction == "add":
        return old + K.segment_sum(rows, ids, count)
    if reduction == "mul":
        return old * K.segment_prod(rows, ids, count)
    places = xp.arange(rows.shape[0], dtype=xp.int32, device=device_of(rows))
    last = K.segment_max(places, ids, count)
    met = K.segment_sum(xp.ones_like(places), ids, count) > 0
    shown = xp.reshape(met, (count, *(1,) * (old.ndim - 1)))
    if reduction is None:
        new = xp.take(rows, xp.where(met, last, 0), axis=0)
    elif reduction == "max":
        new = xp.maximum(old, K.segment_max(rows, ids, count))
    else:
        new = xp.minimum(old, K.segment_min(rows, ids, count))
    return xp.where(shown, new, old)


def _starts(start_indices: Any) -> list[Any]:
    """The first index of each axis: an int where it has a value."""
    if isinstance(start_indices, KerasVariable):
        start_indices = start_indices.value
    if not isinstance(start_indices, (list, tuple)):
        start_indices = [start_indices[i] for i in range(start_indices.shape[0])]
    starts = [s.value if isinstance(s, KerasVariable) else s for s in start_indices]
    return [s if is_symbolic(s) else int(s) for s in starts]


def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    """The part of that shape that begins at the indices."""
    inputs, starts = convert_to_tensor(inputs), _starts(start_indices)
    if len(starts) != len(shape):
        raise ValueError(
            "Length of `start_indices` must match length of `shape`. "
            f"Received: start_indices={start_indices}, shape={shape}"
        )
    for axis, (start, length) in enumerate(zip(starts, shape, strict=True)):
        if isinstance(start, int):
            inputs = inputs[(builtins.slice(None),) * axis + (builtins.slice(start, start + int(length)), ...)]
        else:
            xp = array_namespace(start)
            inputs = xp.take(inputs, start + xp.arange(int(length), dtype=start.dtype), axis=axis)
    return inputs


def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """The inputs with the part that begins at the indices replaced by the updates."""
    inputs, starts = convert_to_tensor(inputs), _starts(start_indices)
    updates = convert_to_tensor(updates, str(inputs.dtype).rpartition(".")[2])
    if 0 in updates.shape:
        return inputs
    xp = array_namespace(*(x for x in tree.flatten((inputs, updates, starts)) if not isinstance(x, int)))
    inside: Any = None
    for axis, start in enumerate(starts):
        length, size = updates.shape[axis], inputs.shape[axis]
        if isinstance(start, int) and start == 0 and length == size:
            continue
        place = xp.arange(size, dtype=xp.int32, device=device_of(inputs)) - start
        new = xp.reshape((place >= 0) & (place < length), (size, *(1,) * (inputs.ndim - 1 - axis)))
        inside = new if inside is None else inside & new
        updates = xp.take(updates, xp.clip(place, 0, length - 1), axis=axis)
    return updates if inside is None else xp.where(inside, updates, inputs)


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """The slices along an axis."""
    x = convert_to_tensor(x)
    return list(array_namespace(x).unstack(x, axis=axis))
