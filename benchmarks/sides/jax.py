"""The nets in jax.jit by hand: lax's convolution and scan, the whole step compiled as one."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..nets import RATE, Net, batch, logits, weights

__all__ = ["convolution", "pooling", "predict", "step"]


def dense(x: Any, kernel: Any, bias: Any) -> Any:
    return x @ kernel + bias


relu = jax.nn.relu


def conv(x: Any, kernel: Any, bias: Any, padding: str) -> Any:
    y = lax.conv_general_dilated(x, kernel, (1, 1), padding.upper(), dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return y if bias is None else y + bias


def pool(x: Any) -> Any:
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def flat(x: Any) -> Any:
    return jnp.reshape(x, (x.shape[0], -1))


def normalized(x: Any, gamma: Any, beta: Any) -> Any:
    centred = x - jnp.mean(x, axis=(0, 1, 2))
    variance = jnp.mean(centred * centred, axis=(0, 1, 2))
    return centred * (gamma / jnp.sqrt(variance + 1e-3)) + beta


def at_rest(x: Any, gamma: Any, beta: Any) -> Any:
    """Batch normalization by moving averages that no step has updated: 0 and 1."""
    return x * (gamma / jnp.sqrt(1 + 1e-3)) + beta


def lstm(x: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
    def cell(carry: Any, gates: Any) -> Any:
        h, c = carry
        i, f, new, o = jnp.split(gates + h @ recurrent, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(new)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    start = jnp.zeros((x.shape[0], recurrent.shape[0]), x.dtype)
    return lax.scan(cell, (start, start), jnp.swapaxes(x @ kernel + bias, 0, 1))[0][0]


def step(net: Net) -> Callable[[], float]:
    """A function that trains the net on its batch once and returns the loss."""
    ops, (x, labels) = sys.modules[__name__], map(jnp.asarray, batch(net))
    w = {name: jnp.asarray(value) for name, value in weights(net).items()}

    def loss(w: Any, x: Any, labels: Any) -> Any:
        scores = jax.nn.log_softmax(logits(net, ops, w, x))
        return -jnp.mean(jnp.take_along_axis(scores, labels[:, None], axis=-1))

    @functools.partial(jax.jit, donate_argnums=0)
    def trained(w: Any, x: Any, labels: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(w, x, labels)
        return value, jax.tree.map(lambda p, g: p - RATE * g, w, slopes)

    def run() -> float:
        nonlocal w
        value, w = trained(w, x, labels)
        return float(value)

    return run


def predict(net: Net) -> Callable[[], Any]:
    """A function that computes the probabilities of the net's batch."""
    ops, x = types.SimpleNamespace(**{**globals(), "normalized": at_rest}), jnp.asarray(batch(net)[0])
    w = {name: jnp.asarray(value) for name, value in weights(net).items()}
    probabilities = jax.jit(lambda w, x: jax.nn.softmax(logits(net, ops, w, x)))
    return lambda: jax.block_until_ready(probabilities(w, x))


def convolution(case: Any, x: Any, kernel: Any, g: Any) -> dict[str, Callable[[], Any]]:
    """The passes of a layer of `benchmarks.convolution`, each one compiled function."""
    groups = case.x[-1] if case.depthwise else 1
    kernel = kernel.reshape(*kernel.shape[:2], 1, -1) if case.depthwise else kernel

    def forward(x: Any, kernel: Any) -> Any:
        return lax.conv_general_dilated(
            x,
            kernel,
            (case.stride,) * 2,
            case.padding.upper(),
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=groups,
        )

    return _passes(forward, (x, kernel), g, ("input gradient", "kernel gradient"))


def pooling(case: Any, x: Any, g: Any) -> dict[str, Callable[[], Any]]:
    """The passes of a layer of `benchmarks.pooling`, each one compiled function."""
    where = (1, case.window, case.window, 1), (1, case.stride, case.stride, 1), case.padding.upper()

    def largest(x: Any) -> Any:
        return lax.reduce_window(x, -jnp.inf, lax.max, *where)

    def average(x: Any) -> Any:
        return lax.reduce_window(x, 0.0, lax.add, *where) / lax.reduce_window(jnp.ones_like(x), 0.0, lax.add, *where)

    return _passes(largest if case.mode == "max" else average, (x,), g, ("gradient",))


def _passes(forward: Any, arrays: tuple[Any, ...], g: Any, gradients: tuple[str, ...]) -> dict[str, Callable[[], Any]]:
    """The result, the gradient of each argument, and all of them together."""
    arrays, g = tuple(map(jnp.asarray, arrays)), jnp.asarray(g)

    def back(number: int, *arrays: Any) -> Any:
        return jax.vjp(forward, *arrays)[1](g)[number]

    def both(*arrays: Any) -> Any:
        y, pull = jax.vjp(forward, *arrays)
        return y, pull(g)

    calls = {"forward": jax.jit(forward), "training": jax.jit(both)}
    calls |= {name: jax.jit(functools.partial(back, number)) for number, name in enumerate(gradients)}
    return {name: functools.partial(call, *arrays) for name, call in calls.items()}
