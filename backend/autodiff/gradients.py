"""The backward pass: from cotangents of outputs to cotangents of targets, one rule per recorded call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..dtypes import is_float
from ..symbolic.tensor import Node, Tensor, leaves, ordering, rebuild
from .vjps import VJPS

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
            raise TypeError(f"gradients: {argument} holds {type(found).__name__}, expected symbolic tensors or "
                            "variables; for functions of arrays there is K.grad")
    seeds = [x.__array_namespace__().ones_like(x) if is_float(x.dtype) else None for x in losses]
    return backward(losses, seeds, targets)


def backward(outputs: Sequence[Tensor], cotangents: Sequence[Tensor | None],
             targets: Sequence[Tensor], stop: bool = False) -> list[Tensor | None]:
    """The cotangent of each target, given those of the outputs; with `stop`, targets are taken as independent."""
    wanted = {id(t) for t in targets}
    closed = wanted if stop else set()
    order = ordering(outputs, stop=lambda t: id(t) in closed)
    needed = _dependents(order, wanted, closed)
    found: dict[int, Tensor] = {}
    for output, g in zip(outputs, cotangents, strict=True):
        if g is not None:
            _accumulate(found, output, g)
    siblings: dict[int, dict[int, Tensor]] = {}  # node -> its tensors in use, the first in order first
    for t in order:
        if t.node is not None and id(t) not in closed:
            siblings.setdefault(id(t.node), {})[t.index] = t
    for t in reversed(order):
        node = t.node
        outs = siblings.get(id(node), {})
        if node is None or id(node) not in needed or next(iter(outs.values()), None) is not t:
            continue
        gs = {index: found.get(id(out)) for index, out in outs.items()}
        if all(g is None for g in gs.values()):
            continue
        for out in outs.values():
            if id(out) not in wanted:
                found.pop(id(out), None)
        for argument, g in _pulled(node, gs, outs, needed):
            _accumulate(found, argument, g)
    return [found.get(id(t)) for t in targets]


def _dependents(order: list[Tensor], wanted: set[int], closed: set[int]) -> set[int]:
    """The ids of the tensors and nodes that depend on a target."""
    needed = set(wanted)
    for t in order:
        if t.node is not None and id(t) not in closed and any(id(i) in needed for i in t.node.inputs):
            needed.update((id(t), id(t.node)))
    return needed


def _accumulate(found: dict[int, Tensor], t: Tensor, g: Tensor) -> None:
    if not is_float(t.dtype):
        return
    xp = t.__array_namespace__()
    g = g if g.dtype == t.dtype else xp.astype(g, t.dtype)
    found[id(t)] = xp.add(found[id(t)], g) if id(t) in found else g


def _pulled(node: Node, gs: dict[int, Any], outs: dict[int, Tensor], needed: set[int]) -> list[tuple[Tensor, Tensor]]:
    """(argument, cotangent) for every argument of a node that a target leads to."""
    g: Any
    out: Any
    if not node.many:
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
            for rule, argument in zip(rules, node.args, strict=False))
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
    return rebuild(args, lambda t: found.pop(id(t), None))  # a tensor given twice gets its cotangent once


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
