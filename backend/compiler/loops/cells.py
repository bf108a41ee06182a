"""Recurrent cells recognized in a loop's body by its graph: long short-term memory and gated recurrent units.

A cell is recognized whatever the names, the order of the gates, and whether their products are joined or separate. The
values that a step combines are compared as polynomials of its gates and states, and the sums within the gates term by
term, so a graph that computes anything else is no cell.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ...arrays.dtypes import is_float
from ...graph.tensor import Constant, Node, Subgraph, Tensor
from ...graph.traversal import toposort
from ..rewriter import self_contained
from ..simplify import simplified

__all__ = ["Cell", "Columns", "Gate", "Matrix", "cell_of", "peeled"]

LARGEST = 200  # calls of a body; a cell has no more than 60
MOST = 24  # terms of a sum; a cell has no more than 4 in each
DEGREE = 4  # factors of a term; a cell has no more than 2


class Columns(NamedTuple):
    """A range of a tensor's last axis."""

    of: Tensor
    start: int
    stop: int

    @property
    def whole(self) -> bool:
        """Whether they are all columns."""
        return bool(self.start == 0 and self.stop == self.of.sizes[-1])


class Matrix(NamedTuple):
    """The factor on the right of a product: columns of a matrix, and the rows that `left` meets."""

    left: Tensor
    right: Columns
    start: int
    stop: int


class Gate(NamedTuple):
    """The sums of one gate: the product with the state, those with inputs, and all other terms."""

    state: Matrix
    inputs: list[Matrix]
    rest: list[Columns]


class Cell(NamedTuple):
    """What a body computes.

    `results` says of each of its outputs whether it is the new "h" or "c"; `h` and `c` are positions of carries (no c:
    gated recurrent units). The gates are i, f, new, o, or z, r, new. `inner` is the candidate's own product with the
    state where r multiplies it after the product; `flipped` says that z keeps the candidate, not the state. With a
    `mask`, a step where it is False keeps all carries; `sources` are the positions of the carries that the outputs are.
    """

    body: Subgraph
    results: list[str]
    h: int
    c: int | None
    gates: list[Gate]
    inner: Gate | None = None
    flipped: bool = False
    mask: Tensor | None = None
    sources: tuple[int, ...] = ()


def cell_of(loop: Node, count: int) -> Cell | None:
    """The cell that the first `count` results of a loop are computed by; None where it is no cell that is known."""
    if not _may_be(loop.kwargs["body"].outputs[:count]):
        return None
    initial, sequences, captured = loop.args
    outside = [*(x.sizes for x in initial), *(x.sizes[1:] for x in sequences), *(x.sizes for x in captured)]
    old = loop.kwargs["body"]
    body = self_contained(old.inputs, outside, old.outputs[:count], shared={}, rule=simplified)
    carries = dict(zip(map(id, body.inputs[: len(initial)]), range(len(initial)), strict=True))
    mask, body, sources = _unmasked(body, len(initial))
    for candidate in {id(t): t for t in body.outputs}.values():
        if candidate.ndim == 2 and is_float(candidate.dtype):
            for match in (_lstm, _gru):
                found = match(body, carries, candidate)
                if found is not None:
                    return found._replace(mask=mask, sources=sources)
    return None


def _unmasked(body: Subgraph, count: int) -> tuple[Tensor | None, Subgraph, tuple[int, ...]]:
    """The mask that decides for every carry whether it stays, the body without it, and which carry each output is."""
    news: list[tuple[Any, ...]] = [
        t.node.args if t.node is not None and t.node.function == "where" else () for t in body.outputs[:count]
    ]
    whole = dict(zip(map(id, body.outputs[:count]), range(count), strict=True))
    masks = {id(args[0]) for args in news if args}
    if len(masks) != 1 or any(
        not args or args[2] is not old or not isinstance(args[1], Tensor)
        for args, old in zip(news, body.inputs, strict=False)
    ):
        return None, body, ()
    if any(id(y) not in whole for y in body.outputs[count:]) or news[0][0].sizes[1:] != (1,):
        return None, body, ()
    sources = tuple(whole[id(y)] for y in body.outputs[count:])
    plain = [args[1] for args in news]
    return news[0][0], Subgraph(body.inputs, [*plain, *(plain[i] for i in sources)]), sources


def _may_be(outputs: Sequence[Tensor]) -> bool:
    """Whether there is all that a cell is made of; most loops are told apart here."""
    functions = [t.node.primitive.name for t in toposort(outputs) if t.node is not None]
    return len(functions) <= LARGEST and {"matmul", "multiply", "tanh", "sigmoid"} <= set(functions)


# ---- what a tensor is made of


def peeled(part: Columns) -> Columns:
    """The same columns of the tensor that others were cut from."""
    while (found := _cut(part.of)) is not None:
        x, start = found
        part = Columns(x, part.start + start, part.stop + start)
    return part


def _columns(t: Tensor) -> Columns:
    return peeled(Columns(t, 0, t.sizes[-1]))


