"""A sparse matrix that is fed when a function runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dispatch.boundary import sizes_from
from ..graph.tensor import Placeholder
from ..ops.sparse import Sparse

__all__ = ["SparsePlaceholder"]


class SparsePlaceholder(Sparse):
    """A sparse matrix whose elements and unknown sizes are each fed through a placeholder."""

    def __init__(self, shape: tuple[int | None, ...] | None, dtype: str, name: str | None) -> None:
        if shape is None or len(shape) != 2:
            raise ValueError(f"placeholder: shape is {shape}; a sparse one has two dimensions")
        label = name or "sparse"
        parts = [
            Placeholder((None,), kind, f"{label}/{part}")
            for part, kind in (("values", dtype), ("rows", "int32"), ("columns", "int32"))
        ]
        counts = [Placeholder((), "int32", f"{label}/size") if n is None else None for n in shape]
        sizes = [
            n if c is None else sizes_from("placeholder", "shape", (c,))[0] for n, c in zip(shape, counts, strict=True)
        ]
        super().__init__(parts[0], parts[1], parts[2], sizes, label)
        self.counts = counts
        self.placeholders = [*parts, *(c for c in counts if c is not None)]

    def feeds(self, value: Any) -> list[Any]:
        """The values fed to the placeholders for one matrix, SciPy's or dense.

        TypeError for anything that is not a matrix, ValueError for a matrix of another shape.
        """
        if hasattr(value, "tocoo"):
            matrix = value.tocoo()
            values, rows, columns, shape = matrix.data, matrix.row, matrix.col, matrix.shape
        else:
            dense = np.asarray(value)
            if dense.ndim != 2:
                raise TypeError(
                    f"{self.name}: the value fed is no matrix: {type(value).__name__} of shape {dense.shape}"
                )
            rows, columns = np.nonzero(dense)
            values, shape = dense[rows, columns], dense.shape
        if any(n is not None and n != m for n, m in zip(self.shape, shape, strict=True)):
            raise ValueError(f"{self.name} has shape {self.shape}, the value fed has {shape}")
        sizes = [np.int32(m) for m, c in zip(shape, self.counts, strict=True) if c is not None]
        return [values, rows.astype("int32"), columns.astype("int32"), *sizes]
