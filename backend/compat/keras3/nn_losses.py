"""Losses, encodings and normalization of `keras.ops.nn`."""

from __future__ import annotations

from typing import Any

from keras.src.backend import config, standardize_dtype

import backend as K
from backend.dispatch.promotion import array_namespace, device_of

from .core import convert_to_numpy, convert_to_tensor
from .dtype_rules import array_like, at_least_float32, cast_to, floats, name_of, numbers, plain_axis, quiet
from .nn_activations import log_softmax
from .numpy_elementwise import LARGEST

__all__ = [
    "batch_normalization",
    "binary_crossentropy",
    "categorical_crossentropy",
    "moments",
    "multi_hot",
    "one_hot",
    "psnr",
    "sparse_categorical_crossentropy",
]


# ---- encodings --------------------------------------------------------------------------------------------------


def one_hot(x: Any, num_classes: Any, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    if sparse:
        raise ValueError("Unsupported value `sparse=True` with array_api backend")
    dtype = standardize_dtype(dtype) if dtype is not None else config.floatx()
    x = numbers(x)
    if not num_classes:
        num_classes = int(convert_to_numpy(x).max()) + 1
    xp = array_namespace(x)
    wide = x if name_of(x) in ("int32", "int64") else cast_to(x, "int32")
    classes = xp.arange(int(num_classes), dtype=wide.dtype, device=device_of(wide))
    if axis in (-1, x.ndim):
        return cast_to(wide[..., None] == classes, dtype)
    axis = axis % (x.ndim + 1)
    rows = xp.expand_dims(wide, axis=axis)
    shape = tuple(-1 if a == axis else 1 for a in range(x.ndim + 1))
    return cast_to(rows == xp.reshape(classes, shape), dtype)


def multi_hot(x: Any, num_classes: Any, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    if sparse:
        raise ValueError("Unsupported value `sparse=True` with array_api backend")
    x = convert_to_tensor(x)
    encoded = one_hot(cast_to(x, "int32"), num_classes, axis=axis, dtype=dtype)
    return array_namespace(encoded).max(encoded, axis=1 if x.ndim > 1 else 0)


# ---- losses -----------------------------------------------------------------------------------------------------


def _inside(p: Any) -> Any:
    """Probabilities kept away from 0 and 1 by Keras's epsilon."""
    xp, epsilon = array_namespace(p), config.epsilon()
    return xp.minimum(xp.maximum(p, array_like(p, epsilon)), array_like(p, 1.0 - epsilon))


def _logs(output: Any, from_logits: bool, axis: int) -> Any:
    """The log-probabilities of the classes."""
    if from_logits:
        return log_softmax(output, axis=axis)
    xp = array_namespace(output)
    return xp.log(_inside(output / xp.sum(output, axis=axis, keepdims=True)))


def _same_shape(target: Any, output: Any) -> None:
    if tuple(target.shape) != tuple(output.shape):
        raise ValueError(
            "Arguments `target` and `output` must have the same shape. "
            f"Received: target.shape={tuple(target.shape)}, output.shape={tuple(output.shape)}"
        )


@quiet
def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    output = floats(output)
    target = convert_to_tensor(target)
    _same_shape(target, output)
    if target.ndim < 1:
        raise ValueError(
            "Arguments `target` and `output` must be at least rank 1. "
            f"Received: target.shape={tuple(target.shape)}, output.shape={tuple(output.shape)}"
        )
    target = cast_to(target, name_of(output))
    return -K.sum(target * _logs(output, from_logits, axis), axis=axis)


@quiet
def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    output = floats(output)
    target = cast_to(convert_to_tensor(target), "int32")
    xp = array_namespace(target)
    if target.ndim == output.ndim and target.ndim and target.shape[-1] == 1:
        target = xp.squeeze(target, axis=-1)
    if output.ndim < 1:
        raise ValueError(f"Argument `output` must be at least rank 1. Received: output.shape={tuple(output.shape)}")
    if tuple(target.shape) != tuple(output.shape)[:-1]:
        raise ValueError(
            "Arguments `target` and `output` must have the same shape up until the last dimension: "
            f"target.shape={tuple(target.shape)}, output.shape={tuple(output.shape)}"
        )
    logs = _logs(output, from_logits, axis)
    chosen = one_hot(target, output.shape[axis], axis=axis, dtype="bool")
    return -K.sum(xp.where(chosen, logs, array_like(logs, 0.0)), axis=axis)


@quiet
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    output = floats(output)
    target = convert_to_tensor(target)
    _same_shape(target, output)
    target = cast_to(target, name_of(output))
    xp = array_namespace(output)
    if from_logits:  # log(1 + exp(x)) - x t, without an overflow
        return xp.maximum(output, array_like(output, 0.0)) - output * target + xp.log1p(xp.exp(-xp.abs(output)))
    output = _inside(output)
    return -(target * xp.log(output) + (1.0 - target) * xp.log(1.0 - output))


@quiet
def psnr(x1: Any, x2: Any, max_val: Any) -> Any:
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    if tuple(x1.shape) != tuple(x2.shape):
        raise ValueError(f"Input shapes {tuple(x1.shape)} and {tuple(x2.shape)} must match for PSNR calculation. ")
    x1, x2 = floats(x1), floats(x2)
    xp = array_namespace(x1, x2)
    greatest = cast_to(convert_to_tensor(max_val), name_of(x2))
    return 20.0 * xp.log10(greatest) - 10.0 * xp.log10(xp.mean((x1 - x2) ** 2))


# ---- normalization ----------------------------------------------------------------------------------------------


@quiet
def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> tuple[Any, Any]:
    if synchronized:
        raise NotImplementedError("Argument synchronized=True is not supported with array_api backend.")
    x = floats(x)
    name, axes = name_of(x), plain_axis(axes)
    wide = at_least_float32(x)
    mean = K.mean(wide, axis=axes, keepdims=True)
    variance = K.mean((wide - mean) ** 2, axis=axes, keepdims=keepdims)
    if not keepdims:
        mean = array_namespace(mean).reshape(mean, variance.shape)
    return _narrowed(mean, name), _narrowed(variance, name)


def _narrowed(x: Any, name: str) -> Any:
    """x in a dtype of 16 bits without overflow: the largest numbers stand for larger ones."""
    if name != "float16":
        return cast_to(x, name)
    xp, largest = array_namespace(x), LARGEST[name]
    return cast_to(xp.minimum(xp.maximum(x, array_like(x, -largest)), array_like(x, largest)), name)


@quiet
def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Any:
    x = floats(x)
    xp = array_namespace(x)
    parts = [None if v is None else floats(v) for v in (mean, variance, offset, scale)]
    shape = tuple(-1 if a == axis % x.ndim else 1 for a in range(x.ndim))
    mean, variance, offset, scale = (None if v is None else xp.reshape(v, shape) for v in parts)
    rate = 1.0 / xp.sqrt(variance + epsilon)
    rate = rate if scale is None else rate * scale
    shift = -mean * rate if offset is None else offset - mean * rate
    dtype = name_of(x)
    return x * cast_to(rate, dtype) + cast_to(shift, dtype)
