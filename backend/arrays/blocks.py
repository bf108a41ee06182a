"""Shapes cut into boxes of about equal size, in memory order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

__all__ = ["Box", "boxes"]

Box = tuple[tuple[int, int], ...]  # (start, stop) per axis


def boxes(shape: Sequence[int], room: int) -> Iterator[Box]:
    """Boxes of at most about `room` elements that cover the shape, in memory order.

    A box spans whole inner axes, part of one axis, and one element of each outer axis.
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
