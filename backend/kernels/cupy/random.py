"""Uniform numbers and Bernoulli draws: Threefry-2x32-20 in one launch, with the bits of the definition."""

from __future__ import annotations

import functools
import math
import struct
from typing import Any

from ._launch import NARROW, WORK, empty, kernel_of, launch, on_device

__all__ = ["THREEFRY", "draw_bernoulli", "draw_uniform", "keys_of", "plain", "rounded"]

# Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. The layout is that of
# ops/rng/threefry.py: element i is word i % 2 of evaluation i / 2; in float64 it has both words of evaluation i.
THREEFRY = """\
struct words { unsigned a, b; };
__device__ words threefry(unsigned key0, unsigned key1, unsigned number, unsigned draw)
{
    const unsigned keys[3] = {key0, key1, key0 ^ key1 ^ 0x1BD11BDAu};
    const int left[8] = {13, 15, 26, 6, 17, 29, 16, 24};
    unsigned a = number + key0, b = draw + key1;
    for (unsigned round = 0; round < 20; round++) {
        a += b;
        b = (b << left[round % 8] | b >> (32 - left[round % 8])) ^ a;
        if (round % 4 == 3) {
            unsigned step = round / 4 + 1;
            a += keys[step % 3];
            b += keys[(step + 1) % 3] + step;
        }
    }
    return words{a, b};
}
"""
SOURCE = """\
__device__ W spread(W unit, W scale, W least, W most, index_t standard)
{
    return standard ? unit : smaller(unit * scale + least, most);
}
extern "C" __global__ void uniform(const int *draw, T *y, index_t key0, index_t key1, index_t count, double scale,
    double least, double most, index_t standard)
{
    bool wide = sizeof(T) == 8;
    index_t evaluations = wide ? count : (count + 1) / 2;
    for (index_t e = (index_t)blockIdx.x * blockDim.x + threadIdx.x; e < evaluations;
         e += (index_t)gridDim.x * blockDim.x) {
        words w = threefry(key0, key1, e, draw[0]);
        if (wide) {
            W unit = (W)(((double)(w.a >> 5) * 67108864.0 + (double)(w.b >> 6)) / 9007199254740992.0);
            store(y, e, spread(unit, (W)scale, (W)least, (W)most, standard));
            continue;
        }
        unsigned drop = sizeof(T) == 2 ? 21 : 8;
        W unit = (W)1 / (W)(1u << (32 - drop));
        store(y, 2 * e, spread((W)(w.a >> drop) * unit, (W)scale, (W)least, (W)most, standard));
        if (2 * e + 1 < count)
            store(y, 2 * e + 1, spread((W)(w.b >> drop) * unit, (W)scale, (W)least, (W)most, standard));
    }
}
extern "C" __global__ void bernoulli(const int *draw, unsigned char *y, index_t key0, index_t key1, index_t count,
    index_t threshold)
{
    for (index_t e = (index_t)blockIdx.x * blockDim.x + threadIdx.x; e < (count + 1) / 2;
         e += (index_t)gridDim.x * blockDim.x) {
        words w = threefry(key0, key1, e, draw[0]);
        y[2 * e] = (index_t)(w.a >> 8) < threshold;
        if (2 * e + 1 < count) y[2 * e + 1] = (index_t)(w.b >> 8) < threshold;
    }
}
"""

# Codes of struct for a number and for its bits, and the smallest number that no device flushes to 0.
_FLOATS = {"float16": ("e", "H", 2.0**-24), "float32": ("f", "I", 2.0**-126), "float64": ("d", "Q", 2.0**-1022)}


_kernel = functools.partial(kernel_of, THREEFRY + SOURCE)


def plain(draw: Any, seed: Any, shape: Any) -> bool:
    """Whether seed and shape are such that nothing is to be refused; else the definition runs, and refuses."""
    return (
        type(seed) is int
        and -(2**63) <= seed < 2**64
        and type(shape) is tuple
        and all(type(n) is int and n >= 0 for n in shape)
        and 0 < math.prod(shape) <= NARROW
        and str(draw.dtype) == "int32"
        and draw.size == 1
    )


@on_device
def draw_uniform(draw: Any, *, seed: int, shape: Any, dtype: str, minval: float, maxval: float) -> Any:
    """Both words of an evaluation in one thread; bounds are rounded to the dtype on the host, as by the definition."""
    if not plain(draw, seed, shape) or dtype not in WORK or _kernel("uniform", dtype) is None:
        return NotImplemented
    if type(minval) is not float or type(maxval) is not float:
        return NotImplemented
    least, end = rounded(minval, dtype), rounded(maxval, dtype)
    if not least < end or not math.isfinite(end - least) or not math.isfinite(rounded(end - least, dtype)):
        return NotImplemented
    scale = rounded(end - least, "float64" if dtype == "float64" else "float32")
    y = empty(shape, dtype)
    most = max(least, _below(end, dtype))
    numbers = (*keys_of(seed), y.size, scale, least, most, int((least, end) == (0.0, 1.0)))
    launch(_kernel("uniform", dtype), -(-y.size // 2) if dtype != "float64" else y.size, draw, y, *numbers)
    return y


@on_device
def draw_bernoulli(draw: Any, *, seed: int, shape: Any, dtype: str, p: float) -> Any:
    """The 24 bits of the float32 `draw_uniform`, compared as integers."""
    if not plain(draw, seed, shape) or dtype not in ("bool", *WORK) or _kernel("bernoulli", "float32") is None:
        return NotImplemented
    if type(p) is not float or not 0.0 <= p <= 1.0:
        return NotImplemented
    y = empty(shape, "uint8")
    launch(_kernel("bernoulli", "float32"), -(-y.size // 2), draw, y, *keys_of(seed), y.size, math.ceil(p * 2**24))
    return y.view("bool") if dtype == "bool" else y.astype(dtype)


def keys_of(seed: int) -> tuple[int, int]:
    """The two words of a seed, as signed integers."""
    low, high = seed % 2**32, seed // 2**32 % 2**32
    return low - 2**32 * (low >= 2**31), high - 2**32 * (high >= 2**31)


def rounded(value: float, dtype: str) -> float:
    """A number as a dtype has it; NaN where it has none."""
    code = _FLOATS[dtype][0]
    try:
        (result,) = struct.unpack(code, struct.pack(code, value))
    except OverflowError:
        return math.nan
    return float(result) if math.isfinite(result) else math.nan


def _below(value: float, dtype: str) -> float:
    """The next number of the dtype towards minus infinity that no device flushes to 0."""
    code, bits, smallest = _FLOATS[dtype]
    if value == 0:
        return -smallest
    (pattern,) = struct.unpack(bits, struct.pack(code, value))
    (result,) = struct.unpack(code, struct.pack(bits, pattern - 1 if value > 0 else pattern + 1))
    return float(result)
