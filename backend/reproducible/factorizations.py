"""Factorizations by fixed sequences of float64 operations: elementwise calls of NumPy, each + - * / or a root, no BLAS.

A product and a sum are two calls, so nothing is fused; sums are halving trees of the same shape on every machine.
"""

from __future__ import annotations

import numpy as np

__all__ = ["cholesky", "eliminated", "qr", "solve", "tree"]


def tree(x: np.ndarray) -> np.ndarray:
    """The sum over axis 0, by halves."""
    if len(x) == 0:
        return np.zeros(x.shape[1:])
    while len(x) > 1:
        half = len(x) // 2
        rest = x[2 * half :]
        x = np.concatenate([x[:half] + x[half : 2 * half], rest]) if len(rest) else x[:half] + x[half:]
    return np.asarray(x[0])


def cholesky(a: np.ndarray) -> np.ndarray:
    """The lower factor of stacks of matrices, column by column, of their lower triangles; NaN where there is none."""
    a = np.array(a, np.float64)
    lower = np.zeros(a.shape)
    for j in range(a.shape[-1]):
        pivot = a[..., j, j]
        root = np.sqrt(np.where(pivot > 0, pivot, np.nan))
        lower[..., j, j] = root
        column = a[..., j + 1 :, j] / root[..., None]
        lower[..., j + 1 :, j] = column
        update = column[..., :, None] * column[..., None, :]
        a[..., j + 1 :, j + 1 :] = a[..., j + 1 :, j + 1 :] - update
    spoiled = np.isnan(lower).any(axis=(-2, -1), keepdims=True)
    return np.where(spoiled & (np.tril(np.ones(a.shape[-2:])) > 0), np.nan, lower)


def eliminated(a: np.ndarray, b: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """The upper factor of Gaussian elimination with row pivots, b carried along, and the sign of the permutation.

    The pivot is the first of the largest.
    """
    a = np.array(a, np.float64)
    b = None if b is None else np.array(b, np.float64)
    sign = np.ones(a.shape[:-2])
    size = a.shape[-1]
    for j in range(size):
        at = np.abs(a[..., j:, j]).argmax(axis=-1) + j
        sign = np.where(at != j, -sign, sign)
        for m in (a,) if b is None else (a, b):
            _swap(m, j, at)
        factors = a[..., j + 1 :, j] / a[..., j, j][..., None]
        # a column of zeros has nothing to eliminate
        factors = np.where(a[..., j + 1 :, j] == 0, 0.0, factors)[..., None]
        a[..., j + 1 :, j:] = a[..., j + 1 :, j:] - factors * a[..., j : j + 1, j:]
        a[..., j + 1 :, j] = 0.0
        if b is not None:
            b[..., j + 1 :, :] = b[..., j + 1 :, :] - factors * b[..., j : j + 1, :]
    return a, b, sign


def _swap(m: np.ndarray, j: int, at: np.ndarray) -> None:
    """Exchange row j and row at, which differs from matrix to matrix of the stack."""
    index = at[..., None, None]
    other = np.take_along_axis(m, np.broadcast_to(index, (*m.shape[:-2], 1, m.shape[-1])), axis=-2)
    row = m[..., j : j + 1, :].copy()
    np.put_along_axis(m, np.broadcast_to(index, (*m.shape[:-2], 1, m.shape[-1])), row, axis=-2)
    m[..., j : j + 1, :] = other


def solve(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """x with a @ x = b, for stacks of matrices; infinite or NaN where a is singular."""
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = np.broadcast_to(a, (*stack, *a.shape[-2:]))
    b = np.broadcast_to(b, (*stack, *b.shape[-2:]))
    upper, x, _ = eliminated(a, b)
    assert x is not None
    for j in reversed(range(upper.shape[-1])):
        x[..., j, :] = x[..., j, :] / upper[..., j, j][..., None]
        x[..., :j, :] = x[..., :j, :] - upper[..., :j, j][..., None] * x[..., j : j + 1, :]
    return x


def qr(a: np.ndarray, complete: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The factors of one matrix by Householder's reflections, with LAPACK's signs."""
    rows, columns = a.shape
    count = min(rows, columns)
    r = np.array(a, np.float64)
    q = np.eye(rows, rows if complete else count)
    reflections: list[tuple[np.ndarray, float] | None] = []
    for j in range(count):
        x = r[j:, j]
        # scaled, so that squares neither overflow nor vanish
        largest = np.abs(x).max()
        rest = largest if len(x) > 1 and np.any(x[1:] != 0) else 0.0
        if rest == 0.0:
            reflections.append(None)
            continue
        scaled = x / largest
        norm = np.sqrt(tree(scaled * scaled))
        head = scaled[0] + np.copysign(norm, scaled[0])
        v = np.concatenate([[1.0], scaled[1:] / head])
        factor = 2.0 / tree(v * v)
        _reflect(r[j:, j:], v, factor)
        r[j + 1 :, j] = 0.0
        reflections.append((v, factor))
    for j in reversed(range(count)):
        found = reflections[j]
        if found is not None:
            _reflect(q[j:, j:], *found)
    return q, np.triu(r if complete else r[:count])


def _reflect(block: np.ndarray, v: np.ndarray, factor: float) -> None:
    products = tree(v[:, None] * block) * factor
    block -= v[:, None] * products
