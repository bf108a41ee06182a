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

    for name, make in STEPS.items():
        inputs, outputs, weights, values = make()
        slopes = None if weights is None else K.gradients(K.sum(K.square(outputs[0])), weights)
        yield name, _sides(inputs, outputs, slopes, values)


# ---- steps with more in them: what is read by index, branches, loops within


def _variable(*shape: int) -> Any:
    return K.variable(0.3 * drawn(*shape))


def _greedy() -> Any:
    """The next token is the likeliest; its embedding is the next input."""
    table, again, out, start = _variable(11, 16), _variable(16, 16), _variable(16, 11), K.placeholder((None, 16))

    def step(carry: Any, _: Any) -> Any:
        h, token = carry
        h = K.tanh(K.gather(table, token) + K.dot(h, again))
        logits = K.dot(h, out)
        return (h, K.cast(K.argmax(logits), "int32")), logits

    _, every = K.scan(step, (start, K.cast(start[:, 0] * 0.0, "int32")), None, length=20)
    return [start], [every], [table, again, out], [drawn(8, 16)]


def _attention() -> Any:
    x, memory = K.placeholder((None, 20, 6)), K.placeholder((None, 9, 16))
    own, keys, query, score = _variable(22, 16), K.dot(memory, _variable(16, 16)), _variable(16, 16), _variable(16, 1)

    def cell(x: Any, states: Any) -> Any:
        e = K.dot(K.tanh(keys + K.expand_dims(K.dot(states[0], query), 1)), score)[:, :, 0]
        context = K.sum(K.expand_dims(K.softmax(e)) * memory, axis=1)
        h = K.tanh(K.dot(K.concatenate([x, context]), own))
        return h, [h]

    _, every, _ = K.rnn(cell, x, [K.zeros_like(x[:, 0, :1]) + K.zeros((1, 16))])
    return [x, memory], [every], [own, query, score], [drawn(8, 20, 6), drawn(8, 9, 16)]


def _alignments() -> Any:
    """The forward pass of CTC over one sequence."""
    labels, rows = K.constant([0, 3, 0, 2, 0, 2, 0], dtype="int32"), K.placeholder((None, 5))
    skips = np.asarray([-1e9, -1e9, -1e9, 0.0, -1e9, -1e9, -1e9], "float32")

    def step(a: Any, row: Any) -> Any:
        one = K.concatenate([K.constant([-1e9]), a[:-1]], axis=0)
        two = K.concatenate([K.constant([-1e9, -1e9]), a[:-2]], axis=0) + skips
        a = K.logsumexp(K.stack([a, one, two], axis=0), axis=0) + K.gather(row, labels)
        return a, a

    _, every = K.scan(step, K.constant([0.0, 0.0] + [-1e9] * 5), rows)
    return [rows], [every[-1]], [rows], [np.log(np.full((20, 5), 0.2, "float32"))]


def _kalman() -> Any:
    move, look, seen = _variable(4, 4), _variable(2, 4), K.placeholder((None, 2))

    def step(carry: Any, z: Any) -> Any:
        mean, spread = carry
        mean, spread = K.dot(move, mean), K.dot(K.dot(move, spread), K.transpose(move)) + 0.1 * K.eye(4)
        gain = K.transpose(K.solve(K.dot(K.dot(look, spread), K.transpose(look)) + 0.2 * K.eye(2), K.dot(look, spread)))
        mean = mean + K.dot(gain, z - K.dot(look, mean))
        return (mean, spread - K.dot(K.dot(gain, look), spread)), mean

    _, every = K.scan(step, (K.zeros((4,)), K.eye(4)), seen)
    return [seen], [every], [move, look], [drawn(20, 2)]


def _guarded() -> Any:
    """Newton's method that halves a step that makes things worse."""
    a = K.placeholder((None,))

    def body(x: Any, share: Any) -> Any:
        new = x - share * (x * x - a) / (2.0 * x)
        worse = K.sum(K.abs(new * new - a)) > K.sum(K.abs(x * x - a))
        return K.cond(worse, lambda: (x, share * 0.5), lambda: (new, share))

    root, _ = K.while_loop(lambda x, _: K.max(K.abs(x * x - a)) > 1e-3, body, (a, K.ones(())))
    return [a], [root], [a], [np.asarray([2.0, 9.0, 30.0], "float32")]


def _nested() -> Any:
    x = K.placeholder((None, None, 3))

    def step(h: Any, rows: Any) -> Any:
        h, every = K.scan(lambda h, row: (K.tanh(h * 0.5 + row),) * 2, h, rows)
        return h, K.sum(every, axis=0)

    _, every = K.scan(step, K.zeros((3,)), x)
    return [x], [every], [x], [drawn(20, 5, 3)]


STEPS: dict[str, Callable[[], Any]] = {
    "greedy decoder: gather, argmax, 20 steps of 8": _greedy,
    "attention in each step, 20 steps of 8": _attention,
    "CTC's forward pass: gather, logsumexp, 20 steps": _alignments,
    "Kalman filter: products, solve, 20 steps": _kalman,
    "Newton's method with cond": _guarded,
    "scan within scan, 20 by 5 steps": _nested,
}


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
