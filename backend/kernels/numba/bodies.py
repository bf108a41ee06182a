"""A loop's body for arrays of known shapes: the shape of each value, what has to lie in memory, and what shares a loop.

Calls are numbered on from the inputs and constants, as in the description; copies are put in where a call needs an
operand whose elements lie one after another, or a result needs memory of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..description import ARITHMETIC, REDUCTIONS, VIEWS, Body, Call
from ..spaces import common_shape

__all__ = ["DeclinedError", "Laid"]

Ints = tuple[int, ...]
LARGEST_PRODUCT = 2**21  # multiplications of one product, of 16 rows at most, from which BLAS's blocks win
ROWS = 16
IN_ORDER = frozenset(["reshape", "expand_dims", "squeeze"])  # the elements stay one after another


class DeclinedError(Exception):
    """What a compiled loop does not do, or not as fast as the library, on these shapes."""


class Laid:
    """A body on arrays of some shapes. `carry` is how many of its first results are its first inputs' next values."""

    def __init__(self, body: Body, shapes: Sequence[Ints], carry: int) -> None:
        self.body, self.carry = body, carry
        self.first = len(body.inputs) + len(body.constants)
        self.shapes: list[Ints] = [*shapes, *(tuple(c.shape) for c in body.constants)]
        self.dtypes = [*body.inputs, *(str(c.dtype) for c in body.constants)]
        self.calls: list[Call] = []
        self._places = list(range(self.first))  # of the description's numbers, among ours
        self._sizes = list(self.shapes)  # by the description's numbers
        for call in body.calls:
            told = self._told(call)
            operands = tuple(self._needed(call.function, told, o) for o in map(self._mine, call.operands))
            self._places.append(self._put(self._plain(Call(call.function, operands, told, call.dtype))))
            self._sizes.append(self.shapes[self._places[-1]])
        if any(0 in shape for shape in self.shapes):
            raise DeclinedError("arrays without elements")
        self.outputs = self._own_outputs()
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
        if call.function in ("reshape", "broadcast_to", "full", "sum_to"):
            return (tuple(map(self._size, call.told[0])),)
        if call.function != "getitem":
            return call.told
        key = []
        for k in call.told[0]:
            between = isinstance(k, tuple) and not isinstance(k[0], str)
            key.append(tuple(map(self._size, k)) if between else None if k is None else self._size(k))
        return (tuple(key),)

    def _plain(self, call: Call) -> Call:
        """A call of what has no loop of its own in the words of what has one."""
        if call.function == "full" and isinstance(call.operands[0], int):
            return Call("broadcast_to", (self._copied(call.operands[0], call.dtype),), call.told, call.dtype)
        if call.function == "sum_to":
            (x,), (shape,) = call.operands, call.told
            own = self.shape_of(x)
            lead = len(own) - len(shape)
            axes = (*range(lead), *(lead + i for i, n in enumerate(shape) if n == 1 != own[lead + i]))
            summed = self._put(Call("sum", (x,), (axes, True), call.dtype)) if axes else x
            return Call("reshape", (summed,), (shape,), call.dtype)
        return call

    def call(self, number: int) -> Call | None:
        """The call that gives a value; None for inputs and constants."""
        return None if number < self.first else self.calls[number - self.first]

    def function(self, number: int) -> str:
        """The function that gives a value; '' for inputs and constants."""
        return "" if number < self.first else self.calls[number - self.first].function

    def _put(self, call: Call) -> int:
        shape = self._shape(call)
        if call.function == "reshape":
            call = call._replace(told=(shape,))
        self.calls.append(call)
        self.shapes.append(shape)
        self.dtypes.append(call.dtype)
        return len(self.shapes) - 1

    # ---- shapes

    def shape_of(self, operand: Any) -> Ints:
        """The shape of an operand, () of a number."""
        return self.shapes[operand] if isinstance(operand, int) else ()

    def _shape(self, call: Call) -> Ints:
        shapes = [self.shape_of(o) for o in call.operands]
        if call.function in _SHAPES:
            return _SHAPES[call.function](shapes, *call.told)
        return common_shape(shapes)

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
            return operand if whole else self._copied(operand)
        kept = function != "reshape" or _same_but_ones(self.shapes[operand], told[0]) or self.in_order(operand)
        return operand if kept else self._copied(operand)

    def _copied(self, operand: Any, dtype: str = "") -> int:
        return self._put(Call("identity", (operand,), (), dtype or self.dtypes[operand]))

    def _own_outputs(self) -> list[int]:
        """The results, each the result of a call that can write it: of an elementwise one, or one that has no other."""
        found: list[int] = []
        for i, given in enumerate(self.body.outputs):
            if not isinstance(given, int):
                text, dtype = self._mine(given)
                found.append(self._put(Call("identity", ((text, dtype),), (), dtype)))
                continue
            number = self._places[given]
            if i < self.carry and number == i:
                found.append(number)  # the carry stays as it is
            elif self.elementwise(number) or (number >= self.first and self._free(number, found)):
                found.append(number)
            else:
                found.append(self._copied(number))
        return found

    def _free(self, number: int, given: list[int]) -> bool:
        return self.function(number) not in VIEWS | {"full"} and number not in given

    def elementwise(self, number: int) -> bool:
        """Whether a value is computed element by element, so that others of its shape can share its loop."""
        function = self.function(number)
        return bool(function) and function not in VIEWS | REDUCTIONS | {"full", "matmul", "concat", "stack"}

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


