"""Gated recurrent units: torch's own where a GPU fuses the steps, or where no gradient follows."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ._layout import Ints, dense
from ._precision import as_precise_as_products
from .recurrence import declined

__all__ = ["gru_sequence", "gru_sequence_gradient"]

_GRU = 3  # torch's number for the cell


@as_precise_as_products("rnn")
def gru_sequence(
    x: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor | None,
    recurrent_bias: Tensor | None,
    h: Tensor,
    *,
    reset_after: bool,
    residuals: bool = False,
) -> Any:
    """torch.gru, which has r apply after the product; it keeps nothing, so on the CPU training has the definition."""
    if not reset_after or declined(x, kernel, recurrent, bias, recurrent_bias, h) or (residuals and not _is_fused(x)):
        return NotImplemented
    every, h = _public(x, _weights(kernel, recurrent, bias, recurrent_bias), h)
    return (every, h, *[x.new_empty(0)] * 2) if residuals else (every, h)


@as_precise_as_products("rnn")
def gru_sequence_gradient(
    g: Tensor | None,
    g_h: Tensor | None,
    x: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor | None,
    recurrent_bias: Tensor | None,
    h: Tensor,
    every: Tensor,
    gates: Tensor | None,
    inner: Tensor | None,
    *,
    reset_after: bool,
    wanted: Ints,
) -> Any:
    """On a GPU torch.gru again, differentiated by torch."""
    if not reset_after or not _is_fused(x) or declined(g, g_h, x, kernel, recurrent, bias, recurrent_bias, h, every):
        return NotImplemented
    weights = _weights(kernel, recurrent, bias, recurrent_bias)
    with torch.enable_grad():
        x, h = (y.detach().requires_grad_() for y in (x, h))
        leaves = [x, *(weight.requires_grad_() for weight in weights), h]
        results = zip(_public(x, weights, h, train=True), (g, g_h), strict=True)
        pairs = [(y, d) for y, d in results if d is not None]
        found = torch.autograd.grad([y for y, _ in pairs], [leaves[i] for i in wanted], [d for _, d in pairs])
    return tuple(_own_order(d, i) for i, d in zip(wanted, found, strict=True))


def _own_order(d: Tensor, place: int) -> Tensor:
    """The gradient of a weight of torch's in the layout of ours."""
    return _swapped(d.mT if place in (1, 2) else d) if place in (1, 2, 3, 4) else d


def _swapped(weight: Tensor) -> Tensor:
    """The columns of z and r, the first two of three, exchanged: torch has r first."""
    z, r, new = weight.chunk(3, dim=-1)
    return torch.cat([r, z, new], dim=-1)


def _weights(kernel: Tensor, recurrent: Tensor, *biases: Tensor | None) -> list[Tensor]:
    """The weights as torch expects them; where cuDNN takes the device and dtype, in one piece."""
    zero = kernel.new_zeros(kernel.shape[1])
    given = [_swapped(kernel).mT, _swapped(recurrent).mT, *(zero if b is None else _swapped(b) for b in biases)]
    weights = [weight.clone(memory_format=torch.contiguous_format) for weight in given]
    if torch.backends.cudnn.is_acceptable(kernel):
        with torch.cuda.device_of(weights[0]):
            torch._cudnn_rnn_flatten_weight(  # noqa: SLF001 - torch.nn.GRU's own way
                weights, len(weights), kernel.shape[0], _GRU, recurrent.shape[0], 0, 1, True, False
            )
    return weights


def _public(x: Tensor, weights: list[Tensor], h: Tensor, train: bool = False) -> tuple[Tensor, Tensor]:
    """torch.gru; cuDNN takes dense states only."""
    every, h = torch.gru(x, dense(h)[None], weights, True, 1, 0.0, train, False, True)
    return every, h[0]


def _is_fused(x: Tensor) -> bool:
    """Whether torch runs all steps in one kernel: on the CPU its gradient takes longer than the definition's."""
    return x.is_cuda
