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
    """Images with each side multiplied by a whole factor.

    Shapes and dtypes: x (batch, rows, columns, channels), or (batch, channels, rows, columns) with 'channels_first';
    unknown sizes stay unknown. 'nearest' repeats pixels and keeps the dtype; 'bilinear' reads row i at i / factor,
    between it and the next row (the last one repeats), and makes integers floatx. Differentiable.
    Errors: ValueError for another interpolation, data_format or number of dimensions; TypeError for a factor that is no
    whole number.

    Source: Keras 2.3.1 backend semantics: the old corner grid, without half-pixel centres.
    """
    if interpolation not in ("nearest", "bilinear"):
        raise ValueError(f"resize_images: interpolation is {interpolation!r}; expected 'nearest' or 'bilinear'")
    return _resized("resize_images", x, (height_factor, width_factor), data_format, interpolation)


@operation
def resize_volumes(x: Array, depth_factor: int, height_factor: int, width_factor: int, data_format: str) -> Array:
    """Volumes with each side multiplied by a whole factor, by repeating elements.

    Shapes and dtypes: x (batch, depth, rows, columns, channels), or channels second with 'channels_first'; the dtype
    stays. Errors: as `resize_images`.

    Source: Keras 2.3.1 backend semantics.
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
    before = (slice(None),) * axis
    following = xp.concat([x[(*before, slice(1, None), ...)], x[(*before, slice(-1, None), ...)]], axis=axis)
    steps = [x if r == 0 else x * (1 - r / factor) + following * (r / factor) for r in range(factor)]
    shape = sizes(x)
    return xp.reshape(xp.stack(steps, axis=axis + 1), (*shape[:axis], shape[axis] * factor, *shape[axis + 1 :]))
