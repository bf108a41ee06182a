"""Pooling and its gradients, each row of places or of elements in one pass over its windows.

Arrays lie as (images, pixels, channels), the spatial axes in one; the inner loops run over the channels. Up to four taps
are met together, so that a result is written once where a window has no more. What the forward pass keeps for the
gradient is the number of the first largest tap in window scan order, one byte each, as NumPy's kernel does.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .compile import compiled, in_parts
from .geometry import Ints, Windows, dense, spliced, windows_of

__all__ = ["average_pool", "average_pool_gradient", "max_pool", "max_pool_gradient"]

MOST_TAPS = 255  # a byte numbers them, and 255 means none


def max_pool(x: np.ndarray, *, window: Ints, strides: Ints, padding: str, residuals: bool = False) -> Any:
    """The largest elements, and the numbers of their taps."""
    over = _windows(x, x.shape[1:-1], window, strides, padding)
    if over is None:
        return NotImplemented
    y = np.empty((x.shape[0], math.prod(over.places), x.shape[-1]), x.dtype)
    codes = np.empty(y.shape, np.uint8) if residuals else None
    flat = dense(x).reshape(x.shape[0], -1, x.shape[-1])
    in_parts(lambda a, b: _largest(a, b, flat, y, codes, *over), x.shape[0] * math.prod(over.places[:2]), x.size)
    shape = over.shape(x)
    return (y.reshape(shape),) if codes is None else (y.reshape(shape), codes.reshape(shape))


def max_pool_gradient(
    g: np.ndarray, x: np.ndarray, kept: np.ndarray | None = None, *, window: Ints, strides: Ints, padding: str
) -> Any:
    """Each cotangent at its tap: written there where windows lie apart, else summed by the elements that it reaches."""
    over = _windows(x, x.shape[1:-1], window, strides, padding)
    if over is None or g.dtype != x.dtype:
        return NotImplemented
    if kept is None or kept.dtype != np.uint8 or kept.shape != g.shape:
        kept = max_pool(x, window=window, strides=strides, padding=padding, residuals=True)[1]
    return _back(g, kept, x.shape, over).reshape(x.shape)


def average_pool(x: np.ndarray, *, window: Ints, strides: Ints, padding: str) -> Any:
    """The sums of the elements in each window, divided by their number."""
    over = _windows(x, x.shape[1:-1], window, strides, padding)
    if over is None:
        return NotImplemented
    y = np.empty((x.shape[0], math.prod(over.places), x.shape[-1]), x.dtype)
    flat = dense(x).reshape(x.shape[0], -1, x.shape[-1])
    in_parts(lambda a, b: _means(a, b, flat, y, *over), x.shape[0] * math.prod(over.places[:2]), x.size)
    return y.reshape(over.shape(x))


def average_pool_gradient(g: np.ndarray, *, size: Ints, window: Ints, strides: Ints, padding: str) -> Any:
    """The cotangents of the windows that reach each element, divided by the numbers of their elements."""
    over = _windows(g, size, window, strides, padding)
    if over is None:
        return NotImplemented
    shape = g.shape[0], *size, g.shape[-1]
    return _back(g, None, shape, over).reshape(shape)


def _back(g: np.ndarray, codes: np.ndarray | None, shape: Ints, over: Windows) -> np.ndarray:
    """Each cotangent at its tap: written there where windows lie apart, else summed by the elements that it reaches."""
    given = shape[0], math.prod(over.places), shape[-1]
    g, codes = dense(g).reshape(given), None if codes is None else dense(codes).reshape(given)
    size = shape[0], math.prod(over.sizes), shape[-1]
    if all(k <= s for k, s in zip(over.window, over.strides, strict=True)):
        dx = (np.empty if over.covers() else np.zeros)(size, g.dtype)
        in_parts(lambda a, b: _placed(a, b, g, codes, dx, *over), size[0] * math.prod(over.places[:2]), dx.size)
    else:
        dx = np.empty(size, g.dtype)
        in_parts(lambda a, b: _gathered(a, b, g, codes, dx, *over), size[0] * math.prod(over.sizes[:2]), dx.size)
    return dx


def _windows(x: np.ndarray, sizes: Ints, window: Ints, strides: Ints, padding: str) -> Windows | None:
    """The windows, None where NumPy's kernel or the definition runs: half precision, empty arrays, large windows."""
    if x.dtype not in (np.float32, np.float64) or not x.size or math.prod(window) > MOST_TAPS:
        return None
    return windows_of(sizes, window, strides, (1,) * len(window), padding)


# ---- the compiled parts. `start` and `stop` number rows of places (`_gathered`: of elements) of all images.


