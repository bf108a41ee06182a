"""How a run divides a time budget among its operations."""

from __future__ import annotations

import time

__all__ = ["patience", "share", "spread"]

SHORTEST = 5.0  # seconds: less, and a first call that loads half a library would count as a hang
SHORT = 0.25  # seconds that most operations use up
COMPILING = 10.0  # the same where each example costs a compilation


def spread(count: int) -> list[int]:
    """An order that mixes the chapters, so that the first ones do not use up the budget."""
    step = next(s for s in (37, 41, 43) if count % s) if count > 1 else 1
    return [(i * step) % count for i in range(count)] if count > 1 else list(range(count))


def share(deadline: float | None, left: int, jobs: int) -> float | None:
    """The deadline of one operation: its share of the time left, doubled because most need less, unless time is short.

    Doubled shares that are used up leave a quarter of the time to the second half of the operations.
    """
    if deadline is None:
        return None
    now = time.time()
    part = max(deadline - now, 0.0) * jobs / max(left, 1)
    return now + part * (2.0 if left > 2 * jobs and part > SHORT else 1.0)


def patience(timeout: float, budget: float | None, compiles: bool, suspected: bool) -> float:
    """How long one example may take: a tenth of a budget at most; less where a hang was seen or is expected."""
    least, part = (COMPILING, 4) if compiles else (SHORTEST, 10)
    if budget is not None:
        timeout = min(timeout, max(least, budget / part))
    return timeout if not suspected else min(timeout, 2 * least if budget is None else least / 2)
