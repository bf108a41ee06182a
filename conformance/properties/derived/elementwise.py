"""Elementwise functions and operators: Python's integers, extended precision, and the standard's promotion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backend.graph.primitives import PRIMITIVES

from ...error_analysis.elementwise import UNARY
from ...judging.bounds import Expected, magnitude, ulps_of
from ...subjects.functions import near
from .axes import wide
from .exact import COMPARISONS, INTEGER_ONE, INTEGER_TWO, next_after
from .promotion import BITS, REAL_OF, Undefined, UnfitError, fits, kind_of, promoted, scalar_dtype
from .reductions import integers

__all__ = [
    "BINARY",
    "COMPLEX_SMOOTH",
    "OPERATORS",
    "SMOOTH",
    "UNARY_OPERATORS",
    "answers",
    "clip",
    "in_place",
    "meaningful",
    "one",
    "operands",
    "two",
]


def _expm1(z: np.ndarray) -> np.ndarray:
    x, y = z.real, z.imag
    return np.expm1(x) * np.cos(y) - 2 * np.sin(y / 2) ** 2 + 1j * np.exp(x) * np.sin(y)


def _log1p(z: np.ndarray) -> np.ndarray:
    """Near 0 by the square of |1 + z|, less 1."""
    x, y = z.real, z.imag
    near_zero = np.log1p(x * (2 + x) + y * y) / 2 + 1j * np.arctan2(y, 1 + x)
    return np.where(np.abs(z) < 0.25, near_zero, np.log(1 + z))


# Functions with an error, by what computes them in extended precision.
SMOOTH = {**UNARY, "reciprocal": np.reciprocal, "square": np.square}
COMPLEX_SMOOTH: dict[str, Callable[..., Any]] = {  # where a formula keeps more digits than NumPy's function
    "expm1": _expm1,
    "log1p": _log1p,
    "log2": lambda z: np.log(z) / np.log(np.longdouble(2)),
    "log10": lambda z: np.log(z) / np.log(np.longdouble(10)),
    "reciprocal": lambda z: 1 / z,
}
EXACT: dict[str, Callable[..., Any]] = {
    "ceil": np.ceil,
    "conj": np.conj,
    "floor": np.floor,
    "negative": np.negative,
    "positive": lambda x: x,
    "trunc": np.trunc,
}
BINARY: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "atan2": np.arctan2,
    "divide": np.divide,
    "hypot": np.hypot,
    "logaddexp": np.logaddexp,
    "multiply": np.multiply,
    "pow": np.power,
    "subtract": np.subtract,
}
PICKY = ("atan2", "divide", "pow")  # NaN for some finite operands
OPERATORS = {row.dunder: row.name for row in PRIMITIVES.values() if row.dunder and row.sign and row.elementwise}
UNARY_OPERATORS = {"pos": "positive", "neg": "negative", "abs": "abs", "invert": "bitwise_invert"}


def rounded(value: np.ndarray, dtype: str) -> np.ndarray:
    """Halves to even, in each component."""
    if kind_of(dtype) == "complex":
        return np.rint(value.real) + 1j * np.rint(value.imag)
    return np.rint(value)


def one(name: str) -> Callable[..., Any]:
    """A function of one array."""

    def reference(x: Any) -> Any:
        dtype, kind = x.dtype.name, kind_of(x.dtype.name)
        if kind in ("bool", "int", "uint"):
            return _integers_of(name, x)
        if name in ("isfinite", "isinf", "isnan"):
            return Expected(getattr(np, name)(x), None, "bool")
        value = wide(x)
        if name in ("abs", "real", "imag", "sign"):
            return _part_of(name, value, dtype)
        if name == "signbit":
            return Expected(np.signbit(x), None, "bool")
        if name == "round":
            return Expected(rounded(value, dtype), np.zeros(x.shape), dtype)
        if name in EXACT:
            bound = np.zeros(x.shape) if name in ("ceil", "floor", "trunc") else None  # zeros: the kind 'special'
            return Expected(EXACT[name](value), bound, dtype)
        if kind == "complex":
            f = COMPLEX_SMOOTH.get(name, SMOOTH[name])
            return _near_complex(f(value), 4.0 * max(ulps_of(name), 1.0), dtype)
        return near(SMOOTH[name](value), ulps_of(name), dtype)

    return reference


def _part_of(name: str, value: np.ndarray, dtype: str) -> Expected:
    """The size, the sign or a component of floats and complex numbers."""
    whole, size = kind_of(dtype) == "complex", np.abs(value)
    if name == "abs":
        size = np.hypot(value.real, value.imag)
        return near(size, 4.0, REAL_OF[dtype]) if whole else Expected(np.abs(value), None, dtype)
    if name == "sign":
        out = np.where(size == 0, 0, value / np.where(size == 0, 1, size))
        return _near_complex(out, 4.0, dtype) if whole else Expected(out, np.zeros(value.shape), dtype)
    return Expected(np.asarray(getattr(value, name)), None, REAL_OF[dtype])


def _integers_of(name: str, x: np.ndarray) -> Expected:
    dtype = x.dtype.name
    if name in ("isfinite", "isinf", "isnan"):
        return Expected(np.full(x.shape, name == "isfinite"), None, "bool")
    if dtype == "bool":
        return Expected(~x, None, "bool")
    return integers(np.frompyfunc(INTEGER_ONE[name](dtype), 1, 1)(wide(x)), dtype)


def _near_complex(value: Any, ulps: float, dtype: str) -> Expected:
    """Complex values, each within so many ulps of its modulus."""
    value = np.asarray(value)
    bound = near(np.asarray(np.abs(value)), ulps, REAL_OF[dtype]).bound
    return Expected(value, bound, dtype)


def operands(x1: Any, x2: Any) -> tuple[str, np.ndarray, np.ndarray]:
    """The dtype that two operands promote to, and both in it; a Python scalar takes the array's dtype."""
    if not isinstance(x1, np.ndarray) and not isinstance(x2, np.ndarray):
        raise Undefined("two scalars")
    if isinstance(x1, np.ndarray) and isinstance(x2, np.ndarray):
        dtype = promoted(x1.dtype.name, x2.dtype.name)
    elif isinstance(x1, np.ndarray):
        dtype = scalar_dtype(x1.dtype.name, x2)
    else:
        dtype = scalar_dtype(x2.dtype.name, x1)
    a, b = np.asarray(x1).astype(dtype), np.asarray(x2).astype(dtype)
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise UnfitError(f"{a.shape} and {b.shape}") from None
    return dtype, a, b


