"""Convolution, pooling and blocks of pixels for `keras.ops.nn`."""

from __future__ import annotations

import math
from typing import Any

from keras.src.backend import standardize_data_format
from keras.src.backend.common import backend_utils

import backend as K
from backend.dispatch.boundary import sizes
from backend.dispatch.promotion import array_namespace

from .core import convert_to_tensor
from .dtype_rules import at_least_float32, cast_to, floats, in_common, is_real_float, name_of, quiet
from .numpy_shapes import pad

__all__ = [
    "adaptive_average_pool",
    "adaptive_max_pool",
    "average_pool",
    "conv",
    "conv_transpose",
    "depth_to_space",
    "depthwise_conv",
    "fold",
    "max_pool",
    "separable_conv",
    "space_to_depth",
    "unfold",
]


# ---- convolution ------------------------------------------------------------------------------------------------


def _operands(*given: Any) -> list[Any]:
    """The arrays of a convolution, in one floating dtype."""
    return [floats(x) for x in in_common(*given)]


def conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Any:
    data_format = standardize_data_format(data_format)
    inputs, kernel = _operands(inputs, kernel)
    channels = inputs.shape[-1 if data_format == "channels_last" else 1]
    if channels is not None and channels % kernel.shape[-2]:
        raise ValueError(
            "The number of input channels must be evenly divisible by kernel's in_channels. "
            f"Received input channels {channels} and kernel in_channels {kernel.shape[-2]}. "
        )
    try:
        found = K.conv(inputs, kernel, strides, padding.lower(), data_format, dilation_rate)
    except ValueError as error:
        if "window spans" in str(error):
            raise ValueError(_EMPTY) from error
        raise
    if 0 in found.shape and 0 not in inputs.shape:
        raise ValueError(_EMPTY)
    return found


_EMPTY = (
    "The convolution operation resulted in an empty output. This can happen if the input is too small for the given "
    "kernel size, strides, dilation rate, and padding mode. Please check the input shape and convolution parameters."
)


def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Any:
    data_format = standardize_data_format(data_format)
    inputs, kernel = _operands(inputs, kernel)
    backend_utils.check_conv_input_channels(inputs, kernel, data_format)
    *window, channels, multiplier = kernel.shape
    kernel = array_namespace(kernel).reshape(kernel, (*window, 1, channels * multiplier))
    return K.conv(inputs, kernel, strides, padding.lower(), data_format, dilation_rate)


def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Any:
    data_format = standardize_data_format(data_format)
    found = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(found, pointwise_kernel, 1, "valid", data_format)


def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: Any = None,
    dilation_rate: Any = 1,
) -> Any:
    data_format = standardize_data_format(data_format)
    inputs, kernel = _operands(inputs, kernel)
    backend_utils.check_conv_transpose_input_channels(inputs, kernel, data_format)
    return K.conv_transpose(inputs, kernel, strides, padding.lower(), output_padding, data_format, dilation_rate)


# ---- pooling ----------------------------------------------------------------------------------------------------


@quiet
def _pool(mode: str, inputs: Any, pool_size: Any, strides: Any, padding: str, data_format: Any) -> Any:
    """K's pooling of two or three axes; an axis of one element is added for one axis alone."""
    data_format = standardize_data_format(data_format)
    inputs = convert_to_tensor(inputs)
    name, count = name_of(inputs), inputs.ndim - 2
    x = inputs if is_real_float(inputs) else cast_to(inputs, "float32")
    strides = pool_size if strides is None else strides
    pool_size, strides = (((v,) * count if isinstance(v, int) else tuple(v)) for v in (pool_size, strides))
    if count == 1:
        axis = 2 if data_format == "channels_last" else 3
        x = array_namespace(x).expand_dims(x, axis=axis)
        pool_size, strides = (*pool_size, 1), (*strides, 1)
    function = K.pool3d if count == 3 else K.pool2d
    found = function(x, pool_size, strides, padding.lower(), data_format, mode)
    found = array_namespace(found).squeeze(found, axis=axis) if count == 1 else found
    return cast_to(found, name)


def max_pool(inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: Any = None) -> Any:
    return _pool("max", inputs, pool_size, strides, padding, data_format)


def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: Any = None
) -> Any:
    return _pool("avg", inputs, pool_size, strides, padding, data_format)


def _adaptive(mode: str, inputs: Any, output_size: Any, data_format: Any) -> Any:
    """One axis after another: the windows of an axis overlap by at most one element, and are as equal as may be."""
    data_format = standardize_data_format(data_format)
    x = floats(inputs)
    count = x.ndim - 2
    if count not in (1, 2, 3):
        raise ValueError(f"adaptive_{mode}_pool supports only 1D/2D/3D")
    wanted = (output_size,) * count if isinstance(output_size, int) else tuple(output_size)
    first = 1 if data_format == "channels_last" else 2
    for axis, size in enumerate(wanted, start=first):
        x = _adapted(mode, x, axis, size) if size is not None else x
    return x


