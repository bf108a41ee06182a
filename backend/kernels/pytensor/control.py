"""Loops and branches: Scan and IfElse. A body is a function of variables that gives variables."""

from __future__ import annotations

from typing import Any

import pytensor
import pytensor.tensor as pt
from pytensor.ifelse import ifelse

from ...arrays.libraries.pytensor import specified

__all__ = ["branch", "loop"]


def loop(
    initial: tuple[Any, ...],
    sequences: tuple[Any, ...],
    captured: tuple[Any, ...],
    *,
    body: Any,
    length: Any,
    reverse: bool,
) -> Any:
    """Scan over as many steps; each takes its slices of the sequences, and the outputs are stacked."""
    count = len(initial)
    blank = [pt.zeros(tuple(x.shape[i] for i in range(1, x.ndim)), dtype=x.dtype) for x in sequences]
    trial = body(
        *initial, *(specified(x, row.type.shape[1:]) for x, row in zip(blank, sequences, strict=True)), *captured
    )
    shapes = [_merged(x, y) for x, y in zip(initial, trial, strict=False)]  # Scan wants them the same in every step
    start = [specified(x, shape) for x, shape in zip(initial, shapes, strict=True)]

    def step(*values: Any) -> list[Any]:
        slices, carry = values[: len(sequences)], values[len(sequences) : len(sequences) + count]
        found = body(*carry, *slices, *values[len(sequences) + count :])
        return [*map(specified, found[:count], shapes), *found[count:]]

    known = sequences[0].type.shape[0] if sequences else length
    steps = sequences[0].shape[0] if known is None else known
    empty = [*initial, *(pt.zeros((0, *(y.shape[i] for i in range(y.ndim))), dtype=y.dtype) for y in trial[count:])]
    if known == 0:
        return tuple(empty)
    found = pytensor.scan(
        step,
        sequences=list(sequences),
        outputs_info=[*start, *(None for _ in trial[count:])],
        non_sequences=list(captured),
        n_steps=steps,
        go_backwards=reverse,
        strict=True,
        return_list=True,
        return_updates=False,
    )
    whole = [*(y[-1] for y in found[:count]), *(y[::-1] if reverse else y for y in found[count:])]
    if isinstance(known, int):
        return tuple(whole)
    chosen = ifelse(pt.gt(steps, 0), whole, empty)
    return tuple(chosen) if isinstance(chosen, (list, tuple)) else (chosen,)


def _merged(first: Any, second: Any) -> tuple[int | None, ...]:
    """What is known of the sizes of two arrays of one shape; their axes must agree."""
    if first.ndim != second.ndim:
        raise ValueError(f"scan: the step makes {first.ndim} dimensions {second.ndim}")
    return tuple(m if n is None else n for n, m in zip(first.type.shape, second.type.shape, strict=True))


def branch(
    condition: Any, first: tuple[Any, ...], second: tuple[Any, ...], *, then: Any, otherwise: Any
) -> tuple[Any, ...]:
    """IfElse, which evaluates the branch that is taken."""
    found = ifelse(condition, list(then(*first)), list(otherwise(*second)))
    return tuple(found) if isinstance(found, (list, tuple)) else (found,)
