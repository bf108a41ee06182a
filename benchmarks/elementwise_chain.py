"""The cost of an elementwise chain compiled by K.function, compared with plain NumPy and compilers made for it."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .comparison import PROCESSES, Row, Side, Target, compared, limit_row, tabled
from .roofline import copying
from .sides import chains

__all__ = ["measured", "report", "table"]

QUESTION, SWEEP = "An elementwise chain of {} float32", "The gelu chain by size"
SIZE = 4_000_000
SIZES = (1_000, 100_000, 1_000_000, 4_000_000, 16_000_000)
NOTE = (
    f"{PROCESSES} processes per side, the fastest and slowest in brackets. numpy out=: in place by hand. "
    "jit: numba compiles the function. "
    "keras 3: keras.ops. roofline: a copy of the same number of elements, which reads and writes each "
    "once; tanh costs more than that on every side."
)


def sides(chain: str, size: int, swept: bool = False) -> Iterator[Side]:
    """The sides; in the sweep, those of NumPy and torch."""

    def side(library: str) -> Any:
        return functools.partial(chains.side, library, chain, size)

    ahead = () if swept else (Target("numpy", 0.5), Target("numexpr", 1.0), Target("torch", 1.0))
    for library, targets in (("numpy", ahead), ("torch", (Target("torch", 1.0),))):
        yield Side(f"K [{library}]", library, functools.partial(chains.ours, chain, size, library), targets)
    compiled = () if swept else (Target("jax.jit", 1.3), Target("torch.compile", 1.3))
    yield Side("K [numpy], jit", "numba", functools.partial(chains.ours, chain, size, "numpy", jit=True), compiled)
    yield Side("numpy", "numpy", side("numpy"))
    yield Side("numpy out=", "numpy", side("numpy_out"))
    yield Side("torch", "torch", side("torch"))
    yield Side("numexpr", "numexpr", side("numexpr"))
    if swept:
        return
    yield Side("jax.jit", "jax", side("jax"))
    jitted = functools.partial(chains.ours, chain, size, "torch", jit=True)
    yield Side("K [torch], jit", "torch.compile", jitted, (Target("torch.compile", 1.05),))
    yield Side("torch.compile", "torch.compile", side("torch_compiled"))
    for library in ("numpy", "torch"):
        yield Side(f"keras 3 [{library}]", "keras", side("keras"), environment={"KERAS_BACKEND": library})


def same(made: Mapping[str, Any]) -> None:
    """Refuse a side that computes something else."""
    expected = made["numpy"]()
    for name, call in made.items():
        found = np.asarray(call())
        if found.dtype != np.float32 or not np.allclose(found, expected, rtol=1e-5, atol=1e-6):
            raise AssertionError(f"{name}: the result is {found.dtype} and not that of NumPy")


def measured(quick: bool, size: int = SIZE, sweep: Sequence[int] = SIZES) -> list[Row]:
    """A row for each chain and side, then one for each size and side."""
    how = {"rounds": 3 if quick else 9, "seconds": 0.02 if quick else 0.05, "apart": not quick}
    rows, question = [], QUESTION.format(f"{size / 1e6:g} M")
    for chain in chains.CHAINS:
        rows += compared(question, chain, sides(chain, size), check=same, **how)
        rows.append(limit_row(question, chain, copying(size)))
    for n in sweep[:-1] if quick else sweep:
        rows += compared(SWEEP, f"{n:,}", sides(chains.CHAINS[0], n, swept=True), check=same, **how)
        rows.append(limit_row(SWEEP, f"{n:,}", copying(n)))
    return rows


def report(rows: Sequence[Row]) -> str:
    """The cost of a chain on each side, and the targets."""
    return tabled(rows, NOTE)


def table(quick: bool) -> str:
    """Measure, and report the results."""
    return report(measured(quick))
