"""Loops that end when a condition fails: an operation of ours, as Scan takes one step at least."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.basic import Apply
from pytensor.tensor.type import TensorType

from ...arrays.libraries.pytensor import Loop, function

__all__ = ["WhileLoop", "while_loop"]


class WhileLoop(Loop):
    """It runs two functions that PyTensor compiles: whether to go on, and the next state."""

    def __init__(self, state: Sequence[Any], test: Any, step: Any, tested: Sequence[Any], used: Sequence[Any]) -> None:
        self.count, self.tested = len(state), len(tested)
        places = [[x.type() for x in values] for values in ([*state, *tested], [*state, *used])]
        self.graphs = [(ins, list(f(*ins))) for ins, f in zip(places, (test, step), strict=True)]
        self.bodies = [outputs for _, outputs in self.graphs]
        self.functions: list[Any] = []

    def make_node(self, *inputs: Any) -> Any:
        """The loop as a node of PyTensor's graph."""
        state = [TensorType(x.dtype, x.type.shape)() for x in inputs[1 : 1 + self.count]]
        return Apply(self, list(inputs), [*state, TensorType("int32", ())()])

    def perform(self, node: Any, inputs: Sequence[Any], outputs: Any) -> None:
        """Run the loop."""
        if not self.functions:
            self.functions = [function(*graph, self.mode) for graph in self.graphs]
        test, step = self.functions
        limit, state = int(inputs[0]), list(inputs[1 : 1 + self.count])
        tested, used = inputs[1 + self.count : 1 + self.count + self.tested], inputs[1 + self.count + self.tested :]
        count = 0
        while (limit < 0 or count < limit) and test(*state, *tested)[0]:
            state = step(*state, *used)
            count += 1
        for cell, value in zip(outputs, (*state, np.asarray(count, "int32")), strict=True):
            cell[0] = np.array(value)


def while_loop(
    initial: tuple[Any, ...],
    test_captured: tuple[Any, ...],
    captured: tuple[Any, ...],
    *,
    condition: Any,
    body: Any,
    limit: Any,
) -> tuple[Any, ...]:
    """The loop as one operation, with the number of iterations as a further value."""
    most = pt.as_tensor(-1 if limit is None else limit).astype("int64")
    loop = WhileLoop(initial, condition, body, test_captured, captured)
    return tuple(loop(most, *initial, *test_captured, *captured, return_list=True))
