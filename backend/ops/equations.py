"""Linear equations, inverses and determinants of matrices."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

from ..arrays.typing import Array, ArrayLike
from ..dispatch.boundary import MISFIT, broadcast, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, can_ask, dtype_name, inexact, is_concrete, promoted_arrays, refuse
from ..graph.composite import composite

__all__ = ["det", "inv", "lstsq", "pinv", "slogdet", "solve"]


# ---- equations and inverses -------------------------------------------------------------------------------------


@operation
def solve(a: ArrayLike, b: ArrayLike) -> Array:
    """Solve systems of linear equations: find the x for which a @ x is b.

    Parameters
    ----------
    a : array, shape (..., n, n)
        Integers become floatx.
    b : array, shape (n,) or (..., n, k)
        One vector, or matrices of right-hand sides, before which the axes broadcast.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        For matrices that are not square, sizes that do not fit, and where there is no finite solution: a matrix is
        singular, or an element NaN or infinite.

    Notes
    -----
    Inside jax.jit and torch.compile, where values are not concrete, the solution of a singular system is the
    library's. float16 is computed in float32.

    References
    ----------
    The standard's ``linalg.solve``; Keras 3, ``keras.ops.solve``.

    Examples
    --------
    >>> K.solve(np.asarray([[2.0, 0.0], [0.0, 4.0]]), np.asarray([2.0, 2.0]))
    array([1. , 0.5])
    """
    _, left, right = promoted_arrays(a, b)
    return solved("solve", left, right, solve_)


def solved(name: str, a: Array, b: Array, equation: Callable[[Array, Array], Array], square: bool = True) -> Array:
    """equation(a, b) of matrices a and of columns, or one column, b with as many rows; ValueError for other shapes."""
    xp, a, dtype = matrices_of(name, "a", a, square=square)
    b = inexact(b)[1]
    b = b if b.dtype == a.dtype else xp.astype(b, a.dtype)
    if not b.ndim:
        raise ValueError(f"{name}: b has 0 dimensions, expected at least 1")
    rows = b.shape[-2 if b.ndim > 1 else 0]
    if None not in (rows, a.shape[-2]) and rows != a.shape[-2]:
        raise ValueError(f"{name}: shapes {tuple(a.shape)} and {tuple(b.shape)} do not match: {rows} rows in b")
    broadcast(name, sizes(a)[:-2], sizes(b)[:-2])
    if b.ndim > 1:
        return in_dtype(equation(a, b), dtype)
    return in_dtype(xp.squeeze(equation(a, xp.expand_dims(b, axis=-1)), axis=-1), dtype)


@composite
def solve_(a: Array, b: Array) -> Array:
    """The solutions; ValueError where there are none."""
    return finite("solve", lambda: array_namespace(a).linalg.solve(a, b), a, "a matrix is singular")[0]


@operation
def inv(x: ArrayLike) -> Array:
    """Invert square matrices.

    Parameters
    ----------
    x : array, shape (..., n, n)
        Integers become floatx.

    Returns
    -------
    array
        Shape of x.

    Raises
    ------
    ValueError
        For matrices that are not square, and where there is no finite inverse: a matrix is singular, or an element
        NaN or infinite.

    Notes
    -----
    Inside jax.jit and torch.compile, where values are not concrete, the inverse of a singular matrix is the
    library's. float16 is computed in float32.

    References
    ----------
    The standard's ``linalg.inv``; Keras 3, ``keras.ops.inv``.

    Examples
    --------
    >>> K.inv(np.asarray([[2.0, 0.0], [0.0, 4.0]]))
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    _, x, dtype = matrices_of("inv", "x", x, square=True)
    return in_dtype(inv_(x), dtype)


@composite
def inv_(x: Array) -> Array:
    """The inverses; ValueError where there are none."""
    return finite("inv", lambda: array_namespace(x).linalg.inv(x), x, "a matrix is singular")[0]


@operation
def pinv(x: ArrayLike, rtol: float | None = None) -> Array:
    """Invert matrices as far as they can be inverted: the pseudoinverse of Moore and Penrose.

    Parameters
    ----------
    x : array, shape (..., m, n)
        Integers become floatx.
    rtol : float, optional
        Singular values up to this share of the largest one count as 0: the larger of m and n times the epsilon of the
        dtype, without it.

    Returns
    -------
    array, shape (..., n, m)

    Raises
    ------
    ValueError
        For fewer than two dimensions, and for an element that is NaN or infinite.

    Notes
    -----
    The gradient is that of matrices whose rank stays. float16 is computed in float32.

    References
    ----------
    The standard's ``linalg.pinv``; Keras 3, ``keras.ops.pinv``.

    Examples
    --------
    >>> K.pinv(np.asarray([[2.0, 0.0]]))
    array([[0.5],
           [0. ]])
    """
    _, x, dtype = matrices_of("pinv", "x", x)
    return in_dtype(pinv_(x, rtol=rtol), dtype)


