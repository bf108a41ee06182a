"""Freed memory is kept for the next arrays, where glibc gives it: its pages need not be filled with zeros again."""

from __future__ import annotations

import ctypes
import functools
import os

__all__ = ["keep_freed_memory"]

# Bytes of the largest block that is kept, and of all freed memory at the end of the heap. For 896 sequences of 28 steps
# and 128 units oneDNN's LSTM takes blocks of more than 128 MB; 2**29 was no faster.
MOST = 2**28
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of malloc.h


@functools.cache
def keep_freed_memory() -> None:
    """Have glibc keep freed memory, up to 256 MB, instead of giving it back to the system.

    By itself it gives back every block above 32 MB, and whatever exceeds twice the largest smaller one; new arrays are
    then made of pages that the system has yet to fill with zeros. A training step of the LSTM above met 29,000 of these
    on PyTorch and took 259 ms instead of 158, one of a batch-norm net 1295, and 8.9 ms instead of 5.4. Settings of the
    allocator in the environment, MALLOC_TRIM_THRESHOLD_ and the like, leave it as it is.
    """
    if not any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ):
        allocator = _glibc()
        if allocator is not None:
            if not allocator.mallopt(_MMAP_THRESHOLD, MOST):
                allocator.mallopt(_MMAP_THRESHOLD, 2**25)  # the most that glibc took before 2.35
            allocator.mallopt(_TRIM_THRESHOLD, MOST)


def _glibc() -> ctypes.CDLL | None:
    """The C library of this process, where it is glibc."""
    try:
        library = ctypes.CDLL(None)
    except (OSError, TypeError):  # Windows has no such handle
        return None
    return library if hasattr(library, "gnu_get_libc_version") else None
