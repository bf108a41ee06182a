"""Batch normalization: sums in two stages, the same order in each run, then one pass over the elements.

An array is (places, channels, inner): statistics are taken over the first and the last. Channels last have inner 1.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

from . import _launch
from ._launch import CLOSE, NARROW, WORK, dense, empty, kernel_of, launch, on_device, rows_launch

__all__ = ["batch_norm", "batch_norm_gradient"]

Ints = tuple[int, ...]

BLOCKS = 512  # that share the sums, where there is enough to sum
LANES = 32  # channels that a block reads side by side, where channels are last

# What is summed: 0: x, 1: (x - mean)**2, 2: g, 3: g * (x - mean).
SOURCE = """\
__device__ W summand(const T *x, const T *g, const W *mean, index_t place, index_t channel, index_t what)
{
    if (what == 0) return load(x, place);
    if (what == 2) return load(g, place);
    W centered = load(x, place) - mean[channel];
    return centered * (what == 1 ? centered : load(g, place));
}
extern "C" __global__ void sums_of_columns(const T *x, const T *g, const W *mean, W *out, index_t places,
    index_t channels, index_t inner, index_t chunks, index_t what)
{
    __shared__ W part[256];
    unsigned lane = threadIdx.x % 32, slice = threadIdx.x / 32, slices = blockDim.x / 32;
    index_t tiles = (channels + 31) / 32;
    for (index_t b = blockIdx.x; b < tiles * chunks; b += gridDim.x) {
        index_t channel = b % tiles * 32 + lane, chunk = b / tiles;
        W total = 0;
        if (channel < channels)
            for (index_t p = chunk * slices + slice; p < places; p += chunks * slices)
                total += summand(x, g, mean, p * channels + channel, channel, what);
        part[threadIdx.x] = total;
        __syncthreads();
        for (unsigned half = slices / 2; half; half /= 2) {
            if (slice < half) part[threadIdx.x] += part[threadIdx.x + half * 32];
            __syncthreads();
        }
        if (slice == 0 && channel < channels) out[chunk * channels + channel] = part[lane];
        __syncthreads();
    }
}
extern "C" __global__ void sums_of_planes(const T *x, const T *g, const W *mean, W *out, index_t places,
    index_t channels, index_t inner, index_t chunks, index_t what)
{
    for (index_t b = blockIdx.x; b < channels * chunks; b += gridDim.x) {
        index_t channel = b % channels, chunk = b / channels;
        W total = 0;
        for (index_t e = chunk * blockDim.x + threadIdx.x; e < places * inner; e += chunks * blockDim.x)
            total += summand(x, g, mean, (e / inner * channels + channel) * inner + e % inner, channel, what);
        total = sum_of_block(total);
        if (threadIdx.x == 0) out[chunk * channels + channel] = total;
    }
}
extern "C" __global__ void joined(const W *parts, W *out, T *narrow, index_t channels, index_t chunks,
    double divisor)
{
    for (index_t c = (index_t)blockIdx.x * blockDim.x + threadIdx.x; c < channels;
         c += (index_t)gridDim.x * blockDim.x) {
        W total = 0;
        for (index_t k = 0; k < chunks; k++) total += parts[k * channels + c];
        out[c] = total / (W)divisor;
        store(narrow, c, out[c]);
    }
}
extern "C" __global__ void widened(const T *x, W *out, index_t count)
{
    for (index_t i = (index_t)blockIdx.x * blockDim.x + threadIdx.x; i < count;
         i += (index_t)gridDim.x * blockDim.x) out[i] = load(x, i);
}
extern "C" __global__ void normalized(const T *x, const W *mean, const W *variance, const T *gamma, const T *beta,
    T *y, index_t count, index_t channels, index_t inner, double epsilon, index_t has_gamma, index_t has_beta)
{
    for (index_t i = (index_t)blockIdx.x * blockDim.x + threadIdx.x; i < count;
         i += (index_t)gridDim.x * blockDim.x) {
        index_t c = i / inner % channels;
        W value = (load(x, i) - mean[c]) / root(variance[c] + (W)epsilon);
        if (has_gamma) value *= load(gamma, c);
        if (has_beta) value += load(beta, c);
        store(y, i, value);
    }
}
extern "C" __global__ void scaled(const W *along, const W *variance, T *out, index_t channels, double epsilon)
{
    for (index_t c = (index_t)blockIdx.x * blockDim.x + threadIdx.x; c < channels;
         c += (index_t)gridDim.x * blockDim.x) store(out, c, along[c] / root(variance[c] + (W)epsilon));
}
extern "C" __global__ void input_gradient(const T *x, const T *g, const W *mean, const W *variance, const W *along,
    const W *total, const T *gamma, T *out, index_t count, index_t channels, index_t inner, double epsilon,
    double places, index_t has_gamma)
{
    for (index_t i = (index_t)blockIdx.x * blockDim.x + threadIdx.x; i < count;
         i += (index_t)gridDim.x * blockDim.x) {
        index_t c = i / inner % channels;
        W deviation = root(variance[c] + (W)epsilon), unit = (load(x, i) - mean[c]) / deviation;
        W projected = unit * (along[c] / deviation / (W)places);
        W scale = (has_gamma ? (W)load(gamma, c) : (W)1) / deviation;
        store(out, i, (load(g, i) - total[c] / (W)places - projected) * scale);
    }
}
"""
FUNCTIONS = """\
__device__ float root(float x) { return sqrtf(x); }
__device__ double root(double x) { return sqrt(x); }
"""


class _Planes(NamedTuple):
    places: int
    channels: int
    inner: int
    dtype: str

    @property
    def each(self) -> int:
        """The elements that a channel has."""
        return self.places * self.inner


@on_device
def batch_norm(x: Any, gamma: Any, beta: Any, *, axes: Ints, epsilon: float) -> Any:
    """The mean first, then the mean square of the deviations from it, as in the definition."""
    planes = _planes(x, axes, gamma, beta)
    if planes is None:
        return NotImplemented
    x, gamma, beta = (None if a is None else dense(a) for a in (x, gamma, beta))
    kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    mean, mean_out = _sums(planes, x, x, None, 0, planes.each, kept)
    variance, variance_out = _sums(planes, x, x, mean, 1, planes.each, kept)
    y = empty(x.shape, x.dtype)
    size = planes.each * planes.channels
    launch(
        _kernel("normalized", planes.dtype),
        size,
        *(x, mean, variance, *(x if p is None else p for p in (gamma, beta)), y, size, planes.channels, planes.inner),
        float(epsilon),
        int(gamma is not None),
        int(beta is not None),
    )
    return y, mean_out, variance_out


@on_device
def batch_norm_gradient(
    g: Any, x: Any, gamma: Any, mean: Any, variance: Any, *, axes: Ints, epsilon: float, wanted: Ints
) -> Any:
    """Both sums, over g and over g times the deviations, then the cotangent of x in one pass."""
    planes = _planes(x, axes, gamma, mean, variance)
    if planes is None or g.shape != x.shape or g.dtype != x.dtype:
        return NotImplemented
    g, x, gamma, mean, variance = (None if a is None else dense(a) for a in (g, x, gamma, mean, variance))
    mean_w, variance_w = _wide(planes, mean), _wide(planes, variance)
    total, total_out = _sums(planes, x, g, mean_w, 2, 1, mean.shape)
    along, along_out = _sums(planes, x, g, mean_w, 3, 1, mean.shape)
    channels, size, epsilon = planes.channels, planes.each * planes.channels, float(epsilon)
    launch(_kernel("scaled", planes.dtype), channels, along, variance_w, along_out, channels, epsilon)
    found = {1: along_out, 2: total_out}
    if 0 in wanted:
        found[0] = empty(x.shape, x.dtype)
        launch(
            _kernel("input_gradient", planes.dtype),
            size,
            *(x, g, mean_w, variance_w, along, total, x if gamma is None else gamma, found[0]),
            *(size, channels, planes.inner, epsilon, float(planes.each), int(gamma is not None)),
        )
    return tuple(found[i] for i in wanted)


_kernel = functools.partial(kernel_of, FUNCTIONS + CLOSE + SOURCE)


def _planes(x: Any, axes: Ints, *parameters: Any) -> _Planes | None:
    """The array as planes; None where the kept axes are apart, and for what the kernels do not take."""
    kept = [i for i in range(x.ndim) if i not in axes]
    given = [p for p in parameters if p is not None]
    if str(x.dtype) not in WORK or not 0 < x.size <= NARROW or any(p.dtype != x.dtype for p in given):
        return None
    if (kept and kept[-1] - kept[0] >= len(kept)) or _kernel("normalized", str(x.dtype)) is None:
        return None
    first, stop = (kept[0], kept[-1] + 1) if kept else (0, 0)
    places, channels, inner = (math.prod(s) for s in (x.shape[:first], x.shape[first:stop], x.shape[stop:]))
    if any(p.size != channels for p in given):
        return None
    return _Planes(places, channels, inner, str(x.dtype))


def _sums(planes: _Planes, x: Any, g: Any, mean: Any, what: int, divisor: int, shape: Ints) -> tuple[Any, Any]:
    """A sum of each channel, divided: in the precision of the arithmetic, and as an array of that shape."""
    places, channels, inner, dtype = planes
    columns = inner == 1
    blocks = -(-channels // LANES) if columns else channels
    rows = places if columns else places * inner
    share = 4 * (_launch.BLOCK // LANES if columns else _launch.BLOCK)  # elements that pay for a block of their own
    chunks = max(min(BLOCKS // blocks, rows // share), 1)
    parts = empty((chunks, channels), "float64" if dtype == "float64" else "float32")
    total, narrow = empty((channels,), parts.dtype), empty(shape, x.dtype)
    kernel = _kernel("sums_of_columns" if columns else "sums_of_planes", dtype)
    mean = parts if mean is None else mean
    rows_launch(kernel, blocks * chunks, x, g, mean, parts, places, channels, inner, chunks, what)
    launch(_kernel("joined", dtype), channels, parts, total, narrow, channels, chunks, float(divisor))
    return total, narrow


def _wide(planes: _Planes, x: Any) -> Any:
    """Statistics in the precision of the arithmetic."""
    if planes.dtype != "float16":
        return x
    wide = empty((planes.channels,), "float32")
    launch(_kernel("widened", planes.dtype), planes.channels, x, wide, planes.channels)
    return wide
