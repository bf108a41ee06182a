"""Convolution in one to three spatial axes: dense, depthwise, separable and transposed; and the bias that follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..arrays.typing import Array, Ints, PerAxis, Size
from ..config import data_format_of
from ..dispatch.boundary import sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import promoted_arrays, promoted_floats
from .windows.correlation import convolution, convolution_input_gradient
from .windows.geometry import channels_first, channels_last, checked_padding, output_sizes, per_axis

__all__ = [
    "bias_add",
    "conv1d",
    "conv2d",
    "conv2d_transpose",
    "conv3d",
    "conv3d_transpose",
    "depthwise_conv2d",
    "separable_conv1d",
    "separable_conv2d",
]


@operation
def conv1d(
    x: Array,
    kernel: Array,
    strides: PerAxis = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: PerAxis = 1,
) -> Array:
    """Slide a kernel along one axis and sum the products; it is not flipped.

    Parameters
    ----------
    x : array
        Shape (batch, steps, in), or (batch, in, steps) with 'channels_first';
        integers become floatx.
    kernel : array
        Shape (size, in, out).
    strides : int or sequence of one int
    padding : {'valid', 'same', 'causal'}
        'same' pads zeros, the smaller half first; 'causal' pads all in front,
        so that no output sees later steps.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.
    dilation_rate : int or sequence of one int

    Returns
    -------
    array
        As x, with `out` channels. With ``reach = (size - 1) * dilation_rate +
        1`` it has ``ceil((n - reach + 1) / stride)`` steps for 'valid',
        ``ceil(n / stride)`` for the others; unknown sizes stay unknown. One
        floating dtype for both operands; float16 is summed in float32.

    Raises
    ------
    ValueError
        For 'causal' with 'channels_first', strides with dilation, channels that
        do not fit, a wrong number of dimensions, an unknown `padding` or
        `data_format`, and with 'valid' for a kernel that reaches beyond x.

    References
    ----------
    Keras 2.3.1, ``keras.backend.conv1d``.

    Examples
    --------
    >>> x = np.reshape(np.asarray([1.0, 2.0, 4.0, 8.0]), (1, 4, 1))
    >>> kernel = np.reshape(np.asarray([-1.0, 1.0]), (2, 1, 1))
    >>> K.conv1d(x, kernel)[0, :, 0], K.conv1d(x, kernel, padding="causal")[0, :, 0]
    (array([1., 2., 4.]), array([1., 1., 2., 4.]))
    """
    if padding == "causal" and data_format_of("conv1d", data_format) == "channels_first":
        raise ValueError("conv1d: padding is 'causal' with data_format 'channels_first'; expected 'channels_last'")
    return _convolve("conv1d", x, kernel, strides, padding, data_format, dilation_rate, 1, ("valid", "same", "causal"))


@operation
def conv2d(
    x: Array,
    kernel: Array,
    strides: PerAxis = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: PerAxis = (1, 1),
) -> Array:
    """Slide a kernel over two axes and sum the products; it is not flipped.

    Parameters
    ----------
    x : array
        Shape (batch, rows, columns, in), or (batch, in, rows, columns) with
        'channels_first'; integers become floatx.
    kernel : array
        Shape (height, width, in, out), in either layout.
    strides : int or pair of ints
    padding : {'valid', 'same'}
        'same' pads zeros, the smaller half first.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.
    dilation_rate : int or pair of ints

    Returns
    -------
    array
        As x, with `out` channels and the spatial sizes that `conv1d` gives. One
        floating dtype for both operands; float16 is summed in float32.

    Raises
    ------
    ValueError
        For strides with dilation, channels that do not fit, a wrong number of
        dimensions, an unknown `padding` or `data_format`, and with 'valid' for
        a kernel that reaches beyond x.

    References
    ----------
    Keras 2.3.1, ``keras.backend.conv2d``.

    Examples
    --------
    >>> x = np.reshape(np.arange(9.0), (1, 3, 3, 1))
    >>> K.conv2d(x, np.ones((2, 2, 1, 1)))[0, :, :, 0]
    array([[ 8., 12.],
           [20., 24.]])
    >>> K.conv2d(x, np.ones((3, 3, 1, 8)), strides=2, padding="same").shape
    (1, 2, 2, 8)
    """
    return _convolve("conv2d", x, kernel, strides, padding, data_format, dilation_rate, 2)


@operation
def conv3d(
    x: Array,
    kernel: Array,
    strides: PerAxis = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: PerAxis = (1, 1, 1),
) -> Array:
    """Slide a kernel over three axes and sum the products; it is not flipped.

    Parameters
    ----------
    x : array
        Shape (batch, depth, rows, columns, in), or (batch, in, depth, rows,
        columns) with 'channels_first'; integers become floatx.
    kernel : array
        Shape (depth, height, width, in, out), in either layout.
    strides : int or triple of ints
    padding : {'valid', 'same'}
        'same' pads zeros, the smaller half first.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.
    dilation_rate : int or triple of ints

    Returns
    -------
    array
        As x, with `out` channels and the spatial sizes that `conv1d` gives. One
        floating dtype for both operands; float16 is summed in float32.

    Raises
    ------
    ValueError
        For strides with dilation, channels that do not fit, a wrong number of
        dimensions, an unknown `padding` or `data_format`, and with 'valid' for
        a kernel that reaches beyond x.

    References
    ----------
    Keras 2.3.1, ``keras.backend.conv3d``.

    Examples
    --------
    >>> K.conv3d(np.ones((1, 4, 4, 4, 2)), np.ones((2, 3, 4, 2, 5))).shape
    (1, 3, 2, 1, 5)
    """
    return _convolve("conv3d", x, kernel, strides, padding, data_format, dilation_rate, 3)


@operation
def depthwise_conv2d(
    x: Array,
    depthwise_kernel: Array,
    strides: PerAxis = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: PerAxis = (1, 1),
) -> Array:
    """Slide kernels over two spatial axes, each over one channel.

    Parameters
    ----------
    x : array
        Shape (batch, rows, columns, in), or (batch, in, rows, columns) with
        'channels_first'; integers become floatx.
    depthwise_kernel : array
        Shape (height, width, in, multiplier).
    strides : int or pair of ints
    padding : {'valid', 'same'}
        'same' pads zeros, the smaller half first.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.
    dilation_rate : int or pair of ints

    Returns
    -------
    array
        As x, with ``in * multiplier`` channels, those of the first input
        channel first, and the spatial sizes that `conv1d` gives. One floating
        dtype for both operands; float16 is summed in float32.

    Raises
    ------
    ValueError
        For strides with dilation, channels that do not fit, a wrong number of
        dimensions, an unknown `padding` or `data_format`, and with 'valid' for
        a kernel that reaches beyond x.

    References
    ----------
    Keras 2.3.1, ``keras.backend.depthwise_conv2d``.

    Examples
    --------
    >>> x = np.reshape(np.asarray([[1.0, 10.0], [2.0, 20.0]]), (1, 1, 2, 2))
    >>> K.depthwise_conv2d(x, np.ones((1, 2, 2, 1)))[0, 0]
    array([[ 3., 30.]])
    """
    return _convolve(
        "depthwise_conv2d", x, depthwise_kernel, strides, padding, data_format, dilation_rate, 2, depthwise=True
    )


@operation
def separable_conv1d(
    x: Array,
    depthwise_kernel: Array,
    pointwise_kernel: Array,
    strides: PerAxis = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: PerAxis = 1,
) -> Array:
    """Slide kernels along one axis, each over one channel, then mix the channels.

    Parameters
    ----------
    x : array
        Shape (batch, steps, in), or (batch, in, steps) with 'channels_first';
        integers become floatx.
    depthwise_kernel : array
        Shape (size, in, multiplier).
    pointwise_kernel : array
        Shape (1, in * multiplier, out).
    strides : int or sequence of one int
        Of the first step, like the arguments that follow.
    padding : {'valid', 'same'}
        'same' pads zeros, the smaller half first.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.
    dilation_rate : int or sequence of one int

    Returns
    -------
    array
        As x, with `out` channels and the steps that `conv1d` gives. One
        floating dtype for all operands; float16 is summed in float32.

    Raises
    ------
    ValueError
        For strides with dilation, channels that do not fit, a wrong number of
        dimensions, an unknown `padding` or `data_format`, and with 'valid' for
        a kernel that reaches beyond x.

    References
    ----------
    Keras 2.3.1, ``keras.backend.separable_conv1d``.

    Examples
    --------
    >>> x = np.reshape(np.asarray([[1.0, 10.0], [2.0, 20.0]]), (1, 2, 2))
    >>> K.separable_conv1d(x, np.ones((2, 2, 1)), np.ones((1, 2, 1)))
    array([[[33.]]])
    """
    return _convolve(
        "separable_conv1d",
        x,
        depthwise_kernel,
        strides,
        padding,
        data_format,
        dilation_rate,
        1,
        depthwise=True,
        pointwise=(pointwise_kernel,),
    )


@operation
def separable_conv2d(
    x: Array,
    depthwise_kernel: Array,
    pointwise_kernel: Array,
    strides: PerAxis = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: PerAxis = (1, 1),
) -> Array:
    """Slide kernels over two axes, each over one channel, then mix the channels.

    Parameters
    ----------
    x : array
        Shape (batch, rows, columns, in), or (batch, in, rows, columns) with
        'channels_first'; integers become floatx.
    depthwise_kernel : array
        Shape (height, width, in, multiplier).
    pointwise_kernel : array
        Shape (1, 1, in * multiplier, out).
    strides : int or pair of ints
        Of the first step, like the arguments that follow.
    padding : {'valid', 'same'}
        'same' pads zeros, the smaller half first.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.
    dilation_rate : int or pair of ints

    Returns
    -------
    array
        As x, with `out` channels and the spatial sizes that `conv1d` gives. One
        floating dtype for all operands; float16 is summed in float32.

    Raises
    ------
    ValueError
        For strides with dilation, channels that do not fit, a wrong number of
        dimensions, an unknown `padding` or `data_format`, and with 'valid' for
        a kernel that reaches beyond x.

    References
    ----------
    Keras 2.3.1, ``keras.backend.separable_conv2d``.

    Examples
    --------
    >>> x, depthwise, pointwise = np.ones((1, 4, 4, 3)), np.ones((3, 3, 3, 2)), np.ones((1, 1, 6, 5))
    >>> K.separable_conv2d(x, depthwise, pointwise).shape
    (1, 2, 2, 5)
    """
    return _convolve(
        "separable_conv2d",
        x,
        depthwise_kernel,
        strides,
        padding,
        data_format,
        dilation_rate,
        2,
        depthwise=True,
        pointwise=(pointwise_kernel,),
    )


@operation
def conv2d_transpose(
    x: Array,
    kernel: Array,
    output_shape: Sequence[Size | None],
    strides: PerAxis = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: PerAxis = (1, 1),
) -> Array:
    """Transposed convolution, the adjoint of `conv2d`.

    The result is the gradient that x, as a cotangent, gives to an input of
    `output_shape`.

    Parameters
    ----------
    x : array
        Shape (batch, rows, columns, in), or (batch, in, rows, columns) with
        'channels_first'; integers become floatx.
    kernel : array
        Shape (height, width, out, in), the output's channels before those of x.
    output_shape : sequence of ints, 0-d integer arrays and None, or integer array
        Shape of the result in the order of `data_format`; None is allowed for
        the batch.
    strides : int or pair of ints
    padding : {'valid', 'same'}
        Padding of the output: 'same' crops its smaller half first.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.
    dilation_rate : int or pair of equal ints

    Returns
    -------
    array
        Shape `output_shape`. One floating dtype for both operands; float16 is
        summed in float32.

    Raises
    ------
    ValueError
        If a convolution of `output_shape` would not give the size of x, for
        channels that do not fit, strides with dilation, unequal dilation rates,
        a wrong number of dimensions, an unknown `padding` or `data_format`.

    Notes
    -----
    Elements that no window covers are 0.

    References
    ----------
    Keras 2.3.1, ``keras.backend.conv2d_transpose``.

    Examples
    --------
    >>> x = np.reshape(np.asarray([1.0, 2.0]), (1, 1, 2, 1))
    >>> K.conv2d_transpose(x, np.ones((1, 3, 1, 1)), (1, 1, 5, 1), strides=(1, 2))[0, 0, :, 0]
    array([1., 1., 3., 2., 2.])
    """
    return _transpose("conv2d_transpose", x, kernel, output_shape, strides, padding, data_format, dilation_rate, 2)


@operation
def conv3d_transpose(
    x: Array,
    kernel: Array,
    output_shape: Sequence[Size | None],
    strides: PerAxis = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
) -> Array:
    """Transposed convolution over three spatial axes, the adjoint of `conv3d`.

    The result is the gradient that x, as a cotangent, gives to an input of
    `output_shape`.

    Parameters
    ----------
    x : array
        Shape (batch, depth, rows, columns, in), or (batch, in, depth, rows,
        columns) with 'channels_first'; integers become floatx.
    kernel : array
        Shape (depth, height, width, out, in), the output's channels before
        those of x.
    output_shape : sequence of ints, 0-d integer arrays and None, or integer array
        Shape of the result in the order of `data_format`; None is allowed for
        the batch.
    strides : int or triple of ints
    padding : {'valid', 'same'}
        Padding of the output: 'same' crops its smaller half first.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.

    Returns
    -------
    array
        Shape `output_shape`. One floating dtype for both operands; float16 is
        summed in float32.

    Raises
    ------
    ValueError
        If a convolution of `output_shape` would not give the size of x, for
        channels that do not fit, a wrong number of dimensions, an unknown
        `padding` or `data_format`.

    Notes
    -----
    Elements that no window covers are 0.

    References
    ----------
    Keras 2.3.1, ``keras.backend.conv3d_transpose``.

    Examples
    --------
    >>> x, kernel = np.ones((1, 2, 2, 2, 3)), np.ones((2, 2, 2, 5, 3))
    >>> K.conv3d_transpose(x, kernel, (None, 4, 4, 4, 5), strides=2).shape
    (1, 4, 4, 4, 5)
    """
    return _transpose("conv3d_transpose", x, kernel, output_shape, strides, padding, data_format, 1, 3)


@operation
def bias_add(x: Array, bias: Array, data_format: str | None = None) -> Array:
    """Add one bias per channel, or one per channel and place.

    Parameters
    ----------
    x : array
        Shape (batch, ..., channels), or (batch, channels, ...) with
        'channels_first'; two dimensions are (batch, channels) in both.
    bias : array
        Shape (channels,) or (spatial..., channels). With 'channels_first' the
        latter is reshaped to (channels, spatial...) in memory order, not
        transposed.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.

    Returns
    -------
    array
        Shape of x; the dtypes are promoted.

    Raises
    ------
    ValueError
        For another number of dimensions of the bias, sizes that do not fit, an
        x of fewer than two dimensions, an unknown `data_format`.

    References
    ----------
    Keras 2.3.1, ``keras.backend.bias_add``.

    Examples
    --------
    >>> x = np.zeros((1, 2, 3))
    >>> K.bias_add(x, np.asarray([1.0, 2.0, 3.0]))
    array([[[1., 2., 3.],
            [1., 2., 3.]]])
    >>> K.bias_add(x, np.asarray([1.0, 2.0]), data_format="channels_first")
    array([[[1., 1., 1.],
            [2., 2., 2.]]])
    """
    data_format = data_format_of("bias_add", data_format)
    xp, x, bias = promoted_arrays(x, bias)
    if x.ndim < 2:
        raise ValueError(f"bias_add: x has {x.ndim} dimensions; expected at least 2")
    if bias.ndim not in (1, x.ndim - 1):
        raise ValueError(f"bias_add: bias has {bias.ndim} dimensions; expected 1 or {x.ndim - 1}")
    *spatial, channels = sizes(bias)
    axis = 1 if data_format == "channels_first" else x.ndim - 1
    target = (channels, *(spatial or (1,) * (x.ndim - 2))) if axis == 1 else (*spatial, channels)
    _check_bias(x, bias, target, axis, data_format)
    return x + (bias if axis == x.ndim - 1 else xp.reshape(bias, target))


def _check_bias(x: Array, bias: Array, target: tuple[Any, ...], axis: int, data_format: str) -> None:
    """ValueError unless a bias of the target shape can be added to x, and has one entry per channel."""
    first = x.ndim - len(target)
    for a, place in enumerate(target, start=first):
        n = x.shape[a]
        if isinstance(place, int) and n is not None and place != n and (place != 1 or a == axis):
            raise ValueError(
                f"bias_add: bias has shape {tuple(bias.shape)}; expected sizes that fit x of shape "
                f"{tuple(x.shape)} with {data_format}"
            )


def _steps(operation: str, strides: Any, dilation_rate: Any, count: int) -> tuple[Ints, Ints]:
    """Strides and dilation per axis; ValueError where both are above 1."""
    steps = per_axis(operation, "strides", strides, count), per_axis(operation, "dilation_rate", dilation_rate, count)
    if max(steps[0]) > 1 and max(steps[1]) > 1:
        raise ValueError(
            f"{operation}: strides are {steps[0]} and dilation_rate is {steps[1]}; expected 1 for one of them"
        )
    return steps


def _check_rank(operation: str, argument: str, x: Array, ndim: int) -> None:
    if x.ndim != ndim:
        raise ValueError(f"{operation}: {argument} has {x.ndim} dimensions; expected {ndim}")


def _check_channels(operation: str, x: Array, channels: int | None, kernel: Array) -> None:
    if 0 in kernel.shape[:-2]:
        raise ValueError(f"{operation}: kernel has shape {tuple(kernel.shape)}; expected spatial sizes of at least 1")
    if None not in (x.shape[-1], channels) and x.shape[-1] != channels:
        raise ValueError(
            f"{operation}: x has {x.shape[-1]} channels; expected {channels} for a kernel of shape "
            f"{tuple(kernel.shape)}"
        )


def _convolve(
    operation: str,
    x: Array,
    kernel: Array,
    strides: Any,
    padding: str,
    data_format: str | None,
    dilation_rate: Any,
    count: int,
    paddings: tuple[str, ...] = ("valid", "same"),
    *,
    depthwise: bool = False,
    pointwise: tuple[Array, ...] = (),
) -> Array:
    data_format = data_format_of(operation, data_format)
    padding = checked_padding(operation, padding, paddings)
    strides, dilation = _steps(operation, strides, dilation_rate, count)
    xp, x, kernel, *mixing = promoted_floats(x, kernel, *pointwise)
    _check_rank(operation, "x", x, count + 2)
    _check_rank(operation, "kernel", kernel, count + 2)
    x = channels_last(xp, x, data_format)
    _check_channels(operation, x, kernel.shape[-2], kernel)
    output_sizes(operation, x.shape[1:-1], kernel.shape[:-2], strides, dilation, padding)
    y = convolution(x, kernel, strides=strides, padding=padding, dilation=dilation, depthwise=depthwise)
    for weights in mixing:
        _check_rank(operation, "pointwise_kernel", weights, count + 2)
        if any(n not in (1, None) for n in weights.shape[:-2]):
            raise ValueError(
                f"{operation}: pointwise_kernel has shape {tuple(weights.shape)}; expected 1 for each of "
                f"its {count} spatial sizes"
            )
        _check_channels(operation, y, weights.shape[-2], weights)
        ones = (1,) * count
        y = convolution(y, weights, strides=ones, padding="valid", dilation=ones)
    return channels_first(xp, y, data_format)


def _transpose(
    operation: str,
    x: Array,
    kernel: Array,
    output_shape: Any,
    strides: Any,
    padding: str,
    data_format: str | None,
    dilation_rate: Any,
    count: int,
) -> Array:
    data_format = data_format_of(operation, data_format)
    padding = checked_padding(operation, padding)
    strides, dilation = _steps(operation, strides, dilation_rate, count)
    if len(set(dilation)) > 1:
        raise ValueError(f"{operation}: dilation_rate is {dilation}; expected equal rates")
    xp, x, kernel = promoted_floats(x, kernel)
    _check_rank(operation, "x", x, count + 2)
    _check_rank(operation, "kernel", kernel, count + 2)
    x = channels_last(xp, x, data_format)
    _check_channels(operation, x, kernel.shape[-1], kernel)
    batch, *size, channels = _wanted(operation, output_shape, count, data_format)
    for argument, wanted, n in (("batch", batch, x.shape[0]), ("channels", channels, kernel.shape[-2])):
        if isinstance(wanted, int) and n is not None and wanted != n:
            raise ValueError(f"{operation}: output_shape has {wanted} for its {argument}; expected {n}")
    known = [n if isinstance(n, int) else None for n in size]
    places = output_sizes(operation, known, kernel.shape[:-2], strides, dilation, padding)
    if any(None not in pair and pair[0] != pair[1] for pair in zip(places, x.shape[1:-1], strict=True)):
        raise ValueError(
            f"{operation}: output_shape has spatial sizes {tuple(size)}, which a convolution with padding "
            f"{padding!r} takes to {places}; expected {tuple(x.shape[1:-1])} as in x"
        )
    y = convolution_input_gradient(x, kernel, size=tuple(size), strides=strides, padding=padding, dilation=dilation)
    return channels_first(xp, y, data_format)


def _wanted(operation: str, output_shape: Any, count: int, data_format: str) -> list[Any]:
    """The entries of an output_shape, channels last: integers, or sizes that become integers when the graph runs."""
    if len(output_shape) != count + 2 or None in output_shape[1:]:
        raise ValueError(
            f"{operation}: output_shape is {output_shape}; expected {count + 2} integers, and None for the batch alone"
        )
    batch, first, *rest = output_shape
    return [batch, *rest, first] if data_format == "channels_first" else [batch, first, *rest]
