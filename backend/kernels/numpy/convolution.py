"""Convolution on NumPy: the elements of windows side by side in a block that stays in the cache, times the weights.

A block is copied from strided views of x, and the product is written to its place in the result. Where it pays, windows
are copied along all axes but the first only: their rows then lie one after another, and one product for each tap of the
first axis reads them where they are. With few channels a block holds the elements of each tap side by side, so that
copies run along the image. Definitions do better where there are few outputs and where a window is one element.
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
# With few channels the copies run along the image. 128x28x28x1, 3x3, 32 out: 1.68 to 1.10 ms, and the kernel gradient
# 2.06 to 1.33; 4x224x224x3, 3x3, 32 out: 10.5 to 6.3, 9.3 to 8.5; 32x32x32x3, 3x3, 128 out: 3.1 to 2.3, 3.9 to 3.8.
FEW_CHANNELS, FEW_OUTPUTS = 4, 16
# OpenBLAS multiplies matrices without packing them first where m*n*k is at most this (x86-64 with AVX-512): 73728 x 288
# by 288 x 32 took 13.0 ms in one product or in blocks of 1000 rows, 9.0 in stacks of products within the limit.
PRODUCT = 10**6
# The fewest rows and columns of such a product (8 rows took 10.7 ms, and their kernel gradient 14.9), and the most
# outputs: with 64 the sums over taps cost what is saved. 128x26x26x32 as above: 13.4 ms, its input gradient 25 to 16.5,
# its kernel gradient 18.7 to 15.4.
MIN_ROWS, MIN_COLUMNS, MAX_OUTPUTS = 32, 64, 32


def convolution(
    x: np.ndarray, kernel: np.ndarray, *, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False
) -> Any:
    """The windows times the weights, block by block."""
    sizes, window, out = x.shape[1:-1], kernel.shape[:-2], kernel.shape[-1]
    if depthwise or _declined(x, kernel, out, window) or not fits(sizes, window, dilation, padding):
        return NotImplemented
    over = grid_of(sizes, window, strides, dilation, padding)
    if x.shape[-1] > FEW_CHANNELS:
        return _product(x, kernel, over)
    if not (rows := _few_rows(x, over, out)):
        return NotImplemented
    y = np.empty((len(x), *over.places, out), x.dtype)
    weights = np.ascontiguousarray(kernel).reshape(-1, out)
    for key, taps in _of_taps(x, over, rows):
        np.matmul(np.swapaxes(taps, 1, 2), weights, out=y[key].reshape(len(taps), -1, out))
    return y


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
    few = g.shape[-1] <= FEW_CHANNELS
    if depthwise or few or set(strides) != {1} or _declined(g, kernel, kernel.shape[-2], window):
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
    out = g.shape[-1]
    if x.shape[-1] <= FEW_CHANNELS:
        if not (rows := _few_rows(x, over, out)):
            return NotImplemented
        whole = np.zeros((math.prod(window) * x.shape[-1], out), x.dtype)
        for key, elements in _of_taps(x, over, rows):
            whole += np.add.reduce(np.matmul(elements, g[key].reshape(len(elements), -1, out)), axis=0)
        return whole.reshape(*window, x.shape[-1], out)
    if rows := _rows(x, over, out):
        taps = np.zeros((window[0], math.prod(window[1:]) * x.shape[-1], out), x.dtype)
        for key, strips in _strips(x, over, rows):
            given = g[key].reshape(len(strips[0]), -1, out)
            for total, strip in zip(taps, strips, strict=True):
                total += np.add.reduce(np.matmul(np.swapaxes(strip, 1, 2), given), axis=0)
        return taps.reshape(*window, x.shape[-1], out)
    found = np.zeros((math.prod(window) * x.shape[-1], out), x.dtype)
    for key, windows in _blocks(x, over):
        found += windows.T @ g[key].reshape(-1, out)
    return found.reshape(*window, x.shape[-1], out)


def _declined(x: np.ndarray, other: np.ndarray, out: int, window: Ints) -> bool:
    """Whether the definition runs: half precision, two dtypes, empty arrays, few outputs, windows of one element."""
    if x.dtype not in (np.float32, np.float64) or other.dtype != x.dtype or not x.size or not other.size:
        return True
    return out <= FEW_OUTPUTS or math.prod(window) == 1


def _product(x: np.ndarray, kernel: np.ndarray, over: Grid) -> np.ndarray:
    """The windows of a grid times the weights: (batch, places..., out)."""
    out = kernel.shape[-1]
    y = np.empty((len(x), *over.places, out), x.dtype)
    if rows := _rows(x, over, out):
        first, *others = np.ascontiguousarray(kernel).reshape(over.window[0], -1, out)
        held = np.empty(0, x.dtype)
        for key, strips in _strips(x, over, rows):
            target = y[key].reshape(len(strips[0]), -1, out)  # a view: rows of each image
            held = held if held.size >= target.size else np.empty(target.size, x.dtype)
            more = held[: target.size].reshape(target.shape)
            np.matmul(strips[0], first, out=target)
            for strip, weights in zip(strips[1:], others, strict=True):
                np.add(target, np.matmul(strip, weights, out=more), out=target)
        return y
    weights = np.ascontiguousarray(kernel).reshape(-1, out)
    for key, windows in _blocks(x, over):
        np.matmul(windows, weights, out=y[key].reshape(-1, out))  # a view: whole images, or rows of one
    return y


def _rows(x: np.ndarray, over: Grid, out: int) -> int:
    """How many rows of places one product takes where taps of the first axis are products of their own; 0 otherwise."""
    columns, places = math.prod(over.window[1:]) * x.shape[-1], math.prod(over.places[1:])
    most = PRODUCT // (columns * out)
    small = over.window[0] == 1 or columns < MIN_COLUMNS or over.places[0] * places < MIN_ROWS
    return 0 if over.strides[0] != 1 or small or out > MAX_OUTPUTS or most < MIN_ROWS else most // places


def _strips(x: np.ndarray, over: Grid, rows: int) -> Iterator[tuple[tuple[slice, slice], list[np.ndarray]]]:
    """(images and places on the first axis, what each of its taps multiplies) for a block; memory is reused."""
    places, step = math.prod(over.places[1:]), over.dilation[0]
    columns, halo = math.prod(over.window[1:]) * x.shape[-1], span_of(over.window[0], step) - 1
    of_row = places * columns * x.itemsize
    slabs = _parts(over.places[0], max(BLOCK_BYTES // of_row - halo, halo, 1))
    images = _parts(len(x), max(BLOCK_BYTES // (of_row * (over.places[0] + halo)), 1))
    flat = over._replace(places=(over.places[0] + halo, *over.places[1:]), window=(1, *over.window[1:]))
    room = max(part.stop - part.start for part in images), max(slab.stop - slab.start for slab in slabs) + halo
    held = np.empty((*room, *over.places[1:], *flat.window, x.shape[-1]), x.dtype)
    views: dict[Ints, tuple[np.ndarray, list[tuple[slice, list[np.ndarray]]]]] = {}
    for image, windows in _by_images(x, over, flat, images):
        for slab in slabs:
            size = len(windows), slab.stop - slab.start
            if size not in views:
                block = held[: size[0], : size[1] + halo]
                lines = block.reshape(*block.shape[:2], places, columns)
                parts = [(part, _taps(lines, part, halo, step)) for part in _parts(size[1], rows)]
                views[size] = block, parts
            block, parts = views[size]
            np.copyto(block, windows[:, slab.start : slab.stop + halo])
            for part, taps in parts:
                yield (image, slice(slab.start + part.start, slab.start + part.stop)), taps


def _taps(lines: np.ndarray, part: slice, halo: int, step: int) -> list[np.ndarray]:
    """What each tap of the first axis multiplies at places of a part: views (images, places, columns)."""
    taps = (lines[:, part.start + i : part.stop + i] for i in range(0, halo + 1, step))
    return [tap.reshape(len(lines), -1, lines.shape[-1]) for tap in taps]


def _few_rows(x: np.ndarray, over: Grid, out: int) -> int:
    """How many rows of places one product of few channels takes within BLAS's limit; 0 where the definition runs."""
    most = PRODUCT // (math.prod(over.window) * x.shape[-1] * out)
    return most // math.prod(over.places[1:])


