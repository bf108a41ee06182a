"""Calls of functions that hand elements on as they are, with numbers of every kind among the elements."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..case import A, Call, Case, parts, replaced
from ..examples import sized

__all__ = ["MOVERS", "varied"]

# Bit for bit, whatever the elements are.
MOVERS = frozenset(
    """asarray astype broadcast_arrays broadcast_to concat empty_like expand_dims flip from_dlpack full_like meshgrid
    moveaxis ones_like permute_dims repeat reshape roll squeeze stack take take_along_axis tile tril triu unstack where
    zeros_like linalg.diagonal linalg.matrix_transpose matrix_transpose fft.fftshift fft.ifftshift array.T array.mT
    array.getitem array.pos positive""".split()
)
NUMBERS = (
    *(np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -1.5, 12345.678, -2.5e7, 1.5e31, -7e32, 3.5e-33, -1e-31),
)
WHOLE = (0, 1, -1, 2, -7, 2**31 + 5, -(2**33), 2**53 + 1, -(2**62))
BOTH = {"f": NUMBERS, "i": WHOLE}
LENGTHS = (9, 17)


def varied(case: Case) -> Iterator[Call]:
    """The calls with literal arrays; numbers of every kind in turn, so that each one is also the last."""
    if case.name not in MOVERS:
        return
    for index, call in enumerate(case.calls):
        free = [isinstance(p, A) and p.dtype == "float" and p.high == 3.0 for p in parts(call)]
        letters = list(dict.fromkeys(d for p in parts(call) if isinstance(p, A) for d in p.dims if isinstance(d, str)))
        if not any(free):
            continue
        dtypes = ("float32", "float64") if case.name.startswith("fft.") else ("float32", "float64", "int64")
        for dtype, shift in itertools.product(dtypes, (0, 5, 10)):
            sizes = tuple(zip(letters, LENGTHS, strict=False))
            example = sized(case, index, "float64" if dtype == "int64" else dtype, sizes)
            yield _filled(call, example.values, free, dtype, shift)


def _filled(call: Call, values: list[np.ndarray], free: list[bool], dtype: str, shift: int) -> Call:
    numbers = np.asarray(BOTH[np.dtype(dtype).kind], np.float64 if dtype != "int64" else np.int64).astype(dtype)
    counter = itertools.count()

    def new(part: Any) -> np.ndarray:
        i = next(counter)
        v = values[i]
        return np.resize(np.roll(numbers, shift + i), v.shape).astype(dtype) if free[i] else v

    return replaced(call, new)
