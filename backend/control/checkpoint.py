"""Memory for time: a part of a graph whose values are computed again in the backward pass instead of being kept."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..arrays.arguments import shown
from ..arrays.typing import Array
from ..autodiff.backward import pulled_back
from ..dispatch.promotion import is_array
from ..graph.composite import composite, spec
from ..graph.recording import tensor
from ..graph.tensor import Placeholder, Subgraph, Tensor
from ..graph.traversal import toposort
from .closure import close_over, outer_shape, placeholders_like, recorded_before
from .nests import flatten, present, restore

__all__ = ["checkpoint"]


@composite(forwards=True)
def checkpointed(given: tuple[Array, ...], *, body: Any) -> tuple[Array, ...]:
    """body(*given); what it computes on the way is gone afterwards."""
    return tuple(body(*given))


@checkpointed.shape
def _(given, *, body):
    outer = {id(p): (x, 0) for p, x in zip(body.inputs, given, strict=True)}
    return tuple(spec(None if y.spec.shape is None else outer_shape(y, outer), y.dtype) for y in body.outputs)


@checkpointed.vjp
def _(g, out, given, *, body):
    """One more such call: it computes the body's values again, then their cotangents."""
    places = placeholders_like(out)
    seeds = [place if came is not None else None for place, came in zip(places, g, strict=True)]
    pulled = yield pulled_back(body.outputs, seeds, body.inputs, stop=True)
    if not present(pulled):
        return ((None,) * len(given),)
    back, captured = close_over([*body.inputs, *present(seeds)], present(pulled))
    found = iter(checkpointed((*given, *present(g), *captured), body=back))
    return (tuple(None if d is None else next(found) for d in pulled),)


@checkpointed.prune
def _(live, given, *, body):
    """Drop the outputs that nothing reads, and the arrays that only they needed."""
    kept = sorted(live)
    used = {id(t) for t in toposort([body.outputs[i] for i in kept])}
    pairs = [(p, x) for p, x in zip(body.inputs, given, strict=True) if id(p) in used]
    pairs = pairs or list(zip(body.inputs, given, strict=True))[:1]  # an array gives the namespace
    inner = Subgraph([p for p, _ in pairs], [body.outputs[i] for i in kept])
    return (tuple(x for _, x in pairs),), {"body": inner}, kept


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function like f whose values are computed again in the backward pass instead of being kept for it.

    Parameters
    ----------
    f : callable
        It returns an array or a nest of arrays, in tuples, lists and dictionaries.

    Returns
    -------
    callable
        It takes f's arguments and gives f's results. Of what f computes on symbolic tensors, a gradient finds only the
        arguments, what f reads from outside, and the results: the memory of a training step falls to that of the
        largest part, for the time of one more forward pass.

    Raises
    ------
    TypeError
        When f is not a function.

    Notes
    -----
    Values and gradients are those of f, second ones too. Random numbers are drawn once, and kept. On arrays, where
    nothing is recorded, the result is that of f itself; `grad` and the others like it record.

    References
    ----------
    Griewank, Walther, "Algorithm 799: revolve", 2000; Chen et al., "Training deep nets with sublinear memory cost",
    2016.

    Examples
    --------
    >>> x = K.placeholder((3,))
    >>> y = K.checkpoint(lambda x: K.tanh(K.exp(x)))(x)
    >>> (slope,) = K.gradients(K.sum(y), [x])
    >>> K.eval(slope, {x: [0.0, 0.0, 0.0]}).round(4)
    array([0.42, 0.42, 0.42], dtype=float32)
    """
    if not callable(f):
        raise TypeError(f"checkpoint: f is {shown(f)}, expected a function")

    @functools.wraps(f)
    def evaluate(*args: Any, **kwargs: Any) -> Any:
        start = Placeholder((), "bool").number  # what f records has larger numbers
        found, structure = flatten(f(*args, **kwargs))
        places = [i for i, y in enumerate(found) if isinstance(y, Tensor) and y.number > start]
        for i, y in enumerate(found):
            if not is_array(y):
                raise TypeError(f"checkpoint: f gives {shown(y)}, expected arrays")
            if i in places:
                found[i] = tensor(y)

        body, captured = close_over((), [found[i] for i in places], recorded_before(start))
        if places and captured:
            for i, y in zip(places, checkpointed(tuple(captured), body=body), strict=True):
                found[i] = y
        return restore(structure, found)

    return evaluate
