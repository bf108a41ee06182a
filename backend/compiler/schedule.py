"""In which order the calls of a graph run: as late as may be, but as soon as they let go of more than they make."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from ..graph.dims import known
from ..graph.tensor import Node, Tensor

__all__ = ["scheduled"]

UNKNOWN = 1000  # what an unknown size counts for where memory is weighed


def scheduled(order: Sequence[Tensor], keep: set[int]) -> list[Tensor]:
    """The tensors of a graph in another order, each still after its inputs.

    Of a call's inputs the one with the longest way behind it is worked out first, so that what is quickly made (a mask
    for a gradient) is made when it is needed. And a call that is the last to read an array at least as large as what it
    makes (the gradient of a layer's weights, its update) runs at once. `keep` has the ids of the results.
    """
    tensors: dict[int, list[Tensor]] = {}  # node -> its results
    for t in order:
        if t.node is not None:
            tensors.setdefault(id(t.node), []).append(t)
    nodes = [found[0].node for found in tensors.values() if found[0].node is not None]
    return [t for t in order if t.node is None] + [
        t for node in _eagerly(_deepest_first(nodes, set(tensors)), tensors, keep) for t in tensors[id(node)]
    ]


def _before(nodes: Sequence[Node], inside: set[int]) -> dict[int, list[Node]]:
    """The calls that have to run before each call; those that act, such as printing, in the order of the graph."""
    found: dict[int, list[Node]] = {}
    last: Node | None = None
    for node in nodes:
        needed = {id(i.node): i.node for i in node.inputs if i.node is not None and id(i.node) in inside}
        if not _pure(node):
            if last is not None:
                needed[id(last)] = last
            last = node
        found[id(node)] = list(needed.values())
    return found


def _deepest_first(nodes: Sequence[Node], inside: set[int]) -> list[Node]:
    before = _before(nodes, inside)
    depth: dict[int, int] = {}
    for node in nodes:
        depth[id(node)] = 1 + max((depth[id(n)] for n in before[id(node)]), default=0)
    read = {id(n) for needed in before.values() for n in needed}
    done: set[int] = set()
    result = []
    stack = [(node, False) for node in reversed(nodes) if id(node) not in read]
    while stack:
        node, ready = stack.pop()
        if id(node) in done:
            continue
        if ready:
            done.add(id(node))
            result.append(node)
            continue
        stack.append((node, True))
        stack += [(n, False) for n in sorted(before[id(node)], key=lambda n: depth[id(n)])]
    return result


def _eagerly(nodes: Sequence[Node], tensors: dict[int, list[Tensor]], keep: set[int]) -> list[Node]:
    readers: dict[int, dict[int, Node]] = {}  # by tensor: the calls that have yet to read it
    waits: dict[int, int] = {}
    for node in nodes:
        inputs = {id(i) for i in node.inputs}
        for i in inputs:
            readers.setdefault(i, {})[id(node)] = node
        waits[id(node)] = sum(i.node is not None and id(i.node) in tensors for i in _distinct(node.inputs))
    done: set[int] = set()
    result = []

    def worth(node: Node) -> bool:
        """Whether a call that could run now lets go of at least as much as it makes."""
        freed = sum(
            _weight(i)
            for i in _distinct(node.inputs)
            if i.node is not None and id(i.node) in tensors and id(i) not in keep and len(readers[id(i)]) == 1
        )
        return freed > 0 and freed >= sum(map(_weight, tensors[id(node)]))

    for first in nodes:
        pending = [first]
        while pending:
            node = pending.pop()
            if id(node) in done or (node is not first and (waits[id(node)] or not worth(node) or not _pure(node))):
                continue
            done.add(id(node))
            result.append(node)
            near: dict[int, Node] = {}
            for i in _distinct(node.inputs):
                del readers[id(i)][id(node)]
                if len(readers[id(i)]) == 1:
                    near.update(readers[id(i)])
            for t in tensors[id(node)]:
                for reader in readers.get(id(t), {}).values():
                    waits[id(reader)] -= 1
                    near[id(reader)] = reader
            pending += reversed(near.values())
    return result


def _distinct(tensors: Iterable[Tensor]) -> Iterable[Tensor]:
    return {id(t): t for t in tensors}.values()


def _pure(node: Node) -> bool:
    return node.primitive.pure


def _weight(t: Tensor) -> int:
    return math.prod(known(size) or UNKNOWN for size in t.spec.shape or ())
