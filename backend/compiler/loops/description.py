"""The bodies of loops in plain values, for a compiler that makes one loop of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...graph.dims import Dim
from ...graph.tensor import Constant, Node, Subgraph, Tensor
from ...kernels.description import DTYPES, Body, Call
from ..described import ALIASES, NATIVE, Calls, fits
from ..literals import literal
from .body import calls
from .forms import FORMS, RefusedError

__all__ = ["LOOPS", "description"]

LOOPS = frozenset(["loop", "while_loop"])  # the composites that run their bodies many times
# The composites with bodies, and the parameters that are these.
BODIES = {"loop": ("body",), "while_loop": ("condition", "body"), "branch": ("then", "otherwise")}


def description(body: Subgraph) -> Body | str:
    """The description of a body, or why there is none."""
    try:
        writer = _Writer(body)
        for t in calls(body):
            writer.add(t)
        return Body(
            tuple(str(t.dtype) for t in body.inputs),
            tuple(writer.constants),
            tuple(writer.calls),
            tuple(map(writer.operand, body.outputs)),
        )
    except RefusedError as error:
        return str(error)


class _Writer:
    """Numbers the inputs, constants and calls of a body."""

    def __init__(self, body: Subgraph) -> None:
        self.numbers = {id(t): i for i, t in enumerate(body.inputs)}
        for t in body.inputs:
            _known(t)
        self.constants: list[Any] = []
        self.calls: list[Call] = []
        self._facts = Calls()
        self._inner: dict[int, list[tuple[Body, list[int]]]] = {}  # by node: its bodies, and their constants' numbers
        self._written: dict[int, int] = {}  # by node: the number of a call of several results
        self._first = len(self.numbers)
        for t in calls(body):
            assert t.node is not None
            for i in t.node.inputs:
                if isinstance(i, Constant) and i.shape != () and id(i) not in self.numbers:
                    self.numbers[id(i)] = self._kept(i.value)
            if t.node.primitive.name in BODIES and id(t.node) not in self._inner:
                self._inner[id(t.node)] = [self._described(t.node.kwargs[k]) for k in BODIES[t.node.primitive.name]]

    def _kept(self, constant: Any) -> int:
        self.constants.append(constant)
        self._first += 1
        return self._first - 1

    def _described(self, body: Subgraph) -> tuple[Body, list[int]]:
        """A body within this one: its constants are further inputs."""
        found = description(body)
        if isinstance(found, str):
            raise RefusedError(found)
        numbers = list(map(self._kept, found.constants))
        inputs = (*found.inputs, *(str(c.dtype) for c in found.constants))
        return found._replace(inputs=inputs, constants=()), numbers

    def add(self, t: Tensor) -> None:
        """Add a call, or those that a composite's definition is made of."""
        node = t.node
        assert node is not None
        _known(t)
        if id(node) in self._inner:
            if id(node) not in self._written:
                self._written[id(node)] = self.put(node.primitive.name, *self._controlled(node), "")
            self._write(t, "result", (self._written[id(node)],), (t.index,))
        elif node.multi_output or not node.primitive.pure:
            raise RefusedError(f"{node.primitive.name} is not part of a compiled loop")
        elif node.primitive.name in FORMS:
            self._write(t, *FORMS[node.primitive.name](self, node))
        elif not isinstance(node.function, str):
            self._composite(t, node)
        elif not fits(node, node.function):
            raise RefusedError(f"{node.function} of {', '.join(str(i.dtype) for i in node.inputs)}")
        else:
            self._write(t, node.function, tuple(map(self.operand, node.args)))

    def _controlled(self, node: Node) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The operands of a loop or branch within the body, and what it is told."""
        bodies, constants = zip(*self._inner[id(node)], strict=True)
        if node.primitive.name == "branch":
            condition, first, second = node.args
            operands = (condition, *first, *second)
            split = 1 + len(first)
            found = tuple(map(self.operand, operands))
            return (*found[:split], *constants[0], *found[split:], *constants[1]), bodies
        initial, *others = node.args
        parts = [tuple(map(self.operand, part)) for part in (initial, *others)]
        if node.primitive.name == "loop":
            length = self.size(node.kwargs["length"])
            told = (*bodies, len(initial), len(others[0]), length, bool(node.kwargs["reverse"]))
            return (*(o for part in parts for o in part), *constants[0]), told
        told = (*bodies, len(initial), self.size(node.kwargs["limit"]))
        return (*parts[0], *parts[1], *constants[0], *parts[2], *constants[1]), told

    def _composite(self, t: Tensor, node: Node) -> None:
        name = node.primitive.name
        if name in NATIVE and fits(node, NATIVE[name]):
            self._write(t, NATIVE[name], tuple(map(self.operand, node.args)))
        elif name in ALIASES:
            self._write(t, "identity", (self.operand(node.args[0]),))
        else:
            parts = self._facts.parts(node)
            if parts is None:
                raise RefusedError(f"{name} is not part of a compiled loop")
            places = [p for p in parts if p.node is None]
            for argument, p in zip(node.args, places, strict=True):
                found = self.operand(argument)
                if isinstance(found, int):
                    self.numbers[id(p)] = found
                else:
                    self._write(p, "identity", (found,))
            for part in parts[len(places) :]:
                self.add(part)
            self.numbers[id(t)] = self.numbers[id(parts[-1])]

    def _write(self, t: Tensor, function: str, operands: tuple[Any, ...], told: tuple[Any, ...] = ()) -> None:
        self.numbers[id(t)] = self.put(function, operands, told, str(t.dtype))

    def put(self, function: str, operands: tuple[Any, ...], told: tuple[Any, ...], dtype: str) -> int:
        """Write a call; its number."""
        self.calls.append(Call(function, operands, told, dtype))
        return self._first + len(self.calls) - 1

    def operand(self, value: Any) -> Any:
        """An argument as an operand."""
        if isinstance(value, Tensor):
            if id(value) in self.numbers:
                return self.numbers[id(value)]
            if isinstance(value, Constant) and value.shape == () and isinstance(value.value, (np.ndarray, np.generic)):
                return literal(value.value.item()), str(value.dtype)
            raise RefusedError(f"{value.name} is not part of a compiled loop")
        if isinstance(value, Dim):
            return self.size(value), "int64"
        return literal(value), ""

    def size(self, value: Any) -> Any:
        """A size in plain values."""
        if not isinstance(value, Dim):
            return value
        if value.function == "size" and id(value.arguments[0]) in self.numbers:
            return "size", self.numbers[id(value.arguments[0])], value.arguments[1]
        if value.is_leaf:
            raise RefusedError("a size that the loop itself computes, or that comes from outside of it")
        return value.function, *map(self.size, value.arguments)

    def sizes(self, shape: Any) -> tuple[Any, ...]:
        """A shape in plain values."""
        return tuple(map(self.size, shape if isinstance(shape, (tuple, list)) else (shape,)))


def _known(t: Tensor) -> None:
    if t.dtype not in DTYPES or t.spec.shape is None:
        raise RefusedError(f"an array of {t.dtype}" if t.dtype not in DTYPES else "an array of an unknown rank")
