"""numba's kernels for NumPy arrays in `K.function(..., jit=True)`, named after the composites they replace.

A kernel has the composite's signature and returns NotImplemented for what it declines; then NumPy's kernel runs, or the
definition. `STANDARD` has kernels of functions of the standard, by name, called as `xp.name(...)` is in the source of
a compiled function; they decline in the same way. Loops are written in `compile.compiled` functions, shared between
threads by `compile.in_parts`, with the elementary functions of `mathematics`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .nests import CompiledNest as CompiledNest

__all__ = ["STANDARD"]

STANDARD: dict[str, Callable[..., Any]] = {}
