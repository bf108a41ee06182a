"""Convolutions: the elements of each window gathered in a row, then one matrix product; depthwise ones directly."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any

import cupy

from . import _launch
from ._geometry import LOOPS, PARAMETERS, Geometry, geometry_of
from ._launch import LOOP, NARROW, WORK, dense, empty, kernel_of, launch, on_device, rows_launch

__all__ = ["convolution", "convolution_input_gradient", "convolution_kernel_gradient"]

Ints = tuple[int, ...]
MOST_ELEMENTS = 2**26  # of gathered windows at a time: 256 MB in float32
BLOCKS = 512  # that share the sums of a depthwise kernel's gradient, where there is enough to sum
LANES = 32

AT_PLACE = """\
        index_t q2 = rest % o2, q1 = rest / o2 % o1, q0 = rest / o2 / o1 % o0, image = rest / o2 / o1 / o0;
"""
AT_ELEMENT = """\
        index_t c = i % channels, p2 = i / channels % n2, p1 = i / channels / n2 % n1;
        index_t p0 = i / channels / n2 / n1 % n0, image = i / channels / n2 / n1 / n0;
"""
SOURCE = f"""\
{LOOPS}
extern "C" __global__ void gathered(const T *x, W *rows, {PARAMETERS}, index_t count)
{{
{LOOP}
        index_t c = i % channels, tap = i / channels % (k0 * k1 * k2), rest = i / channels / (k0 * k1 * k2);
{AT_PLACE}
        index_t p0 = element(q0, tap / k2 / k1, n0, s0, d0, b0), p1 = element(q1, tap / k2 % k1, n1, s1, d1, b1);
        index_t p2 = element(q2, tap % k2, n2, s2, d2, b2);
        bool met = p0 >= 0 && p1 >= 0 && p2 >= 0;
        rows[i] = met ? (W)load(x, (((image * n0 + p0) * n1 + p1) * n2 + p2) * channels + c) : (W)0;
    }}
}}
extern "C" __global__ void scattered(const W *rows, T *x, {PARAMETERS}, index_t count)
{{
{LOOP}{AT_ELEMENT}
        W total = 0;
        for (index_t tap = 0; tap < k0 * k1 * k2; tap++) {{
            index_t q0 = place_of(p0, tap / k2 / k1, s0, d0, b0, o0), q1 = place_of(p1, tap / k2 % k1, s1, d1, b1, o1);
            index_t q2 = place_of(p2, tap % k2, s2, d2, b2, o2);
            if (q0 >= 0 && q1 >= 0 && q2 >= 0)
                total += rows[((((image * o0 + q0) * o1 + q1) * o2 + q2) * (k0 * k1 * k2) + tap) * channels + c];
        }}
        store(x, i, total);
    }}
}}
extern "C" __global__ void depthwise(const T *x, const T *weights, T *y, {PARAMETERS}, index_t count,
    index_t multiplier)
{{
{LOOP}
        index_t out = i % (channels * multiplier), c = out / multiplier, rest = i / (channels * multiplier);
{AT_PLACE}
        W total = 0;
        for (index_t tap = 0; tap < k0 * k1 * k2; tap++) {{
            index_t p0 = element(q0, tap / k2 / k1, n0, s0, d0, b0), p1 = element(q1, tap / k2 % k1, n1, s1, d1, b1);
            index_t p2 = element(q2, tap % k2, n2, s2, d2, b2);
            if (p0 >= 0 && p1 >= 0 && p2 >= 0)
                total += load(x, (((image * n0 + p0) * n1 + p1) * n2 + p2) * channels + c)
                    * load(weights, tap * channels * multiplier + out);
        }}
        store(y, i, total);
    }}
}}
extern "C" __global__ void depthwise_input(const T *g, const T *weights, T *x, {PARAMETERS}, index_t count,
    index_t multiplier)
{{
{LOOP}{AT_ELEMENT}
        W total = 0;
        for (index_t tap = 0; tap < k0 * k1 * k2; tap++) {{
            index_t q0 = place_of(p0, tap / k2 / k1, s0, d0, b0, o0), q1 = place_of(p1, tap / k2 % k1, s1, d1, b1, o1);
            index_t q2 = place_of(p2, tap % k2, s2, d2, b2, o2);
            if (q0 >= 0 && q1 >= 0 && q2 >= 0)
                for (index_t m = 0; m < multiplier; m++)
                    total += load(g, (((image * o0 + q0) * o1 + q1) * o2 + q2) * channels * multiplier
                        + c * multiplier + m) * load(weights, (tap * channels + c) * multiplier + m);
        }}
        store(x, i, total);
    }}
}}
extern "C" __global__ void depthwise_weights(const T *x, const T *g, W *parts, {PARAMETERS}, index_t batch,
    index_t multiplier, index_t chunks)
{{
    __shared__ W part[256];
    unsigned lane = threadIdx.x % 32, slice = threadIdx.x / 32, slices = blockDim.x / 32;
    index_t outs = channels * multiplier, tiles = (outs + 31) / 32, taps = k0 * k1 * k2;
    for (index_t b = blockIdx.x; b < tiles * taps * chunks; b += gridDim.x) {{
        index_t out = b % tiles * 32 + lane, tap = b / tiles % taps, chunk = b / tiles / taps;
        W total = 0;
        if (out < outs)
            for (index_t rest = chunk * slices + slice; rest < batch * o0 * o1 * o2; rest += chunks * slices) {{
        {AT_PLACE.strip()}
                index_t p0 = element(q0, tap / k2 / k1, n0, s0, d0, b0);
                index_t p1 = element(q1, tap / k2 % k1, n1, s1, d1, b1), p2 = element(q2, tap % k2, n2, s2, d2, b2);
                if (p0 >= 0 && p1 >= 0 && p2 >= 0)
                    total += load(x, (((image * n0 + p0) * n1 + p1) * n2 + p2) * channels + out / multiplier)
                        * load(g, rest * outs + out);
            }}
        part[threadIdx.x] = total;
        __syncthreads();
        for (unsigned half = slices / 2; half; half /= 2) {{
            if (slice < half) part[threadIdx.x] += part[threadIdx.x + half * 32];
            __syncthreads();
        }}
        if (slice == 0 && out < outs) parts[(chunk * taps + tap) * outs + out] = part[lane];
        __syncthreads();
    }}
}}
extern "C" __global__ void joined(const W *parts, T *out, index_t count, index_t chunks)
{{
{LOOP}
        W total = 0;
        for (index_t k = 0; k < chunks; k++) total += parts[k * count + i];
        store(out, i, total);
    }}
}}
"""


_kernel = functools.partial(kernel_of, SOURCE)


def _wide(dtype: Any) -> str:
    """The dtype of the arithmetic."""
    return "float64" if str(dtype) == "float64" else "float32"


def _geometry(sizes: Any, window: Any, how: tuple[Ints, Ints, str], *arrays: Any) -> Geometry | None:
    """The geometry, where the kernels take such arrays."""
    first = arrays[0]
    if str(first.dtype) not in WORK or any(a.dtype != first.dtype or not 0 < a.size <= NARROW for a in arrays):
        return None
    return None if _kernel("gathered", str(first.dtype)) is None else geometry_of(sizes, window, *how)


def _places(shape: Ints, geometry: Geometry) -> Ints:
    return geometry.places[3 - (len(shape) - 2) :]


def _images(batch: int, geometry: Geometry, channels: int) -> Iterator[slice]:
    """As many images at a time as fit with all their windows."""
    each = math.prod(geometry.places) * math.prod(geometry.window) * channels
    step = max(MOST_ELEMENTS // each, 1)
    return (slice(start, min(start + step, batch)) for start in range(0, batch, step))


def _gathered(x: Any, geometry: Geometry) -> Any:
    """The elements of each window, (batch * places, taps * channels), zeros on padding."""
    channels = x.shape[-1]
    count = math.prod(geometry.window) * channels
    if count == channels and x.shape[1:-1] == _places(x.shape, geometry) and str(x.dtype) != "float16":
        return x.reshape(-1, channels)  # a window of one element at each place
    rows = empty((x.shape[0] * math.prod(geometry.places), count), _wide(x.dtype))
    launch(_kernel("gathered", str(x.dtype)), rows.size, x, rows, *geometry.numbers, channels, rows.size)
    return rows


@on_device
def convolution(x: Any, kernel: Any, *, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False) -> Any:
    """Windows of a few images at a time, times the kernel as a matrix."""
    geometry = _geometry(x.shape[1:-1], kernel.shape[:-2], (strides, dilation, padding), x, kernel)
    if geometry is None:
        return NotImplemented
    x, kernel, channels = dense(x), dense(kernel), x.shape[-1]
    out = channels * kernel.shape[-1] if depthwise else kernel.shape[-1]
    y = empty((x.shape[0], *_places(x.shape, geometry), out), x.dtype)
    if depthwise:
        numbers = (*geometry.numbers, channels, y.size, kernel.shape[-1])
        launch(_kernel("depthwise", str(x.dtype)), y.size, x, kernel, y, *numbers)
        return y
    weights = kernel.reshape(-1, out).astype(_wide(x.dtype), copy=False)
    for images in _images(x.shape[0], geometry, channels):
        y[images] = (_gathered(x[images], geometry) @ weights).reshape(y[images].shape)
    return y


@on_device
def convolution_input_gradient(
    g: Any, kernel: Any, *, size: Ints, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False
) -> Any:
    """g times the kernel's transpose; each element then adds up what the windows that cover it hold for it."""
    size = tuple(map(int, size))
    geometry = _geometry(size, kernel.shape[:-2], (strides, dilation, padding), g, kernel)
    if geometry is None or _places(g.shape, geometry) != g.shape[1:-1]:
        return NotImplemented
    g, kernel, channels = dense(g), dense(kernel), kernel.shape[-2]
    x = empty((g.shape[0], *size, channels), g.dtype)
    if depthwise:
        numbers = (*geometry.numbers, channels, x.size, kernel.shape[-1])
        launch(_kernel("depthwise_input", str(g.dtype)), x.size, g, kernel, x, *numbers)
        return x
    wide = _wide(g.dtype)
    weights = kernel.reshape(-1, kernel.shape[-1]).astype(wide, copy=False).T
    for images in _images(g.shape[0], geometry, channels):
        rows = dense(g[images].reshape(-1, g.shape[-1]).astype(wide, copy=False) @ weights)
        part = x[images]
        launch(_kernel("scattered", str(g.dtype)), part.size, rows, part, *geometry.numbers, channels, part.size)
    return x


