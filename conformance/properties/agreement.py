"""Whether results agree with the reference: values within their bounds, or equations that have to hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from backend.arrays.namespaces import is_array

from ..examples import Example
from ..judging.bounds import EPS, Expected
from ..judging.failures import WHOLE, allowed_dtypes, compare
from ..reading import host
from ..subjects.operations import Namespace, depends_on_values, expected

__all__ = ["agreement", "bits", "roomy"]


def agreement(on: Namespace, example: Example, results: list[Any], what: tuple[str, ...] = WHOLE) -> float:
    """The worst error of results as a fraction of its bound; Failure where one is wrong.

    Results that are not unique (a decomposition) are held to the equations they have to fulfil.
    """
    if example.case.judge is None:
        return compare(expected(example, on.library), results, on.dtypes, what, depends_on_values(example.case))
    found = [host(r) if is_array(r) else r for r in results]
    call = example.filled(example.values)
    with np.errstate(all="ignore"):
        pairs = example.case.judge(call, found)
    wanted = [got if isinstance(want, str) and got in allowed_dtypes(want, on.dtypes) else want for want, got in pairs]
    return compare(wanted, [got for _, got in pairs], what=("value",))


def bits(results: list[Any]) -> list[Any]:
    """Results as what compares at once: equal for the same shapes, dtypes and bits."""
    found: list[Any] = []
    for r in results:
        x = host(r) if is_array(r) else None
        found.append(repr(r) if x is None else (x.shape, x.dtype.name, x.tobytes()))
    return found


def roomy(want: Any) -> Any:
    """Bounds for another order of the same sums, whose intermediate results are not the definition's.

    A result that is exact in any order stays exact. Where it is infinite, another order may not leave the range.
    """
    if not isinstance(want, Expected) or want.bound is None or want.dtype not in EPS:
        return want
    size = np.abs(want.value)
    largest = float(np.max(size, initial=0.0, where=np.isfinite(size))) if np.any(want.bound) else 0.0
    bound = np.where(np.isinf(size), np.inf, 8 * np.asarray(want.bound) + 16 * EPS[want.dtype] * largest)
    return Expected(want.value, bound, want.dtype)
