"""Closures: the bodies of loops and branches as graphs of their own, and the tensors they capture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from typing import Any

from ..compiler.rewriter import Rewriter, self_contained
from ..graph.dims import Dim
from ..graph.tensor import Constant, Effect, Placeholder, Subgraph, Tensor, control, leaves
from ..graph.traversal import dependents, inputs_of, toposort

__all__ = [
    "close_over",
    "effects_if",
    "is_symbolic",
    "outer_shape",
    "own_effects",
    "placeholders_like",
    "recorded_before",
    "with_placeholders",
]


def is_symbolic(*structures: Any) -> bool:
    """Whether any of these holds a symbolic tensor or a size known only at run time."""
    return any(next(leaves(s), None) is not None for s in structures)


def placeholders_like(tensors: Iterable[Tensor], drop: int = 0, within: Set[int] = frozenset()) -> list[Placeholder]:
    """Placeholders of the same shapes, less `drop` leading axes.

    They reuse the originals' size expressions, so code that only needs sizes does not come to depend on the
    placeholders. A size that reads a tensor in `within` (ids) becomes unknown, because that tensor does not exist where
    the placeholders will be used.
    """
    return [
        Placeholder([None if any(id(read) in within for read in leaves(n)) else n for n in t.sizes[drop:]], t.dtype)
        for t in tensors
    ]


def with_placeholders(
    outputs: Sequence[Tensor], known: Callable[[Tensor], bool], within: Set[int]
) -> tuple[list[Tensor], list[Placeholder], list[Tensor]]:
    """Replace the known tensors of a graph by placeholders: its new outputs, the placeholders, the tensors replaced."""
    replaced = [t for t in toposort(outputs, stop=known) if known(t)]
    places = placeholders_like(replaced, within=within)
    return Rewriter({id(t): p for t, p in zip(replaced, places, strict=True)})(outputs), places, replaced


def close_over(
    inputs: Sequence[Tensor], outputs: Sequence[Tensor], outer: Callable[[Tensor], bool] | None = None
) -> tuple[Subgraph, list[Tensor]]:
    """A graph made self-contained, and the outside tensors it captures, which become its last inputs.

    `outer` says which tensors are outside. By default these are the invariants, everything that does not depend on the
    inputs, so that they are computed once, outside the loop.
    """
    own = {id(t) for t in inputs}
    order = toposort(outputs, known=own)
    if outer is None:
        inside = dependents(order, inputs)
    else:
        inside = own | {id(t) for t in order if t.node is not None and not outer(t)}
    reads: list[Tensor] = []
    for t in order:
        if outer is None and id(t) in inside and own_effects(t):
            raise ValueError(f"{t.name}: an update within a loop would happen once a step; make it part of the carry")
        if id(t) in inside and id(t) not in own:
            reads += inputs_of(t)
    captured = {id(t): t for t in (*reads, *outputs) if id(t) not in inside and not isinstance(t, Constant)}
    own_inputs = [*inputs, *captured.values()]
    shapes = [None if t.spec.shape is None else t.sizes for t in own_inputs]
    return self_contained(own_inputs, shapes, outputs), list(captured.values())


def outer_shape(t: Tensor, outer: dict[int, tuple[Tensor, int]]) -> tuple[Any, ...]:
    """The sizes of a body's result in terms of the tensors outside; None where a size depends on the body's values.

    `outer` maps the id of an input to the tensor it stands for, and the number of leading axes that the input lacks.
    """

    def outside(leaf: Dim) -> Any:
        if id(leaf.arguments[0]) not in outer:
            raise LookupError
        tensor, drop = outer[id(leaf.arguments[0])]
        return tensor.sizes[leaf.arguments[1] + drop] if leaf.function == "size" else Dim("item", tensor)

    sizes: list[Any] = []
    for size in t.spec.shape or ():
        try:
            sizes.append(size.replace(outside) if isinstance(size, Dim) else size)
        except LookupError:  # the size of a tensor computed within the body
            sizes.append(None)
    return tuple(sizes)


def own_effects(t: Tensor) -> tuple[Effect, ...]:
    """What evaluating the tensor does to variables, as a random draw or an update does.

    The effects of the `control_dependencies` in force do not count: whatever is recorded there has them.
    """
    if t.node is None or not t.node.effects:
        return ()
    in_force = {id(effect) for effect in control.get().effects}
    return tuple(effect for effect in t.node.effects if id(effect) not in in_force)


def recorded_before(start: int) -> Callable[[Tensor], bool]:
    """For `close_over`: outside is what was recorded before the number `start`, and what has effects of its own."""
    return lambda t: t.number < start or bool(own_effects(t))


def effects_if(condition: Tensor, t: Tensor) -> tuple[Effect, ...]:
    """The tensor's own effects, for the case that the condition holds."""
    xp = condition.__array_namespace__()
    return tuple(
        Effect(v, xp.where(condition, new, v), None if step is None else xp.where(condition, step, xp.zeros_like(step)))
        for v, new, step in own_effects(t)
    )
