"""Reductions from first principles: the elements along axes as rows, and the shape of what is left of each row."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .deriving import OutsideError
from .promotion import Undefined, kind_of

__all__ = ["along", "normalized", "one_axis", "reduced", "rows_of", "wide"]


def wide(x: np.ndarray) -> np.ndarray:
    """The same numbers where arithmetic is exact (Python's integers) or extended."""
    kinds = {"int": object, "uint": object, "float": np.longdouble, "complex": np.clongdouble}
    return x.astype(kinds.get(kind_of(x.dtype.name), x.dtype))


def one_axis(axis: int, ndim: int) -> int:
    """An axis counted from the front."""
    if not ndim:
        raise Undefined("no axes")  # libraries take 0 and -1 for an axis of a scalar, too
    if not -ndim <= axis < ndim:
        raise OutsideError(f"axis {axis} of {ndim}")
    return axis % ndim


def normalized(axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """Axes counted from the front, in the order given; None stands for all."""
    if axis is None:
        return tuple(range(ndim))
    found = tuple(one_axis(a, ndim) for a in ((axis,) if isinstance(axis, int) else axis))
    if len(set(found)) < len(found):
        raise Undefined(f"axis {axis!r} twice")
    return found


def rows_of(x: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """A matrix: one row for each place along the other axes, with the elements along these axes in order."""
    kept = [a for a in range(x.ndim) if a not in axes]
    turned = np.transpose(x, (*kept, *sorted(axes)))
    return turned.reshape(math.prod(x.shape[a] for a in kept), math.prod(x.shape[a] for a in axes))


def reduced(x: np.ndarray, axes: Sequence[int], keepdims: bool, values: Any) -> np.ndarray:
    """One value for each row of `rows_of`, in the shape that is left."""
    shape = [1 if a in axes else n for a, n in enumerate(x.shape) if keepdims or a not in axes]
    return np.asarray(values).reshape(shape)


def along(x: np.ndarray, axis: int, f: Callable[[np.ndarray], Any]) -> np.ndarray:
    """A function of a matrix that changes the length of its rows, applied to the rows along an axis."""
    moved = np.moveaxis(x, axis, -1)
    out = np.asarray(f(moved.reshape(math.prod(moved.shape[:-1]), x.shape[axis])))
    return np.moveaxis(out.reshape(*moved.shape[:-1], out.shape[-1]), -1, axis)
