"""Calls of functions that take any number of axes, with 1 to 5 of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from backend.graph.primitives import PRIMITIVES

from ..case import A, Call, Case, call
from ..kept import once_per_case

__all__ = ["raised"]

SHAPES: tuple[tuple[int, ...], ...] = ((19,), (5, 7), (3, 4, 9), (2, 3, 2, 7), (2, 1, 3, 2, 5))
COMPARED = "max min sum mean prod var std all any count_nonzero argmax argmin".split()
ONE_AXIS = (
    "sort argsort cumulative_sum cumulative_prod flip roll repeat diff fft.fft fft.ifft fft.rfft fft.ihfft".split()
)
TRUTH = ("all", "any")


def _copy(part: A, *dims: int | str) -> A:
    """The same kind of array with other sizes."""
    return A(*dims, dtype=part.dtype, low=part.low, high=part.high, edges=part.edges, distinct=part.distinct)


def _first(case: Case) -> Call | None:
    """The first call whose arguments are arrays of numbers alone."""
    for each in case.calls:
        if each.args and not each.kwargs and all(isinstance(a, A) and a.dims for a in each.args):
            return each
    return None


def _elementwise(case: Case) -> Iterator[Call]:
    """Arrays of one shape; of two, also one that is broadcast along every second axis or lacks the first."""
    template = _first(case)
    if template is None:
        return
    for shape in SHAPES:
        yield Call(tuple(_copy(a, *shape) for a in template.args), {})
        thin, inner = [1 if i % 2 else n for i, n in enumerate(shape)], list(shape)[1:]
        if len(template.args) == 2 and inner:
            x, y = template.args
            yield call(_copy(x, *shape), _copy(y, *thin))
            yield call(_copy(x, *thin), _copy(y, *inner))


def _reduced(case: Case) -> Iterator[Call]:
    """All axes, each one alone, the outer ones, the inner ones; kept every other time."""
    dtype = "bool" if case.name in TRUTH else "float"
    single = case.name in ("argmax", "argmin")
    high = 1.2 if case.name == "prod" else 3.0
    for shape in SHAPES:
        axes: list[Any] = [None, *range(len(shape)), *range(-len(shape), 0)]
        if not single and len(shape) > 2:
            axes += [(0, len(shape) - 1), tuple(range(1, len(shape) - 1)), (-1, 0), tuple(range(len(shape)))]
        for i, axis in enumerate(axes):
            yield call(A(*shape, dtype=dtype, high=high), axis=axis, **({"keepdims": True} if i % 2 else {}))


def _along(case: Case) -> Iterator[Call]:
    """Along each axis."""
    complex_ = case.name in ("fft.fft", "fft.ifft")
    more: tuple[Any, ...] = (2,) if case.name in ("roll", "repeat") else ()
    for shape in SHAPES:
        for axis in (*range(len(shape)), -1):
            if case.name != "diff" or shape[axis] > 1:
                high = 1.2 if case.name == "cumulative_prod" else 3.0
                yield call(A(*shape, dtype="complex" if complex_ else "float", high=high), *more, axis=axis)


def _moved(case: Case) -> Iterator[Call]:
    """Axes reordered, added and joined."""
    for shape in SHAPES:
        n = len(shape)
        x = A(*shape)
        if case.name == "permute_dims":
            yield call(x, tuple(reversed(range(n))))
            yield call(x, (*range(1, n), 0))
            yield call(x, (-1, *range(n - 1)))
        elif case.name == "moveaxis":
            yield from (call(x, i, j) for i in range(n) for j in (0, -1))
        elif case.name == "expand_dims":
            yield from (call(x, axis=i) for i in (*range(n + 1), -1, -n - 1))
        elif case.name == "concat":
            yield from (call([x, A(*shape), A(*shape)], axis=i) for i in (*range(n), -1))
            yield call([x, A(*shape)], axis=None)
        elif case.name == "stack":
            yield from (call([x, A(*shape)], axis=i) for i in (*range(n + 1), -1))
        elif case.name == "tile":
            yield call(x, (2,) * n)
            yield call(x, (2, *([1] * n)))
        elif case.name == "matmul" and n > 1:
            sizes: tuple[int, ...] = shape
            batch, rows, columns = sizes[:-2], sizes[-2], sizes[-1]
            yield call(x, A(*batch, columns, 3))
            yield call(A(4, rows), x)


@once_per_case
def raised(case: Case) -> tuple[Call, ...]:
    """The calls of a function of the standard with 1 to 5 dimensions; () where it takes certain ones."""
    row = PRIMITIVES.get(case.name)
    which: Callable[[Case], Iterator[Call]] = _moved
    if row is not None and row.elementwise and case.name != "astype":
        which = _elementwise
    elif case.name in COMPARED:
        which = _reduced
    elif case.name in ONE_AXIS:
        which = _along
    return tuple(which(case)) if case.group == "standard" else ()
