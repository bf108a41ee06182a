"""Different values and how often they occur."""

from __future__ import annotations

from typing import Any

from ..arrays.checks import is_concrete
from ..arrays.typing import Array, ArrayLike, Size
from ..dispatch.boundary import count_of, number_like, numbers_like
from ..dispatch.operation import operation
from ..dispatch.promotion import arrays, device_of, dtype_name, floating, is_float, is_integer, real
from .segments import segment_sum_of

__all__ = ["bincount", "histogram", "unique"]

_counted = range  # Python's; a parameter shadows it below


@operation
def unique(x: ArrayLike, return_inverse: bool = False, return_counts: bool = False) -> Any:
    """Find the different values in an array, the smallest first.

    Parameters
    ----------
    x : array
        Any shape, with values: no symbolic tensor, since their number decides the shape of the result.
    return_inverse : bool
        Whether to give the place of each element's value, too.
    return_counts : bool
        Whether to give how often each value occurs, too.

    Returns
    -------
    array or tuple of arrays
        The values, one dimension, in the dtype of x; then, where wanted, the places in the shape of x and the counts,
        in the library's integer dtype.

    Raises
    ------
    ValueError
        For a symbolic tensor, and for an array that a transformation traces.
    TypeError
        For complex numbers, which have no order.

    Notes
    -----
    All NaN count as one value, which comes last. The two zeros are one value: the zero that comes first in x.

    References
    ----------
    NumPy's ``unique``, with an ``inverse`` in the shape of x as in the standard's ``unique_inverse``.

    Examples
    --------
    >>> K.unique(np.asarray([2, 1, 2]), return_counts=True)
    (array([1, 2]), array([1, 2]))
    """
    _, given = arrays(x)
    xp, numbers = real(given)
    if not is_concrete(given):
        raise ValueError(
            "unique: x has no values yet, expected an array of numbers: how many different values there are decides "
            "the shape of the result (K.eval a symbolic tensor first)"
        )
    flat = xp.reshape(numbers, (-1,))
    order = xp.argsort(flat, stable=True)
    ordered = xp.take(flat, order, axis=0)
    count = flat.shape[0]
    later, earlier = ordered[min(1, count) :], ordered[: max(count - 1, 0)]
    differs = later != earlier
    if is_float(dtype_name(flat.dtype)):
        differs = differs & ~(xp.isnan(later) & xp.isnan(earlier))
    first = xp.zeros((1 if count else 0,), dtype=order.dtype, device=device_of(flat))
    groups = xp.concat([first, xp.cumulative_sum(xp.astype(differs, order.dtype), dtype=order.dtype)], axis=0)
    places = xp.arange(int(groups[-1]) + 1 if count else 0, dtype=order.dtype, device=device_of(flat))
    begins = xp.searchsorted(groups, places)
    found = [xp.astype(xp.take(ordered, begins, axis=0), given.dtype)]
    if return_inverse:
        found.append(xp.reshape(xp.take(groups, xp.argsort(order), axis=0), given.shape))
    if return_counts:
        found.append(xp.searchsorted(groups, places, side="right") - begins)
    return found[0] if len(found) == 1 else tuple(found)


@operation
def bincount(x: Array, weights: ArrayLike | None = None, minlength: int = 0, length: Size | None = None) -> Array:
    """Count how often each integer from 0 on occurs, or add up the weights of its occurrences.

    Parameters
    ----------
    x : array of integers
        One dimension.
    weights : array, optional
        One for each element of x, to add up instead of counting.
    minlength : int
        The least size of the result.
    length : int, optional
        The size of the result. Without it the largest element decides, so x needs values: no symbolic tensor.

    Returns
    -------
    array
        One dimension: counts in the library's integer dtype, or sums in the dtype of the weights.

    Raises
    ------
    TypeError
        Unless x holds integers.
    ValueError
        For x of other than one dimension, weights of another shape, a negative element or size, and for a symbolic x
        without `length`.

    Notes
    -----
    With `length`, elements beyond it are not counted, and in a graph neither are negative ones. The gradient of the
    sums leads to the weights.

    References
    ----------
    NumPy's ``bincount``; ``length`` as in JAX.

    Examples
    --------
    >>> K.bincount(np.asarray([0, 2, 2, 5]), length=4)
    array([1, 0, 2, 0])
    """
    xp, x = arrays(x)
    if not is_integer(dtype_name(x.dtype)):
        raise TypeError(f"bincount: x has dtype {dtype_name(x.dtype)}, expected an integer dtype")
    if x.ndim != 1:
        raise ValueError(f"bincount: x has {x.ndim} dimensions, expected 1")
    size = _bins(xp, x, count_of("bincount", "minlength", minlength), length)
    if weights is not None:
        return segment_sum_of("bincount", weights, x, size, "weights", "x")
    if dtype_name(x.dtype) not in ("int32", "int64"):
        x = xp.astype(x, xp.int64 if dtype_name(x.dtype) in ("uint32", "uint64") else xp.int32)
    edges = xp.arange(size + 1, dtype=x.dtype, device=device_of(x))
    below = xp.searchsorted(xp.sort(x), edges)
    return below[1:] - below[:-1]


