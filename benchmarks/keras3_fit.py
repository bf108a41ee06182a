"""A step of `fit` under Keras 3 on K, beside Keras's own backend for torch, which is eager."""

from __future__ import annotations

import importlib.util
import statistics
import sys
from importlib.metadata import version

from .sides.keras3_fit import BATCH, NETS
from .timing import printed
from .worker import Served

__all__ = ["table"]

SIDES = ("numpy", "torch", "keras")
TARGETS = {"MLP": 1.0, "convnet": 1.5, "LSTM": 1.2, "batch norm": 1.2}  # on NumPy; 0.8 on torch
ON_TORCH = 0.8


def table(quick: bool) -> str:
    """The milliseconds of a step, their ratios to those of Keras on torch, and the seconds of the first fit."""
    title = f"A step of fit of {BATCH} samples under Keras 3, milliseconds"
    if importlib.util.find_spec("keras") is None or version("keras").startswith("2."):
        return f"### {title}\n\nKeras 3 is not installed: pip install 'array-api-backend[keras3]'\n"
    rows = []
    for net in NETS:
        running = {side: Served(sys.executable, "benchmarks.sides.keras3_fit", net, side) for side in SIDES}
        first = {side: float(process.line()) for side, process in running.items()}
        found: dict[str, list[float]] = {side: [] for side in SIDES}
        for _ in range(9 if quick else 31):
            for side, process in running.items():
                found[side].append(process.asked() * 1e3)
        for process in running.values():
            process.close()
        cost = {side: statistics.median(times) for side, times in found.items()}
        ratios = [statistics.median(a / b for a, b in zip(found[s], found["keras"], strict=True)) for s in SIDES[:2]]
        met = ratios[0] <= TARGETS[net] and ratios[1] <= ON_TORCH
        rows.append(
            [
                net,
                *(f"{cost[side]:.2f}" for side in SIDES),
                f"{ratios[0]:.2f}",
                f"{ratios[1]:.2f}",
                f"{TARGETS[net]}, {ON_TORCH}: {'yes' if met else 'no'}",
                *(f"{first[side]:.2f}" for side in SIDES),
            ]
        )
    heads = ["net", "K on numpy", "K on torch", "keras on torch", "numpy / keras", "torch / keras", "targets"]
    return printed(title, [*heads, *(f"first fit, {side}, s" for side in SIDES)], rows)
