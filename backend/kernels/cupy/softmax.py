"""Softmax and its logarithm: one launch, a block for each long row, else a thread for each row or column."""

from __future__ import annotations

import functools
import math
from typing import Any

from ._launch import CLOSE, NARROW, WORK, dense, empty, kernel_of, launch, on_device, rows_launch

__all__ = ["log_softmax", "softmax"]

SHORT = 64  # elements that one thread reads by itself; a longer row has a block of its own
FEW = 1024  # columns that are too few to keep a device busy, where each is long

# x is (outer, n, inner) and the sum runs over n. `shares`: the exponentials divided by their sum, else the logarithm.
SOURCE = """\
extern "C" __global__ void by_threads(const T *x, T *y, index_t outer, index_t n, index_t inner, index_t shares)
{
    for (index_t i = (index_t)blockIdx.x * blockDim.x + threadIdx.x; i < outer * inner;
         i += (index_t)gridDim.x * blockDim.x) {
        index_t first = i / inner * n * inner + i % inner;
        W top = load(x, first), total = 0;
        for (index_t k = 1; k < n; k++) top = larger(top, (W)load(x, first + k * inner));
        for (index_t k = 0; k < n; k++) total += exp_(load(x, first + k * inner) - top);
        W rest = shares ? total : log_(total);
        for (index_t k = 0; k < n; k++) {
            W reached = load(x, first + k * inner) - top;
            store(y, first + k * inner, shares ? exp_(reached) / rest : reached - rest);
        }
    }
}
extern "C" __global__ void by_blocks(const T *x, T *y, index_t rows, index_t n, index_t shares)
{
    for (index_t row = blockIdx.x; row < rows; row += gridDim.x) {
        const T *from = x + row * n;
        W top = load(from, threadIdx.x % n), total = 0;
        for (index_t k = threadIdx.x; k < n; k += blockDim.x) top = larger(top, (W)load(from, k));
        top = largest_of_block(top);
        for (index_t k = threadIdx.x; k < n; k += blockDim.x) total += exp_(load(from, k) - top);
        total = sum_of_block(total);
        W rest = shares ? total : log_(total);
        for (index_t k = threadIdx.x; k < n; k += blockDim.x) {
            W reached = load(from, k) - top;
            store(y, row * n + k, shares ? exp_(reached) / rest : reached - rest);
        }
    }
}
"""
FUNCTIONS = """\
__device__ float exp_(float x) { return expf(x); }
__device__ double exp_(double x) { return exp(x); }
__device__ float log_(float x) { return logf(x); }
__device__ double log_(double x) { return log(x); }
"""


@on_device
def softmax(x: Any, *, axis: int | tuple[int, ...]) -> Any:
    """The exponentials are computed twice, rather than kept."""
    return _computed(x, axis, shares=1)


@on_device
def log_softmax(x: Any, *, axis: int | tuple[int, ...]) -> Any:
    """x less its maximum, less the logarithm of the sum."""
    return _computed(x, axis, shares=0)


def _computed(x: Any, axis: int | tuple[int, ...], shares: int) -> Any:
    axes = sorted(i % max(x.ndim, 1) for i in (axis if isinstance(axis, tuple) else (axis,)))
    if not axes or not 0 < x.size <= NARROW or axes[-1] - axes[0] >= len(axes) or str(x.dtype) not in WORK:
        return NotImplemented
    first, stop = axes[0], axes[-1] + 1
    outer, n, inner = (math.prod(sizes) for sizes in (x.shape[:first], x.shape[first:stop], x.shape[stop:]))
    by_blocks = inner == 1 and n > SHORT
    if not by_blocks and n > SHORT and outer * inner < FEW:
        return NotImplemented
    kernel = _kernel("by_blocks" if by_blocks else "by_threads", str(x.dtype))
    if kernel is None:
        return NotImplemented
    x, y = dense(x), empty(x.shape, x.dtype)
    if by_blocks:
        rows_launch(kernel, outer, x, y, outer, n, shares)
    else:
        launch(kernel, outer * inner, x, y, outer, n, inner, shares)
    return y


_kernel = functools.partial(kernel_of, FUNCTIONS + CLOSE + SOURCE)
