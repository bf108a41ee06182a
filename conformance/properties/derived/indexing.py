"""Reading and writing parts of arrays: integers, slices, None, Ellipsis, integer arrays, masks; take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ...case import Call, call, parts
from ...judging.bounds import Expected
from .axes import one_axis
from .deriving import Signature, subject
from .manipulation import common, exact, spread_out
from .promotion import ALL, INTEGER, Undefined, kind_of, scalar_dtype
from .values import Draw, edge_integers

__all__: list[str] = []

SIGNED_SINCE = "2024.12"  # the revision that says what a negative index of `take` is

COLON = slice(None)
LINE: list[Any] = [0, -1, 4, -5, (2,), (-1, ...), (..., -2), ..., (None, 1), (1, None), COLON, (COLON, None)]
LINE += [
    slice(*s)
    for s in (
        (1, 4),
        (None, 3),
        (-2, None),
        (None, -2),
        (0, 5, 2),
        (1, 5, 3),
        (2, 2),
        (5, 5),
        (4, 1),
        (0, 5, 9),
        (-5, 5),
    )
]
REVERSED: list[Any] = [
    slice(*s)
    for s in ((None, None, -1), (4, None, -2), (4, 0, -1), (-2, None, -3), (3, 0, -3), (0, None, -1), (2, 2, -1))
]
BLOCK: list[Any] = [
    (0, 0, 0),
    (-1, -2, -1),
    (1, ...),
    (..., 1),
    (0, ..., -1),
    (COLON, 1, COLON),
    (slice(0, 1), slice(1, 3), slice(0, 4, 2)),
    (slice(0, 0), COLON, 1),
    (None, ...),
    (..., None),
    (COLON, None, 1, ...),
    (None, 0, None, ..., None),
    (1, slice(None, None, 2), -1),
    (..., COLON, 0),
    (..., slice(1, None)),
    (COLON, COLON, COLON),
    (COLON, COLON, COLON, ...),
    (0, 1, ...),
    (slice(-1, None), ..., slice(-3, -1)),
]
BLOCK_REVERSED: list[Any] = [(slice(None, None, -1), ...), (..., slice(3, None, -2)), (COLON, slice(None, None, -1), 0)]


def integer(values: Any, dtype: str = "int64") -> np.ndarray:
    return np.asarray(values, dtype=dtype)


def masks(draw: Draw, shape: tuple[int, ...]) -> list[np.ndarray]:
    """Masks of the whole array and of its first axes; of none, all, some."""
    found = [draw("bool", *shape[:k]) for k in range(1, len(shape) + 1)]
    return [*found, np.ones(shape, bool), np.zeros(shape, bool), np.asarray(True), np.asarray(False)]


def getitem(x: Any, key: Any) -> Expected:
    return exact(np.asarray(x[key]))


def keys(draw: Draw, signature: Signature) -> Iterator[Call]:
    """Every form of a key, on a line, a block, a scalar and nothing."""
    line, block = draw("float32", 5), draw("float32", 2, 3, 4)
    yield from (call(line, key) for key in (*LINE, *REVERSED))
    yield from (call(block, key) for key in (*BLOCK, *BLOCK_REVERSED))
    nothing: list[Any] = [(), ..., None, (None, ...), (..., None, None)]
    for key in nothing:
        yield call(draw("float32"), key)
    for key in (COLON, slice(0, 0), (..., None), slice(None, None, 2)):
        yield call(draw("float32", 0), key)
    yield from (call(line, mask) for mask in masks(draw, (5,)))
    yield from (call(block, mask) for mask in masks(draw, (2, 3, 4)))
    yield from (call(draw("float32"), np.asarray(v)) for v in (True, False))
    yield call(line, (np.asarray([True, False, True, True, False]),))
    if signature.takes("key", "array"):
        yield from integer_keys(line, block, signature)


def integer_keys(line: np.ndarray, block: np.ndarray, signature: Signature) -> Iterator[Call]:
    """Integer arrays for every axis, alone, broadcast, beside integers; revision 2024.12 has them."""
    if "Tuple[Union[int, slice, ellipsis, array" not in str(signature.parameters[1]["type"]):
        return
    yield call(line, (integer([3, -1, 0, 0]),))
    yield call(line, (integer([[1, 2], [4, -5]]),))
    yield call(line, (integer([]),))
    yield call(block, (integer([1, 0, -1]), integer([2, 0, -1]), integer([3, -4, 0])))
    yield call(block, (integer([[1], [0]]), integer([2, 0, 1]), integer(3)))
    yield call(block, (1, integer([2, 0]), integer([3, 3])))
    yield call(block, (integer([1, 1]), 2, -1))
    yield call(block, (-1, integer([0, 1]), 0))


def read_dtypes(draw: Draw, signature: Signature) -> Iterator[Call]:
    """Arrays of each dtype, and indices of each integer dtype."""
    for dtype in ALL:
        x = (
            np.resize(np.asarray(edge_integers(dtype), dtype), (3, 4))
            if kind_of(dtype) in ("int", "uint")
            else draw(dtype, 3, 4)
        )
        yield from (
            call(x, key) for key in ((1, ...), (..., -1), (slice(0, 2), None, 2), (..., slice(None, None, 2)), (0, 1))
        )
        yield call(x, draw("bool", 3, 4))
    for dtype in INTEGER:
        if "Tuple[Union[int, slice, ellipsis, array" in str(signature.parameters[1]["type"]):
            yield call(draw("float32", 5), (integer([3, 1, 1, 0], dtype),))
            yield call(draw("float32", 2, 5), (integer([1, 0, 1], dtype), integer([1, 1, 0], dtype)))


def needed(given: Call) -> Sequence[str]:
    """The abilities that a key needs, by the probe's names."""
    key = given.args[1]
    inner = key if isinstance(key, tuple) else (key,)
    arrays = [p for p in parts(key) if isinstance(p, np.ndarray)]
    found = ["boolean index"] if any(a.dtype == bool for a in arrays) else []
    found += ["integer array index"] if any(a.dtype != bool for a in arrays) else []
    found += ["negative steps"] if any(isinstance(k, slice) and (k.step or 1) < 0 for k in inner) else []
    return [*found, *(["newaxis"] if any(k is None for k in inner) else [])]


