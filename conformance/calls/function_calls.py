"""Calls of the standard's functions varied: other magnitudes, numbers of axes, sizes of 1 and 0, and dtypes.

Nobody writes them: each call of a case is varied, and what the case's reference takes is a valid call. The kind
`parameters` has these beside those of `conformance.properties.derived`.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator

import numpy as np

from backend.graph.primitives import PRIMITIVES

from ..case import A, Call, Case, parts
from ..examples import Example, typical
from ..kept import once_per_case
from .validity import keep, resized
from .variations import NUMBERS, WHOLE, among, equal, holding, mapped, of_axes, scaled, whole, with_axes
from .varied import MOVERS

__all__ = ["AXES_OPEN", "FIXED", "function_calls"]

FEW = 64
MOST = 3000  # elements of a call
FACTORS = (2.0**14, 2.0**-20, 2.0**100)  # of decompositions: norms far from 1
BALANCED = frozenset(  # products and squares of large numbers leave the range
    ("linalg.det", "linalg.slogdet", "linalg.matrix_power", "linalg.matrix_norm")
)
GENERAL = frozenset(  # they take any matrix
    """linalg.det linalg.slogdet linalg.eig linalg.eigvals linalg.qr linalg.svd linalg.svdvals linalg.inv linalg.solve
    linalg.pinv""".split()
)
SINGLE = (12345.678, 1.5e31, 3.5e-33)
ANY_RANK = frozenset(("linalg.det", "linalg.eigvals", "linalg.svdvals", "linalg.qr", "linalg.svd"))
KEEPING = MOVERS | {"isin", "sort", "max", "min", "nonzero", "count_nonzero", "equal", "not_equal", "less", "greater"}
# The page speaks of no number of axes but its own, or of none.
AXES_OPEN = frozenset(
    """linalg.cross linalg.solve linalg.outer linalg.tensordot tensordot meshgrid searchsorted repeat nonzero vecdot
    linalg.vecdot cumulative_sum cumulative_prod take sort argsort array.T diff tril triu""".split()
)
# More axes in front of their own are further rows, columns and stacks.
STACKED = frozenset(
    """vecdot linalg.vecdot tril triu nonzero sort argsort diff repeat linalg.cross tensordot
    linalg.tensordot""".split()
)
FIXED = frozenset(("array.getitem", "array.getitem_reversed", "array.setitem"))  # the key belongs to the shape


@once_per_case
def function_calls(case: Case) -> tuple[Example, ...]:
    """The valid variations of a case's calls, each once."""
    found: dict[str, Example] = {}
    dtypes = [d for d in ("float32", "float64", *case.dtypes) if d in case.dtypes][:2]
    for index, dtype in itertools.product(range(len(case.calls)), dtypes[:1]):
        one = typical(case, index, dtype)
        call = one.filled(one.values)
        for each in itertools.chain(
            _with_numbers(case, call, case.calls[index]),
            _with_axes(case, call),
            _small(case, index, dtype) if case.name not in FIXED else (),
        ):
            keep(found, case, each, dtype, MOST)
    return tuple(found.values())


def _with_numbers(case: Case, call: Call, source: Call) -> Iterator[Call]:
    """Large, tiny, whole, half and equal numbers; of decompositions, matrices of other norms."""
    if case.judge is not None:
        yield from (scaled(call, factor) for factor in FACTORS[: 2 if case.name in BALANCED else 3])
        free = [isinstance(p, A) and p.is_float for p in parts(source)]
        yield from (among(call, numbers, free) for numbers in ((1.0,), (0.5, 1.5)) if case.name in GENERAL)
        yield from (holding(call, number) for number in SINGLE if case.name in GENERAL)
        if not case.name.startswith("linalg."):
            yield from (among(call, numbers, free) for numbers in NUMBERS)
        yield from (equal(call) for _ in range(case.name in ANY_RANK))
        return
    yield from _with_integers(case, call, source)
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
        yield whole(call)


def _with_integers(case: Case, call: Call, source: Call) -> Iterator[Call]:
    """Zeros, negative and large integers; large ones where no arithmetic overflows."""
    keeps = case.name in KEEPING  # elsewhere an array without negative numbers may hold indices, shifts or exponents
    whole = [isinstance(p, A) and p.dtype.startswith(("int", "uint")) and (keeps or p.low < 0) for p in parts(source)]
    wide = mapped(call, lambda i, x: x.astype(np.int64) if whole[i] else x)
    for numbers in WHOLE if any(whole) else ():
        if max(numbers) < 2**31:
            yield among(call, numbers, whole)
        elif keeps:
            yield among(wide, numbers, whole)
    floats = [isinstance(p, A) and p.is_float for p in parts(source)]
    if keeps and any(floats) and not case.name.startswith("fft."):
        wide = mapped(call, lambda i, x: (x * 4).astype(np.int64) if x.dtype.kind == "f" else x)
        yield from (among(wide, numbers, floats) for numbers in WHOLE)


def _with_axes(case: Case, call: Call) -> Iterator[Call]:
    """Other numbers of axes; stacks of matrices for decompositions."""
    if case.judge is not None and case.name.startswith("linalg.") and case.name != "linalg.solve":
        yield from (mapped(call, functools.partial(_stacked, n)) for n in (3, 4, 5))
    elif case.name not in AXES_OPEN | FIXED:
        yield from with_axes(call)
    elif case.name in STACKED and any(v.ndim for v in parts(call) if isinstance(v, np.ndarray)):
        yield from (mapped(call, functools.partial(_stacked, n)) for n in (3, 4, 5))


def _stacked(count: int, i: int, x: np.ndarray) -> np.ndarray:
    return of_axes(x, count)


def _small(case: Case, index: int, dtype: str) -> Iterator[Call]:
    """A call with all sizes 1 or 0, and with each one alone."""
    for size in (1, 0) if case.judge is None or case.name in GENERAL else (1,):
        yield from resized(case, index, dtype, size)
