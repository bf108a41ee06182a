"""Elementwise functions of the analysing namespace: an error is multiplied by the slope of the function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..judging.bounds import magnitude, ulps_of
from .array import Bounded, error_of, lifted, rounded_to, rounding

__all__ = ["FUNCTIONS", "UNARY", "astype", "clip", "ends", "operands", "where"]

BOOL = np.dtype("bool")
# The smallest step for a slope, relative to the argument: float64 still resolves the difference.
STEP = 2.0**-26
SMALLEST = 1e-150
GRID = 2.0**-8
ROUNDED_ONCE = frozenset(("add", "subtract", "multiply", "square", "divide"))


def operands(*xs: Any) -> tuple[np.dtype, list[Bounded]]:
    """Arrays and numbers as arrays, and their promoted dtype."""
    arrays = [x for x in xs if isinstance(x, Bounded)]
    dtype = np.result_type(*(x.dtype for x in arrays))
    if len({"i" if x.dtype.kind in "iu" else x.dtype.kind for x in arrays}) > 1:
        raise TypeError(f"dtypes {', '.join(str(x.dtype) for x in arrays)} in one call; cast one of them")
    return dtype, [lifted(x, dtype) for x in xs]


def _slope_times_error(f: Callable[..., Any], values: list[np.ndarray], index: int, error: Any, out: Any) -> Any:
    """The change of f for the error of one argument, by secants to both sides; a side outside the domain is ignored."""
    v = values[index]
    step = np.maximum(error, np.abs(v) * STEP + SMALLEST)
    moved = [np.abs(f(*values[:index], v + s, *values[index + 1 :]) - out) for s in (step, -step)]
    return np.where(error == 0, 0.0, np.fmax(*moved) / step * error)


def _smooth(name: str, f: Callable[..., Any]) -> Callable[..., Bounded]:
    def function(*xs: Any) -> Bounded:
        dtype, arrays = operands(*xs)
        values = [x.value for x in arrays]
        with np.errstate(all="ignore"):
            out = f(*values)
            if dtype.kind != "f":
                return rounded_to(out, _undecided(arrays), np.asarray(out).dtype)
            error = rounding(magnitude(name, out, values), dtype, ulps_of(name))
            for i, x in enumerate(arrays):
                if x.error is not None:
                    error = error + _slope_times_error(f, values, i, x.error, out)
        return rounded_to(out, error, dtype)

    return function


def _undecided(arrays: list[Bounded]) -> Any:
    """For integers and booleans: infinite wherever an argument is undecided."""
    if all(x.error is None for x in arrays):
        return None
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    return np.where(sum(np.broadcast_to(error_of(x), shape) for x in arrays) > 0, np.inf, 0.0)


def _ruled(name: str, f: Callable[..., Any], rule: Callable[..., Any]) -> Callable[..., Bounded]:
    """A function whose propagated error has a closed form: rule(out, value, error, value, error, ...)."""

    def function(*xs: Any) -> Bounded:
        dtype, arrays = operands(*xs)
        with np.errstate(all="ignore"):
            out = f(*(x.value for x in arrays))
            if dtype.kind != "f":
                return rounded_to(out, _undecided(arrays), np.asarray(out).dtype)
            error = rounding(out, dtype, ulps_of(name))
            if name in ROUNDED_ONCE:
                error = np.where(_held(name, out, dtype, arrays), 0.0, error)
            if any(x.error is not None for x in arrays):
                error = error + rule(out, *(v for x in arrays for v in (x.value, error_of(x))))
        return rounded_to(out, error, dtype)

    return function


def _held(name: str, out: np.ndarray, dtype: np.dtype, arrays: list[Bounded]) -> Any:
    """Where the result needs no rounding, whatever the order: small multiples of GRID without errors.

    A quotient may be the product with a reciprocal, which is exact for powers of two.
    """
    held = np.abs(out) <= GRID**2 / np.finfo(dtype).eps
    if name == "divide":
        held &= np.abs(np.frexp(arrays[1].value)[0]) == 0.5
    for v, error in ((out, 0.0), *((x.value, error_of(x)) for x in arrays)):
        held &= (v == np.round(v / GRID) * GRID) & (np.asarray(error) == 0)
    return held


def _product(out, x, ex, y, ey):
    return (
        np.abs(x) * ey + np.abs(y) * ex + ex * ey
        if np.all(np.isfinite(out))
        else np.where(ey == 0, 0.0, np.abs(x) * ey) + np.where(ex == 0, 0.0, np.abs(y) * ex) + ex * ey
    )


def _quotient(out, x, ex, y, ey):
    room = np.abs(y) - ey  # the denominator may be as small as this
    moved = (ex + np.where(ey == 0, 0.0, np.abs(out) * ey)) / room
    return np.where((ex == 0) & (ey == 0), 0.0, np.where(room <= 0, np.inf, moved))


def ends(x: Bounded) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and largest values that the elements may have, rounded outwards."""
    if x.error is None:
        return x.value, x.value
    if x.value.dtype.kind == "b":
        return x.value & ~(x.error > 0), x.value | (x.error > 0)
    with np.errstate(all="ignore"):
        value = x.value.astype(np.float64)
        low, high = np.nextafter(value - x.error, -np.inf), np.nextafter(value + x.error, np.inf)
    exact = (x.error == 0) | np.isnan(value)
    return np.where(exact, value, low), np.where(exact, value, high)


