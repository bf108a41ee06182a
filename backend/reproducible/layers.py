"""Batch normalization, pooling and rectifiers of float32 in host memory: the operations of their definitions, in place.

Each step is one IEEE 754 operation, as in the definitions in `ops`, or an exact sum: the bits are the same.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..arrays.quiet import ERRORS, IGNORED
from .arrays import ReproducibleArray
from .bases import Base
from .columns import ColumnSums, column_sums, joined, tiled
from .workspace import workspace

__all__ = [
    "batch_norm",
    "batch_norm_gradient",
    "mask",
    "max_pool",
    "max_pool_gradient",
    "opened",
    "quiet",
    "relu",
    "relu_gradient",
]

Ints = tuple[int, ...]
_BLOCK = 2**14  # elements of a block
_MINUS_ZERO = -(2**31)  # its bits


def quiet(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel without NumPy's warnings: what overflows is to be infinite."""

    @functools.wraps(kernel)
    def run(*args: Any, **how: Any) -> Any:
        token = ERRORS.set(IGNORED)
        try:
            return kernel(*args, **how)
        finally:
            ERRORS.reset(token)

    return run


def opened(*arrays: Any) -> tuple[Base, list[Any]] | None:
    """float32 arrays with elements, in host memory, None for None; None for others."""
    given = [x for x in arrays if x is not None]
    if not all(isinstance(x, ReproducibleArray) for x in given):
        return None
    base = given[0].__array_namespace__().base
    for x in given:
        if x.dtype != base.float32 or 0 in x.shape or not base.reads_memory(x.native):
            return None
    return base, [None if x is None else base.host(x.native) for x in arrays]


def _closed(base: Base, like: Any, values: np.ndarray) -> Any:
    return type(like).wrapped(base.from_host(values, like.native))


# ---- batch normalization over all axes but the last


def _matrices(axes: Ints, *arrays: np.ndarray) -> list[np.ndarray] | None:
    """Arrays as rows of several places side by side; None where the axes are others."""
    x = arrays[0]
    if axes != tuple(range(x.ndim - 1)) or x.shape[-1] > _BLOCK or any(a.shape != x.shape for a in arrays):
        return None
    width = x.shape[-1]
    times = joined(math.prod(x.shape[:-1]), width)
    return [np.ascontiguousarray(a).reshape(-1, width * times) for a in arrays]


