"""Elementwise functions: arithmetic, exponentials, rounding, clipping and casts."""

from __future__ import annotations

import math
import operator
from typing import Any

from ..arrays.namespaces import detach, plain
from ..arrays.typing import Array, ArrayLike, DTypeLike
from ..dispatch.boundary import MISFIT, broadcast, broadcasting, dtype_from, sizes
from ..dispatch.fast_path import fast_path, fast_stop_gradient
from ..dispatch.operation import operation
from ..dispatch.promotion import (
    array_namespace,
    arrays,
    device_of,
    dtype_name,
    floating,
    inexact,
    is_array,
    is_concrete,
    is_integer,
    kind_of,
    native_dtype,
    numeric,
    promoted,
    promoted_numbers,
    require_real,
)
from ..graph.composite import composite, elementwise, spec

__all__ = [
    "abs",
    "cast",
    "clip",
    "cos",
    "exp",
    "expm1",
    "isfinite",
    "isinf",
    "isnan",
    "log",
    "log1p",
    "pow",
    "sin",
    "sqrt",
    "square",
    "stop_gradient",
]

LARGEST_HALF = 65504.0  # of float16


# ---- functions of one array -------------------------------------------------------------------------------------


@fast_path(numeric)
@operation
def abs(x: ArrayLike) -> Array:
    """The absolute value of each element.

    Shapes and dtypes: those of x; booleans become int32.
    Edge values: NaN stays NaN; the smallest integer of a dtype stays itself. The gradient at 0 is 0.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = numeric(x)
    return xp.abs(x)


@fast_path(numeric)
@operation
def square(x: ArrayLike) -> Array:
    """The square of each element.

    Shapes and dtypes: those of x; booleans become int32.
    Edge values: Integers wrap around.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = numeric(x)
    return xp.square(x)


@operation
def sqrt(x: ArrayLike) -> Array:
    """The square root of each element, 0 for negative ones.

    Shapes and dtypes: shape of x; floating dtypes stay, integers become floatx.
    Edge values: NaN stays NaN. The gradient is infinite at 0 and 0 below.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = floating(x)
    return xp.sqrt(xp.where(x < 0, 0.0, x))


@fast_path(inexact)
@operation
def exp(x: ArrayLike) -> Array:
    """e to the power of each element.

    Shapes and dtypes: shape of x; floating dtypes stay, integers become floatx.
    Edge values: Overflow gives inf, -inf gives 0.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = inexact(x)
    return xp.exp(x)


@fast_path(inexact)
@operation
def expm1(x: ArrayLike) -> Array:
    """exp(x) - 1, exact to the last digits near 0.

    Shapes and dtypes: shape of x; floating dtypes stay, integers become floatx.

    Source: the standard's `expm1`.
    """
    xp, x = inexact(x)
    return xp.expm1(x)


@fast_path(inexact)
@operation
def log(x: ArrayLike) -> Array:
    """The natural logarithm of each element.

    Shapes and dtypes: shape of x; floating dtypes stay, integers become floatx.
    Edge values: log(0) is -inf, of negative numbers NaN.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = inexact(x)
    return xp.log(x)


@fast_path(inexact)
@operation
def log1p(x: ArrayLike) -> Array:
    """log(1 + x), exact to the last digits near 0.

    Shapes and dtypes: shape of x; floating dtypes stay, integers become floatx.
    Edge values: log1p(-1) is -inf, below that NaN.

    Source: the standard's `log1p`.
    """
    xp, x = inexact(x)
    return xp.log1p(x)


@fast_path(inexact)
@operation
def sin(x: ArrayLike) -> Array:
    """The sine of each element, in radians.

    Shapes and dtypes: shape of x; floating dtypes stay, integers become floatx.
    Edge values: Infinities give NaN.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = inexact(x)
    return xp.sin(x)


