"""Loops over the first axis: scan, the composite it records, and the functions written with it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from ..arrays.arguments import shown
from ..arrays.typing import Array, DTypeLike, Size
from ..autodiff.backward import pulled_back
from ..compiler.rewriter import is_view
from ..dispatch.boundary import MISFIT, number_like, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, arrays, device_of, is_array
from ..graph.composite import composite, spec
from ..graph.tensor import Subgraph
from ..graph.traversal import dependents, toposort
from ..graph.varying import varying
from .carry import Parts, check_shapes, checked_carry
from .cells import by_sequence
from .closure import close_over, is_symbolic, outer_shape, placeholders_like, with_placeholders
from .nests import flatten, present, restore

__all__ = ["foldl", "foldr", "map_fn", "scan"]


@composite(forwards=True, is_loop=True)
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

    The results are the last carry, then each output stacked over the steps. In a graph every value that a step computes
    and the carry it began with are outputs as well: the gradient reads the ones it needs, and the prune rule drops the
    others.
    """
    xp = array_namespace(*initial, *sequences, *captured)
    if sequences and sequences[0].shape[0] is None and hasattr(xp, "__scan__"):
        looped: tuple[Any, ...] = xp.__scan__(lambda *values: body(*values, *captured), initial, sequences, reverse)
        return looped
    carry: tuple[Any, ...] = tuple(initial)
    rows: list[Any] = []
    steps = zip(*map(xp.unstack, sequences), strict=True) if sequences else ((),) * length
    for slices in reversed(list(steps)) if reverse else steps:
        results = body(*carry, *slices, *captured)
        carry = results[: len(initial)]
        if not rows:
            check_shapes("scan: the step", initial, carry)
        rows.append(results[len(initial) :])
    if not rows:  # no step: a step on zeros gives the outputs' shapes and dtypes
        blank = [xp.zeros(x.shape[1:], dtype=x.dtype, device=device_of(x)) for x in sequences]
        shaped = body(*initial, *blank, *captured)[len(initial) :]
        return (*carry, *(xp.zeros((0, *y.shape), dtype=y.dtype, device=device_of(y)) for y in shaped))
    rows = rows[::-1] if reverse else rows
    return (*carry, *(_stacked(xp, column) for column in zip(*rows, strict=True)))


def _stacked(xp: Any, column: tuple[Array, ...]) -> Array:
    """One output of all steps; ValueError where they give it in different shapes."""
    try:
        return xp.stack(column, axis=0)
    except MISFIT:
        shapes = list(dict.fromkeys(tuple(x.shape) for x in column))
        if len(shapes) > 1:
            raise ValueError(
                f"scan: the steps give an output of the shapes {shapes[0]} and {shapes[1]}; expected one shape"
            ) from None
        raise


@loop.shape
def _(initial, sequences, captured, *, body, length, reverse):
    given = Parts(initial, sequences, captured)
    outer = {
        id(p): (x, drop)
        for places, values, drop in zip(given.split(body.inputs), given, (0, 1, 0), strict=True)
        for p, x in zip(places, values, strict=True)
    }
    outputs = body.outputs[len(initial) :]
    return (
        *(spec(x.sizes, x.dtype) for x in initial),
        *(spec((length, *outer_shape(y, outer)), y.dtype) for y in outputs),
    )


