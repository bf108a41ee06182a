"""Batch normalization with given statistics: BatchNormalization."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import spox

from ...arrays.libraries.ndonnx import OPSET, fixed, of_onnx
from ._layout import permuted

__all__ = ["normalized"]


def normalized(
    x: Any,
    mean: np.ndarray[Any, Any],
    variance: np.ndarray[Any, Any],
    gamma: np.ndarray[Any, Any],
    beta: np.ndarray[Any, Any],
    *,
    axis: int,
    epsilon: float,
) -> Any:
    """BatchNormalization; the statistics and parameters are arrays of one axis, that of x."""
    if mean.dtype == np.float64:  # the operator's epsilon is a float32
        variance, epsilon = variance + epsilon, 0.0
    order = (0, axis, *(i for i in range(1, x.ndim) if i != axis))
    back = [order.index(i) for i in range(x.ndim)]
    moved = permuted(x, order)
    (y,) = spox.inline(_model(x.ndim, mean.dtype, epsilon))(
        moved, *(fixed(value) for value in (gamma, beta, mean, variance))
    ).values()
    return of_onnx(permuted(of_onnx(y), back))


def _model(ndim: int, dtype: np.dtype[Any], epsilon: float) -> Any:
    """The operator as a model of its own: spox 0.18 gives it the outputs of training, which ONNX forbids here."""
    kind = onnx.helper.np_dtype_to_tensor_dtype(dtype)
    names = ("x", "gamma", "beta", "mean", "variance")
    node = onnx.helper.make_node("BatchNormalization", names, ["y"], epsilon=epsilon)
    shapes = {"x": [None] * ndim, **{name: [None] for name in names[1:]}, "y": [None] * ndim}
    values = {name: onnx.helper.make_tensor_value_info(name, kind, shape) for name, shape in shapes.items()}
    graph = onnx.helper.make_graph([node], "batch_normalization", [values[name] for name in names], [values["y"]])
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)])
