"""Windows over any number of spatial axes as windows over three, and the layout in which compiled loops read arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np

from ...arrays.windows import fits, grid_of

__all__ = ["Ints", "Windows", "dense", "spliced", "windows_of"]

Function = TypeVar("Function", bound=Callable[..., Any])
Ints = tuple[int, ...]


class Windows(NamedTuple):
    """Windows over three axes, the missing ones of size 1: their places, sizes, strides, and the padding before."""

    sizes: Ints
    places: Ints
    window: Ints
    strides: Ints
    before: Ints

    def shape(self, x: np.ndarray) -> Ints:
        """The shape of a result for x: its images, as many spatial axes as it has, its channels."""
        return x.shape[0], *self.places[5 - x.ndim :], x.shape[-1]

    def covers(self) -> bool:
        """Whether windows that lie apart leave no element out."""
        reach = zip(self.sizes, self.places, self.window, self.strides, self.before, strict=True)
        return all(k == s and (p - 1) * s + k - b >= n for n, p, k, s, b in reach)


@functools.lru_cache(256)
def windows_of(sizes: Ints, window: Ints, strides: Ints, dilation: Ints, padding: str) -> Windows | None:
    """The windows over axes of these sizes, None where none fits or there are more than three axes."""
    count = 3 - len(window)
    if count < 0 or 0 in sizes or not fits(sizes, window, dilation, padding):
        return None
    over = grid_of(sizes, window, strides, dilation, padding)
    ones, zeros = (1,) * count, (0,) * count
    return Windows(
        tuple(map(int, (*ones, *sizes))),
        (*ones, *over.places),
        (*ones, *over.window),
        (*ones, *over.strides),
        (*zeros, *over.before),
    )


def dense(x: np.ndarray) -> np.ndarray:
    """x itself where its elements lie in order, else a copy."""
    return np.ascontiguousarray(x)


def spliced(function: Function) -> Function:
    """A function whose statements stand in place of its calls: passing views of arrays to a real one counts references.

    With real calls, max pooling of 64 channels took 2.5 times as long.
    """
    made: Function = numba.njit(error_model="numpy", inline="always")(function)
    return made
