"""Decompositions of matrices.

Where a decomposition leaves a sign (of complex numbers: a phase) open, it is fixed here, so that results are the same
on every library.
"""

from __future__ import annotations

from typing import Any

from ..arrays.typing import Array, ArrayLike
from ..autodiff.cotangents import adjoint, conj, is_complex, mask_, row, sliced, zeros
from ..dispatch.boundary import sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace
from ..graph.composite import composite
from .equations import finite, in_dtype, matrices_of

__all__ = ["cholesky", "eigh", "qr", "svd"]

ALMOST = 0.9  # of the largest: structured matrices often have components of exactly equal size, seldom of this ratio


@operation
def cholesky(x: ArrayLike, upper: bool = False) -> Array:
    """Find the triangular factors of symmetric, positive definite matrices: x is L times its transpose.

    Parameters
    ----------
    x : array, shape (..., n, n)
        Integers become floatx. Of a matrix that is not symmetric (of complex numbers: Hermitian), the mean of it and
        its transpose counts.
    upper : bool
        Whether to give the transpose of L, an upper triangle.

    Returns
    -------
    array
        Shape of x, with positive numbers on the diagonals.

    Raises
    ------
    ValueError
        For matrices that are not square, and for one that is not positive definite, or has NaN or infinity.

    Notes
    -----
    Inside jax.jit and torch.compile, where values are not concrete, the factor of a matrix that is not positive
    definite is the library's. float16 is computed in float32. The gradient is symmetric.

    References
    ----------
    The standard's ``linalg.cholesky``; Keras 3, ``keras.ops.cholesky``.

    Examples
    --------
    >>> K.cholesky(np.asarray([[4.0, 2.0], [2.0, 5.0]]))
    array([[2., 0.],
           [1., 2.]])
    """
    _, x, dtype = matrices_of("cholesky", "x", x, square=True)
    return in_dtype(cholesky_(_hermitian(x), upper=upper), dtype)


@composite
def cholesky_(x: Array, *, upper: bool) -> Array:
    """The triangular factors; ValueError where there are none."""
    factor = array_namespace(x).linalg.cholesky
    return finite("cholesky", lambda: factor(x, upper=upper), x, "a matrix is not positive definite")[0]


@operation
def eigh(x: ArrayLike) -> tuple[Array, Array]:
    """Find the eigenvalues and eigenvectors of symmetric matrices.

    Parameters
    ----------
    x : array, shape (..., n, n)
        Integers become floatx. Of a matrix that is not symmetric (of complex numbers: Hermitian), the mean of it and
        its transpose counts.

    Returns
    -------
    tuple of arrays
        Eigenvalues, shape (..., n), the smallest first, and eigenvectors as columns, shape (..., n, n).

    Raises
    ------
    ValueError
        For matrices that are not square, and for NaN or infinity.

    Notes
    -----
    Of each eigenvector, the first component of at least 0.9 times the largest size is positive. The vectors of equal
    eigenvalues are any orthonormal ones; the gradient counts none that leads through their choice. float16 is
    computed in float32.

    References
    ----------
    The standard's ``linalg.eigh``; Keras 3, ``keras.ops.eigh``.

    Examples
    --------
    >>> K.eigh(np.asarray([[3.0, 0.0], [0.0, 2.0]]))[0]
    array([2., 3.])
    """
    _, x, dtype = matrices_of("eigh", "x", x, square=True)
    values, vectors = eigh_(_hermitian(x))
    return in_dtype(values, dtype), in_dtype(vectors, dtype)


@composite
def eigh_(x: Array) -> tuple[Array, Array]:
    """The eigenvalues, and the eigenvectors with their signs fixed."""
    xp = array_namespace(x)
    values, vectors = finite("eigh", lambda: xp.linalg.eigh(x), x, "x cannot be factored")
    return values, vectors * conj(_phases(xp, vectors))


