"""Elementary functions of float32: the library's float64 function, a rounding test, decimals where that is open."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from ..arrays.dtypes import dtype_name
from .bases import Base
from .float64 import function as double
from .repairs import exact
from .rounding import rounded, rounded_integer
from .wrapping import Wrapping

__all__ = ["ONE", "TWO", "divided_doubles", "floor_divide", "pair", "power", "remainder", "single"]

_TILE = 2**14  # elements: float64 temporaries above 128 KB would be made of pages that the system has yet to clear

ONE = "acos acosh asin asinh atan atanh cos cosh exp expm1 log log1p log2 log10 sin sinh tan tanh".split()
TWO = ["atan2", "hypot", "logaddexp", "pow"]


def single(base: Base, name: str) -> Callable[[Any], Any]:
    """A function of one float32 array, rounded once."""
    function = getattr(base.xp, name)

    def tile(x: Any) -> Any:
        y = function(base.cast(x, base.float64))
        if base.reads_memory(y):
            return base.from_host(on_host(base.host(x), base.host(y)), x)
        return _settled(base, name, y, (x,), y * base.up, y * base.down)

    on_host = _in_memory(base, name)
    return on_host if base.is_numpy else tile


def _in_memory(base: Base, name: str) -> Callable[..., np.ndarray]:
    """The same in host memory, tile by tile, of candidates that NumPy computes or that are there."""
    function, up, down = getattr(np, _arc(name)), base.up, base.down

    def tile(x: np.ndarray, high: np.ndarray, y: np.ndarray | None) -> None:
        if y is None:
            y = function(x, dtype=np.float64)
        np.multiply(y, up, out=high, dtype=np.float64, casting="unsafe")
        low = np.multiply(y, down, dtype=np.float64, out=np.empty(x.shape, np.float32), casting="unsafe")
        open_ = low != high
        if open_.any():
            _patch(high, open_, y, name, (x,))

    def whole(x: np.ndarray, y: np.ndarray | None = None) -> np.ndarray:
        high = np.empty(x.shape, np.float32)
        if x.size <= _TILE:
            tile(x, high, y)
            return high
        flat, out = x.reshape(-1), high.reshape(-1)
        candidates = None if y is None else y.reshape(-1)
        for start in range(0, x.size, _TILE):
            part = slice(start, start + _TILE)
            tile(flat[part], out[part], None if candidates is None else candidates[part])
        return high

    return whole


def _arc(name: str) -> str:
    return f"arc{name[1:]}" if name[0] == "a" else name


def _settled(base: Base, name: str, y: Any, arguments: tuple[Any, ...], above: Any, below: Any) -> Any:
    """The candidate y as float32, given what lies above and below the exact value."""
    high = base.cast(above, base.float32)
    open_ = base.cast(below, base.float32) != high
    if not base.any(open_):
        return high
    flags = base.host(open_)
    result = np.array(base.host(high), order="C")
    before = result.copy()
    y, arguments = base.host(y), tuple(np.broadcast_to(base.host(x), flags.shape) for x in arguments)
    _patch(result, flags, y, name, arguments)
    places = np.flatnonzero(flags & ~(np.isnan(before) & np.isnan(result)))
    return base.patched(high, places, result.reshape(-1)[places]) if len(places) else high


def _patch(result: np.ndarray, open_: np.ndarray, y: np.ndarray, name: str, arguments: tuple[np.ndarray, ...]) -> None:
    """Write the exact values to the open places; where y is not finite or the arguments are not, y stays."""
    open_ = open_ & np.isfinite(y)
    for x in arguments:
        open_ = open_ & np.isfinite(x)
    for place in np.argwhere(open_):
        at = tuple(place)
        result[at] = rounded(*exact(name, *(float(x[at]) for x in arguments)))


def pair(base: Base, name: str) -> Callable[[Any, Any], Any]:
    """A function of two float32 arrays that broadcast, rounded once."""
    xp = base.xp

    def function(x: Any, y: Any) -> Any:
        first, second = base.cast(x, base.float64), base.cast(y, base.float64)
        if name == "hypot":
            z = xp.sqrt(first * first + second * second)  # the squares are exact, and far from overflow
            infinite = xp.isinf(first) | xp.isinf(second)  # beside NaN, too
            z = xp.where(infinite, xp.full_like(z, math.inf), z) if base.any(infinite) else z
            return _settled(base, name, z, (x, y), z * base.up, z * base.down)
        if name == "logaddexp":
            return _logaddexp(base, x, y, first, second)
        if name == "pow":  # NumPy has roots of -0 and of minus infinity for the power of 0.5
            ends = ((first == 0) | xp.isinf(first)) & (xp.floor(second) != second)
            first = xp.where(ends, xp.abs(first), first) if base.any(ends) else first
        z = getattr(xp, name)(first, second)
        return _settled(base, name, z, (x, y), z * base.up, z * base.down)

    return function


def _logaddexp(base: Base, x: Any, y: Any, first: Any, second: Any) -> Any:
    """max + log1p(exp(-|x - y|)): where both cancel, the error is relative to each."""
    xp = base.xp
    top = xp.maximum(first, second)
    gap = xp.minimum(first, second) - top
    gap = xp.where(xp.isnan(gap) & ~xp.isnan(top), 0.0 * xp.ones_like(gap), gap)  # two equal infinities
    rest = xp.log1p(xp.exp(gap))
    z = xp.where(xp.isinf(top), top, top + rest)
    error = xp.where(xp.isinf(top), xp.zeros_like(top), (xp.abs(top) + rest) * (2.0 * base.function_bound))
    return _settled(base, "logaddexp", z, (x, y), z + error, z - error)


def power(wrapping: Wrapping, functions: dict[str, Any]) -> Callable[[Any, Any], Any]:
    """pow: of integers the library's, of floats rounded; the exponents 2, 1 and -1 are one exact operation each."""
    floats = wrapping.rounded("pow", pair(wrapping.base, "pow"), double("pow"))
    integers = wrapping.binary("pow")
    short = {2.0: functions["square"], 1.0: functions["positive"], -1.0: functions["reciprocal"]}

    def pow(x1: Any, x2: Any, /) -> Any:  # noqa: A001 - the standard's name
        """The standard's `pow`."""
        name = dtype_name(getattr(x1, "dtype", None) or x2.dtype)
        if not name.startswith("float"):
            return integers(x1, x2)
        found = short.get(x2) if isinstance(x2, (int, float)) and hasattr(x1, "dtype") else None
        return floats(x1, x2) if found is None else found(x1)

    return pow


# ---- division with a whole quotient


def floor_divide(base: Base, x: Any, y: Any) -> Any:
    """floor(x / y) of float32, rounded once; x / 0 is infinite or NaN, and a finite x over an infinite y is 0 or -1."""
    return _divided(base, x, y)[0]


def remainder(base: Base, x: Any, y: Any) -> Any:
    """x - y floor(x / y) of float32, rounded once, with the sign of y; NaN for y = 0 and for an infinite x."""
    return _divided(base, x, y)[1]


def _divided(base: Base, x: Any, y: Any) -> tuple[Any, Any]:
    shape = np.broadcast_shapes(np.shape(x), np.shape(y))
    like = x if hasattr(x, "shape") else y
    a, b = (np.broadcast_to(np.asarray(base.host(v), np.float64), shape) for v in (x, y))
    with np.errstate(all="ignore"):
        quotient, rest = _whole(a, b)
        narrow = quotient.astype(np.float32), rest.astype(np.float32)
    return base.from_host(narrow[0], like), base.from_host(narrow[1], like)


def _whole(a: np.ndarray, b: np.ndarray, largest: float = 2.0**28) -> tuple[np.ndarray, np.ndarray]:
    """floor(a / b) and a - b floor(a / b), of float32 values in float64, to be rounded once.

    Up to quotients of 2**28 all of it is exact in float64; beyond, in integers.
    """
    exact_quotient = a / b
    quotient = np.floor(exact_quotient)
    rest = np.asarray(a - quotient * b)
    wrong = (rest != 0) & (np.signbit(rest) != np.signbit(b))  # the quotient was rounded up to a whole number
    quotient = np.where(wrong, quotient - 1.0, quotient)
    rest = np.where(wrong, rest + b, rest)
    rest = np.where(rest == 0, np.copysign(0.0, b), rest)
    zero = b == 0
    quotient = np.where(zero, exact_quotient, quotient)
    rest = np.where(zero | np.isinf(a) | np.isnan(a) | np.isnan(b), np.nan, rest)
    quotient = np.where(np.isinf(a), np.where(zero, exact_quotient, np.nan), quotient)
    far = np.isinf(b) & np.isfinite(a)
    opposite = (a != 0) & (np.signbit(a) != np.signbit(b))
    quotient = np.where(far, np.where(opposite, -1.0, np.copysign(0.0, exact_quotient)), quotient)
    rest = np.where(far, np.where(opposite, b, np.where(a == 0, np.copysign(0.0, b), a)), rest)
    large = np.isfinite(a) & np.isfinite(b) & ~zero & (np.abs(exact_quotient) > largest)
    quotient, rest = np.array(quotient), np.array(rest)
    for place in np.argwhere(large):
        at = tuple(place)
        quotient[at], rest[at] = _integers(float(a[at]), float(b[at]))
    return quotient, rest


def _integers(x: float, y: float) -> tuple[float, float]:
    """floor(x / y), rounded to float32, and the remainder, which is a float32 or rounds to one."""
    (top, over), (bottom, under) = x.as_integer_ratio(), y.as_integer_ratio()
    quotient, rest = divmod(top * under, bottom * over)
    whole = float(rounded_ratio(quotient, 1))
    return whole, math.copysign(float(rounded_ratio(rest, over * under)), y)


def rounded_ratio(numerator: int, denominator: int) -> np.float32:
    """An integer over a power of two as float32, rounded once."""
    return rounded_integer(numerator, 1 - denominator.bit_length())


def divided_doubles(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """floor(x / y) and x - y floor(x / y) of float64 on the host, in integers, rounded once."""
    a, b = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    quotient, rest = _whole(a, b, math.inf)
    usual = np.isfinite(a) & np.isfinite(b) & (b != 0)
    for place in np.argwhere(usual):
        at = tuple(place)
        (top, over), (bottom, under) = float(a[at]).as_integer_ratio(), float(b[at]).as_integer_ratio()
        whole, left = divmod(top * under, bottom * over)
        try:
            quotient[at] = math.copysign(float(whole), a[at] / b[at])
        except OverflowError:
            quotient[at] = math.inf if whole > 0 else -math.inf
        rest[at] = math.copysign(float(Fraction(left, over * under)), b[at])
    return quotient, rest
