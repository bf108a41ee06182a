"""Work shared between Python threads, for library calls that use one core and release the interpreter's lock."""

from __future__ import annotations

import collections
import contextlib
import contextvars
import functools
import itertools
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

__all__ = ["cores", "shared", "threads"]


def threads() -> int:
    """The number of threads that may share a call: OMP_NUM_THREADS where it is set, else one per core."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdecimal():
        return max(int(given), 1)
    return cores()


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def _pool() -> ThreadPoolExecutor:
    """The one pool, kept since starting a thread takes 0.1 ms."""
    return ThreadPoolExecutor(thread_name_prefix=__name__)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # the parent keeps the threads


def shared(work: Callable[[Sequence[Any]], None], todo: Sequence[Any], workers: int) -> None:
    """Call work(part of todo) in `workers` threads, this one included, each with a part of about equal length.

    This thread does what no other takes: all of it where there are no others to be had, as when Python exits.
    """
    if workers < 2 or threading.current_thread().name.startswith(__name__):  # a pool thread must not wait for another
        return work(todo)
    cuts = [len(todo) * i // workers for i in range(workers + 1)]
    own, *rest = (todo[start:stop] for start, stop in itertools.pairwise(cuts))
    parts = collections.deque(rest)

    def take() -> None:
        while (part := _next(parts)) is not None:
            work(part)

    others: list[Future[None]] = []
    with contextlib.suppress(RuntimeError):  # the pool has been shut down, or no thread can be started
        while len(others) < len(rest):  # a copied context carries NumPy's error state and the active backend
            others.append(_pool().submit(contextvars.copy_context().run, take))
    try:
        work(own)
        take()
        others = [other for other in others if not other.cancel()]  # those that have not begun have nothing to do
    finally:
        wait(others)  # none may still write when this call returns
    for other in others:
        other.result()
    return None


def _next(parts: collections.deque[Any]) -> Any:
    """The next part, or None; one step, since another thread may take the last part meanwhile."""
    try:
        return parts.popleft()
    except IndexError:
        return None
