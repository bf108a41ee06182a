"""The cost of the reproducible mode: a training step of three nets against the ordinary mode of the same library."""

from __future__ import annotations

import importlib.util
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import backend as K

from .timing import printed

__all__ = ["QUESTION", "measured", "table"]

QUESTION = "A step of the reproducible mode"
TRAININGS = Path(__file__).parents[1] / "tests" / "reproducible" / "trainings.py"
LIBRARIES = ("numpy", "torch")
# The most it may cost, times a step of the ordinary mode.
TARGETS = {
    ("numpy", "mlp"): 4.0,
    ("numpy", "convnet"): 2.5,
    ("numpy", "lstm"): 6.0,
    ("torch", "mlp"): 4.0,
    ("torch", "convnet"): 4.0,
    ("torch", "lstm"): 6.0,
}
Figures = list[tuple[str, str, float, float]]  # library, net, milliseconds of a step in both modes


def _trainings() -> Any:
    """The module of the nets whose hashes the tests know."""
    spec = importlib.util.spec_from_file_location("trainings", TRAININGS)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["trainings"] = module
    spec.loader.exec_module(module)
    return module


def measured(quick: bool = False) -> Figures:
    """The median of steps taken in turn on both modes, so that noise meets both; in processor time, on one thread."""
    module, found = _trainings(), []
    for library in LIBRARIES:
        if importlib.util.find_spec(library) is None:
            continue
        for name in module.NAMES:
            sides = [(spec, _made(module, spec, name)) for spec in (library, f"reproducible:{library}")]
            times: list[list[float]] = [[], []]
            for step in range(8 if quick else 40):
                for own, (spec, training) in zip(times, sides, strict=True):
                    with K.use_backend(spec):
                        start = time.process_time()
                        training.step()
                        if step >= 3:
                            own.append(time.process_time() - start)
            found.append((library, name, *(1e3 * statistics.median(own) for own in times)))
    return found


def _made(module: Any, spec: str, name: str) -> Any:
    with K.use_backend(spec):
        return module.Training(name)


def table(quick: bool = False) -> str:
    """The figures as a table."""
    rows = []
    for library, name, plain, exact in measured(quick):
        target = TARGETS[library, name]
        ratio = exact / plain
        reached = "yes" if ratio <= target else "no"
        rows.append([library, name, f"{plain:.2f}", f"{exact:.2f}", f"{ratio:.1f}", f"{target:.1f}", reached])
    heads = ["library", "net", "ordinary, ms", "reproducible, ms", "ratio", "at most", "reached"]
    return printed(QUESTION, heads, rows)