def spread(out: np.ndarray, low: np.ndarray, high: np.ndarray) -> Any:
    """The error of a result between two ends; an undecided truth value counts 1."""
    if out.dtype.kind == "b":
        return np.where((low != out) | (high != out), 1.0, 0.0)
    moved = np.fmax(np.abs(high - out), np.abs(out - low))
    return np.where((high == out) & (low == out), 0.0, moved)


def _monotone(f: Callable[..., Any]) -> Callable[..., Bounded]:
    """An exact function that increases with each argument: the result lies between those of the arguments' ends."""

    def function(*xs: Any) -> Bounded:
        dtype, arrays = operands(*xs)
        with np.errstate(all="ignore"):
            out = f(*(x.value for x in arrays))
            if all(x.error is None for x in arrays):
                return rounded_to(out, 0.0, dtype)
            low, high = (f(*side) for side in zip(*(ends(x) for x in arrays), strict=True))
            return rounded_to(out, spread(out, low, high), dtype)

    return function


def _compared(f: Callable[..., Any]) -> Callable[..., Bounded]:
    """A comparison: undecided where the errors overlap.

    Two computed values equal in float64 count as equal: they are the same element twice, as in x == max(x).
    """

    def function(*xs: Any) -> Bounded:
        arrays = operands(*xs)[1]
        x, y = arrays
        with np.errstate(all="ignore"):
            out = f(x.value, y.value)
            if x.error is None and y.error is None:
                return Bounded(np.asarray(out), None, BOOL)
            reach = error_of(x) + error_of(y)
            apart = np.abs(x.value * 1.0 - y.value)
            same_element = (apart == 0) & (np.asarray(error_of(x)) > 0) & (np.asarray(error_of(y)) > 0)
            return rounded_to(out, np.where((reach > 0) & (apart <= reach) & ~same_element, 1.0, 0.0), BOOL)

    return function


def _tested(f: Callable[..., Any], rule: Callable[..., Any]) -> Callable[..., Bounded]:
    """A predicate of each element: undecided where rule(value, error) is true."""

    def function(x: Bounded) -> Bounded:
        with np.errstate(all="ignore"):
            return rounded_to(f(x.value), None if x.error is None else np.where(rule(x.value, x.error), 1.0, 0.0), BOOL)

    return function


def _crossed(x, ex, y, ey):
    """Where the errors may change the integer part of the quotient."""
    q = x / y
    eq = _quotient(q, x, ex, y, ey) + np.abs(q) * STEP**2
    return np.floor(q - eq) != np.floor(q + eq)


def _remainder(out, x, ex, y, ey):
    return np.where(_crossed(x, ex, y, ey), np.abs(y), ex + np.abs(np.floor(x / y)) * ey)


def where(condition: Bounded, x: Any, y: Any, /) -> Bounded:
    """Elements of one or the other array; where the condition is undecided, it may be either."""
    dtype, (x, y) = operands(x, y)
    with np.errstate(all="ignore"):
        out = np.where(condition.value, x.value, y.value)
        if condition.error is None and x.error is None and y.error is None:
            return rounded_to(out, 0.0, dtype)
        ex, ey = error_of(x), error_of(y)
        error = np.where(condition.value, ex, ey)
        if condition.error is not None:
            apart = np.where(x.value == y.value, 0.0, np.abs(x.value * 1.0 - y.value)) + np.maximum(ex, ey)
            error = np.where(condition.error > 0, np.where(np.isnan(apart), np.inf, apart), error)
    return rounded_to(out, error, dtype)


def clip(x: Bounded, /, min: Any = None, max: Any = None) -> Bounded:  # noqa: A002 - the standard's names
    """A maximum and a minimum."""
    x = x if min is None else FUNCTIONS["maximum"](x, min)
    return x if max is None else FUNCTIONS["minimum"](x, max)


