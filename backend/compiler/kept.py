"""What depends on variables alone: computed apart, kept, and computed again only when one of them has another value.

Inference reads weights that stay the same for thousands of calls. What a function updates itself is not kept, so a
training step is as it was. Only where the library can tell that an array has been written to: torch counts that.
"""

from __future__ import annotations

import dataclasses
import operator
import weakref
from collections.abc import Callable, Collection, Sequence
from typing import Any

from ..arrays.typing import Array
from ..dispatch.boundary import sizes
from ..graph.composite import composite
from ..graph.tensor import Constant, Node, Placeholder, Tensor
from .program import Graph, elements
from .rewriter import Rewriter

__all__ = ["Apart", "Kept", "apart", "laid_out", "row_product"]

MAX_KEPT = 2**25  # elements that a function keeps in all, 128 MB of float32
TALL = 2**18, 4  # elements, and rows for each column, from which a few rows times a matrix are faster by columns


@composite(view=True)
def laid_out(x: Array, *, use: str) -> Array:
    """x, whose elements may lie in memory as a call wants them: `use` is 'matrix', 'kernel' or 'depthwise'."""
    return x


@laid_out.shape
def _(x: Array, *, use: str) -> tuple[Any, ...]:
    return sizes(x)


@composite(fresh=True)
def row_product(x: Array, y: Array, laid: Array) -> Array:
    """x @ y for matrices; `laid` is y, its columns one after the other in memory."""
    return x @ y


@row_product.shape
def _(x: Array, y: Array, laid: Array) -> tuple[Any, ...]:
    return sizes(x)[0], sizes(y)[1]


@dataclasses.dataclass(frozen=True)
class Apart:
    """A graph in two: what is kept, of variables alone, and the rest, which has placeholders for it before them."""

    kept: Graph
    rest: Graph
    reads: tuple[int, ...]  # the positions of the variables that `kept` reads, among all arguments of the program
    place: int  # the position of what is kept among the arguments of the rest, and of the variables among all
    others: tuple[int, ...]  # the positions of the variables that the rest reads

    @property
    def changes_rounding(self) -> bool:
        """Whether a layout decides how numbers are added up: the first call must then have it, as all others."""
        calls = (t.node for t in self.kept.outputs if t.node is not None)
        return any(node.function is laid_out and node.kwargs["use"] == "matrix" for node in calls)


def apart(graph: Graph, updated: Collection[Tensor]) -> Apart | None:
    """The graph in two; None where nothing pays. `updated` are the variables that the function itself changes."""
    if not graph.inputs:
        return None
    return _Splitting(graph, {id(v) for v in updated}).found()


