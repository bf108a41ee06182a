"""What single calls do with the rows of a batch: a rule gives where the results have them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..graph.tensor import Node, Tensor
from .row_state import RowAxis, RowsMixed, State, arrays_in, axes_of, dims_in, same

__all__ = ["RULES", "SIZED", "reduced"]


def reduced(rows: Any, node: Node, x: Tensor, *, axis: Any = None, keepdims: bool = False, **_: Any) -> State:
    state = rows.apart_from(x, axis)
    return state if keepdims else RowAxis(state.axis - sum(a < state.axis for a in axes_of(axis, x.ndim)), state.each)


def _along(rows: Any, node: Node, x: Tensor, *more: Any, axis: Any = None, **_: Any) -> State:
    """Rows stay where they are, since the call computes along another axis; further arguments are shared."""
    if any(rows.known[id(t)] is not None for t in arrays_in(more)):
        raise RowsMixed
    return rows.apart_from(x, axis)


def _last_axes(count: int) -> Callable[..., Any]:
    def rule(rows: Any, node: Node, x: Tensor, *more: Any, **_: Any) -> State:
        if any(rows.known[id(t)] is not None for t in arrays_in(more)):
            raise RowsMixed
        return rows.apart_from(x, tuple(range(x.ndim - count, x.ndim)))

    return rule


def _permuted(rows: Any, node: Node, x: Tensor, axes: Any) -> State:
    state = rows.apart_from(x, ())
    return RowAxis(axes_of(axes, x.ndim).index(state.axis), state.each)


def _transposed(rows: Any, node: Node, x: Tensor) -> State:
    return _permuted(rows, node, x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _expanded(rows: Any, node: Node, x: Tensor, axis: int = 0) -> State:
    state = rows.apart_from(x, ())
    return RowAxis(state.axis + (axis % (x.ndim + 1) <= state.axis), state.each)


def _squeezed(rows: Any, node: Node, x: Tensor, axis: Any) -> State:
    state = rows.apart_from(x, axis)
    return RowAxis(state.axis - sum(a < state.axis for a in axes_of(axis, x.ndim)), state.each)


def _reshaped(rows: Any, node: Node, x: Tensor, *_: Any, **__: Any) -> State:
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
        if same(math.prod(new[:axis]), before) and each is not None and same(each * rest, after):
            return RowAxis(axis, each)
    raise RowsMixed


def _broadcast(rows: Any, node: Node, x: Tensor, shape: Any) -> State:
    state = rows.among(shape)
    if rows.known[id(x)] is not None:
        if state != (moved := rows.aligned([x], shape)):
            raise RowsMixed
        return moved
    if state is not None and (axis := state.axis - len(shape) + x.ndim) >= 0 and x.sizes[axis] != 1:
        raise RowsMixed
    return state


def _filled(rows: Any, node: Node, shape: Any, value: Any = None, **_: Any) -> State:
    if isinstance(value, Tensor) and rows.known[id(value)] is not None:
        raise RowsMixed
    return rows.among(shape)


def _concatenated(rows: Any, node: Node, arrays: Any, *, axis: Any = 0) -> State:
    states = [rows.apart_from(x, axis) for x in arrays]
    if any(s.axis != states[0].axis or not same(s.each, states[0].each) for s in states):
        raise RowsMixed
    return states[0]


def _stacked(rows: Any, node: Node, arrays: Any, *, axis: int = 0) -> State:
    state = _concatenated(rows, node, arrays, axis=())
    return None if state is None else _expanded(rows, node, arrays[0], axis)


def _indexed(rows: Any, node: Node, x: Tensor, key: Any) -> State:
    """The whole axis of the rows is taken, and no index is an array."""
    state = rows.known[id(x)]
    if state is None and not any(rows.known[id(t)] is not None for t in arrays_in(key)):
        if any(map(rows.counts, dims_in(key))):
            raise RowsMixed
        return None
    state = rows.apart_from(x, ())
    axis, place, found = 0, 0, None
    for k in key:
        if k is not None and axis == state.axis:
            whole = isinstance(k, slice) and k.start in (0, None) and k.step in (1, None)
            if not whole or not (k.stop is None or same(rows.size(k.stop), rows.size(x.sizes[axis]))):
                raise RowsMixed
            found = RowAxis(place, state.each)
        elif isinstance(k, Tensor) or any(map(rows.counts, dims_in(k))):
            raise RowsMixed
        axis, place = axis + (k is not None), place + (k is None or isinstance(k, slice))
    return found or RowAxis(place + state.axis - axis, state.each)


def _taken(rows: Any, node: Node, x: Tensor, indices: Tensor, *, axis: Any = None, **_: Any) -> State:
    state, which = rows.known[id(x)], rows.known[id(indices)]
    if state is None and which is not None:
        return RowAxis(which.axis + (0 if axis is None else axis % x.ndim), which.each)
    if which is not None:
        raise RowsMixed
    return rows.apart_from(x, axis)


def _gathered(rows: Any, node: Node, x: Tensor, indices: Tensor) -> State:
    return _taken(rows, node, x, indices, axis=0)


def _taken_along(rows: Any, node: Node, x: Tensor, indices: Tensor, *, axis: Any = -1, **_: Any) -> State:
    rows.apart_from(x if rows.known[id(x)] is not None else indices, axis)
    return rows.aligned([x, indices], node.specs[0].shape)


def _multiplied(rows: Any, node: Node, x: Tensor, y: Tensor) -> State:
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


def _contracted(rows: Any, node: Node, x: Tensor, y: Tensor, *, axes: Any = 2) -> State:
    a, b = rows.known[id(x)], rows.known[id(y)]
    if a is not None and b is not None:
        raise RowsMixed
    count = axes if isinstance(axes, int) else len(axes[0])
    pair = (range(x.ndim - count, x.ndim), range(count)) if isinstance(axes, int) else axes
    t, state, summed, start = (x, a, pair[0], 0) if a is not None else (y, b, pair[1], x.ndim - count)
    gone = axes_of(tuple(summed), t.ndim)
    if state is None or state.axis in gone:
        raise RowsMixed
    return RowAxis(start + state.axis - sum(g < state.axis for g in gone), state.each)


def _pooled(rows: Any, node: Node, x: Tensor, **_: Any) -> list[State]:
    """The result alone; what a gradient could use besides has a form of its own."""
    if rows.known[id(x)] != RowAxis(0):
        raise RowsMixed
    return [RowAxis(0)]


def _recurrent(count: int) -> Callable[..., Any]:
    """LSTM and GRU: x (batch, time, features) and the `count` states at the end have rows, the weights have none."""

    def rule(rows: Any, node: Node, x: Tensor, *more: Any, **_: Any) -> list[State]:
        weights, states = more[:-count], more[-count:]
        apart = all(rows.known[id(t)] == RowAxis(0) for t in (x, *states))
        if not apart or any(rows.known[id(t)] is not None for t in arrays_in(weights)):
            raise RowsMixed
        return [RowAxis(0)] * (1 + count)

    return rule


def _looped(rows: Any, node: Node, initial: Any, sequences: Any, captured: Any, **how: Any) -> list[State]:
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


def _branched(rows: Any, node: Node, condition: Tensor, first: Any, second: Any, **how: Any) -> list[State]:
    if rows.known[id(condition)] is not None:
        raise RowsMixed
    one = rows.body(how["then"], [rows.known[id(t)] for t in first])
    other = rows.body(how["otherwise"], [rows.known[id(t)] for t in second])
    if one != other:
        raise RowsMixed
    return one


def _tiled(rows: Any, node: Node, x: Tensor, repetitions: Any) -> State:
    state = rows.apart_from(x, ())
    more = len(repetitions) - x.ndim
    if more < 0 or repetitions[state.axis + more] != 1:
        raise RowsMixed
    return RowAxis(state.axis + more, state.each)


_FILLING = "zeros ones full".split()
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
    "argmax": reduced,
    "argmin": reduced,
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
