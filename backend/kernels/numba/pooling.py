"""Pooling and its gradients, each row of places or of elements in one pass over its windows.

The inner loops run over the channels. Up to four taps are met together, so that a result is written once where a window
has no more. What the forward pass keeps for the gradient is the number of the first largest tap in window scan order,
one byte each, as NumPy's kernel does.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .compile import compiled
from .geometry import Ints, Windows, flat, meetings, row_of, spliced, windows_of
from .parallel import in_parts

__all__ = ["average_pool", "average_pool_gradient", "max_pool", "max_pool_gradient"]

MOST_TAPS = 255  # a byte numbers them, and 255 means none
FEW_CHANNELS = 8  # too few for vectors: to find the chosen element takes less than to ask all taps
BLOCK = 64  # channels of an image whose gradient one thread adds up


def max_pool(x: np.ndarray, *, window: Ints, strides: Ints, padding: str, residuals: bool = False) -> Any:
    """The largest elements, and the numbers of their taps."""
    over = _windows(x, x.shape[1:-1], window, strides, padding)
    if over is None:
        return NotImplemented
    y = np.empty((len(x), math.prod(over.places), x.shape[-1]), x.dtype)
    codes = np.empty(y.shape, np.uint8) if residuals else None
    given, met, shape = flat(x), meetings(over), over.shape(x, x.shape[-1])
    in_parts(lambda a, b: _largest(a, b, given, y, codes, *met), _rows(len(x), over.places), x.size)
    return (y.reshape(shape),) if codes is None else (y.reshape(shape), codes.reshape(shape))


def max_pool_gradient(
    g: np.ndarray, x: np.ndarray, kept: np.ndarray | None = None, *, window: Ints, strides: Ints, padding: str
) -> Any:
    """The cotangents of the windows that chose each element, in whole or in part."""
    over = _windows(x, x.shape[1:-1], window, strides, padding)
    if over is None or g.dtype != x.dtype:
        return NotImplemented
    if kept is None or kept.dtype != np.uint8 or kept.shape != g.shape:
        kept = max_pool(x, window=window, strides=strides, padding=padding, residuals=True)[1]
    return _back(flat(g), flat(kept), x.shape, over)


def average_pool(x: np.ndarray, *, window: Ints, strides: Ints, padding: str) -> Any:
    """The sums of the elements in each window, divided by their number."""
    over = _windows(x, x.shape[1:-1], window, strides, padding)
    if over is None:
        return NotImplemented
    y = np.empty((len(x), math.prod(over.places), x.shape[-1]), x.dtype)
    given, met = flat(x), meetings(over)
    in_parts(lambda a, b: _means(a, b, given, y, *met), _rows(len(x), over.places), x.size)
    return y.reshape(over.shape(x, x.shape[-1]))


def average_pool_gradient(g: np.ndarray, *, size: Ints, window: Ints, strides: Ints, padding: str) -> Any:
    """The cotangents of the windows that reach each element, divided by the numbers of their elements."""
    over = _windows(g, tuple(map(int, size)), window, strides, padding)
    if over is None:
        return NotImplemented
    return _back(flat(g), None, (len(g), *over.sizes[5 - g.ndim :], g.shape[-1]), over)


def _back(g: np.ndarray, codes: np.ndarray | None, shape: Ints, over: Windows) -> np.ndarray:
    """Each cotangent at its taps: written there where windows lie apart, else summed by the elements it reaches."""
    size = shape[0], math.prod(over.sizes), shape[-1]
    if codes is not None and not (over.apart() and size[2] > FEW_CHANNELS):
        dx, met = np.empty(size, g.dtype), meetings(over)
        step, before, parts = over.strides[2], over.before[2], size[0] * -(-size[2] // BLOCK)
        in_parts(lambda a, b: _chosen(a, b, g, codes, dx, step, before, *met), parts, dx.size)
    elif over.apart():
        dx, met = (np.empty if over.cover() else np.zeros)(size, g.dtype), meetings(over)
        in_parts(lambda a, b: _placed(a, b, g, codes, dx, *met), _rows(shape[0], over.places), dx.size)
    else:
        dx, met = np.empty(size, g.dtype), meetings(over, inverse=True)
        of_rows = _shares(over, g.dtype)
        in_parts(lambda a, b: _spread(a, b, g, dx, *of_rows, met.wide), _rows(shape[0], over.sizes), dx.size)
    return dx.reshape(shape)


@functools.lru_cache(64)
def _shares(over: Windows, dtype: np.dtype) -> tuple[np.ndarray, ...]:
    """For each row of elements the places at which rows of windows that meet it begin, -1 for none, and their shares.

    A place's share is 1 divided by the number of elements in its window: that of its row times that along the row.
    """
    of_deep, of_high, of_wide = (1.0 / (met >= 0).sum(axis=1) for met in meetings(over)[1:4])
    sizes, deep, high, *_ = meetings(over, inverse=True)
    a, b = deep[:, None, :, None], high[None, :, None, :]
    starts = np.where((a >= 0) & (b >= 0), (a * sizes[1] + b) * sizes[2], -1)
    shape = len(deep) * len(high), -1
    return starts.reshape(shape), (of_deep[a] * of_high[b]).astype(dtype).reshape(shape), of_wide.astype(dtype)


def _rows(images: int, sizes: Ints) -> int:
    return images * sizes[0] * sizes[1]


def _windows(x: np.ndarray, sizes: Ints, window: Ints, strides: Ints, padding: str) -> Windows | None:
    """The windows, None where NumPy's kernel or the definition runs: half precision, empty arrays, large windows."""
    if x.dtype not in (np.float32, np.float64) or not x.size or math.prod(window) > MOST_TAPS:
        return None
    return windows_of(sizes, window, strides, (1,) * len(window), padding)