class _Splitting:
    """One graph that is being divided."""

    def __init__(self, graph: Graph, changing: set[int]) -> None:
        self.graph = graph
        self.budget = MAX_KEPT
        self.sources: dict[int, Tensor] = {}  # by the id of a placeholder, and of a variable: what it stands for
        self.kept: list[tuple[Placeholder, Tensor]] = []
        self._laid: dict[tuple[int, str], Placeholder | None] = {}
        self._stable = self._steady(changing)

    def _steady(self, changing: set[int]) -> set[int]:
        """The ids of the tensors that depend on variables that do not change, and on constants."""
        fixed, stable = set(self.graph.folded), set()
        for t in self.graph.order:
            node = t.node
            if node is None:
                if isinstance(t, Constant):
                    fixed.add(id(t))
                elif not isinstance(t, Placeholder) and id(t) not in changing:
                    stable.add(id(t))
                    self.sources[id(t)] = t
            elif id(t) not in fixed and node.primitive.pure and not node.effects and elements(t) is not None:
                ids = set(map(id, node.inputs))
                if ids & stable and ids <= stable | fixed:
                    stable.add(id(t))
        return stable

    def found(self) -> Apart | None:
        given: dict[int, Tensor] = {}
        for t in self.graph.order:
            if t.node is not None and id(t) not in self._stable:
                for i in t.node.inputs:
                    if i.node is not None and id(i) in self._stable and id(i) not in given:
                        place = self.keep(i)
                        if place is not None:
                            given[id(i)] = place
                            self.sources[id(place)] = i
        rest = self.graph.replaced(Rewriter(given, rule=self._laid_out)(self.graph.roots))
        read = {id(t) for t in rest.order}
        kept = [(place, t) for place, t in self.kept if id(place) in read]
        if not kept:
            return None
        placeholders, variables = self.graph.free()
        first = len(self.graph.inputs) + len(placeholders)
        others = [v for v in variables if id(v) in read]
        rest = rest.with_facts(shared=None, leaves=([*placeholders, *[place for place, _ in kept]], others))
        own = Graph((), tuple(t for _, t in kept), folded=self.graph.folded)
        position = {id(v): first + i for i, v in enumerate(variables)}
        reads, passed = (tuple([position[id(v)] for v in each]) for each in (own.free()[1], others))
        return Apart(own, rest, reads, first, passed)

    def keep(self, t: Tensor) -> Placeholder | None:
        """What stands for a tensor in the rest; None where it would take too much memory."""
        count = elements(t) or 0
        if count > self.budget:
            return None
        self.budget -= count
        place = Placeholder(t.shape, t.dtype, "kept")
        self.kept.append((place, t))
        return place

    def _laid_out(self, node: Node) -> list[Tensor] | None:
        """The rule that gives a call its weights as its kernel wants them."""
        if node.function == "matmul":
            return self._product(node)
        args, changed = list(node.args), False
        for position, use in node.primitive.layouts:
            if (place := self._laid_place(args[position], use, node)) is not None:
                args[position], changed = place, True
        if not changed:
            return None
        made = Node(node.function, tuple(args), node.kwargs, node.specs, node.multi_output)
        return [made.output(i) for i in range(len(node.specs))]

    def _product(self, node: Node) -> list[Tensor] | None:
        """A product of rows and a tall matrix: up to three, 1.1 to 1.5 times as fast by columns; with more, slower."""
        x, y = node.args
        if not (isinstance(x, Tensor) and isinstance(y, Tensor) and x.ndim == y.ndim == 2) or x.dtype != y.dtype:
            return None
        rows, columns = y.shape
        least, ratio = TALL
        if None in (rows, columns) or rows * columns < least or rows < ratio * columns or (x.shape[0] or 1) > 3:
            return None
        place = self._laid_place(y, "matrix", node)
        if place is None:
            return None
        made = Node(row_product, (x, y, place), {}, node.specs, False)
        return [made.output(0)]

    def _laid_place(self, t: Any, use: str, node: Node) -> Placeholder | None:
        if not isinstance(t, Tensor) or id(t) not in self.sources or elements(t) is None:
            return None
        use = "depthwise" if node.kwargs.get("depthwise") else use
        key = id(t), use
        if key not in self._laid:
            self._laid[key] = self.keep(laid_out.record((self.sources[id(t)],), {"use": use}))
        return self._laid[key]


def _picker(positions: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Picks the members at these positions."""
    if len(positions) > 1:
        return operator.itemgetter(*positions)
    return lambda arrays: [arrays[i] for i in positions]  # of one position itemgetter makes no tuple


class Kept:
    """A program in two parts, of which the first runs again only where one of the variables it reads has changed.

    `state` of the library gives what stays equal as long as arrays are not written to; None where results of them
    cannot be kept. `plain` is `kept` without layouts, which pay from the second call with the same arrays on; with
    `at_once` the first call has them, too. `rest` gives the second part for what is kept, None where nothing is. What
    is kept goes with the function, and as soon as one of the arrays that it was made of does.
    """

    def __init__(
        self,
        parts: Apart,
        kept: Callable[..., Any],
        plain: Callable[..., Any],
        rest: Callable[[Sequence[Any] | None], Callable[..., Any]],
        state: Callable[[Sequence[Any]], Any],
        at_once: bool,
    ) -> None:
        self._given, self._place, self._others = _picker(parts.reads), parts.place, _picker(parts.others)
        self._kept, self._plain, self._rest, self._state = kept, plain, rest, state
        self._at_once = at_once
        self._last: tuple[Any, bool, list[Any], Any] = (None, False, [], None)
        self._whole = rest(None)

    def __call__(self, *arrays: Any) -> Any:
        given = self._given(arrays)
        state = self._state(given)
        if state is None:
            rest, (found, _) = self._whole, self._plain(*given)
        else:
            last, laid, cell, _ = self._last
            again = last == (*map(id, given), state)
            made = next(iter(cell), None) if again and laid else None
            rest, found = made or self._made(given, state, again or self._at_once)
        return rest(*arrays[: self._place], *found, *self._others(arrays))

    def _made(self, given: Sequence[Any], state: Any, laid: bool) -> tuple[Callable[..., Any], Any]:
        found, _ = (self._kept if laid else self._plain)(*given)
        if self._state(found) is None:
            return self._whole, found
        made = self._rest(found), found
        cell = [made]
        watch = [weakref.ref(x, lambda _: cell.clear()) for x in given]
        self._last = (*map(id, given), state), laid, cell, watch
        return made
