"""Functions whose results have sizes that depend on values: calls of their own in a traced step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import backend as K
from backend.dispatch.boundary import sizes
from backend.dispatch.promotion import array_namespace, device_of
from backend.graph.composite import composite, spec
from backend.graph.tensor import Tensor

from .dtype_rules import cast_to, counted, name_of

__all__ = [
    "asks_for_values",
    "different_rows",
    "nonzero_places",
    "occurrences",
    "repeated_places",
    "true_places",
    "up_to_largest",
]


@composite(discrete=True)
def nonzero_places(x: Any) -> tuple[Any, ...]:
    """Where a boolean array is true: its indices along each axis."""
    return tuple(cast_to(places, "int32") for places in array_namespace(x).nonzero(x))


@nonzero_places.shape
def _(x: Any) -> Any:
    if not x.ndim:
        raise ValueError("nonzero: x has 0 dimensions, expected at least 1")
    return (spec((None,), "int32"),) * x.ndim


def true_places(mask: Any) -> Any:
    """Where a boolean array with one axis is true."""
    return nonzero_places(mask)[0]


@composite(discrete=True)
def up_to_largest(x: Any) -> Any:
    """The integers from 0 to the largest element of x; none where x has no elements."""
    xp = array_namespace(x)
    count = int(xp.max(x)) + 1 if 0 not in x.shape else 0
    return xp.arange(max(count, 0), dtype=x.dtype, device=device_of(x))


@up_to_largest.shape
def _(x: Any) -> Any:
    return spec((None,), x.dtype)


@composite
def occurrences(x: Any, weights: Any, *, least: int) -> Any:
    """How often each integer from 0 on occurs in x, or in each of its rows; with weights, their sums."""
    dtype = "int32" if weights is None else name_of(weights)
    if x.ndim == 1:
        return cast_to(K.bincount(x, weights, minlength=least), dtype)
    length = max(least, int(array_namespace(x).max(x)) + 1) if 0 not in x.shape else least
    rows = [K.bincount(x[i, :], None if weights is None else weights[i, :], length=length) for i in range(x.shape[0])]
    return cast_to(array_namespace(*rows).stack(rows), dtype)


@occurrences.shape
def _(x: Any, weights: Any, *, least: int) -> Any:
    return spec((*sizes(x)[:-1], None), "int32" if weights is None else weights.dtype)


@occurrences.vjp
def _(g: Any, out: Any, x: Any, weights: Any, *, least: int) -> Any:
    return None, None if weights is None else K.take_along_axis(g, x, axis=-1)


@composite(discrete=True)
def repeated_places(counts: Any) -> Any:
    """Each index as often as its count says."""
    xp = array_namespace(counts)
    ends = xp.cumulative_sum(cast_to(counts, name_of(xp.arange(0, device=device_of(counts)))))
    total = int(ends[-1]) if counts.shape[0] else 0
    return xp.searchsorted(ends, xp.arange(total, dtype=ends.dtype, device=device_of(ends)), side="right")


@repeated_places.shape
def _(counts: Any) -> Any:
    return spec((None,), "int64")


@composite(discrete=True)
def different_rows(rows: Any, *, size: int | None, fill: Any) -> tuple[Any, ...]:
    """The different rows in order; where each occurs first; which of them each row is; how often each occurs.

    With `size` as many as that, cut or filled up; then `fill` is what the rows are filled up with.
    """
    xp, count = array_namespace(rows), rows.shape[0]
    index = xp.arange(count, device=device_of(rows))
    order, numbers = index, counted(rows)
    for column in reversed(range(rows.shape[1])):
        order = xp.take(order, xp.argsort(xp.take(numbers[:, column], order, axis=0), stable=True), axis=0)
    ordered = xp.take(numbers, order, axis=0)
    differs = xp.any(ordered[1:, :] != ordered[:-1, :], axis=1)
    begins = xp.concat([index[:1] == 0, differs], axis=0) if count else differs
    group = xp.cumulative_sum(cast_to(begins, name_of(index))) - 1
    starts = xp.nonzero(begins)[0]
    inverse = xp.take(group, xp.argsort(order), axis=0)
    ends = xp.concat([starts[1:], index[:1] * 0 + count], axis=0) if count else starts
    first = xp.take(order, starts, axis=0)
    found = xp.take(rows, first, axis=0)
    if size is None:
        return found, first, inverse, ends - starts
    return _fitted(found, size, fill), _fitted(first, size, 1), inverse, _fitted(ends - starts, size, 0)


@different_rows.shape
def _(rows: Any, *, size: int | None, fill: Any) -> Any:
    count, width = sizes(rows)
    return (
        spec((size, width), rows.dtype),
        spec((size,), "int64"),
        spec((count,), "int64"),
        spec((size,), "int64"),
    )


def _fitted(x: Any, size: int, fill: Any) -> Any:
    """An array of this first size, cut or filled up."""
    xp, count = array_namespace(x), x.shape[0]
    if count >= size:
        return x[:size, ...]
    more = xp.full((size - count, *x.shape[1:]), fill, dtype=x.dtype, device=device_of(x))
    return xp.concat([x, more], axis=0)


_ALL = frozenset((nonzero_places, occurrences, repeated_places, different_rows, up_to_largest))


def asks_for_values(tensors: Iterable[Tensor]) -> bool:
    """Whether a shape among these tensors depends on values: compilers with fixed shapes refuse such a program."""
    return any(t.node is not None and t.node.function in _ALL for t in tensors)
