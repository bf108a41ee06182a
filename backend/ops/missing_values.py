"""Reductions that leave out NaN: the mark of a missing value."""

from __future__ import annotations

import math
from typing import Any

from ..arrays.typing import Array, ArrayLike, Axis
from ..dispatch.boundary import axes_of, number_like
from ..dispatch.operation import operation
from ..dispatch.promotion import dtype_name, floating, is_integer, kind_of, numeric, real
from .reductions import kept, reduced_along

__all__ = ["nanmax", "nanmean", "nanmin", "nanprod", "nanstd", "nansum", "nanvar"]


@operation
def nansum(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Add up the elements along axes, NaN as 0.

    Parameters
    ----------
    x : array
        The dtype stays, integers may wrap around; booleans become int32.
    axis : int, sequence of ints or None
        None reduces all axes, [] none.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        For an axis out of range or named twice.

    Notes
    -----
    The sum is 0 where all elements are NaN, and where there are none. The gradient of a NaN is 0.

    References
    ----------
    NumPy's ``nansum``; Keras 3, ``keras.ops.nansum``.

    Examples
    --------
    >>> K.nansum(np.asarray([[1.0, np.nan], [2.0, 3.0]]), axis=0)
    array([3., 3.])
    """
    xp, x = numeric(x)
    axes = axes_of("nansum", axis, x.ndim)
    return reduced_along("sum", xp, _replaced(xp, x, 0.0), axes, keepdims, **kept(x))


@operation
def nanprod(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Multiply the elements along axes, NaN as 1.

    Parameters
    ----------
    x : array
        The dtype stays, integers may wrap around; booleans become int32.
    axis : int, sequence of ints or None
        None reduces all axes, [] none.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        For an axis out of range or named twice.

    Notes
    -----
    The product is 1 where all elements are NaN, and where there are none. The gradient of a NaN is 0, and that of
    the other elements is exact with any number of zeros.

    References
    ----------
    NumPy's ``nanprod``; Keras 3, ``keras.ops.nanprod``.

    Examples
    --------
    >>> float(K.nanprod(np.asarray([2.0, np.nan, 3.0])))
    6.0
    """
    xp, x = numeric(x)
    axes = axes_of("nanprod", axis, x.ndim)
    return reduced_along("prod", xp, _replaced(xp, x, 1.0), axes, keepdims, **kept(x))


@operation
def nanmax(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Find the largest element along axes that is not NaN.

    Parameters
    ----------
    x : array
        The dtype stays, booleans become int32.
    axis : int, sequence of ints or None
        None reduces all axes, [] none.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        For an axis out of range or named twice.
    TypeError
        For complex numbers, which have no order.

    Notes
    -----
    NaN where all elements are NaN, and where there are none; for integers it is the dtype's smallest one there. Equal
    elements share the gradient; that of a NaN is 0.

    References
    ----------
    NumPy's ``nanmax``; Keras 3, ``keras.ops.nanmax``.

    Examples
    --------
    >>> K.nanmax(np.asarray([[1.0, np.nan], [2.0, 3.0]]), axis=1)
    array([1., 3.])
    """
    return _extreme("nanmax", x, axis, keepdims)


@operation
def nanmin(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Find the smallest element along axes that is not NaN.

    Parameters
    ----------
    x : array
        The dtype stays, booleans become int32.
    axis : int, sequence of ints or None
        None reduces all axes, [] none.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        For an axis out of range or named twice.
    TypeError
        For complex numbers, which have no order.

    Notes
    -----
    NaN where all elements are NaN, and where there are none; for integers it is the dtype's largest one there. Equal
    elements share the gradient; that of a NaN is 0.

    References
    ----------
    NumPy's ``nanmin``; Keras 3, ``keras.ops.nanmin``.

    Examples
    --------
    >>> K.nanmin(np.asarray([[1.0, np.nan], [2.0, 3.0]]), axis=1)
    array([1., 2.])
    """
    return _extreme("nanmin", x, axis, keepdims)


@operation
def nanmean(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Average the elements along axes that are not NaN.

    Parameters
    ----------
    x : array
        Floating dtypes stay, integers and booleans become floatx.
    axis : int, sequence of ints or None
        None reduces all axes, [] none.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        For an axis out of range or named twice.

    Notes
    -----
    NaN where all elements are NaN, and where there are none. The gradient of a NaN is 0. float16 is added up in
    float32.

    References
    ----------
    NumPy's ``nanmean``; Keras 3, ``keras.ops.nanmean``.

    Examples
    --------
    >>> float(K.nanmean(np.asarray([1.0, np.nan, 4.0])))
    2.5
    """
    xp, x, dtype = _wide(x)
    found, _ = _mean(xp, x, axes_of("nanmean", axis, x.ndim), keepdims)
    return found if found.dtype == dtype else xp.astype(found, dtype)


@operation
def nanvar(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Find the variance along axes of the elements that are not NaN, without Bessel's correction.

    Parameters
    ----------
    x : array
        Floating dtypes stay, integers and booleans become floatx.
    axis : int, sequence of ints or None
        None reduces all axes, [] none.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        For an axis out of range or named twice.

    Notes
    -----
    NaN where all elements are NaN, and where there are none. The gradient of a NaN is 0. float16 is added up in
    float32.

    References
    ----------
    NumPy's ``nanvar``; Keras 3, ``keras.ops.nanvar``.

    Examples
    --------
    >>> float(K.nanvar(np.asarray([1.0, np.nan, 4.0])))
    2.25
    """
    xp, x, dtype = _wide(x)
    found = _variance(xp, x, axes_of("nanvar", axis, x.ndim), keepdims)
    return found if found.dtype == dtype else xp.astype(found, dtype)


@operation
def nanstd(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Find the standard deviation along axes of the elements that are not NaN, without Bessel's correction.

    Parameters
    ----------
    x : array
        Floating dtypes stay, integers and booleans become floatx.
    axis : int, sequence of ints or None
        None reduces all axes, [] none.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        For an axis out of range or named twice.

    Notes
    -----
    NaN where all elements are NaN, and where there are none. The gradient is 0 for a NaN, and where the result is 0.
    float16 is added up in float32.

    References
    ----------
    NumPy's ``nanstd``; Keras 3, ``keras.ops.nanstd``.

    Examples
    --------
    >>> float(K.nanstd(np.asarray([1.0, np.nan, 4.0])))
    1.5
    """
    xp, x, dtype = _wide(x)
    variance = _variance(xp, x, axes_of("nanstd", axis, x.ndim), keepdims)
    spread = variance > 0  # not for NaN; the root of another number, whose slope is finite, keeps inf * 0 away
    found = xp.where(spread, xp.sqrt(xp.where(spread, variance, 1.0)), variance)
    return found if found.dtype == dtype else xp.astype(found, dtype)


# ---- what they share --------------------------------------------------------------------------------------------


def _replaced(xp: Any, x: Array, value: float) -> Array:
    """x with a number in place of NaN."""
    return x if is_integer(dtype_name(x.dtype)) else xp.where(xp.isnan(x), number_like(x, value), x)


def _extreme(name: str, x: ArrayLike, axis: Any, keepdims: bool) -> Array:
    xp, x = real(x)
    axes = axes_of(name, axis, x.ndim)
    lowest = -math.inf if name == "nanmax" else math.inf
    found = reduced_along(name.removeprefix("nan"), xp, _replaced(xp, x, lowest), axes, keepdims, lowest)
    if kind_of(dtype_name(x.dtype)) == "integer":
        return found
    return xp.where(xp.all(xp.isnan(x), axis=axes, keepdims=keepdims), number_like(x, math.nan), found)


def _wide(x: ArrayLike) -> tuple[Any, Array, Any]:
    """x in at least float32, and its own floating dtype."""
    xp, x = floating(x)
    half = dtype_name(x.dtype) in ("float16", "bfloat16")
    return xp, xp.astype(x, xp.float32) if half else x, x.dtype


def _mean(xp: Any, x: Array, axes: tuple[int, ...], keepdims: bool) -> tuple[Array, Array]:
    """The means, and how many elements each is made of; NaN for none."""
    present = xp.astype(xp.astype(~xp.isnan(x), xp.int32), x.dtype)
    count = xp.sum(present, axis=axes, keepdims=keepdims)
    total = xp.sum(_replaced(xp, x, 0.0), axis=axes, keepdims=keepdims)
    return xp.where(count == 0, number_like(x, math.nan), total / xp.where(count == 0, 1.0, count)), count


def _variance(xp: Any, x: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
    mean, count = _mean(xp, x, axes, True)
    squares = xp.square(xp.where(xp.isnan(x), number_like(x, 0.0), x - mean))
    total = xp.sum(squares, axis=axes, keepdims=True)
    found = xp.where(count == 0, number_like(x, math.nan), total / xp.where(count == 0, 1.0, count))
    return found if keepdims or not axes else xp.squeeze(found, axes)
