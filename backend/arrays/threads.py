"""Work shared between Python threads, for calls that use one core each and let others run meanwhile."""

from __future__ import annotations

import contextvars
import itertools
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

__all__ = ["shared", "threads"]


def threads() -> int:
    """How many threads may share a call: OMP_NUM_THREADS where it is set, else one for each core."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdecimal():
        return max(int(given), 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_pools: list[ThreadPoolExecutor] = []  # one, once it is needed: to start a thread takes 0.1 ms


def _pool() -> ThreadPoolExecutor:
    if not _pools:
        _pools.append(ThreadPoolExecutor(thread_name_prefix=__name__))
    return _pools[0]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pools.clear)  # its threads stay with the parent


def shared(work: Callable[[Sequence[Any]], None], todo: Sequence[Any], workers: int) -> None:
    """Have so many threads, this one among them, work on a stretch of what is to be done each."""
    if workers < 2 or threading.current_thread().name.startswith(__name__):  # a thread of ours waits for no other
        return work(todo)
    cuts = [len(todo) * i // workers for i in range(workers + 1)]
    # contexts carry NumPy's error state and our settings
    others = [
        _pool().submit(contextvars.copy_context().run, work, todo[start:stop])
        for start, stop in itertools.pairwise(cuts[1:])
    ]
    try:
        work(todo[: cuts[1]])
    finally:
        wait(others)  # none may write on when this call has ended
    for other in others:
        other.result()
    return None
