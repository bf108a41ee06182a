"""Which tensors of a loop's body may have another shape at each step."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any

from .dim_text import walk
from .dims import Dim
from .tensor import Node, Subgraph, Tensor
from .traversal import dependents

__all__ = ["varying"]


def varying(order: Iterable[Tensor], inputs: Iterable[Tensor], others: Iterable[Tensor] | None = None) -> set[int]:
    """The ids of the tensors, in an ordered graph, some size of which depends on values computed from the inputs.

    The inputs themselves have fixed shapes: they are the carries and the slices of a loop, and differ in value alone.
    `others` are what else the graph reads. With it, a size that reads anything else is as good as unknown: rewriting
    may leave the sizes of tensors that are gone.
    """
    order, inputs = list(order), list(inputs)
    found = _Varying(dependents(order, inputs), None if others is None else set(map(id, (*order, *inputs, *others))))
    for t in order:
        if t.node is not None and id(t) in found.own and found.varies(t, t.node):
            found.ids.add(id(t))
    return found.ids


class _Varying:
    def __init__(self, own: Set[int], known: Set[int] | None) -> None:
        self.own = own  # what depends on the inputs
        self.known = known  # the tensors whose sizes can be believed; None for all
        self.ids: set[int] = set()

    def varies(self, t: Tensor, node: Node) -> bool:
        """Whether a call's result does, all that it reads being judged."""
        if t.spec.shape is None or any(map(self.size_varies, t.spec.shape)):
            return True
        if all(map(self._is_told, t.spec.shape)):
            return False
        # The array alone has a size: a branch, say, may give one of two; elsewhere it follows from what the call reads.
        if any(isinstance(value, Subgraph) for value in node.kwargs.values()):
            return True
        return any(id(i) in self.ids for i in node.inputs) or any(
            map(self.size_varies, _sizes_in((node.args, node.kwargs)))
        )

    def size_varies(self, size: Any) -> bool:
        """Whether an expression reads a value that depends on the inputs, or a size that varies."""
        return any(id(t) in (self.own if function == "item" else self.ids) for function, t in _reads(size))

    def _is_told(self, size: Any) -> bool:
        return size is not None and (self.known is None or all(id(t) in self.known for _, t in _reads(size)))


def _reads(size: Any) -> list[tuple[str, Any]]:
    """What a size reads: 'size' or 'item', and of which tensor."""
    return (
        [(part.function, part.arguments[0]) for part in walk([size]) if part.is_leaf] if isinstance(size, Dim) else []
    )


def _sizes_in(structure: Any) -> list[Dim]:
    """The sizes in nested arguments."""
    if isinstance(structure, Dim):
        return [structure]
    if isinstance(structure, dict):
        return _sizes_in(tuple(structure.values()))
    if isinstance(structure, slice):
        return _sizes_in((structure.start, structure.stop, structure.step))
    return [d for part in structure for d in _sizes_in(part)] if isinstance(structure, (tuple, list)) else []
