"""Colors and filters of images, for `keras.ops.image`."""

from __future__ import annotations

from typing import Any

from keras.src.backend import standardize_data_format

import backend as K
from backend.dispatch.promotion import array_namespace, device_of

from .core import convert_to_numpy, convert_to_tensor
from .dtype_rules import array_like, at_least_float32, cast_to, common, floats, is_number, is_real_float, name_of, quiet

__all__ = ["gaussian_blur", "hsv_to_rgb", "rgb_to_grayscale", "rgb_to_hsv", "sobel_edges"]


def ranked(images: Any) -> Any:
    """Images as a tensor; ValueError unless it is one image or a batch of them."""
    images = convert_to_tensor(images)
    if images.ndim not in (3, 4):
        raise ValueError(
            "Invalid images rank: expected rank 3 (single image) or rank 4 (batch of images). "
            f"Received input with shape: images.shape={tuple(images.shape)}"
        )
    return images


def last(images: Any, data_format: str) -> Any:
    """Images with their channels last."""
    if data_format == "channels_last":
        return images
    order = (1, 2, 0) if images.ndim == 3 else (0, 2, 3, 1)
    return array_namespace(images).permute_dims(images, order)


def first(images: Any, data_format: str) -> Any:
    """Images whose channels are last, in the layout wanted."""
    if data_format == "channels_last":
        return images
    order = (2, 0, 1) if images.ndim == 3 else (0, 3, 1, 2)
    return array_namespace(images).permute_dims(images, order)


# ---- colors -----------------------------------------------------------------------------------------------------

LUMA = (0.2989, 0.5870, 0.1140)  # ITU-R BT.601


@quiet
def rgb_to_grayscale(images: Any, data_format: Any = None) -> Any:
    images, data_format = ranked(images), standardize_data_format(data_format)
    axis = -1 if data_format == "channels_last" else -3
    if images.shape[axis] not in (1, 3):
        raise ValueError(
            "Invalid channel size: expected 3 (RGB) or 1 (Grayscale). "
            f"Received input with shape: images.shape={tuple(images.shape)}"
        )
    if images.shape[axis] != 3:
        return images
    dtype = name_of(images)
    images = last(cast_to(images, common(images, float)), data_format)
    gray = sum(images[..., i : i + 1] * weight for i, weight in enumerate(LUMA))
    return first(cast_to(gray, dtype), data_format)


def _colors(images: Any, data_format: Any) -> tuple[list[Any], str, str]:
    """The three channels of floating images, their dtype, and their layout."""
    images, data_format = ranked(images), standardize_data_format(data_format)
    axis = -1 if data_format == "channels_last" else -3
    if not is_real_float(images):
        raise ValueError(f"Invalid images dtype: expected float dtype. Received: images.dtype={name_of(images)}")
    if images.shape[axis] not in (3, None):
        raise ValueError(
            "Invalid channel size: expected 3 (RGB) or 1 (Grayscale). "
            f"Received input with shape: images.shape={tuple(images.shape)}"
        )
    dtype = name_of(images)
    images = last(at_least_float32(images), data_format)
    return [images[..., i] for i in range(3)], dtype, data_format


def _joined(parts: list[Any], dtype: str, data_format: str) -> Any:
    found = array_namespace(*parts).stack(parts, axis=-1)
    return first(cast_to(found, dtype), data_format)


@quiet
def rgb_to_hsv(images: Any, data_format: Any = None) -> Any:
    """Hue, saturation and value; Smith, Color gamut transform pairs, 1978."""
    (r, g, b), dtype, data_format = _colors(images, data_format)
    xp, zero, one = array_namespace(r), array_like(r, 0.0), array_like(r, 1.0)
    value = xp.maximum(xp.maximum(r, g), b)
    spread = value - xp.minimum(xp.minimum(r, g), b)
    saturation = xp.where(value > 0.0, spread / xp.where(value > 0.0, value, one), zero)
    unit = 1.0 / (6.0 * xp.where(spread > 0.0, spread, one))
    hue = xp.where(
        value == r,
        (g - b) * unit,
        xp.where(value == g, (b - r) * unit + 1.0 / 3.0, (r - g) * unit + 2.0 / 3.0),
    )
    hue = xp.where(spread > 0.0, hue, zero)
    return _joined([xp.where(hue < 0.0, hue + 1.0, hue), saturation, value], dtype, data_format)


