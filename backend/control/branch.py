"""Branches that a condition chooses: cond, and the composite it records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..arrays.arguments import shown
from ..arrays.namespaces import plain
from ..arrays.typing import Array
from ..autodiff.backward import pulled_back
from ..dispatch.promotion import array_namespace, arrays, is_array, is_concrete, promoted
from ..graph.composite import composite, spec
from ..graph.recording import tensor
from ..graph.tensor import Placeholder
from .closure import close_over, effects_if, is_symbolic, outer_shape, own_effects, placeholders_like, recorded_before
from .nests import flatten, present, restore

__all__ = ["cond"]


@composite(forwards=True)
def branch(
    condition: Array, first: tuple[Array, ...], second: tuple[Array, ...], *, then: Any, otherwise: Any
) -> tuple[Array, ...]:
    """then(*first) where the 0-d condition holds, else otherwise(*second); both where the condition is not concrete."""
    if is_concrete(condition):
        return then(*first) if condition else otherwise(*second)
    xp = array_namespace(condition)
    return tuple(xp.where(condition, x, y) for x, y in zip(then(*first), otherwise(*second), strict=True))


@branch.shape
def _(condition, first, second, *, then, otherwise):
    outer = {id(p): (x, 0) for p, x in zip((*then.inputs, *otherwise.inputs), (*first, *second), strict=True)}
    results = []
    for a, b in zip(then.outputs, otherwise.outputs, strict=True):
        if a.ndim != b.ndim:
            raise ValueError(f"cond: the branches give {a.ndim} and {b.ndim} dimensions, expected the same number")
        pairs = zip(outer_shape(a, outer), outer_shape(b, outer), strict=True)
        results.append(spec([x if x is not None and x == y else None for x, y in pairs], a.dtype))
    return tuple(results)


@branch.vjp
def _(g, out, condition, first, second, *, then, otherwise):
    """The cotangents flow back through the branch that was taken; the other branch's inputs get zeros."""
    xp = array_namespace(condition)
    places = placeholders_like(out)
    seeds = [place if came is not None else None for place, came in zip(places, g, strict=True)]
    d_first = yield pulled_back(then.outputs, seeds, then.inputs, stop=True)
    d_second = yield pulled_back(otherwise.outputs, seeds, otherwise.inputs, stop=True)
    if all(d is None for d in (*d_first, *d_second)):
        return None, (None,) * len(first), (None,) * len(second)

    def zeros(inputs: Any, cotangents: Any) -> list[Any]:
        return [xp.zeros_like(x) for x, d in zip(inputs, cotangents, strict=True) if d is not None]

    def closed(body: Any, inputs: Any, results: list[Any]) -> tuple[Any, tuple[Any, ...]]:
        graph, captured = close_over([*body.inputs, *present(seeds)], results)
        return graph, (*inputs, *present(g), *captured)

    back_first, inputs_first = closed(then, first, [*present(d_first), *zeros(second, d_second)])
    back_second, inputs_second = closed(otherwise, second, [*zeros(first, d_first), *present(d_second)])
    results = iter(branch(condition, inputs_first, inputs_second, then=back_first, otherwise=back_second))
    return (None, *(tuple(None if d is None else next(results) for d in side) for side in (d_first, d_second)))


def cond(condition: Array, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """Evaluate one of two functions without arguments and return its result.

    Parameters
    ----------
    condition : array
        A scalar of any dtype; nonzero is true.
    then, otherwise : callable
        Both return arrays, or nests of them, of one structure. Where the condition is concrete, only the chosen one is
        called.

    Returns
    -------
    array or nest of arrays
        Where the condition is symbolic, the dtypes of the two results are promoted, and their shapes may differ in
        size. Differentiable.

    Raises
    ------
    ValueError
        When the condition is not a scalar, or the structures or numbers of dimensions differ.

    Notes
    -----
    A NaN condition counts as true, as in Python.

    References
    ----------
    The conditional of array programming, as ``jax.lax.cond``.

    Examples
    --------
    >>> x = K.placeholder(())
    >>> root = K.cond(x > 0.0, lambda: K.sqrt(x), lambda: x * 0.0)
    >>> K.eval(root, {x: 9.0}), K.eval(root, {x: -9.0})
    (array(3., dtype=float32), array(-0., dtype=float32))
    """
    # no @operation: its frame would make three of four a level, and nests of 250 too deep for Python's stack
    for name, function in (("then", then), ("otherwise", otherwise)):
        if not callable(function):
            raise TypeError(f"cond: {name} is {shown(function)}, expected a function")
    if isinstance(condition, (bool, int, float)):
        return then() if condition else otherwise()
    if not is_array(condition):
        raise TypeError(f"cond: condition is {shown(condition)}, expected an array or a number")
    condition = plain(condition)
    if condition.ndim:
        raise ValueError(f"cond: the condition has shape {tuple(condition.shape)}, expected a scalar")
    if not is_symbolic(condition) and is_concrete(condition):
        found, structure = flatten(then() if condition else otherwise())
        return restore(structure, [plain(x) if is_array(x) else arrays(x, condition)[1] for x in found])
    xp = array_namespace(condition)
    condition = condition if condition.dtype == xp.bool else xp.astype(condition, xp.bool)
    start = Placeholder((), "bool").number  # what the functions record has larger numbers
    first, second = then(), otherwise()  # called from here: a nest of branches is as deep as Python's stack allows
    (xs, structure), (ys, other) = flatten(first), flatten(second)
    if structure != other:
        raise ValueError("cond: the two functions return different structures, expected the same")
    if is_symbolic(condition):
        return restore(structure, recorded_branch(xp, condition, xs, ys, start))
    return restore(structure, [xp.where(condition, a, b) for a, b in zip(xs, ys, strict=True)])


def recorded_branch(xp: Any, condition: Array, xs: list[Any], ys: list[Any], start: int) -> tuple[Array, ...]:
    """The branch of two lists of results, which the two functions recorded from the number `start` on."""
    first, second = [], []
    for x, y in zip(xs, ys, strict=True):
        _, a, b = promoted(tensor(x), tensor(y))
        first.append(a)
        second.append(b)

    outer = recorded_before(start)
    (body, captured), (other_body, other_captured) = close_over((), first, outer), close_over((), second, outer)
    return branch(
        condition,
        tuple(_guarded(xp, t, condition, True, start) for t in captured),
        tuple(_guarded(xp, t, condition, False, start) for t in other_captured),
        then=body,
        otherwise=other_body,
    )


def _guarded(xp: Any, t: Any, condition: Any, wanted: bool, start: int) -> Any:
    """A tensor of one branch. One with effects, a draw or an update, is evaluated only where that branch is taken.

    The branch and its gradient read the same tensor, so the effects happen once for both.
    """
    if t.number < start or not own_effects(t):
        return t
    bodies = [close_over((), [result], lambda u: u.number < start) for result in (t, xp.zeros_like(t))]
    (body, captured), (other, other_captured) = bodies if wanted else bodies[::-1]
    taken = condition if wanted else xp.logical_not(condition)
    (result,) = branch.record(
        (condition, tuple(captured), tuple(other_captured)), {"then": body, "otherwise": other}, effects_if(taken, t)
    )
    return result
