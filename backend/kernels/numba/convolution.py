"""Convolution without a copy of its windows: tiles of results in registers, from rows of x as they lie.

Where windows reach outside of x, a few rows at a time are copied with zeros around them. The input gradient with
strides of 1 is the same over the kernel turned round. NumPy's kernel or the definition runs for channels that do not
fill vectors.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .compile import compiled, in_parts, inline
from .depthwise import repeated, total_of, weighted, weights_gradient
from .geometry import Ints, Windows, dense, flat, meetings, windows_of
from .tiles import Tile, tile_of, tiled, vectors_of

__all__ = ["convolution", "convolution_input_gradient", "convolution_kernel_gradient"]

ROWS_BYTES = 2**17  # of rows of x that a part of the work reads: half of a level-2 cache or less
LEAST_PARTS = 8  # for threads to share
# Bytes of weights from which those of a tile are put side by side, so that caches hold them, and places for which it pays.
PACKED, PLACES = 2**18, 128
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
    if not depthwise:
        return _products(x, dense(kernel).reshape(-1, channels, out), over)
    if not np.isfinite(kernel).all():  # a weight that is not finite makes NaN of the zeros outside of x
        return NotImplemented
    y = weighted(repeated(flat(x), out), dense(kernel).reshape(-1, channels * out), meetings(over), over.places)
    return y.reshape(over.shape(x, channels * out))


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
        weights = dense(kernel).reshape(-1, channels * out)
        dx = weighted(flat(g), weights, meetings(over, inverse=True), over.sizes)
        dx = dx if out == 1 else dx.reshape(*dx.shape[:2], channels, out).sum(axis=-1)
        return dx.reshape(len(g), *over.sizes[5 - g.ndim :], channels)
    if set(over.strides) != {1} or channels <= FEW_GRADIENTS:
        return NotImplemented
    turned = dense(kernel).reshape(-1, channels, out)[::-1].swapaxes(1, 2)
    return _products(g, turned, over.turned())


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
    channels, out = x.shape[-1], g.shape[-1]
    if depthwise:
        found = weights_gradient(repeated(flat(x), out // channels), flat(g), over)
        return found.reshape(*window, channels, out // channels)
    width, filled = vectors_of(out, x.itemsize)
    lines, taps, rows = _lines(over, channels, filled, len(x), x.itemsize)
    run, parts = _gradient(tile_of(lines.length, filled, width, apart=False)), {}
    given, cotangents = _images(x), _images(_filled(g, filled))

    def part(start: int, stop: int) -> None:
        parts[start] = np.zeros(math.prod(window) * channels * filled, x.dtype)
        run(start, stop, given, cotangents, parts[start], taps, rows, lines)

    in_parts(part, lines.parts(len(x)), g.size * len(taps) * lines.length // width)
    return dense(total_of(parts).reshape(*window, channels, filled)[..., :out])


def _windows(
    x: np.ndarray, other: np.ndarray, sizes: Ints, window: Ints, strides: Ints, padding: str, dilation: Ints
) -> Windows | None:
    """The windows, None where the definition runs: half precision, two dtypes, empty arrays, windows of one element."""
    if x.dtype not in (np.float32, np.float64) or other.dtype != x.dtype or not x.size or not other.size:
        return None
    if math.prod(window) == 1:
        return None
    return windows_of(tuple(sizes), tuple(window), tuple(strides), tuple(dilation), padding)


class Lines(NamedTuple):
    """How the rows that windows meet lie, in elements: those of x, or those of copies with zeros around them."""

    copied: int  # 1 where they are copied
    deep: int  # the planes of x, and the rows of one
    high: int
    row: int  # the elements of a row of x, of a copy, and of the zeros that begin it
    line: int
    zeros: int
    planes: int  # that a window meets, how far apart they lie, the planes from window to window, and those before x
    plane_step: int
    deep_step: int
    before_planes: int
    span: int  # the rows of x in a part, the rows from window to window, and those before x
    high_step: int
    before_rows: int
    places_deep: int
    places_high: int
    places_wide: int
    rows: int  # of places in a part
    step: int  # from place to place
    length: int  # of the elements that lie side by side in a window
    out: int

    def parts(self, images: int) -> int:
        """The parts of the work: some rows of places each."""
        return images * self.places_deep * -(-self.places_high // self.rows)


@functools.lru_cache(256)
def _lines(over: Windows, channels: int, out: int, images: int, itemsize: int) -> tuple[Lines, np.ndarray, np.ndarray]:
    """The rows, where the segments of a window lie from its first element on, and where the rows of windows do."""
    (deep, high, wide), (kd, kh, kw), (dd, dh, dw) = over.sizes, over.window, over.dilation
    axes = list(zip(over.places, over.strides, over.window, over.dilation, strict=True))
    reach = [(p - 1) * s + (k - 1) * d + 1 for p, s, k, d in axes]
    copied = any(over.before) or any(r > n for r, n in zip(reach, over.sizes, strict=True))
    line = (reach[2] if copied else wide) * channels
    halo = (kh - 1) * dh
    most = (ROWS_BYTES // (line * itemsize * kd) - halo - 1) // over.strides[1] + 1
    rows = max(min(most, over.places[1], images * over.places[0] * over.places[1] // LEAST_PARTS), 1)
    span = (rows - 1) * over.strides[1] + halo + 1
    side, length = (1, kw * channels) if dw == 1 else (kw, channels)
    planes = span * line if copied else dd * high * line
    offsets = (
        np.add.outer(np.arange(kd) * planes, np.arange(kh) * dh * line)[..., None] + np.arange(side) * dw * channels
    )
    lines = Lines(
        int(copied), deep, high, wide * channels, line, over.before[2] * channels, kd, dd, over.strides[0],
        over.before[0], span, over.strides[1], over.before[1], *over.places, rows, over.strides[2] * channels, length, out,
    )  # fmt: skip
    return lines, offsets.reshape(-1), np.arange(rows) * over.strides[1] * line


def _images(x: np.ndarray) -> np.ndarray:
    return dense(x).reshape(len(x), -1)


def _filled(x: np.ndarray, channels: int) -> np.ndarray:
    """x with zeros for the channels that it lacks."""
    lacking = channels - x.shape[-1]
    return np.concatenate([x, np.zeros((*x.shape[:-1], lacking), x.dtype)], axis=-1) if lacking else x


def _products(x: np.ndarray, weights: np.ndarray, over: Windows) -> np.ndarray:
    """The windows' elements times the weights (taps, channels, out), for each place of each image."""
    own = weights.shape[-1]
    width, out = vectors_of(own, x.itemsize)
    lines, taps, _ = _lines(over, x.shape[-1], out, len(x), x.itemsize)
    tile, y = tile_of(over.places[2], out, width, apart=True), np.empty(over.shape(x, out), x.dtype)
    columns, block, weights = out, tile.vectors * width, _filled(weights, out)
    if block < out and weights.nbytes > PACKED and y.size > PLACES * out:
        weights = weights.reshape(*weights.shape[:2], -1, block).transpose(2, 0, 1, 3)
        columns, block = block, weights[0].size
    packed, zeros = dense(weights).reshape(-1), np.zeros(out, x.dtype)
    run, given, found = _forward(tile), _images(x), _images(y)

    def part(start: int, stop: int) -> None:
        run(start, stop, given, packed, columns, block, zeros, found, taps, lines)

    in_parts(part, lines.parts(len(x)), y.size * len(taps) * lines.length // width)
    return dense(y[..., :own])


# ---- the compiled parts: `start` and `stop` number parts of the work, of all images


@inline
def _place(part, lines):  # type: ignore[no-untyped-def]
    """The image, the plane of places and the rows of places of a part."""
    parts = -(-lines.places_high // lines.rows)
    row = part % parts * lines.rows
    return (
        part // parts // lines.places_deep,
        part // parts % lines.places_deep,
        row,
        min(row + lines.rows, lines.places_high),
    )


@inline
def _copy(image, copy, d, row, lines):  # type: ignore[no-untyped-def]
    """Copy the rows that windows from a row of places on meet, with zeros around them."""
    first = row * lines.high_step - lines.before_rows
    inner = min(lines.row, lines.line - lines.zeros)
    for plane in range(lines.planes):
        a = d * lines.deep_step - lines.before_planes + plane * lines.plane_step
        for i in range(lines.span):
            at, b = (plane * lines.span + i) * lines.line, first + i
            line = copy[at : at + lines.line]
            if a < 0 or a >= lines.deep or b < 0 or b >= lines.high:
                line[:] = 0
                continue
            row = image[(a * lines.high + b) * lines.row :]
            line[: lines.zeros] = 0
            line[lines.zeros + inner :] = 0
            for c in range(inner):  # to assign a slice to a slice takes numba two seconds
                line[lines.zeros + c] = row[c]


@functools.lru_cache(256)
def _forward(tile: Tile) -> Callable[..., None]:
    add_products, (count, vectors, width, _) = tiled(tile), tile

    def products(start, stop, x, weights, columns, block, zeros, y, taps, lines):  # type: ignore[no-untyped-def]
        copy = np.empty(lines.planes * lines.span * lines.line if lines.copied else 0, x.dtype)
        for part in range(start, stop):
            n, d, low, high = _place(part, lines)
            rows, base = x[n], (d * lines.deep_step * lines.high + low * lines.high_step) * lines.line
            if lines.copied:
                _copy(rows, copy, d, low, lines)
                rows, base = copy, 0
            for o in range(0, lines.out, vectors * width):
                own = o // (vectors * width) * block
                for row in range(low, high):
                    line, place = (
                        base + (row - low) * lines.high_step * lines.line,
                        (d * lines.places_high + row) * lines.places_wide,
                    )
                    for q in range(0, lines.places_wide, count):
                        q = min(q, lines.places_wide - count)
                        to = (place + q) * lines.out + o
                        add_products(
                            rows, line + q * lines.step, taps, lines.step, weights, own, columns, lines.length,
                            zeros, 0, 0, y[n], to, lines.out,
                        )  # fmt: skip

    return compiled(products, distinct=True, source=f"convolution {tile}")


@functools.lru_cache(256)
def _gradient(tile: Tile) -> Callable[..., None]:
    add_products, (count, vectors, width, _) = tiled(tile), tile

    def weights_gradient(start, stop, x, g, weights, taps, every_row, lines):  # type: ignore[no-untyped-def]
        copy = np.empty(lines.planes * lines.span * lines.line if lines.copied else 0, x.dtype)
        for part in range(start, stop):
            n, d, low, high = _place(part, lines)
            rows, base = x[n], (d * lines.deep_step * lines.high + low * lines.high_step) * lines.line
            if lines.copied:
                _copy(rows, copy, d, low, lines)
                rows, base = copy, 0
            own_rows, given = every_row[: high - low], (d * lines.places_high + low) * lines.places_wide * lines.out
            for o in range(0, lines.out, vectors * width):
                for tap in range(len(taps)):
                    for k in range(0, lines.length, count):
                        to = (tap * lines.length + k) * lines.out + o
                        add_products(
                            rows, base + taps[tap] + k, own_rows, lines.step, g[n], given + o, lines.out,
                            lines.places_wide, weights, to, lines.out, weights, to, lines.out,
                        )  # fmt: skip

    return compiled(weights_gradient, distinct=True, source=f"convolution's weights {tile}")
