"""Creation functions of the standard on PyTensor; a size may be a 0-d variable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from .variables import as_sizes, cast, common, kind_of, number, shape_of, size_of, tensor

# fmt: off
__all__ = [
    "arange", "asarray", "empty", "empty_like", "eye", "full", "full_like", "linspace", "meshgrid", "ones", "ones_like",
    "tril", "triu", "zeros", "zeros_like",
]
# fmt: on


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Any:
    """The standard's `asarray`; a sequence may hold variables."""
    if isinstance(obj, TensorVariable):
        return obj if dtype is None else cast(obj, dtype)
    if isinstance(obj, (tuple, list)) and _holds_variables(obj):
        rows = [asarray(each, dtype=dtype) for each in obj]
        return pt.stack(common(rows))
    return pt.constant(np.array(obj, dtype=dtype))


def _holds_variables(obj: Any) -> bool:
    if isinstance(obj, (tuple, list)):
        return any(map(_holds_variables, obj))
    return isinstance(obj, TensorVariable)


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `full`; the value may be a 0-d variable."""
    return pt.alloc(asarray(fill_value, dtype=dtype), *as_sizes(shape))


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `zeros`."""
    return full(shape, 0, dtype=dtype or "float64")


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `ones`."""
    return full(shape, 1, dtype=dtype or "float64")


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


def arange(start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `arange`; bounds may be 0-d variables."""
    start, stop = (0, start) if stop is None else (start, stop)
    if not any(isinstance(n, TensorVariable) for n in (start, stop, step)):
        found = np.arange(start, stop, step)
        return pt.constant(found if dtype is None else found.astype(dtype))
    found = pt.arange(*(cast(asarray(n), "int64") for n in (start, stop, step)), dtype="int64")
    return found if dtype is None else cast(found, dtype)


def linspace(
    start: Any, stop: Any, /, num: Any, *, dtype: Any = None, device: Any = None, endpoint: bool = True
) -> Any:
    """The standard's `linspace`; the number may be a 0-d variable."""
    ends = [asarray(value) for value in (start, stop)]
    dtype = dtype or ("complex128" if any(kind_of(x) == "c" for x in ends) else "float64")
    wide = "complex128" if np.dtype(dtype).kind == "c" else "float64"
    count = cast(asarray(num), "int64")
    steps = pt.maximum(count - 1 if endpoint else count, number(1, "int64"))
    weights = pt.cast(pt.arange(count), wide) / pt.cast(steps, wide)
    first, last = (cast(x, wide) for x in ends)
    return cast(first * (1 - weights) + last * weights, dtype)


def eye(n_rows: Any, n_cols: Any = None, /, *, k: int = 0, dtype: Any = None, device: Any = None) -> Any:
    """The standard's `eye`."""
    rows, columns = arange(n_rows), arange(n_rows if n_cols is None else n_cols)
    return cast(pt.eq(rows[:, None] + k, columns[None, :]), dtype or "float64")


def _banded(x: Any, k: int, lower: bool) -> Any:
    x = tensor(x)
    rows, columns = arange(size_of(x, -2)), arange(size_of(x, -1))
    distance = columns[None, :] - rows[:, None]
    return pt.switch(pt.le(distance, k) if lower else pt.ge(distance, k), x, number(0, x.dtype))


def tril(x: Any, /, *, k: int = 0) -> Any:
    """The standard's `tril`."""
    return _banded(x, k, True)


def triu(x: Any, /, *, k: int = 0) -> Any:
    """The standard's `triu`."""
    return _banded(x, k, False)


def meshgrid(*arrays: Any, indexing: str = "xy") -> list[Any]:
    """The standard's `meshgrid`."""
    if not arrays:
        return []
    found = common(arrays)
    order = list(range(len(found)))
    if indexing == "xy" and len(found) > 1:
        order[:2] = [1, 0]
    spread = [
        x[tuple(slice(None) if i == order[at] else None for i in range(len(found)))] for at, x in enumerate(found)
    ]
    return list(pt.broadcast_arrays(*spread))
