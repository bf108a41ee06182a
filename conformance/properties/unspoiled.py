"""What every call leaves as it is: its arguments, and its results when the function is called again.

The kind `memory` tries this on calls of its own. The kinds whose calls nobody wrote ask it of each of theirs, because a
library that writes where it must not does so for one dtype, one size or one option.
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from backend.arrays.namespaces import is_array

from ..examples import Example
from ..judging.bounds import Expected
from ..judging.failures import Failure, compare
from ..reading import host
from ..subjects.functions import IN_PLACE
from ..subjects.modules import Module
from ..subjects.operations import Namespace, eager

__all__ = ["unspoiled"]

LARGEST = 5000  # elements of the arguments of a call that is repeated
WRITES = frozenset(("array.setitem", *(f"array.{name}" for name in IN_PLACE)))  # to their first argument


def unspoiled(on: Namespace, example: Example, arrays: list[Any], results: list[Any]) -> None:
    """Failure where a call changed an argument, or where another call changes its results."""
    if isinstance(on, Module) or on.compiles or on.probe.abilities.get("lazy"):
        return  # arrays that only a module reads, immutable ones, or results that are computed when they are read
    writes = example.case.name in WRITES
    pairs = list(zip(example.values, arrays, strict=True))[int(writes) :]
    for v, x in pairs:
        try:
            _same(v, x, "mutation", "the call changed its argument")
        except Failure:
            # The library may have taken another value from the start: CuPy drops the sign of a zero without axes.
            _same(np.array(host(on.array(v))), x, "mutation", "the call changed its argument")
    if writes or sum(v.size for v in example.values) > LARGEST:
        return
    kept = [(np.array(host(r)), r) for r in results if is_array(r)]
    if kept and example.values:
        with contextlib.suppress(Exception):  # other values may be no arguments; the call is for its effects alone
            eager(on, _rolled(example))
        for v, r in kept:
            _same(v, r, "overwritten", "a later call changed the result")


def _rolled(example: Example) -> Example:
    """The call with the elements of its arrays in another order; zeros where they are all equal."""
    values = []
    for v in example.values:
        line = v.reshape(-1)
        new = np.roll(line, 1)
        values.append((new if new.tobytes() != line.tobytes() else np.zeros_like(line)).reshape(v.shape))
    return Example(example.case, example.call, values, example.dtype)


def _same(v: np.ndarray, x: Any, kind: str, what: str) -> None:
    found = host(x)
    if found.dtype != v.dtype or found.tobytes() == v.tobytes():
        return  # another dtype: the library lacks 64 bits
    try:
        compare([Expected(v, None, v.dtype.name)], [x])
    except Failure as failure:
        failure.kind, failure.message = kind, f"{what}: {failure.message}"
        failure.args = (failure.message,)
        raise