def two(name: str) -> Callable[..., Any]:
    """A function of two operands."""

    def reference(x1: Any, x2: Any) -> Any:
        dtype, a, b = operands(x1, x2)
        kind = kind_of(dtype)
        if name.startswith("logical_") or kind == "bool":
            return Expected(BOOLEAN[name](a, b), None, "bool")
        if name in COMPARISONS:
            found = np.frompyfunc(COMPARISONS[name], 2, 1)(a.astype(object), b.astype(object))
            return Expected(np.asarray(found, dtype=bool), None, "bool")
        if kind in ("int", "uint"):
            if name not in INTEGER_TWO:
                raise Undefined(name)
            return integers(np.frompyfunc(_checked(name, dtype), 2, 1)(wide(a), wide(b)), dtype)
        return _floats_of(name, dtype, a, b)

    return reference


BOOLEAN: dict[str, Callable[..., Any]] = {
    **{
        f"{kind}_{word}": getattr(np, f"logical_{word}")
        for kind in ("logical", "bitwise")
        for word in ("and", "or", "xor")
    },
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
}


def _checked(name: str, dtype: str) -> Callable[[int, int], int]:
    """A function of two Python integers; Undefined where the result is, or does not fit."""
    f = INTEGER_TWO[name]

    def checked(a: int, b: int) -> int:
        if (
            (name in ("floor_divide", "remainder") and b == 0)
            or (name == "pow" and not 0 <= b < 200)
            or ("shift" in name and not 0 <= b < BITS[dtype])
        ):
            raise Undefined(name)
        out = f(a, b)
        if not fits(out, dtype):
            raise Undefined("overflow")
        return out

    return checked


