"""Measuring candidates in turn, many times over, so that noise affects all of them equally."""

from __future__ import annotations

import functools
import importlib.util
import platform
import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Costs", "blas", "interleaved", "machine", "print_below", "printed", "processor", "versions"]

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


_BELOW: list[str] = []  # what stands below every table


def print_below(*lines: str) -> None:
    """Have these lines stand below every table from now on."""
    _BELOW[:] = lines


def printed(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, columns lined up."""
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (heads, *rows)]
    lines.insert(1, ["-" * width for width in widths])
    below = [text for line in _BELOW for text in (line, "")]
    return "\n".join([f"### {title}", "", *(f"| {' | '.join(line)} |" for line in lines), "", *below])


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


def processor() -> str:
    """The processor's name; its architecture where the system does not say more."""
    path = Path("/proc/cpuinfo")
    for line in path.read_text().splitlines() if path.exists() else ():
        name, _, value = line.partition(":")
        if name.strip() == "model name" and value.strip() not in ("", "unknown"):
            return value.strip()
    return platform.processor() or platform.machine()


_TORCH = """
import re, torch
print(*re.findall(r"(?:Math Kernel Library|OpenBLAS) Version [\\w.]+|MKL-DNN v[\\d.]+", torch.__config__.show()))
"""


@functools.cache
def blas() -> str:
    """The libraries that multiply matrices for NumPy and PyTorch, with their versions."""
    own = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    found = f"NumPy: {own.get('name', 'unknown')} {own.get('version', '')}".strip()
    if importlib.util.find_spec("torch") is None:
        return found
    # in a process of its own: this one may not have loaded torch, and its start may be what is measured next
    run = subprocess.run([sys.executable, "-c", _TORCH], capture_output=True, text=True, check=False)
    names = run.stdout.strip().replace("Math Kernel Library Version", "MKL").replace("MKL-DNN", "oneDNN")
    return f"{found}; PyTorch: {names or 'unknown'}"
