"""Fourier transforms by a fixed sequence of float64 operations: Cooley and Tukey's, over the prime factors of a length.

Arrays are pairs of real and imaginary parts on the host; the transform runs along the last axis.
"""

from __future__ import annotations

import decimal
import functools
import math
from decimal import Decimal

import numpy as np

from .repairs import circle

__all__ = ["Parts", "times", "transform"]

Parts = tuple[np.ndarray, np.ndarray]


def times(a: Parts, b: Parts) -> Parts:
    """A product of complex numbers, each part of three operations."""
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def transform(x: Parts, inverse: bool = False) -> Parts:
    """The sums of x[j] exp(-2 pi i j k / n), with the other sign if inverse; not scaled."""
    real, imaginary = x
    if inverse:  # the conjugate of the transform of the conjugate
        real, imaginary = transform((real, -imaginary))
        return real, -imaginary
    return _recursive(real, imaginary)


def _recursive(real: np.ndarray, imaginary: np.ndarray) -> Parts:
    size = real.shape[-1]
    if size <= 1:
        return real, imaginary
    p = _smallest_factor(size)
    m = size // p
    cosine, sine = _roots(size)
    # the transforms of every p-th element, (..., p, m)
    real, imaginary = (np.swapaxes(x.reshape(*x.shape[:-1], m, p), -1, -2) for x in (real, imaginary))
    real, imaginary = _recursive(real, imaginary)
    turns = np.arange(p)[:, None] * np.arange(m)
    real, imaginary = _times(real, imaginary, cosine[turns], sine[turns])
    total_real = np.zeros((*real.shape[:-2], p, m))
    total_imaginary = np.zeros_like(total_real)
    for r in range(p):
        turn = (np.arange(p) * r % p) * m
        one = _times(real[..., r : r + 1, :], imaginary[..., r : r + 1, :], cosine[turn, None], sine[turn, None])
        total_real = total_real + one[0]
        total_imaginary = total_imaginary + one[1]
    shape = (*total_real.shape[:-2], size)
    return total_real.reshape(shape), total_imaginary.reshape(shape)


def _times(real: np.ndarray, imaginary: np.ndarray, cosine: np.ndarray, sine: np.ndarray) -> Parts:
    """(real + i imaginary) (cosine - i sine)."""
    return real * cosine + imaginary * sine, imaginary * cosine - real * sine


def _smallest_factor(n: int) -> int:
    for p in range(2, math.isqrt(n) + 1):
        if n % p == 0:
            return p
    return n


@functools.lru_cache(maxsize=64)
def _roots(size: int) -> Parts:
    """cos and sin of 2 pi k / size for all k, correctly rounded; products of two tables of decimals."""
    coarse = math.isqrt(size) + 1
    fine = [circle(k, size) for k in range(coarse)]
    steps = [circle(k * coarse % size, size) for k in range(-(-size // coarse))]
    cosines, sines = [], []
    with decimal.localcontext() as context:
        context.prec = 60
        for k in range(size):
            (c1, s1), (c2, s2) = steps[k // coarse], fine[k % coarse]
            cosines.append(_tidy(c1 * c2 - s1 * s2))
            sines.append(_tidy(s1 * c2 + c1 * s2))
    return np.asarray(cosines), np.asarray(sines)


def _tidy(x: Decimal) -> float:
    """A decimal as a float; what is left of a zero is 0."""
    return 0.0 if abs(x) < Decimal("1e-40") else float(x)
