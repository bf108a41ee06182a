"""Whether a program keeps the rows of its inputs apart, so that it can run on parts of a batch: which axis has them.

A tensor has its rows along an axis if the parts of the batch give parts of it that are joined along this axis, in
order: f(concat(a, b)) is concat(f(a), f(b)). Each row may be several elements there, as after a reshape of
(n, 5) to (n * 5,). What all rows share depends on none of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from ..graph.dims import Dim
from ..graph.tensor import Node, Placeholder, Subgraph, Tensor
from ..graph.traversal import toposort

__all__ = ["RowAxis", "RowsMixed", "row_axes"]


class RowAxis(NamedTuple):
    """The axis that has the rows of a tensor, and how many elements each is there."""

    axis: int
    each: Any = 1


State = RowAxis | None  # None for what all rows share


class RowsMixed(Exception):  # noqa: N818 - an answer, not an error
    """The rows meet in a call, or no rule says that they do not; it says which call."""


def row_axes(inputs: Iterable[Tensor], outputs: Sequence[Tensor]) -> list[RowAxis | None]:
    """Where the outputs have the rows that the inputs have along axis 0; None for what all rows share."""
    found = _Rows(inputs)
    found.visit(outputs)
    return [found.known[id(t)] for t in outputs]


class _Rows:
    """What is known of the tensors of a graph, by id."""

    def __init__(self, inputs: Iterable[Tensor]) -> None:
        self.known: dict[int, State] = {id(t): RowAxis(0) for t in inputs}
        self.kept: list[Any] = []  # what was recorded to find out: no id may be used again
        self.count: Any = Dim("size", Placeholder((None,), "float32"), 0)  # of rows

    def visit(self, roots: Iterable[Tensor]) -> None:
        for t in toposort(roots, lambda t: id(t) in self.known):
            if id(t) in self.known:
                continue
            if t.node is None:
                self.known[id(t)] = None
                continue
            states = self._call(t.node)
            if isinstance(states, list) and t.index >= len(states):
                raise RowsMixed(f"no rule says where result {t.index} of {t.node.primitive.name} has the rows")
            self.known[id(t)] = states[t.index] if isinstance(states, list) else states

    # ---- sizes

    def size(self, size: Any) -> Any:
        """A size in terms of the number of rows."""
        return size.replace(self._leaf) if isinstance(size, Dim) else size

    def _leaf(self, leaf: Dim) -> Any:
        state = self.known.get(id(leaf.arguments[0]))
        if leaf.function == "size" and state is not None and state.axis == leaf.arguments[1]:
            return self.count * state.each
        if leaf.function == "item" and state is not None:
            raise RowsMixed("a size is read from the rows")
        return leaf

    def counts(self, size: Any) -> bool:
        """Whether a size depends on the number of rows."""
        found = self.size(size)
        return isinstance(found, Dim) and any(t is self.count.arguments[0] for t in found.tensors)

    def each(self, size: Any) -> Any:
        """How many elements a row has along an axis of this size; None where it has not a whole number of them."""
        found = self.size(size)
        each = found // self.count
        return each if self.counts(found) and _same(each * self.count, found) else None

    def among(self, shape: Sequence[Any]) -> State:
        """Where a new array of this shape, all of whose elements are equal, has the rows."""
        axes = [axis for axis, n in enumerate(shape) if self.counts(n)]
        if not axes:
            return None
        each = self.each(shape[axes[0]])
        if len(axes) > 1 or each is None:
            raise RowsMixed
        return RowAxis(axes[0], each)

    # ---- calls

    def _call(self, node: Node) -> Any:
        """The state of the results: one for all of them, or a list."""
        name = node.primitive.name
        try:
            arrays = _arrays(node.args)
            states = [self.known[id(a)] for a in arrays]
            rule = RULES.get(name)
            if name not in SIZED and any(map(self.counts, _dims((node.args, node.kwargs)))):
                raise RowsMixed
            if rule is not None and (any(states) or name in SIZED):
                return rule(self, node, *node.args, **node.kwargs)
            if not any(states):
                return None
            if node.primitive.elementwise:
                return self.aligned(arrays, node.specs[0].shape)
            if node.primitive.reduction:
                return _reduced(self, node, *node.args, **node.kwargs)
            if node.primitive.product is not None and node.primitive.product.batch:
                return self._first_alone(states, 0)
            if not isinstance(node.function, str):
                return self._defined(node)
        except RowsMixed as mixed:
            raise mixed if mixed.args else RowsMixed(f"{name} computes with several rows at once") from None
        raise RowsMixed(f"no rule says that {name} keeps rows apart")

    def _first_alone(self, states: list[State], axis: int) -> State:
        """The state of the first argument, along `axis`; the others are shared."""
        if states[0] is None or any(states[1:]) or states[0] != RowAxis(axis):
            raise RowsMixed
        return states[0]

    def _defined(self, node: Node) -> Any:
        """What the definition of a composite does with the rows."""
        try:
            results = node.function.definition(*node.args, **node.kwargs)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise RowsMixed(f"no rule says that {node.primitive.name} keeps rows apart") from error
        results = list(results) if isinstance(results, (tuple, list)) else [results]
        self.kept.append(results)
        self.visit(results)
        return [self.known[id(t)] for t in results]

    def aligned(self, arrays: Sequence[Tensor], shape: Any) -> State:
        """The state of a result of this shape that the arrays broadcast to."""
        if shape is None:
            raise RowsMixed("a tensor of unknown rank cannot be followed")
        found: State = None
        for a in arrays:
            state = self.known[id(a)]
            if state is not None:
                moved = RowAxis(state.axis + len(shape) - a.ndim, state.each)
                if found is not None and not (moved.axis == found.axis and _same(moved.each, found.each)):
                    raise RowsMixed
                found = moved
        if found is not None:
            for a in arrays:
                axis = found.axis - len(shape) + a.ndim
                if self.known[id(a)] is None and axis >= 0 and a.sizes[axis] != 1:
                    raise RowsMixed  # not one of these elements for all rows, but one for each
        return found

    def body(self, body: Subgraph, states: Sequence[State]) -> list[State]:
        """The states of a body's results, for those of its inputs."""
        for t in toposort(body.outputs):
            self.known.pop(id(t), None)
        self.known.update((id(p), state) for p, state in zip(body.inputs, states, strict=True))
        self.visit(body.outputs)
        return [self.known[id(t)] for t in body.outputs]

    def apart_from(self, x: Tensor, axes: Any) -> RowAxis:
        """Where x has its rows, which is none of these axes."""
        state = self.known[id(x)]
        if state is None or axes is None or state.axis in _axes(axes, x.ndim):
            raise RowsMixed
        return state


