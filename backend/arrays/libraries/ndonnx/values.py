"""What lies between ndonnx's arrays and ONNX's values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ndonnx
import numpy as np
import spox.opset.ai.onnx.v21 as op

__all__ = [
    "OPSET",
    "added_dtype",
    "as_type",
    "can_cast",
    "fixed",
    "number_like",
    "numpy_dtype",
    "of_onnx",
    "signbit",
    "signed_one",
    "typed",
    "value_of",
]

OPSET = 21  # that of the operators here


def can_cast(from_: Any, to: Any, /) -> bool:
    """The standard's `can_cast`: ndonnx's says yes to narrower dtypes."""
    return np.can_cast(getattr(from_, "dtype", from_).unwrap_numpy(), to.unwrap_numpy())


def value_of(x: Any) -> np.ndarray | None:
    """The values of an array that is known now; None for one that the file computes."""
    try:
        return x.unwrap_numpy()
    except ValueError:
        return None


def of_onnx(var: Any) -> Any:
    """The array of an ONNX value."""
    return ndonnx.asarray(var)


def fixed(value: Any, dtype: Any = None) -> Any:
    """A constant of ONNX from numbers."""
    return op.const(np.asarray(value, dtype=dtype))


def numpy_dtype(x: Any) -> np.dtype[Any]:
    """The NumPy dtype of an array's elements."""
    return x.unwrap_spox().unwrap_tensor().dtype


def added_dtype(x: Any) -> Any:
    """The dtype of sums and products without one given: 64 bits of integers."""
    return {"i": ndonnx.int64, "u": ndonnx.uint64}.get(numpy_dtype(x).kind, x.dtype)


def as_type(x: Any, dtype: Any) -> Any:
    """An array as an ONNX value of that dtype."""
    return x.unwrap_spox() if numpy_dtype(x) == dtype else op.cast(x.unwrap_spox(), to=dtype)


def number_like(x: Any, value: Any) -> Any:
    """A 0-d constant of the dtype of x."""
    return of_onnx(fixed(value, numpy_dtype(x)))


def signbit(x: Any, /) -> Any:
    """The standard's `signbit`; that of NaN is lost, as ONNX has no bits of floating numbers."""
    return (x < 0) | ((x == 0) & (ndonnx.reciprocal(x) < 0))


def signed_one(x: Any) -> Any:
    """1 or -1, with the sign of x: a factor that keeps the sign of zero, which ONNX Runtime's Where does not."""
    return ndonnx.where(signbit(x), number_like(x, -1), number_like(x, 1))


def typed(results: Sequence[Any], types: Sequence[Any]) -> list[Any]:
    """The arrays of a call's ONNX values, whose types are known though ONNX does not infer them."""
    for value, kind in zip(results, types, strict=True):
        value._var_info.type = kind  # noqa: SLF001 - spox's own way adds an Identity
    return [of_onnx(value) for value in results]
