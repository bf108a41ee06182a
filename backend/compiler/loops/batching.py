"""Batching rules: evaluate a loop body for all iterations at once by a leading time axis on every call (vmap)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...arrays import namespaces
from ...graph.dims import Dim
from ...graph.primitives import PRIMITIVES
from ...graph.recording import tensor
from ...graph.tensor import Constant, Placeholder, Tensor, map_tensors

__all__ = ["Batched", "NotBatchable"]


class NotBatchable(Exception):  # noqa: N818 - an answer, not an error
    """A call that cannot, or should not, run for all iterations at once."""


class Batched:
    """The batched form of a loop body's tensors, outside of the loop.

    `stacked` maps the id of a tensor to one with a leading axis of `length` iterations; `same` maps the id of an
    invariant tensor to its value, which all iterations share.
    """

    def __init__(self, length: Any, stacked: dict[int, Tensor], same: dict[int, Tensor]) -> None:
        self.length = length
        self.stacked = stacked
        self.same = same
        self.xp = namespaces.recorder

    def copy(self) -> Batched:
        """A copy on which calls can be tried."""
        return Batched(self.length, dict(self.stacked), dict(self.same))

    def stack_placeholder(self, t: Tensor) -> None:
        """Use a placeholder for a tensor that the loop will stack."""
        self.stacked[id(t)] = Placeholder((self.length, *t.shape), t.dtype)

    def __contains__(self, t: Tensor) -> bool:
        return id(t) in self.stacked or id(t) in self.same or isinstance(t, Constant)

    def lift(self, t: Tensor) -> None:
        """Batch a call whose inputs are batched; NotBatchable where there is no rule for it."""
        node = t.node
        if node is None or node.multi_output or not all(i in self for i in node.inputs):
            raise NotBatchable
        if not isinstance(node.function, str) and node.primitive.elementwise:
            found = self.stacked if any(id(i) in self.stacked for i in node.inputs) else self.same
            found[id(t)] = node.function(*(self.aligned(a, t.ndim) for a in node.args))
        elif node.primitive.creation or not any(id(i) in self.stacked for i in node.inputs):
            self.same[id(t)] = self._once(node)
        elif node.primitive.elementwise:
            self.stacked[id(t)] = self._elementwise(node, t.ndim)
        elif node.primitive.product is not None and node.primitive.product.batch:
            self.stacked[id(t)] = self._batch(node)
        elif node.function in BATCHING_RULES:
            self.stacked[id(t)] = BATCHING_RULES[node.function](self, *node.args, **node.kwargs)
        else:
            raise NotBatchable

    def whole(self, t: Tensor) -> Tensor:
        """The batched form with its time axis; an invariant is repeated along it."""
        if id(t) in self.stacked:
            return self.stacked[id(t)]
        outer = self.invariant(t)
        return self.xp.broadcast_to(outer, (self.length, *outer.sizes))

    def invariant(self, t: Tensor) -> Tensor:
        """The value of a tensor that all iterations share; a constant is its own."""
        return t if isinstance(t, Constant) else self.same[id(t)]

    def own(self, t: Tensor) -> Tensor:
        """The stacked form; NotBatchable where all iterations share t, and only a size in the call is of one's own."""
        if id(t) not in self.stacked:
            raise NotBatchable
        return self.stacked[id(t)]

    def size(self, size: Any) -> Any:
        """A size of the body in terms of tensors outside."""
        return size.replace(self._leaf) if isinstance(size, Dim) else size

    def _leaf(self, leaf: Dim) -> Any:
        t = leaf.arguments[0]
        if leaf.function == "size" and id(t) in self.stacked:
            return self.stacked[id(t)].sizes[leaf.arguments[1] + 1]
        if id(t) in self.same:
            return (
                self.same[id(t)].sizes[leaf.arguments[1]] if leaf.function == "size" else Dim("item", self.same[id(t)])
            )
        raise NotBatchable

    def sizes(self, shape: Any) -> tuple[Any, ...]:
        return tuple(map(self.size, shape))

    def _once(self, node: Any) -> Tensor:
        if not isinstance(node.function, str):
            raise NotBatchable
        args, kwargs = map_tensors((node.args, node.kwargs), self.invariant, self.size)
        return _function(self.xp, node.function)(*args, **kwargs)

    def _elementwise(self, node: Any, ndim: int) -> Tensor:
        args = [self.aligned(a, ndim) if isinstance(a, Tensor) else self.size(a) for a in node.args]
        return getattr(self.xp, node.function)(*args, **node.kwargs)

    def _batch(self, node: Any) -> Tensor:
        """A call on batches with one batch of all iterations."""
        x, *others = node.args
        if not all(id(other) in self.same or isinstance(other, Constant) for other in others):
            raise NotBatchable
        rows = self.own(x)
        (kwargs,) = map_tensors((node.kwargs,), tensor, self.size)
        result = node.function(self.merged(rows), *map(self.invariant, others), **kwargs)
        return self.xp.reshape(result, (*rows.sizes[:2], *result.sizes[1:]))

    def merged(self, x: Tensor) -> Tensor:
        """The batches of all iterations as one batch."""
        return self.xp.reshape(x, (x.sizes[0] * x.sizes[1], *x.sizes[2:]))

    def aligned(self, t: Tensor, ndim: int) -> Tensor:
        """The batched form of an operand, its time axis before all axes of a result of `ndim` dimensions."""
        if id(t) not in self.stacked:
            return self.invariant(t)
        outer = self.stacked[id(t)]
        missing = ndim + 1 - outer.ndim
        if not missing:
            return outer
        return self.xp.reshape(outer, (outer.sizes[0], *(1,) * missing, *outer.sizes[1:]))


