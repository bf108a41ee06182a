"""Shapes: reshaping, axes added and removed, arrays joined, repeated, sliced and padded."""

from __future__ import annotations

from typing import Any

from ..arrays.registry import NAMESPACE_OF_TYPE
from ..arrays.typing import Array, Axes, Pairs, Size, Sizes
from ..autodiff.scatter import scatter_slice
from ..config import data_format_of
from ..dispatch.boundary import (
    MISFIT,
    axes_of,
    axis_of,
    concatenated,
    count_of,
    namespace_for,
    product,
    reshaped,
    sizes,
)
from ..dispatch.fast_path import fast_reshape
from ..dispatch.operation import operation
from ..dispatch.promotion import arrays, device_of, promoted_arrays
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
    """Give x another shape, its elements in row-major order.

    Parameters
    ----------
    x : array
    shape : sequence of ints and 0-d integer arrays, or integer array
        One entry may be -1, which is computed. Entries such as
        ``K.shape(x)[0]`` may be known only when the graph runs.

    Returns
    -------
    array
        The dtype of x. Sizes that follow from known ones are known: (None, 6)
        as (-1, 2, 3) is (None, 2, 3).

    Raises
    ------
    TypeError
        If an entry is None or another non-integer.
    ValueError
        If the number of elements differs.

    References
    ----------
    Keras 2.3.1, ``keras.backend.reshape``.

    Examples
    --------
    >>> K.reshape(np.asarray([1, 2, 3, 4, 5, 6]), (2, -1))
    array([[1, 2, 3],
           [4, 5, 6]])
    >>> K.reshape(K.placeholder((None, 6)), (-1, 2, 3)).shape
    (None, 2, 3)
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
    return namespace_for(xp, target).reshape(x, target)


@operation
def flatten(x: Array) -> Array:
    """Put all elements in one dimension, in row-major order.

    Parameters
    ----------
    x : array

    Returns
    -------
    array
        Shape (number of elements,); the dtype of x.

    References
    ----------
    Keras 2.3.1, ``keras.backend.flatten``.

    Examples
    --------
    >>> K.flatten(np.asarray([[1, 2], [3, 4]]))
    array([1, 2, 3, 4])
    """
    return reshape(x, (-1,))


@operation
def batch_flatten(x: Array) -> Array:
    """Put each element of the batch (axis 0) in one dimension.

    Parameters
    ----------
    x : array
        At least one dimension.

    Returns
    -------
    array
        Shape (batch, product of the other sizes); (n,) becomes (n, 1). The
        dtype of x.

    Raises
    ------
    ValueError
        If x has no dimensions.

    References
    ----------
    Keras 2.3.1, ``keras.backend.batch_flatten``; the static shape as in its
    Theano backend.

    Examples
    --------
    >>> K.batch_flatten(np.ones((2, 3, 4))).shape
    (2, 12)
    """
    xp, x = arrays(x)
    if not x.ndim:
        raise ValueError("batch_flatten: x has 0 dimensions, expected at least 1")
    batch, *rest = sizes(x)
    return xp.reshape(x, (batch, product(rest)))


@operation
def expand_dims(x: Array, axis: int = -1) -> Array:
    """Insert an axis of size 1.

    Parameters
    ----------
    x : array
    axis : int
        Where the new axis lies in the result.

    Returns
    -------
    array
        The dtype of x.

    Raises
    ------
    ValueError
        If the axis is outside of ``-ndim - 1`` to ``ndim``.

    References
    ----------
    Keras 2.3.1, ``keras.backend.expand_dims``.

    Examples
    --------
    >>> K.expand_dims(np.asarray([1, 2, 3]), axis=0)
    array([[1, 2, 3]])
    """
    xp, x = arrays(x)
    return xp.expand_dims(x, axis=axis_of("expand_dims", axis, x.ndim + 1))


@operation
def squeeze(x: Array, axis: int) -> Array:
    """Remove an axis of size 1.

    Parameters
    ----------
    x : array
    axis : int

    Returns
    -------
    array
        The dtype of x.

    Raises
    ------
    ValueError
        If the axis is out of range, or known to be of another size.

    References
    ----------
    Keras 2.3.1, ``keras.backend.squeeze``.

    Examples
    --------
    >>> K.squeeze(np.asarray([[1], [2], [3]]), 1)
    array([1, 2, 3])
    """
    xp, x = arrays(x)
    axis = axis_of("squeeze", axis, x.ndim)
    if x.shape[axis] not in (1, None):
        raise ValueError(f"squeeze: axis {axis} of shape {tuple(x.shape)} has size {x.shape[axis]}, expected 1")
    return xp.squeeze(x, axis)


# ---- joining and repeating --------------------------------------------------------------------------------------


@operation
def concatenate(tensors: Any, axis: int = -1) -> Any:
    """Join arrays along an axis.

    Parameters
    ----------
    tensors : sequence of arrays
        All sizes but those of the axis are equal.
    axis : int
        A negative one is taken modulo the number of dimensions.

    Returns
    -------
    array
        The dtypes are promoted. Sparse matrices alone give a sparse one; beside
        dense ones they become dense.

    Raises
    ------
    ValueError
        If the shapes do not fit, or the axis is out of range.
    IndexError
        If there are no arrays.

    References
    ----------
    Keras 2.3.1, ``keras.backend.concatenate``.

    Examples
    --------
    >>> K.concatenate([np.asarray([[1], [2]]), np.asarray([[3, 4], [5, 6]])])
    array([[1, 3, 4],
           [2, 5, 6]])
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
    """Join arrays of one shape along a new axis.

    Parameters
    ----------
    x : sequence of arrays and numbers
        A Python number is a 0-d array of the others' dtype.
    axis : int
        Where the new axis lies in the result.

    Returns
    -------
    array
        The dtypes are promoted.

    Raises
    ------
    ValueError
        If the shapes differ, or the axis is out of range.
    IndexError
        If there are no arrays.

    References
    ----------
    Keras 2.3.1, ``keras.backend.stack``.

    Examples
    --------
    >>> K.stack([np.asarray([1, 2]), np.asarray([3, 4])], axis=1)
    array([[1, 3],
           [2, 4]])
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
    """Repeat each element `rep` times in a row along an axis.

    Parameters
    ----------
    x : array
    rep : int or 0-d integer array
    axis : int

    Returns
    -------
    array
        The axis has `rep` times its size; the dtype of x.

    Raises
    ------
    ValueError
        If the axis is out of range, or `rep` is negative.
    TypeError
        If `rep` is not an integer.

    References
    ----------
    Keras 2.3.1, ``keras.backend.repeat_elements``.

    Examples
    --------
    >>> K.repeat_elements(np.asarray([[1, 2], [3, 4]]), 2, axis=1)
    array([[1, 1, 2, 2],
           [3, 3, 4, 4]])
    """
    xp, x = arrays(x)
    axis = axis_of("repeat_elements", axis, x.ndim)
    result = xp.repeat(x, count_of("repeat_elements", "rep", rep), axis=axis)
    if hasattr(x, "_keras_shape"):
        result._keras_shape = tuple(result.shape)  # as in Keras's backends; its tests check it
    return result


@operation
def repeat(x: Array, n: Size) -> Array:
    """Repeat each row of a matrix n times.

    Parameters
    ----------
    x : array
        Shape (batch, d).
    n : int or 0-d integer array

    Returns
    -------
    array
        Shape (batch, n, d); the dtype of x.

    Raises
    ------
    ValueError
        If x has not two dimensions, or n is negative.
    TypeError
        If n is not an integer.

    References
    ----------
    Keras 2.3.1, ``keras.backend.repeat``.

    Examples
    --------
    >>> K.repeat(np.asarray([[1, 2]]), 3)
    array([[[1, 2],
            [1, 2],
            [1, 2]]])
    """
    xp, x = arrays(x)
    if x.ndim != 2:
        raise ValueError(f"repeat: x has {x.ndim} dimensions, expected 2")
    return xp.repeat(xp.expand_dims(x, axis=1), count_of("repeat", "n", n), axis=1)


@operation
def tile(x: Array, n: Sizes) -> Array:
    """Repeat x as a whole, n times along each axis.

    Parameters
    ----------
    x : array
    n : int, sequence of ints or integer array
        Filled up with 1 from the left: one int repeats the last axis.

    Returns
    -------
    array
        Each size times its entry of n; the dtype of x.

    Raises
    ------
    NotImplementedError
        If n is longer than x has dimensions.
    ValueError
        If an entry is negative.

    References
    ----------
    Keras 2.3.1, ``keras.backend.tile``.

    Examples
    --------
    >>> K.tile(np.asarray([[1, 2]]), (2, 2))
    array([[1, 2, 1, 2],
           [1, 2, 1, 2]])
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
    """Reverse the order of the elements along axes.

    Parameters
    ----------
    x : array
    axes : int or sequence of ints

    Returns
    -------
    array
        Shape and dtype of x.

    Raises
    ------
    ValueError
        If an axis is out of range or named twice.

    References
    ----------
    Keras 2.3.1, ``keras.backend.reverse``.

    Examples
    --------
    >>> K.reverse(np.asarray([[1, 2], [3, 4]]), 0)
    array([[3, 4],
           [1, 2]])
    """
    xp, x = arrays(x)
    order = axes_of("reverse", axes, x.ndim)
    return xp.flip(x, axis=order) if order else x


