"""Loops over the first or time axis: scan and what is written on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..arrays.typing import Array
from ..autodiff.backward import backward
from ..compiler.loops.motion import hoist
from ..compiler.rewriter import is_view
from ..dispatch.boundary import moved, number_like, sizes
from ..dispatch.promotion import array_namespace, arrays, device_of, is_array
from ..graph.composite import composite, spec
from ..graph.tensor import Subgraph
from ..graph.traversal import dependents, toposort
from .closure import close_over, is_symbolic, outer_shape, placeholders_like, with_placeholders
from .nests import flatten, restore

__all__ = ["foldl", "foldr", "map_fn", "rnn", "scan"]


@composite
def loop(
    initial: tuple[Array, ...],
    sequences: tuple[Array, ...],
    captured: tuple[Array, ...],
    *,
    body: Any,
    length: Any,
    reverse: bool,
) -> tuple[Array, ...]:
    """Run body(*carry, *slices, *captured) -> (*carry, *outputs) over the sequences' first axis.

    The results are the last carries, then each output stacked over the steps. In a graph all that a step computes, and
    the carries it began with, are outputs as well: the gradient reads of them what it needs, and they are dropped where
    nothing does.
    """
    xp = array_namespace(*initial, *sequences, *captured)
    carry, rows = tuple(initial), []
    steps = zip(*map(xp.unstack, sequences), strict=True) if sequences else ((),) * length
    for slices in reversed(list(steps)) if reverse else steps:
        results = body(*carry, *slices, *captured)
        carry = results[: len(initial)]
        rows.append(results[len(initial) :])
    if not rows:  # no step: one on zeros tells the outputs' shapes and dtypes
        blank = [xp.zeros(x.shape[1:], dtype=x.dtype, device=device_of(x)) for x in sequences]
        shaped = body(*initial, *blank, *captured)[len(initial) :]
        return (*carry, *(xp.zeros((0, *y.shape), dtype=y.dtype, device=device_of(y)) for y in shaped))
    rows = rows[::-1] if reverse else rows
    return (*carry, *(xp.stack(column, axis=0) for column in zip(*rows, strict=True)))


@loop.shape
def _(initial, sequences, captured, *, body, length, reverse):
    outer = {
        id(p): (x, drop)
        for p, x, drop in zip(
            body.inputs,
            (*initial, *sequences, *captured),
            [0] * len(initial) + [1] * len(sequences) + [0] * len(captured),
            strict=True,
        )
    }
    carries = [spec(x.sizes, x.dtype) for x in initial]
    return tuple(carries) + tuple(spec((length, *outer_shape(y, outer)), y.dtype) for y in body.outputs[len(initial) :])


@loop.vjp
def _(g, out, initial, sequences, captured, *, body, length, reverse):
    """The loop run backwards: each step pulls the cotangents through the body, from what the step computed."""
    count, given = len(initial), len(sequences)
    carries_in, slices, constants = (
        body.inputs[:count],
        body.inputs[count : count + given],
        body.inputs[count + given :],
    )
    outputs = list(body.outputs[count:])
    stacked = {id(y): x for y, x in zip(outputs, out[count:], strict=True) if y not in (*slices, *constants)}
    within = dependents(toposort(body.outputs), body.inputs)
    g_carry = placeholders_like(carries_in)
    g_out = placeholders_like(outputs, within=within)
    pulled = backward(
        body.outputs,
        [*g_carry, *(p if g[count + i] is not None else None for i, p in enumerate(g_out))],
        body.inputs,
        stop=True,
    )
    xp = array_namespace(body.outputs[0])
    d_carry, d_slice, d_constant = pulled[:count], pulled[count : count + given], pulled[count + given :]
    summed = [i for i, d in enumerate(d_constant) if d is not None]
    totals = placeholders_like([constants[i] for i in summed])
    results = [xp.zeros_like(p) if d is None else d for p, d in zip(carries_in, d_carry, strict=True)]
    results += [total + d_constant[i] for total, i in zip(totals, summed, strict=True)]
    wanted = [i for i, d in enumerate(d_slice) if d is not None]
    results += [d_slice[i] for i in wanted]
    fed = [i for i in range(len(outputs)) if g[count + i] is not None]
    results, places, known = with_placeholders(results, lambda t: id(t) in stacked, within)
    step = Step(
        carry=[*g_carry, *totals],
        slices=[*places, *slices, *(g_out[i] for i in fed)],
        captured=constants,
        results=results,
    )
    start = [xp.zeros_like(x) if g[i] is None else g[i] for i, x in enumerate(initial)]
    start += [xp.zeros_like(captured[i]) for i in summed]
    final = step.run(
        start,
        [*(stacked[id(t)] for t in known), *sequences, *(g[count + i] for i in fed)],
        captured,
        length,
        not reverse,
    )
    d_captured = [None] * len(captured)
    for place, i in enumerate(summed):
        d_captured[i] = final[count + place]
    d_sequences = [None] * given
    for place, i in enumerate(wanted):
        d_sequences[i] = final[count + len(summed) + place]
    return tuple(final[:count]), tuple(d_sequences), tuple(d_captured)


@loop.prune
def _(live, initial, sequences, captured, *, body, length, reverse):
    """Drop the outputs nothing reads, and every carry, sequence and captured array that only they needed."""
    count, given = len(initial), len(sequences)
    wanted = set(live)
    while True:
        used = {id(t) for t in toposort([body.outputs[i] for i in sorted(wanted)])}
        grown = wanted | {i for i in range(count) if id(body.inputs[i]) in used}
        if grown == wanted:
            break
        wanted = grown
    kept = sorted(wanted)
    inputs = [i for i, t in enumerate(body.inputs) if i in wanted or (i >= count and id(t) in used)]
    if not inputs:  # a body of constants alone still needs an array to tell the namespace
        return (
            (initial, sequences, captured),
            {"body": body, "length": length, "reverse": reverse},
            list(range(len(body.outputs))),
        )
    whole = (*initial, *sequences, *captured)
    parts = [
        tuple(whole[i] for i in inputs if low <= i < high)
        for low, high in ((0, count), (count, count + given), (count + given, len(whole)))
    ]
    smaller = Subgraph([body.inputs[i] for i in inputs], [body.outputs[i] for i in kept])
    return tuple(parts), {"body": smaller, "length": length, "reverse": reverse}, kept


@loop.rewrite
def _(initial, sequences, captured, **how):
    return hoist(loop, initial, sequences, captured, **how)


class Step:
    """A loop's body as a graph: what it carries, the slices it reads, what it captures, and its results."""

    def __init__(
        self, carry: list[Any], slices: list[Any], captured: list[Any] | tuple[Any, ...], results: list[Any]
    ) -> None:
        self.inputs = [*carry, *slices, *captured]
        self.carry, self.results = carry, results

    def run(self, initial: Any, sequences: Any, captured: Any, length: Any, reverse: bool) -> tuple[Any, ...]:
        """Record the loop; the carries that each step began with, and what it computed, come last."""
        order = toposort(self.results, stop=lambda t: t.node is None)
        own = dependents(order, self.inputs)
        between = [t for t in order if t.node is not None and id(t) in own and not is_view(t)]
        body, more = close_over(self.inputs, [*self.results, *self.carry, *between])
        return loop(tuple(initial), tuple(sequences), (*captured, *more), body=body, length=length, reverse=reverse)