@loop.vjp
def _(g, out, initial, sequences, captured, *, body, length, reverse):
    """The loop run backwards: each step pulls the cotangents through the body and reads what the step computed.

    Its carry is the cotangents of the carry and the sums, so far, of those of the captured arrays. Its outputs are the
    cotangents of the slices.
    """
    xp, count = array_namespace(body.outputs[0]), len(initial)
    given = Parts(initial, sequences, captured)
    inputs, outputs = given.split(body.inputs), body.outputs[count:]
    within = dependents(toposort(body.outputs), body.inputs)
    g_carry, g_outputs = placeholders_like(inputs.carry), placeholders_like(outputs, within=within)
    seeds = [p if came is not None else None for p, came in zip(g_outputs, g[count:], strict=True)]
    pulled = yield pulled_back(body.outputs, [*g_carry, *seeds], body.inputs, stop=True)
    d = given.split(pulled)
    totals = placeholders_like([p for p, c in zip(inputs.captured, d.captured, strict=True) if c is not None])

    d_carry = [xp.zeros_like(p) if c is None else c for p, c in zip(inputs.carry, d.carry, strict=True)]
    sums = [total + c for total, c in zip(totals, present(d.captured), strict=True)]
    outside = {id(t) for t in (*inputs.slices, *inputs.captured)}
    stacked = {id(y): x for y, x in zip(outputs, out[count:], strict=True) if id(y) not in outside}
    results, places, computed = with_placeholders(
        [*d_carry, *sums, *present(d.slices)], lambda t: id(t) in stacked, within
    )
    start = [xp.zeros_like(x) if came is None else came for x, came in zip(initial, g[:count], strict=True)]
    start += [xp.zeros_like(x) for x, c in zip(captured, d.captured, strict=True) if c is not None]
    step = Parts((*g_carry, *totals), (*places, *inputs.slices, *present(seeds)), inputs.captured)
    fed = Parts(tuple(start), (*(stacked[id(t)] for t in computed), *sequences, *present(g[count:])), tuple(captured))
    final = iter(_with_residuals(step, results, fed, length, not reverse))
    d_initial = tuple(itertools.islice(final, count))
    d_captured = tuple(None if c is None else next(final) for c in d.captured)
    d_sequences = tuple(None if c is None else next(final) for c in d.slices)
    return d_initial, d_sequences, d_captured


@loop.prune
def _(live, initial, sequences, captured, *, body, length, reverse):
    """Drop the outputs nothing reads, and every carry, sequence and captured array that only they needed."""
    given = Parts(initial, sequences, captured)
    inputs = given.split(body.inputs)
    kept = set(live)
    while True:  # a carry that a kept result reads is kept, and so is what its own new value reads
        used = {id(t) for t in toposort([body.outputs[i] for i in sorted(kept)])}
        grown = kept | {i for i, t in enumerate(inputs.carry) if id(t) in used}
        if grown == kept:
            break
        kept = grown
    needed = Parts(
        tuple(i in kept for i in range(len(initial))),
        tuple(id(t) in used for t in inputs.slices),
        tuple(id(t) in used for t in inputs.captured),
    )
    order = sorted(kept)
    if any(needed.flat()):
        body = Subgraph(inputs.where(needed).flat(), [body.outputs[i] for i in order])
        given = given.where(needed)
    else:  # a body of constants alone still needs an array to give the namespace
        order = list(range(len(body.outputs)))
    return tuple(given), {"body": body, "length": length, "reverse": reverse}, order


def _with_residuals(inputs: Parts, results: list[Any], given: Parts, length: Any, reverse: bool) -> tuple[Any, ...]:
    """Record the loop whose body computes `results` from `inputs`; its residuals are further results.

    The residuals are the carry each step began with and every value it computed, but for those whose size may differ
    from step to step: no array holds these for all steps, and the gradient computes them again.
    """
    order = toposort(results, stop=lambda t: t.node is None)
    own = dependents(order, inputs.flat())
    inside = varying(order, [*inputs.carry, *inputs.slices])
    computed = [t for t in order if t.node is not None and id(t) in own and id(t) not in inside and not is_view(t)]
    body, captured = close_over(inputs.flat(), [*results, *inputs.carry, *computed])
    return loop(given.carry, given.slices, (*given.captured, *captured), body=body, length=length, reverse=reverse)


@operation
def scan(
    step: Callable[..., Any], initial: Any, sequences: Any, length: Size | None = None, reverse: bool = False
) -> tuple[Any, Any]:
    """Run ``step(carry, slice) -> (carry, output)`` along the first axis.

    Parameters
    ----------
    step : callable
        It keeps the carry's structure, shapes and dtypes.
    initial : array or nest of arrays
        The first carry. Nests are of tuples, lists and dictionaries.
    sequences : array or nest of arrays, or None
    length : int, optional
        The number of steps, where `sequences` is None.
    reverse : bool, optional
        Whether the last slice comes first; each output keeps the position of its slice.

    Returns
    -------
    carry : array or nest of arrays
        The last carry.
    outputs : array or nest of arrays
        The outputs, stacked.

    Raises
    ------
    ValueError
        When the first sizes differ, when neither sequences nor length is given, or when a step changes the carry's
        structure, shapes or dtypes.

    Notes
    -----
    With no step, the initial carry and empty outputs. Differentiable, also twice.

    References
    ----------
    The loop of array programming, as ``jax.lax.scan``.

    Examples
    --------
    >>> def step(total, x):
    ...     return total + x, total + x
    >>> K.scan(step, np.asarray(0.0), np.asarray([1.0, 2.0, 3.0]))
    (np.float64(6.0), array([1., 3., 6.]))
    """
    return _scanned("scan", step, initial, sequences, length, reverse)