@quiet
def hsv_to_rgb(images: Any, data_format: Any = None) -> Any:
    (hue, saturation, value), dtype, data_format = _colors(images, data_format)
    xp, zero, one = array_namespace(hue), array_like(hue, 0.0), array_like(hue, 1.0)

    def unit(x: Any) -> Any:
        return xp.minimum(xp.maximum(x, zero), one)

    shares = (
        unit(xp.abs(hue * 6.0 - 3.0) - 1.0),
        unit(2.0 - xp.abs(hue * 6.0 - 2.0)),
        unit(2.0 - xp.abs(hue * 6.0 - 4.0)),
    )
    return _joined([(1.0 - saturation + saturation * share) * value for share in shares], dtype, data_format)


# ---- filters ----------------------------------------------------------------------------------------------------


def _numbers(values: Any, count: int) -> list[Any]:
    """Numbers from a sequence of them or of 0-d arrays, or from an array."""
    if not isinstance(values, (list, tuple)):
        values = convert_to_tensor(values)
        values = [values[i] for i in range(count)]
    return list(values)


@quiet
def gaussian_blur(images: Any, kernel_size: Any = (3, 3), sigma: Any = (1.0, 1.0), data_format: Any = None) -> Any:
    images, data_format = ranked(images), standardize_data_format(data_format)
    dtype = name_of(images)
    x = last(at_least_float32(images), data_format)
    single = x.ndim == 3
    x = x[None, ...] if single else x
    lengths = [int(n if is_number(n) else convert_to_numpy(n)) for n in _numbers(kernel_size, 2)]
    for axis, n, width in zip((1, 0), lengths, _numbers(sigma, 2), strict=True):  # Keras gives the columns' first
        x = _along(x, axis, _bell(x, n, width))
    return first(cast_to(x[0, ...] if single else x, dtype), data_format)


def _bell(like: Any, count: int, width: Any) -> Any:
    """The weights of a Gaussian filter."""
    xp = array_namespace(like)
    width = width if is_number(width) else cast_to(convert_to_tensor(width), name_of(like))
    places = (xp.arange(count, dtype=like.dtype, device=device_of(like)) - (count - 1) / 2.0) / width
    weights = xp.exp(-0.5 * places * places)
    return weights / xp.sum(weights)


def _along(x: Any, axis: int, weights: Any) -> Any:
    """A filter along the rows or columns of images, with zeros around them."""
    xp, channels = array_namespace(x), x.shape[-1]
    shape = (-1, 1, 1, 1) if axis == 0 else (1, -1, 1, 1)
    kernel = xp.reshape(weights, shape)
    kernel = xp.broadcast_to(kernel, (*kernel.shape[:3], channels))
    return K.conv(x, kernel, 1, "same", "channels_last")


@quiet
def sobel_edges(images: Any, data_format: Any = None) -> Any:
    """The slopes of images along rows and columns, as SciPy's `sobel`, which repeats the edge in mirror image."""
    from .numpy_shapes import pad

    images, data_format = convert_to_tensor(images), standardize_data_format(data_format)
    dtype = name_of(images)
    x = last(floats(images), data_format)
    x = pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")
    down = x[:, 2:, :, :] - x[:, :-2, :, :]
    down = down[:, :, :-2, :] + 2.0 * down[:, :, 1:-1, :] + down[:, :, 2:, :]
    right = x[:, :, 2:, :] - x[:, :, :-2, :]
    right = right[:, :-2, :, :] + 2.0 * right[:, 1:-1, :, :] + right[:, 2:, :, :]
    xp = array_namespace(x)
    found = cast_to(xp.stack([down, right], axis=-1), dtype)
    return found if data_format == "channels_last" else xp.permute_dims(found, (0, 3, 1, 2, 4))
