"""The peak rates of the machine, measured: bytes copied and floating-point operations per second."""

from __future__ import annotations

import functools
import timeit
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .peers import threads

__all__ = ["copying", "matmul_rate"]


@functools.cache
def copying(size: int) -> float:
    """The seconds to copy `size` float32 numbers, the best of several, by one thread or all."""
    source = np.ones(size, "float32")
    target = np.empty_like(source)
    parts = list(zip(np.array_split(target, threads()), np.array_split(source, threads()), strict=True))
    with ThreadPoolExecutor(threads()) as pool:

        def together() -> None:
            list(pool.map(lambda part: np.copyto(*part), parts))

        number = max(1, 10**6 // size)
        return min(
            min(timeit.repeat(copy, number=number, repeat=9)) / number
            for copy in (lambda: np.copyto(target, source), together)
        )


@functools.cache
def matmul_rate(size: int = 1024) -> float:
    """Floating-point operations per second of a float32 matrix product, the best of several."""
    a = np.ones((size, size), "float32")
    return 2 * size**3 / min(timeit.repeat(lambda: a @ a, number=1, repeat=7))
