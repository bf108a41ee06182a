"""Images read at places between their pixels: resized, scaled and shifted, or at any coordinates."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from ..arrays.dtypes import limits
from ..arrays.typing import Array, ArrayLike, Ints, PerAxis
from ..config import data_format_of
from ..dispatch.boundary import axis_of, number_like, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, arrays, device_of, dtype_name, floating, is_float, is_integer, real
from .selection import as_index

__all__ = ["map_coordinates", "resize", "scale_and_translate"]

FAR = 2.0**30  # places farther out are as good as there: an index must fit into 32 bits
MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


# ---- resizing: a matrix of weights for each axis ----------------------------------------------------------------


@operation
def resize(
    x: Array, size: PerAxis, method: str = "bilinear", antialias: bool = False, data_format: str | None = None
) -> Array:
    """Give images another number of rows and columns.

    Parameters
    ----------
    x : array
        Shape (..., rows, columns, channels), or (..., channels, rows, columns) with 'channels_first', of 3 or 4
        dimensions.
    size : int or pair of ints
        The rows and columns of the result.
    method : {'bilinear', 'nearest', 'bicubic', 'lanczos3', 'lanczos5'}
    antialias : bool
        Whether the filter grows with the pixels of a smaller image, so that each pixel counts; not for 'nearest'.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.

    Returns
    -------
    array
        The dtype of x: integers are rounded, and stay between their least and their greatest.

    Raises
    ------
    ValueError
        For another method or number of dimensions, a size that is not two integers of at least 1, and an unknown size
        of x.

    Notes
    -----
    The pixel i of n lies at ``(i + 0.5) / n`` of the side. Beyond the edge the filter is cut off and the rest weighted
    up.

    References
    ----------
    Keys, Cubic convolution interpolation for digital image processing, 1981, with a = -1/2; Turkowski, Filters for
    common resampling tasks, 1990; Keras 3, ``keras.ops.image.resize``.

    Examples
    --------
    >>> x = np.reshape(np.asarray([0.0, 4.0]), (1, 2, 1))
    >>> K.resize(x, (1, 4))[0, :, 0]
    array([0., 1., 3., 4.])
    >>> K.resize(x, (1, 4), "nearest")[0, :, 0]
    array([0., 0., 4., 4.])
    """
    data_format = data_format_of("resize", data_format)
    xp, x = arrays(x)
    if method not in FILTERS and method != "nearest":
        raise ValueError(f"resize: method is {method!r}; expected one of nearest, {', '.join(FILTERS)}")
    if x.ndim not in (3, 4):
        raise ValueError(f"resize: x has {x.ndim} dimensions; expected 3 or 4")
    size = size if isinstance(size, (tuple, list)) else (size, size)
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"resize: size is {size!r}; expected two integers of at least 1")
    first = x.ndim - (3 if data_format == "channels_last" else 2)
    axes = [(axis, n) for axis, n in zip((first, first + 1), size, strict=True) if x.shape[axis] != n]
    for axis, _ in axes:
        if x.shape[axis] in (None, 0):
            raise ValueError(f"resize: x has shape {tuple(x.shape)}; expected known sizes of at least 1")
    if method == "nearest":
        for axis, n in axes:
            places = [(2 * i + 1) * x.shape[axis] // (2 * n) for i in range(n)]
            x = xp.take(x, as_index(xp.asarray(places, dtype=xp.int32, device=device_of(x))), axis=axis)
        return x
    how = [(axis, n, n / x.shape[axis], 0.0) for axis, n in axes]
    return _resampled(x, how, FILTERS[method], antialias)


@operation
def scale_and_translate(
    x: Array,
    shape: Ints,
    axes: Ints,
    scale: ArrayLike,
    translation: ArrayLike,
    method: str = "bilinear",
    antialias: bool = True,
) -> Array:
    """Scale and shift some axes of an array.

    Parameters
    ----------
    x : array
    shape : sequence of ints
        The shape of the result; on the other axes that of x.
    axes : sequence of ints
        Those that are scaled and shifted.
    scale, translation : array or sequence of floats
        One number for each of these axes.
    method : {'bilinear', 'bicubic', 'lanczos3', 'lanczos5'}
        In any number of axes.
    antialias : bool
        Whether the filter grows where pixels shrink.

    Returns
    -------
    array
        What x has at ``(i + 0.5 - translation) / scale - 0.5`` for each i; 0 outside of x. The dtype of x: integers are
        rounded, and stay between their least and their greatest.

    Raises
    ------
    ValueError
        For another method, an axis out of range, other numbers of axes, scales and translations, and unknown sizes.

    References
    ----------
    JAX's ``image.scale_and_translate``; Keras 3, ``keras.ops.image.scale_and_translate``.

    Examples
    --------
    >>> K.scale_and_translate(np.asarray([1.0, 2.0, 3.0]), (3,), (0,), [1.0], [1.0])
    array([0., 1., 2.])
    """
    _, x = arrays(x)
    if method not in FILTERS:
        raise ValueError(f"scale_and_translate: method is {method!r}; expected one of {', '.join(FILTERS)}")
    if len(shape) != x.ndim:
        raise ValueError(f"scale_and_translate: shape is {shape!r}; expected {x.ndim} integers")
    places = [axis_of("scale_and_translate", axis, x.ndim) for axis in axes]
    if any(x.shape[axis] in (None, 0) for axis in places):
        raise ValueError(f"scale_and_translate: x has shape {tuple(x.shape)}; expected known sizes of at least 1")
    scales, shifts = (_numbers(name, v, len(places)) for name, v in (("scale", scale), ("translation", translation)))
    how = [(axis, shape[axis], scales[i], shifts[i]) for i, axis in enumerate(places)]
    return _resampled(x, how, FILTERS[method], antialias)


def _numbers(name: str, given: Any, count: int) -> Any:
    """As many numbers as axes: a sequence, or an array of one dimension."""
    found = given if isinstance(given, (list, tuple)) else floating(given)[1]
    n = len(found) if isinstance(found, (list, tuple)) else found.shape[0] if found.ndim == 1 else -1
    if n != count:
        raise ValueError(f"scale_and_translate: {name} has {n} numbers; expected {count}, one for each axis")
    return found


def _resampled(x: Array, how: list[tuple[int, int, Any, Any]], kernel: Callable[..., Array], antialias: bool) -> Array:
    """Each (axis, size, scale, translation) by a matrix of weights; integers are rounded."""
    xp, name = array_namespace(x), dtype_name(x.dtype)
    wide = x if name in ("float32", "float64") else xp.astype(x, xp.float32)
    for axis, size, scale, shift in how:
        weights = _weights(wide, wide.shape[axis], size, scale, shift, kernel, antialias)
        order = (*(a for a in range(x.ndim) if a != axis), axis)
        back = tuple(order.index(a) for a in range(x.ndim))
        wide = xp.permute_dims(xp.matmul(xp.permute_dims(wide, order), weights), back)
    if wide.dtype == x.dtype:
        return wide
    if not is_float(name) and how:
        whole = xp.astype(x, wide.dtype)
        wide = xp.minimum(xp.maximum(xp.round(wide), xp.min(whole)), xp.max(whole))
    return xp.astype(wide, x.dtype)


def _weights(
    like: Array, count: int, size: int, scale: Any, shift: Any, kernel: Callable[..., Array], antialias: bool
) -> Array:
    """The share (count, size) that each pixel has in each pixel of the result."""
    xp = array_namespace(like)
    dtype, device = like.dtype, device_of(like)
    scale = xp.astype(scale, dtype) if hasattr(scale, "dtype") else number_like(like, scale)
    shift = xp.astype(shift, dtype) if hasattr(shift, "dtype") else number_like(like, shift)
    places = (xp.arange(size, dtype=dtype, device=device) + 0.5 - shift) / scale - 0.5
    distance = xp.abs(places[None, :] - xp.arange(count, dtype=dtype, device=device)[:, None])
    if antialias:
        distance = distance / xp.maximum(1.0 / scale, number_like(like, 1.0))
    weights = kernel(xp, distance)
    total = xp.sum(weights, axis=0, keepdims=True)
    some = xp.abs(total) > 1000.0 * 2.0**-23
    weights = xp.where(some, weights / xp.where(some, total, number_like(like, 1.0)), number_like(like, 0.0))
    inside = (places >= -0.5) & (places <= count - 0.5)
    return xp.where(inside[None, :], weights, number_like(like, 0.0))


def _triangle(xp: Any, t: Array) -> Array:
    return xp.maximum(1.0 - t, xp.zeros_like(t))


def _cubic(xp: Any, t: Array) -> Array:
    near = ((1.5 * t - 2.5) * t) * t + 1.0
    far = ((-0.5 * t + 2.5) * t - 4.0) * t + 2.0
    return xp.where(t < 1.0, near, xp.where(t < 2.0, far, xp.zeros_like(t)))


def _lanczos(radius: float, xp: Any, t: Array) -> Array:
    """sinc(t) sinc(t / radius) up to the radius."""
    safe = xp.where(t > 1e-3, t, xp.ones_like(t))
    y = radius * xp.sin(math.pi * safe) * xp.sin(math.pi * safe / radius) / (math.pi**2 * safe * safe)
    return xp.where(t > radius, xp.zeros_like(t), xp.where(t > 1e-3, y, xp.ones_like(t)))


FILTERS: dict[str, Callable[..., Array]] = {
    "bilinear": _triangle,
    "bicubic": _cubic,
    "lanczos3": functools.partial(_lanczos, 3.0),
    "lanczos5": functools.partial(_lanczos, 5.0),
}


# ---- any coordinates --------------------------------------------------------------------------------------------


@operation
def map_coordinates(
    x: Array, coordinates: ArrayLike, order: int = 1, mode: str = "constant", fill_value: float = 0.0
) -> Array:
    """Read an array at any places, between its elements, too.

    Parameters
    ----------
    x : array
        At least one dimension; its sizes must be known.
    coordinates : array
        Shape (dimensions of x, ...): a place for each element of the result.
    order : {0, 1}
        0 takes the nearest element, 1 interpolates linearly.
    mode : {'constant', 'nearest', 'wrap', 'mirror', 'reflect'}
        What lies outside of x: `fill_value`, the element at the edge, x again, or x reversed, about the elements at the
        edge ('mirror') or about the edge itself ('reflect').
    fill_value : float

    Returns
    -------
    array
        The shape of the coordinates without their first axis; the dtype of x, integers rounded.

    Raises
    ------
    ValueError
        For another order or mode, other numbers of coordinates than dimensions, and a size that is unknown or 0.

    Notes
    -----
    With 'constant' a place less than 1 outside lies between an element and the fill value. The gradient leads to x and,
    with order 1, to the coordinates. The result at a NaN is NaN for floats, and means nothing for integers.

    References
    ----------
    JAX's ``scipy.ndimage.map_coordinates``; Keras 3, ``keras.ops.image.map_coordinates``.

    Examples
    --------
    >>> K.map_coordinates(np.asarray([1.0, 2.0, 4.0]), np.asarray([[0.5, 1.25, 2.5]]))
    array([1.5, 2.5, 2. ])
    """
    xp, x, coordinates = arrays(x, coordinates)
    real(x)
    coordinates = floating(coordinates)[1]
    if order not in (0, 1):
        raise ValueError(f"map_coordinates: order is {order}; expected 0 or 1")
    if mode not in MODES:
        raise ValueError(f"map_coordinates: mode is {mode!r}; expected one of {', '.join(MODES)}")
    if not x.ndim or None in x.shape or 0 in x.shape:
        raise ValueError(f"map_coordinates: x has shape {tuple(x.shape)}; expected known sizes of at least 1")
    if not coordinates.ndim or coordinates.shape[0] != x.ndim:
        raise ValueError(
            f"map_coordinates: coordinates have shape {tuple(coordinates.shape)}; expected {x.ndim} of them first"
        )
    places = [coordinates[i, ...] for i in range(x.ndim)]
    return sampled(xp.reshape(x, (-1,)), None, places, tuple(x.shape), order, mode, fill_value)


def sampled(
    rows: Array, base: Array | None, places: list[Array], spatial: Ints, order: int, mode: str, fill_value: float
) -> Array:
    """Rows of an array (n, ...) at places in a grid of `spatial` sizes that begins at row `base`.

    The places are arrays of one shape, an array for each axis of the grid; the result has their shape, then the row's.
    """
    xp, name = array_namespace(rows), dtype_name(rows.dtype)
    wide = rows if name in ("float32", "float64") else xp.astype(rows, xp.float32)
    corners: list[tuple[Any, Any, Any]] = [(None, None, None)]  # row in the grid, whether it is inside, weight
    for place, n in zip(places, spatial, strict=True):
        along = _neighbours(place if place.dtype == wide.dtype else xp.astype(place, wide.dtype), n, order, mode)
        corners = [
            (
                index if row is None else row * n + index,
                inside if within is None else within & inside,
                share if weight is None else weight * share,
            )
            for row, within, weight in corners
            for index, inside, share in along
        ]
    total: Any = None
    for row, within, weight in corners:
        value = _rows(xp, wide, row if base is None else xp.astype(base, xp.int32) + row)
        more = (1,) * (value.ndim - row.ndim)
        if within is not None:
            within = xp.reshape(within, (*sizes(row), *more))
            value = xp.where(within, value, number_like(wide, fill_value))
        if weight is not None:
            value = value * xp.reshape(weight, (*sizes(row), *more))
        total = value if total is None else total + value
    if wide.dtype == rows.dtype:
        return total
    if not is_integer(name):
        return xp.astype(total, rows.dtype)
    low, high = limits(name)
    return xp.astype(
        xp.minimum(xp.maximum(xp.round(total), number_like(wide, low)), number_like(wide, high)), rows.dtype
    )


def _rows(xp: Any, x: Array, index: Array) -> Array:
    """Rows of x, in the shape of the index and then that of a row."""
    found = xp.take(x, as_index(xp.reshape(index, (-1,))), axis=0)
    return xp.reshape(found, (*sizes(index), *sizes(x)[1:]))


def _neighbours(place: Array, n: int, order: int, mode: str) -> list[tuple[Array, Array | None, Array | None]]:
    """The elements of an axis that a place lies on or between: index, whether it is inside (for 'constant'), weight."""
    xp = array_namespace(place)
    below = xp.floor(place if order else place + 0.5)
    weights = [1.0 - (place - below), place - below] if order else [None]
    below = xp.minimum(xp.maximum(below, number_like(place, -FAR)), number_like(place, FAR))
    below = xp.where(below == below, below, xp.zeros_like(below))
    first = xp.astype(below, xp.int32)
    return [(*_inside(xp, first + i if i else first, n, mode, below), weight) for i, weight in enumerate(weights)]


def _inside(xp: Any, index: Array, n: int, mode: str, like: Array) -> tuple[Array, Array | None]:
    """An integer as an index of an axis of n elements, by the mode; whether it was one, for 'constant'."""
    first, last = xp.zeros_like(index), xp.zeros_like(index) + (n - 1)
    if mode == "nearest":
        return xp.minimum(xp.maximum(index, first), last), None
    if mode == "constant":
        inside = (index >= first) & (index <= last)
        return xp.where(inside, index, first), inside
    period = n if mode == "wrap" else max(2 * n - 2, 1) if mode == "mirror" else 2 * n
    # half a step beside whole numbers, rounding in the quotient does not matter
    turns = xp.floor((xp.astype(index, like.dtype) + 0.5) / period)
    index = index - period * xp.astype(turns, index.dtype)
    if mode == "wrap":
        return index, None
    return xp.where(index < n, index, period - (mode == "reflect") - index), None
