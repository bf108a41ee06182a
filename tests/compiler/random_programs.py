"""Random programs: statements of K as text, drawn by running them, so that every program runs on its own inputs.

A program is a list of expressions, so that one that fails can be cut down to its faulty statements and printed.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from random_statements import KINDS, Draw, UnfitError

import backend as K
from backend.dispatch.promotion import array_namespace

__all__ = ["HIGHEST", "Program", "drawn", "shrunk"]

LARGEST = 40  # elements of a value
HIGHEST = 1e3  # magnitude of a value


@dataclasses.dataclass(frozen=True)
class Program:
    """Statements on a growing list of values: each an expression, and the positions of the values it reads.

    The first `count` values are the inputs; the last of these are the variables. `updates` are pairs of the positions
    of a variable and of its new value.
    """

    count: int
    steps: tuple[tuple[str, tuple[int, ...]], ...]
    outputs: tuple[int, ...]
    updates: tuple[tuple[int, int], ...] = ()

    @functools.cached_property
    def source(self) -> str:
        """The program as a function of its inputs."""
        lines = [
            f"    v{self.count + i} = {text.format(*(f'v{p}' for p in reads))}"
            for i, (text, reads) in enumerate(self.steps)
        ]
        results, news = ([f"v{p}" for p in found] for found in (self.outputs, [new for _, new in self.updates]))
        head = f"def program({', '.join(f'v{i}' for i in range(self.count))}):"
        return "\n".join([head, *lines, f"    return [{', '.join(results)}], [{', '.join(news)}]"])

    @functools.cached_property
    def _function(self) -> Callable[..., Any]:
        scope: dict[str, Any] = {"K": K, "xp": array_namespace, "np": np}
        exec(self.source, scope)
        function: Callable[..., Any] = scope["program"]
        return function

    def __call__(self, *inputs: Any) -> tuple[list[Any], list[Any]]:
        """The outputs and the new values of the variables."""
        outputs, news = self._function(*inputs)
        return outputs, news

    def live(self) -> Program:
        """The program without the statements that nothing reads."""
        needed = {*self.outputs, *(new for _, new in self.updates)}
        for i in reversed(range(len(self.steps))):
            if self.count + i in needed:
                needed.update(self.steps[i][1])
        return self._kept([i for i in range(len(self.steps)) if self.count + i in needed], {})

    def without(self, i: int, instead: int) -> Program:
        """The program whose statements read an earlier value in the place of the result of statement i."""
        return self._kept([k for k in range(len(self.steps)) if k != i], {self.count + i: instead}).live()

    def _kept(self, kept: list[int], instead: dict[int, int]) -> Program:
        place = {p: p for p in range(self.count)} | {self.count + k: self.count + n for n, k in enumerate(kept)}
        place.update((old, place[new]) for old, new in instead.items())
        steps = [(text, tuple(place[p] for p in reads)) for text, reads in (self.steps[k] for k in kept)]
        outputs = tuple(place[p] for p in self.outputs)
        return Program(self.count, tuple(steps), outputs, tuple((v, place[p]) for v, p in self.updates))


def shrunk(program: Program, fails: Callable[[Program], bool]) -> Program:
    """A smallest program that still fails: without each output, update and statement that can be left out."""
    while True:
        for smaller in _smaller(program):
            if fails(smaller):
                program = smaller
                break
        else:
            return program


def _smaller(program: Program) -> Any:
    outputs, updates = program.outputs, program.updates
    for i in range(len(updates)):
        yield dataclasses.replace(program, updates=(*updates[:i], *updates[i + 1 :])).live()
    for i in range(len(outputs)):
        if len(outputs) > 1:
            yield dataclasses.replace(program, outputs=(*outputs[:i], *outputs[i + 1 :])).live()
    for i in reversed(range(len(program.steps))):
        for instead in program.steps[i][1]:
            yield program.without(i, instead)


def drawn(below: Callable[[int], int], inputs: list[np.ndarray], variables: int = 0) -> Program:
    """A program of 2 to 8 statements that these arrays can run, found by running it; the last inputs are variables."""
    draw, steps = Draw(below, list(inputs)), []
    wanted = 2 + below(7)
    for _ in range(4 * wanted):
        if len(steps) == wanted:
            break
        try:
            text, reads = step = draw.of(KINDS)(draw)
            run = Program(len(draw.values), (step,), (len(draw.values),))
            value = np.asarray(run(*draw.values)[0][0])
        except (UnfitError, ValueError, IndexError):
            continue
        if value.size <= LARGEST and value.ndim < 4 and np.all(np.abs(value) < HIGHEST):
            steps.append((text, reads if "{1}" in text else reads[:1]))
            draw.values.append(value)
    made = range(len(inputs), len(inputs) + len(steps))
    outputs = [len(draw.values) - 1, *(k for k in made if below(4) == 0)]
    updates = []
    for v in range(len(inputs) - variables, len(inputs)):
        fit = [k for k in made if draw.values[k].shape == inputs[v].shape and draw.values[k].dtype == inputs[v].dtype]
        updates.append((v, draw.of(fit) if fit else v))
    return Program(len(inputs), tuple(steps), tuple(outputs), tuple(updates)).live()
