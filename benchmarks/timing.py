"""Measuring candidates in turn, many times over, so that noise affects all of them equally."""

from __future__ import annotations

import platform
import statistics
import time
import timeit
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

__all__ = ["Costs", "interleaved", "machine", "printed", "versions"]

Costs = dict[str, float]

SETTLES = 0.1  # seconds: OpenBLAS threads spin for some 0.03 after a product, which slows the next candidate
SHORT = 0.02  # measurements shorter than this are of calls too small for threads


def interleaved(candidates: Mapping[str, Callable[[], Any]], *, rounds: int, seconds: float) -> Costs:
    """The median cost of one call of each candidate, in microseconds; `seconds` is the length of one measurement.

    A candidate is a function, or an object with its own `timeit`, such as a worker in another process.
    """
    timers = {name: call if hasattr(call, "timeit") else timeit.Timer(call) for name, call in candidates.items()}
    counts = {name: _count(timer, seconds) for name, timer in timers.items()}
    found: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, timer in timers.items():
            if seconds >= SHORT and len(timers) > 1:
                time.sleep(min(SETTLES, seconds))
            if counts[name] > 1:
                timer.timeit(1)  # the other candidate has evicted its data from the caches
            found[name].append(timer.timeit(counts[name]) / counts[name])
    return {name: statistics.median(costs) * 1e6 for name, costs in found.items()}


def _count(timer: Any, seconds: float) -> int:
    """How many calls take about this long."""
    timer.timeit(1)
    number = 1
    while (took := timer.timeit(number)) < seconds / 4:
        number *= 10 if took < seconds / 40 else 4
    return max(1, round(number * seconds / took))


def printed(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, columns lined up."""
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (heads, *rows)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join([f"### {title}", "", *(f"| {' | '.join(line)} |" for line in lines), ""])


def versions(*packages: str) -> dict[str, str]:
    """The versions of the packages that are installed."""
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine(*packages: str) -> str:
    """The machine and the versions that the figures belong to."""
    found = ", ".join(f"{name} {number}" for name, number in versions(*packages).items())
    return f"{platform.machine()}, Python {platform.python_version()}, {found}"
