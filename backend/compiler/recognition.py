"""Elementwise calls recognized as one operation that a library has: batch normalization by given statistics."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..graph.tensor import Tensor

__all__ = ["Normalization", "normalization_of"]


class Normalization(NamedTuple):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta; None for a gamma of 1 and a beta of 0."""

    x: Tensor
    mean: Tensor
    variance: Tensor
    gamma: Tensor | None
    beta: Tensor | None
    epsilon: Any


def normalization_of(t: Tensor) -> Normalization | None:
    """What `K.batch_normalization` records, found from its result."""
    for beta, scaled in ((None, t), *(_swapped(t, "add"))):
        for shared, (centered, deviation) in _quotients(scaled):
            if (found := _of(centered, "subtract")) and (root := _of(deviation, "sqrt")):
                inside = _of(root[0], "add")
                if inside and not isinstance(inside[1], Tensor):
                    return Normalization(found[0], found[1], inside[0], shared, beta, inside[1])
    return None


def _quotients(t: Any) -> list[tuple[Tensor | None, tuple[Any, ...]]]:
    """The ways to read t as gamma * (a / b), with gamma or None: a / b, and a * (gamma / b)."""
    if whole := _of(t, "divide"):
        return [(None, whole)]
    return [(part[0], (other, part[1])) for other, each in _swapped(t, "multiply") if (part := _of(each, "divide"))]


def _of(t: Any, function: str) -> tuple[Any, ...] | None:
    """The arguments of the call that gives t, where it is this function."""
    return t.node.args if isinstance(t, Tensor) and t.node is not None and t.node.function == function else None


def _swapped(t: Any, function: str) -> list[tuple[Any, Any]]:
    """The two arguments of a commutative call, in both orders."""
    args = _of(t, function)
    return [] if args is None else [(args[0], args[1]), (args[1], args[0])]