@fast_path(inexact)
@operation
def cos(x: ArrayLike) -> Array:
    """The cosine of each element, in radians.

    Shapes and dtypes: shape of x; floating dtypes stay, integers become floatx.
    Edge values: Infinities give NaN.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, x = inexact(x)
    return xp.cos(x)


@fast_path(numeric)
@operation
def isnan(x: ArrayLike) -> Array:
    """Whether each element is NaN, as booleans.

    Source: the standard's `isnan`.
    """
    xp, x = numeric(x)
    return xp.isnan(x)


@fast_path(numeric)
@operation
def isinf(x: ArrayLike) -> Array:
    """Whether each element is an infinity, as booleans.

    Source: the standard's `isinf`.
    """
    xp, x = numeric(x)
    return xp.isinf(x)


@fast_path(numeric)
@operation
def isfinite(x: ArrayLike) -> Array:
    """Whether each element is neither NaN nor an infinity, as booleans.

    Source: the standard's `isfinite`.
    """
    xp, x = numeric(x)
    return xp.isfinite(x)


@operation
def cast(x: ArrayLike, dtype: DTypeLike) -> Array:
    """x in another dtype, given by name or as a dtype object of any library.

    Shapes and dtypes: shape of x; x itself if it has the dtype. Fractions are truncated towards 0; nonzero values
    become True, NaN included. Values that an integer dtype cannot hold (NaN, infinities, large numbers) depend on the
    library. Between floating dtypes the gradient passes, to and from integers there is none.
    Errors: TypeError for an unknown dtype and from complex to real.

    Source: Keras 2.3.1 backend semantics.
    """
    if dtype is None:
        raise TypeError("cast: dtype is None; expected a name or a dtype object")
    name = dtype_from("cast", dtype)
    xp, x = arrays(x)
    found = dtype_name(x.dtype)
    if found == name:
        return x
    if found.startswith("complex") and kind_of(name) in ("integer", "real floating"):
        raise TypeError(f"cast: x has dtype {found}, which cannot become {name}; take its real part first")
    return xp.astype(x, native_dtype(xp, name))


@elementwise(view=True, fresh=False)
def stop_gradient_(x: Array) -> Array:
    """x as a constant to gradients."""
    return detach(x)


@stop_gradient_.vjp
def _(g: Array, out: Array, x: Array) -> tuple[None]:
    return (None,)


@fast_stop_gradient
@operation
def stop_gradient(variables: Any) -> Any:
    """The same values, through which no gradient passes, K's, torch's or JAX's.

    Shapes and dtypes: those of each tensor; a list or tuple gives a list.

    Source: Keras 2.3.1 backend semantics.
    """
    if isinstance(variables, (list, tuple)):
        return [stop_gradient_(plain(x)) for x in variables]
    return stop_gradient_(plain(variables))


@composite
def single_(x: Array) -> Array:
    """float16 as float32, for formulas that float16 has no room for; K's gradients stay within float16's range."""
    xp = array_namespace(x)
    return xp.astype(x, native_dtype(xp, "float32"))


@single_.shape
def _(x: Array) -> Any:
    return spec(sizes(x), "float32")


@single_.vjp
def _(g: Array, out: Array, x: Array) -> tuple[Array]:
    xp = array_namespace(g)
    return (xp.astype(xp.minimum(xp.maximum(g, -LARGEST_HALF), LARGEST_HALF), x.dtype),)


def at_least_single(x: Array) -> Array:
    """float16 as float32, by `single_`, and any other dtype as it is."""
    return single_(x) if dtype_name(x.dtype) == "float16" else x


# ---- powers and bounds ------------------------------------------------------------------------------------------


@operation
def pow(x: ArrayLike, a: ArrayLike) -> Array:
    """x to the power a, element by element.

    Shapes and dtypes: shapes broadcast, dtypes are promoted, booleans become int32; numbers take the array's dtype,
    and either may be one. A negative number to a power that is not whole gives NaN, 0 to a negative power inf, and x
    ** 0 is 1 for any x. Integers wrap around. The gradient with respect to a is 0 where x <= 0.
    Errors: ValueError for shapes that do not broadcast, and for an integer to a negative integer power.

    Source: Keras 2.3.1 backend semantics.
    """
    xp, base, power = promoted_numbers(x, a)
    if is_integer(dtype_name((base if is_array(base) else power).dtype)):
        return integer_power(
            xp.asarray(base, dtype=power.dtype, device=device_of(power)) if not is_array(base) else base,
            xp.asarray(power, dtype=base.dtype, device=device_of(base)) if not is_array(power) else power,
        )
    return broadcasting("pow", operator.pow, base, power)


@composite
def integer_power(x: Array, a: Array) -> Array:
    """x ** a of integers; ValueError for a negative exponent."""
    xp = array_namespace(x, a)
    if is_concrete(a) and bool(xp.any(a < 0)):
        raise ValueError("pow: the exponent of an integer is negative; cast x to a floating dtype")
    return broadcasting("pow", xp.pow, x, a)


@integer_power.shape
def _(x: Array, a: Array) -> tuple[Any, ...]:
    return broadcast("pow", sizes(x), sizes(a))


@operation
def clip(x: ArrayLike, min_value: ArrayLike | None, max_value: ArrayLike | None) -> Array:
    """x limited to the interval from min_value to max_value.

    Shapes and dtypes: shapes broadcast, dtypes are promoted; numbers take the dtype of x, only a float beside integers
    gives floatx. None and infinities are no bound; of two numbers in the wrong order the lower bound counts for both.
    NaN stays NaN. The gradient is 1 from one bound to the other, both included, and 0 outside.
    Errors: ValueError for shapes that do not broadcast.

    Source: Keras 2.3.1 backend semantics.
    """
    low = None if _is_number(min_value) and min_value == -math.inf else min_value
    high = None if _is_number(max_value) and max_value == math.inf else max_value
    if isinstance(low, (int, float)) and isinstance(high, (int, float)):
        high = max(low, high)
    xp, value, *bounds = promoted(x, *(bound for bound in (low, high) if bound is not None))
    require_real(value, *bounds)
    try:  # where, not maximum: a tie belongs to x in every library's own gradients, too
        if low is not None:
            value = xp.where(value < bounds[0], bounds[0], value)
        if high is not None:
            value = xp.where(value > bounds[-1], bounds[-1], value)
    except MISFIT:
        broadcast("clip", *(sizes(a) for a in (value, *bounds) if is_array(a)))
        raise
    return value if is_array(value) else arrays(value)[1]


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float))
