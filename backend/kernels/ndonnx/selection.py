"""Rows and elements by indices: Gather and GatherElements."""

from __future__ import annotations

from typing import Any

from ...arrays.libraries.ndonnx import take
from ...arrays.libraries.ndonnx import take_along_axis as elements

__all__ = ["gather_rows", "take_along_axis"]


def gather_rows(x: Any, indices: Any) -> Any:
    """Gather, which takes indices of any shape; a runtime decides what one that is out of range does."""
    return take(x, indices, axis=0)


def take_along_axis(x: Any, indices: Any, *, axis: int, within: bool = False) -> Any:
    """GatherElements."""
    return elements(x, indices, axis=axis)
