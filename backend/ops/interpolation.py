"""Differences of neighbours, and values between the points of a table."""

from __future__ import annotations

from ..arrays.typing import Array, ArrayLike
from ..dispatch.boundary import axis_of, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import numeric, promoted_floats

__all__ = ["diff", "interp"]


@operation
def diff(x: ArrayLike, n: int = 1, axis: int = -1) -> Array:
    """Subtract from each element the one before it along an axis.

    Parameters
    ----------
    x : array
        At least one dimension; the dtype stays, integers may wrap around; booleans become int32.
    n : int
        How many times.
    axis : int

    Returns
    -------
    array
        The axis is shorter by n, and empty if it is no longer than n.

    Raises
    ------
    ValueError
        For an axis out of range and a negative n.

    References
    ----------
    The standard's ``diff``; Keras 3, ``keras.ops.diff``.

    Examples
    --------
    >>> K.diff(np.asarray([1, 4, 9, 16]))
    array([3, 5, 7])
    """
    _, found = numeric(x)
    before = (slice(None),) * axis_of("diff", axis, found.ndim)
    if n < 0:
        raise ValueError(f"diff: n is {n}, expected at least 0")
    for _ in range(n):
        if 0 in found.shape[len(before) : len(before) + 1]:  # the standard has no slice that begins beyond the end
            break
        found = found[(*before, slice(1, None), ...)] - found[(*before, slice(None, -1), ...)]
    return found


@operation
def interp(
    x: ArrayLike, xp: ArrayLike, fp: ArrayLike, left: ArrayLike | None = None, right: ArrayLike | None = None
) -> Array:
    """Interpolate linearly between the points of a table.

    Parameters
    ----------
    x : array
        Where to evaluate; any shape. Integers become floatx.
    xp : array
        The places of the points: one dimension, at least one element, in ascending order, which is not checked.
    fp : array
        The values at the points, in the shape of `xp`.
    left, right : float or 0-d array, optional
        The results below the first point and above the last one; the values there without them.

    Returns
    -------
    array
        Shape of x.

    Raises
    ------
    ValueError
        For points that have not one dimension, differ in number from the values, or are none.
    TypeError
        For complex numbers.

    Notes
    -----
    NaN gives NaN. At a point the result is its value, exactly, and the slope that of the interval above it: 0 at the
    last point. Of points at one place the last one counts. The gradient leads to x, the points, the values and both
    ends. An infinite value makes the results at its neighbours NaN.

    References
    ----------
    NumPy's ``interp``.

    Examples
    --------
    >>> K.interp(np.asarray([0.5, 1.0, 5.0]), np.asarray([0.0, 1.0, 3.0]), np.asarray([10.0, 20.0, 40.0]))
    array([15., 20., 40.])
    """
    ends = [end for end in (left, right) if end is not None]
    space, at, places, values, *given = promoted_floats(x, xp, fp, *ends)
    if places.ndim != 1 or values.ndim != 1:
        raise ValueError(f"interp: xp has {places.ndim} dimensions and fp {values.ndim}, expected 1 each")
    n, m = places.shape[0], values.shape[0]
    if n == 0 or (None not in (n, m) and n != m):
        raise ValueError(f"interp: xp has {n} elements and fp {m}, expected one number of at least 1")
    shape, at = sizes(at), space.reshape(at, (-1,))
    after = space.searchsorted(places, at, side="right")
    last = sizes(places)[0] - 1
    first = space.maximum(after - 1, 0)
    second = space.where(first < last, first + 1, first)
    x0, x1 = (space.take(places, index, axis=0) for index in (first, second))
    y0, y1 = (space.take(values, index, axis=0) for index in (first, second))
    between = y0 + (at - x0) / space.where(x0 == x1, 1.0, x1 - x0) * (y1 - y0)
    above = given.pop() if right is not None else values[-1]
    below = given.pop() if left is not None else values[0]
    found = space.where(at < places[0], below, space.where(at > places[-1], above, between))
    return space.reshape(found, shape)
