"""A rewritten graph printed as straight-line Python that calls the bound namespace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays.dtypes import DType
from ..graph.dims import Dim, known, product
from ..graph.tensor import Constant, Placeholder, Subgraph, Tensor
from ..graph.traversal import toposort
from .rewriter import may_alias_leaf
from .schedule import scheduled
from .tiling import blocked

__all__ = ["Printed", "printed"]

FOLDED_AT_MOST = 2**16  # elements of a constant worked out once instead of at each call (256 KB of float32)
FREED_FROM = 2**10  # elements from which a dead value is worth a `del`


class Printed:
    """Source, and what its names stand for: constants in order, composites by name.

    `in_place`: whether dead arrays are written over, `v1 *= 2`.
    """

    def __init__(self, in_place: bool) -> None:
        self.in_place = in_place
        self.source = ""
        self.constants: dict[str, Constant] = {}
        self.composites: dict[str, Any] = {}
        self.bodies: dict[int, str] = {}
        self.chains: list[str] = []  # the bodies that work element by element
        self.counts: dict[str, int] = {}
        self.parts: list[str] = []  # module-level lines before the function


class _Block:
    """The lines of one function, and the names of its tensors."""

    def __init__(self, whole: Printed, fixed: dict[int, str]) -> None:
        self.whole = whole
        self.names: dict[int, str] = {}
        self.fixed = fixed  # constants and folded values, shared by all blocks
        self.lines: list[str] = []
        self.counts: dict[str, int] = {}
        self.spare: dict[int, set[int]] = {}  # by node: the tensors whose memory its result may take

    def name(self, t: Tensor) -> str:
        return self.names.get(id(t)) or self.fixed[id(t)]


def printed(
    inputs: Sequence[Tensor],
    variables: Sequence[Tensor],
    outputs: Sequence[Tensor],
    updates: Sequence[Tensor],
    name: str = "function",
    in_place: bool = True,
) -> Printed:
    """The source of name(*inputs, *variables) -> (outputs, updates), for a graph that has been rewritten."""
    whole = Printed(in_place)
    block = _Block(whole, {})
    for letter, group in (("x", inputs), ("w", variables)):
        for i, t in enumerate(group, 1):
            block.names[id(t)] = f"{letter}{i}"
    parameters = [block.names[id(t)] for t in (*inputs, *variables)]
    order = toposort([*outputs, *updates])
    constant = _folded(order)
    _emit_all(block, [t for t in order if id(t) in constant], folded=True)
    whole.parts += block.lines
    block.lines = []
    _emit_all(block, [t for t in order if id(t) not in constant], keep={id(t) for t in (*outputs, *updates)})
    results = [[_result(block, t) for t in group] for group in (outputs, updates)]
    head = [_described(block, t) for t in (*inputs, *variables)]
    head += [f"# {n}: constant {t.dtype} {t.shape}{_value(t)}" for n, t in whole.constants.items()]
    body = [
        f"def {name}({', '.join(parameters)}):",
        *(f"    {line}" for line in block.lines),
        f"    return {_tuple(results[0])}, {_tuple(results[1])}",
    ]
    whole.source = "\n".join([*head, *whole.parts, "", *body, ""])
    return whole


def _described(block: _Block, t: Tensor) -> str:
    label = "placeholder" if isinstance(t, Placeholder) else "variable"
    return f"# {block.names[id(t)]}: {label} {t._name + ' ' if t._name else ''}{t.dtype} {_shape(t)}"


def _value(t: Constant) -> str:
    return f" = {t.value.item()!r}" if t.shape == () and hasattr(t.value, "item") else ""


def _shape(t: Tensor) -> str:
    return "(...)" if t.spec.shape is None else str(t.shape)


def _result(block: _Block, t: Tensor) -> str:
    name = block.name(t)
    return f"xp.asarray({name}, copy=True)" if may_alias_leaf(t) or id(t) in block.fixed else name


def _tuple(items: Sequence[str]) -> str:
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def _folded(order: Sequence[Tensor]) -> set[int]:
    """The ids of the calls whose arguments are all constant, and whose results are small."""
    found: set[int] = set()
    for t in order:
        if isinstance(t, Constant):
            found.add(id(t))
        elif t.node is not None and all(id(i) in found for i in t.node.inputs) and t.node.primitive.pure:
            total = None if t.spec.shape is None or None in t.spec.shape else known(product(t.spec.shape))
            if total is not None and total <= FOLDED_AT_MOST:
                found.add(id(t))
    return found


def _emit_all(
    block: _Block,
    order: Sequence[Tensor],
    keep: set[int] = frozenset(),  # type: ignore[assignment]
    folded: bool = False,
) -> None:
    """One line a call; `del` after the last use of what is large."""
    order = order if folded else scheduled(order, keep)
    last: dict[int, Any] = {}
    for node in dict.fromkeys(t.node for t in order):  # a call stands where the first of its results does
        if node is not None:
            last.update((id(i), node) for i in node.inputs)
    dying: dict[int, list[Tensor]] = {}  # node -> the tensors it is the last to use
    for t in order:
        if id(t) in last and t.node is not None and id(t) not in keep and _large(t):
            dying.setdefault(id(last[id(t)]), []).append(t)
    if block.whole.in_place and not folded:
        shown = _shown(order)
        block.spare = {node: {id(t) for t in dead if _owns(t) and id(t) not in shown} for node, dead in dying.items()}
    done: set[int] = set()
    for t in order:
        if isinstance(t, Constant):
            if id(t) not in block.fixed:
                block.fixed[id(t)] = name = f"c{len(block.whole.constants) + 1}"
                block.whole.constants[name] = t
            continue
        if t.node is None or id(t.node) in done:
            continue
        done.add(id(t.node))
        line = _overwriting(block, t) or _line(block, t, order, folded)
        if not folded:
            dead = [block.names[id(d)] for d in dying.get(id(t.node), ()) if id(d) in block.names]
            dead = [name for name in dead if name != block.names[id(t)]]
            line += f"; del {', '.join(dead)}" if dead else ""
        block.lines.append(f"{line}  # {', '.join(f'{s.dtype} {_shape(Tensor(None, 0, s))}' for s in t.node.specs)}")


def _large(t: Tensor) -> bool:
    total = None if t.spec.shape is None or None in t.spec.shape else known(product(t.spec.shape))
    return total is None or total >= FREED_FROM


def _owns(t: Tensor) -> bool:
    """Whether the memory of a result is its own: of elementwise calls, of products and reductions."""
    return t.node is not None and t.node.primitive.fresh


def _shown(order: Sequence[Tensor]) -> set[int]:
    """The ids of the tensors that some call may show again in its result: all but those known to read only."""
    nodes = {id(t.node): t for t in order if t.node is not None}
    return {id(i) for t in nodes.values() if not _owns(t) for i in t.node.inputs}  # type: ignore[union-attr]


def _overwriting(block: _Block, t: Tensor) -> str | None:
    """`v1 *= v2` where v1 dies of it and its memory fits the result; None where it does not."""
    node = t.node
    assert node is not None
    spare = block.spare.get(id(node))
    if not spare or not node.primitive.augmented or None in (node.specs[0].shape or (None,)):
        return None
    for x, y in (node.args, node.args[::-1])[: 2 if node.primitive.commutative else 1]:
        if _fits(x, y, node, spare):
            block.names[id(t)] = name = block.names[id(x)]
            return f"{name} {node.primitive.sign}= {_text(block, y)}"
    return None


def _fits(x: Any, other: Any, node: Any, spare: set[int]) -> bool:
    """Whether x may be written over with the result: of its shape and dtype, and not widened by the other operand."""
    if not isinstance(x, Tensor) or id(x) not in spare or x.spec != node.specs[0]:
        return False
    if not isinstance(other, Tensor):
        return True
    sizes = other.sizes
    return (
        other.dtype == x.dtype
        and len(sizes) <= x.ndim
        and all(
            n == m or (isinstance(n, int) and n == 1) for n, m in zip(reversed(sizes), reversed(x.sizes), strict=False)
        )
    )


def _line(block: _Block, t: Tensor, order: Sequence[Tensor], folded: bool) -> str:
    node = t.node
    assert node is not None
    call = _call(block, node)
    if not node.multi_output:
        return f"{_new_name(block, t, folded)} = {call}"
    used = {other.index: other for other in order if other.node is node}
    targets = [_new_name(block, used[i], folded) if i in used else "_" for i in range(len(node.specs))]
    return f"{', '.join(targets)}{',' if len(targets) == 1 else ''} = {call}"


def _new_name(block: _Block, t: Tensor, folded: bool) -> str:
    names = block.fixed if folded else block.names
    prefix = "k" if folded else "v"
    counts = block.whole.counts if folded else block.counts
    counts[prefix] = counts.get(prefix, 0) + 1
    names[id(t)] = f"{prefix}{counts[prefix]}"
    return names[id(t)]


def _call(block: _Block, node: Any) -> str:
    function, args = node.function, node.args
    if not isinstance(function, str):
        block.whole.composites[function.__name__] = function
        call = f"{function.__name__}({_arguments(block, args, node.kwargs)})"
        if function is blocked:
            block.whole.chains.append(block.whole.bodies[id(node.kwargs["body"])])
        return call
    if node.primitive.sign:
        return f"{_operand(block, args[0])} {node.primitive.sign} {_operand(block, args[1])}"
    if function == "matmul":
        return f"{_text(block, args[0])} @ {_text(block, args[1])}"
    if function == "negative":
        return f"-{_text(block, args[0])}"
    if function == "getitem":
        return f"{_text(block, args[0])}[{_key(block, *args)}]"
    if function == "asarray":
        items = args[0]
        value = f"[{', '.join(_text(block, v) for v in items)}]" if isinstance(items, tuple) else _text(block, items)
        return f"xp.asarray({value}, dtype=xp.{node.kwargs['dtype']}, device=device)"
    device = ", device=device" if node.primitive.takes_device else ""
    return f"xp.{function}({_arguments(block, args, node.kwargs)}{device})"


def _arguments(block: _Block, args: Sequence[Any], kwargs: dict[str, Any]) -> str:
    return ", ".join([*(_text(block, a) for a in args), *(f"{k}={_text(block, v)}" for k, v in kwargs.items())])


def _text(block: _Block, value: Any) -> str:
    if isinstance(value, Tensor):
        return block.name(value)
    if isinstance(value, Dim):
        return value.source(block.name)
    if isinstance(value, DType):
        return f"xp.{value}"
    if isinstance(value, (tuple, list)):
        return _tuple([_text(block, v) for v in value])
    if isinstance(value, Subgraph):
        return _body(block, value)
    return repr(value.item() if isinstance(value, np.generic) else value)  # repr gives 'np.float64(0.5)' otherwise


def _operand(block: _Block, value: Any) -> str:
    text = _text(block, value)
    return f"({text})" if text.startswith("-") else text


def _body(block: _Block, body: Subgraph) -> str:
    """Print a loop's body as a function of its own, before the one that calls it; its name."""
    whole = block.whole
    if id(body) not in whole.bodies:
        whole.bodies[id(body)] = name = f"body_{len(whole.bodies) + 1}"
        inner = _Block(whole, block.fixed)
        for i, t in enumerate(body.inputs, 1):
            inner.names[id(t)] = f"x{i}"
        order = toposort(body.outputs, stop=lambda t: id(t) in inner.names)
        constant = _folded(order)
        _emit_all(inner, [t for t in order if id(t) in constant and id(t) not in block.fixed], folded=True)
        whole.parts += inner.lines
        inner.lines = []
        _emit_all(inner, [t for t in order if id(t) not in constant], keep={id(t) for t in body.outputs})
        whole.parts += [
            "",
            f"def {name}({', '.join(inner.names[id(t)] for t in body.inputs)}):",
            *(f"    {line}" for line in inner.lines),
            f"    return {_tuple([inner.name(t) for t in body.outputs])}",
            "",
        ]
    return whole.bodies[id(body)]


def _key(block: _Block, x: Tensor, key: tuple[Any, ...]) -> str:
    sizes = iter(x.sizes)
    return ", ".join("None" if k is None else _slice(block.name, k, next(sizes)) for k in key)


def _slice(name: Callable[[Tensor], str], key: Any, size: Any) -> str:
    """A slice as a person writes it; bounds stay within 0 to n, since the standard leaves others open."""
    if not isinstance(key, slice):
        return _bound(name, key)
    start = "" if _is(key.start, 0) else _bound(name, key.start)
    end = key.stop
    if isinstance(end, Dim) and end.function == "max" and _is(end.arguments[0], key.start):
        end = end.arguments[1]  # nothing is taken where stop lies before start
    stop = "" if _is(end, size) else _bound(name, end)
    return f"{start}:{stop}" + ("" if key.step == 1 else f":{key.step}")


def _is(a: Any, b: Any) -> bool:
    return type(a) is type(b) and a == b


def _bound(name: Callable[[Tensor], str], bound: Any) -> str:
    return bound.source(name) if isinstance(bound, Dim) else str(bound)
