"""Resizing images and volumes by whole factors."""

from __future__ import annotations

from ..arrays.typing import Array
from ..config import data_format_of
from ..dispatch.boundary import sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, arrays, floating

__all__ = ["resize_images", "resize_volumes"]


@operation
def resize_images(
    x: Array, height_factor: int, width_factor: int, data_format: str, interpolation: str = "nearest"
) -> Array:
    """Multiply each side of images by a whole factor.

    Parameters
    ----------
    x : array
        Shape (batch, rows, columns, channels), or (batch, channels, rows,
        columns) with 'channels_first'.
    height_factor : int
    width_factor : int
    data_format : {'channels_last', 'channels_first'}
    interpolation : {'nearest', 'bilinear'}
        'nearest' repeats pixels. 'bilinear' reads row i at i / factor, between
        it and the next row (the last one repeats).

    Returns
    -------
    array
        Unknown sizes stay unknown. The dtype of x; with 'bilinear', integers
        become floatx.

    Raises
    ------
    ValueError
        For another `interpolation`, `data_format` or number of dimensions.
    TypeError
        If a factor is not a whole number of at least 1.

    Notes
    -----
    The corner grid is the old one, without half-pixel centres. There is a
    gradient.

    References
    ----------
    Keras 2.3.1, ``keras.backend.resize_images``.

    Examples
    --------
    >>> x = np.reshape(np.asarray([0.0, 1.0, 4.0]), (1, 1, 3, 1))
    >>> K.resize_images(x, 1, 2, "channels_last")[0, 0, :, 0]
    array([0., 0., 1., 1., 4., 4.])
    >>> K.resize_images(x, 1, 2, "channels_last", "bilinear")[0, 0, :, 0]
    array([0. , 0.5, 1. , 2.5, 4. , 4. ])
    """
    if interpolation not in ("nearest", "bilinear"):
        raise ValueError(f"resize_images: interpolation is {interpolation!r}; expected 'nearest' or 'bilinear'")
    return _resized("resize_images", x, (height_factor, width_factor), data_format, interpolation)


@operation
def resize_volumes(x: Array, depth_factor: int, height_factor: int, width_factor: int, data_format: str) -> Array:
    """Multiply each side of volumes by a whole factor, by repeating elements.

    Parameters
    ----------
    x : array
        Shape (batch, depth, rows, columns, channels), or (batch, channels,
        depth, rows, columns) with 'channels_first'.
    depth_factor : int
    height_factor : int
    width_factor : int
    data_format : {'channels_last', 'channels_first'}

    Returns
    -------
    array
        Unknown sizes stay unknown. The dtype of x.

    Raises
    ------
    ValueError
        For another `data_format` or number of dimensions.
    TypeError
        If a factor is not a whole number of at least 1.

    References
    ----------
    Keras 2.3.1, ``keras.backend.resize_volumes``.

    Examples
    --------
    >>> K.resize_volumes(np.ones((1, 2, 3, 4, 1)), 3, 2, 1, "channels_last").shape
    (1, 6, 6, 4, 1)
    """
    return _resized("resize_volumes", x, (depth_factor, height_factor, width_factor), data_format, "nearest")


def _resized(name: str, x: Array, factors: tuple[int, ...], data_format: str, interpolation: str) -> Array:
    if data_format is None:
        raise ValueError(f"{name}: data_format is None; expected 'channels_last' or 'channels_first'")
    first = 1 if data_format_of(name, data_format) == "channels_last" else 2
    for factor in factors:
        if not isinstance(factor, int) or isinstance(factor, bool) or factor < 1:
            raise TypeError(f"{name}: a factor is {factor!r}; expected a whole number of at least 1")
    xp, x = arrays(x)
    if x.ndim != len(factors) + 2:
        raise ValueError(f"{name}: x has {x.ndim} dimensions, expected {len(factors) + 2}")
    if interpolation == "bilinear":
        _, x = floating(x)
    for axis, factor in enumerate(factors, first):
        if factor > 1:
            x = xp.repeat(x, factor, axis=axis) if interpolation == "nearest" else _between(x, factor, axis)
    return x


def _between(x: Array, factor: int, axis: int) -> Array:
    """Each element followed by factor - 1 steps on the way to the next one."""
    xp = array_namespace(x)
    if sizes(x)[axis] == 0:
        return x
    before = (slice(None),) * axis
    following = xp.concat([x[(*before, slice(1, None), ...)], x[(*before, slice(-1, None), ...)]], axis=axis)
    steps = [x if r == 0 else x * (1 - r / factor) + following * (r / factor) for r in range(factor)]
    shape = sizes(x)
    return xp.reshape(xp.stack(steps, axis=axis + 1), (*shape[:axis], shape[axis] * factor, *shape[axis + 1 :]))
