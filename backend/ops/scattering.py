"""Values put at indices and into blocks: scatter and its updates, the counterparts of gather and slice."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator
from typing import Any

from ..arrays.arguments import shown
from ..arrays.typing import Array, ArrayLike, Sizes
from ..dispatch.boundary import product, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import (
    array_namespace,
    arrays,
    can_ask,
    device_of,
    dtype_name,
    is_array,
    is_integer,
    native_dtype,
    numeric,
    real,
    refuse,
)
from ..graph.composite import composite, spec
from .segments import segment_extreme, segment_product
from .selection import as_index, segment_sum_

__all__ = ["scatter", "scatter_add", "scatter_update", "slice_update"]

REDUCTIONS = ("set", "add", "mul", "max", "min")


@operation
def scatter(indices: ArrayLike, values: ArrayLike, shape: Sizes) -> Array:
    """Put values at indices into zeros; values with equal indices add up.

    Parameters
    ----------
    indices : array of integers, shape (..., k)
        Along the last axis, places on the first k axes of the result; negative ones count from the end.
    values : array
        Of the shape of the indices without their last axis, followed by the sizes of the result's other axes. The
        dtype stays, booleans become int32.
    shape : sequence of ints
        The shape of the result.

    Returns
    -------
    array

    Raises
    ------
    TypeError
        For indices that are not integers.
    ValueError
        For indices without an axis, or with more places than the result has axes, and for values of another shape.
    IndexError
        For an index out of range. Inside jax.jit and torch.compile, where values are not concrete, the value is left
        out.

    Notes
    -----
    Floats are added up pairwise. The gradient of a value is that of its place.

    References
    ----------
    Keras 3, ``keras.ops.scatter``.

    Examples
    --------
    >>> K.scatter(np.asarray([[0], [2], [0]]), np.asarray([1.0, 2.0, 3.0]), (4,))
    array([4., 0., 2., 0.])
    """
    return _scattered(
        "scatter", indices, values, tuple(shape) if isinstance(shape, (tuple, list)) else (shape,), "values"
    )


@operation
def scatter_add(x: ArrayLike, indices: ArrayLike, updates: ArrayLike) -> Array:
    """Add values to an array at indices; values with equal indices all count.

    Parameters
    ----------
    x : array
        The dtype stays, booleans become int32; it is not changed.
    indices : array of integers, shape (..., k)
        Along the last axis, places on the first k axes of x; negative ones count from the end.
    updates : array
        Of the shape of the indices without their last axis, followed by the sizes of x's other axes; it takes the
        dtype of x.

    Returns
    -------
    array
        Shape and dtype of x.

    Raises
    ------
    TypeError
        For indices that are not integers.
    ValueError
        For indices without an axis, or with more places than x has axes, and for updates of another shape.
    IndexError
        For an index out of range. Inside jax.jit and torch.compile, where values are not concrete, the update is left
        out.

    Notes
    -----
    Floats are added up pairwise. The gradient leads to x, and to each update from its place.

    References
    ----------
    JAX's ``x.at[indices].add(updates)``; indices as in Keras 3, ``keras.ops.scatter_update``.

    Examples
    --------
    >>> K.scatter_add(np.asarray([1.0, 1.0, 1.0]), np.asarray([[0], [2], [0]]), np.asarray([1.0, 2.0, 3.0]))
    array([5., 1., 3.])
    """
    return _updated("scatter_add", x, indices, updates, "add")


@operation
def scatter_update(x: Array, indices: ArrayLike, updates: ArrayLike, reduction: str = "set") -> Array:
    """Replace elements of an array at indices, or combine them with updates.

    Parameters
    ----------
    x : array
        The dtype stays, but that booleans become int32 unless they are replaced; it is not changed.
    indices : array of integers, shape (..., k)
        Along the last axis, places on the first k axes of x; negative ones count from the end.
    updates : array
        Of the shape of the indices without their last axis, followed by the sizes of x's other axes; it takes the
        dtype of x.
    reduction : {'set', 'add', 'mul', 'max', 'min'}
        'set' replaces; the others combine an element with all updates of its place.

    Returns
    -------
    array
        Shape and dtype of x.

    Raises
    ------
    TypeError
        For indices that are not integers, and for complex numbers under 'max' and 'min'.
    ValueError
        For another reduction, indices without an axis, or with more places than x has axes, and for updates of another
        shape.
    IndexError
        For an index out of range. Inside jax.jit and torch.compile, where values are not concrete, the update is left
        out.

    Notes
    -----
    Of equal indices, 'set' keeps the last update. A NaN wins under 'max' and 'min', as in `maximum`. The gradient leads
    to the elements and updates that the result holds; an element comes before updates of the same size, and these share
    it.

    References
    ----------
    Keras 3, ``keras.ops.scatter_update``.

    Examples
    --------
    >>> x, indices = np.asarray([1.0, 1.0, 1.0]), np.asarray([[0], [2], [0]])
    >>> K.scatter_update(x, indices, np.asarray([3.0, 0.0, 2.0]))
    array([2., 1., 0.])
    >>> K.scatter_update(x, indices, np.asarray([3.0, 0.0, 2.0]), "max")
    array([3., 1., 1.])
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f"scatter_update: reduction is {reduction!r}, expected one of {', '.join(REDUCTIONS)}")
    return _updated("scatter_update", x, indices, updates, reduction)


