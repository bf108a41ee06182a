"""Creation: values, shapes and the default dtypes, from every type of Python value."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...case import Call, call
from ...judging.bounds import EPS, Expected
from ...subjects.functions import Dtype
from .deriving import Signature, subject
from .manipulation import exact
from .promotion import ALL, FLOATING, REAL_OF, Undefined, defaults, fits, kind_of
from .values import Draw, edge_integers

__all__: list[str] = []

SHAPES: list[Any] = [(2, 3), 4, (), (0,), (2, 0, 3), (1,), 0, (3, 1, 2), (2, 1, 3, 1, 2)]
DTYPES = [Dtype(d) for d in ALL]


def of_value(value: Any) -> str:
    """The default dtype for a Python value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return defaults().integer
    return defaults().complex if isinstance(value, complex) else defaults().real


def holds(value: Any, dtype: str) -> bool:
    """Whether a dtype holds a Python value of a kind no higher than its own."""
    kind = kind_of(dtype)
    if isinstance(value, bool) or kind == "bool":
        return isinstance(value, bool) == (kind == "bool")
    if isinstance(value, int):
        return kind in ("float", "complex") or fits(value, dtype)
    return kind == "complex" or (kind == "float" and not isinstance(value, complex))


def filled(shape: Any, value: Any, dtype: str) -> Expected:
    if not holds(value, dtype):
        raise Undefined("kinds")
    return exact(np.full(shape, value, dtype=dtype))


def constant(name: str) -> Any:
    def reference(shape: Any, *, dtype: Any = None) -> Expected:
        dtype = dtype or defaults().real
        return exact(np.full(shape, name == "ones", dtype=dtype))

    return reference


def constant_like(name: str) -> Any:
    return lambda x, *, dtype=None: exact(np.full(x.shape, name == "ones_like", dtype=dtype or x.dtype.name))


def full(shape: Any, value: Any, *, dtype: Any = None) -> Expected:
    return filled(shape, value, dtype or of_value(value))


def full_like(x: Any, value: Any, *, dtype: Any = None) -> Expected:
    return filled(x.shape, value, dtype or x.dtype.name)


def empty(shape: Any, *, dtype: Any = None) -> list[Any]:
    return [str((shape,) if isinstance(shape, int) else tuple(shape)), str(dtype or defaults().real)]


def shape_and_dtype(x: Any) -> list[Any]:
    return [str(tuple(x.shape)), x.dtype]


def shapes(draw: Draw, signature: Signature) -> Iterator[Call]:
    """Each shape, and each shape with some of the dtypes."""
    for i, shape in enumerate(SHAPES):
        yield call(shape)
        yield from (call(shape, dtype=d) for d in DTYPES[i % 3 :: 3])


def shapes_dtypes(draw: Draw, signature: Signature) -> Iterator[Call]:
    yield from (call((2, 3), dtype=d) for d in DTYPES)


VALUES: list[Any] = [True, False, 0, 7, -3, 0.0, -0.0, 0.1, 1e30, math.inf, -math.inf, math.nan, 1.5 - 2j, 2j]


def fills(draw: Draw, signature: Signature) -> Iterator[Call]:
    for value, shape in itertools.product(VALUES, SHAPES[:5]):
        yield call(shape, value)


def fills_dtypes(draw: Draw, signature: Signature) -> Iterator[Call]:
    for dtype in DTYPES:
        limits = edge_integers(dtype)[-8:] if kind_of(dtype) in ("int", "uint") else []
        for i, value in enumerate([*VALUES, *limits]):
            yield call(SHAPES[i % 4], value, dtype=dtype)
            yield call((3,), value, dtype=dtype)


def like(draw: Draw, signature: Signature) -> Iterator[Call]:
    """Arrays of each dtype and shape; another dtype."""
    for dtype, shape in itertools.product(ALL, ((2, 3), (), (0, 2))):
        yield call(draw(dtype, *shape))
    for old, new in itertools.product(("float32", "int32", "bool"), DTYPES):
        yield call(draw(old, 2, 3), dtype=new)


