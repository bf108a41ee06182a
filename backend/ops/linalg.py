"""Products of matrices, the order of axes, and rows chosen by index."""

from __future__ import annotations

from typing import Any

from ..arrays.typing import Array, ArrayLike, Axes, Axis, Size
from ..autodiff.scatter import take_adjoint
from ..config import floatx
from ..dispatch.boundary import MISFIT, axes_of, count_of, ndim_of, product, sizes
from ..dispatch.fast_path import fast_product
from ..dispatch.operation import operation
from ..dispatch.promotion import (
    array_namespace,
    arrays,
    can_ask,
    device_of,
    dtype_name,
    is_integer,
    native_dtype,
    promoted_numbers,
    refuse,
)
from ..graph.composite import composite
from .reductions import kept
from .sparse import Sparse, sparse_dot

__all__ = ["batch_dot", "dot", "gather", "one_hot", "permute_dimensions", "transpose"]


# ---- products ---------------------------------------------------------------------------------------------------


@fast_product
@operation
def dot(x: Array, y: Array) -> Array:
    """Multiply matrices: the last axis of x with the second-to-last of y.

    Parameters
    ----------
    x : array
        Shape (..., k); booleans become int32.
    y : array
        Shape (..., k, m) or (k,); booleans become int32.

    Returns
    -------
    array
        Shape ``x.shape[:-1] + y.shape[:-2] + (m,)``, without m if y has one
        dimension. The dtypes are promoted.

    Raises
    ------
    ValueError
        If the contracted sizes differ, or an array has no dimensions.

    Notes
    -----
    A contracted axis of size 0 gives zeros. Integers may wrap around. A sparse
    x and a dense matrix give a dense one.

    References
    ----------
    Keras 2.3.1, ``keras.backend.dot``; 1-D as in its Theano backend.

    Examples
    --------
    >>> x = np.asarray([[1.0, 2.0], [3.0, 4.0]])
    >>> K.dot(x, x)
    array([[ 7., 10.],
           [15., 22.]])
    >>> K.dot(np.ones((2, 3, 4)), np.ones((5, 4, 6))).shape
    (2, 3, 5, 6)
    """
    if isinstance(x, Sparse):
        return sparse_dot(x, y)
    xp, x, y = promoted_numbers(x, y)
    try:
        if x.ndim < 3 and y.ndim < 3:
            return x @ y
        axis = y.ndim - 2 if y.ndim > 1 else 0
        return xp.tensordot(x, y, axes=((x.ndim - 1,), (axis,)))
    except (*MISFIT, AttributeError):
        for argument, z in (("x", x), ("y", y)):
            if not ndim_of(z):
                raise ValueError(f"dot: {argument} has 0 dimensions, expected at least 1") from None
        _matching("dot", x, y, x.ndim - 1, y.ndim - 2 if y.ndim > 1 else 0)
        raise


def _matching(name: str, x: Array, y: Array, a: int, b: int) -> None:
    """ValueError when axis a of x and axis b of y are known to differ in size."""
    if None not in (x.shape[a], y.shape[b]) and x.shape[a] != y.shape[b]:
        raise ValueError(f"{name}: shapes {tuple(x.shape)} and {tuple(y.shape)} do not match: axis {a} against {b}")


