"""Fusion: elementwise calls over one shape become one call, which runs block by block."""

from __future__ import annotations

from typing import Any

from ..graph.dims import Dim
from ..graph.tensor import Constant, Node, Subgraph, Tensor
from ..graph.traversal import all_within, inputs_of
from . import tiling
from .grouping import Group, Grouping, body_of
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
    joined = {id(t) for chain in chains for t in chain}
    for t in order:
        for i in inputs_of(t):
            if id(i) in joined:
                readers.setdefault(id(i), set()).add(id(t))
    last = {id(t) for t in graph.roots}
    instead: dict[int, Tensor] = {}
    for chain in chains:
        own = {id(t) for t in chain}
        results = [t for t in chain if id(t) in last or readers.get(id(t), set()) - own]
        if not in_blocks or MIN_CHAIN * len(results) <= len(chain):
            call = _call(chain, own, results)
            instead.update((id(t), call.output(index)) for index, t in enumerate(results))
    return graph.rewritten(instead=instead, shared=None)  # no two calls become equal by it


def _allocates(t: Tensor) -> bool:
    """Whether t is the result of an elementwise call, in memory of its own."""
    if t.node is None:
        return False
    facts = t.node.primitive
    return facts.elementwise and facts.fresh


def _shape_key(t: Tensor, least: int) -> Any:
    """What chains have in common; None for what is too small, or of a shape known only when it runs."""
    if t.spec.shape is None or None in t.spec.shape:
        return None
    total = elements(t)
    if total is not None and total < least:
        return None
    return t.spec.shape


def _chains(order: list[Tensor], least: int) -> list[list[Tensor]]:
    """The chains of a graph."""
    grouping: Grouping[Group] = Grouping()
    constant = {id(t) for t in order if isinstance(t, Constant)}
    for t in order:
        node = t.node
        if node is None:
            continue
        if all_within(node.inputs, constant):
            constant.add(id(t))
            continue
        key = _shape_key(t, least) if _allocates(t) and not any(isinstance(a, Dim) for a in node.args) else None
        if key is None:
            grouping.leave(t, grouping.apart(node))
        else:
            joins, needs = grouping.joined(node, lambda groups, key=key: [g for g in groups if g.key == key])  # type: ignore[misc]
            grouping.put(t, joins or [Group(key)], needs)
    return list(grouping.members(order).values())


def _call(chain: list[Tensor], own: set[int], results: list[Tensor]) -> Node:
    """The call of `fused` that a chain becomes."""
    arrays = {
        id(a): a
        for t in chain
        for a in t.node.args  # type: ignore[union-attr]
        if isinstance(a, Tensor) and id(a) not in own and not (isinstance(a, Constant) and a.shape == ())
    }
    body = body_of(Subgraph, chain, arrays.values(), results)
    return Node(fused, (tuple(arrays.values()),), {"body": body}, tuple(t.spec for t in results), len(results) > 1)
