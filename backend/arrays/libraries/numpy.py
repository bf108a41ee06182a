"""NumPy's namespace of the standard: array_api_compat's, with faster functions where the results are the same."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import math
from collections.abc import Callable
from typing import Any

import array_api_compat.numpy
import numpy as np
from numpy import ndarray

compat: Any = array_api_compat.numpy
# Copied, without a module __getattr__: Python 3.11 caches look-ups only in modules without one, 30 ns each.
globals().update({name: getattr(compat, name) for name in compat.__all__})

# array_api_compat wraps these for NumPy 1 and other libraries; NumPy 2's own follow the standard.
arange, empty, eye, full, linspace, ones, zeros = (np.arange, np.empty, np.eye, np.full, np.linspace, np.ones, np.zeros)
empty_like, full_like, ones_like, zeros_like = np.empty_like, np.full_like, np.ones_like, np.zeros_like
asarray, matmul, tensordot = np.asarray, np.matmul, np.tensordot
ceil, floor, trunc = np.ceil, np.floor, np.trunc


def __dir__() -> list[str]:
    return sorted(compat.__all__)


LATE_DTYPES = ("bfloat16",)


def __getattr__(name: str) -> Any:
    """NumPy's dtype bfloat16, which the package ml_dtypes brings."""
    if name in LATE_DTYPES:
        with contextlib.suppress(ImportError):
            import ml_dtypes

            return globals().setdefault(name, np.dtype(ml_dtypes.bfloat16))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# ---- reductions: np.sum and its like spend a microsecond on dispatch before they reduce


def _columns(x: ndarray, axis: Any, keepdims: bool) -> Any:
    """The sums over leading axes as a product with ones, or None where that is no faster.

    NumPy adds row by row, in loops as long as a row. On 8192 rows of 16, 32, 64 float32 BLAS takes 11, 18, 23 us
    instead of 158, 133, 100, with smaller errors.
    """
    shape, count = x.shape, len(axis) if type(axis) is tuple else 1
    if (
        axis is None
        or x.dtype.char not in "fd"
        or count >= len(shape)
        or not x.flags.c_contiguous
        or axis != (0 if type(axis) is int else (*range(count),))
    ):
        return None
    rows = math.prod(shape[:count])
    if rows < 64 or x.size < 4 * rows:
        return None
    total = np.ones((1, rows), x.dtype) @ x.reshape(rows, -1)
    return total.reshape((1,) * count + shape[count:] if keepdims else shape[count:])


