"""Pooling and its gradients: torch's own, channels last."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ._layout import (
    Ints,
    channels_first,
    channels_last,
    dense,
    no_windows,
    pads_of,
    plain_order,
    remembered,
    together,
    tracked,
)

__all__ = ["average_pool", "average_pool_gradient", "max_pool", "max_pool_gradient", "max_pool_selection"]

_MAX: dict[int, Any] = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}
_PLAIN_MAX = {1: torch.max_pool1d, 2: torch.max_pool2d, 3: torch.max_pool3d}  # these are shorter calls
_AVERAGE = {1: functional.avg_pool1d, 2: functional.avg_pool2d, 3: functional.avg_pool3d}
_MAX_GRADIENT = {2: torch.ops.aten.max_pool2d_with_indices_backward, 3: torch.ops.aten.max_pool3d_with_indices_backward}
_AVERAGE_GRADIENT = {2: torch.ops.aten.avg_pool2d_backward, 3: torch.ops.aten.avg_pool3d_backward}


@remembered
def _pooling(sizes: Any, window: Ints, strides: Ints, padding: str) -> tuple[list[int], bool] | None:
    """The padding and ceil_mode with which torch has the same windows, or None.

    torch pads both sides alike; with ceil_mode the last window may reach beyond the padding.
    """
    ones = (1,) * len(window)
    if len(window) not in _MAX or no_windows(sizes, window, ones, padding):
        return None
    pads = pads_of(sizes, window, strides, ones, padding)
    before, ceil = [b for b, _ in pads], any(b != a for b, a in pads)
    for n, (b, a), k, s in zip(sizes, pads, window, strides, strict=True):
        torchs = (n + 2 * b - k + (s - 1 if ceil else 0)) // s
        if torchs * s >= n + b:
            torchs -= 1  # torch drops a window that begins after x
        if torchs != (n + b + a - k) // s:
            return None
    return before, ceil


def max_pool(x: Tensor, *, window: Ints, strides: Ints, padding: str, residuals: bool = False) -> Any:
    """torch.nn.functional.max_pool1d, max_pool2d, max_pool3d; the residuals are their indices."""
    plan = _max_plan(x.shape, x.stride(), window, strides, padding)
    if plan is None:
        return NotImplemented
    rank, pads, ceil, order, back = plan
    x = channels_first(x) if order is None else x.permute(order)
    if not residuals:
        return (_PLAIN_MAX[rank](x, window, strides, pads, 1, ceil).permute(back),)
    found = _MAX[rank](x, window, strides, pads, 1, ceil, return_indices=True)
    return tuple([y.permute(back) for y in found])


@remembered
def _max_plan(shape: Ints, steps: Ints, window: Ints, strides: Ints, padding: str) -> Any:
    """The rank, torch's padding and ceil_mode, and the orders of axes in which it takes x and gives the result.

    None as in `_pooling`.
    """
    how, rank = _pooling(shape[1:-1], window, strides, padding), len(window)
    if how is None or 0 in shape:
        return None
    return rank, *how, plain_order(shape, steps), (0, *range(2, rank + 2), 1)


def _indices(x: Tensor, kept: Tensor | None, window: Ints, strides: Ints, how: tuple[list[int], bool]) -> Tensor:
    """The index of each window's largest element, in K's order of axes: `kept` if it came from this kernel."""
    if kept is not None and kept.dtype == torch.int64:
        return kept
    return channels_last(
        _MAX[len(window)](channels_first(x), window, strides, how[0], 1, how[1], return_indices=True)[1]
    )


def max_pool_gradient(
    g: Tensor, x: Tensor, kept: Tensor | None = None, *, window: Ints, strides: Ints, padding: str
) -> Any:
    """torch.ops.aten.max_pool2d_with_indices_backward, max_pool3d_with_indices_backward."""
    how = _pooling(x.shape[1:-1], window, strides, padding)
    if how is None or 0 in x.shape or len(window) not in _MAX_GRADIENT:
        return NotImplemented
    where = _indices(x, kept, window, strides, how)
    if torch.compiler.is_compiling() and strides == window and _tiled(x.shape, g.shape, window):
        return _met(g, where, x.shape, window)
    g, x, where = together(g, x, where)
    return channels_last(_MAX_GRADIENT[len(window)](g, x, window, strides, how[0], [1] * len(window), how[1], where))


def _tiled(shape: Sequence[int], places: Sequence[int], window: Ints) -> bool:
    """Whether windows that lie side by side meet each element once."""
    return all(n == p * k for n, p, k in zip(shape[1:-1], places[1:-1], window, strict=True))


def _met(g: Tensor, where: Tensor, shape: Sequence[int], window: Ints) -> Tensor:
    """Each element takes the cotangent of its window if it is the one that the window chose.

    torch.compile fuses this with what follows, and vectorizes it; torch's own gradient becomes a scatter in another
    layout. For `as_strided` the indices are written down: else each loop that follows would look for them again.
    """
    spatial, rank = shape[1:-1], len(window)
    sides = [n for pair in zip(where.shape[1:-1], window, strict=True) for n in pair]
    own = torch.arange(math.prod(spatial), device=g.device).reshape(1, *sides, 1)
    at = (slice(None), *(slice(None), None) * rank, slice(None))
    hit = where.as_strided(where.size(), where.stride())[at] == own
    return torch.where(hit, g[at], 0.0).reshape(shape)


def max_pool_selection(
    h: Tensor, x: Tensor, kept: Tensor | None = None, *, window: Ints, strides: Ints, padding: str
) -> Any:
    """torch.gather at the indices of max_pool1d, max_pool2d, max_pool3d."""
    how = _pooling(x.shape[1:-1], window, strides, padding)
    if how is None or 0 in x.shape:
        return NotImplemented
    where = _indices(x, kept, window, strides, how)
    h, where = together(h, where)
    return channels_last(h.flatten(2).gather(2, where.flatten(2)).reshape(where.shape))


def _averages(dtype: torch.dtype, sizes: Any, window: Ints) -> bool:
    """Whether torch has the average: its 3-D one takes neither half precision nor windows larger than x."""
    return len(window) < 3 or (dtype.itemsize > 2 and all(n >= k for n, k in zip(sizes, window, strict=True)))


def average_pool(x: Tensor, *, window: Ints, strides: Ints, padding: str) -> Any:
    """torch.nn.functional.avg_pool1d, avg_pool2d, avg_pool3d, padding not counted."""
    how = _pooling(x.shape[1:-1], window, strides, padding)
    if how is None or 0 in x.shape or not _averages(x.dtype, x.shape[1:-1], window):
        return NotImplemented
    x = channels_first(x)
    if tracked(x) and _misses_padding(x, how[0]):
        x = dense(x)
    return channels_last(_AVERAGE[len(window)](x, window, strides, how[0], how[1], False))


def _misses_padding(x: Tensor, pads: list[int]) -> bool:
    """Whether torch's gradient would ignore the padding: that of channels last in 1-D and 2-D does on CUDA.

    Seen in torch 2.11; github.com/pytorch/pytorch/issues/188344.
    """
    return x.is_cuda and len(pads) < 3 and any(pads)


def average_pool_gradient(g: Tensor, *, size: Ints, window: Ints, strides: Ints, padding: str) -> Any:
    """torch.ops.aten.avg_pool2d_backward, avg_pool3d_backward."""
    how = _pooling(size, window, strides, padding)
    if how is None or 0 in g.shape or len(window) not in _AVERAGE_GRADIENT or not _averages(g.dtype, size, window):
        return NotImplemented
    g = channels_first(g)
    if _misses_padding(g, how[0]):
        g = dense(g)
    batch, channels = g.shape[:2]  # of `like`, torch reads only sizes and layout
    like = g.new_empty((batch, channels, *size) if g.is_contiguous() else (batch, *size, channels))
    like = like if g.is_contiguous() else like.movedim(-1, 1)
    return channels_last(_AVERAGE_GRADIENT[len(window)](g, like, window, strides, how[0], how[1], False, None))
