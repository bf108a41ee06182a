"""Elements moved around: arrays split into parts, and rolled along axes."""

from __future__ import annotations

from typing import Any

from ..arrays.arguments import integer, is_sequence, items
from ..arrays.typing import Array, ArrayLike, Axis, PerAxis
from ..dispatch.boundary import axes_of, axis_of, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import arrays

__all__ = ["roll", "split"]


@operation
def split(x: ArrayLike, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    """Split an array into parts along an axis.

    Parameters
    ----------
    x : array
        At least one dimension.
    indices_or_sections : int or sequence of ints
        Into how many equal parts, or where the second and each further part begins.
    axis : int

    Returns
    -------
    list of arrays
        The dtype stays.

    Raises
    ------
    ValueError
        For an axis out of range, a number of parts below 1 or one that does not divide the size of the axis (if that
        is unknown, when the function runs), and indices that are negative or not in ascending order.
    TypeError
        For anything but integers.

    Notes
    -----
    An index beyond the end counts as the end, so parts may be empty.

    References
    ----------
    NumPy's ``split``; Keras 3, ``keras.ops.split``.

    Examples
    --------
    >>> K.split(np.asarray([1, 2, 3, 4]), 2)
    [array([1, 2]), array([3, 4])]
    >>> K.split(np.asarray([1, 2, 3, 4]), [1, 3])
    [array([1]), array([2, 3]), array([4])]
    """
    xp, x = arrays(x)
    axis = axis_of("split", axis, x.ndim)
    before, n = (slice(None),) * axis, sizes(x)[axis]
    if is_sequence(indices_or_sections):
        cuts = [integer("split", "an entry of indices_or_sections", i) for i in items(indices_or_sections)]
        if any(b < a for a, b in zip([0, *cuts], cuts, strict=False)):
            raise ValueError(f"split: indices_or_sections is {cuts}, expected numbers of at least 0 in ascending order")
        if isinstance(n, int):
            cuts = [min(cut, n) for cut in cuts]
        return [x[(*before, slice(a, b), ...)] for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
    count = integer("split", "indices_or_sections", indices_or_sections)
    if count < 1 or (isinstance(n, int) and n % count):
        raise ValueError(
            f"split: indices_or_sections is {count} for axis {axis} of shape {tuple(x.shape)}, expected a number of at "
            "least 1 that divides the axis, or a sequence of indices"
        )
    if isinstance(n, int):
        step = n // count
        return [x[(*before, slice(i * step, (i + 1) * step), ...)] for i in range(count)]
    # in one reshape, which refuses a size that the number does not divide
    parts = xp.reshape(x, (*sizes(x)[:axis], count, n // count, *sizes(x)[axis + 1 :]))
    return [parts[(*before, i, ...)] for i in range(count)]


@operation
def roll(x: ArrayLike, shift: PerAxis, axis: Axis = None) -> Array:
    """Move the elements along axes; what leaves at one end comes in at the other.

    Parameters
    ----------
    x : array
    shift : int or sequence of ints
        By how many places, for all axes or for each; negative numbers move towards the front.
    axis : int, sequence of ints or None
        None rolls the flattened array.

    Returns
    -------
    array
        Shape and dtype of x.

    Raises
    ------
    ValueError
        For an axis out of range or named twice, and another number of shifts than of axes.

    References
    ----------
    The standard's ``roll``; Keras 3, ``keras.ops.roll``.

    Examples
    --------
    >>> K.roll(np.asarray([1, 2, 3, 4]), 1)
    array([4, 1, 2, 3])
    """
    xp, x = arrays(x)
    if axis is None:
        if not isinstance(shift, int):
            raise ValueError(f"roll: shift is {shift} without an axis, expected an int")
        return xp.roll(x, shift)
    axes = axes_of("roll", axis, x.ndim)
    shifts: Any = (shift,) * len(axes) if isinstance(shift, int) else shift
    if len(shifts) != len(axes):
        raise ValueError(f"roll: shift is {shift} for axes {axes}, expected an int or one for each axis")
    return xp.roll(x, shifts, axis=axes) if axes else x
