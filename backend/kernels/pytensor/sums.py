"""Cotangents summed to the shape of what was broadcast: PyTensor knows beforehand which sizes are 1."""

from __future__ import annotations

from typing import Any

import pytensor.tensor as pt

__all__ = ["sum_to"]


def sum_to(g: Any, *, shape: tuple[Any, ...]) -> Any:
    """Sum over leading axes, and where `shape` has a size known to be 1 and `g` has none."""
    lead = g.ndim - len(shape)
    repeated = [lead + i for i, n in enumerate(shape) if isinstance(n, int) and n == 1 != g.type.shape[lead + i]]
    axes = (*range(lead), *repeated)
    if not axes:
        return g
    found = pt.sum(g, axis=axes, keepdims=True, dtype=g.dtype)
    return found.dimshuffle(*range(lead, g.ndim)) if lead else found
