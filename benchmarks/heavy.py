"""What the benchmarks of heavy operations share: whole calls in turn, peers, and what the machine can do at most."""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

__all__ = ["THREADS", "compared", "copy_rate", "drawn", "keras_ops", "matmul_rate", "mean", "ratio", "two_threads"]

THREADS = 2
Cells = dict[str, float]


def two_threads() -> Any:
    """torch with as many threads as BLAS is asked to have; BLAS itself obeys OMP_NUM_THREADS at its import."""
    import torch

    torch.set_num_threads(THREADS)
    return torch


def keras_ops() -> Any:
    """keras.ops on NumPy where Keras 3 is installed, else None."""
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

    Before its turn a side waits until the threads of the one before have gone to sleep: OpenBLAS's spin for some 80 ms
    after a product, in which torch takes up to four times as long.
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
    """Normal float32 numbers."""
    return np.random.default_rng(0).standard_normal(shape, dtype="float32")


def mean(ratios: Iterable[float]) -> float:
    """The geometric mean."""
    return math.exp(statistics.fmean(map(math.log, ratios)))


def ratio(cells: Cells, name: str, beside: str = "torch") -> str:
    """How many times the cost of another candidate, or a dash where one of the two was not measured."""
    return f"{cells[name] / cells[beside]:.2f}" if name in cells and beside in cells else "-"
