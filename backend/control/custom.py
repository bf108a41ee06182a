"""Results with a gradient rule of their own, given as a Python function at the call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..arrays.typing import Array
from ..graph.composite import composite
from ..graph.recording import tensor
from ..graph.tensor import Tensor

__all__: list[str] = []


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
    given = [found[i] if i < len(found) else None for i in places]
    return (None,) * len(results), tuple(None if d is None else tensor(d) for d in given)