def _bins(xp: Any, x: Array, least: int, length: Any) -> Any:
    """The number of counts; ValueError for a negative element, where elements are concrete."""
    known = is_concrete(x) and 0 not in x.shape
    if known and int(xp.min(x)) < 0:
        raise ValueError(f"bincount: x holds {int(xp.min(x))}, expected integers of at least 0")
    if length is not None:
        return count_of("bincount", "length", length)
    if not is_concrete(x):
        raise ValueError("bincount: x has no values yet, which decide the size of the result; give length")
    return max(least, int(xp.max(x)) + 1) if known else least


@operation
def histogram(x: ArrayLike, bins: int = 10, range: Any = None) -> tuple[Array, Array]:
    """Count the elements in intervals of equal length.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.
    bins : int
        The number of intervals, at least 1.
    range : pair of floats, optional
        Where the first interval begins and the last one ends; the smallest and the largest element without it.

    Returns
    -------
    tuple of arrays
        `bins` counts, in the library's integer dtype, and the `bins` + 1 ends of the intervals, in the dtype of x.

    Raises
    ------
    ValueError
        For fewer than 1 interval, a range that is not two finite numbers in ascending order, and, without a range,
        for an element that is not finite (in a graph the counts mean nothing then) and for no elements.

    Notes
    -----
    An interval holds the elements from its beginning up to its end, which belongs to the next one; the last interval
    holds its end, too. Elements outside of the range, and NaN, are not counted. Where all numbers are one, the
    interval reaches from half below to half above it. The counts have no gradient, the ends have one.

    References
    ----------
    NumPy's ``histogram``; Keras 3, ``keras.ops.histogram``.

    Examples
    --------
    >>> K.histogram(np.asarray([0.0, 1.0, 1.5, 4.0]), bins=2)
    (array([3, 1]), array([0., 2., 4.]))
    """
    xp, x = floating(x)
    if bins < 1:
        raise ValueError(f"histogram: bins is {bins}, expected at least 1")
    flat = xp.reshape(x, (-1,))
    shares = [i / bins for i in _counted(bins)]  # where the intervals begin
    if range is None:
        if flat.shape[0] == 0:
            raise ValueError("histogram: x has no elements, expected some, or a range")
        if is_concrete(flat) and not bool(xp.all(xp.isfinite(flat))):
            raise ValueError("histogram: x holds NaN or infinity, expected finite numbers, or a range")
        low, high = xp.min(flat, keepdims=True), xp.max(flat, keepdims=True)
        half = xp.where(low == high, number_like(flat, 0.5), number_like(flat, 0.0))
        low, high = low - half, high + half
        inner = numbers_like(flat, shares)
        ends = xp.concat([low + (high - low) * inner, high], axis=0)
    else:
        low, high = _range(range)
        numbers = [low + (high - low) * share for share in shares]
        ends = xp.asarray([*numbers, high], dtype=flat.dtype, device=device_of(flat))
    # libraries search beside NaN in their own ways; infinity lies outside of every range
    ordered = xp.sort(xp.where(xp.isnan(flat), number_like(flat, float("inf")), flat))
    below = xp.searchsorted(ordered, ends[:-1])
    upto = xp.searchsorted(ordered, ends[-1:], side="right")
    below = xp.concat([below, upto], axis=0)
    return below[1:] - below[:-1], ends


def _range(given: Any) -> tuple[float, float]:
    """Two finite numbers in ascending order."""
    try:
        low, high = (float(end) for end in given)
    except (TypeError, ValueError):
        raise ValueError(f"histogram: range is {given!r}, expected two numbers") from None
    if not float("-inf") < low <= high < float("inf"):
        raise ValueError(f"histogram: range is {given!r}, expected two finite numbers in ascending order")
    return (low - 0.5, high + 0.5) if low == high else (low, high)
