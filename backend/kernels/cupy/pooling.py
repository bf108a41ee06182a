"""Pooling and its gradients: a thread for each element of the result reads what it needs; nothing is atomic."""

from __future__ import annotations

import functools
import math
from typing import Any

from ._geometry import LOOPS, PARAMETERS, Geometry, geometry_of
from ._launch import LOOP, NARROW, WORK, dense, empty, kernel_of, launch, on_device

__all__ = ["average_pool", "average_pool_gradient", "max_pool", "max_pool_gradient", "max_pool_selection"]

Ints = tuple[int, ...]
MOST_TAPS = 255  # that a byte can number

HELPERS = """\
struct box { index_t l0, h0, l1, h1, l2, h2; };
__device__ index_t first_met(index_t place, index_t s, index_t b) { return place * s < b ? b - place * s : 0; }
__device__ index_t last_met(index_t place, index_t n, index_t k, index_t s, index_t b)
{
    index_t stop = n - place * s + b;
    return stop < k ? stop : k;
}
__device__ box met_at(index_t q0, index_t q1, index_t q2, index_t n0, index_t n1, index_t n2, index_t k0, index_t k1,
    index_t k2, index_t s0, index_t s1, index_t s2, index_t b0, index_t b1, index_t b2)
{
    return box{first_met(q0, s0, b0), last_met(q0, n0, k0, s0, b0), first_met(q1, s1, b1),
        last_met(q1, n1, k1, s1, b1), first_met(q2, s2, b2), last_met(q2, n2, k2, s2, b2)};
}
"""

# Where a window's elements begin, and the taps that lie on elements; i runs over the places of the result.
AT_PLACE = """\
        index_t c = i % channels, q2 = i / channels % o2, q1 = i / channels / o2 % o1;
        index_t q0 = i / channels / o2 / o1 % o0, image = i / channels / o2 / o1 / o0;
        box m = met_at(q0, q1, q2, n0, n1, n2, k0, k1, k2, s0, s1, s2, b0, b1, b2);
"""
AT_ELEMENT = """\
        index_t c = i % channels, p2 = i / channels % n2, p1 = i / channels / n2 % n1;
        index_t p0 = i / channels / n2 / n1 % n0, image = i / channels / n2 / n1 / n0;
"""
FROM = "(((image * n0 + q0 * s0 + t0 - b0) * n1 + q1 * s1 + t1 - b1) * n2 + q2 * s2 + t2 - b2) * channels + c"
EACH_TAP = """\
        for (index_t t0 = m.l0; t0 < m.h0; t0++)
            for (index_t t1 = m.l1; t1 < m.h1; t1++)
                for (index_t t2 = m.l2; t2 < m.h2; t2++) """
EACH_WINDOW = """\
        for (index_t t0 = 0; t0 < k0; t0++) {
            index_t q0 = place_of(p0, t0, s0, 1, b0, o0);
            if (q0 >= 0) for (index_t t1 = 0; t1 < k1; t1++) {
                index_t q1 = place_of(p1, t1, s1, 1, b1, o1);
                if (q1 >= 0) for (index_t t2 = 0; t2 < k2; t2++) {
                    index_t q2 = place_of(p2, t2, s2, 1, b2, o2);
                    if (q2 < 0) continue;
                    index_t from = (((image * o0 + q0) * o1 + q1) * o2 + q2) * channels + c;
"""

# Of a window with NaN, the definition takes the first slice along each axis, as long as that holds NaN.
CHOICE = f"""\
__device__ bool has_nan(const T *x, index_t image, index_t c, index_t q0, index_t q1, index_t q2, box m,
    {PARAMETERS})
{{
    bool found = false;
{EACH_TAP}{{
                    W value = load(x, {FROM});
                    found = found || value != value;
                }}
    return found;
}}
__device__ index_t chosen(const T *x, index_t image, index_t c, index_t q0, index_t q1, index_t q2, box m,
    {PARAMETERS})
{{
#define HAS_NAN has_nan(x, image, c, q0, q1, q2, m, GEOMETRY)
    if (HAS_NAN) {{
        m.h0 = m.l0 + 1;
        if (HAS_NAN) {{
            m.h1 = m.l1 + 1;
            if (HAS_NAN) m.h2 = m.l2 + 1;
        }}
    }}
    index_t number = (m.l0 * k1 + m.l1) * k2 + m.l2;
    W top = -INFINITE;
{EACH_TAP}{{
                    W value = load(x, {FROM});
                    if (value > top) {{
                        top = value;
                        number = (t0 * k1 + t1) * k2 + t2;
                    }}
                }}
    return number;
}}
"""