def like_values(draw: Draw, signature: Signature) -> Iterator[Call]:
    for dtype, value in itertools.product(ALL, VALUES):
        yield call(draw(dtype, 2, 3), value)
    for value, new in itertools.product((True, 3, 0.5, 1j), DTYPES):
        yield call(draw("float32", 2), value, dtype=new)


def no_calls(draw: Draw, signature: Signature) -> Iterator[Call]:
    yield from ()


def arange(start: Any, stop: Any = None, step: Any = 1, *, dtype: Any = None) -> Expected:
    if stop is None:
        start, stop = 0, start
    given = (start, stop, step)
    name = dtype or (defaults().real if any(isinstance(v, float) for v in given) else defaults().integer)
    if (
        step == 0
        or kind_of(name) not in ("int", "uint", "float")
        or (kind_of(name) != "float" and any(isinstance(v, float) for v in given))
    ):
        raise Undefined("dtype")
    count = max(0, math.ceil((stop - start) / step))
    exactly = [start + i * step for i in range(count)]
    if kind_of(name) != "float":
        if not all(fits(v, name) for v in exactly):
            raise Undefined("overflow")
        return exact(np.asarray(exactly, dtype=object).astype(name))
    out = np.longdouble(start) + np.arange(count) * np.longdouble(step)
    whole = all(float(v).is_integer() for v in given)
    error = (0.0 if whole else 2.0) * EPS[name] * (abs(start) + np.arange(count) * abs(step))
    return Expected(out, np.asarray(error, dtype=float), name)


RANGES: list[tuple[Any, ...]] = [
    (5,),
    (0,),
    (-3,),
    (1, 9),
    (9, 1),
    (2, 9, 2),
    (2, 9, 3),
    (9, 2, -2),
    (9, 2, -3),
    (2, 9, -1),
    (-5, 5, 4),
]
RANGES += [
    (3, 3),
    (0, 1, 5),
    (5.0,),
    (0.0, 4.0),
    (1.5, 4.0),
    (0.0, 1.0, 0.25),
    (4.0, 1.0, -0.5),
    (1, 4.5),
    (-1.0, 1.25, 0.5),
    (0, 3, 0.75),
]
RANGES += [(1000,), (250, 256), (-128, -120, 3)]


def ranges(draw: Draw, signature: Signature) -> Iterator[Call]:
    yield from (call(*r) for r in RANGES)


def ranges_dtypes(draw: Draw, signature: Signature) -> Iterator[Call]:
    for dtype in DTYPES:
        yield from (call(*r, dtype=dtype) for r in RANGES)
        if kind_of(dtype) in ("int", "uint"):
            info = np.iinfo(dtype)
            yield call(int(info.max) - 3, int(info.max), dtype=dtype)
            yield call(int(info.min), int(info.min) + 7, 2, dtype=dtype)


def linspace(start: Any, stop: Any, num: int, *, dtype: Any = None, endpoint: bool = True) -> Expected:
    turned = any(isinstance(v, complex) for v in (start, stop))
    name = dtype or (defaults().complex if turned else defaults().real)
    if kind_of(name) not in ("float", "complex") or (turned and kind_of(name) == "float"):
        raise Undefined("dtype")
    parts = max(num - 1 if endpoint else num, 1)
    kind = np.clongdouble if kind_of(name) == "complex" else np.longdouble
    i = np.arange(num).astype(kind)
    out = kind(start) + i * (kind(stop) - kind(start)) / parts
    return Expected(out, np.full(num, 2.0 * EPS[REAL_OF[name]] * (abs(start) + abs(stop))), name)


LINES: list[tuple[Any, ...]] = [
    (0, 1, 5),
    (0.0, 1.0, 1),
    (2.0, 3.0, 0),
    (3, -2, 4),
    (-1.5, 2.5, 9),
    (2.0, 2.0, 3),
    (0.1, 0.7, 2),
    (1, 2, 50),
]
LINES += [(0j, 1 + 2j, 5), (1 - 1j, 3, 4), (2.0, 1j, 1), (0, 1j, 0)]


