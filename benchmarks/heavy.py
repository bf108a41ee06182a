"""Shared by the benchmarks of heavy operations: whole calls in turn, peers, and the peak rates of the machine."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from .timing import printed

__all__ = ["THREADS", "compared", "copy_rate", "drawn", "each", "keras_ops", "matmul_rate", "ratios", "two_threads"]

THREADS = 2
Cells = dict[str, float]


def two_threads() -> Any:
    """torch with as many threads as BLAS, which reads OMP_NUM_THREADS at import.

    A function is compiled first, because compiling changes how freed memory is kept: that is then equal for every side.
    """
    import torch

    import backend as K

    K.function([], [K.constant(0.0)])([])
    torch.set_num_threads(THREADS)
    return torch


def keras_ops() -> Any:
    """keras.ops on NumPy if Keras 3 is installed, else None."""
    try:
        if int(version("keras").partition(".")[0]) < 3:
            return None
    except PackageNotFoundError:
        return None
    os.environ["KERAS_BACKEND"] = "numpy"
    import keras

    return keras.ops if keras.backend.backend() == "numpy" else None


def compared(sides: Mapping[str, Mapping[str, Callable[[], Any]]], quick: bool) -> dict[str, Cells]:
    """The median milliseconds of each side's calls, by name of the call; the sides take turns.

    A side waits until the threads of the previous one sleep: OpenBLAS threads spin for some 80 ms after a product, and
    meanwhile torch takes up to four times as long.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(1 if quick else 4):
        for side, calls in sides.items():
            time.sleep(0.1)
            for name, call in calls.items():
                call()
                for _ in range(3 if quick else 7):
                    begun = time.perf_counter()
                    call()
                    found.setdefault(name, {}).setdefault(side, []).append(time.perf_counter() - begun)
    return {name: {side: statistics.median(times) * 1e3 for side, times in row.items()} for name, row in found.items()}


def matmul_rate(quick: bool) -> float:
    """GFLOP/s of a product of square float32 matrices by BLAS."""
    x = drawn(1024, 1024)
    return 2e-6 * 1024**3 / compared({"": {"": lambda: np.matmul(x, x)}}, quick)[""][""]


def copy_rate(quick: bool) -> float:
    """GB/s read and written by a copy of 32 MB."""
    x = drawn(2**23)
    y = np.empty_like(x)
    return 2e-6 * x.nbytes / compared({"": {"": lambda: np.copyto(y, x)}}, quick)[""][""]


def drawn(*shape: int) -> np.ndarray:
    """Normally distributed float32 numbers."""
    return np.random.default_rng(0).standard_normal(shape, dtype="float32")


def ratios(title: str, passes: Sequence[str], measured: Sequence[tuple[Any, Mapping[str, Cells]]]) -> str:
    """The table of every pass of every layer, as ratios to torch by hand, with their geometric means by pass."""
    rows = [
        [
            str(case),
            name,
            *(f"{cells[key]:.2f}" if key in cells else "-" for key in ("numpy", "K torch", "torch", "keras")),
            _ratio(cells, "numpy"),
            _ratio(cells, "K torch"),
            _ratio(cells, "numpy", "keras"),
        ]
        for case, found in measured
        for name, cells in found.items()
    ]
    for name in (*passes, "autograd"):
        means = (
            _mean([found[name][side] / found[name]["torch"] for _, found in measured if side in found[name]])
            for side in ("numpy", "K torch")
        )
        rows.append(["geometric mean", name, "", "", "", "", *means, ""])
    rows.append(["target of the mean", "all", "", "", "", "", "1.50", "1.10", ""])
    return printed(
        title,
        [
            "layer",
            "pass",
            "K on numpy",
            "K on torch",
            "torch by hand",
            "keras.ops[numpy]",
            "numpy / torch",
            "K / torch",
            "numpy / keras",
        ],
        rows,
    )


def each(rates: Mapping[str, Sequence[float]], form: str) -> str:
    """The rates of every pass, layer by layer."""
    return ", ".join(f"{name} {' '.join(format(rate, form) for rate in found)}" for name, found in rates.items())


def _mean(found: Sequence[float]) -> str:
    """The geometric mean, or a dash if nothing was measured."""
    return f"{statistics.geometric_mean(found):.2f}" if found else "-"


def _ratio(cells: Cells, name: str, other: str = "torch") -> str:
    """The ratio to another candidate's cost, or a dash if one of the two was not measured."""
    return f"{cells[name] / cells[other]:.2f}" if name in cells and other in cells else "-"
