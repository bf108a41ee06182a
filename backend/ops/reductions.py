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


@fast_reduction(real)
@operation
def max(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest element along axes.

    Shapes and dtypes: the reduced axes go, or stay with size 1; the dtype stays, booleans become int32. axis is an
    int, several, None for all, or [] for none.
    Edge values: NaN wins. No elements give -inf, or the dtype's smallest integer; where a size turns out to be
    0 only at run time, the library's error. Gradient: ties share it equally.
    Errors: ValueError for an axis out of range or named twice.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = real(x)
    return reduced_along("max", xp, x, axis, keepdims, -math.inf)


@fast_reduction(real)
@operation
def min(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest element along axes; no elements give inf, or the dtype's largest integer.

    All else as in `max`.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = real(x)
    return reduced_along("min", xp, x, axis, keepdims, math.inf)


def _extreme(x: Array, infinity: float) -> Any:
    name = dtype_name(x.dtype)
    return limits(name)[infinity > 0] if is_integer(name) else infinity


@fast_reduction(floating)
@operation
def sum(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The sum along axes; 0 for no elements.

    Shapes and dtypes: the reduced axes go, or stay with size 1; the dtype stays, integers too, which may wrap around;
    booleans become int32. axis is an int, several, None for all, or [] for none. A list of arrays is stacked first.
    Errors: ValueError for an axis out of range or named twice.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = numeric(x)
    return reduced_along("sum", xp, x, axis, keepdims, **kept(x))


@fast_reduction(floating)
@operation
def prod(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The product along axes; 1 for no elements.

    Gradient: exact with any number of zeros. All else as in `sum`.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = numeric(x)
    return reduced_along("prod", xp, x, axis, keepdims, **kept(x))


@operation
def mean(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The mean along axes.

    Shapes and dtypes: the reduced axes go, or stay with size 1; floating dtypes stay, integers and booleans become
    floatx. axis is an int, several, None for all, or [] for none.
    Edge values: NaN for no elements. Errors: ValueError for an axis out of range or named twice.

    Source: Keras 2.3.1 backend semantics; integers as in its Theano backend.
    """
    xp, x = inexact(x)
    return _moment("mean", xp, x, axis, keepdims)


@operation
def var(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The variance along axes, the mean of the squared deviations (no Bessel correction); all else as in `mean`.

    Source: Keras 2.3.1 backend semantics; integers as in its Theano backend.
    """
    xp, x = floating(x)
    return _moment("var", xp, x, axis, keepdims)


@operation
def std(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The square root of the variance along axes.

    Gradient: 0 where the result is 0. All else as in `mean`.

    Source: Keras 2.3.1 backend semantics; integers as in its Theano backend.
    """
    xp, x = floating(x)
    return _moment("std", xp, x, axis, keepdims)


def _moment(name: str, xp: Any, x: Array, axis: Any, keepdims: bool) -> Array:
    if 0 in x.shape:  # the result is NaN or empty, without a warning from the library
        return _filled(name, xp, x, axis, keepdims, math.nan)
    return reduced_along(name, xp, x, axis, keepdims)


@operation
def any(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether any element along axes is nonzero, as booleans; NaN counts as nonzero. False for no elements.

    Shapes and dtypes: the reduced axes go, or stay with size 1. axis is an int, several, None for all, or [] for none.
    Errors: ValueError for an axis out of range or named twice.

    Source: Keras 2.3.1 backend semantics.
    """
    return _truth("any", x, axis, keepdims)


@operation
def all(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether all elements along axes are nonzero, as booleans. True for no elements; all else as in `any`.

    Source: Keras 2.3.1 backend semantics.
    """
    return _truth("all", x, axis, keepdims)


def _truth(name: str, x: ArrayLike, axis: Any, keepdims: bool) -> Array:
    xp, x = arrays(x)
    return reduced_along(name, xp, x if dtype_name(x.dtype) == "bool" else xp.astype(x, xp.bool), axis, keepdims)


@operation
def argmax(x: ArrayLike, axis: int | None = -1) -> Array:
    """The position of the largest element along an axis.

    Shapes and dtypes: the axis goes; int64 (JAX without 64 bits: int32). None counts in the flattened array.
    Edge values: the first of equal elements, and the first NaN before anything else (Keras on TensorFlow skips
    NaN). There is no gradient.
    Errors: ValueError for an axis out of range or without elements.

    Source: Keras 2.3.1 backend semantics; NaN as in the standard's libraries.
    """
    return _position("argmax", x, axis)


@operation
def argmin(x: ArrayLike, axis: int | None = -1) -> Array:
    """The position of the smallest element along an axis; all else as in `argmax`.

    Source: Keras 2.3.1 backend semantics; NaN as in the standard's libraries.
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
    """The sums of all elements up to each one along an axis.

    Shapes and dtypes: those of x, integers too, which may wrap around; booleans become int32.
    Errors: ValueError for an axis out of range.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = numeric(x)
    return xp.cumulative_sum(x, axis=axis_of("cumsum", axis, x.ndim), dtype=x.dtype)


@operation
def cumprod(x: ArrayLike, axis: int = 0) -> Array:
    """The products of all elements up to each one along an axis.

    Gradient: exact with any number of zeros, in time quadratic in the axis. All else as in `cumsum`.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = numeric(x)
    return xp.cumulative_prod(x, axis=axis_of("cumprod", axis, x.ndim), dtype=x.dtype)


@operation
def logsumexp(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """log(sum(exp(x))) along axes, without overflow.

    Shapes and dtypes: as in `mean`.
    Edge values: -inf for no elements and for -inf alone; inf gives inf, NaN gives NaN. Gradient: the softmax.
    Errors: ValueError for an axis out of range or named twice.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = floating(x)
    if _is_empty("logsumexp", x, axis):
        return _filled("logsumexp", xp, x, axis, keepdims, -math.inf)
    axes = axes_of("logsumexp", axis, x.ndim)
    highest = stop_gradient(xp.max(x, axis=axes, keepdims=True))
    shift = xp.where(xp.isfinite(highest), highest, 0.0)
    result = xp.log(xp.sum(xp.exp(x - shift), axis=axes, keepdims=True)) + shift
    return result if keepdims or not axes else xp.squeeze(result, axes)
