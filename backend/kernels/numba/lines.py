"""The products of windows with weights, and the gradient of the weights, in tiles from rows of x as they lie.

Where windows reach outside of x, a few rows at a time are copied with zeros around them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .compile import compiled, inline
from .geometry import Windows, dense
from .parallel import in_parts
from .tiles import Tile, tile_of, tiled, vectors_of

__all__ = ["products", "products_gradient"]

ROWS_BYTES = 2**17  # of rows of x that a part of the work reads: half of a level-2 cache or less
LEAST_PARTS, LEAST_PLACES = 8, 64  # parts for threads to share, and places of each: sums are read and written for each
# Bytes of weights from which those of a tile are put side by side, so that caches hold them, and for how many places.
PACKED, PLACES = 2**18, 128
MOST_TAPS = 7  # of a row of a window whose weights stay in registers


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
    length: int  # of a segment of a window: its elements side by side, or taps so far apart
    apart: int
    out: int

    def parts(self, images: int) -> int:
        """The parts of the work: some rows of places each."""
        return images * self.places_deep * -(-self.places_high // self.rows)


@functools.lru_cache(256)
def _lines(
    over: Windows, channels: int, out: int, images: int, itemsize: int, own: bool
) -> tuple[Lines, np.ndarray, np.ndarray]:
    """The rows, where the segments of a window lie from its first element on, and where the rows of windows do."""
    (deep, high, wide), (kd, kh, kw), (dd, dh, dw) = over.sizes, over.window, over.dilation
    along, down, across = over.places
    axes = list(zip(over.places, over.strides, over.window, over.dilation, strict=True))
    reach = [(p - 1) * s + (k - 1) * d + 1 for p, s, k, d in axes]
    copied = any(over.before) or any(r > n for r, n in zip(reach, over.sizes, strict=True))
    line = (reach[2] if copied else wide) * channels
    halo = (kh - 1) * dh
    most = (ROWS_BYTES // (line * itemsize * kd) - halo - 1) // over.strides[1] + 1
    least = max(images * along * down // LEAST_PARTS, -(-LEAST_PLACES // across))
    rows = max(min(most, down, least), 1)
    span = (rows - 1) * over.strides[1] + halo + 1
    side, length = (1, kw if own else kw * channels) if own or dw == 1 else (kw, channels)
    planes = span * line if copied else dd * high * line
    first = np.add.outer(np.arange(kd) * planes, np.arange(kh) * dh * line)
    segments = np.add.outer(first, np.arange(side) * dw * channels).reshape(-1)
    lines = Lines(
        int(copied), deep, high, wide * channels, line, over.before[2] * channels,
        kd, dd, over.strides[0], over.before[0], span, over.strides[1], over.before[1],
        along, down, across, rows, over.strides[2] * channels, length, dw * channels if own else 1, out,
    )  # fmt: skip
    return lines, segments, np.arange(rows) * over.strides[1] * line


def products(x: np.ndarray, weights: np.ndarray, over: Windows, own: bool = False) -> np.ndarray:
    """The windows' elements times the weights (taps, channels, out), or each channel's `own` (taps, 1, channels)."""
    columns = weights.shape[-1]
    width, out = vectors_of(columns, x.itemsize)
    x = _filled(x, out) if own else x
    lines, segments, _ = _lines(over, x.shape[-1], out, len(x), x.itemsize, own)
    slides = own and over.strides[2] == over.dilation[2] == 1 and over.window[2] <= MOST_TAPS
    taps = over.window[2] if slides else 0
    tile = tile_of(over.places[2], out, width, own=own, repeats=True, taps=taps)
    row, block, weights = out, tile.vectors * width, _filled(weights, out)
    if block < out and weights.nbytes > PACKED and len(x) * math.prod(over.places) > PLACES:
        weights = weights.reshape(*weights.shape[:2], -1, block).transpose(2, 0, 1, 3)
        row, block = block, weights[0].size
    packed, zeros, y = dense(weights).reshape(-1), np.zeros(out, x.dtype), np.empty(over.shape(x, out), x.dtype)
    run, given, found = _forward(tile), _images(x), _images(y)

    def part(start: int, stop: int) -> None:
        run(start, stop, given, packed, row, block, zeros, found, segments, lines)

    in_parts(part, lines.parts(len(x)), y.size * len(segments) * lines.length // width)
    return dense(y[..., :columns])


def products_gradient(x: np.ndarray, g: np.ndarray, over: Windows, own: bool = False) -> np.ndarray:
    """The cotangents of the weights: those of products(x, weights, over, own), in one axis but for the last."""
    columns = g.shape[-1]
    width, out = vectors_of(columns, x.itemsize)
    x, g = _filled(x, out) if own else x, _filled(g, out)
    lines, segments, rows = _lines(over, x.shape[-1], out, len(x), x.itemsize, own)
    run = _gradient(tile_of(lines.length, out, width, own=own, repeats=False))
    given, cotangents, parts = _images(x), _images(g), {}

    def part(start: int, stop: int) -> None:
        parts[start] = np.zeros(len(segments) * lines.length * out, x.dtype)
        run(start, stop, given, cotangents, parts[start], segments, rows, lines)

    in_parts(part, lines.parts(len(x)), g.size * len(segments) * lines.length // width)
    first, *rest = (parts[start] for start in sorted(parts))
    for more in rest:
        first += more
    return dense(first.reshape(-1, out)[:, :columns])


def _images(x: np.ndarray) -> np.ndarray:
    return dense(x).reshape(len(x), -1)


def _filled(x: np.ndarray, channels: int) -> np.ndarray:
    """x with zeros for the channels that it lacks."""
    lacking = channels - x.shape[-1]
    return np.concatenate([x, np.zeros((*x.shape[:-1], lacking), x.dtype)], axis=-1) if lacking else x


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
            row, inside = image[(a * lines.high + b) * lines.row :], line[lines.zeros :]
            line[: lines.zeros] = 0
            inside[inner:] = 0
            for c in range(inner):  # to assign a slice to a slice takes numba two seconds
                inside[c] = row[c]


@functools.lru_cache(256)
def _forward(tile: Tile) -> Callable[..., None]:
    add_products, (count, vectors, width, own, _) = tiled(tile), tile

    def window_products(start, stop, x, weights, row, block, zeros, y, segments, lines):  # type: ignore[no-untyped-def]
        copy = np.empty(lines.planes * lines.span * lines.line if lines.copied else 0, x.dtype)
        step = lines.apart if own else 1  # 1 is told to LLVM
        for part in range(start, stop):
            n, d, low, high = _place(part, lines)
            rows, base = x[n], (d * lines.deep_step * lines.high + low * lines.high_step) * lines.line
            if lines.copied:
                _copy(rows, copy, d, low, lines)
                rows, base = copy, 0
            for o in range(0, lines.out, vectors * width):
                at_weights = o // (vectors * width) * block
                for r in range(low, high):
                    line = base + (r - low) * lines.high_step * lines.line + (o if own else 0)
                    place = (d * lines.places_high + r) * lines.places_wide
                    for q in range(0, lines.places_wide, count):
                        q = min(q, lines.places_wide - count)
                        add_products(
                            rows, line + q * lines.step, segments, lines.step, step, weights, at_weights, row,
                            lines.length, zeros, 0, 0, y[n], (place + q) * lines.out + o, lines.out,
                        )  # fmt: skip

    return compiled(window_products, distinct=True, source=f"products {tile}")


@functools.lru_cache(256)
def _gradient(tile: Tile) -> Callable[..., None]:
    add_products, (count, vectors, width, own, _) = tiled(tile), tile

    def window_weights(start, stop, x, g, weights, segments, every_row, lines):  # type: ignore[no-untyped-def]
        copy = np.empty(lines.planes * lines.span * lines.line if lines.copied else 0, x.dtype)
        step = lines.apart if own else 1
        for part in range(start, stop):
            n, d, low, high = _place(part, lines)
            rows, base = x[n], (d * lines.deep_step * lines.high + low * lines.high_step) * lines.line
            if lines.copied:
                _copy(rows, copy, d, low, lines)
                rows, base = copy, 0
            own_rows, given = every_row[: high - low], (d * lines.places_high + low) * lines.places_wide * lines.out
            for o in range(0, lines.out, vectors * width):
                for s in range(len(segments)):
                    line = base + segments[s] + (o if own else 0)
                    for k in range(0, lines.length, count):
                        to = (s * lines.length + k) * lines.out + o
                        add_products(
                            rows, line + k * step, own_rows, step, lines.step, g[n], given + o, lines.out,
                            lines.places_wide, weights, to, lines.out, weights, to, lines.out,
                        )  # fmt: skip

    return compiled(window_weights, distinct=True, source=f"weights {tile}")
