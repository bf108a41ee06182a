"""Constant folding: calls on constants alone run once, before the first call of the program."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph.tensor import Constant, Subgraph, Tensor
from ..graph.traversal import all_within, toposort
from .program import Graph, elements

__all__ = ["fold"]

MAX_FOLDED = 2**16  # elements of a result that is kept instead of computed at each call (256 KB of float32)


def fold(graph: Graph) -> Graph:
    """Mark the calls of the graph and of its bodies that depend on constants alone and whose results are small."""
    folded: set[int] = set()
    seen: set[int] = set()
    pending: list[Sequence[Tensor]] = [graph.order]
    while pending:
        for t in pending.pop():
            node = t.node
            if id(t) in seen:
                continue
            seen.add(id(t))
            if node is None:
                if isinstance(t, Constant):
                    folded.add(id(t))
                continue
            if node.kwargs:
                pending += [toposort(v.outputs) for v in node.kwargs.values() if isinstance(v, Subgraph)]
            if all_within(node.inputs, folded) and node.primitive.pure:
                size = elements(t)
                if size is not None and size <= MAX_FOLDED:
                    folded.add(id(t))
    return graph.with_facts(folded=frozenset(folded))
