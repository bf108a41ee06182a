"""The adjoint of take: parts sorted by index, each place then adds up its own, in the same order in each run.

Atomic additions would need no sort, but their order, and with it the last bits, would change from run to run.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import cupy

from ._launch import CLOSE, NARROW, WORK, dense, empty, kernel_of, on_device, rows_launch

__all__ = ["scatter_add_rows", "take_adjoint"]

LANES = 32  # columns that a block reads side by side; with fewer, a block has one column of one place

# g is (outer, m, inner), the result (outer, size, inner); places start[r] to start[r + 1] of the order have index r.
SOURCE = """\
extern "C" __global__ void sums_of_rows(const T *g, const long long *order, const long long *start, T *y, index_t outer,
    index_t m, index_t size, index_t inner)
{
    __shared__ W part[256];
    unsigned lane = threadIdx.x % 32, slice = threadIdx.x / 32, slices = blockDim.x / 32;
    index_t tiles = (inner + 31) / 32;
    for (index_t b = blockIdx.x; b < outer * size * tiles; b += gridDim.x) {
        index_t c = b % tiles * 32 + lane, r = b / tiles % size, o = b / tiles / size;
        W total = 0;
        if (c < inner)
            for (long long k = start[r] + slice; k < start[r + 1]; k += slices)
                total += load(g, (o * m + order[k]) * inner + c);
        part[threadIdx.x] = total;
        __syncthreads();
        for (unsigned half = slices / 2; half; half /= 2) {
            if (slice < half) part[threadIdx.x] += part[threadIdx.x + half * 32];
            __syncthreads();
        }
        if (slice == 0 && c < inner) store(y, (o * size + r) * inner + c, part[lane]);
        __syncthreads();
    }
}
extern "C" __global__ void sums_of_elements(const T *g, const long long *order, const long long *start, T *y,
    index_t outer, index_t m, index_t size, index_t inner)
{
    for (index_t b = blockIdx.x; b < outer * size * inner; b += gridDim.x) {
        index_t c = b % inner, r = b / inner % size, o = b / inner / size;
        W total = 0;
        for (long long k = start[r] + threadIdx.x; k < start[r + 1]; k += blockDim.x)
            total += load(g, (o * m + order[k]) * inner + c);
        total = sum_of_block(total);
        if (threadIdx.x == 0) store(y, b, total);
    }
}
"""


_kernel = functools.partial(kernel_of, CLOSE + SOURCE)


@on_device
def take_adjoint(g: Any, indices: Any, *, axis: int, size: Any) -> Any:
    """The order by a stable sort, the runs of equal indices by binary search, one launch for the sums."""
    size = int(size)
    outer, m, inner = (math.prod(s) for s in (g.shape[:axis], g.shape[axis : axis + 1], g.shape[axis + 1 :]))
    shape = (*g.shape[:axis], size, *g.shape[axis + 1 :])
    if str(g.dtype) not in WORK or not 0 < g.size <= NARROW or not 0 < math.prod(shape) <= NARROW:
        return NotImplemented
    kernel = _kernel("sums_of_rows" if inner >= LANES else "sums_of_elements", str(g.dtype))
    if kernel is None or indices.dtype.kind not in "iu" or indices.shape != (m,):
        return NotImplemented
    indices = indices.astype("int64", copy=False)
    indices = cupy.where(indices < 0, indices + size, indices)
    order = cupy.argsort(indices)
    start = cupy.searchsorted(indices[order], cupy.arange(size + 1))
    y = empty(shape, g.dtype)
    blocks = outer * size * (-(-inner // LANES) if inner >= LANES else inner)
    rows_launch(kernel, blocks, dense(g), order, start, y, outer, m, size, inner)
    return y


def scatter_add_rows(g: Any, indices: Any, *, count: Any) -> Any:
    """`take_adjoint` along the first axis."""
    rest = g.shape[indices.ndim :]
    return take_adjoint(g.reshape(-1, *rest) if g.size else g, indices.reshape(-1), axis=0, size=count)
