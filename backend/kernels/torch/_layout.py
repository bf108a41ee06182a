"""Arrays and windows as torch describes them: its order of axes, its padding."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ...arrays.windows import fits, padding_of

__all__ = [
    "Ints",
    "channels_first",
    "channels_last",
    "dense",
    "directly",
    "in_float32",
    "is_ordinary",
    "no_windows",
    "own_strides",
    "pads_of",
    "plain_order",
    "remembered",
    "settled",
    "together",
    "tracked",
]

Ints = tuple[int, ...]
_ORDINARY = torch.float32, torch.float64


def settled(x: Tensor) -> Tensor:
    """x, with strides of size-1 axes that follow from its other axes, as in an array that torch makes; no copy.

    Nothing reads such a stride, but kernels guess layouts by it: with one stride that torch would not give, torch 2.13
    has wrong convolutions and a wrong gradient of batch normalization on CPU.
    """
    shape = x.shape
    return x if 1 not in shape or _follows(shape, x.stride()) else x.squeeze().view(shape)


def dense(x: Tensor) -> Tensor:
    """x in the order of its axes in memory, with torch's own strides; a copy only where the elements lie otherwise."""
    return settled(x.contiguous())


def plain_order(shape: Ints, strides: Ints) -> Ints | None:
    """The permutation that makes x channels first and channels last in memory, where that is all there is to do."""
    return (0, len(shape) - 1, *range(1, len(shape) - 1)) if shape[-1] > 1 and strides == own_strides(shape) else None


def together(*given: Tensor, axis: int = -1) -> list[Tensor]:
    """Arrays whose channels are on an axis in torch's order, (batch, channels, spatial...), and in one layout.

    They lie channels first in memory where all of them do, else channels last: a copy only where they differ.
    """
    last = [x if axis in (-1, x.ndim - 1) else x.movedim(axis, -1) for x in given]
    if not all(x.is_contiguous() for x in last):
        moved = [x.movedim(-1, 1) for x in last]
        if all(x.is_contiguous() for x in moved):
            return [settled(x) for x in moved]
    return [_channels_last(x) for x in last]


def _channels_last(x: Tensor) -> Tensor:
    """One array in torch's order of axes, channels last in memory.

    One channel has the stride of channels first: torch 2.13 on CPU has wrong convolutions for others, as (4, 1, 2, 1).
    """
    if x.shape[-1] == 1:
        return dense(x.reshape(x.shape[0], 1, *x.shape[1:-1]))
    return dense(x).movedim(-1, 1)


def channels_first(x: Tensor) -> Tensor:
    """x in torch's order of axes, (batch, channels, spatial...); in memory it is channels last, if it was."""
    return _channels_last(x) if x.is_contiguous() else together(x)[0]


def tracked(*given: Tensor | None) -> bool:
    """Whether torch records one of the tensors for its own differentiation or vmap."""
    for x in given:
        if x is not None and x.requires_grad:
            return True
    if torch.compiler.is_compiling():  # which cannot trace the question, and would cut its graph in two
        return False
    if torch._C._functorch.peek_interpreter_stack() is None:  # nothing transforms functions now
        return False
    return any(x is not None and torch._C._functorch.is_functorch_wrapped_tensor(x) for x in given)


def channels_last(x: Tensor) -> Tensor:
    """x in K's order of axes, (batch, spatial..., channels)."""
    return x.movedim(1, -1)


def own_strides(shape: Ints) -> Ints:
    """The strides of an array of this shape that torch makes."""
    found, step = [], 1
    for size in reversed(shape):
        found.append(step)
        step *= size
    return tuple(reversed(found))


def remembered(plan: Callable[..., Any]) -> Callable[..., Any]:
    """A function of sizes and settings whose last results are kept, but where torch traces: sizes may be symbols then.

    A call of a kernel at batch 1 takes 6 to 40 us, and its plan takes 3 to 8.
    """
    kept = functools.lru_cache(maxsize=1024)(plan)

    @functools.wraps(plan)
    def run(*given: Any) -> Any:
        if torch.compiler.is_dynamo_compiling():  # a shorter call than is_compiling
            return plan(*given)
        try:
            return kept(*given)
        except TypeError:  # a symbol has no hash
            return plan(*given)

    return run


@remembered
def _follows(shape: Ints, strides: Ints) -> bool:
    """Whether the strides of size-1 axes follow from those of the others."""
    step = next((strides[i] for i in range(len(shape) - 1, -1, -1) if shape[i] != 1), 1)
    for i in range(len(shape) - 1, -1, -1):
        if shape[i] == 1 and strides[i] != step:
            return False
        step = shape[i] * strides[i]
    return True


def pads_of(sizes: Any, window: Ints, strides: Ints, dilation: Ints, padding: str) -> list[tuple[int, int]]:
    """The padding before and after each spatial axis."""
    return [padding_of(*axis, padding) for axis in zip(sizes, window, strides, dilation, strict=True)]


def no_windows(sizes: Any, window: Ints, dilation: Ints, padding: str) -> bool:
    """Whether the definition raises or answers without arithmetic: an empty axis, a window that does not fit."""
    return 0 in sizes or not fits(sizes, window, dilation, padding)


def is_ordinary(x: Any) -> bool:
    """Whether x needs none of what kernels do first for half precision and for CUDA: see `directly`."""
    return x is not None and x.is_cpu and x.dtype in _ORDINARY


def directly(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel without the layers around it that do nothing where its first array `is_ordinary`.

    Each takes 0.3 us in a loop of its own, and 1 us between the calls of a net.
    """
    return getattr(kernel, "direct", kernel)


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

    run.direct = directly(kernel)  # type: ignore[attr-defined]
    return run
