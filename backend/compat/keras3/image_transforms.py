"""Affine, perspective and elastic transforms of images, for `keras.ops.image`."""

from __future__ import annotations

from typing import Any

from keras.src.backend import standardize_data_format

import backend as K
from backend.dispatch.promotion import array_namespace, device_of
from backend.ops.sampling import sampled

from .core import convert_to_numpy, convert_to_tensor
from .dtype_rules import at_least_float32, cast_to, common, is_number, is_real_float, name_of, quiet
from .image_colors import first, gaussian_blur, last, ranked

__all__ = [
    "AFFINE_TRANSFORM_FILL_MODES",
    "AFFINE_TRANSFORM_INTERPOLATIONS",
    "affine_transform",
    "compute_homography_matrix",
    "elastic_transform",
    "perspective_transform",
]

AFFINE_TRANSFORM_INTERPOLATIONS = {"nearest": 0, "bilinear": 1}  # the order of the interpolation
AFFINE_TRANSFORM_FILL_MODES = {"constant", "nearest", "wrap", "mirror", "reflect"}


def _checked(interpolation: str, fill_mode: str = "constant") -> None:
    if interpolation not in AFFINE_TRANSFORM_INTERPOLATIONS:
        raise ValueError(
            "Invalid value for argument `interpolation`. Expected of one "
            f"{set(AFFINE_TRANSFORM_INTERPOLATIONS)}. Received: interpolation={interpolation}"
        )
    if fill_mode not in AFFINE_TRANSFORM_FILL_MODES:
        raise ValueError(
            "Invalid value for argument `fill_mode`. Expected of one "
            f"{AFFINE_TRANSFORM_FILL_MODES}. Received: fill_mode={fill_mode}"
        )


def _read(images: Any, rows: Any, columns: Any, interpolation: str, fill_mode: str, fill_value: Any) -> Any:
    """Images (batch, height, width, channels) at places (batch or 1, height, width)."""
    xp, (batch, height, width, channels) = array_namespace(images, rows), images.shape
    shape = (batch, *rows.shape[1:])
    rows, columns = xp.broadcast_to(rows, shape), xp.broadcast_to(columns, shape)
    index = xp.arange(batch, device=device_of(images))
    base = xp.broadcast_to(xp.reshape(index * (height * width), (batch, 1, 1)), shape)
    flat = xp.reshape(images, (batch * height * width, channels))
    order = AFFINE_TRANSFORM_INTERPOLATIONS[interpolation]
    return sampled(flat, base, [rows, columns], (height, width), order, fill_mode, float(_number(fill_value)))


def _number(value: Any) -> Any:
    return value if is_number(value) else convert_to_numpy(value).item()


def _grid(like: Any, height: int, width: int) -> tuple[Any, Any]:
    """The row and the column of each pixel, (1, height, 1) and (1, 1, width)."""
    xp, device = array_namespace(like), device_of(like)
    rows, columns = (xp.arange(n, dtype=like.dtype, device=device) for n in (height, width))
    return xp.reshape(rows, (1, height, 1)), xp.reshape(columns, (1, 1, width))


def _projected(transforms: Any, rows: Any, columns: Any, perspective: bool) -> tuple[Any, Any]:
    """Where the eight numbers of each transform take rows and columns."""
    a = [transforms[:, i][:, None, None] for i in range(8)]
    x, y = columns * a[0] + rows * a[1] + a[2], columns * a[3] + rows * a[4] + a[5]
    if not perspective:
        return y, x
    scale = columns * a[6] + rows * a[7] + 1.0
    return y / scale, x / scale


@quiet
def affine_transform(
    images: Any,
    transform: Any,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: Any = 0,
    data_format: Any = None,
) -> Any:
    data_format = standardize_data_format(data_format)
    _checked(interpolation, fill_mode)
    images, transform = ranked(images), convert_to_tensor(transform)
    if transform.ndim not in (1, 2):
        raise ValueError(
            "Invalid transform rank: expected rank 1 (single transform) or rank 2 (batch of transforms). "
            f"Received input with shape: transform.shape={tuple(transform.shape)}"
        )
    x = _batch(at_least_float32(images), data_format)
    transform = cast_to(transform if transform.ndim == 2 else transform[None, :], name_of(x))
    rows, columns = _projected(transform, *_grid(x, x.shape[1], x.shape[2]), perspective=False)
    return _like(images, _read(x, rows, columns, interpolation, fill_mode, fill_value), data_format)


