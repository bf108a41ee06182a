"""Shapes: broadcasting, joining, moving, repeating; every element stays what it is."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ...case import Call, call
from ...judging.bounds import Expected
from .axes import normalized, one_axis
from .deriving import OutsideError, Signature, subject
from .example import Raises
from .promotion import ALL, Undefined, kind_of, promoted
from .values import Draw, edge_integers

__all__ = ["exact"]


def exact(x: Any) -> Expected:
    """Elements that nothing changes."""
    return Expected(np.asarray(x), None, x.dtype.name)


def block(draw: Draw, dtype: str) -> Iterator[Call]:
    """Arrays of each number of dimensions."""
    for shape in ((2, 3, 4), (3, 2), (5,), (), (0, 3)):
        x = draw(dtype, *shape)
        if kind_of(dtype) in ("int", "uint") and x.size > 6:
            x = np.resize(np.asarray(edge_integers(dtype), dtype=dtype), shape)
        yield call(x)


def with_values(**values: Any) -> Any:
    """Bases with one further required argument: values by the number of dimensions of the array."""
    ((name, choices),) = values.items()

    def bases(draw: Draw, dtype: str) -> Iterator[Call]:
        for base in block(draw, dtype):
            for value in choices(base.args[0]):
                yield Call((*base.args, value), {}) if name != "axis" else Call(base.args, {"axis": value})

    return bases


def common(shapes: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape that shapes broadcast to."""
    shapes = list(shapes)
    ndim = max(map(len, shapes), default=0)
    out = []
    for sizes in zip(*((1,) * (ndim - len(s)) + tuple(s) for s in shapes), strict=True):
        different = {n for n in sizes if n != 1}
        if len(different) > 1:
            raise Undefined("shapes")
        out.append(different.pop() if different else 1)
    return tuple(out)


