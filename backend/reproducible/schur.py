"""The real Schur form of a matrix by a fixed sequence of float64 operations: Householder, then Francis' double steps.

Golub, Van Loan, Matrix computations, 4th edition, 2013, algorithms 7.4.2, 7.5.1 and 7.5.2. Only elementwise operations,
square roots and halving trees: neither BLAS nor LAPACK.
"""

from __future__ import annotations

import math

import numpy as np

from .factorizations import tree

__all__ = ["schur"]

_SMALL = 2.0**-52
_STEPS = 60  # for one eigenvalue; some 2 or 3 are usual


def schur(a: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
    """t, z and whether it converged: a = z t z^T, z orthogonal, t upper triangular but for 2 by 2 blocks.

    Blocks of that kind have a pair of complex eigenvalues.
    """
    t, z = _hessenberg(np.array(a, np.float64))
    norm = float(np.abs(t).max(initial=0.0))
    last, steps = len(t) - 1, 0
    while last > 0:
        first = _start(t, last, norm)
        if first == last:
            last, steps = last - 1, 0
        elif first == last - 1:
            _split(t, z, first)
            last, steps = last - 2, 0
        elif steps == _STEPS:
            return t, z, False
        else:
            steps += 1
            _double_step(t, z, first, last, steps)
    return t, z, True


def _reflector(x: np.ndarray) -> tuple[np.ndarray, float] | None:
    """v and b such that x - b v (v . x) is a multiple of the first unit vector; None where it is already."""
    size = float(np.abs(x).max(initial=0.0))
    if size == 0.0 or not np.any(x[1:]):
        return None
    v = x / size
    length = math.sqrt(float(tree(v * v)))
    v[0] += math.copysign(length, v[0])
    return v, 2.0 / float(tree(v * v))


def _reflect_rows(t: np.ndarray, v: np.ndarray, b: float) -> None:
    t -= (b * v)[:, None] * tree(v[:, None] * t)


def _reflect_columns(t: np.ndarray, v: np.ndarray, b: float) -> None:
    _reflect_rows(t.T, v, b)


def _hessenberg(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """t with zeros below its first subdiagonal, and the product of the reflections."""
    size = len(t)
    z = np.eye(size)
    for k in range(size - 2):
        found = _reflector(t[k + 1 :, k])
        if found is not None:
            _reflect_rows(t[k + 1 :, k:], *found)
            _reflect_columns(t[:, k + 1 :], *found)
            _reflect_columns(z[:, k + 1 :], *found)
        t[k + 2 :, k] = 0.0
    return t, z


def _start(t: np.ndarray, last: int, norm: float) -> int:
    """The first row of the unreduced block that ends at `last`; what is negligible before it becomes 0."""
    for row in range(last, 0, -1):
        around = abs(float(t[row - 1, row - 1])) + abs(float(t[row, row])) or norm
        if abs(float(t[row, row - 1])) <= _SMALL * around:
            t[row, row - 1] = 0.0
            return row
    return 0


def _double_step(t: np.ndarray, z: np.ndarray, first: int, last: int, number: int) -> None:
    """One step with the two eigenvalues of the trailing block as shifts, without complex numbers."""
    a, b, c, d = (float(t[last + i, last + j]) for i, j in ((-1, -1), (-1, 0), (0, -1), (0, 0)))
    total, product = a + d, a * d - b * c
    if number % 10 == 0:  # a step out of a circle
        weight = abs(float(t[last, last - 1])) + abs(float(t[last - 1, last - 2]))
        total, product = 1.5 * weight, weight * weight
    p, q, r, s = (float(t[first + i, first + j]) for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)))
    start = np.array([p * (p - total) + q * r + product, r * (p + s - total), r * float(t[first + 2, first + 1])])
    for k in range(first, last):
        count = min(3, last - k + 1)
        column = start if k == first else t[k : k + count, k - 1].copy()
        found = _reflector(column[:count])
        if found is not None:
            rows = slice(k, k + count)
            _reflect_rows(t[rows, max(k - 1, first) :], *found)
            _reflect_columns(t[: min(k + 4, last + 1), rows], *found)
            _reflect_columns(z[:, rows], *found)
        if k > first:
            t[k + 1 : k + count, k - 1] = 0.0


def _split(t: np.ndarray, z: np.ndarray, k: int) -> None:
    """Turn a 2 by 2 block with real eigenvalues into a triangle."""
    a, b, c, d = (float(t[k + i, k + j]) for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)))
    half = 0.5 * (a - d)
    square = half * half + b * c
    if square < 0.0:
        return
    found = _reflector(np.array([half + math.copysign(math.sqrt(square), half), c]))
    if found is not None:
        rows = slice(k, k + 2)
        _reflect_rows(t[rows, k:], *found)
        _reflect_columns(t[: k + 2, rows], *found)
        _reflect_columns(z[:, rows], *found)
    t[k + 1, k] = 0.0
