"""Groups of calls that become one call each: which calls may join one, so that no group depends on itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from ..graph.tensor import Node, Placeholder, Subgraph, Tensor

__all__ = ["Group", "Grouping", "body_of"]


S = TypeVar("S", bound=Subgraph)


def body_of(kind: type[S], members: Iterable[Tensor], arrays: Iterable[Tensor], results: Iterable[Tensor]) -> S:
    """The calls of a group as a graph of the arrays that they read from outside."""
    places = {id(a): Placeholder(a.sizes, a.dtype) for a in arrays}
    made: dict[int, Tensor] = dict(places)
    for t in members:
        node = t.node
        assert node is not None
        args = tuple(made.get(id(a), a) if isinstance(a, Tensor) else a for a in node.args)
        made[id(t)] = Node(node.function, args, node.kwargs, node.specs, node.multi_output).output(0)
    return kind(places.values(), [made[id(t)] for t in results])


class Group:
    """A group in the making: what its calls have in common, and the groups it depends on through other calls."""

    def __init__(self, key: Any) -> None:
        self.key = key
        self.bit = 0  # of its number, once a call is in it
        self.before = 0  # bits of the groups it depends on
        self._merged: Any = None

    def now(self) -> Any:
        """The group that this one has become a part of."""
        found = self
        while found._merged is not None:
            found = found._merged
        return found

    def take(self, other: Group) -> None:
        """Make another group a part of this one."""
        other._merged = self
        self.bit |= other.bit
        self.before |= other.before


G = TypeVar("G", bound=Group)


def _either(a: int, b: int) -> int:
    """a | b, without a copy where one of them has no bits: in a deep net they have a bit for each layer."""
    return a | b if a and b and a is not b else a or b


class Grouping(Generic[G]):
    """The groups of a graph whose calls are met in order.

    A call does not join a group that it also depends on through a call outside of it. A group that another one depends
    on takes no new dependencies. Together these two rules keep the graph of groups acyclic.
    """

    def __init__(self) -> None:
        self.of: dict[int, G] = {}  # by the ids of results: the group that computes them
        self._before: dict[int, int] = {}  # by the ids of other calls' results: the groups they depend on, as bits
        self._sealed = 0  # the groups that others need, as bits
        self._count = 0

    def joined(self, node: Node, choose: Callable[[list[G]], list[G]]) -> tuple[list[G], int]:
        """The groups that a call joins, of those that `choose` picks from some, and the groups it needs, as bits."""
        near, needs = self._around(node)
        if not near:
            return [], self._needed(needs)
        joins = choose(near)
        while True:
            for group in near:
                needs |= 0 if group in joins else group.bit | group.before
            every = needs
            for group in joins:
                every |= group.before
            fits = [g for g in joins if not g.bit & every and not (g.bit & self._sealed and every & ~g.before)]
            if len(fits) == len(joins):
                break
            joins = choose(fits)
        return joins, self._needed(needs)

    def apart(self, node: Node) -> int:
        """The groups that a call needs, as bits, where it joins none."""
        near, needs = self._around(node)
        for group in near:
            needs = _either(needs, group.bit | group.before)
        return self._needed(needs)

    def _around(self, node: Node) -> tuple[list[G], int]:
        """The groups that a call reads results of, and those that the other calls it reads depend on, as bits."""
        of, before = self.of, self._before
        near: list[G] = []
        needs = 0
        for i in node.inputs:
            group = of.get(id(i))
            if group is None:
                needs = _either(needs, before.get(id(i), 0))
            elif (group := group.now()) not in near:
                near.append(group)
        return near, needs

    def _needed(self, needs: int) -> int:
        if needs:
            self._sealed |= needs
        return needs

    def put(self, t: Tensor, groups: list[G], needs: int) -> None:
        """Put the call of t into these groups, one from now on."""
        own, *others = groups
        if not own.bit:
            own.bit = 1 << self._count
            self._count += 1
        for other in others:
            own.take(other)
        own.before = _either(own.before, needs)
        self.of[id(t)] = own

    def leave(self, t: Tensor, needs: int) -> None:
        """Leave the call of t outside of all groups."""
        if needs:
            self._before[id(t)] = needs

    def members(self, order: Iterable[Tensor]) -> dict[G, list[Tensor]]:
        """The results of each group's calls, in order."""
        found: dict[G, list[Tensor]] = {}
        for t in order:
            if id(t) in self.of:
                found.setdefault(self.of[id(t)].now(), []).append(t)
        return found
