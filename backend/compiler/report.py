"""What a person reads of a compilation: the program after each pass, its calls, and the memory it holds."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..graph.tensor import Tensor
from .codegen import print_program
from .literals import comment
from .program import Program, Routine
from .schedule import UNKNOWN

__all__ = ["Stage", "Stages", "auto_stage", "cost", "kept_stage", "nests_stage", "stage", "whole_stage"]


@dataclasses.dataclass(frozen=True, slots=True)
class Stage:
    """The program after a pass: `calls` it makes, `held` bytes at most at a time, and its text."""

    name: str
    summary: str
    calls: int
    held: int
    text: str


class Stages(list[Stage]):
    """The stages of one compilation; printed, a table of them and the text after each pass that changed it."""

    def __str__(self) -> str:
        table = [f"{'pass':10} {'calls':>7} {'bytes held':>12}  what it does"]
        table += [f"{s.name:10} {s.calls:7} {s.held:12,}  {s.summary}" for s in self]
        parts = ["\n".join(table), f"Unknown sizes count as {UNKNOWN}."]
        last = ""
        for s in self:
            if s.text != last:
                parts.append(f"---- {s.name}\n{s.text.rstrip()}")
            last = s.text
        return "\n\n".join(parts)


def stage(name: str, summary: str, program: Program) -> Stage:
    """The facts about a program, and its text."""
    return Stage(name, summary, *cost(program), print_program(program).text)


def kept_stage(last: Stage, kept: str, rest: str) -> Stage:
    """The program in two: what depends on variables alone, which is kept, and what runs at each call."""
    summary = "What depends on variables alone is kept until one has another value."
    return Stage("keep", summary, last.calls, last.held, f"# kept\n{kept}\n# at each call\n{rest}")


def nests_stage(last: Stage, nests: Mapping[str, Any]) -> Stage:
    """What became of loop nests: the source of those that are compiled, and why others run call by call."""
    parts = []
    for name, nest in nests.items():
        if nest.refused:
            parts.append(f"# {name} runs call by call: {comment(nest.refused)}")
        elif not nest.sources:
            parts.append(f"# {name} has not run on arrays that need a loop")
        parts += [f"# {name}\n{text}" for text in nest.sources.values() if not nest.refused]
    refused = sum(bool(nest.refused) for nest in nests.values())
    summary = f"{len(nests) - refused} loops compiled, {refused} run call by call."
    return Stage("jit", summary, last.calls, last.held, "\n".join(parts))


def whole_stage(last: Stage, refused: str | None) -> Stage:
    """What became of a program that the library compiles whole: why it runs call by call, if it does."""
    if refused is None:
        return Stage("jit", "The library compiles the program whole.", last.calls, last.held, last.text)
    text = f"# runs call by call: {comment(refused)}"
    return Stage("jit", "The library refuses the program, which runs call by call.", last.calls, last.held, text)


def auto_stage(last: Stage, verdict: str) -> Stage:
    """What `jit="auto"` has come to."""
    return Stage("auto", verdict, last.calls, last.held, last.text)


def cost(program: Program) -> tuple[int, int]:
    """The number of calls of a program, and the bytes it holds at most at a time."""
    calls = sum(len(routine.steps) + len(routine.setup) for routine in program.routines())
    return calls, _held(program.main)


def _held(routine: Routine) -> int:
    """The most bytes that results of the main routine hold at a time; results that are views hold none."""
    now = most = 0
    for step in routine.steps:
        for t in step.results:
            now += 0 if t is None else _bytes(t)
        now -= 0 if step.into is None else _bytes(step.into)
        if now > most:
            most = now
        for t in step.frees:
            now -= _bytes(t)
    return most


def _bytes(t: Tensor) -> int:
    shape, dtype = t.spec
    if t.node is None or shape is None or (t.node.primitive.view and not t.node.primitive.fresh):
        return 0
    total = _item(dtype)
    for size in shape:
        total *= size if type(size) is int else UNKNOWN
    return total


@functools.cache
def _item(dtype: str) -> int:
    """The bytes of one element."""
    return 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize
