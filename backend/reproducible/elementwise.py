"""Elementwise functions that are exact: one IEEE 754 operation each, or none that rounds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..arrays.dtypes import dtype_name, is_integer
from ..arrays.typing import Namespace
from . import elementary
from .complex_numbers import complex_functions, or_complex
from .wrapping import Wrapping

__all__ = ["elementwise_functions"]

_ONE = """
    abs bitwise_invert ceil conj floor imag isfinite isinf isnan logical_not negative positive round signbit trunc real
"""
_TWO = """
    add subtract multiply bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign equal
    greater greater_equal less less_equal logical_and logical_or logical_xor nextafter not_equal
"""


def elementwise_functions(namespace: Namespace, wrapping: Wrapping) -> dict[str, Any]:
    """The functions of this chapter by name."""
    base = wrapping.base
    found: dict[str, Any] = {name: wrapping.unary(name) for name in _ONE.split() if hasattr(base.xp, name)}
    found.update((name, wrapping.binary(name)) for name in _TWO.split() if hasattr(base.xp, name))
    found["divide"] = wrapping.binary("divide", _quotient(wrapping))
    found["sqrt"] = wrapping.unary("sqrt", _floating(wrapping, "sqrt", base.sqrt))
    found["square"] = wrapping.unary("square", _real(wrapping, "square", lambda x: x * x))
    one = lambda x: base.divide(base.xp.ones_like(x), x)  # noqa: E731
    found["reciprocal"] = wrapping.unary("reciprocal", _floating(wrapping, "reciprocal", one))
    found["maximum"] = wrapping.binary("maximum", _signed_zeros(wrapping, "maximum"))
    found["minimum"] = wrapping.binary("minimum", _signed_zeros(wrapping, "minimum"))
    found["sign"] = wrapping.unary("sign", _sign(wrapping))
    found["floor_divide"] = _whole(wrapping, "floor_divide", elementary.floor_divide)
    found["remainder"] = _whole(wrapping, "remainder", elementary.remainder)
    for name, function in complex_functions(wrapping).items():
        if name in found:
            found[name] = or_complex(wrapping, found[name], function)
    found["where"] = _where(wrapping)
    found["clip"] = _clip(found)
    found["isin"] = _isin(namespace)
    return found


def _dtypes(wrapping: Wrapping, *names: str) -> frozenset[Any]:
    """The dtypes that arrays state: on NumPy and JAX other objects than the namespace's."""
    xp = wrapping.base.xp
    return frozenset(xp.zeros((1,), dtype=getattr(xp, name)).dtype for name in names if hasattr(xp, name))


def _floating(wrapping: Wrapping, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Any) -> Any:
        if not dtype_name(x.dtype).startswith("float"):
            raise wrapping.unfit(name, x.dtype)
        return function(x)

    return call


def _real(wrapping: Wrapping, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Any) -> Any:
        if dtype_name(x.dtype).startswith("complex"):
            raise wrapping.unfit(name, x.dtype)
        return function(x)

    return call


def _quotient(wrapping: Wrapping) -> Callable[[Any, Any], Any]:
    base = wrapping.base

    floats = _dtypes(wrapping, "float16", "float32", "float64")

    def divide(x: Any, y: Any) -> Any:
        for v in (x, y):
            if hasattr(v, "dtype") and v.dtype not in floats:
                raise wrapping.unfit("divide", v.dtype)
        return base.divide(x if hasattr(x, "dtype") else wrapping.number(x, y), y)

    return divide


def _signed_zeros(wrapping: Wrapping, name: str) -> Callable[[Any, Any], Any]:
    """maximum or minimum, with the zero that IEEE 754-2019 says; which of two comes out is up to the library."""
    base = wrapping.base
    function, larger = getattr(base.xp, name), name == "maximum"

    def call(x: Any, y: Any) -> Any:
        found = function(x, y)
        if not dtype_name(found.dtype).startswith("float"):
            return found
        for number, other in ((x, y), (y, x)):
            if not hasattr(number, "dtype"):
                if number != 0:
                    return found
                if larger and math.copysign(1.0, number) > 0:
                    return found + 0.0
                x, y = other, wrapping.number(number, other)
        both = (found == 0) & (x == y)
        if not base.any(both):
            return found
        return base.xp.where(both, x + y if larger else -(-x - y), found)

    return call


def _sign(wrapping: Wrapping) -> Callable[[Any], Any]:
    xp = wrapping.base.xp

    def sign(x: Any) -> Any:
        found = xp.sign(x)
        if not dtype_name(x.dtype).startswith("float"):
            return found
        return xp.where(xp.isnan(x), x, found + 0.0)

    return sign


def _whole(wrapping: Wrapping, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """floor_divide or remainder: of integers the library's."""
    base = wrapping.base
    at = 0 if name == "floor_divide" else 1
    floats = wrapping.rounded(
        name, lambda x, y: function(base, x, y), lambda x, y: elementary.divided_doubles(x, y)[at]
    )
    integers = wrapping.binary(name)

    def call(x1: Any, x2: Any, /) -> Any:
        given = dtype_name(getattr(x1, "dtype", None) or x2.dtype)
        return (integers if is_integer(given) else floats)(x1, x2)

    call.__name__, call.__doc__ = name, f"The standard's `{name}`."
    return call


def _where(wrapping: Wrapping) -> Callable[..., Any]:
    xp, open_, close, number = wrapping.base.xp, wrapping.open, wrapping.close, wrapping.number

    def where(condition: Any, x1: Any, x2: Any, /) -> Any:
        """The standard's `where`."""
        x, y = open_(x1), open_(x2)
        if not hasattr(x, "dtype"):
            x = number(x, y)
        elif not hasattr(y, "dtype"):
            y = number(y, x)
        return close(xp.where(open_(condition), x, y))

    return where


def _clip(found: dict[str, Any]) -> Callable[..., Any]:
    maximum, minimum = found["maximum"], found["minimum"]

    def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:  # noqa: A002 - the standard's names
        """The standard's `clip`."""
        if min is not None:
            x = maximum(x, min)
        if max is not None:
            x = minimum(x, max)
        return found["positive"](x) if min is None and max is None else x

    return clip


def _isin(namespace: Namespace) -> Callable[..., Any]:
    def isin(x1: Any, x2: Any, /, *, invert: bool = False) -> Any:
        """The standard's `isin`, by comparisons with every element."""
        xp = namespace
        if not hasattr(x1, "dtype"):
            x1 = xp.asarray(x1, dtype=x2.dtype)
        if not hasattr(x2, "dtype"):
            x2 = xp.asarray(x2, dtype=x1.dtype)
        same = xp.equal(xp.expand_dims(x1, axis=-1), xp.reshape(x2, (-1,)))
        found = xp.any(same, axis=-1)
        return xp.logical_not(found) if invert else found

    return isin
