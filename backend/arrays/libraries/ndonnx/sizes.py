"""Shapes and what is created from them; a size that only the file knows is a 0-d int64 array."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import ndonnx
import numpy as np
import spox.opset.ai.onnx.v21 as op

from .values import as_type, fixed, of_onnx

__all__ = [
    "all_known",
    "arange",
    "as_sizes",
    "asarray",
    "broadcast_arrays",
    "broadcast_to",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "reshape",
    "shape_of",
    "size_of",
    "vector",
    "zeros",
    "zeros_like",
]


def size_of(x: Any, axis: int) -> Any:
    """One size of an array: an int where it is known, else a 0-d array."""
    known = x.shape[axis]
    if isinstance(known, int):
        return known
    axis = axis % x.ndim
    return of_onnx(op.squeeze(op.shape(x.unwrap_spox(), start=axis, end=axis + 1), fixed([0])))


def shape_of(x: Any) -> tuple[Any, ...]:
    """The sizes of an array: ints where they are known, else 0-d arrays."""
    return tuple(size_of(x, axis) for axis in range(x.ndim))


def vector(sizes: Sequence[Any]) -> Any:
    """Sizes as one ONNX value; those known beforehand as one constant."""
    if all_known(sizes):
        return fixed([int(n) for n in sizes], np.int64)
    one = fixed([1], np.int64)
    parts = [fixed([n], np.int64) if isinstance(n, int) else op.reshape(as_type(n, np.int64), one) for n in sizes]
    return parts[0] if len(parts) == 1 else op.concat(parts, axis=0)


def all_known(sizes: Sequence[Any]) -> bool:
    """Whether every size is an int."""
    return builtins.all(isinstance(n, (int, np.integer)) for n in sizes)


def as_sizes(shape: Any) -> tuple[Any, ...]:
    return tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)


def reshape(x: Any, /, shape: Any, *, copy: bool | None = None) -> Any:
    """The standard's `reshape`; one unknown size is left to ONNX to find."""
    if isinstance(shape, ndonnx.Array) and shape.ndim:
        return ndonnx.reshape(x, shape)
    shape = as_sizes(shape)
    if all_known(shape) and all_known(x.shape):
        shape = _fitting(x.shape, shape)
    unknown = [i for i, n in enumerate(shape) if not isinstance(n, (int, np.integer))]
    if len(unknown) == 1 and math.prod(n for i, n in enumerate(shape) if i not in unknown) > 0:
        shape = tuple(-1 if i in unknown else n for i, n in enumerate(shape))
    return of_onnx(op.reshape(x.unwrap_spox(), vector(shape), allowzero=not _left_open(shape)))


def _fitting(sizes: Sequence[int], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape, -1 replaced; an error where the elements do not fit, for which ONNX Runtime gives no values."""
    count, given = math.prod(sizes), math.prod(n for n in shape if n != -1)
    if shape.count(-1) == 1 and given and count % given == 0:
        return tuple(count // given if n == -1 else int(n) for n in shape)
    if -1 in shape or count != given:
        raise ValueError(f"reshape: {tuple(sizes)} does not fit into {tuple(map(int, shape))}")
    return shape


def _left_open(shape: tuple[Any, ...]) -> bool:
    """Whether ONNX is to find a size: it then forbids sizes of 0 beside it."""
    return builtins.any(isinstance(n, int) and n == -1 for n in shape)


def broadcast_to(x: Any, /, shape: Any) -> Any:
    """The standard's `broadcast_to`."""
    if isinstance(shape, ndonnx.Array) and shape.ndim:
        return ndonnx.broadcast_to(x, shape)
    shape = as_sizes(shape)
    if (
        all_known(shape) and all_known(x.shape) and np.broadcast_shapes(x.shape, shape) != shape
    ):  # Expand goes both ways
        raise ValueError(f"broadcast_to: {tuple(x.shape)} does not broadcast to {tuple(map(int, shape))}")
    return of_onnx(op.expand(x.unwrap_spox(), vector(shape)))


def broadcast_arrays(*arrays: Any) -> list[Any]:
    """The standard's `broadcast_arrays`."""
    return ndonnx.broadcast_arrays(*arrays)


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `full`; the value may be a 0-d array."""
    shape = as_sizes(shape)
    if isinstance(fill_value, ndonnx.Array):
        return broadcast_to(fill_value if dtype is None else ndonnx.astype(fill_value, dtype), shape)
    dtype = ndonnx.asarray(fill_value).dtype if dtype is None else dtype
    if all_known(shape):
        return ndonnx.asarray(np.full(shape, fill_value, dtype=dtype.unwrap_numpy()))
    return broadcast_to(ndonnx.asarray(fill_value, dtype=dtype), shape)


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `zeros`."""
    return full(shape, 0, dtype=dtype or ndonnx.float64)


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `ones`."""
    return full(shape, 1, dtype=dtype or ndonnx.float64)


def empty(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `empty`, of zeros."""
    return zeros(shape, dtype=dtype)


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `full_like`."""
    return full(shape_of(x), fill_value, dtype=dtype or x.dtype)


def zeros_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `zeros_like`."""
    return full_like(x, 0, dtype=dtype)


def ones_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `ones_like`."""
    return full_like(x, 1, dtype=dtype)


empty_like = zeros_like


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Any:
    """The standard's `asarray`; a sequence may hold 0-d arrays."""
    if isinstance(obj, (tuple, list)) and builtins.any(isinstance(n, ndonnx.Array) for n in obj):
        parts = [n if isinstance(n, ndonnx.Array) else ndonnx.asarray(n, dtype=dtype or ndonnx.int64) for n in obj]
        kind = ndonnx.result_type(*parts) if dtype is None else dtype
        return ndonnx.stack([ndonnx.astype(part, kind) for part in parts])
    return ndonnx.asarray(obj, dtype=dtype, copy=copy)


def arange(start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `arange`; bounds may be 0-d arrays."""
    start, stop = (0, start) if stop is None else (start, stop)
    if not builtins.any(isinstance(n, ndonnx.Array) for n in (start, stop, step)):
        whole = builtins.all(isinstance(n, (int, np.integer)) for n in (start, stop, step))
        values = np.arange(start, stop, step, dtype=dtype.unwrap_numpy() if dtype is not None and whole else None)
        return ndonnx.asarray(values if dtype is None else values.astype(dtype.unwrap_numpy()))
    bounds = [as_type(n, np.int64) if isinstance(n, ndonnx.Array) else fixed(n, np.int64) for n in (start, stop, step)]
    found = of_onnx(op.range(*bounds))
    return found if dtype is None else ndonnx.astype(found, dtype)


def eye(n_rows: Any, n_cols: Any = None, /, *, k: int = 0, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `eye`."""
    n_cols, dtype = n_rows if n_cols is None else n_cols, dtype or ndonnx.float64
    if all_known((n_rows, n_cols)):
        return ndonnx.asarray(np.eye(n_rows, n_cols, k=k, dtype=dtype.unwrap_numpy()))
    rows, columns = arange(n_rows) + k, arange(n_cols)
    return ndonnx.astype(rows[:, None] == columns[None, :], dtype)