@operation
def qr(x: ArrayLike, mode: str = "reduced") -> tuple[Array, Array]:
    """Factor matrices into one with orthonormal columns and an upper triangle.

    Parameters
    ----------
    x : array, shape (..., m, n)
        Integers become floatx.
    mode : {'reduced', 'complete'}
        Whether q has the smaller of m and n columns, or m.

    Returns
    -------
    tuple of arrays
        q and r, whose product is x; no number on the diagonal of r is negative.

    Raises
    ------
    ValueError
        For fewer than two dimensions, another mode, and for NaN or infinity.

    Notes
    -----
    Both are unique where the first columns of x are linearly independent, but for the further columns of a complete
    q, which are any orthonormal ones. float16 is computed in float32.

    References
    ----------
    The standard's ``linalg.qr``; Keras 3, ``keras.ops.qr``.

    Examples
    --------
    >>> K.qr(np.asarray([[0.0, 2.0], [3.0, 1.0]]))[1]
    array([[3., 1.],
           [0., 2.]])
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode is {mode!r}, expected 'reduced' or 'complete'")
    _, x, dtype = matrices_of("qr", "x", x)
    q, r = qr_(x, mode=mode)
    return in_dtype(q, dtype), in_dtype(r, dtype)


@composite
def qr_(x: Array, *, mode: str) -> tuple[Array, Array]:
    """The factors, with no negative number on the diagonal."""
    xp = array_namespace(x)
    q, r = finite("qr", lambda: xp.linalg.qr(x, mode=mode), x, "x cannot be factored")
    turn = _phase(xp, row(xp.linalg.diagonal(r)))
    return _turned(xp, q, turn, -1), _turned(xp, r, adjoint(turn), -2) + 0.0  # no -0.0 below the diagonal


@operation
def svd(x: ArrayLike, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Factor matrices into orthonormal vectors and singular values.

    Parameters
    ----------
    x : array, shape (..., m, n)
        Integers become floatx.
    full_matrices : bool
        Whether u and vh are square; else they have as many vectors as there are singular values.
    compute_uv : bool
        Whether to give u and vh, too.

    Returns
    -------
    tuple of arrays, or array
        u, the singular values, the largest first, and vh: x is ``(u * s[..., None, :]) @ vh``, for
        ``full_matrices=False``. The singular values alone without `compute_uv`.

    Raises
    ------
    ValueError
        For fewer than two dimensions, and for NaN or infinity.

    Notes
    -----
    Of each column of u, the first component of at least 0.9 times the largest size is positive. The vectors of equal
    singular values, and those that `full_matrices` adds, are any orthonormal ones; the gradient counts none that
    leads through their choice. float16 is computed in float32.

    References
    ----------
    The standard's ``linalg.svd``; Keras 3, ``keras.ops.svd``.

    Examples
    --------
    >>> K.svd(np.asarray([[0.0, 2.0], [3.0, 0.0]]), compute_uv=False)
    array([3., 2.])
    """
    _, x, dtype = matrices_of("svd", "x", x)
    if not compute_uv:
        return in_dtype(svdvals(x), dtype)
    u, s, vh = svd_(x, full_matrices=full_matrices)
    return in_dtype(u, dtype), in_dtype(s, dtype), in_dtype(vh, dtype)


@composite
def svdvals(x: Array) -> Array:
    """The singular values; ValueError where there are none."""
    return finite("svd", lambda: array_namespace(x).linalg.svdvals(x), x, "x cannot be factored")[0]


@composite
def svd_(x: Array, *, full_matrices: bool) -> tuple[Array, Array, Array]:
    """The factors, with their signs fixed."""
    xp, what = array_namespace(x), "x cannot be factored"
    u, s, vh = finite("svd", lambda: xp.linalg.svd(x, full_matrices=full_matrices), x, what)
    turn = conj(_phases(xp, sliced(u, x.ndim - 1, 0, sizes(s)[-1]) if full_matrices else u))
    return _turned(xp, u, turn, -1), s, _turned(xp, vh, adjoint(turn), -2)


# ---- what they share --------------------------------------------------------------------------------------------


def _hermitian(x: Array) -> Array:
    """The mean of matrices and their conjugate transposes."""
    return x * 0.5 + adjoint(x) * 0.5


def _phase(xp: Any, x: Array) -> Array:
    """x / |x|, and 1 at 0: the sign of real numbers."""
    one = xp.ones_like(x)
    if not is_complex(x):
        return xp.where(x < 0, -one, one)
    size = xp.abs(x)
    return xp.where(size == 0, one, x / xp.astype(xp.where(size == 0, 1.0, size), x.dtype))


def _phases(xp: Any, vectors: Array) -> Array:
    """For each column, the phase of the first component that is almost as large as the largest; a row of them."""
    size, shape = xp.abs(vectors), sizes(vectors)
    least = zeros(size, (*shape[:-2], 1, shape[-1]))  # there may be no component
    reached = size >= ALMOST * xp.max(xp.concat([size, least], axis=-2), axis=-2, keepdims=True)
    order = xp.cumulative_sum(xp.astype(reached, xp.int32), axis=-2, dtype=xp.int32)
    return _phase(xp, xp.sum(mask_(reached & (order == 1), vectors), axis=-2, keepdims=True))


def _turned(xp: Any, x: Array, turn: Array, axis: int) -> Array:
    """x with its first columns or rows multiplied, as many as there are factors; the others stay."""
    count = sizes(turn)[axis]
    if sizes(x)[axis] == count:
        return x * turn
    axis %= x.ndim
    return xp.concat([sliced(x, axis, 0, count) * turn, sliced(x, axis, count, None)], axis=axis)