def spread_out(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """An array broadcast: index 0 wherever its size is 1."""
    if not x.ndim:
        return np.full(shape, x)
    at = np.indices(shape)
    own = tuple(i if n != 1 else np.zeros_like(i) for i, n in zip(at[len(shape) - x.ndim :], x.shape, strict=True))
    return np.asarray(x[own])


def broadcast_to(x: Any, shape: Any) -> Any:
    try:
        if common([x.shape, shape]) != tuple(shape):
            return Raises(Exception)
    except Undefined:
        return Raises(Exception)
    return exact(spread_out(x, tuple(shape)))


def broadcast_arrays(*arrays: Any) -> Any:
    shape = common([x.shape for x in arrays])
    return [exact(spread_out(x, shape)) for x in arrays]


def broadcast_shapes(*shapes: Any) -> list[Any]:
    return list(common(shapes)) or ["()"]


TOGETHER: list[list[tuple[int, ...]]] = [
    [],
    [()],
    [(3,)],
    [(), (4,)],
    [(0,), (1,)],
    [(0, 3), (1, 1)],
    [(2, 1), (3,)],
    [(5, 1, 3), (2, 1), ()],
    [(1,), (1,)],
    [(2, 3), (2, 3)],
    [(4, 1, 1), (1, 5, 1), (1, 1, 6)],
    [(2, 1, 3, 1, 2), (3, 4, 1)],
]


def shapes_alone(draw: Draw, signature: Signature) -> Iterator[Call]:
    yield from (Call(tuple(shapes), {}) for shapes in TOGETHER)


def arrays_together(draw: Draw, signature: Signature) -> Iterator[Call]:
    for shapes in TOGETHER[1:]:
        yield Call(tuple(draw("float32", *s) for s in shapes), {})


def arrays_of_dtypes(draw: Draw, signature: Signature) -> Iterator[Call]:
    for i, d in enumerate(ALL):
        yield call(draw(d, 2, 1), draw(ALL[i - 1], 3), draw(d))


def joined(name: str) -> Any:
    """Arrays put one after the other along an axis, or a new one, in the dtype that they promote to."""

    def reference(arrays: Any, *, axis: int | None = 0) -> Expected:
        dtype = promoted(*(a.dtype.name for a in arrays))
        arrays = [a.astype(dtype) for a in arrays]
        if name == "concat" and axis is None:
            return exact(np.asarray([v for a in arrays for v in a.reshape(-1)], dtype=dtype))
        ndim = arrays[0].ndim + (name == "stack")
        if any(a.ndim != arrays[0].ndim for a in arrays) or not ndim or axis is None:
            raise Undefined("dimensions")
        at = one_axis(axis, ndim)
        if name == "stack":
            arrays = [a[(*[slice(None)] * at, None)] for a in arrays]
        if len({tuple(n for i, n in enumerate(a.shape) if i != at) for a in arrays}) > 1:
            raise Undefined("shapes")
        out = np.empty(
            [sum(a.shape[at] for a in arrays) if i == at else n for i, n in enumerate(arrays[0].shape)], dtype
        )
        start = 0
        for a in arrays:
            out[(*[slice(None)] * at, slice(start, start + a.shape[at]))] = a
            start += a.shape[at]
        return exact(out)

    return reference


def joints(name: str) -> Any:
    """Lists and tuples of one, two and three arrays, unequal where the axis lets them."""

    def parameters(draw: Draw, signature: Signature) -> Iterator[Call]:
        sets: list[list[tuple[int, ...]]] = [[(2, 3)], [(2, 3), (2, 3)], [(2, 3, 2)] * 3, [(4,), (4,)]]
        sets += (
            [[(2, 3), (1, 3), (0, 3)], [(2, 1), (2, 3)], [(3,), (2, 2), ()], [(0,), (2,)]]
            if name == "concat"
            else [[(), ()]]
        )
        for shapes in sets:
            arrays = [draw("float32", *s) for s in shapes]
            yield call(arrays)
            yield call(tuple(arrays))
            for axis in (*range(-4, 4), *([None] if name == "concat" else [])):
                yield call(arrays, axis=axis)

    return parameters


def joined_dtypes(draw: Draw, signature: Signature) -> Iterator[Call]:
    for a, b in itertools.product(ALL, ALL):
        x, y = (
            np.asarray(edge_integers(d)[-6:], dtype=d) if kind_of(d) in ("int", "uint") else draw(d, 6) for d in (a, b)
        )
        yield call([x, y])
        if a == b:
            yield call([x, y], axis=-1)
            yield call([x[:0], y[:0]])


def unstack(x: Any, *, axis: int = 0) -> Any:
    moved = np.moveaxis(x, one_axis(axis, x.ndim), 0)
    return [exact(np.asarray(part)) for part in moved]


def expand_dims(x: Any, axis: Any) -> Expected:
    several = (axis,) if isinstance(axis, int) else axis
    ndim = x.ndim + len(several)
    if any(not -ndim <= a < ndim for a in several):
        raise OutsideError("axis")
    new = {a % ndim for a in several}
    if len(new) < len(several):
        raise Undefined("twice")
    rest = iter(x.shape)
    return exact(x.reshape([1 if i in new else next(rest) for i in range(ndim)]))


def squeeze(x: Any, axis: Any) -> Expected:
    axes = normalized(axis, x.ndim)
    if any(x.shape[a] != 1 for a in axes):
        raise Undefined("a size above 1")
    return exact(x.reshape([n for i, n in enumerate(x.shape) if i not in axes]))


def thin(draw: Draw, dtype: str) -> Iterator[Call]:
    """Arrays with axes of size 1, and each choice of them."""
    for shape, axes in (
        ((1, 3, 1), (0, -1, 2, (0, 2), (2, 0), (-1,), (-3, -1), 3, -4)),
        ((1,), (0, -1, (0,), 1, -2, 9)),
        ((1, 1), (0, (0, 1), 2, -3)),
        ((2, 1), (1, -1, (1,), ())),
    ):
        x = draw(dtype, *shape)
        yield from (call(x, axis=axis) for axis in axes)


def flip(x: Any, *, axis: Any = None) -> Expected:
    axes = normalized(axis, x.ndim)
    return exact(np.asarray(x[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(x.ndim))]))


