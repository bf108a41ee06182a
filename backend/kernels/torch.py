"""What PyTorch has of its own for composites, by their names: torch's arithmetic, only arranged here."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["attention", "average_pool", "average_pool_gradient", "convolution", "convolution_input_gradient",
           "convolution_kernel_gradient", "error_function", "max_pool", "max_pool_gradient", "max_pool_selection",
           "rectifier"]

Ints = tuple[int, ...]

_CONVOLUTION = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
_TRANSPOSED = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d, 3: functional.conv_transpose3d}
_MAX = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}
_AVERAGE = {1: functional.avg_pool1d, 2: functional.avg_pool2d, 3: functional.avg_pool3d}
_MAX_GRADIENT = {2: torch.ops.aten.max_pool2d_with_indices_backward, 3: torch.ops.aten.max_pool3d_with_indices_backward}
_AVERAGE_GRADIENT = {2: torch.ops.aten.avg_pool2d_backward, 3: torch.ops.aten.avg_pool3d_backward}


def _first(x: Tensor) -> Tensor:
    """Channels last as torch names its axes: (batch, channels, spatial...), the same memory."""
    if x.shape[-1] == 1:
        # torch 2.13 on CPU gives wrong convolutions for strides like (4, 1, 2, 1), which movedim leaves here
        return x.reshape(x.shape[0], 1, *x.shape[1:-1])
    return x.movedim(-1, 1)


def _last(x: Tensor) -> Tensor:
    return x.movedim(1, -1)


def _pads(sizes: Any, window: Ints, strides: Ints, dilation: Ints, padding: str) -> list[tuple[int, int]]:
    """The padding before and behind each spatial axis, as ops/_windows.py has it."""
    pads = []
    for n, k, s, d in zip(sizes, window, strides, dilation, strict=True):
        reach = (k - 1) * d
        total = max((-(-n // s) - 1) * s + reach + 1 - n, 0) if padding == "same" else 0
        pads.append((reach, 0) if padding == "causal" else (total // 2, total - total // 2))
    return pads


def _missing(sizes: Any, window: Ints, strides: Ints, dilation: Ints, padding: str) -> bool:
    """What the definition refuses or answers without arithmetic: an empty axis, a window that does not fit."""
    return 0 in sizes or padding == "valid" and any(
        n < (k - 1) * d + 1 for n, k, d in zip(sizes, window, dilation, strict=True))


def _weight(kernel: Tensor, depthwise: bool) -> Tensor:
    """The kernel in torch's order of axes, (out, in / groups, spatial...); dense ones with the channels last in memory.

    That keeps the result channels last where x has one channel and could be either: measured 1.4 times as fast.
    """
    rank = kernel.ndim - 2
    if not depthwise:
        return kernel.permute(rank + 1, *range(rank), rank).contiguous().movedim(-1, 1)
    return kernel.permute(rank, rank + 1, *range(rank)).reshape(-1, 1, *kernel.shape[:-2]).contiguous()


def _wide(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """In half precision on the CPU, the kernel in float32: there torch sums transposed convolutions in float16."""

    @functools.wraps(kernel)
    def run(x: Tensor, y: Tensor, **how: Any) -> Any:
        if x.dtype not in (torch.float16, torch.bfloat16) or x.device.type != "cpu":
            return kernel(x, y, **how)
        result = kernel(x.float(), y.float(), **how)
        return result if result is NotImplemented else result.to(x.dtype)

    return run


@_wide
def convolution(x: Tensor, kernel: Tensor, *, strides: Ints, padding: str, dilation: Ints,
                depthwise: bool = False) -> Any:
    """torch.nn.functional.conv1d, conv2d, conv3d."""
    sizes, window = x.shape[1:-1], kernel.shape[:-2]
    if len(window) not in _CONVOLUTION or 0 in x.shape or _missing(sizes, window, strides, dilation, padding):
        return NotImplemented
    pads = _pads(sizes, window, strides, dilation, padding)
    x, even = _padded(_first(x), pads)
    groups = kernel.shape[-2] if depthwise else 1
    return _last(_CONVOLUTION[len(window)](x, _weight(kernel, depthwise), None, strides, even, dilation, groups))


def _padded(x: Tensor, pads: list[tuple[int, int]]) -> tuple[Tensor, list[int]]:
    """x, and the padding that torch's functions can add themselves: the same on both sides; else x with zeros."""
    if all(before == behind for before, behind in pads):
        return x, [before for before, _ in pads]
    return functional.pad(x, [n for pair in reversed(pads) for n in pair]), [0] * len(pads)


