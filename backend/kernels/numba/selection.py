"""Rows gathered by index and added up by index, and the places of the largest elements.

Sums of float32 are kept in float64 and rounded once: nothing needs to be sorted for a sum by pairs. Indices out of
range are left to the definitions, which say what is wrong with them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .compile import compiled
from .geometry import Ints, dense
from .parallel import in_parts

__all__ = [
    "add_along_axis",
    "gather_labels",
    "gather_rows",
    "scatter_add_rows",
    "segment_sum",
    "take_adjoint",
    "take_along_axis_adjoint",
    "top_places",
]

MOST_PLACES = 64  # beyond, sorting is faster than inserting
INDICES = (np.dtype(np.int32), np.dtype(np.int64))
NEVER, ONCE = -2, -1  # of an index: it occurs
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def gather_rows(x: np.ndarray, indices: np.ndarray) -> Any:
    """Copies of rows, after one pass over the indices."""
    if x.dtype not in FLOATS or indices.dtype not in INDICES or not x.size or not indices.size:
        return NotImplemented
    flat = dense(indices).reshape(-1)
    if _outside(flat, 0, len(x)):
        return NotImplemented
    rows = dense(x).reshape(len(x), -1)
    out = np.empty((len(flat), rows.shape[1]), x.dtype)
    in_parts(lambda a, b: _copied(a, b, rows, flat, out), len(flat), out.size // 4)
    return out.reshape(indices.shape + x.shape[1:])


def scatter_add_rows(g: np.ndarray, indices: np.ndarray, *, count: int) -> Any:
    """Each row added to the sum of its index."""
    return _added(g, indices, g.shape[indices.ndim :], int(count), 0)


def take_adjoint(g: np.ndarray, indices: np.ndarray, *, axis: int, size: Any) -> Any:
    """Each part along the first axis added to the sum of its index."""
    return NotImplemented if axis else _added(g, indices, g.shape[1:], int(size), -int(size))


def segment_sum(data: np.ndarray, ids: np.ndarray, *, count: Any) -> Any:
    """Each part added to the sum of its segment, where there is such a segment."""
    return _added(data, ids, data.shape[1:], int(count), None)


def _added(g: np.ndarray, indices: np.ndarray, rest: Ints, count: int, least: int | None) -> Any:
    """Sums of parts of g by index, from `least` on; without a least, indices out of range are left out."""
    if g.dtype != np.float32 or indices.dtype not in INDICES or not g.size or not count:
        return NotImplemented
    flat = dense(indices).reshape(-1)
    if least is not None and _outside(flat, least, count):
        return NotImplemented
    rows = dense(g).reshape(len(flat), -1)
    slots, own, places = np.full(count, NEVER, np.int64), np.empty(len(flat), np.int64), np.empty(len(flat), np.int64)
    repeated = _numbered(flat, least is not None, slots, own, places)
    sums, out = np.zeros((repeated, rows.shape[1]), np.float64), np.zeros((count, rows.shape[1]), g.dtype)
    in_parts(lambda a, b: _sums(a, b, rows, own, slots, places, sums, out), rows.shape[1], rows.size * 2)
    return out.reshape(count, *rest)


def add_along_axis(g: np.ndarray, indices: np.ndarray, *, axis: int, size: Any) -> Any:
    """Each element added to the sum of its index in its row."""
    if g.dtype != np.float32 or indices.dtype not in INDICES or not g.size or axis % g.ndim != g.ndim - 1:
        return NotImplemented
    size, indices = int(size), dense(np.broadcast_to(indices, g.shape)).reshape(-1, g.shape[-1])
    if not size or _outside(indices.reshape(-1), -size, size):
        return NotImplemented
    rows = dense(g).reshape(indices.shape)
    out = np.empty((len(rows), size), g.dtype)
    in_parts(lambda a, b: _sums_of_rows(a, b, rows, indices, out), len(rows), rows.size + out.size)
    return out.reshape(*g.shape[:-1], size)


take_along_axis_adjoint = add_along_axis


def gather_labels(x: np.ndarray, labels: np.ndarray) -> Any:
    """One element of each row, after one pass over the labels."""
    if x.dtype not in FLOATS or labels.dtype not in INDICES or not labels.size or not x.size:
        return NotImplemented
    flat = dense(labels).reshape(-1)
    if _outside(flat, 0, x.shape[-1]):
        return NotImplemented
    out = np.empty(len(flat), x.dtype)
    _labelled(dense(x).reshape(len(flat), -1), flat, out)
    return out.reshape(labels.shape)


def top_places(x: np.ndarray, *, k: int) -> Any:
    """The places of the k largest of each row, inserted in order."""
    if x.dtype not in FLOATS or not x.size or not 0 < k <= min(MOST_PLACES, x.shape[-1]):
        return NotImplemented
    rows = dense(x).reshape(-1, x.shape[-1])
    places = np.empty((len(rows), k), np.int64)
    in_parts(lambda a, b: _largest_of_rows(a, b, rows, places), len(rows), x.size)
    return places.reshape(*x.shape[:-1], k)


# ---- the compiled parts: `start` and `stop` number rows, for `_sums` columns


@compiled
def _outside(indices, low, high):  # type: ignore[no-untyped-def]
    """Whether any index lies outside of low to high - 1."""
    found = False
    for i in range(indices.size):
        found |= (indices[i] < low) | (indices[i] >= high)
    return found


@compiled(distinct=True)
def _copied(start, stop, x, indices, out):  # type: ignore[no-untyped-def]
    for i in range(start, stop):
        row, into = x[indices[i]], out[i]
        for c in range(into.size):
            into[c] = row[c]


@compiled(distinct=True)
def _numbered(indices, wraps, slots, own, places):  # type: ignore[no-untyped-def]
    """Number the indices that occur more than once, in `slots`: gives each part's index, or -1, and the count."""
    found = 0
    for i in range(indices.size):
        place = indices[i]
        if place < 0 and wraps:
            place += slots.size
        own[i] = -1
        if 0 <= place < slots.size:
            own[i] = place
            if slots[place] == NEVER:
                slots[place] = ONCE
            elif slots[place] == ONCE:
                slots[place], places[found] = found, place
                found += 1
    return found


