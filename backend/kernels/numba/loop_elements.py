"""Where the values of a loop's body lie, and the text of their elements.

Every array is written as its elements one after another. Sizes are numbers that the function is given, so that one
function serves all shapes that are alike: `Sizes` numbers those that differ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..description import VIEWS
from .bodies import CONTROL, Laid
from .chains import indented
from .result_shapes import Ints

__all__ = ["Elements", "Index", "Lines", "Sizes", "aligned", "sum_of"]

Index = Sequence[str]  # the text of an index along each axis, '' for 0
Lines = list[str]


class Sizes:
    """The names of numbers that depend on shapes."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}

    def __call__(self, n: int) -> str:
        return self.names.setdefault(n, f"n{len(self.names)}")


class Elements:
    """The values of one body. `names` are those of its inputs and constants, `rows` those of its results' memory."""

    def __init__(self, laid: Laid, names: Sequence[str], rows: Sequence[str], sizes: Sizes, prefix: str) -> None:
        self.laid, self.sizes, self.prefix = laid, sizes, prefix
        self.names = dict(enumerate(names))
        self.targets: dict[int, list[str]] = {}  # the memory that a call's result is written to
        self.late: list[tuple[int, int]] = []  # the carry that is copied when the step is done, and from what
        self.memory: dict[str, tuple[int, str]] = {}  # beyond arguments and results: elements and dtype by name
        self.given: dict[int, list[str]] = {}  # the memory of what a call with bodies gives
        for number, row in zip(laid.outputs[laid.carry :], rows, strict=True):
            self.targets.setdefault(number, []).append(row)
        for i, number in enumerate(laid.outputs[: laid.carry]):
            self._carry(i, number)
        for number in laid.place:
            if number not in self.names:
                self._place(number)

    def _carry(self, i: int, number: int) -> None:
        """Where the next value of a carry goes: to its place at once, where nothing reads the last one any more."""
        laid = self.laid
        if number == i:
            return
        if laid.elementwise(number) and not laid.read_after(i, laid.place[number]):
            self.targets.setdefault(number, []).append(self.names[i])
        else:
            self.targets.setdefault(number, [])
            self.late.append((i, number))

    def _place(self, number: int) -> None:
        laid, call = self.laid, self.laid.calls[number - self.laid.first]
        targets = self.targets.setdefault(number, [])
        if call.function in CONTROL:
            results = laid.results[number]
            self.given[number] = [self.room(f"b{number}_{i}", *result) for i, result in enumerate(results)]
        elif call.function == "result":
            targets.append(self.given[call.operands[0]][call.told[0]])
        elif laid.shapes[number] == ():
            if number in laid.in_memory and not targets:
                targets.append(self.room(f"b{number}", (), laid.dtypes[number]))
        elif not targets and (not laid.elementwise(number) or self._read_elsewhere(number) or number in laid.outputs):
            targets.append(self.room(f"b{number}", laid.shapes[number], laid.dtypes[number]))
        if laid.shapes[number] == ():
            self.names[number] = f"{self.prefix}v{number}"
        elif targets:
            self.names[number] = targets[0]

    def room(self, name: str, shape: Ints, dtype: str) -> str:
        """The name of new memory."""
        self.memory[self.prefix + name] = (math.prod(shape), dtype)
        return self.prefix + name

    def place_of(self, number: int) -> str:
        """The name of the memory that has the elements of a value one after another."""
        root = self.laid.root(number)
        return self.names[root] if root < self.laid.first or self.laid.shapes[root] else self.targets[root][0]

    def _read_elsewhere(self, number: int) -> bool:
        """Whether a value is read outside of the loop that computes it, or through a view."""
        laid = self.laid
        for reader in laid.place:
            call = laid.calls[reader - laid.first]
            for o in call.operands:
                if isinstance(o, int) and laid.root(o) == number and laid.place[reader] != laid.place[number]:
                    return True
        return False

    # ---- elements

    def linear(self, index: Index, shape: Ints) -> str:
        """The place of an element in memory."""
        found = ""
        for i, n in zip(index, shape, strict=True):
            found = sum_of(f"{found} * {self.sizes(n)}" if found and n != 1 else found, i)
        return found

    def located(self, number: int, index: Index) -> tuple[int, str]:
        """The value in memory that has an element of another one, and where."""
        laid, call = self.laid, self.laid.call(number)
        if call is None or call.function not in VIEWS:
            return number, self.linear(index, laid.shapes[number])
        base = call.operands[0]
        inside = self._inside(call.function, call.told[0], index, laid.shapes[base], laid.shapes[number])
        if inside is None:
            return laid.root(base), self.linear(index, laid.shapes[number])
        return self.located(base, inside)

    def _inside(self, function: str, told: Any, index: Index, base: Ints, shape: Ints) -> Index | None:
        """An index of a view as one of what it shows; None where the elements' order alone says it."""
        both = list(zip(index, base, strict=False))
        if function == "permute_dims":
            return [index[told.index(axis)] for axis in range(len(base))]
        if function == "expand_dims":
            return [i for axis, i in enumerate(index) if axis not in told]
        if function == "squeeze":
            given = iter(index)
            return ["" if axis in told else next(given) for axis in range(len(base))]
        if function == "broadcast_to":
            return aligned(index, base)
        if function == "flip":
            return [self._from_end(i, n) if axis in told and n > 1 else i for axis, (i, n) in enumerate(both)]
        if function == "getitem":
            return self._keyed(told, index, base)
        if [n for n in base if n != 1] != [n for n in shape if n != 1]:
            return None
        given = iter([i for i, n in zip(index, shape, strict=True) if n != 1])
        return ["" if n == 1 else next(given) for n in base]

    def _from_end(self, i: str, n: int) -> str:
        return f"({self.sizes(n - 1)} - {i})" if i else self.sizes(n - 1)

    def _keyed(self, key: Any, index: Index, base: Ints) -> Index:
        given = iter(index)
        found: list[str] = []
        for k in key:
            if k is None:
                next(given)
            elif isinstance(k, tuple):
                start, _, step = k
                start = min(start, base[len(found)])
                i = next(given)
                i = f"{i} * {self.sizes(step)}" if i and step != 1 else i
                found.append(sum_of(i, self.sizes(start) if start else ""))
            else:
                k %= base[len(found)]
                found.append(self.sizes(k) if k else "")
        return [*found, *given]

    def element(self, number: int, index: Index, members: Sequence[int] = (), flat: str = "") -> str:
        """The text of an element; of one that the loop `members` computes, its name."""
        if number in members:
            return f"{self.prefix}v{number}"
        root, place = (self.laid.root(number), flat) if flat else self.located(number, index)
        if self.laid.function(root) == "full":
            call = self.laid.calls[root - self.laid.first]
            return f"{call.dtype}({call.operands[0][0]})"
        if root >= self.laid.first and self.laid.shapes[root] == ():
            return self.names[root]
        shown = place if self.laid.shapes[root] else ""
        return f"{self.names[root]}[{shown if math.prod(self.laid.shapes[root]) > 1 and shown else '0'}]"

    def element_of(self, operand: Any, index: Index) -> str:
        """The text of an operand's element, which may be a number."""
        return self.element(operand, index) if isinstance(operand, int) else f"{operand[1] or 'float64'}({operand[0]})"

    # ---- loops

    def axes(self, shape: Ints) -> list[str]:
        """An index along each axis of a shape."""
        return ["" if n == 1 else f"i{axis}" for axis, n in enumerate(shape)]

    def nested(self, index: Index, shape: Ints, inner: Lines) -> Lines:
        """Loops over an index, the last axis innermost."""
        for i, n in list(zip(index, shape, strict=True))[::-1]:
            if i:
                inner = [f"for {i} in range({self.sizes(n)}):", *indented(inner)]
        return inner

    def number(self, n: int) -> str:
        """A size as text."""
        return "1" if n == 1 else self.sizes(n)

    def stored(self, number: int, index: Index, value: str) -> Lines:
        """The statements that give an element of a result its value."""
        if self.laid.shapes[number] == ():
            name = f"{self.prefix}v{number}"
            return [f"{name} = {value}", *(f"{t}[0] = {name}" for t in self.targets.get(number, ()))]
        return [f"{self.targets[number][0]}[{self.linear(index, self.laid.shapes[number]) or '0'}] = {value}"]


def sum_of(first: str, second: str) -> str:
    return f"({first} + {second})" if first and second else first or second


def aligned(index: Index, shape: Ints) -> Index:
    """The index of an element of an array that is repeated: along axes of size 1, and along the first ones."""
    return ["" if n == 1 else i for i, n in zip(index[len(index) - len(shape) :], shape, strict=True)]
