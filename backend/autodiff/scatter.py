"""Adjoints of indexing: of take, of take_along_axis and of slices.

They use functions of the standard alone. Duplicate indices accumulate; infinities and NaN affect no other element.
"""

import functools
import itertools
import math
from typing import Any, NamedTuple

from ..arrays.typing import Array
from ..dispatch.boundary import moved, sizes
from ..dispatch.promotion import array_namespace, device_of
from ..graph.composite import composite
from .cotangents import mask_, resized, sliced, zeros

__all__ = ["Scatter", "scatter_slice", "sum_of_scatters", "take_adjoint", "take_along_axis_adjoint"]


@composite
def take_adjoint(g: Array, indices: Array, *, axis: int, size: Any) -> Array:
    """Add the parts of `g` along one axis into zeros, each at its index.

    g: (..., m, ...) with `axis` from 0 to ndim - 1, indices: (m,) of integers from -size to size - 1, result:
    (..., size, ...) in the dtype of `g`. Equal indices are summed pairwise in a tree, so rounding grows with log m.
    """
    xp = array_namespace(g)
    rows = moved(g, axis, 0)
    indices = xp.where(indices < 0, indices + size, indices)
    places = xp.arange(size, dtype=indices.dtype, device=device_of(indices))
    return moved(_segment_sums(xp, rows, indices, places), 0, axis)


@take_adjoint.shape
def _(g, indices, *, axis, size):
    return (*sizes(g)[:axis], size, *sizes(g)[axis + 1 :])


@take_adjoint.vjp
def _(g, out, of, indices, *, axis, size):
    return array_namespace(g).take(g, indices, axis=axis), None


def _segment_sums(xp, rows, indices, places):
    """Sort rows by index, sum runs of equal index by doubling (Hillis, Steele 1986), take the last of each run."""
    m = rows.shape[0]
    if m == 0:
        return zeros(rows, sizes(places) + sizes(rows)[1:])
    order = xp.argsort(indices, stable=True)
    keys, sums = xp.take(indices, order), xp.take(rows, order, axis=0)
    column = (slice(None),) + (None,) * (rows.ndim - 1)
    reach = 1
    while reach < m:
        same = (keys[reach:] == keys[:-reach])[column]
        earlier = sliced(sums, 0, 0, m - reach)
        sums = xp.concat([sliced(sums, 0, 0, reach), sliced(sums, 0, reach, m) + mask_(same, earlier)])
        reach *= 2
    after = xp.searchsorted(keys, places, side="right")
    last = xp.where(after > 0, after - 1, 0)
    return mask_((xp.take(keys, last) == places)[column], xp.take(sums, last, axis=0))


@composite
def take_along_axis_adjoint(g: Array, indices: Array, *, axis: int, size: Any) -> Array:
    """Add the elements of `g` into zeros, each at its index along `axis`.

    g: (..., m, ...), indices: broadcastable to g, integers from -size to size - 1, result: (..., size, ...)
    in the dtype of `g`. It is `take_adjoint` on the flattened array.
    """
    xp = array_namespace(g)
    g = moved(g, axis, -1)
    indices = moved(indices, axis, -1)
    indices = xp.broadcast_to(xp.where(indices < 0, indices + size, indices), sizes(g))
    shape, device = sizes(g), device_of(g)
    batch = math.prod(shape[:-1])
    first = xp.arange(batch, dtype=indices.dtype, device=device)[:, None] * size
    flat = xp.reshape(xp.reshape(indices, (batch, shape[-1])) + first, (-1,))
    summed = take_adjoint(xp.reshape(g, (-1,)), flat, axis=0, size=batch * size)
    return moved(xp.reshape(summed, (*shape[:-1], size)), -1, axis)


@take_along_axis_adjoint.shape
def _(g, indices, *, axis, size):
    axis = axis % g.ndim
    return (*sizes(g)[:axis], size, *sizes(g)[axis + 1 :])


@take_along_axis_adjoint.vjp
def _(g, out, of, indices, *, axis, size):
    xp = array_namespace(g)
    shape = (*sizes(of)[: axis % of.ndim], sizes(indices)[axis], *sizes(of)[axis % of.ndim + 1 :])
    return xp.take_along_axis(g, xp.broadcast_to(indices, shape), axis=axis), None


