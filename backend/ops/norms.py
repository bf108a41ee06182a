"""Norms of vectors and matrices."""

from __future__ import annotations

import math
from typing import Any

from ..arrays.arguments import number, shown
from ..arrays.typing import Array, ArrayLike, Axis
from ..dispatch.boundary import axes_of, moved
from ..dispatch.operation import operation
from ..dispatch.promotion import dtype_name, inexact

__all__ = ["norm"]

_ORDERS = ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf)


@operation
def norm(x: ArrayLike, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Array:
    """Find the size of vectors or matrices.

    Parameters
    ----------
    x : array
        Integers become floatx; the norm of complex numbers is real.
    ord : float, 'fro', 'nuc' or None
        None is the root of the sum of squares, over any number of axes. For vectors a number p is the p-th root of
        the sum of powers; inf and -inf are the largest and the smallest absolute value, 0 counts what is not 0. For
        matrices 'fro' is the same as None, 'nuc' the sum of the singular values, 2 and -2 the largest and the
        smallest of them, 1 and -1 the largest and the smallest sum of a column's absolute values, inf and -inf of a
        row's.
    axis : int, sequence of ints or None
        The axis of vectors, or the rows and columns of matrices; all of them for None.
    keepdims : bool
        Whether the reduced axes stay, with size 1.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        For an axis out of range or named twice, another number of axes than the order is for, and another order.

    Notes
    -----
    The gradient at 0 is 0, and elements or sums that are equally large share it. float16 is computed in float32.

    References
    ----------
    NumPy's ``linalg.norm``; Keras 3, ``keras.ops.norm``.

    Examples
    --------
    >>> K.norm(np.asarray([[3.0, 4.0], [6.0, 8.0]]), axis=-1)
    array([ 5., 10.])
    """
    xp, x = inexact(x)
    axes = axes_of("norm", axis, x.ndim)
    order = _order(ord, len(axes))
    half = dtype_name(x.dtype) in ("float16", "bfloat16")
    wide = xp.astype(x, xp.float32) if half else x
    if not axes:
        found = xp.abs(wide)
    elif len(axes) == 2 and order not in (None, "fro"):
        found = _matrix_norm(xp, wide, order, axes, keepdims)
    else:
        found = xp.linalg.vector_norm(wide, axis=axes, keepdims=keepdims, ord=2 if order in (None, "fro") else order)
    return xp.astype(found, x.dtype) if half else found


def _order(given: Any, count: int) -> Any:
    """The order, or ValueError for one that does not go with so many axes."""
    if given is None:
        return None
    order = given if isinstance(given, str) else _number(given)
    if count == 1 and isinstance(order, float):
        return int(order) if order.is_integer() else order
    if count == 2 and order in _ORDERS:
        return order
    expected = {1: "a number", 2: "one of " + ", ".join(map(repr, _ORDERS))}.get(count, "None")
    raise ValueError(f"norm: ord is {shown(given)} over {count} axes, expected {expected}")


def _number(given: Any) -> float | None:
    """An order that is a number; None for anything else."""
    try:
        order = None if isinstance(given, bool) else float(number("norm", "ord", given))
    except TypeError:
        return None
    return order if order == order else None


def _matrix_norm(xp: Any, x: Array, order: Any, axes: tuple[int, ...], keepdims: bool) -> Array:
    rows, columns = axes
    if order in ("nuc", 2.0, -2.0):
        last = moved(x, columns, -1)
        values = xp.linalg.svdvals(moved(last, rows - (columns < rows), -2))
        found = xp.sum(values, axis=-1) if order == "nuc" else (xp.max if order > 0 else xp.min)(values, axis=-1)
        for axis in sorted(axes) if keepdims else ():
            found = xp.expand_dims(found, axis=axis)
        return found
    along, across = (rows, columns) if order in (1.0, -1.0) else (columns, rows)
    sums = xp.sum(xp.abs(x), axis=along, keepdims=True)
    found = (xp.max if order > 0 else xp.min)(sums, axis=across, keepdims=True)
    return found if keepdims else xp.squeeze(found, axes)
