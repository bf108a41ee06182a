"""Fusion: elementwise calls over one shape become one call, which runs block by block."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable
from typing import Any

from ..graph.dims import Dim
from ..graph.tensor import Constant, Node, Placeholder, Subgraph, Tensor
from ..graph.traversal import inputs_of
from . import tiling
from .program import Graph, elements
from .tiling import fused

__all__ = ["fuse"]

# Calls for each result of a chain. Joining blocks writes each result once more, and in-place operators avoid the
# temporaries anyway: an update with momentum, four calls for two results, was slower in blocks.
MIN_CHAIN = 3


def fuse(graph: Graph) -> Graph:
    """The graph with each long elementwise chain as one call of `fused`."""
    order = graph.order
    in_blocks = graph.least is None  # else each chain is a kernel, which saves every call but one
    least = tiling.MIN_ELEMENTS if graph.least is None else graph.least
    chains = [chain for chain in _chains(order, least) if len(chain) >= (MIN_CHAIN if in_blocks else 2)]
    if not chains:
        return graph
    readers: dict[int, set[int]] = {}
    for t in order:
        for i in inputs_of(t):
            readers.setdefault(id(i), set()).add(id(t))
    last = {id(t) for t in graph.roots}
    instead: dict[int, Tensor] = {}
    for chain in chains:
        own = {id(t) for t in chain}
        results = [t for t in chain if id(t) in last or readers.get(id(t), set()) - own]
        if not in_blocks or MIN_CHAIN * len(results) <= len(chain):
            call = _call(chain, own, results)
            instead.update((id(t), call.output(index)) for index, t in enumerate(results))
    return graph.rewritten(instead=instead, intern=False)


def _allocates(t: Tensor) -> bool:
    """Whether t is the result of an elementwise call, in memory of its own."""
    return t.node is not None and t.node.primitive.elementwise and t.node.primitive.fresh


def _shape_key(t: Tensor, least: int) -> Any:
    """What chains have in common; None for what is too small, or of a shape known only when it runs."""
    if t.spec.shape is None or None in t.spec.shape:
        return None
    total = elements(t)
    if total is not None and total < least:
        return None
    return tuple(size.key if isinstance(size, Dim) else size for size in t.spec.shape)


class _Chain:
    """A chain in the making: its shape, and the chains it depends on through calls of another kind."""

    def __init__(self, number: int, key: Any) -> None:
        self.bit = 1 << number
        self.key = key
        self.before = 0  # bits of the chains it depends on
        self.merged: _Chain | None = None

    def now(self) -> _Chain:
        """The chain that this one has become a part of."""
        chain = self
        while chain.merged is not None:
            chain = chain.merged
        return chain

    def take(self, other: _Chain) -> None:
        other.merged = self
        self.bit |= other.bit
        self.before |= other.before


def _chains(order: list[Tensor], least: int) -> list[list[Tensor]]:
    """The chains of a graph.

    A call does not join a chain that it also depends on through a call of another kind. A chain that another chain
    depends on takes no new dependencies. Together these two rules keep the fused graph acyclic.
    """
    count, sealed = 0, 0  # the chains that others need, as bits
    of: dict[int, _Chain] = {}
    before: dict[int, int] = {}  # by the ids of other calls' results: the chains they depend on, as bits
    constant = {id(t) for t in order if isinstance(t, Constant)}
    for t in order:
        if t.node is None:
            continue
        if all(id(i) in constant for i in t.node.inputs):
            constant.add(id(t))
            continue
        near = list(dict.fromkeys(of[id(i)].now() for i in t.node.inputs if id(i) in of))
        needs = _bits(before[id(i)] for i in t.node.inputs if id(i) in before)
        key = _shape_key(t, least) if _allocates(t) and not any(isinstance(a, Dim) for a in t.node.args) else None
        joins = [chain for chain in near if chain.key == key]
        while True:
            needs |= _bits(chain.bit | chain.before for chain in near if chain not in joins)
            every = needs | _bits(chain.before for chain in joins)
            fits = [c for c in joins if not c.bit & every and not (c.bit & sealed and every & ~c.before)]
            if len(fits) == len(joins):
                break
            joins = fits
        sealed |= needs
        if key is None:
            before[id(t)] = needs
            continue
        own, *others = joins or [_Chain(count, key)]
        count += 1
        for other in others:
            own.take(other)
        own.before |= needs
        of[id(t)] = own
    members: dict[_Chain, list[Tensor]] = {}
    for t in order:
        if id(t) in of:
            members.setdefault(of[id(t)].now(), []).append(t)
    return list(members.values())


def _bits(sets: Iterable[int]) -> int:
    return functools.reduce(operator.or_, sets, 0)


def _call(chain: list[Tensor], own: set[int], results: list[Tensor]) -> Node:
    """The call of `fused` that a chain becomes."""
    arrays = {
        id(a): a
        for t in chain
        for a in t.node.args  # type: ignore[union-attr]
        if isinstance(a, Tensor) and id(a) not in own and not (isinstance(a, Constant) and a.shape == ())
    }
    places = {i: Placeholder(a.sizes, a.dtype) for i, a in arrays.items()}
    made: dict[int, Tensor] = dict(places)
    for t in chain:
        node = t.node
        assert node is not None
        args = tuple(made.get(id(a), a) if isinstance(a, Tensor) else a for a in node.args)
        made[id(t)] = Node(node.function, args, node.kwargs, node.specs, node.multi_output).output(0)
    body = Subgraph(places.values(), [made[id(t)] for t in results])
    return Node(fused, (tuple(arrays.values()),), {"body": body}, tuple(t.spec for t in results), len(results) > 1)
