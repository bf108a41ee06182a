"""Loops whose whole body numba compiles (jit=True) beside the same functions without jit, and torch's RNN by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import backend as K

from .heavy import compared, drawn, two_threads
from .timing import printed

__all__ = ["table"]

Calls = dict[str, Callable[[], Any]]
STEPS, FEATURES, UNITS = 50, 32, 64


def table(quick: bool) -> str:
    """Each loop and its gradients with jit and without; microseconds."""
    torch = two_threads()
    rows = []
    for name, sides in _loops(torch):
        for call, cells in compared(sides, quick).items():
            by_hand = f"{1e3 * cells['torch']:.1f}" if "torch" in cells else "-"
            jit, plain = cells["jit"], cells["no jit"]
            rows.append([name, call, f"{1e3 * jit:.1f}", f"{1e3 * plain:.1f}", by_hand, f"{jit / plain:.3f}"])
    heads = ["loop", "pass", "K, jit=True", "K", "torch by hand", "jit / no jit"]
    return printed("Loops compiled by numba on NumPy arrays, microseconds, 2 threads", heads, rows)


def _loops(torch: Any) -> Iterator[tuple[str, dict[str, Calls]]]:
    for batch in (1, 32, 128):
        yield f"K.rnn of tanh, {STEPS} steps, {UNITS} units, batch {batch}", _recurrent(torch, batch)
    rows = K.placeholder((1000, 100))
    _, every = K.scan(lambda mean, x: (0.9 * mean + 0.1 * x,) * 2, K.zeros((100,)), rows)
    slopes = K.gradients(K.sum(every * every), [rows])
    yield "K.scan of a moving average, 1000 steps of 100", _sides([rows], [every], slopes, [drawn(1000, 100)])
    softmax = K.map_fn(K.softmax, rows)
    yield "K.map_fn of softmax, 1000 rows of 100", _sides([rows], [softmax], None, [drawn(1000, 100)])
    for shape in ((), (1000,)):
        a = K.placeholder(shape)
        root = K.while_loop(lambda r, a=a: K.max(K.abs(r * r - a) / a) > 1e-5, lambda r, a=a: 0.5 * (r + a / r), a)
        values = np.linspace(1.0, 1700.0, 1000, dtype="float32") if shape else np.float32(1700)
        slopes = K.gradients(K.sum(root), [a])
        yield (
            f"Newton's square roots of {'1000 numbers' if shape else 'a number'}",
            _sides([a], [root], slopes, [values]),
        )


def _sides(inputs: Any, outputs: Any, slopes: Any, values: Any) -> dict[str, Calls]:
    found: dict[str, Calls] = {}
    for side in ("jit", "no jit"):
        forward = K.function(inputs, outputs, jit=side == "jit")
        found[side] = {"forward": lambda f=forward: f(values)}
        if slopes is not None:
            backward = K.function(inputs, slopes, jit=side == "jit")
            found[side]["gradients"] = lambda f=backward: f(values)
    return found


def _recurrent(torch: Any, batch: int) -> dict[str, Calls]:
    x, value = K.placeholder((None, STEPS, FEATURES)), drawn(batch, STEPS, FEATURES)
    weights = [K.variable(0.1 * drawn(*shape)) for shape in ((FEATURES, UNITS), (UNITS, UNITS), (UNITS,))]

    def cell(x: Any, states: Any) -> Any:
        h = K.tanh(K.bias_add(K.dot(x, weights[0]) + K.dot(states[0], weights[1]), weights[2]))
        return h, [h]

    last, _, _ = K.rnn(cell, x, [K.zeros_like(x[:, 0, :1]) + K.zeros((1, UNITS))])
    sides = _sides([x], [last], K.gradients(K.sum(last * last), weights), [value])
    layer, given = torch.nn.RNN(FEATURES, UNITS, batch_first=True), torch.from_numpy(value)
    learned = [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0]

    def forward() -> Any:
        with torch.no_grad():
            return layer(given)[1]

    sides["torch"] = {
        "forward": forward,
        "gradients": lambda: torch.autograd.grad((layer(given)[1] ** 2).sum(), learned),
    }
    return sides
