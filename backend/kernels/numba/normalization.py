"""Batch normalization and its gradient in two passes over memory: statistics block by block, then the result.

Rows of few channels are several places each, so that inner loops are long. A block's mean and squared deviations are
found while it is in the cache and joined with those before it in float64 (Chan, Golub, LeVeque 1979).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .compile import compiled
from .parallel import in_numbered_parts, parts_of

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


@compiled(distinct=True)
def _settled(count, means, m2, gamma, beta, epsilon, mean, variance, own):  # type: ignore[no-untyped-def]
    """Mean and variance from those of the parts; in `own` the mean, the factor and the shift of each place of a row."""
    parts, width = means.shape
    channels = np.uint64(len(mean))
    total = count.sum() * (width // len(mean))
    for c in range(channels):
        middle = squares = 0.0
        for part in range(parts):
            for j in range(c, np.uint64(width), channels):
                middle += count[part] * means[part, j]
        middle /= total
        for part in range(parts):
            for j in range(c, np.uint64(width), channels):
                d = means[part, j] - middle
                squares += m2[part, j] + count[part] * d * d
        factor = 1.0 / np.sqrt(squares / total + epsilon)
        if gamma is not None:
            factor *= gamma[c]
        mean[c], variance[c] = middle, squares / total
        for j in range(c, np.uint64(width), channels):
            own[0, j], own[1, j], own[2, j] = middle, factor, 0.0 if beta is None else beta[c]


@compiled(distinct=True)
def _shares(totals, alongs, gamma, variance, epsilon, count, own, d_gamma, d_beta):  # type: ignore[no-untyped-def]
    """The gradients of gamma and beta; in `own` what each place of a row takes of g, of x and by itself."""
    parts, width = totals.shape
    channels = np.uint64(len(d_beta))
    for c in range(channels):
        scale, total, along = 1.0 / np.sqrt(np.float64(variance[c]) + epsilon), 0.0, 0.0
        for part in range(parts):
            for j in range(c, np.uint64(width), channels):
                total += totals[part, j]
                along += alongs[part, j]
        along *= scale
        d_gamma[c], d_beta[c] = along, total
        factor = scale if gamma is None else scale * gamma[c]
        for j in range(c, np.uint64(width), channels):
            own[0, j], own[1, j], own[2, j] = factor, -factor * scale * along / count, -factor * total / count


def batch_norm(x: np.ndarray, gamma: np.ndarray | None, beta: np.ndarray | None, *, axes: Ints, epsilon: float) -> Any:
    """Means and variances by parts of the rows, joined; then one pass for the result."""
    if _declined(axes, x, gamma, beta):
        return NotImplemented
    rows, times = _rows(x, axes)
    width, kept = rows.shape[1], x.shape[len(axes) :]
    parts = parts_of(len(rows), 4 * x.size)
    count, means, m2 = np.zeros(parts), np.zeros((parts, width)), np.zeros((parts, width))
    in_numbered_parts(lambda part, a, b: _statistics(rows, count, means, m2, part, a, b), len(rows), parts)
    mean, variance = np.empty(width // times, x.dtype), np.empty(width // times, x.dtype)
    own = np.empty((3, width), x.dtype)
    _settled(count, means, m2, _flat(gamma), _flat(beta), epsilon, mean, variance, own)
    y = np.empty(x.shape, x.dtype)
    out = y.reshape(rows.shape)
    in_numbered_parts(lambda _, a, b: _normalized(rows, own[0], own[1], own[2], out, a, b), len(rows), parts)
    shape = (1,) * len(axes) + kept
    return y, mean.reshape(shape), variance.reshape(shape)


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
    gs, width, means = g.reshape(rows.shape), rows.shape[1], mean.reshape(-1)
    middle = means if times == 1 else np.concatenate([means] * times)
    parts = parts_of(len(rows), 4 * x.size)
    totals, alongs = np.zeros((parts, width)), np.zeros((parts, width))
    in_numbered_parts(lambda part, a, b: _sums(gs, rows, middle, totals, alongs, part, a, b), len(rows), parts)
    own = np.empty((3, width), x.dtype)
    count, d_gamma, d_beta = len(rows) * times, np.empty(mean.shape, x.dtype), np.empty(mean.shape, x.dtype)
    _shares(totals, alongs, _flat(gamma), _flat(variance), epsilon, count, own, _flat(d_gamma), _flat(d_beta))
    results = [None, d_gamma, d_beta]
    if 0 in wanted:
        results[0] = d_x = np.empty(x.shape, x.dtype)
        out = d_x.reshape(rows.shape)
        in_numbered_parts(lambda _, a, b: _back(gs, rows, middle, own[0], own[1], own[2], out, a, b), len(rows), parts)
    return tuple(results[i] for i in wanted)


def _flat(x: np.ndarray | None) -> Any:
    return None if x is None else x.reshape(-1)


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
