"""Loops: ONNX's Loop, and the standard's functions that need one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ndonnx
import numpy as np
import spox
import spox.opset.ai.onnx.v21 as op
from spox._future import TypeWarningLevel, type_warning_level

from .selection import concat, take
from .sizes import ones, size_of
from .values import added_dtype, fixed, of_onnx, typed, value_of

__all__ = ["cumulative_prod", "loop", "repeated"]


def repeated(body: Callable[..., Sequence[Any]], initial: Sequence[Any], steps: Any) -> list[Any]:
    """The last state of a Loop, and what each of its steps gives beside the next state, stacked.

    body(number of the step, *state) gives ONNX values. spox 0.18 swaps the types of a Scan's states and sequences.
    """

    def step(number: Any, going: Any, *state: Any) -> list[Any]:
        return [going, *body(of_onnx(number), *map(of_onnx, state))]

    most = fixed(steps, np.int64) if isinstance(steps, int) else steps.unwrap_spox()
    return loop(most, fixed(True), initial, step)


def loop(most: Any, start: Any, initial: Sequence[Any], body: Callable[..., Sequence[Any]]) -> list[Any]:
    """ONNX's Loop; body(number of the step, whether to go on, *state) gives ONNX values, the first two left out of it.

    Number and condition are scalars, to which spox 0.18 gives an axis.
    """

    types: list[Any] = []

    def step(number: Any, going: Any, *state: Any) -> list[Any]:
        for scalar in (number, going):
            scalar._var_info.type = spox.Tensor(scalar.unwrap_tensor().dtype, ())  # noqa: SLF001
        # a subgraph may not give what lies outside of it
        found = [op.identity(y) for y in body(number, going, *state)]
        types[:] = [y.unwrap_tensor() for y in found]
        return found

    given = [x.unwrap_spox() for x in initial]
    with type_warning_level(TypeWarningLevel.NONE):  # ONNX infers no shapes for results of a Loop
        results = op.loop(most, start, given, body=step)
    stacked = [spox.Tensor(y.dtype, (None, *y.shape)) for y in types[1 + len(given) :]]
    return typed(results, [*(x.unwrap_tensor() for x in given), *stacked])


def cumulative_prod(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
    """The standard's `cumulative_prod`, as a Loop: ndonnx's takes logarithms, which negative numbers lack."""
    x = ndonnx.astype(x, dtype or added_dtype(x))
    known = value_of(x)
    if known is not None:  # a Loop's results are known only in a file
        found = np.cumulative_prod(known, axis=axis, dtype=known.dtype, include_initial=include_initial)
        return ndonnx.asarray(found)
    rows = ndonnx.moveaxis(x, 0 if axis is None else axis, 0)
    first = ones(tuple(size_of(rows, i) for i in range(1, rows.ndim)), dtype=x.dtype)

    def step(number: Any, product: Any) -> Sequence[Any]:
        return [op.mul(product.unwrap_spox(), take(rows, number, axis=0).unwrap_spox())] * 2

    found = repeated(step, [first], size_of(rows, 0))[1]
    found = concat([first[None, ...], found], axis=0) if include_initial else found
    return ndonnx.moveaxis(found, 0, 0 if axis is None else axis)
