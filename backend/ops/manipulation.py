"""Shapes: reshaping, axes added and removed, arrays joined, repeated, sliced and padded."""

from __future__ import annotations

from typing import Any

from ..arrays.registry import NAMESPACE_OF_TYPE
from ..arrays.typing import Array, Axes, Pairs, Size, Sizes
from ..autodiff.scatter import scatter_slice
from ..config import data_format_of
from ..dispatch.boundary import MISFIT, axes_of, axis_of, concatenated, count_of, product, reshaped, sizes
from ..dispatch.fast_path import fast_reshape
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, arrays, device_of, promoted_arrays
from ..graph.composite import composite
from .sparse import Sparse, sparse_concatenate, to_dense

__all__ = [
    "batch_flatten",
    "concatenate",
    "expand_dims",
    "flatten",
    "repeat",
    "repeat_elements",
    "reshape",
    "reverse",
    "slice",
    "spatial_2d_padding",
    "spatial_3d_padding",
    "squeeze",
    "stack",
    "temporal_padding",
    "tile",
]

Slice = slice  # Python's slice; K.slice shadows the name below
_INT = frozenset([int])


# ---- another shape, the same elements ---------------------------------------------------------------------------


@fast_reshape
@operation
def reshape(x: Array, shape: Sizes) -> Array:
    """x in another shape, its elements in row-major order.

    Shapes and dtypes: `shape` is a sequence of ints, one of which may be -1 (computed), and 0-d integer arrays such
    as K.shape(x)[0], or an integer array; the dtype stays. Sizes that follow from known ones are known: (None, 6) as
    (-1, 2, 3) is (None, 2, 3).
    Errors: TypeError for None and other non-integers in the shape, ValueError when the number of elements differs.

    Source: Keras 2.3.1 backend semantics.
    """
    xp = NAMESPACE_OF_TYPE.get(type(x))
    if xp is not None and type(shape) is tuple and _INT.issuperset(map(type, shape)):
        try:
            return xp.reshape(x, shape)
        except (*MISFIT, ZeroDivisionError):  # a misfit, or no elements beside -1, which JAX divides by
            pass
    xp, x = arrays(x)
    wanted: Any = shape
    target = reshaped("reshape", sizes(x), wanted)
    if not _INT.issuperset(map(type, target)):
        xp = array_namespace()  # symbolic, even if x is not
    return xp.reshape(x, target)


@operation
def flatten(x: Array) -> Array:
    """All elements in one dimension, in row-major order; the dtype stays.

    Source: Keras 2.3.1 backend semantics.
    """
    return reshape(x, (-1,))


@operation
def batch_flatten(x: Array) -> Array:
    """Each element of the batch (axis 0) in one dimension.

    Shapes and dtypes: (batch, product of the others); (n,) becomes (n, 1); the dtype stays.
    Errors: ValueError for an array without dimensions.

    Source: Keras 2.3.1 backend semantics; the static shape as in its Theano backend.
    """
    xp, x = arrays(x)
    if not x.ndim:
        raise ValueError("batch_flatten: x has 0 dimensions, expected at least 1")
    batch, *rest = sizes(x)
    return xp.reshape(x, (batch, product(rest)))


@operation
def expand_dims(x: Array, axis: int = -1) -> Array:
    """x with an axis of size 1 inserted; the dtype stays.

    Errors: ValueError for an axis outside of -ndim - 1 to ndim.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = arrays(x)
    return xp.expand_dims(x, axis=axis_of("expand_dims", axis, x.ndim + 1))


@operation
def squeeze(x: Array, axis: int) -> Array:
    """x without an axis of size 1; the dtype stays.

    Errors: ValueError for an axis out of range or known to be of another size.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = arrays(x)
    axis = axis_of("squeeze", axis, x.ndim)
    if x.shape[axis] not in (1, None):
        raise ValueError(f"squeeze: axis {axis} of shape {tuple(x.shape)} has size {x.shape[axis]}, expected 1")
    return xp.squeeze(x, axis)


# ---- joining and repeating --------------------------------------------------------------------------------------