# ---- the compiled parts: `start` and `stop` number rows of results of all images, for `_placed` rows of places


@spliced
def _larger(m, v):  # type: ignore[no-untyped-def]
    """Whether v is the maximum of a window in which m was so far: NaN is, always."""
    return (v > m) | (v != v)


@compiled(distinct=True)
def _largest(start, stop, x, y, codes, sizes, deep, high, wide, shift):  # type: ignore[no-untyped-def]
    most = deep.shape[1] * high.shape[1] * wide.shape[1]
    at, taps = np.empty((len(wide), most), np.int64), np.empty((len(wide), most), np.uint8)
    counts = np.empty(len(wide), np.int64)
    for row in range(start, stop):
        n, first = row // (len(deep) * len(high)), row % (len(deep) * len(high)) * len(wide)
        row_of(row, sizes, deep, high, wide, shift, at, taps, counts)
        for s in range(len(wide)):
            out, met, tap, last = y[n, first + s], at[s], taps[s], counts[s] - 1
            for i in range(0, last + 1, 4):
                j, k, p = min(i + 1, last), min(i + 2, last), min(i + 3, last)  # the last again is never larger
                x0, x1, x2, x3 = x[n, met[i]], x[n, met[j]], x[n, met[k]], x[n, met[p]]
                if codes is None:
                    for c in range(out.size):
                        m = x0[c]
                        if i > 0 and not _larger(out[c], m):
                            m = out[c]
                        v = x1[c]
                        m = v if _larger(m, v) else m
                        v = x2[c]
                        m = v if _larger(m, v) else m
                        v = x3[c]
                        out[c] = v if _larger(m, v) else m
                else:
                    code, t0, t1, t2, t3 = codes[n, first + s], tap[i], tap[j], tap[k], tap[p]
                    for c in range(out.size):
                        m, t = x0[c], t0
                        if i > 0 and not _larger(out[c], m):
                            m, t = out[c], code[c]
                        v = x1[c]
                        more = _larger(m, v)
                        m, t = (v if more else m), (t1 if more else t)
                        v = x2[c]
                        more = _larger(m, v)
                        m, t = (v if more else m), (t2 if more else t)
                        v = x3[c]
                        more = _larger(m, v)
                        out[c] = v if more else m
                        code[c] = t3 if more else t


@compiled(distinct=True)
def _placed(start, stop, g, codes, dx, sizes, deep, high, wide, shift):  # type: ignore[no-untyped-def]
    most = deep.shape[1] * high.shape[1] * wide.shape[1]
    at, taps = np.empty((len(wide), most), np.int64), np.empty((len(wide), most), np.uint8)
    counts = np.empty(len(wide), np.int64)
    zero, one = dx.dtype.type(0), dx.dtype.type(1)
    for row in range(start, stop):
        n, first = row // (len(deep) * len(high)), row % (len(deep) * len(high)) * len(wide)
        row_of(row, sizes, deep, high, wide, shift, at, taps, counts)
        for s in range(len(wide)):
            given, share = g[n, first + s], one / dx.dtype.type(counts[s])
            for i in range(counts[s]):
                out, tap = dx[n, at[s, i]], taps[s, i]
                if codes is None:
                    for c in range(out.size):
                        out[c] = given[c] * share
                else:
                    code = codes[n, first + s]
                    for c in range(out.size):
                        out[c] = given[c] if code[c] == tap else zero


