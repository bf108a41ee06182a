"""Arrays without axes made Python numbers: bool, int, float, complex and index of special values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..case import Call, Case
from .conditions import UnknownTermError, holds
from .deciding import binding, decided, rows_of
from .probe import Probe

__all__ = ["SCALARS", "scalars"]

SCALARS = ("array.__bool__", "array.__int__", "array.__float__", "array.__complex__", "array.__index__")
VALUES: dict[str, tuple[tuple[str, ...], list[Any]]] = {
    "real": (("float32", "float64"), [np.nan, np.inf, -np.inf, 0.0, -0.0, 2.75, -2.75]),
    "complex": (("complex64", "complex128"), [0j, 2j, complex(np.nan, 0.0), complex(0.0, np.nan), 3 + 0j]),
    "bool": (("bool",), [True, False]),
    "general": (("float32", "float64"), [2.0]),
}
KINDS = {"f": "floating", "c": "complex floating", "b": "bool"}


def scalars(case: Case, function: str, revision: str) -> Iterator[Probe]:
    """One call for each value, as each makes one number."""
    for kind, (dtypes, values) in VALUES.items():
        for dtype in dtypes if rows_of(function, kind, revision) else ():
            for value in values:
                yield from _made(case, function, kind, np.asarray(value, dtype), revision)


def _made(case: Case, function: str, kind: str, x: np.ndarray, revision: str) -> Iterator[Probe]:
    operands = {"x_i": x.reshape(1), "dtype_kind of x_i": np.full(1, KINDS[x.dtype.kind])}
    for row in rows_of(function, kind, revision):
        if isinstance(row["result"], dict) and "raises" in row["result"] and binding(row):
            try:
                applies = np.all(holds(row["condition"], operands))
            except UnknownTermError:
                continue  # of lazy libraries
            if applies:
                yield Probe(case, Call((x,), {}), [x], x.dtype.name, row=row, raises=row["result"]["raises"])
                return
    rulings = decided(function, kind, operands, revision)
    if rulings:
        yield Probe(case, Call((x,), {}), [x], x.dtype.name, rulings=rulings)
