"""Dtypes: PyTensor's are their names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = [
    "__array_namespace_info__",
    "bool",
    "can_cast",
    "complex64",
    "complex128",
    "e",
    "finfo",
    "float16",
    "float32",
    "float64",
    "iinfo",
    "inf",
    "int8",
    "int16",
    "int32",
    "int64",
    "isdtype",
    "nan",
    "newaxis",
    "pi",
    "result_type",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

bool = "bool"
int8, int16, int32, int64 = "int8", "int16", "int32", "int64"
uint8, uint16, uint32, uint64 = "uint8", "uint16", "uint32", "uint64"
float16, float32, float64 = "float16", "float32", "float64"
complex64, complex128 = "complex64", "complex128"
e, inf, nan, newaxis, pi = math.e, math.inf, math.nan, None, math.pi

_KINDS = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "c",
    "numeric": "iufc",
}


def result_type(*arrays_and_dtypes: Any) -> str:
    """The standard's `result_type`."""
    found = [getattr(x, "dtype", x) for x in arrays_and_dtypes]
    return np.result_type(*(np.dtype(x) if isinstance(x, str) else x for x in found)).name


def isdtype(dtype: Any, kind: Any) -> Any:
    """The standard's `isdtype`."""
    if isinstance(kind, tuple):
        return any(isdtype(dtype, each) for each in kind)
    return np.dtype(dtype).kind in _KINDS[kind] if kind in _KINDS and kind != "bool" else dtype == kind


def can_cast(from_: Any, to: Any, /) -> Any:
    """The standard's `can_cast`."""
    return np.can_cast(np.dtype(getattr(from_, "dtype", from_)), np.dtype(to))


def finfo(type: Any, /) -> Any:
    """The standard's `finfo`."""
    return np.finfo(getattr(type, "dtype", type))


def iinfo(type: Any, /) -> Any:
    """The standard's `iinfo`."""
    return np.iinfo(getattr(type, "dtype", type))


class _Info:
    """The capabilities of the namespace, by the standard's inspection API."""

    def capabilities(self) -> dict[str, Any]:
        return {"boolean indexing": True, "data-dependent shapes": False, "max dimensions": 64}

    def default_device(self) -> None:
        return None

    def devices(self) -> list[Any]:
        return [None]

    def default_dtypes(self, *, device: Any = None) -> dict[str, str]:
        return {
            "real floating": float64,
            "complex floating": complex128,
            "integral": int64,
            "indexing": int64,
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, str]:
        names = [bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64]
        names += [float32, float64, complex64, complex128]
        return {name: name for name in names if kind is None or isdtype(name, kind)}


def __array_namespace_info__() -> _Info:  # noqa: N807 - the standard's name
    """The capabilities of this namespace."""
    return _Info()
