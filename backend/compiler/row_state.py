"""Where a tensor has the rows of a batch, for `compiler.rows` and its rules."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..graph.dims import Dim
from ..graph.tensor import Tensor

__all__ = ["RowAxis", "RowsMixed", "State", "arrays_in", "axes_of", "dims_in", "same"]


class RowAxis(NamedTuple):
    """The axis that has the rows of a tensor, and how many elements each is there."""

    axis: int
    each: Any = 1


State = RowAxis | None  # None for what all rows share


class RowsMixed(Exception):  # noqa: N818 - an answer, not an error
    """The rows meet in a call, or no rule says that they do not; it says which call."""


def same(m: Any, n: Any) -> bool:
    return m is n or (isinstance(m, int) and isinstance(n, int) and m == n)


def arrays_in(values: Any) -> list[Tensor]:
    """The tensors among values and in tuples of them, without those that sizes are read from."""
    if isinstance(values, (tuple, list)):
        return [t for v in values for t in arrays_in(v)]
    return [values] if isinstance(values, Tensor) else []


def dims_in(values: Any) -> list[Dim]:
    if isinstance(values, (tuple, list)):
        return [d for v in values for d in dims_in(v)]
    if isinstance(values, dict):
        return dims_in(tuple(values.values()))
    if isinstance(values, slice):
        return dims_in((values.start, values.stop, values.step))
    return [values] if isinstance(values, Dim) else []


def axes_of(axes: Any, ndim: int) -> tuple[int, ...]:
    """Axes counted from the front; all for None."""
    if axes is None:
        return tuple(range(ndim))
    return tuple(a % ndim for a in (axes if isinstance(axes, (tuple, list)) else (axes,)))
