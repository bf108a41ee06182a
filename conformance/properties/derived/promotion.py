"""The standard's dtypes as data: its categories, its promotion table, and the dtypes that results have by default."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

__all__ = [
    "ALL",
    "BITS",
    "COMPLEX",
    "FLOATING",
    "INTEGER",
    "NUMERIC",
    "REAL",
    "REAL_OF",
    "SIGNED",
    "UNSIGNED",
    "Defaults",
    "Undefined",
    "UnfitError",
    "accepted",
    "accumulated",
    "complex_of",
    "defaults",
    "defaults_in_force",
    "fits",
    "kind_of",
    "promoted",
    "scalar_dtype",
    "supposing",
]


class Undefined(Exception):  # noqa: N818 - not an error: the standard leaves the call open, so it is not tried
    """The standard does not say what this call gives."""


class UnfitError(Undefined):
    """Shapes do not fit together, which every function has to refuse."""


SIGNED = ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
REAL = ("float32", "float64")
COMPLEX = ("complex64", "complex128")
INTEGER = (*SIGNED, *UNSIGNED)
FLOATING = (*REAL, *COMPLEX)
NUMERIC = (*INTEGER, *FLOATING)
ALL = ("bool", *NUMERIC)

# What a signature says of an argument, and the dtypes that this stands for.
CATEGORIES = {
    "any": ALL,
    "boolean": ("bool",),
    "complex floating": COMPLEX,
    "floating": FLOATING,
    "integer": INTEGER,
    "integer or boolean": ("bool", *INTEGER),
    "numeric": NUMERIC,
    "real-valued": (*INTEGER, *REAL),
    "real-valued floating": REAL,
    "real-valued or boolean": ("bool", *INTEGER, *REAL),
}

# Rows and columns in the order of SIGNED + UNSIGNED; '-' where the standard defines no promotion.
_INTEGERS = """
    int8  int16 int32 int64 int16  int32  int64  -
    int16 int16 int32 int64 int16  int32  int64  -
    int32 int32 int32 int64 int32  int32  int64  -
    int64 int64 int64 int64 int64  int64  int64  -
    int16 int16 int32 int64 uint8  uint16 uint32 uint64
    int32 int32 int32 int64 uint16 uint16 uint32 uint64
    int64 int64 int64 int64 uint32 uint32 uint32 uint64
    -     -     -     -     uint64 uint64 uint64 uint64"""
# The same for REAL + COMPLEX.
_FLOATING = """
    float32    float64    complex64  complex128
    float64    float64    complex128 complex128
    complex64  complex128 complex64  complex128
    complex128 complex128 complex128 complex128"""

TABLE: dict[tuple[str, str], str] = {("bool", "bool"): "bool"} | {
    (row, column): cell
    for names, text in ((INTEGER, _INTEGERS), (FLOATING, _FLOATING))
    for row, line in zip(names, text.strip().splitlines(), strict=True)
    for column, cell in zip(names, line.split(), strict=True)
    if cell != "-"
}

LIMITS = {name: (int(np.iinfo(name).min), int(np.iinfo(name).max)) for name in INTEGER}
BITS = {name: np.dtype(name).itemsize * 8 for name in NUMERIC}
REAL_OF = {"complex64": "float32", "complex128": "float64", "float32": "float32", "float64": "float64"}


class Defaults(NamedTuple):
    """The default dtypes of a namespace."""

    integer: str = "int64"
    real: str = "float64"
    complex: str = "complex128"
    indices: str = "int64"


DEFAULTS = Defaults()
_defaults: contextvars.ContextVar[Defaults] = contextvars.ContextVar("defaults", default=DEFAULTS)
_asked: contextvars.ContextVar[list[bool]] = contextvars.ContextVar("asked")


def defaults() -> Defaults:
    """The default dtypes of the namespace for which calls are derived."""
    _asked.get([]).append(True)
    return _defaults.get()


def defaults_in_force() -> Defaults:
    """The same, without being counted as a question."""
    return _defaults.get()


@contextlib.contextmanager
def supposing(given: Defaults) -> Iterator[list[bool]]:
    """Within the block, these are the defaults; the list is empty as long as nobody asked for them."""
    asked: list[bool] = []
    tokens = _defaults.set(given), _asked.set(asked)
    try:
        yield asked
    finally:
        _defaults.reset(tokens[0])
        _asked.reset(tokens[1])


def accepted(category: str | None) -> tuple[str, ...]:
    """The dtypes of a category of the signatures, which may end in ' (must)'."""
    return CATEGORIES[(category or "any").removesuffix(" (must)")]


def promoted(*names: str) -> str:
    """The dtype that dtypes promote to; Undefined where the standard defines none."""
    first, *rest = names
    for name in rest:
        if (first, name) not in TABLE:
            raise Undefined(f"{first} and {name}")
        first = TABLE[first, name]
    return first


def complex_of(name: str) -> str:
    """The complex dtype of the same precision."""
    return {"float32": "complex64", "float64": "complex128"}.get(name, name)


def kind_of(name: str) -> str:
    """'bool', 'int', 'uint', 'float' or 'complex'."""
    return name.rstrip("0123456789")


def fits(value: int, name: str) -> bool:
    """Whether an integer dtype holds a number."""
    low, high = LIMITS[name]
    return low <= value <= high


def scalar_dtype(array: str, value: Any) -> str:
    """The dtype that a Python scalar has beside an array: the array's, or the complex one of its precision."""
    kind = kind_of(array)
    if isinstance(value, bool):
        allowed = kind == "bool"
    elif isinstance(value, int):
        allowed = fits(value, array) if kind in ("int", "uint") else kind in ("float", "complex")
    else:
        allowed = kind in ("float", "complex")
    if not allowed:
        raise Undefined(f"{value!r} beside {array}")
    return complex_of(array) if isinstance(value, complex) else array


def accumulated(name: str) -> str:
    """The dtype of a sum: of small integers the default one, of the same signedness; else the same."""
    if kind_of(name) not in ("int", "uint"):
        if name == "bool":
            raise Undefined("the sum of truth values")
        return name
    default = defaults().integer if kind_of(name) == "int" else f"u{defaults().integer}"
    return name if BITS[name] > BITS[default] else default
