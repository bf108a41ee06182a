"""The body of a loop as source for numba: loops over elements, products, and no array made in between."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ..description import FOLDS
from .bodies import Laid
from .chains import expression, indented
from .inner_loops import CONTROLLED
from .loop_elements import Elements, Index, Lines, aligned, sum_of
from .loop_indices import INDEXED, fold
from .loop_rows import COPIED
from .result_shapes import Ints

__all__ = ["Printer"]

LOOPS = INDEXED | COPIED


class Printer(Elements):
    """Prints one body."""

    def lines(self) -> Lines:
        """The statements of one step, but for the carry that is copied afterwards."""
        found: Lines = []
        for members in self.laid.groups:
            first = members[0]
            call = self.laid.calls[first - self.laid.first]
            function = call.function
            if self.laid.elementwise(first):
                found += self._elementwise(members)
            elif function in FOLDS:
                found += self._reduction(first, function)
            elif function == "matmul":
                found += self._product(first)
            elif function in LOOPS:
                found += LOOPS[function](self, first, call)
            elif function in CONTROLLED:
                found += CONTROLLED[function](self, first, call, self._printed)
            elif function == "result":
                found += [] if self.laid.shapes[first] else [f"{self.names[first]} = {self.targets[first][0]}[0]"]
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
        index = self.axes(shape)
        one = math.prod(shape) == 1

        def name_of(n: int) -> str:
            own = self.laid.shapes[n]
            whole = flat and not one and own == shape and own != ()
            return self.element(n, aligned(index, own), members, "j" if whole else "")

        inner = [f"{self.prefix}v{m} = {self._expression(m, name_of)}" for m in members]
        place = "0" if one else "j" if flat else self.linear(index, shape)
        for m in members:
            inner += [f"{target}[{place}] = {self.prefix}v{m}" for target in self.targets.get(m, ())]
        if one:
            return inner
        if flat:
            return [f"for j in range({self.sizes(math.prod(shape))}):", *indented(inner)]
        return self.nested(index, shape, inner)

    def _straight(self, operand: int) -> bool:
        return self.laid.in_order(operand) or self.laid.function(self.laid.root(operand)) == "full"

    def _reduction(self, number: int, function: str) -> Lines:
        call = self.laid.calls[number - self.laid.first]
        (x,), (axes, keepdims) = call.operands, call.told
        shape, own = self.laid.shapes[x], self.laid.shapes[number]
        index = self.axes(shape)
        kept = [i if axis not in axes else "" for axis, i in enumerate(index) if keepdims or axis not in axes]
        count = math.prod(shape[a] for a in axes)
        neutral, step = fold(function, self.laid.dtypes[x], call.dtype)
        divided = f" / {call.dtype}({self.sizes(count)})" if function == "mean" and count > 1 else ""
        total, element = f"{self.prefix}v{number}", self.element(x, index)
        if own == () or _last_axis(index) in [index[a] for a in axes]:
            outer = [i if axis not in axes else "" for axis, i in enumerate(index)]
            within = [i if axis in axes else "" for axis, i in enumerate(index)]
            lines = [f"{total} = {neutral}"]
            lines += self.nested(within, shape, [f"{total} = {step.format(total, element)}"])
            lines += [f"{total} = {total}{divided}"] if divided else []
            lines += [f"{t}[{self.linear(kept, own) or '0'}] = {total}" for t in self.targets.get(number, ())]
            return self.nested(outer, shape, lines)
        to, *others = self.targets[number]
        place = f"{to}[{self.linear(kept, own) or '0'}]"
        every = self.number(math.prod(own))
        lines = [f"for j in range({every}):", f"    {to}[j] = {neutral}"]
        lines += self.nested(index, shape, [f"{place} = {step.format(place, element)}"])
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
        index = self.axes(batch)

        def at(shape: Ints, size: int) -> str:
            place = self.linear(aligned(index, shape), shape)
            return f"int64({place} * {self.sizes(size)})" if place and size > 1 else f"int64({place})" if place else "0"

        scalar = laid.shapes[number] == ()
        to = f"{self.prefix}s{number}" if scalar else self.targets[number][0]
        numbers = ", ".join(f"int64({self.number(n)})" for n in (rows, depth, columns))
        places = at(shape_a[:-2], rows * depth), at(shape_b[:-2], depth * columns), at(batch, rows * columns)
        x, y = self.names[laid.root(a)], self.names[laid.root(b)]
        call = f"product({x}, {places[0]}, {y}, {places[1]}, {to}, {places[2]}, {numbers})"
        if scalar:
            self.room(f"s{number}", (), laid.dtypes[number])
            lines = [call, f"{self.prefix}v{number} = {to}[0]"]
            return lines + [f"{t}[0] = {self.prefix}v{number}" for t in self.targets.get(number, ())]
        return self.nested(index, batch, [call])

    def _joined(self, number: int, function: str) -> Lines:
        call = self.laid.calls[number - self.laid.first]
        (axis,), own, lines, before = call.told, self.laid.shapes[number], [], 0
        to = self.targets[number][0]
        for o in call.operands:
            shape = self.laid.shape_of(o)
            index = self.axes(shape)
            shift = self.sizes(before) if before else ""
            whole = [*index[:axis], shift, *index[axis:]] if function == "stack" else list(index)
            if function == "concat":
                whole[axis] = sum_of(index[axis], shift)
            value = self.element(o, index) if isinstance(o, int) else f"{call.dtype}({o[0]})"
            lines += self.nested(index, shape, [f"{to}[{self.linear(whole, own) or '0'}] = {value}"])
            before += 1 if function == "stack" else shape[axis]
        return lines

    def _printed(self, laid: Laid, names: Sequence[str], rows: Sequence[str], prefix: str) -> Lines:
        """The statements of a body within this one."""
        printer = Printer(laid, names, rows, self.sizes, self.prefix + prefix)
        lines = [*printer.lines(), *printer.afterwards()]
        self.memory |= printer.memory
        return lines

    def afterwards(self) -> Lines:
        """The carry that is copied when nothing reads the last one any more; each from memory of its own."""
        lines: Lines = []
        for i, number in self.late:
            shape, carry = self.laid.shapes[number], self.names[i]
            if shape == ():
                lines.append(f"{carry}[0] = {self.names[number]}")
            elif math.prod(shape) == 1:
                lines.append(f"{carry}[0] = {self.names[number]}[0]")
            else:
                size = self.sizes(math.prod(shape))
                lines += [f"for j in range({size}):", f"    {carry}[j] = {self.names[number]}[j]"]
        return lines


def _last_axis(index: Index) -> str:
    return next((i for i in reversed(index) if i), "")
