"""Sums, products, extremes, orderings and matrix products of the analysing namespace."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..judging.bounds import ARITHMETIC, EPS, summation
from .array import Bounded, error_of, rounded_to, rounding
from .elementwise import FUNCTIONS as ELEMENTWISE
from .elementwise import astype, ends, operands, spread

__all__ = ["FUNCTIONS", "LINALG"]

INT64 = np.dtype("int64")
FEW = 16  # of so few different terms the rounding errors have one sign, and the worst case is near


def _axes(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


def _count(x: Bounded, axis: Any) -> int:
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return math.prod(x.shape[a] for a in axes)


def _accumulator(x: Bounded, dtype: Any) -> np.dtype:
    """The dtype of a sum: the given one, else the default of the standard."""
    if dtype is not None:
        return np.dtype(dtype)
    return x.dtype if x.dtype.kind == "f" else np.dtype("uint64") if x.dtype.kind == "u" else INT64


def _summed(out: Any, terms: Any, error: Any, count: int, dtype: np.dtype, step: Any = 0.0) -> Bounded:
    """A sum: its rounding error, from the size of its terms, plus the errors of the terms.

    Where all terms are multiples of `step` and their sizes add up to less than the dtype counts in such steps, every
    partial sum is exact, in any order.
    """
    if dtype.kind != "f":
        return rounded_to(out, np.where(np.asarray(error) > 0, np.inf, 0.0), dtype)
    with np.errstate(all="ignore"):
        factor = summation(count) * EPS[dtype.name]
        rounded = np.where(np.isfinite(out) & (terms * EPS[dtype.name] > step), factor * terms, 0.0) if factor else 0.0
        return rounded_to(out, rounded + error, dtype)


def _step(v: np.ndarray, axis: Any = None) -> Any:
    """The largest power of two that divides all elements along an axis, which stays; 0 where one is not finite."""
    fraction, exponent = np.frexp(v)
    whole = np.ldexp(np.abs(np.where(np.isfinite(v), fraction, 0.0)), 53).astype(np.int64)
    unit = np.where(v == 0, np.inf, np.ldexp((whole & -whole).astype(np.float64), exponent - 53))
    return np.min(unit, axis=axis, keepdims=True, initial=np.inf)


def sum(x: Bounded, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Bounded:  # noqa: A001
    return _sum(x, axis, dtype, keepdims)


def _sum(x: Bounded, axis: Any, dtype: Any = None, keepdims: bool = False, plain: bool = True) -> Bounded:
    """A sum; `plain`: of the elements as they are, not in a form that has roundings of its own."""
    axis, dtype = _axes(axis), _accumulator(x, dtype)
    with np.errstate(all="ignore"):
        add = lambda v, **to: np.sum(v, axis=axis, keepdims=keepdims, **to)  # noqa: E731
        out = add(x.value) if dtype.kind == "f" else add(x.value, dtype=dtype)
        error = 0.0 if x.error is None else add(x.error)
        if dtype.kind == "f" and np.unique(x.value).size * FEW < _count(x, axis):
            return _summed(out, add(np.abs(x.value)), error, _count(x, axis) ** 2, dtype)
        exact = plain and x.error is None and x.dtype == dtype and dtype.kind == "f"
        step = _step(x.value, axis).reshape(out.shape) if exact else 0.0
        return _summed(out, add(np.abs(x.value)), error, _count(x, axis), dtype, step)


def mean(x: Bounded, /, *, axis: Any = None, keepdims: bool = False) -> Bounded:
    # never exact: normalizations take `x * scale - mean * scale` for `(x - mean) * scale`, which is rounded otherwise
    return ELEMENTWISE["divide"](_sum(x, axis, None, keepdims, plain=False), float(_count(x, _axes(axis))))


def var(x: Bounded, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Bounded:
    # one pass over the elements with a running mean is rounded where two passes are not
    deviation = ELEMENTWISE["subtract"](x, mean(x, axis=axis, keepdims=True))
    total = _sum(ELEMENTWISE["square"](deviation), axis, None, keepdims, plain=False)
    return ELEMENTWISE["divide"](total, float(_count(x, _axes(axis)) - correction))


def std(x: Bounded, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Bounded:
    return ELEMENTWISE["sqrt"](var(x, axis=axis, correction=correction, keepdims=keepdims))


def _multiplied(x: Bounded, dtype: np.dtype, count: int, times: Callable[..., Any], add: Callable[..., Any]) -> Bounded:
    """A product: relative errors add up; a product of 0 may be as large as that of the factors' largest values."""
    with np.errstate(all="ignore"):
        if dtype.kind != "f":
            return rounded_to(times(x.value.astype(dtype)), None, dtype)
        out = times(x.value)
        error = 0.0
        if x.error is not None:
            size = np.abs(x.value)
            relative = np.expm1(add(np.log1p(np.where(size > 0, x.error / np.where(size > 0, size, 1.0), 0.0))))
            error = np.where(out == 0, times(size + x.error), np.abs(out) * relative)
        return rounded_to(out, error + rounding(out, dtype, ARITHMETIC * max_(count - 1, 0)), dtype)


