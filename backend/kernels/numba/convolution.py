"""Convolution: the elements of windows put side by side for BLAS; depthwise convolution needs no products of matrices.

A few places at a time, so that their windows stay in the cache; NumPy copies tap by tap, in the time of the products.
The input gradient with strides of 1 is the same over the inverse tables, and so is the one of a depthwise convolution.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .compile import compiled, in_parts
from .geometry import Ints, Meetings, Windows, dense, flat, meetings, row_of, windows_of
from .recurrence import added

__all__ = ["convolution", "convolution_input_gradient", "convolution_kernel_gradient"]

# Of windows side by side: with 64 channels and 3x3 windows, blocks of 2**18, 2**20, 2**21, 2**22 bytes took 22, 20, 24,
# 31 ms, of which the product took 17 to 19; the definition took 32.
BLOCK_BYTES = 2**20
# With so few channels the definition's copies run along the image and take half of the time; with 3 they take 1 to 1.5
# times as long, but for the input gradient.
FEW_CHANNELS, FEW_GRADIENTS = 1, 4


def convolution(
    x: np.ndarray, kernel: np.ndarray, *, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False
) -> Any:
    """The windows' elements times the weights; depthwise, the taps of each channel, weighted."""
    over = _windows(x, kernel, x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation)
    if over is None:
        return NotImplemented
    *_, channels, out = kernel.shape
    if not depthwise and channels <= FEW_CHANNELS:
        return NotImplemented
    if not depthwise:
        weights = dense(kernel).reshape(-1, out)
        y = _products(flat(x), weights, _tables(over, False), math.prod(over.places))
    elif np.isfinite(kernel).all():  # a weight that is not finite makes NaN of the zeros outside of x
        given, weights = _repeated(flat(x), out), dense(kernel).reshape(-1, channels * out)
        y = _weighted(given, weights, meetings(over), over.places)
    else:
        return NotImplemented
    return y.reshape(over.shape(x, y.shape[-1]))


def convolution_input_gradient(
    g: np.ndarray,
    kernel: np.ndarray,
    *,
    size: Ints,
    strides: Ints,
    padding: str,
    dilation: Ints,
    depthwise: bool = False,
) -> Any:
    """The cotangents that reach each element, side by side, times the weights; depthwise, weighted."""
    over = _windows(g, kernel, tuple(map(int, size)), kernel.shape[:-2], strides, padding, dilation)
    if over is None or over.places[5 - g.ndim :] != g.shape[1:-1] or not np.isfinite(kernel).all():
        return NotImplemented
    *_, channels, out = kernel.shape
    if depthwise:
        weights = dense(kernel).reshape(-1, channels * out)
        dx = _weighted(flat(g), weights, meetings(over, inverse=True), over.sizes)
        dx = dx if out == 1 else dx.reshape(*dx.shape[:2], channels, out).sum(axis=-1)
    elif set(over.strides) == {1} and channels > FEW_GRADIENTS:
        weights = np.swapaxes(dense(kernel).reshape(-1, channels, out)[::-1], 1, 2).reshape(-1, channels)
        dx = _products(flat(g), weights, _tables(over, True), math.prod(over.sizes))
    else:
        return NotImplemented
    return dx.reshape(len(g), *over.sizes[5 - g.ndim :], channels)


def convolution_kernel_gradient(
    x: np.ndarray,
    g: np.ndarray,
    *,
    window: Ints,
    strides: Ints,
    padding: str,
    dilation: Ints,
    depthwise: bool = False,
) -> Any:
    """The windows' elements, transposed, times the cotangents; depthwise, their products, added up."""
    over = _windows(x, g, x.shape[1:-1], tuple(window), strides, padding, dilation)
    if over is None or over.places[5 - g.ndim :] != g.shape[1:-1]:
        return NotImplemented
    channels, out, given = x.shape[-1], g.shape[-1], flat(g)
    if depthwise:
        out //= channels
        weights = _outer(_repeated(flat(x), out), given, meetings(over), over)
    elif channels <= FEW_CHANNELS:
        return NotImplemented
    else:
        weights, given = np.zeros((math.prod(window) * channels, out), x.dtype), given.reshape(-1, out)
        for start, columns in _blocks(flat(x), _tables(over, False), len(given)):
            weights += columns.T @ given[start : start + len(columns)]
    return weights.reshape(*window, channels, out)


