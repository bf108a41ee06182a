"""An elementwise chain as plain data, for kernels that print it in a language of their own: names, numbers, dtypes."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..arrays.dtypes import DType
from ..graph.tensor import Constant, Placeholder, Subgraph, Tensor
from ..graph.traversal import toposort

__all__ = ["Chain", "Literal", "Step", "steps_of"]


class Literal(NamedTuple):
    """A number within a chain, of the dtype that it has there."""

    value: bool | int | float
    dtype: str


class Step(NamedTuple):
    """One call of the standard. An operand is a literal, or the number of a value: the arrays come first, then steps.

    A literal has the dtype of the arrays beside it; `astype` is a step whose dtype says what it makes.
    """

    function: str
    operands: tuple[int | Literal, ...]
    dtype: str


class Chain(NamedTuple):
    """The arrays' dtypes, the calls in order, and which values are the results."""

    arrays: tuple[str, ...]
    steps: tuple[Step, ...]
    results: tuple[int, ...]


class _UnlistedError(Exception):
    """Something in a chain is no call of the standard on real numbers."""


def steps_of(body: Subgraph) -> Chain | None:
    """The calls of a fused chain, its composites by their definitions; None where it is more than such calls."""
    places = {id(t): i for i, t in enumerate(body.inputs)}
    steps: list[Step] = []
    try:
        for t in toposort(body.outputs, known=places):
            if t.node is not None and id(t) not in places:
                places[id(t)] = _listed(t, places, steps, len(body.inputs))
        results = tuple(places[id(t)] for t in body.outputs)
    except (_UnlistedError, KeyError):
        return None
    return Chain(tuple(str(t.dtype) for t in body.inputs), tuple(steps), results)


def _listed(t: Tensor, places: dict[int, Any], steps: list[Step], first: int) -> Any:
    """Add the steps that compute t; the number of its value."""
    node = t.node
    assert node is not None
    operands = [a for a in node.args if not isinstance(a, DType)]
    if not isinstance(node.function, str):
        return _by_definition(node, [_operand(a, places, str(t.dtype)) for a in operands], steps, first)
    kinds = [str(a.dtype) for a in operands if isinstance(a, Tensor)]
    if not kinds:
        raise _UnlistedError  # it makes an array
    steps.append(Step(node.function, tuple(_operand(a, places, kinds[-1]) for a in operands), str(t.dtype)))
    return first + len(steps) - 1


def _operand(value: Any, places: dict[int, Any], dtype: str) -> int | Literal:
    if isinstance(value, Constant) and value.shape == ():
        return Literal(value.value.item(), str(value.dtype))
    if isinstance(value, Tensor):
        found: int | Literal = places[id(value)]
        return found
    if isinstance(value, (bool, int, float)):
        return Literal(value, dtype)
    raise _UnlistedError


def _by_definition(node: Any, operands: list[int | Literal], steps: list[Step], first: int) -> Any:
    """Add the steps of an elementwise composite, recorded from its definition."""
    if (
        not node.primitive.elementwise
        or node.multi_output
        or node.kwargs
        or not all(isinstance(a, Tensor) for a in node.args)
    ):
        raise _UnlistedError
    inputs = [Placeholder((), a.dtype) for a in node.args]
    result = node.function.definition(*inputs)
    places: dict[int, Any] = dict(zip(map(id, inputs), operands, strict=True))
    for t in toposort([result], known=places):
        if t.node is not None and id(t) not in places:
            places[id(t)] = _listed(t, places, steps, first)
    return places[id(result)] if id(result) in places else _operand(result, places, str(result.dtype))
