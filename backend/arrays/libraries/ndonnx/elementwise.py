"""Elementwise functions that ndonnx lacks, or gives in too few digits."""

from __future__ import annotations

import math
from typing import Any

import ndonnx
import numpy as np
import spox.opset.ai.onnx.v21 as op

from .precision import atan
from .values import number_like, of_onnx, signbit, signed_one

__all__ = ["atan2", "conj", "copysign", "floor_divide", "hypot", "logaddexp", "maximum", "minimum", "real"]


def maximum(x1: Any, x2: Any, /) -> Any:
    """The standard's `maximum`."""
    return ndonnx.maximum(*_operands(x1, x2))


def minimum(x1: Any, x2: Any, /) -> Any:
    """The standard's `minimum`."""
    return ndonnx.minimum(*_operands(x1, x2))


def _operands(*values: Any) -> list[Any]:
    like = next(x for x in values if isinstance(x, ndonnx.Array))
    return [x if isinstance(x, ndonnx.Array) else number_like(like, x) for x in values]


def copysign(x1: Any, x2: Any, /) -> Any:
    """The standard's `copysign`."""
    x1, x2 = _operands(x1, x2)
    return abs(x1) * signed_one(x2)


def floor_divide(x1: Any, x2: Any, /) -> Any:
    """The standard's `floor_divide`; of floats by the remainder, since a quotient may be rounded up to an integer."""
    a, b = _operands(x1, x2)
    kind = ndonnx.result_type(a, b)
    if kind.unwrap_numpy().kind != "f":
        return ndonnx.floor_divide(a, b)
    wide = ndonnx.float32 if kind == ndonnx.float16 else kind
    a, b = (ndonnx.astype(x, wide, copy=False) for x in (a, b))
    rest = of_onnx(op.mod(a.unwrap_spox(), b.unwrap_spox(), fmod=1))
    below = (rest != 0) & ((rest < 0) != (b < 0))
    found = ndonnx.round((a - rest) / b) - ndonnx.astype(below, wide)
    found = abs(ndonnx.where(b == 0, a / b, found)) * signed_one(a) * signed_one(b)
    return ndonnx.astype(found, kind, copy=False)


def hypot(x1: Any, x2: Any, /) -> Any:
    """The standard's `hypot`, scaled by the larger one."""
    a, b = (abs(x) for x in _operands(x1, x2))
    large, small = maximum(a, b), minimum(a, b)
    share = small / ndonnx.where(large == 0, number_like(large, 1), large)
    found = large * ndonnx.sqrt(share * share + number_like(large, 1))
    return ndonnx.where(ndonnx.isinf(a) | ndonnx.isinf(b), number_like(large, np.inf), found)


def atan2(x1: Any, x2: Any, /) -> Any:
    """The standard's `atan2`: the arc tangent of the smaller over the larger, in its octant."""
    y, x = _operands(x1, x2)
    a, b = abs(y), abs(x)
    large, small = maximum(a, b), minimum(a, b)
    both = ndonnx.isinf(a) & ndonnx.isinf(b)
    share = ndonnx.where(both, number_like(x, 1), small / ndonnx.where(large == 0, number_like(x, 1), large))
    angle = atan(share)
    angle = ndonnx.where(a > b, number_like(x, math.pi / 2) - angle, angle)
    return copysign(ndonnx.where(signbit(x), number_like(x, math.pi) - angle, angle), y)


def logaddexp(x1: Any, x2: Any, /) -> Any:
    """The standard's `logaddexp`, which does not overflow."""
    a, b = _operands(x1, x2)
    away = ndonnx.where(a == b, number_like(a, 0), -abs(a - b))
    return maximum(a, b) + ndonnx.log1p(ndonnx.exp(away))


def real(x: Any, /) -> Any:
    """The standard's `real`: every array is."""
    return x


conj = real