def _windows(
    x: np.ndarray, other: np.ndarray, sizes: Ints, window: Ints, strides: Ints, padding: str, dilation: Ints
) -> Windows | None:
    """The windows, None where the definition runs: half precision, two dtypes, empty arrays, windows of one element."""
    if x.dtype not in (np.float32, np.float64) or other.dtype != x.dtype or not x.size or not other.size:
        return None
    if math.prod(window) == 1:
        return None
    return windows_of(tuple(sizes), tuple(window), tuple(strides), tuple(dilation), padding)


def _repeated(x: np.ndarray, multiplier: int) -> np.ndarray:
    return x if multiplier == 1 else np.repeat(x, multiplier, axis=2)


@functools.lru_cache(256)
def _tables(over: Windows, inverse: bool) -> Meetings:
    """What the taps meet; of the inverse, the last tap first, so that what they meet lies in order."""
    met = meetings(over, inverse)
    if not inverse:
        return met
    deep, high, wide = (np.ascontiguousarray(m[:, ::-1]) for m in (met.deep, met.high, met.wide))
    return Meetings(met.sizes, deep, high, wide, met.shift)


def _blocks(x: np.ndarray, met: Meetings, places: int) -> Any:
    """(first place, the elements of the windows of some places side by side) for all places of all images, in turn."""
    width = math.prod(m.shape[1] for m in met[1:4]) * x.shape[2]
    step = min(max(BLOCK_BYTES // (width * x.itemsize), 64), places)
    buffer, lines = np.empty((step, width), x.dtype), x.reshape(len(x), -1)
    for start in range(0, places, step):
        columns = buffer[: min(step, places - start)]
        run = functools.partial(_fill, start, lines, columns, x.shape[2], met)
        in_parts(run, len(columns), columns.size // 4)
        yield start, columns


def _fill(
    place: int, lines: np.ndarray, columns: np.ndarray, channels: int, met: Meetings, start: int, stop: int
) -> None:
    _side_by_side(start, stop, place, lines, columns, channels, *met)


def _products(x: np.ndarray, weights: np.ndarray, met: Meetings, places: int) -> np.ndarray:
    """The windows' elements times the weights, for each place of each image."""
    y = np.empty((len(x) * places, weights.shape[1]), x.dtype)
    for start, columns in _blocks(x, met, len(y)):
        np.matmul(columns, weights, out=y[start : start + len(columns)])
    return y


def _weighted(x: np.ndarray, weights: np.ndarray, met: Meetings, places: Ints) -> np.ndarray:
    y = np.empty((len(x), math.prod(places), weights.shape[1]), x.dtype)
    rows = len(x) * places[0] * places[1]
    in_parts(lambda a, b: _weigh(a, b, x, weights, y, *met), rows, y.size * len(weights))
    return y


def _outer(x: np.ndarray, g: np.ndarray, met: Meetings, over: Windows) -> np.ndarray:
    """The sums of products of elements and cotangents, row by row, then over the rows of each thread."""
    parts: dict[int, np.ndarray] = {}

    def run(start: int, stop: int) -> None:
        parts[start] = np.zeros((math.prod(over.window), g.shape[2]), x.dtype)
        _weights_of_channels(start, stop, x, g, parts[start], *met)

    in_parts(run, len(x) * over.places[0] * over.places[1], g.size * math.prod(over.window))
    first, *rest = (parts[start] for start in sorted(parts))
    for part in rest:
        first += part
    return first


# ---- the compiled parts: `start` and `stop` number rows of results of all images, for weights rows of places


@compiled(distinct=True)
def _side_by_side(start, stop, first, x, columns, channels, sizes, deep, high, wide, shift):  # type: ignore[no-untyped-def]
    """`start` and `stop` number places, from place `first` on."""
    length = wide.shape[1] * channels
    s, row = (first + start) % len(wide), (first + start) // len(wide)
    r, d, n = row % len(high), row // len(high) % len(deep), row // (len(high) * len(deep))
    for i in range(start, stop):
        line, column = x[n], columns[i]
        inside = wide[s, 0] >= 0 and wide[s, -1] == wide[s, 0] + wide.shape[1] - 1
        for k in range(deep.shape[1] * high.shape[1]):
            a, b = deep[d, k // high.shape[1]], high[r, k % high.shape[1]]
            into = column[k * length : (k + 1) * length]
            if a < 0 or b < 0:
                into[:] = 0
            elif inside:
                place = ((a * sizes[1] + b) * sizes[2] + wide[s, 0]) * channels
                part = line[place : place + length]
                for c in range(length):
                    into[c] = part[c]
            else:
                for e in range(wide.shape[1]):
                    place = ((a * sizes[1] + b) * sizes[2] + wide[s, e]) * channels
                    for c in range(channels):
                        into[e * channels + c] = line[place + c] if wide[s, e] >= 0 else 0
        s += 1
        if s == len(wide):
            s, row = 0, row + 1
            r, d, n = row % len(high), row // len(high) % len(deep), row // (len(high) * len(deep))


@compiled(distinct=True)
def _weigh(start, stop, x, weights, y, sizes, deep, high, wide, shift):  # type: ignore[no-untyped-def]
    at, taps = np.empty((len(wide), len(weights)), np.int64), np.empty((len(wide), len(weights)), np.int64)
    counts = np.empty(len(wide), np.int64)
    for row in range(start, stop):
        n, first = row // (len(deep) * len(high)), row % (len(deep) * len(high)) * len(wide)
        row_of(row, sizes, deep, high, wide, shift, at, taps, counts)
        for s in range(len(wide)):
            out, met, tap = y[n, first + s], at[s], taps[s]
            if counts[s] == 0:
                out[:] = 0
            whole = counts[s] // 3 * 3
            for i in range(0, whole, 3):
                x0, x1, x2 = x[n, met[i]], x[n, met[i + 1]], x[n, met[i + 2]]
                w0, w1, w2 = weights[tap[i]], weights[tap[i + 1]], weights[tap[i + 2]]
                for c in range(out.size):
                    total = x0[c] * w0[c] if i == 0 else added(x0[c], w0[c], out[c])
                    out[c] = added(x2[c], w2[c], added(x1[c], w1[c], total))
            for i in range(whole, counts[s]):
                x0, w0 = x[n, met[i]], weights[tap[i]]
                for c in range(out.size):
                    out[c] = x0[c] * w0[c] if i == 0 else added(x0[c], w0[c], out[c])


@compiled(distinct=True)
def _weights_of_channels(start, stop, x, g, weights, sizes, deep, high, wide, shift):  # type: ignore[no-untyped-def]
    total = np.empty(weights.shape[1], weights.dtype)
    for row in range(start, stop):
        n, d, r = row // (len(deep) * len(high)), row // len(high) % len(deep), row % len(high)
        first = (d * len(high) + r) * len(wide)
        for tap in range(len(weights)):
            e, rest = tap % wide.shape[1], tap // wide.shape[1]
            a, b = deep[d, rest // high.shape[1]], high[r, rest % high.shape[1]]
            if a < 0 or b < 0:
                continue
            low, end, base = 0, len(wide), (a * sizes[1] + b) * sizes[2]
            while low < end and wide[low, e] < 0:
                low += 1
            while low < end and wide[end - 1, e] < 0:
                end -= 1
            total[:] = 0
            whole = low + (end - low) // 4 * 4
            for s in range(low, whole, 4):
                p, x0, x1 = first + s, x[n, base + wide[s, e]], x[n, base + wide[s + 1, e]]
                x2, x3, g0 = x[n, base + wide[s + 2, e]], x[n, base + wide[s + 3, e]], g[n, p]
                g1, g2, g3 = g[n, p + 1], g[n, p + 2], g[n, p + 3]
                for c in range(total.size):
                    one = added(x1[c], g1[c], x0[c] * g0[c])
                    total[c] += added(x3[c], g3[c], added(x2[c], g2[c], one))
            for s in range(whole, end):
                x0, g0 = x[n, base + wide[s, e]], g[n, first + s]
                for c in range(total.size):
                    total[c] += x0[c] * g0[c]
            weights[tap] += total
