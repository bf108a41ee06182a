"""What the passes work on: the graph to compile, and the program it becomes, a list of steps for each routine."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..graph.dims import known, product
from ..graph.tensor import Constant, Node, Placeholder, Subgraph, Tensor
from ..graph.traversal import toposort
from .rewriter import Rewriter, Shared

__all__ = ["Graph", "Program", "Routine", "Step", "elements", "lower"]


@dataclasses.dataclass(frozen=True, slots=True)
class Graph:
    """A graph to compile: its outputs, and the new values of the variables it updates."""

    inputs: tuple[Placeholder, ...]
    outputs: tuple[Tensor, ...]
    updates: tuple[Tensor, ...] = ()
    shared: Shared | None = None  # the distinct calls, from the pass on that makes equal calls one
    folded: frozenset[int] = frozenset()  # the ids of tensors that are computed once, before the first call

    @property
    def roots(self) -> tuple[Tensor, ...]:
        """Whatever has to be computed."""
        return (*self.outputs, *self.updates)

    def rewritten(self, **how: Any) -> Graph:
        """The graph after a `Rewriter` with these options."""
        return self.replaced(Rewriter(shared=self.shared, **how)(self.roots))

    def replaced(self, roots: Iterable[Tensor]) -> Graph:
        """The graph with other roots in the place of its own."""
        roots = tuple(roots)
        count = len(self.outputs)
        return dataclasses.replace(self, outputs=roots[:count], updates=roots[count:])

    def has_loops(self) -> bool:
        """Whether a loop is called, or a body that may hold one."""
        return any(
            t.node is not None and any(isinstance(v, Subgraph) for v in t.node.kwargs.values())
            for t in toposort(self.roots)
        )

    def free(self) -> tuple[list[Placeholder], list[Tensor]]:
        """The placeholders that are read without being inputs, and the variables that are read, in order."""
        own = {id(t) for t in self.inputs}
        leaves = [t for t in toposort(self.roots) if t.node is None and id(t) not in own]
        placeholders = [t for t in leaves if isinstance(t, Placeholder)]
        return placeholders, [t for t in leaves if not isinstance(t, (Placeholder, Constant))]


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One call: its results by index (None for those that nothing reads), and what happens to memory."""

    node: Node
    results: tuple[Tensor | None, ...]
    frees: tuple[Tensor, ...] = ()  # dead after the call
    into: Tensor | None = None  # the dead argument whose memory the result takes


@dataclasses.dataclass(frozen=True, slots=True)
class Routine:
    """The steps of one function: the whole program, or the body of a loop or branch."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    setup: tuple[Step, ...]  # run once, before the first call
    steps: tuple[Step, ...]

    def with_steps(self, steps: Iterable[Step]) -> Routine:
        """The same routine with other steps."""
        return dataclasses.replace(self, steps=tuple(steps))


@dataclasses.dataclass(frozen=True, slots=True)
class Program:
    """A graph in the order in which it runs."""

    graph: Graph
    main: Routine
    bodies: dict[int, Routine]  # by the id of the subgraph
    copies: frozenset[int]  # the positions of the roots that are copied, lest they share memory

    def routines(self) -> Iterator[Routine]:
        """Every routine, the main one last."""
        yield from self.bodies.values()
        yield self.main

    def each(self, change: Callable[[Routine], Routine]) -> Program:
        """The program with every routine changed."""
        bodies = {key: change(routine) for key, routine in self.bodies.items()}
        return dataclasses.replace(self, main=change(self.main), bodies=bodies)


def lower(graph: Graph) -> Program:
    """The program of a graph, its calls in topological order."""
    bodies: dict[int, Routine] = {}
    placeholders, variables = graph.free()
    main = _routine(graph, (*graph.inputs, *placeholders, *variables), graph.roots, bodies)
    return Program(graph, main, bodies, _copies(graph))


def _routine(
    graph: Graph, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...], bodies: dict[int, Routine]
) -> Routine:
    own = {id(t) for t in inputs}
    order = toposort(outputs, stop=lambda t: id(t) in own)
    results: dict[int, dict[int, Tensor]] = {}  # node -> its results in use
    nodes: dict[int, Node] = {}  # each where the first of its results stands
    for t in order:
        if t.node is not None and id(t) not in own:
            results.setdefault(id(t.node), {})[t.index] = t
            nodes[id(t.node)] = t.node
    setup, steps = [], []
    for node in nodes.values():
        for value in node.kwargs.values():
            if isinstance(value, Subgraph) and id(value) not in bodies:
                bodies[id(value)] = _routine(graph, value.inputs, value.outputs, bodies)
        found = results[id(node)]
        step = Step(node, tuple(found.get(i) for i in range(len(node.specs))))
        (setup if any(id(t) in graph.folded for t in found.values()) else steps).append(step)
    return Routine(inputs, outputs, tuple(setup), tuple(steps))


def elements(t: Tensor) -> int | None:
    """The number of elements; None where it is known only when the program runs."""
    return None if t.spec.shape is None or None in t.spec.shape else known(product(t.spec.shape))


def _copies(graph: Graph) -> frozenset[int]:
    """The positions of the roots that may share memory with what was fed, a variable, a constant, or another root.

    New values of variables come first: they are the larger part, and are kept as they are where that is possible.
    """
    memory = _Memory(graph)
    given_out: set[int] = set()
    copied = set()
    count = len(graph.outputs)
    for position in (*range(count, len(graph.roots)), *range(count)):
        owners = memory.of(graph.roots[position])
        if memory.outside & owners or given_out & owners:
            copied.add(position)
        else:
            given_out |= owners
    return frozenset(copied)


class _Memory:
    """Whose memory a tensor may show, by ids: its own or that of some the tensor was made of."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._owners: dict[int, frozenset[int]] = {}
        self.outside: set[int] = set()  # what was fed, variables, constants and what is computed once
        for t in toposort(graph.roots):
            self._owners[id(t)] = self._found(t)

    def of(self, t: Tensor) -> frozenset[int]:
        """The ids of the owners."""
        return self._owners[id(t)]

    def _found(self, t: Tensor) -> frozenset[int]:
        if t.node is None or id(t) in self._graph.folded:
            self.outside.add(id(t))
            return frozenset([id(t)])
        facts = t.node.primitive
        if facts.fresh or not (facts.view or facts.forwards):
            return frozenset([id(t)])
        if facts.is_loop and t.index >= len(t.node.args[0]):
            return frozenset([id(t)])  # stacked over the iterations
        if facts.forwards:
            return frozenset([id(t.node)]).union(*(self._owners[id(i)] for i in t.node.inputs))
        first = t.node.args[0]
        return self._owners[id(first)] if isinstance(first, Tensor) else frozenset([id(t)])
