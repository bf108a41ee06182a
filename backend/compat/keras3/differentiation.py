"""Keras's rules for gradients: stop_gradient, custom_gradient, and remat, which changes nothing here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras.src import tree
from keras.src.backend.common import KerasVariable

import backend as K
from backend.control.custom import with_rule

from .tensors import convert_to_tensor

__all__ = ["custom_gradient", "remat", "stop_gradient"]


def stop_gradient(variable: Any) -> Any:
    """The value, through which no gradient passes."""
    return K.stop_gradient(convert_to_tensor(variable))


class custom_gradient:  # noqa: N801 - Keras's name
    """A function that returns its result and, beside it, the function of its gradient."""

    def __init__(self, fun: Callable[..., Any]) -> None:
        self.fun = fun

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args = tuple(a.value if isinstance(a, KerasVariable) else a for a in args)
        outputs, rule = self.fun(*args, **kwargs)
        results = with_rule([convert_to_tensor(y) for y in tree.flatten(outputs)], tree.flatten(args), rule)
        return tree.pack_sequence_as(outputs, list(results))


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself: the compiler frees arrays at their last use, and computes nothing twice."""
    return f
