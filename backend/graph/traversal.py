"""Walking graphs: topological order, and what depends on what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeVar

from .tensor import Node, Subgraph, Tensor

__all__ = ["bodies_within", "dependents", "inputs_of", "postorder", "toposort"]

Part = TypeVar("Part")


def inputs_of(t: Tensor) -> tuple[Tensor, ...]:
    """The tensors that the call which gives t reads; none where t is no call's result."""
    return () if t.node is None else t.node.inputs


def toposort(
    outputs: Iterable[Tensor],
    stop: Callable[[Tensor], bool] | None = None,
    instead: Mapping[int, Tensor] = MappingProxyType({}),
) -> list[Tensor]:
    """Every tensor the outputs need, each after its inputs; what `stop` holds for is taken as given.

    `instead` maps tensors, by id, to others whose inputs they need in place of their own.
    """
    done: set[int] = set()
    order: list[Tensor] = []
    stack: list[tuple[Tensor, bool]] = [(tensor, False) for tensor in reversed(list(outputs))]
    while stack:
        tensor, ready = stack.pop()
        if id(tensor) in done:
            continue
        node = instead[id(tensor)].node if id(tensor) in instead else tensor.node
        if ready or node is None or (stop is not None and stop(tensor)):
            done.add(id(tensor))
            order.append(tensor)
            continue
        stack.append((tensor, True))
        for needed in reversed(node.inputs):
            if id(needed) not in done:
                stack.append((needed, False))  # noqa: PERF401 - half as long as a generator takes
    return order


def postorder(roots: Iterable[Part], needs: Callable[[Part], Iterable[Part]]) -> list[Part]:
    """Every part that the roots need, each after what it needs, the last one needed first.

    `toposort` is the same for tensors, written out: it takes half the time.
    """
    done: set[int] = set()
    order: list[Part] = []
    stack = [(part, False) for part in roots]
    while stack:
        part, ready = stack.pop()
        if id(part) in done:
            continue
        if ready:
            done.add(id(part))
            order.append(part)
            continue
        stack.append((part, True))
        stack += [(p, False) for p in needs(part) if id(p) not in done]
    return order


def dependents(order: Iterable[Tensor], inputs: Iterable[Tensor]) -> set[int]:
    """The ids of the inputs, and of all in an ordered graph that depends on one of them."""
    found = {id(t) for t in inputs}
    for t in order:
        if t.node is not None and any(id(i) in found for i in t.node.inputs):
            found.add(id(t))
    return found


def bodies_within(order: Iterable[Tensor]) -> list[tuple[Node, Subgraph]]:
    """Every body of the calls of an ordered graph, once, after those within it, with the call it is first met in."""
    found: list[tuple[Node, Subgraph]] = []
    seen: set[int] = set()
    stack = [_own_bodies(order)]
    around: list[tuple[Node, Subgraph]] = []  # the bodies that the stack's iterators, but for the first, are within
    while stack:
        for node, body in stack[-1]:
            if id(body) not in seen:
                seen.add(id(body))
                stack.append(_own_bodies(toposort(body.outputs)))  # an input has no node
                around.append((node, body))
                break
        else:
            stack.pop()
            if around:
                found.append(around.pop())
    return found


def _own_bodies(order: Iterable[Tensor]) -> Iterator[tuple[Node, Subgraph]]:
    for t in order:
        if t.node is not None:
            for value in t.node.kwargs.values():
                if isinstance(value, Subgraph):
                    yield t.node, value
