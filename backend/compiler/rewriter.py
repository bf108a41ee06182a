"""From the graph as recorded to the graph as run: common subexpressions once, no identities, nothing unused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..arrays.dtypes import DType
from ..graph.dims import Dim
from ..graph.tensor import Constant, Effect, Node, Subgraph, Tensor, leaves, map_tensors, spec
from ..graph.traversal import toposort
from .simplify import simplify

__all__ = ["VIEWS", "Rewriter", "called", "effects_of", "final_values", "is_view", "may_alias_leaf"]

# Results of these may share memory with their argument, so an output made of a leaf by them alone is copied.
VIEWS = {
    "reshape",
    "permute_dims",
    "getitem",
    "expand_dims",
    "squeeze",
    "broadcast_to",
    "matrix_transpose",
    "flip",
    "asarray",
    "astype",
    "identity",
    "linalg.diagonal",
    "real",
    "imag",
    "conj",
    "detached",
    "positive",
}


def effects_of(roots: Iterable[Tensor]) -> list[Effect]:
    """The effects of all that evaluating these tensors evaluates, those of the new values themselves included."""
    found: list[Effect] = []
    seen: set[int] = set()
    pending = list(roots)
    while pending:
        fresh: list[Tensor] = []
        for t in toposort(pending):
            for effect in t.node.effects if t.node is not None else ():
                if id(effect) not in seen:
                    seen.add(id(effect))
                    found.append(effect)
                    fresh.append(effect.new)
        pending = fresh
    return found


def final_values(effects: Iterable[Effect]) -> dict[Any, Tensor]:
    """The value each variable ends up with: steps add up, of assignments the last one counts."""
    result: dict[Any, Tensor] = {}
    for variable, new, step in effects:
        if step is None or variable not in result:
            result[variable] = new
        else:
            result[variable] = result[variable] + step
    return result


class Rewriter:
    """Rewrites tensors into new ones, sharing what is equal; `given` maps tensors to those that replace them.

    To `optimize` is for what runs: outputs that nothing reads are dropped, though a gradient might have read them, and
    calls are put together as the rules for that say.
    """

    def __init__(self, given: dict[int, Tensor] | None = None, optimize: bool = False) -> None:
        self.optimize = optimize
        self._resize: Any = None
        self.new: dict[int, Tensor] = dict(given or {})
        self._nodes: dict[int, dict[int, Tensor]] = {}
        self._pruned: dict[int, Any] = {}
        self._shared: dict[Any, Any] = {}
        self._kept: list[Any] = []  # keeps alive what is known by id

    def __call__(self, outputs: Iterable[Tensor]) -> list[Tensor]:
        outputs = list(outputs)
        order = toposort(outputs, stop=lambda t: id(t) in self.new)
        live = self._live(order, outputs)
        for t in order:
            if id(t) not in self.new and id(t) in live:
                self._kept.append(t)
                self.new[id(t)] = new = self._rewritten(t)
                self.new[id(new)] = new
        return [self.new[id(t)] for t in outputs]

    def _rewritten(self, t: Tensor) -> Tensor:
        node = t.node
        if node is None:
            return self._constant(t) if isinstance(t, Constant) else t
        if node.function == "identity":
            return self.new[id(node.args[0])]
        if id(node) not in self._nodes:
            self._nodes[id(node)] = self._call(node)
        return self._nodes[id(node)][t.index]

    def _live(self, order: list[Tensor], outputs: list[Tensor]) -> set[int]:
        """The ids of the tensors that the outputs need once calls give no output that nothing reads."""
        live = {id(t) for t in outputs}
        tensors: dict[int, list[Tensor]] = {}  # node -> its tensors, the first in order first
        for t in order:
            if t.node is not None and id(t) not in self.new:
                tensors.setdefault(id(t.node), []).append(t)
        for t in reversed(order):
            node = t.node
            if node is None or tensors.get(id(node), [None])[0] is not t:
                continue
            used = {s.index for s in tensors[id(node)] if id(s) in live}
            inputs: Iterable[Tensor] = node.inputs
            if self.optimize and used and len(used) < len(node.specs) and getattr(node.function, "prune_rule", None):
                self._pruned[id(node)] = args, kwargs, _ = node.function.prune_rule(used, *node.args, **node.kwargs)
                inputs = leaves((args, kwargs))
            if used:
                live.update(map(id, inputs))
        return live

    def _call(self, node: Node) -> dict[int, Tensor]:
        args, kwargs, kept = self._pruned.get(id(node), (node.args, node.kwargs, range(len(node.specs))))
        multi_output = node.multi_output and not isinstance(kept, int)
        kept = (kept,) if isinstance(kept, int) else kept
        args = map_tensors(args, self._replace, self._resize)
        kwargs = {
            k: self._body(v) if isinstance(v, Subgraph) else v
            for k, v in map_tensors(kwargs, self._replace, self._resize).items()
        }
        key = (node.function, _key(args), _key(kwargs))
        if key not in self._shared:
            specs = tuple(
                spec(None if s.shape is None else map_tensors(s.shape, self._replace, self._resize), s.dtype)
                for s in (node.specs[i] for i in kept)
            )
            made = Node(node.function, args, kwargs, specs, multi_output)
            better = self._better(made) if self.optimize else None
            self._shared[key] = tuple(self(better)) if better else tuple(map(made.output, range(len(specs))))
            self._kept.append(made)
        return dict(zip(kept, self._shared[key], strict=True))

    def _better(self, node: Node) -> list[Tensor] | None:
        """The results of a call by other calls, if there is a rule for it."""
        if isinstance(node.function, str):
            found = simplify(node)
            return None if found is None else [found]
        rule = node.function.rewrite_rule
        return rule(*node.args, **node.kwargs) if rule else None

    def _replace(self, t: Tensor) -> Tensor:
        return self.new.get(id(t), t)

    def _body(self, body: Subgraph) -> Subgraph:
        inner = Rewriter({id(t): t for t in body.inputs}, self.optimize)
        return Subgraph(body.inputs, inner(body.outputs))

    def _constant(self, t: Constant) -> Tensor:
        """Small equal constants are one."""
        if isinstance(t.value, (np.ndarray, np.generic)) and t.value.size <= 64:
            key = ("constant", t.dtype, t.shape, t.value.tobytes())
            return self._shared.setdefault(key, (t,))[0]
        return t


def _key(value: Any) -> Any:
    """A hashable key, equal for equal arguments; 1, 1.0 and True differ."""
    if isinstance(value, (Tensor, Subgraph)):
        return id(value)
    if isinstance(value, Dim):
        return value.key
    if isinstance(value, (tuple, list)):
        return tuple(map(_key, value))
    if isinstance(value, dict):
        return tuple((k, _key(v)) for k, v in sorted(value.items()))
    if isinstance(value, slice):
        return ("slice", _key(value.start), _key(value.stop), _key(value.step))
    if isinstance(value, (DType, str)) or value is None:
        return value
    if isinstance(value, float):
        return ("float", value.hex())
    return (type(value).__name__, value) if isinstance(value, (int, complex, bool)) else id(value)


def is_view(t: Tensor) -> bool:
    """Whether the result of a call may share memory with its first argument."""
    if t.node is None or not t.node.args or not isinstance(t.node.args[0], Tensor):
        return False
    return called(t.node) in VIEWS


def called(node: Node) -> str:
    """The name of a call's function, of the standard or composite."""
    return node.function if isinstance(node.function, str) else node.function.__name__


def may_alias_leaf(t: Tensor) -> bool:
    """Whether an output may share memory with a variable, a constant or what was fed."""
    while is_view(t):
        t = t.node.args[0]  # type: ignore[union-attr]
    return t.node is None
