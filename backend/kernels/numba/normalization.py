"""Batch normalization and its gradient in two passes over memory: statistics block by block, then the result.

Rows of few channels are several places each, so that inner loops are long. A block's mean and squared deviations are
found while it is in the cache and joined with those before it in float64 (Chan, Golub, LeVeque 1979).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .compile import compiled, in_numbered_parts, parts_of

__all__ = ["batch_norm", "batch_norm_gradient"]

Ints = tuple[int, ...]
MAX_ROW = 512  # elements of a row, unless one place has more channels
ROWS = 32  # of a block: 64 KB of float32


@compiled(distinct=True)
def _statistics(x, count, mean, m2, part, start, stop):  # type: ignore[no-untyped-def]
    width = np.uint64(x.shape[1])
    total = np.zeros(x.shape[1], x.dtype)
    squares = np.zeros(x.shape[1], x.dtype)
    done = 0.0
    end = np.uint64(stop)
    for first in range(np.uint64(start), end, np.uint64(ROWS)):
        last = min(first + np.uint64(ROWS), end)
        for j in range(width):
            total[j] = 0
            squares[j] = 0
        for i in range(first, last):
            for j in range(width):
                total[j] += x[i, j]
        size = np.float64(last - first)
        for j in range(width):
            total[j] = total[j] / x.dtype.type(size)
        for i in range(first, last):
            for j in range(width):
                d = x[i, j] - total[j]
                squares[j] += d * d
        both = done + size
        for j in range(width):
            d2 = np.float64(total[j]) - mean[part, j]
            mean[part, j] += d2 * size / both
            m2[part, j] += squares[j] + d2 * d2 * done * size / both
        done = both
    count[part] = done


@compiled(distinct=True)
def _normalized(x, mean, factor, shift, y, start, stop):  # type: ignore[no-untyped-def]
    width = np.uint64(x.shape[1])
    for i in range(np.uint64(start), np.uint64(stop)):
        for j in range(width):
            y[i, j] = (x[i, j] - mean[j]) * factor[j] + shift[j]


@compiled(distinct=True)
def _sums(g, x, mean, total, along, part, start, stop):  # type: ignore[no-untyped-def]
    width = np.uint64(x.shape[1])
    a = np.zeros(x.shape[1], x.dtype)
    b = np.zeros(x.shape[1], x.dtype)
    end = np.uint64(stop)
    for first in range(np.uint64(start), end, np.uint64(ROWS)):
        for i in range(first, min(first + np.uint64(ROWS), end)):
            for j in range(width):
                a[j] += g[i, j]
                b[j] += g[i, j] * (x[i, j] - mean[j])
        for j in range(width):
            total[part, j] += a[j]
            along[part, j] += b[j]
            a[j] = 0
            b[j] = 0


@compiled(distinct=True)
def _back(g, x, mean, of_g, of_x, rest, y, start, stop):  # type: ignore[no-untyped-def]
    width = np.uint64(x.shape[1])
    for i in range(np.uint64(start), np.uint64(stop)):
        for j in range(width):
            y[i, j] = g[i, j] * of_g[j] + (x[i, j] - mean[j]) * of_x[j] + rest[j]


def batch_norm(x: np.ndarray, gamma: np.ndarray | None, beta: np.ndarray | None, *, axes: Ints, epsilon: float) -> Any:
    """Means and variances by parts of the rows, joined; then one pass for the result."""
    if _declined(axes, x, gamma, beta):
        return NotImplemented
    rows, times = _rows(x, axes)
    channels = rows.shape[1] // times
    parts = parts_of(len(rows), 4 * x.size)
    count, mean, m2 = np.zeros(parts), np.zeros((parts, rows.shape[1])), np.zeros((parts, rows.shape[1]))
    in_numbered_parts(lambda part, start, stop: _statistics(rows, count, mean, m2, part, start, stop), len(rows), parts)
    mean, variance = _joined(np.repeat(count, times), mean.reshape(-1, channels), m2.reshape(-1, channels))
    scale = 1.0 / np.sqrt(variance + epsilon)
    factor = scale if gamma is None else scale * gamma.reshape(-1)
    shift = np.zeros_like(factor) if beta is None else beta.reshape(-1)
    own = tuple(np.tile(each.astype(x.dtype), times) for each in (mean, factor, shift))
    y = np.empty(x.shape, x.dtype)
    out = y.reshape(rows.shape)
    in_numbered_parts(lambda _, start, stop: _normalized(rows, *own, out, start, stop), len(rows), parts)
    kept = (1,) * len(axes) + x.shape[len(axes) :]
    return y, mean.astype(x.dtype).reshape(kept), variance.astype(x.dtype).reshape(kept)


def batch_norm_gradient(
    g: np.ndarray,
    x: np.ndarray,
    gamma: np.ndarray | None,
    mean: np.ndarray,
    variance: np.ndarray,
    *,
    axes: Ints,
    epsilon: float,
    wanted: Ints,
) -> Any:
    """Both sums in one pass; then one for the result."""
    if _declined(axes, g, x, gamma, mean, variance) or g.shape != x.shape:
        return NotImplemented
    rows, times = _rows(x, axes)
    gs, middle = g.reshape(rows.shape), np.tile(mean.reshape(-1), times)
    parts = parts_of(len(rows), 4 * x.size)
    totals, alongs = np.zeros((parts, rows.shape[1])), np.zeros((parts, rows.shape[1]))
    in_numbered_parts(
        lambda part, start, stop: _sums(gs, rows, middle, totals, alongs, part, start, stop), len(rows), parts
    )
    scale = 1.0 / np.sqrt(variance.reshape(-1).astype(np.float64) + epsilon)
    total = totals.reshape(-1, len(scale)).sum(axis=0)
    along = alongs.reshape(-1, len(scale)).sum(axis=0) * scale
    d_x = np.empty(x.shape, x.dtype)
    if 0 in wanted:
        count = len(rows) * times
        factor = scale if gamma is None else scale * gamma.reshape(-1)
        found = (factor, -factor * scale * along / count, -factor * total / count)
        own = [np.tile(each.astype(x.dtype), times) for each in found]
        out = d_x.reshape(rows.shape)
        in_numbered_parts(lambda _, start, stop: _back(gs, rows, middle, *own, out, start, stop), len(rows), parts)
    kind = x.dtype
    results = (d_x, along.astype(kind).reshape(mean.shape), total.astype(kind).reshape(mean.shape))
    return tuple(results[i] for i in wanted)


def _joined(count: np.ndarray, mean: np.ndarray, m2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean and the variance of several sets, from the size, the mean and the squared deviations of each."""
    total = count.sum()
    middle = (count @ mean) / total
    return middle, (m2.sum(axis=0) + count @ np.square(mean - middle)) / total


def _declined(axes: Ints, *given: np.ndarray | None) -> bool:
    """Whether another runs: for other dtypes, empty or non-contiguous arrays, and axes that do not come first."""
    return axes != (*range(len(axes)),) or any(
        x is not None and (x.dtype.char not in "fd" or not x.size or not x.flags.carray) for x in given
    )


def _rows(x: np.ndarray, axes: Ints) -> tuple[np.ndarray, int]:
    """x as rows of several places each, and their number: a power of two that divides x and fits in a row."""
    channels = math.prod(x.shape[len(axes) :])
    times = math.gcd(x.size // channels, 2 ** max((MAX_ROW // channels).bit_length() - 1, 0))
    return x.reshape(-1, times * channels), times
