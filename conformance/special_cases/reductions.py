"""Arrays that special cases of reductions, searches and sets are tried on: no elements, NaN anywhere, ties, pairs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from ..case import Call, Case
from .deciding import Arrays, Row, Ruling, decided, rows_of
from .probe import Probe
from .probes import COMPLEX, DTYPES, accepts, components, product, values_of

__all__ = ["REDUCTIONS"]

REAL = DTYPES["real"]
# Many vector registers, less than one, some and a tail. The first size is what a library that compiles is tried on: XLA
# on the CPU loses NaN in the maximum of 64 by 64 elements, and not of fewer.
SIZES = (64, 3, 17)


def _reduced(
    case: Case, function: str, kind: str, x: np.ndarray, revision: str, *, axis: int | None = 1, **options: float
) -> Iterator[Probe]:
    """The call that reduces the last axis of `x`, or the same with the axes turned, or all of a vector."""
    count = np.full(x.shape[0], x.shape[-1])
    operands: Arrays = {"x": x, "count of elements reduced over": count}
    operands |= {name: np.full(x.shape[0], value) for name, value in options.items()}
    rulings = decided(function, kind, operands, revision)
    array = {1: x, 0: np.ascontiguousarray(x.T), None: x.reshape(-1)}[axis]
    if rulings and (axis is not None or x.shape[0] == 1):
        yield _probe(case, array, rulings, apart=1 if axis == 1 else 0, axis=axis, **options)


def _probe(case: Case, x: np.ndarray, rulings: list[Ruling], *, apart: int = 1, **options: object) -> Probe:
    return Probe(case, Call((x,), options), [x], x.dtype.name, rulings=rulings, apart=apart)


def _empty(case: Case, function: str, kind: str, dtype: str, revision: str, **options: float) -> Iterator[Probe]:
    """Slices without an element: rows, columns, and a vector."""
    for shape, axis in (((3, 0), 1), ((3, 0), 0), ((1, 0), None)):
        yield from _reduced(case, function, kind, np.zeros(shape, dtype), revision, axis=axis, **options)


def _with_nan(dtype: str, size: int) -> np.ndarray:
    """A row for each place that a NaN can have, infinities and numbers around it; the last row has two."""
    found = np.resize(np.array([1.0, np.inf, -2.0, -np.inf, 0.5], dtype), (size, size))
    found[np.arange(size), np.arange(size)] = np.nan
    found[-1, 0] = np.nan
    return found


def extremes(case: Case, function: str, revision: str) -> Iterator[Probe]:
    """A NaN anywhere, and zeros of both signs."""
    for dtype in REAL:
        for size, axis in itertools.product(SIZES, (1, 0)):
            yield from _reduced(case, function, "real", _with_nan(dtype, size), revision, axis=axis)
        for size in (4, 1000, 4096):
            x = _with_nan(dtype, 4)[1:2] if size == 4 else np.linspace(-1.0, 1.0, size, dtype=dtype)[None]
            x[0, size * 2 // 3] = np.nan
            yield from _reduced(case, function, "real", x, revision, axis=None)
        zeros = np.array([[0.0, -0.0, 0.0], [-0.0, 0.0, -0.0]], dtype)
        yield from _reduced(case, function, "real", zeros, revision)


def averages(case: Case, function: str, revision: str) -> Iterator[Probe]:
    """No elements, too few of them, and a NaN anywhere."""
    spread = function in ("var", "std")
    for dtype in REAL:
        yield from _empty(case, function, "real", dtype, revision, **({"correction": 0.0} if spread else {}))
        for size, axis in itertools.product(SIZES, (1, 0)):
            options = {"correction": 0.0} if spread else {}
            yield from _reduced(case, function, "real", _with_nan(dtype, size), revision, axis=axis, **options)
        if spread:
            for size, correction in ((1, 1.0), (3, 3.0), (3, 4.5)):
                x = np.arange(2.0 * size).reshape(2, size).astype(dtype)
                yield from _reduced(case, function, "real", x, revision, correction=correction)
    for dtype in COMPLEX if function == "mean" else ():
        for size in (0, 3):
            values = components(dtype, 2)
            x = values[: len(values) // 3 * 3].reshape(-1, 3) if size else np.zeros((3, 0), dtype)
            yield from _reduced(case, function, "complex", x, revision)


def sums(case: Case, function: str, revision: str) -> Iterator[Probe]:
    """No elements, and pairs of them, whose sum or product is that of the elementwise function."""
    through = "add" if "sum" in function or "trace" in function else "multiply"
    square = function == "linalg.trace"
    # earlier revisions raise float32 to the default dtype, in which sums round and overflow elsewhere
    same = revision >= "2023.12" or function.startswith("cumulative")
    for kind, dtypes in (("real", REAL if same else REAL[1:]), ("complex", COMPLEX if same else COMPLEX[1:])):
        rules = [r for r in rows_of(function, kind, revision) if r.get("rule") == "reduce_with_function"]
        for dtype in dtypes:
            if kind == "real" and not function.startswith("cumulative"):
                if square:
                    none = np.zeros((3, 0, 0), dtype)
                    counts = {"count of elements reduced over": np.zeros(3, int)}
                    yield _probe(case, none, decided(function, kind, counts, revision))
                else:
                    yield from _empty(case, function, kind, dtype, revision)
            values = values_of(dtype, 2) if kind == "real" else components(dtype, 2)
            pairs = product(["x1_i", "x2_i"], values)
            found = decided(through, kind, pairs, revision)
            for row in rules:
                yield _pairs(case, function, pairs, [_followed(r, row, through) for r in found], square)


def _followed(ruling: Ruling, row: Row, through: str) -> Ruling:
    """A ruling on a pair for the sum of the two, which may start from +0: the sign of its zeros is not stated."""
    kept = [tuple(replace(p, zero=through != "add") for p in each) for each in ruling.alternatives]
    return ruling._replace(rows=(row, *ruling.rows), alternatives=kept)


def _pairs(case: Case, function: str, pairs: Arrays, rulings: list[Ruling], square: bool) -> Probe:
    x = np.stack(list(pairs.values()), axis=-1)
    if square:
        whole = np.zeros((len(x), 2, 2), x.dtype)
        whole[:, 0, 0], whole[:, 1, 1] = x[:, 0], x[:, 1]
        return _probe(case, whole, rulings)
    if function.startswith("cumulative"):
        last = [r._replace(at=2 * r.at + 1) for r in rulings]
        return _probe(case, x, last, apart=2, axis=1)
    return _probe(case, x, rulings, axis=1)


def _odd_values(kind: str, dtype: str) -> np.ndarray:
    if kind == "bool":
        return np.array([True, False])
    return values_of(dtype, 2) if kind == "real" else components(dtype, 2)


def truths(case: Case, function: str, revision: str) -> Iterator[Probe]:
    """Whether elements count as true: each among others that leave the result to it; and no elements."""
    for kind, dtypes in (("real", REAL), ("complex", COMPLEX), ("bool", ("bool",))):
        for dtype in dtypes if rows_of(function, kind, revision) else ():
            values = _odd_values(kind, dtype)
            rulings = decided(function, kind, {"x": values}, revision)
            if function == "nonzero":
                yield from _indices(case, values, rulings)
                continue
            beside = np.full(values.shape, function == "all", dtype)
            x = np.stack([beside, values, beside], axis=-1)
            yield _probe(case, x, rulings, axis=1)
    if function in ("all", "any"):
        for dtype in ("bool", *REAL):
            yield from _empty(case, function, "general", dtype, revision)


def _indices(case: Case, values: np.ndarray, rulings: list[Ruling]) -> Iterator[Probe]:
    """An array of elements that rows say are true, with zeros between them: the indices of the former."""
    for ruling in rulings:
        x = np.zeros(2 * ruling.at.size, values.dtype)
        x[1::2] = values[ruling.at]
        at = np.arange(ruling.at.size)
        want = [tuple(replace(p, value=2 * at + 1) for p in each) for each in ruling.alternatives]
        yield _probe(case, x, [Ruling(ruling.rows, at, {"x": values[ruling.at]}, want)], apart=0)


def positions(case: Case, function: str, revision: str) -> Iterator[Probe]:
    """Extremes that occur several times."""
    first = np.argmax if function == "argmax" else np.argmin
    for kind, dtypes in (("real", REAL), ("integer", DTYPES["integer"])):
        for dtype in dtypes:
            for size in SIZES:
                x = np.resize(np.array([1, 3, 0, 2, 3, 0, 1], dtype), (7, size))
                extreme = x == (x.max if function == "argmax" else x.min)(axis=-1, keepdims=True)
                operands = {
                    "x": x,
                    "count of extreme elements": extreme.sum(axis=-1),
                    "first occurrence": first(x, axis=-1),
                }
                yield _probe(case, x, decided(function, kind, operands, revision), axis=1)


def searches(case: Case, function: str, revision: str) -> Iterator[Probe]:
    """Values below, above, between and equal to sorted ones; no zeros and no NaN, whose place is left open."""
    for dtype in REAL:
        x1 = np.array([-7.0, -1.0, 0.5, 0.5, 2.0, 2.0, 2.0, 9.0], dtype)
        x2 = np.array([-np.inf, -8.0, -7.0, -2.0, 0.5, 1.0, 2.0, 5.0, 9.0, 9.5, np.inf], dtype)
        for side in ("left", "right"):
            many = {"x2_i": x2, "x1": np.broadcast_to(x1, (x2.size, x1.size)), "side": np.full(x2.shape, side)}
            rulings = decided(function, "general", many, revision)
            yield Probe(case, Call((x1, x2), {"side": side}), [x1, x2], dtype, rulings=rulings)


def members(case: Case, function: str, revision: str) -> Iterator[Probe]:
    """Elements that are equal to one of a set; zeros are, whatever their signs."""
    for kind, dtypes in DTYPES.items():
        for dtype in dtypes if rows_of(function, kind, revision) and accepts(function, kind, revision) else ():
            x1 = np.arange(7).astype(dtype) if kind == "integer" else _odd_values(kind, dtype)
            x2 = x1[np.array([1, 3, 5])]
            many = {"x1_i": x1, "x2": np.broadcast_to(x2, (x1.size, x2.size))}
            rulings = decided(function, kind, many, revision)
            yield Probe(case, Call((x1, x2), {}), [x1, x2], dtype, rulings=rulings)


REDUCTIONS: dict[str, Callable[[Case, str, str], Iterator[Probe]]] = {
    **dict.fromkeys(("max", "min"), extremes),
    **dict.fromkeys(("mean", "var", "std"), averages),
    **dict.fromkeys(("sum", "prod", "cumulative_sum", "cumulative_prod", "linalg.trace"), sums),
    **dict.fromkeys(("all", "any", "count_nonzero", "nonzero"), truths),
    **dict.fromkeys(("argmax", "argmin"), positions),
    "searchsorted": searches,
    "isin": members,
}
