"""Quantiles and the median along axes."""

from __future__ import annotations

import math
from typing import Any

from ..arrays.arguments import items, number, shown
from ..arrays.checks import is_concrete
from ..arrays.dtypes import dtype_name
from ..arrays.namespaces import host
from ..arrays.typing import Array, ArrayLike, Axis
from ..autodiff.cotangents import zeros
from ..autodiff.scatter import take_adjoint
from ..dispatch.boundary import axes_of, moved, number_like, numbers_like, product, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, device_of, floating, is_array
from ..graph.composite import composite, spec
from .selection import take_along_axis_

__all__ = ["median", "nanmedian", "nanquantile", "quantile"]

METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


@operation
def quantile(x: ArrayLike, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Array:
    """Find the values below which given shares of the elements lie.

    Parameters
    ----------
    x : array
        Integers become floatx.
    q : float or sequence of floats
        The shares, from 0 (the smallest element) to 1 (the largest).
    axis : int, sequence of ints or None
        The axes whose elements count as one set; all of them for None, none for [].
    method : {'linear', 'lower', 'higher', 'midpoint', 'nearest'}
        What to give for a share that falls between two elements: interpolate, take the smaller, the larger, their
        mean, or the nearer one (of two equally near ones that of even place).
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array
        The shape of q, then the remaining sizes of x.

    Raises
    ------
    ValueError
        For a share outside 0 to 1, another method, and an axis out of range or named twice.
    TypeError
        For complex numbers, and for a symbolic q.

    Notes
    -----
    A NaN among the elements gives NaN, and so do no elements. Between an infinity and a number lies that infinity. The
    place of a share among the elements is computed in double precision, on every library. The gradient goes to the
    elements that make up the result.

    References
    ----------
    NumPy's ``quantile``; Keras 3, ``keras.ops.quantile``.

    Examples
    --------
    >>> K.quantile(np.asarray([1.0, 2.0, 3.0, 4.0]), [0.0, 0.5, 0.9])
    array([1. , 2.5, 3.7])
    """
    return _quantile("quantile", x, q, axis, method, keepdims)


@operation
def median(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Find the middle of the elements along axes: the mean of the two in the middle for an even number of them.

    Parameters
    ----------
    x : array
        Integers become floatx.
    axis : int, sequence of ints or None
        The axes whose elements count as one set; all of them for None, none for [].
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
    A NaN among the elements gives NaN, and so do no elements. The gradient goes to the element in the middle, or in
    halves to both.

    References
    ----------
    NumPy's ``median``; Keras 3, ``keras.ops.median``.

    Examples
    --------
    >>> K.median(np.asarray([[1.0, 5.0, 9.0], [2.0, 4.0, 3.0]]), axis=1)
    array([5., 3.])
    """
    return _quantile("median", x, 0.5, axis, "linear", keepdims)


@operation
def nanquantile(x: ArrayLike, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Array:
    """Find the values below which given shares of the elements lie that are not NaN.

    Parameters
    ----------
    x : array
        Integers become floatx.
    q : float or sequence of floats
        The shares, from 0 (the smallest element) to 1 (the largest).
    axis : int, sequence of ints or None
        The axes whose elements count as one set; all of them for None, none for [].
    method : {'linear', 'lower', 'higher', 'midpoint', 'nearest'}
        As in `quantile`.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array
        The shape of q, then the remaining sizes of x.

    Raises
    ------
    ValueError
        For a share outside 0 to 1, another method, and an axis out of range or named twice.
    TypeError
        For complex numbers, and for a symbolic q.

    Notes
    -----
    NaN where all elements are NaN, and where there are none. Places among the elements are computed in float64, where a
    device has it. The gradient goes to the elements that make up the result.

    References
    ----------
    NumPy's ``nanquantile``; Keras 3, ``keras.ops.nanquantile``.

    Examples
    --------
    >>> K.nanquantile(np.asarray([1.0, np.nan, 3.0]), [0.5, 1.0])
    array([2., 3.])
    """
    return _quantile("nanquantile", x, q, axis, method, keepdims, missing=True)


@operation
def nanmedian(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Find the middle of the elements along axes that are not NaN.

    Parameters
    ----------
    x : array
        Integers become floatx.
    axis : int, sequence of ints or None
        The axes whose elements count as one set; all of them for None, none for [].
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
    NaN where all elements are NaN, and where there are none. The gradient goes to the element in the middle, or in
    halves to both.

    References
    ----------
    NumPy's ``nanmedian``; Keras 3, ``keras.ops.nanmedian``.

    Examples
    --------
    >>> K.nanmedian(np.asarray([[1.0, np.nan, 9.0], [2.0, 4.0, 3.0]]), axis=1)
    array([5., 3.])
    """
    return _quantile("nanmedian", x, 0.5, axis, "linear", keepdims, missing=True)


def _of_numbers(rows: Array, shares: tuple[float, ...], method: str) -> Array:
    """The quantiles of the elements along the last axis that are not NaN, one for each share along a first axis."""
    xp, n = array_namespace(rows), sizes(rows)[-1]
    if rows.shape[-1] == 0 or not shares:  # rows are read: a program must not leave out what refuses other sizes
        nan = xp.full((len(shares), *[1] * (rows.ndim - 1)), math.nan, dtype=rows.dtype, device=device_of(rows))
        return nan + xp.sum(rows, axis=-1)
    missing = xp.isnan(rows)
    ordered = xp.sort(xp.where(missing, number_like(rows, math.inf), rows), axis=-1)
    count = n - xp.sum(xp.astype(missing, xp.int32), axis=-1, keepdims=True, dtype=xp.int32)
    found = []
    for share in shares:
        low = place_among(count, share=share, method=method)
        value = take_along_axis_(ordered, low, axis=rows.ndim - 1, within=True)
        if method in ("linear", "midpoint"):
            high = place_among(count, share=share, method="above")
            weight = weight_among(count, share=share, half=method == "midpoint", dtype=dtype_name(rows.dtype))
            above = take_along_axis_(ordered, high, axis=rows.ndim - 1, within=True)
            value = xp.where((value == above) | (weight == 0), value, value * (1.0 - weight) + above * weight)
        found.append(xp.where(count > 0, value, number_like(rows, math.nan))[..., 0])
    return xp.stack(found)


def _place(count: Array, share: float) -> tuple[Any, Array, Array, Any]:
    """The namespace, the last place among so many elements, and the place of a share, as a sum of two terms.

    Without float64, the first term has the first 12 bits of the share, so that it is exact for 4096 elements.
    """
    xp = array_namespace(count)
    last = xp.maximum(count - 1, xp.zeros_like(count))
    info = getattr(xp, "__array_namespace_info__", None)
    narrow = info is not None and "float64" not in info().dtypes(device=device_of(count), kind="real floating")
    if not narrow:
        return xp, last, xp.astype(last, xp.float64) * share, 0.0
    wide, coarse = xp.astype(last, xp.float32), round(share * 4096) / 4096
    return xp, last, wide * coarse, wide * (share - coarse)


@composite(discrete=True)
def place_among(count: Array, *, share: float, method: str) -> Array:
    """The index of the element that a share falls on by the method; for 'above' the one after the next lower one."""
    xp, last, coarse, fine = _place(count, share)
    place = coarse + fine
    if method == "above":
        place = xp.minimum(xp.floor(place) + 1.0, xp.astype(last, place.dtype))
    else:
        place = xp.round(place) if method == "nearest" else xp.ceil(place) if method == "higher" else xp.floor(place)
    return xp.astype(place, xp.arange(0, device=device_of(count)).dtype)


@place_among.shape
def _(count, *, share, method):
    return spec(sizes(count), "int64")


@composite(discrete=True)
def weight_among(count: Array, *, share: float, half: bool, dtype: str) -> Array:
    """How far the place of a share lies beyond the element below it; half of the way, if beyond at all."""
    xp, _, coarse, fine = _place(count, share)
    weight = xp.astype((coarse - xp.floor(coarse + fine)) + fine, getattr(xp, dtype))
    return xp.where(weight > 0, number_like(weight, 0.5), weight) if half else weight


@weight_among.shape
def _(count, *, share, half, dtype):
    return spec(sizes(count), dtype)


def _quantile(name: str, x: ArrayLike, q: Any, axis: Any, method: str, keepdims: bool, missing: bool = False) -> Array:
    xp, x = floating(x)
    if method not in METHODS:
        raise ValueError(f"{name}: method is {method!r}, expected one of {', '.join(METHODS)}")
    shares, single = _shares(name, q)
    shape, axes = sizes(x), axes_of(name, axis, x.ndim)
    rest = tuple(a for a in range(x.ndim) if a not in axes)
    order = (*rest, *axes)
    rows = x if order == tuple(range(x.ndim)) else xp.permute_dims(x, order)
    if len(axes) != 1:
        rows = xp.reshape(rows, (*(shape[a] for a in rest), product(shape[a] for a in axes)))
    if missing:
        found = _of_numbers(rows, shares, method)
    else:
        found = quantiles_of_sorted(xp.sort(rows, axis=-1), shares=shares, method=method)
        found = xp.where(xp.any(xp.isnan(rows), axis=-1), number_like(rows, math.nan), found)
    if single:
        found = found[0, ...]
    if keepdims:
        kept = tuple(1 if a in axes else n for a, n in enumerate(shape))
        found = xp.reshape(found, kept if single else (len(shares), *kept))
    return found


def _shares(name: str, q: Any) -> tuple[tuple[float, ...], bool]:
    """The shares as Python numbers, and whether it is one alone."""
    if is_array(q):
        if not is_concrete(q):
            raise TypeError(f"{name}: q is {shown(q)}, expected a number or a sequence of them, which have values now")
        q = host(q).tolist()
    given = list(items(q)) if isinstance(q, (list, tuple, range)) else [q]
    shares = tuple(float(number(name, "q" if given is q else "an entry of q", share)) for share in given)
    for share in shares:
        if not 0 <= share <= 1:
            raise ValueError(f"{name}: q is {shown(q)}, expected numbers from 0 to 1")
    return shares, not isinstance(q, (list, tuple, range))


def _places(n: int, shares: tuple[float, ...], method: str) -> tuple[list[int], list[int], list[float]]:
    """For each share the two places among n sorted elements that it falls between, and the weight of the second."""
    low, high, weights = [], [], []
    for share in shares:
        place = share * (n - 1)
        below = math.floor(place)
        above, weight = min(below + 1, n - 1), place - below
        if method == "lower" or not weight:
            above, weight = below, 0.0
        elif method == "higher":
            below, weight = above, 0.0
        elif method == "nearest":
            below = above = round(place)
            weight = 0.0
        elif method == "midpoint":
            weight = 0.5
        low.append(below)
        high.append(above)
        weights.append(weight)
    return low, high, weights


@composite
def quantiles_of_sorted(x: Array, *, shares: Any, method: str) -> Array:
    """The quantiles of the sorted elements along the last axis, one for each share along a first axis."""
    xp, n = array_namespace(x), x.shape[-1]
    if not n or not shares:
        return xp.full((len(shares), *x.shape[:-1]), math.nan, dtype=x.dtype, device=device_of(x))
    low, high, weights = _places(n, shares, method)
    index = xp.arange(0, device=device_of(x)).dtype
    found = xp.take(x, numbers_like(x, low, index), axis=-1)
    if any(weights):
        above = xp.take(x, numbers_like(x, high, index), axis=-1)
        # where both are one element or one infinity, nothing is added up
        found = xp.where(found == above, found, found * _row(x, weights, True) + above * _row(x, weights))
    return moved(found, -1, 0)


def _row(x: Array, weights: list[float], others: bool = False) -> Array:
    """The weights as an array like x, or what they lack of 1."""
    return numbers_like(x, [1.0 - w for w in weights] if others else weights)


@quantiles_of_sorted.shape
def _(x, *, shares, method):
    return (len(shares), *sizes(x)[:-1])


@quantiles_of_sorted.vjp
def _(g, out, x, *, shares, method):
    return quantiles_adjoint(g, shares=shares, method=method, size=sizes(x)[-1])


@composite
def quantiles_adjoint(g: Array, *, shares: Any, method: str, size: Any) -> Array:
    """The adjoint of `quantiles_of_sorted`: each cotangent is shared out to the two elements of its quantile."""
    if not size or not shares:
        return zeros(g, (*sizes(g)[1:], size))
    xp = array_namespace(g)
    low, high, weights = _places(size, shares, method)
    g = moved(g, 0, -1)
    both = xp.concat([g * _row(g, weights, True), g * _row(g, weights)], axis=-1)
    index = numbers_like(g, [*low, *high], xp.arange(0, device=device_of(g)).dtype)
    return take_adjoint(both, index, axis=g.ndim - 1, size=size)


@quantiles_adjoint.shape
def _(g, *, shares, method, size):
    return (*sizes(g)[1:], size)


@quantiles_adjoint.vjp
def _(h, out, g, *, shares, method, size):
    return quantiles_of_sorted(h, shares=shares, method=method)