def scan(
    step: Callable[..., Any], initial: Any, sequences: Any, length: int | None = None, reverse: bool = False
) -> tuple[Any, Any]:
    """Carry a state along the first axis: step(carry, slice) -> (carry, output), giving (last carry, stacked outputs).

    Shapes and dtypes: `initial`, `sequences`, and the outputs are arrays or nests of tuples, lists and dictionaries of
    them; the carry keeps its shapes and dtypes from step to step. With `reverse` the last slice comes first, and
    outputs still lie where their slices do. With sequences None, `length` counts the steps.
    Edge values: no step gives the initial carry and empty outputs. Differentiable, also twice.
    Errors: ValueError when the first sizes differ, when neither sequences nor length is given, or when a step changes
    the carry's structure, shapes or dtypes.

    Source: this library; the loop of array programming, as in JAX's `lax.scan`.
    """
    carry, carry_shape = flatten(initial)
    xs, xs_shape = flatten(sequences)
    if not xs and length is None:
        raise ValueError("scan: neither sequences nor length was given; expected one of them")
    symbolic = is_symbolic(carry, xs) or not (carry or xs)
    if carry or xs:
        _, *members = arrays(*carry, *xs)
        carry, xs = members[: len(carry)], members[len(carry) :]
    steps = _length(xs, length)
    if not symbolic:
        return _eager(step, carry, carry_shape, xs, xs_shape, steps, reverse)
    return _recorded(step, carry, carry_shape, xs, xs_shape, steps, reverse)