@operation
def lstsq(a: ArrayLike, b: ArrayLike, rcond: float | None = None) -> Array:
    """Find the shortest of the x for which a @ x is as near to b as can be.

    Parameters
    ----------
    a : array, shape (..., m, n)
        Integers become floatx.
    b : array, shape (m,) or (..., m, k)
        One vector, or matrices of right-hand sides, before which the axes broadcast.
    rcond : float, optional
        Singular values of a at or below this part of the largest one count as 0; as in `pinv` without it.

    Returns
    -------
    array
        Shape (n,) or (..., n, k).

    Raises
    ------
    ValueError
        For sizes that do not fit, and for NaN and infinity in a.

    Notes
    -----
    It is the pseudoinverse times b. float16 is computed in float32.

    References
    ----------
    NumPy's ``linalg.lstsq``, its solution alone; Keras 3, ``keras.ops.lstsq``.

    Examples
    --------
    >>> K.lstsq(np.asarray([[1.0], [1.0]]), np.asarray([1.0, 3.0]))
    array([2.])
    """
    _, left, right = promoted_arrays(a, b)
    return solved("lstsq", left, right, functools.partial(lstsq_, rcond=rcond), square=False)


@composite
def lstsq_(a: Array, b: Array, *, rcond: float | None) -> Array:
    """The shortest solutions, by the pseudoinverse."""
    return array_namespace(a).matmul(_pseudoinverse("lstsq", "a", a, rcond), b)


@composite
def pinv_(x: Array, *, rtol: float | None) -> Array:
    """The pseudoinverses."""
    return _pseudoinverse("pinv", "x", x, rtol)


def _pseudoinverse(name: str, argument: str, x: Array, rtol: float | None) -> Array:
    """The pseudoinverses; libraries have defaults of their own for the tolerance."""
    xp = array_namespace(x)
    if rtol is None and None not in x.shape[-2:]:
        rtol = max(x.shape[-2:]) * float(xp.finfo(x.dtype).eps)
    return finite(name, lambda: xp.linalg.pinv(x, rtol=rtol), x, f"{argument} cannot be factored")[0]


# ---- determinants -----------------------------------------------------------------------------------------------


@operation
def det(x: ArrayLike) -> Array:
    """Find the determinants of square matrices.

    Parameters
    ----------
    x : array, shape (..., n, n)
        Integers become floatx.

    Returns
    -------
    array, shape (...)

    Raises
    ------
    ValueError
        For matrices that are not square.

    Notes
    -----
    The determinant of a singular matrix has no gradient here: it takes the inverse. float16 is computed in float32.

    References
    ----------
    The standard's ``linalg.det``; Keras 3, ``keras.ops.det``.

    Examples
    --------
    >>> round(float(K.det(np.asarray([[2.0, 0.0], [0.0, 4.0]]))), 6)
    8.0
    """
    xp, x, dtype = matrices_of("det", "x", x, square=True)
    return in_dtype(xp.linalg.det(x), dtype)


@operation
def slogdet(x: ArrayLike) -> tuple[Array, Array]:
    """Find the signs of the determinants of square matrices, and the logarithms of their absolute values.

    Parameters
    ----------
    x : array, shape (..., n, n)
        Integers become floatx.

    Returns
    -------
    tuple of arrays, shape (...)
        Signs (of complex matrices: numbers of absolute value 1), and logarithms; 0 and -inf for a singular matrix.

    Raises
    ------
    ValueError
        For matrices that are not square.

    Notes
    -----
    A singular matrix has no gradient. float16 is computed in float32.

    References
    ----------
    The standard's ``linalg.slogdet``; Keras 3, ``keras.ops.slogdet``.

    Examples
    --------
    >>> [float(part) for part in K.slogdet(np.asarray([[0.0, 1.0], [1.0, 0.0]]))]
    [-1.0, 0.0]
    """
    xp, x, dtype = matrices_of("slogdet", "x", x, square=True)
    sign, logarithm = xp.linalg.slogdet(x)
    return in_dtype(sign, dtype), in_dtype(logarithm, dtype)


# ---- what they share --------------------------------------------------------------------------------------------


def matrices_of(name: str, argument: str, x: Any, square: bool = False) -> tuple[Any, Array, Any]:
    """The namespace, the matrices in at least float32, and their own floating dtype."""
    xp, x = inexact(x)
    if x.ndim < 2:
        raise ValueError(f"{name}: {argument} has {x.ndim} dimensions, expected at least 2")
    rows, columns = x.shape[-2:]
    if square and None not in (rows, columns) and rows != columns:
        raise ValueError(f"{name}: {argument} has shape {tuple(x.shape)}, expected square matrices")
    return xp, xp.astype(x, xp.float32) if _is_half(x.dtype) else x, x.dtype


def _is_half(dtype: Any) -> bool:
    return dtype_name(dtype) in ("float16", "bfloat16")


def in_dtype(x: Array, dtype: Any) -> Array:
    """A result in half precision where the argument came in it."""
    return array_namespace(x).astype(x, dtype) if _is_half(dtype) else x


def finite(name: str, factor: Callable[[], Any], x: Array, what: str) -> tuple[Any, ...]:
    """The results of a function; ValueError where it fails or they are not finite: libraries raise, or give NaN."""
    try:
        found = factor()
    except MISFIT as error:
        if is_concrete(x):
            raise ValueError(f"{name}: {what}, or has NaN or infinity ({error})") from error
        raise
    results = tuple(found) if isinstance(found, tuple) else (found,)
    xp = array_namespace(results[0])
    if all(map(can_ask, results)):
        whole = functools.reduce(operator.and_, [xp.all(xp.isfinite(r)) for r in results])  # asked once: a GPU waits
        refuse(xp.logical_not(whole), lambda: ValueError(f"{name}: {what}, or has NaN or infinity"))
    return results
