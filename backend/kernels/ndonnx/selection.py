"""Rows and elements by indices, and the places of the largest: Gather, GatherElements and TopK."""

from __future__ import annotations

from typing import Any

import numpy as np
import spox.opset.ai.onnx.v21 as op

from ...arrays.libraries.ndonnx import fixed, of_onnx, take
from ...arrays.libraries.ndonnx import take_along_axis as elements

__all__ = ["gather_rows", "take_along_axis", "top_places"]


def gather_rows(x: Any, indices: Any) -> Any:
    """Gather, which takes indices of any shape; a runtime decides what one that is out of range does."""
    return take(x, indices, axis=0)


def take_along_axis(x: Any, indices: Any, *, axis: int, within: bool = False) -> Any:
    """GatherElements."""
    return elements(x, indices, axis=axis)


def top_places(x: Any, *, k: int) -> Any:
    """TopK."""
    return of_onnx(op.top_k(x.unwrap_spox(), fixed([k], np.int64), axis=-1)[1])