@compiled(distinct=True)
def _sums(start, stop, g, own, slots, places, sums, out):  # type: ignore[no-untyped-def]
    for i in range(len(g)):
        if own[i] >= 0:
            row, number = g[i, start:stop], slots[own[i]]
            if number < 0:
                only = out[own[i], start:stop]
                for c in range(row.size):
                    only[c] = row[c]
            else:
                total = sums[number, start:stop]
                for c in range(row.size):
                    total[c] += row[c]
    for i in range(len(sums)):
        total, rounded = sums[i, start:stop], out[places[i], start:stop]
        for c in range(total.size):
            rounded[c] = total[c]


@compiled(distinct=True)
def _sums_of_rows(start, stop, g, indices, out):  # type: ignore[no-untyped-def]
    size = out.shape[1]
    total = np.empty(size, np.float64)
    for n in range(start, stop):
        total[:] = 0
        for i in range(g.shape[1]):
            place = indices[n, i]
            total[place + size if place < 0 else place] += g[n, i]
        for c in range(size):
            out[n, c] = total[c]


@compiled(distinct=True)
def _labelled(x, labels, out):  # type: ignore[no-untyped-def]
    for n in range(len(out)):
        out[n] = x[n, labels[n]]


@compiled(distinct=True)
def _largest_of_rows(start, stop, x, places):  # type: ignore[no-untyped-def]
    """NaN counts as the largest; of equal elements the first comes first."""
    k = places.shape[1]
    best = np.empty(k, x.dtype)
    for n in range(start, stop):
        row, found = x[n], 0
        for i in range(row.size):
            v = row[i]
            if found == k and (v <= best[k - 1] or best[k - 1] != best[k - 1]):
                continue
            j = found if found < k else k - 1
            while j > 0 and (v > best[j - 1] or (v != v and best[j - 1] == best[j - 1])):
                best[j], places[n, j] = best[j - 1], places[n, j - 1]
                j -= 1
            best[j], places[n, j] = v, i
            found = min(found + 1, k)
