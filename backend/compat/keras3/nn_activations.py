"""Activations of `keras.ops.nn`: in the dtype that their argument has beside a Python float."""

from __future__ import annotations

from typing import Any

import backend as K
from backend.dispatch.promotion import array_namespace

from .dtype_rules import array_like, at_least_float32, cast_to, floats, kept, name_of, numbers, quiet
from .numpy_elementwise import tanh as tanh
from .numpy_shapes import split

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "tanh",
    "tanh_shrink",
    "threshold",
]

# ---- from K -----------------------------------------------------------------------------------------------------


def _of_k(function: Any, rule: Any = floats) -> Any:
    """K's activation, after a dtype rule."""

    def activation(x: Any) -> Any:
        return function(x)

    return kept(rule)(activation)


sigmoid, silu = _of_k(K.sigmoid), _of_k(K.silu)
softplus, softsign, selu = _of_k(K.softplus), _of_k(K.softsign), _of_k(K.selu)


@kept(numbers)
def relu(x: Any) -> Any:
    name = name_of(x)
    return K.relu(x) if "float" in name else array_namespace(x).maximum(x, array_like(x, 0))


@kept(floats)
def elu(x: Any, alpha: float = 1.0) -> Any:
    return K.elu(x, alpha)


@kept(floats)
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    return K.leaky_relu(x, negative_slope)


@kept(floats)
def gelu(x: Any, approximate: bool = True) -> Any:
    return K.gelu(x, approximate)


def _wide(function: Any) -> Any:
    """K's function along an axis; all axes are one for None."""

    def activation(x: Any, axis: Any = -1) -> Any:
        x = floats(x)
        if axis is None:
            xp = array_namespace(x)
            return xp.reshape(activation(xp.reshape(x, (-1,))), x.shape)
        if isinstance(axis, (list, tuple)):
            return _along_several(activation, x, tuple(axis))
        return function(x, axis=axis)

    return quiet(activation)


def _along_several(activation: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """An activation along several axes, as if they were one."""
    xp = array_namespace(x)
    axes = tuple(a % x.ndim for a in axes)
    order = (*(a for a in range(x.ndim) if a not in axes), *axes)
    moved = xp.permute_dims(x, order)
    rows = xp.reshape(moved, (*moved.shape[: x.ndim - len(axes)], -1))
    back = tuple(order.index(a) for a in range(x.ndim))
    return xp.permute_dims(xp.reshape(activation(rows), moved.shape), back)


softmax, log_softmax = _wide(K.softmax), _wide(K.log_softmax)

# ---- piecewise --------------------------------------------------------------------------------------------------


def _between(x: Any, low: Any, high: Any) -> Any:
    """x cut off at two numbers."""
    xp = array_namespace(x)
    return xp.minimum(xp.maximum(x, array_like(x, low)), array_like(x, high))


def relu6(x: Any) -> Any:
    return _between(numbers(x), 0, 6)


def hard_tanh(x: Any) -> Any:
    return _between(numbers(x), -1, 1)


@kept(floats)
def hard_sigmoid(x: Any) -> Any:
    return _between(x / 6.0 + 0.5, 0.0, 1.0)


@kept(floats)
def hard_silu(x: Any) -> Any:
    return x * hard_sigmoid(x)


@kept(floats)
def sparse_sigmoid(x: Any) -> Any:
    return _between(0.5 * (x + 1.0), 0.0, 1.0)


@kept(floats)
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    xp, zero = array_namespace(x), array_like(x, 0.0)
    return xp.where(x > threshold, x - threshold, xp.where(x < -threshold, x + threshold, zero))


@kept(floats)
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    xp = array_namespace(x)
    return xp.where(xp.abs(x) > threshold, x, array_like(x, 0.0))


@kept(floats)
def threshold(x: Any, threshold: float, default_value: Any) -> Any:
    return array_namespace(x).where(x > threshold, x, array_like(x, default_value))


@kept(floats)
def sparse_plus(x: Any) -> Any:
    xp, inner = array_namespace(x), _between(x, -1.0, 1.0)
    return xp.where(x >= 1.0, x, 0.25 * (inner + 1.0) ** 2)


# ---- smooth -----------------------------------------------------------------------------------------------------


@kept(floats)
def tanh_shrink(x: Any) -> Any:
    return x - tanh(x)


@kept(floats)
def log_sigmoid(x: Any) -> Any:
    return -softplus(-x)


@kept(floats)
def squareplus(x: Any, b: float = 4) -> Any:
    return (x + array_namespace(x).sqrt(x * x + b)) / 2.0


@kept(floats)
def celu(x: Any, alpha: float = 1.0) -> Any:
    xp, zero = array_namespace(x), array_like(x, 0.0)
    return xp.maximum(x, zero) + alpha * xp.expm1(xp.minimum(x, zero) / alpha)


@kept(floats)
def glu(x: Any, axis: int = -1) -> Any:
    if x.shape[axis] % 2:
        raise ValueError(f"axis size must be divisible by 2. Received: x.shape={tuple(x.shape)} with axis={axis}")
    values, gates = split(x, 2, axis)
    return values * sigmoid(gates)


@kept(floats)
def sparsemax(x: Any, axis: int = -1) -> Any:
    """The Euclidean projection onto the simplex; Martins & Astudillo, From softmax to sparsemax, 2016, algorithm 1."""
    xp, wide = array_namespace(x), at_least_float32(x)
    axis = axis % x.ndim
    falling = xp.sort(wide, axis=axis, descending=True)
    sums = K.cumsum(falling, axis=axis)
    ranks = xp.reshape(
        K.cumsum(xp.ones_like(xp.reshape(xp.permute_dims(falling, _last(x.ndim, axis)), (-1, x.shape[axis]))[0, :])),
        tuple(-1 if a == axis else 1 for a in range(x.ndim)),
    )
    support = 1.0 + ranks * falling > sums
    count = K.sum(xp.astype(support, wide.dtype), axis=axis, keepdims=True)
    total = K.sum(xp.where(support, falling, array_like(falling, 0.0)), axis=axis, keepdims=True)
    return cast_to(xp.maximum(wide - (total - 1.0) / count, array_like(wide, 0.0)), name_of(x))


def _last(ndim: int, axis: int) -> tuple[int, ...]:
    """The order of axes that brings one to the end."""
    return (*(a for a in range(ndim) if a != axis), axis)
