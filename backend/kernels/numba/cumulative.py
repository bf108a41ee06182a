"""Cumulative sums, several rows at once: an addition waits for the one before, but not for those of other rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .compile import compiled
from .geometry import dense
from .parallel import in_parts

__all__ = ["cumulative_sum"]


def cumulative_sum(
    x: np.ndarray, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """The running sums, in the order of NumPy's."""
    if x.dtype not in (np.float32, np.float64) or not x.size or include_initial or dtype not in (None, x.dtype):
        return NotImplemented
    if axis is None and x.ndim != 1:
        return NotImplemented  # the standard requires it
    axis = 0 if axis is None else axis % x.ndim
    after = math.prod(x.shape[axis + 1 :])
    x3 = dense(x).reshape(math.prod(x.shape[:axis]), x.shape[axis], after)
    out = np.empty(x3.shape, x.dtype)
    if after == 1:
        in_parts(lambda a, b: _along_rows(a, b, x3[:, :, 0], out[:, :, 0]), -(-len(x3) // 8), x.size)
    else:
        in_parts(lambda a, b: _down_columns(a, b, x3, out), len(x3), x.size)
    return out.reshape(x.shape)


@compiled(distinct=True)
def _along_rows(start, stop, x, out):  # type: ignore[no-untyped-def]
    """`start` and `stop` number groups of eight rows."""
    zero = x.dtype.type(0)
    for low in range(8 * start, 8 * stop, 8):
        if low + 8 > len(x):
            for n in range(low, len(x)):
                total = zero
                for i in range(x.shape[1]):
                    total += x[n, i]
                    out[n, i] = total
            continue
        a, b, c, d, e, f, g, h = zero, zero, zero, zero, zero, zero, zero, zero
        for i in range(x.shape[1]):
            a += x[low, i]
            b += x[low + 1, i]
            c += x[low + 2, i]
            d += x[low + 3, i]
            e += x[low + 4, i]
            f += x[low + 5, i]
            g += x[low + 6, i]
            h += x[low + 7, i]
            out[low, i], out[low + 1, i], out[low + 2, i], out[low + 3, i] = a, b, c, d
            out[low + 4, i], out[low + 5, i], out[low + 6, i], out[low + 7, i] = e, f, g, h


@compiled(distinct=True)
def _down_columns(start, stop, x, out):  # type: ignore[no-untyped-def]
    for n in range(start, stop):
        out[n, 0] = x[n, 0]
        for i in range(1, x.shape[1]):
            row, before, into = x[n, i], out[n, i - 1], out[n, i]
            for c in range(row.size):
                into[c] = before[c] + row[c]
