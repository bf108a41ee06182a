"""Functions of `keras.ops.numpy` that move, join, part and repeat elements."""

from __future__ import annotations

import itertools
from typing import Any

import backend as K
from backend.dispatch.boundary import sizes
from backend.dispatch.promotion import array_namespace, device_of, is_array

from .core import convert_to_numpy, convert_to_tensor
from .dtype_rules import array_like, cast_to, common, is_number, name_of, plain_axis
from .value_shapes import repeated_places

__all__ = [
    "append",
    "array_split",
    "broadcast_to",
    "concatenate",
    "diag",
    "diagflat",
    "diagonal",
    "dsplit",
    "dstack",
    "expand_dims",
    "flip",
    "fliplr",
    "flipud",
    "hsplit",
    "hstack",
    "moveaxis",
    "ndim",
    "pad",
    "ravel",
    "repeat",
    "reshape",
    "roll",
    "rot90",
    "size",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
    "tile",
    "transpose",
    "vsplit",
    "vstack",
]


# ---- facts ------------------------------------------------------------------------------------------------------


def ndim(x: Any) -> int:
    return convert_to_tensor(x).ndim


def size(x: Any) -> Any:
    count = 1
    for n in sizes(convert_to_tensor(x)):
        count = count * n
    return count


# ---- shapes -----------------------------------------------------------------------------------------------------


def _whole(value: Any) -> Any:
    """A size or a sequence of them, given as numbers or arrays, as Python's integers; a graph's sizes stay."""
    if isinstance(value, (list, tuple)):
        return tuple(_whole(v) for v in value)
    if is_array(value) and not isinstance(value, K.Tensor):
        value = convert_to_numpy(value).tolist()
        return tuple(value) if isinstance(value, list) else value
    return value


def reshape(x: Any, newshape: Any) -> Any:
    x, shape = convert_to_tensor(x), _whole(newshape)
    return array_namespace(x).reshape(x, shape if isinstance(shape, tuple) else (shape,))


def ravel(x: Any) -> Any:
    return reshape(x, (-1,))


def broadcast_to(x: Any, shape: Any) -> Any:
    x, shape = convert_to_tensor(x), _whole(shape)
    return array_namespace(x).broadcast_to(x, shape if isinstance(shape, tuple) else (shape,))


def expand_dims(x: Any, axis: Any) -> Any:
    x = convert_to_tensor(x)
    axes = axis if isinstance(axis, (list, tuple)) else (axis,)
    final = x.ndim + len(axes)
    places = sorted(_axis(a, final) for a in axes)
    if len(set(places)) != len(places):
        raise ValueError(f"expand_dims: axis is {axis}, expected each axis once")
    xp = array_namespace(x)
    for place in places:
        x = xp.expand_dims(x, axis=place)
    return x


