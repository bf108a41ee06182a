"""Sliding products of float32 in host memory: the sums of `ops.windows`, with one float64 product for all kernel rows.

Each kernel row's product is rounded once, and these are added up in float32, as the definition does: a product of the
windows with all rows side by side has the same elements. What the padding would contribute, zeros, is left out.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from ..arrays.windows import Grid
from .columns import tiled
from .layers import opened, quiet
from .products import column_norms, exact, factor, filtered, repaired
from .rounding import exact_sums, rounded
from .workspace import workspace

__all__ = ["sliding_outer", "sliding_product"]

Ints = tuple[int, ...]
Box = tuple[tuple[int, int], ...]

_ROOM = 2**16  # elements of windows, and of products, that are in memory at a time: 0.5 MB each
_BY_ROWS = ("rows", "flat")  # strategies that add up the products of kernel rows, others have one product


class _Plan(NamedTuple):
    """The windows of a box of places: `free` axes, whose taps are added up, and others, whose elements are gathered."""

    over: Grid
    box: Box
    free: int
    source: list[slice]  # of x, images first
    sizes: Ints  # of x with the padding of the gathered axes, images first
    inner: list[slice]  # where x is in that

    @property
    def places(self) -> Ints:
        return tuple(stop - start for start, stop in self.box[1:])

    @property
    def gathered(self) -> Ints:
        return self.over.window[self.free :]

    @property
    def padded(self) -> bool:
        return any(s.stop - s.start < n for s, n in zip(self.inner, self.sizes, strict=True))

    def taps(self) -> list[tuple[list[slice], list[slice]]]:
        """For each tap of the free axes the rows of x that it meets, and the places where."""
        found = []
        for tap in itertools.product(*(range(k) for k in self.over.window[: self.free])):
            rows, places = [], []
            for axis, i in enumerate(tap):
                (start, stop), have = self.box[axis + 1], self.source[axis + 1]
                shift = i * self.over.dilation[axis] - self.over.before[axis]
                low = min(max(have.start - shift, start), stop)
                high = max(min(have.stop - shift, stop), low)
                rows.append(slice(low + shift - have.start, high + shift - have.start))
                places.append(slice(low - start, high - start))
            found.append((rows, places))
        return found


def _planned(x: np.ndarray, over: Grid, box: Box, strategy: str) -> _Plan | None:
    """None where a free axis has strides, or meets no row of x."""
    free = len(over.window) - 1 if strategy in _BY_ROWS else 0
    if strategy == "depthwise" or any(s != 1 for s in over.strides[:free]):
        return None
    source, sizes, inner = [slice(*box[0])], [box[0][1] - box[0][0]], [slice(0, box[0][1] - box[0][0])]
    for axis, ((start, stop), k, s, d, b) in enumerate(
        zip(box[1:], over.window, over.strides, over.dilation, over.before, strict=True)
    ):
        low, high, n = start * s - b, (stop - 1) * s + (k - 1) * d + 1 - b, x.shape[axis + 1]
        have = slice(min(max(low, 0), n), min(max(high, 0), n))
        if axis < free:
            low, high = have.start, have.stop
            if high <= low:
                return None
        source.append(have)
        sizes.append(high - low)
        inner.append(slice(have.start - low, have.stop - low))
    return _Plan(over, box, free, source, tuple(sizes), inner)


def _laid_out(plan: _Plan, x: np.ndarray, images: slice, room: np.ndarray) -> np.ndarray:
    """Images of x in float64, with their padding."""
    part = x[(slice(plan.source[0].start + images.start, plan.source[0].start + images.stop), *plan.source[1:])]
    wide = room.reshape(images.stop - images.start, *plan.sizes[1:], x.shape[-1])
    if plan.padded:
        wide[...] = 0.0
    np.copyto(wide[(slice(None), *plan.inner[1:])], part)
    return wide


def _windows(plan: _Plan, x: np.ndarray, channels: bool = True) -> np.ndarray:
    """A view of each window's elements: (images, free..., places..., taps..., channels)."""
    free, over = plan.free + 1, plan.over
    spatial = x.strides[free : free + len(plan.gathered)]
    steps = [n * s for n, s in zip(spatial, over.strides[plan.free :], strict=True)]
    taps = [n * d for n, d in zip(spatial, over.dilation[plan.free :], strict=True)]
    last, stride = ((x.shape[-1],), (x.strides[-1],)) if channels else ((), ())
    shape = (*x.shape[:free], *plan.places[plan.free :], *plan.gathered, *last)
    # what as_strided does takes ten times as long; x is contiguous
    return np.ndarray(shape, x.dtype, x, 0, (*x.strides[:free], *steps, *taps, *stride))


