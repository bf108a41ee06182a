"""Loops that a condition ends: while_loop, and the composite it records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..arrays.typing import Array
from ..dispatch.boundary import size_from
from ..dispatch.promotion import array_namespace, arrays, device_of, is_array, is_concrete
from ..graph.composite import composite, spec
from ..graph.tensor import Subgraph
from .closure import close_over, is_symbolic, placeholders_like
from .loop import loop
from .nests import flatten, restore

__all__ = ["while_loop"]


def while_loop(
    condition: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
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
    _xp, *state = arrays(*state)

    def called(function: Callable[..., Any], values: Any) -> Any:
        nest = restore(shape, values)
        return function(*nest) if several else function(nest)

    def holds(*values: Any) -> tuple[Any]:
        return (_scalar(called(condition, values), values[0]),)

    def turned(*values: Any) -> tuple[Any, ...]:
        new = called(body, values)
        return _alike(values, shape, tuple(new) if several and isinstance(new, list) else new)

    if not symbolic:
        *state, _ = while_loop_.definition(tuple(state), (), (), condition=holds, body=turned, limit=limit)
        return restore(shape, state)
    asked, own = placeholders_like(state), placeholders_like(state)
    test, captured = close_over(asked, holds(*asked))
    step, more = close_over(own, turned(*own))
    *state, _ = while_loop_(tuple(state), tuple(captured), tuple(more), condition=test, body=step, limit=limit)
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
    found = found[: len(state)]
    for old, value in zip(state, found, strict=True):
        known = [(a, b) for a, b in zip(old.shape, value.shape, strict=False) if None not in (a, b)]
        if old.ndim != value.ndim or any(a != b for a, b in known) or old.dtype != value.dtype:
            raise ValueError(
                f"while_loop: the body turns a variable of shape {tuple(old.shape)}, {old.dtype} into "
                f"shape {tuple(value.shape)}, {value.dtype}"
            )
    return tuple(found)


@composite(forwards=True)
def while_loop_(
    initial: tuple[Array, ...],
    asked: tuple[Array, ...],
    captured: tuple[Array, ...],
    *,
    condition: Any,
    body: Any,
    limit: Any,
) -> tuple[Array, ...]:
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
                raise ValueError(
                    "while_loop: the condition cannot be looked at here, inside a transformation of the "
                    "library; expected a maximum_iterations"
                )
            on = going if on is None else on & going
            state = tuple(xp.where(on, new, old) for new, old in zip(body(*state, *captured), state, strict=True))
        count += 1
    return (*state, xp.asarray(count, dtype=xp.int32, device=device_of(initial[0])))


@while_loop_.shape
def _(initial, asked, captured, *, condition, body, limit):
    return (*(spec(x.sizes, x.dtype) for x in initial), spec((), "int32"))


@while_loop_.vjp
def _(g, out, initial, asked, captured, *, condition, body, limit):
    """The gradient of as many rounds as were run, written as a loop of known length."""
    own, length = body.inputs[: len(initial)], size_from("while_loop", out[-1])
    how = {"body": Subgraph(body.inputs, [*body.outputs, *own]), "length": length, "reverse": False}
    done = loop(initial, (), captured, **how)
    assert loop.vjp_rule is not None
    d_initial, _, d_captured = loop.vjp_rule((*g[:-1], *(None for _ in own)), done, initial, (), captured, **how)
    return d_initial, None, d_captured
