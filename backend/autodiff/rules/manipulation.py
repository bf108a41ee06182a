"""Gradient rules of the functions that move, repeat, join, cast and select elements."""

import math

from ...dispatch.boundary import sizes
from ...dispatch.promotion import array_namespace, device_of, dtype_name
from ..cotangents import Rule, axes_of, cast, expanded, sliced, unbroadcast
from ..scatter import Scatter, take_adjoint, take_along_axis_adjoint

__all__ = ["MANIPULATION"]


def _astype(g, out, x, dtype, *, copy=True, device=None):
    if not dtype_name(out.dtype).startswith(("float", "complex", "bfloat")):
        return None
    if device is not None:
        g = array_namespace(g).astype(g, g.dtype, device=device_of(x))
    return cast(g, x)


def _concat(g, out, arrays, *, axis=0):
    xp = array_namespace(g)
    if axis is not None:
        axis %= g.ndim
    parts, start = [], 0
    for x in arrays:
        shape = sizes(x)
        stop = start + (math.prod(shape) if axis is None else shape[axis])
        part = sliced(g, axis or 0, start, stop)
        parts.append(cast(xp.reshape(part, shape) if axis is None else part, x))
        start = stop
    return parts


def _stack(g, out, arrays, *, axis=0):
    before = (slice(None),) * (axis % g.ndim)
    after = (slice(None),) * (g.ndim - 1 - axis % g.ndim)
    return [cast(g[(*before, i, *after)], x) for i, x in enumerate(arrays)]


def _negated(shift):
    return tuple(-s for s in shift) if isinstance(shift, (tuple, list)) else -shift


def _permute_dims(g, out, x, axes):
    axes = axes_of(tuple(axes), x.ndim)
    return array_namespace(g).permute_dims(g, tuple(axes.index(a) for a in range(x.ndim)))


def _repeat(g, out, x, repeats, *, axis=None):
    xp = array_namespace(g)
    shape, axis = ((math.prod(sizes(x)),), 0) if axis is None else (sizes(x), axis % x.ndim)
    if not hasattr(repeats, "dtype"):
        g = xp.sum(xp.reshape(g, (*shape[: axis + 1], repeats, *shape[axis + 1 :])), axis=axis + 1)
    else:
        source = xp.repeat(xp.arange(shape[axis], device=device_of(g)), repeats)
        g = take_adjoint(g, source, axis=axis, size=shape[axis])
    return xp.reshape(g, sizes(x)) if len(shape) != x.ndim else g


def _squeeze(g, out, x, axis):
    return expanded(g, axes_of(axis, x.ndim))


def _tile(g, out, x, repetitions):
    repetitions = tuple(repetitions)
    rank = max(x.ndim, len(repetitions))
    repetitions = (1,) * (rank - len(repetitions)) + repetitions
    split: list = []
    copies = []
    for r, n in zip(repetitions, (1,) * (rank - x.ndim) + sizes(x), strict=True):
        if not (isinstance(r, int) and r == 1):
            copies.append(len(split))
            split.append(r)
        split.append(n)
    xp = array_namespace(g)
    if copies:
        g = xp.sum(xp.reshape(g, tuple(split)), axis=tuple(copies))
    return xp.squeeze(g, tuple(range(rank - x.ndim))) if rank > x.ndim else g


def _take(g, out, x, indices, *, axis=None):
    axis = 0 if axis is None else axis % x.ndim
    if indices.ndim != 1:
        xp, shape = array_namespace(g), sizes(g)
        count = math.prod(shape[axis : axis + indices.ndim])
        g = xp.reshape(g, (*shape[:axis], count, *shape[axis + indices.ndim :]))
        indices = array_namespace(indices).reshape(indices, (-1,))
    return take_adjoint(g, indices, axis=axis, size=sizes(x)[axis])


def _take_along_axis(g, out, x, indices, *, axis=-1):
    axis %= x.ndim
    return unbroadcast(take_along_axis_adjoint(g, indices, axis=axis, size=sizes(x)[axis]), x)


MANIPULATION: dict[str, tuple[Rule | None, ...]] = {
    "astype": (_astype,),
    "broadcast_to": (lambda g, out, x, shape: unbroadcast(g, x),),
    "concat": (_concat,),
    "expand_dims": (lambda g, out, x, axis=0: array_namespace(g).squeeze(g, axis),),
    "flip": (lambda g, out, x, *, axis=None: array_namespace(g).flip(g, axis=axis),),
    "getitem": (lambda g, out, x, key: Scatter(g, key, sizes(x)),),
    "identity": (lambda g, out, x: g,),
    "permute_dims": (_permute_dims,),
    "repeat": (_repeat, None),
    "reshape": (lambda g, out, x, shape, *, copy=None: array_namespace(g).reshape(g, sizes(x)),),
    "roll": (lambda g, out, x, shift, *, axis=None: array_namespace(g).roll(g, _negated(shift), axis=axis),),
    "squeeze": (_squeeze,),
    "stack": (_stack,),
    "take": (_take, None),
    "take_along_axis": (_take_along_axis, None),
    "tile": (_tile,),
    "tril": (lambda g, out, x, *, k=0: array_namespace(g).tril(g, k=k),),
    "triu": (lambda g, out, x, *, k=0: array_namespace(g).triu(g, k=k),),
}
