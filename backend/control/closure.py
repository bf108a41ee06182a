"""Python functions turned into closed graphs: the bodies of loops and branches, and whole functions of arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from typing import Any

from ..compiler.rewriter import Rewriter, is_view
from ..graph.dims import Dim
from ..graph.recording import tensor
from ..graph.tensor import Constant, Effect, Placeholder, Subgraph, Tensor, leaves, map_tensors
from ..graph.traversal import dependents, toposort
from .nests import flatten

__all__ = [
    "Subgraph",
    "act_only_if",
    "close_over",
    "has_effects",
    "is_symbolic",
    "is_view",
    "outer_shape",
    "placeholders_like",
    "toposort",
    "trace_branch",
    "with_placeholders",
]


def is_symbolic(*structures: Any) -> bool:
    """Whether any of these holds a symbolic tensor or a size known only at run time."""
    return any(next(leaves(s), None) is not None for s in structures)


def placeholders_like(tensors: Iterable[Tensor], drop: int = 0, within: Set[int] = frozenset()) -> list[Placeholder]:
    """Placeholders of the same shapes, less `drop` leading axes.

    Their sizes are the originals' own expressions, so that what depends on sizes alone does not depend on them; unless
    these read one of the tensors `within`, by their ids, which are not there where the placeholders will be.
    """
    return [
        Placeholder([None if any(id(read) in within for read in leaves(n)) else n for n in t.sizes[drop:]], t.dtype)
        for t in tensors
    ]


def with_placeholders(
    outputs: Sequence[Tensor], known: Callable[[Tensor], bool], within: Set[int]
) -> tuple[list[Tensor], list[Placeholder], list[Tensor]]:
    """A graph with placeholders for what is known of it: its new outputs, the placeholders, and what they stand for."""
    found = [t for t in toposort(outputs, stop=known) if known(t)]
    places = placeholders_like(found, within=within)
    return Rewriter({id(t): p for t, p in zip(found, places, strict=True)})(outputs), places, found


def close_over(
    inputs: Sequence[Tensor], outputs: Sequence[Tensor], outer: Callable[[Tensor], bool] | None = None
) -> tuple[Subgraph, list[Tensor]]:
    """A graph made self-contained, and the outside tensors it captures, which become its last inputs.

    Outside is what `outer` holds for; by default all that does not depend on the inputs, so a loop's invariants move
    out of it.
    """
    own = {id(t) for t in inputs}
    order = toposort(outputs, stop=lambda t: id(t) in own)
    if outer is None:
        inside = dependents(order, inputs)
    else:
        inside = own | {id(t) for t in order if t.node is not None and not outer(t)}
    captured: dict[int, Tensor] = {}
    for t in order:
        if outer is None and id(t) in inside and has_effects(t):
            raise ValueError(f"{t.name}: an update within a loop would happen once a step; make it part of the carry")
        used = t.node.inputs if t.node is not None and id(t) in inside and id(t) not in own else ()
        for i in used:
            if id(i) not in inside and not isinstance(i, Constant):
                captured.setdefault(id(i), i)
    for t in outputs:
        if id(t) not in inside and not isinstance(t, Constant):
            captured.setdefault(id(t), t)
    places = _places([*inputs, *captured.values()])
    body = Subgraph([places[id(t)] for t in (*inputs, *captured.values())], Rewriter(places)(outputs))
    return body, list(captured.values())


def _places(tensors: Iterable[Tensor]) -> dict[int, Tensor]:
    """A placeholder for each tensor, by its id, whose sizes read the other placeholders where the tensor's read those.

    One size then has one expression within a body, and a gradient need not compare it with itself at run time.
    """
    places: dict[int, Tensor] = {}
    for t in sorted(tensors, key=lambda t: t.number):  # a size reads older tensors alone
        shape = t.spec.shape
        places[id(t)] = Placeholder(shape and map_tensors(shape, lambda i: places.get(id(i), i)), t.dtype)
    return places


def outer_shape(t: Tensor, outer: dict[int, tuple[Tensor, int]]) -> tuple[Any, ...]:
    """The sizes of a body's result in terms of what the body's inputs stand for; None where only the body knows.

    `outer` maps the id of an input to the tensor outside and how many leading axes the input lacks.
    """

    def lifted(leaf: Dim) -> Any:
        if id(leaf.arguments[0]) not in outer:
            raise LookupError
        tensor, drop = outer[id(leaf.arguments[0])]
        return tensor.sizes[leaf.arguments[1] + drop] if leaf.function == "size" else Dim("item", tensor)

    sizes: list[Any] = []
    for size in t.spec.shape or ():
        try:
            sizes.append(size.replace(lifted) if isinstance(size, Dim) else size)
        except LookupError:  # a size of something computed within the body
            sizes.append(None)
    return tuple(sizes)


def has_effects(t: Tensor) -> bool:
    """Whether evaluating the tensor does something to a variable: draws a number, say."""
    return t.node is not None and bool(t.node.effects)


def act_only_if(condition: Tensor, source: Tensor, result: Tensor) -> None:
    """Give `result` the effects of `source`, for the case that the condition holds."""
    assert source.node is not None and result.node is not None
    xp = condition.__array_namespace__()
    result.node.effects = tuple(
        Effect(v, xp.where(condition, new, v), None if step is None else xp.where(condition, step, xp.zeros_like(step)))
        for v, new, step in source.node.effects
    )


def trace_branch(function: Callable[[], Any]) -> tuple[list[Tensor], Any, int]:
    """What a function without arguments records: its outputs, their structure, and a mark that tells old from new."""
    mark = Placeholder((), "bool").number
    found, shape = flatten(function())
    return [tensor(t) for t in found], shape, mark
