"""Steps that run call by call, on tensors that have values, which `call` can print and test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras.src import tree

from backend.graph.tensor import Tensor

from .immediate import Programs, computed_at_once, held
from .tensors import convert_to_tensor, owned
from .tracing import HoldingRecording

__all__ = ["EagerStep"]


class EagerStep:
    """`call(batch)` run anew at each call, one call of the library after the other.

    The tensors are recorded too: that is where the gradients come from.
    """

    def __init__(self, call: Callable[[Any], Any]) -> None:
        self._call = call
        self._programs: Programs = {}

    def __call__(self, batch: Any) -> Any:
        leaves = [None if leaf is None else convert_to_tensor(leaf) for leaf in tree.flatten(batch)]
        with HoldingRecording(collect_losses=True) as scope, computed_at_once(self._programs):
            places = [None if x is None else held(x, "batch") for x in leaves]
            found = tree.map_structure(_value, self._call(tree.pack_sequence_as(batch, places)))
            news = [
                (v, owned(scope.state_mapping[id(v)], v._dtype))  # noqa: SLF001 - its own, not autocast's
                for v in scope.assigned.values()
            ]
        for variable, new in news:
            variable._value = new  # noqa: SLF001 - no copy: no one else has it
        return found


def _value(x: Any) -> Any:
    x = x.value if hasattr(x, "assign") else x
    return x.held if isinstance(x, Tensor) and x.held is not None else x
