"""Keras's rules for gradients: stop_gradient, custom_gradient, and remat, which changes nothing here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras.src import tree
from keras.src.backend.common import KerasVariable

import backend as K

from .tensors import convert_to_tensor

__all__ = ["custom_gradient", "remat", "stop_gradient"]


def stop_gradient(variable: Any) -> Any:
    """The value, through which no gradient passes."""
    return K.stop_gradient(convert_to_tensor(variable))


def custom_gradient(fun: Callable[..., Any]) -> Callable[..., Any]:
    """A function with a gradient of its own: `fun` returns its result and, beside it, the function of its gradient."""

    def given(*args: Any, **kwargs: Any) -> Any:
        outputs, rule = fun(*args, **kwargs)
        return tree.map_structure(convert_to_tensor, outputs), rule

    ruled = K.custom_gradient(given)

    def call(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = tree.map_structure(lambda a: a.value if isinstance(a, KerasVariable) else a, (args, kwargs))
        return ruled(*args, **kwargs)

    return call


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself: the compiler frees arrays at their last use, and computes nothing twice."""
    return f
