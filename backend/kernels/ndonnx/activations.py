"""Activations: Relu, Erf, Softmax and LogSoftmax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ndonnx
import numpy as np
import spox.opset.ai.onnx.v21 as op

from ...arrays.libraries.ndonnx import arange, fixed, matmul, numpy_dtype, of_onnx, size_of

__all__ = ["attention_weights", "erf", "log_softmax", "relu", "softmax"]


def relu(x: Any) -> Any:
    """Relu."""
    return of_onnx(op.relu(x.unwrap_spox()))


def erf(x: Any) -> Any:
    """Erf, which ONNX Runtime has in float32 alone."""
    return NotImplemented if x.dtype == ndonnx.float64 else of_onnx(op.erf(x.unwrap_spox()))


def _along_one(function: Callable[..., Any], x: Any, axis: Any) -> Any:
    axes = axis if isinstance(axis, tuple) else (axis,)
    return of_onnx(function(x.unwrap_spox(), axis=axes[0])) if len(axes) == 1 else NotImplemented


def softmax(x: Any, *, axis: Any) -> Any:
    """Softmax, along one axis."""
    return _along_one(op.softmax, x, axis)


def log_softmax(x: Any, *, axis: Any) -> Any:
    """LogSoftmax, along one axis."""
    return _along_one(op.log_softmax, x, axis)


def attention_weights(query: Any, key: Any, mask: Any, *, is_causal: bool, scale: float | None) -> Any:
    """Softmax of the scores; with a mask, which may leave a query without keys, the definition."""
    features = query.shape[-1]
    if mask is not None or key.shape[-2] == 0 or not (scale is not None or isinstance(features, int)):
        return NotImplemented
    dtype = numpy_dtype(query)
    factor = scale if scale is not None else max(features, 1) ** -0.5
    scores = matmul(query * of_onnx(fixed(factor, dtype)), ndonnx.matrix_transpose(key)).unwrap_spox()
    if is_causal:  # each query has a key: the first
        rows, columns = (arange(size_of(x, -2)).unwrap_spox() for x in (query, key))
        allowed = op.greater_or_equal(op.unsqueeze(rows, fixed([1])), op.unsqueeze(columns, fixed([0])))
        scores = op.where(allowed, scores, fixed(-np.inf, dtype))
    return of_onnx(op.softmax(scores, axis=-1))
