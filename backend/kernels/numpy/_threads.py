"""Batches shared between threads: NumPy's loops use one each, and let others run meanwhile."""

from __future__ import annotations

import contextvars
import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

__all__ = ["by_images"]


def by_images(work: Callable[[slice], None], images: int, size: int, block: int, share: int) -> None:
    """work(some images) for all of them, `size` elements each: about `block` elements at a time, and a thread for
    every `share` of them."""
    step = max(block // size, 1)
    parts = [slice(start, min(start + step, images)) for start in range(0, images, step)]
    workers = min(_threads(), images * size // share, len(parts))

    def run(todo: list[slice]) -> None:
        for part in todo:
            work(part)

    if workers < 2:
        return run(parts)
    cuts = [len(parts) * i // workers for i in range(workers + 1)]
    # threads for this call alone: a pool would not outlive a fork. Contexts carry NumPy's error state
    with ThreadPoolExecutor(workers - 1) as pool:
        others = [pool.submit(contextvars.copy_context().run, run, parts[start:stop])
                  for start, stop in itertools.pairwise(cuts[1:])]
        run(parts[:cuts[1]])
        for other in others:
            other.result()


def _threads() -> int:
    """How many threads may share a call: OMP_NUM_THREADS where it is set, else one for each core."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdecimal():
        return max(int(given), 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
