"""Values fed to compiled functions, and outputs handed back: of the kind that came."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays.arguments import numbers
from ..arrays.backends import Backend
from ..arrays.dtypes import dtype_name
from ..arrays.namespaces import device_of, host, is_array, namespace_of, plain
from ..graph.tensor import Tensor

__all__ = ["HOST", "as_keras_feeds", "as_keras_targets", "feed", "returned", "runs_keras"]

HOST = (np.ndarray, np.generic)


def runs_keras() -> bool:
    """Whether this package is the backend of Keras 2 in this process."""
    compat = sys.modules.get(f"{__name__.partition('.')[0]}.compat.keras")
    return compat is not None and compat.runs_on_us()


def as_keras_feeds(inputs: Sequence[Tensor], values: Sequence[Any]) -> Sequence[Any]:
    """The values as Keras's programs feed them: lists of arrays within lists count as their members, more are left out.

    `_standardize_user_data` gives a list each of inputs, targets and weights; TensorFlow's functions take what they
    need of them. A list of arrays that is one value, of its placeholder's rank, stays.
    """
    if len(values) >= len(inputs) and all(map(_is_one_value, inputs, values)):
        return values[: len(inputs)]
    return _members(values)[: len(inputs)]


def _is_one_value(t: Tensor, value: Any) -> bool:
    if not isinstance(value, (list, tuple)):
        return True
    arrays = [v for v in value if is_array(v)]
    if arrays:
        return t.spec.shape is None or arrays[0].ndim + 1 == t.ndim
    return bool(value)


def _members(values: Sequence[Any]) -> list[Any]:
    """The values with the members of each list that holds arrays, or nothing, in its place."""
    found: list[Any] = []
    for value in values:
        found += _members(value) if _is_nest(value) else [value]
    return found


def _is_nest(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and (not value or any(is_array(v) or _is_nest(v) for v in value))


def as_keras_targets(inputs: Sequence[Tensor], values: Sequence[Any], is_read: Callable[[Tensor], bool]) -> list[Any]:
    """The values with targets in the rank of their placeholders, which Keras makes after the outputs, without sizes.

    A custom loss may take targets of another rank, or none at all: axes of size 1 are added at the end or left out
    there, and what no output reads is taken as it is, without its sizes.
    """
    found = list(values)
    for i, (t, value) in enumerate(zip(inputs, values, strict=True)):
        shape = t.spec.shape
        if shape is None or any(n is not None for n in shape) or not t.name.endswith("_target"):
            continue
        array = value if is_array(value) else np.asarray(value)
        kept = (*array.shape, *(1,) * len(shape))[: len(shape)]
        if array.ndim == len(shape) or isinstance(array, Tensor) or None in array.shape:
            continue
        if math.prod(kept) == math.prod(array.shape):
            found[i] = array.reshape(kept)
        elif not is_read(t):
            found[i] = array.reshape(-1)[:1].reshape((1,) * len(shape))
    return found


def feed(function: str, backend: Backend, placeholder: Tensor, value: Any) -> Any:
    """A fed value as an array of the backend, checked against its placeholder."""
    if value is None:
        raise ValueError(f"{function}: no value was fed for {placeholder.name}")
    value = plain(value)
    if namespace_of(value) is not backend.xp:
        value = numbers(function, f"the value fed for {placeholder.name}", value)
    shape, (expected, dtype) = tuple(value.shape), placeholder.spec
    if dtype_name(value.dtype).startswith("complex") and not dtype.startswith("complex"):
        raise TypeError(
            f"{function}: {placeholder.name} has dtype {dtype}, the value fed has {dtype_name(value.dtype)}"
        )
    if (
        shape != expected
        and expected is not None
        and (
            len(shape) != len(expected)
            or any(isinstance(e, int) and e != s for e, s in zip(expected, shape, strict=True))
        )
    ):
        raise ValueError(f"{function}: {placeholder.name} has shape {placeholder.shape}, the value fed has {shape}")
    here = backend.device is None or device_of(value) in (backend.device, None)  # None where it lies on several
    if here and namespace_of(value) is backend.xp and dtype_name(value.dtype) == dtype:
        return value
    if isinstance(value, HOST):
        return backend.asarray(np.asarray(value, dtype=dtype), dtype)
    if not here:
        raise TypeError(
            f"{function}: the value fed for {placeholder.name} is on {device_of(value)}, "
            f"the function runs on {backend.device}; move it first"
        )
    return backend.xp.astype(value, backend.dtype(dtype))


def returned(out: Any, native: Any) -> Any:
    """An output of the kind that was fed: NumPy unless an array of another library was."""
    if native is None:
        return host(out)
    if namespace_of(out) is namespace_of(native):
        return out
    value = np.asarray(host(out), order="C")  # torch takes no negative strides
    return namespace_of(native).asarray(value, device=device_of(native))
