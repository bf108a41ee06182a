"""Measuring side by side: every candidate in turn, many times over, so that noise meets all of them alike."""

from __future__ import annotations

import platform
import statistics
import timeit
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

__all__ = ["Costs", "interleaved", "machine", "printed"]

Costs = dict[str, float]


def interleaved(candidates: Mapping[str, Callable[[], Any]], *, rounds: int, seconds: float) -> Costs:
    """The median cost of one call of each candidate, in microseconds; `seconds` is the length of one measurement."""
    timers, counts = {}, {}
    for name, call in candidates.items():
        timers[name] = timeit.Timer(call)
        call()
        loops, took = timers[name].autorange()
        counts[name] = max(1, round(loops * seconds / took))
    found: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, timer in timers.items():
            found[name].append(timer.timeit(counts[name]) / counts[name])
    return {name: statistics.median(costs) * 1e6 for name, costs in found.items()}


def printed(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, columns lined up."""
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (heads, *rows)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join([f"### {title}", "", *(f"| {' | '.join(line)} |" for line in lines), ""])


def machine(*packages: str) -> str:
    """What the figures were taken on."""
    found = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{platform.machine()}, Python {platform.python_version()}, {found}"