@operation
def slice_update(x: Array, start: ArrayLike, updates: ArrayLike) -> Array:
    """Replace the block of an array that begins at `start`.

    Parameters
    ----------
    x : array
        It is not changed.
    start : sequence of ints and 0-d integer arrays, or integer array
        One entry per dimension, at least 0.
    updates : array
        The new block, of as many dimensions as x; it takes the dtype of x.

    Returns
    -------
    array
        Shape and dtype of x.

    Raises
    ------
    TypeError
        For a start that is not an integer.
    ValueError
        For a wrong number of entries or dimensions, and for a block that does not lie within x: at once where sizes and
        starts are known, else when the function runs. Inside jax.jit and torch.compile, where values are not concrete,
        the block is moved inside.

    Notes
    -----
    The gradient of an update is that of its place.

    References
    ----------
    Keras 3, ``keras.ops.slice_update``; ``jax.lax.dynamic_update_slice``. See `slice`.

    Examples
    --------
    >>> K.slice_update(np.asarray([[1, 2, 3], [4, 5, 6]]), (0, 1), np.asarray([[0], [9]]))
    array([[1, 0, 3],
           [4, 9, 6]])
    """
    _, x, block = arrays(x, updates)
    entries = _entries(start, x.ndim)
    if not len(entries) == block.ndim == x.ndim:
        raise ValueError(
            f"slice_update: start has {len(entries)} entries and updates {block.ndim} dimensions for "
            f"{x.ndim} of x; expected as many"
        )
    for axis, (n, a, k) in enumerate(zip(sizes(x), entries, sizes(block), strict=True)):
        if isinstance(n, int) and isinstance(k, int) and (k > n or (isinstance(a, int) and not 0 <= a <= n - k)):
            raise _outside(axis, n, k, a if isinstance(a, int) else "any start")
    fixed = tuple(a if isinstance(a, int) else None for a in entries)
    xp, x, block, *moving = arrays(x, block, *(a for a in entries if not isinstance(a, int)))
    if wrong := [a for a in moving if a.ndim or not is_integer(dtype_name(a.dtype))]:
        raise TypeError(f"slice_update: start holds {shown(wrong[0])}, expected integers")
    if moving:
        axes = tuple(axis for axis, a in enumerate(fixed) if a is None)
        limits = tuple((axis, sizes(x)[axis], sizes(block)[axis]) for axis in axes)
        moving = [block_starts(xp.stack([as_index(a) for a in moving]), limits=limits)]
    return slice_update_(x, _as(x, block), tuple(moving), fixed=fixed)


def _entries(start: Any, ndim: int) -> list[Any]:
    """The entries of a start: ints and arrays."""
    if is_array(start) and start.ndim:
        start = [start[i] for i in range(ndim if start.shape[0] is None else start.shape[0])]
    return list(start) if isinstance(start, (list, tuple)) else [start]


def _as(x: Array, updates: Array) -> Array:
    """The updates in the dtype of x."""
    return updates if updates.dtype == x.dtype else array_namespace(updates).astype(updates, x.dtype)


