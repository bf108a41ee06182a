"""Sums over leading axes, such as the gradients of biases, in blocks of rows whose totals are float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .compile import compiled
from .parallel import in_numbered_parts, parts_of

__all__ = ["column_sums", "sum_over_rows"]

FEW = 2**13  # elements up to which NumPy's own is as fast
ROWS = 32  # of a block


def sum_over_rows(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """The sum over leading axes of an array in C order, some of its axes left; NotImplemented for others."""
    count = len(axis) if isinstance(axis, tuple) else 1
    if (
        not isinstance(x, np.ndarray)
        or x.size < FEW
        or x.dtype.char not in "fd"
        or dtype is not None
        or not 0 < count < x.ndim
        or not x.flags.carray
        or (axis != (*range(count),) if isinstance(axis, tuple) else axis != 0)
    ):
        return NotImplemented
    total = column_sums(x.reshape(math.prod(x.shape[:count]), -1))
    return total.reshape((1,) * count * keepdims + x.shape[count:])


def column_sums(x: np.ndarray) -> np.ndarray:
    """The sum of each column of a matrix in C order."""
    parts = parts_of(len(x), x.size)
    totals = np.zeros((parts, x.shape[1]))
    in_numbered_parts(lambda part, start, stop: _add(x, totals, part, start, stop), len(x), parts)
    return (totals[0] if parts == 1 else totals.sum(axis=0)).astype(x.dtype)


@compiled(distinct=True)
def _add(x, totals, part, start, stop):  # type: ignore[no-untyped-def]
    width, end = np.uint64(x.shape[1]), np.uint64(stop)
    block = np.zeros(x.shape[1], x.dtype)
    for first in range(np.uint64(start), end, np.uint64(ROWS)):
        for i in range(first, min(first + np.uint64(ROWS), end)):
            for j in range(width):
                block[j] += x[i, j]
        for j in range(width):
            totals[part, j] += block[j]
            block[j] = 0
