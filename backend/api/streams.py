"""Streams of draws: a seed, and a counter that every evaluation increments; collected, and given again to a copy."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ..arrays.backends import active
from .variables import Variable

__all__ = ["Stream", "collected_streams", "drawn_seed", "new_counter", "next_stream"]


class Stream(NamedTuple):
    """Where the numbers of one random tensor come from."""

    seed: int
    counter: Variable


class _Collection:
    """The streams made so far, and those to use before others are made."""

    def __init__(self, given: Sequence[Stream]) -> None:
        self.made: list[Stream] = []
        self.given = iter(given)


_collection: contextvars.ContextVar[_Collection | None] = contextvars.ContextVar("streams", default=None)


@contextlib.contextmanager
def collected_streams(given: Sequence[Stream] = ()) -> Iterator[list[Stream]]:
    """Within the block, random tensors use the streams given, in order, and then new ones; the list collects them.

    A block within another collects into the list of the outer one, which gives the streams.
    """
    outer = _collection.get()
    if outer is not None:
        yield outer.made
        return
    collection = _Collection(given)
    token = _collection.set(collection)
    try:
        yield collection.made
    finally:
        _collection.reset(token)


def next_stream(seed: int | None) -> Stream:
    """The stream of one more random tensor."""
    collection = _collection.get()
    found = None if collection is None else next(collection.given, None)
    if found is None:
        found = Stream(drawn_seed(seed), new_counter(0))
    if collection is not None:
        collection.made.append(found)
    return found


def new_counter(count: int) -> Variable:
    """A counter on the active backend; it moves to the one that runs its users."""
    backend = active()
    counter = Variable(backend.asarray(np.full(1, count, "int32"), "int32"), backend)
    counter.migrates, counter.trainable = True, False
    return counter


def drawn_seed(seed: int | None) -> int:
    """The seed itself, or one drawn from numpy.random for None."""
    return int(np.random.randint(10_000_000)) if seed is None else seed
