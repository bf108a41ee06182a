"""Writing to arrays, to see who else sees it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..reading import host
from ..subjects.operations import Namespace

__all__ = ["sharing", "write"]


def write(on: Namespace, x: Any, v: np.ndarray) -> bool:
    """Write other values than `v` to each element of an array; False where it cannot be written to."""
    other = ~v if v.dtype.kind == "b" else v ^ 1 if v.dtype.kind in "iu" else np.where(v == 1, 0, 1).astype(v.dtype)
    try:
        x[...] = on.array(other)
    except Exception:  # noqa: BLE001 - read-only or immutable, whatever the error
        return False
    return True


def sharing(on: Namespace, x: Any, y: Any) -> bool | None:
    """Whether y changes when x is written to; None where x cannot be written to."""
    before = np.array(host(y))
    if not write(on, x, np.array(host(x))):
        return None
    return not np.array_equal(before, host(y))
