"""Loops whose whole body numba compiles: scans and while loops become one function each, with no call in between.

A body is compiled for the ways in which its arrays meet, not for their sizes. What a printer has no words for, what
numba refuses, and steps so large that BLAS is faster run as without numba; `refused` says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..description import Body
from .bodies import Laid
from .chains import indented
from .in_memory import ordered, product, solved
from .loop_elements import Sizes
from .loop_source import Printer
from .nests import SCOPE, kernel
from .result_shapes import DeclinedError

__all__ = ["CompiledBody", "loop", "while_loop"]

MOST_PLANS = 64  # shapes of one loop that are remembered
AT_ONCE = 2**14  # iterations of a while loop between which Python sees whether it is interrupted
Arrays = Sequence[Any]
Shapes = tuple[tuple[int, ...], ...]


SCOPE.update(product=product, ordered=ordered, solved=solved)


class _Plan(NamedTuple):
    """What to do for arrays of certain shapes."""

    run: Callable[..., Any]
    outputs: tuple[tuple[tuple[int, ...], Any], ...]  # shapes and dtypes of what a step gives beside the carry
    memory: tuple[tuple[int, Any], ...]
    sizes: tuple[int, ...]
    constants: tuple[Any, ...]


class CompiledBody:
    """The body of a loop as a function of its arrays; `loop` and `while_loop` take its description and compile it."""

    def __init__(self, description: Body | str, body: Callable[..., Any]) -> None:
        self.body = body
        self.description = description
        self.refused = description if isinstance(description, str) else None
        self._declined: str | None = None
        self._faulty = False  # numba has refused what was printed
        self.sources: dict[Any, str] = {}  # by shapes, for who wants to read them
        self._plans: dict[Any, _Plan | None] = {}

    def __call__(self, *arrays: Any) -> Any:
        return self.body(*arrays)

    def plan(self, key: Any, make: Callable[[], tuple[str, _Plan]], prove: Callable[[_Plan], Any]) -> _Plan | None:
        """The plan for arrays of certain shapes and dtypes, compiled; None where the definition runs."""
        if key in self._plans:
            return self._plans[key]
        if len(self._plans) >= MOST_PLANS:
            self._plans.clear()
        plan: _Plan | None = None
        if not self._faulty:
            try:
                text, plan = make()
                prove(plan)
                self.sources[key] = text
            except DeclinedError as error:
                self._declined, plan = str(error), None
            except Exception as error:  # noqa: BLE001 - numba's own, those of LLVM, any fault in what was printed
                lines = str(error).strip().splitlines() or [""]
                self._declined, self._faulty, plan = f"{type(error).__name__}: {lines[0]}", True, None
            self.refused = None if self.sources else self._declined
        self._plans[key] = plan
        return plan


def _usable(arrays: Arrays, dtypes: Sequence[str]) -> bool:
    return all(
        isinstance(a, (np.ndarray, np.generic)) and a.dtype == dtype for a, dtype in zip(arrays, dtypes, strict=True)
    )


def _flat(a: Any) -> np.ndarray:
    """The elements one after another, in an array that numba counts as writable."""
    a = np.asarray(a)
    return (a if a.flags.carray else np.array(a, order="C")).reshape(-1)


def _rows(a: Any) -> np.ndarray:
    return _flat(a).reshape(len(a), -1)


def _of(plan: _Plan) -> list[np.ndarray]:
    return [np.empty(size, dtype) for size, dtype in plan.memory]


def loop(initial: Arrays, sequences: Arrays, captured: Arrays, *, body: Any, length: Any, reverse: bool) -> Any:
    """A scan; `length` counts where there are no sequences."""
    steps = len(sequences[0]) if sequences else int(length)
    described = body.description if isinstance(body, CompiledBody) else ""
    if isinstance(described, str) or not steps:
        return NotImplemented
    given = (*initial, *sequences, *captured)
    if not _usable(given, described.inputs) or any(len(x) != steps for x in sequences):
        return NotImplemented
    count = len(initial)
    carry = [np.array(a, order="C").reshape(-1) for a in initial]
    rows, kept = [_rows(a) for a in sequences], [_flat(a) for a in captured]

    def arguments(plan: _Plan, outputs: Arrays, steps: int) -> tuple[Any, ...]:
        return (*carry, *rows, *kept, *plan.constants, *outputs, *_of(plan), plan.sizes, steps, reverse)

    def prove(plan: _Plan) -> None:
        plan.run(*arguments(plan, [np.empty((1, math.prod(s)), d) for s, d in plan.outputs], 0))

    shapes = (*[a.shape for a in initial], *[a.shape[1:] for a in sequences], *[a.shape for a in captured])
    plan = body.plan((count, len(rows), shapes), lambda: _scan(described, shapes, count, len(sequences)), prove)
    if plan is None:
        return NotImplemented
    outputs = [np.empty((steps, *shape), dtype) for shape, dtype in plan.outputs]
    if plan.run(*arguments(plan, [y.reshape(steps, -1) for y in outputs], steps)) < 0:
        return NotImplemented  # an index out of range, or what else the definition has a message for
    return (*[c.reshape(a.shape) for c, a in zip(carry, initial, strict=True)], *outputs)


def while_loop(
    initial: Arrays, test_captured: Arrays, captured: Arrays, *, condition: Any, body: Any, limit: Any
) -> Any:
    """A loop that ends when its condition fails; its last result counts the iterations."""
    if not all(isinstance(b, CompiledBody) and isinstance(b.description, Body) for b in (condition, body)):
        return NotImplemented
    tested = _usable((*initial, *test_captured), condition.description.inputs)
    if not tested or not _usable((*initial, *captured), body.description.inputs):
        return NotImplemented
    carry = [np.array(a, order="C").reshape(-1) for a in initial]
    kept = [*map(_flat, test_captured), *map(_flat, captured)]
    shapes = tuple([tuple([a.shape for a in part]) for part in (initial, test_captured, captured)])

    def run(plan: _Plan, most: int) -> int:
        count: int = plan.run(*carry, *kept, *plan.constants, *_of(plan), plan.sizes, most)
        return count

    plan = body.plan(shapes, lambda: _repeated(condition.description, body.description, *shapes), lambda p: run(p, 0))
    condition.refused, condition.sources = body.refused, {"": "# within the loop of its body"}
    if plan is None:
        return NotImplemented
    done = 0
    while limit is None or done < limit:
        most = AT_ONCE if limit is None else min(AT_ONCE, limit - done)
        count = run(plan, most)
        if count < 0:
            return NotImplemented  # as above
        done += count
        if count < most:
            break
    return (*[c.reshape(a.shape) for c, a in zip(carry, initial, strict=True)], np.asarray(done, np.int32))


# ---- source


def _names(letter: str, count: int) -> list[str]:
    return [f"{letter}{i}" for i in range(count)]


def _function(parameters: Sequence[str], sizes: Sizes, lines: Sequence[str]) -> str:
    unpacked = [f"{name} = uint64(sizes[{i}])" for i, name in enumerate(sizes.names.values())]
    return "\n".join([f"def loops({', '.join(parameters)}):", *indented([*unpacked, *lines])]) + "\n"


def _plan(text: str, laid: Sequence[Laid], memory: dict[str, tuple[int, str]], sizes: Sizes) -> tuple[str, _Plan]:
    body = laid[-1]
    outputs = tuple((body.shapes[o], np.dtype(body.dtypes[o])) for o in body.outputs[body.carry :])
    constants = tuple(_flat(c) for each in laid for c in each.body.constants)
    needed = tuple((size, np.dtype(dtype)) for size, dtype in memory.values())
    return text, _Plan(kernel(text), outputs, needed, tuple(sizes.names) or (1,), constants)


def _scan(description: Body, shapes: Shapes, carry: int, sequences: int) -> tuple[str, _Plan]:
    """The source of loops(carry, sequences, captured, constants, results, memory, sizes, steps, backwards)."""
    laid, sizes = Laid(description, shapes, carry), Sizes()
    kept = _names("k", laid.first - carry - sequences)
    rows = _names("y", len(laid.outputs) - carry)
    printer = Printer(laid, [*_names("c", carry), *_names("x", sequences), *kept], rows, sizes, "")
    step = ["t = uint64(steps - 1 - step if backwards else step)"]
    step += [f"{name} = {name}s[t]" for name in (*_names("x", sequences), *rows)]
    step += [*printer.lines(), *printer.afterwards()]
    memory = printer.memory
    parameters = [*_names("c", carry), *(f"x{i}s" for i in range(sequences)), *kept, *(f"{y}s" for y in rows), *memory]
    text = _function(
        [*parameters, "sizes", "steps", "backwards"], sizes, ["for step in range(steps):", *indented(step), "return 0"]
    )
    return _plan(text, [laid], memory, sizes)


def _repeated(
    condition: Body, body: Body, initial: Shapes, test_captured: Shapes, captured: Shapes
) -> tuple[str, _Plan]:
    """The source of loops(carry, captured by the condition and the body, constants of both, memory, sizes, most)."""
    count, sizes = len(initial), Sizes()
    test, laid = Laid(condition, (*initial, *test_captured), 0), Laid(body, (*initial, *captured), count)
    carry, of_test, of_body = _names("c", count), _names("q", len(test_captured)), _names("k", len(captured))
    more = [_names("qk", len(condition.constants)), _names("kk", len(body.constants))]
    tester = Printer(test, [*carry, *of_test, *more[0]], ["holds"], sizes, "q")
    printer = Printer(laid, [*carry, *of_body, *more[1]], [], sizes, "")
    step = [*tester.lines(), "if not holds[0]:", "    return count", *printer.lines(), *printer.afterwards()]
    memory = {"holds": (1, "bool"), **tester.memory, **printer.memory}
    parameters = [*carry, *of_test, *of_body, *more[0], *more[1], *memory, "sizes", "most"]
    lines = ["for count in range(most):", *indented(step), "return most"]
    return _plan(_function(parameters, sizes, lines), [test, laid], memory, sizes)
