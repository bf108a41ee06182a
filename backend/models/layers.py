"""Layers without memory: dense, convolution, pooling, normalization, reshaping, merging."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import backend as K

from .layer import Layer, as_list
from .lookup import named

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Add",
    "AveragePooling2D",
    "BatchNormalization",
    "Concatenate",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "Lambda",
    "MaxPooling2D",
    "Multiply",
    "Reshape",
    "activation_named",
]

ACTIVATIONS = {
    name: getattr(K, name)
    for name in ("elu gelu hard_sigmoid relu selu sigmoid silu softmax softplus softsign tanh").split()
}
ACTIVATIONS |= {"linear": K.identity, "exponential": K.exp, "swish": K.silu}


def activation_named(given: Any) -> Callable[[Any], Any]:
    """The activation of a name; None is the identity, and a function is returned unchanged."""
    return named("activation", "linear" if given is None else given, ACTIVATIONS)


class Dense(Layer):
    """activation(x @ kernel + bias) along the last axis."""

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
    """An activation by its name, or any function of a tensor, element by element."""

    supports_masking = True

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activation_named(activation)

    def call(self, x: Any) -> Any:
        return self.activation(x)


class Lambda(Layer):
    """Any function of tensors written with K."""

    def __init__(self, function: Callable[..., Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = function

    def call(self, x: Any) -> Any:
        return self.function(x)


class Dropout(Layer):
    """While training, a fraction `rate` of the elements becomes 0 and the others are scaled up to keep the mean."""

    supports_masking = True

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed

    def call(self, x: Any) -> Any:
        if self.rate == 0:
            return x
        return K.in_train_phase(lambda: K.dropout(x, self.rate, self.noise_shape, self.seed), x)


class BatchNormalization(Layer):
    """Mean 0 and variance 1 along an axis: of each batch while training, of past batches afterwards."""

    supports_masking = True

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis, self.momentum, self.epsilon = axis, momentum, epsilon
        self.center, self.scale = center, scale
        self.beta_initializer, self.gamma_initializer = beta_initializer, gamma_initializer
        self.mean_initializer, self.variance_initializer = moving_mean_initializer, moving_variance_initializer

    def build(self, shape: Any) -> None:
        size = (shape[self.axis],)
        if size[0] is None:
            raise ValueError(f"{self.name}: the input has shape {shape}, expected a known size along axis {self.axis}")
        self.gamma = self.add_weight("gamma", size, self.gamma_initializer) if self.scale else None
        self.beta = self.add_weight("beta", size, self.beta_initializer) if self.center else None
        self.moving_mean = self.add_weight("moving_mean", size, self.mean_initializer, trainable=False)
        self.moving_variance = self.add_weight("moving_variance", size, self.variance_initializer, trainable=False)

    def call(self, x: Any) -> Any:
        axes = [i for i in range(x.ndim) if i != self.axis % x.ndim]
        # the batch's while training, else the moving ones: only one of the two is computed
        y, mean, variance = K.cond(
            K.learning_phase(),
            lambda: K.normalize_batch_in_training(x, self.gamma, self.beta, axes, self.epsilon),
            lambda: (
                K.batch_normalization(
                    x, self.moving_mean, self.moving_variance, self.beta, self.gamma, self.axis, self.epsilon
                ),
                self.moving_mean,
                self.moving_variance,
            ),
        )
        n = K.cast(K.prod([K.shape(x)[i] for i in axes]), K.dtype(x))
        self.add_update(
            [
                K.moving_average_update(self.moving_mean, mean, self.momentum),
                # of the population the batch was drawn from: divided by n - 1, nearly
                K.moving_average_update(
                    self.moving_variance, variance * (n / (n - (1.0 + self.epsilon))), self.momentum
                ),
            ]
        )
        return y


class Conv2D(Layer):
    """activation(x convolved with a kernel for each filter + bias)."""

    rank = 4

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.kernel_size = filters, _pair(kernel_size)
        self.data_format = K.normalize_data_format(data_format)
        self.how: dict[str, Any] = {
            "strides": _pair(strides),
            "padding": padding,
            "data_format": self.data_format,
            "dilation_rate": _pair(dilation_rate),
        }
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
        y = K.conv2d(x, self.kernel, **self.how)
        return self.activation(K.bias_add(y, self.bias, self.data_format) if self.use_bias else y)


class MaxPooling2D(Layer):
    """The largest element of each window."""

    rank = 4
    pool_mode = "max"

    def __init__(
        self,
        pool_size: Any = (2, 2),
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool_size = _pair(pool_size)
        self.strides = self.pool_size if strides is None else _pair(strides)
        self.padding, self.data_format = padding, K.normalize_data_format(data_format)

    def call(self, x: Any) -> Any:
        return K.pool2d(x, self.pool_size, self.strides, self.padding, self.data_format, self.pool_mode)


class AveragePooling2D(MaxPooling2D):
    """The mean of each window."""

    pool_mode = "avg"


class GlobalAveragePooling2D(Layer):
    """The mean of each channel."""

    rank = 4

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = K.normalize_data_format(data_format)

    def call(self, x: Any) -> Any:
        return K.mean(x, axis=[1, 2] if self.data_format == "channels_last" else [2, 3])


class Flatten(Layer):
    """Each sample as a vector, the channels last whatever the data format."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = K.normalize_data_format(data_format)

    def call(self, x: Any) -> Any:
        if self.data_format == "channels_first" and x.ndim > 2:
            x = K.permute_dimensions(x, (0, *range(2, x.ndim), 1))
        return K.batch_flatten(x)


class Reshape(Layer):
    """Each sample in another shape; one size may be -1."""

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)

    def call(self, x: Any) -> Any:
        return K.reshape(x, (K.shape(x)[0], *self.target_shape))


class Add(Layer):
    """The sum of several tensors; a time step is present where it is in all of them."""

    supports_masking = True

    def call(self, x: Any) -> Any:
        first, *others = as_list(x)
        for each in others:
            first = self.merged(first, each)
        return first

    def merged(self, x: Any, y: Any) -> Any:
        """Two tensors made one."""
        return x + y

    def compute_mask(self, inputs: list[Any], masks: list[Any]) -> Any:
        present = [m for m in masks if m is not None]
        return K.all(K.stack(present), axis=0) if present else None


class Multiply(Add):
    """The product of several tensors; a time step is present where it is in all of them."""

    def merged(self, x: Any, y: Any) -> Any:
        return x * y


class Concatenate(Layer):
    """Several tensors joined along an axis."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, x: Any) -> Any:
        return K.concatenate(as_list(x), axis=self.axis)


def _pair(given: Any) -> tuple[int, int]:
    """A size for both spatial axes, or one for each."""
    first, second = (given, given) if isinstance(given, int) else given
    return first, second
