"""Calls as a loop nest's description: which can be one, where their results lie, and the description itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..graph.dims import Dim
from ..graph.tensor import Constant, Node, Placeholder, Subgraph, Tensor
from ..graph.traversal import toposort
from ..kernels.description import (
    COLUMN,
    COMPARISONS,
    DTYPES,
    FULL,
    FUNCTIONS,
    REALS,
    REDUCTIONS,
    ROW,
    SCALAR,
    SUMS,
    Input,
    Nest,
    Output,
    Value,
)
from .literals import literal

__all__ = [
    "ALIASES",
    "NATIVE",
    "ROWWISE",
    "Calls",
    "Described",
    "axes_of",
    "described",
    "end_to_end",
    "fits",
    "key_of",
]

NATIVE = {"sigmoid": "sigmoid"}  # composites that a printer has a function for
ALIASES = {"stop_gradient"}  # composites that give their argument
ROWWISE = {"softmax", "log_softmax"}  # composites made of reductions over their axes and elementwise calls
# What loops compute of integers as NumPy does, without errors or another dtype.
PLAIN_INTEGERS = frozenset("add subtract multiply negative maximum minimum where astype identity".split())
LOGICAL = frozenset(
    "logical_and logical_or logical_not logical_xor bitwise_and bitwise_or bitwise_xor bitwise_invert".split()
)

Found = tuple[str, int | None]  # where a result lies, and the split of its nest


class Described(Subgraph):
    """The body of a nest, with its description."""

    __slots__ = ("description",)
    description: Nest


def key_of(t: Tensor) -> Any:
    """What the shapes of equal sizes have in common; None where the rank is unknown or 0, or a size is."""
    if not t.spec.shape or None in t.sizes:
        return None
    return tuple(size.key if isinstance(size, Dim) else size for size in t.sizes)


def axes_of(node: Node) -> tuple[int, ...]:
    """The axes of a reduction or of a composite with `axis`."""
    axis, ndim = node.kwargs.get("axis"), node.args[0].ndim
    if axis is None:
        return tuple(range(ndim))
    return tuple(sorted(a % ndim for a in (axis if isinstance(axis, tuple) else (axis,))))


class Calls:
    """What is known of calls, found once each."""

    def __init__(self) -> None:
        self._parts: dict[int, list[Tensor] | None] = {}
        self._kept: list[Any] = []

    def count(self, node: Node) -> int:
        """The functions of the standard that a call is made of; 0 where it cannot be in a nest."""
        if isinstance(node.function, str):
            return int(fits(node, node.function))
        if node.function.__name__ in NATIVE and fits(node, NATIVE[node.function.__name__]):
            return 4
        if node.function.__name__ in ALIASES:
            return int(all(t.dtype in DTYPES for t in node.inputs))
        parts = self.parts(node)
        if parts is None:
            return 0
        counts = [self.count(t.node) for t in parts if t.node is not None]
        return sum(counts) if counts and all(counts) else 0

    def parts(self, node: Node) -> list[Tensor] | None:
        """A composite's definition: placeholders for its arguments, then calls in order; None where it does not fit."""
        if id(node) not in self._parts:
            self._kept.append(node)
            self._parts[id(node)] = self._recorded(node)
        return self._parts[id(node)]

    def _recorded(self, node: Node) -> list[Tensor] | None:
        rowwise = node.function.__name__ in ROWWISE
        if not (rowwise or node.primitive.elementwise) or node.multi_output:
            return None
        if not all(isinstance(a, Tensor) for a in node.args):
            return None
        if any(a.dtype not in DTYPES or a.spec.shape is None or None in a.sizes for a in node.args):
            return None
        places = [Placeholder(a.sizes, a.dtype) for a in node.args]
        result = node.function.definition(*places, **node.kwargs)
        order = toposort([result], stop=lambda t: any(t is p for p in places))
        calls = [t for t in order if t.node is not None]
        if any(isinstance(t, Constant) and t.shape != () for t in order) or not calls:
            return None
        return [*places, *calls]

    def placed(self, node: Node, key: Any, split: int | None, inside: Mapping[int, str]) -> Found | None:
        """Where the result of a call lies in a space, and the split that it asks for; None where it does not fit.

        `inside` has the places of those operands, by id, that the nest computes.
        """
        if not self.count(node):
            return None
        places = {i: inside[id(i)] for i in node.inputs if id(i) in inside}
        if node.primitive.reduction:
            return _reduced(node, key, split, places)
        result = node.output(0)
        if any(isinstance(a, Dim) for a in node.args):
            return None
        own = key_of(result)
        if own == key:
            return _of_all(node, key, split, places)
        if not split or not places or FULL in places.values() or not node.primitive.elementwise:
            return None
        for form in (key[:split] + (1,) * (len(key) - split), key[:split]):
            if own == form and all(i.ndim == len(form) for i in places):
                return ROW, split
        return None

    def all_of(self, node: Node) -> list[Tensor]:
        """The definition of a composite that fits."""
        found = self.parts(node)
        assert found is not None
        return found


def _of_all(node: Node, key: Any, split: int | None, places: Mapping[Tensor, str]) -> Found | None:
    """The place of a call that gives an element for each of the space."""
    if any(place == ROW and i.ndim != len(key) for i, place in places.items()):
        return None
    if not isinstance(node.function, str) and node.function.__name__ in ROWWISE:
        axes = axes_of(node)
        start = len(key) - len(axes)
        fits = axes == tuple(range(start, len(key))) and split in (None, start)
        return (FULL, start) if fits else None
    return FULL, split


