"""Convolution on NumPy: the elements of windows side by side in a block that stays in the cache, one product each.

A block is copied from strided views of x, and the product is written to its place in the result. Definitions do better
where there are few channels (their copies run along the image) and where a window is one element.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ...arrays.windows import Grid, fits, grid_of, span_of

__all__ = ["convolution", "convolution_input_gradient", "convolution_kernel_gradient"]

Ints = tuple[int, ...]

# Bytes of windows side by side. 128x26x26x32, windows of 3x3, 32 channels out, one thread: 19 ms, of which the products
# take 13; the definition, which multiplies what is in memory, took 29, since BLAS then reads from outside of the cache.
BLOCK_BYTES = 2**20
# Each window is copied, whatever its product costs: with 8 channels and 16 out the definition is as fast or faster.
FEW_CHANNELS, FEW_OUTPUTS = 4, 16


def convolution(
    x: np.ndarray, kernel: np.ndarray, *, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False
) -> Any:
    """The windows times the weights, block by block."""
    sizes, window = x.shape[1:-1], kernel.shape[:-2]
    if depthwise or _declined(x, kernel, kernel.shape[-1], window) or not fits(sizes, window, dilation, padding):
        return NotImplemented
    return _product(x, kernel, grid_of(sizes, window, strides, dilation, padding))


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
    """With strides of 1 the product of g and the kernel turned round."""
    size, window = tuple(map(int, size)), kernel.shape[:-2]
    if depthwise or set(strides) != {1} or _declined(g, kernel, kernel.shape[-2], window):
        return NotImplemented
    over = grid_of(size, window, strides, dilation, padding)
    if not fits(size, window, dilation, padding) or over.places != g.shape[1:-1]:
        return NotImplemented
    before = tuple(span_of(k, d) - 1 - b for k, d, b in zip(window, dilation, over.before, strict=True))
    turned = np.swapaxes(np.flip(kernel, tuple(range(len(window)))), -1, -2)
    return _product(g, turned, over._replace(before=before, places=size))


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
    """The windows, transposed, times the cotangents, block by block."""
    window, sizes = tuple(map(int, window)), x.shape[1:-1]
    if depthwise or _declined(x, g, g.shape[-1], window) or not fits(sizes, window, dilation, padding):
        return NotImplemented
    over = grid_of(sizes, window, strides, dilation, padding)
    if over.places != g.shape[1:-1]:
        return NotImplemented
    found = np.zeros((math.prod(window) * x.shape[-1], g.shape[-1]), x.dtype)
    for key, windows in _blocks(x, over):
        found += windows.T @ g[key].reshape(-1, g.shape[-1])
    return found.reshape(*window, x.shape[-1], g.shape[-1])


def _declined(x: np.ndarray, other: np.ndarray, out: int, window: Ints) -> bool:
    """Whether the definition runs: half precision, two dtypes, empty arrays, few channels, windows of one element."""
    if x.dtype not in (np.float32, np.float64) or other.dtype != x.dtype or not x.size or not other.size:
        return True
    return x.shape[-1] <= FEW_CHANNELS or out <= FEW_OUTPUTS or math.prod(window) == 1


def _product(x: np.ndarray, kernel: np.ndarray, over: Grid) -> np.ndarray:
    """The windows of a grid times the weights: (batch, places..., out)."""
    weights, out = np.ascontiguousarray(kernel).reshape(-1, kernel.shape[-1]), kernel.shape[-1]
    y = np.empty((len(x), *over.places, out), x.dtype)
    for key, windows in _blocks(x, over):
        np.matmul(windows, weights, out=y[key].reshape(-1, out))  # a view: whole images, or rows of one
    return y


def _blocks(x: np.ndarray, over: Grid) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
    """(images and places on the first axis, the windows there side by side) for a block at a time; memory is reused."""
    width = math.prod(over.window) * x.shape[-1]
    row = math.prod(over.places[1:]) * width * x.itemsize
    rows = _parts(over.places[0], max(BLOCK_BYTES // row, 1))
    images = _parts(len(x), max(BLOCK_BYTES // (row * over.places[0]), 1))
    room = max(part.stop - part.start for part in images), max(part.stop - part.start for part in rows)
    held = np.empty((*room, *over.places[1:], *over.window, x.shape[-1]), x.dtype)
    reach = _reach(over)
    inside = not any(over.before) and all(m <= n for m, n in zip(reach, x.shape[1:-1], strict=True))
    every = _windows(x, over) if inside else None
    for image in images:
        windows = _windows(_padded(x[image], over.before, reach), over) if every is None else every[image]
        for part in rows:
            block = held[: len(windows), : part.stop - part.start]
            np.copyto(block, windows[:, part])
            yield (image, part), block.reshape(-1, width)


def _parts(count: int, most: int) -> list[slice]:
    """Slices of about equal length, of at most this many."""
    number = -(-count // most)
    cuts = [count * i // number for i in range(number + 1)]
    return [slice(start, stop) for start, stop in itertools.pairwise(cuts)]


def _reach(over: Grid) -> list[int]:
    """The elements from the first that a window meets to the last, axis by axis."""
    axes = zip(over.places, over.strides, over.window, over.dilation, strict=True)
    return [(n - 1) * s + span_of(k, d) for n, s, k, d in axes]


def _padded(x: np.ndarray, before: Ints, reach: list[int]) -> np.ndarray:
    """The elements that windows meet, with zeros outside of x."""
    whole = np.zeros((len(x), *reach, x.shape[-1]), x.dtype)
    met = x[(slice(None), *(slice(max(n - b, 0)) for n, b in zip(reach, before, strict=True)))]
    whole[(slice(None), *(slice(b, b + n) for b, n in zip(before, met.shape[1:-1], strict=True)))] = met
    return whole


def _windows(x: np.ndarray, over: Grid) -> np.ndarray:
    """A view of x: (images, places..., window..., channels)."""
    of_images, *of_axes, of_channels = x.strides
    steps = [s * step for s, step in zip(of_axes, over.strides, strict=True)]
    taps = [s * step for s, step in zip(of_axes, over.dilation, strict=True)]
    shape = (len(x), *over.places, *over.window, x.shape[-1])
    return as_strided(x, shape, (of_images, *steps, *taps, of_channels), writeable=False)
