"""Variations of a call whose arrays are filled in: other magnitudes, numbers of axes, sizes of 1, and Python numbers.

What a variation gives is for the case's reference to say; where it refuses, the variation is no valid call.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..case import Call, replaced

__all__ = [
    "NUMBERS",
    "SPECIAL",
    "WHOLE",
    "among",
    "equal",
    "holding",
    "mapped",
    "of_axes",
    "scaled",
    "whole",
    "with_axes",
    "with_scalars",
]

ZEROS = {0.0}  # they leave the first element, too: a fault that scales the first one would not change a zero
# Large, larger than the square root of float32's largest, tiny, halves, whole, and zeros of either sign.
NUMBERS = ((2.5e4, 1.1e5), (3e30, 7e32), (2e-33, 5e-31), (0.5, 1.5, 2.5), (1.0, 2.0), (0.0,), (-0.0,))
WHOLE = ((0,), (-3,), (1,), (2**33 + 5,), (2**53 + 3,))
SPECIAL = ((np.nan,), (np.inf,), (-np.inf,))
SCALARS = {"f": 1.5, "i": 2, "b": True}


def mapped(call: Call, change: Callable[[int, np.ndarray], Any]) -> Call:
    """The call with each array replaced by what `change` makes of its position and value."""
    counter = itertools.count()
    return replaced(call, lambda x: np.asarray(change(next(counter), x)))


def with_axes(call: Call) -> Iterator[Call]:
    """Up to five axes: more in front of all arrays, or of the first one; none; of size 1; all in one; one element."""
    for count, alone in itertools.product((1, 2, 3, 4, 5), (False, True)):
        yield mapped(call, lambda i, x, n=count, alone=alone: x if alone and i else of_axes(x, n))  # type: ignore[misc]
    yield mapped(call, lambda i, x: x.reshape(-1)[0] if x.size else x)
    for axis in (0, -1):
        yield mapped(call, lambda i, x, axis=axis: _thin(x, axis))  # type: ignore[misc]
        yield mapped(call, lambda i, x, axis=axis: x if i else _thin(x, axis))  # type: ignore[misc]
    yield mapped(call, lambda i, x: x.reshape(-1) if x.ndim else x)
    yield mapped(call, lambda i, x: x[(slice(1),) * x.ndim])


def _thin(x: np.ndarray, axis: int) -> np.ndarray:
    """The first element along an axis."""
    return x.take([0], axis) if x.ndim and x.shape[axis] else x


def of_axes(x: np.ndarray, count: int) -> np.ndarray:
    """The elements again along further axes of size 2 in front, in another order each time; no two floats are equal."""
    while x.ndim < count:
        again = np.flip(x)
        x = np.stack([x, (again * (0.83 - 0.07 * x.ndim)).astype(x.dtype) if x.dtype.kind == "f" else again])
    return x


def with_scalars(call: Call) -> Iterator[Call]:
    """A Python number in place of one of several arrays."""
    if sum(isinstance(a, np.ndarray) for a in call.args) < 2:
        return
    for i, a in enumerate(call.args):
        if isinstance(a, np.ndarray) and a.dtype.kind in SCALARS:
            yield Call((*call.args[:i], SCALARS[a.dtype.kind], *call.args[i + 1 :]), call.kwargs)


def among(call: Call, numbers: tuple[float, ...], free: Sequence[bool]) -> Call:
    """Every second element of the free arrays is one of these numbers; the last one stays, of zeros the first, too.

    Signs stay, too, but that of the first and those of zeros: which of two zeros is larger is open, so that zeros of
    one call have one sign. Arrays of integers take whole numbers that they hold.
    """

    def change(i: int, x: np.ndarray) -> np.ndarray:
        if not (i < len(free) and free[i]) or x.dtype.kind not in "fiu" or not x.size:
            return x
        if x.dtype.kind != "f" and not np.iinfo(x.dtype).min <= min(numbers) <= max(numbers) <= np.iinfo(x.dtype).max:
            return x
        new = x.reshape(-1).copy()
        start = 1 if set(numbers) <= ZEROS and new.size > 2 else 0
        places = slice(start, max(new.size - 1, 1), 2)
        chosen = np.resize(np.asarray(numbers, x.dtype), new[places].shape)
        if x.dtype.kind == "f":
            signs = np.where((chosen == 0) | (np.arange(chosen.size) == 0), chosen, new[places])
            chosen = np.copysign(chosen, signs)
        new[places] = chosen
        if start:
            new[new == 0] = numbers[0]
        return new.reshape(x.shape)

    return mapped(call, change)


def holding(call: Call, number: float) -> Call:
    """The first element of the first array is this number."""

    def change(i: int, x: np.ndarray) -> np.ndarray:
        if i or x.dtype.kind != "f" or not x.size:
            return x
        new = x.copy()
        new.reshape(-1)[0] = number
        return new

    return mapped(call, change)


def equal(call: Call) -> Call:
    """All elements of each array of floats are its first one."""
    return mapped(call, lambda i, x: np.full_like(x, x.reshape(-1)[0]) if x.dtype.kind == "f" and x.size else x)


def whole(call: Call) -> Call:
    """All floats are small whole numbers but 0, so that their sums and products are exact in any order."""

    def change(i: int, x: np.ndarray) -> np.ndarray:
        return np.where(np.abs(x) > 1 / 6, np.round(x * 3), 1).astype(x.dtype) if x.dtype.kind == "f" else x

    return mapped(call, change)


def scaled(call: Call, factor: float) -> Call:
    """The first array multiplied by a factor."""
    return mapped(call, lambda i, x: (x * x.dtype.type(factor)) if not i and x.dtype.kind in "fc" else x)