def setitem(x: Any, key: Any, value: Any) -> Expected:
    if not isinstance(value, np.ndarray):
        if scalar_dtype(x.dtype.name, value) != x.dtype.name:
            raise Undefined("the array's dtype would change")
    elif value.dtype != x.dtype:
        raise Undefined("dtypes")
    if isinstance(key, np.ndarray) and isinstance(value, np.ndarray) and value.ndim:
        raise Undefined("an array behind a mask")
    out = x.copy()
    out[key] = value
    return exact(out)


def written(draw: Draw, signature: Signature) -> Iterator[Call]:
    """Every form of a key without None, with a scalar, a 0-d array and arrays that broadcast."""
    for shape, forms in (
        ((5,), (*LINE, *REVERSED)),
        ((2, 3, 4), (*BLOCK, *BLOCK_REVERSED)),
        ((), ((), ...)),
        ((0,), (COLON,)),
    ):
        for key in forms:
            if key is None or (isinstance(key, tuple) and None in key):
                continue
            x = draw("float32", *shape)
            part = x[key].shape
            yield call(x, key, 7.5)
            yield call(x, key, draw("float32"))
            yield call(x, key, draw("float32", *part))
            if len(part) > 1:
                yield call(x, key, draw("float32", 1, *part[1:]))
                yield call(x, key, draw("float32", *part[1:]))
    for shape in ((5,), (2, 3, 4), ()):
        for mask in masks(draw, shape):
            yield call(draw("float32", *shape), mask, -2.5)
            yield call(draw("float32", *shape), mask, draw("float32"))


def written_dtypes(draw: Draw, signature: Signature) -> Iterator[Call]:
    scalars: dict[str, list[Any]] = {
        "bool": [True, False],
        "int": [-3, 5],
        "uint": [5],
        "float": [3, 0.1],
        "complex": [2, 0.1, 1 - 2j],
    }
    for dtype in ALL:
        for key in ((1, ...), (slice(0, 2), 3), (..., slice(None, None, 2)), draw("bool", 3, 4)):
            yield from (call(draw(dtype, 3, 4), key, scalar) for scalar in scalars[kind_of(dtype)])
            yield call(draw(dtype, 3, 4), key, draw(dtype))
        if kind_of(dtype) in ("int", "uint"):
            info = np.iinfo(dtype)
            yield from (call(draw(dtype, 4), 2, int(v)) for v in (info.min, info.max, info.max - 1))


