"""Layers that bring their input to mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

import backend as K

from .layer import Layer

__all__ = ["BatchNormalization", "LayerNormalization"]


class BatchNormalization(Layer):
    """Mean 0 and variance 1 along an axis: of each batch while training, of past batches afterwards.

    Parameters
    ----------
    axis : int
        The axis of channels, each of which has its own mean and variance.
    momentum : float
        What the moving mean and variance keep of themselves at each step.
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether there are the weights beta, which is added, and gamma, by which the result is multiplied.

    References
    ----------
    Ioffe, Szegedy, "Batch normalization", 2015; Keras 2.3.1, ``keras.layers.BatchNormalization``.

    Examples
    --------
    >>> layer = K.models.BatchNormalization()
    >>> layer(K.models.Input((3,))).shape, len(layer.weights), len(layer.trainable_weights)
    ((None, 3), 4, 2)
    """

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
        self.moving_mean_initializer = moving_mean_initializer
        self.moving_variance_initializer = moving_variance_initializer

    def build(self, shape: Any) -> None:
        size = (shape[self.axis],)
        if size[0] is None:
            raise ValueError(f"{self.name}: the input has shape {shape}, expected a known size along axis {self.axis}")
        self.gamma = self.add_weight("gamma", size, self.gamma_initializer) if self.scale else None
        self.beta = self.add_weight("beta", size, self.beta_initializer) if self.center else None
        self.moving_mean = self.add_weight("moving_mean", size, self.moving_mean_initializer, trainable=False)
        self.moving_variance = self.add_weight(
            "moving_variance", size, self.moving_variance_initializer, trainable=False
        )

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


class LayerNormalization(Layer):
    """Mean 0 and variance 1 over axes of each sample by itself, in training and afterwards alike.

    Parameters
    ----------
    axis : int or list of int
        The axes to normalize over; the weights have their sizes.
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether there are the weights beta, which is added, and gamma, by which the result is multiplied.

    References
    ----------
    Ba, Kiros, Hinton, "Layer normalization", 2016; names and defaults of ``tf.keras.layers.LayerNormalization``.

    Examples
    --------
    >>> model = K.models.Sequential([K.models.LayerNormalization(input_shape=(2,), epsilon=0.0)])
    >>> model.predict([[1.0, 3.0], [10.0, 0.0]])
    array([[-1.,  1.],
           [ 1., -1.]], dtype=float32)
    """

    supports_masking = True

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = axis if isinstance(axis, int) else list(axis)
        self.epsilon, self.center, self.scale = epsilon, center, scale
        self.beta_initializer, self.gamma_initializer = beta_initializer, gamma_initializer

    def build(self, shape: Any) -> None:
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        if any(not -len(shape) <= axis < len(shape) for axis in axes):
            raise ValueError(f"{self.name}: the input has shape {shape}, which has no axis {self.axis}")
        size = tuple(shape[axis] for axis in sorted(axis % len(shape) for axis in axes))
        if None in size:
            raise ValueError(f"{self.name}: the input has shape {shape}, expected known sizes along axis {self.axis}")
        self.gamma = self.add_weight("gamma", size, self.gamma_initializer) if self.scale else None
        self.beta = self.add_weight("beta", size, self.beta_initializer) if self.center else None

    def call(self, x: Any) -> Any:
        return K.layer_normalization(x, self.gamma, self.beta, self.axis, self.epsilon)
