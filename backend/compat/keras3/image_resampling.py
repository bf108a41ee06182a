"""Images read between their pixels, for `keras.ops.image`: sizes, scales, coordinates."""

from __future__ import annotations

from typing import Any

from keras.src.backend import standardize_data_format

import backend as K

from .core import convert_to_tensor
from .dtype_rules import cast_to, floats, is_real_float, name_of, quiet
from .image_colors import ranked
from .numpy_shapes import pad

__all__ = [
    "MAP_COORDINATES_FILL_MODES",
    "RESIZE_INTERPOLATIONS",
    "SCALE_AND_TRANSLATE_METHODS",
    "map_coordinates",
    "resize",
    "scale_and_translate",
]

RESIZE_INTERPOLATIONS = ("bilinear", "nearest", "lanczos3", "lanczos5", "bicubic")
MAP_COORDINATES_FILL_MODES = {"constant", "nearest", "wrap", "mirror", "reflect"}
# Keras's names, which count axes that the filter does not depend on, and K's.
_METHODS = {
    **dict.fromkeys(("linear", "bilinear", "trilinear"), "bilinear"),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), "bicubic"),
    "lanczos3": "lanczos3",
    "lanczos5": "lanczos5",
}
SCALE_AND_TRANSLATE_METHODS = set(_METHODS)


@quiet
def resize(
    images: Any,
    size: Any,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: Any = None,
) -> Any:
    data_format = standardize_data_format(data_format)
    if interpolation not in RESIZE_INTERPOLATIONS:
        raise ValueError(
            "Invalid value for argument `interpolation`. Expected of one "
            f"{RESIZE_INTERPOLATIONS}. Received: interpolation={interpolation}"
        )
    if fill_mode != "constant":
        raise ValueError(
            f"Invalid value for argument `fill_mode`. Only `'constant'` is supported. Received: fill_mode={fill_mode}"
        )
    if pad_to_aspect_ratio and crop_to_aspect_ratio:
        raise ValueError("Only one of `pad_to_aspect_ratio` & `crop_to_aspect_ratio` can be `True`.")
    if len(size) != 2:
        raise ValueError(f"Argument `size` must be a tuple of two elements (height, width). Received: size={size}")
    images, size = ranked(images), (int(size[0]), int(size[1]))
    if crop_to_aspect_ratio:
        images = _cropped(images, size, data_format)
    elif pad_to_aspect_ratio:
        images = _padded(images, size, fill_value, data_format)
    return K.resize(images, size, interpolation, antialias, data_format)


def _sides(images: Any, data_format: str) -> tuple[int, int, int]:
    """The axis of the rows, and the sizes of rows and columns."""
    axis = images.ndim - (3 if data_format == "channels_last" else 2)
    return axis, images.shape[axis], images.shape[axis + 1]


def _cropped(images: Any, size: tuple[int, int], data_format: str) -> Any:
    """The largest middle part of the wanted proportions."""
    axis, height, width = _sides(images, data_format)
    rows = max(min(height, int(float(width * size[0]) / size[1])), 1)
    columns = max(min(width, int(float(height * size[1]) / size[0])), 1)
    top, left = int(float(height - rows) / 2), int(float(width - columns) / 2)
    return images[(*(slice(None),) * axis, slice(top, top + rows), slice(left, left + columns), ...)]


def _padded(images: Any, size: tuple[int, int], fill_value: float, data_format: str) -> Any:
    """The images in the middle of a constant, in the wanted proportions: above and below, or left and right."""
    axis, height, width = _sides(images, data_format)
    rows = max(height, int(float(width * size[0]) / size[1]))
    columns = max(width, int(float(height * size[1]) / size[0]))
    above, left = int(float(rows - height) / 2), int(float(columns - width) / 2)
    widths = [(0, 0)] * images.ndim
    if above > 0:
        widths[axis] = (above, above)
    elif left > 0:
        widths[axis + 1] = (left, left)
    return pad(images, tuple(widths), constant_values=fill_value)


@quiet
def scale_and_translate(
    images: Any,
    output_shape: Any,
    scale: Any,
    translation: Any,
    spatial_dims: Any,
    method: str,
    antialias: bool = True,
) -> Any:
    if method not in _METHODS:
        raise ValueError(
            "Invalid value for argument `method`. Expected of one "
            f"{SCALE_AND_TRANSLATE_METHODS}. Received: method={method}"
        )
    images, scale, translation = convert_to_tensor(images), floats(scale), floats(translation)
    shape, axes = tuple(int(n) for n in output_shape), tuple(int(a) for a in spatial_dims)
    return K.scale_and_translate(images, shape, axes, scale, translation, _METHODS[method], antialias)


@quiet
def map_coordinates(
    inputs: Any, coordinates: Any, order: int, fill_mode: str = "constant", fill_value: float = 0.0
) -> Any:
    inputs, coordinates = convert_to_tensor(inputs), convert_to_tensor(coordinates)
    if coordinates.shape[0] != inputs.ndim:
        raise ValueError(
            "First dim of `coordinates` must be the same as the rank of `inputs`. "
            f"Received inputs with shape: {tuple(inputs.shape)} and coordinate leading dim of {coordinates.shape[0]}"
        )
    if coordinates.ndim < 2:
        raise ValueError(
            f"Invalid coordinates rank: expected at least rank 2. Received input with shape: {tuple(coordinates.shape)}"
        )
    if fill_mode not in MAP_COORDINATES_FILL_MODES:
        raise ValueError(
            "Invalid value for argument `fill_mode`. Expected one of "
            f"{MAP_COORDINATES_FILL_MODES}. Received: fill_mode={fill_mode}"
        )
    if order not in (0, 1):
        raise ValueError(f"Invalid value for argument `order`. Expected one of {[0, 1]}. Received: order={order}")
    coordinates = coordinates if is_real_float(coordinates) else cast_to(coordinates, "float32")
    found = K.map_coordinates(inputs, coordinates, order, fill_mode, float(fill_value))
    return cast_to(found, name_of(inputs))
