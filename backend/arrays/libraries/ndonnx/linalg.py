"""Of the standard's linear algebra, what operators of ONNX give."""

from __future__ import annotations

import builtins
import math
from typing import Any

import ndonnx
import spox.opset.ai.onnx.v21 as op

from .elementwise import maximum, minimum
from .reductions import matmul, vecdot
from .reductions import max as largest
from .reductions import min as smallest
from .reductions import sum as total
from .selection import take
from .sizes import all_known, arange, reshape, size_of
from .values import number_like, of_onnx

__all__ = [
    "det",
    "diagonal",
    "matmul",
    "matrix_transpose",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: float = 2) -> Any:  # noqa: A002
    """The standard's `linalg.vector_norm`."""
    if ord == math.inf or ord == -math.inf:
        return (largest if ord > 0 else smallest)(abs(x), axis=axis, keepdims=keepdims)
    if ord == 0:
        return ndonnx.astype(ndonnx.count_nonzero(x, axis=axis, keepdims=keepdims), x.dtype)
    if ord == 2:
        return ndonnx.sqrt(total(x * x, axis=axis, keepdims=keepdims))
    return ndonnx.pow(
        total(ndonnx.pow(abs(x), number_like(x, ord)), axis=axis, keepdims=keepdims), number_like(x, 1 / ord)
    )


def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The standard's `linalg.diagonal`, by Gather."""
    rows, columns = (size_of(x, axis) for axis in (-2, -1))
    ends = (rows + builtins.min(offset, 0), columns - builtins.max(offset, 0))
    if all_known(ends):
        count = builtins.max(builtins.min(*(int(n) for n in ends), rows, columns), 0)
    else:
        sizes = [ndonnx.asarray(n) for n in (*ends, rows, columns)]
        count = maximum(minimum(minimum(*sizes[:2]), minimum(*sizes[2:])), ndonnx.asarray(0))
    at = arange(count)
    flat = (at - builtins.min(offset, 0)) * columns + at + builtins.max(offset, 0)
    lead = tuple(size_of(x, axis) for axis in range(x.ndim - 2))
    return take(reshape(x, (*lead, rows * columns)), flat, axis=-1)


def det(x: Any, /) -> Any:
    """The standard's `linalg.det`, as Det, which ONNX Runtime has in float32 alone."""
    if x.dtype != ndonnx.float32:
        raise NotImplementedError(f"Det of {x.dtype}")
    return of_onnx(op.det(x.unwrap_spox()))


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """The standard's `linalg.trace`."""
    return total(diagonal(x, offset=offset), axis=-1, dtype=dtype)


matrix_transpose, tensordot = ndonnx.matrix_transpose, ndonnx.tensordot
