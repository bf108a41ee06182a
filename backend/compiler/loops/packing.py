"""Horizontal fusion within a loop's body: small calls side by side, such as a cell's gates, become fewer, larger ones.

Only for what stays in the loop, because it depends on a carry or is large. The number of calls is what costs for small
arrays. Elementwise calls keep their bits; products are summed in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

from ...arrays import namespaces
from ...graph.dims import Dim
from ...graph.primitives import Product
from ...graph.tensor import Constant, Node, Subgraph, Tensor
from ...graph.traversal import dependents, inputs_of
from ..rewriter import Rewriter
from ..simplify import join, simplified
from .body import calls, is_small, reads, with_own_sizes

__all__ = ["PACKING_RULES", "PackingRule", "pack", "packed"]


class PackingRule(NamedTuple):
    """`groups` finds calls that can be one; `packed` gives, by the ids of their results, what replaces these."""

    name: str
    groups: Callable[[_Body], Iterable[Any]]
    packed: Callable[[Any], dict[int, Tensor] | None]


def packed(node: Node) -> list[Tensor] | None:
    """The results of a loop whose body has fewer calls; None where no rule applies, or for other calls."""
    if not node.primitive.is_loop:
        return None
    plain = with_own_sizes(node)
    body = pack(plain, len(node.args[0]), len(node.args[1]))
    if body is plain:
        return None
    made = Node(node.function, node.args, {**node.kwargs, "body": body}, node.specs, node.multi_output)
    return list(map(made.output, range(len(made.specs))))


def pack(body: Subgraph, carries: int, slices: int, without: Collection[str] = ()) -> Subgraph:
    """The body packed as far as the rules not in `without` go; its inputs begin with the carries, then the slices."""
    for rule in PACKING_RULES:
        while rule.name not in without and (instead := _first_found(rule, _Body(body, carries, slices))):
            rewrite = Rewriter({id(t): t for t in body.inputs}, instead=instead, rule=simplified, shared={})
            body = Subgraph(body.inputs, rewrite(body.outputs))
    return body


def _first_found(rule: PackingRule, body: _Body) -> dict[int, Tensor] | None:
    return next((instead for group in rule.groups(body) if (instead := rule.packed(group))), None)


class _Body:
    """A body, and what its calls depend on."""

    def __init__(self, body: Subgraph, carries: int, slices: int) -> None:
        self.order = calls(body)
        self.reads = reads(body, self.order)
        self._carried = {id(t) for t in body.inputs[:carries]}
        varying = {id(t) for t in body.inputs[: carries + slices]}
        for t in self.order:
            if any(id(i) in varying for i in inputs_of(t)):
                varying.add(id(t))
                if not is_small(t) or any(id(i) in self._carried for i in inputs_of(t)):
                    self._carried.add(id(t))

    def carried(self, x: Any) -> bool:
        """Whether x stays in the loop: it depends on a carry, or is too large for all iterations at once."""
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


def _products(body: _Body) -> Iterator[list[Any]]:
    """Products of one array: h @ a, h @ b, ... with matrices that stay the same, or sliding products of any kernels.

    Those leave the loop or not with what they read; even where a step has to join the kernels, one is faster. A kernel
    that is computed from another one's product comes after it, and cannot be joined with its kernel.
    """
    groups = _grouped(
        ((node.function, id(x), _fixed(y, fact.columns[0]), _parameters(node)), (t, node, fact, x, y))
        for t in body.order
        for node, fact, x, y in _product(t)
        if isinstance(y.sizes[fact.columns[0]], int)
        and (not isinstance(node.function, str) or (body.carried(t) and not body.carried(y)))
    )
    for group in groups:
        later = dependents(body.order, (t for t, *_ in group))
        together = [member for member in group if id(member[-1]) not in later]
        if len(together) > 1:
            yield together


def _one_product(group: list[tuple[Tensor, Node, Product, Tensor, Tensor]]) -> dict[int, Tensor]:
    """f(h, [a b ...]), and its slices."""
    instead = {}
    _, node, fact, x, first = group[0]
    axis, result = fact.columns[0] % first.ndim, fact.columns[1]
    whole, start = _call(node, [x, join([y for *_, y in group], axis)]), 0
    for t, *_, y in group:
        cut = slice(start, start + y.sizes[axis])
        instead[id(t)] = whole[(*(slice(None),) * (result % whole.ndim), cut)]
        start = cut.stop
    return instead


def _sums_of_products(body: _Body) -> Iterator[Any]:
    """g @ a + h @ b with matrices that stay the same."""
    for t, operands in body.made_by("add"):
        terms = [term for x in operands for term in _constant_product(body, x)]
        if len(terms) == 2 and _fit(*terms):
            yield t, *terms


def _fit(first: Any, second: Any) -> bool:
    """Whether two products are the same function of arrays of the same shapes, but for the inner axes."""
    (node, fact, x, a), (other, _, y, b) = first, second
    return (
        node.function == other.function
        and _parameters(node) == _parameters(other)
        and _fixed(x, fact.inner[0]) == _fixed(y, fact.inner[0])
        and _fixed(a, fact.inner[1]) == _fixed(b, fact.inner[1])
    )


def _product(t: Any) -> Iterator[tuple[Node, Product, Tensor, Tensor]]:
    """The call and the operands of a product whose arrays can be joined."""
    if isinstance(t, Tensor) and t.node is not None and (fact := t.node.primitive.product) is not None:
        x, y = t.node.args
        if not t.node.kwargs.get(fact.unless) and (t.node.function != "matmul" or (y.ndim == 2 and x.ndim > 1)):
            yield t.node, fact, x, y


def _constant_product(body: _Body, x: Any) -> Iterator[Any]:
    """The product that x is, with a matrix that stays the same, where it is read once."""
    if body.carried(x) and body.reads[id(x)] == 1:
        yield from (term for term in _product(x) if not body.carried(term[-1]))


def _parameters(node: Node) -> str:
    return repr(sorted(node.kwargs.items()))


def _fixed(x: Tensor, axis: int) -> tuple[Any, ...]:
    """The sizes of all axes but one."""
    sizes = [size.key if isinstance(size, Dim) else size for size in x.sizes]
    del sizes[axis]
    return tuple(sizes)


def _product_of_joined(group: Any) -> dict[int, Tensor]:
    """[g h] @ [a; b]."""
    t, (node, fact, g, a), (_, _, h, b) = group
    first, second = fact.inner[0] % g.ndim, fact.inner[1] % a.ndim
    rows, matrix = join(_parts(g, first) + _parts(h, first), first), join(_parts(a, second) + _parts(b, second), second)
    return {id(t): _call(node, [rows, matrix])}


def _parts(x: Tensor, axis: int) -> list[Tensor]:
    """What x was joined of along an axis, or x itself."""
    if x.node is not None and x.node.function == "concat" and x.node.kwargs["axis"] == axis % x.ndim:
        return list(x.node.args[0])
    return [x]


class SlicedCall(NamedTuple):
    """An elementwise call: one argument is a slice of the last axis of `base`, and the others leave the loop."""

    result: Tensor
    node: Node
    place: int
    base: Tensor
    start: int
    stop: int
    others: list[Any]


def _calls_on_slices(body: _Body) -> list[list[SlicedCall]]:
    """An elementwise function of several slices of one array's last axis."""
    return _grouped((_alike(call), call) for t in body.order for call in _sliced_calls(body, t))


