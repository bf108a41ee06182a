"""Work shared between Python threads, for calls that use one core each and let others run meanwhile."""

from __future__ import annotations

import contextvars
import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

__all__ = ["shared", "threads"]


def threads() -> int:
    """How many threads may share a call: OMP_NUM_THREADS where it is set, else one for each core."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdecimal():
        return max(int(given), 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def shared(work: Callable[[Sequence[Any]], None], todo: Sequence[Any], workers: int) -> None:
    """Have so many threads, this one among them, work on a stretch of what is to be done each."""
    if workers < 2:
        return work(todo)
    cuts = [len(todo) * i // workers for i in range(workers + 1)]
    # threads for this call alone: a pool would not outlive a fork. Contexts carry NumPy's error state and our settings
    with ThreadPoolExecutor(workers - 1) as pool:
        others = [pool.submit(contextvars.copy_context().run, work, todo[start:stop])
                  for start, stop in itertools.pairwise(cuts[1:])]
        work(todo[:cuts[1]])
        for other in others:
            other.result()
