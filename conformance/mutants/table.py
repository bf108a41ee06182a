"""The faults planted in a namespace, all chapters in one list."""

from __future__ import annotations

from .order import ORDER
from .shapes import SHAPES
from .values import DEVICES, DTYPES, SPECIAL_VALUES, VALUES

__all__ = ["NAMESPACE_MUTANTS"]

NAMESPACE_MUTANTS = [*VALUES, *SPECIAL_VALUES, *DTYPES, *SHAPES, *ORDER, *DEVICES]
