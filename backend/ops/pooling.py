"""Pooling: the largest element or the mean of windows that slide over the spatial axes."""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

from ..arrays.typing import Array, Ints, PerAxis
from ..arrays.windows import AxisWindows, axis_windows
from ..config import data_format_of
from ..dispatch.boundary import sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, floating
from ..graph.composite import composite, spec
from .windows.geometry import (
    Box,
    channels_first,
    channels_last,
    checked_padding,
    grid,
    known_sizes,
    narrowed,
    output_sizes,
    per_axis,
    widened,
)
from .windows.separable import (
    chain,
    counts_of,
    from_first,
    imagewise,
    placewise,
    plan_of,
    spread,
    taps,
    to_first,
    total,
)

__all__ = ["pool2d", "pool3d"]


@operation
def pool2d(
    x: Array,
    pool_size: PerAxis,
    strides: PerAxis = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Array:
    """Maximum or mean of each window of two spatial axes.

    Parameters
    ----------
    x : array
        Shape (batch, rows, columns, channels), or (batch, channels, rows,
        columns) with 'channels_first'; integers become floatx.
    pool_size : int or pair of ints
    strides : int or pair of ints
        1 if not given, not the size of the window.
    padding : {'valid', 'same'}
        'same' pads the smaller half first.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.
    pool_mode : {'max', 'avg'}

    Returns
    -------
    array
        As x, with ``ceil((n - size + 1) / stride)`` rows and columns for
        'valid', ``ceil(n / stride)`` for 'same'. Unknown sizes stay unknown.

    Raises
    ------
    ValueError
        For another `pool_mode`, `padding` or `data_format`, a wrong number of
        dimensions, and a window larger than x with 'valid'.

    Notes
    -----
    Padded elements are never the maximum and are not counted in the mean. NaN
    in a window gives NaN.

    The gradient of a maximum goes to the first of equal elements, row by row;
    in a window that holds NaN, to one element, which is left open.

    References
    ----------
    Keras 2.3.1, ``keras.backend.pool2d``.

    Examples
    --------
    >>> x = np.reshape(np.arange(16.0), (1, 4, 4, 1))
    >>> K.pool2d(x, (2, 2), strides=(2, 2))[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    >>> K.pool2d(x, 3, strides=3, padding="same", pool_mode="avg")[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    return _pool("pool2d", x, pool_size, strides, padding, data_format, pool_mode, 2)


@operation
def pool3d(
    x: Array,
    pool_size: PerAxis,
    strides: PerAxis = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Array:
    """Maximum or mean of each window of three spatial axes.

    Parameters
    ----------
    x : array
        Shape (batch, depth, rows, columns, channels), or (batch, channels,
        depth, rows, columns) with 'channels_first'; integers become floatx.
    pool_size : int or triple of ints
    strides : int or triple of ints
        1 if not given, not the size of the window.
    padding : {'valid', 'same'}
        'same' pads the smaller half first.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.
    pool_mode : {'max', 'avg'}

    Returns
    -------
    array
        As x, with the spatial sizes that `pool2d` gives.

    Raises
    ------
    ValueError
        For another `pool_mode`, `padding` or `data_format`, a wrong number of
        dimensions, and a window larger than x with 'valid'.

    Notes
    -----
    Edge values and gradient are those of `pool2d`.

    References
    ----------
    Keras 2.3.1, ``keras.backend.pool3d``.

    Examples
    --------
    >>> x = np.reshape(np.arange(8.0), (1, 2, 2, 2, 1))
    >>> K.pool3d(x, (1, 2, 2))[0, :, 0, 0, 0]
    array([3., 7.])
    """
    return _pool("pool3d", x, pool_size, strides, padding, data_format, pool_mode, 3)


def _pool(
    operation: str,
    x: Array,
    pool_size: Any,
    strides: Any,
    padding: str,
    data_format: str | None,
    pool_mode: str,
    count: int,
) -> Array:
    data_format = data_format_of(operation, data_format)
    how: dict[str, Any] = {
        "window": per_axis(operation, "pool_size", pool_size, count),
        "strides": per_axis(operation, "strides", strides, count),
        "padding": checked_padding(operation, padding),
    }
    if pool_mode not in ("max", "avg"):
        raise ValueError(f"{operation}: pool_mode is {pool_mode!r}; expected 'max' or 'avg'")
    xp, x = floating(x)
    if x.ndim != count + 2:
        raise ValueError(f"{operation}: x has {x.ndim} dimensions; expected {count + 2}")
    x = channels_last(xp, x, data_format)
    output_sizes(operation, x.shape[1:-1], how["window"], how["strides"], (1,) * count, padding)
    y = average_pool(x, **how) if pool_mode == "avg" else max_pool(x, **how)[0]
    return channels_first(xp, y, data_format)


# ---- composites: channels last, any number of spatial axes
#
# A window is pooled one axis after another: k + k slices instead of k * k, each of them over contiguous memory. The
# maximum takes the last axis first, so that going back, the first of equal rows is chosen before the first of equal
# columns: window scan order.


@composite
def max_pool(x: Array, *, window: Ints, strides: Ints, padding: str, residuals: bool = False) -> tuple[Array, ...]:
    """(largest element of each window,); x (batch, spatial..., channels) gives (batch, places..., channels).

    Elements outside of x count as -infinity; NaN in a window gives NaN. With `residuals`, (largest, places): also what
    the gradient needs, in whatever form the kernel that ran produced it; an array of the same shape, of any dtype.

    References
    ----------
    Keras 2.3.1 backend semantics.
    """
    xp = array_namespace(x)
    over = grid("max_pool", x.shape[1:-1], window, strides, (1,) * len(window), padding)

    def largest(part: Array, plan: list[AxisWindows], box: Box) -> Array:
        for windows in plan:
            part = functools.reduce(xp.maximum, taps(xp, part, windows, -math.inf))
        return part

    y = placewise(xp, x, over, largest, -math.inf)
    return (y, y) if residuals else (y,)


@max_pool.vjp
def _(g: Any, out: Any, x: Array, *, residuals: bool = False, **how: Any) -> tuple[Array]:
    return (max_pool_gradient(g[0], x, out[1] if residuals else None, **how),)


@max_pool.shape
def _(x: Array, *, residuals: bool = False, **how: Any) -> Any:
    found = spec(_pooled_shape("max_pool", x, **how), x.dtype)
    return (found, found) if residuals else (found,)


@max_pool.prune
def _(live: Any, x: Array, *, residuals: bool, **how: Any) -> Any:
    return ((x,), {**how, "residuals": residuals}, [0, 1]) if 1 in live else ((x,), how, [0])


@composite
def max_pool_gradient(
    g: Array, x: Array, kept: Array | None = None, *, window: Ints, strides: Ints, padding: str
) -> Array:
    """The adjoint of `max_pool_selection`: each window's g lands on its largest element, the first of equal ones.

    g (batch, places..., channels) and x (batch, spatial..., channels) give the shape of x; `kept` is what `max_pool`
    kept of that x, or None. A g that is not finite may make NaN of its whole window. float16 is summed in float32.

    References
    ----------
    Keras 2.3.1 backend semantics.
    """
    xp = array_namespace(g, x)
    plan = plan_of("max_pool_gradient", x.shape[1:-1], window, strides, padding)

    def definition(g: Array, x: Array) -> Array:
        maxima = chain(xp, x, plan)
        for windows, elements, tops in zip(plan, maxima[-2::-1], maxima[:0:-1], strict=True):
            g = to_first(xp, g, elements, tops, windows)
        return g

    return narrowed(xp, imagewise(xp, definition, x.shape, widened(xp, g), widened(xp, x)), g)


@max_pool_gradient.vjp
def _(h: Array, out: Array, g: Array, x: Array, kept: Array | None = None, **how: Any) -> tuple[Array, None, None]:
    return max_pool_selection(h, x, kept, **how), None, None


@max_pool_gradient.shape
def _(g: Array, x: Array, kept: Array | None = None, **how: Any) -> Any:
    return sizes(x)


@composite
def max_pool_selection(
    h: Array, x: Array, kept: Array | None = None, *, window: Ints, strides: Ints, padding: str
) -> Array:
    """What h has where each window of x has its largest element, the first of equal ones.

    h and x (batch, spatial..., channels) give (batch, places..., channels); `kept` is what `max_pool` kept of that x,
    or None. Linear in h.

    References
    ----------
    The derivative of `max_pool_gradient` with respect to g.
    """
    xp = array_namespace(h, x)
    plan = plan_of("max_pool_selection", x.shape[1:-1], window, strides, padding)

    def definition(h: Array, x: Array) -> Array:
        maxima = chain(xp, x, plan)
        for windows, elements, tops in zip(reversed(plan), maxima, maxima[1:], strict=False):
            h = from_first(xp, h, elements, tops, windows)
        return h

    places = tuple(windows.places for windows in plan)
    return imagewise(xp, definition, (x.shape[0], *places, x.shape[-1]), h, x)


@max_pool_selection.vjp
def _(g: Array, out: Array, h: Array, x: Array, kept: Array | None = None, **how: Any) -> tuple[Array, None, None]:
    return max_pool_gradient(g, x, kept, **how), None, None


@max_pool_selection.shape
def _(h: Array, x: Array, kept: Array | None = None, **how: Any) -> Any:
    return _pooled_shape("max_pool_selection", x, **how)


@composite
def average_pool(x: Array, *, window: Ints, strides: Ints, padding: str) -> Array:
    """The mean of each window's elements; x (batch, spatial..., channels) gives (batch, places..., channels).

    Elements outside of x are left out of the mean. float16 is summed in float32.

    References
    ----------
    Keras 2.3.1 backend semantics.
    """
    xp = array_namespace(x)
    over = grid("average_pool", x.shape[1:-1], window, strides, (1,) * len(window), padding)
    counts = counts_of(xp, x, axis_windows(over, x.shape[1:-1]))

    def mean(part: Array, plan: list[AxisWindows], box: Box) -> Array:
        wide = widened(xp, part)
        for windows in plan:
            wide = total(taps(xp, wide, windows, 0.0), wide)
        within = counts if isinstance(counts, float) else counts[(..., *(slice(*e) for e in box[1:]), slice(None))]
        return narrowed(xp, wide / within, part)

    return placewise(xp, x, over, mean, 0.0)


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

    References
    ----------
    The derivative of the mean.
    """
    xp = array_namespace(g)
    plan = plan_of("average_pool_gradient", size, window, strides, padding)
    counts = counts_of(xp, g, plan)

    def definition(part: Array) -> Array:
        wide = widened(xp, part) / counts
        for windows in plan:
            wide = spread(xp, [wide] * windows.window, windows, wide)
        return narrowed(xp, wide, part)

    return imagewise(xp, definition, (g.shape[0], *map(operator.index, size), g.shape[-1]), g)


@average_pool_gradient.vjp
def _(h: Array, out: Array, g: Array, *, size: Ints, **how: Any) -> tuple[Array]:
    return (average_pool(h, **how),)


@average_pool_gradient.shape
def _(g: Array, *, size: Ints, **how: Any) -> Any:
    batch, *_, channels = sizes(g)
    return batch, *known_sizes(size), channels


def _pooled_shape(operation: str, x: Array, *, window: Ints, strides: Ints, padding: str) -> Any:
    batch, *spatial, channels = sizes(x)
    return batch, *output_sizes(operation, spatial, window, strides, (1,) * len(window), padding), channels
