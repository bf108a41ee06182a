"""Eigenvalues and eigenvectors of real matrices from their Schur form, as pairs of real and imaginary parts."""

from __future__ import annotations

import math

import numpy as np

from .factorizations import tree
from .fourier import Parts, times
from .jacobi import scale_of
from .schur import schur

__all__ = ["eig"]

_SMALL = 2.0**-52
_LARGE = 2.0**300


def eig(a: np.ndarray, vectors: bool = True) -> tuple[np.ndarray, ...]:
    """Real and imaginary parts of the eigenvalues, along the diagonal of the Schur form, and of the eigenvectors.

    Of a pair the one with the positive imaginary part is first, and the other is its exact conjugate. A vector has
    length 1, and its largest component, the first of equals, is real and positive.
    """
    size = len(a)
    if not np.isfinite(a).all():
        return tuple(np.full(shape, np.nan) for shape in ((size,), (size,), (size, size), (size, size)))
    scale = scale_of(a)
    t, z, converged = schur(a / scale)
    if not converged:
        return tuple(np.full(shape, np.nan) for shape in ((size,), (size,), (size, size), (size, size)))
    values = _values(t)
    found = _vectors(t, z, values) if vectors else (np.zeros((size, 0)),) * 2
    return values[0] * scale, values[1] * scale, *found


def _values(t: np.ndarray) -> Parts:
    real, imaginary = np.diagonal(t).copy(), np.zeros(len(t))
    for k in np.flatnonzero(np.diagonal(t, -1)).tolist():
        a, b, c, d = (float(t[k + i, k + j]) for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)))
        half = 0.5 * (a - d)
        root = math.sqrt(max(-(half * half + b * c), 0.0))
        real[k : k + 2], imaginary[k : k + 2] = d + half, (root, -root)
    return real, imaginary


def _vectors(t: np.ndarray, z: np.ndarray, values: Parts) -> Parts:
    size = len(t)
    upper, basis = _triangle(t, z, values)
    norm = float(np.abs(t).max(initial=0.0)) or 1.0
    real, imaginary = np.zeros((size, size)), np.zeros((size, size))
    for j in range(size):
        if values[1][j] < 0.0:
            real[:, j], imaginary[:, j] = real[:, j - 1], -imaginary[:, j - 1]
            continue
        x, y = _substituted(upper, j, norm)
        u = tree((basis[0] * x - basis[1] * y).T), tree((basis[0] * y + basis[1] * x).T)
        real[:, j], imaginary[:, j] = _normalized(u, alone=values[1][j] == 0.0)
    return real, imaginary


def _triangle(t: np.ndarray, z: np.ndarray, values: Parts) -> tuple[Parts, Parts]:
    """The complex Schur form: a unitary rotation for each 2 by 2 block."""
    upper, basis = (t.copy(), np.zeros_like(t)), (z.copy(), np.zeros_like(z))
    for k in np.flatnonzero(np.diagonal(t, -1)).tolist():
        low = float(t[k + 1, k])
        shift = float(values[0][k]) - float(t[k + 1, k + 1]), float(values[1][k])
        length = math.sqrt(shift[0] * shift[0] + shift[1] * shift[1] + low * low)
        c, s = (shift[0] / length, shift[1] / length), low / length
        rows = [tuple(part[k + i].copy() for part in upper) for i in range(2)]
        first, second = times((c[0], -c[1]), rows[0]), times(c, rows[1])
        for part, f, g, r0, r1 in zip(upper, first, second, *rows, strict=True):
            part[k], part[k + 1] = f + s * r1, g - s * r0
        for matrix in (upper, basis):
            columns = [tuple(part[:, k + i].copy() for part in matrix) for i in range(2)]
            first, second = times(c, columns[0]), times((c[0], -c[1]), columns[1])
            for part, f, g, c0, c1 in zip(matrix, first, second, *columns, strict=True):
                part[:, k], part[:, k + 1] = f + s * c1, g - s * c0
        upper[0][k + 1, k] = upper[1][k + 1, k] = 0.0
        for i in range(2):
            upper[0][k + i, k + i], upper[1][k + i, k + i] = values[0][k + i], values[1][k + i]
    return upper, basis


def _substituted(upper: Parts, j: int, norm: float) -> Parts:
    """The vector that the triangle maps to its j-th eigenvalue times it, from the j-th element back."""
    size = len(upper[0])
    x, y = np.zeros(size), np.zeros(size)
    x[j] = 1.0
    for i in range(j - 1, -1, -1):
        rest = slice(i + 1, j + 1)
        product = times((upper[0][i, rest], upper[1][i, rest]), (x[rest], y[rest]))
        top = -float(tree(product[0])), -float(tree(product[1]))
        gap = float(upper[0][i, i]) - float(upper[0][j, j]), float(upper[1][i, i]) - float(upper[1][j, j])
        if max(abs(gap[0]), abs(gap[1])) < _SMALL * norm:  # a multiple eigenvalue
            gap = _SMALL * norm, 0.0
        square = gap[0] * gap[0] + gap[1] * gap[1]
        x[i] = (top[0] * gap[0] + top[1] * gap[1]) / square
        y[i] = (top[1] * gap[0] - top[0] * gap[1]) / square
        if max(abs(float(x[i])), abs(float(y[i]))) > _LARGE:
            x /= _LARGE
            y /= _LARGE
    return x, y


def _normalized(u: Parts, alone: bool) -> Parts:
    """Of length 1, the largest component real and positive; real as a whole for a real eigenvalue."""
    largest = float(np.maximum(np.abs(u[0]), np.abs(u[1])).max())
    scaled = u[0] / largest, u[1] / largest
    squares = scaled[0] * scaled[0] + scaled[1] * scaled[1]
    at = int(squares.argmax())
    length, size = math.sqrt(float(tree(squares))), math.sqrt(float(squares[at]))
    turn = float(scaled[0][at]) / size, -float(scaled[1][at]) / size
    real, imaginary = times(scaled, turn)
    imaginary[at] = 0.0
    return real / length, np.zeros_like(imaginary) if alone else imaginary / length
