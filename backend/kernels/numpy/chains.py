"""Elementwise chains written into existing memory by the ufuncs' `out`: no new arrays, and half the cache.

A chain's body runs once on a few numbers, and a log keeps its calls. Each call then gets a place for its result: where
possible the memory of an operand that is no longer used, at the end the memory of the chain's result. The ufuncs and
their order are those of the body, and so are the bits.
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
        # straight-line Python, like all code that K compiles: time between two calls keeps other threads waiting
        exec("\n".join([f"def run({', '.join(f'v{n}' for n in range(free))}):", *lines]), scope)
        self._run = scope["run"]

    def writer(self) -> Write:
        """A function write(arguments, results) that runs the calls; it keeps its scratch memory between blocks."""
        held: list[np.ndarray] = []
        run = self._run

        def write(arguments: Sequence[np.ndarray], results: Sequence[np.ndarray]) -> None:
            shape = results[0].shape
            if self.scratch and (not held or held[0].shape != shape):
                held[:] = [np.empty(shape, dtype) for dtype in self.scratch]
            run(*arguments, *results, *held)

        return write


class _UnplannedError(Exception):
    """The body does something other than calling ufuncs element by element."""


class _Log(NamedTuple):
    """The calls so far: (function, operands, dtype of the result); an operand is a number or a constant in a list."""

    calls: list[tuple[Callable[..., Any], list[Any], np.dtype]]
    arguments: int


class _Traced(np.ndarray):
    """A few numbers that log the ufuncs called on them; `number` identifies the argument or the call's result."""

    log: _Log
    number: int | None

    def __array_finalize__(self, source: Any) -> None:
        self.number = None  # views are not followed

    def __array_function__(self, *args: Any) -> Any:
        raise _UnplannedError

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **how: Any) -> Any:
        if method != "__call__" or how or ufunc.nout != 1 or ufunc.signature is not None:
            raise _UnplannedError
        result = ufunc(*(x.view(np.ndarray) if isinstance(x, _Traced) else x for x in inputs))
        if out is None:
            return self._followed(ufunc, inputs, result)
        target = out[0]
        if type(target) is not _Traced or target.dtype != result.dtype or target.shape != result.shape:
            raise _UnplannedError
        target.number = self._followed(ufunc, inputs, result).number
        target.view(np.ndarray)[...] = result
        return target

    def astype(self, dtype: Any, *args: Any, **how: Any) -> Any:
        """Log the cast as a call."""
        return self._followed(_cast, (self,), self.view(np.ndarray).astype(dtype))

    def _followed(self, function: Callable[..., Any], inputs: Sequence[Any], result: Any) -> _Traced:
        if any(x.number is None if isinstance(x, _Traced) else np.size(x) > 1 for x in inputs):
            raise _UnplannedError
        log = next(x.log for x in inputs if isinstance(x, _Traced))
        log.calls.append((function, [x.number if isinstance(x, _Traced) else [x] for x in inputs], result.dtype))
        return _traced(result, log, log.arguments + len(log.calls) - 1)


def _traced(x: Any, log: _Log, number: int) -> _Traced:
    found: _Traced = np.asarray(x).view(_Traced)
    found.log, found.number = log, number
    return found


def _cast(x: np.ndarray, out: np.ndarray) -> None:
    np.copyto(out, x, casting="unsafe")


# What a body may raise on arrays of this class. Without a plan it is called, and raises whatever is its own fault.
_TRACE_ERRORS = (
    _UnplannedError,
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
)

_PLANS: weakref.WeakKeyDictionary[Any, dict[Any, Plan | None]] = weakref.WeakKeyDictionary()


def chain(body: Any, arguments: Sequence[np.ndarray], shape: tuple[int, ...]) -> Plan | None:
    """The plan that computes body(*arguments), arrays of that shape, in given memory; None where there is none."""
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
    except _TRACE_ERRORS:
        return None
    same = all(
        a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True) for a, b in zip(expected, results, strict=True)
    )
    return plan if same else None


def _placed(log: _Log, results: list[int], whole: list[bool], count: int) -> Plan:
    """The plan of the calls in a log: the register of each call's result becomes an argument of the plan."""
    first = log.arguments
    if len(set(results)) != count or min(results) < first:
        raise _UnplannedError
    _check_shapes(log, whole)
    register, registers = _registers(log, results)
    own = [register[n] for n in results]
    order = own + [r for r in range(len(registers)) if r not in own]  # a result's register is its own memory
    place = {r: first + position for position, r in enumerate(order)}
    constants: list[Any] = []

    def position(operand: Any) -> int:
        if isinstance(operand, list):
            constants.extend(operand)
            return first + len(order) + len(constants) - 1
        return operand if operand < first else place[register[operand]]

    calls = [
        (function, tuple(map(position, operands)), place[register[number]])
        for number, (function, operands, _) in enumerate(log.calls, first)
    ]
    return Plan(first, [registers[r] for r in own], [registers[r] for r in order[len(own) :]], constants, calls)


def _check_shapes(log: _Log, whole: list[bool]) -> None:
    """Refuse a call whose operands are all repeated along an axis: `out` would make its result large."""
    large = list(whole)
    for _, operands, _ in log.calls:
        if not any(large[n] for n in operands if isinstance(n, int)):
            raise _UnplannedError
        large.append(True)


def _registers(log: _Log, results: list[int]) -> tuple[dict[int, int], list[np.dtype]]:
    """The register of each call's result, and the registers' dtypes; a register is free after its last use."""
    first = log.arguments
    last = {n: i for i, (_, operands, _) in enumerate(log.calls) for n in operands if isinstance(n, int)}
    last.update((n, len(log.calls)) for n in results)
    register: dict[int, int] = {}
    registers: list[np.dtype] = []
    free: dict[np.dtype, list[int]] = {}
    for i, (_, operands, dtype) in enumerate(log.calls):
        for n in dict.fromkeys(n for n in operands if isinstance(n, int)):
            if n >= first and last[n] == i:
                free.setdefault(log.calls[n - first][2], []).append(register[n])
        spare = free.get(dtype)
        if not spare:
            registers.append(dtype)
        register[first + i] = spare.pop() if spare else len(registers) - 1
        if first + i not in last:
            free.setdefault(dtype, []).append(register[first + i])
    return register, registers
