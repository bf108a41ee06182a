"""Searching, sorting and sets: by Python's comparisons, in any order where the standard leaves it open."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...case import Call, call
from ...judging.bounds import Expected
from .axes import along, normalized, one_axis, reduced, rows_of
from .deriving import Signature, subject
from .example import Judged, Raises
from .promotion import ALL, Undefined, defaults, kind_of, promoted, scalar_dtype
from .reductions import middle, ranked
from .values import Draw, edge_integers

__all__ = ["index_array"]

NAN = float("nan")


def index_array(values: Any) -> Expected:
    """Indices in the default index dtype."""
    dtype = defaults().indices
    return Expected(np.asarray(values, dtype=dtype), None, dtype)


def position(name: str) -> Any:
    """The first place of the largest or smallest element."""
    best = max if name == "argmax" else min

    def reference(x: Any, *, axis: Any = None, keepdims: bool = False) -> Expected:
        axes = normalized(axis, x.ndim)
        rows = rows_of(x, axes).tolist()
        if not x.size:
            raise Undefined("no elements")
        return index_array(reduced(x, axes, keepdims, [row.index(best(row)) for row in rows]))

    return reference


def tied(draw: Draw, dtype: str) -> Iterator[Call]:
    """Ties, two zeros among them, limits, and distinct values."""
    yield from ranked(draw, dtype)
    yield call(draw(dtype, 3, 40, low=0, high=2))
    if kind_of(dtype) == "float":
        yield call(np.asarray([3.0, 0.0, -0.0, -0.0, 0.0, 3.0], dtype=dtype))


def count_nonzero(x: Any, *, axis: Any = None, keepdims: bool = False) -> Expected:
    axes = normalized(axis, x.ndim)
    return index_array(reduced(x, axes, keepdims, [sum(v != 0 for v in row) for row in rows_of(x, axes).tolist()]))


def nonzero(x: Any) -> Any:
    if x.ndim == 0:
        return Raises(Exception)
    places = [at for at in np.ndindex(x.shape) if x[at] != 0]
    return [index_array([at[i] for at in places]) for i in range(x.ndim)]


def sparse(draw: Draw, dtype: str) -> Iterator[Call]:
    """Zeros of both signs and NaN, which is not zero."""
    yield from middle(draw, dtype)
    yield call(np.asarray(draw(dtype, 3, 4) * draw("bool", 3, 4)).astype(dtype))
    if kind_of(dtype) == "float":
        yield call(np.asarray([0.0, -0.0, 1e-30, NAN, -np.inf, 0.0], dtype=dtype))
    if kind_of(dtype) == "complex":
        yield call(np.asarray([0, 1j, complex(0.0, -0.0), complex(0, NAN), 2, 1e-30j], dtype=dtype))


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Expected:
    if not isinstance(x2, np.ndarray):
        x2 = np.asarray(x2, dtype=scalar_dtype(x1.dtype.name, x2))
    promoted(x1.dtype.name, x2.dtype.name)
    line = [x1[int(i)].item() for i in sorter] if sorter is not None else x1.tolist()
    if line != sorted(line):
        raise Undefined("not sorted")
    find = bisect.bisect_left if side == "left" else bisect.bisect_right
    return index_array(np.reshape([find(line, v) for v in x2.reshape(-1).tolist()], x2.shape))


def lined_up(draw: Draw, first: str, second: str) -> Iterator[Call]:
    """A sorted line with ties but no zero, and values below, between, at and above its own."""
    line = np.asarray(
        [2, 3, 3, 3, 5, 8, 8, 20] if kind_of(first) == "uint" else [-9, -4, -4, 2, 3, 3, 3, 8], dtype=first
    )
    sought = np.asarray(
        [1, 2, 3, 4, 8, 9, 100, 20] if kind_of(second) == "uint" else [-100, -9, -4, 1, 2, 3, 8, 100], dtype=second
    )
    yield call(line, draw.rng.permutation(sought))
    yield call(line, sought.reshape(2, 2, 2))
    yield call(line, sought[3].reshape(()))
    yield call(line, np.zeros((0,), dtype=second))
    yield call(line[:0], sought)
    if kind_of(first) == kind_of(second) == "float":
        far = [-3e30, -12345.678, -1.0, 0.5, 12345.678, 1.5e31, np.inf]
        yield call(np.asarray(far, dtype=first), draw.shuffled([*far, -np.inf, 2e30, 1e4], second))
    if first == second:
        yield call(line[draw.rng.permutation(8)], sought)
        for scalar in (3, 4) if kind_of(first) != "float" else (3.0, 2.5, 3):
            yield call(line, scalar)
        if kind_of(first) in ("int", "uint"):
            ends = [v for v in edge_integers(first) if v]
            yield call(np.asarray(sorted(ends), dtype=first), draw.shuffled(ends, first))


def sorters(x1: Any, x2: Any) -> list[Any]:
    """What puts the line into order, in several dtypes of indices."""
    order = np.argsort(x1, kind="stable")
    return [None, order.astype(np.int64), order.astype(np.int32)] if x1.size else [None]


def where(condition: Any, x1: Any, x2: Any) -> Expected:
    arrays = [x for x in (x1, x2) if isinstance(x, np.ndarray)]
    if not arrays:
        raise Undefined("two scalars")
    dtype = promoted(
        *(x.dtype.name if isinstance(x, np.ndarray) else scalar_dtype(arrays[0].dtype.name, x) for x in (x1, x2))
    )
    one, other = (np.asarray(x).astype(dtype) for x in (x1, x2))
    condition, one, other = np.broadcast_arrays(condition, one, other)
    out = np.asarray([a if c else b for c, a, b in zip(condition.flat, one.flat, other.flat, strict=True)], dtype=dtype)
    return Expected(out.reshape(condition.shape), None, dtype)


def chosen(draw: Draw, signature: Signature) -> Iterator[Call]:
    """Conditions and values that broadcast, and scalars on either side."""
    for shapes in (
        ((3,), (3,), (3,)),
        ((), (2, 3), (3,)),
        ((2, 1), (3,), ()),
        ((2, 1, 3), (4, 1), (2, 4, 3)),
        ((0,), (1,), ()),
    ):
        yield call(*(draw(d, *s) for d, s in zip(("bool", "float32", "float32"), shapes, strict=True)))
    yield call(draw("bool", 65), draw("int32", 65), draw("int32", 65))


def chosen_dtypes(draw: Draw, signature: Signature) -> Iterator[Call]:
    """Values of every pair of dtypes that promote, and a Python scalar beside each dtype."""
    condition = draw("bool", 24)
    for a in ALL:
        for b in ALL:
            if kind_of(a) in ("int", "uint") and kind_of(b) in ("int", "uint"):
                x, y = (np.asarray((edge_integers(d) * 4)[:24], dtype=d) for d in (a, b))
            else:
                x, y = draw(a, 24), draw(b, 24)
            yield call(condition, x, y)
        scalars: dict[str, list[Any]] = {
            "bool": [True],
            "int": [3, -2],
            "uint": [3],
            "float": [3, 0.1, 1 - 2j],
            "complex": [3, 0.1, 1 - 2j],
        }
        for scalar in scalars[kind_of(a)]:
            if signature.takes("x1", type(scalar).__name__):
                yield call(condition, scalar, draw(a, 24))
                yield call(condition, draw(a, 24), scalar)


def isin(x1: Any, x2: Any, *, invert: bool = False) -> Expected:
    if not any(isinstance(x, np.ndarray) for x in (x1, x2)):
        raise Undefined("two scalars")
    if isinstance(x1, np.ndarray) and isinstance(x2, np.ndarray):
        promoted(x1.dtype.name, x2.dtype.name)
    elif isinstance(x1, np.ndarray):
        scalar_dtype(x1.dtype.name, x2)
    else:
        scalar_dtype(x2.dtype.name, x1)
    found, members = np.asarray(x1), np.asarray(x2).reshape(-1).tolist()
    values = [(v in members) != invert for v in found.reshape(-1).tolist()]
    return Expected(np.reshape(np.asarray(values, dtype=bool), found.shape), None, "bool")


def members(draw: Draw, first: str, second: str) -> Iterator[Call]:
    """Arrays with common elements, the limits among them; scalars on either side; nothing to be found."""
    x = np.resize(np.asarray(edge_integers(first), dtype=first), 24)
    y = np.asarray(edge_integers(second)[::2], dtype=second)
    yield call(x.reshape(4, -1), y)
    yield call(x, y[:0])
    yield call(x[:1].reshape(()), y.reshape(-1, 1))
    if first == second:
        yield call(x, 3)
        yield call(3, y)
        yield call(np.asarray([1, 5, 1], first), np.asarray([1, 1], second))


def sort(x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Where a NaN goes is open; the numbers beside it are in order all the same."""
    at = one_axis(axis, x.ndim)
    if kind_of(x.dtype.name) == "float" and np.isnan(x).any():
        return _numbers_in_order(x, sort, descending)
    out = along(
        x,
        at,
        lambda rows: np.asarray([sorted(r, reverse=descending) for r in rows.tolist()], x.dtype).reshape(rows.shape),
    )
    return Expected(out, np.zeros(out.shape) if kind_of(x.dtype.name) == "float" else None, x.dtype.name)


