"""Batch normalization: torch's own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ._layout import Ints, dense, together, tracked

__all__ = ["batch_norm", "batch_norm_gradient"]


def _channel(x: Tensor, axes: Ints) -> int | None:
    """The one axis that is not reduced, where torch can normalize over the others; else None."""
    kept = [i for i in range(x.ndim) if i not in axes]
    if len(kept) != 1 or x.ndim < 2 or 0 in x.shape or x.dtype.itemsize == 2 or x.numel() == x.shape[kept[0]]:
        return None
    return kept[0]


def batch_norm(x: Tensor, gamma: Tensor | None, beta: Tensor | None, *, axes: Ints, epsilon: float) -> Any:
    """torch.native_batch_norm; with momentum 1 its running statistics are those of this batch."""
    at = _channel(x, axes)
    if at is None or tracked(x, gamma, beta):
        return NotImplemented  # torch gives the statistics no gradient
    mean, variance = x.new_zeros(2, x.shape[at])
    moved = together(x, axis=at)[0]
    y = torch.native_batch_norm(moved, _flat(gamma), _flat(beta), mean, variance, True, 1.0, epsilon)[0]
    variance *= 1.0 - x.shape[at] / x.numel()  # torch divides by n - 1
    shape = [n if i == at else 1 for i, n in enumerate(x.shape)]
    return y.movedim(1, at), mean.reshape(shape), variance.reshape(shape)


def batch_norm_gradient(
    g: Tensor,
    x: Tensor,
    gamma: Tensor | None,
    mean: Tensor,
    variance: Tensor,
    *,
    axes: Ints,
    epsilon: float,
    wanted: Ints,
) -> Any:
    """torch.ops.aten.native_batch_norm_backward."""
    at = _channel(x, axes)
    if at is None or tracked(g, x, gamma, mean, variance):
        return NotImplemented
    deviations = (variance.reshape(-1) + epsilon).rsqrt_()
    d_x, d_gamma, d_beta = torch.ops.aten.native_batch_norm_backward(
        *together(g, x, axis=at),
        _flat(gamma),
        None,
        None,
        dense(mean.reshape(-1)),
        deviations,
        True,
        epsilon,
        [i in wanted for i in range(3)],
    )
    found = (d_x.movedim(1, at) if 0 in wanted else None, d_gamma, d_beta)
    return tuple(d if i == 0 else d.reshape(mean.shape) for i, d in enumerate(found) if i in wanted)


def _flat(parameter: Tensor | None) -> Tensor | None:
    return None if parameter is None else dense(parameter.reshape(-1))
