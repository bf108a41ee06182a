"""A loop's body as the passes see it: its calls, the number of reads of each tensor, and sizes of its own inputs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ...graph.dims import dim_tensors, known, product
from ...graph.tensor import Node, Subgraph, Tensor
from ...graph.traversal import inputs_of, toposort
from ..rewriter import self_contained

__all__ = ["calls", "is_small", "reads", "with_own_sizes"]

# Elements of one iteration's value (unknown sizes count as 1) from which a call stays in the loop: to compute this many
# takes longer than a call does, and the values of all iterations together would no longer fit into a cache.
LARGE = 2**15


def calls(body: Subgraph) -> list[Tensor]:
    """The results of a body's calls, each after what it needs."""
    own = {id(t) for t in body.inputs}
    return [t for t in toposort(body.outputs, known=own) if t.node is not None]


def is_small(t: Tensor) -> bool:
    """Whether the values of all iterations may be computed at once; not those of unknown rank, a kernel's residuals."""
    return t.spec.shape is not None and product(known(size) or 1 for size in t.shape) <= LARGE


def reads(body: Subgraph, order: list[Tensor]) -> Counter[int]:
    """How often each tensor of the body is read, by id; a result is read once more."""
    nodes = {id(t.node): t for t in order}.values()
    return Counter(map(id, (*body.outputs, *(i for t in nodes for i in inputs_of(t)))))


def with_own_sizes(loop: Node) -> Subgraph:
    """A loop's body with sizes that read its own inputs, one expression for equal sizes; else unknown."""
    initial, sequences, captured = loop.args
    body = loop.kwargs["body"]
    outside = [*(x.sizes for x in initial), *(x.sizes[1:] for x in sequences), *(x.sizes for x in captured)]
    if _has_own_sizes(body, outside):
        return body  # by an earlier pass
    return self_contained(body.inputs, outside, body.outputs, shared={})


def _has_own_sizes(body: Subgraph, outside: list[Any]) -> bool:
    """Whether the inputs' sizes read the inputs alone, and equal sizes outside have one expression."""
    own = {id(t) for t in body.inputs}
    known: dict[Any, Any] = {}
    for t, sizes in zip(body.inputs, outside, strict=True):
        for n, size in zip(sizes, t.sizes, strict=True):
            if isinstance(n, int):
                if n != size:
                    return False
            elif known.setdefault(n.key, size) != size or not all(id(i) in own for i in dim_tensors(size)):
                return False
    return True
