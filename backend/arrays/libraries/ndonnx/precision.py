"""Functions that ndonnx computes in too few digits.

ONNX Runtime has these trigonometric, hyperbolic and inverse functions in float32 alone. Those of float64 are made of
exp, expm1, log, log1p, sin and sqrt, which it has in both. What ndonnx makes of several operators goes through float32
where the numbers are of float16.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import ndonnx
import numpy as np
import spox.opset.ai.onnx.v21 as op

from .values import as_type, number_like, of_onnx, signed_one

__all__ = ["acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "expm1", "log1p", "sinh", "tan"]

HALF_PI, HALF_PI_REST = math.pi / 2, 6.123233995736766e-17  # their sum has twice the digits
LARGE = 2.0**28  # where x * x + 1 is x * x
EXP_OF_MINUS_X_IS_LOST = 22.0  # in exp(x) + exp(-x)


def _own(name: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """The function for float64, and ndonnx's for any other dtype."""
    other = getattr(ndonnx, name)

    def with_others(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def either(x: Any, /) -> Any:
            return function(x) if x.dtype == ndonnx.float64 else other(x)

        either.__name__ = either.__qualname__ = name
        either.__doc__ = f"The standard's `{name}`."
        return either

    return with_others


def _through_float32(name: str) -> Callable[[Any], Any]:
    """ndonnx's function, of float16 in float32."""
    own = getattr(ndonnx, name)

    def either(x: Any, /) -> Any:
        half = x.dtype == ndonnx.float16
        return ndonnx.astype(own(ndonnx.astype(x, ndonnx.float32)), x.dtype) if half else own(x)

    either.__name__ = either.__qualname__ = name
    either.__doc__ = f"The standard's `{name}`."
    return either


log1p, _near_zero = _through_float32("log1p"), _through_float32("expm1")


def expm1(x: Any, /) -> Any:
    """The standard's `expm1`; ndonnx's multiplies exp(x) by x, which overflows early."""
    return ndonnx.where(x > 1, ndonnx.exp(x) - 1, _near_zero(x))


def _odd(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An odd function from what it is for positive numbers; it keeps the sign of zero."""
    return lambda x: function(abs(x)) * signed_one(x)


@_own("cos")
def cos(x: Any) -> Any:
    # sin(pi / 2 - |x|), and to first order what the difference and pi / 2 were rounded by
    x, half_pi = abs(x), number_like(x, HALF_PI)
    turned = half_pi - x
    subtracted = turned - half_pi
    lost = (half_pi - (turned - subtracted)) - (x + subtracted)
    return ndonnx.sin(turned) + (lost + HALF_PI_REST) * ndonnx.sin(turned + half_pi)


@_own("tan")
def tan(x: Any) -> Any:
    return ndonnx.sin(x) / cos(x)


def _half_of_large_exp(x: Any) -> Any:
    """exp(x) / 2, which overflows later than exp(x)."""
    root = ndonnx.exp(x * 0.5)
    return (root * 0.5) * root


@_own("cosh")
def cosh(x: Any) -> Any:
    size = abs(x)
    grown = ndonnx.exp(size)
    return ndonnx.where(size > EXP_OF_MINUS_X_IS_LOST, _half_of_large_exp(size), (grown + 1.0 / grown) * 0.5)


@_own("sinh")
@_odd
def sinh(x: Any) -> Any:
    grown = ndonnx.expm1(x)
    return ndonnx.where(x > EXP_OF_MINUS_X_IS_LOST, _half_of_large_exp(x), (grown + grown / (grown + 1.0)) * 0.5)


@_own("asinh")
@_odd
def asinh(x: Any) -> Any:
    square = x * x
    near = ndonnx.log1p(x + square / (1.0 + ndonnx.sqrt(1.0 + square)))
    return ndonnx.where(x > LARGE, ndonnx.log(x) + math.log(2), near)


@_own("acosh")
def acosh(x: Any) -> Any:
    above = x - 1.0
    near = ndonnx.log1p(above + ndonnx.sqrt(above) * ndonnx.sqrt(above + 2.0))
    return ndonnx.where(x > LARGE, ndonnx.log(x) + math.log(2), near)


@_own("atanh")
@_odd
def atanh(x: Any) -> Any:
    return ndonnx.log1p(2.0 * x / (1.0 - x)) * 0.5


@_own("atan")
@_odd
def atan(x: Any) -> Any:
    inverted = x > 1.0
    x = ndonnx.where(inverted, 1.0 / x, x)
    # the angle in float32, and the angle between that one and x, which is its own tangent to 24 digits
    angle = ndonnx.astype(of_onnx(op.atan(as_type(x, np.float32))), ndonnx.float64)
    sine, of_half = ndonnx.sin(angle), ndonnx.sin(angle * 0.5)
    cosine = 1.0 - 2.0 * of_half * of_half
    angle = angle + (x * cosine - sine) / (cosine + x * sine)
    return ndonnx.where(inverted, HALF_PI - (angle - HALF_PI_REST), angle)


@_own("asin")
def asin(x: Any) -> Any:
    return atan(x / ndonnx.sqrt((1.0 - x) * (1.0 + x)))


@_own("acos")
def acos(x: Any) -> Any:
    return 2.0 * atan(ndonnx.sqrt((1.0 - x) / (1.0 + x)))
