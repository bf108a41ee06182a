"""Depthwise convolution and its gradients: the taps of each channel, weighted, each row of results in one pass.

The input gradient is the same over the inverse tables.
"""

from __future__ import annotations

import math

import numpy as np

from .compile import compiled, in_parts
from .geometry import Ints, Meetings, Windows, meetings, row_of
from .recurrence import added

__all__ = ["repeated", "weighted", "weights_gradient"]


def repeated(x: np.ndarray, multiplier: int) -> np.ndarray:
    """Each channel so many times, side by side."""
    return x if multiplier == 1 else np.repeat(x, multiplier, axis=2)


def weighted(x: np.ndarray, weights: np.ndarray, met: Meetings, places: Ints) -> np.ndarray:
    """For each place the sum of the elements that its taps meet, times their weights (taps, channels)."""
    y = np.empty((len(x), math.prod(places), weights.shape[1]), x.dtype)
    rows = len(x) * places[0] * places[1]
    in_parts(lambda a, b: _weigh(a, b, x, weights, y, *met), rows, y.size * len(weights))
    return y


def weights_gradient(x: np.ndarray, g: np.ndarray, over: Windows) -> np.ndarray:
    """The sums of products of elements and cotangents, row by row, then over the rows of each thread."""
    parts: dict[int, np.ndarray] = {}
    met = meetings(over)

    def run(start: int, stop: int) -> None:
        parts[start] = np.zeros((math.prod(over.window), g.shape[2]), x.dtype)
        _weights_of_channels(start, stop, x, g, parts[start], *met)

    in_parts(run, len(x) * over.places[0] * over.places[1], g.size * math.prod(over.window))
    return total_of(parts)


def total_of(parts: dict[int, np.ndarray]) -> np.ndarray:
    """The sum of what each thread found, in the order of what they began with."""
    first, *rest = (parts[start] for start in sorted(parts))
    for part in rest:
        first += part
    return first


# ---- the compiled parts: `start` and `stop` number rows of results of all images, for weights rows of places


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
