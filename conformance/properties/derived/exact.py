"""Functions of Python's integers, and neighbours of floats by their bits."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .promotion import kind_of

__all__ = ["COMPARISONS", "INTEGER_ONE", "INTEGER_TWO", "next_after"]

Unary = Callable[[int], int]


def _same(dtype: str) -> Unary:
    return lambda a: a


def _inverted(dtype: str) -> Unary:
    """Each bit the other way; of an unsigned integer the difference from the largest one."""
    largest = int(np.iinfo(dtype).max)
    return (lambda a: largest - a) if kind_of(dtype) == "uint" else (lambda a: -1 - a)


# By dtype, the function of an integer.
INTEGER_ONE: dict[str, Callable[[str], Unary]] = {
    "abs": lambda dtype: abs,
    "bitwise_invert": _inverted,
    "negative": lambda dtype: operator.neg,
    "sign": lambda dtype: lambda a: (a > 0) - (a < 0),
    "square": lambda dtype: lambda a: a * a,
    **dict.fromkeys(("ceil", "conj", "floor", "positive", "real", "round", "trunc"), _same),
}
INTEGER_TWO: dict[str, Callable[[int, int], int]] = {
    "add": operator.add,
    "bitwise_and": operator.and_,
    "bitwise_left_shift": lambda a, b: a * 2**b,
    "bitwise_or": operator.or_,
    "bitwise_right_shift": lambda a, b: a // 2**b,
    "bitwise_xor": operator.xor,
    "floor_divide": operator.floordiv,
    "maximum": max,
    "minimum": min,
    "multiply": operator.mul,
    "pow": pow,
    "remainder": operator.mod,
    "subtract": operator.sub,
}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "equal": operator.eq,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "less": operator.lt,
    "less_equal": operator.le,
    "not_equal": operator.ne,
}


def next_after(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The neighbour of each number of `a` in the direction of `b`: the integer that its bits spell, one up or down."""
    a, b = np.broadcast_arrays(a, b)
    bits = a.astype(a.dtype).view({4: np.int32, 8: np.int64}[a.dtype.itemsize])
    away = (b > a) == (a > 0)
    stepped = (bits + np.where(away, 1, -1).astype(bits.dtype)).view(a.dtype)
    smallest = np.asarray(1, dtype=bits.dtype).view(a.dtype)
    stepped = np.where(a == 0, np.copysign(smallest, b), stepped)
    return np.where(a == b, b, stepped)
