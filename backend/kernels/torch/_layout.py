"""Channels last as torch names its axes, and windows as it pads them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ...arrays.windows import fits, padding_of

__all__ = ["Ints", "first", "followed", "last", "missing", "pads_of", "wide"]

Ints = tuple[int, ...]


def first(x: Tensor) -> Tensor:
    """Channels last as torch names its axes: (batch, channels, spatial...), the same memory."""
    if x.shape[-1] == 1:
        # torch 2.13 on CPU gives wrong convolutions for strides like (4, 1, 2, 1), which movedim leaves here
        return x.reshape(x.shape[0], 1, *x.shape[1:-1])
    return x.movedim(-1, 1)


def followed(*given: Tensor | None) -> bool:
    """Whether torch follows one of the tensors to differentiate or to batch it."""
    return any(x is not None and (x.requires_grad or torch._C._functorch.is_functorch_wrapped_tensor(x)) for x in given)


def last(x: Tensor) -> Tensor:
    return x.movedim(1, -1)


def pads_of(sizes: Any, window: Ints, strides: Ints, dilation: Ints, padding: str) -> list[tuple[int, int]]:
    """The padding before and after each spatial axis."""
    return [padding_of(*axis, padding) for axis in zip(sizes, window, strides, dilation, strict=True)]


def missing(sizes: Any, window: Ints, dilation: Ints, padding: str) -> bool:
    """Whether the definition raises or answers without arithmetic: an empty axis, a window that does not fit."""
    return 0 in sizes or not fits(sizes, window, dilation, padding)


def wide(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """In half precision on the CPU, the kernel in float32: there torch sums transposed convolutions in float16."""

    @functools.wraps(kernel)
    def run(x: Tensor, y: Tensor, **how: Any) -> Any:
        if x.dtype not in (torch.float16, torch.bfloat16) or x.device.type != "cpu":
            return kernel(x, y, **how)
        result = kernel(x.float(), y.float(), **how)
        return result if result is NotImplemented else result.to(x.dtype)

    return run