def permute_dims(x: Any, axes: Any) -> Expected:
    order = normalized(axes, x.ndim)
    if len(order) != x.ndim:
        raise Undefined("no permutation")
    return exact(np.transpose(x, order))


def ordered(draw: Draw, dtype: str) -> Iterator[Call]:
    """Every permutation; axes counted from the end since revision 2025.12."""
    for base in block(draw, dtype):
        n = base.args[0].ndim
        yield from (Call((*base.args, order), {}) for order in itertools.permutations(range(n)))
        if n > 1 and draw.revision >= "2025.12":
            yield from (Call((*base.args, order), {}) for order in (tuple(range(-1, -n - 1, -1)), (n, *range(1, n))))


def moveaxis(x: Any, source: Any, destination: Any) -> Expected:
    start, end = normalized(source, x.ndim), normalized(destination, x.ndim)
    if len(start) != len(end):
        raise Undefined("counts")
    order: list[int] = [a for a in range(x.ndim) if a not in start]
    for to, came in sorted(zip(end, start, strict=True)):
        order.insert(to, came)
    return exact(np.transpose(x, order))


MOVES = [
    (0, -1),
    (-1, 0),
    (0, 0),
    (1, 2),
    (2, 1),
    ((0, 1), (1, 2)),
    ((0, 2), (2, 0)),
    ((-1, 0), (0, -1)),
    ((0, 1), (-1, 0)),
]
MOVES += [((0, 1, 2), (2, 0, 1)), ((2, 0, 1), (0, 1, 2)), ((1,), (0,)), (3, 0), (0, 3)]


def moved(draw: Draw, dtype: str) -> Iterator[Call]:
    x = draw(dtype, 2, 3, 4)
    yield from (call(x, *move) for move in MOVES)
    yield call(draw(dtype, 5), 0, 0)


def repeat(x: Any, repeats: Any, *, axis: int | None = None) -> Expected:
    at = 0 if axis is None else one_axis(axis, x.ndim)
    x = x.reshape(-1) if axis is None else x
    counts = (
        np.broadcast_to(repeats, (x.shape[at],))
        if np.ndim(repeats) < 2 and np.size(repeats) in (1, x.shape[at])
        else None
    )
    if counts is None or (isinstance(repeats, np.ndarray) and repeats.ndim != 1):
        raise Undefined("counts")
    places = [i for i, count in enumerate(counts.tolist()) for _ in range(count)]
    return exact(x[(*[slice(None)] * at, np.asarray(places, dtype=int))])


def copies(draw: Draw, dtype: str, *others: str) -> Iterator[Call]:
    for shape, counts in (((3, 2), (2, 0, 1)), ((4,), (0, 3, 1, 2)), ((2, 3, 2), (3, 0)), ((), (2,))):
        x = draw(dtype, *shape)
        yield from (call(x, n) for n in (0, 1, 3))
        for d in ("int64", "int32", "uint8", "int16"):
            yield call(x, np.asarray(counts, dtype=d))
            if shape:
                yield call(x, np.asarray(counts, dtype=d), axis=0)
        yield call(x, np.asarray([2], dtype="int64"))


def reshape(x: Any, shape: Any, *, copy: Any = None) -> Expected:
    if copy is False:
        raise Undefined("a copy may be needed")
    return exact(x.reshape(shape))


def reshaped(x: Any) -> list[Any]:
    found: dict[int, list[Any]] = {
        24: [(24,), (4, 6), (-1,), (2, -1, 3), (1, 24, 1), (3, 2, 4)],
        6: [(6,), (1, 6), (2, 3)],
        5: [(5, 1), (-1, 5)],
    }
    return [
        *found.get(x.size, []),
        *([(), (1, 1)] if x.size == 1 else []),
        *([(0,), (5, 0), (3, 0)] if not x.size else []),
    ]


