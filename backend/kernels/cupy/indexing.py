"""Rows by index, and the adjoint of take.

The adjoint sorts parts by index; each place then adds up its own, in the same order in each run.

Atomic additions would need no sort, but their order, and with it the last bits, would change from run to run.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import cupy

from ._launch import (
    CLOSE,
    LOOP,
    NARROW,
    PRELUDE,
    WORK,
    dense,
    empty,
    kernel_of,
    launch,
    loaded,
    on_device,
    rows_launch,
)

__all__ = ["gather_rows", "scatter_add_rows", "take_adjoint"]

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

# Rows of elements that are copied as they are, by their bytes. All threads that find an index out of range write 1.
ROWS = f"""\
extern "C" __global__ void rows_taken(const T *x, const I *indices, T *y, int *outside, index_t count, index_t rows,
    index_t width)
{{
{LOOP}
        I index = indices[i / width];
        bool met = index >= 0 && index < rows;
        if (!met) outside[0] = 1;
        y[i] = x[(met ? (index_t)index : 0) * width + i % width];
    }}
}}
"""
_BYTES = {1: ("uint8", "unsigned char"), 2: ("uint16", "unsigned short"), 4: ("uint32", "unsigned")}
_BYTES[8] = ("uint64", "unsigned long long")
_INDICES = {"int32": "int", "int64": "long long"}


@functools.cache
def _copying(size: int, index: str) -> Any:
    """The kernel for elements of so many bytes and indices of a dtype."""
    types = f"{PRELUDE}typedef {_BYTES[size][1]} T;\ntypedef {_INDICES[index]} I;\ntypedef int index_t;\n"
    return loaded(types + ROWS, "rows_taken")


@on_device
def gather_rows(x: Any, indices: Any) -> Any:
    """Copies of rows; the definition says what is wrong with an index out of range."""
    size, index = x.dtype.itemsize, str(indices.dtype)
    if size not in _BYTES or index not in _INDICES or not x.size or not indices.size:
        return NotImplemented
    width = x.size // len(x)
    if max(indices.size * width, x.size) > NARROW or _copying(size, index) is None:
        return NotImplemented
    y = empty((*indices.shape, *x.shape[1:]), x.dtype)
    outside = cupy.zeros((1,), dtype="int32")
    kind = _BYTES[size][0]
    given = dense(x).view(kind), dense(indices), y.view(kind), outside
    launch(_copying(size, index), y.size, *given, y.size, len(x), width)
    return NotImplemented if int(outside[0]) else y


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