def _floats_of(name: str, dtype: str, a: np.ndarray, b: np.ndarray) -> Expected:
    kind = kind_of(dtype)
    if name in ("maximum", "minimum"):
        out = np.where((a >= b) == (name == "maximum"), a, b)
        return Expected(out, np.zeros(out.shape), dtype)
    if name == "copysign":
        return Expected(np.copysign(np.abs(a), b), None, dtype)
    if name == "nextafter":
        out = next_after(a, b)
        return Expected(out, np.zeros(out.shape), dtype)
    x, y = wide(a), wide(b)
    if not np.all(meaningful(name, dtype, a, b)):
        raise Undefined("outside of the domain, or an open question of rounding")
    if name == "floor_divide":
        return Expected(np.floor(x / y), np.zeros(np.broadcast(x, y).shape), dtype)
    if name == "remainder":
        rest = np.fmod(x, y)
        rest = np.where((rest != 0) & ((rest < 0) != (y < 0)), rest + y, rest)
        return near(rest, ulps_of(name), dtype, np.abs(np.broadcast_to(y, rest.shape)))
    if name not in BINARY:
        raise Undefined(name)
    out = np.asarray(BINARY[name](x, y))
    if kind == "complex":
        size = ulps_of(name) * (1.0 if name in ("add", "subtract") else 4.0)
        return _near_complex(out, max(size, 4.0), dtype)
    return near(out, ulps_of(name), dtype, magnitude(name, out, (x, y)))


def meaningful(name: str, dtype: str, a: np.ndarray, b: np.ndarray) -> Any:
    """Which pairs of operands, both in the dtype that they promote to, have a result that the standard states."""
    if kind_of(dtype) in ("int", "uint"):
        if name in COMPARISONS:
            return np.ones(np.broadcast(a, b).shape, dtype=bool)
        checked = _checked(name, dtype)
        return np.asarray(np.frompyfunc(lambda p, q: answers(checked, p, q), 2, 1)(wide(a), wide(b)), dtype=bool)
    if name in ("floor_divide", "remainder"):
        x, y = wide(a), wide(b)
        q = x / y
        if name == "remainder":  # beyond, a - b floor(a/b) has no digits left, or overflows
            return np.abs(q) < 2.0**20
        off = np.abs(q - np.rint(q))  # whether a quotient reaches a whole number may depend on rounding
        return (np.abs(q) < 2.0**20) & ((off > 1e-2) | (np.rint(q) * y == x))
    if name in PICKY:
        return ~np.isnan(BINARY[name](a, b))
    return np.ones(np.broadcast(a, b).shape, dtype=bool)


def answers(reference: Callable[..., Any], *args: Any) -> bool:
    try:
        reference(*args)
    except Undefined:
        return False
    return True


def in_place(word: str) -> Callable[..., Any]:
    """An operator that writes to its left operand: the dtype and shape stay what they are."""
    plain = two(OPERATORS[word])

    def reference(x1: Any, x2: Any) -> Any:
        if not isinstance(x1, np.ndarray):
            raise Undefined("a scalar on the left")
        wanted = plain(x1, x2)
        if wanted.dtype != x1.dtype.name or wanted.value.shape != x1.shape:
            raise Undefined("the operand would change")
        return wanted

    return reference


def clip(x: Any, min: Any = None, max: Any = None) -> Expected:  # noqa: A002
    """Bounds of the array's own dtype, one of them or both; a lower one above the upper one is left open."""
    value = wide(x)
    shape = np.broadcast_shapes(*(np.shape(v) for v in (x, min, max) if v is not None))
    limits = []
    for limit in (min, max):
        if isinstance(limit, np.ndarray):
            if limit.dtype != x.dtype or np.broadcast_shapes(x.shape, limit.shape) != shape:
                raise Undefined("dtypes")
        elif limit is not None and scalar_dtype(x.dtype.name, limit) != x.dtype.name:
            raise Undefined("complex")
        limits.append(None if limit is None else wide(np.asarray(limit).astype(x.dtype)))
    low, high = limits
    if low is not None and high is not None and np.any(low > high):
        raise Undefined("the lower bound lies above the upper one")
    value = value if high is None else np.where(value > high, high, value)
    value = value if low is None else np.where(value < low, low, value)
    out = np.broadcast_to(value, shape).astype(x.dtype)
    return Expected(out, np.zeros(shape) if kind_of(x.dtype.name) == "float" else None, x.dtype.name)
