"""Reductions: extremes, sums, moments, truth and cumulative functions along axes."""

from __future__ import annotations

import math
from typing import Any

from ..arrays.dtypes import limits
from ..arrays.typing import Array, ArrayLike, Axis
from ..dispatch.boundary import MISFIT, axes_of, axis_of, reduced, sizes
from ..dispatch.fast_path import fast_reduction
from ..dispatch.operation import operation
from ..dispatch.promotion import arrays, device_of, dtype_name, floating, inexact, is_integer, numeric, real
from .elementwise import stop_gradient

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "cumprod",
    "cumsum",
    "logsumexp",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
]


def reduced_along(name: str, xp: Any, x: Array, axis: Any, keepdims: bool, infinity: float = 0.0, **more: Any) -> Array:
    """One function of the standard along axes; an infinity where there is nothing to reduce.

    ValueError for an axis that does not exist, whatever the library raises.
    """
    if axis.__class__ is list:
        axis = tuple(axis)
    if axis is not None and x.ndim == 0:
        axes_of(name, axis, 0)  # libraries let axis 0 of a number pass
    try:
        return getattr(xp, name)(x, axis=axis, keepdims=keepdims, **more)
    except MISFIT:
        if not infinity or not _is_empty(name, x, axis):
            axes_of(name, axis, x.ndim)
            raise
        return _filled(name, xp, x, axis, keepdims, _extreme(x, infinity))


def kept(x: Array) -> dict[str, Any]:
    """The dtype= with which sums and products stay in x's dtype: integers need it.

    Floats need no dtype=; given dtype=float16, JAX would sum in float16 instead of float32.
    """
    return {"dtype": x.dtype} if is_integer(dtype_name(x.dtype)) else {}


def _is_empty(name: str, x: Array, axis: Any) -> bool:
    """Whether an axis to reduce is known to have no element."""
    shape = x.shape
    return 0 in shape and 0 in [shape[a] for a in axes_of(name, axis, len(shape))]


def _filled(name: str, xp: Any, x: Array, axis: Any, keepdims: bool, value: Any) -> Array:
    return xp.full(reduced(name, sizes(x), axis, keepdims), value, dtype=x.dtype, device=device_of(x))


def _of_nothing(name: str, xp: Any, x: Array, axis: Any, keepdims: bool, value: float) -> Array:
    """As `_filled`, for floats without elements, but reads x: a program must not leave out what refuses other sizes."""
    return xp.sum(x, axis=axes_of(name, axis, x.ndim), keepdims=keepdims) + value


