"""Elementwise functions: arithmetic, exponentials, rounding, clipping and casts."""

from __future__ import annotations

import math
import operator
from typing import Any

from ..arrays.namespaces import detach, plain
from ..arrays.typing import Array, ArrayLike, DTypeLike
from ..dispatch.boundary import MISFIT, broadcast, broadcasting, dtype_from, number_like, sizes
from ..dispatch.fast_path import fast_path, fast_stop_gradient
from ..dispatch.operation import operation
from ..dispatch.promotion import (
    array_namespace,
    arrays,
    can_ask,
    dtype_name,
    floating,
    inexact,
    is_array,
    is_integer,
    kind_of,
    native_dtype,
    numeric,
    promoted,
    promoted_numbers,
    refuse,
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
    """Absolute value of each element.

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
    NaN stays NaN. The smallest integer of a dtype stays itself. The gradient at
    0 is 0.

    References
    ----------
    Keras 2.3.1, ``keras.backend.abs``.

    Examples
    --------
    >>> K.abs(np.asarray([-3, 0, 2]))
    array([3, 0, 2])
    """
    xp, x = numeric(x)
    return xp.abs(x)


@fast_path(numeric)
@operation
def square(x: ArrayLike) -> Array:
    """Square of each element.

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
    Integers wrap around.

    References
    ----------
    Keras 2.3.1, ``keras.backend.square``.

    Examples
    --------
    >>> K.square(np.asarray([-3, 0, 2]))
    array([9, 0, 4])
    """
    xp, x = numeric(x)
    return xp.square(x)


@operation
def sqrt(x: ArrayLike) -> Array:
    """Square root of each element, 0 for negative ones.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.

    Returns
    -------
    array
        Shape and dtype of x.

    Notes
    -----
    NaN stays NaN. The gradient is infinite at 0, and 0 below.

    References
    ----------
    Keras 2.3.1, ``keras.backend.sqrt``.

    Examples
    --------
    >>> K.sqrt(np.asarray([-1.0, 0.0, 9.0]))
    array([0., 0., 3.])
    """
    xp, x = floating(x)
    return xp.sqrt(xp.where(x < 0, 0.0, x))


@fast_path(inexact)
@operation
def exp(x: ArrayLike) -> Array:
    """Exponential function, e to the power of each element.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.

    Returns
    -------
    array
        Shape and dtype of x.

    Notes
    -----
    Overflow gives inf, -inf gives 0.

    References
    ----------
    Keras 2.3.1, ``keras.backend.exp``.

    Examples
    --------
    >>> K.exp(np.asarray([-np.inf, 0.0, 1000.0]))
    array([ 0.,  1., inf])
    """
    xp, x = inexact(x)
    return xp.exp(x)


@fast_path(inexact)
@operation
def expm1(x: ArrayLike) -> Array:
    """Compute ``exp(x) - 1``, exact to the last digits near 0.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.

    Returns
    -------
    array
        Shape and dtype of x.

    References
    ----------
    The array API standard, ``expm1``.

    Examples
    --------
    >>> K.expm1(np.asarray([1e-20]))
    array([1.e-20])
    >>> K.exp(np.asarray([1e-20])) - 1.0
    array([0.])
    """
    xp, x = inexact(x)
    return xp.expm1(x)


@fast_path(inexact)
@operation
def log(x: ArrayLike) -> Array:
    """Natural logarithm of each element.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.

    Returns
    -------
    array
        Shape and dtype of x.

    Notes
    -----
    0 gives -inf, negative numbers give NaN.

    References
    ----------
    Keras 2.3.1, ``keras.backend.log``.

    Examples
    --------
    >>> K.log(np.asarray([-1.0, 0.0, 1.0]))
    array([ nan, -inf,   0.])
    """
    xp, x = inexact(x)
    return xp.log(x)


@fast_path(inexact)
@operation
def log1p(x: ArrayLike) -> Array:
    """Compute ``log(1 + x)``, exact to the last digits near 0.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.

    Returns
    -------
    array
        Shape and dtype of x.

    Notes
    -----
    -1 gives -inf, numbers below give NaN.

    References
    ----------
    The array API standard, ``log1p``.

    Examples
    --------
    >>> K.log1p(np.asarray([1e-20, -1.0]))
    array([1.e-20,   -inf])
    """
    xp, x = inexact(x)
    return xp.log1p(x)


@fast_path(inexact)
@operation
def sin(x: ArrayLike) -> Array:
    """Sine of each element, in radians.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.

    Returns
    -------
    array
        Shape and dtype of x.

    Notes
    -----
    Infinities give NaN.

    References
    ----------
    Keras 2.3.1, ``keras.backend.sin``.

    Examples
    --------
    >>> K.sin(np.asarray([0.0, np.pi / 2]))
    array([0., 1.])
    """
    xp, x = inexact(x)
    return xp.sin(x)


@fast_path(inexact)
@operation
def cos(x: ArrayLike) -> Array:
    """Cosine of each element, in radians.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.

    Returns
    -------
    array
        Shape and dtype of x.

    Notes
    -----
    Infinities give NaN.

    References
    ----------
    Keras 2.3.1, ``keras.backend.cos``.

    Examples
    --------
    >>> K.cos(np.asarray([0.0, np.pi]))
    array([ 1., -1.])
    """
    xp, x = inexact(x)
    return xp.cos(x)


@fast_path(numeric)
@operation
def isnan(x: ArrayLike) -> Array:
    """Whether each element is NaN.

    Parameters
    ----------
    x : array
        Any shape and dtype.

    Returns
    -------
    array of bools
        Shape of x.

    References
    ----------
    The array API standard, ``isnan``.

    Examples
    --------
    >>> K.isnan(np.asarray([1.0, np.inf, np.nan]))
    array([False, False,  True])
    """
    xp, x = numeric(x)
    return xp.isnan(x)


@fast_path(numeric)
@operation
def isinf(x: ArrayLike) -> Array:
    """Whether each element is an infinity, of either sign.

    Parameters
    ----------
    x : array
        Any shape and dtype.

    Returns
    -------
    array of bools
        Shape of x.

    References
    ----------
    The array API standard, ``isinf``.

    Examples
    --------
    >>> K.isinf(np.asarray([1.0, -np.inf, np.nan]))
    array([False,  True, False])
    """
    xp, x = numeric(x)
    return xp.isinf(x)


@fast_path(numeric)
@operation
def isfinite(x: ArrayLike) -> Array:
    """Whether each element is neither NaN nor an infinity.

    Parameters
    ----------
    x : array
        Any shape and dtype.

    Returns
    -------
    array of bools
        Shape of x.

    References
    ----------
    The array API standard, ``isfinite``.

    Examples
    --------
    >>> K.isfinite(np.asarray([1.0, np.inf, np.nan]))
    array([ True, False, False])
    """
    xp, x = numeric(x)
    return xp.isfinite(x)


@operation
def cast(x: ArrayLike, dtype: DTypeLike) -> Array:
    """Convert x to another dtype.

    Parameters
    ----------
    x : array
        Any shape and dtype.
    dtype : str or dtype
        A name, or a dtype object of any library.

    Returns
    -------
    array
        Shape of x; x itself if it has the dtype.

    Raises
    ------
    TypeError
        If the dtype is unknown, or from complex to real.

    Notes
    -----
    Fractions are truncated towards 0. To bool, nonzero values become True, NaN
    included. Values that an integer dtype cannot hold (NaN, infinities, large
    numbers) depend on the library.

    Between floating dtypes the gradient passes; to and from integers there is
    none.

    References
    ----------
    Keras 2.3.1, ``keras.backend.cast``.

    Examples
    --------
    >>> K.cast(np.asarray([-1.7, 0.0, 1.7]), "int32")
    array([-1,  0,  1], dtype=int32)
    >>> K.cast(np.asarray([0.0, 0.5, np.nan]), "bool")
    array([False,  True,  True])
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
    """Give the same values, through which no gradient passes.

    Parameters
    ----------
    variables : array, list or tuple of arrays

    Returns
    -------
    array or list of arrays
        Shape and dtype of each; a list for a list or tuple.

    Notes
    -----
    Neither K differentiates through the result, nor do torch and JAX
    themselves.

    References
    ----------
    Keras 2.3.1, ``keras.backend.stop_gradient``.

    Examples
    --------
    >>> f = K.grad(lambda x: K.sum(x * K.stop_gradient(x)))
    >>> f(np.asarray([1.0, 2.0]))  # 2 * x without stop_gradient
    array([1., 2.])
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
    """Raise x to the power a, elementwise.

    Parameters
    ----------
    x : array or number
        Booleans become int32.
    a : array or number
        Its shape broadcasts with that of x.

    Returns
    -------
    array
        The broadcast shape; the dtypes are promoted, numbers take the array's
        dtype.

    Raises
    ------
    ValueError
        If the shapes do not broadcast, or for an integer to a negative integer
        power.

    Notes
    -----
    A negative number to a power that is not whole gives NaN, 0 to a negative
    power inf, and ``x ** 0`` is 1 for any x. Integers wrap around.

    The gradient with respect to `a` is 0 where ``x <= 0``.

    References
    ----------
    Keras 2.3.1, ``keras.backend.pow``.

    Examples
    --------
    >>> K.pow(np.asarray([-2.0, 0.0, 4.0]), np.asarray([2.0, 0.0, 0.5]))
    array([4., 1., 2.])
    """
    _, base, power = promoted_numbers(x, a)
    if is_integer(dtype_name((base if is_array(base) else power).dtype)):
        return integer_power(
            base if is_array(base) else number_like(power, base),
            power if is_array(power) else number_like(base, power),
        )
    return broadcasting("pow", operator.pow, base, power)


@composite
def integer_power(x: Array, a: Array) -> Array:
    """x ** a of integers; ValueError for a negative exponent."""
    xp = array_namespace(x, a)
    if can_ask(a):
        text = "pow: the exponent of an integer is negative; cast x to a floating dtype"
        refuse(xp.any(a < 0), lambda: ValueError(text))
    return broadcasting("pow", xp.pow, x, a)


@integer_power.shape
def _(x: Array, a: Array) -> tuple[Any, ...]:
    return broadcast("pow", sizes(x), sizes(a))


@operation
def clip(x: ArrayLike, min_value: ArrayLike | None, max_value: ArrayLike | None) -> Array:
    """Limit x to the interval from min_value to max_value.

    Parameters
    ----------
    x : array
    min_value : array, number or None
        Lower bound; None and -inf are none.
    max_value : array, number or None
        Upper bound; None and inf are none.

    Returns
    -------
    array
        The broadcast shape; the dtypes are promoted. Numbers take the dtype of
        x; only a float beside integers gives floatx.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.

    Notes
    -----
    Of two numbers in the wrong order the lower bound counts for both. NaN stays
    NaN.

    The gradient is 1 from one bound to the other, both included, and 0 outside.

    References
    ----------
    Keras 2.3.1, ``keras.backend.clip``.

    Examples
    --------
    >>> K.clip(np.asarray([-2.0, 0.5, np.nan]), 0.0, 1.0)
    array([0. , 0.5, nan])
    >>> K.clip(np.asarray([-2, 5, 9]), None, 6)
    array([-2,  5,  6])
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
