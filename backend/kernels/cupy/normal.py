"""Normal draws: Threefry and the inverse distribution function in one launch, with the bits of the definition."""

from __future__ import annotations

import functools
from typing import Any

from ...arrays.quantile_tables import (
    AS241,
    BELOW_2,
    CENTRE,
    HERON,
    LINE,
    LOG_2,
    LOG_CENTRE,
    SCALE,
    SHIFTS,
    TERMS,
)
from ._launch import WORK, empty, kernel_of, launch, on_device
from .random import THREEFRY, keys_of, plain, rounded

__all__ = ["draw_normal", "draw_truncated_normal"]

# As ops/rng/normal_quantile.py and draws.py: + - * / and comparisons alone, each rounded. 2 m + 1 of the 31 lower bits
# of a word, or of the 63 lower bits of two; p = least + width (m + 1/2), q = 1/2 - p by the complement of m.
SOURCE = """\
__device__ W odd(unsigned a, unsigned b)
{
    if (sizeof(T) < 8) return (W)(int)(a & 0x7FFFFFFFu) * 2 + 1;
    return (W)(int)(a & 0x7FFFFFFFu) * (W)8589934592.0 + ((W)(int)(b ^ 0x80000000u) * 2 + (W)4294967297.0);
}
__device__ W normal_number(unsigned a, unsigned b, W width, W least, W scale, W shift, index_t truncated)
{
    W p = odd(a, b) * width, q = odd(~a, ~b) * width;
    if (truncated) p = p + least;
    W z = q <= (W)0.425 ? near_the_middle((W)0.180625 - q * q, q) : in_the_tail(root_of(minus_log(p)));
    if (truncated) z = smaller(z, (W)2);
    z = ((int)a < 0 ? -z : z) * scale;
    return shift == 0 ? z : z + shift;
}
extern "C" __global__ void normal(const int *draw, T *y, index_t key0, index_t key1, index_t count, double width,
    double least, double scale, double shift, index_t truncated)
{
    bool wide = sizeof(T) == 8;
    index_t evaluations = wide ? count : (count + 1) / 2;
    for (index_t e = (index_t)blockIdx.x * blockDim.x + threadIdx.x; e < evaluations;
         e += (index_t)gridDim.x * blockDim.x) {
        words w = threefry(key0, key1, e, draw[0]);
        index_t first = wide ? e : 2 * e;
        store(y, first, normal_number(w.a, w.b, (W)width, (W)least, (W)scale, (W)shift, truncated));
        if (!wide && first + 1 < count)
            store(y, first + 1, normal_number(w.b, w.a, (W)width, (W)least, (W)scale, (W)shift, truncated));
    }
}
"""


def _polynomial(coefficients: tuple[float, ...], x: str) -> str:
    """Horner's rule."""
    text = f"{x} * (W){coefficients[0]!r}"
    for coefficient in coefficients[1:-1]:
        text = f"({text} + (W){coefficient!r}) * {x}"
    return f"({text} + (W){coefficients[-1]!r})"


def _functions(dtype: str) -> str:
    """The inverse of the distribution function, for a dtype of the arithmetic."""
    tables, (slope, offset) = AS241[dtype], LINE[dtype]
    near, under = _polynomial(tables["A"], "x"), _polynomial(tables["B"], "x")
    tail = f"W x = root - (W)1.6; return {_polynomial(tables['C'], 'x')} / {_polynomial(tables['D'], 'x')};"
    if "E" in tables:
        far = f"W x = root - (W)5; return {_polynomial(tables['E'], 'x')} / {_polynomial(tables['F'], 'x')};"
        tail = f"if (root > (W)5) {{ {far} }}\n    {tail}"
    scaled = "".join(
        f"    if (x >= (W){2.0**n!r}) {{ x *= (W){2.0**-n!r}; exponent -= {n}; }}\n" for n in SHIFTS[dtype]
    )
    series = _polynomial(tuple(1.0 / n for n in range(2 * TERMS[dtype] - 1, 0, -2)), "t")
    return f"""\
__device__ W near_the_middle(W x, W q) {{ return {near} * q / {under}; }}
__device__ W in_the_tail(W root)
{{
    {tail}
}}
__device__ W minus_log(W p)
{{
    W x = p * (W){2.0 ** SCALE[dtype]!r}, exponent = {SCALE[dtype]};
{scaled}    W s = (x - (W){CENTRE!r}) / (x + (W){CENTRE!r}), t = s * s;
    return exponent * (W){LOG_2!r} - ((s + s) * {series} + (W){LOG_CENTRE!r});
}}
__device__ W root_of(W x)
{{
    W root = x * (W){slope!r} + (W){offset!r};
    for (int step = 0; step < {HERON[dtype]}; step++) root = (root + x / root) * (W)0.5;
    return root;
}}
"""


@functools.cache
def _kernel(dtype: str) -> Any:
    work = "float64" if dtype == "float64" else "float32"
    return kernel_of(THREEFRY + _functions(work) + SOURCE, "normal", dtype)


def draw_normal(draw: Any, *, seed: int, shape: Any, dtype: str, mean: float, stddev: float) -> Any:
    """mean + stddev * z, both steps rounded."""
    return _drawn(draw, seed, shape, dtype, mean, stddev, truncated=False)


def draw_truncated_normal(draw: Any, *, seed: int, shape: Any, dtype: str, mean: float, stddev: float) -> Any:
    """As `draw_normal`, with p between Phi(-2) and 1/2."""
    return _drawn(draw, seed, shape, dtype, mean, stddev, truncated=True)


@on_device
def _drawn(draw: Any, seed: Any, shape: Any, dtype: str, mean: Any, stddev: Any, truncated: bool) -> Any:
    if not plain(draw, seed, shape) or dtype not in WORK or type(mean) is not float or type(stddev) is not float:
        return NotImplemented
    shift, scale = rounded(mean, dtype), rounded(stddev, dtype)
    if not scale >= 0 or shift != shift or _kernel(dtype) is None:
        return NotImplemented
    least = BELOW_2 if truncated else 0.0
    width = (0.5 - least) * (2.0**-64 if dtype == "float64" else 2.0**-32)
    y = empty(shape, dtype)
    evaluations = y.size if dtype == "float64" else -(-y.size // 2)
    launch(_kernel(dtype), evaluations, draw, y, *keys_of(seed), y.size, width, least, scale, shift, int(truncated))
    return y