def _length(xs: list[Any], length: int | None) -> Any:
    found = length
    for x in xs:
        if not x.ndim:
            raise ValueError("scan: a sequence has 0 dimensions, expected at least 1")
        first = sizes(x)[0]
        if isinstance(found, int) and isinstance(first, int) and found != first:
            raise ValueError(f"scan: sequences of different lengths {found} and {first}")
        found = first if found is None or isinstance(first, int) else found
    return found


def _checked(carry: list[Any], shape: Any, new: Any) -> list[Any]:
    """The carry after a step, refused when it is not like the one before."""
    found, new_shape = flatten(new)
    if new_shape != shape:
        raise ValueError("scan: the step returns a carry of another structure than the one it was given")
    for old, value in zip(carry, found, strict=True):
        known = [(a, b) for a, b in zip(old.shape, value.shape, strict=False) if None not in (a, b)]
        if old.ndim != value.ndim or any(a != b for a, b in known) or old.dtype != value.dtype:
            raise ValueError(
                f"scan: the step turns a carry of shape {tuple(old.shape)}, {old.dtype} into shape "
                f"{tuple(value.shape)}, {value.dtype}"
            )
    return found


def _eager(step: Any, carry: Any, carry_shape: Any, xs: Any, xs_shape: Any, length: int, reverse: bool) -> Any:
    ys_shape: Any = None

    def body(*values: Any) -> tuple[Any, ...]:
        nonlocal ys_shape
        state, slices = values[: len(carry)], values[len(carry) :]
        new, y = step(restore(carry_shape, state), restore(xs_shape, slices))
        found, ys_shape = flatten(y)
        return (*_checked(list(state), carry_shape, new), *found)

    results = loop.definition(tuple(carry), tuple(xs), (), body=body, length=length, reverse=reverse)
    return restore(carry_shape, results[: len(carry)]), restore(ys_shape, results[len(carry) :])


def _recorded(step: Any, carry: Any, carry_shape: Any, xs: Any, xs_shape: Any, length: Any, reverse: bool) -> Any:
    state, slices = placeholders_like(carry), placeholders_like(xs, drop=1)
    new, y = step(restore(carry_shape, state), restore(xs_shape, slices))
    found, ys_shape = flatten(y)
    results = [*_checked(state, carry_shape, new), *found]
    _, *results = arrays(*results, *state)
    results = results[: len(carry) + len(found)]
    whole = Step(state, slices, (), results).run(carry, xs, (), length, reverse)
    return restore(carry_shape, whole[: len(carry)]), restore(ys_shape, whole[len(carry) : len(results)])


def map_fn(fn: Callable[..., Any], elems: Any, name: str | None = None, dtype: Any = None) -> Any:
    """Apply a function to every slice along the first axis and stack what it gives.

    Shapes and dtypes: `elems` is an array or a nest of arrays of one length; the result has the structure, shapes and
    dtypes that fn gives (`dtype` is accepted for old programs; dtypes are inferred). Differentiable.
    Errors: ValueError when the lengths differ.

    Source: Keras 2.3.1 backend semantics.
    """
    return scan(lambda carry, x: ((), fn(x)), (), elems)[1]


