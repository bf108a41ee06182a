"""Loop-invariant code motion and loop fission: work that does not depend on the carry leaves the loop.

- Calls on the sequences alone run before the loop, for all iterations at once: the input's part of a recurrent layer,
  and in its gradient whatever the forward pass has computed.
- Calls that no later iteration reads run after it, on values that the loop stacks.
- A carry that is only added to (the gradient of weights) becomes a sum after the loop; a sum of matrix products becomes
  one product that contracts the iterations, too.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Any

from ...graph.tensor import Constant, Node, Placeholder, Subgraph, Tensor, map_tensors
from ...graph.traversal import inputs_of, toposort
from ...graph.varying import varying
from ..rewriter import Rewriter
from .batching import Batched, NotBatchable
from .body import calls, is_small, reads, with_own_sizes

__all__ = ["moved"]


def moved(node: Node) -> list[Tensor] | None:
    """The results of a loop by a smaller loop and calls around it; None where nothing leaves it, or for other calls."""
    if not node.primitive.is_loop:
        return None
    motion = _Motion(node)
    return motion.results() if motion.changes() else None


class _Motion:
    """Where each call of a loop's body goes: before the loop, into the smaller loop, or after it."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.initial, sequences, captured = node.args
        body = with_own_sizes(node)
        count, given = len(self.initial), len(sequences)
        self.carries, self.news, self.outputs = body.inputs[:count], body.outputs[:count], body.outputs[count:]
        self.order = calls(body)
        # no array holds these for all iterations
        self.varying = varying(self.order, body.inputs[: count + given], body.inputs[count + given :])
        self.outer = Batched(
            node.kwargs["length"],
            {id(p): x for p, x in zip(body.inputs[count : count + given], sequences, strict=True)},
            {id(p): x for p, x in zip(body.inputs[count + given :], captured, strict=True)},
        )
        for t in self.order:
            if is_small(t) or all(id(i) in self.outer.same or isinstance(i, Constant) for i in inputs_of(t)):
                with contextlib.suppress(NotBatchable):
                    self.outer.lift(t)
        self.before = {id(t) for t in self.order if t in self.outer}
        uses = reads(body, self.order)
        self.sums = self._sums(uses)
        self.adders = {id(self.news[i]) for i in self.sums}
        self.contracted = self._contracted(uses)
        self.inside = self._inside()
        self.contracted = {i: t for i, t in self.contracted.items() if not {i, id(t)} & self.inside}
        self.totals: dict[int, Tensor] = {}

    def changes(self) -> bool:
        """Whether anything leaves the loop."""
        return bool(self.before or self.sums or len(self.inside) < len(self.order))

    def _sums(self, uses: Counter[int]) -> dict[int, Tensor]:
        """The carries that each iteration only adds to, by position, and what it adds."""
        found = {}
        for i, (carry, new) in enumerate(zip(self.carries, self.news, strict=True)):
            if new.node is not None and new.node.function == "add" and uses[id(carry)] == uses[id(new)] == 1:
                others = [a for a in new.node.args if a is not carry]
                if len(others) == 1 and isinstance(others[0], Tensor) and id(others[0]) not in self.varying:
                    found[i] = others[0]
        return found

    def _contracted(self, uses: Counter[int]) -> dict[int, Tensor]:
        """Contractions that only sums read and the slices of them that are added, by id, each with its contraction."""
        found: dict[int, tuple[Tensor, list[Tensor]]] = {}
        for t in self.sums.values():
            base = t.node.args[0] if t.node is not None and t.node.function == "getitem" else t
            if uses[id(t)] == 1 and _is_contraction(base):
                found.setdefault(id(base), (base, []))[1].append(t)
        whole = [(base, added) for base, added in found.values() if uses[id(base)] == len(added)]
        return {id(t): base for base, added in whole for t in (base, *added)}

    def _inside(self) -> set[int]:
        """The ids of the calls that stay in the loop: those that carries need, and those that cannot be batched."""
        roots = [new for i, new in enumerate(self.news) if i not in self.sums]
        while True:
            needed = toposort(roots, known=self.before)
            inside = {id(t) for t in needed if t.node is not None} - self.before
            stuck = self._first_stuck(inside)
            if stuck is None:
                return inside
            roots.append(stuck)

    def _first_stuck(self, inside: set[int]) -> Tensor | None:
        """The first call outside the loop that cannot be batched; found by batching them on placeholders."""
        trial = self.outer.copy()
        for t in self.order:
            if id(t) in inside or id(t) in self.adders or id(t) in self.before:
                continue
            for i in inputs_of(t):
                if i not in trial and id(i) not in self.varying and (id(i) in inside or i.node is None):
                    trial.stack_placeholder(i)
            base = self.contracted.get(id(t))
            if base is not None and id(base) not in inside and (base is not t or all(a in trial for a in inputs_of(t))):
                continue
            if not is_small(t):
                return t
            try:
                trial.lift(t)
            except NotBatchable:
                return t
        return None

    def results(self) -> list[Tensor]:
        """The results of the whole loop: calls before it, the smaller loop, and calls and sums after it."""
        before = set(self.outer.stacked) | set(self.outer.same)
        after = [t for t in self.order if id(t) not in self.inside | before | self.adders]
        bases = self._bases()
        finals = self._run_smaller(before, after, bases)
        for t in self.order:
            if id(t) in bases and all(i in self.outer for i in inputs_of(t)):
                self.outer.lift(t)
        for t in after:
            if id(t) not in self.contracted:
                self.outer.lift(t)
        finals |= {i: self._total(i, added) for i, added in self.sums.items()}
        return [*(finals[i] for i in range(len(self.initial))), *map(self.outer.whole, self.outputs)]

    def _bases(self) -> dict[int, Tensor]:
        """By the ids of slices of arrays, the arrays: stacked whole, several slices of one array cost one output."""
        trial = self.outer.copy()
        found: dict[int, Tensor] = {}
        for t in self.order:
            if id(t) in self.inside and t.node is not None and t.node.function == "getitem":
                x = t.node.args[0]
                if id(x) in self.varying:
                    continue
                if x not in trial:
                    trial.stack_placeholder(x)
                with contextlib.suppress(NotBatchable):
                    trial.lift(t)
                    found[id(t)] = found.get(id(x), x)
        return found

    def _run_smaller(self, before: set[int], after: list[Tensor], bases: dict[int, Tensor]) -> dict[int, Tensor]:
        """The final carries, by position, of the loop of the calls inside; what others read of it is stacked."""
        kept = [i for i in range(len(self.initial)) if i not in self.sums]
        read = [*self.outputs, *self.sums.values(), *(i for t in after for i in inputs_of(t))]
        local = self.inside | {id(c) for c in self.carries}
        handed = list({id(t): t for t in (bases.get(id(t), t) for t in read) if id(t) in local}.values())
        roots = [*(self.news[i] for i in kept), *handed]
        if not roots:
            return {}
        results = self._smaller(kept, roots, before)
        self.outer.stacked.update((id(t), y) for t, y in zip(handed, results[len(kept) :], strict=True))
        return dict(zip(kept, results, strict=False))

    def _smaller(self, kept: list[int], roots: list[Tensor], before: set[int]) -> tuple[Tensor, ...]:
        """The loop of the kept carries: its results are the last of them, then the other roots, stacked."""
        carries = [self.carries[i] for i in kept]
        stop = before | {id(c) for c in carries}
        edge = [t for t in toposort(roots, known=stop) if id(t) in before]
        stacked = [t for t in edge if id(t) in self.outer.stacked]
        same = [t for t in edge if id(t) not in self.outer.stacked]
        places = {id(t): Placeholder(t.spec.shape, t.dtype) for t in edge}
        outputs = Rewriter({**places, **{id(c): c for c in carries}})(roots)
        inputs = [*carries, *(places[id(t)] for t in (*stacked, *same))]
        result: tuple[Tensor, ...] = self.node.function(
            tuple(self.initial[i] for i in kept),
            tuple(self.outer.stacked[id(t)] for t in stacked),
            tuple(self.outer.same[id(t)] for t in same),
            body=Subgraph(inputs, outputs),
            length=self.outer.length,
            reverse=self.node.kwargs["reverse"],
        )
        return result

    def _total(self, position: int, added: Tensor) -> Tensor:
        """The final value of a carry that is only added to."""
        xp, outer = self.outer.xp, self.outer
        if (base := self.contracted.get(id(added))) is not None:
            if id(base) not in self.totals:
                self.totals[id(base)] = self._contraction(base.node)
            total = self.totals[id(base)]
            if added is not base:
                assert added.node is not None
                total = xp.getitem(total, map_tensors(added.node.args[1], outer.invariant, outer.size))
        else:
            total = xp.sum(outer.whole(added), axis=0, dtype=added.dtype)
        initial = self.initial[position]
        from_zero = initial.node is not None and initial.node.function == "zeros" and total.sizes == initial.sizes
        return total if from_zero else xp.add(initial, total)

    def _contraction(self, node: Any) -> Tensor:
        """A contraction over all iterations, too."""
        xp, (x, y) = self.outer.xp, map(self.outer.whole, node.args)
        if node.function == "tensordot":
            axes = tuple(range(len(node.kwargs["axes"][0]) + 1))
            return xp.tensordot(x, y, axes=(axes, axes))
        (kwargs,) = map_tensors((node.kwargs,), self.outer.invariant, self.outer.size)
        result: Tensor = node.function(self.outer.merged(x), self.outer.merged(y), **kwargs)
        return result


def _is_contraction(t: Tensor) -> bool:
    """Whether t is a product that sums over the first axes of both of its arrays."""
    if t.node is None:
        return False
    if (fact := t.node.primitive.product) is not None:
        return fact.inner == (0, 0) and not t.node.kwargs.get(fact.unless)
    if t.node.function != "tensordot":
        return False
    axes: Any = t.node.kwargs.get("axes", 2)
    return isinstance(axes, tuple) and tuple(axes[0]) == tuple(axes[1]) == tuple(range(len(axes[0])))
