"""The shapes of what a body's calls give: of the operands' shapes, and of what a call is told."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..description import FOLDS
from ..spaces import common_shape

__all__ = ["RESULT_SHAPES", "DeclinedError", "Ints"]

Ints = tuple[int, ...]
LARGEST_PRODUCT = 2**21  # multiplications of one product, of 16 rows at most, from which BLAS's blocks win
ROWS = 16
LONGEST_SORTED = 64  # elements of a row that is sorted by insertion, and of
MOST_SORTED = 2**10  # all rows together
MOST_UNKNOWNS = 32


class DeclinedError(Exception):
    """What a compiled loop does not do, or not as fast as the library, on these shapes."""


def _product(shapes: Sequence[Ints]) -> Ints:
    a, b = shapes
    rows, columns = (1, *a) if len(a) == 1 else a, (*b, 1) if len(b) == 1 else b
    if rows[-1] != columns[-2]:
        raise DeclinedError("shapes that do not fit")
    batch = common_shape([rows[:-2], columns[:-2]])
    if min(rows[-2], ROWS) * math.prod(columns[-2:]) > LARGEST_PRODUCT:
        raise DeclinedError("products so large that BLAS is faster")
    return (*batch, *rows[-2 : -1 if len(a) > 1 else -2], *(columns[-1:] if len(b) > 1 else ()))


def _reshaped(shapes: Sequence[Ints], shape: Ints) -> Ints:
    total = math.prod(shapes[0])
    known = math.prod(n for n in shape if n != -1)
    return tuple(total // known if n == -1 and known else n for n in shape)


def _reduced(shapes: Sequence[Ints], axes: Ints, keepdims: bool) -> Ints:
    kept = [1 if axis in axes else n for axis, n in enumerate(shapes[0])]
    return tuple(n for axis, n in enumerate(kept) if keepdims or axis not in axes)


def _indexed(shapes: Sequence[Ints], key: tuple[Any, ...]) -> Ints:
    sizes = iter(shapes[0])
    found: list[int] = []
    for k in key:
        if k is None:
            found.append(1)
        elif isinstance(k, tuple):
            found.append(len(range(next(sizes))[slice(*k)]))
        else:
            next(sizes)
    return (*found, *sizes)


def _expanded(shapes: Sequence[Ints], axes: Ints) -> Ints:
    sizes = iter(shapes[0])
    return tuple(1 if axis in axes else next(sizes) for axis in range(len(shapes[0]) + len(axes)))


def _joined(shapes: Sequence[Ints], axis: int) -> Ints:
    total = sum(shape[axis] for shape in shapes)
    return (*shapes[0][:axis], total, *shapes[0][axis + 1 :])


def _running(shapes: Sequence[Ints], axis: int, initial: bool) -> Ints:
    return (*shapes[0][:axis], shapes[0][axis] + initial, *shapes[0][axis + 1 :])


def _placed(shapes: Sequence[Ints], axis: int, keepdims: bool) -> Ints:
    return _reduced(shapes, (axis,), keepdims)


def _taken(shapes: Sequence[Ints], axis: int, wraps: bool) -> Ints:
    x, indices = shapes
    return (*x[:axis], *indices, *x[axis + 1 :])


def _taken_along(shapes: Sequence[Ints], axis: int, wraps: bool) -> Ints:
    x, indices = shapes
    found = common_shape([(*x[:axis], 1, *x[axis + 1 :]), (*indices[:axis], 1, *indices[axis + 1 :])])
    return (*found[:axis], indices[axis], *found[axis + 1 :])


def _added(shapes: Sequence[Ints], axis: int, size: int, wraps: bool) -> Ints:
    g, indices = shapes
    return (*g[:axis], size, *g[axis + len(indices) :])


def _added_along(shapes: Sequence[Ints], axis: int, size: int, wraps: bool) -> Ints:
    return (*shapes[0][:axis], size, *shapes[0][axis + 1 :])


def _ordered(shapes: Sequence[Ints], axis: int, down: bool, most: int | None) -> Ints:
    (shape,) = shapes
    if shape[axis] > LONGEST_SORTED or math.prod(shape) > MOST_SORTED:
        raise DeclinedError("so much to sort that the library is faster")
    if most is not None and most > shape[axis]:
        raise DeclinedError("more of the largest than there are elements")
    return shape if most is None else (*shape[:axis], most, *shape[axis + 1 :])


def _solved(shapes: Sequence[Ints], *told: Any) -> Ints:
    a, *right = shapes
    if a[-1] > MOST_UNKNOWNS:
        raise DeclinedError("systems so large that LAPACK is faster")
    if not right:
        return a
    (b,) = right
    if len(b) == 1:
        if b != a[-1:]:
            raise DeclinedError("shapes that do not fit")
        return a[:-1]
    if b[-2] != a[-1]:
        raise DeclinedError("shapes that do not fit")
    return (*common_shape([a[:-2], b[:-2]]), *b[-2:])


RESULT_SHAPES: dict[str, Callable[..., Ints]] = {
    **dict.fromkeys(FOLDS, _reduced),
    **dict.fromkeys(("argmax", "argmin"), _placed),
    **dict.fromkeys(("cumulative_sum", "cumulative_prod"), _running),
    **dict.fromkeys(("sort", "argsort", "top_places"), _ordered),
    **dict.fromkeys(("solve", "inv"), _solved),
    "truncated": lambda shapes: shapes[0],
    "take": _taken,
    "take_along_axis": _taken_along,
    "add_at": _added,
    "add_along_axis": _added_along,
    "matmul": _product,
    "reshape": _reshaped,
    "broadcast_to": lambda shapes, shape: shape,
    "full": lambda shapes, shape: shape,
    "permute_dims": lambda shapes, axes: tuple(shapes[0][a] for a in axes),
    "expand_dims": _expanded,
    "squeeze": lambda shapes, axes: tuple(n for axis, n in enumerate(shapes[0]) if axis not in axes),
    "flip": lambda shapes, axes: shapes[0],
    "getitem": _indexed,
    "concat": _joined,
    "stack": lambda shapes, axis: (*shapes[0][:axis], len(shapes), *shapes[0][axis:]),
}
