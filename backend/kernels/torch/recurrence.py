"""Long short-term memory: torch's own, fused on the CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ._layout import Ints, tracked

__all__ = ["lstm_sequence", "lstm_sequence_gradient"]

_LSTM = 2  # torch's number for oneDNN's LSTM cell


def lstm_sequence(
    x: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor | None, h: Tensor, c: Tensor, *, residuals: bool = False
) -> Any:
    """oneDNN's layer in float32 on the CPU, with its workspace as residual; elsewhere torch.lstm, with none."""
    if _declined(x, kernel, recurrent, bias, h, c):
        return NotImplemented
    if not _fused(x):
        every, h, c = _public((x, kernel, recurrent, bias, h, c), train=False)
        return (every, h, c, *[x.new_empty(0)] * 2) if residuals else (every, h, c)
    every, h, c, workspace = torch.ops.aten.mkldnn_rnn_layer(
        x.transpose(0, 1).contiguous(),
        *_weights(kernel, recurrent, bias),
        h.contiguous(),  # oneDNN reads states and their gradients as if they were
        c.contiguous(),
        False,
        [],
        _LSTM,
        h.shape[1],
        1,
        True,
        False,
        False,
        residuals,
    )
    every = every.transpose(0, 1)
    return (every, h, c, workspace, c) if residuals else (every, h, c)


def lstm_sequence_gradient(
    g: Tensor | None,
    g_h: Tensor | None,
    g_c: Tensor | None,
    x: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor | None,
    h: Tensor,
    c: Tensor,
    every: Tensor,
    gates: Tensor | None,
    cells: Tensor | None,
    *,
    wanted: Ints,
) -> Any:
    """oneDNN's backward layer where its forward layer ran; elsewhere torch.lstm again, differentiated by torch."""
    if _declined(g, g_h, g_c, x, kernel, recurrent, bias, h, c, every):
        return NotImplemented
    if not _fused(x) or gates is None or cells is None or gates.dtype != torch.uint8:
        return _differentiated(g, g_h, g_c, (x, kernel, recurrent, bias, h, c), wanted)
    every, last = every.transpose(0, 1).contiguous(), every[:, -1]
    d_x, d_kernel, d_recurrent, d_bias, _, d_h, d_c = torch.ops.aten.mkldnn_rnn_layer_backward(
        x.transpose(0, 1).contiguous(),
        *_weights(kernel, recurrent, bias),
        h.contiguous(),  # oneDNN reads states and their gradients as if they were
        c.contiguous(),
        every,
        last,
        cells,
        torch.zeros_like(every) if g is None else g.transpose(0, 1).contiguous(),
        None if g_h is None else g_h.contiguous(),
        None if g_c is None else g_c.contiguous(),
        False,
        _LSTM,
        h.shape[1],
        1,
        True,
        True,
        False,
        [],
        False,
        gates,
    )
    found = (d_x.transpose(0, 1), d_kernel.mT, d_recurrent.mT, d_bias, d_h.reshape(h.shape), d_c.reshape(c.shape))
    return tuple(found[i] for i in wanted)


def _declined(*given: Tensor | None) -> bool:
    """Whether the definition runs: empty arrays, half precision, and tensors that torch records."""
    return tracked(*given) or any(x is not None and (0 in x.shape or x.dtype.itemsize == 2) for x in given)


def _fused(x: Tensor) -> bool:
    """Whether oneDNN has the layer."""
    return (
        x.dtype == torch.float32
        and x.device.type == "cpu"
        and torch.backends.mkldnn.is_available()
        and bool(torch.backends.mkldnn.enabled)
    )


def _weights(kernel: Tensor, recurrent: Tensor, bias: Tensor | None) -> tuple[Tensor, ...]:
    """The weights as torch expects them: transposed, and with two biases, one of them 0."""
    zero = kernel.new_zeros(kernel.shape[1])
    return kernel.mT.contiguous(), recurrent.mT.contiguous(), zero if bias is None else bias, zero


def _public(given: Sequence[Any], train: bool) -> tuple[Tensor, Tensor, Tensor]:
    x, kernel, recurrent, bias, h, c = given
    every, last_h, last_c = torch.lstm(
        x, (h[None], c[None]), list(_weights(kernel, recurrent, bias)), True, 1, 0.0, train, False, True
    )
    return every, last_h[0], last_c[0]


def _differentiated(
    g: Tensor | None, g_h: Tensor | None, g_c: Tensor | None, given: Sequence[Tensor | None], wanted: Ints
) -> tuple[Tensor, ...]:
    with torch.enable_grad():
        leaves: list[Any] = [x if x is None else x.detach().requires_grad_() for x in given]
        pairs = [(y, d) for y, d in zip(_public(leaves, train=True), (g, g_h, g_c), strict=True) if d is not None]
        return torch.autograd.grad([y for y, _ in pairs], [leaves[i] for i in wanted], [d for _, d in pairs])
