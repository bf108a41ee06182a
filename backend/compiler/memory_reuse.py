"""New values of variables, w - rate * gradient: in one pass where a library can, and in the gradient's memory."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..arrays.typing import Array
from ..dispatch.boundary import sizes
from ..graph.composite import composite
from ..graph.tensor import Tensor
from .program import Graph
from .rewriter import Rewriter

__all__ = ["OVERWRITING", "step_down", "stepwise", "subtract_into"]

# Elements from which it saves more than its call costs. An update, w - rate * gradient, then needs no new memory: that
# of the gradient becomes the variable's. From 32 MB on glibc has new memory filled with zeros, page by page, each time.
MIN_OVERWRITTEN = 2**16


@composite(fresh=True)
def subtract_into(x: Array, y: Array) -> Array:
    """x - y, which may be written into y: nothing else reads it. Python's operators cannot: `x -= y` keeps x."""
    return x - y


@composite(fresh=True)
def step_down(x: Array, y: Array, *, rate: float) -> Array:
    """x - rate * y, in one pass on libraries that have a kernel for it; it may round once instead of twice."""
    return x - rate * y


@composite(fresh=True)
def step_down_into(x: Array, y: Array, *, rate: float) -> Array:
    """`step_down`, which may be written into y."""
    return x - rate * y


# By the function that is called without: what may write over its second argument, and from how many elements on.
# The gradient of a convolution's kernel lies as the library's convolution wants kernels, and so does the new kernel.
OVERWRITING: dict[Any, tuple[Any, int]] = {"subtract": (subtract_into, MIN_OVERWRITTEN), step_down: (step_down_into, 1)}


@subtract_into.shape
@step_down.shape
@step_down_into.shape
def _(x: Array, y: Array, **how: Any) -> tuple[Any, ...]:
    return sizes(y)


def stepwise(graph: Graph) -> Graph:
    """The graph with `step_down` for new values of variables that are x - rate * y."""
    readers = Counter(id(i) for t in graph.order if t.node is not None for i in t.node.inputs)
    given = {id(t): found for t in graph.updates if (found := _step_down(t, readers)) is not None}
    return graph.replaced(Rewriter(given)(graph.roots)).with_facts(shared=None) if given else graph


def _step_down(t: Tensor, readers: Counter[int]) -> Tensor | None:
    """The new value as one call; None where it is something else, or the product is read elsewhere, too."""
    if t.node is None or t.node.function != "subtract" or not t.dtype.is_floating:
        return None
    x, product = t.node.args
    if not isinstance(x, Tensor) or not isinstance(product, Tensor) or readers[id(product)] > 1:
        return None
    if product.node is None or product.node.function != "multiply":
        return None
    for rate, y in (product.node.args, product.node.args[::-1]):
        if type(rate) is float and isinstance(y, Tensor) and x.spec == y.spec == t.spec:
            found: Tensor = step_down.record((x, y), {"rate": rate})
            return found
    return None
