"""What passes between the host and the device that does not exist, by kind: the counters that tests read."""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Iterator

__all__ = ["KINDS", "counted", "note"]

# copy: an array to the host; value: a number to the host (bool, float, int, item); size: a size that depends on values;
# upload: host data to the device. The first three wait for the device: they are synchronizations.
KINDS = ("copy", "value", "size", "upload")

_counters: list[collections.Counter[str]] = []


def note(kind: str) -> None:
    """Count one event in every block that counts."""
    for counter in _counters:
        counter[kind] += 1


@contextlib.contextmanager
def counted() -> Iterator[collections.Counter[str]]:
    """Count the events within a block, in every thread."""
    counter: collections.Counter[str] = collections.Counter()
    _counters.append(counter)
    try:
        yield counter
    finally:
        _counters[:] = [each for each in _counters if each is not counter]