def astype(x: Bounded, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Bounded:
    """Another dtype: narrower floats round, integers truncate and are unchecked out of range."""
    dtype = np.dtype(dtype)
    if dtype == x.dtype:
        return x
    with np.errstate(all="ignore"):
        if dtype.kind == "f":
            value = x.value.astype(np.float64)
            gap = np.abs(value.astype(dtype).astype(np.float64) - value)
            narrower = x.dtype.kind == "f" and dtype.itemsize < x.dtype.itemsize
            extra = rounding(value, dtype, 0.5) if narrower else np.where(np.isfinite(gap), gap, 0.0)
            return rounded_to(value, error_of(x) + extra, dtype)
        if dtype == BOOL:
            undecided = None if x.error is None else np.where((np.abs(x.value) <= x.error) & (x.error > 0), 1.0, 0.0)
            return rounded_to(x.value != 0, undecided, dtype)
        if x.dtype.kind != "f":
            return rounded_to(x.value.astype(dtype), None if x.error is None else _undecided([x]), dtype)
        low, high = ends(x)
        limits = np.iinfo(dtype)
        open_ = (np.trunc(low) != np.trunc(high)) | ~((low > limits.min - 1.0) & (high < limits.max + 1.0))
        return rounded_to(x.value.astype(dtype), np.where(open_, np.inf, 0.0), dtype)


def _pow(x, y):
    return np.power(x, y)


def _round(x):
    return np.round(x) if x.dtype.kind == "f" else x


def _exact_bits(f: Callable[..., Any]) -> Callable[..., Bounded]:
    def function(*xs: Any) -> Bounded:
        arrays = operands(*xs)[1]
        with np.errstate(all="ignore"):
            out = np.asarray(f(*(x.value for x in arrays)))
        return rounded_to(out, _undecided(arrays), out.dtype)

    return function


UNARY: dict[str, Callable[..., Any]] = {  # of one argument
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "log2": np.log2,
    "log10": np.log10,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "sqrt": np.sqrt,
}
_SMOOTH = {
    **UNARY,
    "pow": _pow,
    "hypot": np.hypot,
    "atan2": np.arctan2,
    "logaddexp": np.logaddexp,
    "copysign": np.copysign,
    "nextafter": np.nextafter,
}

FUNCTIONS: dict[str, Callable[..., Any]] = {name: _smooth(name, f) for name, f in _SMOOTH.items()}
FUNCTIONS |= {
    name: _monotone(f)
    for name, f in {
        "maximum": np.maximum,
        "minimum": np.minimum,
        "floor": np.floor,
        "ceil": np.ceil,
        "trunc": np.trunc,
        "round": _round,
        "sign": np.sign,
    }.items()
}
FUNCTIONS |= {
    name: _compared(getattr(np, name))
    for name in ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
}
FUNCTIONS |= {
    name: _exact_bits(getattr(np, name))
    for name in (
        "logical_and",
        "logical_or",
        "logical_xor",
        "logical_not",
        "bitwise_and",
        "bitwise_or",
        "bitwise_xor",
        "bitwise_invert",
        "bitwise_left_shift",
        "bitwise_right_shift",
    )
}
FUNCTIONS |= {
    "add": _ruled("add", np.add, lambda out, x, ex, y, ey: ex + ey),
    "subtract": _ruled("subtract", np.subtract, lambda out, x, ex, y, ey: ex + ey),
    "multiply": _ruled("multiply", np.multiply, _product),
    "divide": _ruled("divide", np.divide, _quotient),
    "square": _ruled("square", np.square, lambda out, x, ex: (2 * np.abs(x) + ex) * ex),
    "reciprocal": _ruled("reciprocal", np.reciprocal, lambda out, x, ex: _quotient(out, 1.0, 0.0, x, ex)),
    "negative": _ruled("negative", np.negative, lambda out, x, ex: ex),
    "positive": _ruled("positive", np.positive, lambda out, x, ex: ex),
    "abs": _ruled("abs", np.abs, lambda out, x, ex: ex),
    "floor_divide": _ruled(
        "floor_divide", np.floor_divide, lambda out, x, ex, y, ey: np.where(_crossed(x, ex, y, ey), 1.0, 0.0)
    ),
    "remainder": _ruled("remainder", np.remainder, _remainder),
    "isnan": _tested(np.isnan, lambda v, e: np.isinf(e)),
    "isinf": _tested(np.isinf, lambda v, e: np.isinf(e)),
    "isfinite": _tested(np.isfinite, lambda v, e: np.isinf(e)),
    "signbit": _tested(np.signbit, lambda v, e: (np.abs(v) <= e) & (e > 0)),
}
