"""Pooling: the largest element or the mean of windows that slide over the spatial axes."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..composite import composite
from ..config import data_format_of
from ..operands import array_namespace, device_of, dtype_name, floating, sizes
from ._windows import (
    along,
    blocks,
    channels_first,
    channels_last,
    checked_padding,
    grid,
    interleave,
    known_sizes,
    narrowed,
    output_sizes,
    per_axis,
    phases,
    region,
    widened,
)

__all__ = ["pool2d", "pool3d"]

Array = Any
Ints = tuple[int, ...]


def pool2d(x: Array, pool_size: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str | None = None,
           pool_mode: str = "max") -> Array:
    """The maximum ('max') or mean ('avg') of each window of two spatial axes; the default stride is 1.

    x (batch, rows, columns, channels), or (batch, channels, rows, columns) with data_format 'channels_first', gives
    the same with ceil(n / stride) rows and columns for padding 'same', ceil((n - size + 1) / stride) for 'valid';
    unknown sizes stay unknown. Floating dtypes stay, integers become floatx. pool_size and strides: an int or two.
    'same' pads the smaller half first; padded elements are never the maximum and are not counted in the mean. NaN in
    a window gives NaN. The gradient of a maximum goes to the first of equal elements, row by row; in a window that
    holds NaN, to one element, which is left open.
    ValueError for another pool_mode, padding or data_format, for a wrong number of dimensions, and for a window larger
    than x with 'valid'.

    Source: Keras 2.3.1 backend semantics.
    """
    return _pool("pool2d", x, pool_size, strides, padding, data_format, pool_mode, 2)


def pool3d(x: Array, pool_size: Any, strides: Any = (1, 1, 1), padding: str = "valid",
           data_format: str | None = None, pool_mode: str = "max") -> Array:
    """The maximum ('max') or mean ('avg') of each window of three spatial axes; the default stride is 1.

    x (batch, depth, rows, columns, channels), or (batch, channels, depth, rows, columns) with data_format
    'channels_first'; everything else, edge values and errors too, as in `pool2d`.

    Source: Keras 2.3.1 backend semantics.
    """
    return _pool("pool3d", x, pool_size, strides, padding, data_format, pool_mode, 3)


def _pool(operation: str, x: Array, pool_size: Any, strides: Any, padding: str, data_format: str | None,
          pool_mode: str, count: int) -> Array:
    data_format = data_format_of(operation, data_format)
    how: dict[str, Any] = {"window": per_axis(operation, "pool_size", pool_size, count),
                           "strides": per_axis(operation, "strides", strides, count),
                           "padding": checked_padding(operation, padding)}
    if pool_mode not in ("max", "avg"):
        raise ValueError(f"{operation}: pool_mode is {pool_mode!r}; expected 'max' or 'avg'")
    xp, x = floating(x)
    if x.ndim != count + 2:
        raise ValueError(f"{operation}: x has {x.ndim} dimensions; expected {count + 2}")
    x = channels_last(xp, x, data_format)
    output_sizes(operation, x.shape[1:-1], how["window"], how["strides"], (1,) * count, padding)
    return channels_first(xp, (max_pool if pool_mode == "max" else average_pool)(x, **how), data_format)


# ---- composites: channels last, any number of spatial axes
#
# A window is pooled one axis after another: k + k slices instead of k * k, and all of them run over whole stretches of
# memory. The maximum takes the last axis first, so that going back, the first of equal rows is chosen before the first
# of equal columns: window scan order.


class Slide(NamedTuple):
    """Windows over one axis."""

    axis: int
    window: int
    stride: int
    before: int
    places: int


@composite
def max_pool(x: Array, *, window: Ints, strides: Ints, padding: str) -> Array:
    """The largest element of each window; x (batch, spatial..., channels) gives (batch, places..., channels).

    Elements outside of x count as -infinity; NaN in a window gives NaN.

    Source: Keras 2.3.1 backend semantics.
    """
    xp = array_namespace(x)
    plan = _plan("max_pool", x.shape[1:-1], window, strides, padding)
    return _blocked(xp, lambda part: _chain(xp, part, plan)[-1], x)


@max_pool.vjp
def _(g: Array, out: Array, x: Array, **how: Any) -> tuple[Array]:
    return (max_pool_gradient(g, x, **how),)


@max_pool.shape
def _(x: Array, **how: Any) -> Any:
    return _pooled_shape("max_pool", x, **how)


@composite
def max_pool_gradient(g: Array, x: Array, *, window: Ints, strides: Ints, padding: str) -> Array:
    """The adjoint of `max_pool_selection`: each window's g lands on its largest element, the first of equal ones.

    g (batch, places..., channels) and x (batch, spatial..., channels) give the shape of x. A g that is not finite
    may make NaN of its whole window. float16 is summed in float32.

    Source: Keras 2.3.1 backend semantics.
    """
    xp = array_namespace(g, x)
    plan = _plan("max_pool_gradient", x.shape[1:-1], window, strides, padding)

    def definition(g: Array, x: Array) -> Array:
        maxima = _chain(xp, x, plan)
        for slide, elements, tops in zip(plan, maxima[-2::-1], maxima[:0:-1], strict=True):
            g = _to_first(xp, g, elements, tops, slide)
        return g

    return narrowed(xp, _blocked(xp, definition, widened(xp, g), widened(xp, x)), g)


@max_pool_gradient.vjp
def _(h: Array, out: Array, g: Array, x: Array, **how: Any) -> tuple[Array, None]:
    return max_pool_selection(h, x, **how), None


@max_pool_gradient.shape
def _(g: Array, x: Array, **how: Any) -> Any:
    return x.shape


@composite
def max_pool_selection(h: Array, x: Array, *, window: Ints, strides: Ints, padding: str) -> Array:
    """What h has where each window of x has its largest element, the first of equal ones.

    h and x (batch, spatial..., channels) give (batch, places..., channels). Linear in h.

    Source: the derivative of `max_pool_gradient` with respect to g.
    """
    xp = array_namespace(h, x)
    plan = _plan("max_pool_selection", x.shape[1:-1], window, strides, padding)

    def definition(h: Array, x: Array) -> Array:
        maxima = _chain(xp, x, plan)
        for slide, elements, tops in zip(reversed(plan), maxima, maxima[1:], strict=False):
            h = _from_first(xp, h, elements, tops, slide)
        return h

    return _blocked(xp, definition, h, x)


@max_pool_selection.vjp
def _(g: Array, out: Array, h: Array, x: Array, **how: Any) -> tuple[Array, None]:
    return max_pool_gradient(g, x, **how), None


@max_pool_selection.shape
def _(h: Array, x: Array, **how: Any) -> Any:
    return _pooled_shape("max_pool_selection", x, **how)


@composite
def average_pool(x: Array, *, window: Ints, strides: Ints, padding: str) -> Array:
    """The mean of each window's elements; x (batch, spatial..., channels) gives (batch, places..., channels).

    Elements outside of x are left out of the mean. float16 is summed in float32.

    Source: Keras 2.3.1 backend semantics.
    """
    xp = array_namespace(x)
    plan = _plan("average_pool", x.shape[1:-1], window, strides, padding)
    counts = _counts(xp, x, x.shape[1:-1], plan)

    def definition(part: Array) -> Array:
        wide = widened(xp, part)
        for slide in plan:
            wide = functools.reduce(operator.add, _taps(xp, wide, slide, 0.0))
        return narrowed(xp, wide / counts, part)

    return _blocked(xp, definition, x)


@average_pool.vjp
def _(g: Array, out: Array, x: Array, **how: Any) -> tuple[Array]:
    return (average_pool_gradient(g, size=sizes(x)[1:-1], **how),)


@average_pool.shape
def _(x: Array, **how: Any) -> Any:
    return _pooled_shape("average_pool", x, **how)


@composite
def average_pool_gradient(g: Array, *, size: Ints, window: Ints, strides: Ints, padding: str) -> Array:
    """The adjoint of `average_pool`: each window's g, divided among its elements.

    g (batch, places..., channels) gives (batch, *size, channels).

    Source: the derivative of the mean.
    """
    xp = array_namespace(g)
    plan = _plan("average_pool_gradient", size, window, strides, padding)
    counts = _counts(xp, g, size, plan)

    def definition(part: Array) -> Array:
        wide = widened(xp, part) / counts
        for slide, n in zip(plan, size, strict=True):
            wide = _spread(xp, [wide] * slide.window, slide, n)
        return narrowed(xp, wide, part)

    return _blocked(xp, definition, g)


@average_pool_gradient.vjp
def _(h: Array, out: Array, g: Array, *, size: Ints, **how: Any) -> tuple[Array]:
    return (average_pool(h, **how),)


@average_pool_gradient.shape
def _(g: Array, *, size: Ints, **how: Any) -> Any:
    return g.shape[0], *known_sizes(size), g.shape[-1]


def _plan(operation: str, spatial: Ints, window: Ints, strides: Ints, padding: str) -> list[Slide]:
    over = grid(operation, spatial, window, strides, (1,) * len(window), padding)
    return list(map(Slide, range(1, len(window) + 1), over.window, over.strides, over.before, over.places))


def _pooled_shape(operation: str, x: Array, *, window: Ints, strides: Ints, padding: str) -> Any:
    places = output_sizes(operation, x.shape[1:-1], window, strides, (1,) * len(window), padding)
    return x.shape[0], *places, x.shape[-1]


def _blocked(xp: Any, definition: Callable[..., Array], *images: Array) -> Array:
    """The definition on a few images at a time, so that its intermediate arrays stay in the cache."""
    largest = max(images, key=lambda x: math.prod(x.shape))
    cost = math.prod(largest.shape[1:]) * (8 if dtype_name(largest.dtype) == "float64" else 4)
    cuts = blocks(largest.shape[:1], cost)
    if len(cuts) < 2:
        return definition(*images)
    return xp.concat([definition(*(x[start:stop, ...] for x in images)) for ((start, stop),) in cuts], axis=0)


def _span(xp: Any, x: Array, axis: int, start: int, stop: int, fill: float) -> Array:
    return region(xp, x, (*((0, n) for n in x.shape[:axis]), (start, stop)), fill)


def _along_axis(x: Array, axis: int, values: list[Any], dtype: Any, xp: Any) -> Array:
    """A number per element of one axis, shaped to broadcast against x."""
    shape = tuple(len(values) if a == axis else 1 for a in range(x.ndim))
    return xp.reshape(xp.asarray(values, dtype=dtype, device=device_of(x)), shape)


def _taps(xp: Any, x: Array, slide: Slide, fill: float) -> list[Array]:
    """What each tap of a window along one axis meets at each place."""
    axis, k, s, before, places = slide
    padded = _span(xp, x, axis, -before, (places - 1) * s + k - before, fill) if places else x
    return [along(padded, axis, i, places, s) for i in range(k)]


def _chain(xp: Any, x: Array, plan: list[Slide]) -> list[Array]:
    """x, its maxima along the last axis, their maxima along the axis before, ..., the maxima of whole windows."""
    maxima = [x]
    for slide in reversed(plan):
        maxima.append(functools.reduce(xp.maximum, _taps(xp, maxima[-1], slide, -math.inf)))
    return maxima


def _passed_over(xp: Any, x: Array, tops: Array, slide: Slide) -> Iterator[Array]:
    """For each tap but the last, where it is not the largest: below it, or outside of x."""
    axis, k, s, before, places = slide
    for i, tap in enumerate(_taps(xp, x, slide, -math.inf)[:-1]):
        outside = [not 0 <= place * s + i - before < x.shape[axis] for place in range(places)]
        lower = tap < tops
        yield lower | _along_axis(x, axis, outside, xp.bool, xp) if any(outside) else lower


def _to_first(xp: Any, g: Array, x: Array, tops: Array, slide: Slide) -> Array:
    """g of each window along one axis, moved to the first tap that x and its maxima agree on."""
    parts = []
    for lower in _passed_over(xp, x, tops, slide):
        rest = g * xp.astype(lower, g.dtype)  # NumPy's where takes ten times as long on a mask without a pattern
        parts.append(g - rest)
        g = rest
    return _spread(xp, [*parts, g], slide, x.shape[slide.axis])


def _from_first(xp: Any, h: Array, x: Array, tops: Array, slide: Slide) -> Array:
    """h of the first tap that x and its maxima agree on, for each window along one axis."""
    *taps, chosen = _taps(xp, h, slide, 0.0)
    lowers = list(_passed_over(xp, x, tops, slide))
    for tap, lower in zip(reversed(taps), reversed(lowers), strict=True):
        chosen = xp.where(lower, chosen, tap)
    return chosen


def _spread(xp: Any, parts: list[Array], slide: Slide, size: int) -> Array:
    """The sum of each element's windows along one axis, from what they have for it in each of their taps."""
    axis, k, s, before, _ = slide
    start, stop, choices = phases(size, k, s, 1, before)
    shape = tuple(stop - start if a == axis else n for a, n in enumerate(parts[0].shape))
    woven = []
    for taps, lag, step in choices:
        shifted = [_span(xp, parts[i], axis, start - lag - j * step, stop - lag - j * step, 0.0)
                   for j, i in enumerate(taps)]
        woven.append(functools.reduce(operator.add, shifted) if shifted else
                     xp.zeros(shape, dtype=parts[0].dtype, device=device_of(parts[0])))
    return interleave(xp, woven, axis, before - start * s, size)


def _counts(xp: Any, x: Array, size: Ints, plan: list[Slide]) -> Array:
    """How many elements of an x of that size each window has: (1, places..., 1)."""
    dtype = widened(xp, xp.zeros((), dtype=x.dtype, device=device_of(x))).dtype
    return functools.reduce(operator.mul, (
        _along_axis(x, axis, [float(min(o * s - before + k, n) - max(o * s - before, 0)) for o in range(places)],
                    dtype, xp)
        for (axis, k, s, before, places), n in zip(plan, size, strict=True)))
