"""Pooling and its gradients on NumPy: results written in place, bit masks, no padded copies.

The gradient finds the largest element of a window by the number of its tap, one byte each: a quarter of the memory of
the elements. Where the forward pass kept the numbers, the gradient reads no elements.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...arrays.threads import shared, threads
from ...arrays.windows import AxisWindows, axis_windows, fits, grid_of

__all__ = ["average_pool", "average_pool_gradient", "max_pool", "max_pool_gradient"]

Ints = tuple[int, ...]
_BITS = {np.dtype("float32"): np.int32, np.dtype("float64"): np.int64}
# The elements of x in one block, and the fewest that are worth a thread: short calls do not overlap.
# Measured with float32, 1 MB of level-2 cache, 8x56x56x64, windows of 2x2: blocks of 2**18, 2**19, 2**20, 2**21 took
# 0.50, 0.53, 0.36, 0.34 ms forward and 1.06, 0.89, 0.76, 0.72 ms backward, and two threads were 0.5 to 1.3 times as
# fast. 8x112x112x64 with 3x3 windows, stride 2: 3.7 and 9.7 ms with one thread, 2.4 and 6.4 ms with two.
BLOCK_ELEMENTS = 2**20
MIN_ELEMENTS_PER_THREAD = 2**21


def _by_images(work: Callable[[slice], None], x: np.ndarray) -> None:
    """Call work(slice of images) for all images of x, in several threads where x is large."""
    step = max(BLOCK_ELEMENTS // x[0].size, 1)
    parts = [slice(start, min(start + step, len(x))) for start in range(0, len(x), step)]

    def run(todo: Sequence[slice]) -> None:
        for part in todo:
            work(part)

    shared(run, parts, min(threads(), x.size // MIN_ELEMENTS_PER_THREAD, len(parts)))


def _windows(sizes: Ints, window: Ints, strides: Ints, padding: str) -> list[AxisWindows] | None:
    """The windows axis by axis, None where the definition raises or answers without arithmetic."""
    dilation = (1,) * len(window)
    if 0 in sizes or not fits(sizes, window, dilation, padding):
        return None
    return axis_windows(grid_of(sizes, window, strides, dilation, padding), sizes)


def _joined(ufunc: np.ufunc, x: np.ndarray, windows: AxisWindows, out: np.ndarray) -> None:
    """The ufunc over the elements of each window along one axis."""
    whole, *others = windows.taps()
    held: np.ndarray | None = x[windows.elements(*whole)]  # not in `out` yet: two taps need no copy
    for tap, low, high in others:
        key = windows.key(low, high)
        ufunc(out[key] if held is None else held[key], x[windows.elements(tap, low, high)], out=out[key])
        if held is not None:
            for edge in (windows.key(0, low), windows.key(high, windows.places)):
                out[edge] = held[edge]
            held = None
    if held is not None:
        out[...] = held


def _reduced(
    ufunc: np.ufunc, x: np.ndarray, plan: list[AxisWindows], out: np.ndarray, codes: np.ndarray | None = None
) -> None:
    """The ufunc over whole windows, first axis first; `codes` receives the number of the first largest tap."""
    numbers, unit = None, math.prod(windows.window for windows in plan)
    for windows in plan:
        last = windows is plan[-1]
        shape = tuple(windows.places if i == windows.axis else n for i, n in enumerate(x.shape))
        top = out if last else np.empty(shape, x.dtype)
        _joined(ufunc, x, windows, top)
        if codes is not None:
            unit //= windows.window
            found = codes if last else np.empty(shape, np.uint8)
            _numbered(x, top, windows, numbers, unit, found)
            numbers = found
        x = top


def _numbered(
    x: np.ndarray, top: np.ndarray, windows: AxisWindows, numbers: np.ndarray | None, unit: int, out: np.ndarray
) -> None:
    """The least number of the taps that are not less than the maximum: `unit` times the tap, plus the element's number.

    There are at most 255 taps, so that 255 can mean "less". NaN is never less: a window that holds it chooses one
    element, too.
    """
    taps = list(windows.taps())
    if numbers is None and windows.window == 2 and [high for *_, high in taps] == [windows.places] * 2:
        first, second = (x[windows.elements(*tap)] for tap in taps)  # one comparison instead of two
        np.multiply(np.less(first, second).view(np.uint8), np.uint8(unit), out=out)
        return
    for already, (tap, low, high) in enumerate(taps):
        key = windows.key(low, high)
        number = _masks(np.less(x[windows.elements(tap, low, high)], top[key]))
        if numbers is not None:
            met = numbers[windows.elements(tap, low, high)]
            number |= met + np.uint8(tap * unit) if tap else met
        elif tap:
            number |= np.uint8(tap * unit)
        if already:
            np.minimum(out[key], number, out=out[key])
        else:
            out[...] = number


def _masks(condition: np.ndarray) -> np.ndarray:
    """A byte with all bits set where the condition holds, in the condition's memory."""
    return np.negative(condition.view(np.int8), out=condition.view(np.int8)).view(np.uint8)


