"""Matrices: products, triangles and diagonals."""

from __future__ import annotations

from typing import Any

from ..arrays.arguments import integer, is_sequence, shown
from ..arrays.typing import Array, ArrayLike
from ..dispatch.boundary import axes_of, axis_of, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import arrays, numeric, promoted_arrays
from .reductions import kept

__all__ = ["diagonal", "kron", "matmul", "outer", "tensordot", "trace", "tril", "triu"]


# ---- products ---------------------------------------------------------------------------------------------------


@operation
def matmul(x: ArrayLike, y: ArrayLike) -> Array:
    """Multiply matrices.

    Parameters
    ----------
    x, y : array
        Matrices along the last two axes, before which the axes broadcast; an array of one dimension is a row on the
        left and a column on the right. Dtypes are promoted, booleans become int32.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        For a number or an array without dimensions, and for sizes that do not fit.

    Notes
    -----
    Integers may wrap around. A contracted axis of size 0 gives zeros. `dot` contracts other axes from three
    dimensions on.

    References
    ----------
    The standard's ``matmul``; Keras 3, ``keras.ops.matmul``.

    Examples
    --------
    >>> K.matmul(np.asarray([[1, 2], [3, 4]]), np.asarray([1, 1]))
    array([3, 7])
    """
    xp, left, right = _numbers(x, y)
    for argument, z in (("x", left), ("y", right)):
        if not z.ndim:
            raise ValueError(f"matmul: {argument} has 0 dimensions, expected at least 1")
    return xp.matmul(left, right)


@operation
def outer(x: ArrayLike, y: ArrayLike) -> Array:
    """Multiply each element of one array by each element of another.

    Parameters
    ----------
    x, y : array
        Any shape; they are flattened. Dtypes are promoted, booleans become int32.

    Returns
    -------
    array
        Two dimensions: the elements of x, and those of y.

    References
    ----------
    NumPy's ``outer``; Keras 3, ``keras.ops.outer``.

    Examples
    --------
    >>> K.outer(np.asarray([1, 2]), np.asarray([3, 4]))
    array([[3, 4],
           [6, 8]])
    """
    xp, left, right = _numbers(x, y)
    return xp.reshape(left, (-1, 1)) * xp.reshape(right, (1, -1))


@operation
def kron(x: ArrayLike, y: ArrayLike) -> Array:
    """Replace each element of one array by its product with another array: the Kronecker product.

    Parameters
    ----------
    x, y : array
        The one with fewer dimensions gets axes of size 1 in front. Dtypes are promoted, booleans become int32.

    Returns
    -------
    array
        Each size is the product of both arrays' sizes.

    References
    ----------
    NumPy's ``kron``; Keras 3, ``keras.ops.kron``.

    Examples
    --------
    >>> K.kron(np.asarray([1, 10]), np.asarray([1, 2, 3]))
    array([ 1,  2,  3, 10, 20, 30])
    """
    xp, left, right = _numbers(x, y)
    ndim = max(left.ndim, right.ndim)
    first, second = ((*(1,) * (ndim - z.ndim), *sizes(z)) for z in (left, right))
    left = xp.reshape(left, tuple(size for n in first for size in (n, 1)))
    right = xp.reshape(right, tuple(size for n in second for size in (1, n)))
    return xp.reshape(left * right, tuple(a * b for a, b in zip(first, second, strict=True)))


@operation
def tensordot(x: Array, y: Array, axes: Any = 2) -> Array:
    """Multiply arrays and sum over pairs of axes.

    Parameters
    ----------
    x, y : array
        Dtypes are promoted, booleans become int32.
    axes : int or pair of ints or sequences of ints
        How many of the last axes of x are summed with as many of the first axes of y, or which axes of x with which
        of y.

    Returns
    -------
    array
        The remaining axes of x, then those of y.

    Raises
    ------
    ValueError
        For axes that are out of range, named twice or of different sizes.

    References
    ----------
    The standard's ``tensordot``; Keras 3, ``keras.ops.tensordot``.

    Examples
    --------
    >>> K.tensordot(np.asarray([[1, 2], [3, 4]]), np.asarray([[1, 2], [3, 4]]), axes=(0, 0))
    array([[10, 14],
           [14, 20]])
    """
    xp, x, y = _numbers(x, y)
    if not is_sequence(axes):
        count = integer("tensordot", "axes", axes)
        if not 0 <= count <= min(x.ndim, y.ndim):
            raise ValueError(f"tensordot: axes is {count}, expected 0 to {min(x.ndim, y.ndim)}, or a pair")
        first, second = tuple(range(x.ndim - count, x.ndim)), tuple(range(count))
    else:
        if len(axes) != 2 or any(each is None for each in axes):
            raise ValueError(f"tensordot: axes is {shown(axes)}, expected an int or a pair of axes")
        first, second = axes_of("tensordot", axes[0], x.ndim), axes_of("tensordot", axes[1], y.ndim)
    if len(first) != len(second) or any(
        None not in (x.shape[a], y.shape[b]) and x.shape[a] != y.shape[b] for a, b in zip(first, second, strict=True)
    ):
        raise ValueError(
            f"tensordot: shapes {tuple(x.shape)} and {tuple(y.shape)} do not match along axes {first} and {second}"
        )
    return xp.tensordot(x, y, axes=(first, second))


