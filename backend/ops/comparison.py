"""Comparisons, the larger and the smaller of two, selection and logic."""

from __future__ import annotations

from typing import Any

from ..arrays.typing import Array, ArrayLike
from ..dispatch.boundary import broadcasting, number_like
from ..dispatch.fast_path import fast_pair
from ..dispatch.operation import operation
from ..dispatch.promotion import arrays, device_of, dtype_name, is_array, native_dtype, promoted, promoted_numbers

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "maximum",
    "minimum",
    "not_equal",
    "where",
]


@fast_pair
@operation
def equal(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether elements are equal.

    Parameters
    ----------
    x : array or number
    y : array or number
        Its shape broadcasts with that of x. The dtypes are promoted; numbers
        take the array's.

    Returns
    -------
    array of bools
        The broadcast shape.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    Notes
    -----
    NaN is not equal to anything; the two zeros are equal.

    References
    ----------
    Keras 2.3.1, ``keras.backend.equal``.

    Examples
    --------
    >>> K.equal(np.asarray([1.0, 2.0, np.nan]), np.asarray([1.0, 3.0, np.nan]))
    array([ True, False, False])
    """
    xp, x, y = promoted(x, y)
    return broadcasting("equal", xp.equal, x, y)


@fast_pair
@operation
def not_equal(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether elements differ.

    Parameters
    ----------
    x : array or number
    y : array or number
        Its shape broadcasts with that of x. The dtypes are promoted; numbers
        take the array's.

    Returns
    -------
    array of bools
        The broadcast shape.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    Notes
    -----
    NaN differs from everything; the two zeros are equal.

    References
    ----------
    Keras 2.3.1, ``keras.backend.not_equal``.

    Examples
    --------
    >>> K.not_equal(np.asarray([1.0, 2.0, np.nan]), 1.0)
    array([False,  True,  True])
    """
    xp, x, y = promoted(x, y)
    return broadcasting("not_equal", xp.not_equal, x, y)


@fast_pair
@operation
def greater(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether ``x > y``, elementwise.

    Parameters
    ----------
    x : array or number
    y : array or number
        Its shape broadcasts with that of x. The dtypes are promoted; numbers
        take the array's.

    Returns
    -------
    array of bools
        The broadcast shape.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    Notes
    -----
    Booleans compare as 0 and 1. With NaN it is False.

    References
    ----------
    Keras 2.3.1, ``keras.backend.greater``.

    Examples
    --------
    >>> K.greater(np.asarray([1.0, 2.0, np.nan]), 1.0)
    array([False,  True, False])
    """
    xp, x, y = promoted_numbers(x, y, complex_too=False)
    return broadcasting("greater", xp.greater, x, y)


@fast_pair
@operation
def greater_equal(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether ``x >= y``, elementwise.

    Parameters
    ----------
    x : array or number
    y : array or number
        Its shape broadcasts with that of x. The dtypes are promoted; numbers
        take the array's.

    Returns
    -------
    array of bools
        The broadcast shape.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    Notes
    -----
    Booleans compare as 0 and 1. With NaN it is False.

    References
    ----------
    Keras 2.3.1, ``keras.backend.greater_equal``.

    Examples
    --------
    >>> K.greater_equal(np.asarray([1.0, 2.0, np.nan]), 2.0)
    array([False,  True, False])
    """
    xp, x, y = promoted_numbers(x, y, complex_too=False)
    return broadcasting("greater_equal", xp.greater_equal, x, y)


@fast_pair
@operation
def less(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether ``x < y``, elementwise.

    Parameters
    ----------
    x : array or number
    y : array or number
        Its shape broadcasts with that of x. The dtypes are promoted; numbers
        take the array's.

    Returns
    -------
    array of bools
        The broadcast shape.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    Notes
    -----
    Booleans compare as 0 and 1. With NaN it is False.

    References
    ----------
    Keras 2.3.1, ``keras.backend.less``.

    Examples
    --------
    >>> K.less(np.asarray([[1.0], [2.0]]), np.asarray([1.0, 2.0, 3.0]))
    array([[False,  True,  True],
           [False, False,  True]])
    """
    xp, x, y = promoted_numbers(x, y, complex_too=False)
    return broadcasting("less", xp.less, x, y)


@fast_pair
@operation
def less_equal(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether ``x <= y``, elementwise.

    Parameters
    ----------
    x : array or number
    y : array or number
        Its shape broadcasts with that of x. The dtypes are promoted; numbers
        take the array's.

    Returns
    -------
    array of bools
        The broadcast shape.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    Notes
    -----
    Booleans compare as 0 and 1. With NaN it is False.

    References
    ----------
    Keras 2.3.1, ``keras.backend.less_equal``.

    Examples
    --------
    >>> K.less_equal(np.asarray([1.0, 2.0, np.nan]), 1.0)
    array([ True, False, False])
    """
    xp, x, y = promoted_numbers(x, y, complex_too=False)
    return broadcasting("less_equal", xp.less_equal, x, y)


@fast_pair
@operation
def maximum(x: ArrayLike, y: ArrayLike) -> Array:
    """Larger of two elements.

    Parameters
    ----------
    x : array or number
        Booleans become int32.
    y : array or number
        Its shape broadcasts with that of x.

    Returns
    -------
    array
        The broadcast shape; the dtypes are promoted, numbers take the array's
        dtype.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    Notes
    -----
    NaN in either gives NaN; of two zeros of different sign, either.

    At a tie the gradient goes to x (inside torch's and JAX's own
    differentiation, half to each).

    References
    ----------
    Keras 2.3.1, ``keras.backend.maximum``.

    Examples
    --------
    >>> K.maximum(np.asarray([1.0, 5.0, np.nan]), 3.0)
    array([ 3.,  5., nan])
    """
    xp, x, y = promoted_numbers(x, y, complex_too=False)
    return broadcasting("maximum", xp.maximum, x, y)


@fast_pair
@operation
def minimum(x: ArrayLike, y: ArrayLike) -> Array:
    """Smaller of two elements.

    Parameters
    ----------
    x : array or number
        Booleans become int32.
    y : array or number
        Its shape broadcasts with that of x.

    Returns
    -------
    array
        The broadcast shape; the dtypes are promoted, numbers take the array's
        dtype.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    Notes
    -----
    NaN in either gives NaN; of two zeros of different sign, either.

    At a tie the gradient goes to x (inside torch's and JAX's own
    differentiation, half to each).

    References
    ----------
    Keras 2.3.1, ``keras.backend.minimum``.

    Examples
    --------
    >>> K.minimum(np.asarray([[1], [5]]), np.asarray([0, 3, 9]))
    array([[0, 1, 1],
           [0, 3, 5]])
    """
    xp, x, y = promoted_numbers(x, y, complex_too=False)
    return broadcasting("minimum", xp.minimum, x, y)


@operation
def where(condition: ArrayLike, x: ArrayLike, y: ArrayLike) -> Array:
    """Choose x where the condition is true, y elsewhere.

    Parameters
    ----------
    condition : array
        Any dtype; nonzero is true.
    x : array or number
    y : array or number

    Returns
    -------
    array
        The shape to which all three broadcast; the dtypes of x and y are
        promoted, numbers take the array's dtype.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    Notes
    -----
    Each gradient is 0 where the other argument was taken. An infinite or NaN
    slope of an argument there still makes it NaN: choose among its inputs, too.

    References
    ----------
    The array API standard, ``where``.

    Examples
    --------
    >>> x = np.asarray([-4.0, 0.0, 4.0])
    >>> K.where(x > 0, K.log(K.where(x > 0, x, 1.0)), 0.0)
    array([0.        , 0.        , 1.38629436])
    """
    beside = next((v for v in (x, y) if is_array(v)), None)
    xp, condition, *_ = arrays(condition) if beside is None else arrays(condition, beside)
    condition = _truth(xp, condition)
    if beside is None:  # the standard requires one array among the two
        dtype = native_dtype(xp, dtype_name(promoted(x, y)[1].dtype))
        x, y = (
            number_like(condition, v, dtype)
            if isinstance(v, (bool, int, float, complex))
            else xp.asarray(v, dtype=dtype, device=device_of(condition))
            for v in (x, y)
        )
    else:
        _, x, y = promoted(x, y)
    return broadcasting("where", xp.where, condition, x, y)


def _truth(xp: Any, x: Array) -> Array:
    return x if dtype_name(x.dtype) == "bool" else xp.astype(x, xp.bool)


@operation
def logical_and(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether both elements are nonzero.

    Parameters
    ----------
    x : array or number
    y : array or number
        Its shape broadcasts with that of x.

    Returns
    -------
    array of bools
        The broadcast shape.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    Notes
    -----
    NaN counts as nonzero.

    References
    ----------
    The array API standard, ``logical_and``.

    Examples
    --------
    >>> K.logical_and(np.asarray([0, 1, 2]), np.asarray([True, False, True]))
    array([False, False,  True])
    """
    xp, x, y = arrays(x, y)
    return broadcasting("logical_and", xp.logical_and, _truth(xp, x), _truth(xp, y))


@operation
def logical_or(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether at least one of two elements is nonzero.

    Parameters
    ----------
    x : array or number
    y : array or number
        Its shape broadcasts with that of x.

    Returns
    -------
    array of bools
        The broadcast shape.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    Notes
    -----
    NaN counts as nonzero.

    References
    ----------
    The array API standard, ``logical_or``.

    Examples
    --------
    >>> K.logical_or(np.asarray([0.0, 0.0, np.nan]), np.asarray([0, 1, 0]))
    array([False,  True,  True])
    """
    xp, x, y = arrays(x, y)
    return broadcasting("logical_or", xp.logical_or, _truth(xp, x), _truth(xp, y))


@operation
def logical_not(x: ArrayLike) -> Array:
    """Whether each element is 0.

    Parameters
    ----------
    x : array
        Any shape and dtype.

    Returns
    -------
    array of bools
        Shape of x.

    Notes
    -----
    NaN counts as nonzero.

    References
    ----------
    The array API standard, ``logical_not``.

    Examples
    --------
    >>> K.logical_not(np.asarray([0.0, 2.0, np.nan]))
    array([ True, False, False])
    """
    xp, x = arrays(x)
    return xp.logical_not(_truth(xp, x))
