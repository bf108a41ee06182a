"""Liveness: large values are freed after their last use, and dead ones are written over where the result fits."""

from __future__ import annotations

from typing import Any

from ..graph.tensor import Node, Tensor
from .memory_reuse import OVERWRITING
from .program import Program, Routine, Step, elements

__all__ = ["liveness", "reuse"]

MIN_FREED = 2**9  # elements from which a dead value is worth a `del`


def liveness(program: Program) -> Program:
    """Mark after which call each large value is dead."""
    return program.each(_freed)


def _freed(routine: Routine) -> Routine:
    last: dict[int, int] = {}  # tensor -> the position of the step that is the last to read it
    for position, step in enumerate(routine.steps):
        for read in step.node.inputs:
            last[id(read)] = position
    for output in routine.outputs:
        last.pop(id(output), None)
    frees: dict[int, list[Tensor]] = {}
    for step in routine.steps:
        for t in step.results:
            if t is not None and (end := last.get(id(t))) is not None and _large(t):
                frees.setdefault(end, []).append(t)
    return routine.with_steps(
        Step(step.node, step.results, tuple(frees[i]), step.into) if i in frees else step
        for i, step in enumerate(routine.steps)
    )


def _large(t: Tensor) -> bool:
    count = elements(t)
    return count is None or count >= MIN_FREED


def reuse(program: Program) -> Program:
    """Have calls that Python can write in place, `x += y`, take the memory of an argument that dies of them."""
    return program.each(_reused)


def _reused(routine: Routine) -> Routine:
    # what a call may show again in its result must not be written over while the result lives
    shown = {id(t) for step in routine.steps if not step.node.primitive.fresh for t in step.node.inputs}
    return routine.with_steps(_in_place(step, shown) if step.frees else step for step in routine.steps)


def _in_place(step: Step, shown: set[int]) -> Step:
    node = step.node
    overwrites = node.function in OVERWRITING
    if not (overwrites or node.primitive.augmented) or None in (node.specs[0].shape or (None,)):
        return step
    spare = {id(t) for t in step.frees if id(t) not in shown and t.node is not None and t.node.primitive.fresh}
    pairs = (node.args, node.args[::-1])[: int(node.primitive.augmented) + node.primitive.commutative]
    for x, y in pairs:
        if isinstance(x, Tensor) and id(x) in spare and _fits(x, y, node):
            return step._replace(frees=tuple([t for t in step.frees if t is not x]), into=x)
    if overwrites and isinstance(node.args[0], Tensor):
        x, y = node.args
        least = OVERWRITING[node.function][1]
        if isinstance(y, Tensor) and id(y) in spare and (elements(y) or 0) >= least and _fits(y, x, node):
            return step._replace(frees=tuple([t for t in step.frees if t is not y]), into=y)
    return step


def _fits(x: Tensor, other: Any, node: Node) -> bool:
    """Whether x has the result's shape and dtype, and the other operand does not widen it."""
    if x.spec != node.specs[0]:
        return False
    if not isinstance(other, Tensor):
        return True
    sizes = other.sizes
    return (
        other.dtype == x.dtype
        and len(sizes) <= x.ndim
        and all(
            n == m or (isinstance(n, int) and n == 1) for n, m in zip(reversed(sizes), reversed(x.sizes), strict=False)
        )
    )
