"""Whether namespaces of the reproducible mode give identical bits, whatever library computes."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from backend.arrays.dtypes import dtype_name
from backend.arrays.namespaces import is_array
from backend.arrays.openers import REPRODUCIBLE

from ..case import Case
from ..examples import Example
from ..judging.bounds import Expected
from ..judging.failures import Failure, compare
from ..reading import host
from ..subjects.operations import Namespace, eager, namespace

__all__ = ["compares_bits", "same_bits"]


def compares_bits(case: Case, on: Namespace) -> bool:
    """Whether a case is compared: on namespaces of the reproducible mode alone."""
    return bool(case.calls or case.edges) and on.library.partition(":")[0] == REPRODUCIBLE


@functools.cache
def _reference() -> Namespace:
    return namespace(f"{REPRODUCIBLE}:numpy")


def same_bits(on: Namespace, example: Example) -> float | None:
    """The results have the bits of the reproducible mode over NumPy, zeros' signs included; NaN is any NaN.

    Over NumPy itself they are compared with those of arguments laid out in memory the other way round. Unsigned
    integers are left out: their sums and mixtures have other dtypes on torch, which has few functions for them.
    """
    if example.dtype.startswith("uint") or any(v.dtype.kind == "u" for v in example.values):
        return None
    reference = _reference()
    if on.xp is reference.xp:
        turned = [reference.backend.asarray(np.array(v, order="F"), v.dtype.name) for v in example.values]
        wanted = eager(reference, example, turned)
    else:
        wanted = eager(reference, example)
    found = eager(on, example)
    expected = [Expected(host(w), None, dtype_name(w.dtype)) if is_array(w) else w for w in wanted]
    if any(callable(w) for w in wanted) or any(isinstance(w, type) for w in wanted):
        return None
    worst = compare(expected, found, on.dtypes)
    for i, (want, got) in enumerate(zip(expected, found, strict=True)):
        if isinstance(want, Expected) and want.value.dtype.kind in "fc":
            _check_signs(want.value, host(got), i)
    return worst


def _check_signs(wanted: Any, found: Any, output: int) -> None:
    for part in (np.real, np.imag):
        first, second = part(wanted), part(found)
        wrong = (first == 0) & (np.signbit(first) != np.signbit(second))
        if np.any(wrong):
            at = tuple(int(k) for k in np.argwhere(wrong)[0])
            text = f"at {at}: got {second[at]!r}, expected {first[at]!r}"
            raise Failure("sign of zero", text, wanted, found, output=output)
