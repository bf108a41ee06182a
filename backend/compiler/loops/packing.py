"""Small calls of a loop's body made into fewer, larger ones: gates that are computed side by side.

Only for what depends on a carry, since all else leaves the loop, and only for a body's small arrays, where the number
of calls is what costs. Elementwise calls keep their bits; products are summed in another order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ...arrays import namespaces
from ...graph.tensor import Constant, Node, Subgraph, Tensor
from ...graph.traversal import inputs_of
from ..rewriter import Rewriter
from ..simplify import joined, simplified
from .body import calls, reads, with_own_sizes

__all__ = ["calls", "pack", "packed", "reads"]


def packed(node: Node) -> list[Tensor] | None:
    """The results of a loop whose body has fewer calls; None where no rule applies, or for what is no loop."""
    if not node.primitive.is_loop:
        return None
    initial = node.args[0]
    plain = with_own_sizes(node)
    body = pack(plain, len(initial))
    if body is plain:
        return None
    made = Node(node.function, node.args, {**node.kwargs, "body": body}, node.specs, node.multi_output)
    return list(map(made.output, range(len(made.specs))))


def pack(body: Subgraph, count: int) -> Subgraph:
    """The body with its calls packed as far as the rules go; its first `count` inputs are the carries."""
    for rule in (_products, _sums_of_products, _slices, _joins):
        while instead := rule(_Body(body, count)):
            rewrite = Rewriter({id(t): t for t in body.inputs}, instead=instead, rule=simplified, shared={})
            body = Subgraph(body.inputs, rewrite(body.outputs))
    return body


class _Body:
    """What the rules ask of a body."""

    def __init__(self, body: Subgraph, count: int) -> None:
        self.order = calls(body)
        self.reads = reads(body, self.order)
        self._carried = {id(t) for t in body.inputs[:count]}
        for t in self.order:
            if any(id(i) in self._carried for i in inputs_of(t)):
                self._carried.add(id(t))

    def carried(self, x: Any) -> bool:
        """Whether x depends on a carry."""
        return isinstance(x, Tensor) and id(x) in self._carried

    def made_by(self, function: str) -> Iterator[tuple[Tensor, Any]]:
        """Every result of a function that depends on a carry, and its arguments."""
        for t in self.order:
            if t.node is not None and t.node.function == function and self.carried(t):
                yield t, t.node.args


def _grouped(pairs: Iterator[tuple[Any, Any]]) -> list[list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for key, member in pairs:
        groups.setdefault(key, []).append(member)
    return [group for group in groups.values() if len(group) > 1]


def _products(body: _Body) -> dict[int, Tensor]:
    """h @ a, h @ b, ... with matrices that stay the same: h @ [a b ...], and its stretches."""
    instead = {}
    for group in _grouped(
        (id(x), (t, x, y))
        for t, (x, y) in body.made_by("matmul")
        if not body.carried(y) and y.ndim == 2 and x.ndim > 1 and isinstance(y.sizes[1], int)
    ):
        whole, start = namespaces.recorder.matmul(group[0][1], joined([y for *_, y in group], 1)), 0
        for t, _, y in group:
            instead[id(t)] = whole[..., start : start + y.sizes[1]]
            start += y.sizes[1]
    return instead


def _sums_of_products(body: _Body) -> dict[int, Tensor]:
    """g @ a + h @ b with matrices that stay the same: [g h] @ [a; b]."""
    xp = namespaces.recorder
    for t, operands in body.made_by("add"):
        terms = [_product(body, x) for x in operands]
        if None in terms or terms[0][0].sizes[:-1] != terms[1][0].sizes[:-1]:
            continue
        (g, a), (h, b) = terms
        return {
            id(t): xp.matmul(joined(_parts(g, -1) + _parts(h, -1), g.ndim - 1), joined(_parts(a, 0) + _parts(b, 0), 0))
        }
    return {}


def _product(body: _Body, x: Any) -> Any:
    """The operands of a product with a constant matrix that is read once."""
    if not body.carried(x) or x.node is None or x.node.function != "matmul" or body.reads[id(x)] > 1:
        return None
    g, a = x.node.args
    return (g, a) if not body.carried(a) and a.ndim == 2 and g.ndim > 1 else None


def _parts(x: Tensor, axis: int) -> list[Tensor]:
    """What x was joined of along an axis, or x itself."""
    if x.node is not None and x.node.function == "concat" and x.node.kwargs["axis"] == axis % x.ndim:
        return list(x.node.args[0])
    return [x]


class SlicedCall(NamedTuple):
    """An elementwise call: one argument is a stretch of the last axis of `base`, and the others leave the loop."""

    result: Tensor
    node: Node
    place: int
    base: Tensor
    start: int
    stop: int
    others: list[Any]


def _slices(body: _Body) -> dict[int, Tensor]:
    """An elementwise function of several stretches of one array's last axis: of the array from first to last of them.

    What lies between them is computed for nothing, so they have to be at least half of it.
    """
    found = [call for t in body.order for call in _sliced_calls(body, t)]
    for group in _grouped((_alike(call), call) for call in found):
        low, high = min(call.start for call in group), max(call.stop for call in group)
        covered = sum(stop - start for start, stop in {(call.start, call.stop) for call in group})
        others = _others(group, low, high)
        if 2 * covered >= high - low and others is not None:
            others.insert(group[0].place, group[0].base[..., low:high])
            whole = _call(group[0].node, others)
            return {id(call.result): whole[..., call.start - low : call.stop - low] for call in group}
    return {}


def _sliced_calls(body: _Body, t: Tensor) -> Iterator[SlicedCall]:
    node = t.node
    if node is None or not body.carried(t) or not node.primitive.elementwise:
        return
    for place, part in enumerate(node.args):
        others = [a for i, a in enumerate(node.args) if i != place]
        span = _last_axis(part, t.ndim)
        if span is not None and not any(map(body.carried, others)):
            yield SlicedCall(t, node, place, part.node.args[0], *span, others)


def _last_axis(part: Any, ndim: int) -> tuple[int, int] | None:
    """Where a stretch of the last axis alone starts and stops, if that is what the part is."""
    if not isinstance(part, Tensor) or part.ndim != ndim or part.node is None or part.node.function != "getitem":
        return None
    base, key = part.node.args
    if (
        not key
        or base.ndim != len(key)
        or not all(isinstance(k, slice) and k.step == 1 for k in key)
        or any(k != slice(0, n, 1) for k, n in zip(key[:-1], base.sizes, strict=False))
    ):
        return None
    start, stop = key[-1].start, key[-1].stop
    return (start, stop) if isinstance(start, int) and isinstance(stop, int) else None


def _number(x: Any) -> bool:
    return not isinstance(x, Tensor) or (isinstance(x, Constant) and x.shape == ())


def _alike(call: SlicedCall) -> Any:
    """What calls have in common that can be one: the function, the array, and the numbers among the arguments."""
    numbers = (("array",) if not _number(a) else (id(a) if isinstance(a, Tensor) else repr(a),) for a in call.others)
    return call.node.function, id(call.base), call.place, *numbers


def _others(group: list[SlicedCall], low: int, high: int) -> list[Any] | None:
    """The other arguments for the whole: numbers as they are, arrays joined; None where they leave gaps."""
    result: list[Any] = []
    runs = sorted(group, key=lambda call: call.start)
    gapless = [call.start for call in runs] == [low, *(call.stop for call in runs[:-1])]
    for column in zip(*(call.others for call in runs), strict=True):
        if _number(column[0]):
            result.append(column[0])
        elif gapless and all(
            a.ndim == column[0].ndim > 0 and a.sizes[-1] == call.stop - call.start
            for a, call in zip(column, runs, strict=True)
        ):
            result.append(joined(column, column[0].ndim - 1))
        else:
            return None
    return result


def _call(node: Node, args: list[Any]) -> Tensor:
    function: Any = getattr(namespaces.recorder, node.function) if isinstance(node.function, str) else node.function
    return function(*args, **node.kwargs)


def _joins(body: _Body) -> dict[int, Tensor]:
    """A joining of results of one elementwise function, of whose operands one leaves the loop: f([a b], [c d])."""
    for t, (parts,) in body.made_by("concat"):
        assert t.node is not None
        axis, nodes = t.node.kwargs["axis"], [p.node for p in parts]
        if any(
            n is None
            or n.function != nodes[0].function
            or not n.primitive.elementwise
            or n.kwargs
            or len(n.args) != 2
            or body.reads[id(p)] > 1
            for n, p in zip(nodes, parts, strict=True)
        ):
            continue
        columns = list(zip(*(n.args for n in nodes), strict=True))
        if all(
            isinstance(a, Tensor) and a.ndim == t.ndim and a.sizes[axis] == p.sizes[axis]
            for column in columns
            for a, p in zip(column, parts, strict=True)
        ) and not all(any(map(body.carried, column)) for column in columns):
            return {id(t): _call(nodes[0], [joined(column, axis) for column in columns])}
    return {}
