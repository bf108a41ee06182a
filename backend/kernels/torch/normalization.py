"""Batch normalization: torch's own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ._layout import Ints

__all__ = ["standardization"]


def _channel(x: Tensor, axes: Ints) -> int | None:
    """The one axis that is kept, where torch has a batch normalization over the others."""
    kept = [i for i in range(x.ndim) if i not in axes]
    if len(kept) != 1 or x.ndim < 2 or 0 in x.shape or x.dtype.itemsize == 2 or x.numel() == x.shape[kept[0]]:
        return None
    return kept[0]


def standardization(x: Tensor, *, axes: Ints, epsilon: float) -> Any:
    """torch.native_batch_norm, whose running statistics are those of this batch where the momentum is 1."""
    at = _channel(x, axes)
    if at is None or x.requires_grad or torch._C._functorch.is_functorch_wrapped_tensor(x):
        return NotImplemented  # the statistics would have no gradient
    mean, variance = x.new_zeros(2, x.shape[at])
    y = torch.native_batch_norm(x.movedim(at, 1), None, None, mean, variance, True, 1.0, epsilon)[0]
    variance *= 1.0 - x.shape[at] / x.numel()  # which torch divides by n - 1
    shape = [n if i == at else 1 for i, n in enumerate(x.shape)]
    return y.movedim(1, at), mean.reshape(shape), variance.reshape(shape)
