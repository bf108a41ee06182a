"""Control flow: Loop and If. A body is a function of lazy arrays that gives lazy arrays.

Values that are known now go through no Loop and no If, whose results are known only in a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ndonnx
import numpy as np
import spox
import spox.opset.ai.onnx.v21 as op
from spox._future import TypeWarningLevel, type_warning_level

from ...arrays.libraries.ndonnx import fixed, of_onnx, repeated, size_of, take, typed, value_of
from ...arrays.libraries.ndonnx import loop as onnx_loop

__all__ = ["branch", "loop", "while_loop"]


def loop(
    initial: tuple[Any, ...],
    sequences: tuple[Any, ...],
    captured: tuple[Any, ...],
    *,
    body: Any,
    length: Any,
    reverse: bool,
) -> Any:
    """Loop over as many steps; each takes its slices of the sequences, and the outputs are stacked."""
    if isinstance(length, int) and _known((*initial, *sequences, *captured)):
        return NotImplemented
    steps = size_of(sequences[0], 0) if sequences else length

    def step(number: Any, *state: Any) -> list[Any]:
        at = steps - 1 - number if reverse else number
        slices = [take(x, at, axis=0) for x in sequences]
        return [y.unwrap_spox() for y in body(*state, *slices, *captured)]

    found = repeated(step, initial, steps)
    count = len(initial)
    return (*found[:count], *(ndonnx.flip(y, axis=0) if reverse else y for y in found[count:]))


def _known(arrays: Iterable[Any]) -> bool:
    return all(value_of(x) is not None for x in arrays)


def branch(
    condition: Any, first: tuple[Any, ...], second: tuple[Any, ...], *, then: Any, otherwise: Any
) -> tuple[Any, ...]:
    """If."""
    known = value_of(condition)
    if known is not None:
        return tuple(then(*first) if known else otherwise(*second))
    found: list[list[Any]] = []

    def results(body: Any, arrays: tuple[Any, ...]) -> list[Any]:
        found.append([op.identity(y.unwrap_spox()) for y in body(*arrays)])  # it may lie outside of the subgraph
        return found[-1]

    with type_warning_level(TypeWarningLevel.NONE):  # of results of two shapes ONNX infers none
        values = op.if_(
            condition.unwrap_spox(),
            then_branch=lambda: results(then, first),
            else_branch=lambda: results(otherwise, second),
        )
    return tuple(typed(values, [_either(x.unwrap_tensor(), y.unwrap_tensor()) for x, y in zip(*found, strict=True)]))


def _either(x: Any, y: Any) -> Any:
    """The type of an array that has one of two types of one rank."""
    return spox.Tensor(x.dtype, tuple(n if n == m else None for n, m in zip(x.shape, y.shape, strict=True)))


def while_loop(
    initial: tuple[Any, ...],
    test_captured: tuple[Any, ...],
    captured: tuple[Any, ...],
    *,
    condition: Any,
    body: Any,
    limit: Any,
) -> Any:
    """Loop, with the number of iterations as a further value."""
    if _known((*initial, *test_captured, *captured)) and (limit is None or isinstance(limit, int) or _known([limit])):
        return NotImplemented

    def step(_number: Any, _going: Any, *state: Any) -> list[Any]:
        count, *arrays = map(of_onnx, state)
        new = body(*arrays, *captured)
        going = condition(*new, *test_captured)[0]
        return [x.unwrap_spox() for x in (going, count + 1, *new)]

    start = condition(*initial, *test_captured)[0].unwrap_spox()
    most = limit.unwrap_spox() if hasattr(limit, "unwrap_spox") else None if limit is None else fixed(limit, np.int64)
    count, *state = onnx_loop(most, start, (of_onnx(fixed(0, np.int32)), *initial), step)
    return (*state, count)
