"""Convolutions and their gradients: torch's own, channels last."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ._layout import (
    Ints,
    channels_first,
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

__all__ = ["WEIGHT", "convolution", "convolution_input_gradient", "convolution_kernel_gradient", "weight"]

_CONVOLUTION = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
_BACKWARD = torch.ops.aten.convolution_backward.default
_TRANSPOSED = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d, 3: functional.conv_transpose3d}


WEIGHT = "_weight_of_torch"  # the attribute of a kept kernel with its `weight`: to permute it takes 2 us a call


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
    y = weight(kernel, depthwise) if laid is None else _permuted(kernel, laid)
    return convolve(x, y, None, strides, even, dilation, groups).permute(back)


def _permuted(kernel: Tensor, laid: Ints) -> Tensor:
    known: Tensor | None = getattr(kernel, WEIGHT, None)
    return kernel.permute(laid) if known is None else known


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
    orders = plain_order(shape, steps), _laid_order(kernel, inner, depthwise), (0, *range(2, rank + 2), 1)
    return _CONVOLUTION[rank], zeros, even, kernel[-2] if depthwise else 1, *orders


def _laid_order(kernel: Ints, inner: Ints, depthwise: bool) -> Ints | None:
    """The permutation that is all that `weight` would do; None where it copies."""
    rank = len(kernel) - 2
    first = (rank + 1, *range(rank), rank)  # the axes from the outermost in memory to the innermost
    laid = tuple(inner[i] for i in first) == own_strides(tuple(kernel[i] for i in first))
    return (rank + 1, rank, *range(rank)) if laid and not depthwise and kernel[-1] > 1 else None


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
    shape, window = g.shape, kernel.shape
    plan = _input_plan(
        shape, g.stride(), window, kernel.stride(), tuple(map(int, size)), strides, dilation, padding, depthwise
    )
    if plan is None:
        return NotImplemented
    convolve, cut, even, rest, groups, order, laid, back = plan
    g = channels_first(g) if order is None else g.permute(order)
    y = weight(kernel, depthwise) if laid is None else kernel.permute(laid)
    x = convolve(g, y, None, strides, even, rest, groups, dilation)
    for axis, before, n in cut:
        x = x.narrow(axis, before, n)
    return x.permute(back)


@remembered
def _input_plan(
    shape: Ints,
    steps: Ints,
    kernel: Ints,
    inner: Ints,
    size: Ints,
    strides: Ints,
    dilation: Ints,
    padding: str,
    depthwise: bool,
) -> Any:
    """As `_plan`: torch's function, what to cut off, padding, output_padding, groups, and the orders of axes."""
    window, rank = kernel[:-2], len(kernel) - 2
    if rank not in _TRANSPOSED or 0 in shape or no_windows(size, window, dilation, padding):
        return None
    pads = pads_of(size, window, strides, dilation, padding)
    # the elements after the last window, which torch takes as output_padding
    rest = [
        n + before + after - (count - 1) * s - (k - 1) * d - 1
        for n, (before, after), count, s, k, d in zip(size, pads, shape[1:-1], strides, window, dilation, strict=True)
    ]
    if any(not 0 <= r < max(s, d) for r, s, d in zip(rest, strides, dilation, strict=True)):
        return None  # g has another number of places: the definition raises
    even = [before if before == after else 0 for before, after in pads]
    cut = [
        (axis, before, n)
        for axis, ((before, after), n) in enumerate(zip(pads, size, strict=True), start=2)
        if before != after
    ]
    orders = plain_order(shape, steps), _laid_order(kernel, inner, depthwise), (0, *range(2, rank + 2), 1)
    return _TRANSPOSED[rank], cut, even, rest, kernel[-2] if depthwise else 1, *orders


@in_float32
@as_precise_as_products("conv")
def convolution_kernel_gradient(
    x: Tensor, g: Tensor, *, window: Ints, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False
) -> Any:
    """torch.ops.aten.convolution_backward, the part for the weight."""
    plan = _kernel_plan(x.shape, x.stride(), g.shape, g.stride(), tuple(window), strides, dilation, padding, depthwise)
    if plan is None:
        return NotImplemented
    zeros, even, groups, like, order, back = plan
    g, x = together(g, x) if order is None else (g.permute(order), x.permute(order))
    if zeros:
        x = functional.pad(x, zeros)
    size, axes = like
    empty, pads = x.new_empty(size).permute(axes), [0] * len(window)
    given = g, x, empty, None, strides, even, dilation, False, pads, groups
    y = _BACKWARD(*given, [False, True, False])[1]
    if depthwise:
        channels = x.shape[1]
        return y.reshape(channels, g.shape[1] // channels, *window).movedim((0, 1), (-2, -1))
    return y.permute(back)


@remembered
def _kernel_plan(
    shape: Ints,
    steps: Ints,
    places: Ints,
    inner: Ints,
    window: Ints,
    strides: Ints,
    dilation: Ints,
    padding: str,
    depthwise: bool,
) -> Any:
    """As `_plan`: zeros around x, padding, groups, how torch's weight lies, and the orders of axes; None as there."""
    sizes, rank = shape[1:-1], len(window)
    if rank not in _CONVOLUTION or 0 in (*shape, *places) or no_windows(sizes, window, dilation, padding):
        return None
    pads = pads_of(sizes, window, strides, dilation, padding)
    expected = [
        (n + before + after - (k - 1) * d - 1) // s + 1
        for n, (before, after), k, d, s in zip(sizes, pads, window, dilation, strides, strict=True)
    ]
    if expected != list(places[1:-1]):
        return None  # g has another number of places: the definition raises
    channels, out = shape[-1], places[-1]
    rows = 1 if depthwise else channels
    same = tuple(range(rank + 2))
    like = ((1, rows, *window), same) if out == 1 else ((out, *window, rows), (0, rank + 1, *range(1, rank + 1)))
    order = plain_order(shape, steps) if plain_order(places, inner) else None
    return *_divided(pads), channels if depthwise else 1, like, order, (*range(2, rank + 2), 1, 0)
