"""Times on the device: training steps, elementwise chains, convolution and pooling, beside torch by hand and JAX."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import nets
from ..peers import absence
from ..sides import chains
from ..timing import interleaved
from . import devices
from .devices import Row, library_of, settled

__all__ = ["chain_times", "convolution_times", "memory", "pooling_times", "step_times"]

BY_HAND, JAX = "torch by hand", "jax.jit"
LARGER = 16  # times the batches and arrays that a CPU gets
Sides = dict[str, Callable[[], Any]]


class Place:
    """Where a run measures: K's backends, and the device of the other sides."""

    def __init__(self, backends: list[str], seconds: float) -> None:
        self.backends = backends
        self.until = time.perf_counter() + seconds
        self.by_hand = absence("torch") is None
        self.device = devices.torch_device(backends) if self.by_hand else "cpu"
        self.jax = devices.jax_beside(self.device) is None
        if self.device != "cpu":
            import torch

            torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False  # as K's kernels

    @property
    def larger(self) -> int:
        """The factor of sizes: a GPU is not busy with what suits a CPU."""
        return LARGER if self.device != "cpu" else 1

    def measured(self, table: str, case: str, sides: Sides) -> Row:
        """A row of milliseconds a side; a side that fails says why."""
        row: Row = {"table": f"{table}, milliseconds", "case": case}
        made = {}
        for name, call in sides.items():
            try:
                call()
                made[name] = call
            except Exception as error:  # noqa: BLE001 - whatever a driver raises, the other sides have their row
                row[name] = f"{type(error).__name__}: {str(error)[:120]}"
        seconds = 0.2 if self.device != "cpu" else 0.02
        costs = interleaved(made, rounds=5 if self.device != "cpu" else 3, seconds=seconds) if made else {}
        return row | {name: cost * 1e-3 for name, cost in costs.items()}

    @property
    def late(self) -> bool:
        """Whether the time is over."""
        return time.perf_counter() > self.until


def step_times(backends: list[str], seconds: float) -> Iterator[Row]:
    """A row per net: a training step on every side; each returns its loss as a number."""
    from ..sides import ours

    place = Place(backends, seconds)
    for net in (net.of(place.larger * net.batch) for net in nets.NETS):
        if place.late:
            return
        sides: Sides = {f"K [{name}]": ours.step(net, name) for name in backends}
        if place.by_hand:
            from ..sides import torch as by_hand

            sides[BY_HAND] = by_hand.step(net, place.device)
        if place.jax:
            from ..sides import jax as jitted

            sides[JAX] = jitted.step(net)
        yield place.measured("A training step", net.label, sides)


def chain_times(backends: list[str], seconds: float) -> Iterator[Row]:
    """A row per elementwise chain and size."""
    place = Place(backends, seconds)
    for size in (250_000 * place.larger, 1_000_000 * place.larger):
        for chain in chains.CHAINS:
            if place.late:
                return
            data, formula = chains.data(size), chains.formula(chain)
            sides: Sides = {
                f"K [{name}]": settled(library_of(name), place.device, chains.ours(chain, size, name))
                for name in backends
            }
            if place.by_hand:
                import torch

                x = torch.from_numpy(data).to(place.device)
                sides[BY_HAND] = settled("torch", place.device, functools.partial(formula, torch, x))
            if place.jax:
                sides[JAX] = chains.jax(chain, size)
            yield place.measured("An elementwise chain", f"{chain}, {size / 1e6:g} M", sides)


def convolution_times(backends: list[str], seconds: float) -> Iterator[Row]:
    """A row per layer and pass."""
    import backend as K

    from .. import convolution

    def arrays(case: Any) -> list[Any]:
        x, kernel = _drawn(*case.x), _drawn(*case.kernel)
        public = K.depthwise_conv2d if case.depthwise else K.conv2d
        return [x, kernel, _drawn(*_shape(public, x, kernel, (case.stride,) * 2, case.padding))]

    yield from _layers("A convolution", convolution, arrays, Place(backends, seconds))


def pooling_times(backends: list[str], seconds: float) -> Iterator[Row]:
    """A row per layer and pass."""
    import backend as K

    from .. import pooling

    def arrays(case: Any) -> list[Any]:
        x = _drawn(*case.x)
        return [x, _drawn(*_shape(K.pool2d, x, case.window, case.stride, case.padding, pool_mode=case.mode))]

    yield from _layers("Pooling", pooling, arrays, Place(backends, seconds))


def _layers(table: str, module: Any, arrays: Callable[[Any], list[Any]], place: Place) -> Iterator[Row]:
    """The passes of the module's cases: K's own calls, and torch's functions on its own layout."""
    import backend as K

    for case in module.CASES:
        case = case._replace(x=(case.x[0] * max(1, place.larger // 4), *case.x[1:]))
        host = arrays(case)
        calls: dict[str, dict[str, Any]] = {}
        for name in place.backends:
            with K.use_backend(name):
                native = [K.variable(value).array for value in host]
            calls[f"K [{name}]"] = module.ours(case, *native)
        if place.by_hand:
            import torch

            native = [torch.from_numpy(value).to(place.device) for value in host]
            calls[BY_HAND] = module.by_hand(torch, case, *native)
        if place.jax:
            from ..sides import jax as jitted

            calls[JAX] = getattr(jitted, module.__name__.rpartition(".")[2])(case, *host)
        for part in module.PASSES:
            if place.late:
                return
            sides = {}
            for side, own in calls.items():
                library = {BY_HAND: "torch", JAX: "jax"}.get(side) or library_of(side[3:-1])
                sides[side] = settled(library, place.device, own[part])
            yield place.measured(table, f"{case}, {part}", sides)


def _drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def _shape(function: Callable[..., Any], x: np.ndarray, *args: Any, **how: Any) -> tuple[int, ...]:
    """The shape of a result on one sample, with the batch of x."""
    return (x.shape[0], *function(x[:1], *args, **how).shape[1:])


def memory(backends: list[str], seconds: float) -> Iterator[Row]:
    """A row per net and backend: the most device memory that three training steps held, in MiB."""
    from ..sides import ours

    place = Place(backends, seconds)
    for net in (net.of(place.larger * net.batch) for net in nets.NETS):
        row: Row = {"table": "Peak memory of a training step, MiB", "net": net.label}
        for name in backends:
            if place.late:
                return
            row[f"K [{name}]"] = _peak(name, functools.partial(ours.step, net, name))
        if place.by_hand:
            from ..sides import torch as by_hand

            row[BY_HAND] = _peak(f"torch:{place.device}", functools.partial(by_hand.step, net, place.device))
        yield row


def _peak(backend: str, make: Callable[[], Callable[[], Any]]) -> float | str:
    """The most memory held while a step is made and taken three times, beyond what was held before."""
    if library_of(backend) == "cupy":
        import cupy

        pool = cupy.get_default_memory_pool()
        pool.free_all_blocks()
        before = pool.total_bytes()
        _taken(make)
        return (pool.total_bytes() - before) / 2**20  # CuPy's pool gives nothing back by itself
    if library_of(backend) == "torch" and "cuda" in backend:
        import torch

        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        _taken(make)
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    _taken(make)
    return "not counted on a CPU"


def _taken(make: Callable[[], Callable[[], Any]]) -> None:
    step = make()
    for _ in range(3):
        step()
