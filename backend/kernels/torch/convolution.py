"""Convolutions and their gradients: torch's own, channels last."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ._layout import (
    Ints,
    channels_first,
    channels_last,
    dense,
    in_float32,
    no_windows,
    own_strides,
    pads_of,
    plain_order,
    remembered,
    together,
)
from ._precision import as_precise_as_products

__all__ = ["convolution", "convolution_input_gradient", "convolution_kernel_gradient", "weight"]

_CONVOLUTION = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
_TRANSPOSED = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d, 3: functional.conv_transpose3d}


def weight(kernel: Tensor, depthwise: bool) -> Tensor:
    """The kernel in torch's order of axes, (out, in / groups, spatial...); dense ones lie channels last in memory.

    That keeps the result channels last where x has one channel, whose layout torch cannot tell: 1.4 times as fast.
    With one output channel a kernel's layout is as ambiguous: torch 2.13's own float64 gradient refuses channels last.
    """
    rank = kernel.ndim - 2
    if not depthwise and kernel.shape[-1] == 1:
        return dense(kernel.permute(rank + 1, rank, *range(rank)))
    if not depthwise:
        return dense(kernel.permute(rank + 1, *range(rank), rank)).movedim(-1, 1)
    return dense(kernel.permute(rank, rank + 1, *range(rank)).reshape(-1, 1, *kernel.shape[:-2]))


@in_float32
@as_precise_as_products("conv")
def convolution(
    x: Tensor, kernel: Tensor, *, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False
) -> Any:
    """torch.nn.functional.conv1d, conv2d, conv3d."""
    shape, window = x.shape, kernel.shape
    plan = _plan(shape, x.stride(), window, kernel.stride(), strides, dilation, padding, depthwise)
    if plan is None:
        return NotImplemented
    convolve, zeros, even, groups, order, laid, back = plan
    x = channels_first(x) if order is None else x.permute(order)
    if zeros:
        x = functional.pad(x, zeros)
    y = weight(kernel, depthwise) if laid is None else kernel.permute(laid)
    return convolve(x, y, None, strides, even, dilation, groups).permute(back)


@remembered
def _plan(
    shape: Ints, steps: Ints, kernel: Ints, inner: Ints, strides: Ints, dilation: Ints, padding: str, depthwise: bool
) -> Any:
    """How to convolve arrays of these shapes and strides; None where the definition does.

    torch's function, the zeros to put around x, the padding it adds itself, its groups, and the orders of axes in which
    it takes x and the kernel, None where that is not all there is to do, and gives the result.
    """
    sizes, window, rank = shape[1:-1], kernel[:-2], len(kernel) - 2
    if rank not in _CONVOLUTION or 0 in shape or no_windows(sizes, window, dilation, padding):
        return None
    zeros, even = _divided(pads_of(sizes, window, strides, dilation, padding))
    first = (rank + 1, *range(rank), rank)  # as the elements of dense kernels lie in memory
    is_laid = not depthwise and kernel[-1] > 1
    is_laid = is_laid and tuple(inner[i] for i in first) == own_strides(tuple(kernel[i] for i in first))
    laid = (rank + 1, rank, *range(rank)) if is_laid else None
    groups = kernel[-2] if depthwise else 1
    return _CONVOLUTION[rank], zeros, even, groups, plain_order(shape, steps), laid, (0, *range(2, rank + 2), 1)


def _divided(pads: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """The zeros to put around x, none where both sides have as many; and the padding that torch's functions add."""
    if all(before == after for before, after in pads):
        return [], [before for before, _ in pads]
    return [n for pair in reversed(pads) for n in pair], [0] * len(pads)


@in_float32
@as_precise_as_products("conv")
def convolution_input_gradient(
    g: Tensor, kernel: Tensor, *, size: Ints, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False
) -> Any:
    """torch.nn.functional.conv_transpose1d, conv_transpose2d, conv_transpose3d, cropped."""
    size, window = tuple(map(int, size)), kernel.shape[:-2]
    if len(window) not in _TRANSPOSED or 0 in g.shape or no_windows(size, window, dilation, padding):
        return NotImplemented
    pads = pads_of(size, window, strides, dilation, padding)
    # the elements after the last window, which torch takes as output_padding
    rest = [
        n + before + after - (count - 1) * s - (k - 1) * d - 1
        for n, (before, after), count, s, k, d in zip(size, pads, g.shape[1:-1], strides, window, dilation, strict=True)
    ]
    if any(not 0 <= r < max(s, d) for r, s, d in zip(rest, strides, dilation, strict=True)):
        return NotImplemented  # g has another number of places: the definition raises
    even = [before if before == after else 0 for before, after in pads]
    groups = kernel.shape[-2] if depthwise else 1
    x = _TRANSPOSED[len(window)](
        channels_first(g), weight(kernel, depthwise), None, strides, even, rest, groups, dilation
    )
    for axis, ((before, after), n) in enumerate(zip(pads, size, strict=True), start=2):
        x = x if before == after else x.narrow(axis, before, n)
    return channels_last(x)


@in_float32
@as_precise_as_products("conv")
def convolution_kernel_gradient(
    x: Tensor, g: Tensor, *, window: Ints, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False
) -> Any:
    """torch.ops.aten.convolution_backward, the part for the weight."""
    sizes = x.shape[1:-1]
    if len(window) not in _CONVOLUTION or 0 in (*x.shape, *g.shape) or no_windows(sizes, window, dilation, padding):
        return NotImplemented
    pads = pads_of(sizes, window, strides, dilation, padding)
    places = [
        (n + before + after - (k - 1) * d - 1) // s + 1
        for n, (before, after), k, d, s in zip(sizes, pads, window, dilation, strides, strict=True)
    ]
    if places != list(g.shape[1:-1]):
        return NotImplemented  # g has another number of places: the definition raises
    channels, out = x.shape[-1], g.shape[-1]
    g, x = together(g, x)
    zeros, even = _divided(pads)
    if zeros:
        x = functional.pad(x, zeros)
    inner = 1 if depthwise else channels
    like = x.new_empty((1, inner, *window)) if out == 1 else x.new_empty((out, *window, inner)).movedim(-1, 1)
    weight = torch.ops.aten.convolution_backward(
        g,
        x,
        like,
        None,
        strides,
        even,
        dilation,
        False,
        [0] * len(window),
        channels if depthwise else 1,
        [False, True, False],
    )[1]
    if depthwise:
        return weight.reshape(channels, out // channels, *window).movedim((0, 1), (-2, -1))
    return weight.movedim((1, 0), (-2, -1))