def _same(m: Any, n: Any) -> bool:
    return m is n or (isinstance(m, int) and isinstance(n, int) and m == n)


def _arrays(values: Any) -> list[Tensor]:
    """The tensors among values and in tuples of them, without those that sizes are read from."""
    if isinstance(values, (tuple, list)):
        return [t for v in values for t in _arrays(v)]
    return [values] if isinstance(values, Tensor) else []


def _dims(values: Any) -> list[Dim]:
    if isinstance(values, (tuple, list)):
        return [d for v in values for d in _dims(v)]
    if isinstance(values, dict):
        return _dims(tuple(values.values()))
    if isinstance(values, slice):
        return _dims((values.start, values.stop, values.step))
    return [values] if isinstance(values, Dim) else []


def _axes(axes: Any, ndim: int) -> tuple[int, ...]:
    """Axes counted from the front; all for None."""
    if axes is None:
        return tuple(range(ndim))
    return tuple(a % ndim for a in (axes if isinstance(axes, (tuple, list)) else (axes,)))


# ---- rules: rule(rows, node, *args, **kwargs) -> the state of the results


def _reduced(rows: _Rows, node: Node, x: Tensor, *, axis: Any = None, keepdims: bool = False, **_: Any) -> State:
    state = rows.apart_from(x, axis)
    return state if keepdims else RowAxis(state.axis - sum(a < state.axis for a in _axes(axis, x.ndim)), state.each)