def foldl(fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """Combine the slices along the first axis from the left: acc = fn(acc, slice).

    Shapes and dtypes: those of the accumulator, which starts as `initializer`, or as the first slice without one; both
    it and `elems` may be nests of arrays. Errors: ValueError when there is neither a slice nor an initializer, or when
    lengths differ. Differentiable.

    Source: Keras 2.3.1 backend semantics.
    """
    return _folded("foldl", fn, elems, initializer, reverse=False)


def foldr(fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """Combine the slices along the first axis from the right: acc = fn(acc, slice), the last slice first.

    Shapes and dtypes: as `foldl`, starting with the last slice. Errors: as `foldl`. Differentiable.

    Source: Keras 2.3.1 backend semantics.
    """
    return _folded("foldr", fn, elems, initializer, reverse=True)


def _folded(name: str, fn: Any, elems: Any, initializer: Any, reverse: bool) -> Any:
    found, shape = flatten(elems)
    if not any(map(is_array, found)):  # numbers in lists are one array, arrays in lists are several
        found, shape = [elems], flatten(0)[1]
    xs = list(arrays(*found)[1:])
    length = _length(xs, None)
    if initializer is None:
        if isinstance(length, int) and length == 0:
            raise ValueError(f"{name}: no slices in shape {tuple(xs[0].shape)} and no initializer")
        initializer = restore(shape, [x[-1, ...] if reverse else x[0, ...] for x in xs])
        xs = [x[:-1, ...] if reverse else x[1:, ...] for x in xs]
    else:
        starts, nest = flatten(initializer)
        starts = [number_like(xs[0], v) if isinstance(v, (int, float)) else arrays(v, xs[0])[1] for v in starts]
        initializer = restore(nest, starts)
    return scan(lambda acc, x: (fn(acc, x), ()), initializer, restore(shape, xs), reverse=reverse)[0]


def rnn(
    step_function: Callable[..., Any],
    inputs: Array,
    initial_states: Any,
    go_backwards: bool = False,
    mask: Array | None = None,
    constants: Any = None,
    unroll: bool = False,
    input_length: Any = None,
) -> tuple[Array, Array, list[Array]]:
    """Run step_function(inputs_t, states + constants) -> (output, new states) over the time axis.

    Returns (last output, outputs, last states). Shapes and dtypes: inputs (batch, time, ...), outputs (batch, time,
    ...) in the order the steps ran (with go_backwards the last time comes first); states keep their shapes and dtypes,
    and there may be none. `mask` is (batch, time) or (batch, time, 1), nonzero meaning present: a masked step repeats
    the previous output (zeros before the first) and keeps the states. `unroll` writes the steps out and needs a known
    number of them. `input_length` is accepted for old programs; all steps run. Differentiable through everything.
    Edge values: what the step makes without looking at the inputs' values, a dropout mask say, is made once.
    A step's output that bears `_uses_learning_phase` passes it on to the last output.
    Errors: ValueError for inputs of fewer than 3 dimensions, a mask of another shape, or unroll without a known time.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, inputs, *states = arrays(inputs, *initial_states)
    extra = list(constants or [])
    if inputs.ndim < 3:
        raise ValueError(f"rnn: inputs has {inputs.ndim} dimensions, expected at least 3 (batch, time, ...)")
    if unroll and inputs.shape[1] is None:
        raise ValueError("rnn: unroll needs a known number of time steps")
    steps = [moved(inputs, 1, 0)]
    if mask is not None:
        steps.append(_time_mask(xp, inputs, mask))
    if go_backwards:
        steps = [xp.flip(x, axis=0) for x in steps]
    first, _ = step_function(inputs[:, 0, ...], states + extra)

    def step(carry: Any, slices: Any) -> tuple[Any, Any]:
        previous, old = carry
        output, new = step_function(slices[0], list(old) + extra)
        if mask is not None:
            output = _kept(xp, slices[1], output, previous)
            new = [_kept(xp, slices[1], a, b) for a, b in zip(new, old, strict=True)]
        return (output, tuple(new)), output

    start = (xp.zeros_like(first), tuple(states))
    if unroll:
        carry, rows = start, []
        for t in range(inputs.shape[1]):
            carry, output = step(carry, [x[t, ...] for x in steps])
            rows.append(output)
        (last, final), outputs = carry, xp.stack(rows, axis=0)
    else:
        (last, final), outputs = scan(step, start, steps)
    if getattr(first, "_uses_learning_phase", False):
        last._uses_learning_phase = True  # which Keras's cells say of what they drop out, and its layers ask
    return last, moved(outputs, 0, 1), list(final)


def _time_mask(xp: Any, inputs: Array, mask: Array) -> Array:
    """The mask as booleans, time first."""
    _, mask, _ = arrays(mask, inputs)
    if mask.ndim == 3 and mask.shape[2] in (1, None):
        mask = mask[:, :, 0]
    if mask.ndim != 2:
        raise ValueError(f"rnn: mask has shape {tuple(mask.shape)}, expected (batch, time) or (batch, time, 1)")
    return moved(mask if mask.dtype == xp.bool else xp.astype(mask, xp.bool), 1, 0)


def _kept(xp: Any, present: Array, new: Array, old: Array) -> Array:
    """`new` where the step is present, else `old`; the mask reaches over all further axes."""
    return xp.where(xp.reshape(present, (*sizes(present), *(1,) * (new.ndim - 1))), new, old)
