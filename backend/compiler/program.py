"""What the passes work on: the graph to compile, and the program it becomes, a list of steps for each routine."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from ..graph.tensor import Constant, Node, Placeholder, Subgraph, Tensor
from ..graph.traversal import bodies_within, toposort
from .rewriter import Rewriter, Shared

__all__ = ["Graph", "Program", "Routine", "Step", "elements", "lower"]


@dataclasses.dataclass(frozen=True)
class Graph:
    """A graph to compile: its outputs, and the new values of the variables it updates."""

    inputs: tuple[Placeholder, ...]
    outputs: tuple[Tensor, ...]
    updates: tuple[Tensor, ...] = ()
    shared: Shared | None = None  # the distinct calls, from the pass on that makes equal calls one
    folded: frozenset[int] = frozenset()  # the ids of tensors that are computed once, before the first call
    leaves: tuple[list[Placeholder], list[Tensor]] | None = None  # what `free` gives, where another graph says it
    least: int | None = None  # elements from which a chain becomes one call; None for what pays on a CPU

    @functools.cached_property
    def roots(self) -> tuple[Tensor, ...]:
        """Whatever has to be computed."""
        return (*self.outputs, *self.updates)

    @functools.cached_property
    def order(self) -> list[Tensor]:
        """Every tensor of the graph, each after its inputs."""
        return toposort(self.roots)

    @functools.cached_property
    def has_bodies(self) -> bool:
        """Whether some call has a body: a loop, a branch, a chain."""
        return any(
            isinstance(v, Subgraph) for t in self.order if t.node and t.node.kwargs for v in t.node.kwargs.values()
        )

    def rewritten(self, **how: Any) -> Graph:
        """The graph after a `Rewriter` with these options."""
        return self.replaced(Rewriter(**{"shared": self.shared, **how})(self.roots, self.order))

    def replaced(self, roots: Iterable[Tensor]) -> Graph:
        """The graph with other roots in the place of its own; itself, where they are the same."""
        roots = tuple(roots)
        if len(roots) == len(self.roots) and all(a is b for a, b in zip(roots, self.roots, strict=True)):
            return self
        count = len(self.outputs)
        return dataclasses.replace(self, outputs=roots[:count], updates=roots[count:])

    def with_facts(self, **facts: Any) -> Graph:
        """The graph with other facts about it, but the same roots."""
        found = dataclasses.replace(self, **facts)
        found.__dict__["order"] = self.order  # which depends on the roots alone
        return found

    def free(self) -> tuple[list[Placeholder], list[Tensor]]:
        """The placeholders that are read without being inputs, and the variables that are read, in order."""
        if self.leaves is not None:
            return self.leaves
        own = {id(t) for t in self.inputs}
        leaves = [t for t in self.order if t.node is None and id(t) not in own]
        placeholders = [t for t in leaves if isinstance(t, Placeholder)]
        return placeholders, [t for t in leaves if not isinstance(t, (Placeholder, Constant))]


class Step(NamedTuple):
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
    placeholders, variables = graph.free()
    bodies = {id(body): _routine(graph, body.inputs, body.outputs) for _, body in bodies_within(graph.order)}
    main = _routine(graph, (*graph.inputs, *placeholders, *variables), graph.roots, graph.order)
    return Program(graph, main, bodies, _copies(graph))


def _routine(
    graph: Graph,
    inputs: tuple[Tensor, ...],
    outputs: tuple[Tensor, ...],
    order: list[Tensor] | None = None,
) -> Routine:
    own = {id(t) for t in inputs}
    order = order or toposort(outputs, known=own)
    several: dict[int, list[Tensor | None]] = {}  # node -> its results in use
    calls: list[tuple[Node, Any]] = []  # each with its results, where the first of them stands
    for t in order:
        node = t.node
        if node is None or id(t) in own:
            continue
        if len(node.specs) == 1:
            calls.append((node, (t,)))
            continue
        found = several.get(id(node))
        if found is None:
            found = several[id(node)] = [None] * len(node.specs)
            calls.append((node, found))
        found[t.index] = t
    setup: list[Step] = []
    steps: list[Step] = []
    folded = graph.folded
    for node, results in calls:
        is_setup = folded and any(id(t) in folded for t in results if t is not None)
        (setup if is_setup else steps).append(Step(node, tuple(results)))
    return Routine(inputs, outputs, tuple(setup), tuple(steps))


def elements(t: Tensor) -> int | None:
    """The number of elements; None where it is known only when the program runs."""
    shape = t.spec.shape
    if shape is None:
        return None
    total = 1
    for size in shape:
        if type(size) is not int:
            return None
        total *= size
    return total


def _copies(graph: Graph) -> frozenset[int]:
    """The positions of the roots that may share memory with what was fed, a variable, a constant, or another root.

    New values of variables come first: they are the larger part, and are kept as they are where that is possible.
    """
    given_out: set[int] = set()
    copied = set()
    count = len(graph.outputs)
    for position in (*range(count, len(graph.roots)), *range(count)):
        owners, outside = _owners(graph.roots[position], graph.folded)
        if outside or given_out & owners:
            copied.add(position)
        else:
            given_out |= owners
    return frozenset(copied)


def _owners(root: Tensor, folded: frozenset[int]) -> tuple[set[int], bool]:
    """Whose memory a tensor may show, by ids, and whether that may be memory from outside of the program."""
    owners: set[int] = set()
    seen: set[int] = set()
    pending = [root]
    while pending:
        t = pending.pop()
        if id(t) in seen:
            continue
        seen.add(id(t))
        if t.node is None or id(t) in folded:
            return owners, True
        facts = t.node.primitive
        if facts.forwards and not (facts.is_loop and t.index >= len(t.node.args[0])):  # a loop stacks what is no carry
            owners.add(id(t.node))
            pending += t.node.inputs
        elif facts.view and not facts.fresh and isinstance(t.node.args[0], Tensor):
            pending.append(t.node.args[0])
        else:  # results of one call may be views of one another, unless each is known to be fresh
            owners.add(id(t.node) if t.node.multi_output and not facts.fresh and not facts.is_loop else id(t))
    return owners, False