def _reduced(node: Node, key: Any, split: int | None, places: Mapping[Tensor, str]) -> Found | None:
    x, axes, n = node.args[0], axes_of(node), len(key)
    if places.get(x) == ROW:
        return (SCALAR, split) if node.function in SUMS and len(axes) == x.ndim else None
    if key_of(x) != key:
        return None
    if len(axes) == n:
        return (SCALAR, split) if node.function in SUMS else None
    start = n - len(axes)
    if axes == tuple(range(start, n)) and split in (None, start):
        return ROW, start
    if axes == tuple(range(len(axes))) and split in (None, len(axes)) and node.function in SUMS:
        return COLUMN, len(axes)
    return None


def fits(node: Node, function: str) -> bool:
    """Whether a printer can write a call of the standard on these dtypes."""
    dtypes = {t.dtype for t in node.inputs}
    result = node.specs[0].dtype
    if not dtypes <= DTYPES or result not in DTYPES or any(t.spec.shape is None for t in node.inputs):
        return False
    if any(isinstance(a, (tuple, complex)) for a in node.args):
        return False
    if function in REDUCTIONS:
        return dtypes <= REALS and result in dtypes and set(node.kwargs) <= {"axis", "keepdims"}
    if function not in FUNCTIONS:
        return False
    if function == "astype":
        return dtypes != {"bool"} or result in DTYPES if result in REALS else not dtypes & REALS and result != "bool"
    if function in LOGICAL:
        return dtypes == {"bool"}
    if function == "where":
        return True
    if dtypes <= REALS:
        return result in REALS or result == "bool"
    if "bool" in dtypes or dtypes & REALS:
        return False
    return function in PLAIN_INTEGERS or function in COMPARISONS


def end_to_end(nest: Nest) -> Nest:
    """The description of an elementwise nest for arrays whose elements lie end to end, whatever their shape."""
    inputs = tuple(x._replace(ndim=min(x.ndim, 1)) for x in nest.inputs)
    return nest._replace(inputs=inputs, outputs=tuple(o._replace(ndim=1) for o in nest.outputs), ndim=1)


def described(
    calls: Calls,
    members: Sequence[Tensor],
    inputs: Sequence[tuple[Tensor, bool]],
    outputs: Sequence[Tensor],
    key: Any,
    split: int | None,
    places: Mapping[int, str],
) -> Nest:
    """The description of a nest: its calls in order, with those of composites in the place of composites."""
    writer = _Writer(calls, [t for t, _ in inputs], key, split)
    for t in members:
        writer.add(t, places[id(t)])
    return Nest(
        tuple(Input(str(t.dtype), t.ndim, of_rows) for t, of_rows in inputs),
        tuple(writer.values),
        tuple(Output(writer.numbers[id(t)], t.ndim) for t in outputs),
        len(key),
        split,
    )


class _Writer:
    """Numbers the values of a description."""

    def __init__(self, calls: Calls, inputs: Sequence[Tensor], key: Any, split: int | None) -> None:
        self._calls, self._key, self._split = calls, key, split
        self.numbers: dict[int, int] = {id(t): i for i, t in enumerate(inputs)}
        self._first = len(inputs)
        self.values: list[Value] = []
        self._places: dict[int, str] = {}

    def add(self, t: Tensor, place: str) -> None:
        """Add a call; a composite's parts lie where it does, its reductions where these go."""
        node = t.node
        assert node is not None
        self._places[id(t)] = place
        if isinstance(node.function, str) or node.function.__name__ in NATIVE:
            name = node.function if isinstance(node.function, str) else NATIVE[node.function.__name__]
            args = node.args[:1] if name in REDUCTIONS or name == "astype" else node.args
            self._write(t, name, tuple(self._operand(a) for a in args), place)
        elif node.function.__name__ in ALIASES:
            self.numbers[id(t)] = self._number(node.args[0])
        else:
            parts = self._calls.all_of(node)
            places = [p for p in parts if p.node is None]
            for argument, p in zip(node.args, places, strict=True):
                operand = self._operand(argument)
                self.numbers[id(p)] = operand if isinstance(operand, int) else self._constant(operand, argument, place)
                self._places[id(p)] = self._places.get(id(argument), place)
            rowwise = node.function.__name__ in ROWWISE
            for part in parts[len(places) :]:
                self.add(part, self._part_place(part, place) if rowwise else place)
            self.numbers[id(t)] = self.numbers[id(parts[-1])]

    def _part_place(self, part: Tensor, place: str) -> str:
        node = part.node
        assert node is not None
        if node.primitive.reduction:
            return ROW
        inside = [self._places[id(i)] for i in node.inputs if id(i) in self._places]
        return ROW if inside and all(p == ROW for p in inside) else place

    def _constant(self, operand: Any, argument: Tensor, place: str) -> int:
        self.values.append(Value("identity", (operand,), str(argument.dtype), place))
        return self._first + len(self.values) - 1

    def _write(self, t: Tensor, name: str, operands: tuple[Any, ...], place: str) -> None:
        self.values.append(Value(name, operands, str(t.dtype), place))
        self.numbers[id(t)] = self._first + len(self.values) - 1

    def _number(self, t: Tensor) -> int:
        return self.numbers[id(t)]

    def _operand(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            if id(value) in self.numbers:
                return self.numbers[id(value)]
            assert isinstance(value, Constant)
            return (literal(value.value.item()), str(value.dtype))
        return (literal(value), "")