def _updated(name: str, x: Any, indices: Any, updates: Any, reduction: str) -> Array:
    """x with updates at indices, for the operation that errors name."""
    xp, x, indices, values = arrays(x, indices, updates)
    if reduction != "set":
        x = (real if reduction in ("max", "min") else numeric)(x)[1]
    rows, ids, count = _rows(name, indices, _as(x, values), sizes(x), "updates")
    old = xp.reshape(x, (count, *sizes(rows)[1:]))
    if reduction == "set":
        new = xp.take(xp.concat([old, rows], axis=0), sources(ids, count=count), axis=0)
    elif reduction == "add":
        new = old + segment_sum_(rows, ids, count=count)
    elif reduction == "mul":
        new = old * segment_product(rows, ids, count=count)
    else:
        largest = reduction == "max"
        extreme = segment_extreme(rows, ids, count=count, largest=largest)
        ones = xp.ones(sizes(ids), dtype=xp.float32, device=device_of(ids))
        met = xp.reshape(segment_sum_(ones, ids, count=count) > 0.0, (count, *(1,) * (rows.ndim - 1)))
        new = xp.where(met, (xp.maximum if largest else xp.minimum)(old, extreme), old)
    return xp.reshape(new, sizes(x))


def _scattered(name: str, indices: Any, values: Any, shape: tuple[Any, ...], argument: str) -> Array:
    rows, ids, count = _rows(name, indices, numeric(values)[1], shape, argument)
    total = segment_sum_(rows, ids, count=count)
    return array_namespace(total).reshape(total, tuple(shape))


def _rows(name: str, indices: Any, values: Any, shape: tuple[Any, ...], argument: str) -> tuple[Array, Array, Any]:
    """The values as rows, the place of each among all places of the indexed axes, and the number of places."""
    xp, indices, values = arrays(indices, values)
    if not is_integer(dtype_name(indices.dtype)):
        raise TypeError(f"{name}: indices have dtype {dtype_name(indices.dtype)}, expected an integer dtype")
    depth = indices.shape[-1] if indices.ndim else 0
    if not depth or depth > len(shape):
        raise ValueError(
            f"{name}: indices have shape {tuple(indices.shape)} for {len(shape)} dimensions, expected a last axis of "
            f"1 to {len(shape)}"
        )
    wanted = (*sizes(indices)[:-1], *shape[depth:])
    if values.ndim != len(wanted) or any(
        isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(sizes(values), wanted, strict=True)
    ):
        raise ValueError(
            f"{name}: {argument} has shape {tuple(values.shape)}, expected "
            f"{tuple(n if isinstance(n, int) else None for n in wanted)}"
        )
    rows = xp.reshape(values, (product(wanted[: indices.ndim - 1]), *shape[depth:]))
    return rows, flat_indices(indices, shape=tuple(shape[:depth]), operation=name), product(shape[:depth])


@composite(discrete=True)
def flat_indices(indices: Array, *, shape: Any, operation: str) -> Array:
    """The place of each index in an array of this shape, counted in row-major order, after a check of the indices."""
    xp = array_namespace(indices)
    name = dtype_name(indices.dtype)
    if name not in ("int32", "int64"):
        indices = xp.astype(indices, native_dtype(xp, "int32"))
    flat, outside = None, None
    for axis, n in enumerate(shape):
        place = indices[..., axis]
        place = xp.where(place < 0, place + n, place)
        flat = place if flat is None else flat * n + place
        wrong = (place < 0) | (place >= n)
        outside = wrong if outside is None else outside | wrong
    if can_ask(indices) and 0 not in indices.shape:
        text = f"{operation}: an index is out of range for shape {tuple(shape)}; expected -size to size - 1 each"
        refuse(xp.any(outside), lambda: IndexError(text))
    return xp.reshape(xp.where(outside, -1, flat), (-1,))  # an id below 0 is left out


@flat_indices.shape
def _(indices, *, shape, operation):
    return spec((product(sizes(indices)[:-1]),), "int64" if indices.dtype == "int64" else "int32")