@spliced
def _met(s, count, d0, r0, sizes, window, stride, before, at, taps):  # type: ignore[no-untyped-def]
    """The elements in the window at place s of a row, given those of the place before, and the taps; their count."""
    s0 = s * stride - before[2]
    if s and s0 >= stride and s0 + window[2] <= sizes[2]:  # whole, as the one before
        for i in range(count):
            at[i] += stride
        return count
    count = 0
    for a in range(max(-d0, 0), min(window[0], sizes[0] - d0)):
        for b in range(max(-r0, 0), min(window[1], sizes[1] - r0)):
            for e in range(max(-s0, 0), min(window[2], sizes[2] - s0)):
                at[count] = ((d0 + a) * sizes[1] + r0 + b) * sizes[2] + s0 + e
                taps[count] = (a * window[1] + b) * window[2] + e
                count += 1
    return count


@spliced
def _origin(line, places, strides, before):  # type: ignore[no-untyped-def]
    """Where the windows of a row of places begin on the first two axes."""
    d, r = line // places[1] % places[0], line % places[1]
    return d * strides[0] - before[0], r * strides[1] - before[1]


@spliced
def _reach(i, window, stride, before, places):  # type: ignore[no-untyped-def]
    """The first place along an axis whose window reaches element i, and the stop of these places."""
    i += before
    return (max(i - window + 1, 0) + stride - 1) // stride, min(i // stride + 1, places)


@spliced
def _extent(place, size, window, stride, before):  # type: ignore[no-untyped-def]
    """The number of elements in a window along one axis."""
    start = place * stride - before
    return min(start + window, size) - max(start, 0)


@spliced
def _larger(m, v):  # type: ignore[no-untyped-def]
    """Whether v is the maximum of a window in which m was so far: NaN is, always."""
    return (v > m) | (v != v)


@spliced
def _maxima(x0, x1, x2, x3, out, further):  # type: ignore[no-untyped-def]
    """The largest of four elements for each channel, and of what `out` has, where there is something."""
    for c in range(out.size):
        m = x0[c]
        if further and not _larger(out[c], m):
            m = out[c]
        v = x1[c]
        m = v if _larger(m, v) else m
        v = x2[c]
        m = v if _larger(m, v) else m
        v = x3[c]
        out[c] = v if _larger(m, v) else m


@spliced
def _numbered(x0, x1, x2, x3, out, code, taps, further):  # type: ignore[no-untyped-def]
    """The same, and the number of the first of the largest."""
    t0, t1, t2, t3 = taps[0], taps[1], taps[2], taps[3]
    for c in range(out.size):
        m, t = x0[c], t0
        if further and not _larger(out[c], m):
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
def _largest(start, stop, x, y, codes, sizes, places, window, strides, before):  # type: ignore[no-untyped-def]
    at = np.empty(window[0] * window[1] * window[2] + 3, np.int64)
    taps = np.empty(at.size, np.uint8)
    for line in range(start, stop):
        n, first = line // (places[0] * places[1]), line % (places[0] * places[1]) * places[2]
        d0, r0 = _origin(line, places, strides, before)
        count = 0
        for s in range(places[2]):
            count = _met(s, count, d0, r0, sizes, window, strides[2], before, at, taps)
            for i in range(count, count + 3):  # the last tap again is never larger
                at[i], taps[i] = at[count - 1], taps[count - 1]
            for i in range(0, count, 4):
                x0, x1, x2, x3 = x[n, at[i]], x[n, at[i + 1]], x[n, at[i + 2]], x[n, at[i + 3]]
                if codes is None:
                    _maxima(x0, x1, x2, x3, y[n, first + s], i > 0)
                else:
                    _numbered(x0, x1, x2, x3, y[n, first + s], codes[n, first + s], taps[i:], i > 0)


@compiled(distinct=True)
def _placed(start, stop, g, codes, dx, sizes, places, window, strides, before):  # type: ignore[no-untyped-def]
    at = np.empty(window[0] * window[1] * window[2], np.int64)
    taps = np.empty(at.size, np.uint8)
    zero = dx.dtype.type(0)
    for line in range(start, stop):
        n, first = line // (places[0] * places[1]), line % (places[0] * places[1]) * places[2]
        d0, r0 = _origin(line, places, strides, before)
        count = 0
        for s in range(places[2]):
            given = g[n, first + s]
            count = _met(s, count, d0, r0, sizes, window, strides[2], before, at, taps)
            share = dx.dtype.type(1) / dx.dtype.type(count)
            for i in range(count):
                out, tap = dx[n, at[i]], taps[i]
                if codes is None:
                    for c in range(out.size):
                        out[c] = given[c] * share
                else:
                    code = codes[n, first + s]
                    for c in range(out.size):
                        out[c] = given[c] if code[c] == tap else zero