@operation
def concatenate(tensors: Any, axis: int = -1) -> Any:
    """Arrays joined along an axis.

    Shapes and dtypes: all sizes but those of the axis are equal; dtypes are promoted. A negative axis is taken modulo
    the number of dimensions. Sparse matrices give a sparse one, beside dense ones they become dense.
    Errors: ValueError for shapes that do not fit and an axis out of range, IndexError for an empty list.

    Source: Keras 2.3.1 backend semantics.
    """
    tensors = list(tensors)
    if not tensors:
        raise IndexError("concatenate: the list is empty, expected at least one array")
    if any(isinstance(part, Sparse) for part in tensors):
        if all(isinstance(part, Sparse) for part in tensors):
            return sparse_concatenate(tensors, axis)
        tensors = [to_dense(part) for part in tensors]
    xp, *parts = promoted_arrays(*tensors)
    ndim = parts[0].ndim
    axis = axis % ndim if axis < 0 and ndim else axis_of("concatenate", axis, ndim)
    try:
        return xp.concat(parts, axis=axis)
    except MISFIT:
        concatenated("concatenate", [sizes(part) for part in parts], axis)
        raise


@operation
def stack(x: Any, axis: int = 0) -> Array:
    """Arrays of one shape joined along a new axis.

    Shapes and dtypes: dtypes are promoted; Python numbers in the list are 0-d arrays of the others' dtype.
    Errors: ValueError for shapes that differ and an axis out of range, IndexError for an empty list.

    Source: Keras 2.3.1 backend semantics.
    """
    x = list(x)
    if not x:
        raise IndexError("stack: the list is empty, expected at least one array")
    xp, *parts = promoted_arrays(*x)
    axis = axis_of("stack", axis, parts[0].ndim + 1)
    for part in parts[1:]:
        if len(part.shape) != len(parts[0].shape) or any(
            a != b and None not in (a, b) for a, b in zip(part.shape, parts[0].shape, strict=True)
        ):
            raise ValueError(f"stack: expected one shape, got {tuple(parts[0].shape)} and {tuple(part.shape)}")
    return xp.stack(parts, axis=axis)


@operation
def repeat_elements(x: Array, rep: Size, axis: int) -> Array:
    """Each element `rep` times in a row along an axis.

    Shapes and dtypes: the size of the axis times `rep`; the dtype stays.
    Errors: ValueError for an axis out of range or a negative `rep`; TypeError when `rep` is not an integer.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = arrays(x)
    axis = axis_of("repeat_elements", axis, x.ndim)
    result = xp.repeat(x, count_of("repeat_elements", "rep", rep), axis=axis)
    if hasattr(x, "_keras_shape"):
        result._keras_shape = tuple(result.shape)  # as in Keras's backends; its tests check it
    return result


@operation
def repeat(x: Array, n: Size) -> Array:
    """Each row of a matrix n times.

    Shapes and dtypes: (batch, d) becomes (batch, n, d); the dtype stays.
    Errors: ValueError unless x has two dimensions, or for a negative n; TypeError when n is not an integer.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = arrays(x)
    if x.ndim != 2:
        raise ValueError(f"repeat: x has {x.ndim} dimensions, expected 2")
    return xp.repeat(xp.expand_dims(x, axis=1), count_of("repeat", "n", n), axis=1)


@operation
def tile(x: Array, n: Sizes) -> Array:
    """x repeated as a whole n times along each axis.

    Shapes and dtypes: each size times its entry of n, an int, a sequence or an integer array, which is filled up with
    1 from the left: one int repeats the last axis. The dtype stays.
    Errors: NotImplementedError when n is longer than x has dimensions; ValueError for a negative entry.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = arrays(x)
    counts: Any = n
    if len(counts) > x.ndim:
        raise NotImplementedError(f"tile: n has {len(counts)} entries for {x.ndim} dimensions; expand x first")
    if any(isinstance(count, int) and count < 0 for count in counts):
        raise ValueError(f"tile: n is {counts}; expected numbers of at least 0")
    return xp.tile(x, (1,) * (x.ndim - len(counts)) + counts)


@operation
def reverse(x: Array, axes: Axes) -> Array:
    """x with its elements in reverse order along one or several axes; shape and dtype stay.

    Errors: ValueError for an axis out of range or named twice.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = arrays(x)
    order = axes_of("reverse", axes, x.ndim)
    return xp.flip(x, axis=order) if order else x


# ---- cutting out and padding ------------------------------------------------------------------------------------


