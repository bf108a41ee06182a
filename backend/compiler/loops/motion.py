"""Loops made smaller: what a step does not need from the step before is done for all steps at once.

Three rules, for any loop:
- what depends on the sequences alone is worked out before the loop (the input's part of a recurrent layer, and in its
  gradient all that the forward pass knew);
- what no later step needs is worked out after it, from values that the loop stacks;
- a sum carried along (the gradient of weights) is taken after it, and where products of matrices are summed, by one
  product that sums over the steps as well.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Any

from ...graph.dims import Dim, dim_tensors, known, product
from ...graph.tensor import Placeholder, Subgraph, Tensor, map_tensors
from ...graph.traversal import inputs_of, toposort
from ..rewriter import Rewriter
from .batching import Batched, NotBatchable
from .packing import calls, pack, reads

__all__ = ["hoist"]

# Elements (unknown sizes counted as 1) of one step's value from which it stays in the loop: so many take longer to
# compute than the call of a function does, and all steps together would no longer fit into a cache.
LARGE = 2**15


def hoist(
    loop: Any,
    initial: tuple[Tensor, ...],
    sequences: tuple[Tensor, ...],
    captured: tuple[Tensor, ...],
    *,
    body: Subgraph,
    length: Any,
    reverse: bool,
) -> list[Tensor] | None:
    """The results of a loop by a smaller loop and calls around it, or None where it cannot become smaller."""
    count, given = len(initial), len(sequences)
    plain = _with_own_sizes(
        body, [*(x.sizes for x in initial), *(x.sizes[1:] for x in sequences), *(x.sizes for x in captured)]
    )
    body = pack(plain, count)
    outer = Batched(
        length,
        {id(p): x for p, x in zip(body.inputs[count : count + given], sequences, strict=True)},
        {id(p): x for p, x in zip(body.inputs[count + given :], captured, strict=True)},
    )
    order = calls(body)
    for t in order:
        if _small(t):
            with contextlib.suppress(NotBatchable):
                outer.lift(t)
    before = {id(t) for t in order if t in outer}
    uses = reads(body, order)
    sums = _sums(body, count, uses)
    contracted = {id(t) for t in sums.values() if uses[id(t)] == 1 and _contraction(t)}
    inside = _inside(body, count, order, sums, contracted, before, outer)
    if body is plain and not before and not sums and len(inside) == len(order):
        return None
    return _rebuilt(loop, initial, body, count, order, outer, sums, contracted - inside, inside, reverse)


class _Resizing(Rewriter):
    """Rewrites a body, its sizes being those of its inputs that `known` has for them, else unknown."""

    def __init__(self, given: dict[int, Tensor], known: dict[Any, Any]) -> None:
        super().__init__(given)
        self._resize = lambda size: known[size.key] if size.key in known else self._own(size)

    def _own(self, size: Dim) -> Any:
        if any(id(t) not in self.new for t in dim_tensors(size)):
            return None
        return map_tensors(size, self._replace)


def _with_own_sizes(body: Subgraph, sizes: list[Any]) -> Subgraph:
    """The body with sizes told by sizes of its own inputs, equal ones alike; `sizes` are the inputs' from outside."""
    known: dict[Any, Any] = {}
    inputs: list[Tensor] = []
    for t, outer in reversed(list(zip(body.inputs, sizes, strict=True))):  # the carries, which may be dropped, last
        inputs.insert(0, place := Placeholder([n if isinstance(n, int) else known.get(n.key) for n in outer], t.dtype))
        for axis, (n, own) in enumerate(zip(outer, t.sizes, strict=True)):
            known.update((size.key, place.sizes[axis]) for size in (n, own) if isinstance(size, Dim))
    swap = {id(t): p for t, p in zip(body.inputs, inputs, strict=True)}
    return Subgraph(inputs, _Resizing(swap, known)(body.outputs))


def _small(t: Tensor) -> bool:
    return product(known(size) or 1 for size in t.shape) <= LARGE


def _sums(body: Subgraph, count: int, uses: Counter[int]) -> dict[int, Tensor]:
    """The carries that each step only adds to, by position, and what it adds."""
    found = {}
    for i, (carry, new) in enumerate(zip(body.inputs[:count], body.outputs[:count], strict=True)):
        if new.node is not None and new.node.function == "add" and uses[id(carry)] == uses[id(new)] == 1:
            others = [a for a in new.node.args if a is not carry]
            if len(others) == 1 and isinstance(others[0], Tensor):
                found[i] = others[0]
    return found


def _inside(
    body: Subgraph,
    count: int,
    order: list[Tensor],
    sums: dict[int, Tensor],
    contracted: set[int],
    before: set[int],
    outer: Batched,
) -> set[int]:
    """The ids of the calls that stay in the loop: what carries need, and what cannot be done elsewhere."""
    roots = [new for i, new in enumerate(body.outputs[:count]) if i not in sums]
    adders = {id(body.outputs[i]) for i in sums}
    while True:
        inside = {id(t) for t in toposort(roots, stop=lambda t: id(t) in before) if t.node is not None} - before
        trial = Batched(outer.length, dict(outer.stacked), dict(outer.same))
        stuck = []
        for t in order:
            if id(t) in inside or id(t) in adders or id(t) in before:
                continue
            for i in inputs_of(t):
                if i not in trial and (id(i) in inside or i.node is None):
                    trial.stacked[id(i)] = Placeholder((outer.length, *i.shape), i.dtype)
            if id(t) in contracted and all(a in trial for a in inputs_of(t)):
                continue
            try:
                if not _small(t):
                    raise NotBatchable
                trial.lift(t)
            except NotBatchable:
                stuck.append(t)
                break
        if not stuck:
            return inside
        roots += stuck