def _shape(x: np.ndarray, plan: list[AxisWindows]) -> Ints:
    return x.shape[0], *(windows.places for windows in plan), x.shape[-1]


def max_pool(x: np.ndarray, *, window: Ints, strides: Ints, padding: str, residuals: bool = False) -> Any:
    """numpy.maximum tap by tap; keeps the number of the first of the largest taps, in window scan order."""
    plan = _windows(x.shape[1:-1], window, strides, padding)
    if plan is None or not x.size or x.dtype not in _BITS or (residuals and math.prod(window) > 255):
        return NotImplemented
    y = np.empty(_shape(x, plan), x.dtype)
    codes = np.empty(y.shape, np.uint8) if residuals else None

    def part(of: slice) -> None:
        _reduced(np.maximum, x[of], plan, y[of], None if codes is None else codes[of])

    _by_images(part, x)
    return (y,) if codes is None else (y, codes)


def max_pool_gradient(
    g: np.ndarray, x: np.ndarray, kept: np.ndarray | None = None, *, window: Ints, strides: Ints, padding: str
) -> Any:
    """numpy.bitwise_and of g with the mask of its largest tap, tap by tap, summed in place."""
    plan = _windows(x.shape[1:-1], window, strides, padding)
    if plan is None or not x.size or x.dtype not in _BITS or g.dtype != x.dtype or math.prod(window) > 255:
        return NotImplemented
    apart = all(k <= s for k, s in zip(window, strides, strict=True))
    known = kept if kept is not None and kept.dtype == np.uint8 and kept.shape == g.shape else None
    dx = np.empty(x.shape, x.dtype)

    def part(of: slice) -> None:
        codes = np.empty(g[of].shape, np.uint8) if known is None else known[of]
        if known is None:
            _reduced(np.maximum, x[of], plan, np.empty(codes.shape, x.dtype), codes)
        (_placed if apart else _gathered)(np.ascontiguousarray(g[of]), codes, plan, dx[of])

    _by_images(part, x)
    return dx


