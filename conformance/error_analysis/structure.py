"""Creation and manipulation in the analysing namespace: errors move with their values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..judging.bounds import ulps_of
from .array import Bounded, bounded, error_of, rounded_to, rounding
from .elementwise import FUNCTIONS as ELEMENTWISE
from .elementwise import astype

__all__ = ["FUNCTIONS"]


def _moved(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of one array that moves, repeats or drops elements."""

    def function(x: Bounded, /, *args: Any, **kwargs: Any) -> Bounded:
        kwargs.pop("copy", None)
        return Bounded(f(x.value, *args, **kwargs), None if x.error is None else f(x.error, *args, **kwargs), x.dtype)

    return function


def _joined(f: Callable[..., Any]) -> Callable[..., Any]:
    def function(arrays: Any, /, *, axis: int | None = 0) -> Bounded:
        arrays = tuple(arrays)
        dtype = np.result_type(*(x.dtype for x in arrays))
        values = f([x.value for x in arrays], axis=axis)
        if all(x.error is None for x in arrays):
            return rounded_to(values, 0.0, dtype)
        return rounded_to(values, f([np.broadcast_to(error_of(x), x.shape) for x in arrays], axis=axis), dtype)

    return function


def _key(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple(_key(k) for k in key)
    return key.value if isinstance(key, Bounded) else key


def getitem(x: Bounded, key: Any) -> Bounded:
    key = _key(key)
    return Bounded(np.asarray(x.value[key]), None if x.error is None else np.asarray(x.error[key]), x.dtype)


def _chosen(f: Callable[..., Any]) -> Callable[..., Any]:
    """take and take_along_axis: an undecided index makes the whole result unchecked."""

    def function(x: Bounded, indices: Bounded, /, **kwargs: Any) -> Bounded:
        value = f(x.value, indices.value, **kwargs)
        if indices.error is not None:
            return Bounded(value, np.full(value.shape, np.inf), x.dtype)
        return Bounded(value, None if x.error is None else f(x.error, indices.value, **kwargs), x.dtype)

    return function


def broadcast_arrays(*arrays: Bounded) -> list[Bounded]:
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    return [FUNCTIONS["broadcast_to"](x, shape) for x in arrays]


def unstack(x: Bounded, /, *, axis: int = 0) -> tuple[Bounded, ...]:
    before = (slice(None),) * (axis % x.ndim)
    return tuple(getitem(x, (*before, i)) for i in range(x.shape[axis]))


def meshgrid(*arrays: Bounded, indexing: str = "xy") -> list[Bounded]:
    values = np.meshgrid(*(x.value for x in arrays), indexing=indexing)
    errors = np.meshgrid(*(np.broadcast_to(error_of(x), x.shape) for x in arrays), indexing=indexing)
    return [rounded_to(v, e, x.dtype) for v, e, x in zip(values, errors, arrays, strict=True)]


def diff(x: Bounded, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Bounded:
    parts = [p for p in (prepend, x, append) if p is not None]
    x = FUNCTIONS["concat"](parts, axis=axis) if len(parts) > 1 else x
    before = (slice(None),) * (axis % x.ndim)
    for _ in range(n):
        x = ELEMENTWISE["subtract"](getitem(x, (*before, slice(1, None))), getitem(x, (*before, slice(None, -1))))
    return x


def isin(x1: Bounded, x2: Bounded, /, *, invert: bool = False) -> Bounded:
    return rounded_to(np.isin(x1.value, x2.value, invert=invert), None, np.dtype("bool"))


# ---- creation


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Bounded:
    if isinstance(obj, Bounded):
        return obj if dtype is None else astype(obj, dtype)
    if isinstance(obj, list | tuple) and any(isinstance(v, Bounded) for v in obj):
        return FUNCTIONS["stack"]([asarray(v, dtype=dtype) for v in obj])
    return bounded(obj, dtype)


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Bounded:
    value = asarray(fill_value, dtype=dtype)
    return FUNCTIONS["broadcast_to"](value, (shape,) if isinstance(shape, int) else tuple(shape))


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Bounded:
    return bounded(np.zeros(shape, dtype or np.float64))


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Bounded:
    return bounded(np.ones(shape, dtype or np.float64))


def full_like(x: Bounded, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Bounded:
    return full(x.shape, fill_value, dtype=dtype or x.dtype)


def zeros_like(x: Bounded, /, *, dtype: Any = None, device: Any = None) -> Bounded:
    return zeros(x.shape, dtype=dtype or x.dtype)


def ones_like(x: Bounded, /, *, dtype: Any = None, device: Any = None) -> Bounded:
    return ones(x.shape, dtype=dtype or x.dtype)


def eye(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: Any = None) -> Bounded:
    return bounded(np.eye(n_rows, n_cols, k, dtype or np.float64))


def arange(start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None) -> Bounded:
    start, stop = (0, start) if stop is None else (start, stop)
    value = np.arange(start, stop, step)
    dtype = np.dtype(dtype or value.dtype)
    if dtype.kind != "f":
        return bounded(value, dtype)
    whole = all(float(v).is_integer() for v in (start, step))
    size = np.abs(np.asarray(float(start))) + np.abs(value - float(start))
    return rounded_to(value.astype(np.float64), 0.0 if whole else rounding(size, dtype, ulps_of("arange")), dtype)


def linspace(
    start: Any, stop: Any, /, num: int, *, dtype: Any = None, device: Any = None, endpoint: bool = True
) -> Bounded:
    dtype = np.dtype(dtype or np.float64)
    value = np.linspace(start, stop, num, endpoint=endpoint)
    return rounded_to(
        value, rounding(np.full_like(value, max(abs(start), abs(stop))), dtype, ulps_of("linspace")), dtype
    )


FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: _moved(f)
    for name, f in {
        "reshape": np.reshape,
        "permute_dims": np.transpose,
        "broadcast_to": np.broadcast_to,
        "expand_dims": np.expand_dims,
        "squeeze": np.squeeze,
        "flip": np.flip,
        "roll": np.roll,
        "tile": np.tile,
        "moveaxis": np.moveaxis,
        "tril": np.tril,
        "triu": np.triu,
        "repeat": np.repeat,
    }.items()
}
FUNCTIONS["expand_dims"] = lambda x, /, axis=0: _moved(np.expand_dims)(x, axis)
FUNCTIONS |= {
    "concat": _joined(np.concatenate),
    "stack": _joined(np.stack),
    "getitem": getitem,
    "take": _chosen(np.take),
    "take_along_axis": _chosen(np.take_along_axis),
    "unstack": unstack,
    "broadcast_arrays": broadcast_arrays,
    "broadcast_shapes": np.broadcast_shapes,
    "meshgrid": meshgrid,
    "diff": diff,
    "isin": isin,
    "asarray": asarray,
    "from_dlpack": asarray,
    "full": full,
    "zeros": zeros,
    "ones": ones,
    "empty": zeros,
    "full_like": full_like,
    "zeros_like": zeros_like,
    "ones_like": ones_like,
    "empty_like": zeros_like,
    "eye": eye,
    "arange": arange,
    "linspace": linspace,
}
