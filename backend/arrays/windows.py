"""The geometry of sliding windows: sizes, strides, dilation and padding, in integers alone.

Definitions and kernels share it, so that both pad alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .typing import Ints

__all__ = [
    "AxisWindows",
    "Grid",
    "Phase",
    "axis_windows",
    "fits",
    "grid_of",
    "padding_of",
    "phases",
    "places_of",
    "span_of",
    "strided_slice",
]

Phase = tuple[range, int, int]


def span_of(window: int, dilation: int) -> int:
    """The number of elements from the first tap of a window to its last."""
    return (window - 1) * dilation + 1


def fits(sizes: Sequence[int], window: Sequence[int], dilation: Sequence[int], padding: str) -> bool:
    """Whether each axis is as long as the window; padding makes any axis long enough."""
    return padding != "valid" or all(n >= span_of(k, d) for n, k, d in zip(sizes, window, dilation, strict=True))


def places_of(size: int, window: int, stride: int, dilation: int, padding: str) -> int:
    """The number of windows on one axis: ceil(size / stride) with padding, else ceil((size - span + 1) / stride)."""
    return -(-size // stride) if padding != "valid" else (size - span_of(window, dilation)) // stride + 1


def padding_of(size: int, window: int, stride: int, dilation: int, padding: str) -> tuple[int, int]:
    """The padding before and after one axis.

    'same' pads max((ceil(size / stride) - 1) * stride + span - size, 0) elements, the smaller half first; 'causal' pads
    span - 1 elements, all of them first.
    """
    span = span_of(window, dilation)
    if padding == "causal":
        return span - 1, 0
    places = places_of(size, window, stride, dilation, padding)
    total = max((places - 1) * stride + span - size, 0) if padding == "same" else 0
    return total // 2, total - total // 2


class Grid(NamedTuple):
    """Windows over some spatial axes: what they are, how far padding shifts them, and their number per axis."""

    window: Ints
    strides: Ints
    dilation: Ints
    before: Ints
    places: Ints


def grid_of(sizes: Sequence[int], window: Sequence[int], strides: Ints, dilation: Ints, padding: str) -> Grid:
    """The windows over axes of these sizes."""
    axes = list(zip(sizes, window, strides, dilation, strict=True))
    before = tuple(padding_of(*axis, padding)[0] for axis in axes)
    return Grid(
        tuple(window), tuple(strides), tuple(dilation), before, tuple(places_of(*axis, padding) for axis in axes)
    )


class AxisWindows(NamedTuple):
    """Windows without dilation over one axis of an array, and the size of that axis."""

    axis: int
    size: int
    window: int
    stride: int
    before: int
    places: int

    def met(self, tap: int) -> tuple[int, int]:
        """The first place at which a tap lies on an element rather than on padding, and the stop; they may be equal."""
        first = max(-((tap - self.before) // self.stride), 0)
        return first, max(min((self.size - 1 - tap + self.before) // self.stride + 1, self.places), first)

    def taps(self) -> Iterator[tuple[int, int, int]]:
        """(tap, first place, stop) for each tap that lies on elements; the first one does so at all places."""
        for tap in sorted(range(self.window), key=lambda tap: tap != self.before):
            first, stop = self.met(tap)
            if first < stop:
                yield tap, first, stop

    def elements(self, tap: int, first: int, stop: int) -> tuple[slice, ...]:
        """The key of the elements on which a tap lies at the places from first to stop."""
        start = first * self.stride + tap - self.before
        return self.key(start, start + (stop - first - 1) * self.stride + 1, self.stride)

    def key(self, start: int, stop: int, step: int = 1) -> tuple[slice, ...]:
        """The key of a slice of this axis."""
        return *(slice(None),) * self.axis, slice(start, stop, step)

    def phases(self) -> Iterator[tuple[int, int, list[tuple[int, int, int, int]]]]:
        """(first element, count, [(tap, first element in the phase, first place, count of places)]) for each phase.

        The elements of a phase are one stride apart. A tap that lies on one of them lies on all of them, except at the
        edges, from consecutive places. The taps that lie on most elements come first.
        """
        for phase in range(min(self.stride, self.size)):
            count = (self.size - 1 - phase) // self.stride + 1
            taps = []
            for tap in range((phase + self.before) % self.stride, self.window, self.stride):
                shift = (
                    phase + self.before - tap
                ) // self.stride  # the place of element phase + e * stride is e + shift
                low, high = max(0, -shift), min(count, self.places - shift)
                if low < high:
                    taps.append((tap, low, low + shift, high - low))
            yield phase, count, sorted(taps, key=lambda tap: -tap[-1])


def axis_windows(grid: Grid, sizes: Sequence[int]) -> list[AxisWindows]:
    """The windows of a grid over axes of these sizes, axis by axis; the first spatial axis is axis 1."""
    axes = range(1, len(grid.window) + 1)
    return list(map(AxisWindows, axes, sizes, grid.window, grid.strides, grid.before, grid.places))


def phases(size: int, window: int, stride: int, dilation: int, before: int) -> tuple[int, int, list[Phase]]:
    """The adjoint of windows on one axis as a few windows of stride 1.

    Element p of the axis, counted from the first pad, is number q = p // stride of phase p % stride. Only taps i with
    (i * dilation) % stride equal to the phase reach it, each from place q - lag of the window. Returns the first q,
    the stop of q, and per phase the taps (a range), the lag of its first tap, and the step of the lags.
    """
    common = math.gcd(stride, dilation)
    found = []
    for phase in range(stride):
        first = next((i for i in range(min(window, stride // common)) if (i * dilation - phase) % stride == 0), window)
        taps = range(first, window, stride // common)
        found.append((taps, (first * dilation - phase) // stride, dilation // common))
    return before // stride, -(-(before + size) // stride), found


def strided_slice(start: int, count: int, stride: int) -> slice:
    """The key of `count` elements, `stride` apart; of none it begins at 0, as the standard wants of an empty axis."""
    return slice(start, start + (count - 1) * stride + 1, stride) if count else slice(0, 0, stride)
