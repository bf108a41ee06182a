"""Keras's rules for gradients: stop_gradient, custom_gradient, and remat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras.src import tree
from keras.src.backend.common import KerasVariable
from keras.src.backend.common.masking import get_keras_mask, set_keras_mask
from keras.src.backend.common.stateless_scope import get_stateless_scope

import backend as K
from backend.graph.tensor import Tensor

from .tensors import convert_to_tensor
from .tracing import kept_apart

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
    """A function like f whose values are computed again in the backward pass: `K.checkpoint`.

    Masks of the results and new values of variables are results, too. A loss that f adds is not: Keras knows losses by
    identity, so what they need is kept for the backward pass.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        scope = get_stateless_scope()
        found: list[Any] = []

        def recorded() -> list[Any]:
            with kept_apart(scope) as updates:
                results = f(*args, **kwargs)
            masks = [get_keras_mask(x) if isinstance(x, Tensor) else None for x in tree.flatten(results)]
            everything = [*tree.flatten(results), *masks, *updates.values()]
            found[:] = results, updates, everything
            return [x for x in everything if isinstance(x, Tensor)]

        tensors = iter(K.checkpoint(recorded)())
        results, updates, everything = found
        everything = [next(tensors) if isinstance(x, Tensor) else x for x in everything]
        count = len(tree.flatten(results))
        for x, mask in zip(everything[:count], everything[count:], strict=False):
            if mask is not None:
                set_keras_mask(x, mask)
        for key, new in zip(updates, everything[2 * count :], strict=True):
            scope.state_mapping[key] = new
        return tree.pack_sequence_as(results, everything[:count])

    return call
