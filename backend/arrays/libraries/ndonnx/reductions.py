"""Products, sums, means and extremes."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import ndonnx
import numpy as np
import spox.opset.ai.onnx.v21 as op
from numpy.lib.array_utils import normalize_axis_tuple

from .elementwise import maximum
from .selection import INDEX_DTYPES
from .sizes import size_of
from .values import fixed, number_like, numpy_dtype, of_onnx

__all__ = ["all", "any", "axes_of", "matmul", "max", "mean", "min", "prod", "std", "sum", "var", "vecdot"]


def matmul(x1: Any, x2: Any, /) -> Any:
    """The standard's `matmul`, as MatMul; small integers are multiplied as int64."""
    kind = ndonnx.result_type(x1, x2)
    a, b = (ndonnx.astype(x, kind, copy=False).unwrap_spox() for x in (x1, x2))
    own = kind.unwrap_numpy()
    if own.kind == "f" or own in INDEX_DTYPES:
        return of_onnx(op.matmul(a, b))
    return ndonnx.astype(of_onnx(op.matmul(op.cast(a, to=np.int64), op.cast(b, to=np.int64))), kind)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The standard's `vecdot`."""
    return sum(x1 * x2, axis=axis)


def sum(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """The standard's `sum`; no axes leave x as it is."""
    axes = axes_of(x, axis)
    if not axes:
        return x if dtype is None else ndonnx.astype(x, dtype)
    return ndonnx.sum(x, axis=tuple(axes), dtype=dtype, keepdims=keepdims)


def prod(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """The standard's `prod`; no axes leave x as it is."""
    axes = axes_of(x, axis)
    if not axes:
        return x if dtype is None else ndonnx.astype(x, dtype)
    return ndonnx.prod(x, axis=tuple(axes), dtype=dtype, keepdims=keepdims)


def mean(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `mean`, as ReduceMean; of no elements NaN, where ONNX Runtime's is 0."""
    axes = axes_of(x, axis)
    if 0 in (x.shape[i] for i in axes):
        total = sum(x, axis=axis, keepdims=keepdims)
        return total / number_like(x, 0)
    return of_onnx(op.reduce_mean(x.unwrap_spox(), fixed(axes, np.int64), keepdims=keepdims)) if axes else x


def var(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The standard's `var`: the mean of squared deviations."""
    away = x - mean(x, axis=axis, keepdims=True)
    total, count = sum(away * away, axis=axis, keepdims=keepdims), 1
    for i in axes_of(x, axis):
        count = size_of(x, i) * count
    if isinstance(count, int):
        return total / number_like(x, builtins.max(count - correction, 0))
    return total / ndonnx.astype(maximum(count - ndonnx.asarray(correction), ndonnx.asarray(0)), x.dtype)


def std(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The standard's `std`."""
    return ndonnx.sqrt(var(x, axis=axis, correction=correction, keepdims=keepdims))


def axes_of(x: Any, axis: Any) -> list[int]:
    """The axes, counted from the front; an error where one is out of range or named twice."""
    return list(range(x.ndim)) if axis is None else list(normalize_axis_tuple(axis, x.ndim))


def _extreme(reduce: Callable[..., Any], x: Any, axis: Any, keepdims: bool) -> Any:
    """ReduceMax or ReduceMin, NaN where there is a NaN: ONNX leaves that open."""
    axes = fixed(axes_of(x, axis), np.int64)
    var, own = x.unwrap_spox(), numpy_dtype(x)
    if not axes_of(x, axis):
        return x
    if own.kind != "f":
        wide = var if own in INDEX_DTYPES else op.cast(var, to=np.int64)
        return ndonnx.astype(of_onnx(reduce(wide, axes, keepdims=keepdims)), x.dtype)
    lost = op.reduce_max(op.cast(op.isnan(var), to=np.int32), axes, keepdims=keepdims)
    return of_onnx(op.where(op.cast(lost, to=np.bool_), fixed(np.nan, own), reduce(var, axes, keepdims=keepdims)))


def max(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `max`."""
    return _extreme(op.reduce_max, x, axis, keepdims)


def min(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `min`."""
    return _extreme(op.reduce_min, x, axis, keepdims)


def any(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `any`."""
    holds = op.cast(op.cast(x.unwrap_spox(), to=np.bool_), to=np.int32)
    axes = axes_of(x, axis)
    count = op.reduce_sum(holds, fixed(axes, np.int64), keepdims=keepdims) if axes else holds
    return of_onnx(op.cast(count, to=np.bool_))


def all(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `all`."""
    return ~any(~ndonnx.astype(x, ndonnx.bool), axis=axis, keepdims=keepdims)