def _scanned(
    function: str,
    step: Any,
    initial: Any,
    sequences: Any,
    length: Any = None,
    reverse: bool = False,
    recognize: bool = True,
) -> Any:
    """`scan`, for the function that errors name; without `recognize` a recorded loop stays as it is written."""
    carry, carry_nest = flatten(initial)
    xs, xs_nest = flatten(sequences)
    if not xs and length is None:
        raise ValueError("scan: neither sequences nor length was given; expected one of them")
    symbolic = is_symbolic(carry, xs) or not (carry or xs)
    if carry or xs:
        _, *members = arrays(*carry, *xs)
        carry, xs = members[: len(carry)], members[len(carry) :]
    steps = _length(function, xs, length)
    if symbolic:
        return _recorded(step, carry, carry_nest, xs, xs_nest, steps, reverse, recognize)
    return _eager(step, carry, carry_nest, xs, xs_nest, steps, reverse)


def _pair(result: Any) -> tuple[Any, Any]:
    """What a step returned, if it is a pair; ValueError for anything else."""
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise ValueError(f"scan: the step returns {shown(result)}, expected a pair (carry, output)")
    return result[0], result[1]


def _length(function: str, xs: list[Any], length: Any) -> Any:
    found = length
    for x in xs:
        if not x.ndim:
            argument = "sequences" if function == "scan" else "elems"
            raise ValueError(f"{function}: {argument} holds an array of 0 dimensions, expected at least 1")
        first = sizes(x)[0]
        if isinstance(found, int) and isinstance(first, int) and found != first:
            raise ValueError(f"{function}: sequences of different lengths {found} and {first}")
        found = first if found is None or isinstance(first, int) else found
    return found


def _eager(step: Any, carry: Any, carry_nest: Any, xs: Any, xs_nest: Any, length: int, reverse: bool) -> Any:
    ys_nest: Any = None

    def body(*values: Any) -> tuple[Any, ...]:
        nonlocal ys_nest
        state, slices = values[: len(carry)], values[len(carry) :]
        new, y = _pair(step(restore(carry_nest, state), restore(xs_nest, slices)))
        found, ys_nest = flatten(y)
        return (*checked_carry("scan: the step", state, carry_nest, new), *found)

    results = loop.definition(tuple(carry), tuple(xs), (), body=body, length=length, reverse=reverse)
    return restore(carry_nest, results[: len(carry)]), restore(ys_nest, results[len(carry) :])


def _recorded(
    step: Any, carry: Any, carry_nest: Any, xs: Any, xs_nest: Any, length: Any, reverse: bool, recognize: bool = True
) -> Any:
    state, slices = placeholders_like(carry), placeholders_like(xs, drop=1)
    new, y = _pair(step(restore(carry_nest, state), restore(xs_nest, slices)))
    found, ys_nest = flatten(y)
    results = [*checked_carry("scan: the step", state, carry_nest, new), *found]
    results = list(arrays(*results, *state)[1 : len(results) + 1])
    inputs, given = Parts(tuple(state), tuple(slices), ()), Parts(tuple(carry), tuple(xs), ())
    whole = _with_residuals(inputs, results, given, length, reverse)
    if recognize and whole:
        whole = tuple(by_sequence(whole[0].node, len(results)) or whole)
    return restore(carry_nest, whole[: len(carry)]), restore(ys_nest, whole[len(carry) : len(results)])


def iterate(
    step: Callable[..., tuple[Array, ...]], initial: list[Array], sequences: list[Array], reverse: bool = False
) -> tuple[Array, ...]:
    """`scan` for composites: step(*carry, *slices) -> (*carry, *outputs), without a check of each eager step.

    It returns the last carry, then the stacked outputs.
    """
    if not is_symbolic(initial, sequences):
        return loop.definition(tuple(initial), tuple(sequences), (), body=step, length=None, reverse=reverse)

    def pair(carry: list[Array], slices: list[Array]) -> tuple[list[Array], list[Array]]:
        results = step(*carry, *slices)
        return list(results[: len(initial)]), list(results[len(initial) :])

    carry, outputs = _scanned("scan", pair, initial, sequences, reverse=reverse, recognize=False)
    return (*carry, *outputs)


