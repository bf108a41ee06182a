"""Pooling layers: the largest element or the mean, of each window or of all there is."""

from __future__ import annotations

from typing import Any

import backend as K

from .convolution import per_axis
from .layer import Layer, mask_of

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
]


class _Pooling(Layer):
    """The largest element or the mean of each window; subclasses say over how many axes."""

    axes: int
    pool_mode = "max"

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool_size = per_axis(self.name, "pool_size", pool_size, self.axes)
        self.strides = self.pool_size if strides is None else per_axis(self.name, "strides", strides, self.axes)
        self.padding, self.data_format = padding, K.normalize_data_format(data_format)

    def call(self, x: Any) -> Any:
        pool = K.pool2d if self.axes == 2 else K.pool3d
        return pool(x, self.pool_size, self.strides, self.padding, self.data_format, self.pool_mode)


class MaxPooling1D(_Pooling):
    """The largest element of each window of time steps.

    Parameters
    ----------
    pool_size : int
    strides : int, optional
        `pool_size` by default.
    padding : {"valid", "same"}
    data_format : {"channels_last", "channels_first"}
        Whether the input is (batch, time, channels) or (batch, channels, time).

    References
    ----------
    Keras 2.3.1, ``keras.layers.MaxPooling1D``.

    Examples
    --------
    >>> model = K.models.Sequential([K.models.MaxPooling1D(input_shape=(4, 1))])
    >>> model.predict([[[1.0], [4.0], [3.0], [2.0]]])[0, :, 0]
    array([4., 3.], dtype=float32)
    """

    rank = 3
    axes = 1

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = "channels_last",
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)

    def call(self, x: Any) -> Any:
        axis = 2 if self.data_format == "channels_last" else 3  # of one size, beside the time
        y = K.pool2d(
            K.expand_dims(x, axis),
            (*self.pool_size, 1),
            (*self.strides, 1),
            self.padding,
            self.data_format,
            self.pool_mode,
        )
        return K.squeeze(y, axis)


class AveragePooling1D(MaxPooling1D):
    """The mean of each window of time steps; arguments as in `MaxPooling1D`.

    Examples
    --------
    >>> model = K.models.Sequential([K.models.AveragePooling1D(input_shape=(4, 1))])
    >>> model.predict([[[1.0], [4.0], [3.0], [2.0]]])[0, :, 0]
    array([2.5, 2.5], dtype=float32)
    """

    pool_mode = "avg"


class MaxPooling2D(_Pooling):
    """The largest element of each window of rows and columns.

    Parameters
    ----------
    pool_size : int or pair of int
    strides : int or pair of int, optional
        `pool_size` by default.
    padding : {"valid", "same"}
    data_format : {"channels_last", "channels_first"}, optional
        By default `K.image_data_format()`.

    References
    ----------
    Keras 2.3.1, ``keras.layers.MaxPooling2D``.

    Examples
    --------
    >>> K.models.MaxPooling2D()(K.models.Input((8, 6, 3))).shape
    (None, 4, 3, 3)
    """

    rank = 4
    axes = 2


class AveragePooling2D(MaxPooling2D):
    """The mean of each window of rows and columns; arguments as in `MaxPooling2D`.

    Examples
    --------
    >>> K.models.AveragePooling2D(3, strides=1)(K.models.Input((8, 6, 3))).shape
    (None, 6, 4, 3)
    """

    pool_mode = "avg"


class MaxPooling3D(_Pooling):
    """The largest element of each window of depth, rows and columns; arguments as in `MaxPooling2D`.

    Examples
    --------
    >>> K.models.MaxPooling3D()(K.models.Input((4, 8, 6, 3))).shape
    (None, 2, 4, 3, 3)
    """

    rank = 5
    axes = 3


class AveragePooling3D(MaxPooling3D):
    """The mean of each window of depth, rows and columns; arguments as in `MaxPooling2D`.

    Examples
    --------
    >>> K.models.AveragePooling3D()(K.models.Input((4, 8, 6, 3))).shape
    (None, 2, 4, 3, 3)
    """

    pool_mode = "avg"


class _GlobalPooling(Layer):
    """The largest element or the mean of each channel."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = K.normalize_data_format(data_format)

    @property
    def _spatial(self) -> list[int]:
        first = 1 if self.data_format == "channels_last" else 2
        return list(range(first, first + (self.rank or 3) - 2))

    def compute_mask(self, inputs: list[Any], masks: list[Any]) -> Any:
        return None


class GlobalMaxPooling1D(_GlobalPooling):
    """The largest element of each channel over time.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}
        Whether the input is (batch, time, channels) or (batch, channels, time).

    References
    ----------
    Keras 2.3.1, ``keras.layers.GlobalMaxPooling1D``.

    Examples
    --------
    >>> K.models.GlobalMaxPooling1D()(K.models.Input((None, 3))).shape
    (None, 3)
    """

    rank = 3

    def __init__(self, data_format: str | None = "channels_last", **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)

    def call(self, x: Any) -> Any:
        return K.max(x, axis=self._spatial)


class GlobalMaxPooling2D(_GlobalPooling):
    """The largest element of each channel over rows and columns.

    Examples
    --------
    >>> K.models.GlobalMaxPooling2D()(K.models.Input((8, 6, 3))).shape
    (None, 3)
    """

    rank = 4

    def call(self, x: Any) -> Any:
        return K.max(x, axis=self._spatial)


class GlobalMaxPooling3D(GlobalMaxPooling2D):
    """The largest element of each channel over depth, rows and columns.

    Examples
    --------
    >>> K.models.GlobalMaxPooling3D()(K.models.Input((4, 8, 6, 3))).shape
    (None, 3)
    """

    rank = 5


class GlobalAveragePooling1D(_GlobalPooling):
    """The mean of each channel over the time steps that are present, NaN where there is none.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}
        Whether the input is (batch, time, channels) or (batch, channels, time).

    References
    ----------
    Keras 2.3.1, ``keras.layers.GlobalAveragePooling1D``.

    Examples
    --------
    >>> K.models.GlobalAveragePooling1D()(K.models.Input((None, 3))).shape
    (None, 3)
    """

    rank = 3
    supports_masking = True

    def __init__(self, data_format: str | None = "channels_last", **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)

    def call(self, x: Any) -> Any:
        mask = mask_of(x)
        if mask is None:
            return K.mean(x, axis=self._spatial)
        mask = K.expand_dims(mask, 2 if self.data_format == "channels_last" else 1)
        # chosen, not multiplied: what is absent may be NaN
        present = K.cast(mask, K.dtype(x))
        return K.sum(K.switch(mask, x, K.zeros_like(x)), axis=self._spatial) / K.sum(present, axis=self._spatial)


class GlobalAveragePooling2D(_GlobalPooling):
    """The mean of each channel over rows and columns.

    Examples
    --------
    >>> K.models.GlobalAveragePooling2D()(K.models.Input((8, 6, 3))).shape
    (None, 3)
    """

    rank = 4

    def call(self, x: Any) -> Any:
        return K.mean(x, axis=self._spatial)


class GlobalAveragePooling3D(GlobalAveragePooling2D):
    """The mean of each channel over depth, rows and columns.

    Examples
    --------
    >>> K.models.GlobalAveragePooling3D()(K.models.Input((4, 8, 6, 3))).shape
    (None, 3)
    """

    rank = 5
