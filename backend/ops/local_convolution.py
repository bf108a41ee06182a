"""Convolutions whose kernel differs from position to position."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from ..arrays.typing import Array
from ..config import data_format_of
from ..dispatch.boundary import moved, sizes
from ..dispatch.promotion import floating, promoted

__all__ = ["local_conv1d", "local_conv2d"]


def local_conv1d(inputs: Array, kernel: Array, kernel_size: Any, strides: Any, data_format: str | None = None) -> Array:
    """A 1-D convolution with a kernel of its own at every output position.

    Shapes and dtypes: inputs (batch, time, channels) whatever data_format says, kernel (positions, size * channels,
    filters) with each window flattened time first; result (batch, positions, filters). Floating dtypes stay, integers
    become floatx. kernel_size and strides: an int or a sequence of one.
    Errors: ValueError for other numbers of dimensions, and for a kernel that does not fit the windows.

    Source: Keras 2.3.1 backend semantics.
    """
    data_format_of("local_conv1d", data_format)
    size, stride = _numbers("local_conv1d", kernel_size, 1), _numbers("local_conv1d", strides, 1)
    return _local("local_conv1d", inputs, kernel, size, stride, None, "channels_last")


def local_conv2d(
    inputs: Array,
    kernel: Array,
    kernel_size: Sequence[int],
    strides: Sequence[int],
    output_shape: Sequence[int],
    data_format: str | None = None,
) -> Array:
    """A 2-D convolution with a kernel of its own at every output position.

    Shapes and dtypes: inputs (batch, rows, columns, channels), or (batch, channels, rows, columns) with
    'channels_first'; kernel (positions, features, filters), positions row by row, each window flattened in the layout
    of the inputs; output_shape (rows, columns) of the result, whose layout is that of the inputs. Floating dtypes stay,
    integers become floatx.
    Errors: ValueError for other numbers of dimensions, and for a kernel that does not fit the windows.

    Source: Keras 2.3.1 backend semantics.
    """
    layout = data_format_of("local_conv2d", data_format)
    size, stride = _numbers("local_conv2d", kernel_size, 2), _numbers("local_conv2d", strides, 2)
    return _local("local_conv2d", inputs, kernel, size, stride, _numbers("local_conv2d", output_shape, 2), layout)


def _numbers(name: str, value: Any, count: int) -> tuple[int, ...]:
    numbers = tuple(value) if isinstance(value, (tuple, list)) else (value,) * count
    if len(numbers) != count or any(not isinstance(n, int) or n < 1 for n in numbers):
        raise ValueError(f"{name}: got {value!r}, expected {count} integers of at least 1")
    return numbers


def _local(
    name: str,
    x: Array,
    kernel: Array,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    out: tuple[int, ...] | None,
    layout: str,
) -> Array:
    """Every window flattened, then one matrix product per position."""
    xp, x, kernel = promoted(x, kernel)
    _, x = floating(x)
    _, kernel = floating(kernel)
    rank = len(size)
    if x.ndim != rank + 2 or kernel.ndim != 3:
        raise ValueError(
            f"{name}: inputs and kernel have {x.ndim} and {kernel.ndim} dimensions, expected {rank + 2} and 3"
        )
    if layout == "channels_first":
        x = moved(x, 1, -1)
    out = out or (kernel.shape[0],)
    _check(name, x, kernel, size, stride, out)
    taps = [
        x[
            (
                slice(None),
                *(slice(first, first + (n - 1) * s + 1, s) for first, n, s in zip(offsets, out, stride, strict=True)),
                slice(None),
            )
        ]
        for offsets in itertools.product(*map(range, size))
    ]
    windows = xp.stack(taps, axis=-2 if layout == "channels_last" else -1)
    positions, features = kernel.shape[0], kernel.shape[1]
    windows = xp.reshape(windows, (sizes(x)[0], positions, features))
    result = moved(xp.matmul(moved(windows, 1, 0), kernel), 0, 1)
    result = xp.reshape(result, (sizes(x)[0], *out, sizes(kernel)[2]))
    return moved(result, -1, 1) if layout == "channels_first" else result


def _check(
    name: str, x: Array, kernel: Array, size: tuple[int, ...], stride: tuple[int, ...], out: tuple[int, ...]
) -> None:
    positions, features, channels = 1, x.shape[-1], x.shape[-1]
    for n, k, s, length in zip(out, size, stride, x.shape[1:-1], strict=True):
        positions *= n
        features = None if features is None else features * k
        if length is not None and (n - 1) * s + k > length:
            raise ValueError(f"{name}: {n} windows of {k} with stride {s} do not fit into {length} elements")
    if kernel.shape[0] != positions or (features is not None and kernel.shape[1] != features):
        raise ValueError(
            f"{name}: kernel has shape {tuple(kernel.shape)}, expected ({positions}, {features}, filters) "
            f"for {channels} channels"
        )
