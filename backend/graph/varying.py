"""Which tensors of a loop's body may have another shape at each step."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any

from .dim_text import walk
from .dims import Dim
from .tensor import Node, Tensor
from .traversal import dependents

__all__ = ["varying"]


def varying(order: Iterable[Tensor], inputs: Iterable[Tensor]) -> set[int]:
    """The ids of the tensors, in an ordered graph, some size of which depends on values computed from the inputs.

    The inputs themselves have fixed shapes: they are the carries and the slices of a loop, and differ in value alone.
    """
    order = list(order)
    own = dependents(order, inputs)
    found: set[int] = set()
    for t in order:
        if t.node is not None and id(t) in own and _varies(t, t.node, own, found):
            found.add(id(t))
    return found


def _varies(t: Tensor, node: Node, own: Set[int], found: Set[int]) -> bool:
    if t.spec.shape is None or any(_size_varies(size, own, found) for size in t.spec.shape):
        return True
    if None not in t.spec.shape:
        return False
    # a size that the array alone has: a branch, say, may give one of two; elsewhere it follows from the operands' sizes
    if not isinstance(node.function, str) and not node.primitive.elementwise:
        return True
    return any(id(i) in found for i in node.inputs) or any(
        _size_varies(size, own, found) for size in _sizes_in((node.args, node.kwargs))
    )


def _size_varies(size: Any, own: Set[int], found: Set[int]) -> bool:
    if not isinstance(size, Dim):
        return False
    return any(id(part.arguments[0]) in (own if part.function == "item" else found) for part in walk([size]) if part.is_leaf)


def _sizes_in(structure: Any) -> list[Dim]:
    """The sizes in nested arguments."""
    if isinstance(structure, Dim):
        return [structure]
    if isinstance(structure, dict):
        return _sizes_in(tuple(structure.values()))
    if isinstance(structure, slice):
        return _sizes_in((structure.start, structure.stop, structure.step))
    return [d for part in structure for d in _sizes_in(part)] if isinstance(structure, (tuple, list)) else []
