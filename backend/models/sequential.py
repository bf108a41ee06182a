"""Models that are a stack of layers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

import backend as K

from .data import unwrapped
from .layer import Input, InputLayer, Layer
from .network import Network
from .training import Model

__all__ = ["Sequential"]


class Sequential(Model):
    """A stack of layers; the shape of the input is given by the first one's `input_shape`, or by the first data.

    Parameters
    ----------
    layers : iterable of Layer
        Those from the bottom to the top; `add` puts others on top.
    name : str, optional

    References
    ----------
    Keras 2.3.1, ``keras.models.Sequential``.

    Examples
    --------
    >>> model = K.models.Sequential([K.models.Dense(8, activation="relu"), K.models.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(np.ones((16, 3)), np.zeros(16), epochs=2, verbose=0)
    >>> model.predict(np.ones((4, 3))).shape
    (4, 1)
    """

    _waiting: list[Any] = []  # noqa: RUF012 - replaced; layers added before the shape of the input was known

    def __init__(self, layers: Iterable[Any] = (), name: str | None = None) -> None:
        self.name = name or f"sequential_{K.get_uid('sequential')}"
        self.calls, self.inputs, self.outputs = [], [], []
        self._start()
        self._waiting = []
        for layer in layers or ():
            self.add(layer)

    def add(self, layer: Any) -> None:
        """Put a layer, or a whole model, on top.

        Raises
        ------
        TypeError
            For anything else.

        Examples
        --------
        >>> model = K.models.Sequential()
        >>> model.add(K.models.Dense(4, input_dim=2))
        >>> model.output.shape
        (None, 4)
        """
        if not isinstance(layer, (Layer, Network)):
            raise TypeError(f"{self.name}: add got {type(layer).__name__}, expected a layer")
        if self.outputs:
            self._connect(self.inputs, layer(self.output))
            return
        self._waiting.append(layer)
        first = self._waiting[0]
        if isinstance(first, Network) and first.inputs:
            self._begin(first.inputs[0].shape, K.dtype(first.inputs[0]))
        elif isinstance(first, Layer) and first.batch_input_shape is not None:
            self._begin(first.batch_input_shape, first.input_dtype)

    def build(self, input_shape: Any) -> None:
        """Make the weights, for inputs of a shape with the number of samples (or None) in front.

        Examples
        --------
        >>> model = K.models.Sequential([K.models.Dense(4)])
        >>> model.build((None, 2))
        >>> model.count_params()
        12
        """
        if not self.outputs:
            if not self._waiting:
                raise ValueError(f"{self.name}: there are no layers; add some")
            self._begin(tuple(input_shape), getattr(self._waiting[0], "input_dtype", None))

    def _begin(self, shape: Any, dtype: Any) -> None:
        x = y = Input(batch_shape=shape, dtype=dtype)
        for layer in self._waiting:
            y = layer(y)
        self._waiting = []
        self._connect(x, y)

    @property
    def layers(self) -> list[Layer]:
        """The layers from the bottom to the top, without the input."""
        return [layer for layer in super().layers if not isinstance(layer, InputLayer)] or self._waiting

    def __call__(self, x: Any) -> Any:
        """The output for another symbolic input: every layer is called again."""
        if not self.outputs:
            self.build(K.int_shape(x))
        return super().__call__(x)

    def _samples(self, asker: str, x: Any, *y: Any) -> list[Any]:
        if not self.outputs:
            shape = np.shape(unwrapped(x))
            if not shape:
                self._known(asker)
            self.build((None, *shape[1:]))
        return super()._samples(asker, x, *y)
