"""Branches that a condition decides: cond, and the composite it records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..arrays.typing import Array
from ..autodiff.backward import backward
from ..dispatch.promotion import array_namespace, arrays, is_array, is_concrete, promoted
from ..graph.composite import composite, spec
from .closure import act_only_if, close_over, has_effects, is_symbolic, outer_shape, placeholders_like, trace_branch
from .nests import flatten, restore

__all__ = ["cond"]


@composite
def branch(
    condition: Array, first: tuple[Array, ...], second: tuple[Array, ...], *, then: Any, otherwise: Any
) -> tuple[Array, ...]:
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
        pairs = zip(outer_shape(a, inside), outer_shape(b, inside), strict=True)
        results.append(spec([x if x is not None and x == y else None for x, y in pairs], a.dtype))
    return tuple(results)


@branch.vjp
def _(g, out, condition, first, second, *, then, otherwise):
    """The branch taken forward is the branch the cotangents flow through; the other side's are zeros."""
    seeds = placeholders_like(out)
    alive = [seed if each is not None else None for seed, each in zip(seeds, g, strict=True)]
    xp = array_namespace(condition)
    bodies, found = [], []
    for body in (then, otherwise):
        found.append(backward(body.outputs, alive, body.inputs, stop=True))
    for chosen in (0, 1):
        own = [d for d in found[chosen] if d is not None]
        zeros = [
            xp.zeros_like(x) for x, d in zip((second, first)[chosen], found[1 - chosen], strict=True) if d is not None
        ]
        fed = [s for s, each in zip(seeds, g, strict=True) if each is not None]
        inputs = [*(then, otherwise)[chosen].inputs, *fed]
        body, captured = close_over(inputs, own + zeros if chosen == 0 else zeros + own)
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

    body, captured = close_over((), first, lambda t: t.number < mark or has_effects(t))
    other_body, other_captured = close_over((), second, lambda t: t.number < mark or has_effects(t))
    captured = [_guarded(xp, t, condition, True, mark) for t in captured]
    other_captured = [_guarded(xp, t, condition, False, mark) for t in other_captured]
    results = branch(condition, tuple(captured), tuple(other_captured), then=body, otherwise=other_body)
    return restore(shape, results)


def _guarded(xp: Any, t: Any, condition: Any, wanted: bool, mark: int) -> Any:
    """What a branch draws or updates, done only where it is taken: once for its values and its gradient together."""
    if t.number < mark or not has_effects(t):
        return t
    bodies = [close_over((), [result], lambda u: u.number < mark) for result in (t, xp.zeros_like(t))]
    (body, captured), (other, others) = bodies if wanted else bodies[::-1]
    (result,) = branch(condition, tuple(captured), tuple(others), then=body, otherwise=other)
    act_only_if(condition if wanted else xp.logical_not(condition), t, result)
    return result


def _both(xp: Any, condition: Array, x: Any, y: Any) -> Any:
    xs, shape = flatten(x)
    ys, other = flatten(y)
    if shape != other:
        raise ValueError("cond: the two functions return different structures, expected the same")
    return restore(shape, [xp.where(condition, a, b) for a, b in zip(xs, ys, strict=True)])
