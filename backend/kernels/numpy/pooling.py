"""Pooling and its gradients on NumPy: every result written to its place, masks on the bits, no padded copies.

The largest of a window is known again by its tap's number, in bytes: a gradient compares four times less memory than
the elements take, and where the numbers were kept, none of the elements.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...arrays.threads import shared, threads

__all__ = ["average_pool", "average_pool_gradient", "max_pool", "max_pool_gradient"]

Array = Any
Ints = tuple[int, ...]
_BITS = {np.dtype("float32"): np.int32, np.dtype("float64"): np.int64}
# Elements of x worked on at a time, and that a thread is worth starting for: short calls do not run beside each other.
# Measured with float32, 1 MB of level-2 cache, 8x56x56x64, windows of 2x2: blocks of 2**18, 2**19, 2**20, 2**21 took
# 0.50, 0.53, 0.36, 0.34 ms forward and 1.06, 0.89, 0.76, 0.72 ms back, two threads 0.5 to 1.3 times as fast; of 8x112x
# 112x64 with 3x3, stride 2, 3.7 and 9.7 ms with one thread, 2.4 and 6.4 with two.
BLOCK = 2**20
MIN_ELEMENTS_PER_THREAD = 2**21


def _by_images(work: Callable[[slice], None], x: Array) -> None:
    """work(some images) for all images of x, in one thread or, where they are large, in several."""
    step = max(BLOCK // x[0].size, 1)
    parts = [slice(start, min(start + step, len(x))) for start in range(0, len(x), step)]

    def run(todo: Sequence[slice]) -> None:
        for part in todo:
            work(part)

    shared(run, parts, min(threads(), x.size // MIN_ELEMENTS_PER_THREAD, len(parts)))


class AxisWindows(NamedTuple):
    """Windows over one axis of n elements."""

    axis: int
    n: int
    window: int
    stride: int
    before: int
    places: int

    def taps(self) -> Iterator[tuple[int, int, int]]:
        """(tap, first place, stop) for each tap: the places where it meets an element. The first meets all of them."""
        for i in sorted(range(self.window), key=lambda i: i != self.before):
            low = max(-((i - self.before) // self.stride), 0)
            high = min((self.n - 1 - i + self.before) // self.stride + 1, self.places)
            if low < high:
                yield i, low, high

    def met(self, x: Array, tap: int, low: int, high: int) -> Array:
        """What a tap meets at some places."""
        start = low * self.stride + tap - self.before
        return x[self.key(start, start + (high - low - 1) * self.stride + 1, self.stride)]

    def key(self, start: int, stop: int, step: int = 1) -> tuple[slice, ...]:
        """The key of a stretch of this axis."""
        return *(slice(None),) * self.axis, slice(start, stop, step)

    def phases(self) -> Iterator[tuple[int, int, list[tuple[int, int, int, int]]]]:
        """(first element, number of them, [(tap, its first element, first place, how many places)]) for each phase.

        The elements of a phase are a stride apart; the taps that meet one of them meet them all but at the edges,
        from places that follow one another; those that meet most come first.
        """
        for phase in range(min(self.stride, self.n)):
            count = (self.n - 1 - phase) // self.stride + 1
            taps = []
            for i in range((phase + self.before) % self.stride, self.window, self.stride):
                shift = (phase + self.before - i) // self.stride  # element `phase + e * stride` is met at `e + shift`
                low, high = max(0, -shift), min(count, self.places - shift)
                if low < high:
                    taps.append((i, low, low + shift, high - low))
            yield phase, count, sorted(taps, key=lambda tap: -tap[-1])


def _slides(sizes: Ints, window: Ints, strides: Ints, padding: str) -> list[AxisWindows] | None:
    """The windows axis by axis, None where the definition has something to say."""
    found = []
    for axis, (n, k, s) in enumerate(zip(sizes, window, strides, strict=True), 1):
        places = -(-n // s) if padding == "same" else (n - k) // s + 1
        if n < 1 or places < 1:
            return None
        before = max((places - 1) * s + k - n, 0) // 2 if padding == "same" else 0
        found.append(AxisWindows(axis, n, k, s, before, places))
    return found


def _joined(ufunc: np.ufunc, x: Array, slide: AxisWindows, out: Array) -> None:
    """The ufunc of all that each window along one axis meets."""
    whole, *others = slide.taps()
    held: Array | None = slide.met(x, *whole)  # not in `out` yet: two taps need no copy
    for tap, low, high in others:
        key = slide.key(low, high)
        ufunc(out[key] if held is None else held[key], slide.met(x, tap, low, high), out=out[key])
        if held is not None:
            for edge in (slide.key(0, low), slide.key(high, slide.places)):
                out[edge] = held[edge]
            held = None
    if held is not None:
        out[...] = held


def _reduced(ufunc: np.ufunc, x: Array, slides: list[AxisWindows], out: Array, codes: Array | None = None) -> None:
    """The ufunc over whole windows, the first axis first; into `codes`, which tap was the first of the largest."""
    numbers, unit = None, math.prod(slide.window for slide in slides)
    for slide in slides:
        last = slide is slides[-1]
        shape = tuple(slide.places if i == slide.axis else n for i, n in enumerate(x.shape))
        top = out if last else np.empty(shape, x.dtype)
        _joined(ufunc, x, slide, top)
        if codes is not None:
            unit //= slide.window
            found = codes if last else np.empty(shape, np.uint8)
            _numbered(x, top, slide, numbers, unit, found)
            numbers = found
        x = top


def _numbered(x: Array, top: Array, slide: AxisWindows, numbers: Array | None, unit: int, out: Array) -> None:
    """The least number of the taps that are not below the top: taps count in units, elements have their own numbers.

    No more than 255 taps, so that 255 says below. NaN is never below: one element is chosen in its windows too.
    """
    taps = list(slide.taps())
    if numbers is None and slide.window == 2 and [high for *_, high in taps] == [slide.places] * 2:
        first, second = (slide.met(x, *tap) for tap in taps)  # one comparison instead of two
        np.multiply(np.less(first, second).view(np.uint8), np.uint8(unit), out=out)
        return
    for already, (tap, low, high) in enumerate(taps):
        key = slide.key(low, high)
        number = _masks(np.less(slide.met(x, tap, low, high), top[key]))
        if numbers is not None:
            met = slide.met(numbers, tap, low, high)
            number |= met + np.uint8(tap * unit) if tap else met
        elif tap:
            number |= np.uint8(tap * unit)
        if already:
            np.minimum(out[key], number, out=out[key])
        else:
            out[...] = number


def _masks(condition: Array) -> Array:
    """All bits of a byte where the condition holds, in its memory."""
    return np.negative(condition.view(np.int8), out=condition.view(np.int8)).view(np.uint8)


def _shape(x: Array, slides: list[AxisWindows]) -> Ints:
    return x.shape[0], *(slide.places for slide in slides), x.shape[-1]


def max_pool(x: Array, *, window: Ints, strides: Ints, padding: str, residuals: bool = False) -> Any:
    """numpy.maximum tap by tap; keeps the number of the first of the largest taps, in window scan order."""
    slides = _slides(x.shape[1:-1], window, strides, padding)
    if slides is None or not x.size or x.dtype not in _BITS or (residuals and math.prod(window) > 255):
        return NotImplemented
    y = np.empty(_shape(x, slides), x.dtype)
    codes = np.empty(y.shape, np.uint8) if residuals else None

    def part(of: slice) -> None:
        _reduced(np.maximum, x[of], slides, y[of], None if codes is None else codes[of])

    _by_images(part, x)
    return (y,) if codes is None else (y, codes)


def max_pool_gradient(
    g: Array, x: Array, kept: Array | None = None, *, window: Ints, strides: Ints, padding: str
) -> Any:
    """numpy.bitwise_and of g and where its tap is the largest, tap by tap, added up in place."""
    slides = _slides(x.shape[1:-1], window, strides, padding)
    if slides is None or not x.size or x.dtype not in _BITS or g.dtype != x.dtype or math.prod(window) > 255:
        return NotImplemented
    apart = all(k <= s for k, s in zip(window, strides, strict=True))
    known = kept if kept is not None and kept.dtype == np.uint8 and kept.shape == g.shape else None
    dx = np.empty(x.shape, x.dtype)

    def part(of: slice) -> None:
        codes = np.empty(g[of].shape, np.uint8) if known is None else known[of]
        if known is None:
            _reduced(np.maximum, x[of], slides, np.empty(codes.shape, x.dtype), codes)
        (_placed if apart else _gathered)(np.ascontiguousarray(g[of]), codes, slides, dx[of])

    _by_images(part, x)
    return dx


def _chosen(g: Array, masks: Array, out: Array | None = None) -> Array:
    """g where the masks have all bits set, else 0, whatever g is."""
    kind = _BITS[g.dtype]
    wide = masks.view(np.int8).astype(kind)
    return np.bitwise_and(g.view(kind), wide, out=wide if out is None else out.view(kind)).view(g.dtype)


def _placed(g: Array, codes: Array, slides: list[AxisWindows], dx: Array) -> None:
    """Into dx: what windows that do not overlap have for each of their taps."""
    if any(sum(high - low for _, low, high in slide.taps()) < slide.n for slide in slides):
        dx[...] = 0
    for taps in itertools.product(*(slide.taps() for slide in slides)):
        number, target, key = 0, dx, (slice(None), *(slice(low, high) for _, low, high in taps))
        for slide, tap in zip(slides, taps, strict=True):
            number, target = number * slide.window + tap[0], slide.met(target, *tap)
        _chosen(g[key], _masks(codes[key] == np.uint8(number)), target)


def _gathered(g: Array, codes: Array, slides: list[AxisWindows], dx: Array) -> None:
    """Into dx: the sum of what each element's windows have for it, the last axis first.

    An element that several windows chose along one axis has one number along the axes before, whichever tells it.
    """
    for slide in reversed(slides):
        last, shape = slide is slides[0], tuple(slide.n if i == slide.axis else n for i, n in enumerate(g.shape))
        out, found = (dx, None) if last else (np.empty(shape, g.dtype), np.zeros(shape, np.uint8))
        rest = codes // np.uint8(slide.window)
        taps = codes if last else codes - rest * np.uint8(slide.window)
        for start, count, met in slide.phases():
            phase = slide.key(start, slide.n, slide.stride)
            target = out[phase]
            total = np.empty(target.shape, g.dtype) if slide.stride > 1 else target
            if not met or met[0][-1] < count:
                total[...] = 0
            for number, (tap, low, place, n) in enumerate(met):
                given, key = slide.key(place, place + n), slide.key(low, low + n)
                masks = _masks(taps[given] == np.uint8(tap))
                if number == 0:
                    _chosen(g[given], masks, total[key])
                else:
                    total[key] += _chosen(g[given], masks)
                if found is not None:
                    masks &= rest[given]
                    found[phase][key] |= masks
            if total is not target:
                target[...] = total
        g, codes = out, rest if found is None else found


def average_pool(x: Array, *, window: Ints, strides: Ints, padding: str) -> Any:
    """numpy.add tap by tap, divided by how many there are."""
    slides = _slides(x.shape[1:-1], window, strides, padding)
    if slides is None or not x.size or x.dtype not in _BITS:
        return NotImplemented
    y, counts = np.empty(_shape(x, slides), x.dtype), _counts(slides, x.dtype)

    def part(of: slice) -> None:
        _reduced(np.add, x[of], slides, y[of])
        np.divide(y[of], counts, out=y[of])

    _by_images(part, x)
    return y


def average_pool_gradient(g: Array, *, size: Ints, window: Ints, strides: Ints, padding: str) -> Any:
    """numpy.add of what the places that meet a phase of the elements have, axis by axis."""
    slides = _slides(size, window, strides, padding)
    if slides is None or not g.size or g.dtype not in _BITS:
        return NotImplemented
    dx, counts = np.empty((g.shape[0], *size, g.shape[-1]), g.dtype), _counts(slides, g.dtype)

    def part(of: slice) -> None:
        wide = g[of] / counts
        for slide in slides:
            last = slide is slides[-1]
            out = (
                dx[of]
                if last
                else np.empty((*wide.shape[: slide.axis], slide.n, *wide.shape[slide.axis + 1 :]), g.dtype)
            )
            _spread(wide, slide, out)
            wide = out

    _by_images(part, dx)
    return dx


def _spread(g: Array, slide: AxisWindows, out: Array) -> None:
    """Into out: the sum of what each element's windows along one axis have for it."""
    for start, count, taps in slide.phases():
        target = out[slide.key(start, slide.n, slide.stride)]
        if not taps or taps[0][-1] < count:
            target[...] = 0
            done = 0
        else:
            done = 1
            first = g[slide.key(taps[0][2], taps[0][2] + count)]
            if len(taps) > 1 and taps[1][-1] == count:
                np.add(first, g[slide.key(taps[1][2], taps[1][2] + count)], out=target)
                done = 2
            else:
                target[...] = first
        for _, low, place, n in taps[done:]:
            target[slide.key(low, low + n)] += g[slide.key(place, place + n)]


def _counts(slides: list[AxisWindows], dtype: Any) -> Any:
    """How many elements each window has, (places..., 1), or one number."""
    found = []
    for slide in slides:
        counts = np.zeros(slide.places, dtype)
        for _, low, high in slide.taps():
            counts[low:high] += 1
        found.append(counts)
    if all((counts == counts[0]).all() for counts in found):
        return dtype.type(math.prod(float(counts[0]) for counts in found))
    whole = np.ones((), dtype)
    for counts in found:
        whole = whole[..., None] * counts
    return whole[..., None]
