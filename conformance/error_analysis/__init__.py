"""An array API namespace for running error analysis: each array carries a bound on the error of its values.

Any code written for the standard runs on it, loops over sizes and second derivatives included. The result is the value
in float64 and the error that a correct library may make in the nominal dtype.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np

from . import decompositions, elementwise, reductions, structure
from .array import Bounded as Bounded
from .array import bounded as bounded
from .elementwise import astype as astype
from .elementwise import clip as clip
from .elementwise import where as where

__array_api_version__ = "2025.12"

e, inf, nan, newaxis, pi = math.e, math.inf, math.nan, None, math.pi
bool = np.dtype("bool")  # noqa: A001 - the standard's name
int8, int16, int32, int64 = (np.dtype(f"int{n}") for n in (8, 16, 32, 64))
uint8, uint16, uint32, uint64 = (np.dtype(f"uint{n}") for n in (8, 16, 32, 64))
float16, float32, float64 = (np.dtype(f"float{n}") for n in (16, 32, 64))

linalg = SimpleNamespace(**reductions.LINALG, **decompositions.LINALG)


def finfo(dtype: Any, /) -> Any:
    """The limits of a floating dtype, as Python numbers."""
    found = np.finfo(getattr(dtype, "dtype", dtype))
    return SimpleNamespace(
        bits=found.bits,
        eps=float(found.eps),
        max=float(found.max),
        min=float(found.min),
        smallest_normal=float(found.smallest_normal),
        dtype=found.dtype,
    )


def iinfo(dtype: Any, /) -> Any:
    """The limits of an integer dtype."""
    return np.iinfo(getattr(dtype, "dtype", dtype))


def isdtype(dtype: Any, kind: Any) -> Any:
    """Whether a dtype is of a kind."""
    return np.isdtype(dtype, kind)


def result_type(*arrays_and_dtypes: Any) -> np.dtype:
    """The promoted dtype of arrays and dtypes; Python numbers do not count."""
    return np.result_type(
        *(getattr(x, "dtype", x) for x in arrays_and_dtypes if not isinstance(x, int | float | complex))
    )


def can_cast(from_: Any, to: Any, /) -> Any:
    """Whether a dtype casts to another without loss."""
    return np.can_cast(getattr(from_, "dtype", from_), to)


def __array_namespace_info__() -> Any:  # noqa: N807 - the standard's name
    """One device, the default dtypes of NumPy."""
    return SimpleNamespace(
        devices=lambda: [None],
        default_device=lambda: None,
        dtypes=lambda *, device=None, kind=None: {"float32": np.dtype("float32"), "float64": np.dtype("float64")},
        capabilities=lambda: {"boolean indexing": False, "data-dependent shapes": False, "max dimensions": 64},
    )


def __getattr__(name: str) -> Any:
    raise AttributeError(f"there is no error analysis for {name} yet (conformance/error_analysis)")


# `where`, `astype` and `clip` are imported by name above
for _table in (elementwise.FUNCTIONS, reductions.FUNCTIONS, structure.FUNCTIONS):
    globals().update(_table)