@on_device
def convolution_kernel_gradient(
    x: Any, g: Any, *, window: Ints, strides: Ints, padding: str, dilation: Ints, depthwise: bool = False
) -> Any:
    """The transpose of the windows times g, a few images at a time."""
    geometry = _geometry(x.shape[1:-1], window, (strides, dilation, padding), x, g)
    if geometry is None or _places(g.shape, geometry) != g.shape[1:-1]:
        return NotImplemented
    x, g, channels, out = dense(x), dense(g), x.shape[-1], g.shape[-1]
    if depthwise:
        return _depthwise_weights(x, g, geometry, window)
    wide = _wide(x.dtype)
    total: Any = None
    for images in _images(x.shape[0], geometry, channels):
        part = _gathered(x[images], geometry).T @ g[images].reshape(-1, out).astype(wide, copy=False)
        total = part if total is None else cupy.add(total, part, out=total)
    return total.reshape(*window, channels, out).astype(x.dtype, copy=False)


def _depthwise_weights(x: Any, g: Any, geometry: Geometry, window: Ints) -> Any:
    """The sums over all places in two stages, the same order in each run."""
    channels, multiplier = x.shape[-1], g.shape[-1] // x.shape[-1]
    taps, rows = math.prod(window), x.shape[0] * math.prod(geometry.places)
    blocks = taps * -(-g.shape[-1] // LANES)
    chunks = max(min(BLOCKS // blocks, rows // (4 * (_launch.BLOCK // LANES))), 1)
    parts = empty((chunks, taps, g.shape[-1]), _wide(x.dtype))
    numbers = (*geometry.numbers, channels, x.shape[0], multiplier, chunks)
    rows_launch(_kernel("depthwise_weights", str(x.dtype)), blocks * chunks, x, g, parts, *numbers)
    result = empty((*window, channels, multiplier), x.dtype)
    launch(_kernel("joined", str(x.dtype)), result.size, parts, result, result.size, chunks)
    return result