def _call_on_whole(group: list[SlicedCall]) -> dict[int, Tensor] | None:
    """The function of the array from the first to the last of the slices.

    What lies between them is computed for nothing, so they have to be at least half of it.
    """
    low, high = min(call.start for call in group), max(call.stop for call in group)
    covered = sum(stop - start for start, stop in {(call.start, call.stop) for call in group})
    others = _others(group, low, high)
    if 2 * covered < high - low or others is None:
        return None
    others.insert(group[0].place, group[0].base[..., low:high])
    whole = _call(group[0].node, others)
    return {id(call.result): whole[..., call.start - low : call.stop - low] for call in group}


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
    """Where a slice of the last axis alone starts and stops, if that is what the part is."""
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
            result.append(join(column, column[0].ndim - 1))
        else:
            return None
    return result


def _call(node: Node, args: list[Any]) -> Tensor:
    function: Any = getattr(namespaces.recorder, node.function) if isinstance(node.function, str) else node.function
    return function(*args, **node.kwargs)


def _concatenated_calls(body: _Body) -> Iterator[Any]:
    """Results of one elementwise function concatenated, of whose operands one leaves the loop: [f(a, c) f(b, d)]."""
    for t, (parts,) in body.made_by("concat"):
        assert t.node is not None
        axis, nodes = t.node.kwargs["axis"], [p.node for p in parts]
        if not _alike_and_read_once(body, parts, nodes):
            continue
        columns = list(zip(*(n.args for n in nodes), strict=True))
        if all(
            isinstance(a, Tensor) and a.ndim == t.ndim and a.sizes[axis] == p.sizes[axis]
            for column in columns
            for a, p in zip(column, parts, strict=True)
        ) and not all(any(map(body.carried, column)) for column in columns):
            yield t, nodes[0], columns, axis


def _alike_and_read_once(body: _Body, parts: Any, nodes: Any) -> bool:
    """Whether these are results of one elementwise function of two arguments, and nothing else reads them."""
    return all(
        n is not None
        and n.function == nodes[0].function
        and n.primitive.elementwise
        and not n.kwargs
        and len(n.args) == 2
        and body.reads[id(p)] == 1
        for n, p in zip(nodes, parts, strict=True)
    )


def _call_on_concatenated(group: Any) -> dict[int, Tensor]:
    """f([a b], [c d])."""
    t, node, columns, axis = group
    return {id(t): _call(node, [join(column, axis) for column in columns])}


# Sums first: [g h] @ [a; b] and [g h] @ [c; d] are products of one array, joined in turn.
PACKING_RULES = (
    PackingRule("sum of two products", _sums_of_products, _product_of_joined),
    PackingRule("products with one array", _products, _one_product),
    PackingRule("calls on slices of one array", _calls_on_slices, _call_on_whole),
    PackingRule("concatenated calls", _concatenated_calls, _call_on_concatenated),
)
