"""A loop's body for arrays of known shapes: the shape of each value, what has to lie in memory, and what shares a loop.

Calls are numbered on from the inputs and constants, as in the description; copies are put in where a call needs an
operand whose elements lie one after another, or a result needs memory of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..description import ARITHMETIC, VIEWS, Body, Call
from ..spaces import common_shape
from .plain_calls import PLAIN
from .result_shapes import RESULT_SHAPES, DeclinedError, Ints

__all__ = ["CONTROL", "Laid"]

IN_ORDER = frozenset(["reshape", "expand_dims", "squeeze"])  # the elements stay one after another
CONTROL = frozenset(["loop", "while_loop", "branch"])  # calls with bodies, which give several results
# What has loops of its own, so that no other call shares them.
ALONE = CONTROL | {"result"} | set(RESULT_SHAPES).difference(VIEWS)
SIZED = frozenset(["reshape", "broadcast_to", "full", "sum_to"])  # told a shape


class Laid:
    """A body on arrays of some shapes. `carry` is how many of its first results are its first inputs' next values."""

    def __init__(self, body: Body, shapes: Sequence[Ints], carry: int) -> None:
        self.body, self.carry = body, carry
        self.first = len(body.inputs) + len(body.constants)
        self.shapes: list[Ints] = [*shapes, *(tuple(c.shape) for c in body.constants)]
        self.dtypes = [*body.inputs, *(str(c.dtype) for c in body.constants)]
        self.calls: list[Call] = []
        self.inner: dict[int, list[Laid]] = {}  # the bodies of a call that has some
        self.results: dict[int, list[tuple[Ints, str]]] = {}  # the shapes and dtypes of what such a call gives
        self.in_memory: set[int] = set()  # what such bodies read: numbers too are arrays there
        self._places = list(range(self.first))  # of the description's numbers, among ours
        self._sizes = list(self.shapes)  # by the description's numbers
        for call in body.calls:
            told = self._told(call)
            self._places.append(self.do(call.function, tuple(map(self._mine, call.operands)), told, call.dtype))
            self._sizes.append(self.shapes[self._places[-1]])
        if any(0 in shape for shape in self.shapes):
            raise DeclinedError("arrays without elements")
        self.outputs = self._own_outputs()
        if any(self.shapes[o] != self.shapes[i] for i, o in enumerate(self.outputs[:carry])):
            raise DeclinedError("a carry that changes its shape")  # for which the definition has a message
        self.groups = self._grouped()

    # ---- what the description says, in numbers

    def _mine(self, operand: Any) -> Any:
        if isinstance(operand, int):
            return self._places[operand]
        text, dtype = operand
        return (str(self._size(text)), dtype) if not isinstance(text, str) else operand

    def _size(self, size: Any) -> int:
        if isinstance(size, int):
            return size
        function, *arguments = size
        if function == "size":
            return self._sizes[arguments[0]][arguments[1]]
        return ARITHMETIC[function](*map(self._size, arguments))

    def _told(self, call: Call) -> tuple[Any, ...]:
        told = call.told
        if call.function in SIZED:
            return (tuple(map(self._size, told[0])),)
        if call.function == "roll":
            return tuple(map(self._size, told[0])), told[1]
        if call.function == "top_places":
            return told[0], told[1], self._size(told[2])
        if call.function in ("add_at", "add_along_axis"):
            return told[0], self._size(told[1]), told[2]
        if call.function == "loop":
            return (*told[:3], self._size(told[3]), told[4])
        if call.function == "while_loop":
            return (*told[:3], None if told[3] is None else self._size(told[3]))
        if call.function != "getitem":
            return told
        key = []
        for k in told[0]:
            between = isinstance(k, tuple) and not isinstance(k[0], str)
            key.append(tuple(map(self._size, k)) if between else None if k is None else self._size(k))
        return (tuple(key),)

    def do(self, function: str, operands: tuple[Any, ...], told: tuple[Any, ...], dtype: str) -> int:
        """A call, in the words of those that have loops where it has none of its own; the number of its result."""
        if function in CONTROL:
            return self._controlled(function, operands, told)
        operands = tuple(self._needed(function, told, o) for o in operands)
        if function in PLAIN:
            return PLAIN[function](self, operands, told, dtype)
        return self.put(function, operands, told, dtype)

    def call(self, number: int) -> Call | None:
        """The call that gives a value; None for inputs and constants."""
        return None if number < self.first else self.calls[number - self.first]

    def function(self, number: int) -> str:
        """The function that gives a value; '' for inputs and constants."""
        return "" if number < self.first else self.calls[number - self.first].function

    def put(self, function: str, operands: tuple[Any, ...], told: tuple[Any, ...], dtype: str) -> int:
        """Write a call that has a loop of its own; the number of its result."""
        if function == "result":
            shape = self.results[operands[0]][told[0]][0]
        else:
            shapes = [self.shape_of(o) for o in operands]
            shape = RESULT_SHAPES[function](shapes, *told) if function in RESULT_SHAPES else common_shape(shapes)
        if function == "reshape":
            told = (shape,)
        return self._numbered(Call(function, operands, told, dtype), shape)

    def _numbered(self, call: Call, shape: Ints) -> int:
        self.calls.append(call)
        self.shapes.append(shape)
        self.dtypes.append(call.dtype)
        return len(self.shapes) - 1

    # ---- calls with bodies

    def _controlled(self, function: str, operands: tuple[Any, ...], told: tuple[Any, ...]) -> int:
        """A loop or branch within this body: its operands lie in memory, where its own body has its inputs."""
        shapes = [self.shape_of(o) for o in operands]
        inner, steps, dtypes = _inner(function, shapes, told)
        first = 1 if function == "branch" else 0
        given = list(operands)
        for i, o in enumerate(operands[first:], first):
            whole = isinstance(o, int) and self.in_order(o) and self.function(self.root(o)) != "full"
            given[i] = o if whole else self.copied(o, dtypes[i - first])
            self.in_memory.add(self.root(given[i]))
        number = self._numbered(Call(function, tuple(given), told, ""), ())
        body = inner[-1]
        results = [(body.shapes[o], body.dtypes[o]) for o in body.outputs]
        if function == "branch" and [shape for shape, _ in results] != [inner[0].shapes[o] for o in inner[0].outputs]:
            raise DeclinedError("branches whose results differ in shape")
        if function == "loop":
            results = [(s if i < body.carry else (steps, *s), dtype) for i, (s, dtype) in enumerate(results)]
        if function == "while_loop":
            results.append(((), "int32"))
        self.inner[number], self.results[number] = inner, results
        return number

    # ---- shapes

    def shape_of(self, operand: Any) -> Ints:
        """The shape of an operand, () of a number."""
        return self.shapes[operand] if isinstance(operand, int) else ()

    def dtype_of(self, operand: Any) -> str:
        """The dtype of an operand."""
        return self.dtypes[operand] if isinstance(operand, int) else str(operand[1])

    # ---- memory

    def root(self, number: int) -> int:
        """The value whose elements a view shows."""
        call = self.call(number)
        while call is not None and call.function in VIEWS:
            number = call.operands[0]
            call = self.call(number)
        return number

    def in_order(self, number: int) -> bool:
        """Whether the elements of a value lie one after another in memory, all of what that memory holds."""
        call = self.call(number)
        if call is None or call.function not in VIEWS:
            return True
        same = self.shapes[number] == self.shapes[call.operands[0]] and call.function not in ("permute_dims", "flip")
        return (same or call.function in IN_ORDER) and self.in_order(call.operands[0])

    def _needed(self, function: str, told: tuple[Any, ...], operand: Any) -> Any:
        """An operand, or a copy of it, as a call needs it."""
        if not isinstance(operand, int):
            return operand
        root = self.root(operand)
        if function == "matmul":
            whole = self.in_order(operand) and self.function(root) != "full" and self.shapes[root] != ()
            return operand if whole else self.copied(operand)
        kept = function != "reshape" or _same_but_ones(self.shapes[operand], told[0]) or self.in_order(operand)
        return operand if kept else self.copied(operand)

    def copied(self, operand: Any, dtype: str = "") -> int:
        """A copy whose elements lie one after another."""
        return self.put("identity", (operand,), (), dtype or self.dtypes[operand])

    def _own_outputs(self) -> list[int]:
        """The results, each the result of a call that can write it: of an elementwise one, or one that has no other."""
        found: list[int] = []
        for i, given in enumerate(self.body.outputs):
            if not isinstance(given, int):
                text, dtype = self._mine(given)
                found.append(self.put("identity", ((text, dtype),), (), dtype))
                continue
            number = self._places[given]
            if i < self.carry and number == i:
                found.append(number)  # the carry stays as it is
            elif self.elementwise(number) or (number >= self.first and self._free(number, found)):
                found.append(number)
            else:
                found.append(self.copied(number))
        return found

    def _free(self, number: int, given: list[int]) -> bool:
        return self.function(number) not in VIEWS | {"full", "result"} and number not in given

    def elementwise(self, number: int) -> bool:
        """Whether a value is computed element by element, so that others of its shape can share its loop."""
        function = self.function(number)
        return bool(function) and function not in VIEWS | ALONE

    # ---- loops

    def _grouped(self) -> list[list[int]]:
        """The calls in order, those in one list sharing a loop."""
        groups: list[list[int]] = []
        place: dict[int, int] = {}
        for number, call in enumerate(self.calls, self.first):
            if call.function in VIEWS | {"full"}:
                continue
            own = self.elementwise(number)
            earliest = 0
            for o in call.operands:
                if isinstance(o, int) and self.root(o) in place:
                    root = self.root(o)
                    joins = own and root == o and self.elementwise(o) and self.shapes[o] == self.shapes[number]
                    earliest = max(earliest, place[root] + (not joins))
            if own:
                for i in range(earliest, len(groups)):
                    last = groups[i][0]
                    if self.elementwise(last) and self.shapes[last] == self.shapes[number]:
                        groups[i].append(number)
                        place[number] = i
                        break
            if number not in place:
                place[number] = len(groups)
                groups.append([number])
        self.place = place
        return groups

    def read_after(self, number: int, group: int) -> bool:
        """Whether a loop after this one reads a value, or this one does, but not only the element that it is at."""
        for reader, call in enumerate(self.calls, self.first):
            if reader not in self.place or self.place[reader] < group:
                continue
            for o in call.operands:
                if isinstance(o, int) and self.root(o) == number:
                    here = self.place[reader] == group and o == number
                    if not here or self.shapes[o] != self.shapes[reader]:
                        return True
        return False


