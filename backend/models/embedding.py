"""Vectors in place of integers."""

from __future__ import annotations

from typing import Any

import backend as K

from .layer import Layer

__all__ = ["Embedding"]


class Embedding(Layer):
    """A vector for each integer below `input_dim`; with `mask_zero`, 0 marks time steps that are absent.

    Parameters
    ----------
    input_dim : int
        One more than the largest integer.
    output_dim : int
        The size of the vectors.
    embeddings_initializer : str or callable
    mask_zero : bool
        Whether recurrent layers, attention, pooling and losses leave out the time steps where the integer is 0.
    input_length : int, optional
        The number of integers in each sample, where it is the same in all.

    References
    ----------
    Keras 2.3.1, ``keras.layers.Embedding``.

    Examples
    --------
    >>> layer = K.models.Embedding(1000, 8, mask_zero=True)
    >>> layer(K.models.Input((None,), dtype="int32")).shape
    (None, None, 8)
    """

    input_dtype = "int32"

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        mask_zero: bool = False,
        input_length: int | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("batch_input_shape") is None:
            kwargs.setdefault("input_shape", (input_length,))
        super().__init__(**kwargs)
        self.input_dim, self.output_dim, self.mask_zero = input_dim, output_dim, mask_zero
        self.input_length = input_length
        self.embeddings_initializer = embeddings_initializer

    def build(self, shape: Any) -> None:
        self.embeddings = self.add_weight("embeddings", (self.input_dim, self.output_dim), self.embeddings_initializer)

    def call(self, x: Any) -> Any:
        return K.gather(self.embeddings, K.cast(x, "int32"))

    def compute_mask(self, inputs: list[Any], masks: list[Any]) -> Any:
        return K.not_equal(inputs[0], 0) if self.mask_zero else None