def _cut(t: Tensor) -> tuple[Tensor, int] | None:
    """The tensor that t is columns of, and the first of them."""
    if t.node is None or t.node.function != "getitem":
        return None
    x, key = t.node.args
    if x.ndim != t.ndim or len(key) != x.ndim or not all(isinstance(k, slice) and k.step == 1 for k in key):
        return None
    *rows, last = key
    if not (isinstance(last.start, int) and isinstance(last.stop, int)) or last.start < 0:
        return None
    if any(k.start != 0 or k.stop != n for k, n in zip(rows, x.sizes, strict=False)):
        return None
    return x, last.start


def _activated(t: Tensor, name: str) -> Columns | None:
    """What the activation of that name is taken of to give t, or columns of something larger."""
    part = _columns(t)
    node = part.of.node
    if node is None or node.primitive.name != name or len(node.inputs) != 1 or node.kwargs:
        return None
    return peeled(Columns(node.inputs[0], part.start, part.stop))


Polynomial = dict[tuple[int, ...], float]
NONE: Polynomial = {}  # what no cell is


def _polynomial(t: Tensor, atoms: dict[int, Tensor]) -> Polynomial:
    """A tensor as sums of products of others, which are put into `atoms` by id; `NONE` where there are too many."""
    known: dict[int, Polynomial] = {}
    for each in toposort([t], stop=lambda t: not _is_arithmetic(t)):
        if isinstance(each, Constant) and each.shape == ():
            known[id(each)] = {(): float(each.value)}
        elif not _is_arithmetic(each):
            atoms[id(each)] = each
            known[id(each)] = {(id(each),): 1.0}
        else:
            node: Any = each.node
            parts: list[Polynomial] = [known[id(a)] if isinstance(a, Tensor) else {(): float(a)} for a in node.args]
            if node.function == "multiply" and sum(max(map(len, part), default=0) for part in parts) > DEGREE:
                return NONE
            known[id(each)] = _combined(node.function, *parts)
            if len(known[id(each)]) > MOST:
                return NONE
    return known[id(t)]


def _is_arithmetic(t: Tensor) -> bool:
    if t.node is None:
        return False
    row = t.node.primitive
    return row.name == "negative" or (row.augmented and row.name != "divide")


def _combined(function: str, x: Polynomial, y: Polynomial = NONE) -> Polynomial:
    """The polynomial of the call."""
    if function == "multiply":
        pairs = [(tuple(sorted(a + b)), u * v) for a, u in x.items() for b, v in y.items()]
    else:
        sign = -1.0 if function == "subtract" else 1.0
        pairs = [*x.items(), *((key, sign * value) for key, value in y.items())]
    result: Polynomial = {}
    for key, value in pairs:
        result[key] = result.get(key, 0.0) + (-value if function == "negative" else value)
    return {key: value for key, value in result.items() if value != 0.0}


def _terms(part: Columns) -> Iterator[Columns | Matrix]:
    """The terms of a sum: products of matrices, and anything else."""
    part = peeled(part)
    node: Any = part.of.node
    function, whole = None if node is None else node.function, part.of.sizes[-1]
    if function == "add" and all(isinstance(a, Tensor) and a.ndim and a.sizes[-1] == whole for a in node.args):
        for a in node.args:
            yield from _terms(Columns(a, part.start, part.stop))
        return
    if function == "matmul" and all(a.ndim == 2 and isinstance(a.sizes[1], int) for a in node.args):
        x, y = node.args
        position = 0
        for piece in _joined(x):
            width = piece.sizes[1]
            yield Matrix(piece, Columns(y, part.start, part.stop), position, position + width)
            position += width
        return
    if function == "concat":
        position = 0
        for piece in _joined(part.of):
            if position <= part.start and part.stop <= position + piece.sizes[-1]:
                if piece is not part.of:
                    yield from _terms(Columns(piece, part.start - position, part.stop - position))
                    return
                break
            position += piece.sizes[-1]
    yield part


def _few_terms(part: Columns) -> list[Columns | Matrix]:
    """The terms; none where there are more than a cell has."""
    found = list(itertools.islice(_terms(part), MOST + 1))
    return found if len(found) <= MOST else []


def _joined(t: Tensor) -> Sequence[Tensor]:
    """The parts that t is joined of, side by side; itself, where it is not."""
    if t.node is not None and t.node.function == "concat" and t.node.kwargs.get("axis", 0) in (t.ndim - 1, -1):
        parts: Sequence[Tensor] = t.node.args[0]
        if all(isinstance(x.sizes[-1], int) for x in parts):
            return parts
    return (t,)


# ---- cells


def _gate(part: Columns | None, state: int, units: int) -> Gate | None:
    """A gate whose sums have one product with the carry of that id."""
    if part is None or part.stop - part.start != units:
        return None
    products, inputs, rest = [], [], []
    for term in _few_terms(part):
        if not isinstance(term, Matrix):
            rest.append(term)
        elif id(term.left) == state:
            products.append(term)
        else:
            inputs.append(term)
    return Gate(products[0], inputs, rest) if len(products) == 1 else None


