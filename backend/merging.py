"""Small calls of a loop's body made into fewer, larger ones: gates that are computed side by side.

Only for what depends on a carry, since all else leaves the loop, and only for a body's small arrays, where the number of
calls is what costs. Elementwise calls keep their bits; products are summed in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from . import namespaces
from .rewriting import Rewriter
from .symbolic.recording import ELEMENTWISE
from .symbolic.tensor import Constant, Subgraph, Tensor, ordering
from .tidying import joined

__all__ = ["merged"]


def merged(body: Subgraph, count: int) -> Subgraph:
    """The body with its calls merged as far as the rules go; its first `count` inputs are the carries."""
    for rule in (_products, _sums_of_products, _stretches, _joins):
        while instead := rule(_Body(body, count)):
            body = Subgraph(body.inputs, _Substitution(body.inputs, instead)(body.outputs))
    return body


class _Substitution(Rewriter):
    """Rewrites a body with other tensors in the place of some; those may use whatever they do not replace."""

    def __init__(self, inputs: Any, instead: dict[int, Tensor]) -> None:
        super().__init__({id(t): t for t in inputs}, optimize=True)
        self._instead = instead

    def _rewritten(self, t: Tensor) -> Tensor:
        other = self._instead.pop(id(t), None)
        return super()._rewritten(t) if other is None else self([other])[0]


class _Body:
    """What the rules ask of a body."""

    def __init__(self, body: Subgraph, count: int) -> None:
        own = {id(t) for t in body.inputs}
        self.order = [t for t in ordering(body.outputs, stop=lambda t: id(t) in own) if t.node is not None]
        self._carried = {id(t) for t in body.inputs[:count]}
        self.reads: dict[int, int] = {}
        for t in body.outputs:
            self.reads[id(t)] = self.reads.get(id(t), 0) + 1
        for t in self.order:
            if t.node is not None and t is self._first(t):
                for i in t.node.inputs:
                    self.reads[id(i)] = self.reads.get(id(i), 0) + 1
                if any(id(i) in self._carried for i in t.node.inputs):
                    self._carried.add(id(t))
            elif t.node is not None and any(id(i) in self._carried for i in t.node.inputs):
                self._carried.add(id(t))

    def _first(self, t: Tensor) -> Tensor:
        return next(s for s in self.order if s.node is t.node)

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
    xp, instead = namespaces.recorder, {}
    for group in _grouped((id(x), t) for t, (x, y) in body.made_by("matmul")
                          if not body.carried(y) and y.ndim == 2 and x.ndim > 1 and isinstance(y.sizes[1], int)):
        matrices = [t.node.args[1] for t in group]
        whole, start = xp.matmul(group[0].node.args[0], joined(matrices, 1)), 0
        for t, y in zip(group, matrices, strict=True):
            instead[id(t)] = whole[..., start:start + y.sizes[1]]
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
        return {id(t): xp.matmul(joined(_parts(g, -1) + _parts(h, -1), g.ndim - 1),
                                 joined(_parts(a, 0) + _parts(b, 0), 0))}
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


def _stretches(body: _Body) -> dict[int, Tensor]:
    """An elementwise function of several stretches of one array's last axis: of the array from first to last of them.

    What lies between them is computed for nothing, so they have to be at least half of it.
    """
    groups = _grouped((key, t) for t in body.order for key in (_kind(body, t),) if key)
    for group in groups:
        spans = [_stretch(_sliced(t)[1]) for t in group]
        low, high = min(a for a, _ in spans), max(b for _, b in spans)
        if 2 * sum(b - a for a, b in set(spans)) < high - low:
            continue
        place, part = _sliced(group[0])
        base, others = part.node.args[0], _others(group, spans, place, low, high)
        if others is None:
            continue
        args = list(others)
        args.insert(place, base[..., low:high])
        whole = _call(group[0].node, args)
        return {id(t): whole[..., a - low:b - low] for t, (a, b) in zip(group, spans, strict=True)}
    return {}


def _call(node: Any, args: list[Any]) -> Tensor:
    function = getattr(namespaces.recorder, node.function) if isinstance(node.function, str) else node.function
    return function(*args, **node.kwargs)


def _elementwise(t: Tensor) -> bool:
    return t.node is not None and (t.node.function in ELEMENTWISE or getattr(t.node.function, "elementwise", False))


def _kind(body: _Body, t: Tensor) -> Any:
    """What the calls have in common that may be merged with t: the function, and the array they take stretches of."""
    if not _elementwise(t) or not body.carried(t) or t.node is None:
        return None
    found = _sliced(t)
    if found is None:
        return None
    place, part = found
    base = part.node.args[0]  # type: ignore[union-attr]
    rest = [a for i, a in enumerate(t.node.args) if i != place]
    if base.spec.shape is None or not isinstance(base.sizes[-1], int) or any(body.carried(a) for a in rest):
        return None
    numbers = tuple(repr(a) if not isinstance(a, Tensor) or isinstance(a, Constant) and not a.ndim else "array"
                    for a in rest)
    numbers = tuple(id(a) if isinstance(a, Constant) and not a.ndim else n for a, n in zip(rest, numbers, strict=True))
    return t.node.function, id(base), place, numbers


def _sliced(t: Tensor) -> tuple[int, Tensor] | None:
    """The one argument of t that is a stretch of another array's last axis."""
    assert t.node is not None
    found = [(i, a) for i, a in enumerate(t.node.args) if isinstance(a, Tensor) and a.node is not None
             and a.node.function == "getitem" and _stretch(a)]
    return found[0] if len(found) == 1 and found[0][1].ndim == t.ndim else None


