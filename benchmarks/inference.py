"""The cost of inference on one sample, compared with PyTorch, NumPy by hand and other libraries."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from . import nets
from .comparison import PROCESSES, Row, Side, Target, compared, tabled
from .peers import peer
from .sides import ours

__all__ = ["measured", "report", "table"]

QUESTION = "Inference of one sample"
NETS = tuple(net.of(1) for net in nets.NETS)
BY_HAND = "torch eager"
TARGETS = {"dense": 1.0, "recurrent": 2.0}  # NumPy without a compiler, times torch eager
NOTE = (
    f"{PROCESSES} processes per side, the fastest and slowest in brackets. All sides must compute the same "
    "probabilities. numpy: by hand, with one product of the input for all steps and the four gates as one, and "
    "convolutions as one product of all windows. "
    "jit: numba compiles the function, or torch.compile. "
    "rnn: K.rnn with the step of Keras's LSTM cell instead of K.lstm."
)


def _ours(net: nets.Net, library: str, stepwise: bool, jit: bool = False) -> Any:
    peer(library)
    return ours.predict(net, library, stepwise, jit)


def _side(module: str, net: nets.Net, **how: Any) -> Any:
    peer(module)
    return importlib.import_module(f"benchmarks.sides.{module}").predict(net, **how)


def sides(net: nets.Net) -> Iterator[Side]:
    """The sides."""
    on_numpy = (Target(BY_HAND, TARGETS[net.kind]),) if net.kind in TARGETS else ()
    for library, targets in (("numpy", on_numpy), ("torch", (Target(BY_HAND, 1.1),))):
        yield Side(f"K [{library}]", library, functools.partial(_ours, net, library, False), targets)
        if net.kind == "recurrent":
            yield Side(f"K [{library}], rnn", library, functools.partial(_ours, net, library, True))
    yield Side("K [numpy], jit", "numba", functools.partial(_ours, net, "numpy", False, True), (Target(BY_HAND, 1.0),))
    yield Side(BY_HAND, "torch", functools.partial(_side, "torch", net))
    jitted = functools.partial(_ours, net, "torch", False, True)
    yield Side("K [torch], jit", "torch.compile", jitted, (Target("torch.compile", 1.05),))
    yield Side("torch.compile", "torch.compile", functools.partial(_side, "torch", net, compiled=True))
    yield Side("numpy", "numpy", functools.partial(_side, "numpy", net))
    yield Side("jax.jit", "jax", functools.partial(_side, "jax", net))
    for library in ("numpy", "torch"):
        yield Side(
            f"keras 3 [{library}]",
            "keras",
            functools.partial(_side, "keras", net),
            environment={"KERAS_BACKEND": library},
        )


def same(made: Mapping[str, Any]) -> None:
    """Raise if a side computes other probabilities."""
    expected = made["numpy"]()
    for name, call in made.items():
        if not np.allclose(np.asarray(call()), expected, rtol=1e-4, atol=1e-6):
            raise AssertionError(f"{name}: the probabilities are {call()}, NumPy's {expected}")


def measured(quick: bool, which: Sequence[nets.Net] = NETS) -> list[Row]:
    """A row for each net and side."""
    rows = []
    for net in which:
        rows += compared(
            QUESTION,
            net.label,
            sides(net),
            rounds=5 if quick else 21,
            seconds=0.02 if quick else 0.1,
            apart=not quick,
            check=same,
        )
    return rows


def report(rows: Sequence[Row]) -> str:
    """The cost of one prediction on each side, and the targets."""
    return tabled(rows, NOTE)


def table(quick: bool) -> str:
    """Measure, and report the results."""
    return report(measured(quick))
