"""Elements chosen, ordered, counted and looked up, for `keras.ops.numpy`."""

from __future__ import annotations

import math
from typing import Any

from keras.src.backend.common.backend_utils import vectorize_impl

import backend as K
from backend.dispatch.boundary import moved, sizes
from backend.dispatch.promotion import array_namespace, device_of, is_concrete

from .core import convert_to_tensor, vectorized_map
from .dtype_rules import boolean, cast_to, common, counted, floats, in_common, is_real_float, name_of, quiet
from .value_shapes import different_rows, nonzero_places, occurrences

__all__ = [
    "argpartition",
    "argsort",
    "bincount",
    "digitize",
    "histogram",
    "nonzero",
    "searchsorted",
    "sort",
    "take",
    "take_along_axis",
    "unique",
    "unravel_index",
    "vectorize",
]


# ---- chosen by index --------------------------------------------------------------------------------------------


def _indices(x: Any, indices: Any) -> Any:
    """Indices in the integer dtype that x's library indexes with."""
    indices = convert_to_tensor(indices)
    if is_real_float(indices):
        indices = cast_to(indices, "int32")
    return cast_to(indices, name_of(array_namespace(x).arange(0, device=device_of(x))))


def take(x: Any, indices: Any, axis: Any = None) -> Any:
    x = convert_to_tensor(x)
    xp = array_namespace(x)
    if axis is None:
        x, axis = xp.reshape(x, (-1,)), 0
    indices, axis = _indices(x, indices), axis % x.ndim
    shape = sizes(x)
    indices = xp.where(indices < 0, indices + shape[axis], indices)
    if indices.ndim == 1:
        return xp.take(x, indices, axis=axis)
    found = xp.take(x, xp.reshape(indices, (-1,)), axis=axis)
    return xp.reshape(found, (*shape[:axis], *sizes(indices), *shape[axis + 1 :]))


def take_along_axis(x: Any, indices: Any, axis: Any = None) -> Any:
    x = convert_to_tensor(x)
    indices = _indices(x, indices)
    if axis is None:
        xp = array_namespace(x)
        x, indices, axis = xp.reshape(x, (-1,)), xp.reshape(indices, (-1,)), 0
    return K.take_along_axis(x, indices, axis=axis)


def nonzero(x: Any) -> tuple[Any, ...]:
    return nonzero_places(boolean(x))


def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    indices = convert_to_tensor(indices)
    xp, dtype, total = array_namespace(indices), common(indices), 1
    for n in shape:
        total *= n
    rest = xp.where(indices < 0, indices + total, indices)
    found = []
    for n in reversed(shape):
        found.append(cast_to(rest % n, dtype))
        rest = rest // n
    return tuple(reversed(found))


# ---- order ------------------------------------------------------------------------------------------------------


def sort(x: Any, axis: Any = -1) -> Any:
    x = convert_to_tensor(x)
    xp, dtype = array_namespace(x), name_of(x)
    x, axis = (xp.reshape(x, (-1,)), 0) if axis is None else (x, axis)
    return cast_to(xp.sort(counted(x), axis=axis), dtype)


def argsort(x: Any, axis: Any = -1) -> Any:
    x = counted(x)
    xp = array_namespace(x)
    if not x.ndim:
        return xp.zeros_like(cast_to(x, "int32"))
    x, axis = (xp.reshape(x, (-1,)), 0) if axis is None else (x, axis)
    return cast_to(xp.argsort(x, axis=axis, stable=True), "int32")


def argpartition(x: Any, kth: Any, axis: Any = -1) -> Any:
    """A full sort: the element of rank `kth` stands there, the smaller ones before it, the larger ones after it."""
    x = convert_to_tensor(x)
    count = x.shape[-1 if axis is None else axis] if x.ndim else 1
    if isinstance(kth, int) and axis is not None and not -count <= kth < count:
        raise ValueError(f"argpartition: kth is {kth} for {count} elements, expected {-count} to {count - 1}")
    return argsort(x, axis)


def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    sorted_sequence, values = in_common(sorted_sequence, values)
    if sorted_sequence.ndim != 1:
        raise ValueError(
            "`searchsorted` only supports 1-D sorted sequences. You can use `keras.ops.vectorized_map` to extend it to "
            f"N-D sequences. Received: sorted_sequence.shape={tuple(sorted_sequence.shape)}"
        )
    sorted_sequence, values = counted(sorted_sequence), counted(values)
    xp = array_namespace(sorted_sequence, values)
    flat = xp.reshape(values, (-1,)) if values.ndim != 1 else values
    places = xp.searchsorted(sorted_sequence, flat, side=side)
    return cast_to(places if values.ndim == 1 else xp.reshape(places, values.shape), "int32")


def digitize(x: Any, bins: Any) -> Any:
    bins = convert_to_tensor(bins)
    falling = False
    if is_concrete(bins) and bins.shape[0] > 1:
        falling = bool(bins[0] > bins[-1])
    if not falling:
        return searchsorted(bins, x, side="right")
    places = searchsorted(array_namespace(bins).flip(bins), x, side="left")
    return bins.shape[0] - places


# ---- counting ---------------------------------------------------------------------------------------------------


def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    if sparse:
        raise ValueError("Unsupported value `sparse=True` with array_api backend")
    x = convert_to_tensor(x)
    if weights is not None:
        weights = convert_to_tensor(weights)
        weights = cast_to(weights, common(x, weights))
    if x.ndim not in (1, 2):
        raise ValueError(f"bincount: x has {x.ndim} dimensions, expected 1 or 2")
    return occurrences(cast_to(x, "int32"), weights, least=int(minlength))  # torch does not compute with uint16


@quiet
def histogram(x: Any, bins: Any = 10, range: Any = None) -> tuple[Any, Any]:
    x = convert_to_tensor(x)
    if isinstance(bins, int) and not isinstance(bins, bool):
        counts, edges = K.histogram(floats(x), bins, range)
        return cast_to(counts, "int32"), edges
    x, edges = in_common(x, bins, beside=(float,))
    xp = array_namespace(x)
    flat = xp.sort(xp.reshape(x, (-1,)))
    below, upto = xp.searchsorted(flat, edges[:-1]), xp.searchsorted(flat, edges[-1:], side="right")
    below = xp.concat([below, upto], axis=0)
    return cast_to(below[1:] - below[:-1], "int32"), edges


def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    size: Any = None,
    fill_value: Any = None,
) -> Any:
    x = convert_to_tensor(x)
    xp = array_namespace(x)
    rows = xp.reshape(x, (-1, 1)) if axis is None else moved(x, axis, 0)
    shape = rows.shape[1:]
    flat = xp.reshape(rows, (rows.shape[0], math.prod(shape)))
    found, first, inverse, counts = different_rows(flat, size=size, fill=0 if fill_value is None else fill_value)
    found = xp.reshape(found, (sizes(first)[0], *shape))
    values = xp.reshape(found, (-1,)) if axis is None else moved(found, 0, axis)
    inverse = xp.reshape(inverse, sizes(x)) if axis is None else inverse
    more = ((return_index, first), (return_inverse, inverse), (return_counts, counts))
    results = [values, *(cast_to(v, "int32") for wanted, v in more if wanted)]
    return results[0] if len(results) == 1 else tuple(results)


# ---- functions --------------------------------------------------------------------------------------------------


def vectorize(pyfunc: Any, *, excluded: Any = None, signature: Any = None) -> Any:
    return vectorize_impl(pyfunc, vectorized_map, excluded=excluded, signature=signature)
