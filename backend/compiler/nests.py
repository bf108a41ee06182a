"""Loop nests for a library's own compiler: elementwise calls over one shape, with the reductions among and after them.

A nest runs over a space of some shape, whose first axes are its rows. Reductions over all other axes give one number a
row, which further calls may use; sums over the rows, or over everything, end it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..graph.composite import composite
from ..graph.tensor import Constant, Node, Tensor, spec
from ..graph.traversal import inputs_of
from ..kernels.description import FULL, ROW
from .described import ROWWISE, Calls, Described, described, end_to_end, key_of
from .fusion import fuse
from .grouping import Group, Grouping, body_of
from .program import Graph, elements

__all__ = ["batched", "launches", "nest", "nests"]

MIN_CALLS = 2  # functions of the standard: a single one gains nothing
SMALL = 2**10  # elements up to which a nest needs more calls, since the library's own take no longer than its start
MIN_SMALL = 5


@composite(fresh=True)
def nest(arrays: tuple[Any, ...], *, body: Any) -> Any:
    """body(*arrays): compiled as one loop nest where the library has a compiler for it."""
    results = body(*arrays)
    return results if len(results) > 1 else results[0]


@nest.shape
def _(arrays: tuple[Any, ...], *, body: Any) -> tuple[Any, ...]:
    return tuple(t.spec for t in body.outputs)


@composite(fresh=True)
def batched(groups: tuple[Any, ...], common: tuple[Any, ...], *, body: Any) -> Any:
    """body(*group, *common) for each group of arrays, the results one after the other: an optimizer's updates."""
    together = getattr(body, "together", None)  # of a compiled nest
    if together is not None:
        return together(groups, common)
    return tuple(result for group in groups for result in body(*group, *common))


@batched.shape
def _(groups: tuple[Any, ...], common: tuple[Any, ...], *, body: Any) -> tuple[Any, ...]:
    return tuple(spec(group[0].sizes, t.dtype) for group in groups for t in body.outputs)


class _Group(Group):
    """A nest in the making; its key is that of its space."""

    split: int | None = None


class _Grouping(Grouping[_Group]):
    """Sorts the calls of a graph into nests."""

    def __init__(self, order: Sequence[Tensor], calls: Calls) -> None:
        super().__init__()
        self.calls = calls
        self.places: dict[int, str] = {}
        constant = {id(t) for t in order if isinstance(t, Constant)}
        for t in order:
            if t.node is None:
                continue
            if t.node.inputs and all(id(i) in constant for i in t.node.inputs):
                constant.add(id(t))
            else:
                self._sort(t, t.node)

    def _sort(self, t: Tensor, node: Node) -> None:
        found: Any = None

        def choose(groups: list[_Group]) -> list[_Group]:
            nonlocal found
            joins, found = self._joined(t, node, groups)
            return joins

        joins, needs = self.joined(node, choose)
        if not joins:
            start = self._started(t, node)
            if start is None:
                self.leave(t, needs)
                return
            own, found = start
            joins = [own]
        self.put(t, joins, needs)
        self.places[id(t)], joins[0].split = found

    def _joined(self, t: Tensor, node: Node, groups: list[_Group]) -> tuple[list[_Group], Any]:
        """Those of the nests, all over one space, that a call joins, and where its result lies."""
        own = key_of(t)
        for key in sorted({g.key for g in groups}, key=lambda k: k != own):
            same = [g for g in groups if g.key == key]
            inside: dict[int, str] = {}
            for i in node.inputs:
                if id(i) in self.of and self.of[id(i)].now() in same:
                    inside[id(i)] = self.places[id(i)]
            ended = [self.of[i].now() for i, place in inside.items() if place not in (FULL, ROW)]
            same = [g for g in same if g not in ended]
            inside = {i: p for i, p in inside.items() if self.of[i].now() in same}
            splits = {g.split for g in same} - {None}
            if same and len(splits) < 2:
                found = self.calls.placed(node, key, next(iter(splits), None), inside)
                if found is not None:
                    return same, found
        return [], None

    def _started(self, t: Tensor, node: Node) -> tuple[_Group, Any] | None:
        """A new nest that begins with this call, and where its result lies."""
        if node.multi_output or not self.calls.count(node):
            return None
        key = key_of(node.args[0] if node.primitive.reduction else t)
        found = None if key is None else self.calls.placed(node, key, None, {})
        if found is None:
            return None
        return _Group(key), found


def launches(graph: Graph) -> Graph:
    """For a library whose kernels are launched one by one: nests with reductions over rows, then elementwise chains."""
    return fuse(nests(graph, reducing=True))


