"""The peak memory of a training step, compared with PyTorch by hand, each side in a new process."""

from __future__ import annotations

import dataclasses
import functools
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from . import nets
from .comparison import Row, Target, tabled
from .peers import absence, peer
from .worker import Worker

__all__ = ["measured", "report", "table"]

QUESTION = "Peak memory of training steps"
BY_HAND = "torch by hand"
AGAIN = ", K.checkpoint"  # what the name of a side ends with whose backward pass computes activations again
RUNS = 5  # new processes per side: they differ by a third, because the allocator places arrays differently
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
NOTE = (
    "Medians of several new processes, the least and greatest in brackets; --quick runs one, which decides "
    "nothing. The figure is the largest resident set during three steps minus that before the net was made: "
    "weights, gradients and graph included. A small net of the same kind ran before, so libraries are loaded. "
    "Activations of the deep net fill 16 times the memory of its weights; with K.checkpoint it is cut into parts of "
    "about the square root of its depth."
)


def deep(depth: int) -> nets.Net:
    """A dense net whose activations need far more memory than its weights."""
    return nets.Net(f"{depth} dense layers", "dense", 1024, (64,), (*(64,) * (depth - 1), 10))


def small(net: nets.Net) -> nets.Net:
    """A small net of the same kind, which loads the libraries."""
    return dataclasses.replace(net.of(2), widths=net.widths[-3:] if net.kind == "dense" else net.widths)


def _resident(which: str) -> float:
    """A figure of the process in megabytes: VmRSS now, VmHWM at its peak."""
    return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith(which)) / 1e3


def peak(side: str, net: nets.Net) -> Callable[[], float]:
    """The measurement of a side, in a process that does nothing else."""

    def run() -> float:
        make = maker(side)
        make(small(net))()
        before = _resident("VmRSS")
        RESET.write_text("5")  # resets VmHWM
        step = make(net)
        for _ in range(3):
            step()
        return _resident("VmHWM") - before

    return run


def maker(side: str) -> Callable[[nets.Net], Callable[[], float]]:
    """The function that makes a side's training step."""
    if side == BY_HAND:
        from .sides import torch as by_hand

        peer("torch")
        return by_hand.step
    from .sides import ours

    library = side.removesuffix(AGAIN).removeprefix("K [").removesuffix("]")
    peer(library)
    return lambda net: ours.step(net, library, recomputed=side.endswith(AGAIN))


def measured(quick: bool, which: Sequence[nets.Net] = ()) -> list[Row]:
    """A row for each net and side."""
    which = which or (deep(100 if quick else 1000), *(net.of(128) for net in nets.NETS))
    rows, linux = [], STATUS.exists() and RESET.exists()
    for net in which:
        found: dict[str, tuple[list[float], tuple[Target, ...], str | None]] = {}
        again = [f"K [{library}]{AGAIN}" for library in ("numpy", "torch") if net.name.endswith("dense layers")]
        for side in ("K [numpy]", "K [torch]", *again, BY_HAND):
            library = "numpy" if "numpy" in side else "torch"
            why = absence(library) if linux else "peak memory is read from /proc, which is Linux's"
            targets = () if side == BY_HAND else (Target(BY_HAND, 1.0),)
            found[side] = [], targets, why
        for _ in range(1 if quick else RUNS):
            for side, (peaks, _, why) in found.items():
                if not why:
                    worker = Worker(functools.partial(peak, side, net))
                    peaks.append(float(worker()))
                    worker.close()
        rows += [
            Row(
                QUESTION,
                net.label,
                side,
                statistics.median(peaks) if peaks else None,
                "MB",
                targets,
                why,
                (min(peaks), max(peaks)) if len(peaks) > 1 else None,
            )
            for side, (peaks, targets, why) in found.items()
        ]
    return rows


def report(rows: Sequence[Row]) -> str:
    """The memory of a step on each side, and the targets."""
    return tabled(rows, NOTE)


def table(quick: bool) -> str:
    """Measure, and report the results."""
    return report(measured(quick))
