"""The one graph substitution: tensors replaced, equal calls shared, rules applied, unread results dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..arrays.dtypes import DType
from ..graph.dims import Dim, dim_tensors
from ..graph.tasks import Task, finished
from ..graph.tensor import Constant, Effect, Node, Placeholder, Spec, Subgraph, Tensor, leaves, map_tensors
from ..graph.traversal import toposort

__all__ = ["Rewriter", "Shared", "effects_of", "final_values", "is_view", "self_contained"]

Rule = Callable[[Node], "list[Tensor] | None"]
Shared = dict[Any, Any]  # each distinct call or constant, by what makes it equal to another
MAX_SHARED_CONSTANT = 64  # elements up to which constants are compared


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
    """Rewrites tensors into new ones; a call of which nothing changes stays the same node.

    `given` maps tensors, by id, to what replaces them as it is; `instead` maps them to tensors that are rewritten in
    their place. `rule` gives the results of a call by other calls, or None; what it gives is rewritten, too. With
    `shared`, equal calls become one; without `intern`, all that does not change is in it already. With `prune`, calls
    drop the results that nothing reads. `resize` replaces sizes.
    Bodies of loops and branches are rewritten the same way, `given` and `instead` apart.
    """

    def __init__(
        self,
        given: Mapping[int, Tensor] | None = None,
        *,
        instead: dict[int, Tensor] | None = None,
        rule: Rule | None = None,
        shared: Shared | None = None,
        intern: bool = True,
        prune: bool = False,
        resize: Callable[[Dim], Any] | None = None,
    ) -> None:
        self.new: dict[int, Tensor] = dict(given or {})
        self._instead = instead or {}
        self._rule = rule
        self._shared = shared
        self._intern = intern
        self._prune = prune
        self._resize = resize
        self._results: dict[int, Any] = {}  # node -> what takes the place of its results, by index; None for nothing
        self._better: dict[int, list[Tensor]] = {}  # new node -> its results by the rule, where there is one
        self._pruned: dict[int, tuple[Any, Any, Sequence[int]]] = {}  # node -> its arguments, and the results it gives
        self._bodies: dict[int, Subgraph] = {}  # by the ids of bodies: what they have become
        self._has_bodies = False
        self._kept: list[Any] = []  # keeps alive what is known by id

    def __call__(self, outputs: Iterable[Tensor], order: list[Tensor] | None = None) -> list[Tensor]:
        """The new outputs; `order` is their topological order, where that is known."""
        found: list[Tensor] = finished(self._task(outputs, order))
        return found

    def _task(self, outputs: Iterable[Tensor], order: list[Tensor] | None = None) -> Task:
        outputs = list(outputs)
        new, results, instead, kept = self.new, self._results, self._instead, self._kept
        if order is None or instead or new:
            order = toposort(outputs, known=new, instead=instead)
        if self._prune and not new and not any(map(_may_drop, order)):
            return outputs
        live = self._live(order, outputs) if self._prune else None
        if live is not None and not (self._pruned or self._has_bodies or new):
            return outputs
        for t in order:
            key = id(t)
            if key in new or (live is not None and key not in live):
                continue
            source = instead.get(key, t) if instead else t
            node = source.node
            if node is None:
                found = self._constant(source) if isinstance(source, Constant) else source
            else:
                if id(node) not in results:
                    kept.append(node)
                    needed = self._call(node)
                    if needed is not None:
                        yield from needed
                changed = results[id(node)]
                found = source if changed is None else changed[source.index]
            new[key] = found
            if found is not t:
                kept.append(t)
                new[id(found)] = found
        return [new[id(t)] for t in outputs]

    def _call(self, node: Node) -> Task | None:
        """Find what takes the place of a call's results; a task, where other parts have to be rewritten for it."""
        given = self._pruned.get(id(node))
        args, kwargs, indices = given or (node.args, node.kwargs, None)
        if kwargs:
            bodies = [value for value in kwargs.values() if isinstance(value, Subgraph)]
            for body in bodies:
                if id(body) not in self._bodies:
                    return self._with_bodies(node, bodies)
            kwargs = self._own(kwargs) if bodies else kwargs
        made = node
        if given or kwargs is not node.kwargs or self._resize is not None or not _all_stay(node.inputs, self.new):
            made = self._made(node, args, kwargs, indices)
        if self._shared is not None and (self._intern or made is not node):
            made = self._shared.setdefault(_call_key(made), made)
        better = None
        if self._rule is not None:
            better = self._better.get(id(made))
            if better is None:
                better = self._rule(made)
                if better is not None:
                    self._kept.append(made)
                    self._better[id(made)] = better
                    return self._by_rule(node, made, indices, better)
        self._put(node, made, indices, better)
        return None

    def _with_bodies(self, node: Node, bodies: Sequence[Subgraph]) -> Task:
        for body in bodies:
            if id(body) not in self._bodies:
                yield from self._body(body)
        needed = self._call(node)
        if needed is not None:
            yield from needed

    def _by_rule(self, node: Node, made: Node, indices: Sequence[int] | None, found: list[Tensor]) -> Task:
        """Rewrite what the rule gives for a call."""
        intern, self._intern = self._intern, True  # the calls of a rule are new, even those that stay
        better = self._better[id(made)] = yield self._task(found)
        self._intern = intern
        self._put(node, made, indices, better)

    def _put(self, node: Node, made: Node, indices: Sequence[int] | None, better: list[Tensor] | None) -> None:
        """Say what takes the place of a call's results, by their indices; None where nothing does."""
        if better is None:
            if made is node:
                self._results[id(node)] = None
                return
            better = [made.output(0)] if len(made.specs) == 1 else list(map(made.output, range(len(made.specs))))
        self._results[id(node)] = better if indices is None else dict(zip(indices, better, strict=True))

    def _made(self, node: Node, args: Any, kwargs: Any, indices: Sequence[int] | None) -> Node:
        """The call on what its arguments have become, giving the results of these indices, or all."""
        new, inputs = self.new, None
        if args is node.args and node.inputs is args:
            args = inputs = tuple([new.get(id(a), a) for a in args])
        elif args is node.args and sum([isinstance(a, Tensor) for a in args]) == len(node.inputs):  # no others inside
            args = tuple([new.get(id(a), a) if isinstance(a, Tensor) else a for a in args])
            inputs = tuple([a for a in args if isinstance(a, Tensor)])
        else:
            args = map_tensors(args, self._replace, self._resize)
            kwargs = map_tensors(kwargs, self._replace, self._resize)
        specs = node.specs
        if indices is not None:
            specs = tuple([self._spec(specs[i]) for i in indices])
        elif len(specs) == 1:
            only = self._spec(specs[0])
            specs = specs if only is specs[0] else (only,)
        else:
            specs = tuple(map(self._spec, specs))
        return Node(node.function, args, kwargs, specs, node.multi_output, (), inputs)

    def _spec(self, old: Spec) -> Spec:
        for size in old.shape or ():
            if isinstance(size, Dim) and (self._resize is not None or not _all_stay(size.tensors, self.new)):
                return Spec(map_tensors(old.shape, self._replace, self._resize), old.dtype)
        return old

    def _replace(self, t: Tensor) -> Tensor:
        return self.new.get(id(t), t)

    def _own(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """The parameters with rewritten bodies in the place of bodies; themselves, where none has changed."""
        for name, value in kwargs.items():
            if isinstance(value, Subgraph) and self._bodies[id(value)] is not value:
                kwargs = {**kwargs, name: self._bodies[id(value)]}
        return kwargs

    def _body(self, body: Subgraph) -> Task:
        """Rewrite a body."""
        self._bodies[id(body)] = body
        self._kept.append(body)
        if self._rule is None and self._shared is None and not self._prune:
            return  # it uses nothing but its own inputs
        inner = Rewriter(
            {id(t): t for t in body.inputs},
            rule=self._rule,
            shared=self._shared,
            intern=self._intern,
            prune=self._prune,
        )
        outputs = yield inner._task(body.outputs)
        self._kept.append(inner)
        if not all(a is b for a, b in zip(outputs, body.outputs, strict=True)):
            self._bodies[id(body)] = Subgraph(body.inputs, outputs)

    def _constant(self, t: Constant) -> Tensor:
        """Small equal constants are one."""
        small = isinstance(t.value, (np.ndarray, np.generic)) and t.value.size <= MAX_SHARED_CONSTANT
        if self._shared is None or not small:
            return t
        found: Tensor = self._shared.setdefault(("constant", t.dtype, t.shape, t.value.tobytes()), t)
        return found

    def _live(self, order: list[Tensor], outputs: list[Tensor]) -> set[int]:
        """The ids of the tensors that the outputs need once calls give no result that nothing reads."""
        live = {id(t) for t in outputs}
        siblings: dict[int, list[Tensor]] = {}  # node -> its tensors, the first in order first
        for t in order:
            if t.node is not None and id(t) not in self.new:
                siblings.setdefault(id(t.node), []).append(t)
        for t in reversed(order):
            node = t.node
            if node is None or siblings.get(id(node), [None])[0] is not t:
                continue
            self._has_bodies |= any(isinstance(v, Subgraph) for v in node.kwargs.values())
            used = {s.index for s in siblings[id(node)] if id(s) in live}
            inputs: Iterable[Tensor] = node.inputs
            rule = getattr(node.function, "prune_rule", None)
            if used and len(used) < len(node.specs) and rule is not None:
                args, kwargs, indices = rule(used, *node.args, **node.kwargs)
                self._pruned[id(node)] = args, kwargs, indices
                inputs = leaves((args, kwargs))
            if used:
                live.update(map(id, inputs))
        return live


def self_contained(
    inputs: Sequence[Tensor], outside: Sequence[Sequence[Any] | None], outputs: Sequence[Tensor], **how: Any
) -> Subgraph:
    """A body with new inputs, whose sizes, and those of all that it computes, read its own inputs alone.

    `outside` has the sizes of what each input stands for. A size that several have is read from the last of them: the
    first, the carries of a loop, may be dropped. A size that depends on anything else becomes unknown: where the body
    is used, that may no longer exist.
    """
    known: dict[Any, Any] = {}
    places: list[Tensor] = []
    for t, sizes in reversed(list(zip(inputs, outside, strict=True))):
        shape = None if sizes is None else [n if isinstance(n, int) else known.get(n.key) for n in sizes]
        place = Placeholder(shape, t.dtype)
        places.insert(0, place)
        for axis, (n, own) in enumerate(zip(sizes, t.sizes, strict=True) if sizes is not None else ()):
            for size in (n, own):
                if isinstance(size, Dim):
                    known.setdefault(size.key, place.sizes[axis])
    swap: dict[int, Tensor] = {id(t): p for t, p in zip(inputs, places, strict=True)}
    rewriter = Rewriter(swap, resize=lambda size: known[size.key] if size.key in known else own_size(size), **how)

    def own_size(size: Dim) -> Any:
        if any(id(t) not in rewriter.new for t in dim_tensors(size)):
            return None
        return map_tensors(size, lambda t: rewriter.new[id(t)])

    return Subgraph(places, rewriter(outputs))


def _all_stay(tensors: Iterable[Tensor], new: Mapping[int, Tensor]) -> bool:
    """Whether nothing takes the place of any of the tensors."""
    for t in tensors:  # noqa: SIM110 - takes half as long as all() of a generator
        if new.get(id(t), t) is not t:
            return False
    return True


def _may_drop(t: Tensor) -> bool:
    """Whether the call that gives t may have results that nothing reads, or a body in which there are such."""
    node = t.node
    if node is None:
        return False
    return len(node.specs) > 1 or (bool(node.kwargs) and any(isinstance(v, Subgraph) for v in node.kwargs.values()))


def _call_key(node: Node) -> Any:
    """A hashable key, equal for equal calls."""
    if node.inputs is node.args:
        return node.function, tuple(map(id, node.args))
    args = tuple([id(a) if isinstance(a, Tensor) else _key(a) for a in node.args])
    return (node.function, args, _key(node.kwargs)) if node.kwargs else (node.function, args)


def _key(value: Any) -> Any:
    """A hashable key, equal for equal arguments; 1, 1.0 and True differ."""
    kind = type(value)
    if kind is tuple:
        return tuple([_key(v) for v in value])
    if kind is int:
        return ("int", value)
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
    return (kind.__name__, value) if isinstance(value, (int, complex, bool)) else id(value)


def is_view(t: Tensor) -> bool:
    """Whether a tensor is another form of the first argument of its call."""
    if t.node is None or not t.node.args or not isinstance(t.node.args[0], Tensor):
        return False
    return t.node.primitive.view
