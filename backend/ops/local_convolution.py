"""Convolutions whose kernel differs from position to position."""

from __future__ import annotations

import itertools

from ..arrays.typing import Array, PerAxis
from ..config import data_format_of
from ..dispatch.boundary import moved, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import promoted_floats
from .windows.geometry import per_axis

__all__ = ["local_conv1d", "local_conv2d"]


@operation
def local_conv1d(
    inputs: Array, kernel: Array, kernel_size: PerAxis, strides: PerAxis, data_format: str | None = None
) -> Array:
    """Convolve along one axis with a kernel of its own at every output position.

    Parameters
    ----------
    inputs : array
        Shape (batch, time, channels), whatever `data_format` says; integers
        become floatx.
    kernel : array
        Shape (positions, size * channels, filters), each window flattened time
        first.
    kernel_size : int or sequence of one int
    strides : int or sequence of one int
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.

    Returns
    -------
    array
        Shape (batch, positions, filters); the dtypes are promoted.

    Raises
    ------
    ValueError
        For other numbers of dimensions, and a kernel that does not fit the
        windows.

    References
    ----------
    Keras 2.3.1, ``keras.backend.local_conv1d``.

    Examples
    --------
    >>> x = np.reshape(np.asarray([1.0, 2.0, 3.0]), (1, 3, 1))
    >>> kernel = np.reshape(np.asarray([[1.0, 1.0], [0.0, 10.0]]), (2, 2, 1))
    >>> K.local_conv1d(x, kernel, kernel_size=2, strides=1)[0, :, 0]
    array([ 3., 30.])
    """
    data_format_of("local_conv1d", data_format)
    size = per_axis("local_conv1d", "kernel_size", kernel_size, 1)
    stride = per_axis("local_conv1d", "strides", strides, 1)
    return _local("local_conv1d", inputs, kernel, size, stride, None, "channels_last")


@operation
def local_conv2d(
    inputs: Array,
    kernel: Array,
    kernel_size: PerAxis,
    strides: PerAxis,
    output_shape: PerAxis,
    data_format: str | None = None,
) -> Array:
    """Convolve over two axes with a kernel of its own at every output position.

    Parameters
    ----------
    inputs : array
        Shape (batch, rows, columns, channels), or (batch, channels, rows,
        columns) with 'channels_first'; integers become floatx.
    kernel : array
        Shape (positions, features, filters): positions row by row, each window
        flattened in the layout of the inputs.
    kernel_size : int or pair of ints
    strides : int or pair of ints
    output_shape : int or pair of ints
        Rows and columns of the result.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.

    Returns
    -------
    array
        Shape (batch, rows, columns, filters), in the layout of the inputs; the
        dtypes are promoted.

    Raises
    ------
    ValueError
        For other numbers of dimensions, and a kernel that does not fit the
        windows.

    References
    ----------
    Keras 2.3.1, ``keras.backend.local_conv2d``.

    Examples
    --------
    >>> x = np.reshape(np.arange(4.0), (1, 2, 2, 1))
    >>> kernel = np.reshape(np.asarray([1.0, 10.0, 100.0, 1000.0]), (4, 1, 1))
    >>> K.local_conv2d(x, kernel, 1, 1, (2, 2))[0, :, :, 0]
    array([[   0.,   10.],
           [ 200., 3000.]])
    """
    layout = data_format_of("local_conv2d", data_format)
    size, stride, out = (
        per_axis("local_conv2d", argument, value, 2)
        for argument, value in (("kernel_size", kernel_size), ("strides", strides), ("output_shape", output_shape))
    )
    return _local("local_conv2d", inputs, kernel, size, stride, out, layout)


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
    xp, x, kernel = promoted_floats(x, kernel)
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
