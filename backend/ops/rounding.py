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
    """The nearest whole number to each element, the even one of two (2.5 -> 2, 3.5 -> 4).

    Shapes and dtypes: those of x; booleans become int32.
    Edge values: NaN and infinities stay. There is no gradient.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = numeric(x)
    return xp.round(x)


@fast_path(real)
@operation
def floor(x: ArrayLike) -> Array:
    """The largest whole number not above each element.

    Shapes and dtypes: those of x; booleans become int32.
    Edge values: NaN and infinities stay. There is no gradient.

    Source: the standard's `floor`.
    """
    xp, x = real(x)
    return xp.floor(x)


@fast_path(real)
@operation
def ceil(x: ArrayLike) -> Array:
    """The smallest whole number not below each element.

    Shapes and dtypes: those of x; booleans become int32.
    Edge values: NaN and infinities stay. There is no gradient.

    Source: the standard's `ceil`.
    """
    xp, x = real(x)
    return xp.ceil(x)


@operation
def sign(x: ArrayLike) -> Array:
    """-1, 0 or 1 for each element.

    Shapes and dtypes: those of x; booleans become int32.
    Edge values: NaN stays NaN, both zeros give 0. The gradient is 0.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = real(x)
    # not xp.sign: array_api_compat's for torch writes through a mask, which torch.func cannot follow
    signs = xp.astype(x > 0, x.dtype) - xp.astype(x < 0, x.dtype)
    return signs if is_integer(dtype_name(x.dtype)) else xp.where(x == x, signs, x)