# ---- cutting out and padding ------------------------------------------------------------------------------------


@operation
def slice(x: Array, start: Sizes, size: Sizes) -> Array:
    """Cut out the block of x that begins at `start` and has the given size.

    Parameters
    ----------
    x : array
    start : sequence of ints and 0-d integer arrays, or integer array
        One entry per dimension, at least 0.
    size : sequence of ints and 0-d integer arrays, or integer array
        One entry per dimension; -1 reaches to the end.

    Returns
    -------
    array
        Shape `size`, known or not; the dtype of x.

    Raises
    ------
    ValueError
        For a wrong number of entries, a negative start, and a block that
        reaches beyond x: at once where sizes are known, else when the function
        runs.

    References
    ----------
    Keras 2.3.1, ``keras.backend.slice``.

    Examples
    --------
    >>> x = np.asarray([[1, 2, 3], [4, 5, 6]])
    >>> K.slice(x, (0, 1), (2, -1))
    array([[2, 3],
           [5, 6]])
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
        known = isinstance(n, int) and isinstance(a, int) and isinstance(k, int)  # not in a library's own trace
        if known and not (a >= 0 and k >= 0 and a + k <= n):
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
    """Put zeros before and after the middle axis of a 3-D array.

    Parameters
    ----------
    x : array
        Shape (batch, steps, d).
    padding : pair of ints
        Zeros before and after, at least 0.

    Returns
    -------
    array
        Shape (batch, before + steps + after, d); the dtype of x.

    Raises
    ------
    ValueError
        If x has not 3 dimensions, or `padding` is not two ints of at least 0.

    References
    ----------
    Keras 2.3.1, ``keras.backend.temporal_padding``.

    Examples
    --------
    >>> K.temporal_padding(np.asarray([[[1], [2]]]), (1, 2))[0, :, 0]
    array([0, 1, 2, 0, 0])
    """
    return _padded("temporal_padding", x, padding, [padding], 3, 1)


@operation
def spatial_2d_padding(x: Array, padding: Pairs = ((1, 1), (1, 1)), data_format: str | None = None) -> Array:
    """Put zeros around the two spatial axes of a 4-D array.

    Parameters
    ----------
    x : array
        Shape (batch, rows, columns, channels), or (batch, channels, rows,
        columns) with 'channels_first'.
    padding : pair of pairs of ints
        ((top, bottom), (left, right)), at least 0.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.

    Returns
    -------
    array
        The dtype of x; unknown sizes stay unknown.

    Raises
    ------
    ValueError
        For another `data_format`, if x has not 4 dimensions, or `padding` is
        not two pairs of ints of at least 0.

    References
    ----------
    Keras 2.3.1, ``keras.backend.spatial_2d_padding``.

    Examples
    --------
    >>> x = np.asarray([[[[1], [2]]]])
    >>> K.spatial_2d_padding(x, ((0, 1), (1, 1)))[0, :, :, 0]
    array([[0, 1, 2, 0],
           [0, 0, 0, 0]])
    """
    return _padded("spatial_2d_padding", x, padding, padding, 4, _first_spatial("spatial_2d_padding", data_format))


@operation
def spatial_3d_padding(x: Array, padding: Pairs = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None) -> Array:
    """Put zeros around the three spatial axes of a 5-D array.

    Parameters
    ----------
    x : array
        Shape (batch, depth, rows, columns, channels), or (batch, channels,
        depth, rows, columns) with 'channels_first'.
    padding : triple of pairs of ints
        Zeros before and after each spatial axis, at least 0.
    data_format : {'channels_last', 'channels_first'}, optional
        ``K.image_data_format()`` if not given.

    Returns
    -------
    array
        The dtype of x; unknown sizes stay unknown.

    Raises
    ------
    ValueError
        For another `data_format`, if x has not 5 dimensions, or `padding` is
        not three pairs of ints of at least 0.

    References
    ----------
    Keras 2.3.1, ``keras.backend.spatial_3d_padding``.

    Examples
    --------
    >>> x = np.ones((1, 2, 3, 4, 1))
    >>> K.spatial_3d_padding(x, ((0, 0), (1, 1), (0, 5))).shape
    (1, 2, 5, 9, 1)
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