def _numbers(x: Any, y: Any) -> tuple[Any, Array, Array]:
    """Two arrays of numbers in their common dtype."""
    xp, x, y = promoted_arrays(x, y)
    return xp, numeric(x)[1], numeric(y)[1]


# ---- parts ------------------------------------------------------------------------------------------------------


@operation
def tril(x: ArrayLike, k: int = 0) -> Array:
    """Keep the lower triangles of matrices; zeros above them.

    Parameters
    ----------
    x : array
        Matrices along the last two axes; the dtype stays.
    k : int
        The last diagonal to keep: 0 is the main one, 1 the one above it.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        For fewer than two dimensions.

    References
    ----------
    The standard's ``tril``; Keras 3, ``keras.ops.tril``.

    Examples
    --------
    >>> K.tril(np.asarray([[1, 2], [3, 4]]))
    array([[1, 0],
           [3, 4]])
    """
    xp, x = _matrices("tril", x)
    return xp.tril(x, k=k)


@operation
def triu(x: ArrayLike, k: int = 0) -> Array:
    """Keep the upper triangles of matrices; zeros below them.

    Parameters
    ----------
    x : array
        Matrices along the last two axes; the dtype stays.
    k : int
        The first diagonal to keep: 0 is the main one, 1 the one above it.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        For fewer than two dimensions.

    References
    ----------
    The standard's ``triu``; Keras 3, ``keras.ops.triu``.

    Examples
    --------
    >>> K.triu(np.asarray([[1, 2], [3, 4]]))
    array([[1, 2],
           [0, 4]])
    """
    xp, x = _matrices("triu", x)
    return xp.triu(x, k=k)


def _matrices(name: str, x: Any) -> tuple[Any, Array]:
    xp, x = arrays(x)
    if x.ndim < 2:
        raise ValueError(f"{name}: x has {x.ndim} dimensions, expected at least 2")
    return xp, x


@operation
def diagonal(x: ArrayLike, offset: int = 0, axis1: int = -2, axis2: int = -1) -> Array:
    """Take diagonals of matrices.

    Parameters
    ----------
    x : array
        At least two dimensions; the dtype stays.
    offset : int
        Which diagonal: 0 is the main one, 1 the one above it.
    axis1, axis2 : int
        The rows and columns of the matrices: the last two axes. NumPy's and Keras's functions take the first two.

    Returns
    -------
    array
        The other axes of x, then the diagonal.

    Raises
    ------
    ValueError
        For fewer than two dimensions, and axes that are out of range or one and the same.

    References
    ----------
    The standard's ``linalg.diagonal``; the axes as in NumPy and Keras 3.

    Examples
    --------
    >>> K.diagonal(np.asarray([[1, 2], [3, 4]]))
    array([1, 4])
    """
    xp, matrix = _matrices("diagonal", x)
    first, second = _pair("diagonal", axis1, axis2, matrix.ndim)
    order = (*(a for a in range(matrix.ndim) if a not in (first, second)), first, second)
    if order != tuple(range(matrix.ndim)):
        matrix = xp.permute_dims(matrix, order)
    rows, columns = sizes(matrix)[-2:]
    if isinstance(rows, int) and isinstance(columns, int) and not -rows <= offset <= columns:
        offset = columns if offset > 0 else -rows  # libraries differ on a diagonal that lies outside
    return xp.linalg.diagonal(matrix, offset=offset)


@operation
def trace(x: ArrayLike, offset: int = 0, axis1: int = -2, axis2: int = -1) -> Array:
    """Add up diagonals of matrices.

    Parameters
    ----------
    x : array
        At least two dimensions; the dtype stays, booleans become int32.
    offset : int
        Which diagonal: 0 is the main one, 1 the one above it.
    axis1, axis2 : int
        The rows and columns of the matrices: the last two axes. NumPy's and Keras's functions take the first two.

    Returns
    -------
    array
        The other axes of x.

    Raises
    ------
    ValueError
        For fewer than two dimensions, and axes that are out of range or one and the same.

    References
    ----------
    The standard's ``linalg.trace``; the axes as in NumPy and Keras 3.

    Examples
    --------
    >>> int(K.trace(np.asarray([[1, 2], [3, 4]])))
    5
    """
    xp, x = numeric(x)
    found = diagonal(x, offset, axis1, axis2)
    return xp.sum(found, axis=-1, **kept(found))


def _pair(name: str, axis1: int, axis2: int, ndim: int) -> tuple[int, int]:
    first, second = axis_of(name, axis1, ndim), axis_of(name, axis2, ndim)
    if first == second:
        raise ValueError(f"{name}: axis1 and axis2 are both {first}, expected two axes")
    return first, second
