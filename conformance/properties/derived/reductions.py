"""Sums, products, means, variances, extremes, truth, and running sums: exact in integers, else with derived bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...case import Call, call
from ...judging.bounds import ARITHMETIC, EPS, FLOOR, Expected, summation
from .axes import along, normalized, one_axis, reduced, rows_of, wide
from .deriving import subject
from .promotion import REAL_OF, Undefined, accumulated, fits, kind_of, promoted
from .values import Draw

__all__ = ["integers", "within"]


def integers(values: Any, dtype: str) -> Expected:
    """Exact integers; Undefined where one lies outside of the dtype."""
    values = np.asarray(values, dtype=object)
    if not all(fits(int(v), dtype) for v in values.flat):
        raise Undefined("overflow")
    return Expected(values.astype(dtype), None, dtype)


def within(values: Any, error: Any, dtype: str) -> Expected:
    """Floats with a bound on each error, and the rounding of the result."""
    values, error = np.asarray(values), np.asarray(error)
    eps = EPS[REAL_OF[dtype]]
    bound = error + np.abs(values) * eps / 2 + np.where(error > 0, FLOOR[REAL_OF[dtype]], 0.0)
    return Expected(values, np.where(np.isfinite(values), bound, 0.0).astype(np.float64), dtype)


def cast(x: np.ndarray, dtype: str | None) -> np.ndarray:
    """The array in the dtype in which it is added up."""
    name = x.dtype.name
    if dtype is None:
        return x.astype(accumulated(name))
    order = ("int", "uint", "float", "complex")
    old, new = kind_of(name), kind_of(dtype)
    if order.index(new) < order.index(old) or (old, new) == ("int", "uint"):
        raise Undefined(f"{name} as {dtype}")
    if new == "complex" and old != new and not np.all(np.isfinite(x)):
        raise Undefined("a complex infinity times a real one")
    if new in ("int", "uint") and not all(fits(int(v), dtype) for v in x.flat):
        raise Undefined("overflow")
    return x.astype(dtype)


def sum_(x: Any, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Expected:
    axes = normalized(axis, x.ndim)
    x = cast(x, dtype)
    rows = rows_of(wide(x), axes)
    total = reduced(x, axes, keepdims, rows.sum(axis=-1))
    if rows.dtype == object:
        return integers(total, x.dtype.name)
    size = reduced(x, axes, keepdims, np.abs(rows).sum(axis=-1))
    return within(total, summation(rows.shape[-1]) * EPS[REAL_OF[x.dtype.name]] * size, x.dtype.name)


def prod(x: Any, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Expected:
    axes = normalized(axis, x.ndim)
    x = cast(x, dtype)
    rows = rows_of(wide(x), axes)
    product = reduced(x, axes, keepdims, [math.prod(row) for row in rows] if rows.dtype == object else rows.prod(-1))
    if rows.dtype == object:
        return integers(product, x.dtype.name)
    factor = 3.0 if kind_of(x.dtype.name) == "complex" else 1.0
    return within(product, factor * rows.shape[-1] * EPS[REAL_OF[x.dtype.name]] * np.abs(product), x.dtype.name)


def mean(x: Any, *, axis: Any = None, keepdims: bool = False) -> Expected:
    axes = normalized(axis, x.ndim)
    rows = rows_of(wide(x), axes)
    n = rows.shape[-1]
    value = reduced(x, axes, keepdims, rows.sum(axis=-1) / n if n else np.full(rows.shape[0], np.nan))
    size = reduced(x, axes, keepdims, np.abs(rows).sum(axis=-1) / max(n, 1))
    return within(value, (summation(n) + 0.5) * EPS[REAL_OF[x.dtype.name]] * size, x.dtype.name)


def var(x: Any, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Expected:
    """Two passes: the mean is off by d, which adds n d**2. Updating the mean at each term adds its roundings once.

    One pass over the squares, which would lose the square of the mean, is outside of this.
    """
    axes = normalized(axis, x.ndim)
    rows = rows_of(wide(x), axes)
    n, eps = rows.shape[-1], EPS[x.dtype.name]
    if n - correction <= 0:
        raise Undefined("nan: the kind 'special' holds it")
    centre = rows.sum(axis=-1, keepdims=True) / n
    off = rows - centre
    squares = (off**2).sum(axis=-1)
    if not np.all(np.isfinite(rows)):
        raise Undefined("no row speaks of infinities")
    shift = eps * (summation(n) * np.abs(rows).sum(axis=-1) / n + np.abs(centre[:, 0]))
    updates = 2 * eps * np.abs(centre[:, 0]) * np.abs(off).sum(axis=-1)
    error = (summation(n) + 3.0) * eps * squares + n * shift**2 + updates
    scale = n - correction
    return within(reduced(x, axes, keepdims, squares / scale), reduced(x, axes, keepdims, error / scale), x.dtype.name)


def std(x: Any, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Expected:
    squares = var(x, axis=axis, correction=correction, keepdims=keepdims)
    assert squares.bound is not None
    root = np.sqrt(squares.value)
    above = np.sqrt(squares.value + squares.bound) - root
    below = root - np.sqrt(np.maximum(squares.value - squares.bound, 0))
    error = np.maximum(above, below) + root * EPS[x.dtype.name]  # and the root's own ulp
    return within(root, error, x.dtype.name)


def extreme(name: str) -> Any:
    """The largest or smallest element; which of two zeros is open."""

    def reference(x: Any, *, axis: Any = None, keepdims: bool = False) -> Expected:
        axes = normalized(axis, x.ndim)
        rows = rows_of(x, axes)
        if not rows.shape[-1]:
            raise Undefined("no elements")
        best = [(max if name == "max" else min)(row.tolist()) for row in rows]
        out = reduced(x, axes, keepdims, np.asarray(best, dtype=x.dtype))
        return Expected(out, np.zeros(out.shape) if kind_of(x.dtype.name) == "float" else None, x.dtype.name)

    return reference


def truth(name: str) -> Any:
    """Whether all or any elements are not zero; NaN is not zero."""

    def reference(x: Any, *, axis: Any = None, keepdims: bool = False) -> Expected:
        axes = normalized(axis, x.ndim)
        rows = rows_of(x, axes)
        found = [(all if name == "all" else any)(v != 0 for v in row.tolist()) for row in rows]
        return Expected(reduced(x, axes, keepdims, np.asarray(found, dtype=bool)), None, "bool")

    return reference


def running(name: str) -> Any:
    """Running sums and products along an axis."""

    def reference(x: Any, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Expected:
        if x.ndim == 0 or (axis is None and x.ndim > 1):
            raise Undefined("axis")
        at = one_axis(0 if axis is None else axis, x.ndim)
        x = cast(x, dtype)
        first = 0 if name == "cumulative_sum" else 1
        step = np.add if first == 0 else np.multiply
        wider = wide(x)

        def run(rows: np.ndarray) -> np.ndarray:
            out = step.accumulate(rows, axis=-1) if rows.shape[-1] else rows
            start = np.full((len(rows), 1), first, dtype=rows.dtype)
            return np.concatenate([start, out], axis=-1) if include_initial else out

        value = along(wider, at, run)
        if wider.dtype == object:
            return integers(value, x.dtype.name)
        eps = EPS[REAL_OF[x.dtype.name]]
        terms = np.arange(value.shape[at]) + (0 if include_initial else 1)
        terms = terms.reshape([-1 if a == at else 1 for a in range(x.ndim)])
        size = along(np.abs(wider), at, run)
        factor = 3.0 if kind_of(x.dtype.name) == "complex" else 1.0
        weight = np.where(terms < 2, 0.0, ARITHMETIC * (4.0 + np.sqrt(terms))) if first == 0 else factor * terms
        return within(value, weight * eps * size, x.dtype.name)

    return reference


def diff(x: Any, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Expected:
    at = one_axis(axis, x.ndim)
    together = [a for a in (prepend, x, append) if a is not None]
    if promoted(*(a.dtype.name for a in together)) != x.dtype.name:
        raise Undefined("dtypes")
    shapes = {tuple(s for i, s in enumerate(a.shape) if i != at) for a in together if a.ndim == x.ndim}
    if len(shapes) != 1 or any(a.ndim != x.ndim for a in together):
        raise Undefined("shapes")
    whole = np.concatenate([wide(a) for a in together], axis=at)
    if n < 0 or n >= whole.shape[at]:
        raise Undefined("order")
    moved = np.moveaxis(whole, at, -1)
    size = np.abs(moved).max(initial=0)
    for _ in range(n):
        moved = moved[..., 1:] - moved[..., :-1]
        if moved.dtype == object and not all(fits(int(v), x.dtype.name) for v in moved.flat):
            raise Undefined("overflow on the way")
    out = np.moveaxis(moved, -1, at)
    if out.dtype == object:
        return integers(out, x.dtype.name)
    error = (0.0 if n == 1 else 2.0**n * n) * EPS[REAL_OF[x.dtype.name]] * float(size)
    return within(out, np.full(out.shape, error), x.dtype.name)


def middle(draw: Draw, dtype: str) -> Iterator[Call]:
    """Arrays to be reduced: three dimensions, a line, a scalar, nothing."""
    yield call(draw(dtype, 2, 3, 4))
    yield call(draw(dtype, 5))
    yield call(draw(dtype, 1, 3))
    yield call(draw(dtype))
    yield call(draw(dtype, 2, 0))


INFINITE = ((-np.inf,) * 3, (np.inf,) * 3, (1.5, -np.inf, 2.0), (1.5, np.inf, 2.0), (-np.inf, -1.5, -2.0))


def infinite(dtype: str) -> Iterator[Call]:
    """Rows with infinities of one sign, and of nothing else."""
    if kind_of(dtype) == "float":
        x = np.asarray(INFINITE, dtype=dtype)
        yield from (call(a, axis=axis) for a, axis in ((x, 1), (np.ascontiguousarray(x.T), 0)))
        yield from (call(np.asarray(row, dtype=dtype)) for row in INFINITE[:2])


def added(draw: Draw, dtype: str) -> Iterator[Call]:
    """The same, and many terms: beyond 2**53 in integers, and floats that cancel."""
    yield from middle(draw, dtype)
    kind = kind_of(dtype)
    if kind in ("int", "uint"):
        high = int(np.iinfo(dtype).max)
        yield call(draw.shuffled([high // 16 - 1, 1, high // 16, 3, 2, high // 8, 0], dtype))
        yield call(draw(dtype, 700, low=50, high=100))
    else:
        yield from infinite(dtype)
        yield call(draw(dtype, 10000))
        yield call(np.asarray(draw(dtype, 10000) + 1000).astype(dtype))


def small(draw: Draw, dtype: str) -> Iterator[Call]:
    """Few factors that do not overflow."""
    yield call(draw(dtype, 2, 3, 4, low=1, high=2))
    yield call(draw(dtype, 5, low=-2, high=2))
    yield call(draw(dtype, 1, 3, low=1, high=2))
    yield call(draw(dtype))
    yield call(draw(dtype, 2, 0))
    yield from infinite(dtype)
    if kind_of(dtype) in ("int", "uint"):
        yield call(draw.shuffled([2] * 30 + [3] * 4, dtype))


def ranked(draw: Draw, dtype: str) -> Iterator[Call]:
    """Distinct values and ties, the limits of integers among them."""
    yield call(draw.distinct(dtype, 2, 3, 4))
    yield call(draw(dtype, 5, low=0, high=2))
    yield call(draw.distinct(dtype, 1, 3))
    yield call(draw.distinct(dtype))
    yield from infinite(dtype)
    if kind_of(dtype) in ("int", "uint"):
        info = np.iinfo(dtype)
        yield call(draw.shuffled([info.max, info.max - 1, info.min, info.min + 1, 3], dtype))


CORRECTIONS = [0, 1, 0.0, 1.0, 0.5, 2, 1.5, 3]
subject("sum", sum_, added)
subject("prod", prod, small)
subject("mean", mean, added)
subject("var", var, added, {"correction": CORRECTIONS})
subject("std", std, added, {"correction": CORRECTIONS})
subject("max min", extreme, ranked, each=True)
subject("all any", truth, middle, each=True)
subject("cumulative_sum", running("cumulative_sum"), added)
subject("cumulative_prod", running("cumulative_prod"), small)


def ascending(draw: Draw, dtype: str) -> Iterator[Call]:
    """Arrays that rise along every axis, so that differences of unsigned integers are defined."""
    grid = np.add.outer(np.arange(4) ** 2, np.arange(5) ** 2 + 1)
    yield call(grid.astype(dtype))
    if kind_of(dtype) in ("int", "uint"):
        high = int(np.iinfo(dtype).max)
        yield call(np.asarray([0, 1, high // 2, high // 2 + 1, high - 1, high], dtype=dtype))
    else:
        yield call(draw(dtype, 3, 6))


def edge_of(size: int) -> Any:
    """Arrays to be put before or behind along the last axis."""
    return lambda x: [None, *(np.repeat(x[..., -1:], k, axis=-1) for k in (1, size))]


subject("diff", diff, ascending, {"n": [1, 2, 3], "prepend": edge_of(2), "append": edge_of(3)})
