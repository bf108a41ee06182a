"""Calls that a graph does without: each rule gives the same result, to the bit, by fewer or smaller calls."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from ..arrays import namespaces
from ..graph.tensor import Node, Tensor

__all__ = ["joined", "simplified", "tidied"]


def simplified(node: Node) -> list[Tensor] | None:
    """The results of a call by fewer or smaller calls, or None."""
    found = tidied(node) if isinstance(node.function, str) else None
    return None if found is None else [found]


def tidied(node: Node) -> Tensor | None:
    """What a call of a function of the standard can be replaced by, or None."""
    found = RULES[node.function](*node.args, **node.kwargs) if node.function in RULES else None
    if found is None and node.primitive.elementwise:
        return _unbroadcast(node)
    return found


def joined(parts: Any, axis: int) -> Tensor:
    """concat of the parts; where they are the stretches of one array, in order and without gaps, that array."""
    return _concat(tuple(parts), axis=axis) or namespaces.recorder.concat(parts, axis=axis)


def _made_by(function: str, x: Any) -> tuple[Any, ...]:
    """The arguments of the call that x is the result of, where it is one of that function; else none."""
    return x.node.args if isinstance(x, Tensor) and x.node is not None and x.node.function == function else ()


def _unbroadcast(node: Node) -> Tensor | None:
    """An operand need not be repeated beside another that has the whole shape."""
    if not any(_made_by("broadcast_to", a) for a in node.args):
        return None
    shape = node.specs[0].shape
    whole = [a for a in node.args if isinstance(a, Tensor) and a.spec.shape is not None and a.sizes == shape]
    repeated = {id(a) for a in whole if _made_by("broadcast_to", a)}
    if not repeated or len(repeated) == len({id(a) for a in whole}):
        return None
    args = [_made_by("broadcast_to", a)[0] if id(a) in repeated else a for a in node.args]
    return getattr(namespaces.recorder, node.function)(*args, **node.kwargs)


def _one(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == 1


def _add(x: Any, y: Any) -> Tensor | None:
    for a, b in ((x, y), (y, x)):
        if negated := _made_by("negative", b):
            return namespaces.recorder.subtract(a, negated[0])
    return None


def _subtract(x: Any, y: Any) -> Tensor | None:
    negated = _made_by("negative", y)
    return namespaces.recorder.add(x, negated[0]) if negated else None


def _multiply(x: Any, y: Any) -> Tensor | None:
    return x if _one(y) else y if _one(x) else None


def _quotient(x: Any, y: Any) -> Tensor | None:
    return x if _one(y) else None


def _where(condition: Tensor, x: Tensor, y: Tensor) -> Tensor | None:
    opposite = _made_by("bitwise_invert", condition) or _made_by("logical_not", condition)
    return namespaces.recorder.where(opposite[0], y, x) if opposite else None


def _reshape(x: Tensor, shape: Any, **how: Any) -> Tensor | None:
    if tuple(shape) == x.sizes:
        return x
    before = _made_by("reshape", x)
    return namespaces.recorder.reshape(before[0], shape, **how) if before and -1 not in shape else None


def _permute_dims(x: Tensor, axes: Any) -> Tensor | None:
    if tuple(axes) == tuple(range(x.ndim)):
        return x
    before = _made_by("permute_dims", x)
    return namespaces.recorder.permute_dims(before[0], tuple(before[1][a] for a in axes)) if before else None


def _squeeze(x: Tensor, axis: Any) -> Tensor | None:
    """A reduction that keeps the axes only for them to be dropped."""
    made = x.node
    if made is None or not made.primitive.reduction:
        return None
    how = dict(made.kwargs)
    if not how.pop("keepdims", False) or _axes(how.get("axis"), x.ndim) != _axes(axis, x.ndim):
        return None
    return operator.attrgetter(made.function)(namespaces.recorder)(made.args[0], **how)


def _axes(axis: Any, ndim: int) -> set[int]:
    if axis is None:
        return set(range(ndim))
    return {a % ndim for a in (axis if isinstance(axis, (tuple, list)) else (axis,))}


def _concat(arrays: Any, *, axis: int = 0) -> Tensor | None:
    """Stretches of one array, in order and without gaps."""
    keys = [_made_by("getitem", x) for x in arrays]
    if () in keys or any(key[0] is not keys[0][0] for key in keys):
        return None
    whole = keys[0][0]
    if whole.ndim != arrays[0].ndim:
        return None
    end: Any = 0
    for _, key in keys:
        for i, (k, n) in enumerate(zip(key, whole.sizes, strict=False)):
            if (
                not isinstance(k, slice)
                or k.step != 1
                or (k.start != (end if i == axis else 0))
                or (i != axis and k.stop != n)
            ):
                return None
        end = key[axis].stop
    return whole if len(keys[0][1]) == whole.ndim and end == whole.sizes[axis] else None


def _undone(function: str) -> Callable[..., Tensor | None]:
    def rule(x: Tensor) -> Tensor | None:
        before = _made_by(function, x)
        return before[0] if before else None

    return rule


RULES: dict[Any, Callable[..., Tensor | None]] = {
    "add": _add,
    "identity": lambda x: x,
    "concat": _concat,
    "divide": _quotient,
    "matrix_transpose": _undone("matrix_transpose"),
    "multiply": _multiply,
    "negative": _undone("negative"),
    "permute_dims": _permute_dims,
    "pow": _quotient,
    "reshape": _reshape,
    "squeeze": _squeeze,
    "subtract": _subtract,
    "where": _where,
}
