"""Convolution over any number of spatial axes: in groups, with strides and dilation together, and transposed."""

from __future__ import annotations

from typing import Any

from ..arrays.typing import Array, Ints, PerAxis
from ..arrays.windows import span_of
from ..config import data_format_of
from ..dispatch.boundary import sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import device_of, promoted_floats
from .windows.correlation import convolution, convolution_input_gradient
from .windows.geometry import channels_first, channels_last, checked_padding, output_sizes, per_axis

__all__ = ["conv", "conv_transpose"]


@operation
def conv(
    x: Array,
    kernel: Array,
    strides: PerAxis = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: PerAxis = 1,
) -> Array:
    """Slide a kernel over the spatial axes and sum the products, with the channels in one or several groups.

    Parameters
    ----------
    x : array
        Shape (batch, spatial..., in), or (batch, in, spatial...) with 'channels_first'; integers become floatx.
    kernel : array
        Shape (spatial..., in / groups, out), in either layout. With g groups, each g-th part of the output channels
        sees one g-th part of the input channels; with as many groups as input channels that is depthwise convolution.
    strides : int or sequence of ints
    padding : {'valid', 'same'}
        'same' pads zeros, the smaller half first.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.
    dilation_rate : int or sequence of ints
        Strides and dilation may both be above 1.

    Returns
    -------
    array
        As x, with `out` channels and the spatial sizes that `conv1d` gives. One floating dtype for both operands;
        float16 is summed in float32.

    Raises
    ------
    ValueError
        For channels that do not divide into groups, a wrong number of dimensions, an unknown `padding` or
        `data_format`, and with 'valid' for a kernel that reaches beyond x.

    Notes
    -----
    The kernel is not flipped. Elements outside of x count as 0.

    References
    ----------
    Keras 3, ``keras.ops.conv``.

    Examples
    --------
    >>> x = np.reshape(np.arange(8.0), (1, 4, 2))
    >>> K.conv(x, np.ones((2, 1, 2)))[0]  # two groups of one channel
    array([[ 2.,  4.],
           [ 6.,  8.],
           [10., 12.]])
    """
    data_format = data_format_of("conv", data_format)
    xp, x, kernel = promoted_floats(x, kernel)
    count = _axes("conv", x, kernel)
    how: dict[str, Any] = {
        "strides": per_axis("conv", "strides", strides, count),
        "padding": checked_padding("conv", padding),
        "dilation": per_axis("conv", "dilation_rate", dilation_rate, count),
    }
    x = channels_last(xp, x, data_format)
    channels, (*window, each, out) = x.shape[-1], sizes(kernel)
    output_sizes("conv", x.shape[1:-1], kernel.shape[:-2], how["strides"], how["dilation"], padding)
    if channels in (None, each):
        y = convolution(x, kernel, **how)
    elif not isinstance(each, int) or not isinstance(out, int) or not each or channels % each:
        raise ValueError(
            f"conv: x has {channels} channels, expected a multiple of {each} for a kernel of shape "
            f"{tuple(kernel.shape)}"
        )
    else:
        groups = channels // each
        if out % groups:
            raise ValueError(f"conv: kernel has {out} output channels, expected a multiple of {groups}, the groups")
        if each == 1:
            y = convolution(x, xp.reshape(kernel, (*window, groups, out // groups)), depthwise=True, **how)
        else:
            y = xp.concat([convolution(*pair, **how) for pair in _groups(x, kernel, groups, each)], axis=-1)
    return channels_first(xp, y, data_format)


def _groups(x: Array, kernel: Array, groups: int, each: int) -> list[tuple[Array, Array]]:
    """The channels of x and the output channels of the kernel that belong together."""
    outs = kernel.shape[-1] // groups
    return [(x[..., i * each : (i + 1) * each], kernel[..., i * outs : (i + 1) * outs]) for i in range(groups)]


@operation
def conv_transpose(
    x: Array,
    kernel: Array,
    strides: PerAxis = 1,
    padding: str = "valid",
    output_padding: PerAxis | None = None,
    data_format: str | None = None,
    dilation_rate: PerAxis = 1,
) -> Array:
    """Spread each element over the places that a kernel reaches: the adjoint of `conv` with respect to its input.

    Parameters
    ----------
    x : array
        Shape (batch, spatial..., in), or (batch, in, spatial...) with 'channels_first'; integers become floatx.
    kernel : array
        Shape (spatial..., out, in), in either layout.
    strides : int or sequence of ints
    padding : {'valid', 'same'}
    output_padding : int or sequence of ints, optional
        How many places more the result has at its end than the fewest that the padding leaves.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.
    dilation_rate : int or sequence of ints

    Returns
    -------
    array
        As x, with `out` channels. With ``reach = (size - 1) * dilation_rate + 1`` an axis of n elements becomes
        ``n * stride`` for 'same' and ``(n - 1) * stride + max(reach, stride)`` for 'valid'; with `output_padding`,
        ``(n - 1) * stride + reach % 2 + output_padding`` and ``(n - 1) * stride + reach + output_padding``.

    Raises
    ------
    ValueError
        For channels that do not fit, a wrong number of dimensions, a negative `output_padding`, and an unknown
        `padding` or `data_format`.

    Notes
    -----
    Places that no element reaches are 0.

    References
    ----------
    Dumoulin & Visin, A guide to convolution arithmetic for deep learning, 2016, chapter 4; Keras 3,
    ``keras.ops.conv_transpose``.

    Examples
    --------
    >>> x = np.reshape(np.asarray([1.0, 2.0, 3.0]), (1, 3, 1))
    >>> K.conv_transpose(x, np.ones((3, 1, 1)), strides=2)[0, :, 0]
    array([1., 1., 3., 2., 5., 3., 3.])
    """
    data_format = data_format_of("conv_transpose", data_format)
    xp, x, kernel = promoted_floats(x, kernel)
    count = _axes("conv_transpose", x, kernel)
    steps = per_axis("conv_transpose", "strides", strides, count)
    rates = per_axis("conv_transpose", "dilation_rate", dilation_rate, count)
    checked_padding("conv_transpose", padding)
    more = _more(output_padding, count)
    x = channels_last(xp, x, data_format)
    if None not in (x.shape[-1], kernel.shape[-1]) and x.shape[-1] != kernel.shape[-1]:
        raise ValueError(
            f"conv_transpose: x has {x.shape[-1]} channels, expected {kernel.shape[-1]} for a kernel of shape "
            f"{tuple(kernel.shape)}"
        )
    spans = [span_of(k, d) for k, d in zip(kernel.shape[:-2], rates, strict=True)]
    size = tuple((n - 1) * s + span for n, s, span in zip(sizes(x)[1:-1], steps, spans, strict=True))
    y = convolution_input_gradient(x, kernel, size=size, strides=steps, padding="valid", dilation=rates)
    for axis, (span, stride) in enumerate(zip(spans, steps, strict=True), start=1):
        y = _cropped(xp, y, axis, *_crops(span, stride, padding, more[axis - 1]))
    return channels_first(xp, y, data_format)


def _axes(name: str, x: Array, kernel: Array) -> int:
    """The number of spatial axes; ValueError where x and the kernel differ in it, or have none."""
    if x.ndim < 3 or kernel.ndim != x.ndim:
        raise ValueError(
            f"{name}: x has {x.ndim} and kernel {kernel.ndim} dimensions, expected as many, and at least 3"
        )
    if 0 in kernel.shape[:-2]:
        raise ValueError(f"{name}: kernel has shape {tuple(kernel.shape)}; expected spatial sizes of at least 1")
    return x.ndim - 2


def _more(output_padding: Any, count: int) -> tuple[int | None, ...]:
    """The output padding of each axis."""
    if output_padding is None:
        return (None,) * count
    given: Ints = (output_padding,) * count if isinstance(output_padding, int) else output_padding
    if len(given) != count or min(given) < 0:
        raise ValueError(
            f"conv_transpose: output_padding is {output_padding!r}; expected an int of at least 0, or {count} of them"
        )
    return given


def _crops(span: int, stride: int, padding: str, more: int | None) -> tuple[int, int]:
    """How many places of the whole result are left out at the beginning and at the end; below 0: zeros are added."""
    if padding == "valid":
        return 0, -(max(stride - span, 0) if more is None else more)
    pad = stride + span - 2 if more is None else span + span % 2 - 2 + more
    before = min(pad // 2 + pad % 2, span - 1)
    return span - 1 - before, span - 1 - (pad - before)


def _cropped(xp: Any, y: Array, axis: int, before: int, after: int) -> Array:
    """y without some places at the ends of an axis, or with zeros after it."""
    key = (slice(None),) * axis
    if before > 0:
        y = y[(*key, slice(before, None), ...)]
    if after > 0:
        y = y[(*key, slice(None, -after), ...)]
    if after < 0:
        shape = (*sizes(y)[:axis], -after, *sizes(y)[axis + 1 :])
        y = xp.concat([y, xp.zeros(shape, dtype=y.dtype, device=device_of(y))], axis=axis)
    return y