@operation
def batch_dot(x: Array, y: Array, axes: Axis = None) -> Array:
    """Multiply over one axis of x and one of y, for each element of the batch.

    Parameters
    ----------
    x : array
        Shape (batch, ...), two dimensions or more; booleans become int32.
    y : array
        Shape (batch, ...), two dimensions or more; booleans become int32.
    axes : int, pair of ints or None
        The axis of x and that of y; one int for both. None takes the last of x,
        and of y the last if it has two dimensions, else the second-to-last.

    Returns
    -------
    array
        Shape (batch, other axes of x, other axes of y), and (batch, 1) where
        there are none. The dtypes are promoted.

    Raises
    ------
    ValueError
        For fewer than two dimensions, for axis 0 or one out of range, and if
        the batch sizes (1 and another, too) or the contracted sizes differ.
    TypeError
        If the axes are not ints.

    Notes
    -----
    Integers may wrap around.

    References
    ----------
    Keras 2.3.1, ``keras.backend.batch_dot``.

    Examples
    --------
    >>> x = np.asarray([[1.0, 2.0], [3.0, 4.0]])
    >>> K.batch_dot(x, x, axes=1)
    array([[ 5.],
           [25.]])
    >>> K.batch_dot(np.ones((2, 3, 4)), np.ones((2, 5, 4)), axes=(2, 2)).shape
    (2, 3, 5)
    """
    xp, x, y = promoted_numbers(x, y)
    for argument, z in (("x", x), ("y", y)):
        if ndim_of(z) < 2:
            raise ValueError(f"batch_dot: {argument} has {ndim_of(z)} dimensions, expected at least 2")
    a, b = _contracted(axes, x.ndim, y.ndim)
    _matching("batch_dot", x, y, 0, 0)
    _matching("batch_dot", x, y, a, b)
    if x.ndim == y.ndim == 2:
        return xp.sum(x * y, axis=1, keepdims=True, **kept(x))
    left = [i for i in range(1, x.ndim) if i != a]
    right = [i for i in range(1, y.ndim) if i != b]
    batch = next((n for n in (sizes(x)[0], sizes(y)[0]) if isinstance(n, int)), sizes(x)[0])
    depth = next((n for n in (sizes(x)[a], sizes(y)[b]) if isinstance(n, int)), sizes(x)[a])
    rows, columns = [sizes(x)[i] for i in left], [sizes(y)[i] for i in right]
    x = _reordered(xp, x, (0, *left, a))
    y = _reordered(xp, y, (0, b, *right))
    if len(left) != 1:
        x = xp.reshape(x, (batch, product(rows), depth))
    if len(right) != 1:
        y = xp.reshape(y, (batch, depth, product(columns)))
    result = xp.matmul(x, y)
    return result if len(left) == len(right) == 1 else xp.reshape(result, (batch, *rows, *columns))


def _reordered(xp: Any, x: Array, order: tuple[int, ...]) -> Array:
    return x if order == tuple(range(x.ndim)) else xp.permute_dims(x, order)


def _contracted(axes: Any, first: int, second: int) -> tuple[int, int]:
    """The contracted axis of each operand, counted from the front."""
    if axes is None:
        axes = (first - 1, second - 1 if second == 2 else second - 2)
    pair = (axes, axes) if isinstance(axes, int) else axes
    if len(pair) != 2:
        raise ValueError(f"batch_dot: axes is {axes!r}; expected an int or two of them")
    a, b = axes_of("batch_dot", pair[0], first)[0], axes_of("batch_dot", pair[1], second)[0]
    if a == 0 or b == 0:
        raise ValueError(f"batch_dot: axes is {axes!r}; axis 0 is the batch and cannot be contracted")
    return a, b


# ---- the order of axes ------------------------------------------------------------------------------------------


@operation
def transpose(x: Array) -> Array:
    """Reverse the order of the axes.

    Parameters
    ----------
    x : array

    Returns
    -------
    array
        The dtype of x.

    References
    ----------
    Keras 2.3.1, ``keras.backend.transpose``.

    Examples
    --------
    >>> K.transpose(np.asarray([[1, 2, 3], [4, 5, 6]]))
    array([[1, 4],
           [2, 5],
           [3, 6]])
    """
    xp, x = arrays(x)
    return x if x.ndim < 2 else xp.permute_dims(x, tuple(range(x.ndim - 1, -1, -1)))


