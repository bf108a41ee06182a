"""Matrix products of float32, each element the exact sum of products, rounded once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.namespaces import device_of
from .bases import Base
from .rounding import UNIT, exact_sums, rounded, rounded_sum
from .workspace import workspace

__all__ = ["column_norms", "exact", "factor", "filtered", "matmul", "repaired"]

_BLOCK = 2**14  # elements rounded at a time: 2**13, 14, 15, 16 took 2.6, 2.0, 2.2, 2.4 ns an element
_ROOM = 2**16  # elements of each operand and of the candidate that are in memory at a time, 0.5 MB each
_FEW = 1000  # terms of open places that are added one by one, 0.1 us each; together it takes 90 us at least


def matmul(base: Base, a: Any, b: Any) -> Any:
    """The product of float32 arrays of at least two axes, stacks included, each element rounded once, zeros positive.

    The candidate is the library's float64 product. A product of two float32 is exact in float64, so in any order, and
    with fused operations, |candidate - exact| <= (k + 2) u |A| |B| <= (k + 2) u ||row|| ||column||, u = 2**-53 (Higham,
    Accuracy and stability of numerical algorithms, 2002, section 3.5; Cauchy and Schwarz). Strassen's scheme would not
    do.
    """
    xp, rows, inner, columns = base.xp, a.shape[-2], a.shape[-1], b.shape[-1]
    stack = np.broadcast_shapes(tuple(a.shape[:-2]), tuple(b.shape[:-2]))
    shape = (*stack, rows, columns)
    if 0 in (*shape, inner):
        return xp.zeros(shape, dtype=base.float32, device=device_of(a))
    if b.ndim == 2 and a.ndim > 2:  # one product instead of a stack of small ones
        return xp.reshape(matmul(base, xp.reshape(a, (-1, inner)), b), shape)
    if base.reads_memory(a):
        x, y = base.host(a), base.host(b)
        return base.from_host(_matrix(base, x, y) if x.ndim == y.ndim == 2 else _stack(base, x, y, stack), a)
    within = factor(inner)
    a64, b64 = base.cast(a, base.float64), base.cast(b, base.float64)
    candidate = xp.matmul(a64, b64)
    bound = xp.sqrt(xp.sum(a64 * a64, axis=-1, keepdims=True)) * within
    bound = bound * xp.sqrt(xp.sum(b64 * b64, axis=-2, keepdims=True))
    result = base.cast(candidate + bound, base.float32) + 0.0
    undecided = base.cast(candidate - bound, base.float32) != result
    if not base.any(undecided):
        return result
    places = np.flatnonzero(base.host(undecided))
    return base.patched(result, places, repaired(places, *map(base.host, (candidate, a64, b64))))


def factor(inner: int) -> float:
    """What the norms of a row and of a column are multiplied by; they are rounded themselves."""
    return (inner + 2) * UNIT * 1.01


def column_norms(b: np.ndarray) -> Any:
    """The Euclidean norms of the columns of a float64 matrix."""
    return np.sqrt(np.einsum("ij,ij->j", b, b))


# ---- in host memory: block by block, in memory that stays in the cache


def _matrix(base: Base, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The product of two matrices."""
    (height, inner), width = a.shape, b.shape[1]
    result, within = np.empty((height, width), np.float32), factor(inner)
    b64 = b.astype(np.float64)
    columns = column_norms(b64)
    step = max(_ROOM // max(inner, width), 32)
    for start in range(0, height, step):
        part = slice(start, start + step)
        block, out = a[part], result[part]
        by_rows = block.flags.c_contiguous or not block.T.flags.c_contiguous
        a64 = workspace("left", block.size).reshape(block.shape if by_rows else block.shape[::-1])
        a64 = a64 if by_rows else a64.T
        np.copyto(a64, block)
        candidate = base.product(a64, b64, workspace("candidate", out.size).reshape(out.shape))
        if exact(a64, b64):
            np.copyto(out, candidate, casting="unsafe")
            out += 0.0
            continue
        rows = np.sqrt(np.einsum("ij,ij->i", a64, a64)) * within
        places = filtered(candidate, rows, columns, out)
        if len(places):
            out.reshape(-1)[places] = repaired(places, candidate, a64, b64)
    return result


def exact(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether each sum of products is exact in float64, whatever the order: data of few bits, such as images.

    The elements of a are multiples of 2**-10, those of b of some power of two, and all sums are below 2**53 of the
    products of both. Without it most sums of sixteenths are ties, which the bounds leave open.
    """
    height, width = a.shape
    for i, j in ((0, 0), (height // 2, width // 2), (height // 3, width - 1), (height - 1, width // 3)):
        if not (float(a[i, j]) * 1024.0).is_integer():
            return False
    scaled = a * 1024.0
    if not (np.rint(scaled) == scaled).all():
        return False
    mantissas, exponents = np.frexp(b[b != 0])
    if not np.isfinite(mantissas).all():
        return False
    whole = (mantissas * 2.0**24).astype(np.int64)
    unit = np.ldexp((whole & -whole).astype(np.float64), exponents - 24).min(initial=np.inf)
    return bool(width * np.abs(scaled).max() * (np.abs(b).max() / unit) < 2.0**53)


def filtered(candidate: np.ndarray, rows: np.ndarray, columns: np.ndarray, out: np.ndarray) -> Any:
    """Write the candidate, a matrix, as float32; give the places that the bounds rows times columns leave open.

    A bound for each element: with one for a whole column, rows of zeros at the edges of images stay open, a tenth of a
    convnet's products; to look at those once more with their own costs what the other saves.
    """
    height, width = candidate.shape
    step = min(max(_BLOCK // width, 1), height)
    bounds, sums = (workspace(name, step * width) for name in ("bounds", "sums"))
    lows = workspace("lows", step * width, "f")
    found: list[np.ndarray] = []
    for start in range(0, height, step):
        part = slice(start, start + step)
        y, high = candidate[part], out[part]
        bound, wide, low = (x[: y.size].reshape(y.shape) for x in (bounds, sums, lows))
        np.multiply(rows[part, None], columns, out=bound)
        np.add(y, bound, out=wide)
        np.copyto(high, wide, casting="unsafe")
        np.subtract(y, bound, out=wide)
        np.copyto(low, wide, casting="unsafe")
        open_ = low != high
        high += 0.0  # a negative sum that underflows is +0
        if open_.any():
            found.append(np.flatnonzero(open_) + start * width)
    return np.concatenate(found) if found else ()


def _stack(base: Base, a: np.ndarray, b: np.ndarray, stack: tuple[int, ...]) -> np.ndarray:
    """The products of two stacks of matrices: one after another, or, of small ones, all at once."""
    height, inner, width = a.shape[-2], a.shape[-1], b.shape[-1]
    if height * width >= _BLOCK // 2:
        left, right = np.broadcast_to(a, (*stack, height, inner)), np.broadcast_to(b, (*stack, inner, width))
        made = np.empty((*stack, height, width), np.float32)
        for at in np.ndindex(*stack):
            made[at] = _matrix(base, left[at], right[at])
        return made
    x, y = a.astype(np.float64), b.astype(np.float64)
    candidate = base.product(x, y, None)
    count, blocks = math.prod(stack), max(_BLOCK // (height * width), 1)
    rows = np.sqrt(np.einsum("...ij,...ij->...i", x, x)) * factor(inner)
    columns = np.sqrt(np.einsum("...ij,...ij->...j", y, y))
    rows = np.broadcast_to(rows, (*stack, height)).reshape(count, height, 1)
    columns = np.broadcast_to(columns, (*stack, width)).reshape(count, 1, width)
    values, result = candidate.reshape(count, height, width), np.empty((count, height, width), np.float32)
    found: list[np.ndarray] = []
    for start in range(0, count, blocks):
        part = slice(start, start + blocks)
        bound, high = rows[part] * columns[part], result[part]
        np.copyto(high, values[part] + bound, casting="unsafe")
        open_ = np.subtract(values[part], bound, out=bound).astype(np.float32) != high
        high += 0.0
        if open_.any():
            found.append(np.flatnonzero(open_) + start * height * width)
    if found:
        places = np.concatenate(found)
        result.reshape(-1)[places] = repaired(places, candidate, x, y)
    return result.reshape(*stack, height, width)


def repaired(places: np.ndarray, candidate: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The values at these places, exact and rounded once.

    Where an infinity or NaN takes part the value is that of float64.
    """
    *stack, _, _ = candidate.shape
    *others, i, j = np.unravel_index(places, candidate.shape)
    y = candidate.reshape(-1)[places]
    values = y.astype(np.float32) + np.float32(0)
    open_ = np.flatnonzero(np.isfinite(y))
    inner = a.shape[-1]
    if not stack and len(open_) * inner <= _FEW:
        for place in open_:
            values[place] = rounded_sum(a[i[place]] * b[:, j[place]])
        return values
    left = np.broadcast_to(a, (*stack, *a.shape[-2:])) if stack else a
    right = np.swapaxes(np.broadcast_to(b, (*stack, *b.shape[-2:])) if stack else b, -1, -2)
    # in parts, so that a call with many open places does not take many times the memory of its operands
    step = max(2**20 // inner, 1)
    for start in range(0, len(open_), step):
        part = open_[start : start + step]
        at = [k[part] for k in others]
        terms = left[(*at, i[part])] * right[(*at, j[part])]
        values[part] = rounded(*exact_sums(terms)) + np.float32(0)
    return values
