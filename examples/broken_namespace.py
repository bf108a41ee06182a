"""A namespace with faults, to try the conformance tool on: python -m conformance examples.broken_namespace

Everything is NumPy's except six functions. The faults are typical ones: a constant that is slightly wrong, a reduction
that ignores an argument, NaN ignored, a wrong dtype, a missing function.
"""

from __future__ import annotations

from typing import Any

import array_api_compat.numpy as _numpy
import numpy as np
from array_api_compat.numpy import *  # noqa: F403 - all of the standard's names
from array_api_compat.numpy import __array_namespace_info__ as __array_namespace_info__
from array_api_compat.numpy import fft as fft
from array_api_compat.numpy import linalg as linalg

__array_api_version__ = "2025.12"

# `from ... import *` leaves out the names of builtins.
abs, all, any, bool, max, min, pow, round, sum = (  # noqa: A001
    getattr(_numpy, name) for name in ("abs", "all", "any", "bool", "max", "min", "pow", "round", "sum")
)


def exp(x: Any, /) -> Any:
    """Off by one part in a million, which is eight ulps in float32."""
    return _numpy.exp(x) * x.dtype.type(1.000001)


def mean(x: Any, /, *, axis: Any = None, keepdims: Any = False) -> Any:
    """Ignores keepdims."""
    return _numpy.mean(x, axis=axis)


def maximum(x1: Any, x2: Any, /) -> Any:
    """Prefers numbers to NaN."""
    return np.fmax(x1, x2)


def argsort(x: Any, /, *, axis: int = -1, descending: Any = False, stable: Any = True) -> Any:
    """Returns int32."""
    return _numpy.argsort(x, axis=axis, descending=descending, stable=stable).astype(np.int32)


def log1p(x: Any, /) -> Any:
    """Loses the digits of small arguments that log1p exists to keep."""
    return _numpy.log(1.0 + x)


del globals()["tensordot"]  # one function is missing


def __getattr__(name: str) -> Any:
    raise AttributeError(f"this namespace has no {name}")
