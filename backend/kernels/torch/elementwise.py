"""Activations and other elementwise functions, and softmax."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ._layout import Ints, tracked

__all__ = [
    "erf",
    "log_softmax",
    "mask",
    "relu",
    "relu_gradient",
    "sigmoid",
    "softmax",
    "step_down",
    "step_down_into",
    "subtract_into",
]

_BITS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


def mask(condition: Tensor, g: Tensor) -> Any:
    """g & -condition, bit by bit, on the CPU: 590,000 elements of float32 took 0.11 ms, torch.where 1.2."""
    if not g.is_floating_point() or g.dtype.itemsize not in _BITS or condition.shape != g.shape:
        return NotImplemented
    if g.device.type != "cpu" or tracked(condition, g) or torch.compiler.is_compiling() or type(g) is not Tensor:
        return NotImplemented
    bits = _BITS[g.dtype.itemsize]
    return condition.view(torch.int8).neg().to(bits).bitwise_and_(g.view(bits)).view(g.dtype)


def erf(x: Tensor) -> Any:
    """torch.erf."""
    return NotImplemented if x.dtype.itemsize == 2 else torch.erf(x)  # up to 5 ulp off near 0 in torch 2.13


def sigmoid(x: Tensor) -> Tensor:
    return torch.sigmoid(x)


def relu(x: Tensor) -> Tensor:
    return torch.relu(x)


def softmax(x: Tensor, *, axis: int | Ints) -> Any:
    """torch.softmax."""
    return torch.softmax(x, axis) if isinstance(axis, int) else NotImplemented


def log_softmax(x: Tensor, *, axis: int | Ints) -> Any:
    """torch.log_softmax."""
    return torch.log_softmax(x, axis) if isinstance(axis, int) else NotImplemented


def relu_gradient(g: Tensor, out: Tensor) -> Any:
    """torch.ops.aten.threshold_backward."""
    return NotImplemented if g.shape != out.shape else torch.ops.aten.threshold_backward(g, out, 0.0)


def _is_writable(y: Tensor) -> bool:
    """Whether a result goes into y: not in torch.compile, which would break its graph where y is not contiguous."""
    return type(y) is Tensor and not torch.compiler.is_compiling()


def subtract_into(x: Tensor, y: Tensor) -> Any:
    """torch.sub with out=y."""
    return torch.sub(x, y, out=y) if _is_writable(y) else NotImplemented


def step_down(x: Tensor, y: Tensor, *, rate: float) -> Tensor:
    """torch.sub with alpha=rate."""
    return torch.sub(x, y, alpha=rate)


def step_down_into(x: Tensor, y: Tensor, *, rate: float) -> Tensor:
    """torch.sub with alpha=rate and out=y."""
    return torch.sub(x, y, alpha=rate, out=y) if _is_writable(y) else torch.sub(x, y, alpha=rate)