def _function(xp: Any, name: str) -> Callable[..., Any]:
    for part in name.split("."):
        xp = getattr(xp, part)
    return xp


# ---- functions of the standard that are not elementwise; axes are those that were recorded, so counted from the front


def _axes(axis: Any, ndim: int) -> Any:
    if axis is None:
        return tuple(range(1, ndim + 1))
    return tuple(_axes(a, ndim) for a in axis) if isinstance(axis, (tuple, list)) else axis % ndim + 1


def _reduction(name: str) -> Callable[..., Tensor]:
    def lifted(on: Batched, x: Tensor, *, axis: Any = None, **how: Any) -> Tensor:
        if axis is None and not x.ndim:
            raise NotBatchable
        return _function(on.xp, name)(on.own(x), axis=_axes(axis, x.ndim), **how)

    return lifted


def _matmul(on: Batched, x: Tensor, y: Tensor) -> Tensor:
    xp = on.xp
    if x.ndim < 2 or y.ndim < 2:
        raise NotBatchable
    if id(y) in on.stacked or y.ndim > 2:
        ndim = max(x.ndim, y.ndim)
        return xp.matmul(on.aligned(x, ndim), on.aligned(y, ndim))
    rows, matrix = on.own(x), on.invariant(y)  # one product of many rows instead of one per iteration
    product = xp.matmul(xp.reshape(rows, (-1, rows.sizes[-1])), matrix)
    return xp.reshape(product, (*rows.sizes[:-1], matrix.sizes[-1]))


def _getitem(on: Batched, x: Tensor, key: Any) -> Tensor:
    sizes = iter(x.sizes)
    within = [
        k if k is None else slice(None) if k == slice(0, n, 1) else k
        for k in key
        for n in (None if k is None else next(sizes),)
    ]
    return on.xp.getitem(on.own(x), (slice(None), *map_tensors(within, tensor, on.size)))


def _broadcast_to(on: Batched, x: Tensor, shape: Any) -> Tensor:
    return on.xp.broadcast_to(on.aligned(x, len(shape)), (on.length, *on.sizes(shape)))


def _reshape(on: Batched, x: Tensor, shape: Any, *, copy: Any = None) -> Tensor:
    return on.xp.reshape(on.own(x), (on.length, *on.sizes(shape)))


def _concat(on: Batched, arrays: Any, *, axis: Any = 0) -> Tensor:
    if axis is None:
        raise NotBatchable
    return on.xp.concat([on.whole(x) for x in arrays], axis=axis % arrays[0].ndim + 1)


def _stack(on: Batched, arrays: Any, *, axis: int = 0) -> Tensor:
    return on.xp.stack([on.whole(tensor(x)) for x in arrays], axis=axis % (arrays[0].ndim + 1) + 1)


BATCHING_RULES: dict[str, Callable[..., Tensor]] = {
    **{name: _reduction(name) for name, row in PRIMITIVES.items() if row.reduction},
    "broadcast_to": _broadcast_to,
    "concat": _concat,
    "expand_dims": lambda on, x, axis=0: on.xp.expand_dims(on.own(x), axis=axis % (x.ndim + 1) + 1),
    "flip": lambda on, x, axis=None: on.xp.flip(on.own(x), axis=_axes(axis, x.ndim)),
    "getitem": _getitem,
    "matmul": _matmul,
    "matrix_transpose": lambda on, x: on.xp.matrix_transpose(on.own(x)),
    "permute_dims": lambda on, x, axes: on.xp.permute_dims(on.own(x), (0, *_axes(tuple(axes), x.ndim))),
    "reshape": _reshape,
    "squeeze": lambda on, x, axis: on.xp.squeeze(on.own(x), _axes(axis, x.ndim)),
    "stack": _stack,
}
