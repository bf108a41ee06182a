"""The bodies of loops in plain values, for a compiler that makes one loop of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...graph.dims import Dim
from ...graph.tensor import Constant, Node, Subgraph, Tensor
from ...kernels.description import DTYPES, REALS, REDUCTIONS, Body, Call
from ..described import ALIASES, NATIVE, Calls, axes_of, fits
from ..literals import literal
from .body import calls

__all__ = ["LOOPS", "description"]

LOOPS = frozenset(["loop", "while_loop"])  # the composites that run their bodies many times


class _RefusedError(Exception):
    """A call that no description has words for."""


def description(body: Subgraph) -> Body | str:
    """The description of a body, or why there is none."""
    writer = _Writer(body)
    try:
        for t in calls(body):
            writer.add(t)
        return Body(
            tuple(str(t.dtype) for t in body.inputs),
            tuple(writer.constants),
            tuple(writer.calls),
            tuple(map(writer.operand, body.outputs)),
        )
    except _RefusedError as error:
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
        for t in calls(body):
            assert t.node is not None
            for i in t.node.inputs:
                if isinstance(i, Constant) and i.shape != () and id(i) not in self.numbers:
                    self.numbers[id(i)] = len(self.numbers)
                    self.constants.append(i.value)
        self._first = len(self.numbers)

    def add(self, t: Tensor) -> None:
        """Add a call, or those that a composite's definition is made of."""
        node = t.node
        assert node is not None
        _known(t)
        if node.multi_output or not node.primitive.pure:
            raise _RefusedError(f"{node.primitive.name} is not part of a compiled loop")
        if not isinstance(node.function, str):
            self._composite(t, node)
        elif node.function in _FORMS:
            function, operands, told = _FORMS[node.function](self, node)
            self._write(t, function, operands, told)
        elif not fits(node, node.function):
            raise _RefusedError(f"{node.function} of {', '.join(str(i.dtype) for i in node.inputs)}")
        elif node.function in REDUCTIONS:
            told = (axes_of(node), bool(node.kwargs.get("keepdims", False)))
            self._write(t, node.function, (self.operand(node.args[0]),), told)
        else:
            args = node.args[:1] if node.function == "astype" else node.args
            self._write(t, node.function, tuple(map(self.operand, args)))

    def _composite(self, t: Tensor, node: Node) -> None:
        name = node.primitive.name
        if name in NATIVE and fits(node, NATIVE[name]):
            self._write(t, NATIVE[name], tuple(map(self.operand, node.args)))
        elif name == "sum_to":  # the adjoint of broadcasting: which axes it sums, sizes say
            self._write(t, name, (self.operand(node.args[0]),), (self.sizes(node.kwargs["shape"]),))
        elif name in ALIASES:
            self._write(t, "identity", (self.operand(node.args[0]),))
        else:
            parts = self._facts.parts(node)
            if parts is None:
                raise _RefusedError(f"{name} is not part of a compiled loop")
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
        self.numbers[id(t)] = self._first + len(self.calls)
        self.calls.append(Call(function, operands, told, str(t.dtype)))

    def operand(self, value: Any) -> Any:
        """An argument as an operand."""
        if isinstance(value, Tensor):
            if id(value) in self.numbers:
                return self.numbers[id(value)]
            if isinstance(value, Constant) and value.shape == () and isinstance(value.value, (np.ndarray, np.generic)):
                return literal(value.value.item()), str(value.dtype)
            raise _RefusedError(f"{value.name} is not part of a compiled loop")
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
            raise _RefusedError("a size that the loop itself computes, or that comes from outside of it")
        return value.function, *map(self.size, value.arguments)

    def sizes(self, shape: Any) -> tuple[Any, ...]:
        """A shape in plain values."""
        return tuple(map(self.size, shape if isinstance(shape, (tuple, list)) else (shape,)))


def _known(t: Tensor) -> None:
    if t.dtype not in DTYPES or t.spec.shape is None:
        raise _RefusedError(f"an array of {t.dtype}" if t.dtype not in DTYPES else "an array of an unknown rank")


Form = tuple[str, tuple[Any, ...], tuple[Any, ...]]  # function, operands, what it is told


def _axes(value: Any, ndim: int) -> tuple[int, ...]:
    return tuple(a % ndim for a in (value if isinstance(value, (tuple, list)) else (value,)))


def _argument(node: Node, position: int, name: str) -> Any:
    return node.args[position] if len(node.args) > position else node.kwargs[name]


def _reshaped(writer: _Writer, node: Node) -> Form:
    shape = _argument(node, 1, "shape")
    return str(node.function), (writer.operand(node.args[0]),), (writer.sizes(shape),)


def _permuted(writer: _Writer, node: Node) -> Form:
    n = node.args[0].ndim
    axes = (*range(n - 2), n - 1, n - 2) if node.function == "matrix_transpose" else _argument(node, 1, "axes")
    return "permute_dims", (writer.operand(node.args[0]),), (_axes(axes, n),)


def _along(writer: _Writer, node: Node) -> Form:
    ndim = node.specs[0].shape if node.function == "expand_dims" else node.args[0].spec.shape
    axis = node.args[1] if len(node.args) > 1 else node.kwargs.get("axis")
    axes = tuple(range(len(ndim))) if axis is None else _axes(axis, len(ndim))  # type: ignore[arg-type]
    return str(node.function), (writer.operand(node.args[0]),), (axes,)


def _indexed(writer: _Writer, node: Node) -> Form:
    x, key = node.args
    found = []
    for k in key:
        if isinstance(k, slice):
            found.append((writer.size(k.start), writer.size(k.stop), 1 if k.step is None else k.step))
        elif k is None or isinstance(k, (int, Dim)):
            found.append(writer.size(k))
        else:
            raise _RefusedError("an index that the loop itself computes")
    return "getitem", (writer.operand(x),), (tuple(found),)


def _filled(writer: _Writer, node: Node) -> Form:
    shape = writer.sizes(_argument(node, 0, "shape"))
    if node.function == "full":
        return "full", (writer.operand(_argument(node, 1, "fill_value")),), (shape,)
    return "full", (("1" if node.function == "ones" else "0", ""),), (shape,)


def _joined(writer: _Writer, node: Node) -> Form:
    ndim = len(node.specs[0].shape or ())
    axis = node.kwargs.get("axis", node.args[1] if len(node.args) > 1 else 0)
    if axis is None:
        raise _RefusedError("concat without an axis")
    if any(t.dtype != node.specs[0].dtype for t in node.args[0]):
        raise _RefusedError(f"{node.function} of several dtypes")
    return str(node.function), tuple(map(writer.operand, node.args[0])), (axis % ndim,)


def _multiplied(writer: _Writer, node: Node) -> Form:
    if any(t.dtype not in REALS or t.dtype != node.specs[0].dtype for t in node.args):
        raise _RefusedError("a matrix product of integers or of several dtypes")
    return "matmul", tuple(map(writer.operand, node.args)), ()


def _same(writer: _Writer, node: Node) -> Form:
    return "identity", (writer.operand(node.args[0]),), ()


_FORMS: dict[str, Any] = {
    "reshape": _reshaped,
    "broadcast_to": _reshaped,
    "permute_dims": _permuted,
    "matrix_transpose": _permuted,
    "expand_dims": _along,
    "squeeze": _along,
    "flip": _along,
    "zeros": _filled,
    "ones": _filled,
    "full": _filled,
    "concat": _joined,
    "stack": _joined,
    "getitem": _indexed,
    "matmul": _multiplied,
    "identity": _same,
}
