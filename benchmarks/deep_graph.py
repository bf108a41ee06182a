"""The time to record, differentiate and compile a network: whether it grows linearly with depth, and of known nets."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import backend as K

from .comparison import Row, Target, tabled
from .nets import LSTM, Net, logits, weights
from .sides.ours import Layers

__all__ = ["NETS", "measured", "report", "table"]

QUESTION = "A deep network made ready to train"
NOTE = (
    "Seconds of processor time. Layers: dense ones of width 4, with their gradients and updates. allowed: 1 second for "
    "1000 layers. linear: the first row scaled to this many layers. The LSTM runs step by step through K.rnn; a block "
    "of the transformer normalizes layers, attends with 4 heads and has a dense part with gelu."
)
DIGITS = Net("digits", "normalized", 32, (8, 8, 1), (16, 32, 64, 10))
WIDTH, HEADS = 32, 4  # of a transformer's blocks

Built = tuple[Any, list[Any], Any, Sequence[Any]]  # a placeholder, weights, a loss and further updates


def dense(depth: int) -> Built:
    """A stack of dense layers."""
    x = K.placeholder((None, 4))
    h, found = x, []
    for _ in range(depth):
        w, b = K.variable(np.eye(4)), K.zeros((4,))
        h = K.relu(K.dot(h, w) + b)
        found += [w, b]
    return x, found, K.mean(K.square(h)), ()


def known(net: Net) -> Built:
    """One of the nets that every side trains, as K's side builds it."""
    x, w = K.placeholder((None, *net.sample)), {name: K.variable(v) for name, v in weights(net).items()}
    layers = Layers(stepwise=True)
    loss = K.mean(K.square(K.softmax(logits(net, layers, w, x))))
    return x, list(w.values()), loss, layers.updates


def transformer(blocks: int) -> Built:
    """A stack of transformer blocks."""
    x = K.placeholder((None, 16, WIDTH))
    h, found = x, []

    def weight(*shape: int) -> Any:
        found.append(K.variable(np.full(shape, 0.01)))
        return found[-1]

    def normalized(h: Any) -> Any:
        return K.layer_normalization(h, weight(WIDTH), weight(WIDTH))

    def projected(h: Any, width: int) -> Any:
        return K.bias_add(K.dot(h, weight(K.int_shape(h)[-1], width)), weight(width))

    def heads(h: Any) -> Any:
        return K.permute_dimensions(K.reshape(projected(h, WIDTH), (-1, 16, HEADS, WIDTH // HEADS)), (0, 2, 1, 3))

    for _ in range(blocks):
        y = normalized(h)
        y = K.permute_dimensions(K.scaled_dot_product_attention(heads(y), heads(y), heads(y)), (0, 2, 1, 3))
        h = h + projected(K.reshape(y, (-1, 16, WIDTH)), WIDTH)
        h = h + projected(K.gelu(projected(normalized(h), 4 * WIDTH)), WIDTH)
    return x, found, K.mean(K.square(h)), ()


NETS: dict[str, Callable[[], Built]] = {
    "digits net": lambda: known(DIGITS),
    "LSTM": lambda: known(LSTM),
    "12 transformer blocks": lambda: transformer(12),
}


def seconds(build: Callable[[], Built]) -> dict[str, float]:
    """The seconds of processor time that each part takes."""
    start = time.process_time()
    x, variables, loss, more = build()
    built = time.process_time()
    gradients = K.gradients(loss, variables)
    differentiated = time.process_time()
    updates = [(w, w - 0.1 * g) for w, g in zip(variables, gradients, strict=True)]
    step = K.function([x], [loss], [*updates, *more])
    step([np.ones((2, *K.int_shape(x)[1:]))])
    compiled = time.process_time()
    return {
        "recorded": built - start,
        "differentiated": differentiated - built,
        "compiled, first call": compiled - differentiated,
        "in all": compiled - start,
    }


def measured(quick: bool, depths: Sequence[int] = ()) -> list[Row]:
    """A row for each net and part."""
    depths = depths or ((50, 100, 200) if quick else (250, 1000, 4000))
    cases: dict[str, tuple[Callable[[], Built], int | None]] = {
        **{name: (build, None) for name, build in NETS.items()},
        **{f"{depth} layers": (lambda depth=depth: dense(depth), depth) for depth in depths},
    }
    rows: list[Row] = []
    first = math.nan
    for case, (build, depth) in cases.items():
        seconds(build if depth is None else lambda: dense(10))  # the first run fills caches
        runs = [seconds(build) for _ in range(1 if quick else 3)]
        parts = min(runs, key=lambda run: run["in all"])
        limits: dict[str, float] = {}
        if depth is not None:
            first = parts["in all"] / depth if math.isnan(first) else first
            limits = {"allowed": 1e-3 * depth, "linear": first * depth}
        goals = tuple(Target(limit, {"allowed": 1.0, "linear": 1.3}[limit]) for limit in limits)
        rows += [
            Row(QUESTION, case, part, cost, "seconds", goals if part == "in all" else ())
            for part, cost in {**parts, **limits}.items()
        ]
    return rows


def report(rows: Sequence[Row]) -> str:
    """Seconds for each net and part."""
    return tabled(rows, NOTE)


def table(quick: bool) -> str:
    """Measure, and report the results."""
    return report(measured(quick))
