"""Differences written over their second operand, which Python's operators cannot do: `x -= y` keeps the first one's."""

from __future__ import annotations

from typing import Any

from ..arrays.typing import Array
from ..dispatch.boundary import sizes
from ..graph.composite import composite

__all__ = ["MIN_OVERWRITTEN", "subtract_into"]

# Elements from which it saves more than its call costs. An update, w - rate * gradient, then needs no new memory: that
# of the gradient becomes the variable's. From 32 MB on glibc has new memory filled with zeros, page by page, each time.
MIN_OVERWRITTEN = 2**16


@composite(fresh=True)
def subtract_into(x: Array, y: Array) -> Array:
    """x - y, which may be written into y: nothing else reads it."""
    return x - y


@subtract_into.shape
def _(x: Array, y: Array) -> tuple[Any, ...]:
    return sizes(y)