def _stretch(part: Tensor) -> tuple[int, int] | None:
    """Where a stretch of the last axis alone starts and stops."""
    base, key = part.node.args  # type: ignore[union-attr]
    if not key or base.ndim != len(key) or not all(isinstance(k, slice) and k.step == 1 for k in key):
        return None
    if any(k != slice(0, n, 1) for k, n in zip(key[:-1], base.sizes, strict=False)):
        return None
    start, stop = key[-1].start, key[-1].stop
    return (start, stop) if isinstance(start, int) and isinstance(stop, int) else None


def _others(group: list[Tensor], spans: list[tuple[int, int]], place: int, low: int, high: int) -> list[Any] | None:
    """The other arguments for the whole: numbers as they are, arrays joined; None where they leave gaps."""
    result = []
    rests = [[a for i, a in enumerate(t.node.args) if i != place] for t in group]  # type: ignore[union-attr]
    for column in zip(*rests, strict=True):
        if not isinstance(column[0], Tensor) or isinstance(column[0], Constant) and not column[0].ndim:
            result.append(column[0])
            continue
        runs = sorted(zip(spans, column, strict=True), key=lambda run: run[0])
        ndim = runs[0][1].ndim
        fits = ndim and all(a.ndim == ndim and a.sizes[-1] == stop - start for (start, stop), a in runs)
        gapless = [run[0][0] for run in runs] == [low, *(run[0][1] for run in runs[:-1])] and runs[-1][0][1] == high
        if not fits or not gapless:
            return None
        result.append(joined([a for _, a in runs], ndim - 1))
    return result


def _joins(body: _Body) -> dict[int, Tensor]:
    """A joining of products or other elementwise results, of which all but one operand leave the loop: f([a b], [c d])."""
    for t, (parts,) in body.made_by("concat"):
        axis = t.node.kwargs["axis"]
        nodes = [p.node for p in parts]
        if any(n is None or n.function != nodes[0].function or n.kwargs or not isinstance(n.function, str)
               or n.function not in ELEMENTWISE or len(n.args) != 2 or body.reads[id(p)] > 1
               for n, p in zip(nodes, parts, strict=True)):
            continue
        columns = list(zip(*(n.args for n in nodes), strict=True))
        if not all(isinstance(a, Tensor) and a.ndim == t.ndim and a.sizes[axis] == p.sizes[axis]
                   for column in columns for a, p in zip(column, parts, strict=True)):
            continue
        if any(not any(body.carried(a) for a in column) for column in columns):
            return {id(t): _call(nodes[0], [joined(column, axis) for column in columns])}
    return {}
