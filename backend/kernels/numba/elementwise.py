"""relu of large arrays, shared between threads: NumPy's maximum runs in one."""

from __future__ import annotations

from typing import Any

import numpy as np

from .compile import compiled
from .parallel import in_parts

__all__ = ["relu"]

FEW = 2**13  # elements up to which NumPy's maximum, which starts in 1 us, is as fast


def relu(x: Any) -> Any:
    """max(0, x) in one pass."""
    if not isinstance(x, np.ndarray) or x.dtype.char not in "fd" or x.size < FEW or not x.flags.carray:
        return NotImplemented
    y = np.empty(x.shape, x.dtype)
    given, found = x.reshape(-1), y.reshape(-1)
    in_parts(lambda a, b: _positive(a, b, given, found), x.size, x.size)
    return y


@compiled(distinct=True)
def _positive(start, stop, x, y):  # type: ignore[no-untyped-def]
    zero = x.dtype.type(0)
    for i in range(np.uint64(start), np.uint64(stop)):
        y[i] = zero if x[i] <= zero else x[i]  # NaN stays