def _parts(rows: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Blocks of rows, each with float32 memory of its shape."""
    step = max(_BLOCK // rows.shape[1], 1)
    for start in range(0, len(rows), step):
        part = slice(start, min(start + step, len(rows)))
        shape = (part.stop - start, rows.shape[1])
        yield part, workspace("buffer", shape[0] * shape[1], "f").reshape(shape)


@quiet
def batch_norm(x: Any, gamma: Any, beta: Any, *, axes: Ints, epsilon: float) -> Any:
    """The result's memory holds the deviations from the mean first."""
    found = opened(x, gamma, beta)
    rows = None if found is None else _matrices(axes, found[1][0])
    if found is None or rows is None:
        return NotImplemented
    base, (a, scale, shift) = found
    (values,), width = rows, a.shape[-1]
    times = values.shape[1] // width
    count = np.float32(math.prod(a.shape[:-1]))
    mean = column_sums(values.reshape(-1, width)) / count
    y, squares, middle = np.empty_like(values), ColumnSums(width, times, positive=True), tiled(mean, times)
    for part, buffer in _parts(values):
        np.subtract(values[part], middle, out=y[part])
        squares.add(np.multiply(y[part], y[part], out=buffer))
    variance = squares.result(lambda j: np.square(y.reshape(-1, width)[:, j])) / count
    deviation = tiled(np.sqrt(variance + np.float32(epsilon)), times)
    gamma_, beta_ = (None if p is None else tiled(p.reshape(-1), times) for p in (scale, shift))
    for part, _ in _parts(values):
        block = y[part]
        block /= deviation
        if gamma_ is not None:
            block *= gamma_
        if beta_ is not None:
            block += beta_
    kept = (1,) * len(axes) + (width,)
    return tuple(_closed(base, x, v) for v in (y.reshape(a.shape), mean.reshape(kept), variance.reshape(kept)))


@quiet
def batch_norm_gradient(
    g: Any, x: Any, gamma: Any, mean: Any, variance: Any, *, axes: Ints, epsilon: float, wanted: Ints
) -> Any:
    """The result's memory holds the normalized x first."""
    found = opened(g, x, gamma, mean, variance)
    rows = None if found is None else _matrices(axes, *found[1][:2])
    if found is None or rows is None:
        return NotImplemented
    base, (_, a, scale, middle, spread) = found
    (given, values), width = rows, a.shape[-1]
    times = values.shape[1] // width
    count = np.float32(math.prod(a.shape[:-1]))
    deviation = np.sqrt(spread.reshape(-1) + np.float32(epsilon))
    middles, deviations = tiled(middle.reshape(-1), times), tiled(deviation, times)
    dx, along, total = np.empty_like(values), ColumnSums(width, times), ColumnSums(width, times)
    for part, buffer in _parts(values):
        block = np.subtract(values[part], middles, out=dx[part])
        block /= deviations
        along.add(np.multiply(given[part], block, out=buffer))
        total.add(given[part])
    narrow, normalized = given.reshape(-1, width), dx.reshape(-1, width)
    sums = along.result(lambda j: narrow[:, j] * normalized[:, j]), total.result(lambda j: narrow[:, j])
    results = {1: sums[0], 2: sums[1]}
    if 0 in wanted:
        factor = (np.float32(1.0) if scale is None else scale.reshape(-1)) / deviation
        slopes, means, factors = (tiled(v, times) for v in (sums[0] / count, sums[1] / count, factor))
        for part, buffer in _parts(values):
            block = dx[part]
            block *= slopes
            np.subtract(given[part], means, out=buffer)
            np.subtract(buffer, block, out=block)
            block *= factors
        results[0] = dx.reshape(a.shape)
    kept = (1,) * len(axes) + (width,)
    return tuple(_closed(base, x, results[i] if i == 0 else results[i].reshape(kept)) for i in wanted)


# ---- largest elements of windows that tile the image


def _tiles(x: np.ndarray, window: Ints, strides: Ints) -> bool:
    sizes = x.shape[1:-1]
    return tuple(window) == tuple(strides) and all(n % k == 0 for n, k in zip(sizes, window, strict=True))


def _taps(x: np.ndarray, axis: int, window: int) -> list[np.ndarray]:
    """Every window-th element along an axis, from each of the first on."""
    return [x[(slice(None),) * axis + (slice(i, None, window),)] for i in range(window)]


def _maxima(x: np.ndarray, window: Ints) -> list[np.ndarray]:
    """x, its maxima along the last spatial axis, their maxima along the axis before, ...."""
    found = [x]
    for axis in range(x.ndim - 2, 0, -1):
        first, *others = _taps(found[-1], axis, window[axis - 1])
        top = first.copy() if not others else np.maximum(first, others[0])
        for tap in others[1:]:
            np.maximum(top, tap, out=top)
        found.append(top)
    return found


@quiet
def max_pool(x: Any, *, window: Ints, strides: Ints, padding: str, residuals: bool = False) -> Any:
    """Without a zero of minus sign every order of maxima gives the same bits."""
    found = opened(x)
    if found is None or not _tiles(found[1][0], window, strides):
        return NotImplemented
    base, (a,) = found
    if (a.view(np.int32) == _MINUS_ZERO).any():
        return NotImplemented
    y = _closed(base, x, _maxima(a, window)[-1])
    return (y, y) if residuals else (y,)


@quiet
def max_pool_gradient(g: Any, x: Any, kept: Any = None, *, window: Ints, strides: Ints, padding: str) -> Any:
    """The differences of the definition, each written to its place."""
    found = opened(g, x)
    if found is None or not _tiles(found[1][1], window, strides):
        return NotImplemented
    base, (rest, a) = found
    maxima = _maxima(a, window)
    for axis in range(1, a.ndim - 1):
        elements, top, k = maxima[-1 - axis], maxima[-axis], window[axis - 1]
        made = np.empty(elements.shape, np.float32)
        places = _taps(made, axis, k)
        for place, tap in zip(places[:-1], _taps(elements, axis, k), strict=False):
            left = rest * (tap < top)
            np.subtract(rest, left, out=place)
            rest = left
        places[-1][...] = rest
        rest = made
    return _closed(base, x, rest)


# ---- rectifiers


def relu(x: Any) -> Any:
    """numpy.maximum, with the zero positive."""
    found = opened(x)
    if found is None:
        return NotImplemented
    base, (a,) = found
    y = np.maximum(a, np.float32(0), out=np.empty(a.shape, np.float32))
    y += np.float32(0)
    return _closed(base, x, y)


def relu_gradient(g: Any, out: Any) -> Any:
    """g with its bits cut off where the rectifier gave 0."""
    found = opened(g, out)
    if found is None or g.shape != out.shape:
        return NotImplemented
    base, (a, b) = found
    return _closed(base, g, _masked(~(b <= 0), a))


def mask(condition: Any, g: Any) -> Any:
    """g with its bits cut off where the condition does not hold."""
    found = opened(g)
    if found is None or not isinstance(condition, ReproducibleArray) or condition.shape != g.shape:
        return NotImplemented
    base, (a,) = found
    held = base.host(condition.native)
    return _closed(base, g, _masked(held, a)) if held.dtype == np.bool_ else NotImplemented


def _masked(condition: np.ndarray, x: np.ndarray) -> np.ndarray:
    kept = np.negative(np.asarray(condition).view(np.int8)).astype(np.int32)
    kept &= np.asarray(x).view(np.int32)
    return kept.view(np.float32)
