"""Gradient rules of reductions, cumulative functions and sorting.

At kinks: ties of max and min share the cotangent equally; std has slope 0 where it is 0. Products are differentiated
without division, so any number of zeros is exact.
"""

import math
from typing import Any

from ...arrays.typing import Array
from ...dispatch.boundary import sizes
from ...dispatch.promotion import array_namespace, device_of
from ..cotangents import Rule, axes_of, cast, conj, mask_, restored, sliced

__all__ = ["REDUCTIONS", "shared_extreme"]


def _sum(g, out, x, *, axis=None, dtype=None, keepdims=False):
    return cast(array_namespace(g).broadcast_to(restored(g, x, axis, keepdims), sizes(x)), x)


def _count(x, axis):
    shape = sizes(x)
    return math.prod(shape[a] for a in axes_of(axis, x.ndim))


def _mean(g, out, x, *, axis=None, keepdims=False):
    return _sum(g / _count(x, axis), out, x, axis=axis, keepdims=keepdims)


def _deviations(x, axis, correction):
    """Return x - mean(x), and count - correction."""
    xp, count = array_namespace(x), _count(x, axis)
    if correction == int(correction):
        correction = int(correction)
    elif not isinstance(count, int):  # expressions of sizes are whole numbers
        count = xp.sum(xp.ones_like(x), axis=axis, keepdims=True)
    return x - xp.mean(x, axis=axis, keepdims=True), count - correction


def _var(g, out, x, *, axis=None, correction=0.0, keepdims=False):
    deviations, degrees = _deviations(x, axis, correction)
    return restored(g, x, axis, keepdims) * 2 / degrees * deviations


def _std(g, out, x, *, axis=None, correction=0.0, keepdims=False):
    deviations, degrees = _deviations(x, axis, correction)
    slope = mask_(out != 0, g / array_namespace(g).where(out == 0, 1.0, out))
    return restored(slope, x, axis, keepdims) / degrees * deviations


def shared_extreme(g: Array, out: Array, x: Array, axis: Any, keepdims: bool) -> Array:
    """Share the cotangent of a maximum or minimum equally among the elements that equal it."""
    xp = array_namespace(g)
    reached = x == restored(out, x, axis, keepdims)
    ties = xp.sum(xp.astype(reached, g.dtype), axis=axis, keepdims=True)
    ties = xp.where(ties == 0, 1.0, ties)  # no element equals NaN
    return mask_(reached, restored(g, x, axis, keepdims) / ties)


def _extreme(g, out, x, *, axis=None, keepdims=False):
    return shared_extreme(g, out, x, axis, keepdims)


def _products_of_others(x, axis):
    """Return the product of all other elements along one axis: those before it times those after it."""
    xp = array_namespace(x)
    last = sizes(x)[axis]
    before = sliced(xp.cumulative_prod(x, axis=axis, include_initial=True), axis, 0, last)
    after = xp.cumulative_prod(xp.flip(x, axis=axis), axis=axis, include_initial=True)
    return before * xp.flip(sliced(after, axis, 0, last), axis=axis)


def _prod(g, out, x, *, axis=None, dtype=None, keepdims=False):
    xp = array_namespace(g)
    axes, shape = axes_of(axis, x.ndim), sizes(x)
    if not axes:
        return cast(g, x)
    g = restored(g, x, axis, keepdims)
    z = x if dtype is None else xp.astype(x, dtype)
    if len(axes) == 1:
        others = _products_of_others(z, axes[0])
    else:
        order = tuple(a for a in range(x.ndim) if a not in axes) + axes
        moved = xp.permute_dims(z, order)
        joined = (*tuple(shape[a] for a in order[: x.ndim - len(axes)]), math.prod(shape[a] for a in axes))
        others = _products_of_others(xp.reshape(moved, joined), len(joined) - 1)
        others = xp.reshape(others, tuple(shape[a] for a in order))
        others = xp.permute_dims(others, tuple(order.index(a) for a in range(x.ndim)))
    return cast(g * conj(others), x)


def _cumulated(g, x, axis, include_initial):
    axis = 0 if axis is None else axis % x.ndim
    return (sliced(g, axis, 1, sizes(x)[axis] + 1) if include_initial else g), axis


def _cumulative_sum(g, out, x, *, axis=None, dtype=None, include_initial=False):
    xp = array_namespace(g)
    g, axis = _cumulated(g, x, axis, include_initial)
    return cast(xp.flip(xp.cumulative_sum(xp.flip(g, axis=axis), axis=axis), axis=axis), x)


def _cumulative_prod(g, out, x, *, axis=None, dtype=None, include_initial=False):
    """Sum over j >= i of g[j] * product(x[k] for k <= j, k != i); quadratic in the axis, exact at zeros."""
    xp = array_namespace(g)
    g, axis = _cumulated(g, x, axis, include_initial)
    z = xp.moveaxis(x if dtype is None else xp.astype(x, dtype), axis, -1)
    steps = xp.arange(sizes(z)[-1], dtype=xp.int32, device=device_of(g))
    of, upto = xp.expand_dims(steps, axis=1), xp.expand_dims(steps, axis=0)
    products = xp.cumulative_prod(xp.where(of == upto, 1.0, xp.expand_dims(z, axis=-2)), axis=-1)
    terms = mask_(of <= upto, xp.expand_dims(xp.moveaxis(g, axis, -1), axis=-2) * conj(products))
    return cast(xp.moveaxis(xp.sum(terms, axis=-1), -1, axis), x)


def _sort(g, out, x, *, axis=-1, descending=False, stable=True):
    xp = array_namespace(g)
    order = xp.argsort(x, axis=axis, descending=descending, stable=True)
    places = xp.argsort(order, axis=axis)  # the inverse permutation: a gather instead of a scatter
    return xp.take_along_axis(g, places, axis=axis)


REDUCTIONS: dict[str, tuple[Rule | None, ...]] = {
    "cumulative_prod": (_cumulative_prod,),
    "cumulative_sum": (_cumulative_sum,),
    "max": (_extreme,),
    "mean": (_mean,),
    "min": (_extreme,),
    "prod": (_prod,),
    "sort": (_sort,),
    "std": (_std,),
    "sum": (_sum,),
    "var": (_var,),
}
