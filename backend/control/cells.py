"""Loops over a recurrent cell, run by the operation that has the whole sequence in one call."""

from __future__ import annotations

import operator
from functools import reduce
from typing import Any

from ..arrays import namespaces
from ..compiler.loops.batching import Batched, NotBatchable
from ..compiler.loops.cells import Cell, Columns, Matrix, cell_of, peeled
from ..compiler.simplify import join
from ..graph.composite import COMPOSITES
from ..graph.tensor import Constant, Node, Tensor
from ..graph.traversal import toposort

__all__ = ["by_sequence"]


def by_sequence(loop: Node, count: int) -> list[Tensor] | None:
    """The first `count` results of a loop by `lstm_sequence` or `gru_sequence`; None where its body is no such cell."""
    cell = cell_of(loop, count)
    if cell is None:
        return None
    try:
        return _Sequence(loop, cell).results()
    except NotBatchable:
        return None


MOST = 40  # calls that are followed before a loop
SATURATED = 1e4  # its sigmoid is 1, that of its negative 0, in every dtype


class _Sequence:
    """A cell's weights and inputs as tensors outside of the loop, and the call on them."""

    def __init__(self, loop: Node, cell: Cell) -> None:
        self.loop, self.cell, self.xp = loop, cell, namespaces.recorder
        self.initial, self.sequences, captured = loop.args
        first, last = len(self.initial), len(self.initial) + len(self.sequences)
        self.slices = {id(t): x for t, x in zip(cell.body.inputs[first:last], self.sequences, strict=True)}
        self.carries = {id(t) for t in cell.body.inputs[:first]}
        same = {id(t): x for t, x in zip(cell.body.inputs[last:], captured, strict=True)}
        self.outer = Batched(loop.kwargs["length"], dict(self.slices), same)
        self.h = self.initial[cell.h]
        self.units = self.h.sizes[1]
        self.moved: dict[Any, Tensor] = {}  # inputs, by their id and how they were moved: one tensor for each
        self.kernels: list[dict[int, Tensor]] = []  # of each gate, by the input's id
        self.biases: list[list[Tensor]] = []
        self.inputs: dict[int, Tensor] = {}

    def results(self) -> list[Tensor]:
        """The results of the loop."""
        cell, xp = self.cell, self.xp
        for gate in cell.gates:
            self.kernels.append({})
            self.biases.append([])
            for product in gate.inputs:
                self._add(self.batched(product.left), self._matrix(product))
            for term in gate.rest:
                self._add_rest(term)
        if not self.inputs or any(kernels.keys() != self.inputs.keys() for kernels in self.kernels):
            raise NotBatchable
        kernel = [join([kernels[key] for kernels in self.kernels], axis=1) for key in self.inputs]
        recurrent = join([self._matrix(gate.state) for gate in cell.gates], axis=1)
        masked = None if cell.mask is None else _Masked(self, cell.mask)
        x = self._x() if masked is None else masked.gathered(self._x())
        if masked is not None and cell.c is not None:
            x, kernel = masked.frozen(x, kernel)
        given = x, kernel[0] if len(kernel) == 1 else xp.concat(kernel, axis=0), recurrent
        bias = self._bias(self.biases)
        if any(y.dtype != self.h.dtype for y in (*given, *([] if bias is None else [bias]))):
            raise NotBatchable
        last: dict[str, Tensor] = {}
        if cell.c is not None:
            every, last["h"], last["c"] = COMPOSITES["lstm_sequence"](*given, bias, self.h, self.initial[cell.c])[:3]
        else:
            every, last["h"] = self._gru(*given, bias)
        places = range(len(self.initial))
        if "c" in cell.results[len(places) :]:  # no sequence gives the c of every step
            raise NotBatchable
        if masked is not None:
            carried = [last["c"] if cell.results[i] == "c" else masked.last(every, self.initial[i]) for i in places]
            return [*carried, *(self._in_place(masked.every(every, self.initial[i])) for i in cell.sources)]
        carried = [self._last(i, last[cell.results[i]], every) for i in places]
        return [*carried, *(self._in_place(every) for _ in cell.results[len(places) :])]

    def _in_place(self, every: Tensor) -> Tensor:
        """The outputs of all steps as the loop gives them."""
        whole = self.xp.permute_dims(every, (1, 0, 2))
        return self.xp.flip(whole, axis=0) if self.loop.kwargs["reverse"] else whole

    def _gru(self, x: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
        cell, own = self.cell, None
        if cell.inner is not None and cell.inner.rest:
            zero: list[Tensor] = []
            own = self._bias([zero, zero, [self._vector(term) for term in cell.inner.rest]])
        if cell.flipped:
            kernel, recurrent = (self._with_flipped(w) for w in (kernel, recurrent))
            bias = None if bias is None else self._with_flipped(bias)
        after = cell.inner is not None
        every, h = COMPOSITES["gru_sequence"](x, kernel, recurrent, bias, own, self.h, reset_after=after)[:2]
        return every, h

    def _with_flipped(self, w: Tensor) -> Tensor:
        """The weights with those of z negated: 1 - sigmoid(y) is sigmoid(-y)."""
        return self.xp.concat([-w[..., : self.units], w[..., self.units :]], axis=w.ndim - 1)

    def _x(self) -> Tensor:
        """The inputs side by side, batch first, for all samples that the state has."""
        xs = list(self.inputs.values())
        x = xs[0] if len(xs) == 1 else self.xp.concat(xs, axis=2)
        return self.in_order(x)

    def in_order(self, x: Tensor) -> Tensor:
        """Values of all steps, batch first, in the order in which the steps run, for all samples that the state has."""
        x = self.xp.flip(x, axis=0) if self.loop.kwargs["reverse"] else x
        time, batch, features = x.sizes
        if batch != self.h.sizes[0]:  # one sample may stand for all
            x = self.xp.broadcast_to(x, (time, self.h.sizes[0], features))
        return self.xp.permute_dims(x, (1, 0, 2))

    def _last(self, place: int, last: Tensor, every: Tensor) -> Tensor:
        """A carry after the last step: that of no step is the initial one, which another carry of h has of its own."""
        start = self.initial[place]
        length = self.loop.kwargs["length"]
        if place in (self.cell.h, self.cell.c) or (_is_zero(start) and _is_zero(self.h)):
            return last
        if isinstance(length, int):
            return last if length else start
        return self.xp.concat([start[:, None, :], every[:, -1:, :]], axis=1)[:, -1, :]

    # ---- terms

    def _add(self, x: Tensor, kernel: Tensor) -> None:
        """A product of the present gate; NotBatchable where it has one with this input already."""
        if x.ndim != 3 or id(x) in self.kernels[-1]:
            raise NotBatchable
        self.inputs[id(x)] = x
        self.kernels[-1][id(x)] = kernel

    def _add_rest(self, term: Columns) -> None:
        """A bias of the present gate, or what products before the loop have given."""
        if id(term.of) not in self.slices:
            self.biases[-1].append(self._vector(term))
            return
        for found in _projected(Columns(self.slices[id(term.of)], term.start, term.stop)):
            if isinstance(found, Columns):
                self.biases[-1].append(_row(found))
            else:
                x, moves, right = found
                self._add(self._moved(x, moves), _cut_out(right))

    def _moved(self, x: Tensor, moves: tuple[str, ...]) -> Tensor:
        """x, time first, as the products were moved."""
        if (id(x), moves) not in self.moved:
            y = x
            for move in reversed(moves):
                y = self.xp.flip(y, axis=0) if move == "flip" else self.xp.permute_dims(y, (1, 0, 2))
            self.moved[id(x), moves] = y
        return self.moved[id(x), moves]

    def batched(self, t: Tensor) -> Tensor:
        """A value of each step, for all steps."""
        for each in toposort([t], stop=lambda t: t in self.outer):
            if each not in self.outer:
                self.outer.lift(each)
        return self.outer.own(t)

    def _matrix(self, product: Matrix) -> Tensor:
        """The part of a matrix outside that is met by one factor."""
        w = self._invariant(product.right.of)
        found = _cut_out(Columns(w, product.right.start, product.right.stop))
        return found if (product.start, product.stop) == (0, w.sizes[0]) else found[product.start : product.stop, :]

    def _vector(self, term: Columns) -> Tensor:
        """A bias as a vector; NotBatchable for what differs from sample to sample."""
        b = self._invariant(term.of)
        if not all(n == 1 for n in b.sizes[:-1]):
            raise NotBatchable
        return _row(Columns(b, term.start, term.stop))

    def _invariant(self, t: Tensor) -> Tensor:
        if not isinstance(t, Constant) and id(t) not in self.outer.same:
            raise NotBatchable
        return self.outer.invariant(t)

    def _bias(self, terms: list[list[Tensor]]) -> Tensor | None:
        """The biases of the gates side by side; None where there is none."""
        if not any(terms):
            return None
        zero = self.xp.zeros((self.units,), dtype=self.h.dtype)
        return join([reduce(operator.add, each) if each else zero for each in terms], axis=0)


class _Masked:
    """A sequence of which samples lack steps: the steps that are there come first, those that follow change nothing.

    After `count` steps of a sample that are there, its state is that after the first `count` steps so arranged.
    """

    def __init__(self, sequence: _Sequence, mask: Tensor) -> None:
        self.xp = xp = namespaces.recorder
        self.like = sequence.h
        present = sequence.in_order(sequence.batched(mask))  # (batch, time, 1)
        self.order = xp.argsort(xp.logical_not(present), axis=1, stable=True)
        self.count = xp.cumulative_sum(xp.astype(present, xp.int64), axis=1)
        self.total = xp.sum(xp.astype(present, xp.int64), axis=1, keepdims=True)
        self.absent = xp.take_along_axis(xp.logical_not(present), self.order, axis=1)
        self.units = sequence.units

    def gathered(self, x: Tensor) -> Tensor:
        """The inputs so arranged; 0 takes the place of those that do not count, lest they be NaN."""
        x = self.xp.take_along_axis(x, self.order, axis=1)
        return self.xp.where(self.absent, self.xp.zeros_like(x), x)

    def frozen(self, x: Tensor, kernels: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """One more feature and its weights: they close i and open f where steps do not count, and c stays."""
        xp, like = self.xp, self.like
        one = xp.ones((1, self.units), dtype=like.dtype)
        row = xp.concat([one * -SATURATED, one * SATURATED, xp.zeros((1, 2 * self.units), dtype=like.dtype)], axis=1)
        return xp.concat([x, xp.astype(self.absent, like.dtype)], axis=2), [*kernels, row]

    def every(self, every: Tensor, start: Tensor) -> Tensor:
        """The outputs of all steps; before the first that is there they are `start`."""
        return self.xp.take_along_axis(self._after(every, start), self.count, axis=1)

    def last(self, every: Tensor, start: Tensor) -> Tensor:
        """The output after the last step that is there."""
        return self.xp.take_along_axis(self._after(every, start), self.total, axis=1)[:, 0, :]

    def _after(self, every: Tensor, start: Tensor) -> Tensor:
        """The outputs after no step, one, two and so on."""
        return self.xp.concat([start[:, None, :], every], axis=1)


def _cut_out(part: Columns) -> Tensor:
    """The columns as a tensor."""
    part = peeled(part)
    return part.of if part.whole else part.of[..., part.start : part.stop]


def _row(part: Columns) -> Tensor:
    """The columns of one row, as a vector."""
    found = _cut_out(part)
    return found[(*(0 for _ in found.sizes[:-1]), slice(None))]


def _projected(sequence: Columns) -> list[Any]:
    """The terms of a sequence computed before the loop: (x, how to move it, matrix) for products, and biases."""
    found: list[Any] = []
    pending: list[tuple[Columns, tuple[str, ...]]] = [(sequence, ())]
    for _ in range(MOST):
        if not pending:
            return found
        part, moves = pending.pop(0)
        part = peeled(part)
        t = part.of
        node: Any = t.node
        function = None if node is None else node.function
        if all(n == 1 for n in t.sizes[:-1]):
            found.append(part)
        elif function == "permute_dims" and tuple(node.args[1]) == (1, 0, 2):
            pending.append((part._replace(of=node.args[0]), (*moves, "permute")))
        elif function == "flip" and node.kwargs.get("axis") in (0, (0,)):
            pending.append((part._replace(of=node.args[0]), (*moves, "flip")))
        elif function == "add" and all(isinstance(a, Tensor) and a.ndim and _wide(a) == _wide(t) for a in node.args):
            pending += [(part._replace(of=a), moves) for a in node.args]
        elif _is_product(node):
            found.append((node.args[0], moves, part._replace(of=node.args[1])))
        else:
            break
    raise NotBatchable


def _wide(t: Tensor) -> Any:
    return t.sizes[-1]


def _is_product(node: Node) -> bool:
    """Whether the call is a product of three axes and two that contracts the last with the first."""
    tensordot = node.function == "tensordot"
    if not (tensordot or node.function == "matmul") or (node.args[0].ndim, node.args[1].ndim) != (3, 2):
        return False
    axes: Any = node.kwargs.get("axes", 2 if tensordot else 1)
    return axes == 1 or (isinstance(axes, (tuple, list)) and [list(a) for a in axes] in ([[2], [0]], [[-1], [0]]))


def _is_zero(t: Tensor) -> bool:
    """Whether a tensor is 0 everywhere by the calls it comes from."""
    while t.node is not None:
        if t.node.function in ("zeros", "zeros_like"):
            return True
        row = t.node.primitive
        if not (row.view or row.name == "sum" or row.name == "tile") or not isinstance(t.node.args[0], Tensor):
            return False
        t = t.node.args[0]
    return False
