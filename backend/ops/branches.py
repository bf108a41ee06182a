"""Branches and loops that a condition decides: of two closed bodies one runs, or one as often as it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autodiff.gradients import backward
from ..composite import composite, spec
from ..operands import Array, array_namespace, arrays, device_of, is_array, is_concrete, promoted, size_from
from ..tracing import (
    Subgraph,
    act_only_if,
    acts,
    closed,
    flatten,
    is_symbolic,
    restore,
    seen_outside,
    stand_ins,
    trace_branch,
)
from .recurrent import loop

__all__ = ["cond", "while_loop"]


@composite
def branch(condition: Array, first: tuple[Array, ...], second: tuple[Array, ...], *, then: Any,
           otherwise: Any) -> tuple[Array, ...]:
    """then(*first) where the 0-d condition holds, else otherwise(*second); both where its value cannot be looked at."""
    if is_concrete(condition):
        return then(*first) if condition else otherwise(*second)
    xp = array_namespace(condition)
    return tuple(xp.where(condition, x, y) for x, y in zip(then(*first), otherwise(*second), strict=True))


@branch.shape
def _(condition, first, second, *, then, otherwise):
    inside = {id(p): (x, 0) for p, x in zip((*then.inputs, *otherwise.inputs), (*first, *second), strict=True)}
    results = []
    for a, b in zip(then.outputs, otherwise.outputs, strict=True):
        if a.ndim != b.ndim:
            raise ValueError(f"cond: the branches give {a.ndim} and {b.ndim} dimensions, expected the same number")
        pairs = zip(seen_outside(a, inside), seen_outside(b, inside), strict=True)
        results.append(spec([x if x is not None and x == y else None for x, y in pairs], a.dtype))
    return tuple(results)


@branch.vjp
def _(g, out, condition, first, second, *, then, otherwise):
    """The branch taken forward is the branch the cotangents flow through; the other side's are zeros."""
    seeds = stand_ins(out)
    alive = [seed if each is not None else None for seed, each in zip(seeds, g, strict=True)]
    xp = array_namespace(condition)
    bodies, found = [], []
    for body in (then, otherwise):
        found.append(backward(body.outputs, alive, body.inputs, stop=True))
    for chosen in (0, 1):
        own = [d for d in found[chosen] if d is not None]
        zeros = [xp.zeros_like(x) for x, d in zip((second, first)[chosen], found[1 - chosen], strict=True)
                 if d is not None]
        fed = [s for s, each in zip(seeds, g, strict=True) if each is not None]
        inputs = [*(then, otherwise)[chosen].inputs, *fed]
        body, captured = closed(inputs, own + zeros if chosen == 0 else zeros + own)
        bodies.append((body, ((first, second)[chosen] + tuple(x for x in g if x is not None) + tuple(captured))))
    if not bodies[0][0].outputs:
        return None, (None,) * len(first), (None,) * len(second)
    results = iter(branch(condition, bodies[0][1], bodies[1][1], then=bodies[0][0], otherwise=bodies[1][0]))
    return (None, *(tuple(next(results) if d is not None else None for d in side) for side in found))


