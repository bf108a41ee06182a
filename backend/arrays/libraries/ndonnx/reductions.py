"""Products, sums, means and extremes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import ndonnx
import numpy as np
import spox.opset.ai.onnx.v21 as op
from numpy.lib.array_utils import normalize_axis_tuple

from .selection import INDEX_DTYPES
from .sizes import reshape, size_of
from .values import added_dtype, fixed, number_like, numpy_dtype, of_onnx

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "axes_of",
    "matmul",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
    "vecdot",
]


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
    """The standard's `sum`; no axes leave the elements as they are."""
    return _accumulated(ndonnx.sum, x, axis, dtype, keepdims)


def prod(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """The standard's `prod`; no axes leave the elements as they are."""
    return _accumulated(ndonnx.prod, x, axis, dtype, keepdims)


def _accumulated(reduce: Callable[..., Any], x: Any, axis: Any, dtype: Any, keepdims: bool) -> Any:
    axes, dtype = axes_of(x, axis), dtype or added_dtype(x)
    if not axes:
        return ndonnx.astype(x, dtype)
    own = ndonnx.int64 if dtype == ndonnx.uint64 else dtype  # ONNX Runtime has none of uint64
    found = reduce(ndonnx.astype(x, own, copy=False), axis=tuple(axes), dtype=own, keepdims=keepdims)
    return ndonnx.astype(found, dtype, copy=False)


def mean(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `mean`, as ReduceMean; of no elements NaN, where ONNX Runtime's is 0."""
    axes = axes_of(x, axis)
    if 0 in (x.shape[i] for i in axes):
        total = sum(x, axis=axis, keepdims=keepdims)
        return total / number_like(x, 0)
    return of_onnx(op.reduce_mean(x.unwrap_spox(), fixed(axes, np.int64), keepdims=keepdims)) if axes else x


def var(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The standard's `var`: the mean of squared deviations; NaN without a degree of freedom."""
    away = x - mean(x, axis=axis, keepdims=True)
    total, count = sum(away * away, axis=axis, keepdims=keepdims), 1
    for i in axes_of(x, axis):
        count = size_of(x, i) * count
    if isinstance(count, int):
        return total / number_like(x, count - correction if count > correction else math.nan)
    freedom = ndonnx.astype(count - ndonnx.asarray(correction), x.dtype)
    return total / ndonnx.where(freedom > 0, freedom, number_like(x, math.nan))


def std(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The standard's `std`."""
    return ndonnx.sqrt(var(x, axis=axis, correction=correction, keepdims=keepdims))


def axes_of(x: Any, axis: Any) -> list[int]:
    """The axes, counted from the front; an error where one is out of range or named twice."""
    return list(range(x.ndim)) if axis is None else list(normalize_axis_tuple(axis, x.ndim))


def _comparable(x: Any) -> Any:
    """x as an ONNX value of its order and of a dtype that ONNX Runtime compares; uint64 less 2**63."""
    var, own = x.unwrap_spox(), numpy_dtype(x)
    if own.kind == "f" or own in COMPARED:
        return var
    var = op.cast(var, to=np.int64)
    return op.bitwise_xor(var, fixed(INT64_MIN)) if own == np.uint64 else var


COMPARED = (*INDEX_DTYPES, np.dtype(np.int8), np.dtype(np.uint8))
INT64_MIN = np.int64(-(2**63))


def _of_comparable(var: Any, own: np.dtype[Any]) -> Any:
    """The array of elements of `_comparable`, and of what no elements give: the least or the largest int64."""
    if own in COMPARED:
        return of_onnx(var)
    if own == np.uint64:
        var = op.bitwise_xor(var, fixed(INT64_MIN))
    elif own.kind in "iu":
        limits = np.iinfo(own)
        var = op.clip(var, fixed(limits.min, np.int64), fixed(limits.max, np.int64))
    return of_onnx(op.cast(var, to=own))


def _extreme(reduce: Callable[..., Any], x: Any, axis: Any, keepdims: bool) -> Any:
    """ReduceMax or ReduceMin, NaN where there is a NaN: ONNX leaves that open."""
    axes, own = axes_of(x, axis), numpy_dtype(x)
    if not axes:
        return x
    var = reduce(_comparable(x), fixed(axes, np.int64), keepdims=keepdims)
    if own.kind != "f":
        return _of_comparable(var, own)
    return of_onnx(op.where(_has_nan(x, axes, keepdims), fixed(np.nan, own), var))


def _has_nan(x: Any, axes: Sequence[int], keepdims: bool) -> Any:
    """Whether there is a NaN along axes, as an ONNX value; of no elements ReduceMax gives the least int32."""
    found = op.reduce_max(_nan_as_one(x), fixed(axes, np.int64), keepdims=keepdims)
    return op.greater(found, fixed(0, np.int32))


def _nan_as_one(x: Any) -> Any:
    return op.cast(op.isnan(x.unwrap_spox()), to=np.int32)


def max(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `max`."""
    return _extreme(op.reduce_max, x, axis, keepdims)


def min(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `min`."""
    return _extreme(op.reduce_min, x, axis, keepdims)


def _place(find: Callable[..., Any], x: Any, axis: int | None, keepdims: bool) -> Any:
    """ArgMax or ArgMin, the first NaN before anything else: ONNX Runtime compares with NaN, which is never greater."""
    if axis is None:
        found = _place(find, reshape(x, (-1,)), 0, False)
        return reshape(found, (1,) * x.ndim) if keepdims else found
    (axis,) = axes_of(x, axis)
    if x.shape[axis] == 0:
        raise ValueError("no place among no elements")
    var = find(_comparable(x), axis=axis, keepdims=keepdims)
    if numpy_dtype(x).kind == "f":
        of_nan = op.arg_max(_nan_as_one(x), axis=axis, keepdims=keepdims)
        var = op.where(_has_nan(x, [axis], keepdims), of_nan, var)
    return of_onnx(var)


def argmax(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """The standard's `argmax`."""
    return _place(op.arg_max, x, axis, keepdims)


def argmin(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """The standard's `argmin`."""
    return _place(op.arg_min, x, axis, keepdims)


def any(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `any`."""
    holds = op.cast(op.cast(x.unwrap_spox(), to=np.bool_), to=np.int32)
    axes = axes_of(x, axis)
    count = op.reduce_sum(holds, fixed(axes, np.int64), keepdims=keepdims) if axes else holds
    return of_onnx(op.cast(count, to=np.bool_))


def all(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `all`."""
    return ~any(~ndonnx.astype(x, ndonnx.bool), axis=axis, keepdims=keepdims)
