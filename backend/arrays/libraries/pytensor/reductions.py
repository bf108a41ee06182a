"""Statistical, searching, sorting and utility functions of the standard on PyTensor's variables."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytensor.tensor as pt

from .variables import axes_of, axis_of, cast, kind_of, number, shape_of, size_of, tensor

# fmt: off
__all__ = [
    "all", "any", "argmax", "argmin", "argsort", "count_nonzero", "cumulative_prod", "cumulative_sum", "diff", "max",
    "mean", "min", "prod", "sort", "std", "sum", "var",
]
# fmt: on


def _raised(x: Any, dtype: Any) -> str:
    """The dtype in which x is added up: small integers in those of 64 bits."""
    if dtype is not None:
        return str(dtype)
    return {"b": "int64", "i": "int64", "u": "uint64"}.get(kind_of(x), x.dtype)


def sum(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: builtins.bool = False) -> Any:
    """The standard's `sum`."""
    x = tensor(x)
    x = cast(x, _raised(x, dtype))
    axes = axes_of(axis, x.ndim)
    return pt.sum(x, axis=axes, keepdims=keepdims, dtype=x.dtype) if axes else x


def prod(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: builtins.bool = False) -> Any:
    """The standard's `prod`."""
    x = tensor(x)
    x = cast(x, _raised(x, dtype))
    axes = axes_of(axis, x.ndim)
    return pt.prod(x, axis=axes, keepdims=keepdims, dtype=x.dtype) if axes else x


def _count(x: Any, axes: tuple[int, ...]) -> Any:
    """The number of elements along axes."""
    found: Any = 1
    for axis in axes:
        found = size_of(x, axis) * found
    return found


