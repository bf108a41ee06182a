"""Calls of a body that have no loop of their own, in the words of those that have."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

from .result_shapes import Ints

__all__ = ["PLAIN"]

Operands = tuple[Any, ...]


class Writer(Protocol):
    """A body that takes further calls."""

    def do(self, function: str, operands: Operands, told: tuple[Any, ...], dtype: str) -> int:
        """Write a call; the number of its result."""

    def put(self, function: str, operands: Operands, told: tuple[Any, ...], dtype: str) -> int:
        """Write a call that needs no other words."""

    def shape_of(self, operand: Any) -> Ints:
        """The shape of an operand."""

    def dtype_of(self, operand: Any) -> str:
        """The dtype of an operand."""

    def copied(self, operand: Any, dtype: str = "") -> int:
        """A copy whose elements lie one after another."""


def _full(body: Writer, operands: Operands, told: tuple[Ints], dtype: str) -> int:
    """Copies of a number that is not known before."""
    if not isinstance(operands[0], int):
        return body.put("full", operands, told, dtype)
    return body.do("broadcast_to", (body.copied(operands[0], dtype),), told, dtype)


def _sum_to(body: Writer, operands: Operands, told: tuple[Ints], dtype: str) -> int:
    """The adjoint of broadcasting."""
    (x,), (shape,) = operands, told
    own = body.shape_of(x)
    lead = len(own) - len(shape)
    axes = (*range(lead), *(lead + i for i, n in enumerate(shape) if n == 1 != own[lead + i]))
    summed = body.put("sum", (x,), (axes, True), dtype) if axes else x
    return body.do("reshape", (summed,), (shape,), dtype)


def _rolled(body: Writer, operands: Operands, told: tuple[Ints, Ints | None], dtype: str) -> int:
    (x,), (shifts, axes) = operands, told
    shape = body.shape_of(x)
    if axes is None:
        flat = body.do("reshape", (x,), ((math.prod(shape),),), dtype)
        return body.do("reshape", (_rolled(body, (flat,), (shifts, (0,)), dtype),), (shape,), dtype)
    for shift, axis in zip(shifts, axes, strict=True):
        n = shape[axis]
        shift = shift % n if n else 0
        if shift:
            before = tuple((0, size, 1) for size in shape[:axis])
            cuts = ((n - shift, n, 1), (0, n - shift, 1))
            parts = tuple(body.do("getitem", (x,), ((*before, cut),), dtype) for cut in cuts)
            x = body.do("concat", parts, (axis,), dtype)
    return int(x)


def _tensordot(body: Writer, operands: Operands, told: tuple[Ints, Ints], dtype: str) -> int:
    """One matrix product."""
    sides: list[int] = []
    rest: list[int] = []
    for x, axes, first in zip(operands, told, (True, False), strict=True):
        shape = body.shape_of(x)
        kept = [axis for axis in range(len(shape)) if axis not in axes]
        rest += [shape[axis] for axis in kept]
        depth = math.prod(shape[axis] for axis in axes)
        order = (*kept, *axes) if first else (*axes, *kept)
        moved = x if order == tuple(range(len(shape))) else body.do("permute_dims", (x,), (order,), dtype)
        count = math.prod(shape[axis] for axis in kept)
        sides.append(body.do("reshape", (moved,), ((count, depth) if first else (depth, count),), dtype))
    product = body.do("matmul", tuple(sides), (), dtype)
    return body.do("reshape", (product,), (tuple(rest),), dtype)


def _spread(root: bool) -> Callable[..., int]:
    """What writes a variance, or its root: the mean of squares of what is left without the mean."""

    def write(body: Writer, operands: Operands, told: tuple[Ints, bool, float], dtype: str) -> int:
        axes, keepdims, correction = told
        count = math.prod(body.shape_of(operands[0])[axis] for axis in axes)
        mean = body.do("mean", operands, (axes, True), dtype)
        rest = body.do("subtract", (operands[0], mean), (), dtype)
        total = body.do("sum", (body.do("square", (rest,), (), dtype),), (axes, keepdims), dtype)
        found = body.do("divide", (total, (repr(float(max(count - correction, 0))), "")), (), dtype)
        return body.do("sqrt", (found,), (), dtype) if root else found

    return write


def _over_all(function: str) -> Callable[..., int]:
    """What writes the place of an extremum, counted over all axes where none is told."""

    def write(body: Writer, operands: Operands, told: tuple[int | None, bool], dtype: str) -> int:
        (x,), (axis, keepdims) = operands, told
        if axis is not None:
            return body.put(function, operands, told, dtype)
        shape = body.shape_of(x)
        flat = body.do("reshape", (x,), ((math.prod(shape),),), body.dtype_of(x))
        found = body.put(function, (flat,), (0, False), dtype)
        return body.do("reshape", (found,), ((1,) * len(shape) if keepdims else (),), dtype)

    return write


PLAIN: dict[str, Callable[..., int]] = {
    "full": _full,
    "sum_to": _sum_to,
    "roll": _rolled,
    "tensordot": _tensordot,
    "var": _spread(root=False),
    "std": _spread(root=True),
    "argmax": _over_all("argmax"),
    "argmin": _over_all("argmin"),
}
