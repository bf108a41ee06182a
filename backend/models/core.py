"""Layers without a chapter of their own: dense, activation, dropout, reshaping, masking, and any function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import backend as K

from .activations import activation_named
from .layer import Layer
from .lookup import named

__all__ = ["Activation", "Dense", "Dropout", "Flatten", "Lambda", "Masking", "Reshape"]


class Dense(Layer):
    """activation(x @ kernel + bias) along the last axis.

    Parameters
    ----------
    units : int
        The size of the output's last axis.
    activation : str or callable, optional
        The identity by default.
    use_bias : bool
    kernel_initializer, bias_initializer : str or callable
        First values of the weights: a name, or a function of a shape.
    **kwargs
        `name`, `trainable` and the shape of the input, as for every `Layer`.

    References
    ----------
    Keras 2.3.1, ``keras.layers.Dense``.

    Examples
    --------
    >>> layer = K.models.Dense(4, activation="relu")
    >>> layer(K.models.Input((3,))).shape, layer.count_params()
    ((None, 4), 16)
    """

    supports_masking = True

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.activation = activation_named(activation)
        self.use_bias = use_bias
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, shape: Any) -> None:
        if len(shape) < 2 or shape[-1] is None:
            raise ValueError(f"{self.name}: the input has shape {shape}, expected at least 2 sizes with a known last")
        self.kernel = self.add_weight("kernel", (shape[-1], self.units), self.kernel_initializer)
        if self.use_bias:
            self.bias = self.add_weight("bias", (self.units,), self.bias_initializer)

    def call(self, x: Any) -> Any:
        y = K.dot(x, self.kernel)
        return self.activation(y + self.bias if self.use_bias else y)


class Activation(Layer):
    """An activation by its name, or any function of a tensor, element by element.

    Examples
    --------
    >>> model = K.models.Sequential([K.models.Activation("relu", input_shape=(2,))])
    >>> model.predict([[-1.0, 2.0]])
    array([[0., 2.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activation_named(activation)

    def call(self, x: Any) -> Any:
        return self.activation(x)


class Lambda(Layer):
    """Any function of tensors written with K.

    A model with one can be saved if the function has a name; `load_model` takes the function as a custom object.

    Examples
    --------
    >>> model = K.models.Sequential([K.models.Lambda(K.square, input_shape=(2,))])
    >>> model.predict([[3.0, 2.0]])
    array([[9., 4.]], dtype=float32)
    """

    def __init__(self, function: Callable[..., Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = named("function", function, {})

    def call(self, x: Any) -> Any:
        return self.function(x)


class Dropout(Layer):
    """While training, a fraction `rate` of the elements becomes 0 and the others are scaled up to keep the mean.

    Parameters
    ----------
    rate : float
        At least 0 and less than 1.
    noise_shape : tuple, optional
        A shape that broadcasts to the input's: elements along its sizes of 1 are dropped together.
    seed : int, optional
        Drawn from numpy.random by default.

    References
    ----------
    Srivastava et al., "Dropout", 2014.

    Examples
    --------
    >>> model = K.models.Sequential([K.models.Dropout(0.5, input_shape=(3,))])
    >>> model.predict([[1.0, 2.0, 3.0]])
    array([[1., 2., 3.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed

    def call(self, x: Any) -> Any:
        if self.rate == 0:
            return x
        return K.in_train_phase(lambda: K.dropout(x, self.rate, self.noise_shape, self.seed), x)


class Flatten(Layer):
    """Each sample as a vector, the channels last whatever the data format.

    Examples
    --------
    >>> K.models.Flatten()(K.models.Input((4, 3))).shape
    (None, 12)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = K.normalize_data_format(data_format)

    def call(self, x: Any) -> Any:
        if self.data_format == "channels_first" and x.ndim > 2:
            x = K.permute_dimensions(x, (0, *range(2, x.ndim), 1))
        return K.batch_flatten(x)


class Reshape(Layer):
    """Each sample in another shape; one size may be -1.

    Examples
    --------
    >>> K.models.Reshape((2, -1))(K.models.Input((6,))).shape
    (None, 2, 3)
    """

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)

    def call(self, x: Any) -> Any:
        return K.reshape(x, (K.shape(x)[0], *self.target_shape))


class Masking(Layer):
    """Marks the time steps as absent whose features all equal `mask_value`, and sets them to 0.

    References
    ----------
    Keras 2.3.1, ``keras.layers.Masking``.

    Examples
    --------
    >>> x = K.models.Input((None, 2))
    >>> y = K.models.GlobalAveragePooling1D()(K.models.Masking()(x))
    >>> K.models.Model(x, y).predict([[[1.0, 3.0], [3.0, 5.0], [0.0, 0.0]]])
    array([[2., 4.]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value

    def call(self, x: Any) -> Any:
        return x * K.cast(K.any(K.not_equal(x, self.mask_value), axis=-1, keepdims=True), K.dtype(x))

    def compute_mask(self, inputs: list[Any], masks: list[Any]) -> Any:
        return K.any(K.not_equal(inputs[0], self.mask_value), axis=-1)
