"""Algebraic simplification: each rule gives the same result, to the bit, by fewer or smaller calls."""

from __future__ import annotations

import operator
from collections.abc import Collection, Sequence
from typing import Any

from ..arrays import namespaces
from ..graph.composite import COMPOSITES
from ..graph.patterns import AnyCall, Functions, Rules, Variable, rule
from ..graph.primitives import PRIMITIVES
from ..graph.tensor import Node, Tensor

__all__ = ["SIMPLIFY_RULES", "join", "simplified", "simplify"]


def simplify(node: Node, without: Collection[str] = ()) -> Tensor | None:
    """The tensor that can replace a call, by the rules not in `without`; else None."""
    found = SIMPLIFY_RULES.find(node, without)
    return None if found is None else found[1]


def simplified(node: Node) -> list[Tensor] | None:
    """The results that replace those of a call, in the form that the rewriter takes."""
    found = simplify(node)
    return None if found is None else [found]


def join(parts: Sequence[Tensor], axis: int) -> Tensor:
    """concat of the parts; where they are the slices of one array, in order and without gaps, that array."""
    whole = _whole(parts, axis)
    return namespaces.recorder.concat(parts, axis=axis) if whole is None else whole


def _opened(x: Any) -> tuple[Any, tuple[Any, ...], dict[str, Any]] | None:
    node = x.node if isinstance(x, Tensor) else x
    return (node.function, node.args, node.kwargs) if isinstance(node, Node) else None


def _arguments(function: str, x: Any) -> tuple[Any, ...]:
    """The arguments of the call that x is the result of, where it is one of that function; else none."""
    return x.node.args if isinstance(x, Tensor) and x.node is not None and x.node.function == function else ()


def _is_elementwise(function: Any) -> bool:
    return isinstance(function, str) and PRIMITIVES[function].elementwise


def _is_one(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == 1


def _unbroadcast(call: Node) -> Tensor | None:
    """An operand need not be repeated beside another that has the whole shape."""
    for a in call.args:
        if isinstance(a, Tensor) and a.node is not None and a.node.function == "broadcast_to":
            break
    else:
        return None
    shape = call.specs[0].shape
    whole = [a for a in call.args if isinstance(a, Tensor) and a.spec.shape is not None and a.sizes == shape]
    repeated = {id(a) for a in whole if _arguments("broadcast_to", a)}
    if not repeated or len(repeated) == len({id(a) for a in whole}):
        return None
    args = [_arguments("broadcast_to", a)[0] if id(a) in repeated else a for a in call.args]
    return getattr(namespaces.recorder, call.function)(*args, **call.kwargs)


def _reduced(x: Any, axis: Any) -> Tensor | None:
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


def _whole(parts: Sequence[Tensor], axis: int) -> Tensor | None:
    """The array that the parts are slices of, in order along the axis, without gaps and from end to end."""
    keys = [_arguments("getitem", x) for x in parts]
    if () in keys or any(key[0] is not keys[0][0] for key in keys):
        return None
    whole = keys[0][0]
    if whole.ndim != parts[0].ndim or len(keys[0][1]) != whole.ndim:
        return None
    end: Any = 0
    for _, key in keys:
        if not all(
            isinstance(k, slice) and k.step == 1 and k.start == (end if i == axis else 0) and (i == axis or k.stop == n)
            for i, (k, n) in enumerate(zip(key, whole.sizes, strict=False))
        ):
            return None
        end = key[axis].stop
    return whole if end == whole.sizes[axis] else None


def _is_composite(function: Any, name: str) -> bool:
    return not isinstance(function, str) and function is COMPOSITES.get(name)


def _masked_first(call: Node) -> Tensor | None:
    """The gradient of a rectifier, pooled: masks the cotangents of the windows, which are fewer than the elements.

    A window's largest element is masked as the window is. Where it is NaN, pooling leaves open which element gets the
    cotangent, and that element is not masked.
    """
    out, gradient = call.args[1], call.args[0].node
    if gradient is None or not _is_composite(gradient.function, "max_pool_gradient"):
        return None
    given, x, kept = (*gradient.args, None)[:3]
    pool = None if kept is None else kept.node
    if x is not out or pool is None or not _is_composite(pool.function, "max_pool"):
        return None
    if pool.args[0] is not x or pool.kwargs != {**gradient.kwargs, "residuals": True}:
        return None
    found: Tensor = gradient.function(call.function(given, pool.output(0)), x, kept, **gradient.kwargs)
    return found


_x, _y, _c, _f = Variable("x"), Variable("y"), Variable("c"), Functions()
_one, _axis, _shape = Variable("one", _is_one), Variable("axis"), Variable("shape")
_first, _second, _any = Variable("first"), Variable("second"), Variable("_")

SIMPLIFY_RULES = Rules(
    rule("plus a negative", _f.add(_x, _f.negative(_y)), _f.subtract(_x, _y)),
    rule("negative plus", _f.add(_f.negative(_x), _y), _f.subtract(_y, _x)),
    rule("minus a negative", _f.subtract(_x, _f.negative(_y)), _f.add(_x, _y)),
    rule("identity", _f.identity(_x), _x),
    rule("double negative", _f.negative(_f.negative(_x)), _x),
    rule("times one", _f.multiply(_x, _one), _x),
    rule("one times", _f.multiply(_one, _x), _x),
    rule("divided by one", _f.divide(_x, _one), _x),
    rule("to the power of one", _f.pow(_x, _one), _x),
    rule("where inverted", _f.where(_f.bitwise_invert(_c), _x, _y), _f.where(_c, _y, _x)),
    rule("where not", _f.where(_f.logical_not(_c), _x, _y), _f.where(_c, _y, _x)),
    rule("transposed twice", _f.matrix_transpose(_f.matrix_transpose(_x)), _x),
    rule(
        "axes permuted to where they are",
        _f.permute_dims(_x, _axis),
        _x,
        when=lambda x, axis: tuple(axis) == tuple(range(x.ndim)),
    ),
    rule(
        "axes permuted twice",
        _f.permute_dims(_f.permute_dims(_x, _first), _second),
        lambda x, first, second: namespaces.recorder.permute_dims(x, tuple(first[axis] for axis in second)),
    ),
    rule("reshaped to the same shape", _f.reshape(_x, _shape), _x, when=lambda x, shape: tuple(shape) == x.sizes),
    rule(
        "reshaped twice",
        _f.reshape(_f.reshape(_x, _any), _shape),
        _f.reshape(_x, _shape),
        when=lambda x, shape: -1 not in shape,
    ),
    rule("kept axes dropped", _f.squeeze(_x, _axis), _reduced),
    rule(
        "slices concatenated again",
        AnyCall(lambda function: function == "concat"),
        lambda call: _whole(call.args[0], call.kwargs["axis"]),
    ),
    rule("pooled before masked", AnyCall(lambda function: _is_composite(function, "relu_gradient")), _masked_first),
    rule("operand repeated for nothing", AnyCall(_is_elementwise), _unbroadcast),
    opened=_opened,
    make=lambda function, *arguments: getattr(namespaces.recorder, function)(*arguments),
)