GEOMETRY_NAMES = ", ".join(f"{name}{axis}" for name in "nksdbo" for axis in range(3)) + ", channels"
SOURCE = f"""\
{LOOPS}{HELPERS}
#define GEOMETRY {GEOMETRY_NAMES}
#define INFINITE (W)(1.0 / 0.0)
{CHOICE}
extern "C" __global__ void largest(const T *x, T *y, {PARAMETERS}, index_t count)
{{
{LOOP}{AT_PLACE}
        W top = -INFINITE;
{EACH_TAP}top = larger(top, (W)load(x, {FROM}));
        store(y, i, top);
    }}
}}
extern "C" __global__ void numbers(const T *x, unsigned char *number, {PARAMETERS}, index_t count)
{{
{LOOP}{AT_PLACE}
        number[i] = (unsigned char)chosen(x, image, c, q0, q1, q2, m, GEOMETRY);
    }}
}}
extern "C" __global__ void to_chosen(const T *g, const unsigned char *number, T *y, {PARAMETERS}, index_t count)
{{
{LOOP}{AT_ELEMENT}
        W total = 0;
{EACH_WINDOW}
                    if (number[from] == (t0 * k1 + t1) * k2 + t2) total += load(g, from);
                }}
            }}
        }}
        store(y, i, total);
    }}
}}
extern "C" __global__ void from_chosen(const T *h, const unsigned char *number, T *y, {PARAMETERS}, index_t count)
{{
{LOOP}{AT_PLACE}
        index_t t0 = number[i] / k2 / k1, t1 = number[i] / k2 % k1, t2 = number[i] % k2;
        y[i] = h[{FROM}];
    }}
}}
extern "C" __global__ void means(const T *x, T *y, {PARAMETERS}, index_t count)
{{
{LOOP}{AT_PLACE}
        W total = 0;
{EACH_TAP}total += load(x, {FROM});
        store(y, i, total / (W)((m.h0 - m.l0) * (m.h1 - m.l1) * (m.h2 - m.l2)));
    }}
}}
extern "C" __global__ void shares(const T *g, T *y, {PARAMETERS}, index_t count)
{{
{LOOP}{AT_ELEMENT}
        W total = 0;
{EACH_WINDOW}
                    box m = met_at(q0, q1, q2, n0, n1, n2, k0, k1, k2, s0, s1, s2, b0, b1, b2);
                    total += load(g, from) / (W)((m.h0 - m.l0) * (m.h1 - m.l1) * (m.h2 - m.l2));
                }}
            }}
        }}
        store(y, i, total);
    }}
}}
"""


_kernel = functools.partial(kernel_of, SOURCE)


def _windows(x: Any, size: Any, window: Ints, strides: Ints, padding: str) -> Geometry | None:
    """The geometry, where the kernels take such arrays."""
    if str(x.dtype) not in WORK or not 0 < x.size <= NARROW or _kernel("largest", str(x.dtype)) is None:
        return None
    if x.shape[0] * x.shape[-1] * math.prod(map(int, size)) > NARROW:
        return None
    return geometry_of(size, window, strides, (1,) * len(window), padding)


def _over(name: str, like: Any, shape: Ints, geometry: Geometry, *arrays: Any, dtype: Any = None) -> Any:
    """The result of a kernel that has a thread for each element of it."""
    result = empty(shape, dtype or like.dtype)
    numbers = (*geometry.numbers, shape[-1], math.prod(shape))
    launch(_kernel(name, str(like.dtype)), math.prod(shape), *map(dense, arrays), result, *numbers)
    return result


def _pooled(x: Any, geometry: Geometry) -> Ints:
    return (x.shape[0], *geometry.places[3 - (x.ndim - 2) :], x.shape[-1])


def _numbers(x: Any, geometry: Geometry, kept: Any) -> Any:
    """The number of each window's largest tap, the first of equal ones: what `max_pool` kept, or computed again."""
    shape = _pooled(x, geometry)
    if kept is not None and str(kept.dtype) == "uint8" and tuple(kept.shape) == shape:
        return kept
    return _over("numbers", x, shape, geometry, x, dtype="uint8")


@on_device
def max_pool(x: Any, *, window: Ints, strides: Ints, padding: str, residuals: bool = False) -> Any:
    """The largest elements; as residual the numbers of their taps, in a second launch."""
    geometry = _windows(x, x.shape[1:-1], window, strides, padding)
    if geometry is None or (residuals and math.prod(window) > MOST_TAPS):
        return NotImplemented
    x = dense(x)
    y = _over("largest", x, _pooled(x, geometry), geometry, x)
    return (y, _numbers(x, geometry, None)) if residuals else (y,)


@on_device
def max_pool_gradient(g: Any, x: Any, kept: Any = None, *, window: Ints, strides: Ints, padding: str) -> Any:
    """Each element adds up g of the windows that chose it."""
    geometry = _windows(x, x.shape[1:-1], window, strides, padding)
    if geometry is None or g.dtype != x.dtype or math.prod(window) > MOST_TAPS:
        return NotImplemented
    return _over("to_chosen", x, x.shape, geometry, g, _numbers(x, geometry, kept))


@on_device
def max_pool_selection(h: Any, x: Any, kept: Any = None, *, window: Ints, strides: Ints, padding: str) -> Any:
    """Each window reads h at the element that it chose."""
    geometry = _windows(x, x.shape[1:-1], window, strides, padding)
    if geometry is None or h.dtype != x.dtype or math.prod(window) > MOST_TAPS:
        return NotImplemented
    return _over("from_chosen", x, _pooled(x, geometry), geometry, h, _numbers(x, geometry, kept))


@on_device
def average_pool(x: Any, *, window: Ints, strides: Ints, padding: str) -> Any:
    """The mean of the elements that a window covers."""
    geometry = _windows(x, x.shape[1:-1], window, strides, padding)
    if geometry is None:
        return NotImplemented
    return _over("means", x, _pooled(x, geometry), geometry, x)


@on_device
def average_pool_gradient(g: Any, *, size: Ints, window: Ints, strides: Ints, padding: str) -> Any:
    """Each element adds up its shares of the windows that cover it."""
    size = tuple(map(int, size))
    geometry = _windows(g, size, window, strides, padding)
    if geometry is None:
        return NotImplemented
    return _over("shares", g, (g.shape[0], *size, g.shape[-1]), geometry, g)
