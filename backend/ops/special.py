"""The error function, its complement and its inverse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..arrays.typing import Array
from ..dispatch.boundary import number_like, sizes
from ..dispatch.operation import operation
from ..dispatch.promotion import array_namespace, device_of, dtype_name, floating, native_dtype
from ..graph.composite import elementwise
from .rng.normal_quantile import half_normal_quantile

__all__ = ["erf", "erfc", "erfinv"]

SLOPE = 2.0 / math.sqrt(math.pi)  # of erf at 0
NEAR_END, FAR_START = 1.0, 0.5  # the first polynomial is valid up to NEAR_END, the second from FAR_START on
LARGE = {"float32": 11.0, "float64": 28.0}  # from here on erfc(x) is 0 in the dtype
MIDDLE = 3.0  # the argument of the second polynomial is 0 here
CUTS = 16.0  # x is split at multiples of 1/16: their squares need 18 bits, so they are exact

# Coefficients from the constant term on, fitted for this library with mpmath at 60 digits: polynomials through the
# Chebyshev nodes of the interval. NEAR is erf(x) / x - 1 in x**2 from 0 to NEAR_END, off by 1.4e-9 and 8.2e-18 at most;
# FAR is exp(x**2) erfc(x) (1 + 2x) in (x - 3) / (x + 3) for x from FAR_START to LARGE, off by 6.5e-10 and 5.2e-18.
NEAR = {
    "float32": (
        0.12837916584835093,
        -0.37612626666720334,
        0.11283594715160218,
        -0.026854212010626412,
        0.005189087423433974,
        -0.000801686428716587,
        7.875875062685488e-05,
    ),
    "float64": (
        0.12837916709551256,
        -0.37612638903183543,
        0.11283791670945006,
        -0.02686617064323777,
        0.0052239776071164225,
        -0.0008548325975389692,
        0.00012055294904839707,
        -1.492473690741966e-05,
        1.6447424703317362e-06,
        -1.6208483801871705e-07,
        1.3720064546777686e-08,
        -7.795898827002142e-10,
    ),
}
FAR = {
    "float32": (
        1.2530080589556936,
        -0.1356211017480423,
        -0.047562395034422084,
        0.1296449141651821,
        -0.11927131586583109,
        0.0683121614226268,
        -0.023789615173273482,
        0.002499429429574521,
        0.0019518922578518946,
        -0.000681463229184422,
        -0.00017685548433071335,
    ),
    "float64": (
        1.2530080582697296,
        -0.13562110612458134,
        -0.04756229435345058,
        0.1296451587027835,
        -0.11927366341532432,
        0.06830802734307077,
        -0.023770514918036445,
        0.002529391832675186,
        0.0018886903466049378,
        -0.0007798324398793133,
        -0.0001051596522473519,
        0.00012510037313823361,
        4.9484535339192485e-06,
        -2.0104454851557477e-05,
        -7.270603109882931e-07,
        3.481686983452046e-06,
        3.4482536968247793e-07,
        -6.299129103282541e-07,
        -1.2169240627639653e-07,
        1.1177528463195771e-07,
        2.292393009921899e-08,
        -1.541055292474667e-08,
    ),
}


@operation
def erf(x: Array) -> Array:
    """Error function of each element.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.

    Returns
    -------
    array
        ``2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to x, in
        the shape and dtype of x; float16 is computed in float32.

    Notes
    -----
    Measured against mpmath, it is off by at most 1.5 ulp in float32 and
    float64.

    Infinities give 1 and -1, the sign of zero stays, NaN stays NaN. The
    gradient is ``2 / sqrt(pi) * exp(-x**2)``.

    References
    ----------
    A polynomial near 0, elsewhere ``1 - erfc(x)``; coefficients fitted for this
    library.

    Examples
    --------
    >>> np.round(K.erf(np.asarray([-np.inf, 0.0, 0.5])), 4)
    array([-1.    ,  0.    ,  0.5205])
    """
    return erf_(floating(x)[1])


@operation
def erfc(x: Array) -> Array:
    """Complementary error function, ``1 - erf(x)`` with all its digits.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.

    Returns
    -------
    array
        Shape and dtype of x; float16 is computed in float32.

    Notes
    -----
    Where erf(x) is close to 1, the difference itself would have no digits left.
    Measured against mpmath, erfc is off by at most 5 ulp in float64 and 6 in
    float32.

    inf gives 0, -inf gives 2, NaN stays NaN. It underflows from 10.1 on in
    float32, from 27.3 on in float64.

    References
    ----------
    Shepherd, Laframboise, "Chebyshev approximation of (1 + 2x) exp(x**2) erfc
    x", 1981, for the form; the coefficients were fitted for this library.

    Examples
    --------
    >>> print(f"{K.erfc(np.asarray(10.0)):.4e}")
    2.0885e-45
    >>> 1.0 - K.erf(np.asarray(10.0))
    np.float64(0.0)
    """
    return erfc_(floating(x)[1])


@operation
def erfinv(x: Array) -> Array:
    """Inverse of the error function, elementwise.

    Parameters
    ----------
    x : array
        Any shape; integers become floatx.

    Returns
    -------
    array
        The y with ``erf(y) = x``, in the shape and dtype of x; float16 is computed in float32.

    Notes
    -----
    1 and -1 give infinity and -infinity; beyond them, and for NaN, it is NaN. The sign of zero stays. The gradient is
    ``sqrt(pi) / 2 * exp(y**2)``.

    References
    ----------
    Wichura, "Algorithm AS 241: the percentage points of the normal distribution", 1988: erf is a distribution function
    of the normal distribution, up to scale.

    Examples
    --------
    >>> np.round(K.erfinv(np.asarray([-0.5, 0.0, 0.9, 1.0])), 4)
    array([-0.4769,  0.    ,  1.1631,     inf])
    """
    return erfinv_(floating(x)[1])


@elementwise
def erf_(x: Array) -> Array:
    """erf of a floating array."""
    xp = array_namespace(x)
    if dtype_name(x.dtype) not in LARGE:
        return xp.astype(erf_.definition(xp.astype(x, native_dtype(xp, "float32"))), x.dtype)
    size = xp.abs(x)
    rest = 1.0 - _far(xp, size)
    return xp.where(size <= NEAR_END, _near(xp, x, size), xp.where(x < 0.0, -rest, rest))


@erf_.vjp
def _(g: Array, out: Array, x: Array) -> Array:
    xp = array_namespace(x)
    return g * (SLOPE * xp.exp(xp.negative(x) * x))


@elementwise
def erfc_(x: Array) -> Array:
    """erfc of a floating array."""
    xp = array_namespace(x)
    if dtype_name(x.dtype) not in LARGE:
        wide = xp.astype(x, native_dtype(xp, "float32"))
        return xp.astype(erfc_.definition(wide), x.dtype)
    size = xp.abs(x)
    rest = _far(xp, size)
    return xp.where(size <= FAR_START, 1.0 - _near(xp, x, size), xp.where(x < 0.0, 2.0 - rest, rest))


@erfc_.vjp
def _(g: Array, out: Array, x: Array) -> Array:
    xp = array_namespace(x)
    return g * (-SLOPE * xp.exp(xp.negative(x) * x))


@elementwise
def erfinv_(x: Array) -> Array:
    """The inverse of erf of a floating array."""
    xp, name = array_namespace(x), dtype_name(x.dtype)
    if name not in LARGE:
        wide = xp.astype(x, native_dtype(xp, "float32"))
        return xp.astype(erfinv_.definition(wide), x.dtype)
    size = xp.abs(x)
    inner = xp.where(size < 1.0, size, 0.0)
    # Phi(-z) = (1 - x) / 2 for z = sqrt(2) erfinv(x); both halves have all their digits
    y = half_normal_quantile(0.5 * (1.0 - inner), 0.5 * inner, dtype=name, xp=xp, device=device_of(x))
    y = xp.reshape(y, sizes(x)) * math.sqrt(0.5)  # its constants have a dimension, which a number has not
    y = xp.where(size < 1.0, y, xp.where(size == 1.0, number_like(x, math.inf), number_like(x, math.nan)))
    return xp.where(x < 0.0, -y, xp.where(x == 0.0, x, y))


@erfinv_.vjp
def _(g: Array, out: Array, x: Array) -> Array:
    return g * (array_namespace(x).exp(out * out) / SLOPE)


def _near(xp: Any, x: Array, size: Array) -> Array:
    """erf(x) up to NEAR_END; elsewhere 0, so that nothing overflows in the elements not selected."""
    x = xp.where(size <= NEAR_END, x, 0.0)
    return x + x * polynomial(NEAR[dtype_name(x.dtype)], x * x)


def _far(xp: Any, size: Array) -> Array:
    """erfc(size) from FAR_START on."""
    name = dtype_name(size.dtype)
    size = xp.where(size > LARGE[name], LARGE[name], size)
    cut = xp.round(size * CUTS) * (1.0 / CUTS)
    power = xp.exp(-cut * cut) * xp.exp((cut - size) * (cut + size))  # rounding size**2 would cost size**2 / 2 ulp
    return power * polynomial(FAR[name], (size - MIDDLE) / (size + MIDDLE)) / (1.0 + 2.0 * size)


def polynomial(coefficients: Sequence[float], x: Array) -> Array:
    """Horner's rule."""
    total = coefficients[-1] * x + coefficients[-2]
    for c in reversed(coefficients[:-2]):
        total = total * x + c
    return total
