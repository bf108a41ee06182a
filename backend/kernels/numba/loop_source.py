"""The body of a loop as source for numba: loops over elements, products, and no array made in between.

Every array is written as its elements one after another. Sizes are numbers that the function is given, so that one
function serves all shapes that are alike: `Sizes` numbers those that differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..description import REDUCTIONS, VIEWS
from .bodies import Ints, Laid
from .chains import expression, indented

__all__ = ["Printer", "Sizes"]

Index = Sequence[str]  # the text of an index along each axis, '' for 0
Lines = list[str]


class Sizes:
    """The names of numbers that depend on shapes."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}

    def __call__(self, n: int) -> str:
        return self.names.setdefault(n, f"n{len(self.names)}")


class Printer:
    """Prints one body. `names` are those of its inputs and constants, `rows` those of its results' memory."""

    def __init__(self, laid: Laid, names: Sequence[str], rows: Sequence[str], sizes: Sizes, prefix: str) -> None:
        self.laid, self.sizes, self.prefix = laid, sizes, prefix
        self.names = dict(enumerate(names))
        self.targets: dict[int, list[str]] = {}  # the memory that a call's result is written to
        self.late: list[tuple[int, int]] = []  # the carry that is copied when the step is done, and from what
        self.buffers: dict[int, str] = {}
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
            self.targets.setdefault(number, []).append(f"c{i}")
        else:
            self.targets.setdefault(number, [])
            self.late.append((i, number))

    def _place(self, number: int) -> None:
        laid = self.laid
        if laid.shapes[number] == ():
            self.names[number] = f"{self.prefix}v{number}"
            return
        targets = self.targets.setdefault(number, [])
        if not targets and (not laid.elementwise(number) or self._read_elsewhere(number) or number in laid.outputs):
            self.buffers[number] = f"{self.prefix}b{number}"
            targets.append(self.buffers[number])
        if targets:
            self.names[number] = targets[0]

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
            found = _sum(f"{found} * {self.sizes(n)}" if found and n != 1 else found, i)
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
            return _aligned(index, base)
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
                found.append(_sum(i, self.sizes(start) if start else ""))
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

    # ---- loops

    def lines(self) -> Lines:
        """The statements of one step, but for the carry that is copied afterwards."""
        found: Lines = []
        for members in self.laid.groups:
            first = members[0]
            function = self.laid.function(first)
            if self.laid.elementwise(first):
                found += self._elementwise(members)
            elif function in REDUCTIONS:
                found += self._reduction(first, function)
            elif function == "matmul":
                found += self._product(first)
            else:
                found += self._joined(first, function)
        return found

    def _expression(self, number: int, name_of: Callable[[int], str]) -> str:
        call = self.laid.calls[number - self.laid.first]
        return expression(call.function, call.operands, call.dtype, lambda n: self.laid.dtypes[n], name_of)

    def _elementwise(self, members: Sequence[int]) -> Lines:
        shape = self.laid.shapes[members[0]]
        flat = all(
            not self.laid.shape_of(o) or (self.laid.shape_of(o) == shape and self._straight(o))
            for m in members
            for o in self.laid.calls[m - self.laid.first].operands
        )
        index = ["" if n == 1 else f"i{axis}" for axis, n in enumerate(shape)]
        one = math.prod(shape) == 1

        def name_of(n: int) -> str:
            own = self.laid.shapes[n]
            whole = flat and not one and own == shape and own != ()
            return self.element(n, _aligned(index, own), members, "j" if whole else "")

        inner = [f"{self.prefix}v{m} = {self._expression(m, name_of)}" for m in members]
        place = "0" if one else "j" if flat else self.linear(index, shape)
        for m in members:
            inner += [f"{target}[{place}] = {self.prefix}v{m}" for target in self.targets.get(m, ())]
        if one:
            return inner
        if flat:
            return [f"for j in range({self.sizes(math.prod(shape))}):", *indented(inner)]
        return self._nested(index, shape, inner)

    def _straight(self, operand: int) -> bool:
        return self.laid.in_order(operand) or self.laid.function(self.laid.root(operand)) == "full"

    def _nested(self, index: Index, shape: Ints, inner: Lines) -> Lines:
        for i, n in list(zip(index, shape, strict=True))[::-1]:
            if i:
                inner = [f"for {i} in range({self.sizes(n)}):", *indented(inner)]
        return inner

    def _reduction(self, number: int, function: str) -> Lines:
        call = self.laid.calls[number - self.laid.first]
        (x,), (axes, keepdims) = call.operands, call.told
        shape, own = self.laid.shapes[x], self.laid.shapes[number]
        index = ["" if n == 1 else f"i{axis}" for axis, n in enumerate(shape)]
        kept = [i if axis not in axes else "" for axis, i in enumerate(index) if keepdims or axis not in axes]
        count = math.prod(shape[a] for a in axes)
        neutral = f"{call.dtype}({ {'max': '-inf', 'min': 'inf'}.get(function, '0') })"
        step = {"max": "largest", "min": "smallest"}.get(function, "plus")
        divided = f" / {call.dtype}({self.sizes(count)})" if function == "mean" and count > 1 else ""
        total, element = f"{self.prefix}v{number}", self.element(x, index)
        if own == () or _last_axis(index) in [index[a] for a in axes]:
            outer = [i if axis not in axes else "" for axis, i in enumerate(index)]
            within = [i if axis in axes else "" for axis, i in enumerate(index)]
            lines = [f"{total} = {neutral}"]
            lines += self._nested(within, shape, [f"{total} = {step}({total}, {element})"])
            lines += [f"{total} = {total}{divided}"] if divided else []
            lines += [f"{t}[{self.linear(kept, own) or '0'}] = {total}" for t in self.targets.get(number, ())]
            return self._nested(outer, shape, lines)
        to, *others = self.targets[number]
        place = f"{to}[{self.linear(kept, own) or '0'}]"
        every = self._number(math.prod(own))
        lines = [f"for j in range({every}):", f"    {to}[j] = {neutral}"]
        sums = f"{place} += {element}" if step == "plus" else f"{place} = {step}({place}, {element})"
        lines += self._nested(index, shape, [sums])
        if divided:
            lines += [f"for j in range({every}):", f"    {to}[j] = {to}[j]{divided}"]
        return lines + [line for t in others for line in (f"for j in range({every}):", f"    {t}[j] = {to}[j]")]

    def _product(self, number: int) -> Lines:
        laid = self.laid
        a, b = laid.calls[number - laid.first].operands
        shape_a, shape_b = laid.shapes[a], laid.shapes[b]
        rows = 1 if len(shape_a) == 1 else shape_a[-2]
        columns = 1 if len(shape_b) == 1 else shape_b[-1]
        depth = shape_a[-1]
        batch = laid.shapes[number][: len(laid.shapes[number]) - (len(shape_a) > 1) - (len(shape_b) > 1)]
        index = ["" if n == 1 else f"i{axis}" for axis, n in enumerate(batch)]

        def at(shape: Ints, size: int) -> str:
            place = self.linear(_aligned(index, shape), shape)
            return f"int64({place} * {self.sizes(size)})" if place and size > 1 else f"int64({place})" if place else "0"

        scalar = laid.shapes[number] == ()
        to = f"{self.prefix}s{number}" if scalar else self.targets[number][0]
        numbers = ", ".join(f"int64({self._number(n)})" for n in (rows, depth, columns))
        places = at(shape_a[:-2], rows * depth), at(shape_b[:-2], depth * columns), at(batch, rows * columns)
        x, y = self.names[laid.root(a)], self.names[laid.root(b)]
        call = f"product({x}, {places[0]}, {y}, {places[1]}, {to}, {places[2]}, {numbers})"
        if scalar:
            self.buffers.setdefault(number, to)
            lines = [call, f"{self.prefix}v{number} = {to}[0]"]
            return lines + [f"{t}[0] = {self.prefix}v{number}" for t in self.targets.get(number, ())]
        return self._nested(index, batch, [call])

    def _number(self, n: int) -> str:
        return "1" if n == 1 else self.sizes(n)

    def _joined(self, number: int, function: str) -> Lines:
        call = self.laid.calls[number - self.laid.first]
        (axis,), own, lines, before = call.told, self.laid.shapes[number], [], 0
        to = self.targets[number][0]
        for o in call.operands:
            shape = self.laid.shape_of(o)
            index = ["" if n == 1 else f"i{a}" for a, n in enumerate(shape)]
            shift = self.sizes(before) if before else ""
            whole = [*index[:axis], shift, *index[axis:]] if function == "stack" else list(index)
            if function == "concat":
                whole[axis] = _sum(index[axis], shift)
            value = self.element(o, index) if isinstance(o, int) else f"{call.dtype}({o[0]})"
            lines += self._nested(index, shape, [f"{to}[{self.linear(whole, own) or '0'}] = {value}"])
            before += 1 if function == "stack" else shape[axis]
        return lines

    def memory(self) -> dict[str, tuple[int, str]]:
        """The memory that the printed lines need beyond arguments and results: elements and dtype by name."""
        return {name: (math.prod(self.laid.shapes[n]), self.laid.dtypes[n]) for n, name in self.buffers.items()}

    def afterwards(self) -> Lines:
        """The carry that is copied when nothing reads the last one any more; each from memory of its own."""
        lines: Lines = []
        for i, number in self.late:
            shape = self.laid.shapes[number]
            if shape == ():
                lines.append(f"c{i}[0] = {self.names[number]}")
            elif math.prod(shape) == 1:
                lines.append(f"c{i}[0] = {self.names[number]}[0]")
            else:
                lines += [f"for j in range({self.sizes(math.prod(shape))}):", f"    c{i}[j] = {self.names[number]}[j]"]
        return lines


def _last_axis(index: Index) -> str:
    return next((i for i in reversed(index) if i), "")


def _sum(first: str, second: str) -> str:
    return f"({first} + {second})" if first and second else first or second


def _aligned(index: Index, shape: Ints) -> Index:
    """The index of an element of an array that is repeated: along axes of size 1, and along the first ones."""
    return ["" if n == 1 else i for i, n in zip(index[len(index) - len(shape) :], shape, strict=True)]
