"""Loops that end when a condition fails: while_loop, and the composite it records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..arrays.typing import Array, Size
from ..dispatch.boundary import number_like, size_from
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, arrays, device_of, is_array, is_concrete
from ..graph.composite import composite, spec
from ..graph.tensor import Subgraph
from .carry import check_shapes, checked_carry
from .closure import close_over, is_symbolic, placeholders_like
from .loop import loop
from .nests import flatten, restore

__all__ = ["while_loop"]


@operation
def while_loop(
    condition: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: Size | None = None
) -> Any:
    """Repeat ``loop_vars = body(*loop_vars)`` while ``condition(*loop_vars)`` holds.

    Parameters
    ----------
    condition : callable
        It returns a scalar; nonzero is true.
    body : callable
        It keeps the structure, shapes and dtypes.
    loop_vars : array or nest of arrays
        A tuple or list of arrays or nests of them. Or one array or dictionary, which both functions take as their only
        argument.
    maximum_iterations : int, optional
        A limit to the number of iterations.

    Returns
    -------
    tuple, array or dict
        The last loop_vars, those given where there is no iteration. A tuple for a tuple or list.

    Raises
    ------
    ValueError
        When the body changes structure, shapes or dtypes, when the condition is not a scalar, for a negative
        maximum_iterations, and for None where the condition is not concrete.
    TypeError
        For a maximum_iterations that is not an integer.

    Notes
    -----
    A NaN condition counts as true. Differentiable: the gradient repeats the iterations, and needs memory in proportion
    to their number. Where the condition is not concrete, inside ``jax.jit``, ``torch.func.vmap`` and the like, every
    iteration up to the maximum runs, and its result is kept or discarded.

    References
    ----------
    Keras 3, ``keras.ops.while_loop``, as ``jax.lax.while_loop``.

    Examples
    --------
    >>> x = np.asarray(2.0)  # Newton's method for the square root
    >>> root = K.while_loop(lambda r: abs(r * r - x) > 1e-9, lambda r: 0.5 * (r + x / r), np.asarray(1.0))
    >>> round(float(root), 6)
    1.414214
    """
    limit: Any = maximum_iterations
    if isinstance(limit, int) and limit < 0:
        raise ValueError(f"while_loop: maximum_iterations is {limit}, expected at least 0")
    several = isinstance(loop_vars, (tuple, list))
    state, structure = flatten(tuple(loop_vars) if several else loop_vars)
    if not state:
        raise ValueError("while_loop: loop_vars is empty, expected at least one array")
    symbolic = is_symbolic(state) or not any(map(is_array, state))
    _xp, *state = arrays(*state)

    def called(function: Callable[..., Any], values: Any) -> Any:
        nest = restore(structure, values)
        return function(*nest) if several else function(nest)

    def holds(*values: Any) -> tuple[Any]:
        return (_scalar(called(condition, values), values[0]),)

    def stepped(*values: Any) -> tuple[Any, ...]:
        new = called(body, values)
        new = tuple(new) if several and isinstance(new, list) else new
        return tuple(checked_carry("while_loop: the body", values, structure, new))

    if not symbolic:
        *state, _ = while_loop_.definition(tuple(state), (), (), condition=holds, body=stepped, limit=limit)
        return restore(structure, state)
    tested, own = placeholders_like(state), placeholders_like(state)
    test, test_captured = close_over(tested, holds(*tested))
    step, captured = close_over(own, stepped(*own))
    *state, _ = while_loop_(tuple(state), tuple(test_captured), tuple(captured), condition=test, body=step, limit=limit)
    return restore(structure, state)


def _scalar(condition: Any, like: Any) -> Any:
    """The condition as a 0-d boolean array."""
    xp = array_namespace(condition, like)
    if not is_array(condition):
        return xp.asarray(bool(condition), dtype=xp.bool, device=device_of(like))
    if condition.ndim:
        raise ValueError(f"while_loop: the condition has shape {tuple(condition.shape)}, expected a scalar")
    return condition if condition.dtype == xp.bool else xp.astype(condition, xp.bool)


@composite(forwards=True)
def while_loop_(
    initial: tuple[Array, ...],
    test_captured: tuple[Array, ...],
    captured: tuple[Array, ...],
    *,
    condition: Any,
    body: Any,
    limit: Any,
) -> tuple[Array, ...]:
    """Run body(*state, *captured) while condition(*state, *test_captured) holds; also returns the iteration count."""
    xp, state, count = array_namespace(*initial), tuple(initial), 0
    on = None
    while limit is None or count < limit:
        going = condition(*state, *test_captured)[0]
        if is_concrete(going) and on is None:
            if not going:
                break
            state = tuple(body(*state, *captured))
            if not count:
                check_shapes("while_loop: the body", initial, state)
        elif hasattr(xp, "__while_loop__"):
            last: tuple[Array, ...] = xp.__while_loop__(
                lambda *values: condition(*values, *test_captured),
                lambda *values: body(*values, *captured),
                state,
                limit,
            )
            return last
        else:
            if limit is None:
                raise ValueError(
                    "while_loop: the condition is not concrete here, inside a transformation of the library; "
                    "expected a maximum_iterations"
                )
            on = going if on is None else on & going
            state = tuple(xp.where(on, new, old) for new, old in zip(body(*state, *captured), state, strict=True))
        count += 1
    return (*state, number_like(initial[0], count, xp.int32))


@while_loop_.shape
def _(initial, test_captured, captured, *, condition, body, limit):
    return (*(spec(x.sizes, x.dtype) for x in initial), spec((), "int32"))


@while_loop_.vjp
def _(g, out, initial, test_captured, captured, *, condition, body, limit):
    """The gradient of a loop of known length: as many iterations as there were."""
    own, length = body.inputs[: len(initial)], size_from("while_loop", "length", out[-1])
    how = {"body": Subgraph(body.inputs, [*body.outputs, *own]), "length": length, "reverse": False}
    done = loop(initial, (), captured, **how)
    assert loop.vjp_rule is not None
    d_initial, _, d_captured = yield from loop.vjp_rule(
        (*g[:-1], *(None for _ in own)), done, initial, (), captured, **how
    )
    return d_initial, None, d_captured