def _axis(axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis {axis} is out of bounds for array of dimension {ndim}")
    return axis % ndim


def squeeze(x: Any, axis: Any = None) -> Any:
    x = convert_to_tensor(x)
    axes = tuple(a for a, n in enumerate(x.shape) if n == 1) if axis is None else plain_axis(axis)
    return array_namespace(x).squeeze(x, axis=axes) if axes != () else x


def transpose(x: Any, axes: Any = None) -> Any:
    x = convert_to_tensor(x)
    axes = tuple(reversed(range(x.ndim))) if axes is None else tuple(_axis(a, x.ndim) for a in axes)
    return array_namespace(x).permute_dims(x, axes)


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    x = convert_to_tensor(x)
    order = list(range(x.ndim))
    first, second = _axis(axis1, x.ndim), _axis(axis2, x.ndim)
    order[first], order[second] = second, first
    return array_namespace(x).permute_dims(x, tuple(order))


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    x = convert_to_tensor(x)
    sources, targets = (
        [_axis(a, x.ndim) for a in (axes if isinstance(axes, (list, tuple)) else (axes,))]
        for axes in (source, destination)
    )
    if len(sources) != len(targets) or len(set(sources)) != len(sources) or len(set(targets)) != len(targets):
        raise ValueError(f"moveaxis: source is {source} and destination {destination}, expected as many different axes")
    order = [a for a in range(x.ndim) if a not in sources]
    for target, place in sorted(zip(targets, sources, strict=True)):
        order.insert(target, place)
    return array_namespace(x).permute_dims(x, tuple(order))


# ---- order ------------------------------------------------------------------------------------------------------


def flip(x: Any, axis: Any = None) -> Any:
    x = convert_to_tensor(x)
    return array_namespace(x).flip(x, axis=plain_axis(axis))


def fliplr(x: Any) -> Any:
    return flip(x, 1)


def flipud(x: Any) -> Any:
    return flip(x, 0)


def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    x = convert_to_tensor(x)
    shift, axis = _whole(shift), plain_axis(axis)
    if isinstance(axis, tuple) and not isinstance(shift, tuple):
        shift = (shift,) * len(axis)
    if isinstance(shift, tuple) and isinstance(axis, int):
        axis = (axis,) * len(shift)
    if isinstance(shift, tuple) and axis is None:
        shift = sum(shift)
    return array_namespace(x).roll(x, shift, axis=axis)


def rot90(array: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    array = convert_to_tensor(array)
    if array.ndim < 2:
        raise ValueError(f"Input array must have at least 2 dimensions. Received: array.ndim={array.ndim}")
    if len(axes) != 2 or axes[0] == axes[1]:
        raise ValueError(f"Invalid axes: {axes}. Axes must be a tuple of two different dimensions.")
    first, second = axes
    turns = k % 4
    if turns == 2:
        return flip(array, (first, second))
    if turns == 1:
        return swapaxes(flip(array, second), first, second)
    return flip(swapaxes(array, first, second), second) if turns == 3 else array


# ---- joining ----------------------------------------------------------------------------------------------------


def _together(xs: Any) -> list[Any]:
    """The arrays of a sequence, in their common dtype where they have several."""
    if is_array(xs):
        xs = convert_to_tensor(xs)
        return [xs[i, ...] for i in range(xs.shape[0])]
    arrays = [x if is_number(x) else convert_to_tensor(x) for x in xs]
    kinds = {type(x) if is_number(x) else name_of(x) for x in arrays}
    dtype = common(*arrays) if len(kinds) > 1 else None
    return [convert_to_tensor(x) if dtype is None else convert_to_tensor(x, dtype) for x in arrays]


def concatenate(xs: Any, axis: Any = 0) -> Any:
    arrays = _together(xs)
    return array_namespace(*arrays).concat(arrays, axis=axis)


def stack(x: Any, axis: int = 0) -> Any:
    arrays = _together(x)
    return array_namespace(*arrays).stack(arrays, axis=axis)


def append(x1: Any, x2: Any, axis: Any = None) -> Any:
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    dtype = common(x1, x2)
    arrays = [cast_to(x, dtype) for x in (x1, x2)]
    if axis is None:
        arrays, axis = [ravel(x) for x in arrays], 0
    return array_namespace(*arrays).concat(arrays, axis=axis)


def hstack(xs: Any) -> Any:
    arrays = [reshape(x, (1,)) if not x.ndim else x for x in _together(xs)]
    return concatenate(arrays, 0 if arrays[0].ndim == 1 else 1)


def vstack(xs: Any) -> Any:
    return concatenate([_rows(x) for x in _together(xs)], 0)


def dstack(xs: Any) -> Any:
    return concatenate([x if x.ndim > 2 else _rows(x)[..., None] for x in _together(xs)], 2)


def _rows(x: Any) -> Any:
    """An array of at least two dimensions, a vector as one row."""
    return x if x.ndim > 1 else reshape(x, (1, -1))


# ---- parting ----------------------------------------------------------------------------------------------------


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    x, axis = convert_to_tensor(x), int(axis)
    parts = _whole(indices_or_sections)
    if not isinstance(parts, tuple):
        count = x.shape[axis]
        if parts < 1 or count % parts:
            raise ValueError(f"array split does not result in an equal division: {count} elements in {parts} sections")
        parts = tuple(range(count // parts, count, count // parts)) if count else (0,) * (parts - 1)
    return _cut(x, parts, axis)


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    x, axis = convert_to_tensor(x), int(axis)
    parts = _whole(indices_or_sections)
    if not isinstance(parts, tuple):
        if parts < 1:
            raise ValueError(f"array_split: got {parts} sections, expected at least 1")
        each, longer = divmod(x.shape[axis], parts)
        parts = tuple(each * i + min(i, longer) for i in range(1, parts))
    return _cut(x, parts, axis)


def _cut(x: Any, places: tuple[int, ...], axis: int) -> list[Any]:
    """The pieces of an array between places along an axis."""
    before, count = (slice(None),) * (axis % x.ndim), x.shape[axis]
    ends = [0, *(min(max(p + count if p < 0 else p, 0), count) for p in places), count]
    return [x[(*before, slice(i, max(i, j)), ...)] for i, j in itertools.pairwise(ends)]


def hsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    x = convert_to_tensor(x)
    return split(x, indices_or_sections, 1 if x.ndim > 1 else 0)


def vsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    return split(x, indices_or_sections, 0)


def dsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    return split(x, indices_or_sections, 2)


# ---- repeating and padding --------------------------------------------------------------------------------------


def repeat(x: Any, repeats: Any, axis: Any = None) -> Any:
    x, counts = convert_to_tensor(x), _whole(repeats)
    if axis is None:
        x, axis = ravel(x), 0
    xp = array_namespace(x)
    if isinstance(counts, K.Tensor):
        axis = axis % x.ndim
        counts = xp.broadcast_to(xp.reshape(counts, (-1,)), (sizes(x)[axis],))
        return xp.take(x, repeated_places(counts), axis=axis)
    if not isinstance(counts, tuple):
        return xp.repeat(x, counts, axis=axis)
    if len(counts) == 1:
        return xp.repeat(x, counts[0], axis=axis)
    places = [place for place, count in enumerate(counts) for _ in range(count)]
    index = convert_to_tensor(places, "int32") if places else convert_to_tensor([0], "int32")[:0]
    return xp.take(x, cast_to(index, name_of(xp.arange(0, device=device_of(x)))), axis=axis)


def tile(x: Any, repeats: Any) -> Any:
    x, counts = convert_to_tensor(x), _whole(repeats)
    return array_namespace(x).tile(x, counts if isinstance(counts, tuple) else (counts,))


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    if constant_values is not None and mode != "constant":
        raise ValueError(
            f"Argument `constant_values` can only be provided when `mode == 'constant'`. Received: mode={mode}"
        )
    x = convert_to_tensor(x)
    widths = _widths(_whole(pad_width), x.ndim)
    if mode == "constant":
        return _padded(x, widths, 0 if constant_values is None else constant_values)
    if mode not in ("reflect", "symmetric", "edge"):
        raise NotImplementedError(f"pad: mode is {mode!r}, expected 'constant', 'reflect', 'symmetric' or 'edge'")
    xp = array_namespace(x)
    index = name_of(xp.arange(0, device=device_of(x)))
    for axis, (before, after) in enumerate(widths):
        if before or after:
            places = _sources(mode, x.shape[axis], before, after)
            x = xp.take(x, cast_to(convert_to_tensor(places, "int32"), index), axis=axis)
    return x


def _widths(given: Any, ndim: int) -> list[tuple[int, int]]:
    """Elements before and after each axis, from one number, one pair, or a pair for each axis."""
    if not isinstance(given, tuple):
        return [(given, given)] * ndim
    if len(given) == 1 and not isinstance(given[0], tuple):
        return [(given[0], given[0])] * ndim
    if all(not isinstance(w, tuple) for w in given):
        return [(given[0], given[1])] * ndim
    if len(given) == 1:
        given = given * ndim
    if len(given) != ndim:
        raise ValueError(f"pad: pad_width has {len(given)} entries for {ndim} dimensions")
    return [(w[0], w[-1]) for w in given]


def _padded(x: Any, widths: list[tuple[int, int]], value: Any) -> Any:
    """An array between constants."""
    xp, value = array_namespace(x), cast_to(array_like(x, value), name_of(x))
    for axis, (before, after) in enumerate(widths):
        pieces = [x]
        for count, place in ((before, 0), (after, 1)):
            if count:
                shape = tuple(count if a == axis else n for a, n in enumerate(sizes(x)))
                pieces.insert(place * len(pieces), xp.broadcast_to(value, shape))
        if len(pieces) > 1:
            x = xp.concat(pieces, axis=axis)
    return x


def _sources(mode: str, count: int, before: int, after: int) -> list[int]:
    """Where each element of a padded axis comes from."""
    if not count:
        raise ValueError(f"pad: cannot extend an axis without elements with mode {mode!r}")
    if mode == "edge":
        return [min(max(i, 0), count - 1) for i in range(-before, count + after)]
    if mode == "symmetric":
        period = 2 * count
        places = (i % period for i in range(-before, count + after))
        return [i if i < count else period - 1 - i for i in places]
    period = max(2 * count - 2, 1)
    places = (i % period for i in range(-before, count + after))
    return [i if i < count else period - i for i in places]


# ---- diagonals --------------------------------------------------------------------------------------------------


def diag(x: Any, k: int = 0) -> Any:
    x = convert_to_tensor(x)
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise ValueError(f"diag: x has {x.ndim} dimensions, expected 1 or 2")
    xp, count, shift = array_namespace(x), x.shape[0], abs(k)
    if not count:
        return _padded(reshape(x, (1, 0)), [(0, shift - 1) if shift else (0, 0), (0, shift)], 0)[:shift, :]
    # a row of each element and `count` zeros after it, cut into rows one shorter, is a diagonal
    rows = xp.concat([x[:, None], xp.zeros_like(xp.broadcast_to(x[:, None], (count, count)))], axis=1)
    square = xp.reshape(xp.reshape(rows, (-1,))[: count * count], (count, count))
    return _padded(square, [(0, shift), (shift, 0)] if k >= 0 else [(shift, 0), (0, shift)], 0)


def diagflat(x: Any, k: int = 0) -> Any:
    return diag(ravel(x), k)


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    x = convert_to_tensor(x)
    if x.ndim < 2:
        raise ValueError(f"diagonal: x has {x.ndim} dimensions, expected at least 2")
    first, second = _axis(axis1, x.ndim), _axis(axis2, x.ndim)
    order = [a for a in range(x.ndim) if a not in (first, second)]
    x = array_namespace(x).permute_dims(x, (*order, first, second))
    return K.diagonal(x, offset)
