"""Operations on arrays that lie otherwise in memory: transposed, strided, reversed, repeated or read-only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from backend.arrays.dtypes import dtype_name
from backend.arrays.namespaces import array_namespace

from .bounds import Expected
from .examples import Example
from .failures import Failure, compare
from .operations import Namespace, compiled, eager, expected, placeholders, recorded, symbolic

__all__ = ["layout"]


def transposed(x: Any) -> Any:
    """The last axis first in memory."""
    xp, order = array_namespace(x), tuple(reversed(range(x.ndim)))
    return xp.permute_dims(xp.asarray(xp.permute_dims(x, order), copy=True), order)


def strided(x: Any) -> Any:
    """Every second of as many elements."""
    return array_namespace(x).repeat(x, 2, axis=-1)[..., ::2]


def reversed_(x: Any) -> Any:
    """Negative steps through memory, where the library has them."""
    xp = array_namespace(x)
    return xp.flip(xp.asarray(xp.flip(x), copy=True))


def read_only(x: Any) -> Any:
    """Not to be written to; NumPy alone has such arrays."""
    if isinstance(x, np.ndarray):
        x.flags.writeable = False
    return x


def repeated(x: Any) -> Any:
    """The first row in place of all, with a step of 0."""
    return array_namespace(x).broadcast_to(x[:1, ...], x.shape)


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "transposed": transposed,
    "strided": strided,
    "reversed": reversed_,
    "read-only": read_only,
    "repeated": repeated,
}


def layout(on: Namespace, example: Example) -> float | None:
    """Wherever the elements of its arrays lie, an operation gives the same, compiled too, and leaves them alone."""
    if example.dtype != "float32" and "float32" in example.case.dtypes:
        return None  # one dtype is enough
    worst = None
    for name, arrange in LAYOUTS.items():
        if any(v.size > 1 for v in example.values):
            one = _rows_alike(example) if name == "repeated" else example
            worst = max(worst or 0.0, _arranged(on, one, name, arrange))
    return worst


def _rows_alike(example: Example) -> Example:
    """The example with the first row of each array of numbers in place of all of its rows."""
    if "rows alike" not in example.cache:
        values = [
            np.broadcast_to(v[:1], v.shape).copy() if v.dtype.kind == "f" and v.ndim and v.size else v
            for v in example.values
        ]
        example.cache["rows alike"] = Example(example.case, example.call, values, example.dtype)
    return example.cache["rows alike"]


def _arranged(on: Namespace, example: Example, name: str, arrange: Callable[[Any], Any]) -> float:
    arrays = [
        arrange(x) if v.ndim and v.size and (name != "repeated" or v.dtype.kind == "f") else x
        for x, v in zip(on.arrays(example), example.values, strict=True)
    ]
    worst = 0.0
    for how, results in _runs(on, example, arrays):
        try:
            worst = max(worst, compare(expected(example, on.library), results, on.dtypes))
            before = [Expected(v, None, dtype_name(x.dtype)) for v, x in zip(example.values, arrays, strict=True)]
            compare(before, arrays, on.dtypes)
        except Failure as failure:
            failure.kind = f"{name} {failure.kind}"
            failure.message = f"{how}, {name} arrays: {failure.message}"
            raise
    return worst


def _runs(on: Namespace, example: Example, arrays: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    yield "eagerly", eager(on, example, arrays)

    def record() -> tuple[list[Any], list[Any]]:
        inputs = placeholders(example)
        return inputs, symbolic(example, inputs)

    inputs, outputs = recorded(example.cache, "graph", record)
    yield "compiled", compiled(on, inputs, outputs, arrays)
