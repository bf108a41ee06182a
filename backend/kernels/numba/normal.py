"""Normal draws: Threefry and the inverse distribution function in one loop, with the bits of the definition."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

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
from .compile import from_source
from .parallel import in_parts
from .random import BLOCK, key_of, words

__all__ = ["draw_normal", "draw_truncated_normal"]

WORK = 200  # simple operations of an evaluation, several of which run at once

# As ops/rng/normal_quantile.py and draws.py: + - * / and comparisons alone, each rounded; both branches of a choice
# are computed, so that the loop is vectorized. 2 m + 1 of the 31 lower bits of a word, or of the 63 lower bits of two;
# p = least + width (m + 1/2), q = 1/2 - p by the complement of m.
ODD = {
    "float32": "real(int32(a & uint32(0x7FFFFFFF))) * real(2) + real(1)",
    "float64": "real(int32(a & uint32(0x7FFFFFFF))) * real(2.0**33)"
    " + (real(int32(b ^ uint32(0x80000000))) * real(2) + real(2.0**32 + 1.0))",
}
HEAD = f"""\
def fill(start, stop, key0, key1, second, width, least, scale, shift, truncated, out):
    both = empty((2, {BLOCK}), uint32)
    firsts, seconds = both[0], both[1]
    for begin in range(uint64(start), uint64(stop), uint64({BLOCK})):
        count = min(uint64({BLOCK}), uint64(stop) - begin)
        for i in range(count):
            firsts[i], seconds[i] = words(key0, key1, uint32(begin + i), second)
"""
FILL = {
    "float32": """\
        for half in range(2):
            here, pairs = both[half], out[uint64(2) * begin + uint64(half) :]
            for i in range(min(count, uint64(out.size + 1 - half) // uint64(2) - begin)):
                a = here[i]
                {number}
                pairs[uint64(2) * i] = z
""",
    "float64": """\
        for i in range(count):
            a, b = firsts[i], seconds[i]
            {number}
            out[begin + i] = z
""",
}


def draw_normal(draw: np.ndarray, *, seed: int, shape: Any, dtype: str, mean: float, stddev: float) -> Any:
    """mean + stddev * z, both steps rounded."""
    return _drawn(draw, seed, shape, dtype, mean, stddev, 0.0)


def draw_truncated_normal(draw: np.ndarray, *, seed: int, shape: Any, dtype: str, mean: float, stddev: float) -> Any:
    """As `draw_normal`, with p between Phi(-2) and 1/2."""
    return _drawn(draw, seed, shape, dtype, mean, stddev, BELOW_2)


def _drawn(draw: np.ndarray, seed: Any, shape: Any, dtype: str, mean: Any, stddev: Any, least: float) -> Any:
    key = key_of(draw, seed, shape)
    if key is None or dtype not in ("float16", "float32", "float64"):
        return NotImplemented
    with np.errstate(over="ignore"):
        shift, scale = (np.dtype(dtype).type(v) for v in (mean, stddev))
    if not np.isfinite((shift, scale)).all() or scale < 0:
        return NotImplemented  # the definition says what is wrong
    work = "float64" if dtype == "float64" else "float32"
    real = np.dtype(work).type
    width = (0.5 - least) * (2.0**-64 if work == "float64" else 2.0**-32)
    out = np.empty(math.prod(shape), work)
    count = out.size if work == "float64" else -(-out.size // 2)
    numbers = real(width), real(least), real(scale), real(shift)
    run = _filling(work)
    in_parts(lambda a, b: run(a, b, *key, *numbers, least > 0, out), count, count * WORK)
    with np.errstate(over="ignore"):
        return out.reshape(shape).astype(dtype, copy=False)


@functools.cache
def _filling(dtype: str) -> Callable[..., Any]:
    """The compiled loop for a dtype of the arithmetic."""
    scope: dict[str, Any] = {"real": np.dtype(dtype).type, "words": words, "empty": np.empty}
    scope.update((name, getattr(np, name)) for name in ("int32", "uint32", "uint64"))
    margin = "\n" + " " * (12 if dtype == "float64" else 16)
    return from_source(HEAD + FILL[dtype].format(number=margin.join(_number(dtype))), "fill", scope)


def _number(dtype: str) -> list[str]:
    """The lines that make z of the words a and b."""
    tables, (slope, offset) = AS241[dtype], LINE[dtype]
    lines = [
        f"p = ({ODD[dtype]}) * width",
        "p = p + least if truncated else p",
        "positive = int32(a) >= int32(0)",
        "a = uint32(a ^ uint32(0xFFFFFFFF))",
        *(["b = uint32(b ^ uint32(0xFFFFFFFF))"] if dtype == "float64" else []),
        f"q = ({ODD[dtype]}) * width",
        "x = real(0.180625) - q * q",
        f"near = {_polynomial(tables['A'], 'x')} * q / {_polynomial(tables['B'], 'x')}",
        f"x, exponent = p * real({2.0 ** SCALE[dtype]!r}), real({SCALE[dtype]})",
    ]
    for n in SHIFTS[dtype]:
        lines.append(f"above = x >= real({2.0**n!r})")
        lines.append(f"exponent = exponent - real({n}) if above else exponent")
        lines.append(f"x = x * real({2.0**-n!r}) if above else x")
    series = _polynomial([1.0 / n for n in range(2 * TERMS[dtype] - 1, 0, -2)], "t")
    lines += [
        f"s = (x - real({CENTRE!r})) / (x + real({CENTRE!r}))",
        "t = s * s",
        f"x = exponent * real({LOG_2!r}) - ((s + s) * {series} + real({LOG_CENTRE!r}))",
        f"root = x * real({slope!r}) + real({offset!r})",
        *["root = (root + x / root) * real(0.5)"] * HERON[dtype],
        "x = root - real(1.6)",
        f"tail = {_polynomial(tables['C'], 'x')} / {_polynomial(tables['D'], 'x')}",
    ]
    if "E" in tables:
        lines.append("x = root - real(5)")
        far = f"{_polynomial(tables['E'], 'x')} / {_polynomial(tables['F'], 'x')}"
        lines.append(f"tail = tail if root <= real(5) else {far}")
    return [
        *lines,
        "z = near if q <= real(0.425) else tail",
        "z = real(2) if truncated and z > real(2) else z",
        "z = (z if positive else -z) * scale",
        "z = z + shift if shift != real(0) else z",
    ]


def _polynomial(coefficients: Sequence[float], x: str) -> str:
    """Horner's rule."""
    text = f"{x} * real({coefficients[0]!r})"
    for coefficient in coefficients[1:-1]:
        text = f"({text} + real({coefficient!r})) * {x}"
    return f"({text} + real({coefficients[-1]!r}))"
