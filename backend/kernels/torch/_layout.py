"""Arrays and windows as torch describes them: its order of axes, its padding."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ...arrays.windows import fits, padding_of

__all__ = ["Ints", "channels_first", "channels_last", "in_float32", "no_windows", "pads_of", "tracked"]

Ints = tuple[int, ...]


def channels_first(x: Tensor) -> Tensor:
    """x in torch's order of axes, (batch, channels, spatial...); the memory stays channels last."""
    if x.shape[-1] == 1:
        # torch 2.13 on CPU gives wrong convolutions for strides like (4, 1, 2, 1), which movedim leaves here
        return x.reshape(x.shape[0], 1, *x.shape[1:-1]).contiguous()
    return x.movedim(-1, 1)


def tracked(*given: Tensor | None) -> bool:
    """Whether torch records one of the tensors for its own differentiation or vmap."""
    return any(x is not None and (x.requires_grad or torch._C._functorch.is_functorch_wrapped_tensor(x)) for x in given)


def channels_last(x: Tensor) -> Tensor:
    """x in K's order of axes, (batch, spatial..., channels)."""
    return x.movedim(1, -1)


def pads_of(sizes: Any, window: Ints, strides: Ints, dilation: Ints, padding: str) -> list[tuple[int, int]]:
    """The padding before and after each spatial axis."""
    return [padding_of(*axis, padding) for axis in zip(sizes, window, strides, dilation, strict=True)]


def no_windows(sizes: Any, window: Ints, dilation: Ints, padding: str) -> bool:
    """Whether the definition raises or answers without arithmetic: an empty axis, a window that does not fit."""
    return 0 in sizes or not fits(sizes, window, dilation, padding)


def in_float32(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Run the kernel in float32 where the arrays are float16 or bfloat16 on the CPU.

    torch would sum transposed convolutions in float16 there.
    """

    @functools.wraps(kernel)
    def run(x: Tensor, y: Tensor, **how: Any) -> Any:
        if x.dtype not in (torch.float16, torch.bfloat16) or x.device.type != "cpu":
            return kernel(x, y, **how)
        result = kernel(x.float(), y.float(), **how)
        return result if result is NotImplemented else result.to(x.dtype)

    return run
