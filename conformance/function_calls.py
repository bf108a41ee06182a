"""Calls of the standard's functions varied: other magnitudes, numbers of axes, sizes of 1 and 0, and dtypes.

Nobody writes them: each call of a case is varied, and what the case's reference takes is a valid call. The kind
`parameters` has these beside those of `conformance.derived`.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from backend.graph.primitives import PRIMITIVES

from .case import A, Call, Case, parts
from .examples import Example, ranges, sized, typical
from .operations import expected
from .variations import NUMBERS, among, equal, scaled, with_axes

__all__ = ["function_calls"]

FEW = 64
MOST = 3000  # elements of a call
FACTORS = (2.0**14, 2.0**-20)  # of decompositions: norms far from 1
# The page speaks of no number of axes but its own, or of none.
AXES_OPEN = frozenset(
    """linalg.cross linalg.solve linalg.outer linalg.tensordot tensordot meshgrid searchsorted repeat nonzero vecdot
    linalg.vecdot cumulative_sum cumulative_prod take sort argsort array.T
    linalg.cholesky linalg.qr linalg.svd linalg.svdvals linalg.eigh linalg.eigvalsh linalg.eig linalg.eigvals""".split()
)
FIXED = frozenset(("array.getitem", "array.getitem_reversed", "array.setitem"))  # the key belongs to the shape


@functools.cache
def function_calls(case: Case) -> tuple[Example, ...]:
    """The valid variations of a case's calls, each once."""
    found: dict[str, Example] = {}
    dtypes = [d for d in ("float32", "float64", *case.dtypes) if d in case.dtypes][:2]
    for index, dtype in itertools.product(range(len(case.calls)), dtypes[:1]):
        one = typical(case, index, dtype)
        call = one.filled(one.values)
        for each in itertools.chain(
            _with_numbers(case, call, case.calls[index]),
            with_axes(call) if case.name not in AXES_OPEN | FIXED and case.judge is None else (),
            _small(case, index, dtype) if case.name not in FIXED else (),
        ):
            _add(found, case, each, dtype)
    return tuple(found.values())


def _with_numbers(case: Case, call: Call, source: Call) -> Iterator[Call]:
    """Large, tiny, whole, half and equal numbers; of decompositions, matrices of other norms."""
    if case.judge is not None:
        yield from (scaled(call, factor) for factor in FACTORS)
        return
    row = PRIMITIVES.get(case.name.removeprefix("array."))
    several = row is not None and row.elementwise  # elsewhere a sum of products of such numbers leaves the range
    free = [isinstance(p, A) and p.is_float and (several or not i) for i, p in enumerate(parts(source))]
    if any(free):
        # of floor_divide, quotients above 2**24 are rounded once or twice
        near = case.name.endswith(("floor_divide", "floordiv"))
        chosen = [n for n in NUMBERS if not near or max(n) == 0 or 0.1 < max(n) < 1e6]
        yield from (among(call, numbers, free) for numbers in chosen)
        # the errors of many equal terms add up beyond a random walk
        if max(v.size for v in parts(call) if isinstance(v, np.ndarray)) <= FEW:
            yield equal(call)


def _small(case: Case, index: int, dtype: str) -> Iterator[Call]:
    """A call with all sizes 1 or 0, and with each one alone."""
    letters = list(ranges(case.calls[index]))
    for size in (1, 0):
        spreads: list[tuple[int, ...]] = [(size,) * len(letters)] if letters else []
        if len(letters) > 1:
            spreads += [tuple(size if k == i else 3 for k in range(len(letters))) for i in range(len(letters))]
        for spread in spreads:
            if size or case.judge is None:
                one = sized(case, index, dtype, tuple(zip(letters, spread, strict=True)))
                yield one.filled(one.values)


def _add(found: dict[str, Example], case: Case, call: Call, dtype: str) -> None:
    """Keep a call that the reference takes."""
    values = [v for v in parts(call) if isinstance(v, np.ndarray)]
    key = repr(_described(call.args)) + repr(_described(call.kwargs))
    if key in found or not values or sum(v.size for v in values) > MOST:
        return
    example = Example(case, call, values, dtype)
    if case.judge is None:
        try:
            expected(example)
        except Exception:  # noqa: BLE001 - an invalid call
            return
    found[key] = example


def _described(value: Any) -> Any:
    """What tells a call from another: arrays by their shape, dtype and bits."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.name, value.tobytes()
    if isinstance(value, dict):
        return {k: _described(v) for k, v in value.items()}
    return [_described(v) for v in value] if isinstance(value, list | tuple) else value