def write_needs(given: Call) -> Sequence[str]:
    masks_ = any(p.dtype == bool for p in parts(given.args[1]) if isinstance(p, np.ndarray))
    return [*needed(given), "write to slices", *(["write to masks"] if masks_ else [])]


def take(x: Any, indices: Any, *, axis: int | None = None) -> Expected:
    if axis is None and x.ndim != 1:
        raise Undefined("axis")
    at = one_axis(0 if axis is None else axis, x.ndim)
    n = x.shape[at]
    if any(not -n <= i < n for i in indices.tolist()):
        raise Undefined("outside")
    return exact(x[(*[COLON] * at, indices)])


def taken(draw: Draw, dtype: str, index: str) -> Iterator[Call]:
    """Places in any order, repeated, none; negative ones where the dtype has them."""
    for shape in ((5,), (2, 3, 4)):
        x = draw(dtype, *shape)
        if kind_of(dtype) in ("int", "uint"):
            x = np.resize(np.asarray(edge_integers(dtype)[-5:], dtype), shape)
        places: list[list[int]] = [[1, 0, 1], [0], [1, 1, 1, 0, 0, 1, 0], []]
        if kind_of(index) == "int" and draw.revision >= SIGNED_SINCE:
            places.append([-1, 0, -2, 1, -1])
        yield from (call(x, np.asarray(i, dtype=index)) for i in places)


def take_dtypes(draw: Draw, signature: Signature) -> Iterator[Call]:
    for dtype in ALL:
        yield from list(taken(draw, dtype, "int64"))[:3]
        yield call(draw(dtype, 3, 4), np.asarray([2, 0]), axis=0)
    for index in INTEGER:
        for base in taken(draw, "float32", index):
            yield base
            yield Call(base.args, {"axis": -1})


def take_along_axis(x: Any, indices: Any, *, axis: int = -1) -> Expected:
    at = one_axis(axis, x.ndim)
    n = x.shape[at]
    if any(not -n <= i < n for i in indices.reshape(-1).tolist()):
        raise Undefined("outside")
    rest = list(common([s[:at] + s[at + 1 :] for s in (x.shape, indices.shape)]))
    x, indices = (spread_out(a, (*rest[:at], a.shape[at], *rest[at:])) for a in (x, indices))
    out = np.empty(indices.shape, dtype=x.dtype)
    for place in np.ndindex(*indices.shape):
        out[place] = x[(*place[:at], int(indices[place]), *place[at + 1 :])]
    return exact(out)


# Shapes of an array and of indices that broadcast along the other axes.
SPREAD = (
    ((2, 3, 4), (1, 3, 2), -1),
    ((2, 3, 4), (2, 5, 1), 1),
    ((1, 3), (4, 2), 1),
    ((3, 1), (2, 4), 0),
    ((2, 3), (2, 1), 0),
)


def along_axes(draw: Draw, signature: Signature) -> Iterator[Call]:
    for shape in ((2, 3, 4), (5,)):
        x = draw("float32", *shape)
        for axis in range(-len(shape) - 1, len(shape) + 1):
            at = axis % len(shape)
            for count in (1, 3, shape[at], 0):
                places = draw.rng.integers(0, shape[at], [count if i == at else n for i, n in enumerate(shape)])
                yield call(x, places.astype("int64"), axis=axis)
        yield call(x, draw.rng.integers(0, shape[-1], shape).astype("int64"))
        yield call(x, draw.rng.integers(-shape[-1], shape[-1], shape).astype("int64"))
    for first, second, axis in SPREAD:
        n = first[axis]
        yield call(draw("float32", *first), draw.rng.integers(-n, n, second).astype("int64"), axis=axis)


def along_dtypes(draw: Draw, signature: Signature) -> Iterator[Call]:
    for dtype in ALL:
        x, places = draw(dtype, 3, 4), draw.rng.integers(0, 4, (3, 2)).astype("int64")
        yield call(x, places)
        yield call(x, places, axis=2)
    for index in INTEGER:
        yield call(draw("float32", 3, 4), draw.rng.integers(0, 3, (2, 4)).astype(index), axis=0)


subject("array.getitem", getitem, lambda draw: (), parameters=keys, dtypes=read_dtypes, needs=needed)
subject("array.setitem", setitem, lambda draw: (), parameters=written, dtypes=written_dtypes, needs=write_needs)
subject("take", take, taken, dtypes=take_dtypes)
subject("take_along_axis", take_along_axis, lambda draw: (), parameters=along_axes, dtypes=along_dtypes)
