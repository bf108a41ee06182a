"""Channels last as torch names its axes, and windows as it pads them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = ["Ints", "first", "followed", "last", "missing", "pads_of", "wide"]

Ints = tuple[int, ...]


def first(x: Tensor) -> Tensor:
    """Channels last as torch names its axes: (batch, channels, spatial...), the same memory."""
    if x.shape[-1] == 1:
        # torch 2.13 on CPU gives wrong convolutions for strides like (4, 1, 2, 1), which movedim leaves here
        return x.reshape(x.shape[0], 1, *x.shape[1:-1]).contiguous()
    return x.movedim(-1, 1)


def followed(*given: Tensor | None) -> bool:
    """Whether torch follows one of the tensors to differentiate or to batch it."""
    return any(x is not None and (x.requires_grad or torch._C._functorch.is_functorch_wrapped_tensor(x)) for x in given)


def last(x: Tensor) -> Tensor:
    return x.movedim(1, -1)


def pads_of(sizes: Any, window: Ints, strides: Ints, dilation: Ints, padding: str) -> list[tuple[int, int]]:
    """The padding before and behind each spatial axis, as ops/_windows.py has it."""
    pads = []
    for n, k, s, d in zip(sizes, window, strides, dilation, strict=True):
        reach = (k - 1) * d
        total = max((-(-n // s) - 1) * s + reach + 1 - n, 0) if padding == "same" else 0
        pads.append((reach, 0) if padding == "causal" else (total // 2, total - total // 2))
    return pads


def missing(sizes: Any, window: Ints, strides: Ints, dilation: Ints, padding: str) -> bool:
    """What the definition refuses or answers without arithmetic: an empty axis, a window that does not fit."""
    return 0 in sizes or (
        padding == "valid" and any(n < (k - 1) * d + 1 for n, k, d in zip(sizes, window, dilation, strict=True))
    )


def wide(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """In half precision on the CPU, the kernel in float32: there torch sums transposed convolutions in float16."""

    @functools.wraps(kernel)
    def run(x: Tensor, y: Tensor, **how: Any) -> Any:
        if x.dtype not in (torch.float16, torch.bfloat16) or x.device.type != "cpu":
            return kernel(x, y, **how)
        result = kernel(x.float(), y.float(), **how)
        return result if result is NotImplemented else result.to(x.dtype)

    return run
