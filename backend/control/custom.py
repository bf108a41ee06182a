"""Functions with a gradient of their own, given as a Python function."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from ..arrays.arguments import shown
from ..arrays.typing import Array
from ..dispatch.promotion import is_array
from ..graph.composite import composite
from ..graph.recording import cast, tensor
from ..graph.tensor import Tensor
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
        While differentiating, when the number of gradients, or the shape of one, is not that of the arguments.

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
        inputs = [x for x in flatten(list(args))[0] if is_array(x)]
        return restore(nest, list(with_rule(results, inputs, found[1])))

    return call


class Rule(int):
    """A number that stands for a rule in a program, which has no use for it, and holds it for the gradient."""

    call: Callable[..., Any]


def with_rule(results: Sequence[Any], inputs: Sequence[Any], rule: Callable[..., Any]) -> Sequence[Any]:
    """The results, whose gradients flow to the inputs by a rule: cotangents of the results -> those of the inputs.

    Arrays that are not symbolic pass through.
    """
    if not any(isinstance(t, Tensor) for t in (*results, *inputs)):
        return results
    number = Rule(0)
    number.call = rule
    places = tuple(i for i, x in enumerate(inputs) if isinstance(x, Tensor))
    return ruled.record(
        (tuple(tensor(y) for y in results), tuple(inputs[i] for i in places)),
        {"rule": number, "places": places},
    )


@composite(forwards=True)
def ruled(results: tuple[Array, ...], inputs: tuple[Array, ...], *, rule: Any, places: Any) -> tuple[Array, ...]:
    """The results as they are."""
    return results


@ruled.shape
def _(results, inputs, *, rule, places):
    return tuple(y.spec for y in results)


@ruled.prune
def _(live, results, inputs, *, rule, places):
    """A result is what it was given: unread ones go, and the inputs, which only the gradient needs."""
    kept = sorted(live)
    return (tuple(results[i] for i in kept), ()), {"rule": rule, "places": ()}, kept


@ruled.vjp
def _(g, out, results, inputs, *, rule, places):
    xp = results[0].__array_namespace__()
    filled = [xp.zeros_like(y) if d is None else d for d, y in zip(g, results, strict=True)]
    found = rule.call(*filled)
    found = list(found) if isinstance(found, (list, tuple)) else [found]
    if inputs and len(found) <= max(places):
        raise ValueError(
            f"custom_gradient: the function of the gradient gives {len(found)}, expected one for each array among the "
            f"arguments, {max(places) + 1} or more"
        )
    return (None,) * len(results), tuple(map(_fitting, inputs, [found[i] for i in places]))


def _fitting(x: Any, d: Any) -> Any:
    """The gradient with respect to x in its dtype; ValueError where the shape is another."""
    if d is None:
        return None
    d = cast(tensor(d), x.dtype)
    if None not in (x.spec.shape, d.spec.shape) and len(d.sizes) == x.ndim:
        if all(n == m or not (isinstance(n, int) and isinstance(m, int)) for n, m in zip(x.sizes, d.sizes, strict=True)):
            return d
    elif x.spec.shape is None or d.spec.shape is None:
        return d
    raise ValueError(
        f"custom_gradient: the function of the gradient gives shape {tuple(d.shape)} for an argument of shape "
        f"{tuple(x.shape)}"
    )