def _same_but_ones(shape: Ints, other: Ints) -> bool:
    return [n for n in shape if n != 1] == [n for n in other if n != 1]


def _inner(function: str, shapes: Sequence[Ints], told: tuple[Any, ...]) -> tuple[list[Laid], int, list[str]]:
    """The bodies of a call, how many steps it takes, and the dtypes of its operands, without a branch's condition."""
    if function == "branch":
        then, otherwise = told
        end = 1 + len(then.inputs)
        bodies = [Laid(then, shapes[1:end], 0), Laid(otherwise, shapes[end:], 0)]
        return bodies, 1, [*then.inputs, *otherwise.inputs]
    if function == "loop":
        body, carry, sequences, length, _ = told
        lengths = {shape[0] for shape in shapes[carry : carry + sequences]} or {length}
        if len(lengths) > 1 or lengths == {0}:
            raise DeclinedError("an inner loop without steps, or over sequences of several lengths")
        given = [shape[1:] if 0 <= i - carry < sequences else shape for i, shape in enumerate(shapes)]
        return [Laid(body, given, carry)], lengths.pop(), list(body.inputs)
    condition, body, carry, _ = told
    end = len(condition.inputs)
    laid = [Laid(condition, shapes[:end], 0), Laid(body, (*shapes[:carry], *shapes[end:]), carry)]
    return laid, 0, [*condition.inputs, *body.inputs[carry:]]