def nests(graph: Graph, reducing: bool = False) -> Graph:
    """The graph with each group of calls that pays as one call of `nest`, and equal updates as one of `batched`.

    With `reducing`, only groups with a reduction over rows, whatever their size.
    """
    calls = Calls()
    grouping = _Grouping(graph.order, calls)
    readers: dict[int, set[int]] = {}
    for t in graph.order:
        for i in inputs_of(t):
            readers.setdefault(id(i), set()).add(id(t))
    last = {id(t) for t in graph.roots}
    news = {id(t) for t in graph.updates}
    instead: dict[int, Tensor] = {}
    updates: dict[Any, list[tuple[list[Tensor], list[Tensor], Described]]] = {}
    for group, members in grouping.members(graph.order).items():
        own = {id(t) for t in members}
        results = [t for t in members if id(t) in last or readers.get(id(t), set()) - own]
        if reducing and not (len(members) >= MIN_CALLS and any(_reduces_rows(t, grouping) for t in members)):
            continue
        made = _body(grouping, group, members, results)
        if made is None:
            continue
        arrays, body = made
        alone = all(id(t) in news and not readers.get(id(t), set()) - own for t in results)
        if alone and _is_update(arrays, results, grouping.places):
            common = tuple(id(a) if a.ndim == 0 else None for a in arrays)
            body.description = end_to_end(body.description)
            updates.setdefault((body.description, common), []).append((arrays, results, body))
        elif reducing or _pays(calls, members):
            node = Node(nest, (tuple(arrays),), {"body": body}, tuple(t.spec for t in results), len(results) > 1)
            instead.update((id(t), node.output(i)) for i, t in enumerate(results))
    for found in updates.values():
        if len(found) > 1 or len(found[0][2].description.values) >= MIN_SMALL or _large(found[0][1]):
            instead.update(_together(found))
    return graph.rewritten(instead=instead, intern=False) if instead else graph


def _reduces_rows(t: Tensor, grouping: _Grouping) -> bool:
    """Whether a call is, or has in its definition, a reduction over each row."""
    assert t.node is not None
    if isinstance(t.node.function, str):
        return t.node.primitive.reduction and grouping.places[id(t)] == ROW
    return t.node.function.__name__ in ROWWISE


def _pays(calls: Calls, members: Sequence[Tensor]) -> bool:
    """Whether one loop takes less time than the calls."""
    count = sum(calls.count(t.node) for t in members if t.node is not None)
    return count >= (MIN_CALLS if _large(members) else MIN_SMALL)


def _large(members: Sequence[Tensor]) -> bool:
    sizes = [elements(t) for t in members]
    return None in sizes or max(size for size in sizes if size is not None) > SMALL


def _is_update(arrays: Sequence[Tensor], results: Sequence[Tensor], places: dict[int, str]) -> bool:
    """Whether a nest computes new values of variables, each element from those of arrays of one known shape."""
    shape = results[0].spec.shape
    return (
        elements(results[0]) is not None
        and all(places[id(t)] == FULL and t.spec.shape == shape for t in results)
        and all(a.ndim == 0 or a.spec.shape == shape for a in arrays)
        and arrays[0].ndim > 0
    )


def _together(found: Sequence[tuple[list[Tensor], list[Tensor], Described]]) -> dict[int, Tensor]:
    """What takes the place of the results of several nests of one description."""
    arrays, _, body = found[0]
    groups = tuple(tuple(a for a in each if a.ndim) for each, _, _ in found)
    common = tuple(a for a in arrays if a.ndim == 0)
    results = [t for _, each, _ in found for t in each]
    node = Node(batched, (groups, common), {"body": body}, tuple(t.spec for t in results), True)
    return {id(t): node.output(i) for i, t in enumerate(results)}


def _reads_rows(t: Tensor, grouping: _Grouping, group: _Group) -> bool:
    """Whether the operands of a call have the axes of the rows alone."""
    place = grouping.places[id(t)]
    return place == ROW and t.ndim == group.split and not t.node.primitive.reduction  # type: ignore[union-attr]


def _body(
    grouping: _Grouping, group: _Group, members: Sequence[Tensor], results: Sequence[Tensor]
) -> tuple[list[Tensor], Described] | None:
    """The arrays that a nest reads, 0-d ones last, and its body with its description."""
    own = {id(t) for t in members}
    of_rows: dict[int, bool] = {}
    arrays: dict[int, Tensor] = {}
    for t in members:
        assert t.node is not None
        plain = _reads_rows(t, grouping, group)
        for a in t.node.args:
            if isinstance(a, Tensor) and id(a) not in own and not (isinstance(a, Constant) and a.shape == ()):
                arrays[id(a)] = a
                if of_rows.setdefault(id(a), plain) != plain and a.ndim:
                    return None  # an array that lies in two ways
    ordered = sorted(arrays.values(), key=lambda a: a.ndim == 0)
    inputs = [(a, of_rows[id(a)]) for a in ordered]
    body = body_of(Described, members, ordered, results)
    body.description = described(grouping.calls, members, inputs, results, group.key, group.split, grouping.places)
    return ordered, body
