"""The backward pass: from cotangents of outputs to cotangents of targets, one rule per recorded call."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from ..arrays.arguments import shown
from ..arrays.dtypes import is_float
from ..graph.collection import no_collection
from ..graph.dims import dim_tensors
from ..graph.tasks import Task, finished
from ..graph.tensor import Node, Tensor, leaves, map_tensors, record, spec
from ..graph.traversal import dependents, toposort
from .rules.table import VJPS
from .scatter import Scatter, sum_of_scatters

__all__ = ["backward", "gradients", "pulled_back"]


def gradients(loss: Any, variables: Any) -> list[Tensor | None]:
    """The gradient of a loss with respect to each variable, placeholder or intermediate tensor.

    Parameters
    ----------
    loss : Tensor or list of Tensor
        One that is not a scalar counts as its sum, a list as the sum of its losses.
    variables : Tensor or list of Tensor

    Returns
    -------
    list of Tensor or None
        None where no differentiable path leads from a variable to the loss. The tensors are symbolic and can be
        differentiated again.

    Raises
    ------
    TypeError
        For a loss or variable that is not symbolic; for functions of arrays there is `grad`.

    References
    ----------
    Keras 2.3.1, ``keras.backend.gradients``. Griewank, Walther, "Evaluating derivatives", 2008; reverse accumulation.

    Examples
    --------
    >>> x = K.placeholder((3,))
    >>> (slope,) = K.gradients(K.sum(x**3), [x])
    >>> K.eval(slope, {x: [1.0, 2.0, 3.0]})
    array([ 3., 12., 27.], dtype=float32)
    >>> (second,) = K.gradients(slope, [x])
    >>> K.eval(second, {x: [1.0, 2.0, 3.0]})
    array([ 6., 12., 18.], dtype=float32)
    """
    losses = list(loss) if isinstance(loss, (list, tuple)) else [loss]
    targets = list(variables) if isinstance(variables, (list, tuple)) else [variables]
    for argument, found in [("loss", x) for x in losses] + [("variables", x) for x in targets]:
        if not isinstance(found, Tensor):
            raise TypeError(
                f"gradients: {argument} holds {shown(found)}, expected symbolic tensors or "
                "variables; for functions of arrays there is K.grad"
            )
    seeds = [x.__array_namespace__().ones_like(x) if is_float(x.dtype) else None for x in losses]
    with no_collection():
        return backward(losses, seeds, targets)


def backward(
    outputs: Sequence[Tensor], cotangents: Sequence[Tensor | None], targets: Sequence[Tensor], stop: bool = False
) -> list[Tensor | None]:
    """The cotangent of each target, given those of the outputs; with `stop`, targets do not depend on each other."""
    found: list[Tensor | None] = finished(pulled_back(outputs, cotangents, targets, stop))
    return found


def pulled_back(
    outputs: Sequence[Tensor], cotangents: Sequence[Tensor | None], targets: Sequence[Tensor], stop: bool = False
) -> Task:
    """`backward` as a task: the rule of a composite with bodies is itself a task that yields these."""
    closed = {id(t) for t in targets} if stop else set()
    order = toposort(outputs, known=closed)
    needed = dependents(order, targets)
    calls: dict[Node, dict[int, Tensor]] = {}  # in topological order, with the results that are used
    for t in order:
        if t.node is not None and id(t) not in closed and any(id(i) in needed for i in t.node.inputs):
            calls.setdefault(t.node, {})[t.index] = t
    found = _Cotangents()
    for output, g in zip(outputs, cotangents, strict=True):
        found.add(output, None if g is None else _sized_like(output, g))
    for node, results in reversed(calls.items()):
        gs = {index: found.finish(t) for index, t in results.items()}
        if any(g is not None for g in gs.values()):
            if isinstance(node.function, str):
                cotangents = _by_rules(node, gs, results, needed)
            else:
                cotangents = _through_composite(node, *_gathered(node, gs, results))
                cotangents = (yield cotangents) if isinstance(cotangents, Generator) else cotangents
            for argument, g in _pairs(node.args, cotangents, needed):
                found.add(argument, g)
    return [found.finish(t) for t in targets]


def _sized_like(t: Tensor, g: Tensor) -> Tensor:
    """g, which has the shape of t, with the size expressions of t: equal expressions need no comparison at run time.

    Sizes of computed tensors are left out: a later rewriting need not keep those tensors.
    """
    if t.spec.shape is None or g.spec.shape is None or g.sizes == t.sizes:
        return g
    pairs = zip(t.sizes, g.sizes, strict=True)
    shape = tuple(n if all(read.node is None for read in dim_tensors(n)) else own for n, own in pairs)
    return g if shape == g.sizes else record("identity", (g,), {}, spec(shape, g.dtype))


class _Cotangents:
    """The sum of the cotangents each tensor has received so far.

    Cotangents of its slices are collected, to be joined into one scatter when no more can follow.
    """

    def __init__(self) -> None:
        self._sums: dict[int, Tensor] = {}
        self._scatters: dict[int, list[Scatter]] = {}

    def add(self, t: Tensor, g: Any) -> None:
        if g is None or not is_float(t.dtype):
            return
        if isinstance(g, Scatter):
            self._scatters.setdefault(id(t), []).append(g)
            return
        xp = t.__array_namespace__()
        g = g if g.dtype == t.dtype else xp.astype(g, t.dtype)
        self._sums[id(t)] = xp.add(self._sums[id(t)], g) if id(t) in self._sums else g

    def finish(self, t: Tensor) -> Tensor | None:
        """The whole cotangent of t, once every call that reads t has contributed."""
        if id(t) in self._scatters:
            self.add(t, sum_of_scatters(self._scatters.pop(id(t))))
        return self._sums.get(id(t))


def _gathered(node: Node, gs: dict[int, Any], results: dict[int, Tensor]) -> tuple[Any, Any]:
    """The cotangents and the results of a call: tuples, where it has several."""
    if not node.multi_output:
        return gs[0], results[0]
    indices = range(len(node.specs))
    return tuple(map(gs.get, indices)), tuple(map(node.output, indices))


def _by_rules(node: Node, gs: dict[int, Any], results: dict[int, Tensor], needed: set[int]) -> Sequence[Any]:
    """A cotangent, a nest of them, or None for each argument of a call of the standard."""
    g, out = _gathered(node, gs, results)
    rules = VJPS.get(node.function, ())
    return [
        rule(g, out, *node.args, **node.kwargs) if rule is not None and _any_needed(argument, needed) else None
        for rule, argument in zip(rules, node.args, strict=False)
    ]


def _through_composite(node: Node, g: Any, out: Any) -> Any:
    """The cotangents of a composite's arguments, or a task: by its own rule, else through its definition."""
    function, args, kwargs = node.function, node.args, node.kwargs
    if function.vjp_rule is not None:
        result = function.vjp_rule(g, out, *args, **kwargs)
        return result if isinstance(result, (tuple, Generator)) else (result,)
    outputs = function.definition(*args, **kwargs)
    outputs, seeds = ((outputs,), (g,)) if isinstance(outputs, Tensor) else (outputs, g)
    targets = list({id(t): t for t in leaves(args)}.values())
    found = dict(zip(map(id, targets), backward(outputs, seeds, targets, stop=True), strict=True))
    return map_tensors(args, lambda t: found.pop(id(t), None))  # a tensor given twice gets its cotangent once


def _any_needed(argument: Any, needed: set[int]) -> bool:
    if isinstance(argument, (tuple, list)):
        return any(_any_needed(a, needed) for a in argument)
    return isinstance(argument, Tensor) and id(argument) in needed


def _pairs(arguments: Any, cotangents: Any, needed: set[int]) -> Iterator[tuple[Tensor, Any]]:
    """(argument, cotangent) for each tensor in a nest of arguments that depends on a target."""
    for argument, g in zip(arguments, cotangents, strict=False):
        if isinstance(argument, (tuple, list)):
            yield from _pairs(argument, g or (), needed)
        elif g is not None and isinstance(argument, Tensor) and id(argument) in needed:
            yield argument, g
