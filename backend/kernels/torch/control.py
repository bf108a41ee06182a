"""Loops within a program that torch.compile compiles: those it would unroll without end run call by call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

__all__ = ["loop", "while_loop"]

MOST_STEPS = 64  # that are unrolled into the graph: each takes some 2 s to compile

Arrays = tuple[Any, ...]


def loop(initial: Arrays, sequences: Arrays, captured: Arrays, *, body: Any, length: Any, reverse: bool) -> Any:
    """More than a few steps, outside of the graph."""
    steps = sequences[0].shape[0] if sequences else length
    if not torch.compiler.is_compiling() or steps <= MOST_STEPS:
        return NotImplemented
    return _stepped(initial, sequences, captured, body, int(steps), reverse)


def while_loop(
    initial: Arrays, test_captured: Arrays, captured: Arrays, *, condition: Any, body: Any, limit: Any
) -> Any:
    """The loop outside of the graph, where conditions have values."""
    if not torch.compiler.is_compiling():
        return NotImplemented
    return _while(initial, test_captured, captured, condition, body, limit)


# Called from a compiled program these break its graph in two; what they call runs as it is.


@torch.compiler.disable
def _stepped(initial: Arrays, sequences: Arrays, captured: Arrays, body: Any, steps: int, reverse: bool) -> Arrays:
    carry, rows = tuple(initial), []
    for i in reversed(range(steps)) if reverse else range(steps):
        results = body(*carry, *(x[i] for x in sequences), *captured)
        carry = results[: len(initial)]
        rows.append(results[len(initial) :])
    return (*carry, *(torch.stack(column) for column in zip(*(rows[::-1] if reverse else rows), strict=True)))


@torch.compiler.disable
def _while(
    initial: Arrays, test_captured: Arrays, captured: Arrays, condition: Callable[..., Any], body: Any, limit: Any
) -> Arrays:
    state, count = tuple(initial), 0
    while (limit is None or count < limit) and condition(*state, *test_captured)[0]:
        state, count = tuple(body(*state, *captured)), count + 1
    return (*state, torch.tensor(count, dtype=torch.int32, device=initial[0].device))
