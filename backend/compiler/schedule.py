"""Instruction scheduling: each call runs as late as possible, except that one that frees much runs at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

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
    calls = _Calls(steps, {id(t) for t in routine.outputs})
    return routine.with_steps([steps[i] for i in _eagerly(_deepest_first(calls), calls)])


class _Calls:
    """The calls by position, and the values that they read and give, by number."""

    def __init__(self, steps: Sequence[Step], keep: set[int]) -> None:
        position = {id(step.node): i for i, step in enumerate(steps)}
        self.pure = [step.node.primitive.pure for step in steps]
        self.maker: list[int] = []  # of each value: the call that gives it; -1 where it comes from outside
        self.freed: list[bool] = []  # of each value: whether the last call that reads it frees it
        self.gives: list[list[int]] = []  # of each call
        self.reads: list[list[int]] = []  # of each call, each value once
        self.before: list[list[int]] = []  # of each call: the calls that have to run before it
        self._shapes: list[Any] = []
        self._weights: list[int | None] = []
        numbers: dict[int, int] = {}

        def number(t: Tensor, maker: int) -> int:
            found = numbers[id(t)] = len(numbers)
            self.maker.append(maker)
            self.freed.append(maker >= 0 and id(t) not in keep)
            self._shapes.append(t.spec.shape)
            return found

        for i, step in enumerate(steps):
            self.gives.append([number(t, i) for t in step.results if t is not None])
        last: int | None = None  # of the effectful ones, which keep the order of the graph
        maker = self.maker
        for i, step in enumerate(steps):
            reads: dict[int, None] = {}
            needed: dict[int, None] = {}
            for t in step.node.inputs:
                value = numbers.get(id(t))
                if value is None:
                    value = number(t, -1 if t.node is None else position.get(id(t.node), -1))
                reads[value] = None
                if maker[value] >= 0:
                    needed[maker[value]] = None
            if not self.pure[i]:
                if last is not None:
                    needed[last] = None
                last = i
            self.reads.append(list(reads))
            self.before.append(list(needed))
        self._weights = [None] * len(maker)

    def weight(self, value: int) -> int:
        """The number of its elements, as far as they are known."""
        found = self._weights[value]
        if found is None:
            found = 1
            for size in self._shapes[value] or ():
                found *= (size if type(size) is int else known(size)) or UNKNOWN
            self._weights[value] = found
        return found


def _deepest_first(calls: _Calls) -> list[int]:
    """The calls in depth-first order, of a call's inputs the deepest first."""
    before = calls.before
    depth: list[int] = []
    ends = [True] * len(before)
    for needed in before:
        deepest = 0
        for n in needed:
            ends[n] = False
            if depth[n] > deepest:
                deepest = depth[n]
        depth.append(1 + deepest)
        if len(needed) > 1:
            needed.sort(key=depth.__getitem__)
    return _postorder([i for i, end in enumerate(ends) if end], before)


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


def _eagerly(order: Sequence[int], calls: _Calls) -> list[int]:
    """The calls in this order, except that one that frees at least as much as it allocates runs immediately."""
    waiting = _Waiting(order, calls)
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


class _Waiting:
    """The calls that have yet to run: which of them read each value, and how many of their inputs are still missing."""

    def __init__(self, order: Sequence[int], calls: _Calls) -> None:
        self._calls = calls
        self.done = [False] * len(order)
        maker = calls.maker
        self._missing = [sum([maker[value] >= 0 for value in reads]) for reads in calls.reads]
        self._readers: list[list[int]] = [[] for _ in maker]
        for call in order:
            for value in calls.reads[call]:
                self._readers[value].append(call)
        self._left = list(map(len, self._readers))  # how many have yet to run, and the sum of their positions:
        self._sums = list(map(sum, self._readers))  # the position of the last one, once there is but one

    def pays(self, call: int) -> bool:
        """Whether the call can run now, and frees at least as much as it allocates."""
        calls = self._calls
        if self._missing[call] or not calls.pure[call]:
            return False
        freed = 0
        for value in calls.reads[call]:
            if self._left[value] == 1 and calls.freed[value]:
                freed += calls.weight(value)
        return freed > 0 and freed >= sum(map(calls.weight, calls.gives[call]))

    def run(self, call: int) -> list[int]:
        """Run the call; gives those for which that changed something."""
        self.done[call] = True
        near: dict[int, None] = {}
        left, sums, missing = self._left, self._sums, self._missing
        for value in self._calls.reads[call]:
            left[value] -= 1
            sums[value] -= call
            if left[value] == 1:
                near[sums[value]] = None
        for value in self._calls.gives[call]:
            for reader in self._readers[value]:
                missing[reader] -= 1
                near[reader] = None
        return list(near)
