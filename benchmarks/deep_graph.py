"""The time to record, differentiate and compile a deep network, and whether it grows linearly."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

import backend as K

from .comparison import Row, Target, tabled

__all__ = ["measured", "report", "table"]

QUESTION = "A deep network made ready to train"
NOTE = (
    "Dense layers of width 4, with their gradients and updates. allowed: 5 seconds for 1000 layers. linear: the "
    "first row scaled to this many layers."
)


def seconds(depth: int) -> dict[str, float]:
    """The seconds that each part takes."""
    start = time.perf_counter()
    x = K.placeholder((None, 4))
    h, weights = x, []
    for _ in range(depth):
        w, b = K.variable(np.eye(4)), K.zeros((4,))
        h = K.relu(K.dot(h, w) + b)
        weights += [w, b]
    loss = K.mean(K.square(h))
    built = time.perf_counter()
    gradients = K.gradients(loss, weights)
    differentiated = time.perf_counter()
    step = K.function([x], [loss], [(w, w - 0.1 * g) for w, g in zip(weights, gradients, strict=True)])
    step([np.ones((2, 4))])
    compiled = time.perf_counter()
    return {
        "recorded": built - start,
        "differentiated": differentiated - built,
        "compiled, first call": compiled - differentiated,
        "in all": compiled - start,
    }


def measured(quick: bool, depths: Sequence[int] = ()) -> list[Row]:
    """A row for each depth and part."""
    rows: list[Row] = []
    depths = depths or ((50, 100, 200) if quick else (250, 500, 1000))
    seconds(depths[0])  # the first run fills caches
    first = 0.0
    for depth in depths:
        runs = [seconds(depth) for _ in range(1 if quick else 3)]
        parts = min(runs, key=lambda run: run["in all"])
        first = first or parts["in all"] / depth
        limits = {"allowed": 5e-3 * depth, "linear": first * depth}
        goals = (Target("allowed", 1.0), Target("linear", 1.3))
        rows += [
            Row(QUESTION, f"{depth} layers", part, cost, "seconds", goals if part == "in all" else ())
            for part, cost in {**parts, **limits}.items()
        ]
    return rows


def report(rows: Sequence[Row]) -> str:
    """Seconds for networks of dense layers, by depth."""
    return tabled(rows, NOTE)


def table(quick: bool) -> str:
    """Measure, and report the results."""
    return report(measured(quick))