def lines(draw: Draw, *dtypes: str) -> Iterator[Call]:
    yield from (call(*line) for line in LINES)


def lines_dtypes(draw: Draw, signature: Signature) -> Iterator[Call]:
    for dtype in FLOATING:
        yield from (call(*line, dtype=Dtype(dtype)) for line in LINES)


def eye(rows: int, columns: Any = None, *, k: int = 0, dtype: Any = None) -> Expected:
    columns = rows if columns is None else columns
    grid = [[j - i == k for j in range(columns)] for i in range(rows)]
    return exact(np.asarray(grid, dtype=bool).reshape(rows, columns).astype(dtype or defaults().real))


def eyes(draw: Draw, *dtypes: str) -> Iterator[Call]:
    yield from (call(*size) for size in ((3,), (2, 4), (4, 2), (0,), (0, 3), (1,), (3, None)))


def eyes_dtypes(draw: Draw, signature: Signature) -> Iterator[Call]:
    yield from (call(2, 3, k=k, dtype=d) for d in DTYPES for k in (0, 1, -1))


def triangle(name: str) -> Any:
    def reference(x: Any, *, k: int = 0) -> Expected:
        if x.ndim < 2:
            raise Undefined("dimensions")
        i, j = np.indices(x.shape[-2:])
        keep = (j - i <= k) if name == "tril" else (j - i >= k)
        return exact(np.where(keep, x, np.zeros((), dtype=x.dtype)))

    return reference


def matrices(draw: Draw, dtype: str) -> Iterator[Call]:
    for shape in ((3, 4), (4, 3), (2, 3, 3), (1, 1), (0, 2), (2, 0, 3)):
        x = draw(dtype, *shape)
        if kind_of(dtype) in ("int", "uint") and x.size:
            x = np.resize(np.asarray(edge_integers(dtype)[::-1], dtype), shape)
        yield call(x)


def meshgrid(*arrays: Any, indexing: str = "xy") -> Any:
    if any(a.ndim > 1 for a in arrays) or len({a.dtype for a in arrays}) > 1:
        raise Undefined("dimensions")
    order = list(range(len(arrays)))
    if indexing == "xy" and len(arrays) > 1:
        order[0], order[1] = 1, 0
    shape = [0] * len(arrays)
    for i, a in enumerate(arrays):
        shape[order[i]] = a.size
    found = []
    for i, a in enumerate(arrays):
        line = a.reshape([-1 if d == order[i] else 1 for d in range(len(arrays))])
        found.append(exact(np.broadcast_to(line, shape).copy()))
    return found


def grids(draw: Draw, signature: Signature) -> Iterator[Call]:
    for sizes in ((), (3,), (2, 3), (2, 3, 4), (3, 3, 3), (2, 1, 3, 2), (0, 2), (2, 0, 1)):
        arrays = tuple(draw("float32", n) for n in sizes)
        yield Call(arrays, {})
        yield from (Call(arrays, {"indexing": way}) for way in ("xy", "ij"))
    yield call(draw("float32"), draw("float32", 2))


def grids_dtypes(draw: Draw, signature: Signature) -> Iterator[Call]:
    yield from (call(draw(d, 2), draw(d, 3), indexing=way) for d in ALL for way in ("xy", "ij"))


