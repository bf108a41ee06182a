"""The array of the analysing namespace: a value in float64, an error bound, and a nominal dtype."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from backend.arrays.dtypes import dtype_name
from backend.graph.primitives import PRIMITIVES

from ..judging.bounds import EPS, FLOOR, LARGEST

__all__ = ["Bounded", "bounded", "error_of", "lifted", "rounded_to", "rounding"]


class Bounded:
    """An array whose elements carry an error bound.

    `value` holds float64 for every floating dtype, and integers and booleans unchanged. `error` is None if all elements
    are exact, else an array of absolute bounds; for integers and booleans, above 0 means undecided.
    """

    __slots__ = ("dtype", "error", "value")
    __array_ufunc__ = None
    __hash__ = object.__hash__

    def __init__(self, value: np.ndarray, error: np.ndarray | None, dtype: np.dtype) -> None:
        self.value = value
        self.error = error
        self.dtype = dtype

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return sys.modules[__package__]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def size(self) -> int:
        return self.value.size

    @property
    def device(self) -> None:
        return None

    @property
    def mT(self) -> Bounded:  # noqa: N802 - the standard's name
        return self.__array_namespace__().matrix_transpose(self)

    def to_device(self, device: Any, /, *, stream: Any = None) -> Bounded:
        return self

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        with np.errstate(all="ignore"):
            return self.value.astype(dtype or self.dtype)

    def __repr__(self) -> str:
        return f"Bounded({self.value!r}, error={self.error!r}, dtype={self.dtype})"

    def __bool__(self) -> bool:
        return bool(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __index__(self) -> int:
        return self.value.__index__()

    def __getitem__(self, key: Any) -> Bounded:
        return self.__array_namespace__().getitem(self, key)


def _operator(name: str, reflected: bool = False) -> Callable[..., Any]:
    def method(self: Bounded, other: Any) -> Any:
        if not isinstance(other, Bounded | bool | int | float | np.generic):
            return NotImplemented
        function = getattr(self.__array_namespace__(), name)
        return function(other, self) if reflected else function(self, other)

    return method


def _unary(name: str) -> Callable[[Bounded], Any]:
    return lambda self: getattr(self.__array_namespace__(), name)(self)


for _row in PRIMITIVES.values():
    if _row.dunder and _row.elementwise and _row.sign is None:  # neg, pos, abs, invert
        setattr(Bounded, f"__{_row.dunder}__", _unary(_row.name))
    elif _row.dunder and _row.dunder != "getitem":
        setattr(Bounded, f"__{_row.dunder}__", _operator(_row.name))
        if hasattr(np.ndarray, f"__r{_row.dunder}__"):
            setattr(Bounded, f"__r{_row.dunder}__", _operator(_row.name, reflected=True))


def bounded(value: Any, dtype: Any = None, error: Any = None) -> Bounded:
    """An array from a NumPy array, exact without `error`: floats are rounded to the dtype, stored in float64."""
    with np.errstate(all="ignore"):
        value = np.asarray(value) if dtype is None else np.asarray(value).astype(dtype)
    nominal = value.dtype
    return Bounded(value.astype(np.float64) if nominal.kind == "f" else value, error, nominal)


def lifted(x: Any, dtype: np.dtype) -> Bounded:
    """A Python number combined with an array of this dtype: libraries round it, or keep it in float32 or float64."""
    if isinstance(x, Bounded):
        return x
    x = x.item() if isinstance(x, np.generic) else x
    if dtype.kind != "f":
        return Bounded(np.asarray(x, dtype=dtype), None, dtype)
    with np.errstate(all="ignore"):
        value = np.asarray(x, dtype=np.float64)
        gap = np.abs(value.astype(dtype).astype(np.float64) - value)
    return Bounded(value, gap if gap > 0 else None, dtype)


def error_of(x: Bounded) -> Any:
    """The error bound, 0.0 for an exact array."""
    return 0.0 if x.error is None else x.error


def rounding(value: np.ndarray, dtype: np.dtype, ulps: float) -> Any:
    """The error of rounding to a floating dtype, in `ulps`; results that underflow may be flushed to zero."""
    if not ulps or dtype.kind != "f":
        return 0.0
    size, name = np.abs(value), dtype_name(dtype)
    return np.where(np.isfinite(size) & (size > 0), ulps * EPS[name] * size + FLOOR[name], 0.0)


def rounded_to(value: Any, error: Any, dtype: np.dtype) -> Bounded:
    """A result as an array: infinite beyond the largest number of the dtype, unchecked near it."""
    value = np.asarray(value)
    if dtype.kind != "f":
        error = None if error is None or not np.any(error) else np.broadcast_to(error, value.shape)
        return Bounded(value if value.dtype == dtype else value.astype(dtype), error, dtype)
    with np.errstate(all="ignore"):
        finite = np.isfinite(value)
        error = np.broadcast_to(np.asarray(error, dtype=np.float64), value.shape)
        error = np.where(np.isnan(error), np.where(finite, np.inf, 0.0), error)
        limit = LARGEST[dtype_name(dtype)]
        size = np.abs(value)
        if value.size and (size + error).max(initial=0.0, where=finite) >= limit:
            beyond = finite & (size - error > limit * (1 + EPS[dtype_name(dtype)]))
            near = finite & ~beyond & (size + error >= limit)
            value = np.where(beyond, np.copysign(np.inf, value), value)
            error = np.where(near, np.inf, np.where(beyond, 0.0, error))
    return Bounded(value, error if error.any() else None, dtype)
