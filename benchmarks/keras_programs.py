"""Example programs of Keras 2 trained on K, beside the same programs as TensorFlow graphs, by tf_keras.

TensorFlow and Keras 2.3.1 need environments of their own: TENSORFLOW_PYTHON names the Python of one that has
tensorflow and tf_keras.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import sys
from importlib.metadata import version

from . import peers
from .sides.keras_programs import PROGRAMS
from .timing import printed
from .worker import Served

__all__ = ["table"]


def table(quick: bool) -> str:
    """The seconds of an epoch, and their ratio to TensorFlow's."""
    title = f"An epoch of Keras's example programs, {peers.threads()} thread(s), seconds"
    if importlib.util.find_spec("keras") is None or not version("keras").startswith("2."):
        return f"### {title}\n\nKeras 2.3.1 is not installed: pip install 'array-api-backend[keras]'\n"
    pythons = {"numpy": sys.executable, "torch": sys.executable, "tensorflow": os.environ.get("TENSORFLOW_PYTHON")}
    sides = {name: python for name, python in pythons.items() if python}
    rows = []
    for program in PROGRAMS:
        running = {
            name: Served(python, "benchmarks.sides.keras_programs", program, name) for name, python in sides.items()
        }
        for side in running.values():
            side.line()
        found: dict[str, list[float]] = {name: [] for name in running}
        for _ in range(3 if quick else 9):
            for name, side in running.items():
                found[name].append(side.asked())
        for side in running.values():
            side.close()
        cost = {name: statistics.median(times) for name, times in found.items()}
        base = cost.get("tensorflow")
        ratios = [f"{cost[name] / base:.2f}" if base else "" for name in ("numpy", "torch")]
        rows.append([program, *(f"{cost[name]:.3f}" if name in cost else "" for name in pythons), *ratios])
    return printed(title, ["program", *pythons, "numpy / tensorflow", "torch / tensorflow"], rows)