def _of_taps(x: np.ndarray, over: Grid, rows: int) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
    """(images and places on the first axis, (images, taps and channels, places)) for a block; memory is reused."""
    width, places = math.prod(over.window) * x.shape[-1], math.prod(over.places[1:])
    slabs = _parts(over.places[0], rows)
    most = max(slab.stop - slab.start for slab in slabs) * places * width
    images = _parts(len(x), max(BLOCK_BYTES // (most * x.itemsize), 1))
    held = np.empty(max(image.stop - image.start for image in images) * most, x.dtype)
    ndim = len(over.places)
    order = (0, *range(1 + ndim, 2 + 2 * ndim), *range(1, 1 + ndim))
    for image, windows in _by_images(x, over, over, images):
        for slab in slabs:
            given = windows[:, slab].transpose(order)
            block = held[: given.size].reshape(given.shape)
            np.copyto(block, given)
            yield (image, slab), block.reshape(len(block), width, -1)


def _by_images(x: np.ndarray, over: Grid, seen: Grid, images: list[slice]) -> Iterator[tuple[slice, np.ndarray]]:
    """The windows of the grid `seen` in what those of `over` meet, some images at a time; with zeros outside of x."""
    reach, sizes = _reach(over), x.shape[1:-1]
    if not any(over.before) and all(m <= n for m, n in zip(reach, sizes, strict=True)):
        every = _windows(x, seen)
        yield from ((image, every[image]) for image in images)
        return
    room = np.zeros((max(image.stop - image.start for image in images), *reach, x.shape[-1]), x.dtype)
    every = _windows(room, seen)
    axes = list(zip(reach, over.before, sizes, strict=True))
    met = tuple(slice(max(min(n - b, size), 0)) for n, b, size in axes)
    inner = tuple(slice(b, b + part.stop) for (_, b, _), part in zip(axes, met, strict=True))
    for image in images:
        count = image.stop - image.start
        room[(slice(count), *inner)] = x[(image, *met)]
        yield image, every[:count]


def _blocks(x: np.ndarray, over: Grid) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
    """(images and places on the first axis, the windows there side by side) for a block at a time; memory is reused."""
    width = math.prod(over.window) * x.shape[-1]
    row = math.prod(over.places[1:]) * width * x.itemsize
    rows = _parts(over.places[0], max(BLOCK_BYTES // row, 1))
    images = _parts(len(x), max(BLOCK_BYTES // (row * over.places[0]), 1))
    room = max(part.stop - part.start for part in images), max(part.stop - part.start for part in rows)
    held = np.empty((*room, *over.places[1:], *over.window, x.shape[-1]), x.dtype)
    for image, windows in _by_images(x, over, over, images):
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


def _windows(x: np.ndarray, over: Grid) -> np.ndarray:
    """A view of x: (images, places..., window..., channels)."""
    of_images, *of_axes, of_channels = x.strides
    steps = [s * step for s, step in zip(of_axes, over.strides, strict=True)]
    taps = [s * step for s, step in zip(of_axes, over.dilation, strict=True)]
    shape = (len(x), *over.places, *over.window, x.shape[-1])
    return as_strided(x, shape, (of_images, *steps, *taps, of_channels), writeable=False)
