"""Triangular matrices: equations with them, and the factors of a matrix."""

from __future__ import annotations

import functools
from typing import Any

from ..arrays.typing import Array, ArrayLike
from ..dispatch.boundary import sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, device_of, promoted_floats
from ..graph.composite import composite
from .equations import finite, in_dtype, matrices_of, solved
from .selection import as_index

__all__ = ["lu_factor", "solve_triangular"]


@operation
def solve_triangular(a: ArrayLike, b: ArrayLike, lower: bool = False) -> Array:
    """Solve equations whose matrix is triangular.

    Parameters
    ----------
    a : array, shape (..., n, n)
        One triangle counts, whatever the other one holds; integers become floatx.
    b : array, shape (..., n, m) or (n,)
        Right-hand sides; leading axes broadcast.
    lower : bool
        Whether the lower triangle counts, instead of the upper one.

    Returns
    -------
    array
        The x with ``a @ x = b``, in the shape of b and the common dtype.

    Raises
    ------
    ValueError
        For a matrix that is not square, shapes that do not fit, and where there is no finite solution: a diagonal has a
        zero, or an element that counts is NaN or infinite.

    Notes
    -----
    The gradient of the other triangle is 0. float16 is computed in float32.

    References
    ----------
    SciPy's ``solve_triangular``; Keras 3, ``keras.ops.solve_triangular``.

    Examples
    --------
    >>> K.solve_triangular(np.asarray([[2.0, 9.0], [1.0, 4.0]]), np.asarray([2.0, 9.0]), lower=True)
    array([1., 2.])
    """
    _, left, right = promoted_floats(a, b)
    return solved("solve_triangular", left, right, functools.partial(solve_triangular_, lower=lower))


@composite
def solve_triangular_(a: Array, b: Array, *, lower: bool) -> Array:
    """The solutions; ValueError where there are none. No library-independent call knows that a matrix is triangular."""
    xp = array_namespace(a)
    triangle = xp.tril(a) if lower else xp.triu(a)
    return finite("solve_triangular", lambda: xp.linalg.solve(triangle, b), triangle, "a matrix is singular")[0]


@operation
def lu_factor(a: ArrayLike) -> tuple[Array, Array]:
    """Factor matrices into a lower and an upper triangle, with rows exchanged: ``p @ a = l @ u``.

    Parameters
    ----------
    a : array, shape (..., m, n)
        Integers become floatx. Both sizes must be known.

    Returns
    -------
    factors : array, shape (..., m, n)
        u on and above the diagonal; below it l, whose diagonal is 1.
    pivots : array of int32, shape (..., min(m, n))
        Row i was exchanged with row ``pivots[i]``, one after another.

    Raises
    ------
    ValueError
        For fewer than 2 dimensions and for an unknown size.

    Notes
    -----
    Of the rows left, the one with the largest element comes first (the first of equal ones). A column of zeros leaves
    zeros. float16 is computed in float32. The factors have a gradient, the pivots have none.

    References
    ----------
    Golub & Van Loan, Matrix Computations, algorithm 3.4.1 (outer products, partial pivoting).

    Examples
    --------
    >>> factors, pivots = K.lu_factor(np.asarray([[1.0, 2.0], [4.0, 4.0]]))
    >>> factors, pivots
    (array([[4.  , 4.  ],
           [0.25, 1.  ]]), array([1, 1], dtype=int32))
    """
    xp, m, dtype = matrices_of("lu_factor", "a", a)
    if None in m.shape[-2:]:
        raise ValueError(f"lu_factor: a has shape {tuple(m.shape)}, expected matrices of known sizes")
    rows, columns = m.shape[-2:]
    place = xp.arange(rows, dtype=xp.int32, device=device_of(m))
    ahead = xp.arange(columns, dtype=xp.int32, device=device_of(m))
    pivots = []
    for k in range(min(rows, columns)):
        column = xp.abs(m[..., :, k])
        left = xp.where(place < k, -xp.ones_like(column), column)
        chosen = xp.astype(xp.argmax(left, axis=-1, keepdims=True), xp.int32)  # (..., 1)
        pivots.append(chosen)
        m = _exchanged(xp, m, place, chosen, k)
        pivot, row = m[..., k : k + 1, k : k + 1], m[..., k : k + 1, :]
        below, right = (place > k)[:, None], ahead > k
        none = xp.zeros_like(m[..., :, k : k + 1])
        factor = xp.where(below & (pivot != 0), m[..., :, k : k + 1] / xp.where(pivot == 0, none + 1.0, pivot), none)
        m = xp.where(right, m - factor * row, m)
        m = xp.where(below & (ahead == k), factor, m)
    if not pivots:
        return in_dtype(m, dtype), xp.zeros((*sizes(m)[:-2], 0), dtype=xp.int32, device=device_of(m))
    return in_dtype(m, dtype), xp.concat(pivots, axis=-1)


def _exchanged(xp: Any, a: Array, place: Array, chosen: Array, k: int) -> Array:
    """The matrices with row k and the chosen row exchanged."""
    order = xp.where(place == k, chosen, xp.where(place == chosen, k * xp.ones_like(place), place))  # (..., rows)
    wide = xp.broadcast_to(xp.expand_dims(as_index(order), axis=-1), a.shape)
    return xp.take_along_axis(a, wide, axis=-2)
