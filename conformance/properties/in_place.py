"""In-place operators: `x += y` gives what `x + y` gives, with x's dtype and shape, and changes x and nobody else."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from backend.arrays.namespaces import is_array

from ..examples import Example
from ..judging.bounds import Expected
from ..judging.failures import Failure, compare
from ..reading import host
from ..subjects.operations import Namespace, expected
from .agreement import agreement

__all__ = ["in_place"]

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    f"array.{name}": getattr(operator, f"__i{name}__")
    for name in "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split()
}


def in_place(on: Namespace, example: Example) -> None:
    """Try the operator of a case in place; only where the result has the shape and dtype of the left operand."""
    run = OPERATORS.get(example.case.name)
    if run is None or not example.values:
        return
    want = expected(example, on.library)[0]
    left = example.values[0]
    if not isinstance(want, Expected) or want.value.shape != left.shape or want.dtype != left.dtype.name:
        return
    arrays = on.arrays(example)
    x, copy = arrays[0], on.xp.asarray(arrays[0], copy=True)
    with on.backend.quiet():
        found = run(*example.filled(arrays).args)
    if not is_array(found):
        raise Failure("in-place", f"in place: got {type(found).__name__}, expected an array", want.value, found)
    try:
        agreement(on, example, [found])
    except Failure as failure:
        failure.kind, failure.message = "in-place", f"in place: {failure.message}"
        raise
    _only_itself(on, example, arrays, copy)
    if not (np.array_equal(host(x), left) or np.array_equal(host(x), host(found))):
        raise Failure("in-place", "in place: the left operand is neither as before nor the result", None, host(x))


def _only_itself(on: Namespace, example: Example, arrays: list[Any], copy: Any) -> None:
    """The copy of the left operand, made before, and the right operand are as they were."""
    kept = [(copy, example.values[0], "a copy of the left operand")]
    kept += [(x, v, "the right operand") for x, v in zip(arrays[1:], example.values[1:], strict=True)]
    for x, v, who in kept:
        try:
            compare([Expected(v, None, v.dtype.name)], [x], on.dtypes)
        except Failure as failure:
            raise Failure("in-place", f"in place: {who} changed, too: {failure.message}", v, host(x)) from None
