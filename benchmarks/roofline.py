"""What the machine can do at most, measured: bytes copied and floating-point operations per second."""

from __future__ import annotations

import functools
import timeit

import numpy as np

__all__ = ["bandwidth", "matmul_rate"]


@functools.cache
def bandwidth(size: int = 2**26) -> float:
    """Bytes per second that a copy of so many bytes reads and writes, the best of several."""
    source = np.ones(size // 4, "float32")
    target = np.empty_like(source)
    return 2 * size / min(timeit.repeat(lambda: np.copyto(target, source), number=1, repeat=7))


@functools.cache
def matmul_rate(size: int = 1024) -> float:
    """Floating-point operations per second of a float32 matrix product, the best of several."""
    a = np.ones((size, size), "float32")
    return 2 * size**3 / min(timeit.repeat(lambda: a @ a, number=1, repeat=7))