# ---- the shapes of results: of the operands' shapes, and of what the call is told


def _product(shapes: Sequence[Ints]) -> Ints:
    a, b = shapes
    rows, columns = (1, *a) if len(a) == 1 else a, (*b, 1) if len(b) == 1 else b
    if rows[-1] != columns[-2]:
        raise DeclinedError("shapes that do not fit")
    batch = common_shape([rows[:-2], columns[:-2]])
    if min(rows[-2], ROWS) * math.prod(columns[-2:]) > LARGEST_PRODUCT:
        raise DeclinedError("products so large that BLAS is faster")
    return (*batch, *rows[-2 : -1 if len(a) > 1 else -2], *(columns[-1:] if len(b) > 1 else ()))


def _reshaped(shapes: Sequence[Ints], shape: Ints) -> Ints:
    total = math.prod(shapes[0])
    known = math.prod(n for n in shape if n != -1)
    return tuple(total // known if n == -1 and known else n for n in shape)


def _reduced(shapes: Sequence[Ints], axes: Ints, keepdims: bool) -> Ints:
    kept = [1 if axis in axes else n for axis, n in enumerate(shapes[0])]
    return tuple(n for axis, n in enumerate(kept) if keepdims or axis not in axes)


def _indexed(shapes: Sequence[Ints], key: tuple[Any, ...]) -> Ints:
    sizes = iter(shapes[0])
    found: list[int] = []
    for k in key:
        if k is None:
            found.append(1)
        elif isinstance(k, tuple):
            found.append(len(range(next(sizes))[slice(*k)]))
        else:
            next(sizes)
    return (*found, *sizes)


def _expanded(shapes: Sequence[Ints], axes: Ints) -> Ints:
    sizes = iter(shapes[0])
    return tuple(1 if axis in axes else next(sizes) for axis in range(len(shapes[0]) + len(axes)))


def _joined(shapes: Sequence[Ints], axis: int) -> Ints:
    total = sum(shape[axis] for shape in shapes)
    return (*shapes[0][:axis], total, *shapes[0][axis + 1 :])


_SHAPES: dict[str, Callable[..., Ints]] = {
    **dict.fromkeys(REDUCTIONS, _reduced),
    "matmul": _product,
    "reshape": _reshaped,
    "broadcast_to": lambda shapes, shape: shape,
    "full": lambda shapes, shape: shape,
    "permute_dims": lambda shapes, axes: tuple(shapes[0][a] for a in axes),
    "expand_dims": _expanded,
    "squeeze": lambda shapes, axes: tuple(n for axis, n in enumerate(shapes[0]) if axis not in axes),
    "flip": lambda shapes, axes: shapes[0],
    "getitem": _indexed,
    "concat": _joined,
    "stack": lambda shapes, axis: (*shapes[0][:axis], len(shapes), *shapes[0][axis:]),
}
