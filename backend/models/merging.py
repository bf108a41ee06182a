"""Layers that make one tensor of several."""

from __future__ import annotations

from typing import Any

import backend as K

from .layer import Layer, as_list

__all__ = ["Add", "Concatenate", "Multiply"]


class Add(Layer):
    """The sum of several tensors; a time step is present where it is in all of them.

    Examples
    --------
    >>> x = K.models.Input((3,))
    >>> K.models.Model(x, K.models.Add()([x, x])).predict([[1.0, 2.0, 3.0]])
    array([[2., 4., 6.]], dtype=float32)
    """

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
    """The product of several tensors; a time step is present where it is in all of them.

    Examples
    --------
    >>> x = K.models.Input((3,))
    >>> K.models.Model(x, K.models.Multiply()([x, x])).predict([[1.0, 2.0, 3.0]])
    array([[1., 4., 9.]], dtype=float32)
    """

    def merged(self, x: Any, y: Any) -> Any:
        return x * y


class Concatenate(Layer):
    """Several tensors joined along an axis; along the time axis their masks are joined, too.

    References
    ----------
    Keras 2.3.1, ``keras.layers.Concatenate``.

    Examples
    --------
    >>> x = K.models.Input((3,))
    >>> K.models.Concatenate()([x, x]).shape
    (None, 6)
    """

    supports_masking = True

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, x: Any) -> Any:
        return K.concatenate(as_list(x), axis=self.axis)

    def compute_mask(self, inputs: list[Any], masks: list[Any]) -> Any:
        if all(m is None for m in masks):
            return None
        wide = [
            K.ones_like(x, dtype="bool") if m is None else _widened(m, x) for x, m in zip(inputs, masks, strict=True)
        ]
        joined = K.concatenate(wide, axis=self.axis)
        # of each time step: it is present where all of its features are
        return K.all(joined, axis=list(range(2, joined.ndim))) if joined.ndim > 2 else joined


def _widened(mask: Any, x: Any) -> Any:
    """A mask of time steps as one of elements."""
    for _ in range(x.ndim - mask.ndim):
        mask = K.expand_dims(mask)
    return K.ones_like(x, dtype="bool") & K.cast(mask, "bool")