def _batch(images: Any, data_format: str) -> Any:
    """Images with the channels last, one image as a batch of one."""
    x = last(images, data_format)
    return x[None, ...] if x.ndim == 3 else x


def _like(images: Any, found: Any, data_format: str) -> Any:
    """A batch in the dtype and layout of the images again."""
    return first(cast_to(found[0, ...] if images.ndim == 3 else found, name_of(images)), data_format)


@quiet
def perspective_transform(
    images: Any,
    start_points: Any,
    end_points: Any,
    interpolation: str = "bilinear",
    fill_value: Any = 0,
    data_format: Any = None,
) -> Any:
    data_format = standardize_data_format(data_format)
    start, end = convert_to_tensor(start_points), convert_to_tensor(end_points)
    _checked(interpolation)
    images = ranked(images)
    for name, points in (("start_points", start), ("end_points", end)):
        if points.ndim not in (2, 3) or tuple(points.shape[-2:]) != (4, 2):
            raise ValueError(
                f"Invalid {name} shape: expected (4,2) for a single image or (N,4,2) for a batch. "
                f"Received shape: {tuple(points.shape)}"
            )
    if tuple(start.shape) != tuple(end.shape):
        raise ValueError(
            "start_points and end_points must have the same shape. "
            f"Received start_points.shape={tuple(start.shape)}, end_points.shape={tuple(end.shape)}"
        )
    x = _batch(at_least_float32(images), data_format)
    start, end = (points if points.ndim == 3 else points[None, ...] for points in (start, end))
    transforms = cast_to(compute_homography_matrix(start, end), name_of(x))
    rows, columns = _projected(transforms, *_grid(x, x.shape[1], x.shape[2]), perspective=True)
    return _like(images, _read(x, rows, columns, interpolation, "constant", fill_value), data_format)


@quiet
def compute_homography_matrix(start_points: Any, end_points: Any) -> Any:
    """The eight numbers of the projection that takes four end points to four start points."""
    start, end = convert_to_tensor(start_points), convert_to_tensor(end_points)
    dtype = common(start, end, float)
    wide = common(dtype, "float32")
    start, end = cast_to(start, wide), cast_to(end, wide)
    xp, equations, targets = array_namespace(start, end), [], []
    for i in range(4):
        x, y = end[:, i, 0], end[:, i, 1]
        one, zero = xp.ones_like(x), xp.zeros_like(x)
        for target, row in (
            (start[:, i, 0], (x, y, one, zero, zero, zero)),
            (start[:, i, 1], (zero, zero, zero, x, y, one)),
        ):
            equations.append(xp.stack([*row, -target * x, -target * y], axis=-1))
            targets.append(target)
    solved = K.solve(xp.stack(equations, axis=1), xp.stack(targets, axis=-1)[..., None])
    return cast_to(xp.reshape(solved, (-1, 8)), dtype)


@quiet
def elastic_transform(
    images: Any,
    alpha: Any = 20.0,
    sigma: Any = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: Any = 0.0,
    seed: Any = None,
    data_format: Any = None,
) -> Any:
    from .random import normal

    data_format = standardize_data_format(data_format)
    _checked(interpolation, fill_mode)
    images = ranked(images)
    x = _batch(at_least_float32(images) if is_real_float(images) else cast_to(images, "float32"), data_format)
    batch, height, width, _ = x.shape
    size = int(6 * _number(sigma)) | 1
    moves = normal((batch, height, width, 2), dtype=name_of(x), seed=seed)
    alpha, sigma = (v if is_number(v) else cast_to(convert_to_tensor(v), name_of(x)) for v in (alpha, sigma))
    moves = gaussian_blur(moves * sigma, (size, size), (sigma, sigma), "channels_last") * alpha
    rows, columns = _grid(x, height, width)
    found = _read(x, rows + moves[..., 1], columns + moves[..., 0], interpolation, fill_mode, fill_value)
    if not is_real_float(images):
        found = array_namespace(found).round(found)
    return _like(images, found, data_format)
