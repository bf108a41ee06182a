"""The cost of a training step of four nets written in K, compared with PyTorch by hand and other libraries."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from . import nets
from .comparison import PROCESSES, Row, Side, Target, compared, limit_row, tabled
from .peers import peer
from .roofline import matmul_rate
from .sides import ours

__all__ = ["measured", "report", "table"]

QUESTION = "A training step"
BY_HAND, KERAS = "torch by hand", "keras 3 [torch]"
TARGETS = {"dense": 1.2, "convolution": 1.8, "recurrent": 2.0, "normalized": 2.0}  # NumPy, times torch by hand
JIT_TARGETS = {"dense": 1.0, "convolution": 1.3, "recurrent": 1.0, "normalized": 1.0}  # compiled by numba
NOTE = (
    f"{PROCESSES} processes per side, the fastest and slowest in brackets. All sides start from the same weights "
    "and must have the same first five losses. roofline: the operations of the products at the rate of a "
    "1024x1024 matrix product. jit: numba compiles the function, or torch.compile. torch.compile: the net with its "
    "loss, and the optimizer's step. "
    "tf.function: with jit_compile=True, by hand. rnn: K.rnn with the step of Keras's LSTM "
    "cell instead of K.lstm."
)


def _side(module: str, net: nets.Net, **how: Any) -> Any:
    peer(module)
    return importlib.import_module(f"benchmarks.sides.{module}").step(net, **how)


def sides(net: nets.Net) -> Iterator[Side]:
    """The sides."""
    on_numpy = (Target(BY_HAND, TARGETS[net.kind]), Target("autograd", 1.0), Target("pytensor", 1.0))
    on_torch = (Target(BY_HAND, 1.1), Target(KERAS, 1 / 1.5))
    for library, targets in (("numpy", on_numpy), ("torch", on_torch)):
        yield Side(f"K [{library}]", library, functools.partial(_ours, net, library, False), targets)
        if net.kind == "recurrent":
            yield Side(f"K [{library}], rnn", library, functools.partial(_ours, net, library, True))
    targets = (Target(BY_HAND, JIT_TARGETS[net.kind]),)
    yield Side("K [numpy], jit", "numba", functools.partial(_ours, net, "numpy", False, True), targets)
    yield Side(BY_HAND, "torch", functools.partial(_side, "torch", net))
    jitted = functools.partial(_ours, net, "torch", False, True)
    yield Side("K [torch], jit", "torch.compile", jitted, (Target("torch.compile", 1.05),))
    yield Side("torch.compile", "torch.compile", functools.partial(_side, "torch", net, compiled=True))
    for library in ("autograd", "pytensor", "jax"):
        yield Side("jax.jit" if library == "jax" else library, library, functools.partial(_side, library, net))
    if net.kind in ("dense", "convolution"):
        ours_jitted = functools.partial(_ours, net, "tensorflow", False, True)
        yield Side("K [tensorflow], jit", "tensorflow", ours_jitted, (Target("tf.function", 1.3),))
        yield Side("tf.function", "tensorflow", functools.partial(_side, "tensorflow", net))
    yield Side(KERAS, "keras", functools.partial(_side, "keras", net), environment={"KERAS_BACKEND": "torch"})


def _ours(net: nets.Net, library: str, stepwise: bool, jit: bool = False) -> Any:
    peer(library)
    return ours.step(net, library, stepwise, jit=jit)


def same_losses(made: Mapping[str, Any]) -> None:
    """Raise if the first five losses of a side differ from the others."""
    found = {name: [call() for _ in range(5)] for name, call in made.items()}
    expected = found.get(BY_HAND) or next(iter(found.values()))
    for name, losses in found.items():
        if not np.allclose(losses, expected, rtol=2e-4):
            raise AssertionError(f"{name}: the first losses are {losses}, those of {BY_HAND} {expected}")


def measured(quick: bool, which: Sequence[nets.Net] = nets.NETS) -> list[Row]:
    """A row for each net and side."""
    rows = []
    for net in which:
        rows += compared(
            QUESTION,
            net.label,
            sides(net),
            rounds=3 if quick else 11,
            seconds=0.05 if quick else 0.1,
            apart=not quick,
            check=same_losses,
        )
        rows.append(limit_row(QUESTION, net.label, nets.flops(net) / matmul_rate()))
    return rows


def report(rows: Sequence[Row]) -> str:
    """The cost of a step on each side, and the targets."""
    return tabled(rows, NOTE)


def table(quick: bool) -> str:
    """Measure, and report the results."""
    return report(measured(quick))
