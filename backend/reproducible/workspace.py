"""Memory for float64 temporaries, kept between calls: pages that the system has yet to clear cost more than sums."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

__all__ = ["workspace"]

_LARGEST = 2**18  # elements that are kept, 2 MB of float64; what is larger is made anew each time


class _Kept(threading.local):
    """The memory of one thread, by name."""

    def __init__(self) -> None:
        self.arrays: dict[str, Any] = {}


_kept = _Kept()


def workspace(name: str, count: int, kind: str = "d") -> Any:
    """A line of that many elements of any value, float64 or ("f") float32: the caller's until it asks by name again.

    It must not be part of a result.
    """
    if count > _LARGEST:
        return np.empty(count, kind)
    found = _kept.arrays.get(name)
    if found is None or len(found) < count:
        found = _kept.arrays[name] = np.empty(max(count, 2**12), kind)
    return found[:count]