def _numbers_in_order(x: Any, reference: Any, descending: bool) -> Judged:
    """A line with NaN: what is left without them is what the reference gives."""
    if x.ndim > 1:
        raise Undefined("several lines with NaN")
    numbers = reference(x[~np.isnan(x)], descending=descending)
    index = np.flatnonzero(~np.isnan(x))

    def pairs(found: list[Any]) -> list[tuple[Any, Any]]:
        (got,) = found
        if got.shape != x.shape:
            return [(str(x.shape), str(got.shape))]
        if reference is sort:
            return [(numbers, got[~np.isnan(got)])]
        kept = got[np.isin(got, index)]  # the places of numbers, in order
        places = Expected(index[numbers.value].astype(numbers.dtype), None, numbers.dtype)
        return [(places, kept), (Expected(np.arange(x.size), None, numbers.dtype), np.sort(got))]

    return Judged(pairs)


def argsort(x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    at = one_axis(axis, x.ndim)
    if kind_of(x.dtype.name) == "float" and np.isnan(x).any():
        if not stable:
            raise Undefined("ties in any order")
        return _numbers_in_order(x, argsort, descending)

    def order(rows: np.ndarray) -> np.ndarray:
        places = []
        for row in rows.tolist():
            keys = [-v for v in row] if descending else row
            places.append(sorted(range(len(row)), key=keys.__getitem__))
        return np.reshape(places, rows.shape)

    wanted = index_array(along(x, at, order))
    if stable:
        return wanted
    in_order = np.take_along_axis(x, wanted.value, axis=at)

    def pairs(found: list[Any]) -> list[tuple[Any, Any]]:
        (places,) = found
        if places.shape != x.shape or places.dtype.kind not in "iu":
            return [(wanted, places)]
        each = Expected(np.sort(wanted.value, axis=at), None, wanted.dtype)
        return [
            (each, np.sort(places, axis=at)),
            (
                Expected(in_order, np.zeros(x.shape), x.dtype.name),
                np.take_along_axis(x, np.clip(places, 0, x.shape[at] - 1), axis=at),
            ),
        ]

    return Judged(pairs)


def sorted_of(draw: Draw, dtype: str) -> Iterator[Call]:
    """Lines with ties and limits, several axes, one element and none."""
    for base in tied(draw, dtype):
        if base.args[0].ndim:
            yield base
    yield call(draw(dtype, 1))
    yield call(draw(dtype, 0))
    if kind_of(dtype) == "float":
        yield call(np.asarray([3.0, NAN, -1.0, np.inf, 3.0, NAN, -np.inf, 2.0, 3.0], dtype=dtype))


def unique(name: str) -> Any:
    """The distinct elements in any order, each NaN by itself; the first of each, what restores the array, how many."""
    parts = {
        "unique_values": ("values",),
        "unique_counts": ("values", "counts"),
        "unique_inverse": ("values", "inverse"),
        "unique_all": ("values", "indices", "inverse", "counts"),
    }[name]

    def reference(x: Any) -> Judged:
        line = x.reshape(-1).tolist()
        first: dict[Any, int] = {}
        for i, v in enumerate(line):
            first.setdefault(("nan", i) if v != v else v, i)
        places = sorted(first.values(), key=lambda i: _rank(line[i]))
        number = {k: sum(v == k for v in line) if not isinstance(k, tuple) else 1 for k in first}
        counts = [number[next(k for k, i in first.items() if i == place)] for place in places]
        index = defaults().indices
        distinct = Expected(x.reshape(-1)[places], np.zeros(len(places)), x.dtype.name)

        def pairs(found: list[Any]) -> list[tuple[Any, Any]]:
            if len(found) != len(parts):
                return [(len(parts), len(found))]
            got = dict(zip(parts, found, strict=True))
            values = got["values"]
            order = sorted(range(values.size), key=lambda i: _rank(values.reshape(-1)[i].item()))
            in_order = values.reshape(-1)[order] if values.ndim == 1 else values
            checks: list[tuple[Any, Any]] = [(distinct, in_order)]
            if values.shape != distinct.value.shape:
                return checks
            if "counts" in got:
                checks.append((Expected(np.asarray(counts, dtype=index), None, index), _ordered(got["counts"], order)))
            nans = any(v != v for v in line)
            if "indices" in got and not nans:
                checks.append((Expected(np.asarray(places, dtype=index), None, index), _ordered(got["indices"], order)))
            if "inverse" in got:
                checks += _restores(x, values, got["inverse"], index)
            return checks

        return Judged(pairs)

    return reference


def _rank(value: Any) -> tuple[Any, ...]:
    """A key for sorting: NaN last, complex numbers by their parts."""
    if isinstance(value, complex):
        return (value != value, *((0.0, 0.0) if value != value else (value.real, value.imag)))
    return (value != value, 0 if value != value else value)


def _ordered(found: Any, order: list[int]) -> Any:
    return found[order] if found.shape == (len(order),) else found


def _restores(x: np.ndarray, values: np.ndarray, inverse: np.ndarray, index: str) -> list[tuple[Any, Any]]:
    """The inverse has the array's shape, and its elements are the places of the array's elements."""
    checks: list[tuple[Any, Any]] = [(str(x.shape), str(inverse.shape))]
    if inverse.shape == x.shape and inverse.dtype.kind in "iu":
        checks.append(
            (Expected(x, np.zeros(x.shape), x.dtype.name), np.take(values, inverse, mode="clip") if values.size else x)
        )
        checks.append((Expected(inverse, None, index), inverse))
    return checks


def repeated(draw: Draw, dtype: str) -> Iterator[Call]:
    """Elements that come again, zeros of both signs, NaN, limits, nothing."""
    yield call(
        draw(dtype, 3, 7, low=0, high=2)
        if kind_of(dtype) in ("int", "uint", "bool")
        else draw.shuffled([1, 2, 2, -3, 1, 2], dtype)
    )
    yield call(draw(dtype))
    yield call(draw(dtype, 0))
    yield call(draw.distinct(dtype, 2, 3) if kind_of(dtype) not in ("bool", "complex") else draw(dtype, 2, 3))
    if kind_of(dtype) in ("int", "uint"):
        yield call(draw.shuffled(edge_integers(dtype) * 2, dtype))
    if kind_of(dtype) == "float":
        yield call(np.asarray([0.0, -0.0, 1.0, -0.0, 1.0], dtype=dtype))
        yield call(np.asarray([NAN, 1.0, NAN, 1.0, np.inf, NAN], dtype=dtype))
    if kind_of(dtype) == "complex":
        yield call(np.asarray([complex(NAN, 1), 1, complex(NAN, 1), 1, 2j], dtype=dtype))


subject("argmax argmin", position, tied, each=True)
subject("count_nonzero", count_nonzero, sparse)
subject("nonzero", nonzero, sparse, view=list)
subject("searchsorted", searchsorted, lined_up, {"sorter": sorters}, mixed=True)
subject("where", where, lambda draw: (), parameters=chosen, dtypes=chosen_dtypes)
subject("isin", isin, members, mixed=True)
subject("sort", sort, sorted_of)
subject("argsort", argsort, sorted_of)
subject(
    "unique_values unique_counts unique_inverse unique_all",
    unique,
    repeated,
    each=True,
    view=lambda r: list(r) if isinstance(r, tuple) else [r],
)
