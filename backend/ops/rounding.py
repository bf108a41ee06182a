"""Rounding to whole numbers, and signs."""

from __future__ import annotations

from ..arrays.typing import Array, ArrayLike
from ..dispatch.fast_path import fast_path
from ..dispatch.operation import operation
from ..dispatch.promotion import dtype_name, is_integer, numeric, real

__all__ = ["ceil", "floor", "round", "sign"]


@fast_path(numeric)
@operation
def round(x: ArrayLike) -> Array:
    """Nearest whole number to each element, the even one of two.

    Parameters
    ----------
    x : array
        Any shape; booleans become int32.

    Returns
    -------
    array
        Shape and dtype of x.

    Notes
    -----
    NaN and infinities stay. There is no gradient.

    References
    ----------
    Keras 2.3.1, ``keras.backend.round``.

    Examples
    --------
    >>> K.round(np.asarray([-1.5, 0.5, 2.5, 2.6]))
    array([-2.,  0.,  2.,  3.])
    """
    xp, x = numeric(x)
    return xp.round(x)


@fast_path(real)
@operation
def floor(x: ArrayLike) -> Array:
    """Largest whole number not above each element.

    Parameters
    ----------
    x : array
        Any shape; booleans become int32.

    Returns
    -------
    array
        Shape and dtype of x.

    Notes
    -----
    NaN and infinities stay. There is no gradient.

    References
    ----------
    The array API standard, ``floor``.

    Examples
    --------
    >>> K.floor(np.asarray([-1.5, 0.5, 2.0]))
    array([-2.,  0.,  2.])
    """
    xp, x = real(x)
    return xp.floor(x)


@fast_path(real)
@operation
def ceil(x: ArrayLike) -> Array:
    """Smallest whole number not below each element.

    Parameters
    ----------
    x : array
        Any shape; booleans become int32.

    Returns
    -------
    array
        Shape and dtype of x.

    Notes
    -----
    NaN and infinities stay. There is no gradient.

    References
    ----------
    The array API standard, ``ceil``.

    Examples
    --------
    >>> K.ceil(np.asarray([-1.5, 0.5, 2.0]))
    array([-1.,  1.,  2.])
    """
    xp, x = real(x)
    return xp.ceil(x)


@operation
def sign(x: ArrayLike) -> Array:
    """Sign of each element: -1, 0 or 1.

    Parameters
    ----------
    x : array
        Any shape; booleans become int32.

    Returns
    -------
    array
        Shape and dtype of x.

    Notes
    -----
    NaN stays NaN; both zeros give 0. The gradient is 0.

    References
    ----------
    Keras 2.3.1, ``keras.backend.sign``.

    Examples
    --------
    >>> K.sign(np.asarray([-3.0, 0.0, np.nan, 2.0]))
    array([-1.,  0., nan,  1.])
    """
    xp, x = real(x)
    # not xp.sign: array_api_compat's for torch writes through a mask, which torch.func cannot follow
    signs = xp.astype(x > 0, x.dtype) - xp.astype(x < 0, x.dtype)
    return signs if is_integer(dtype_name(x.dtype)) else xp.where(x == x, signs, x)
