"""Where the arrays of a loop nest lie in its space, by their shapes alone."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from .description import ROW, Nest

__all__ = ["broadcast", "common_shape", "form_in", "space_of", "sums_rows", "varying"]

Ints = tuple[int, ...]


def space_of(nest: Nest, shapes: Sequence[Ints]) -> Ints:
    """The shape of the space: what the arrays broadcast to."""
    whole = [shape for x, shape in zip(nest.inputs, shapes, strict=True) if not x.of_rows]
    found = common_shape([(1,) * nest.ndim, *whole])
    of_rows = [shape for x, shape in zip(nest.inputs, shapes, strict=True) if x.of_rows]
    if of_rows and nest.split:
        found = (*common_shape([found[: nest.split], *of_rows]), *found[nest.split :])
    return found


def common_shape(shapes: Sequence[Ints]) -> Ints:
    """The shape that shapes known to fit broadcast to."""
    return functools.reduce(broadcast, shapes)


def broadcast(first: Ints, second: Ints) -> Ints:
    """The shape that two shapes known to fit broadcast to; without a generator, which a small chain would notice."""
    longer, shorter = (first, second) if len(first) >= len(second) else (second, first)
    skipped = len(longer) - len(shorter)
    found = list(longer)
    for axis, n in enumerate(shorter, skipped):
        if found[axis] == 1:
            found[axis] = n
    return tuple(found)


def varying(of_rows: bool, shape: Ints, space: Ints, split: int | None) -> list[bool | None]:
    """Along which axes of the space an array varies; None where there is nothing to vary along."""
    if of_rows and split is not None:
        shape = (*shape, *(1,) * (len(space) - split))
    shape = (1,) * (len(space) - len(shape)) + shape
    return [None if whole == 1 else n == whole for n, whole in zip(shape, space, strict=True)]


def form_in(
    of_rows: bool, varies: list[bool | None], shape: Ints, space: Ints, split: int
) -> tuple[Ints | None, tuple[bool, bool]]:
    """The shape to which an array is repeated where it varies along some rows, or some places, alone; else None.

    With it, whether the array varies along the rows, and along the places of a row.
    """
    parts = [{*varies[:split]} - {None}, {*varies[split:]} - {None}]
    found = (True in parts[0], True in parts[1])
    if all(len(part) < 2 for part in parts):
        return None, found
    aligned = (*shape, *(1,) * (len(space) - split)) if of_rows else (1,) * (len(space) - len(shape)) + shape
    lead = space[:split] if len(parts[0]) > 1 else aligned[:split]
    rest = space[split:] if len(parts[1]) > 1 else aligned[split:]
    return (*lead, *rest), found


def sums_rows(nest: Nest, number: int) -> bool:
    """Whether a reduction over everything adds up what each row has one of."""
    x: int = nest.values[number - len(nest.inputs)].operands[0]
    return x >= len(nest.inputs) and nest.place(x) == ROW