def _pair(key: tuple[int, ...], atoms: dict[int, Tensor], first: str, second: str) -> tuple[Columns, Columns] | None:
    """What the two activations are taken of whose product is the term."""
    if len(key) == 2:
        for a, b in (key, key[::-1]):
            one, other = _activated(atoms[a], first), _activated(atoms[b], second)
            if one is not None and other is not None:
                return one, other
    return None


def _lstm(body: Subgraph, carries: dict[int, int], h_new: Tensor) -> Cell | None:
    """h_new = sigmoid(o) tanh(c_new), c_new = sigmoid(f) c + sigmoid(i) tanh(new)."""
    atoms: dict[int, Tensor] = {}
    terms = _polynomial(h_new, atoms)
    pair = _pair(next(iter(terms)), atoms, "sigmoid", "tanh") if list(terms.values()) == [1.0] else None
    if pair is None or not pair[1].whole:
        return None
    o, c_new, units = pair[0], pair[1].of, h_new.sizes[1]
    terms = _polynomial(c_new, atoms)
    kept = [key for key in terms if len(key) == 2 and not carries.keys().isdisjoint(key)]
    if list(terms.values()) != [1.0, 1.0] or len(kept) != 1:
        return None
    (stored,) = terms.keys() - kept
    pair = _pair(stored, atoms, "sigmoid", "tanh")
    a, b = kept[0]
    c, f = (a, b) if a in carries else (b, a)
    if pair is None or body.outputs[carries[c]] is not c_new:
        return None
    for h, place in carries.items():
        if body.outputs[place] is h_new:
            gates = [_gate(part, h, units) for part in (pair[0], _activated(atoms[f], "sigmoid"), pair[1], o)]
            results = _results(body, h_new, c_new)
            if None not in gates and results is not None:
                return Cell(body, results, place, carries[c], [gate for gate in gates if gate is not None])
    return None


def _results(body: Subgraph, h_new: Tensor, c_new: Tensor | None) -> list[str] | None:
    """Which of the two each output is; None where one is neither."""
    names = {id(h_new): "h"} | ({} if c_new is None else {id(c_new): "c"})
    found = [names.get(id(t)) for t in body.outputs]
    return None if None in found else [name for name in found if name is not None]


def _gru(body: Subgraph, carries: dict[int, int], h_new: Tensor) -> Cell | None:
    """h_new = z h + (1 - z) tanh(new), where z and r are sigmoids, or the same with z and 1 - z exchanged."""
    atoms: dict[int, Tensor] = {}
    terms = _polynomial(h_new, atoms)
    own = [key for key in atoms if key in carries and body.outputs[carries[key]] is h_new]
    if len(terms) != 3 or len(atoms) != 3 or len(own) != 1:
        return None
    h, others = own[0], [t for key, t in atoms.items() if key != own[0]]
    for keep, candidate in (others, others[::-1]):
        z, new = _activated(keep, "sigmoid"), _activated(candidate, "tanh")
        if z is None or new is None:
            continue
        of_h, of_new = (tuple(sorted((id(keep), key))) for key in (h, id(candidate)))
        usual = terms == {of_h: 1.0, (id(candidate),): 1.0, of_new: -1.0}
        if usual or terms == {(h,): 1.0, of_h: -1.0, of_new: 1.0}:
            return _gru_gates(body, carries[h], h, h_new, (z, new), not usual)
    return None


def _gru_gates(
    body: Subgraph, place: int, h: int, h_new: Tensor, parts: tuple[Columns, Columns], flipped: bool
) -> Cell | None:
    """The cell with these sums of z and of the candidate, by the candidate's terms."""
    units, results = h_new.sizes[1], _results(body, h_new, None)
    inputs, rest, within = [], [], []
    for term in _few_terms(parts[1]):
        product = term.left if isinstance(term, Matrix) else term.of if term.whole else None
        factors = _two(product)
        reset = (
            next(((r, y) for r, y in (factors, factors[::-1]) if _activated(r, "sigmoid")), None) if factors else None
        )
        if reset is not None:
            within.append((term, *reset))
        elif isinstance(term, Matrix):
            inputs.append(term)
        else:
            rest.append(term)
    if results is None or len(within) != 1 or parts[1].stop - parts[1].start != units:
        return None
    term, r, met = within[0]
    inner = None
    if isinstance(term, Matrix):
        if id(met) != h:
            return None
        state = term
    else:
        inner = _gate(_columns(met), h, units)
        if inner is None or inner.inputs:
            return None
        state = inner.state
    gates = [_gate(parts[0], h, units), _gate(_activated(r, "sigmoid"), h, units)]
    if None in gates:
        return None
    whole = [gate for gate in gates if gate is not None]
    return Cell(body, results, place, None, [*whole, Gate(state, inputs, rest)], inner, flipped)


def _two(t: Tensor | None) -> tuple[Tensor, Tensor] | None:
    """The two tensors that t is the product of, elementwise."""
    if t is None or t.node is None or t.node.function != "multiply":
        return None
    a, b = t.node.args
    return (a, b) if isinstance(a, Tensor) and isinstance(b, Tensor) else None