def _bases(order: list[Tensor], outer: Batched) -> dict[int, Tensor]:
    """By the ids of stretches of arrays, the arrays: handed out whole, several stretches of one are one."""
    trial = Batched(outer.length, dict(outer.stacked), dict(outer.same))
    found: dict[int, Tensor] = {}
    for t in order:
        if t.node is not None and t.node.function == "getitem":
            x = t.node.args[0]
            if x not in trial:
                trial.stacked[id(x)] = Placeholder((outer.length, *x.shape), x.dtype)
            with contextlib.suppress(NotBatchable):
                trial.lift(t)
                found[id(t)] = found.get(id(x), x)
    return found


def _contraction(t: Tensor) -> bool:
    """Whether t is a product that sums over the first axes of both of its arrays."""
    if t.node is None or t.node.function != "tensordot":
        return False
    axes = t.node.kwargs.get("axes", 2)
    return isinstance(axes, tuple) and tuple(axes[0]) == tuple(axes[1]) == tuple(range(len(axes[0])))


def _rebuilt(
    loop: Any,
    initial: Any,
    body: Subgraph,
    count: int,
    order: list[Tensor],
    outer: Batched,
    sums: dict[int, Tensor],
    contracted: set[int],
    inside: set[int],
    reverse: bool,
) -> list[Tensor]:
    """The calls before the loop, the loop of those inside, and the calls and sums after it."""
    carries = body.inputs[:count]
    before = set(outer.stacked) | set(outer.same)
    adders = {id(body.outputs[i]) for i in sums}
    kept = [i for i in range(count) if i not in sums]
    after = [t for t in order if id(t) not in inside and id(t) not in before and id(t) not in adders]
    # what the loop has to hand out: what results, calls after the loop and sums read of its values and carries
    read = [*body.outputs[count:], *sums.values(), *(i for t in after for i in inputs_of(t))]
    local = inside | {id(c) for c in carries}
    bases = _bases([t for t in order if id(t) in inside], outer)
    handed = list({id(t): t for t in (bases.get(id(t), t) for t in read) if id(t) in local}.values())
    roots = [*(body.outputs[i] for i in kept), *handed]
    finals: dict[int, Tensor] = {}
    if roots:
        results = _smaller(loop, [initial[i] for i in kept], [carries[i] for i in kept], roots, outer, before, reverse)
        finals = dict(zip(kept, results, strict=False))
        outer.stacked.update((id(t), y) for t, y in zip(handed, results[len(kept) :], strict=True))
    for t in order:
        if id(t) in bases and all(i in outer for i in inputs_of(t)):
            outer.lift(t)
    for t in after:
        if id(t) not in contracted:
            outer.lift(t)
    for i, added in sums.items():
        total = _total(outer, added, id(added) in contracted)
        start = initial[i].node
        blank = start is not None and start.function == "zeros"
        finals[i] = total if blank and total.sizes == initial[i].sizes else outer.xp.add(initial[i], total)
    return [*(finals[i] for i in range(count)), *map(outer.whole, body.outputs[count:])]


def _total(outer: Batched, added: Tensor, contracted: bool) -> Tensor:
    """The sum over all steps of what each adds."""
    if not contracted:
        return outer.xp.sum(outer.whole(added), axis=0, dtype=added.dtype)
    assert added.node is not None
    x, y = added.node.args
    axes = tuple(range(len(added.node.kwargs["axes"][0]) + 1))
    return outer.xp.tensordot(outer.whole(x), outer.whole(y), axes=(axes, axes))


def _smaller(
    loop: Any,
    initial: list[Tensor],
    carries: list[Tensor],
    roots: list[Tensor],
    outer: Batched,
    before: set[int],
    reverse: bool,
) -> tuple[Tensor, ...]:
    """The loop of what has to stay in it: the results are the last carries, then the other roots, stacked."""
    stop = before | {id(c) for c in carries}
    edge = [t for t in toposort(roots, stop=lambda t: id(t) in stop) if id(t) in before]
    stacked = [t for t in edge if id(t) in outer.stacked]
    same = [t for t in edge if id(t) not in outer.stacked]
    places = [Placeholder(t.spec.shape, t.dtype) for t in edge]
    swap = {id(t): p for t, p in zip(edge, places, strict=True)} | {id(c): c for c in carries}
    outputs = Rewriter(dict(swap))(roots)
    inputs = [*carries, *(swap[id(t)] for t in (*stacked, *same))]
    return loop(
        tuple(initial),
        tuple(outer.stacked[id(t)] for t in stacked),
        tuple(outer.same[id(t)] for t in same),
        body=Subgraph(inputs, outputs),
        length=outer.length,
        reverse=reverse,
    )