def _chosen(g: np.ndarray, masks: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """g where the masks have all bits set, else 0, whatever g is."""
    kind = _BITS[g.dtype]
    wide = masks.view(np.int8).astype(kind)
    return np.bitwise_and(g.view(kind), wide, out=wide if out is None else out.view(kind)).view(g.dtype)


def _placed(g: np.ndarray, codes: np.ndarray, plan: list[AxisWindows], dx: np.ndarray) -> None:
    """Write to dx the cotangents of windows that do not overlap, tap by tap."""
    if any(sum(high - low for _, low, high in windows.taps()) < windows.size for windows in plan):
        dx[...] = 0
    for taps in itertools.product(*(windows.taps() for windows in plan)):
        number, target, key = 0, dx, (slice(None), *(slice(low, high) for _, low, high in taps))
        for windows, tap in zip(plan, taps, strict=True):
            number, target = number * windows.window + tap[0], target[windows.elements(*tap)]
        _chosen(g[key], _masks(codes[key] == np.uint8(number)), target)


def _gathered(g: np.ndarray, codes: np.ndarray, plan: list[AxisWindows], dx: np.ndarray) -> None:
    """Write to dx the sum of the cotangents of each element's windows, last axis first.

    Where several windows chose an element along one axis, they agree on its number along the axes before.
    """
    for windows in reversed(plan):
        last, shape = windows is plan[0], tuple(windows.size if i == windows.axis else n for i, n in enumerate(g.shape))
        out, found = (dx, None) if last else (np.empty(shape, g.dtype), np.zeros(shape, np.uint8))
        rest = codes // np.uint8(windows.window)
        taps = codes if last else codes - rest * np.uint8(windows.window)
        for start, count, met in windows.phases():
            phase = windows.key(start, windows.size, windows.stride)
            target = out[phase]
            total = np.empty(target.shape, g.dtype) if windows.stride > 1 else target
            if not met or met[0][-1] < count:
                total[...] = 0
            for number, (tap, low, place, n) in enumerate(met):
                given, key = windows.key(place, place + n), windows.key(low, low + n)
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


def average_pool(x: np.ndarray, *, window: Ints, strides: Ints, padding: str) -> Any:
    """numpy.add tap by tap, divided by the number of elements."""
    plan = _windows(x.shape[1:-1], window, strides, padding)
    if plan is None or not x.size or x.dtype not in _BITS:
        return NotImplemented
    y, counts = np.empty(_shape(x, plan), x.dtype), _counts(plan, x.dtype)

    def part(of: slice) -> None:
        _reduced(np.add, x[of], plan, y[of])
        np.divide(y[of], counts, out=y[of])

    _by_images(part, x)
    return y


def average_pool_gradient(g: np.ndarray, *, size: Ints, window: Ints, strides: Ints, padding: str) -> Any:
    """numpy.add of the cotangents of the places that reach a phase of the elements, axis by axis."""
    plan = _windows(size, window, strides, padding)
    if plan is None or not g.size or g.dtype not in _BITS:
        return NotImplemented
    dx, counts = np.empty((g.shape[0], *size, g.shape[-1]), g.dtype), _counts(plan, g.dtype)

    def part(of: slice) -> None:
        wide = g[of] / counts
        for windows in plan:
            last = windows is plan[-1]
            out = (
                dx[of]
                if last
                else np.empty((*wide.shape[: windows.axis], windows.size, *wide.shape[windows.axis + 1 :]), g.dtype)
            )
            _spread(wide, windows, out)
            wide = out

    _by_images(part, dx)
    return dx


def _spread(g: np.ndarray, windows: AxisWindows, out: np.ndarray) -> None:
    """Write to out the sum of the cotangents of each element's windows along one axis."""
    for start, count, taps in windows.phases():
        target = out[windows.key(start, windows.size, windows.stride)]
        if not taps or taps[0][-1] < count:
            target[...] = 0
            done = 0
        else:
            done = 1
            first = g[windows.key(taps[0][2], taps[0][2] + count)]
            if len(taps) > 1 and taps[1][-1] == count:
                np.add(first, g[windows.key(taps[1][2], taps[1][2] + count)], out=target)
                done = 2
            else:
                target[...] = first
        for _, low, place, n in taps[done:]:
            target[windows.key(low, low + n)] += g[windows.key(place, place + n)]


def _counts(plan: list[AxisWindows], dtype: Any) -> Any:
    """The number of elements in each window, (places..., 1), or one number."""
    found = []
    for windows in plan:
        counts = np.zeros(windows.places, dtype)
        for _, low, high in windows.taps():
            counts[low:high] += 1
        found.append(counts)
    if all((counts == counts[0]).all() for counts in found):
        return dtype.type(math.prod(float(counts[0]) for counts in found))
    whole = np.ones((), dtype)
    for counts in found:
        whole = whole[..., None] * counts
    return whole[..., None]