@compiled(distinct=True)
def _chosen(start, stop, g, codes, dx, step, before, sizes, deep, high, wide, shift):  # type: ignore[no-untyped-def]
    """Each cotangent is added to the element chosen; `start` and `stop` number blocks of channels of all images.

    A loop over the windows that meet an element takes 5 times as long for windows of 5x5 with strides of 2, and 1.7
    times for 3x3 with strides of 1.
    """
    most = deep.shape[1] * high.shape[1] * wide.shape[1]
    bases, zero, channels = np.zeros(256, np.int64), dx.dtype.type(0), dx.shape[2]
    blocks = (channels + BLOCK - 1) // BLOCK
    for part in range(start, stop):
        n, own = part // blocks, part % blocks * BLOCK
        end, image = min(own + BLOCK, channels), dx[n].reshape(-1)
        dx[n, :, own:end] = zero
        for row in range(len(deep) * len(high)):
            d, r = row // len(high), row % len(high)
            tap = 0
            for a in range(deep.shape[1]):
                for b in range(high.shape[1]):
                    for e in range(wide.shape[1]):
                        bases[tap] = ((deep[d, a] * sizes[1] + high[r, b]) * sizes[2] + e - before) * channels
                        tap += 1
            for s in range(len(wide)):
                place, base = row * len(wide) + s, s * step * channels + own
                code, given = codes[n, place, own:end], g[n, place, own:end]
                for c in range(code.size):
                    tap = code[c]
                    there = tap < most
                    image[np.uint64(bases[tap] + base + c) if there else np.uint64(own)] += given[c] if there else zero


@compiled(distinct=True)
def _spread(start, stop, g, dx, starts, shares, of_wide, wide):  # type: ignore[no-untyped-def]
    """Means, first the cotangents of all rows of windows that meet a row of elements, then those along it."""
    line = np.empty((len(of_wide), g.shape[2]), g.dtype)
    for row in range(start, stop):
        n, r = row // len(starts), row % len(starts)
        line[:] = 0
        for k in range(starts.shape[1]):
            for q in range(len(line) if starts[r, k] >= 0 else 0):
                given, total, own = g[n, starts[r, k] + q], line[q], shares[r, k] * of_wide[q]
                for c in range(given.size):
                    total[c] += given[c] * own
        for s in range(len(wide)):
            out, met = dx[n, r * len(wide) + s], 0
            for e in range(wide.shape[1]):
                if wide[s, e] >= 0:
                    total = line[wide[s, e]]
                    for c in range(out.size):
                        out[c] = total[c] if met == 0 else out[c] + total[c]
                    met += 1
            if met == 0:
                out[:] = 0


@compiled(distinct=True)
def _means(start, stop, x, y, sizes, deep, high, wide, shift):  # type: ignore[no-untyped-def]
    most = deep.shape[1] * high.shape[1] * wide.shape[1]
    at, taps = np.empty((len(wide), most), np.int64), np.empty((len(wide), most), np.uint8)
    counts = np.empty(len(wide), np.int64)
    quarter = y.dtype.type(0.25)
    for row in range(start, stop):
        n, first = row // (len(deep) * len(high)), row % (len(deep) * len(high)) * len(wide)
        row_of(row, sizes, deep, high, wide, shift, at, taps, counts)
        for s in range(len(wide)):
            out, met, count, share = y[n, first + s], at[s], counts[s], y.dtype.type(counts[s])
            whole = count // 4 * 4
            for i in range(0, whole, 4):
                x0, x1, x2, x3 = x[n, met[i]], x[n, met[i + 1]], x[n, met[i + 2]], x[n, met[i + 3]]
                for c in range(out.size):
                    total = (x0[c] + x1[c]) + (x2[c] + x3[c])
                    if count == 4:
                        out[c] = total * quarter
                    else:
                        out[c] = total if i == 0 else out[c] + total
            for i in range(whole, count):
                x0 = x[n, met[i]]
                for c in range(out.size):
                    total = x0[c] if i == 0 else out[c] + x0[c]
                    out[c] = total / share if i + 1 == count else total
            if count > 4 and whole == count:
                for c in range(out.size):
                    out[c] /= share