def _adapted(mode: str, x: Any, axis: int, size: int) -> Any:
    """The windows of one axis, each as one element."""
    xp, count = array_namespace(x), x.shape[axis]
    starts = [i * count // size for i in range(size)]
    ends = [-(-(i + 1) * count // size) for i in range(size)]
    longest = max(stop - start for start, stop in zip(starts, ends, strict=True))
    # windows of equal length: the elements beyond the end of a shorter one repeat its last, and do not count in a mean
    places = [min(start + j, stop - 1) for start, stop in zip(starts, ends, strict=True) for j in range(longest)]
    index = cast_to(convert_to_tensor(places, "int32"), name_of(xp.arange(0)))
    rows = xp.take(x, index, axis=axis)
    rows = xp.reshape(rows, (*sizes(x)[:axis], size, longest, *sizes(x)[axis + 1 :]))
    if mode == "max":
        return xp.max(rows, axis=axis + 1)
    weights = [
        1.0 / (stop - start) if start + j < stop else 0.0
        for start, stop in zip(starts, ends, strict=True)
        for j in range(longest)
    ]
    wide = at_least_float32(rows)
    shape = tuple(size if a == axis else longest if a == axis + 1 else 1 for a in range(rows.ndim))
    shares = xp.reshape(convert_to_tensor(weights, name_of(wide)), shape)
    return cast_to(xp.sum(wide * shares, axis=axis + 1), name_of(x))


def adaptive_average_pool(inputs: Any, output_size: Any, data_format: Any = None) -> Any:
    return _adaptive("average", inputs, output_size, data_format)


def adaptive_max_pool(inputs: Any, output_size: Any, data_format: Any = None) -> Any:
    return _adaptive("max", inputs, output_size, data_format)


# ---- blocks -----------------------------------------------------------------------------------------------------


def _two(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


def unfold(input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """The windows of images (batch, channels, rows, columns) as columns (batch, channels * window, places)."""
    x = convert_to_tensor(input)
    window, rate, around, step = map(_two, (kernel_size, dilation, padding, stride))
    x = pad(x, ((0, 0), (0, 0), (around[0], around[0]), (around[1], around[1])))
    xp, (batch, channels, *spatial) = array_namespace(x), sizes(x)
    places = [(n - (k - 1) * d - 1) // s + 1 for n, k, d, s in zip(spatial, window, rate, step, strict=True)]
    taps = [
        xp.reshape(x[(slice(None), slice(None), *_tap((i, j), rate, step, places))], (batch, channels, 1, -1))
        for i in range(window[0])
        for j in range(window[1])
    ]
    return xp.reshape(xp.concat(taps, axis=2), (batch, channels * math.prod(window), math.prod(places)))


def _tap(tap: tuple[int, int], rate: Any, step: Any, places: Any) -> tuple[slice, ...]:
    """The elements that one tap of a window meets at its places."""
    return tuple(slice(i * d, i * d + (n - 1) * s + 1, s) for i, d, s, n in zip(tap, rate, step, places, strict=True))


def fold(x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """The sum of all windows where they lie: the adjoint of `unfold`, one axis after another."""
    x = convert_to_tensor(x)
    size, window, rate, around, step = map(_two, (output_size, kernel_size, dilation, padding, stride))
    xp, (batch, columns, _) = array_namespace(x), x.shape
    padded = [n + 2 * p for n, p in zip(size, around, strict=True)]
    places = [(n - d * (k - 1) - 1) // s + 1 for n, k, d, s in zip(padded, window, rate, step, strict=True)]
    x = xp.reshape(x, (batch, columns // math.prod(window), *window, *places))
    # rows of the window meet rows of places, axes 2 and 4; then columns meet, axes 2 and 3 of what is left
    x = _laid(x, 2, 4, padded[0], rate[0], step[0])
    x = _laid(x, 2, 3, padded[1], rate[1], step[1])
    return x[:, :, around[0] : padded[0] - around[0], around[1] : padded[1] - around[1]]


def _laid(x: Any, taps: int, places: int, size: int, rate: int, step: int) -> Any:
    """The sum over taps of their elements, each at place * step + tap * rate of a new last axis."""
    xp, total = array_namespace(x), None
    count, number = x.shape[taps], x.shape[places]
    for tap in range(count):
        part = x[(slice(None),) * taps + (tap,)]
        order = (*(a for a in range(part.ndim) if a != places - 1), places - 1)  # the tap's axis is gone
        part = xp.permute_dims(part, order)
        if step > 1:  # zeros between neighbours
            part = pad(part[..., None], (*(((0, 0),) * part.ndim), (0, step - 1)))
            part = xp.reshape(part, (*part.shape[:-2], number * step))[..., : (number - 1) * step + 1]
        length = (number - 1) * step + 1
        part = pad(part, (*(((0, 0),) * (part.ndim - 1)), (tap * rate, size - tap * rate - length)))
        total = part if total is None else total + part
    return total


def depth_to_space(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    x = convert_to_tensor(x)
    xp, b = array_namespace(x), block_size
    if data_format == "channels_last":
        n, h, w, c = sizes(x)
        x = xp.permute_dims(xp.reshape(x, (n, h, w, b, b, c // (b * b))), (0, 1, 3, 2, 4, 5))
        return xp.reshape(x, (n, h * b, w * b, c // (b * b)))
    n, c, h, w = sizes(x)
    x = xp.permute_dims(xp.reshape(x, (n, c // (b * b), b, b, h, w)), (0, 1, 4, 2, 5, 3))
    return xp.reshape(x, (n, c // (b * b), h * b, w * b))


def space_to_depth(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    x = convert_to_tensor(x)
    xp, b = array_namespace(x), block_size
    if data_format == "channels_last":
        n, h, w, c = sizes(x)
        x = xp.permute_dims(xp.reshape(x, (n, h // b, b, w // b, b, c)), (0, 1, 3, 2, 4, 5))
        return xp.reshape(x, (n, h // b, w // b, c * b * b))
    n, c, h, w = sizes(x)
    x = xp.permute_dims(xp.reshape(x, (n, c, h // b, b, w // b, b)), (0, 1, 3, 5, 2, 4))
    return xp.reshape(x, (n, c * b * b, h // b, w // b))