def cond(condition: Array, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """The result of one of two functions without arguments, of which only the chosen one is evaluated.

    Shapes and dtypes: `condition` is a scalar of any dtype (nonzero is true); both functions return arrays, or nests of
    them, of one structure, whose dtypes are promoted and whose shapes may differ in size. Differentiable.
    Edge values: a NaN condition counts as true, as everywhere in Python.
    Errors: ValueError when the condition is no scalar or the structures or numbers of dimensions differ.

    Source: this library; the conditional of array programming, as in JAX's `lax.cond`.
    """
    if isinstance(condition, (bool, int, float)):
        return then() if condition else otherwise()
    if condition.ndim:
        raise ValueError(f"cond: the condition has shape {tuple(condition.shape)}, expected a scalar")
    if not is_symbolic(condition) and is_concrete(condition):
        found, shape = flatten(then() if condition else otherwise())
        return restore(shape, [x if is_array(x) else arrays(x, condition)[1] for x in found])
    xp = array_namespace(condition)
    condition = condition if condition.dtype == xp.bool else xp.astype(condition, xp.bool)
    if not is_symbolic(condition):
        return _both(xp, condition, then(), otherwise())
    first, shape, mark = trace_branch(then)
    second, other, _ = trace_branch(otherwise)
    if shape != other:
        raise ValueError("cond: the two functions return different structures, expected the same")
    for i, (a, b) in enumerate(zip(first, second, strict=True)):
        _, first[i], second[i] = promoted(a, b)

    body, captured = closed((), first, lambda t: t.number < mark or acts(t))
    other_body, other_captured = closed((), second, lambda t: t.number < mark or acts(t))
    captured = [_guarded(xp, t, condition, True, mark) for t in captured]
    other_captured = [_guarded(xp, t, condition, False, mark) for t in other_captured]
    results = branch(condition, tuple(captured), tuple(other_captured), then=body, otherwise=other_body)
    return restore(shape, results)


def _guarded(xp: Any, t: Array, condition: Array, wanted: bool, mark: int) -> Array:
    """What a branch draws or updates, done only where it is taken: once for its values and its gradient together."""
    if t.number < mark or not acts(t):
        return t
    bodies = [closed((), [result], lambda u: u.number < mark) for result in (t, xp.zeros_like(t))]
    (body, captured), (other, others) = bodies if wanted else bodies[::-1]
    result, = branch(condition, tuple(captured), tuple(others), then=body, otherwise=other)
    act_only_if(condition if wanted else xp.logical_not(condition), t, result)
    return result


def _both(xp: Any, condition: Array, x: Any, y: Any) -> Any:
    xs, shape = flatten(x)
    ys, other = flatten(y)
    if shape != other:
        raise ValueError("cond: the two functions return different structures, expected the same")
    return restore(shape, [xp.where(condition, a, b) for a, b in zip(xs, ys, strict=True)])


# ---- loops ------------------------------------------------------------------------------------------------------

def while_loop(condition: Callable[..., Any], body: Callable[..., Any], loop_vars: Any,
               maximum_iterations: int | None = None) -> Any:
    """loop_vars = body(*loop_vars) for as long as condition(*loop_vars) holds; gives the last ones.

    Shapes and dtypes: `loop_vars` is a tuple or list of arrays or nests of them, and the result a tuple, or it is one
    array or dictionary, which both functions get by itself; the body gives the same structure, shapes and dtypes; the
    condition gives a scalar, of which nonzero is true. With `maximum_iterations` there are no more rounds than that.
    Edge values: no round gives loop_vars themselves; a NaN condition counts as true. Differentiable: the gradient runs
    the rounds again, as many as there were, and needs memory in proportion. Inside jax.jit, torch.func.vmap and the
    like, where the condition cannot be looked at, every round up to the maximum is run and its result kept or not.
    Errors: ValueError when the body changes structure, shapes or dtypes, when the condition is no scalar, for a
    negative maximum_iterations, and without one where the condition cannot be looked at; TypeError for a
    maximum_iterations that is no integer.

    Source: Keras 3's `ops.while_loop`, as in JAX's `lax.while_loop`.
    """
    limit = None if maximum_iterations is None else size_from("while_loop", maximum_iterations)
    if isinstance(limit, int) and limit < 0:
        raise ValueError(f"while_loop: maximum_iterations is {limit}, expected at least 0")
    several = isinstance(loop_vars, (tuple, list))
    state, shape = flatten(tuple(loop_vars) if several else loop_vars)
    if not state:
        raise ValueError("while_loop: loop_vars is empty, expected at least one array")
    symbolic = is_symbolic(state) or not any(map(is_array, state))
    xp, *state = arrays(*state)

    def called(function: Callable[..., Any], values: Any) -> Any:
        nest = restore(shape, values)
        return function(*nest) if several else function(nest)

    def holds(*values: Any) -> tuple[Any]:
        return (_scalar(called(condition, values), values[0]),)

    def turned(*values: Any) -> tuple[Any, ...]:
        new = called(body, values)
        return _alike(values, shape, tuple(new) if several and isinstance(new, list) else new)

    if not symbolic:
        *state, _ = rounds.definition(tuple(state), (), (), condition=holds, body=turned, limit=limit)
        return restore(shape, state)
    asked, own = stand_ins(state), stand_ins(state)
    test, captured = closed(asked, holds(*asked))
    step, more = closed(own, turned(*own))
    *state, _ = rounds(tuple(state), tuple(captured), tuple(more), condition=test, body=step, limit=limit)
    return restore(shape, state)


def _scalar(condition: Any, like: Any) -> Any:
    """The condition as a 0-d boolean array."""
    xp = array_namespace(condition, like)
    if not is_array(condition):
        return xp.asarray(bool(condition), dtype=xp.bool, device=device_of(like))
    if condition.ndim:
        raise ValueError(f"while_loop: the condition has shape {tuple(condition.shape)}, expected a scalar")
    return condition if condition.dtype == xp.bool else xp.astype(condition, xp.bool)


def _alike(state: Any, shape: Any, new: Any) -> tuple[Any, ...]:
    """What the body gave, refused when it is not like what it was given."""
    found, new_shape = flatten(new)
    if new_shape != shape:
        raise ValueError("while_loop: the body returns another structure than the one it was given")
    _, *found = arrays(*found, *state)
    found = found[:len(state)]
    for old, value in zip(state, found, strict=True):
        known = [(a, b) for a, b in zip(old.shape, value.shape, strict=False) if None not in (a, b)]
        if old.ndim != value.ndim or any(a != b for a, b in known) or old.dtype != value.dtype:
            raise ValueError(f"while_loop: the body turns a variable of shape {tuple(old.shape)}, {old.dtype} into "
                             f"shape {tuple(value.shape)}, {value.dtype}")
    return tuple(found)


@composite
def rounds(initial: tuple[Array, ...], asked: tuple[Array, ...], captured: tuple[Array, ...], *, condition: Any,
           body: Any, limit: Any) -> tuple[Array, ...]:
    """Run body(*state, *captured) while condition(*state, *asked) holds; gives the last state and the rounds run."""
    xp, state, count = array_namespace(*initial), tuple(initial), 0
    on = None
    while limit is None or count < limit:
        going = condition(*state, *asked)[0]
        if is_concrete(going) and on is None:
            if not going:
                break
            state = tuple(body(*state, *captured))
        else:
            if limit is None:
                raise ValueError("while_loop: the condition cannot be looked at here, inside a transformation of the "
                                 "library; expected a maximum_iterations")
            on = going if on is None else on & going
            state = tuple(xp.where(on, new, old) for new, old in zip(body(*state, *captured), state, strict=True))
        count += 1
    return (*state, xp.asarray(count, dtype=xp.int32, device=device_of(initial[0])))


@rounds.shape
def _(initial, asked, captured, *, condition, body, limit):
    return (*(spec(x.sizes, x.dtype) for x in initial), spec((), "int32"))


@rounds.vjp
def _(g, out, initial, asked, captured, *, condition, body, limit):
    """The gradient of as many rounds as were run, written as a loop of known length."""
    own, length = body.inputs[:len(initial)], size_from("while_loop", out[-1])
    how = {"body": Subgraph(body.inputs, [*body.outputs, *own]), "length": length, "reverse": False}
    done = loop(initial, (), captured, **how)
    assert loop.vjp_rule is not None
    d_initial, _, d_captured = loop.vjp_rule((*g[:-1], *(None for _ in own)), done, initial, (), captured, **how)
    return d_initial, None, d_captured
