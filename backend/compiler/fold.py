"""Constant folding: calls on constants alone run once, before the first call of the program."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ..graph.tensor import Constant, Subgraph, Tensor
from ..graph.traversal import toposort
from .program import Graph, elements

__all__ = ["fold"]

MAX_FOLDED = 2**16  # elements of a result that is kept instead of computed at each call (256 KB of float32)


def fold(graph: Graph) -> Graph:
    """Mark the calls of the graph and of its bodies that depend on constants alone and whose results are small."""
    folded: set[int] = set()
    seen: set[int] = set()
    pending: list[Sequence[Tensor]] = [graph.roots]
    while pending:
        for t in toposort(pending.pop()):
            if id(t) in seen:
                continue
            seen.add(id(t))
            if isinstance(t, Constant):
                folded.add(id(t))
            elif t.node is not None:
                pending += [v.outputs for v in t.node.kwargs.values() if isinstance(v, Subgraph)]
                size = elements(t)
                if (
                    t.node.primitive.pure
                    and size is not None
                    and size <= MAX_FOLDED
                    and all(id(i) in folded for i in t.node.inputs)
                ):
                    folded.add(id(t))
    return dataclasses.replace(graph, folded=frozenset(folded))
