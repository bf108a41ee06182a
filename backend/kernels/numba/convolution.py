"""Convolution and its gradients in tiles of results that stay in registers, without a copy of windows.

The input gradient with strides of 1 is a convolution with the kernel turned round. A depthwise one's with larger
strides meets elements one by one; a dense one's is left to the definition.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .compile import compiled
from .geometry import Ints, Windows, dense, flat, meetings, row_of, windows_of
from .lines import products, products_gradient
from .parallel import in_parts
from .recurrence import added

__all__ = ["convolution", "convolution_input_gradient", "convolution_kernel_gradient"]

# To so few channels the definition's product of all taps, then added up, wastes less: 4x112x112, 32 channels to 3 took
# 2.7 ms, tiles 3.7; 32x28x28, 32 to 1 0.8 and 1.5.
FEW_GRADIENTS = 4


def convolution(
    x: np.ndarray, kernel: np.ndarray, *, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False
) -> Any:
    """The windows' elements times the weights; depthwise, the taps of each channel, weighted."""
    over = _windows(x, kernel, x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation)
    if over is None:
        return NotImplemented
    *_, channels, out = kernel.shape
    if depthwise:
        return products(_repeated(x, out), dense(kernel).reshape(-1, 1, channels * out), over, own=True)
    return products(x, dense(kernel).reshape(-1, channels, out), over)


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
    """The cotangents that reach each element times the weights."""
    over = _windows(g, kernel, tuple(map(int, size)), kernel.shape[:-2], strides, padding, dilation)
    if over is None or over.places[5 - g.ndim :] != g.shape[1:-1] or not np.isfinite(kernel).all():
        return NotImplemented
    *_, channels, out = kernel.shape
    if depthwise:
        weights = dense(kernel).reshape(-1, 1, channels * out)
        if set(over.strides) == {1}:
            dx = products(g, weights[::-1], over.turned(), own=True)
        else:
            dx = _scattered(g, weights[:, 0], over)
        return dx if out == 1 else dx.reshape(*dx.shape[:-1], channels, out).sum(axis=-1)
    if set(over.strides) != {1} or channels <= FEW_GRADIENTS:
        return NotImplemented
    turned = dense(kernel).reshape(-1, channels, out)[::-1].swapaxes(1, 2)
    return products(g, turned, over.turned())


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
    channels = x.shape[-1]
    multiplier = g.shape[-1] // channels if depthwise else 1
    found = products_gradient(_repeated(x, multiplier), g, over, own=depthwise)
    return found.reshape(*window, channels, multiplier if depthwise else g.shape[-1])


def _repeated(x: np.ndarray, multiplier: int) -> np.ndarray:
    """Each channel so many times, side by side."""
    return x if multiplier == 1 else np.repeat(x, multiplier, axis=-1)


def _windows(
    x: np.ndarray, other: np.ndarray, sizes: Ints, window: Ints, strides: Ints, padding: str, dilation: Ints
) -> Windows | None:
    """The windows, None where the definition runs: half precision, two dtypes, empty arrays, windows of one element."""
    if x.dtype not in (np.float32, np.float64) or other.dtype != x.dtype or not x.size or not other.size:
        return None
    if math.prod(window) == 1:
        return None
    return windows_of(tuple(sizes), tuple(window), tuple(strides), tuple(dilation), padding)


def _scattered(g: np.ndarray, weights: np.ndarray, over: Windows) -> np.ndarray:
    """For each element the cotangents of the windows that meet it, times their weights (taps, channels)."""
    given = flat(g)
    dx = np.empty((len(g), math.prod(over.sizes), g.shape[-1]), g.dtype)
    met = meetings(over, inverse=True)
    in_parts(lambda a, b: _weigh(a, b, given, weights, dx, *met), len(g) * over.sizes[0] * over.sizes[1], dx.size * 2)
    return dx.reshape(len(g), *over.sizes[5 - g.ndim :], -1)


# ---- the compiled part: `start` and `stop` number rows of elements of all images


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