@fast_reduction(real)
@operation
def max(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Largest element along axes.

    Parameters
    ----------
    x : array
        Any shape; booleans become int32.
    axis : int, sequence of ints or None
        Axes to reduce; None takes all, [] none.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array
        The dtype of x; the reduced axes go, or stay with size 1.

    Raises
    ------
    ValueError
        If an axis is out of range or named twice.

    Notes
    -----
    NaN wins. No elements give -inf, or the dtype's smallest integer; where a
    size turns out to be 0 only at run time, the library's own error.

    Equal elements share the gradient equally.

    References
    ----------
    Keras 2.3.1, ``keras.backend.max``.

    Examples
    --------
    >>> x = np.asarray([[1, 5], [7, 3]])
    >>> K.max(x), K.max(x, axis=1)
    (np.int64(7), array([5, 7]))
    """
    xp, x = real(x)
    return reduced_along("max", xp, x, axis, keepdims, -math.inf)


@fast_reduction(real)
@operation
def min(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Smallest element along axes.

    Parameters
    ----------
    x : array
        Any shape; booleans become int32.
    axis : int, sequence of ints or None
        Axes to reduce; None takes all, [] none.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array
        The dtype of x; the reduced axes go, or stay with size 1.

    Raises
    ------
    ValueError
        If an axis is out of range or named twice.

    Notes
    -----
    NaN wins. No elements give inf, or the dtype's largest integer; where a size
    turns out to be 0 only at run time, the library's own error.

    Equal elements share the gradient equally.

    References
    ----------
    Keras 2.3.1, ``keras.backend.min``.

    Examples
    --------
    >>> K.min(np.asarray([[1, 5], [7, 3]]), axis=0, keepdims=True)
    array([[1, 3]])
    """
    xp, x = real(x)
    return reduced_along("min", xp, x, axis, keepdims, math.inf)


def _extreme(x: Array, infinity: float) -> Any:
    name = dtype_name(x.dtype)
    return limits(name)[infinity > 0] if is_integer(name) else infinity


@fast_reduction(floating)
@operation
def sum(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Sum along axes.

    Parameters
    ----------
    x : array or list of arrays
        Any shape; booleans become int32. A list is stacked first.
    axis : int, sequence of ints or None
        Axes to reduce; None takes all, [] none.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array
        The dtype of x; the reduced axes go, or stay with size 1.

    Raises
    ------
    ValueError
        If an axis is out of range or named twice.

    Notes
    -----
    No elements give 0. Integers keep their dtype and may wrap around.

    References
    ----------
    Keras 2.3.1, ``keras.backend.sum``.

    Examples
    --------
    >>> x = np.asarray([[1.0, 2.0], [3.0, 4.0]])
    >>> K.sum(x, axis=0)
    array([4., 6.])
    >>> K.sum(x, axis=[0, 1])
    np.float64(10.0)
    """
    xp, x = numeric(x)
    return reduced_along("sum", xp, x, axis, keepdims, **kept(x))


@fast_reduction(floating)
@operation
def prod(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Product along axes.

    Parameters
    ----------
    x : array or list of arrays
        Any shape; booleans become int32. A list is stacked first.
    axis : int, sequence of ints or None
        Axes to reduce; None takes all, [] none.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array
        The dtype of x; the reduced axes go, or stay with size 1.

    Raises
    ------
    ValueError
        If an axis is out of range or named twice.

    Notes
    -----
    No elements give 1. Integers keep their dtype and may wrap around. The
    gradient is exact with any number of zeros.

    References
    ----------
    Keras 2.3.1, ``keras.backend.prod``.

    Examples
    --------
    >>> K.prod(np.asarray([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    array([ 2., 12.])
    >>> K.grad(K.prod)(np.asarray([0.0, 2.0, 3.0]))
    array([6., 0., 0.])
    """
    xp, x = numeric(x)
    return reduced_along("prod", xp, x, axis, keepdims, **kept(x))


@operation
def mean(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Mean along axes.

    Parameters
    ----------
    x : array
        Any shape; integers and booleans become floatx.
    axis : int, sequence of ints or None
        Axes to reduce; None takes all, [] none.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array
        The reduced axes go, or stay with size 1.

    Raises
    ------
    ValueError
        If an axis is out of range or named twice.

    Notes
    -----
    No elements give NaN.

    References
    ----------
    Keras 2.3.1, ``keras.backend.mean``; integers as in its Theano backend.

    Examples
    --------
    >>> K.mean(np.asarray([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    array([2., 3.])
    >>> K.mean(np.asarray([1, 2]))  # integers: TensorFlow's mean would be 1
    np.float32(1.5)
    """
    xp, x = inexact(x)
    return _moment("mean", xp, x, axis, keepdims)


@operation
def var(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Variance along axes, the mean of the squared deviations.

    Parameters
    ----------
    x : array
        Any shape; integers and booleans become floatx.
    axis : int, sequence of ints or None
        Axes to reduce; None takes all, [] none.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array
        The reduced axes go, or stay with size 1.

    Raises
    ------
    ValueError
        If an axis is out of range or named twice.

    Notes
    -----
    The sum is divided by the number of elements, without Bessel's correction.
    No elements give NaN.

    References
    ----------
    Keras 2.3.1, ``keras.backend.var``; integers as in its Theano backend.

    Examples
    --------
    >>> K.var(np.asarray([1.0, 2.0, 3.0, 6.0]))
    np.float64(3.5)
    """
    xp, x = floating(x)
    return _moment("var", xp, x, axis, keepdims)


@operation
def std(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Standard deviation along axes, the square root of the variance.

    Parameters
    ----------
    x : array
        Any shape; integers and booleans become floatx.
    axis : int, sequence of ints or None
        Axes to reduce; None takes all, [] none.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array
        The reduced axes go, or stay with size 1.

    Raises
    ------
    ValueError
        If an axis is out of range or named twice.

    Notes
    -----
    As in `var`, there is no Bessel's correction. No elements give NaN. The
    gradient is 0 where the result is 0.

    References
    ----------
    Keras 2.3.1, ``keras.backend.std``; integers as in its Theano backend.

    Examples
    --------
    >>> K.std(np.asarray([[1.0, 3.0], [5.0, 5.0]]), axis=1)
    array([1., 0.])
    """
    xp, x = floating(x)
    return _moment("std", xp, x, axis, keepdims)


def _moment(name: str, xp: Any, x: Array, axis: Any, keepdims: bool) -> Array:
    if 0 in x.shape:  # the result is NaN or empty, without a warning from the library
        return _of_nothing(name, xp, x, axis, keepdims, math.nan)
    return reduced_along(name, xp, x, axis, keepdims)


@operation
def any(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether any element along axes is nonzero.

    Parameters
    ----------
    x : array
        Any shape and dtype.
    axis : int, sequence of ints or None
        Axes to reduce; None takes all, [] none.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array of bools
        The reduced axes go, or stay with size 1.

    Raises
    ------
    ValueError
        If an axis is out of range or named twice.

    Notes
    -----
    NaN counts as nonzero. No elements give False.

    References
    ----------
    Keras 2.3.1, ``keras.backend.any``.

    Examples
    --------
    >>> K.any(np.asarray([[0.0, 2.0], [0.0, 0.0]]), axis=1)
    array([ True, False])
    """
    return _truth("any", x, axis, keepdims)


@operation
def all(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether all elements along axes are nonzero.

    Parameters
    ----------
    x : array
        Any shape and dtype.
    axis : int, sequence of ints or None
        Axes to reduce; None takes all, [] none.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array of bools
        The reduced axes go, or stay with size 1.

    Raises
    ------
    ValueError
        If an axis is out of range or named twice.

    Notes
    -----
    NaN counts as nonzero. No elements give True.

    References
    ----------
    Keras 2.3.1, ``keras.backend.all``.

    Examples
    --------
    >>> K.all(np.asarray([[1.0, 2.0], [0.0, 3.0]]), axis=1)
    array([ True, False])
    """
    return _truth("all", x, axis, keepdims)


def _truth(name: str, x: ArrayLike, axis: Any, keepdims: bool) -> Array:
    xp, x = arrays(x)
    return reduced_along(name, xp, x if dtype_name(x.dtype) == "bool" else xp.astype(x, xp.bool), axis, keepdims)


@operation
def argmax(x: ArrayLike, axis: int | None = -1) -> Array:
    """Position of the largest element along an axis.

    Parameters
    ----------
    x : array
        Any shape; booleans become int32.
    axis : int or None
        None counts positions in the flattened array.

    Returns
    -------
    array of integers
        Shape of x without the axis; int64 (int32 in JAX without 64 bits).

    Raises
    ------
    ValueError
        If the axis is out of range or has no elements.

    Notes
    -----
    Of equal elements the first counts, and the first NaN before anything else
    (Keras on TensorFlow skips NaN). There is no gradient.

    References
    ----------
    Keras 2.3.1, ``keras.backend.argmax``; NaN as in the standard's libraries.

    Examples
    --------
    >>> K.argmax(np.asarray([[1.0, 5.0, 5.0], [7.0, np.nan, 9.0]]))
    array([1, 1])
    """
    return _position("argmax", x, axis)


@operation
def argmin(x: ArrayLike, axis: int | None = -1) -> Array:
    """Position of the smallest element along an axis.

    Parameters
    ----------
    x : array
        Any shape; booleans become int32.
    axis : int or None
        None counts positions in the flattened array.

    Returns
    -------
    array of integers
        Shape of x without the axis; int64 (int32 in JAX without 64 bits).

    Raises
    ------
    ValueError
        If the axis is out of range or has no elements.

    Notes
    -----
    Of equal elements the first counts, and the first NaN before anything else
    (Keras on TensorFlow skips NaN). There is no gradient.

    References
    ----------
    Keras 2.3.1, ``keras.backend.argmin``; NaN as in the standard's libraries.

    Examples
    --------
    >>> x = np.asarray([[4.0, 1.0], [0.0, 1.0]])
    >>> K.argmin(x, axis=0), K.argmin(x, axis=None)
    (array([1, 0]), np.int64(2))
    """
    return _position("argmin", x, axis)


def _position(name: str, x: ArrayLike, axis: Any) -> Array:
    xp, x = real(x)
    if axis is not None:
        axis = axis_of(name, axis, x.ndim)
    if _is_empty(name, x, axis):
        raise ValueError(f"{name}: no element to choose from in shape {tuple(x.shape)} along axis {axis}")
    return getattr(xp, name)(x, axis=axis)


@operation
def cumsum(x: ArrayLike, axis: int = 0) -> Array:
    """Cumulative sum: of all elements up to each one along an axis.

    Parameters
    ----------
    x : array
        Any shape; booleans become int32.
    axis : int

    Returns
    -------
    array
        Shape and dtype of x.

    Raises
    ------
    ValueError
        If the axis is out of range.

    Notes
    -----
    Integers keep their dtype and may wrap around.

    References
    ----------
    Keras 2.3.1, ``keras.backend.cumsum``.

    Examples
    --------
    >>> K.cumsum(np.asarray([[1, 2], [3, 4]]), axis=1)
    array([[1, 3],
           [3, 7]])
    """
    xp, x = numeric(x)
    return xp.cumulative_sum(x, axis=axis_of("cumsum", axis, x.ndim), dtype=x.dtype)


@operation
def cumprod(x: ArrayLike, axis: int = 0) -> Array:
    """Cumulative product: of all elements up to each one along an axis.

    Parameters
    ----------
    x : array
        Any shape; booleans become int32.
    axis : int

    Returns
    -------
    array
        Shape and dtype of x.

    Raises
    ------
    ValueError
        If the axis is out of range.

    Notes
    -----
    Integers keep their dtype and may wrap around. The gradient is exact with
    any number of zeros, in time quadratic in the axis.

    References
    ----------
    Keras 2.3.1, ``keras.backend.cumprod``.

    Examples
    --------
    >>> K.cumprod(np.asarray([1, 2, 3, 4]))
    array([ 1,  2,  6, 24])
    """
    xp, x = numeric(x)
    return xp.cumulative_prod(x, axis=axis_of("cumprod", axis, x.ndim), dtype=x.dtype)


@operation
def logsumexp(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Compute ``log(sum(exp(x)))`` along axes, without overflow.

    Parameters
    ----------
    x : array
        Any shape; integers and booleans become floatx.
    axis : int, sequence of ints or None
        Axes to reduce; None takes all, [] none.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array
        The reduced axes go, or stay with size 1.

    Raises
    ------
    ValueError
        If an axis is out of range or named twice.

    Notes
    -----
    No elements, and -inf alone, give -inf; inf gives inf, NaN gives NaN. The
    gradient is the softmax.

    References
    ----------
    Keras 2.3.1, ``keras.backend.logsumexp``.

    Examples
    --------
    >>> K.logsumexp(np.asarray([1000.0, -np.inf]))
    array(1000.)
    """
    xp, x = floating(x)
    if _is_empty("logsumexp", x, axis):
        return _of_nothing("logsumexp", xp, x, axis, keepdims, -math.inf)
    axes = axes_of("logsumexp", axis, x.ndim)
    highest = stop_gradient(xp.max(x, axis=axes, keepdims=True))
    shift = xp.where(xp.isfinite(highest), highest, 0.0)
    result = xp.log(xp.sum(xp.exp(x - shift), axis=axes, keepdims=True)) + shift
    return result if keepdims or not axes else xp.squeeze(result, axes)
