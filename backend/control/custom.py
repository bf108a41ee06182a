"""Functions with a gradient of their own, given as a Python function."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from ..arrays.arguments import shown
from ..arrays.typing import Array
from ..compiler.rewriter import Rewriter
from ..dispatch.promotion import is_array
from ..graph.composite import composite
from ..graph.recording import cast, tensor
from ..graph.tensor import Tensor
from .closure import close_over, placeholders_like
from .nests import flatten, restore

__all__ = ["custom_gradient"]


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose gradient is the one that f gives beside its value.

    Parameters
    ----------
    f : callable
        ``f(*args)`` returns a pair: the value, an array or a nest of arrays in tuples, lists and dictionaries, and a
        function that takes the gradient with respect to each array of the value and returns that with respect to each
        array among the arguments, in their order; None for zero.

    Returns
    -------
    callable
        It takes f's arguments and gives f's value.

    Raises
    ------
    TypeError
        When f is not a function, or does not return a pair whose second member is one.
    ValueError
        When the number of gradients, or the shape of one, is not that of the arguments.

    Notes
    -----
    Symbolic tensors have this gradient: in `gradients`, `grad`, `K.function`, `scan` and optimizers. Arrays pass
    through, with the gradient of the library's own autograd. What f reads from outside its arguments has no gradient.
    Keyword arguments are no arguments to differentiate.

    A second derivative is that of the function of the gradient, where it is made of differentiable operations.

    References
    ----------
    ``jax.custom_gradient``; TensorFlow's ``tf.custom_gradient``.

    Examples
    --------
    >>> @K.custom_gradient
    ... def clipped(x):
    ...     return x, lambda upstream: K.clip(upstream, -1.0, 1.0)
    >>> K.grad(lambda x: K.sum(10.0 * clipped(x)))(np.asarray([1.0, 2.0]))
    array([1., 1.])
    """
    if not callable(f):
        raise TypeError(f"custom_gradient: f is {shown(f)}, expected a function")

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        found = f(*args, **kwargs)
        if not isinstance(found, (tuple, list)) or len(found) != 2 or not callable(found[1]):
            raise TypeError(
                f"custom_gradient: f returned {shown(found)}, expected a pair: the value and a function of its gradient"
            )
        results, nest = flatten(found[0])
        return restore(nest, list(with_rule(results, flatten(list(args))[0], found[1])))

    return call


def with_rule(results: Sequence[Any], inputs: Sequence[Any], rule: Callable[..., Any]) -> Sequence[Any]:
    """The results, whose gradients flow to the inputs by a rule: cotangents of the results -> those of the inputs.

    The rule is recorded now: a loop around it takes its graph along. Arrays that are not symbolic pass through.
    """
    if not any(isinstance(t, Tensor) for t in (*results, *inputs)):
        return results
    made = tuple(tensor(y) for y in results)
    seeds = placeholders_like(made)
    found = rule(*seeds)
    found = list(found) if isinstance(found, (list, tuple)) else [found]
    arrays = [x for x in inputs if is_array(x)]
    inputs = arrays if len(found) == len(arrays) else inputs  # numbers may have a place or none
    if len(found) != len(inputs):
        raise ValueError(
            f"custom_gradient: the function of the gradient gives {len(found)}, expected {len(arrays)}: one for each "
            "array among the arguments"
        )
    pairs = [(x, d) for x, d in zip(inputs, found, strict=True) if isinstance(x, Tensor) and d is not None]
    body, captured = close_over(seeds, [_fitting(x, d) for x, d in pairs])
    return ruled.record((made, tuple(x for x, _ in pairs), tuple(captured)), {"body": body})


@composite(forwards=True)
def ruled(
    results: tuple[Array, ...], inputs: tuple[Array, ...], captured: tuple[Array, ...], *, body: Any
) -> tuple[Array, ...]:
    """The results as they are; `body` gives the cotangents of the inputs from those of the results."""
    return results


@ruled.shape
def _(results, inputs, captured, *, body):
    return tuple(y.spec for y in results)


@ruled.prune
def _(live, results, inputs, captured, *, body):
    """A result is what it was given: unread ones go, and what only the gradient needs."""
    kept = sorted(live)
    return (tuple(results[i] for i in kept), (), ()), {"body": None}, kept


@ruled.vjp
def _(g, out, results, inputs, captured, *, body):
    xp = results[0].__array_namespace__()
    filled = [xp.zeros_like(y) if d is None else d for d, y in zip(g, results, strict=True)]
    known = {id(p): x for p, x in zip(body.inputs, (*filled, *captured), strict=True)}
    found = Rewriter(known)(body.outputs)
    return (None,) * len(results), tuple(found), (None,) * len(captured)


def _fitting(x: Any, d: Any) -> Any:
    """The cotangent of x in its dtype; ValueError where the shape is another."""
    d = cast(tensor(d), x.dtype)
    if x.spec.shape is None or d.spec.shape is None:
        return d
    if x.ndim == d.ndim and all(n == m or None in (n, m) for n, m in zip(x.shape, d.shape, strict=True)):
        return d
    raise ValueError(
        f"custom_gradient: the function of the gradient gives shape {tuple(d.shape)} for an argument of shape "
        f"{tuple(x.shape)}"
    )
