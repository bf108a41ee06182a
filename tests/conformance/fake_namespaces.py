"""Small array namespaces on NumPy's: lazy ones, unreadable ones, ones without device= or `__array_namespace__`."""

from __future__ import annotations

import operator
import sys
import types
from collections.abc import Callable
from typing import Any

import array_api_compat.numpy as np_compat
import numpy as np

BINARY = ("add", "sub", "mul", "truediv", "lt", "gt", "eq", "ne", "le", "ge")
DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64")
FUNCTIONS = (
    "exp expm1 add abs sum max argmax nonzero unique_values unique_counts unique_inverse unique_all reshape "
    "broadcast_to zeros ones isin cumulative_sum where expand_dims equal squeeze any all sqrt"
).split()


class Wrapped:
    """An array that keeps a NumPy array in `inner`."""

    def __init__(self, inner: Any) -> None:
        self.inner = np.asarray(inner)

    @property
    def shape(self) -> tuple[Any, ...]:
        return self.inner.shape

    @property
    def dtype(self) -> Any:
        return self.inner.dtype

    @property
    def ndim(self) -> int:
        return self.inner.ndim

    def __getitem__(self, key: Any) -> Any:
        return type(self)(self.inner[unwrapped(key)])


def _operator(name: str) -> Callable[..., Any]:
    function = getattr(operator, name)
    return lambda x, y: type(x)(function(x.inner, unwrapped(y)))


for _name in BINARY:
    setattr(Wrapped, f"__{_name}__", _operator(_name))


def unwrapped(value: Any) -> Any:
    if isinstance(value, Wrapped):
        return value.inner
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(unwrapped(v) for v in value)
    return value


def lifted(kind: type, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy on these arrays."""

    def call(*args: Any, **kwargs: Any) -> Any:
        result = function(*map(unwrapped, args), **{k: unwrapped(v) for k, v in kwargs.items()})
        if isinstance(result, tuple) and hasattr(result, "_fields"):
            return type(result)(*map(kind, result))
        if isinstance(result, tuple | list):
            return type(result)(map(kind, result))
        return kind(result)

    return call


def namespace_module(name: str, kind: type, replaced: dict[str, Any] | None = None, **more: Any) -> types.ModuleType:
    """A namespace of these arrays, importable by its name; `asarray` takes no device."""
    module: Any = types.ModuleType(name)
    for each in FUNCTIONS:
        setattr(module, each, lifted(kind, getattr(np_compat, each)))
    for each in DTYPES:
        setattr(module, each, np.dtype(each))

    def asarray(obj: Any, /, *, dtype: Any = None, copy: bool | None = None) -> Any:
        return kind(np.array(unwrapped(obj), dtype=dtype))

    module.asarray = asarray
    for each, value in {**(replaced or {}), **more}.items():
        setattr(module, each, value)
    sys.modules[name] = module
    return module


def standard_array(module_name: str, **methods: Any) -> type:
    """A class of arrays that name their namespace."""
    return type(
        "Array", (Wrapped,), {"__array_namespace__": lambda self, api_version=None: sys.modules[module_name], **methods}
    )


def read(x: Wrapped) -> np.ndarray:
    """What `--convert` names: it takes our arrays only."""
    return x.inner
