"""Reductions and running reductions of `keras.ops.numpy`: Keras's dtype rule and K's operation."""

from __future__ import annotations

import math
from typing import Any

import backend as K
from backend.dispatch.promotion import array_namespace

from .core import convert_to_tensor
from .dtype_rules import (
    array_like,
    at_least_float32,
    boolean,
    cast_to,
    common,
    counted,
    floats,
    in_common,
    is_complex,
    is_real_float,
    name_of,
    plain_axis,
    quiet,
    summed,
)
from .numpy_elementwise import maximum, minimum

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "average",
    "count_nonzero",
    "cumprod",
    "cumsum",
    "max",
    "mean",
    "median",
    "min",
    "nanargmax",
    "nanargmin",
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmedian",
    "nanmin",
    "nanpercentile",
    "nanprod",
    "nanquantile",
    "nanstd",
    "nansum",
    "nanvar",
    "percentile",
    "prod",
    "ptp",
    "quantile",
    "std",
    "sum",
    "var",
]

# Values below the smallest normal number of float32 count as its negative there, so that -0.0 comes before 0.0.
TINIEST = {"float32": float.fromhex("0x1p-126"), "float64": float.fromhex("0x1p-1022")}


# ---- sums and means ---------------------------------------------------------------------------------------------


def _wrapping(reduce: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """A sum or product; of unsigned integers in int32, which wraps to the same 32 bits: torch does not add uint32."""
    name = name_of(x)
    whole = cast_to(x, "int32") if name in ("uint8", "uint16", "uint32") else x
    return cast_to(reduce(whole, axis=plain_axis(axis), keepdims=keepdims), name)


@quiet
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _wrapping(K.sum, summed(x), axis, keepdims)


@quiet
def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _wrapping(K.nansum, summed(x), axis, keepdims)


@quiet
def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    x = summed(x) if dtype is None else cast_to(convert_to_tensor(x), dtype)
    return _wrapping(K.prod, x, axis, keepdims)


@quiet
def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _wrapping(K.nanprod, summed(x), axis, keepdims)


def _moment(function: Any, kept: bool) -> Any:
    """A statistic computed in 32 bits at least; the result has the dtype of x, or the one beside a Python float."""

    def computed(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        x = convert_to_tensor(x)
        dtype = name_of(x) if kept and (is_real_float(x) or is_complex(x)) else common(x, float)
        return cast_to(function(at_least_float32(x), axis=plain_axis(axis), keepdims=keepdims), dtype)

    return quiet(computed)


mean = _moment(K.mean, True)
std, var = _moment(K.std, True), _moment(K.var, False)
nanmean, nanstd, nanvar = _moment(K.nanmean, False), _moment(K.nanstd, False), _moment(K.nanvar, False)


@quiet
def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    axis = plain_axis(axis)
    if weights is None:
        x = floats(x)
        return cast_to(mean(x, axis=axis), common(x, float))
    x, weights = in_common(x, weights, beside=(float,))
    xp = array_namespace(x)
    if weights.ndim != x.ndim:
        if weights.ndim != 1 or not isinstance(axis, int):
            raise ValueError(
                f"average: weights have shape {tuple(weights.shape)} for x of shape {tuple(x.shape)} and axis {axis}, "
                "expected the shape of x, or one dimension beside one axis"
            )
        shape = [1] * x.ndim
        shape[axis] = -1
        weights = xp.reshape(weights, tuple(shape))
    weights = xp.broadcast_to(weights, x.shape)
    return K.sum(x * weights, axis=axis) / K.sum(weights, axis=axis)


def count_nonzero(x: Any, axis: Any = None) -> Any:
    return K.sum(cast_to(boolean(x), "int32"), axis=plain_axis(axis))


# ---- extremes ---------------------------------------------------------------------------------------------------


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return K.all(boolean(x), axis=plain_axis(axis), keepdims=keepdims)


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return K.any(boolean(x), axis=plain_axis(axis), keepdims=keepdims)


def _extreme(function: Any, both: Any) -> Any:
    """The largest or smallest element along axes, or `initial` beyond it."""

    def found(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
        x = convert_to_tensor(x)
        dtype, axis = name_of(x), plain_axis(axis)
        if initial is not None and 0 in x.shape:
            # nothing but `initial` is there to find along an axis without elements
            shape = tuple(K.sum(cast_to(boolean(x), "int32"), axis=axis, keepdims=keepdims).shape)
            return array_namespace(x).broadcast_to(array_like(x, initial), shape)
        result = cast_to(function(counted(x), axis=axis, keepdims=keepdims), dtype)
        return result if initial is None else cast_to(both(result, initial), dtype)

    return found


max, min = _extreme(K.max, maximum), _extreme(K.min, minimum)


def amax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return max(x, axis=axis, keepdims=keepdims)


def amin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return min(x, axis=axis, keepdims=keepdims)


def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    x = convert_to_tensor(x)
    return cast_to(K.nanmax(counted(x), axis=plain_axis(axis), keepdims=keepdims), name_of(x))


def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    x = convert_to_tensor(x)
    return cast_to(K.nanmin(counted(x), axis=plain_axis(axis), keepdims=keepdims), name_of(x))


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return max(x, axis=axis, keepdims=keepdims) - min(x, axis=axis, keepdims=keepdims)


def _places(name: str) -> Any:
    """The place of an extreme: -0.0 lies below 0.0."""

    def found(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        x = counted(x)
        if is_real_float(x) and x.ndim:
            x = at_least_float32(x)
            xp = array_namespace(x)
            x = xp.where((x == 0) & xp.signbit(x), array_like(x, -TINIEST[name_of(x)]), x)
        if axis is None:  # the standard's keepdims counts for no axis, too, but not every library's
            xp = array_namespace(x)
            place = getattr(xp, name)(xp.reshape(x, (-1,)))
            return cast_to(xp.reshape(place, (1,) * x.ndim) if keepdims else place, "int32")
        return cast_to(getattr(array_namespace(x), name)(x, axis=axis, keepdims=keepdims), "int32")

    return found


argmax, argmin = _places("argmax"), _places("argmin")


def _places_of_numbers(places: Any, worst: float) -> Any:
    """As `argmax` or `argmin` without NaN; -1 where all elements are NaN."""

    def found(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        x = convert_to_tensor(x)
        if not is_real_float(x):
            return places(x, axis=axis, keepdims=keepdims)
        xp = array_namespace(x)
        missing = xp.isnan(x)
        found = places(xp.where(missing, array_like(x, worst), x), axis=axis, keepdims=keepdims)
        return xp.where(all(missing, axis=axis, keepdims=keepdims), array_like(found, -1), found)

    return found


nanargmax, nanargmin = _places_of_numbers(argmax, -math.inf), _places_of_numbers(argmin, math.inf)


# ---- running sums and products ----------------------------------------------------------------------------------


def _running(function: Any, missing: float | None = None) -> Any:
    """A running sum or product along an axis, of all elements in one row without one."""

    def computed(x: Any, axis: Any = None, dtype: Any = None) -> Any:
        x = convert_to_tensor(x)
        xp = array_namespace(x)
        if missing is not None and is_real_float(x):
            x = xp.where(xp.isnan(x), array_like(x, missing), x)
        name = common(x if dtype is None else dtype)
        x = cast_to(x, "int32" if name == "bool" else name)
        if axis is None:
            x, axis = xp.reshape(x, (-1,)), 0
        return function(x, axis=axis)

    return quiet(computed)


cumsum, cumprod = _running(K.cumsum), _running(K.cumprod)
nancumsum, nancumprod = _running(K.cumsum, 0.0), _running(K.cumprod, 1.0)


# ---- quantiles --------------------------------------------------------------------------------------------------


@quiet
def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    x = convert_to_tensor(x)
    return cast_to(K.median(at_least_float32(x), axis=plain_axis(axis), keepdims=keepdims), common(x, float))


@quiet
def nanmedian(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    x = convert_to_tensor(x)
    return cast_to(K.nanmedian(at_least_float32(x), axis=plain_axis(axis), keepdims=keepdims), common(x, float))


def _quantile(function: Any, x: Any, q: Any, axis: Any, method: str, keepdims: bool) -> Any:
    """The quantiles for an array q of any shape."""
    x = convert_to_tensor(x)
    shares, shape = _shares(q)
    found = function(at_least_float32(x), shares, axis=plain_axis(axis), method=method, keepdims=keepdims)
    found = array_namespace(found).reshape(found, (*shape, *found.shape[1:]))
    return cast_to(found, name_of(x) if name_of(x) == "float64" and function is K.nanquantile else common(x, float))


def _shares(q: Any) -> tuple[list[float], tuple[int, ...]]:
    """The shares in one list, and the shape that they came in."""
    from .core import convert_to_numpy

    values = convert_to_numpy(convert_to_tensor(q))
    return [float(share) for share in values.reshape(-1)], tuple(values.shape)


@quiet
def quantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    return _quantile(K.quantile, x, q, axis, method, keepdims)


@quiet
def nanquantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    return _quantile(K.nanquantile, x, q, axis, method, keepdims)


def percentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    return quantile(x, _hundredths(q), axis, method, keepdims)


def nanpercentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    return nanquantile(x, _hundredths(q), axis, method, keepdims)


def _hundredths(q: Any) -> Any:
    """Percentages as shares, in double precision."""
    return [_hundredths(part) for part in q] if isinstance(q, (list, tuple)) else _of_host(q)


def _of_host(q: Any) -> Any:
    from .core import convert_to_numpy

    return convert_to_numpy(convert_to_tensor(q)).astype("float64") / 100.0