@_wide
def convolution_input_gradient(g: Tensor, kernel: Tensor, *, size: Ints, strides: Ints, padding: str,
                               dilation: Ints, depthwise: bool = False) -> Any:
    """torch.nn.functional.conv_transpose1d, conv_transpose2d, conv_transpose3d, cropped."""
    size, window = tuple(map(int, size)), kernel.shape[:-2]
    if len(window) not in _TRANSPOSED or 0 in g.shape or _missing(size, window, strides, dilation, padding):
        return NotImplemented
    pads = _pads(size, window, strides, dilation, padding)
    # what no window reaches lies behind, and torch wants to be told how much that is
    rest = [n + before + behind - (count - 1) * s - (k - 1) * d - 1 for n, (before, behind), count, s, k, d in
            zip(size, pads, g.shape[1:-1], strides, window, dilation, strict=True)]
    if any(not 0 <= r < max(s, d) for r, s, d in zip(rest, strides, dilation, strict=True)):
        return NotImplemented  # g does not belong to that size: the definition says so
    even = [before if before == behind else 0 for before, behind in pads]
    groups = kernel.shape[-2] if depthwise else 1
    x = _TRANSPOSED[len(window)](_first(g), _weight(kernel, depthwise), None, strides, even, rest, groups, dilation)
    for axis, ((before, behind), n) in enumerate(zip(pads, size, strict=True), start=2):
        x = x if before == behind else x.narrow(axis, before, n)
    return _last(x)


