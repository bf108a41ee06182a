"""What a compiled loop computes, in plain values: the compiler describes it, and a library's printer writes it."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = [
    "ARITHMETIC",
    "COLUMN",
    "COMPARISONS",
    "DTYPES",
    "FOLDS",
    "FULL",
    "FUNCTIONS",
    "INDICES",
    "REALS",
    "REDUCTIONS",
    "ROW",
    "SCALAR",
    "SUMS",
    "VIEWS",
    "Body",
    "Call",
    "Input",
    "Nest",
    "Output",
    "Value",
]

# Where a value lies in the space of a nest, an array of `ndim` axes of which the first `split` are its rows: one for
# each element, for each row, for each place within a row, or one altogether.
FULL, ROW, COLUMN, SCALAR = "full", "row", "column", "scalar"


class Input(NamedTuple):
    """An array that is read: its dtype and number of axes, and whether these are those of the rows alone."""

    dtype: str
    ndim: int
    of_rows: bool


class Value(NamedTuple):
    """A call: a function of the standard, its operands, and the dtype and the place of the result.

    An operand is the number of an input or, counted on from there, of a value; or the text of a number with its dtype,
    '' for that of the others. A reduction's place says over which axes it goes.
    """

    function: str
    operands: tuple[Any, ...]
    dtype: str
    place: str


class Output(NamedTuple):
    """A value that is given, and its number of axes: with that of the space, lost axes are kept with size 1."""

    number: int
    ndim: int


class Nest(NamedTuple):
    """A loop nest: elementwise calls over one space, with sums, means and maxima over its rows, columns, or all."""

    inputs: tuple[Input, ...]
    values: tuple[Value, ...]
    outputs: tuple[Output, ...]
    ndim: int
    split: int | None

    def dtype(self, number: int) -> str:
        """The dtype of an input or value."""
        known = len(self.inputs)
        return self.inputs[number].dtype if number < known else self.values[number - known].dtype

    def place(self, number: int) -> str:
        """The place of a value; that of an input is known when its shape is."""
        return self.values[number - len(self.inputs)].place


class Call(NamedTuple):
    """A call in a loop's body: a function of the standard, its operands, what else it is told, and the result's dtype.

    An operand is the number of an input, a constant or a call, in this order; or a number's text and its dtype, ''
    for that of the others; or, in the place of the text, a size. A size is an int, or a function and its arguments:
    ("size", number, axis) of an array, or one of ARITHMETIC on sizes.
    """

    function: str
    operands: tuple[Any, ...]
    told: tuple[Any, ...]
    dtype: str


class Body(NamedTuple):
    """A loop's body: the dtypes of its inputs, arrays that are always the same, calls in order, and its results."""

    inputs: tuple[str, ...]
    constants: tuple[Any, ...]
    calls: tuple[Call, ...]
    outputs: tuple[Any, ...]


# What sizes are made of, by the functions of `Dim`.
ARITHMETIC: dict[str, Callable[..., int]] = {
    "+": lambda *values: sum(values),
    "*": lambda *values: math.prod(values),
    "//": operator.floordiv,
    "%": operator.mod,
    "max": max,
    "min": min,
}

# The comparisons, by their signs in Python and in C.
COMPARISONS = {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "not_equal": "!="}

# What a printer can write: elementwise functions of the standard and of this library, and reductions.
FUNCTIONS = frozenset(
    "add subtract multiply divide negative abs square sqrt reciprocal sign exp expm1 log log1p log2 log10 logaddexp "
    "sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh atan2 pow maximum minimum where copysign "
    "less less_equal greater greater_equal equal not_equal isnan isinf isfinite signbit "
    "logical_and logical_or logical_not logical_xor bitwise_and bitwise_or bitwise_xor bitwise_invert "
    "ceil floor trunc round astype identity sigmoid".split()
)
SUMS = frozenset(["sum", "mean"])
REDUCTIONS = SUMS | {"max", "min"}
REALS = frozenset(["float32", "float64"])
INDICES = frozenset(["int32", "int64"])
DTYPES = REALS | INDICES | {"bool"}
# What shows an array of a loop's body in another form, so that a printer needs no loop for it.
VIEWS = frozenset("reshape permute_dims expand_dims squeeze broadcast_to getitem flip".split())
# What a loop's body reduces with: these of integers and booleans too.
FOLDS = REDUCTIONS | {"prod", "any", "all"}
