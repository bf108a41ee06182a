"""Instruction scheduling: each call runs as late as possible, except that one that frees much runs at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ..graph.dims import known
from ..graph.tensor import Tensor
from .program import Program, Routine, Step

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
    steps = routine.steps
    if len(steps) < 2:
        return routine
    order = _eagerly(_deepest_first(steps), steps, {id(t) for t in routine.outputs})
    return routine.with_steps([steps[i] for i in order])


def _before(steps: Sequence[Step]) -> list[list[int]]:
    """The calls that have to run before each call, all by position; effectful ones keep the order of the graph."""
    position = {id(step.node): i for i, step in enumerate(steps)}
    found: list[list[int]] = []
    last: int | None = None
    for i, step in enumerate(steps):
        needed: dict[int, None] = {}
        for t in step.node.inputs:
            if t.node is not None and (place := position.get(id(t.node))) is not None:
                needed[place] = None
        if not step.node.primitive.pure:
            if last is not None:
                needed[last] = None
            last = i
        found.append(list(needed))
    return found


def _deepest_first(steps: Sequence[Step]) -> list[int]:
    """The calls in depth-first order, of a call's inputs the deepest first."""
    before = _before(steps)
    depth: list[int] = []
    ends = [True] * len(steps)
    for needed in before:
        depth.append(1 + max([depth[n] for n in needed], default=0))
        for n in needed:
            ends[n] = False
        if len(needed) > 1:
            needed.sort(key=depth.__getitem__)
    return _postorder([i for i in range(len(steps)) if ends[i]], before)


def _postorder(roots: Iterable[int], before: Sequence[list[int]]) -> list[int]:
    """Every call that the roots need, each after those before it, of which the last one comes first."""
    done = [False] * len(before)
    order: list[int] = []
    for root in roots:
        path, waiting = [root], [reversed(before[root])]
        while path:
            for call in waiting[-1]:
                if not done[call]:
                    path.append(call)
                    waiting.append(reversed(before[call]))
                    break
            else:
                waiting.pop()
                call = path.pop()
                done[call] = True
                order.append(call)
    return order


def _eagerly(order: Sequence[int], steps: Sequence[Step], keep: set[int]) -> list[int]:
    """The calls in this order, except that one that frees at least as much as it allocates runs immediately."""
    waiting = _Waiting(order, steps, keep)
    found: list[int] = []
    for first in order:
        pending = [first]
        while pending:
            call = pending.pop()
            if waiting.done[call] or (call != first and not waiting.pays(call)):
                continue
            found.append(call)
            pending += reversed(waiting.run(call))
    return found


class _Value:
    """A tensor that calls read or give: the calls that have yet to read it, and whether the last one frees it."""

    __slots__ = ("_shape", "_weight", "freed", "readers")

    def __init__(self, t: Tensor, freed: bool) -> None:
        self._shape = t.spec.shape
        self._weight = -1
        self.freed = freed
        self.readers: dict[int, None] = {}

    @property
    def weight(self) -> int:
        """The number of its elements, as far as they are known."""
        if self._weight < 0:
            self._weight = math.prod([known(size) or UNKNOWN for size in self._shape or ()])
        return self._weight


class _Waiting:
    """The calls that have yet to run: which tensors they read, and how many of their inputs are still missing."""

    def __init__(self, order: Sequence[int], steps: Sequence[Step], keep: set[int]) -> None:
        values: dict[int, _Value] = {}
        count = len(steps)
        self.done = [False] * count
        self._pure = [step.node.primitive.pure for step in steps]
        self._gives: list[list[_Value]] = []
        self._reads: list[list[_Value]] = [[]] * count
        self._missing = [0] * count
        inside = {id(step.node) for step in steps}
        for step in steps:
            own = []
            for t in step.results:
                if t is not None:
                    values[id(t)] = given = _Value(t, id(t) not in keep)
                    own.append(given)
            self._gives.append(own)
        for call in order:
            reads: dict[int, _Value] = {}
            for t in steps[call].node.inputs:
                key = id(t)
                if key in reads:
                    continue
                value = values.get(key)
                computed = t.node is not None and id(t.node) in inside
                if value is None:
                    values[key] = value = _Value(t, computed and key not in keep)
                reads[key] = value
                value.readers[call] = None
                self._missing[call] += computed
            self._reads[call] = list(reads.values())

    def pays(self, call: int) -> bool:
        """Whether the call can run now, and frees at least as much as it allocates."""
        if self._missing[call] or not self._pure[call]:
            return False
        freed = 0
        for value in self._reads[call]:
            if value.freed and len(value.readers) == 1:
                freed += value.weight
        return freed > 0 and freed >= sum([value.weight for value in self._gives[call]])

    def run(self, call: int) -> list[int]:
        """Run the call; gives those for which that changed something."""
        self.done[call] = True
        near: dict[int, None] = {}
        for value in self._reads[call]:
            del value.readers[call]
            if len(value.readers) == 1:
                near.update(value.readers)
        for value in self._gives[call]:
            for reader in value.readers:
                self._missing[reader] -= 1
                near[reader] = None
        return list(near)
