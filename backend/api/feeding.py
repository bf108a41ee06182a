"""Values fed to compiled functions, and outputs handed back: of the kind that came."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.backends import Backend
from ..arrays.dtypes import dtype_name
from ..arrays.namespaces import device_of, host, is_array, namespace_of, plain
from ..graph.tensor import Tensor

__all__ = ["HOST", "feed", "returned"]

HOST = (np.ndarray, np.generic)


def feed(function: str, backend: Backend, placeholder: Tensor, value: Any) -> Any:
    """A fed value as an array of the backend, checked against its placeholder."""
    if value is None:
        raise ValueError(f"{function}: no value was fed for {placeholder.name}")
    value = plain(value)
    if namespace_of(value) is not backend.xp:
        value = np.asarray(host(value) if is_array(value) else value)
        if value.dtype.kind not in "biufc":
            raise TypeError(
                f"{function}: the value fed for {placeholder.name} has dtype {value.dtype}, expected numbers"
            )
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
    if namespace_of(value) is backend.xp and device_of(value) == backend.device and dtype_name(value.dtype) == dtype:
        return value
    if isinstance(value, HOST):
        return backend.asarray(np.asarray(value, dtype=dtype), dtype)
    if backend.device is not None and device_of(value) != backend.device:
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
    return namespace_of(native).asarray(host(out), device=device_of(native))
