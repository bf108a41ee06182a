"""Windows along one axis after another, from which pooling and its adjoints are built."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...arrays.namespaces import writable
from ...arrays.typing import Array, Ints
from ...arrays.windows import AxisWindows, Grid, axis_windows, phases
from ...dispatch.boundary import numbers_like
from ...dispatch.promotion import device_of, dtype_name
from .geometry import Box, along, assembled, blocks, grid, interleave, patch, region, widened

__all__ = [
    "chain",
    "counts_of",
    "from_first",
    "imagewise",
    "placewise",
    "plan_of",
    "spread",
    "taps",
    "to_first",
    "total",
]


def plan_of(operation: str, spatial: Ints, window: Ints, strides: Ints, padding: str) -> list[AxisWindows]:
    """The windows over spatial axes of known sizes, axis by axis."""
    return axis_windows(grid(operation, spatial, window, strides, (1,) * len(window), padding), spatial)


def placewise(xp: Any, x: Array, over: Grid, definition: Callable[..., Array], fill: float) -> Array:
    """The definition on a few places at a time, each part of x with `fill` around it."""
    shape = (x.shape[0], *over.places, x.shape[-1])
    if 0 in shape:
        return definition(x, axis_windows(over, x.shape[1:-1]), tuple((0, n) for n in shape[:-1]))

    def part(box: Box) -> Array:
        part, places = patch(xp, x, over, box, fill)
        return definition(part, axis_windows(places, part.shape[1:-1]), box)

    bytes_per_place = _bytes(x) * x.shape[-1] * math.prod(over.strides)
    return assembled(xp, shape, blocks(shape[:-1], bytes_per_place, x), part, x)


def imagewise(xp: Any, definition: Callable[..., Array], shape: Ints, *images: Array) -> Array:
    """The definition on a few images at a time."""
    if 0 in shape:
        return definition(*images)
    cost = _bytes(images[0]) * max(math.prod(x.shape[1:]) for x in images)
    return assembled(
        xp,
        shape,
        blocks(shape[:1], cost, images[0]),
        lambda box: definition(*(x[slice(*box[0]), ...] for x in images)),
        *images,
    )


def _bytes(x: Array) -> int:
    return 8 if dtype_name(x.dtype) == "float64" else 4


def total(parts: list[Array], like: Array) -> Array:
    """The sum of parts, which stay unchanged."""
    first, *rest = parts
    if not rest:
        return first
    return functools.reduce(operator.iadd if writable(like) else operator.add, rest[1:], first + rest[0])


def _span(xp: Any, x: Array, axis: int, start: int, stop: int, fill: float) -> Array:
    return region(xp, x, (*((0, n) for n in x.shape[:axis]), (start, stop)), fill)


def _along_axis(x: Array, axis: int, values: list[Any], dtype: Any, xp: Any) -> Array:
    """A number per element of one axis, shaped to broadcast against x."""
    shape = tuple(len(values) if a == axis else 1 for a in range(x.ndim))
    return xp.reshape(numbers_like(x, values, dtype), shape)


def taps(xp: Any, x: Array, windows: AxisWindows, fill: float) -> list[Array]:
    """The elements that each tap of a window along one axis meets at each place."""
    axis, _, k, s, before, places = windows
    padded = _span(xp, x, axis, -before, (places - 1) * s + k - before, fill) if places else x
    return [along(padded, axis, i, places, s) for i in range(k)]


def chain(xp: Any, x: Array, plan: list[AxisWindows]) -> list[Array]:
    """x, its maxima along the last axis, their maxima along the axis before, ..., the maxima of whole windows."""
    maxima = [x]
    for windows in reversed(plan):
        maxima.append(functools.reduce(xp.maximum, taps(xp, maxima[-1], windows, -math.inf)))
    return maxima


def _passed_over(xp: Any, x: Array, tops: Array, windows: AxisWindows) -> Iterator[Array]:
    """For each tap but the last, where it is not the largest: below it, or outside of x."""
    for i, tap in enumerate(taps(xp, x, windows, -math.inf)[:-1]):
        first, stop = windows.met(i)
        outside = [not first <= place < stop for place in range(windows.places)]
        lower = tap < tops
        yield lower | _along_axis(x, windows.axis, outside, xp.bool, xp) if any(outside) else lower


def to_first(xp: Any, g: Array, x: Array, tops: Array, windows: AxisWindows) -> Array:
    """g of each window along one axis, moved to the first tap that x and its maxima agree on."""

    def parts(g: Array) -> Iterator[Array]:
        for lower in _passed_over(xp, x, tops, windows):
            rest = g * xp.astype(lower, g.dtype)  # NumPy's where takes ten times as long on a mask without a pattern
            yield g - rest
            g = rest
        yield g

    return spread(xp, parts(g), windows, g)


def from_first(xp: Any, h: Array, x: Array, tops: Array, windows: AxisWindows) -> Array:
    """h of the first tap that x and its maxima agree on, for each window along one axis."""
    *others, chosen = taps(xp, h, windows, 0.0)
    lowers = list(_passed_over(xp, x, tops, windows))
    for tap, lower in zip(reversed(others), reversed(lowers), strict=True):
        chosen = xp.where(lower, chosen, tap)
    return chosen


def spread(xp: Any, parts: Iterable[Array], windows: AxisWindows, like: Array) -> Array:
    """The sum over the windows that cover each element along one axis, given a value for each of their taps."""
    axis, size, k, s, before, _ = windows
    if writable(like):
        whole = xp.zeros((*like.shape[:axis], size, *like.shape[axis + 1 :]), dtype=like.dtype, device=device_of(like))
        for i, part in enumerate(parts):
            first, stop = windows.met(i)
            if first < stop:
                key = *windows.elements(i, first, stop), ...
                given = along(part, axis, first, stop - first, 1)
                if k > s:
                    whole[key] += given
                else:
                    whole[key] = given
        return whole
    parts = list(parts)
    start, end, choices = phases(size, k, s, 1, before)
    shape = tuple(end - start if a == axis else n for a, n in enumerate(like.shape))
    woven = []
    for numbers, lag, step in choices:
        shifted = [
            _span(xp, parts[i], axis, start - lag - j * step, end - lag - j * step, 0.0) for j, i in enumerate(numbers)
        ]
        woven.append(
            functools.reduce(operator.add, shifted)
            if shifted
            else xp.zeros(shape, dtype=like.dtype, device=device_of(like))
        )
    return interleave(xp, woven, axis, before - start * s, size)


def counts_of(xp: Any, x: Array, plan: list[AxisWindows]) -> Any:
    """The number of elements in each window: (1, places..., 1), or one number where all windows have as many."""
    found = [
        [float(min(o * s - before + k, n) - max(o * s - before, 0)) for o in range(places)]
        for _, n, k, s, before, places in plan
    ]
    if all(len(set(counts)) == 1 for counts in found):
        return math.prod(counts[0] for counts in found)
    dtype = widened(xp, xp.zeros((), dtype=x.dtype, device=device_of(x))).dtype
    return functools.reduce(
        operator.mul,
        (_along_axis(x, windows.axis, counts, dtype, xp) for windows, counts in zip(plan, found, strict=True)),
    )