def sum(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """The standard's `sum`."""
    if type(x) is ndarray:
        if x.size >= 4096 and dtype is None and (total := _columns(x, axis, keepdims)) is not None:
            return total
        return np.add.reduce(x, axis, dtype, None, keepdims)
    return np.sum(x, axis=axis, dtype=dtype, keepdims=keepdims)


def prod(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """The standard's `prod`."""
    if type(x) is ndarray:
        return np.multiply.reduce(x, axis, dtype, None, keepdims)
    return np.prod(x, axis=axis, dtype=dtype, keepdims=keepdims)


def max(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `max`."""
    if type(x) is ndarray:
        return np.maximum.reduce(x, axis, None, None, keepdims)
    return np.max(x, axis=axis, keepdims=keepdims)


def min(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `min`."""
    if type(x) is ndarray:
        return np.minimum.reduce(x, axis, None, None, keepdims)
    return np.min(x, axis=axis, keepdims=keepdims)


def any(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `any`."""
    if type(x) is ndarray:
        return np.logical_or.reduce(x, axis, bool, None, keepdims)
    return np.any(x, axis=axis, keepdims=keepdims)


def all(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `all`."""
    if type(x) is ndarray:
        return np.logical_and.reduce(x, axis, bool, None, keepdims)
    return np.all(x, axis=axis, keepdims=keepdims)


def mean(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `mean`."""
    if type(x) is ndarray:
        if x.size >= 4096 and (total := _columns(x, axis, keepdims)) is not None:
            total /= x.size // total.size
            return total
        return x.mean(axis, None, None, keepdims=keepdims)
    return np.mean(x, axis=axis, keepdims=keepdims)


def std(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The standard's `std`."""
    if type(x) is ndarray:
        return x.std(axis, None, None, correction, keepdims=keepdims)
    return np.std(x, axis=axis, ddof=correction, keepdims=keepdims)


def var(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The standard's `var`."""
    if type(x) is ndarray:
        return x.var(axis, None, None, correction, keepdims=keepdims)
    return np.var(x, axis=axis, ddof=correction, keepdims=keepdims)


def argmax(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `argmax`."""
    return x.argmax(axis, None, keepdims=keepdims) if type(x) is ndarray else np.argmax(x, axis, keepdims=keepdims)


def argmin(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The standard's `argmin`."""
    return x.argmin(axis, None, keepdims=keepdims) if type(x) is ndarray else np.argmin(x, axis, keepdims=keepdims)


def cumulative_sum(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
    """The standard's `cumulative_sum`."""
    if include_initial or axis is None or type(x) is not ndarray:
        return compat.cumulative_sum(x, axis=axis, dtype=dtype, include_initial=include_initial)
    return x.cumsum(axis, dtype)


def cumulative_prod(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
    """The standard's `cumulative_prod`."""
    if include_initial or axis is None or type(x) is not ndarray:
        return compat.cumulative_prod(x, axis=axis, dtype=dtype, include_initial=include_initial)
    return x.cumprod(axis, dtype)


# ---- shapes and order: the array's method, which NumPy's function would look up


def reshape(x: Any, /, shape: Any, *, copy: bool | None = None) -> Any:
    """The standard's `reshape`."""
    return x.reshape(shape) if copy is None and type(x) is ndarray else np.reshape(x, shape, copy=copy)


def permute_dims(x: Any, /, axes: Any) -> Any:
    """The standard's `permute_dims`."""
    return x.transpose(axes) if type(x) is ndarray else np.transpose(x, axes)


def matrix_transpose(x: Any, /) -> Any:
    """The standard's `matrix_transpose`."""
    return x.swapaxes(-1, -2) if x.ndim > 1 else compat.matrix_transpose(x)


def squeeze(x: Any, /, axis: Any) -> Any:
    """The standard's `squeeze`."""
    return x.squeeze(axis) if type(x) is ndarray else np.squeeze(x, axis)


def expand_dims(x: Any, /, axis: Any) -> Any:
    """The standard's `expand_dims`."""
    if type(x) is ndarray and type(axis) is int and -x.ndim <= axis + 1 and axis <= x.ndim:
        shape = list(x.shape)
        shape.insert(axis if axis >= 0 else axis + x.ndim + 1, 1)
        return x.reshape(shape)
    return np.expand_dims(x, axis)


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    """The standard's `take`."""
    return x.take(indices, axis) if type(x) is ndarray else np.take(x, indices, axis)


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The standard's `sort`."""
    if descending or not stable:
        return compat.sort(x, axis=axis, descending=descending, stable=stable)
    return np.sort(x, axis, "stable")


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The standard's `argsort`."""
    if descending or not stable:
        return compat.argsort(x, axis=axis, descending=descending, stable=stable)
    return np.argsort(x, axis, "stable")


# ---- dtypes and signs


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """The standard's `astype`."""
    return x.astype(dtype, copy=copy) if device is None else compat.astype(x, dtype, copy=copy, device=device)


def sign(x: Any, /) -> Any:
    """The standard's `sign`."""
    return compat.sign(x) if x.dtype.kind == "c" else np.sign(x)


# ---- the fast paths of K


def _along(reduce: Callable[..., Any], otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """A reduction; subclasses of ndarray use `otherwise`, as they may define their own."""
    return lambda x, axis=None, keepdims=False: (
        reduce(x, axis, None, None, keepdims) if type(x) is ndarray else otherwise(x, axis=axis, keepdims=keepdims)
    )


def _sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """`sum` without a dtype: a call of it would cost 0.1 us."""
    if type(x) is not ndarray:
        return np.sum(x, axis=axis, keepdims=keepdims)
    if x.size >= 4096 and (total := _columns(x, axis, keepdims)) is not None:
        return total
    return np.add.reduce(x, axis, None, None, keepdims)


with np.errstate(all="ignore"):
    _context = contextvars.copy_context()


def _silent(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function without NumPy's floating-point warnings, at 0.02 us a call; np.errstate takes 0.8.

    One thread at a time can be in a context. A call that comes from another meanwhile is a RuntimeError, after which
    the operation takes its slower path.
    """
    return functools.partial(_context.run, function)


# Functions for arrays of one dtype, arguments by position: (x, y), (x), (x, axis, keepdims), (x, shape).
__fast__: dict[str, Any] = {
    **{name: _silent(getattr(np, name)) for name in ("exp", "expm1", "log", "log1p", "sin", "cos", "square")},
    "product": (False, _silent(np.matmul)),  # which promotes, and multiplies a stack matrix by matrix
    "detach": lambda x: x,
    "reshape": lambda x, shape: x.reshape(shape),
    "equal": np.equal,
    "not_equal": np.not_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "max": _along(np.maximum.reduce, np.max),
    "min": _along(np.minimum.reduce, np.min),
    "sum": _silent(_sum),
    "prod": _silent(_along(np.multiply.reduce, np.prod)),
}
