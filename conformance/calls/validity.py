"""Collecting calls that were made from others: each once, and only those that the reference takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..case import Call, Case, parts
from ..examples import Example, ranges, sized
from ..subjects.operations import expected

__all__ = ["SMALL", "keep", "resized", "spreads"]

SMALL = 3  # the size of letters that are not varied


def keep(found: dict[str, Example], case: Case, call: Call, dtype: str, most: int) -> Example | None:
    """The example of a call, new or known; None for an invalid one, and one of more than `most` elements.

    Where results are judged, nothing but the library under test can tell whether a call is valid.
    """
    if case.group == "standard" and case.name != "expand_dims" and _names_an_axis_of_none(call):
        return None
    values = [v for v in parts(call) if isinstance(v, np.ndarray)]
    key = repr((_described(call.args), _described(call.kwargs)))
    if key not in found and values and sum(v.size for v in values) <= most:
        example = Example(case, call, values, dtype)
        if case.judge is None:
            try:
                expected(example)
            except Exception:  # noqa: BLE001 - an invalid call, which the cases' errors are about
                return None
        found[key] = example
    return found.get(key)


def _names_an_axis_of_none(call: Call) -> bool:
    """Whether the call names an axis of an array without axes: NumPy takes 0 and -1, the standard has no such axis."""
    x, axis = next(iter(call.args), None), call.kwargs.get("axis")
    return isinstance(x, np.ndarray) and x.ndim == 0 and axis is not None and axis != ()


def _described(value: Any) -> Any:
    """What tells a call from another: arrays by their shape, dtype and bits."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.name, value.tobytes()
    if isinstance(value, dict):
        return {k: _described(v) for k, v in value.items()}
    return type(value)(map(_described, value)) if type(value) in (list, tuple) else value


def spreads(case: Case, index: int, size: int) -> Iterator[tuple[int, ...]]:
    """Sizes of the letters of a call: all of this size, then each one alone."""
    count = len(ranges(case.calls[index]))
    if count:
        yield (size,) * count
    if count > 1:
        yield from (tuple(size if k == i else SMALL for k in range(count)) for i in range(count))


def resized(case: Case, index: int, dtype: str, size: int) -> Iterator[Call]:
    """A call with all sizes this one, and with each one alone."""
    letters = list(ranges(case.calls[index]))
    for spread in spreads(case, index, size):
        one = sized(case, index, dtype, tuple(zip(letters, spread, strict=True)))
        yield one.filled(one.values)
