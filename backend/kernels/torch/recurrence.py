"""Long short-term memory: torch's own, fused by oneDNN on the CPU and by cuDNN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from . import _traced
from ._layout import Ints, dense, tracked
from ._precision import as_precise_as_products

__all__ = ["lstm_sequence", "lstm_sequence_gradient"]

_HAS_ONEDNN = torch.backends.mkldnn.is_available()
_RNN_LAYER = torch.ops.aten.mkldnn_rnn_layer.default
_LSTM = 2  # torch's number for the LSTM cell of oneDNN and of cuDNN


@as_precise_as_products("rnn")
def lstm_sequence(
    x: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor | None, h: Tensor, c: Tensor, *, residuals: bool = False
) -> Any:
    """oneDNN's layer in float32 on the CPU, with its workspace as residual; elsewhere torch.lstm, with none."""
    if declined(x, kernel, recurrent, bias, h, c):
        return NotImplemented
    if not _fused(x):
        every, h, c = _public(x, _own_weights(kernel, recurrent, bias), h, c)
        return (every, h, c, *[x.new_empty(0)] * 2) if residuals else (every, h, c)
    if not residuals:
        return _onednn(x, kernel, recurrent, bias, h, c, train=False)[:3]
    if torch.compiler.is_compiling():
        every, h, c, ticket = _traced.lstm(x, kernel, recurrent, bias, h, c)
        return every, h, c, ticket, c
    every, h, c, workspace = _layer(x, kernel, recurrent, bias, h, c)
    return every, h, c, workspace, c


def _layer(*given: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """oneDNN's layer with its workspace."""
    with torch.enable_grad():  # without it oneDNN keeps nothing
        return _onednn(*given, train=True)


def _onednn(
    x: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor | None, h: Tensor, c: Tensor, *, train: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """oneDNN's layer: (every h, last h, last c, workspace, which is empty without `train`)."""
    every, h, c, workspace = _RNN_LAYER(
        x.transpose(0, 1).contiguous(),  # as torch.lstm gives it; `dense` has oneDNN take 10 us longer for one sample
        *_weights(kernel, recurrent, bias),
        dense(h),  # oneDNN reads states and their gradients as if they were
        dense(c),
        False,
        [],
        _LSTM,
        h.shape[1],
        1,
        True,
        False,
        False,
        train,
    )
    return every.transpose(0, 1), h, c, workspace


@as_precise_as_products("rnn")
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
    if declined(g, g_h, g_c, x, kernel, recurrent, bias, h, c, every):
        return NotImplemented
    if not _fused(x) or gates is None or cells is None or gates.dtype != torch.uint8:
        return _differentiated(g, g_h, g_c, (x, kernel, recurrent, bias, h, c), wanted)
    backward = _traced.lstm_gradient if torch.compiler.is_compiling() else _layer_gradient
    found = backward(g, g_h, g_c, x, kernel, recurrent, bias, h, c, every, gates, cells)
    return tuple(found[i] for i in wanted)


def _layer_gradient(
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
    workspace: Tensor,
    cells: Tensor,
) -> tuple[Tensor, ...]:
    """oneDNN's backward layer: the gradients of x, kernel, recurrent, bias, h and c."""
    every, last = dense(every.transpose(0, 1)), dense(every[:, -1])
    d_x, d_kernel, d_recurrent, d_bias, _, d_h, d_c = torch.ops.aten.mkldnn_rnn_layer_backward(
        dense(x.transpose(0, 1)),
        *_weights(kernel, recurrent, bias),
        dense(h),  # oneDNN reads states and their gradients as if they were
        dense(c),
        every,
        last,
        cells,
        torch.zeros_like(every) if g is None else dense(g.transpose(0, 1)),
        None if g_h is None else dense(g_h),
        None if g_c is None else dense(g_c),
        False,
        _LSTM,
        h.shape[1],
        1,
        True,
        True,
        False,
        [],
        False,
        workspace,
    )
    return d_x.transpose(0, 1), d_kernel.mT, d_recurrent.mT, d_bias, d_h.reshape(h.shape), d_c.reshape(c.shape)


_traced.define(_layer, _layer_gradient)


def declined(*given: Tensor | None) -> bool:
    """Whether the definition runs: empty arrays, half precision, and tensors that torch records."""
    if torch.compiler.is_compiling() and any(x is not None and x.is_cuda for x in given):
        return True  # compiled by torch 2.11, cuDNN gives the states and their gradients with a further axis
    if tracked(*given):
        return True
    return any(x is not None and (not x.numel() or x.dtype.itemsize == 2) for x in given)


def _fused(x: Tensor) -> bool:
    """Whether oneDNN has the layer."""
    if x.dtype != torch.float32 or x.device.type != "cpu" or not _HAS_ONEDNN:
        return False
    return torch.compiler.is_compiling() or bool(torch.backends.mkldnn.enabled)  # its graph would break at that setting


def _weights(kernel: Tensor, recurrent: Tensor, bias: Tensor | None) -> list[Tensor]:
    """The weights as torch expects them: transposed, and with two biases, one of them 0."""
    zero = kernel.new_zeros(kernel.shape[1])
    return [dense(kernel.mT), dense(recurrent.mT), zero if bias is None else dense(bias), zero]


def _own_weights(kernel: Tensor, recurrent: Tensor, bias: Tensor | None) -> list[Tensor]:
    """The same in memory of their own; where cuDNN takes the device and dtype, in one piece."""
    weights = [weight.clone() for weight in _weights(kernel, recurrent, bias)]
    if torch.backends.cudnn.is_acceptable(kernel):
        _flattened(weights, kernel.shape[0], recurrent.shape[0])
    return weights


def _flattened(weights: list[Tensor], features: int, units: int) -> None:
    """Move the weights into one array of cuDNN's; without it cuDNN copies them at every call, and warns."""
    with torch.cuda.device_of(weights[0]):
        torch._cudnn_rnn_flatten_weight(  # noqa: SLF001 - torch.nn.LSTM's own way
            weights, len(weights), features, _LSTM, units, 0, 1, True, False
        )


def _public(
    x: Tensor, weights: list[Tensor], h: Tensor, c: Tensor, train: bool = False
) -> tuple[Tensor, Tensor, Tensor]:
    """torch.lstm; cuDNN takes dense states only."""
    states = dense(h).unsqueeze(0), dense(c).unsqueeze(0)  # shorter calls than h[None] and h[0]
    every, h, c = torch.lstm(x, states, weights, True, 1, 0.0, train, False, True)
    return every, h.squeeze(0), c.squeeze(0)


def _differentiated(
    g: Tensor | None, g_h: Tensor | None, g_c: Tensor | None, given: Sequence[Any], wanted: Ints
) -> tuple[Tensor, ...]:
    """The gradients by torch's own differentiation of torch.lstm."""
    x, kernel, recurrent, bias, h, c = given
    weights = _own_weights(kernel, recurrent, bias)
    with torch.enable_grad():
        x, h, c = (y.detach().requires_grad_() for y in (x, h, c))
        leaves = [x, *(weight.requires_grad_() for weight in weights[:3]), h, c]
        results = zip(_public(x, weights, h, c, train=True), (g, g_h, g_c), strict=True)
        pairs = [(y, d) for y, d in results if d is not None]
        found = torch.autograd.grad([y for y, _ in pairs], [leaves[i] for i in wanted], [d for _, d in pairs])
    return tuple(d.mT if i in (1, 2) else d for i, d in zip(wanted, found, strict=True))
