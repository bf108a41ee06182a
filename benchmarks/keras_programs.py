"""Example programs of Keras 2 trained on K, beside the same programs as TensorFlow graphs, by tf_keras.

TensorFlow and Keras 2.3.1 need environments of their own: TENSORFLOW_PYTHON names the Python of one that has
tensorflow and tf_keras.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
from importlib.metadata import version

from . import peers
from .sides.keras_programs import PROGRAMS
from .timing import printed

__all__ = ["table"]


class _Side:
    """One program on one library in a process of its own."""

    def __init__(self, program: str, side: str, python: str) -> None:
        command = [python, "-m", "benchmarks.sides.keras_programs", program, side]
        environment = {**os.environ, **dict.fromkeys(peers.VARIABLES, str(peers.threads()))}
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def _line(self) -> str:
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline()):
            _, errors = self._process.communicate()
            raise RuntimeError(f"a side ended: {errors[-2000:]}")
        return line

    def wait(self) -> None:
        """Return when the first epoch, which compiles, is over."""
        self._line()

    def epoch(self) -> float:
        """The seconds of an epoch."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._line())

    def close(self) -> None:
        self._process.communicate()


def table(quick: bool) -> str:
    """The seconds of an epoch, and their ratio to TensorFlow's."""
    title = f"An epoch of Keras's example programs, {peers.threads()} thread(s), seconds"
    if importlib.util.find_spec("keras") is None or not version("keras").startswith("2."):
        return f"### {title}\n\nKeras 2.3.1 is not installed: pip install 'array-api-backend[keras]'\n"
    pythons = {"numpy": sys.executable, "torch": sys.executable, "tensorflow": os.environ.get("TENSORFLOW_PYTHON")}
    sides = {name: python for name, python in pythons.items() if python}
    rows = []
    for program in PROGRAMS:
        running = {name: _Side(program, name, python) for name, python in sides.items()}
        for side in running.values():
            side.wait()
        found: dict[str, list[float]] = {name: [] for name in running}
        for _ in range(3 if quick else 9):
            for name, side in running.items():
                found[name].append(side.epoch())
        for side in running.values():
            side.close()
        cost = {name: statistics.median(times) for name, times in found.items()}
        base = cost.get("tensorflow")
        ratios = [f"{cost[name] / base:.2f}" if base else "" for name in ("numpy", "torch")]
        rows.append([program, *(f"{cost[name]:.3f}" if name in cost else "" for name in pythons), *ratios])
    return printed(title, ["program", *pythons, "numpy / tensorflow", "torch / tensorflow"], rows)
