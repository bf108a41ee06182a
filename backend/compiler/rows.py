"""Whether a program keeps the rows of its inputs apart, so that it can run on parts of a batch: which axis has them.

A tensor has its rows along an axis if the parts of the batch give parts of it that are joined along this axis, in
order: f(concat(a, b)) is concat(f(a), f(b)). Each row may be several elements there, as after a reshape of
(n, 5) to (n * 5,). What all rows share depends on none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..graph.dims import Dim
from ..graph.tensor import Node, Placeholder, Subgraph, Tensor
from ..graph.traversal import toposort
from .row_rules import RULES, SIZED, reduced
from .row_state import RowAxis, RowsMixed, State, arrays_in, axes_of, dims_in, same

__all__ = ["RowAxis", "RowsMixed", "row_axes"]


def row_axes(inputs: Iterable[Tensor], outputs: Sequence[Tensor]) -> list[RowAxis | None]:
    """Where the outputs have the rows that the inputs have along axis 0; None for what all rows share."""
    found = _Rows(inputs)
    found.visit(outputs)
    return [found.known[id(t)] for t in outputs]


class _Rows:
    """What is known of the tensors of a graph, by id."""

    def __init__(self, inputs: Iterable[Tensor]) -> None:
        self.known: dict[int, State] = {id(t): RowAxis(0) for t in inputs}
        self.kept: list[Any] = []  # what was recorded to find out: no id may be used again
        self.count: Any = Dim("size", Placeholder((None,), "float32"), 0)  # of rows

    def visit(self, roots: Iterable[Tensor]) -> None:
        for t in toposort(roots, known=self.known):
            if id(t) in self.known:
                continue
            if t.node is None:
                self.known[id(t)] = None
                continue
            states = self._call(t.node)
            if isinstance(states, list) and t.index >= len(states):
                raise RowsMixed(f"no rule says where result {t.index} of {t.node.primitive.name} has the rows")
            self.known[id(t)] = states[t.index] if isinstance(states, list) else states

    # ---- sizes

    def size(self, size: Any) -> Any:
        """A size in terms of the number of rows."""
        return size.replace(self._leaf) if isinstance(size, Dim) else size

    def _leaf(self, leaf: Dim) -> Any:
        state = self.known.get(id(leaf.arguments[0]))
        if leaf.function == "size" and state is not None and state.axis == leaf.arguments[1]:
            return self.count * state.each
        if leaf.function == "item" and state is not None:
            raise RowsMixed("a size is read from the rows")
        return leaf

    def counts(self, size: Any) -> bool:
        """Whether a size depends on the number of rows."""
        found = self.size(size)
        return isinstance(found, Dim) and any(t is self.count.arguments[0] for t in found.tensors)

    def each(self, size: Any) -> Any:
        """How many elements a row has along an axis of this size; None where it has not a whole number of them."""
        found = self.size(size)
        each = found // self.count
        return each if self.counts(found) and same(each * self.count, found) else None

    def among(self, shape: Sequence[Any]) -> State:
        """Where a new array of this shape, all of whose elements are equal, has the rows."""
        axes = [axis for axis, n in enumerate(shape) if self.counts(n)]
        if not axes:
            return None
        each = self.each(shape[axes[0]])
        if len(axes) > 1 or each is None:
            raise RowsMixed
        return RowAxis(axes[0], each)

    # ---- calls

    def _call(self, node: Node) -> Any:
        """The state of the results: one for all of them, or a list."""
        name = node.primitive.name
        try:
            arrays = arrays_in(node.args)
            states = [self.known[id(a)] for a in arrays]
            rule = RULES.get(name)
            if name not in SIZED and any(map(self.counts, dims_in((node.args, node.kwargs)))):
                raise RowsMixed
            if rule is not None and (any(states) or name in SIZED):
                return rule(self, node, *node.args, **node.kwargs)
            if not any(states):
                return None
            if node.primitive.elementwise:
                return self.aligned(arrays, node.specs[0].shape)
            if node.primitive.reduction:
                return reduced(self, node, *node.args, **node.kwargs)
            if node.primitive.product is not None and node.primitive.product.batch:
                return self._first_alone(states, 0)
            if not isinstance(node.function, str):
                return self._defined(node)
        except RowsMixed as mixed:
            raise mixed if mixed.args else RowsMixed(f"{name} computes with several rows at once") from None
        raise RowsMixed(f"no rule says that {name} keeps rows apart")

    def _first_alone(self, states: list[State], axis: int) -> State:
        """The state of the first argument, along `axis`; the others are shared."""
        if states[0] is None or any(states[1:]) or states[0] != RowAxis(axis):
            raise RowsMixed
        return states[0]

    def _defined(self, node: Node) -> Any:
        """What the definition of a composite does with the rows."""
        try:
            results = node.function.definition(*node.args, **node.kwargs)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise RowsMixed(f"no rule says that {node.primitive.name} keeps rows apart") from error
        results = list(results) if isinstance(results, (tuple, list)) else [results]
        self.kept.append(results)
        self.visit(results)
        return [self.known[id(t)] for t in results]

    def aligned(self, arrays: Sequence[Tensor], shape: Any) -> State:
        """The state of a result of this shape that the arrays broadcast to."""
        if shape is None:
            raise RowsMixed("a tensor of unknown rank cannot be followed")
        found: State = None
        for a in arrays:
            state = self.known[id(a)]
            if state is not None:
                moved = RowAxis(state.axis + len(shape) - a.ndim, state.each)
                if found is not None and not (moved.axis == found.axis and same(moved.each, found.each)):
                    raise RowsMixed
                found = moved
        if found is not None:
            for a in arrays:
                axis = found.axis - len(shape) + a.ndim
                if self.known[id(a)] is None and axis >= 0 and a.sizes[axis] != 1:
                    raise RowsMixed  # not one of these elements for all rows, but one for each
        return found

    def body(self, body: Subgraph, states: Sequence[State]) -> list[State]:
        """The states of a body's results, for those of its inputs."""
        for t in toposort(body.outputs):
            self.known.pop(id(t), None)
        self.known.update((id(p), state) for p, state in zip(body.inputs, states, strict=True))
        self.visit(body.outputs)
        return [self.known[id(t)] for t in body.outputs]

    def apart_from(self, x: Tensor, axes: Any) -> RowAxis:
        """Where x has its rows, which is none of these axes."""
        state = self.known[id(x)]
        if state is None or axes is None or state.axis in axes_of(axes, x.ndim):
            raise RowsMixed
        return state
