"""How long does a deep network take to be recorded, differentiated and compiled, and does it grow linearly?"""

from __future__ import annotations

import time

import numpy as np

import backend as K

from .timing import printed

__all__ = ["table"]


def table(quick: bool) -> str:
    """Seconds for networks of dense layers, each 4 wide, by depth."""
    rows = []
    for depth in (50, 100, 200) if quick else (250, 500, 1000):
        start = time.perf_counter()
        x = K.placeholder((None, 4))
        h, weights = x, []
        for _ in range(depth):
            w, b = K.variable(np.eye(4)), K.zeros((4,))
            h, weights = K.relu(K.dot(h, w) + b), [*weights, w, b]
        loss = K.mean(K.square(h))
        built = time.perf_counter()
        gradients = K.gradients(loss, weights)
        differentiated = time.perf_counter()
        step = K.function([x], [loss], [(w, w - 0.1 * g) for w, g in zip(weights, gradients, strict=True)])
        step([np.ones((2, 4))])
        compiled = time.perf_counter()
        total = compiled - start
        rows.append([str(depth), f"{built - start:.2f}", f"{differentiated - built:.2f}",
                     f"{compiled - differentiated:.2f}", f"{total:.2f}", f"{total / depth * 1e3:.1f}"])
    return printed("A deep network, seconds", ["layers", "recorded", "differentiated", "compiled, first call", "in all",
                                               "ms a layer"], rows)
