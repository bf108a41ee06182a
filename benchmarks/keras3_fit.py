"""A step of `fit` under Keras 3 on K, beside Keras's own backend for torch, which is eager."""

from __future__ import annotations

import importlib.util
import statistics
import sys
import time
from importlib.metadata import version

from .sides.keras3_fit import BATCH, NETS
from .timing import printed
from .worker import Served

__all__ = ["table"]

SIDES = ("numpy", "torch", "keras")
TARGETS = {"MLP": 1.0, "convnet": 1.5, "LSTM": 1.2, "batch norm": 1.2}  # on NumPy; 0.8 on torch
ON_TORCH = 0.8
SECONDS = 25  # for each net, so that the whole takes less than three minutes
ROUNDS = (5, 31)  # at least and at most
PAUSE = 0.2  # seconds between sides: a side's idle threads spin before they sleep, those of OpenBLAS for tens of ms
LIMIT = 120  # seconds for one answer of a side, the import of Keras included


def table(quick: bool) -> str:
    """The milliseconds of a step, their ratios to those of Keras on torch, and the seconds of the first fit."""
    title = f"A step of fit of {BATCH} samples under Keras 3, milliseconds"
    if importlib.util.find_spec("keras") is None or version("keras").startswith("2."):
        return f"### {title}\n\nKeras 3 is not installed: pip install 'array-api-backend[keras3]'\n"
    running = {side: Served(sys.executable, "benchmarks.sides.keras3_fit", side, limit=LIMIT) for side in SIDES}
    for process in running.values():
        process.line()
    rows = [_row(net, running, SECONDS / 4 if quick else SECONDS) for net in NETS]
    for process in running.values():
        process.close()
    heads = ["net", "K on numpy", "K on torch", "keras on torch", "numpy / keras", "torch / keras", "targets"]
    heads += ["processor time, numpy / keras", "torch / keras", "rounds"]
    return printed(title, [*heads, *(f"first fit, {side}, s" for side in SIDES)], rows)


def _row(net: str, running: dict[str, Served], seconds: float) -> list[str]:
    """One net: rounds in which each side fits in turn, as many as fit into the seconds."""
    first = {side: _answer(process, net)[0] for side, process in running.items()}
    found: dict[str, list[tuple[float, float]]] = {side: [] for side in SIDES}
    end, rounds = time.perf_counter() + seconds, 0
    while rounds < ROUNDS[0] or (rounds < ROUNDS[1] and time.perf_counter() < end):
        for side, process in running.items():
            time.sleep(PAUSE)
            found[side].append(_answer(process, net))
        rounds += 1
    cost = {side: statistics.median(wall for wall, _ in times) * 1e3 for side, times in found.items()}
    on_numpy, on_torch = (_ratio(found[side], found["keras"], 0) for side in SIDES[:2])
    met = on_numpy <= TARGETS[net] and on_torch <= ON_TORCH
    return [
        net,
        *(f"{cost[side]:.2f}" for side in SIDES),
        f"{on_numpy:.2f}",
        f"{on_torch:.2f}",
        f"{TARGETS[net]}, {ON_TORCH}: {'yes' if met else 'no'}",
        *(f"{_ratio(found[side], found['keras'], 1):.2f}" for side in SIDES[:2]),
        str(rounds),
        *(f"{first[side]:.2f}" for side in SIDES),
    ]


def _answer(process: Served, net: str) -> tuple[float, float]:
    wall, busy = map(float, process.answer(net).split())
    return wall, busy


def _ratio(ours: list[tuple[float, float]], theirs: list[tuple[float, float]], which: int) -> float:
    """The median over the rounds: what slows a round down slows both sides."""
    return statistics.median(a[which] / b[which] for a, b in zip(ours, theirs, strict=True))
