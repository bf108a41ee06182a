"""Elementwise chains written into memory that is there, by the ufuncs' `out`: no new arrays, and half the cache.

What a chain's body calls is written down once, on a few numbers; then each call gets a place for its result: the memory
of an operand that dies of it, where it can, and in the end the result's own. The ufuncs, their order and so the bits
are those of the body.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["chain"]

Write = Callable[[Sequence[np.ndarray], Sequence[np.ndarray]], None]


class Plan:
    """Calls (function, operands, place) on a list of values: the arguments, the results, scratch, then constants."""

    def __init__(
        self,
        arguments: int,
        results: list[np.dtype],
        scratch: list[np.dtype],
        constants: list[Any],
        calls: list[tuple[Callable[..., Any], tuple[int, ...], int]],
    ) -> None:
        self.results, self.scratch = results, scratch
        free = arguments + len(results) + len(scratch)
        scope = {f"v{free + i}": value for i, value in enumerate(constants)}
        scope |= {f"f{i}": function for i, (function, _, _) in enumerate(calls)}
        lines = (
            f"    f{i}({', '.join(f'v{n}' for n in operands)}, out=v{place})"
            for i, (_, operands, place) in enumerate(calls)
        )
        # straight lines of Python, as all that K compiles: what runs between two calls keeps other threads waiting
        exec("\n".join([f"def run({', '.join(f'v{n}' for n in range(free))}):", *lines]), scope)
        self._run = scope["run"]

    def writer(self) -> Write:
        """What runs the calls on one block after the other: write(arguments, results)."""
        held: list[np.ndarray] = []
        run = self._run

        def write(arguments: Sequence[np.ndarray], results: Sequence[np.ndarray]) -> None:
            shape = results[0].shape
            if self.scratch and (not held or held[0].shape != shape):
                held[:] = [np.empty(shape, dtype) for dtype in self.scratch]
            run(*arguments, *results, *held)

        return write


class _Unplanned(Exception):
    """Something that is no call of a ufunc, element by element."""


class _Log(NamedTuple):
    """The calls so far: (function, operands, dtype of the result); an operand is a number or a constant in a list."""

    calls: list[tuple[Callable[..., Any], list[Any], np.dtype]]
    arguments: int


class _Traced(np.ndarray):
    """A few numbers that write down which ufuncs are called on them; `number` says which argument or result it is."""

    log: _Log
    number: int | None

    def __array_finalize__(self, source: Any) -> None:
        self.number = None  # of views: what they show is not followed

    def __array_function__(self, *args: Any) -> Any:
        raise _Unplanned

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **how: Any) -> Any:
        if method != "__call__" or how or ufunc.nout != 1 or ufunc.signature is not None:
            raise _Unplanned
        result = ufunc(*(x.view(np.ndarray) if isinstance(x, _Traced) else x for x in inputs))
        if out is None:
            return self._followed(ufunc, inputs, result)
        target = out[0]
        if type(target) is not _Traced or target.dtype != result.dtype or target.shape != result.shape:
            raise _Unplanned
        target.number = self._followed(ufunc, inputs, result).number
        target.view(np.ndarray)[...] = result
        return target

    def astype(self, dtype: Any, *args: Any, **how: Any) -> Any:
        """A cast is a call, too."""
        return self._followed(_cast, (self,), self.view(np.ndarray).astype(dtype))

    def _followed(self, function: Callable[..., Any], inputs: Sequence[Any], result: Any) -> _Traced:
        if any(x.number is None if isinstance(x, _Traced) else np.size(x) > 1 for x in inputs):
            raise _Unplanned
        log = next(x.log for x in inputs if isinstance(x, _Traced))
        log.calls.append((function, [x.number if isinstance(x, _Traced) else [x] for x in inputs], result.dtype))
        return _traced(result, log, log.arguments + len(log.calls) - 1)


def _traced(x: Any, log: _Log, number: int) -> _Traced:
    found: _Traced = np.asarray(x).view(_Traced)
    found.log, found.number = log, number
    return found


def _cast(x: np.ndarray, out: np.ndarray) -> None:
    np.copyto(out, x, casting="unsafe")


_PLANS: weakref.WeakKeyDictionary[Any, dict[Any, Plan | None]] = weakref.WeakKeyDictionary()


def chain(body: Any, arguments: Sequence[np.ndarray], shape: tuple[int, ...]) -> Plan | None:
    """How to work out body(*arguments), arrays of that shape, in their own memory; None for more than ufuncs."""
    plans = _PLANS.setdefault(body, {})
    key = tuple((x.dtype, x.ndim, x.shape == shape) for x in arguments)
    if key not in plans:
        plans[key] = _planned(body, arguments, [x.shape == shape for x in arguments])
    return plans[key]


def _planned(body: Any, arguments: Sequence[np.ndarray], whole: list[bool]) -> Plan | None:
    rng = np.random.default_rng(0)
    drawn, again = (
        [np.asarray(rng.uniform(0.1, 2.0, (1,) * x.ndim)).astype(x.dtype) for x in arguments] for _ in range(2)
    )
    log = _Log([], len(arguments))
    try:
        with np.errstate(all="ignore"):
            found = body(*(_traced(x, log, number) for number, x in enumerate(drawn)))
            numbers = [x.number if isinstance(x, _Traced) else None for x in found]
            plan = _placed(log, [n for n in numbers if n is not None], whole, len(found))
            expected = body(*again)
            results = [np.empty_like(x) for x in expected]
            plan.writer()(again, results)
    except Exception:  # whatever a body makes of what is not quite an array: without a plan it is simply called
        return None
    same = all(
        a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True) for a, b in zip(expected, results, strict=True)
    )
    return plan if same else None


def _placed(log: _Log, results: list[int], whole: list[bool], count: int) -> Plan:
    """A place for the result of each call: the registers of what is dead, one list for each dtype."""
    first = log.arguments
    if len(set(results)) != count or min(results) < first:
        raise _Unplanned
    last = {n: i for i, (_, operands, _) in enumerate(log.calls) for n in operands if isinstance(n, int)}
    last.update((n, len(log.calls)) for n in results)
    large, registers = list(whole), []
    register: dict[int, int] = {}  # of each result
    free: dict[np.dtype, list[int]] = {}
    for i, (_, operands, dtype) in enumerate(log.calls):
        given = [n for n in operands if isinstance(n, int)]
        if not any(large[n] for n in given):
            raise _Unplanned  # a call on what is repeated along an axis, which `out` would make large
        large.append(True)
        for n in dict.fromkeys(given):
            if n >= first and last[n] == i:
                free.setdefault(log.calls[n - first][2], []).append(register[n])
        spare = free.get(dtype)
        if not spare:
            registers.append(dtype)
        register[first + i] = spare.pop() if spare else len(registers) - 1
        if first + i not in last:
            free.setdefault(dtype, []).append(register[first + i])
    own = [register[n] for n in results]
    order = own + [r for r in range(len(registers)) if r not in own]  # a result's register is its own memory
    place = {r: first + position for position, r in enumerate(order)}
    constants: list[Any] = []
    calls = []
    for i, (function, operands, _) in enumerate(log.calls):
        where = []
        for n in operands:
            if isinstance(n, list):
                constants += n
            where.append(
                first + len(order) + len(constants) - 1
                if isinstance(n, list)
                else n
                if n < first
                else place[register[n]]
            )
        calls.append((function, tuple(where), place[register[first + i]]))
    return Plan(first, [registers[r] for r in own], [registers[r] for r in order[len(own) :]], constants, calls)
