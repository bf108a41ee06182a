"""Sorting along an axis, and places in what is sorted."""

from __future__ import annotations

from ..arrays.typing import Array, ArrayLike
from ..dispatch.boundary import axis_of
from ..dispatch.operation import operation
from ..dispatch.promotion import promoted_arrays, real

__all__ = ["argsort", "searchsorted", "sort"]


@operation
def sort(x: ArrayLike, axis: int = -1, descending: bool = False) -> Array:
    """Sort the elements along an axis, the smallest first.

    Parameters
    ----------
    x : array
        At least one dimension; booleans become int32.
    axis : int
    descending : bool
        Whether the order is reversed.

    Returns
    -------
    array
        Shape and dtype of x.

    Raises
    ------
    ValueError
        For an axis out of range.
    TypeError
        For complex numbers, which have no order.

    Notes
    -----
    NaN comes last, and first if `descending`. Equal elements (the two zeros) stay in their order, and are in the
    reverse order if `descending`. The gradient goes back to where each element came from.

    References
    ----------
    The standard's ``sort``; Keras 3, ``keras.ops.sort``.

    Examples
    --------
    >>> K.sort(np.asarray([3.0, 1.0, 2.0]))
    array([1., 2., 3.])
    """
    xp, x = real(x)
    axis = axis_of("sort", axis, x.ndim)
    found = xp.sort(x, axis=axis, stable=True)
    return xp.flip(found, axis=axis) if descending else found


@operation
def argsort(x: ArrayLike, axis: int = -1, descending: bool = False) -> Array:
    """Find the indices that sort the elements along an axis.

    Parameters
    ----------
    x : array
        At least one dimension.
    axis : int
    descending : bool
        Whether the largest element comes first.

    Returns
    -------
    array
        Shape of x, in the library's integer dtype.

    Raises
    ------
    ValueError
        For an axis out of range.
    TypeError
        For complex numbers, which have no order.

    Notes
    -----
    NaN comes last, and first if `descending`. Of equal elements the one with the lower index comes first, in both
    orders. There is no gradient.

    References
    ----------
    The standard's ``argsort``; Keras 3, ``keras.ops.argsort``.

    Examples
    --------
    >>> K.argsort(np.asarray([3.0, 1.0, 2.0]))
    array([1, 2, 0])
    """
    xp, x = real(x)
    return xp.argsort(x, axis=axis_of("argsort", axis, x.ndim), descending=descending, stable=True)


@operation
def searchsorted(sorted_sequence: ArrayLike, values: ArrayLike, side: str = "left") -> Array:
    """Find the places at which values belong in a sorted sequence.

    Parameters
    ----------
    sorted_sequence : array
        One dimension, in ascending order, which is not checked.
    values : array
        Any shape.
    side : {'left', 'right'}
        Whether a value comes before the elements equal to it, or after them.

    Returns
    -------
    array
        Shape of `values`: integers from 0 to the length of the sequence, in the library's integer dtype.

    Raises
    ------
    ValueError
        For a sequence that has not one dimension, and for another `side`.
    TypeError
        For complex numbers, which have no order.

    Notes
    -----
    The dtypes are promoted first. Where a NaN belongs is for the library to say. There is no gradient.

    References
    ----------
    The standard's ``searchsorted``; Keras 3, ``keras.ops.searchsorted``.

    Examples
    --------
    >>> K.searchsorted(np.asarray([1.0, 2.0, 3.0]), np.asarray([0.5, 2.0, 9.0]))
    array([0, 1, 3])
    """
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: side is {side!r}, expected 'left' or 'right'")
    xp, sequence, places = promoted_arrays(sorted_sequence, values)
    sequence, places = real(sequence)[1], real(places)[1]
    if sequence.ndim != 1:
        raise ValueError(f"searchsorted: sorted_sequence has {sequence.ndim} dimensions, expected 1")
    return xp.searchsorted(sequence, places, side=side)