def _blocks(plan: _Plan, inner: int, width: int) -> tuple[int, list[slice]]:
    """The windows of an image, and images in blocks."""
    each = math.prod((*plan.sizes[1 : plan.free + 1], *plan.places[plan.free :]))
    count, step = plan.sizes[0], max(_ROOM // (each * max(inner, width)), 1)
    return each, [slice(start, min(start + step, count)) for start in range(0, count, step)]


@quiet
def sliding_product(x: Any, kernel: Any, *, over: Grid, box: Box, strategy: str) -> Any:
    """The sliding product for a box of places: (images, places..., out)."""
    found = opened(x, kernel)
    plan = None if found is None else _planned(found[1][0], over, box, strategy)
    if found is None or plan is None:
        return NotImplemented
    base, (a, k) = found
    channels, out = k.shape[-2:]
    inner, taps = math.prod(plan.gathered) * channels, plan.taps()
    weights = k.reshape(len(taps), inner, out).transpose(1, 0, 2).reshape(inner, -1).astype(np.float64)
    columns = column_norms(weights)
    if plan.free and not np.isfinite(columns).all():  # zeros of the padding would make NaN of them
        return NotImplemented
    each, blocks = _blocks(plan, inner, weights.shape[1])
    result = np.empty((plan.sizes[0], *plan.places, out), np.float32)
    direct = len(taps) == 1 and each == math.prod(plan.places)  # rows beyond the image have zeros
    for images in blocks:
        part = result[images]
        rows = each * len(part)
        wide = _laid_out(plan, a, images, workspace("image", len(part) * math.prod(plan.sizes[1:]) * channels))
        windows = workspace("left", rows * inner).reshape(rows, inner)
        view = _windows(plan, wide)
        np.copyto(windows.reshape(view.shape), view)
        squares = np.einsum("...i,...i->...", wide, wide)
        norms = _windows(plan, squares, channels=False).sum(axis=tuple(range(-len(plan.gathered), 0)))
        norms = np.sqrt(norms.reshape(-1)) * factor(inner)
        candidate = base.product(windows, weights, workspace("candidate", rows * weights.shape[1]).reshape(rows, -1))
        if direct:
            rounded = part.reshape(rows, out)
        else:
            rounded = workspace("rounded", candidate.size, "f").reshape(candidate.shape)
        if exact(windows, weights):
            np.copyto(rounded, candidate, casting="unsafe")
            rounded += 0.0
            open_: Any = ()
        else:
            open_ = filtered(candidate, norms, columns, rounded)
        if len(open_):
            rounded.reshape(-1)[open_] = repaired(open_, candidate, windows, weights)
        if not direct:
            _added(plan, taps, rounded.reshape(*view.shape[: -1 - len(plan.gathered)], len(taps), out), part)
    return type(x).wrapped(base.from_host(result, x.native))


def _added(plan: _Plan, taps: list[Any], products: np.ndarray, out: np.ndarray) -> None:
    """The sums of the products of all kernel rows, from the first row on; +0 where one meets none."""
    for number, (rows, places) in enumerate(taps):
        part = products[(slice(None), *rows, ..., number, slice(None))]
        place = out[(slice(None), *places)]
        if number:
            place += part
        else:
            if place.size < out.size:
                out[...] = 0.0
            place[...] = part


@quiet
def sliding_outer(x: Any, g: Any, *, over: Grid, box: Box, strategy: str) -> Any:
    """The sum over a box of places of x at a tap, outer g: (kernel rows, row * in, out), or (1, taps * in, out)."""
    found = opened(x, g)
    plan = None if found is None else _planned(found[1][0], over, box, strategy)
    if found is None or plan is None:
        return NotImplemented
    base, (a, b) = found
    b = b[tuple(slice(*edges) for edges in box)]
    channels, out = a.shape[-1], b.shape[-1]
    inner, taps = math.prod(plan.gathered) * channels, plan.taps()
    width = len(taps) * out
    columns = column_norms(b.reshape(-1, out).astype(np.float64))
    whole = _laid_out(plan, a, slice(0, plan.sizes[0]), workspace("image", math.prod(plan.sizes) * channels))
    norms = column_norms(whole.reshape(-1, channels))
    if plan.free and not (np.isfinite(columns).all() and np.isfinite(norms).all()):  # beside zeros, NaN
        return NotImplemented
    each, blocks = _blocks(plan, inner, width)
    total: Any = None
    for images in blocks:
        wide, part = whole[images], b[images]
        rows = each * len(wide)
        windows = workspace("left", rows * inner).reshape(rows, inner)
        view = _windows(plan, wide)
        np.copyto(windows.reshape(view.shape), view)
        shifted = workspace("shifted", rows * width).reshape(*view.shape[: -1 - len(plan.gathered)], len(taps), out)
        if plan.free:
            shifted[...] = 0.0
        for number, (meets, places) in enumerate(taps):
            shifted[(slice(None), *meets, ..., number, slice(None))] = part[(slice(None), *places)]
        room = workspace("candidate", inner * width).reshape(inner, width)
        candidate = base.product(windows.T, shifted.reshape(rows, width), room)
        total = candidate.copy() if total is None else np.add(total, candidate, out=total)
    terms = each * (blocks[0].stop - blocks[0].start) + len(blocks)  # the longest chain of additions
    norms = tiled(norms, inner // channels) * factor(terms)
    result = np.empty((inner, width), np.float32)
    open_ = filtered(total, norms, tiled(columns, len(taps)), result)
    if len(open_):
        i, j = np.divmod(open_, width)
        result[i, j] = _repaired(plan, whole, b, taps, list(zip(i.tolist(), j.tolist(), strict=True)), total[i, j])
    made = np.ascontiguousarray(result.reshape(inner, len(taps), out).transpose(1, 0, 2))
    return type(x).wrapped(base.from_host(made, x.native))


def _repaired(plan: _Plan, x: np.ndarray, g: np.ndarray, taps: list[Any], places: Any, y: np.ndarray) -> np.ndarray:
    """Elements of the outer sum, exact and rounded once; where an infinity or NaN takes part, as float64 has it."""
    values, windows = y.astype(np.float32), _windows(plan, x)
    for number in np.flatnonzero(np.isfinite(y)):
        i, j = places[number]
        (at, channel), (tap, out) = divmod(i, x.shape[-1]), divmod(j, g.shape[-1])
        rows, where = taps[tap]
        left = windows[(slice(None), *rows, ..., *np.unravel_index(at, plan.gathered), channel)]
        terms = (left * g[(slice(None), *where, ..., out)]).reshape(1, -1)
        values[number] = (rounded(*exact_sums(terms)) + np.float32(0))[0]
    return values