@_wide
def convolution_kernel_gradient(x: Tensor, g: Tensor, *, window: Ints, strides: Ints, padding: str, dilation: Ints,
                                depthwise: bool = False) -> Any:
    """torch.ops.aten.convolution_backward, the part for the weight."""
    sizes = x.shape[1:-1]
    if len(window) not in _CONVOLUTION or 0 in (*x.shape, *g.shape) or \
            _missing(sizes, window, strides, dilation, padding):
        return NotImplemented
    pads = _pads(sizes, window, strides, dilation, padding)
    places = [(n + before + behind - (k - 1) * d - 1) // s + 1 for n, (before, behind), k, d, s in
              zip(sizes, pads, window, dilation, strides, strict=True)]
    if places != list(g.shape[1:-1]):
        return NotImplemented  # g does not belong to x: the definition says so
    channels, out = x.shape[-1], g.shape[-1]
    x, even = _padded(_first(x), pads)
    like = x.new_empty((out, *window, 1 if depthwise else channels)).movedim(-1, 1)
    weight = torch.ops.aten.convolution_backward(
        _first(g), x, like, None, strides, even, dilation, False, [0] * len(window), channels if depthwise else 1,
        [False, True, False])[1]
    if depthwise:
        return weight.reshape(channels, out // channels, *window).movedim((0, 1), (-2, -1))
    return weight.movedim((1, 0), (-2, -1))


def _pooling(sizes: Any, window: Ints, strides: Ints, padding: str) -> tuple[list[int], bool] | None:
    """The padding and ceil_mode that make torch's windows ours, or None where there are none.

    torch pads both sides alike; ceil_mode lets the last window hang over where more is needed behind than before.
    """
    ones = (1,) * len(window)
    if len(window) not in _MAX or _missing(sizes, window, strides, ones, padding):
        return None
    pads = _pads(sizes, window, strides, ones, padding)
    before, ceil = [b for b, _ in pads], any(b != a for b, a in pads)
    for n, (b, a), k, s in zip(sizes, pads, window, strides, strict=True):
        torchs = (n + 2 * b - k + (s - 1 if ceil else 0)) // s
        if torchs * s >= n + b:
            torchs -= 1  # torch lets no window begin beyond x
        if torchs != (n + b + a - k) // s:
            return None
    return before, ceil


def max_pool(x: Tensor, *, window: Ints, strides: Ints, padding: str) -> Any:
    """torch.nn.functional.max_pool1d, max_pool2d, max_pool3d."""
    how = _pooling(x.shape[1:-1], window, strides, padding)
    if how is None or 0 in x.shape:
        return NotImplemented
    return _last(_MAX[len(window)](_first(x), window, strides, how[0], 1, how[1]))


def _indices(x: Tensor, window: Ints, strides: Ints, how: tuple[list[int], bool]) -> Tensor:
    """Where each window has its largest element, channels first."""
    return _MAX[len(window)](_first(x), window, strides, how[0], 1, how[1], return_indices=True)[1]


def max_pool_gradient(g: Tensor, x: Tensor, *, window: Ints, strides: Ints, padding: str) -> Any:
    """torch.ops.aten.max_pool2d_with_indices_backward, max_pool3d_with_indices_backward."""
    how = _pooling(x.shape[1:-1], window, strides, padding)
    if how is None or 0 in x.shape or len(window) not in _MAX_GRADIENT:
        return NotImplemented
    where = _indices(x, window, strides, how)
    return _last(_MAX_GRADIENT[len(window)](_first(g), _first(x), window, strides, how[0], [1] * len(window), how[1],
                                            where))


def max_pool_selection(h: Tensor, x: Tensor, *, window: Ints, strides: Ints, padding: str) -> Any:
    """torch.gather at the indices of max_pool1d, max_pool2d, max_pool3d."""
    how = _pooling(x.shape[1:-1], window, strides, padding)
    if how is None or 0 in x.shape:
        return NotImplemented
    where = _indices(x, window, strides, how)
    return _last(_first(h).flatten(2).gather(2, where.flatten(2)).reshape(where.shape))


def _averages(dtype: torch.dtype, sizes: Any, window: Ints) -> bool:
    """Whether torch has the average: in three dimensions not in half precision, nor over windows larger than x."""
    return len(window) < 3 or dtype.itemsize > 2 and all(n >= k for n, k in zip(sizes, window, strict=True))


def average_pool(x: Tensor, *, window: Ints, strides: Ints, padding: str) -> Any:
    """torch.nn.functional.avg_pool1d, avg_pool2d, avg_pool3d, padding not counted."""
    how = _pooling(x.shape[1:-1], window, strides, padding)
    if how is None or 0 in x.shape or not _averages(x.dtype, x.shape[1:-1], window):
        return NotImplemented
    return _last(_AVERAGE[len(window)](_first(x), window, strides, how[0], how[1], False))


def average_pool_gradient(g: Tensor, *, size: Ints, window: Ints, strides: Ints, padding: str) -> Any:
    """torch.ops.aten.avg_pool2d_backward, avg_pool3d_backward."""
    how = _pooling(size, window, strides, padding)
    if how is None or 0 in g.shape or len(window) not in _AVERAGE_GRADIENT or not _averages(g.dtype, size, window):
        return NotImplemented
    like = _first(g.new_empty((g.shape[0], *size, g.shape[-1])))  # torch asks it for the sizes and the layout alone
    return _last(_AVERAGE_GRADIENT[len(window)](_first(g), like, window, strides, how[0], how[1], False, None))


def error_function(x: Tensor) -> Any:
    """torch.erf."""
    return NotImplemented if x.dtype.itemsize == 2 else torch.erf(x)  # up to 5 ulp off near 0 in torch 2.13


def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, *, is_causal: bool,
              scale: float | None) -> Any:
    """torch.nn.functional.scaled_dot_product_attention."""
    given = [x for x in (query, key, value, mask) if x is not None]
    if any(0 in x.shape or x.requires_grad or torch._C._functorch.is_functorch_wrapped_tensor(x) for x in given):
        return NotImplemented  # torch 2.13 has neither second nor forward derivatives of it on CPU
    if is_causal and mask is not None:
        return NotImplemented  # torch takes only one of the two
    return functional.scaled_dot_product_attention(query, key, value, mask, is_causal=is_causal, scale=scale)


def rectifier(x: Tensor) -> Tensor:
    return torch.relu(x)
