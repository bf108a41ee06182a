"""Calls that show whether a generated fault is one: a case's own calls in other sizes, layouts, dtypes and values.

They are made from the cases alone, not from the examples that a run tries: what no example reaches is still a fault.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..case import A, Call, Case, parts, replaced
from ..examples import TYPICAL, Example, ranges, value_of
from .seen import parameters_of

__all__ = [
    "Probe",
    "bases",
    "changed",
    "letters",
    "lifted",
    "resized",
    "retyped",
    "scalar_for",
    "with_argument",
]


class Probe(NamedTuple):
    """A call with its arrays, and the case's call that it comes from."""

    target: str
    case: Case
    call: Call  # with NumPy arrays
    source: Call
    dtype: str

    @property
    def values(self) -> list[np.ndarray]:
        """Its arrays in order."""
        return [p for p in parts(self.call) if isinstance(p, np.ndarray)]

    @property
    def example(self) -> Example:
        """The call as an example."""
        return Example(self.case, self.call, self.values, self.dtype)


def _rng(probe: Any, *numbers: int) -> np.random.Generator:
    return np.random.default_rng([zlib.crc32(probe.encode()), *numbers])


def _filled(target: str, case: Case, call: Call, dtype: str, sizes: dict[str, int]) -> Probe:
    rng = _rng(target, 11)
    return Probe(target, case, replaced(call, lambda part: value_of(part, dtype, sizes, rng, False)), call, dtype)


def _typical(call: Call) -> dict[str, int]:
    return {
        letter: int(np.clip(TYPICAL[i % len(TYPICAL)], max(low, 1), max(high, 1)))
        for i, (letter, (low, high)) in enumerate(ranges(call).items())
    }


def bases(target: str, case: Case) -> list[Probe]:
    """Each call of a case once, in float32 where it may be."""
    dtype = "float32" if "float32" in case.dtypes else case.dtypes[-1]
    return [_filled(target, case, call, dtype, _typical(call)) for call in case.calls]


def letters(probe: Probe) -> list[str]:
    """The letters that stand for sizes in the case's call."""
    return list(ranges(probe.source))


def resized(probe: Probe, sizes: dict[str, int]) -> Probe:
    """The call with other sizes for letters."""
    return _filled(probe.target, probe.case, probe.source, probe.dtype, {**_typical(probe.source), **sizes})


def changed(probe: Probe, change: Callable[[int, np.ndarray], np.ndarray]) -> Probe:
    """The call with each array replaced by what `change` makes of its position and value."""
    counter = iter(range(1000))
    return probe._replace(call=replaced(probe.call, lambda x: change(next(counter), x)))


def lifted(probe: Probe, shape: Callable[[tuple[int, ...]], tuple[int, ...]], first_only: bool) -> Probe:
    """The call with arrays of other shapes, filled with elements of the same arrays in another order."""
    rng = _rng(probe.target, 12)

    def change(i: int, x: np.ndarray) -> np.ndarray:
        if (first_only and i) or not x.size:
            return x
        new = shape(x.shape)
        return np.resize(rng.permutation(x.reshape(-1)), new).astype(x.dtype)

    return changed(probe, change)


def retyped(probe: Probe, dtype: str, positions: Callable[[int], bool] = lambda i: True) -> Probe:
    """The call with its numbers in another dtype: those arrays that have the dtype of the first one."""
    values = probe.values
    if not values:
        return probe
    rng = _rng(probe.target, 13)
    own = values[0].dtype
    ranges = [p if isinstance(p, A) else A() for p in parts(probe.source)]

    def change(i: int, x: np.ndarray) -> np.ndarray:
        if x.dtype != own or not positions(i):
            return x
        part = ranges[i] if i < len(ranges) else A()
        low, high = float(part.low), float(part.high)
        if np.dtype(dtype).kind in "iub" and int(high) <= int(low) + 1:
            low, high = (low if low > 0 else -3.0), high + 3.0
        if np.dtype(dtype).kind == "u":
            low, high = max(low, 0.0), max(high, 3.0)
        made = A(*x.shape, dtype=dtype, low=low, high=high, distinct=False)
        return value_of(made, dtype, {}, rng, False)

    return changed(probe, change)._replace(dtype=dtype if dtype.startswith("float") else probe.dtype)


def scalar_for(probe: Probe, position: int) -> Probe | None:
    """The call with a Python number in place of one of its two arrays."""
    if len(probe.values) < 2 or position >= len(probe.call.args) or len(probe.call.args) < 2:
        return None
    x = probe.call.args[position]
    if not isinstance(x, np.ndarray):
        return None
    number = {"b": True, "f": 1.5, "c": 1.5 + 0.5j}.get(x.dtype.kind, 2)
    args = list(probe.call.args)
    args[position] = number
    return probe._replace(call=Call(tuple(args), probe.call.kwargs))


def with_argument(probe: Probe, name: str, value: Any) -> Probe | None:
    """The call with another value for one parameter; None where it cannot be given."""
    known = parameters_of(probe.target)
    positional = [p.name for p in known if p.positional]
    args = list(probe.call.args)
    if name in positional and positional.index(name) < len(args):
        args[positional.index(name)] = value
        return probe._replace(call=Call(tuple(args), probe.call.kwargs))
    if any(p.name == name and p.keyword for p in known):
        return probe._replace(call=Call(probe.call.args, {**probe.call.kwargs, name: value}))
    if name in positional and positional.index(name) == len(args):
        return probe._replace(call=Call((*args, value), probe.call.kwargs))
    return None


def each(found: Iterator[Probe | None]) -> Iterator[Probe]:
    """Those that could be made."""
    return (probe for probe in found if probe is not None)
