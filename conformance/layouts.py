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
from .gradients import gradient_graph, wanted_gradients
from .operations import Namespace, compiled, eager, expected, placeholders, recorded, symbolic

__all__ = ["in_order", "layout", "repeated", "reversed_", "strided", "transposed"]


def in_order(x: Any) -> Any:
    """A copy whose elements lie one after the other, the last axis innermost."""
    xp = array_namespace(x)
    return xp.reshape(xp.asarray(xp.reshape(x, (-1,)), copy=True), x.shape)


def transposed(x: Any) -> Any:
    """The first axis innermost."""
    xp, order = array_namespace(x), tuple(reversed(range(x.ndim)))
    return xp.permute_dims(in_order(xp.permute_dims(x, order)), order)


def strided(x: Any) -> Any:
    """Every second of twice as many elements."""
    return array_namespace(x).repeat(x, 2, axis=-1)[..., ::2]


def reversed_(x: Any) -> Any:
    """Negative steps through memory, where the library has them."""
    xp = array_namespace(x)
    return xp.flip(in_order(xp.flip(x)))


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
    for how, wanted, results in _runs(on, example, arrays, slopes=name != "repeated"):  # equals are a kink
        try:
            worst = max(worst, compare(wanted, results, on.dtypes))
            before = [Expected(v, None, dtype_name(x.dtype)) for v, x in zip(example.values, arrays, strict=True)]
            compare(before, arrays, on.dtypes)
        except Failure as failure:
            failure.kind = f"{name} {failure.kind}"
            failure.message = f"{how}, {name} arrays: {failure.message}"
            raise
    return worst


def _runs(
    on: Namespace, example: Example, arrays: list[Any], slopes: bool
) -> Iterator[tuple[str, list[Any], list[Any]]]:
    """What is run: how, what is expected, and the results."""
    wanted = expected(example, on.library)
    yield "eagerly", wanted, eager(on, example, arrays)

    def record() -> tuple[list[Any], list[Any]]:
        inputs = placeholders(example)
        return inputs, symbolic(example, inputs)

    inputs, outputs = recorded(example.cache, "graph", record)
    yield "compiled", wanted, compiled(on, inputs, outputs, arrays)
    gradients = wanted_gradients(example, on.library) if slopes and example.differentiated else None
    if gradients is not None:
        inputs, found = gradient_graph(example)
        there = [(w, g) for w, g in zip(gradients, found, strict=True) if g is not None]
        yield "gradients", [w for w, _ in there], compiled(on, inputs, [g for _, g in there], arrays)
