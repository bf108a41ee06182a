"""Examples that a signature gave: a call with literal arrays, and what the standard says that it gives."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from backend.arrays.dtypes import DTYPES, dtype_name
from backend.arrays.namespaces import is_array

from ...case import Call, Case, parts, replaced
from ...examples import Example
from ...judging.bounds import Expected
from ...judging.failures import NARROW, WHOLE, Failure, allowed_dtypes, compare
from ...reading import host
from ...subjects.functions import Dtype
from ...subjects.operations import Namespace, eager
from ..unspoiled import unspoiled

__all__ = ["Derived", "Judged", "Raises", "as_specified", "dtypes_of", "known_dtypes", "with_arrays"]


class Raises(NamedTuple):
    """The call is refused with an exception of this class."""

    error: type[BaseException]


class Judged(NamedTuple):
    """Results that are not unique: what has to hold of them, as (expected, got) pairs."""

    pairs: Callable[[list[Any]], list[tuple[Any, Any]]]
    what: tuple[str, ...] = WHOLE


class Derived(Example):
    """A call that a signature gave, and what it gives: `Expected`s and plain values, an error, or a judge."""

    def __init__(
        self,
        case: Case,
        call: Call,
        wanted: Any,
        origin: tuple[str, int, int],
        again: Callable[[Call], Derived | None],
    ) -> None:
        values = [part for part in parts(call) if isinstance(part, np.ndarray)]
        dtype = dtype_name(values[0].dtype) if values else next((str(d) for d in dtypes_of(call)), "float32")
        super().__init__(case, call, values, dtype)
        self.wanted = wanted
        self.origin = origin  # the kind, the seed, and the place in `derived.examples_of`
        self.again = again  # the example of another call of the function; None where the standard says nothing

    def smaller(self, fails: Callable[[Example], bool]) -> Example:
        """Half of the rows of all arrays, and half of these, as long as that fails, too."""
        rows = {v.shape[0] for v in self.values if v.ndim}
        count = rows.pop() if len(rows) == 1 else 1
        for half in (slice(0, count // 2), slice(count // 2, count)) if count > 1 else ():
            part = self._of(functools.partial(_rows, half))
            if part is not None and fails(part):
                return part.smaller(fails)
        if count == 1 and self.values and all(v.ndim > 1 for v in self.values):
            part = self._of(lambda x: x[0])
            if part is not None and fails(part):
                return part.smaller(fails)
        return self

    def _of(self, part: Callable[[np.ndarray], np.ndarray]) -> Derived | None:
        """The example with these parts of its arrays; None where they make no call, as of the factors of a product."""
        try:
            return self.again(replaced(self.call, part))
        except (ValueError, IndexError):
            return None


def _rows(which: slice, x: np.ndarray) -> np.ndarray:
    return x[which] if x.ndim else x


def with_arrays(structure: Any) -> Any:
    """The same arguments with NumPy's scalars as arrays of no dimensions."""
    if isinstance(structure, np.generic):
        return np.asarray(structure)
    if isinstance(structure, Call):
        return Call(with_arrays(structure.args), with_arrays(structure.kwargs))
    if isinstance(structure, dict):
        return {k: with_arrays(v) for k, v in structure.items()}
    return type(structure)(map(with_arrays, structure)) if type(structure) in (list, tuple) else structure


def dtypes_of(structure: Any) -> list[Dtype]:
    """The dtypes that a call names, wherever they stand."""
    if isinstance(structure, Dtype):
        return [structure]
    if isinstance(structure, dict):
        return dtypes_of(list(structure.values()))
    if isinstance(structure, list | tuple):
        return [found for item in structure for found in dtypes_of(item)]
    return []


def as_specified(on: Namespace, example: Example) -> float | None:
    """The call gives what the standard says: value, shape and dtype, or the error."""
    assert isinstance(example, Derived)
    if isinstance(example.wanted, Raises):
        return _refused(on, example, example.wanted.error)
    arrays = on.arrays(example)
    results = eager(on, example, arrays)
    unspoiled(on, example, arrays, results)
    if isinstance(example.wanted, Judged):
        found = [host(r) if is_array(r) else r for r in results]
        with np.errstate(all="ignore"):
            pairs = example.wanted.pairs(found)
        return compare([want for want, _ in pairs], [got for _, got in pairs], on.dtypes, example.wanted.what)
    wanted = list(example.wanted)
    if len(wanted) == len(results):
        wanted = [_named(on, want, got) for want, got in zip(wanted, results, strict=True)]
    if not all(_held(on, want) for want in wanted):
        return None
    return compare(wanted, results, on.dtypes)


def _named(on: Namespace, want: Any, got: Any) -> Any:
    """The name of a dtype, or of the one that may stand in its place without 64 bits; anything else as it is."""
    named = isinstance(want, str) and isinstance(got, str)
    return got if named and got in allowed_dtypes(want, on.dtypes) else want


def _held(on: Namespace, want: Any) -> bool:
    """Whether the values fit where a namespace without 64 bits puts 32."""
    if not isinstance(want, Expected) or want.dtype in on.dtypes or want.value.dtype.kind not in "iu":
        return True
    narrow = NARROW.get(want.dtype)
    if narrow is None or not want.value.size:
        return narrow is not None
    info = np.iinfo(narrow)
    return bool(info.min <= int(want.value.min()) and int(want.value.max()) <= info.max)


def _refused(on: Namespace, example: Derived, wanted: type[BaseException]) -> float:
    try:
        results = eager(on, example)
        for result in results:  # a lazy library may find the mistake only when it computes
            if is_array(result):
                host(result)
    except Exception as error:
        if isinstance(error, wanted):
            return 0.0
        raise Failure(
            "error class",
            f"{type(error).__name__}: {error}; expected {wanted.__name__}",
            wanted.__name__,
            type(error).__name__,
        ) from error
    raise Failure("no error", f"no error, expected {wanted.__name__}", wanted.__name__, results)


def known_dtypes(example: Example) -> set[str]:
    """Every dtype that a call needs."""
    return {dtype_name(v.dtype) for v in example.values} | {
        str(d) for d in dtypes_of(tuple(example.call)) if d in DTYPES
    }
