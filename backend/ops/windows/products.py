"""One block of a sliding product or of one of its adjoints: five strategies, by channels and strides."""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ...arrays.namespaces import writable
from ...arrays.typing import Array, Ints
from ...arrays.windows import Grid, strided_slice
from ...dispatch.promotion import array_namespace, device_of, dtype_name
from ...graph.composite import composite
from .geometry import Box, along, blocks, patch, region

__all__ = ["FEW_CHANNELS", "Strategy", "scattered", "sliding_outer", "sliding_product", "strategy_of"]


# Up to this many input channels the taps are gathered channel by channel, so that copies run along the image
# instead of along two or three channels: measured 1.7 times as fast for 3 channels, slower from 8 on.
FEW_CHANNELS = 4

# From this many output channels per input channel on, whole windows are copied together: one product for all rows of
# the kernel, whose results need not be added up. Measured for 40 to 160 channels, 3x3, one thread: 6.5 ms, by rows 11,
# flat 13; for 32 to 64 channels by rows 11, flat 13, so 19.
MANY_OUTPUTS = 4

# Windows that wrap around the padded image cost products that are not needed. Up to this many times the needed ones,
# that is cheaper than copying each window's elements together.
WRAPPED = 1.5


class Strategy(NamedTuple):
    """Its name, the bytes a place counts in BLOCK_BYTES (0: no blocks), and whether windows wrap around.

    A place counts for fewer bytes than it holds where larger blocks were faster: taps at 4 MB take 0.8 of their time
    at 2 MB, since every tap is a copy of its own.
    """

    name: str
    bytes_per_place: int
    wraps: bool = False