max_ = max  # the builtin, before the name of the standard shadows it


def prod(x: Bounded, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Bounded:
    axis, dtype = _axes(axis), _accumulator(x, dtype)
    return _multiplied(
        x,
        dtype,
        _count(x, axis),
        lambda v: np.prod(v, axis=axis, keepdims=keepdims),
        lambda v: np.sum(v, axis=axis, keepdims=keepdims),
    )


def _cumulated(f: Callable[..., Any], v: np.ndarray, axis: int, first: Any) -> np.ndarray:
    out = f(v, axis=axis)
    if first is None:
        return out
    return np.concatenate(
        [
            np.full_like(
                np.take(out, np.arange(1), axis=axis, mode="clip")
                if v.shape[axis]
                else np.zeros((*v.shape[:axis], 1, *v.shape[axis + 1 :]), out.dtype),
                first,
            ),
            out,
        ],
        axis=axis,
    )


def cumulative_sum(
    x: Bounded, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Bounded:
    axis, dtype = 0 if axis is None else axis % x.ndim, _accumulator(x, dtype)
    add = lambda v: _cumulated(np.cumsum, v, axis, 0 if include_initial else None)  # noqa: E731
    with np.errstate(all="ignore"):
        out = add(x.value if dtype.kind == "f" else x.value.astype(dtype))
        error = 0.0 if x.error is None else add(x.error)
        step = _step(x.value, axis) if x.error is None and x.dtype == dtype and dtype.kind == "f" else 0.0
        return _summed(out, add(np.abs(x.value)), error, x.shape[axis], dtype, step)


def cumulative_prod(
    x: Bounded, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Bounded:
    axis = 0 if axis is None else axis % x.ndim
    return _multiplied(
        x,
        _accumulator(x, dtype),
        x.shape[axis],
        lambda v: _cumulated(np.cumprod, v, axis, 1 if include_initial else None),
        lambda v: _cumulated(np.cumsum, v, axis, 0 if include_initial else None),
    )


def _increasing(f: Callable[..., Any], values: bool = True) -> Callable[..., Bounded]:
    """A function of one array that increases with every element: max, min, sort, all, any."""

    def function(x: Bounded, /, *, axis: Any = None, **kwargs: Any) -> Bounded:
        axis = _axes(axis)
        value = x.value if values else x.value != 0
        out = np.asarray(f(value, axis=axis, **kwargs))
        if x.error is None:
            return rounded_to(out, 0.0, out.dtype if out.dtype.kind == "b" else x.dtype)
        sides = (
            ends(x)
            if values or x.dtype.kind == "b"
            else (value & ~(np.abs(x.value) <= x.error), value | (np.abs(x.value) <= x.error))
        )
        low, high = (np.asarray(f(side, axis=axis, **kwargs)) for side in sides)
        return rounded_to(out, spread(out, low, high), out.dtype if out.dtype.kind == "b" else x.dtype)

    return function


def _sorted(v: np.ndarray, *, axis: Any, descending: bool = False) -> np.ndarray:
    return np.flip(np.sort(v, axis=axis, kind="stable"), axis=axis) if descending else np.sort(v, axis=axis)


def sort(x: Bounded, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Bounded:
    return _increasing(_sorted)(x, axis=axis, descending=descending)


def argsort(x: Bounded, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Bounded:
    """Indices that neighbours in the order might swap are undecided."""
    n = x.shape[axis]
    if descending:
        order = n - 1 - np.flip(np.argsort(np.flip(x.value, axis=axis), axis=axis, kind="stable"), axis=axis)
    else:
        order = np.argsort(x.value, axis=axis, kind="stable")
    if x.error is None or n < 2:
        return rounded_to(order, None, INT64)
    value, error = (np.moveaxis(np.take_along_axis(v, order, axis=axis), axis, -1) for v in (x.value, x.error))
    with np.errstate(all="ignore"):
        reach = error[..., 1:] + error[..., :-1]
        close = (np.abs(value[..., 1:] - value[..., :-1]) <= reach) & (reach > 0)
    none = np.zeros((*close.shape[:-1], 1), bool)
    undecided = np.concatenate([close, none], axis=-1) | np.concatenate([none, close], axis=-1)
    return rounded_to(order, np.moveaxis(np.where(undecided, np.inf, 0.0), -1, axis), INT64)


def _arg(f: Callable[..., Any], sign: int) -> Callable[..., Bounded]:
    def function(x: Bounded, /, *, axis: int | None = None, keepdims: bool = False) -> Bounded:
        out = np.asarray(f(x.value, axis=axis, keepdims=keepdims))
        if x.error is None:
            return rounded_to(out, None, INT64)
        with np.errstate(all="ignore"):
            best = np.max(sign * x.value - x.error, axis=axis, keepdims=True)
            rivals = np.sum(sign * x.value + x.error >= best, axis=axis, keepdims=keepdims)
        return rounded_to(out, np.where(rivals > 1, np.inf, 0.0), INT64)

    return function


def count_nonzero(x: Bounded, /, *, axis: Any = None, keepdims: bool = False) -> Bounded:
    out = np.count_nonzero(x.value, axis=_axes(axis), keepdims=keepdims)
    undecided = (
        0.0
        if x.error is None
        else np.sum((np.abs(x.value) <= x.error) & (x.error > 0), axis=_axes(axis), keepdims=keepdims)
    )
    return rounded_to(out, np.where(np.asarray(undecided) > 0, np.inf, 0.0), INT64)


def searchsorted(x1: Bounded, x2: Bounded, /, *, side: str = "left", sorter: Any = None) -> Bounded:
    out = np.searchsorted(x1.value, x2.value, side=side, sorter=None if sorter is None else sorter.value)
    undecided = x1.error is not None or x2.error is not None
    return rounded_to(out, np.full(out.shape, np.inf if undecided else 0.0), INT64)


def _bilinear(x: Any, y: Any, count: int, f: Callable[..., Any]) -> Bounded:
    """A sum of products of elements of two arrays, `count` products each."""
    dtype, (x, y) = operands(x, y)
    with np.errstate(all="ignore"):
        out = np.asarray(f(x.value, y.value))
        if dtype.kind != "f":
            return rounded_to(out, None, dtype)
        error: Any = 0.0
        if y.error is not None:
            error = error + f(np.abs(x.value) + error_of(x), y.error)
        if x.error is not None:
            error = error + f(x.error, np.abs(y.value))
        exact = x.error is None and y.error is None
        step = _step(x.value).max() * _step(y.value).max() if exact else 0.0
        return _summed(out, f(np.abs(x.value), np.abs(y.value)), error, max_(count, 2), dtype, step)


def matmul(x1: Bounded, x2: Bounded, /) -> Bounded:
    return _bilinear(x1, x2, x1.shape[-1], np.matmul)


def tensordot(x1: Bounded, x2: Bounded, /, *, axes: Any = 2) -> Bounded:
    summed = range(x1.ndim - axes, x1.ndim) if isinstance(axes, int) else axes[0]
    return _bilinear(x1, x2, math.prod(x1.shape[a] for a in summed), lambda a, b: np.tensordot(a, b, axes=axes))


def vecdot(x1: Bounded, x2: Bounded, /, *, axis: int = -1) -> Bounded:
    return sum(ELEMENTWISE["multiply"](x1, x2), axis=axis)


def outer(x1: Bounded, x2: Bounded, /) -> Bounded:
    return _bilinear(x1, x2, 1, np.outer)


def matrix_transpose(x: Bounded, /) -> Bounded:
    turn = lambda v: np.swapaxes(v, -1, -2)  # noqa: E731
    return Bounded(turn(x.value), None if x.error is None else turn(x.error), x.dtype)


def diagonal(x: Bounded, /, *, offset: int = 0) -> Bounded:
    cut = lambda v: np.diagonal(v, offset, -2, -1)  # noqa: E731
    return Bounded(cut(x.value), None if x.error is None else cut(x.error), x.dtype)


def trace(x: Bounded, /, *, offset: int = 0, dtype: Any = None) -> Bounded:
    return sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def vector_norm(x: Bounded, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Bounded:  # noqa: A002
    size = ELEMENTWISE["abs"](x)
    if ord == 2:
        return ELEMENTWISE["sqrt"](sum(ELEMENTWISE["square"](x), axis=axis, keepdims=keepdims))
    if ord == 1:
        return sum(size, axis=axis, keepdims=keepdims)
    if ord in (math.inf, -math.inf):
        return FUNCTIONS["max" if ord > 0 else "min"](size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return astype(count_nonzero(x, axis=axis, keepdims=keepdims), x.dtype)
    total = sum(ELEMENTWISE["pow"](size, float(ord)), axis=axis, keepdims=keepdims)
    return ELEMENTWISE["pow"](total, 1 / float(ord))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": sum,
    "mean": mean,
    "var": var,
    "std": std,
    "prod": prod,
    "cumulative_sum": cumulative_sum,
    "cumulative_prod": cumulative_prod,
    "max": _increasing(np.max),
    "min": _increasing(np.min),
    "sort": sort,
    "all": _increasing(np.all, values=False),
    "any": _increasing(np.any, values=False),
    "argsort": argsort,
    "argmax": _arg(np.argmax, 1),
    "argmin": _arg(np.argmin, -1),
    "count_nonzero": count_nonzero,
    "searchsorted": searchsorted,
    "matmul": matmul,
    "tensordot": tensordot,
    "vecdot": vecdot,
    "matrix_transpose": matrix_transpose,
}

LINALG: dict[str, Callable[..., Any]] = {
    "matmul": matmul,
    "tensordot": tensordot,
    "vecdot": vecdot,
    "matrix_transpose": matrix_transpose,
    "outer": outer,
    "diagonal": diagonal,
    "trace": trace,
    "vector_norm": vector_norm,
}
