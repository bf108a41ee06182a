"""Eigenvalues and singular values by cyclic Jacobi rotations, in the same order on every machine.

Demmel and Veselic, Jacobi's method is more accurate than QR, 1992: also small values come out with their own digits.
"""

from __future__ import annotations

import math

import numpy as np

from .factorizations import qr, tree

__all__ = ["eigh", "scale_of", "svd"]

_SWEEPS = 60  # ten are usual
_SMALL = 2.0**-53


def _rotation(first: float, last: float, between: float) -> tuple[float, float]:
    """Cosine and sine of the rotation that diagonalizes [[first, between], [between, last]], the smaller angle."""
    slope = (last - first) / (2.0 * between)
    if abs(slope) > 1e150:
        tangent = 0.5 / slope
    else:
        tangent = np.copysign(1.0, slope) / (abs(slope) + np.sqrt(1.0 + slope * slope))
    cosine = 1.0 / np.sqrt(1.0 + tangent * tangent)
    return float(cosine), float(tangent * cosine)


def _turn(m: np.ndarray, p: int, q: int, cosine: float, sine: float) -> None:
    """Rotate columns p and q of a matrix."""
    first, last = m[:, p].copy(), m[:, q].copy()
    m[:, p] = cosine * first - sine * last
    m[:, q] = sine * first + cosine * last


def eigh(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues, ascending, and eigenvectors of one symmetric matrix, of which the lower triangle counts.

    The largest component of each vector, the first of equals, is positive.
    """
    size = len(a)
    lower = np.tril(np.array(a, np.float64))
    a = lower + np.tril(lower, -1).T
    if not np.isfinite(a).all():
        return np.full(size, np.nan), np.full((size, size), np.nan)
    scale = scale_of(a)
    a, vectors = a / scale, np.eye(size)
    for _ in range(_SWEEPS):
        done = True
        for p in range(size - 1):
            for q in range(p + 1, size):
                between = float(a[p, q])
                if abs(between) <= _SMALL * np.sqrt(abs(a[p, p]) * abs(a[q, q])) or abs(between) < 1e-300:
                    continue
                done = False
                cosine, sine = _rotation(float(a[p, p]), float(a[q, q]), between)
                _turn(a, p, q, cosine, sine)
                _turn(a.T, p, q, cosine, sine)
                a[p, q] = a[q, p] = 0.0
                _turn(vectors, p, q, cosine, sine)
        if done:
            break
    values = np.diagonal(a) * scale
    order = np.argsort(values, kind="stable")
    return values[order], _signed(vectors[:, order])


def scale_of(a: np.ndarray) -> float:
    """A power of two near the largest element."""
    largest = float(np.abs(a).max(initial=0.0))
    return math.ldexp(1.0, math.frexp(largest)[1]) if 0.0 < largest < 1e300 else 1.0


def _signed(vectors: np.ndarray) -> np.ndarray:
    if not vectors.size:
        return vectors
    at = np.abs(vectors).argmax(axis=0)
    leading = vectors[at, np.arange(vectors.shape[1])]
    return vectors * np.where(leading < 0, -1.0, 1.0)


def svd(a: np.ndarray, full: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """u, s, vh of one matrix, by rotations of its columns until they are orthogonal; s descends.

    The largest component of each right vector, the first of equals, is positive.
    """
    rows, columns = a.shape
    if rows < columns:
        left, values, right = svd(a.T, full)
        return right.T, values, left.T
    if not np.isfinite(a).all():
        wide = rows if full else columns
        return np.full((rows, wide), np.nan), np.full(columns, np.nan), np.full((columns, columns), np.nan)
    scale = scale_of(a)
    work, v = np.array(a, np.float64) / scale, np.eye(columns)
    for _ in range(_SWEEPS):
        if not _swept(work, v):
            break
    values = np.sqrt(tree(work * work)) if rows else np.zeros(columns)
    order = np.argsort(-values, kind="stable")
    values, work, v = values[order], work[:, order], v[:, order]
    rank = int((values > (values[0] if columns else 0.0) * 1e-300).sum()) if columns else 0
    left = work[:, :rank] / values[:rank]
    at = np.abs(v).argmax(axis=0) if columns else np.zeros(0, int)
    signs = np.where(v[at, np.arange(columns)] < 0, -1.0, 1.0)
    left, v = left * signs[:rank], v * signs
    wanted = rows if full else columns
    if rank < wanted:
        others, _ = qr(left, complete=True)
        left = np.concatenate([left, others[:, rank:wanted]], axis=1)
    return left, values * scale, v.T


def _swept(work: np.ndarray, v: np.ndarray) -> bool:
    """One sweep over all pairs of columns; whether any was rotated."""
    turned = False
    columns = work.shape[1]
    for p in range(columns - 1):
        for q in range(p + 1, columns):
            x, y = work[:, p], work[:, q]
            first, last, between = (float(tree(t)) for t in (x * x, y * y, x * y))
            if abs(between) <= 4 * _SMALL * np.sqrt(first * last) or abs(between) < 1e-300:
                continue
            turned = True
            cosine, sine = _rotation(first, last, between)
            _turn(work, p, q, cosine, sine)
            _turn(v, p, q, cosine, sine)
    return turned