def scatter_slice(g: Array, key: tuple[Any, ...], shape: tuple[Any, ...]) -> Array:
    """Put `g` into zeros of the given shape, at x[key].

    key: one int, or slice(start, stop, step) with 0 <= start <= stop <= n and step >= 1, per axis of `shape`,
    and any number of None; ints, or Dims where they are unknown until run time. Result: `shape`, dtype of
    `g`. A full slice costs nothing, any other slice one concatenation per axis, and a step one more.
    """
    xp = array_namespace(g)
    kept = [entry for entry in key if entry is not None]
    if len(kept) < len(key) or any(not isinstance(entry, slice) for entry in kept):
        g = _aligned(g, key)
    for axis, (entry, n) in enumerate(zip(kept, shape, strict=True)):
        if isinstance(entry, slice):
            start, stop, step = entry.start, entry.stop, entry.step
            if step != 1:
                g = _spread(g, axis, step)
                after = n - start - sizes(g)[axis]
                if not isinstance(after, int):
                    after = after + (step - 1)  # never negative; cut to n below
            else:
                after = n - stop
        else:
            start, step = entry if not isinstance(entry, int) or entry >= 0 else entry + n, 1
            after = n - 1 - start
        parts = [g]
        if not (isinstance(start, int) and start == 0):
            parts.insert(0, zeros(g, (*sizes(g)[:axis], start, *sizes(g)[axis + 1 :])))
        if not (isinstance(after, int) and after <= 0):
            parts.append(zeros(g, (*sizes(g)[:axis], after, *sizes(g)[axis + 1 :])))
        if len(parts) > 1:
            g = xp.concat(parts, axis=axis)
        if step != 1:
            g = resized(g, axis, n)
    return g


class Scatter(NamedTuple):
    """A cotangent known by its nonzero part: `g` at x[key], zeros elsewhere, for an x of the given shape."""

    g: Array
    key: tuple[Any, ...]
    shape: tuple[Any, ...]


def sum_of_scatters(scatters: list[Scatter]) -> Array:
    """The sum of several scatters into one shape, as an array.

    Slices that are adjacent along one axis, such as the gates of a recurrent layer or the steps of an unrolled loop,
    are joined by one concatenation.
    """
    g, key, shape = scatters[0]
    xp = array_namespace(g)
    axis = _separating_axis([s.key for s in scatters])
    if axis is None:
        return functools.reduce(xp.add, (scatter_slice(g, key, shape) for g, key, shape in scatters))
    place, size = sum(isinstance(k, slice) for k in key[:axis]), shape[sum(k is not None for k in key[:axis])]
    runs = sorted(((*_run(s.key[axis]), _widened(s.g, s.key, axis)) for s in scatters), key=lambda run: run[:2])
    like = runs[0][2]
    pieces, end = [], 0
    for start, stop, g in [*runs, (size, size, None)]:
        if not (isinstance(start, int) and start == end):
            pieces.append(zeros(like, (*sizes(like)[:place], start - end, *sizes(like)[place + 1 :])))
        if g is not None:
            pieces.append(g)
        end = stop
    joined = xp.concat(pieces, axis=place) if len(pieces) > 1 else pieces[0]
    return scatter_slice(joined, (*key[:axis], slice(0, size, 1), *key[axis + 1 :]), shape)


def _run(entry):
    """The first index an int or a slice of step 1 selects, and the one after the last; None where they are unknown."""
    if isinstance(entry, int) and entry >= 0:
        return entry, entry + 1
    if isinstance(entry, slice) and entry.step == 1 and isinstance(entry.start, int) and isinstance(entry.stop, int):
        return entry.start, entry.stop
    return None


def _separating_axis(keys):
    """The one position at which the keys differ, if their selections there do not overlap; else None."""
    if len({len(key) for key in keys}) > 1:
        return None
    columns = zip(*keys, strict=True)
    places = [i for i, entries in enumerate(columns) if any(entry != entries[0] for entry in entries[1:])]
    runs = [run for key in keys for run in (_run(key[places[0]]),) if run] if len(places) == 1 else []
    if len(runs) < len(keys):
        return None
    runs.sort()
    return places[0] if all(a[1] <= b[0] for a, b in itertools.pairwise(runs)) else None


def _widened(g, key, place):
    """`g` with the axis restored, with size 1, that an int of its key removed."""
    if isinstance(key[place], slice):
        return g
    before = sum(entry is None or isinstance(entry, slice) for entry in key[:place])
    return array_namespace(g).expand_dims(g, axis=before)


def _aligned(g, key):
    """Drop the axes that None inserted and restore, with size 1, those that an int removed."""
    xp, length = array_namespace(g), iter(sizes(g))
    shape = []
    for entry in key:
        if entry is None:
            next(length)
        else:
            shape.append(next(length) if isinstance(entry, slice) else 1)
    return xp.reshape(g, tuple(shape))


def _spread(g, axis, step):
    """Insert step - 1 zeros after each element along one axis."""
    xp, shape = array_namespace(g), sizes(g)
    gaps = zeros(g, (*shape[: axis + 1], step - 1, *shape[axis + 1 :]))
    spread = xp.concat([xp.expand_dims(g, axis=axis + 1), gaps], axis=axis + 1)
    return xp.reshape(spread, (*shape[:axis], shape[axis] * step, *shape[axis + 1 :]))
