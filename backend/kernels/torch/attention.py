"""Attention: torch's own."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional

from ._layout import settled, tracked

__all__ = ["attention"]


def attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, is_causal: bool, scale: float | None
) -> Any:
    """torch.nn.functional.scaled_dot_product_attention."""
    given = [x for x in (query, key, value, mask) if x is not None]
    if any(0 in x.shape for x in given) or tracked(*given):
        return NotImplemented  # torch 2.13 has neither second nor forward derivatives of it on CPU
    if is_causal and mask is not None:
        return NotImplemented  # torch takes only one of the two
    query, key, value = settled(query), settled(key), settled(value)
    mask = None if mask is None else settled(mask)
    return functional.scaled_dot_product_attention(query, key, value, mask, is_causal=is_causal, scale=scale)
