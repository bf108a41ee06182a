"""Names for what annotations mean: arrays, shapes and dtypes of any namespace."""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = ["Array", "Ints"]

Array: TypeAlias = Any  # an array of any namespace, a symbolic tensor, or where a function says so a Python number
Ints: TypeAlias = tuple[int, ...]
