"""Shapes cut into boxes of about equal size, in the order of memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

__all__ = ["Box", "boxes"]

Box = tuple[tuple[int, int], ...]  # (start, stop) per axis


def boxes(shape: Sequence[int], room: int) -> Iterator[Box]:
    """Boxes of (start, stop) per axis that cut the shape into stretches of about `room` elements, in order.

    A box holds whole inner axes, part of one axis, and one element of each outer axis.
    """
    steps: list[int] = []
    for size in reversed(shape):
        steps.insert(0, max(min(size, room), 1))
        room = room // size if 0 < size <= room else 1
    return itertools.product(
        *(
            [(start, min(start + step, size)) for start in range(0, size, step)]
            for size, step in zip(shape, steps, strict=True)
        )
    )
