"""How kernels reach the device: compiled once per source by CuPy, and started on the device of their arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import cupy

__all__ = [
    "BLOCK",
    "CLOSE",
    "LOOP",
    "MOST_BLOCKS",
    "NARROW",
    "PRELUDE",
    "WORK",
    "dense",
    "empty",
    "kernel_of",
    "launch",
    "loaded",
    "on_device",
    "rows_launch",
    "source_for",
    "start",
]

BLOCK = 256  # threads of a block; kernels that share memory have room for as many, which must be a power of two
MOST_BLOCKS = 2**16  # loops stride over what is left
NARROW = 2**30  # elements up to which 32-bit indices do not overflow, a step of the loop included

# By dtype, the type in memory and the type of arithmetic: half precision is widened, as by the definitions.
WORK = {"float16": ("half_t", "float"), "float32": ("float", "float"), "float64": ("double", "double")}

# No product is contracted to a fused multiply-add: a kernel has the definition's bits wherever it has its order.
OPTIONS = ("--fmad=false",)

# The loop of a thread over its share of `count` elements.
LOOP = """\
    for (index_t i = (index_t)blockIdx.x * blockDim.x + threadIdx.x; i < count;
         i += (index_t)gridDim.x * blockDim.x) {
"""

PRELUDE = """\
struct half_t { unsigned short bits; };
#ifndef ON_HOST
__device__ float from_half(half_t h) { float x; asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(h.bits)); return x; }
__device__ half_t to_half(float x) { half_t h; asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h.bits) : "f"(x)); return h; }
__device__ half_t to_half(double x) { half_t h; asm("cvt.rn.f16.f64 %0, %1;" : "=h"(h.bits) : "d"(x)); return h; }
#endif
template <class T> __device__ T load(const T *p, long long i) { return p[i]; }
__device__ float load(const half_t *p, long long i) { return from_half(p[i]); }
template <class T, class W> __device__ void store(T *p, long long i, W x) { p[i] = (T)x; }
template <class W> __device__ void store(half_t *p, long long i, W x) { p[i] = to_half(x); }
template <class T> __device__ T larger(T a, T b) { return a != a || a >= b ? a : b; }
template <class T> __device__ T smaller(T a, T b) { return a != a || a <= b ? a : b; }
"""

# Sums and maxima over the threads of a block, in a tree: the same order in each run.
CLOSE = """\
__device__ W sum_of_block(W x)
{
    __shared__ W part[256];
    part[threadIdx.x] = x;
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half; half /= 2) {
        if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
        __syncthreads();
    }
    x = part[0];
    __syncthreads();
    return x;
}
__device__ W largest_of_block(W x)
{
    __shared__ W part[256];
    part[threadIdx.x] = x;
    __syncthreads();
    for (unsigned half = blockDim.x / 2; half; half /= 2) {
        if (threadIdx.x < half) part[threadIdx.x] = larger(part[threadIdx.x], part[threadIdx.x + half]);
        __syncthreads();
    }
    x = part[0];
    __syncthreads();
    return x;
}
"""


def source_for(text: str, dtype: str) -> str:
    """CUDA C for arrays of a floating dtype: T is the type in memory, W that of arithmetic."""
    memory, work = WORK[dtype]
    return f"{PRELUDE}typedef {memory} T;\ntypedef {work} W;\ntypedef int index_t;\n{text}"


@functools.cache
def _has_compiler() -> bool:
    """Whether CuPy can compile here: it needs NVRTC, which is a package of its own."""
    try:
        cupy.cuda.nvrtc.getVersion()
    except (AttributeError, ImportError, RuntimeError):
        return False
    return hasattr(cupy, "RawKernel")


@functools.cache
def loaded(source: str, name: str) -> Callable[..., Any] | None:
    """The kernel of that name, kernel(grid, block, arguments); None where CuPy has no compiler: the definition runs."""
    return cupy.RawKernel(source, name, options=OPTIONS) if _has_compiler() else None


@functools.cache
def kernel_of(text: str, name: str, dtype: str) -> Any:
    """The kernel of that name in a text for one floating dtype; None where the definition runs."""
    return loaded(source_for(text, dtype), name)


def launch(kernel: Callable[..., Any], count: int, *arguments: Any, wide: bool = False) -> None:
    """Start a kernel whose threads stride over `count` elements; ints arrive as int, or long long where `wide`."""
    if count:
        kernel((min(-(-count // BLOCK), MOST_BLOCKS),), (BLOCK,), _typed(arguments, wide))


def rows_launch(kernel: Callable[..., Any], rows: int, *arguments: Any) -> None:
    """Start a kernel whose blocks stride over `rows` rows."""
    if rows:
        start(kernel, min(rows, MOST_BLOCKS), *arguments)


def start(kernel: Callable[..., Any], blocks: int, *arguments: Any) -> None:
    """Start a kernel with 32-bit indices in so many blocks."""
    kernel((blocks,), (BLOCK,), _typed(arguments, wide=False))


def _typed(arguments: Sequence[Any], wide: bool) -> tuple[Any, ...]:
    """The arguments with Python's ints as numbers of the width that the kernel reads; floats are doubles already."""
    index = cupy.int64 if wide else cupy.int32
    return tuple(index(a) if type(a) is int else a for a in arguments)


def empty(shape: Sequence[int], dtype: Any) -> Any:
    """A new array whose elements lie in order."""
    return cupy.empty(tuple(shape), dtype=dtype)


def dense(x: Any) -> Any:
    """x with its elements in order; a copy only where they lie otherwise."""
    return x if x.flags.c_contiguous else cupy.ascontiguousarray(x)


def on_device(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Run a kernel with the device of its first array as the current one: CuPy allocates and launches there."""

    @functools.wraps(kernel)
    def run(*args: Any, **how: Any) -> Any:
        first = next(x for x in (args[0] if isinstance(args[0], tuple) else args) if x is not None)
        device = first.device
        if device == cupy.cuda.Device():
            return kernel(*args, **how)
        with device:
            return kernel(*args, **how)

    return run