def _along(rows: _Rows, node: Node, x: Tensor, *more: Any, axis: Any = None, **_: Any) -> State:
    """Rows stay where they are, since the call computes along another axis; further arguments are shared."""
    if any(rows.known[id(t)] is not None for t in _arrays(more)):
        raise RowsMixed
    return rows.apart_from(x, axis)


def _last_axes(count: int) -> Callable[..., Any]:
    def rule(rows: _Rows, node: Node, x: Tensor, *more: Any, **_: Any) -> State:
        if any(rows.known[id(t)] is not None for t in _arrays(more)):
            raise RowsMixed
        return rows.apart_from(x, tuple(range(x.ndim - count, x.ndim)))

    return rule


def _permuted(rows: _Rows, node: Node, x: Tensor, axes: Any) -> State:
    state = rows.apart_from(x, ())
    return RowAxis(_axes(axes, x.ndim).index(state.axis), state.each)


def _transposed(rows: _Rows, node: Node, x: Tensor) -> State:
    return _permuted(rows, node, x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _expanded(rows: _Rows, node: Node, x: Tensor, axis: int = 0) -> State:
    state = rows.apart_from(x, ())
    return RowAxis(state.axis + (axis % (x.ndim + 1) <= state.axis), state.each)


def _squeezed(rows: _Rows, node: Node, x: Tensor, axis: Any) -> State:
    state = rows.apart_from(x, axis)
    return RowAxis(state.axis - sum(a < state.axis for a in _axes(axis, x.ndim)), state.each)


def _reshaped(rows: _Rows, node: Node, x: Tensor, *_: Any, **__: Any) -> State:
    """Rows are found again behind as many elements as before, in blocks of what follows."""
    new = [rows.size(n) for n in node.specs[0].shape or ()]
    state = rows.known[id(x)]
    if state is None:
        if any(map(rows.counts, new)):
            raise RowsMixed
        return None
    old = [rows.size(n) for n in x.sizes]
    before, after = math.prod(old[: state.axis]), state.each * math.prod(old[state.axis + 1 :])
    for axis, n in enumerate(new):
        each = rows.each(n)
        rest = math.prod(new[axis + 1 :])
        if _same(math.prod(new[:axis]), before) and each is not None and _same(each * rest, after):
            return RowAxis(axis, each)
    raise RowsMixed


def _broadcast(rows: _Rows, node: Node, x: Tensor, shape: Any) -> State:
    state = rows.among(shape)
    if rows.known[id(x)] is not None:
        if state != (moved := rows.aligned([x], shape)):
            raise RowsMixed
        return moved
    if state is not None and (axis := state.axis - len(shape) + x.ndim) >= 0 and x.sizes[axis] != 1:
        raise RowsMixed
    return state


def _filled(rows: _Rows, node: Node, shape: Any, value: Any = None, **_: Any) -> State:
    if isinstance(value, Tensor) and rows.known[id(value)] is not None:
        raise RowsMixed
    return rows.among(shape)


def _concatenated(rows: _Rows, node: Node, arrays: Any, *, axis: Any = 0) -> State:
    states = [rows.apart_from(x, axis) for x in arrays]
    if any(s.axis != states[0].axis or not _same(s.each, states[0].each) for s in states):
        raise RowsMixed
    return states[0]


def _stacked(rows: _Rows, node: Node, arrays: Any, *, axis: int = 0) -> State:
    state = _concatenated(rows, node, arrays, axis=())
    return None if state is None else _expanded(rows, node, arrays[0], axis)


def _indexed(rows: _Rows, node: Node, x: Tensor, key: Any) -> State:
    """The whole axis of the rows is taken, and no index is an array."""
    state = rows.known[id(x)]
    if state is None and not any(rows.known[id(t)] is not None for t in _arrays(key)):
        if any(map(rows.counts, _dims(key))):
            raise RowsMixed
        return None
    state = rows.apart_from(x, ())
    axis, place, found = 0, 0, None
    for k in key:
        if k is not None and axis == state.axis:
            whole = isinstance(k, slice) and k.start in (0, None) and k.step in (1, None)
            if not whole or not (k.stop is None or _same(rows.size(k.stop), rows.size(x.sizes[axis]))):
                raise RowsMixed
            found = RowAxis(place, state.each)
        elif isinstance(k, Tensor) or any(map(rows.counts, _dims(k))):
            raise RowsMixed
        axis, place = axis + (k is not None), place + (k is None or isinstance(k, slice))
    return found or RowAxis(place + state.axis - axis, state.each)


def _taken(rows: _Rows, node: Node, x: Tensor, indices: Tensor, *, axis: Any = None, **_: Any) -> State:
    state, which = rows.known[id(x)], rows.known[id(indices)]
    if state is None and which is not None:
        return RowAxis(which.axis + (0 if axis is None else axis % x.ndim), which.each)
    if which is not None:
        raise RowsMixed
    return rows.apart_from(x, axis)


def _gathered(rows: _Rows, node: Node, x: Tensor, indices: Tensor) -> State:
    return _taken(rows, node, x, indices, axis=0)


def _taken_along(rows: _Rows, node: Node, x: Tensor, indices: Tensor, *, axis: Any = -1, **_: Any) -> State:
    rows.apart_from(x if rows.known[id(x)] is not None else indices, axis)
    return rows.aligned([x, indices], node.specs[0].shape)


def _multiplied(rows: _Rows, node: Node, x: Tensor, y: Tensor) -> State:
    """Matrices: an axis that is not summed over stays, counted from the last one."""
    a, b = rows.known[id(x)], rows.known[id(y)]
    ndim = len(node.specs[0].shape or ())
    if (a is not None and a.axis == x.ndim - 1) or (b is not None and b.axis == max(y.ndim - 2, 0)):
        raise RowsMixed
    if b is None and a is not None and (a.axis == x.ndim - 2 or y.ndim == 1):
        return RowAxis(a.axis if y.ndim == 1 else ndim - 2, a.each)
    if a is None and b is not None and b.axis == y.ndim - 1:
        return RowAxis(ndim - 1, b.each)
    if x.ndim < 2 or y.ndim < 2:
        if a is None and b is not None and x.ndim == 1:
            return b
        raise RowsMixed
    if (a is not None and a.axis >= x.ndim - 2) or (b is not None and b.axis >= y.ndim - 2):
        raise RowsMixed
    return rows.aligned([x, y], node.specs[0].shape)


def _contracted(rows: _Rows, node: Node, x: Tensor, y: Tensor, *, axes: Any = 2) -> State:
    a, b = rows.known[id(x)], rows.known[id(y)]
    if a is not None and b is not None:
        raise RowsMixed
    count = axes if isinstance(axes, int) else len(axes[0])
    pair = (range(x.ndim - count, x.ndim), range(count)) if isinstance(axes, int) else axes
    t, state, summed, start = (x, a, pair[0], 0) if a is not None else (y, b, pair[1], x.ndim - count)
    gone = _axes(tuple(summed), t.ndim)
    if state is None or state.axis in gone:
        raise RowsMixed
    return RowAxis(start + state.axis - sum(g < state.axis for g in gone), state.each)


def _pooled(rows: _Rows, node: Node, x: Tensor, **_: Any) -> list[State]:
    """The result alone; what a gradient could use besides has a form of its own."""
    if rows.known[id(x)] != RowAxis(0):
        raise RowsMixed
    return [RowAxis(0)]


def _recurrent(count: int) -> Callable[..., Any]:
    """LSTM and GRU: x (batch, time, features) and the `count` states at the end have rows, the weights have none."""

    def rule(rows: _Rows, node: Node, x: Tensor, *more: Any, **_: Any) -> list[State]:
        weights, states = more[:-count], more[-count:]
        apart = all(rows.known[id(t)] == RowAxis(0) for t in (x, *states))
        if not apart or any(rows.known[id(t)] is not None for t in _arrays(weights)):
            raise RowsMixed
        return [RowAxis(0)] * (1 + count)

    return rule


def _looped(rows: _Rows, node: Node, initial: Any, sequences: Any, captured: Any, **how: Any) -> list[State]:
    apart = [*sequences, *captured]
    if not initial and [rows.known[id(t)] for t in apart] == [RowAxis(0)] * len(sequences) + [None] * len(captured):
        rows.body(how["body"], [None] * len(apart))
        return [RowAxis(0)] * len(node.specs)  # each step has one row, and no step what another one computed
    if rows.counts(how["length"]):
        raise RowsMixed
    carry = [rows.known[id(t)] for t in initial]
    slices = []
    for x in sequences:
        state = rows.known[id(x)]
        if state is not None and not state.axis:
            raise RowsMixed
        slices.append(None if state is None else RowAxis(state.axis - 1, state.each))
    shared = [rows.known[id(t)] for t in captured]
    results = rows.body(how["body"], [*carry, *slices, *shared])
    if results[: len(carry)] != carry:  # such as a start that all rows share
        raise RowsMixed
    return [*carry, *(None if s is None else RowAxis(s.axis + 1, s.each) for s in results[len(carry) :])]


def _branched(rows: _Rows, node: Node, condition: Tensor, first: Any, second: Any, **how: Any) -> list[State]:
    if rows.known[id(condition)] is not None:
        raise RowsMixed
    one = rows.body(how["then"], [rows.known[id(t)] for t in first])
    other = rows.body(how["otherwise"], [rows.known[id(t)] for t in second])
    if one != other:
        raise RowsMixed
    return one


def _tiled(rows: _Rows, node: Node, x: Tensor, repetitions: Any) -> State:
    state = rows.apart_from(x, ())
    more = len(repetitions) - x.ndim
    if more < 0 or repetitions[state.axis + more] != 1:
        raise RowsMixed
    return RowAxis(state.axis + more, state.each)


_FILLING = ("zeros", "ones", "full")
# Rules of calls whose sizes may depend on the number of rows; all other calls then mix them.
SIZED = {*_FILLING, "branch", "broadcast_to", "getitem", "loop", "reshape"}
RULES: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(_FILLING, _filled),
    **dict.fromkeys(
        "flip roll repeat sort argsort cumulative_sum cumulative_prod pad fft.fft fft.ifft fft.rfft fft.irfft fft.hfft "
        "fft.ihfft".split(),
        _along,
    ),
    **dict.fromkeys("tril triu linalg.inv linalg.cholesky linalg.matrix_power linalg.pinv".split(), _last_axes(2)),
    "argmax": _reduced,
    "argmin": _reduced,
    "average_pool": _pooled,
    "branch": _branched,
    "broadcast_to": _broadcast,
    "concat": _concatenated,
    "expand_dims": _expanded,
    "gather_rows": _gathered,
    "getitem": _indexed,
    "gru_sequence": _recurrent(1),
    "loop": _looped,
    "lstm_sequence": _recurrent(2),
    "matmul": _multiplied,
    "matrix_transpose": _transposed,
    "max_pool": _pooled,
    "permute_dims": _permuted,
    "reshape": _reshaped,
    "squeeze": _squeezed,
    "stack": _stacked,
    "take": _taken,
    "take_along_axis": _taken_along,
    "tile": _tiled,
    "tensordot": _contracted,
}