@operation
def slice(x: Array, start: Sizes, size: Sizes) -> Array:
    """The block of x that begins at `start` and has the given size.

    Shapes and dtypes: both are sequences of ints and 0-d integer arrays, or integer arrays, with one entry per
    dimension; a size of -1 reaches to the end. The result has that size, known or not; the dtype stays.
    Errors: ValueError for a wrong number of entries, a negative start and a block that reaches beyond x: at once where
    sizes are known, else when the function runs.

    Source: Keras 2.3.1 backend semantics.
    """
    _xp, x = arrays(x)
    starts: Any = start
    counts: Any = size
    if not len(starts) == len(counts) == x.ndim:
        raise ValueError(
            f"slice: start has {len(starts)} entries and size {len(counts)} for {x.ndim} dimensions; "
            "expected one each per dimension"
        )
    counts = tuple(
        n - a if isinstance(k, int) and k == -1 else k for n, a, k in zip(sizes(x), starts, counts, strict=True)
    )
    if all(isinstance(v, int) for v in (*sizes(x), *starts, *counts)):
        return _slice_at(x, starts, counts)
    return dynamic_slice(x, start=starts, size=counts)


def _slice_at(x: Array, start: tuple[int, ...], size: tuple[int, ...]) -> Array:
    for axis, (n, a, k) in enumerate(zip(x.shape, start, size, strict=True)):
        if not (a >= 0 and k >= 0 and a + k <= n):
            raise ValueError(f"slice: on axis {axis}, {k} elements from {a} on do not lie within its size {n}")
    return x[tuple(Slice(a, a + k) for a, k in zip(start, size, strict=True))] if x.ndim else x


@composite(view=True)
def dynamic_slice(x: Array, *, start: Any, size: Any) -> Array:
    """The block of x at `start`, once all sizes are known: a slice that raises instead of being cut short."""
    return _slice_at(x, tuple(start), tuple(size))


@dynamic_slice.shape
def _(x: Array, *, start: Any, size: Any) -> Any:
    return size


@dynamic_slice.vjp
def _(g: Array, out: Array, x: Array, *, start: Any, size: Any) -> Array:
    return scatter_slice(g, tuple(Slice(a, a + k, 1) for a, k in zip(start, size, strict=True)), sizes(x))


@operation
def temporal_padding(x: Array, padding: Pairs = (1, 1)) -> Array:
    """Zeros before and after the middle axis of a 3-D array.

    Shapes and dtypes: (batch, steps, d) becomes (batch, before + steps + after, d); the dtype stays.
    Errors: ValueError unless x has 3 dimensions and padding is two ints of at least 0.

    Source: Keras 2.3.1 backend semantics.
    """
    return _padded("temporal_padding", x, padding, [padding], 3, 1)


@operation
def spatial_2d_padding(x: Array, padding: Pairs = ((1, 1), (1, 1)), data_format: str | None = None) -> Array:
    """Zeros around the two spatial axes of a 4-D array.

    Shapes and dtypes: padding is ((top, bottom), (left, right)); the axes are 1 and 2, or 2 and 3 with
    'channels_first'; unknown sizes stay unknown; the dtype stays.
    Errors: ValueError for another data_format, unless x has 4 dimensions, and unless padding is two pairs of ints of
    at least 0.

    Source: Keras 2.3.1 backend semantics.
    """
    return _padded("spatial_2d_padding", x, padding, padding, 4, _first_spatial("spatial_2d_padding", data_format))


@operation
def spatial_3d_padding(x: Array, padding: Pairs = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None) -> Array:
    """Zeros around the three spatial axes of a 5-D array; all else as in `spatial_2d_padding`, with three pairs.

    Source: Keras 2.3.1 backend semantics.
    """
    return _padded("spatial_3d_padding", x, padding, padding, 5, _first_spatial("spatial_3d_padding", data_format))


def _first_spatial(name: str, data_format: str | None) -> int:
    """The first spatial axis."""
    return 2 if data_format_of(name, data_format) == "channels_first" else 1


def _padded(name: str, x: Array, given: Any, pairs: Any, ndim: int, first: int) -> Array:
    """x with zeros before and after each axis from `first` on, one pair of counts for each."""
    xp, x = arrays(x)
    count = 1 if ndim == 3 else ndim - 2
    if (
        not isinstance(pairs, (tuple, list))
        or len(pairs) != count
        or not all(
            isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(n, int) and n >= 0 for n in pair)
            for pair in pairs
        )
    ):
        raise ValueError(
            f"{name}: padding is {given!r}; expected "
            + ("two ints of at least 0" if ndim == 3 else f"{count} pairs of ints of at least 0")
        )
    if x.ndim != ndim:
        raise ValueError(f"{name}: x has {x.ndim} dimensions, expected {ndim}")
    for axis, widths in enumerate(pairs, first):
        shape = sizes(x)
        before, after = (
            [xp.zeros((*shape[:axis], n, *shape[axis + 1 :]), dtype=x.dtype, device=device_of(x))] if n else []
            for n in widths
        )
        if before or after:
            x = xp.concat([*before, x, *after], axis=axis)
    return x
