"""How a property fails, and the comparison of results with the expected ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from backend.arrays.dtypes import dtype_name
from backend.arrays.namespaces import is_array

from ..printable import printable, said
from ..reading import host
from .bounds import EPS, Expected, deviation, differences, ulps

__all__ = ["WHOLE", "Failure", "allowed_dtypes", "compare", "measured"]

WHOLE = ("shape", "dtype", "value")

measured: dict[str, float] = {}  # dtype -> the worst error seen, in ulps of the result; the reader clears it

# The widest dtype replaces a 64-bit one that the device lacks.
NARROW = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}


class Failure(AssertionError):  # noqa: N818 - a finding about what is tested, not an error of the tool
    """A property does not hold; `kind` groups equal failures."""

    def __init__(
        self,
        kind: str,
        message: str,
        expected: Any = None,
        got: Any = None,
        error: float | None = None,
        bound: float | None = None,
        output: int = 0,
        row: str = "",
    ) -> None:
        message = printable(message)
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.expected = expected
        self.got = got
        self.error = error
        self.bound = bound
        self.output = output
        self.example: Any = None  # a simpler one that fails in the same way, where the check knows one
        self.arrange: Any = None  # how the first array lies in memory, and how the others do
        self.assertion = ""  # lines of Python that fail for `got`, the result as a NumPy array
        self.row = row  # of a table of the standard: what tells this failure from others of its kind


def compare(
    wanted: list[Any],
    results: list[Any],
    dtypes: tuple[str, ...] = (),
    what: tuple[str, ...] = WHOLE,
    unknown: bool = False,
) -> float:
    """The worst error as a fraction of its bound; Failure where shape, dtype or a value is wrong.

    `dtypes`: those the device has, if it may lack the expected one. `what`: which of shape, dtype and value to compare.
    `unknown`: sizes may be None until they are computed, because they depend on values.
    """
    if len(wanted) != len(results):
        raise Failure("count", f"{len(results)} results, expected {len(wanted)}", len(wanted), len(results))
    worst = 0.0
    for i, (want, got) in enumerate(zip(wanted, results, strict=True)):
        worst = max(worst, _compared(i, want, got, dtypes, what, unknown))
    return worst


def allowed_dtypes(wanted: str, dtypes: tuple[str, ...]) -> tuple[str, ...]:
    """The dtype wanted, and its replacement if the device has only `dtypes` (none given: all)."""
    return (wanted, NARROW[wanted]) if dtypes and wanted not in dtypes and wanted in NARROW else (wanted,)


def _compared(i: int, want: Any, got: Any, dtypes: tuple[str, ...], what: tuple[str, ...], unknown: bool) -> float:
    """The worst error of result `i` as a fraction of its bound."""
    if not isinstance(want, Expected):
        if "value" in what:
            _check_equal(i, want, got)
        return 0.0
    if not is_array(got):
        raise Failure("kind", f"got {type(got).__name__}, expected an array", want.value, got, output=i)
    if "shape" in what or "value" in what:
        _check_shape(i, want, got, unknown or "value" in what)
    name = dtype_name(got.dtype)
    if "dtype" in what and name not in allowed_dtypes(want.dtype, dtypes):
        raise Failure("dtype", f"dtype {name}, expected {want.dtype}", want.dtype, name, output=i)
    return _check_values(i, want, host(got), name) if "value" in what else 0.0


def _check_equal(i: int, want: Any, got: Any) -> None:
    """A result that is no array equals the expected one and has its type."""
    same = not is_array(got) and (want is got or want == got or (want != want and got != got))
    if type(want) is not type(got) or not same:
        raise Failure("value", f"got {said(got)}, expected {want!r}", want, got, output=i)


def _check_shape(i: int, want: Expected, got: Any, computed: bool) -> None:
    """The shape is the expected one; where it may be unknown, sizes of None (nan on dask) are read after computing."""
    shape = tuple(got.shape)
    if computed and _fits(shape, want.value.shape):
        shape = host(got).shape
    if shape != want.value.shape:
        raise Failure("shape", f"shape {shape}, expected {want.value.shape}", want.value, _seen(got), output=i)


def _fits(shape: tuple[Any, ...], wanted: tuple[int, ...]) -> bool:
    """Whether some sizes are unknown, None or nan, and the others are the expected ones."""
    unknown = [n is None or n != n for n in shape]
    return (
        any(unknown)
        and len(shape) == len(wanted)
        and all(u or n == m for u, n, m in zip(unknown, shape, wanted, strict=True))
    )


def _check_values(i: int, want: Expected, found: np.ndarray, name: str) -> float:
    """The worst error as a fraction of its bound, which it may not exceed."""
    error, bound = differences(want, found)
    worst = deviation(error, bound)
    if name in EPS:
        off = ulps(want.value, error, bound, name) if worst else 0.0
        measured[name] = max(measured.get(name, 0.0), off)
    if worst > 1.0:
        at = _worst(error, bound)
        place = f"at {at}" if at else "in the scalar"
        message = (
            f"{place}: got {found[at]}, expected {_plain(want.value[at])}; error {error[at]:.3g}, bound {bound[at]:.3g}"
        )
        raise Failure("value", message, want.value, found, float(error[at]), float(bound[at]), output=i)
    return worst


def _plain(value: Any) -> Any:
    """A number in float64 or complex128 instead of extended precision, for messages."""
    return {"g": np.float64, "G": np.complex128}.get(getattr(value, "dtype", np.dtype("f")).char, lambda v: v)(value)


def _seen(x: Any) -> Any:
    try:
        return host(x)
    except (TypeError, ValueError, RuntimeError):
        return x


def _worst(error: np.ndarray, bound: np.ndarray) -> tuple[int, ...]:
    with np.errstate(all="ignore"):
        ratio = np.where(error > 0, error / bound, 0.0)
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(ratio)), error.shape))