def strategy_of(x: Array, over: Grid, out: int, depthwise: bool) -> Strategy:
    """The strategy that was fastest on NumPy for such arrays."""
    size, channels = 8 if dtype_name(x.dtype) == "float64" else 4, x.shape[-1]
    if depthwise:
        return Strategy("depthwise", size * out)
    if math.prod(over.window) == 1:  # nothing to gather: one matrix product
        return Strategy("rows", 0)
    if channels <= FEW_CHANNELS:
        return Strategy("taps", size * math.prod(over.window) * channels // 2)
    if out >= MANY_OUTPUTS * channels:
        return Strategy("windows", size * (math.prod(over.window) * channels + out))
    padded = [n + (k - 1) * d for n, k, d in zip(over.places, over.window, over.dilation, strict=True)]
    if set(over.strides) == {1} and over.dilation[-1] == 1 and math.prod(padded) <= WRAPPED * math.prod(over.places):
        return Strategy("flat", size * (channels + out) // 2, True)
    return Strategy("rows", size * (over.window[-1] * channels + out))


def _plus(*arrays: Array) -> Callable[[Array, Array], Array]:
    """How to add to a sum of fresh arrays made of these."""
    return operator.iadd if writable(*arrays) else operator.add


def _offsets(window: Sequence[int]) -> Iterator[Ints]:
    return itertools.product(*map(range, window))


def _shifted(patch: Array, tap: Ints, over: Grid, first: int = 1) -> Array:
    """The elements one tap meets at each place, on as many spatial axes as the tap has indices."""
    spans = (
        strided_slice(i * d, n, s) for i, d, n, s in zip(tap, over.dilation, over.places, over.strides, strict=False)
    )
    return patch[(*(slice(None),) * first, *spans, ...)]


# ---- flat: strides of 1. The pixels of the padded block in one line; every k-th window of k pixels, from one of k
# phases on, is a row of a matrix that is in memory already. Windows that wrap around an edge are dropped afterwards.


class _Line(NamedTuple):
    """A padded block in one line, and the positions of its windows."""

    pixels: Array  # (pixels * channels,)
    groups: int  # windows a phase
    offsets: list[int]  # pixels from a place to each row of its window
    used: Ints  # (batch, places..., with those that wrap around)

    def windows(self, xp: Any, offset: int, phase: int, row: int, channels: int) -> Array:
        """The pixels that one kernel row meets at the places of a phase: (groups, row * channels)."""
        start, length = (offset + phase) * channels, self.groups * row * channels
        return xp.reshape(self.pixels[start : start + length], (self.groups, row * channels))


def _line(xp: Any, patch: Array, over: Grid) -> _Line:
    batch, *padded, channels = patch.shape
    pitches = [math.prod(padded[axis + 1 :]) for axis in range(len(padded))]
    offsets = [
        sum(map(math.prod, zip(tap, over.dilation, pitches, strict=False))) for tap in _offsets(over.window[:-1])
    ]
    used = (batch, over.places[0] if batch == 1 else padded[0], *padded[1:])
    groups = -(-math.prod(used) // over.window[-1])
    short = offsets[-1] + (groups + 1) * over.window[-1] - 1 - batch * math.prod(padded)
    return _Line(_longer(xp, xp.reshape(patch, (-1,)), short * channels), groups, offsets, used)


def _longer(xp: Any, line: Array, count: int) -> Array:
    """A line with this many zeros after it."""
    return line if count <= 0 else xp.concat([line, xp.zeros((count,), dtype=line.dtype, device=device_of(line))])


def _flat_product(xp: Any, patch: Array, kernel: Array, over: Grid) -> Array:
    *window, channels, out = kernel.shape
    line, row = _line(xp, patch, over), window[-1]
    weights = xp.reshape(kernel, (len(line.offsets), row * channels, out))
    phases = [
        functools.reduce(
            _plus(patch, kernel),
            (
                xp.matmul(line.windows(xp, offset, phase, row, channels), weights[r, :, :])
                for r, offset in enumerate(line.offsets)
            ),
        )
        for phase in range(row)
    ]
    joined = xp.reshape(xp.stack(phases, axis=1), (-1, out))[: math.prod(line.used), :]
    return xp.reshape(joined, (*line.used, out))[(slice(None), *(slice(n) for n in over.places), slice(None))]


def _flat_outer(xp: Any, patch: Array, g: Array, over: Grid) -> Array:
    channels, out, row = patch.shape[-1], g.shape[-1], over.window[-1]
    line = _line(xp, patch, over)
    wide = xp.reshape(region(xp, g, [(0, n) for n in line.used]), (-1,))
    wide = xp.reshape(_longer(xp, wide, line.groups * row * out - wide.shape[0]), (line.groups, row, out))
    return xp.stack(
        [
            functools.reduce(
                _plus(patch, g),
                (
                    xp.matmul(xp.matrix_transpose(line.windows(xp, offset, phase, row, channels)), wide[:, phase, :])
                    for phase in range(row)
                ),
            )
            for offset in line.offsets
        ]
    )


# ---- rows: any strides. The windows' elements side by side along the last axis, one product per kernel row.


def _columns(patch: Array, over: Grid) -> Iterator[Array]:
    """The elements the taps of one kernel row meet, on the last spatial axis alone."""
    for i in range(over.window[-1]):
        yield along(patch, patch.ndim - 2, i * over.dilation[-1], over.places[-1], over.strides[-1])


def _rows(xp: Any, patch: Array, over: Grid) -> Iterator[Array]:
    """For each row of the kernel the elements its taps meet, side by side: (batch, places..., row * in)."""
    columns = list(_columns(patch, over))
    joined = xp.concat(columns, axis=-1) if len(columns) > 1 else columns[0]
    for tap in _offsets(over.window[:-1]):
        yield _shifted(joined, tap, over)


def _rows_product(xp: Any, patch: Array, kernel: Array, over: Grid) -> Array:
    *window, channels, out = kernel.shape
    rows, joined = math.prod(window[:-1]), window[-1] * channels
    weights = xp.reshape(kernel, (rows, joined, out))
    # the rows of one image are adjacent in memory, the images of one patch are not: merging those would copy
    shape = (-1, joined) if rows == 1 else (patch.shape[0], *over.places[:-2], math.prod(over.places[-2:]), joined)
    return functools.reduce(
        _plus(patch, kernel),
        (xp.matmul(xp.reshape(row, shape), weights[r, :, :]) for r, row in enumerate(_rows(xp, patch, over))),
    )


def _rows_outer(xp: Any, patch: Array, g: Array, over: Grid) -> Array:
    """The adjoint by rows, exact where x is not finite: (rows, row * in, out)."""
    g, joined = xp.reshape(g, (-1, g.shape[-1])), over.window[-1] * patch.shape[-1]
    return xp.stack(
        [xp.matmul(xp.matrix_transpose(xp.reshape(row, (-1, joined))), g) for row in _rows(xp, patch, over)]
    )


# ---- windows: many output channels. The elements of each window side by side, one product.


def _windows(xp: Any, patch: Array, over: Grid) -> Array:
    """The elements of each window: (batch * places, taps * in)."""
    joined = xp.concat(list(_rows(xp, patch, over)), axis=-1)
    return xp.reshape(joined, (-1, joined.shape[-1]))


def _windows_product(xp: Any, patch: Array, kernel: Array, over: Grid) -> Array:
    return xp.matmul(_windows(xp, patch, over), xp.reshape(kernel, (-1, kernel.shape[-1])))


def _windows_outer(xp: Any, patch: Array, g: Array, over: Grid) -> Array:
    return xp.matmul(xp.matrix_transpose(_windows(xp, patch, over)), xp.reshape(g, (-1, g.shape[-1])))


# ---- taps: few channels. The elements each tap meets are a row of the matrix, along the image.


def _lanes(xp: Any, patch: Array, over: Grid) -> list[Array]:
    """Every stride-th column, from each of the first on, channels first: (in, batch, sizes...)."""
    # stacked, not permuted: that would leave NumPy's channels side by side in memory
    return [
        xp.stack([patch[..., lane :: over.strides[-1], c] for c in range(patch.shape[-1])])
        for lane in range(min(over.strides[-1], patch.shape[-2]))
    ]


def _taps(xp: Any, patch: Array, over: Grid) -> Array:
    """The elements each tap meets, tap by tap and channel by channel: (taps * in, batch * places)."""
    lanes, stride = _lanes(xp, patch, over), over.strides[-1]
    found = []
    for *outer, last in _offsets(over.window):
        start, lane = divmod(last * over.dilation[-1], stride)
        found.append(along(_shifted(lanes[lane], tuple(outer), over, 2), patch.ndim - 1, start, over.places[-1], 1))
    stacked = xp.stack(found)
    return xp.reshape(stacked, (stacked.shape[0] * patch.shape[-1], -1))


def _taps_product(xp: Any, patch: Array, kernel: Array, over: Grid) -> Array:
    return xp.matmul(xp.matrix_transpose(_taps(xp, patch, over)), xp.reshape(kernel, (-1, kernel.shape[-1])))


def _taps_outer(xp: Any, patch: Array, g: Array, over: Grid) -> Array:
    return xp.matmul(_taps(xp, patch, over), xp.reshape(g, (-1, g.shape[-1])))


def scattered(xp: Any, g: Array, kernel: Array, over: Grid, size: Ints) -> Array:
    """The adjoint with respect to an x of that size and few channels, for arrays that can be written to.

    One product gives every tap's contribution to the element it meets; contributions are added lane by lane.
    """
    *window, channels, out = kernel.shape
    weights = xp.reshape(kernel, (-1, out))
    reach = [
        max((n - 1) * s + (k - 1) * d + 1, b + whole)
        for n, s, k, d, b, whole in zip(
            over.places, over.strides, window, over.dilation, over.before, size, strict=True
        )
    ]
    stride = over.strides[-1]
    lanes = xp.zeros(
        (stride, channels, g.shape[0], *reach[:-1], -(-reach[-1] // stride)), dtype=g.dtype, device=device_of(g)
    )
    bytes_per_place = (8 if dtype_name(g.dtype) == "float64" else 4) * weights.shape[0] // 2
    for box in blocks(g.shape[:-1], bytes_per_place, g):
        part = g[(*(slice(*edges) for edges in box), slice(None))]
        counts = part.shape[:-1]
        given = xp.matmul(weights, xp.matrix_transpose(xp.reshape(part, (-1, out))))
        given = xp.reshape(given, (-1, channels, *counts))
        for number, tap in enumerate(_offsets(over.window)):
            start, lane = divmod(tap[-1] * over.dilation[-1], stride)
            spans = [
                strided_slice(i * d + first * s, n, s)
                for i, d, (first, _), n, s in zip(
                    tap[:-1], over.dilation, box[1:], counts[1:], over.strides, strict=False
                )
            ]
            first = box[-1][0] + start
            lanes[(lane, slice(None), slice(*box[0]), *spans, slice(first, first + counts[-1]))] += given[number, ...]
    rank = len(size)
    woven = xp.permute_dims(lanes, (*range(2, rank + 3), 0, 1))
    woven = xp.reshape(woven, (*woven.shape[:-3], woven.shape[-3] * stride, channels))
    return woven[(slice(None), *(slice(b, b + n) for b, n in zip(over.before, size, strict=True)), slice(None))]


# ---- depthwise: no product of matrices


def _wide_taps(xp: Any, patch: Array, multiplier: int, over: Grid) -> Iterator[tuple[Ints, Array]]:
    """For each tap the elements it meets, channels repeated for the multiplier and joined with the last spatial axis.

    NumPy is fast here because of that long last axis.
    """
    if multiplier > 1:
        repeated = xp.broadcast_to(xp.expand_dims(patch, axis=-1), (*patch.shape, multiplier))
        patch = xp.reshape(repeated, (*patch.shape[:-1], patch.shape[-1] * multiplier))
    for i, column in enumerate(_columns(patch, over)):
        column = xp.reshape(column, (*column.shape[:-2], math.prod(column.shape[-2:])))
        for tap in _offsets(over.window[:-1]):
            yield (*tap, i), _shifted(column, tap, over)


def _depthwise_product(xp: Any, patch: Array, kernel: Array, over: Grid) -> Array:
    *window, channels, multiplier = kernel.shape
    weights = xp.reshape(kernel, (*window, 1, channels * multiplier))
    weights = xp.broadcast_to(weights, (*window, over.places[-1], channels * multiplier))
    weights = xp.reshape(weights, (*window, over.places[-1] * channels * multiplier))
    return functools.reduce(
        _plus(patch, kernel),
        (shifted * weights[(*tap, ...)] for tap, shifted in _wide_taps(xp, patch, multiplier, over)),
    )


def _depthwise_outer(xp: Any, patch: Array, g: Array, over: Grid) -> Array:
    channels, out = patch.shape[-1], g.shape[-1]
    g = xp.reshape(g, (*g.shape[:-2], math.prod(g.shape[-2:])))
    lead = tuple(range(g.ndim - 1))
    sums = {tap: xp.sum(shifted * g, axis=lead) for tap, shifted in _wide_taps(xp, patch, out // channels, over)}
    stacked = xp.stack([sums[tap] for tap in _offsets(over.window)])
    return xp.sum(xp.reshape(stacked, (stacked.shape[0], -1, out)), axis=1)


# ---- one block: composites, so that a library may have another way to the same sums

_STRATEGIES: dict[str, tuple[Callable[..., Array], Callable[..., Array]]] = {
    "depthwise": (_depthwise_product, _depthwise_outer),
    "rows": (_rows_product, _rows_outer),
    "taps": (_taps_product, _taps_outer),
    "windows": (_windows_product, _windows_outer),
    "flat": (_flat_product, _flat_outer),
}


@composite
def sliding_product(x: Array, kernel: Array, *, over: Grid, box: Box, strategy: str) -> Array:
    """The sliding product of x and a kernel at a box of places, by a strategy: (images, places..., out)."""
    xp = array_namespace(x, kernel)
    part, places = patch(xp, x, over, box)
    return _STRATEGIES[strategy][0](xp, part, kernel, places)


@composite
def sliding_outer(x: Array, g: Array, *, over: Grid, box: Box, strategy: str) -> Array:
    """The sum over a box of places of x at each tap times g, by a strategy: the elements of a kernel's gradient."""
    xp = array_namespace(x, g)
    part, places = patch(xp, x, over, box)
    return _STRATEGIES[strategy][1](xp, part, g[(*(slice(*edges) for edges in box), slice(None))], places)
