"""The arrays a loop's body reads, by part, and the check that a step keeps the form of its carry."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any, NamedTuple

from ..dispatch.promotion import arrays
from .nests import flatten

__all__ = ["Parts", "check_shapes", "checked_carry"]


class Parts(NamedTuple):
    """The inputs of a loop's body, or one value for each of them: they come in this order."""

    carry: tuple[Any, ...]
    slices: tuple[Any, ...]
    captured: tuple[Any, ...]

    def flat(self) -> tuple[Any, ...]:
        """All of them, one after another."""
        return *self.carry, *self.slices, *self.captured

    def split(self, values: Iterable[Any]) -> Parts:
        """One value for each member, by part."""
        supply = iter(values)
        return Parts(*(tuple(itertools.islice(supply, len(part))) for part in self))

    def where(self, chosen: Parts) -> Parts:
        """The members for which `chosen` holds true."""
        return Parts(*(tuple(itertools.compress(part, flags)) for part, flags in zip(self, chosen, strict=True)))


def checked_carry(function: str, carry: Any, structure: Any, new: Any) -> list[Any]:
    """The carry after a step, as arrays; ValueError where structure, shapes or dtypes differ from the carry before.

    `function` is the operation and the argument that gave it, for the message: 'scan: the step'.
    """
    found, new_structure = flatten(new)
    if new_structure != structure:
        raise ValueError(f"{function} returns a carry of another structure than the one it was given")
    if any(type(value) is not type(old) for value, old in zip(found, carry, strict=True)):
        found = list(arrays(*found, *carry)[1 : len(found) + 1])
    for old, value in zip(carry, found, strict=True):
        if old.dtype != value.dtype or not _may_be_equal(old.shape, value.shape):
            raise ValueError(
                f"{function} turns a carry of shape {tuple(old.shape)}, {old.dtype} into shape "
                f"{tuple(value.shape)}, {value.dtype}"
            )
    return found


def check_shapes(function: str, carry: Iterable[Any], new: Iterable[Any]) -> None:
    """ValueError where a compiled loop's first step changes the shape of a carry, as unknown sizes allow.

    A step that keeps all shapes keeps them in every later step, too: shapes follow from shapes.
    """
    for old, value in zip(carry, new, strict=True):
        if old.shape != value.shape and not _may_be_equal(
            *([n if n == n else None for n in x.shape] for x in (old, value))
        ):
            raise ValueError(f"{function} turns a carry of shape {tuple(old.shape)} into shape {tuple(value.shape)}")


def _may_be_equal(shape: Any, other: Any) -> bool:
    """Whether two shapes of one length agree in every size known of both."""
    return len(shape) == len(other) and all(a == b for a, b in zip(shape, other, strict=True) if None not in (a, b))