@operation
def map_fn(fn: Callable[..., Any], elems: Any, name: str | None = None, dtype: DTypeLike = None) -> Any:
    """Apply a function to every slice along the first axis and stack the results.

    Parameters
    ----------
    fn : callable
    elems : array or nest of arrays
        Of one length.
    name : str, optional
        Accepted for old programs.
    dtype : dtype, optional
        Accepted for old programs; dtypes are inferred.

    Returns
    -------
    array or nest of arrays
        The structure, shapes and dtypes that fn returns, stacked. Differentiable.

    Raises
    ------
    ValueError
        When the lengths differ.

    References
    ----------
    Keras 2.3.1, ``keras.backend.map_fn``.

    Examples
    --------
    >>> K.map_fn(lambda row: K.sum(row) * row, np.asarray([[1.0, 2.0], [3.0, 4.0]]))
    array([[ 3.,  6.],
           [21., 28.]])
    """
    return _scanned("map_fn", lambda carry, x: ((), fn(x)), (), elems)[1]


@operation
def foldl(fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """Combine the slices along the first axis from the left: ``acc = fn(acc, slice)``.

    Parameters
    ----------
    fn : callable
    elems : array or nest of arrays
        Of one length.
    initializer : array or nest of arrays, optional
        What the accumulator starts as; the first slice by default.
    name : str, optional
        Accepted for old programs.

    Returns
    -------
    array or nest of arrays
        The last accumulator, of the shapes and dtypes of the first. Differentiable.

    Raises
    ------
    ValueError
        When there is neither a slice nor an initializer, or when lengths differ.

    References
    ----------
    Keras 2.3.1, ``keras.backend.foldl``.

    Examples
    --------
    >>> K.foldl(lambda acc, digit: acc * 10.0 + digit, np.asarray([1.0, 2.0, 3.0]))
    np.float64(123.0)
    """
    return _folded("foldl", fn, elems, initializer, reverse=False)


@operation
def foldr(fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None) -> Any:
    """Combine the slices along the first axis from the right: ``acc = fn(acc, slice)``, the last slice first.

    Parameters
    ----------
    fn : callable
    elems : array or nest of arrays
    initializer : array or nest of arrays, optional
        What the accumulator starts as; the last slice by default.
    name : str, optional
        As in `foldl`.

    Returns
    -------
    array or nest of arrays
        The last accumulator, of the shapes and dtypes of the first. Differentiable.

    Raises
    ------
    ValueError
        As in `foldl`.

    References
    ----------
    Keras 2.3.1, ``keras.backend.foldr``.

    Examples
    --------
    >>> K.foldr(lambda acc, digit: acc * 10.0 + digit, np.asarray([1.0, 2.0, 3.0]))
    np.float64(321.0)
    """
    return _folded("foldr", fn, elems, initializer, reverse=True)


def _folded(name: str, fn: Any, elems: Any, initializer: Any, reverse: bool) -> Any:
    found, shape = flatten(elems)
    if not any(map(is_array, found)):  # a list of numbers is one array, a list of arrays is a nest
        found, shape = [elems], flatten(0)[1]
    xs = list(arrays(*found)[1:])
    length = _length(name, xs, None)
    if initializer is None:
        if isinstance(length, int) and length == 0:
            raise ValueError(f"{name}: no slices in shape {tuple(xs[0].shape)} and no initializer")
        initializer = restore(shape, [x[-1, ...] if reverse else x[0, ...] for x in xs])
        xs = [x[:-1, ...] if reverse else x[1:, ...] for x in xs]
    else:
        starts, nest = flatten(initializer)
        starts = [number_like(xs[0], v) if isinstance(v, (int, float)) else arrays(v, xs[0])[1] for v in starts]
        initializer = restore(nest, starts)
    return _scanned(name, lambda acc, x: (fn(acc, x), ()), initializer, restore(shape, xs), reverse=reverse)[0]
