"""Matrix products of float32, each element the exact sum of products, rounded once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.namespaces import device_of
from .bases import Base
from .rounding import UNIT, exact_sums, rounded

__all__ = ["matmul"]

_BLOCK = 2**15  # elements rounded at a time: the temporaries stay in the level-2 cache


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
    factor = (inner + 2) * UNIT * 1.01  # the norms are rounded, too
    a64, b64 = base.cast(a, base.float64), base.cast(b, base.float64)
    candidate = xp.matmul(a64, b64)
    if base.reads_memory(candidate):
        x, y, z = base.host(a64), base.host(b64), base.host(candidate)
        rows_ = np.sqrt(np.einsum("...ij,...ij->...i", x, x)) * factor
        result, places = _filtered_in_memory(z, rows_, np.sqrt(np.einsum("...ij,...ij->...j", y, y)))
        if len(places):
            result.reshape(-1)[places] = _repaired(places, z, x, y)
        return base.from_host(result, a)
    bound = xp.sqrt(xp.sum(a64 * a64, axis=-1, keepdims=True)) * factor
    bound = bound * xp.sqrt(xp.sum(b64 * b64, axis=-2, keepdims=True))
    result = base.cast(candidate + bound, base.float32) + 0.0
    undecided = base.cast(candidate - bound, base.float32) != result
    if not base.any(undecided):
        return result
    places = np.flatnonzero(base.host(undecided))
    return base.patched(result, places, _repaired(places, *map(base.host, (candidate, a64, b64))))


def _filtered_in_memory(candidate: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, Any]:
    """The candidate as float32, block by block, and the places that the bounds leave open: norms of rows and columns.

    A bound for each element: with one for a whole column, rows of zeros at the edges of images stay open, a tenth of a
    convnet's products.
    """
    *stack, height, width = candidate.shape
    result = np.empty(candidate.shape, np.float32)
    found: list[np.ndarray] = []
    if stack:
        count = math.prod(stack)
        blocks = max(_BLOCK // (height * width), 1)
        rows = np.broadcast_to(rows, (*stack, height)).reshape(count, height, 1)
        columns = np.broadcast_to(columns, (*stack, width)).reshape(count, 1, width)
        values, out = candidate.reshape(count, height, width), result.reshape(count, height, width)
    else:
        count, blocks = height, max(_BLOCK // width, 1)
        rows, values, out = rows[:, None], candidate, result
    for start in range(0, count, blocks):
        part = slice(start, start + blocks)
        bound = rows[part] * (columns[part] if stack else columns)
        block, high = values[part], out[part]
        np.add(block, bound, out=high, dtype=np.float64, casting="unsafe")
        low = np.subtract(block, bound, out=bound).astype(np.float32)
        open_ = low != high
        high += 0.0  # a negative sum that underflows is +0
        if open_.any():
            found.append(np.flatnonzero(open_) + start * (high.size // len(high)))
    return result, np.concatenate(found) if found else ()


def _repaired(places: np.ndarray, candidate: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The values at these places, exact and rounded once.

    Where an infinity or NaN takes part the value is that of float64.
    """
    *stack, _, _ = candidate.shape
    *others, i, j = np.unravel_index(places, candidate.shape)
    y = candidate.reshape(-1)[places]
    values = y.astype(np.float32) + np.float32(0)
    open_ = np.flatnonzero(np.isfinite(y))
    left = np.broadcast_to(a, (*stack, *a.shape[-2:]))
    right = np.swapaxes(np.broadcast_to(b, (*stack, *b.shape[-2:])), -1, -2)
    # in parts, so that a call with many open places does not take many times the memory of its operands
    step = max(2**20 // a.shape[-1], 1)
    for start in range(0, len(open_), step):
        part = open_[start : start + step]
        at = [k[part] for k in others]
        terms = left[(*at, i[part])] * right[(*at, j[part])]
        values[part] = rounded(*exact_sums(terms)) + np.float32(0)
    return values