def roll(x: Any, shift: Any, *, axis: Any = None) -> Expected:
    if axis is None:
        if not isinstance(shift, int):
            raise Undefined("several shifts of a line")
        line = x.reshape(-1)
        n = max(line.size, 1)
        return exact(line[(np.arange(line.size) - shift) % n].reshape(x.shape))
    axes = [one_axis(a, x.ndim) for a in ((axis,) if isinstance(axis, int) else axis)]  # each is shifted, if twice
    shifts = (shift,) * len(axes) if isinstance(shift, int) else shift
    if len(shifts) != len(axes) or (isinstance(axis, int) and not isinstance(shift, int)) or not axes:
        raise Undefined("counts")
    for a, s in zip(axes, shifts, strict=True):
        x = np.take(x, (np.arange(x.shape[a]) - s) % max(x.shape[a], 1), axis=a)
    return exact(x)


def tile(x: Any, repetitions: Any) -> Expected:
    ndim = max(x.ndim, len(repetitions))
    counts = (1,) * (ndim - len(repetitions)) + tuple(repetitions)
    x = x.reshape((1,) * (ndim - x.ndim) + x.shape)
    for a, count in enumerate(counts):
        x = (
            np.take(x, [i for _ in range(count) for i in range(x.shape[a])], axis=a)
            if count
            else x[(*[slice(None)] * a, slice(0, 0))]
        )
    return exact(x)


SHIFTS = [0, 1, -1, 2, 7, -7, 100, (1, -1), (1, 1), (5, -6), (-1, 2, 9), (2,)]
subject(
    "broadcast_to",
    broadcast_to,
    with_values(shape=lambda x: [x.shape, (2, *x.shape), (2, 1, *x.shape), (3, *x.shape[1:]), (*x.shape, 2)]),
)
subject("broadcast_arrays", broadcast_arrays, block, parameters=arrays_together, dtypes=arrays_of_dtypes, view=list)
subject(
    "broadcast_shapes",
    broadcast_shapes,
    block,
    parameters=shapes_alone,
    dtypes=lambda d, s: (),
    view=lambda shape: list(shape) or [str(tuple(shape))],
)
subject("concat stack", joined, block, each=True)
for name_ in ("concat", "stack"):
    subject(name_, joined(name_), block, parameters=joints(name_), dtypes=joined_dtypes)
subject("unstack", unstack, block, view=list)
AXES = [0, -1, 1, -2, 3, (0,), (0, 1), (1, 0), (-1, 0), (-1, 1), (0, 2), 9]


def grown(draw: Draw, signature: Signature, dtype: str = "float32") -> Iterator[Call]:
    """New axes; tuples of them where the revision has them."""
    for base in block(draw, dtype):
        for axis in AXES:
            if isinstance(axis, int) or signature.takes("axis", "tuple"):
                yield Call(base.args, {"axis": axis})


def grown_dtypes(draw: Draw, signature: Signature) -> Iterator[Call]:
    for dtype in ALL:
        yield from list(grown(draw, signature, dtype))[:6]


subject("expand_dims", expand_dims, block, parameters=grown, dtypes=grown_dtypes)
subject("squeeze", squeeze, thin)
subject("flip", flip, block)
subject("permute_dims", permute_dims, ordered)
subject("moveaxis", moveaxis, moved)
subject("repeat", repeat, copies)
subject("reshape", reshape, with_values(shape=reshaped), {"copy": [None, True]})


def rolled(draw: Draw, dtype: str) -> Iterator[Call]:
    """Each shift; several of one axis."""
    yield from with_values(shift=lambda x: SHIFTS)(draw, dtype)
    x = draw(dtype, 3, 4)
    for shift, axis in (((1, 1, -2), (0, 1, 0)), ((1, 2), (-1, 1)), (1, (1, 1))):
        yield call(x, shift, axis=axis)


subject("roll", roll, rolled)
subject("tile", tile, with_values(repetitions=lambda x: [(), (2,), (1, 2), (2, 1, 3), (0,), (0, 2), (3, 1, 1, 2)]))
