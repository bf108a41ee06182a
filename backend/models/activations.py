"""Activations by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import backend as K

from .lookup import named

__all__ = ["ACTIVATIONS", "activation_named"]

ACTIVATIONS: dict[str, Callable[..., Any]] = {
    name: getattr(K, name)
    for name in ("elu gelu hard_sigmoid relu selu sigmoid silu softmax softplus softsign tanh").split()
}
ACTIVATIONS |= {"linear": K.identity, "exponential": K.exp, "swish": K.silu}


def activation_named(given: Any) -> Callable[[Any], Any]:
    """The activation of a name; None is the identity, and a function is returned unchanged."""
    return named("activation", "linear" if given is None else given, ACTIVATIONS)
