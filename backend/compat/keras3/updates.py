"""Slices, and updates at indices, as functions that leave what they are given as it was."""

from __future__ import annotations

import builtins
from typing import Any

from keras.src.backend.common import KerasVariable

import backend as K
from backend.arrays.namespaces import array_namespace

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
    inputs, indices = convert_to_tensor(inputs), convert_to_tensor(indices)
    dtype = str(inputs.dtype).rpartition(".")[2]
    updates = convert_to_tensor(updates, dtype)
    updates = array_namespace(updates).reshape(updates, (*indices.shape[:-1], *inputs.shape[indices.shape[-1] :]))
    found = K.scatter_update(inputs, indices, updates, reduction or "set")
    return found > 0 if dtype == "bool" and reduction else found


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
    return K.slice_update(inputs, starts, convert_to_tensor(updates, str(inputs.dtype).rpartition(".")[2]))


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """The slices along an axis."""
    x = convert_to_tensor(x)
    return list(array_namespace(x).unstack(x, axis=axis))