def mean(x: Any, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Any:
    """The standard's `mean`."""
    x = tensor(x)
    axes = axes_of(axis, x.ndim)
    wide = cast(x, "float32") if x.dtype == "float16" else x
    count = _count(x, axes)
    total = sum(wide, axis=axes, keepdims=keepdims)
    return cast(total / (number(count, wide.dtype) if isinstance(count, int) else cast(count, wide.dtype)), x.dtype)


def var(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: builtins.bool = False) -> Any:
    """The standard's `var`: the mean of squared deviations."""
    x = tensor(x)
    axes = axes_of(axis, x.ndim)
    wide = cast(x, "float32") if x.dtype == "float16" else x
    away = pt.abs(wide - mean(wide, axis=axes, keepdims=True))
    count = tensor(np.asarray(_count(x, axes))) if isinstance(_count(x, axes), int) else _count(x, axes)
    below = pt.maximum(cast(count, away.dtype) - number(correction, away.dtype), number(0, away.dtype))
    return cast(sum(away * away, axis=axes, keepdims=keepdims) / below, away.dtype if x.dtype != "float16" else x.dtype)


def std(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: builtins.bool = False) -> Any:
    """The standard's `std`."""
    return pt.sqrt(var(x, axis=axis, correction=correction, keepdims=keepdims))


def _extreme(reduce: Any, x: Any, axis: Any, keepdims: builtins.bool) -> Any:
    """PyTensor's max or min, NaN where there is a NaN: its Numba mode skips those."""
    x = tensor(x)
    axes = axes_of(axis, x.ndim)
    if not axes:
        return x
    if x.dtype == "bool":
        return cast(_extreme(reduce, cast(x, "uint8"), axis, keepdims), "bool")
    found = reduce(x, axis=axes, keepdims=keepdims)
    if kind_of(x) != "f":
        return found
    nan = pt.any(pt.isnan(x), axis=axes, keepdims=keepdims)
    return pt.switch(nan, number(np.nan, x.dtype), found)


def max(x: Any, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Any:
    """The standard's `max`."""
    return _extreme(pt.max, x, axis, keepdims)


def min(x: Any, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Any:
    """The standard's `min`."""
    return _extreme(pt.min, x, axis, keepdims)


def any(x: Any, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Any:
    """The standard's `any`."""
    axes = axes_of(axis, x.ndim)
    return pt.any(cast(tensor(x), "bool"), axis=axes, keepdims=keepdims) if axes else cast(tensor(x), "bool")


def all(x: Any, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Any:
    """The standard's `all`."""
    axes = axes_of(axis, x.ndim)
    return pt.all(cast(tensor(x), "bool"), axis=axes, keepdims=keepdims) if axes else cast(tensor(x), "bool")


def count_nonzero(x: Any, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Any:
    """The standard's `count_nonzero`."""
    return sum(cast(tensor(x), "bool"), axis=axis, keepdims=keepdims)


def _place(x: Any, axis: Any, keepdims: builtins.bool) -> Any:
    """PyTensor's argmax, with the standard's keepdims for the flattened array."""
    x, ndim = tensor(x), x.ndim
    if axis is None:
        found = pt.argmax(pt.reshape(x, (-1,), ndim=1), axis=0)
        return pt.reshape(found, (1,) * ndim, ndim=ndim) if keepdims else found
    return pt.argmax(x, axis=axis_of(axis, ndim), keepdims=keepdims)


def argmax(x: Any, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Any:
    """The standard's `argmax`."""
    x = tensor(x)
    return _place(cast(x, "uint8") if x.dtype == "bool" else x, axis, keepdims)


def argmin(x: Any, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Any:
    """The standard's `argmin`."""
    x = tensor(x)
    x = cast(x, "uint8") if x.dtype == "bool" else x
    return _place(pt.neg(x) if kind_of(x) == "f" else pt.invert(x), axis, keepdims)  # the reversed order


def argsort(x: Any, /, *, axis: int = -1, descending: builtins.bool = False, stable: builtins.bool = True) -> Any:
    """The standard's `argsort`."""
    x = tensor(x)
    axis = axis_of(axis, x.ndim)
    if not descending:
        return cast(pt.argsort(x, axis=axis, kind="stable"), "int64")
    back = (slice(None),) * axis + (slice(None, None, -1),)
    return size_of(x, axis) - 1 - cast(pt.argsort(x[back], axis=axis, kind="stable"), "int64")[back]


def sort(x: Any, /, *, axis: int = -1, descending: builtins.bool = False, stable: builtins.bool = True) -> Any:
    """The standard's `sort`."""
    x = tensor(x)
    axis = axis_of(axis, x.ndim)
    found = pt.sort(x, axis=axis, kind="stable")
    return found[(slice(None),) * axis + (slice(None, None, -1),)] if descending else found


def _cumulative(function: Any, x: Any, axis: Any, dtype: Any, include_initial: builtins.bool, initial: int) -> Any:
    x = tensor(x)
    axis = axis_of(0 if axis is None else axis, x.ndim)
    x = cast(x, _raised(x, dtype))
    wide = cast(
        x, {"i": "int64", "u": "uint64"}.get(kind_of(x), x.dtype)
    )  # what its Python code gives, whatever the type
    found = cast(function(wide, axis=axis), x.dtype)
    if not include_initial:
        return found
    sizes = [1 if a == axis else n for a, n in enumerate(shape_of(x))]
    return pt.join(axis, pt.alloc(number(initial, x.dtype), *sizes), found)


def cumulative_sum(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: builtins.bool = False) -> Any:
    """The standard's `cumulative_sum`."""
    return _cumulative(pt.cumsum, x, axis, dtype, include_initial, 0)


def cumulative_prod(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: builtins.bool = False) -> Any:
    """The standard's `cumulative_prod`."""
    return _cumulative(pt.cumprod, x, axis, dtype, include_initial, 1)


def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Any:
    """The standard's `diff`."""
    x = tensor(x)
    axis = axis_of(axis, x.ndim)
    parts = [tensor(part) for part in (prepend, x, append) if part is not None]
    x = pt.join(axis, *parts) if len(parts) > 1 else x
    lead = (slice(None),) * axis
    for _ in range(n):
        x = x[(*lead, slice(1, None))] - x[(*lead, slice(None, -1))]
    return x
