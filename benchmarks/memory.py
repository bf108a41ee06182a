"""The memory of a training step, compared with PyTorch by hand, each side in a new process."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gc
import statistics
import sys
import tracemalloc
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from . import nets
from .comparison import Row, Target, tabled
from .peers import absence, peer
from .worker import Worker

__all__ = ["measured", "report", "table"]

QUESTION = "Most bytes alive in a training step"
RESIDENT = "Peak resident set of training steps"
BY_HAND = "torch by hand"
AGAIN = ", K.checkpoint"  # what the name of a side ends with whose backward pass computes activations again
RUNS = 3  # new processes per side for the resident set
STEPS = 3
PROGRAM = "<function>"  # the file of a program of K's
NEAR = 2**16  # more bytes than Python's objects take during a step
MARK = "steps"  # in the profile: what is measured
NUMPY = np.lib.tracemalloc_domain  # in which NumPy tells tracemalloc of the memory of its arrays
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
NOTE = (
    "Bytes alive decide: the arrays of NumPy, which tracemalloc counts, and all that PyTorch's allocator gives "
    "out, which its profiler lists, at most at a time during a step. They are those made from before the net on, "
    "its batch and weights included, and the same in every run. The graph, in Python objects, is not in them; up "
    "to 2 KB of objects made within one line of the program are, on NumPy. The resident set is the largest during "
    "three steps minus that before the net was made, with graph and source: medians of several new processes, the "
    "least and greatest in brackets. Processes of one program differ by up to a half, because the allocator "
    "places arrays differently. A small net of the same kind ran before, which loads libraries. Activations of "
    "the deep net fill 16 times the memory of its weights; with K.checkpoint it is cut into parts of about the "
    "square root of its depth."
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


def resident(side: str, net: nets.Net) -> Callable[[], float]:
    """The measurement of a side's resident set, in a process that does nothing else."""

    def run() -> float:
        make = maker(side)
        make(small(net))()
        before = _resident("VmRSS")
        RESET.write_text("5")  # resets VmHWM
        step = make(net)
        for _ in range(STEPS):
            step()
        return _resident("VmHWM") - before

    return run


def alive(side: str, net: nets.Net) -> Callable[[], float]:
    """The measurement of the bytes of a side's arrays, in a process that does nothing else."""

    def run() -> float:
        make = maker(side)
        make(small(net))()
        gc.collect()
        tracemalloc.start()
        with _torch_bytes() if "torch" in side else contextlib.nullcontext([0]) as torch_bytes:
            step = make(net)
            step()
            gc.collect()
            if "torch" not in side:
                return _most(step) / 1e6
            kept = _of_numpy()
            with _marked():
                for _ in range(STEPS):
                    step()
        return (kept + torch_bytes[0]) / 1e6

    return run


def _of_numpy() -> int:
    """The bytes of NumPy's arrays that are alive."""
    arrays = tracemalloc.take_snapshot().filter_traces([tracemalloc.DomainFilter(True, NUMPY)])
    return sum(trace.size for trace in arrays.traces)


def _most(step: Callable[[], Any]) -> int:
    """The most bytes of NumPy's arrays during a step.

    tracemalloc knows the most bytes of arrays and Python's objects together. So the objects at the beginning of a line
    of the program are taken off what was most during the line, for the lines that come near the most of all.
    """
    most = _by_line(step)
    least = max(most.values()) - NEAR
    near = {line for line, found in most.items() if found > least}
    return max(found for line, found in _by_line(step, near).items() if line in near)


def _by_line(step: Callable[[], Any], exact: Container[int] = ()) -> dict[int, int]:
    """The most bytes by line of the compiled program, numbered as they run; without Python's objects where `exact`."""
    found, objects = {}, [0]

    def begin() -> None:
        tracemalloc.reset_peak()
        objects[:] = [tracemalloc.get_traced_memory()[0] - _of_numpy()] if len(found) in exact else [0]

    def end() -> None:
        found[len(found)] = tracemalloc.get_traced_memory()[1] - objects[0]

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != PROGRAM:
            return None
        end()
        begin()
        return trace

    begin()
    sys.settrace(trace)
    try:
        step()
    finally:
        sys.settrace(None)
    end()
    return found


def _marked() -> Any:
    from torch.autograd.profiler import record_function

    return record_function(MARK)


@contextlib.contextmanager
def _torch_bytes() -> Iterator[list[int]]:
    """The most bytes of PyTorch's allocator that were alive at a time within the mark, as the list's item afterwards.

    What was allocated before the `with` block counts as none.
    """
    from torch.autograd.profiler import profile

    found = [0]
    with profile(profile_memory=True) as profiler:
        yield found
    now, end = 0, -1
    for event in sorted(profiler.kineto_results.events(), key=lambda event: event.start_ns()):
        if event.name() == MARK:
            found[0], end = now, event.end_ns()
        elif event.name() == "[memory]":
            now += event.nbytes()
            if event.start_ns() <= end:
                found[0] = max(found[0], now)


def maker(side: str) -> Callable[[nets.Net], Callable[[], float]]:
    """The function that makes a side's training step."""
    if side == BY_HAND:
        from .sides import torch as by_hand

        peer("torch")
        return by_hand.step
    from .sides import ours

    library = side.removesuffix(AGAIN).removeprefix("K [").removesuffix("]")
    peer(library)
    return lambda net: ours.step(net, library, recomputed=side.endswith(AGAIN), sparse=True)


def measured(quick: bool, which: Sequence[nets.Net] = ()) -> list[Row]:
    """A row for each net and side of the bytes that are alive, then one of its resident set."""
    which = which or (deep(100 if quick else 1000), *(net.of(128) for net in nets.NETS))
    rows: list[Row] = []
    linux = STATUS.exists() and RESET.exists()
    for net in which:
        again = [f"K [{library}]{AGAIN}" for library in ("numpy", "torch") if net.name.endswith("dense layers")]
        sides = ("K [numpy]", "K [torch]", *again, BY_HAND)
        absent = {side: absence("numpy" if "numpy" in side else "torch") for side in sides}
        for side in sides:
            found = [] if absent[side] else _asked(alive, side, net, 1)
            rows.append(
                _row(QUESTION, net, side, found, () if side == BY_HAND else (Target(BY_HAND, 1.0),), absent[side])
            )
        for side in sides:
            why = absent[side] if linux else "the resident set is read from /proc, which is Linux's"
            found = [] if why else _asked(resident, side, net, 1 if quick else RUNS)
            rows.append(_row(RESIDENT, net, side, found, (), why))
    return rows


def _asked(measurement: Callable[..., Any], side: str, net: nets.Net, times: int) -> list[float]:
    """What a measurement gives, in new processes."""
    found = []
    for _ in range(times):
        worker = Worker(functools.partial(measurement, side, net))
        found.append(float(worker()))
        worker.close()
    return found


def _row(
    question: str, net: nets.Net, side: str, found: list[float], targets: tuple[Target, ...], absent: str | None
) -> Row:
    cost = statistics.median(found) if found else None
    spread = (min(found), max(found)) if len(found) > 1 else None
    return Row(question, net.label, side, cost, "MB", targets, absent, spread)


def report(rows: Sequence[Row]) -> str:
    """The memory of a step on each side, and the targets."""
    return tabled(rows, NOTE)


def table(quick: bool) -> str:
    """Measure, and report the results."""
    return report(measured(quick))
