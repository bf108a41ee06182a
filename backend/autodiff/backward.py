"""The backward pass: from cotangents of outputs to cotangents of targets, one rule per recorded call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..arrays.dtypes import is_float
from ..graph.tensor import Node, Tensor, leaves, map_tensors
from ..graph.traversal import toposort
from .rules.table import VJPS
from .scatter import sum_of_scatters

__all__ = ["backward", "gradients"]


def gradients(loss: Any, variables: Any) -> list[Tensor | None]:
    """The gradient of a loss with respect to each variable, placeholder or intermediate tensor.

    A loss that is no scalar counts as its sum, a list of losses as their sum. None where nothing
    differentiable leads from a variable to the loss. The result is symbolic and can be differentiated again.
    Errors: TypeError for a loss or variable that is not symbolic.

    Source: Keras 2.3.1 backend semantics; reverse accumulation.
    """
    losses = list(loss) if isinstance(loss, (list, tuple)) else [loss]
    targets = list(variables) if isinstance(variables, (list, tuple)) else [variables]
    for argument, found in [("loss", x) for x in losses] + [("variables", x) for x in targets]:
        if not isinstance(found, Tensor):
            raise TypeError(
                f"gradients: {argument} holds {type(found).__name__}, expected symbolic tensors or "
                "variables; for functions of arrays there is K.grad"
            )
    seeds = [x.__array_namespace__().ones_like(x) if is_float(x.dtype) else None for x in losses]
    return backward(losses, seeds, targets)


def backward(
    outputs: Sequence[Tensor], cotangents: Sequence[Tensor | None], targets: Sequence[Tensor], stop: bool = False
) -> list[Tensor | None]:
    """The cotangent of each target, given those of the outputs; with `stop`, targets are taken as independent."""
    wanted = {id(t) for t in targets}
    closed = wanted if stop else set()
    order = toposort(outputs, stop=lambda t: id(t) in closed)
    needed = _dependents(order, wanted, closed)
    found = _Cotangents()
    for output, g in zip(outputs, cotangents, strict=True):
        if g is not None:
            found.add(output, g)
    siblings: dict[int, dict[int, Tensor]] = {}  # node -> its tensors in use, the first in order first
    for t in order:
        if t.node is not None and id(t) not in closed:
            siblings.setdefault(id(t.node), {})[t.index] = t
    for t in reversed(order):
        node = t.node
        outs = siblings.get(id(node), {})
        if node is None or id(node) not in needed or next(iter(outs.values()), None) is not t:
            continue
        gs = {index: found.of(out) for index, out in outs.items()}
        if all(g is None for g in gs.values()):
            continue
        for out in outs.values():
            if id(out) not in wanted:
                found.drop(out)
        if node.function == "getitem":
            found.add_at(node.args[0], node.args[1], gs[0])
            continue
        for argument, g in _pulled(node, gs, outs, needed):
            found.add(argument, g)
    return [found.of(t) for t in targets]


class _Cotangents:
    """What has come back to each tensor so far."""

    def __init__(self) -> None:
        self._sums: dict[int, Tensor] = {}
        self._parts: dict[int, list[tuple[Any, Tensor]]] = {}  # what has come back to slices of it, by their keys

    def add(self, t: Tensor, g: Tensor) -> None:
        if not is_float(t.dtype):
            return
        xp = t.__array_namespace__()
        g = g if g.dtype == t.dtype else xp.astype(g, t.dtype)
        self._sums[id(t)] = xp.add(self._sums[id(t)], g) if id(t) in self._sums else g

    def add_at(self, t: Tensor, key: Any, g: Any) -> None:
        self._parts.setdefault(id(t), []).append((key, g))

    def of(self, t: Tensor) -> Tensor | None:
        """The cotangent of t: everything that has come back, in one."""
        parts = self._parts.pop(id(t), [])
        rule = VJPS["getitem"][0]
        if parts and rule is not None:
            key, g = parts[0]
            self.add(t, rule(g, None, t, key) if len(parts) == 1 else sum_of_scatters(parts, t.sizes))
        return self._sums.get(id(t))

    def drop(self, t: Tensor) -> None:
        self._sums.pop(id(t), None)


def _dependents(order: list[Tensor], wanted: set[int], closed: set[int]) -> set[int]:
    """The ids of the tensors and nodes that depend on a target."""
    needed = set(wanted)
    for t in order:
        if t.node is not None and id(t) not in closed and any(id(i) in needed for i in t.node.inputs):
            needed.update((id(t), id(t.node)))
    return needed


def _pulled(node: Node, gs: dict[int, Any], outs: dict[int, Tensor], needed: set[int]) -> list[tuple[Tensor, Tensor]]:
    """(argument, cotangent) for every argument of a node that a target leads to."""
    g: Any
    out: Any
    if not node.multi_output:
        g, out = gs[0], outs[0]
    else:
        g = tuple(gs.get(i) for i in range(len(node.specs)))
        out = tuple(map(node.output, range(len(node.specs))))
    if node.function == "identity":
        results: tuple[Any, ...] = (g,)
    elif not isinstance(node.function, str):
        results = _of_composite(node, g, out)
    else:
        rules = VJPS.get(node.function, ())
        results = tuple(
            rule(g, out, *node.args, **node.kwargs) if rule is not None and _leads(argument, needed) else None
            for rule, argument in zip(rules, node.args, strict=False)
        )
    pairs: list[tuple[Tensor, Tensor]] = []
    _paired(node.args, results, needed, pairs)
    return pairs


def _of_composite(node: Node, g: Any, out: Any) -> tuple[Any, ...]:
    """The cotangents of a composite's arguments: by its own rule, else through its definition."""
    function, args, kwargs = node.function, node.args, node.kwargs
    if function.vjp_rule is not None:
        result = function.vjp_rule(g, out, *args, **kwargs)
        return result if isinstance(result, tuple) else (result,)
    outputs = function.definition(*args, **kwargs)
    outputs, seeds = ((outputs,), (g,)) if isinstance(outputs, Tensor) else (outputs, g)
    targets = list({id(t): t for t in leaves(args)}.values())
    found = dict(zip(map(id, targets), backward(outputs, seeds, targets, stop=True), strict=True))
    return map_tensors(args, lambda t: found.pop(id(t), None))  # a tensor given twice gets its cotangent once


def _leads(argument: Any, needed: set[int]) -> bool:
    if isinstance(argument, (tuple, list)):
        return any(_leads(a, needed) for a in argument)
    return isinstance(argument, Tensor) and id(argument) in needed


def _paired(arguments: Any, results: Any, needed: set[int], pairs: list[tuple[Tensor, Tensor]]) -> None:
    for argument, g in zip(arguments, results, strict=False):
        if isinstance(argument, (tuple, list)):
            _paired(argument, g or (), needed, pairs)
        elif g is not None and isinstance(argument, Tensor) and id(argument) in needed:
            pairs.append((argument, g))