@operation
def permute_dimensions(x: Array, pattern: Axes) -> Array:
    """Bring the axes into another order.

    Parameters
    ----------
    x : array
    pattern : sequence of ints
        Which axis of x each axis of the result is; negative ones count from the
        end.

    Returns
    -------
    array
        The dtype of x.

    Raises
    ------
    ValueError
        If the pattern does not name each axis once.

    References
    ----------
    Keras 2.3.1, ``keras.backend.permute_dimensions``.

    Examples
    --------
    >>> K.permute_dimensions(np.ones((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    xp, x = arrays(x)
    order = axes_of("permute_dimensions", pattern, x.ndim)
    if len(order) != x.ndim:
        raise ValueError(f"permute_dimensions: pattern is {pattern} for {x.ndim} axes; expected each of them once")
    return xp.permute_dims(x, order)


# ---- rows by index ----------------------------------------------------------------------------------------------


@operation
def gather(reference: Array, indices: ArrayLike) -> Array:
    """Take the parts of an array along axis 0 at the given indices.

    Parameters
    ----------
    reference : array
        At least one dimension.
    indices : array of integers
        Any shape, from 0 to ``len(reference) - 1``; negative ones are out of
        range.

    Returns
    -------
    array
        Shape ``indices.shape + reference.shape[1:]``; the dtype of the
        reference.

    Raises
    ------
    TypeError
        If the indices are not integers.
    ValueError
        If the reference has no dimensions.
    IndexError
        If an index is out of range (inside ``jax.jit`` and ``torch.compile``,
        where values are not concrete, whatever the library does).

    Notes
    -----
    The gradient is dense; the gradients of parts taken several times
    accumulate.

    References
    ----------
    Keras 2.3.1, ``keras.backend.gather``.

    Examples
    --------
    >>> words = np.asarray([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
    >>> K.gather(words, np.asarray([2, 0]))
    array([[0.5, 0.6],
           [0.1, 0.2]])
    """
    _, reference, indices = arrays(reference, indices)
    if not is_integer(dtype_name(indices.dtype)):
        raise TypeError(f"gather: indices have dtype {dtype_name(indices.dtype)}, expected an integer dtype")
    if not reference.ndim:
        raise ValueError("gather: the reference has 0 dimensions, expected at least 1")
    return gather_rows(reference, indices)


@composite
def gather_rows(x: Array, indices: Array) -> Array:
    """x[indices] along axis 0, after a check of the indices where they are concrete."""
    xp = array_namespace(x)
    count = x.shape[0]
    if can_ask(indices) and 0 not in indices.shape:
        text = f"gather: an index is out of range for {count} rows (expected 0 to {count - 1})"
        refuse(xp.any((indices < 0) | (indices >= count)), lambda: IndexError(text))
    if dtype_name(indices.dtype) not in ("int32", "int64"):
        indices = xp.astype(indices, xp.int32)  # torch accepts no other
    if indices.ndim == 1:
        return xp.take(x, indices, axis=0)
    rows = xp.take(x, xp.reshape(indices, (-1,)), axis=0)
    return xp.reshape(rows, tuple(indices.shape) + tuple(x.shape[1:]))


@gather_rows.shape
def _(x: Array, indices: Array) -> tuple[Any, ...]:
    return sizes(indices) + sizes(x)[1:]


@gather_rows.vjp
def _(g: Array, out: Array, x: Array, indices: Array) -> tuple[Array, None]:
    return scatter_add_rows(g, indices, count=sizes(x)[0]), None


@composite
def scatter_add_rows(g: Array, indices: Array, *, count: int) -> Array:
    """Zeros with `count` rows, to which the rows of g are added where the indices say: the adjoint of `gather_rows`."""
    xp = array_namespace(g)
    if indices.ndim != 1:
        rest = tuple(g.shape[indices.ndim :])
        indices = xp.reshape(indices, (-1,))
        g = xp.reshape(g, (indices.shape[0], *rest))
    return take_adjoint(g, indices, axis=0, size=count)


@scatter_add_rows.shape
def _(g: Array, indices: Array, *, count: Any) -> tuple[Any, ...]:
    return (count, *sizes(g)[indices.ndim :])


@scatter_add_rows.vjp
def _(h: Array, out: Array, g: Array, indices: Array, *, count: Any) -> tuple[Array, None]:
    return gather_rows(h, indices), None


@operation
def one_hot(indices: Array, num_classes: Size) -> Array:
    """Make vectors with a 1 at the position of each index and 0 elsewhere.

    Parameters
    ----------
    indices : array of integers
    num_classes : int or 0-d integer array

    Returns
    -------
    array
        Shape ``indices.shape + (num_classes,)``, of floatx.

    Raises
    ------
    TypeError
        If the indices are not integers.
    ValueError
        If the number of classes is negative.

    Notes
    -----
    An index out of range, negative ones included, gives zeros alone. There is
    no gradient.

    References
    ----------
    Keras 2.3.1, ``keras.backend.one_hot``.

    Examples
    --------
    >>> K.one_hot(np.asarray([1, -1]), 3)
    array([[0., 1., 0.],
           [0., 0., 0.]], dtype=float32)
    """
    xp, indices = arrays(indices)
    name = dtype_name(indices.dtype)
    if not is_integer(name):
        raise TypeError(f"one_hot: indices have dtype {name}, expected an integer dtype")
    if name != "int64":
        indices = xp.astype(indices, xp.int32)
    places = xp.arange(count_of("one_hot", "num_classes", num_classes), dtype=indices.dtype, device=device_of(indices))
    return xp.astype(xp.expand_dims(indices, axis=-1) == places, native_dtype(xp, floatx()))
