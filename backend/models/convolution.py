"""Convolution layers of one, two and three spatial axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import backend as K

from .activations import activation_named
from .layer import Layer

__all__ = ["Conv1D", "Conv2D", "Conv3D", "per_axis"]


class _Convolution(Layer):
    """activation(x convolved with a kernel for each filter + bias); subclasses say over how many axes."""

    axes: int
    convolve: Callable[..., Any]

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = per_axis(self.name, "kernel_size", kernel_size, self.axes)
        self.strides = per_axis(self.name, "strides", strides, self.axes)
        self.dilation_rate = per_axis(self.name, "dilation_rate", dilation_rate, self.axes)
        self.padding, self.data_format = padding, K.normalize_data_format(data_format)
        self.activation = activation_named(activation)
        self.use_bias = use_bias
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, shape: Any) -> None:
        channels = shape[-1 if self.data_format == "channels_last" else 1]
        if channels is None:
            raise ValueError(f"{self.name}: the input has shape {shape}, expected a known number of channels")
        self.kernel = self.add_weight("kernel", (*self.kernel_size, channels, self.filters), self.kernel_initializer)
        if self.use_bias:
            self.bias = self.add_weight("bias", (self.filters,), self.bias_initializer)

    def call(self, x: Any) -> Any:
        y = type(self).convolve(x, self.kernel, self.strides, self.padding, self.data_format, self.dilation_rate)
        return self.activation(K.bias_add(y, self.bias, self.data_format) if self.use_bias else y)


class Conv1D(_Convolution):
    """activation(a kernel for each filter slid along the time axis + bias).

    Parameters
    ----------
    filters : int
        The number of channels of the output.
    kernel_size, strides, dilation_rate : int
    padding : {"valid", "same", "causal"}
        With "causal" no output depends on a later time.
    data_format : {"channels_last", "channels_first"}
        Whether the input is (batch, time, channels) or (batch, channels, time).
    activation, use_bias, kernel_initializer, bias_initializer
        As in `Dense`.

    References
    ----------
    Keras 2.3.1, ``keras.layers.Conv1D``.

    Examples
    --------
    >>> K.models.Conv1D(5, 3, padding="causal")(K.models.Input((None, 2))).shape
    (None, None, 5)
    """

    rank = 3
    axes = 1
    convolve = staticmethod(K.conv1d)

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = "channels_last",
        **kwargs: Any,
    ) -> None:
        super().__init__(filters, kernel_size, strides, padding, data_format, **kwargs)


class Conv2D(_Convolution):
    """activation(a kernel for each filter slid over rows and columns + bias).

    Parameters
    ----------
    filters : int
        The number of channels of the output.
    kernel_size, strides, dilation_rate : int or pair of int
    padding : {"valid", "same"}
    data_format : {"channels_last", "channels_first"}, optional
        By default `K.image_data_format()`.
    activation, use_bias, kernel_initializer, bias_initializer
        As in `Dense`.

    References
    ----------
    Keras 2.3.1, ``keras.layers.Conv2D``.

    Examples
    --------
    >>> K.models.Conv2D(5, 3, padding="same")(K.models.Input((8, 8, 2))).shape
    (None, 8, 8, 5)
    """

    rank = 4
    axes = 2
    convolve = staticmethod(K.conv2d)


class Conv3D(_Convolution):
    """activation(a kernel for each filter slid over depth, rows and columns + bias).

    Parameters
    ----------
    filters : int
        The number of channels of the output.
    kernel_size, strides, dilation_rate : int or three int
    padding : {"valid", "same"}
    data_format : {"channels_last", "channels_first"}, optional
        By default `K.image_data_format()`.
    activation, use_bias, kernel_initializer, bias_initializer
        As in `Dense`.

    References
    ----------
    Keras 2.3.1, ``keras.layers.Conv3D``.

    Examples
    --------
    >>> K.models.Conv3D(5, (2, 3, 3))(K.models.Input((4, 8, 8, 2))).shape
    (None, 3, 6, 6, 5)
    """

    rank = 5
    axes = 3
    convolve = staticmethod(K.conv3d)


def per_axis(owner: str, argument: str, given: Any, axes: int) -> tuple[int, ...]:
    """A size for all spatial axes, or one for each."""
    sizes = (given,) * axes if isinstance(given, int) else tuple(given)
    if len(sizes) != axes:
        raise ValueError(f"{owner}: {argument} is {given!r}, expected an integer or {axes} of them")
    return sizes
