"""What printed loops call on arrays in memory: a product of matrices, the order of a row, the solution of a system."""

from __future__ import annotations

import numpy as np

from .compile import compiled, inline
from .recurrence import four_rows, one_row

__all__ = ["ordered", "product", "solved"]


@compiled(distinct=True)
def product(a, at_a, b, at_b, z, at_z, rows, depth, columns):  # type: ignore[no-untyped-def]
    """Write the product of two matrices that lie within arrays of one axis."""
    x = a[at_a : at_a + rows * depth].reshape((rows, depth))
    y = b[at_b : at_b + depth * columns].reshape((depth, columns))
    out = z[at_z : at_z + rows * columns].reshape((rows, columns))
    out[:] = 0
    whole = rows // 4 * 4
    for i in range(0, whole, 4):
        four_rows(x[i], x[i + 1], x[i + 2], x[i + 3], y, out[i], out[i + 1], out[i + 2], out[i + 3])
    for i in range(whole, rows):
        one_row(x[i], y, out[i])


@compiled(distinct=True)
def ordered(row, down, places):  # type: ignore[no-untyped-def]
    """Write the places of a row's elements in their order, by insertion; NaN is the largest, equal ones stay."""
    for i in range(row.size):
        v, j = row[i], i
        while j > 0:
            w = row[places[j - 1]]
            first = (v > w) | ((v != v) & (w == w)) if down else (v < w) | ((v == v) & (w != w))
            if not first:
                break
            places[j] = places[j - 1]
            j -= 1
        places[j] = i


@inline
def _exchanged(x, first, second):  # type: ignore[no-untyped-def]
    for j in range(x.shape[1]):
        x[first, j], x[second, j] = x[second, j], x[first, j]


@inline
def _below(x, y, c):  # type: ignore[no-untyped-def]
    """Clear column c below the diagonal, but for its own elements, which nothing reads any more."""
    for r in range(c + 1, len(x)):
        factor = x[r, c] / x[c, c]
        for j in range(c + 1, len(x)):
            x[r, j] -= factor * x[c, j]
        for j in range(y.shape[1]):
            y[r, j] -= factor * y[c, j]


@compiled(distinct=True)
def solved(a, b, n):  # type: ignore[no-untyped-def]
    """Put the solution of a x = b into b, by elimination; False where a pivot is 0 or the solution is not finite."""
    x, y = a.reshape((n, n)), b.reshape((n, b.size // n))
    for c in range(n):
        best = c
        for r in range(c + 1, n):
            best = r if abs(x[r, c]) > abs(x[best, c]) else best
        if not abs(x[best, c]) > 0:
            return False
        _exchanged(x, c, best)
        _exchanged(y, c, best)
        _below(x, y, c)
    finite = True
    for c in range(n - 1, -1, -1):
        for j in range(y.shape[1]):
            for i in range(c + 1, n):
                y[c, j] -= x[c, i] * y[i, j]
            y[c, j] /= x[c, c]
            finite &= abs(y[c, j]) < np.inf
    return finite