@spliced
def _chosen(g, codes, at, taps, i, out):  # type: ignore[no-untyped-def]
    """Set or add the cotangents of two places to an element: those that chose it."""
    zero = out.dtype.type(0)
    g0, g1, c0, c1, t0, t1 = g[at[i]], g[at[i + 1]], codes[at[i]], codes[at[i + 1]], taps[i], taps[i + 1]
    for c in range(out.size):
        total = (g0[c] if c0[c] == t0 else zero) + (g1[c] if c1[c] == t1 else zero)
        out[c] = total if i == 0 else out[c] + total


@spliced
def _divided(g, at, shares, i, out):  # type: ignore[no-untyped-def]
    """Set or add the shares of an element in the cotangents of two places."""
    g0, g1, p0, p1 = g[at[i]], g[at[i + 1]], shares[i], shares[i + 1]
    for c in range(out.size):
        total = g0[c] * p0 + g1[c] * p1
        out[c] = total if i == 0 else out[c] + total


@compiled(distinct=True)
def _gathered(start, stop, g, codes, dx, sizes, places, window, strides, before):  # type: ignore[no-untyped-def]
    at = np.zeros(window[0] * window[1] * window[2] + 1, np.int64)
    taps, shares = np.empty(at.size, np.uint8), np.zeros(at.size, dx.dtype)
    for line in range(start, stop):
        n, first = line // (sizes[0] * sizes[1]), line % (sizes[0] * sizes[1]) * sizes[2]
        d, r = line // sizes[1] % sizes[0], line % sizes[1]
        d_first, d_stop = _reach(d, window[0], strides[0], before[0], places[0])
        r_first, r_stop = _reach(r, window[1], strides[1], before[1], places[1])
        s_first, s_stop = 0, 0
        for s in range(sizes[2]):
            while s_stop < places[2] and s_stop * strides[2] <= s + before[2]:
                s_stop += 1
            while s_first * strides[2] + window[2] <= s + before[2]:
                s_first += 1
            count = 0
            for a in range(d_first, d_stop):
                n0 = _extent(a, sizes[0], window[0], strides[0], before[0])
                for b in range(r_first, r_stop):
                    n1 = _extent(b, sizes[1], window[1], strides[1], before[1])
                    number = (d + before[0] - a * strides[0]) * window[1] + r + before[1] - b * strides[1]
                    number = number * window[2] + s + before[2]
                    for e in range(s_first, s_stop):
                        at[count] = (a * places[1] + b) * places[2] + e
                        if codes is None:
                            n2 = _extent(e, sizes[2], window[2], strides[2], before[2])
                            shares[count] = dx.dtype.type(1) / dx.dtype.type(n0 * n1 * n2)
                        else:
                            taps[count] = number - e * strides[2]
                        count += 1
            out = dx[n, first + s]
            if count == 0:
                out[:] = 0
            taps[count], shares[count] = MOST_TAPS, 0  # it adds zeros where the count is odd
            for i in range(0, count, 2):
                if codes is None:
                    _divided(g[n], at, shares, i, out)
                else:
                    _chosen(g[n], codes[n], at, taps, i, out)


@compiled(distinct=True)
def _means(start, stop, x, y, sizes, places, window, strides, before):  # type: ignore[no-untyped-def]
    at = np.zeros(window[0] * window[1] * window[2] + 3, np.int64)
    taps = np.empty(at.size, np.uint8)
    quarter = y.dtype.type(0.25)
    for line in range(start, stop):
        n, first = line // (places[0] * places[1]), line % (places[0] * places[1]) * places[2]
        d0, r0 = _origin(line, places, strides, before)
        count = 0
        for s in range(places[2]):
            count = _met(s, count, d0, r0, sizes, window, strides[2], before, at, taps)
            out, share = y[n, first + s], y.dtype.type(count)
            whole = count // 4 * 4
            for i in range(0, whole, 4):
                x0, x1, x2, x3 = x[n, at[i]], x[n, at[i + 1]], x[n, at[i + 2]], x[n, at[i + 3]]
                for c in range(out.size):
                    total = (x0[c] + x1[c]) + (x2[c] + x3[c])
                    if count == 4:
                        out[c] = total * quarter
                    else:
                        out[c] = total if i == 0 else out[c] + total
            for i in range(whole, count):
                x0 = x[n, at[i]]
                for c in range(out.size):
                    total = x0[c] if i == 0 else out[c] + x0[c]
                    out[c] = total / share if i + 1 == count else total
            if count > 4 and whole == count:
                for c in range(out.size):
                    out[c] /= share
