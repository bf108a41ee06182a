"""Operands that special cases are tried on: grids of special and ordinary values, in one call for each dtype."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence

import numpy as np

from ..case import Call, Case
from ..data import signatures
from .conditions import UnknownTermError, holds
from .deciding import Arrays, Ruling, decided, rows_of
from .mirrors import Mirror, mirrors
from .probe import Probe

__all__ = ["COMPLEX", "DTYPES", "INTEGERS", "accepts", "components", "elementwise", "product", "values_of"]

REAL, COMPLEX = ("float32", "float64"), ("complex64", "complex128")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
DTYPES = {"real": REAL, "complex": COMPLEX, "integer": INTEGERS}

SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0]


@functools.cache
def values_of(dtype: str, arity: int) -> np.ndarray:
    """Special and ordinary real values; fewer where a function takes more of them."""
    ordinary = [1.0, 0.5, 2.0, 3.0, 2.5]
    if arity < 3:
        ordinary += [1.5, 7.0, 0.25]
        limits = np.finfo(dtype)
        ordinary += [float(limits.max), 2.0**20 + 1.0, float(limits.smallest_normal) * 8.0]
    if arity == 1:
        ordinary += [3.5, 4.5, 0.75, 10.0, 2.0**20 + 0.5, 2.0**22, 1e30, 4.0, 100.0]
    return np.array([*SPECIAL, *ordinary, *(-x for x in ordinary)], dtype)


@functools.cache
def components(dtype: str, arity: int) -> np.ndarray:
    """All complex values of these components; the ordinary ones lie in every quadrant as angles."""
    ordinary = [1.0, 0.5, 2.0, 4.0] if arity == 1 else [1.0]
    parts = np.array([*SPECIAL, *ordinary, *(-x for x in ordinary)], {"complex64": "f4", "complex128": "f8"}[dtype])
    found = np.empty((parts.size, parts.size), dtype)
    found.real, found.imag = parts[:, None], parts
    return found.reshape(-1)


@functools.cache
def _integers(dtype: str, arity: int) -> np.ndarray:
    limits = np.iinfo(dtype)
    small = [0, 1, 2, 3, 7, 100, limits.max, limits.max - 1]
    return np.array(small + ([-1, -2, -7, -100, limits.min, limits.min + 1] if limits.min < 0 else []), dtype)


def product(names: list[str], values: np.ndarray) -> Arrays:
    """Every combination of values for these operands."""
    grids = np.meshgrid(*[values] * len(names), indexing="ij")
    return {name: np.ascontiguousarray(grid.reshape(-1)) for name, grid in zip(names, grids, strict=True)}


def _grid(kind: str, dtype: str, names: list[str]) -> Arrays:
    arity = len(names)
    values = {"real": values_of, "complex": components, "integer": _integers}[kind](dtype, arity)
    return product(names, values)


def _with_signs(x: Arrays) -> Arrays:
    """The operands, with NaN of the other sign beside each NaN."""
    found = dict(x)
    for name in x:
        odd = {n: v[np.isnan(found[name])] for n, v in found.items()}
        odd[name] = np.copysign(odd[name], -1.0)
        found = {n: np.concatenate([found[n], odd[n]]) for n in found}
    return found


_ACCEPTED = {
    "numeric": ("real", "complex", "integer"),
    "real-valued": ("real", "integer"),
    "floating": ("real", "complex"),
    "real-valued floating": ("real",),
    "integer": ("integer",),
    "integer or boolean": ("integer",),
    "boolean": (),
}


@functools.cache
def accepts(function: str, kind: str, revision: str) -> bool:
    """Whether a function takes operands of a kind; an operator takes what its function takes."""
    row = next((r for r in rows_of(function, kind, revision) if r.get("rule") == "same_as_function"), None)
    name = function if row is None else row["result"]["function"]
    stated = signatures(revision).get(name, {}).get("accepts") or {}
    words = next(iter(stated.values()), "any").removesuffix(" (must)")
    return kind in _ACCEPTED.get(words, (kind,))


def _left_open(function: str, kind: str, x: Arrays, revision: str) -> np.ndarray:
    """Elements for which a row leaves the result to the implementation, which may raise an error for them."""
    found = np.zeros(len(next(iter(x.values()))), bool)
    for row in (*rows_of(function, kind, revision), *rows_of(function, "general", revision)):
        result = row["result"]
        if isinstance(result, dict) and result.get("implementation_defined") and row["condition"]:
            with contextlib.suppress(UnknownTermError):
                found |= holds(row["condition"], x) if {"remaining": True} not in row["condition"] else False
    return found


def elementwise(case: Case, function: str, revision: str) -> Iterator[Probe]:
    """One call for each dtype on every combination of values; operators are also held to their functions."""
    for kind, dtypes in DTYPES.items():
        rows = rows_of(function, kind, revision)
        names = rows[0]["arguments"] if rows else []
        for dtype in dtypes if rows and accepts(function, kind, revision) else ():
            x = _grid(kind, dtype, names)
            kept = ~_left_open(function, kind, x, revision)
            x = {name: values[kept] for name, values in x.items()}
            if any("signbit" in str(row["condition"]) for row in rows):
                x = _with_signs(x)
            rulings = decided(function, kind, x, revision)
            mirrored = mirrors(function, kind, x, rulings, revision)
            if rulings or mirrored:
                yield probe_of(case, x, dtype, rulings, mirrored)
            if any("correctly_rounded" in row["result"] for row in rows):
                many = {names[0]: np.linspace(0.0, 100.0, 1000, dtype=dtype)}
                yield probe_of(case, many, dtype, decided(function, kind, many, revision))
            if kind == "real" and len(names) == 2:
                yield from _single_operands(case, function, dtype, revision)


# Exponents for some of which libraries call square roots and products, and operands for any operator.
EXPONENTS = (0.5, -0.5, 2.0, 3.0, -1.0, 1.0, 0.0)
OPERANDS = (np.inf, -2.0, -0.0, np.nan)


def _single_operands(case: Case, function: str, dtype: str, revision: str) -> Iterator[Probe]:
    """A second operand of one element: a Python number for an operator, an array without axes as an exponent."""
    operator = function.startswith("array.")
    power = function in ("pow", "array.__pow__")
    base = values_of(dtype, 1)
    for number in (*(EXPONENTS if power else ()), *(OPERANDS if operator else ())):
        x = {"x1_i": base, "x2_i": np.full(base.shape, number, dtype)}
        given = [] if operator else [np.asarray(number, dtype)]
        made = Call((base, *(given or [number])), {})
        if rulings := decided(function, "real", x, revision):
            yield Probe(case, made, [base, *given], dtype, rulings=rulings, apart=1)


def probe_of(case: Case, x: Arrays, dtype: str, rulings: list[Ruling], mirrored: Sequence[Mirror] = ()) -> Probe:
    """The call of a function on operands, in the order of its arguments."""
    values = list(x.values())
    return Probe(case, Call(tuple(values), {}), values, dtype, rulings=rulings, mirrors=mirrored, apart=1)
