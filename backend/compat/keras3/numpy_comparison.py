"""Comparisons, logic, bits and whole numbers of `keras.ops.numpy`."""

from __future__ import annotations

import math
import operator
from typing import Any

import backend as K
from backend.dispatch.promotion import array_namespace

from .core import convert_to_tensor
from .dtype_rules import (
    array_like,
    boolean,
    common,
    counted,
    in_common,
    is_complex,
    is_number,
    is_real_float,
    name_of,
    quiet,
)
from .numpy_elementwise import pair_of_arrays
from .value_shapes import nonzero_places

__all__ = [
    "allclose",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "equal",
    "gcd",
    "greater",
    "greater_equal",
    "isclose",
    "isfinite",
    "isin",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "lcm",
    "left_shift",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "not_equal",
    "right_shift",
    "select",
    "signbit",
    "where",
]

# ---- comparisons ------------------------------------------------------------------------------------------------


def _comparison(name: str) -> Any:
    """The standard's comparison of that name, in the operands' common dtype."""

    def function(x1: Any, x2: Any) -> Any:
        x1, x2 = pair_of_arrays(x1, x2)
        return getattr(array_namespace(x1), name)(counted(x1), counted(x2))

    return quiet(function)


equal, not_equal = _comparison("equal"), _comparison("not_equal")
less, less_equal = _comparison("less"), _comparison("less_equal")
greater, greater_equal = _comparison("greater"), _comparison("greater_equal")


@quiet
def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    x1, x2 = pair_of_arrays(x1, x2, float)
    xp = array_namespace(x1)
    finite = xp.isfinite(x1) & xp.isfinite(x2)
    near = xp.where(finite, xp.abs(x1 - x2) <= atol + rtol * xp.abs(x2), x1 == x2)
    return near | (xp.isnan(x1) & xp.isnan(x2)) if equal_nan else near


def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    near = isclose(x1, x2, rtol, atol, equal_nan)
    return array_namespace(near).all(near)


def _of_floats(name: str, otherwise: bool) -> Any:
    """The standard's question about floating numbers, with the same answer for all others."""

    def function(x: Any) -> Any:
        x = convert_to_tensor(x)
        if is_real_float(x) or is_complex(x):
            return getattr(array_namespace(x), name)(x)
        return _all(x, otherwise)

    return function


def _all(x: Any, answer: bool) -> Any:
    """One answer for each element."""
    xp = array_namespace(x)
    return (xp.ones_like if answer else xp.zeros_like)(boolean(x))


isfinite, isinf, isnan = _of_floats("isfinite", True), _of_floats("isinf", False), _of_floats("isnan", False)


def isneginf(x: Any) -> Any:
    x = convert_to_tensor(x)
    return x == -math.inf if is_real_float(x) else _all(x, False)


def isposinf(x: Any) -> Any:
    x = convert_to_tensor(x)
    return x == math.inf if is_real_float(x) else _all(x, False)


def isreal(x: Any) -> Any:
    x = convert_to_tensor(x)
    return array_namespace(x).imag(x) == 0 if is_complex(x) else _all(x, True)


def signbit(x: Any) -> Any:
    x = counted(x)
    if is_real_float(x):
        return array_namespace(x).signbit(x)
    return _all(x, False) if name_of(x).startswith("u") else x < 0


def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    x1, x2 = (counted(x) for x in in_common(x1, x2))
    xp = array_namespace(x1)
    found = xp.any(x1[..., None] == xp.reshape(x2, (-1,)), axis=-1)
    return ~found if invert else found


# ---- logic ------------------------------------------------------------------------------------------------------


def _logical(name: str) -> Any:
    """The standard's function of truth values, after numbers have become such."""

    def function(x1: Any, x2: Any) -> Any:
        x1, x2 = boolean(x1), boolean(x2)
        return getattr(array_namespace(x1, x2), name)(x1, x2)

    return function


logical_and, logical_or, logical_xor = (_logical(f"logical_{name}") for name in ("and", "or", "xor"))


def logical_not(x: Any) -> Any:
    x = boolean(x)
    return array_namespace(x).logical_not(x)


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    condition = boolean(condition)
    if x1 is None and x2 is None:
        return nonzero_places(condition)
    x1, x2 = pair_of_arrays(x1, x2)
    return array_namespace(condition, x1, x2).where(condition, x1, x2)


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist) or not condlist:
        raise ValueError(
            f"select: condlist has {len(condlist)} and choicelist {len(choicelist)} entries, "
            "expected as many, and at least 1"
        )
    *choices, found = (x if is_number(x) else convert_to_tensor(x) for x in (*choicelist, default))
    dtype = common(*choices, found)
    found = convert_to_tensor(found, dtype)
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        found = where(condition, convert_to_tensor(choice, dtype), found)
    return found


# ---- bits -------------------------------------------------------------------------------------------------------


def _bits(sign: Any) -> Any:
    """An operator on bits, in the operands' common dtype."""

    def function(x: Any, y: Any) -> Any:
        x, y = in_common(x, y)
        return sign(x, y)

    return function


def _shift(sign: Any) -> Any:
    """An operator that shifts bits by a number, or by an array of the common dtype."""

    def function(x: Any, y: Any) -> Any:
        if is_number(y):
            x = convert_to_tensor(x)
            return sign(x, array_like(x, y))
        x, y = in_common(x, y)
        return sign(x, y)

    return function


bitwise_and, bitwise_or, bitwise_xor = _bits(operator.and_), _bits(operator.or_), _bits(operator.xor)
bitwise_left_shift, bitwise_right_shift = _shift(operator.lshift), _shift(operator.rshift)


def bitwise_invert(x: Any) -> Any:
    return ~convert_to_tensor(x)


def bitwise_not(x: Any) -> Any:
    return bitwise_invert(x)


def left_shift(x: Any, y: Any) -> Any:
    return bitwise_left_shift(x, y)


def right_shift(x: Any, y: Any) -> Any:
    return bitwise_right_shift(x, y)


# ---- whole numbers ----------------------------------------------------------------------------------------------


def gcd(x1: Any, x2: Any) -> Any:
    return K.gcd(*in_common(x1, x2))


def lcm(x1: Any, x2: Any) -> Any:
    return K.lcm(*in_common(x1, x2))
