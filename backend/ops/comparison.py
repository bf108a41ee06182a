"""Comparisons, the larger and the smaller of two, selection and logic."""

from __future__ import annotations

from typing import Any

from ..arrays.typing import Array, ArrayLike
from ..dispatch.boundary import broadcasting
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
    """Whether elements are equal, as booleans of the broadcast shape.

    Dtypes are promoted; numbers take the array's. NaN is not equal to anything, the two zeros are equal.
    Errors: ValueError for shapes that do not broadcast.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x, y = promoted(x, y)
    return broadcasting("equal", xp.equal, x, y)


@fast_pair
@operation
def not_equal(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether elements differ, as booleans of the broadcast shape; all else as in `equal`.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x, y = promoted(x, y)
    return broadcasting("not_equal", xp.not_equal, x, y)


@fast_pair
@operation
def greater(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether x > y, as booleans of the broadcast shape.

    Dtypes are promoted, booleans compare as 0 and 1; numbers take the array's dtype. With NaN it is False.
    Errors: ValueError for shapes that do not broadcast.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x, y = promoted_numbers(x, y, complex_too=False)
    return broadcasting("greater", xp.greater, x, y)


@fast_pair
@operation
def greater_equal(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether x >= y, as booleans of the broadcast shape; all else as in `greater`.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x, y = promoted_numbers(x, y, complex_too=False)
    return broadcasting("greater_equal", xp.greater_equal, x, y)


@fast_pair
@operation
def less(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether x < y, as booleans of the broadcast shape; all else as in `greater`.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x, y = promoted_numbers(x, y, complex_too=False)
    return broadcasting("less", xp.less, x, y)


@fast_pair
@operation
def less_equal(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether x <= y, as booleans of the broadcast shape; all else as in `greater`.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x, y = promoted_numbers(x, y, complex_too=False)
    return broadcasting("less_equal", xp.less_equal, x, y)


@fast_pair
@operation
def maximum(x: ArrayLike, y: ArrayLike) -> Array:
    """The larger of two elements.

    Shapes and dtypes: shapes broadcast, dtypes are promoted, booleans become int32; numbers take the array's dtype.
    Edge values: NaN in either gives NaN; of two zeros of different sign, either. Gradient: a tie goes to x (inside
    torch's and JAX's own differentiation, half to each).
    Errors: ValueError for shapes that do not broadcast.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x, y = promoted_numbers(x, y, complex_too=False)
    return broadcasting("maximum", xp.maximum, x, y)


@fast_pair
@operation
def minimum(x: ArrayLike, y: ArrayLike) -> Array:
    """The smaller of two elements; all else as in `maximum`.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x, y = promoted_numbers(x, y, complex_too=False)
    return broadcasting("minimum", xp.minimum, x, y)


@operation
def where(condition: ArrayLike, x: ArrayLike, y: ArrayLike) -> Array:
    """x where the condition is true, y elsewhere.

    Shapes and dtypes: shapes broadcast; x and y are promoted as in `equal`; a nonzero condition is true. Each gradient
    is 0 where the other was taken, but an infinite or NaN slope of an argument there still makes it NaN: select among
    its inputs, too.
    Errors: ValueError for shapes that do not broadcast.

    Source: the standard's `where`.
    """
    beside = next((v for v in (x, y) if is_array(v)), None)
    xp, condition, *_ = arrays(condition) if beside is None else arrays(condition, beside)
    condition = _truth(xp, condition)
    if beside is None:  # the standard requires one array among the two
        dtype = native_dtype(xp, dtype_name(promoted(x, y)[1].dtype))
        x, y = (xp.asarray(v, dtype=dtype, device=device_of(condition)) for v in (x, y))
    else:
        _, x, y = promoted(x, y)
    return broadcasting("where", xp.where, condition, x, y)


def _truth(xp: Any, x: Array) -> Array:
    return x if dtype_name(x.dtype) == "bool" else xp.astype(x, xp.bool)


@operation
def logical_and(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether both elements are nonzero, as booleans of the broadcast shape; NaN counts as nonzero.

    Errors: ValueError for shapes that do not broadcast.

    Source: the standard's `logical_and`.
    """
    xp, x, y = arrays(x, y)
    return broadcasting("logical_and", xp.logical_and, _truth(xp, x), _truth(xp, y))


@operation
def logical_or(x: ArrayLike, y: ArrayLike) -> Array:
    """Whether at least one of two elements is nonzero, as booleans; all else as in `logical_and`.

    Source: the standard's `logical_or`.
    """
    xp, x, y = arrays(x, y)
    return broadcasting("logical_or", xp.logical_or, _truth(xp, x), _truth(xp, y))


@operation
def logical_not(x: ArrayLike) -> Array:
    """Whether an element is 0, as booleans; NaN counts as nonzero.

    Source: the standard's `logical_not`.
    """
    xp, x = arrays(x)
    return xp.logical_not(_truth(xp, x))