def asarray(obj: Any, *, dtype: Any = None, copy: Any = None) -> Expected:
    if copy is False:
        raise Undefined("a copy may be needed")
    if isinstance(obj, np.ndarray):
        old, new = obj.dtype.name, str(dtype or obj.dtype.name)
        order = ("bool", "int", "uint", "float", "complex")
        if old != new and (kind_of(old) == "bool" or order.index(kind_of(new)) < order.index(kind_of(old))):
            raise Undefined("kinds")
        if kind_of(new) in ("int", "uint") and not all(fits(int(v), new) for v in obj.reshape(-1)):
            raise Undefined("overflow")
        return exact(obj.astype(new))
    leaves = list(_leaves(obj))
    if not leaves and dtype is None:
        raise Undefined("nothing")
    highest = next((t for t in (complex, float, int, bool) if any(type(v) is t for v in leaves)), float)
    name = str(dtype or of_value(highest()))
    values = [highest(v) for v in leaves]
    if not all(holds(v, name) for v in values):
        raise Undefined("kinds")
    return exact(np.asarray(obj, dtype=name))


def _leaves(obj: Any) -> Iterator[Any]:
    if isinstance(obj, list | tuple):
        for item in obj:
            yield from _leaves(item)
    else:
        yield obj


OBJECTS: list[Any] = [
    True,
    3,
    -2.5,
    1 - 2j,
    [1, 2, 3],
    [True, False],
    [True, 2],
    [1, 2.5],
    [1.0, 2j],
    [[1, 2], [3, 4]],
    ((1.5,), (2.5,)),
]
OBJECTS += [
    [[True], [0.5]],
    [],
    [[], []],
    [[[1], [2]], [[3], [4]]],
    (1, 2),
    [(1.0, 2.0), [3.0, 4.0]],
    [0.1, 1e30, math.inf],
    [1j],
]


def objects(draw: Draw, signature: Signature) -> Iterator[Call]:
    for obj in OBJECTS:
        yield call(obj)
        yield from (call(obj, copy=c) for c in (None, True))
    for copy in (None, True):
        yield from (call(draw(d, 2, 3), copy=copy) for d in ("float32", "int32", "bool"))


def objects_dtypes(draw: Draw, signature: Signature) -> Iterator[Call]:
    for dtype in DTYPES:
        yield from (call(obj, dtype=dtype) for obj in OBJECTS)
        yield from (call(draw(dtype, 2, 3), dtype=dtype, copy=c) for c in (None, True))
        if kind_of(dtype) in ("int", "uint"):
            yield call(edge_integers(dtype), dtype=dtype)
        yield from (call(draw(old, 6, low=0, high=3), dtype=dtype) for old in ALL)


def from_dlpack(x: Any, *, copy: Any = None) -> Expected:
    if copy is not None:
        raise Undefined("devices and copies: another kind of check")
    return exact(x)


def exchanged(draw: Draw, dtype: str) -> Iterator[Call]:
    yield from (call(draw(dtype, *shape)) for shape in ((2, 3), (), (0, 2), (5,), (2, 1, 3)))


subject("zeros ones", constant, lines, each=True, parameters=shapes, dtypes=shapes_dtypes)
subject("empty", empty, lines, parameters=shapes, dtypes=shapes_dtypes, view=shape_and_dtype)
subject("zeros_like ones_like", constant_like, lines, each=True, parameters=no_calls, dtypes=like)
subject(
    "empty_like",
    lambda x, *, dtype=None: empty(x.shape, dtype=dtype or x.dtype.name),
    lines,
    parameters=no_calls,
    dtypes=like,
    view=shape_and_dtype,
)
subject("full", full, lines, parameters=fills, dtypes=fills_dtypes)
subject("full_like", full_like, lines, parameters=no_calls, dtypes=like_values)
subject("arange", arange, lines, parameters=ranges, dtypes=ranges_dtypes)
subject("linspace", linspace, lines, dtypes=lines_dtypes)
subject("eye", eye, eyes, {"n_cols": []}, dtypes=eyes_dtypes)
subject("tril triu", triangle, matrices, each=True)
subject("meshgrid", meshgrid, lines, parameters=grids, dtypes=grids_dtypes, view=list)
subject("asarray", asarray, lines, parameters=objects, dtypes=objects_dtypes)
subject(
    "from_dlpack",
    from_dlpack,
    exchanged,
    dtypes=lambda draw, signature: (b for d in ALL for b in exchanged(draw, d)),
    parameters=no_calls,
)