@composite(discrete=True)
def sources(ids: Array, *, count: Any) -> Array:
    """For each place its row among the old ones followed by the new: the last new one put there, else the old one."""
    xp, device = array_namespace(ids), device_of(ids)
    numbers = xp.arange(ids.shape[0], dtype=ids.dtype, device=device)
    last = segment_extreme(numbers, ids, count=count, largest=True)
    return xp.where(last < 0, xp.arange(count, dtype=ids.dtype, device=device), last + count)


@sources.shape
def _(ids, *, count):
    return (count,)


@composite(discrete=True)
def block_starts(starts: Array, *, limits: Any) -> Array:
    """Where a block starts on each axis that `limits` names with its size and the block's, after a check.

    A start without a value to check becomes the nearest possible one.
    """
    xp = array_namespace(starts)
    each = [starts[i] for i in range(len(limits))]
    if can_ask(starts):
        text = ", ".join(f"0 to {n - k} on axis {axis}" for axis, n, k in limits)
        wrong = functools.reduce(
            operator.or_, ((a < 0) | (a + k > n) for a, (_, n, k) in zip(each, limits, strict=True))
        )
        refuse(wrong, lambda: ValueError(f"slice_update: the block does not lie within x; expected a start of {text}"))
        return starts
    return xp.stack([xp.minimum(xp.maximum(a, 0), n - k) for a, (_, n, k) in zip(each, limits, strict=True)])


@block_starts.shape
def _(starts, *, limits):
    return sizes(starts)


@composite(fresh=True)
def slice_update_(x: Array, updates: Array, moving: tuple[Array, ...], *, fixed: tuple[int | None, ...]) -> Array:
    """x with a block replaced: its start on each axis is fixed, or the next one in the array of those that are not."""
    xp, inside = array_namespace(x), None
    if 0 in updates.shape:
        return xp.astype(x, x.dtype, copy=True)
    for axis, (start, n, k) in enumerate(_starts(moving, fixed, sizes(x), sizes(updates))):
        if n == k:
            continue
        place = xp.arange(n, device=device_of(x)) - start
        new = xp.reshape((place >= 0) & (place < k), (n, *(1,) * (x.ndim - 1 - axis)))
        inside = new if inside is None else inside & new
        updates = xp.take(updates, xp.minimum(xp.maximum(place, 0), k - 1), axis=axis)
    return xp.astype(updates, x.dtype, copy=True) if inside is None else xp.where(inside, updates, x)


@slice_update_.shape
def _(x, updates, moving, *, fixed):
    return sizes(x)


@slice_update_.vjp
def _(g, out, x, updates, moving, *, fixed):
    kept = slice_update_(g, array_namespace(g).zeros_like(updates), moving, fixed=fixed)
    return kept, block_at(g, moving, fixed=fixed, size=sizes(updates)), (None,) * len(moving)


@composite(view=True)
def block_at(x: Array, moving: tuple[Array, ...], *, fixed: tuple[int | None, ...], size: Any) -> Array:
    """The block of x that `slice_update_` replaces."""
    xp = array_namespace(x)
    for axis, (start, n, k) in enumerate(_starts(moving, fixed, sizes(x), size)):
        x = x if n == k else xp.take(x, xp.arange(k, device=device_of(x)) + start, axis=axis)
    return x


@block_at.shape
def _(x, moving, *, fixed, size):
    return size


@block_at.vjp
def _(g, out, x, moving, *, fixed, size):
    return slice_update_(array_namespace(g).zeros_like(x), g, moving, fixed=fixed), (None,) * len(moving)


def _starts(moving: Any, fixed: Any, shape: Any, block: Any) -> Iterator[tuple[Any, Any, Any]]:
    """For each axis the start of the block, after a check of one that is fixed, and the sizes of array and block."""
    left = iter([moving[0][i] for i in range(fixed.count(None))] if moving else [])
    for axis, (start, n, k) in enumerate(zip(fixed, shape, block, strict=True)):
        if start is None:
            start = next(left)
        elif start < 0 or start + k > n:
            raise _outside(axis, n, k, start)
        yield start, n, k


def _outside(axis: int, n: Any, k: Any, start: Any = "the given start") -> ValueError:
    return ValueError(f"slice_update: on axis {axis}, {k} elements from {start} on do not lie within its size {n}")
