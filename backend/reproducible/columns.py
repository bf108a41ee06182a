"""Sums of float32 over leading axes in host memory, each exact and rounded once, block by block in kept memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .rounding import UNIT, exact_sums, rounded
from .workspace import workspace

__all__ = ["ColumnSums", "column_sums", "joined", "tiled"]

_BLOCK = 2**14  # elements added at a time
_ROW = 512  # elements that rows of few columns are joined to: short inner loops cost as much as the sums


def joined(count: int, width: int) -> int:
    """How many rows of that width side by side make a row of the loops: a divisor of their number."""
    times = 1
    while count % (2 * times) == 0 and 2 * times * width <= _ROW:
        times *= 2
    return times


def tiled(x: np.ndarray, times: int) -> np.ndarray:
    """A vector that many times over: np.tile, in a quarter of the time."""
    made = np.empty((times, len(x)), x.dtype)
    made[...] = x
    return made.reshape(-1)


class ColumnSums:
    """The sums of the columns of blocks that come one after another, with a bound.

    A block has `times` rows side by side. In any order of n terms the error is at most (n - 1) u sum |x|; here chains
    of additions have the rows of a block, the blocks, and the rows side by side, one after another.
    """

    def __init__(self, width: int, times: int, positive: bool = False) -> None:
        self.times, self.positive, self.chain = times, positive, times + 1
        self.sums, self.sizes = np.zeros(width * times), np.zeros(width * times)

    def add(self, block: np.ndarray) -> None:
        """Add float32 rows, at most _BLOCK elements unless one row has more."""
        wide = workspace("wide", block.size).reshape(block.shape)
        np.copyto(wide, block)
        self.sums += np.add.reduce(wide, axis=0)
        if not self.positive:
            np.abs(wide, out=wide)
            self.sizes += np.add.reduce(wide, axis=0)
        self.chain += len(block) + 1

    def result(self, terms: Callable[[int], np.ndarray]) -> np.ndarray:
        """The sums, rounded; terms(column) are all of a column's, for those that the bound leaves open."""
        y, sizes = (np.add.reduce(x.reshape(self.times, -1), axis=0) for x in (self.sums, self.sizes))
        bound = (y if self.positive else sizes) * (self.chain * UNIT * 1.01)
        finite = np.isfinite(y)
        bound = np.where(finite, bound, 0.0)
        result, below = (y + bound).astype(np.float32), (y - bound).astype(np.float32)
        open_ = np.flatnonzero((result != below) & finite)
        if len(open_):
            result[open_] = rounded(*exact_sums(np.stack([terms(j) for j in open_]).astype(np.float64)))
        return result + np.float32(0)


def column_sums(rows: np.ndarray) -> np.ndarray:
    """The sums of the columns of a C-contiguous matrix."""
    count, width = rows.shape
    times = joined(count, width)
    made, blocks = ColumnSums(width, times), rows.reshape(-1, width * times)
    step = max(_BLOCK // (width * times), 1)
    for start in range(0, len(blocks), step):
        made.add(blocks[start : start + step])
    return made.result(lambda column: rows[:, column])
