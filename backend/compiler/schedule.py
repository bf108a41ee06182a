"""Instruction scheduling: each call runs as late as possible, except that one that frees much runs at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..graph.dims import known
from ..graph.tensor import Node, Tensor
from ..graph.traversal import postorder
from .program import Program, Routine

__all__ = ["UNKNOWN", "schedule"]

UNKNOWN = 1000  # what an unknown size counts as where memory is weighed


def schedule(program: Program) -> Program:
    """The program with the calls of each routine in another order, each still after its inputs.

    Of a call's inputs the one with the longest chain of calls before it is computed first, so that cheap inputs (a mask
    for a gradient) are computed when they are needed. A call that is the last to read an array at least as large as its
    result (the gradient of a layer's weights, its update) runs immediately.
    """
    return program.each(_scheduled)


def _scheduled(routine: Routine) -> Routine:
    steps = {id(step.node): step for step in routine.steps}
    results = {key: [t for t in step.results if t is not None] for key, step in steps.items()}
    nodes = [step.node for step in routine.steps]
    order = _eagerly(_deepest_first(nodes, set(steps)), results, {id(t) for t in routine.outputs})
    return routine.with_steps(steps[id(node)] for node in order)


def _before(nodes: Sequence[Node], inside: set[int]) -> dict[int, list[Node]]:
    """The calls that have to run before each call; effectful ones, such as printing, keep the order of the graph."""
    found: dict[int, list[Node]] = {}
    last: Node | None = None
    for node in nodes:
        needed = {id(i.node): i.node for i in node.inputs if i.node is not None and id(i.node) in inside}
        if not node.primitive.pure:
            if last is not None:
                needed[id(last)] = last
            last = node
        found[id(node)] = list(needed.values())
    return found


def _deepest_first(nodes: Sequence[Node], inside: set[int]) -> list[Node]:
    """The calls in depth-first order, of a call's inputs the deepest first."""
    before = _before(nodes, inside)
    depth: dict[int, int] = {}
    for node in nodes:
        depth[id(node)] = 1 + max((depth[id(n)] for n in before[id(node)]), default=0)
    read = {id(n) for needed in before.values() for n in needed}
    ends = [node for node in reversed(nodes) if id(node) not in read]
    return postorder(ends, lambda node: sorted(before[id(node)], key=lambda n: depth[id(n)]))


def _eagerly(nodes: Sequence[Node], results: dict[int, list[Tensor]], keep: set[int]) -> list[Node]:
    """The calls in this order, except that one that frees at least as much as it allocates runs immediately."""
    waiting = _Waiting(nodes, results, keep)
    order = []
    for first in nodes:
        pending = [first]
        while pending:
            node = pending.pop()
            if waiting.has_run(node) or (node is not first and not waiting.pays(node)):
                continue
            order.append(node)
            pending += reversed(waiting.run(node))
    return order


class _Waiting:
    """The calls that have yet to run: which tensors they read, and how many of their inputs are still missing."""

    def __init__(self, nodes: Sequence[Node], results: dict[int, list[Tensor]], keep: set[int]) -> None:
        self._results = results
        self._keep = keep
        self._done: set[int] = set()
        self._weights: dict[int, int] = {}
        self._readers: dict[int, dict[int, Node]] = {}  # by tensor
        self._missing: dict[int, int] = {}  # by node
        self._inputs = {id(node): list({id(t): t for t in node.inputs}.values()) for node in nodes}
        for node in nodes:
            inputs = self._inputs[id(node)]
            for t in inputs:
                self._readers.setdefault(id(t), {})[id(node)] = node
            self._missing[id(node)] = sum(map(self._computed, inputs))

    def _computed(self, t: Tensor) -> bool:
        return t.node is not None and id(t.node) in self._results

    def has_run(self, node: Node) -> bool:
        """Whether the call has run."""
        return id(node) in self._done

    def pays(self, node: Node) -> bool:
        """Whether the call can run now, and frees at least as much as it allocates."""
        if self._missing[id(node)] or not node.primitive.pure:
            return False
        freed = sum(
            self._weight(t)
            for t in self._inputs[id(node)]
            if self._computed(t) and id(t) not in self._keep and len(self._readers[id(t)]) == 1
        )
        return freed > 0 and freed >= sum(map(self._weight, self._results[id(node)]))

    def _weight(self, t: Tensor) -> int:
        if id(t) not in self._weights:
            self._weights[id(t)] = math.prod(known(size) or UNKNOWN for size in t.spec.shape or ())
        return self._weights[id(t)]

    def run(self, node: Node) -> list[Node]:
        """Run the call; gives those for which that changed something."""
        self._done.add(id(node))
        near: dict[int, Node] = {}
        for t in self._inputs[id(node)]:
            del self._readers[id(t)][id(node)]
            if len(self._readers[id(t)]) == 1:
                near.update(self._readers[id(t)])
        for t in self._results[id(node)]:
            for reader in self._readers.get(id(t), {}).values():
                self._missing[id(reader)] -= 1
                near[id(reader)] = reader
        return list(near.values())
