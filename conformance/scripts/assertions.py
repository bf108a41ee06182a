"""What a script asserts: of one result, `got`, or of a call that has to raise."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from backend.arrays.dtypes import DTYPES

from ..judging.failures import Failure
from .text import literal, place

__all__ = ["READ", "compared", "infinite", "refusal"]

READ = "# read"  # the first line of what is asserted of a NumPy array


def compared(failure: Failure) -> list[str] | None:
    """The assertion for one result, `got`, that has a wrong value, shape, dtype, device or type.

    Parameters
    ----------
    failure : Failure

    Returns
    -------
    list of str or None
        Lines of Python; None where a result cannot be compared in a few lines.

    Examples
    --------
    >>> from conformance.scripts.assertions import compared
    >>> from conformance.judging.failures import Failure
    >>> for line in compared(Failure("dtype", "wrong dtype", expected="float32", got="float64")):
    ...     print(line)
    dtype = str(got.dtype).rpartition(".")[2]
    assert dtype == 'float32', f"expected float32, got {dtype}"
    """
    want = failure.expected
    if failure.kind == "kind":
        return ['assert hasattr(got, "shape"), f"expected an array, got {type(got).__name__}"']
    if failure.kind == "dtype":
        return [
            'dtype = str(got.dtype).rpartition(".")[2]',
            f'assert dtype == {want!r}, f"expected {want}, got {{dtype}}"',
        ]
    if failure.kind == "device":
        return ['assert got.device == device, f"expected {device}, got {got.device}"']
    if not isinstance(want, np.ndarray):
        return _plain(want) if failure.kind == "value" else None
    if failure.kind == "shape":
        return [READ, f'assert got.shape == {want.shape}, f"expected shape {want.shape}, got {{got.shape}}"']
    if failure.kind not in ("value", "sign of zero"):
        return None
    lines = [READ]
    if at := place(failure):
        index = tuple(int(i) for i in at.strip("[]").split(",") if i.strip())
        want = np.asarray(want[index])
        lines.append(f"got = got{at}")
    made = literal(want) if want.ndim else re.sub(r"^np\.array\((.*), dtype='\w+'\)$", r"\1", literal(want))
    return [*lines, f"expected = {made}", f'assert {_holds(failure, want)}, f"expected {{expected}}, got {{got}}"']


def _holds(failure: Failure, want: np.ndarray) -> str:
    """The condition on `got` and `expected`: equal, with the signs of zeros, or within the bound."""
    if failure.bound and np.isfinite(failure.bound):
        near = f"abs(got - expected) <= {float(failure.bound)!r}"
        return near if want.ndim == 0 else f"np.all({near})"
    if want.dtype.kind not in "fcgG":
        return "got == expected" if want.ndim == 0 else "np.array_equal(got, expected)"
    if want.ndim == 0 and want.dtype.kind in "fg":
        if np.isnan(want):
            return "np.isnan(got)"
        return "got == expected and np.signbit(got) == np.signbit(expected)" if want == 0 else "got == expected"
    equal = "np.array_equal(got, np.asarray(expected, dtype=got.dtype), equal_nan=True)"
    return f"{equal} and np.array_equal(np.signbit(got), np.signbit(expected))" if _signs(failure, want) else equal


def _signs(failure: Failure, want: np.ndarray) -> bool:
    """Whether the signs of zeros are what is wrong."""
    return want.dtype.kind in "fg" and (failure.kind == "sign of zero" or failure.error == np.finfo(np.float64).tiny)


def _plain(want: Any) -> list[str] | None:
    """The assertion for a result that is no array: a number, text, a dtype by its name, a tuple."""
    lines = []
    if isinstance(want, str) and want in DTYPES:
        lines = ['got = str(getattr(got, "__name__", got)).rpartition(".")[2]']
    if not isinstance(want, bool | int | float | complex | str | tuple | type(None)):
        return None
    same = "got != got" if want != want else "got == expected"
    return [
        *lines,
        f"expected = {infinite(want)}",
        f'assert type(got) is type(expected) and {same}, f"expected {{expected!r}}, got {{got!r}}"',
    ]


def refusal(failure: Failure, call: str) -> list[str]:
    """The assertion that a call raises an exception, of the class that the standard names.

    Parameters
    ----------
    failure : Failure
    call : str
        The call in Python.

    Returns
    -------
    list of str
        Lines of Python.

    Examples
    --------
    >>> from conformance.scripts.assertions import refusal
    >>> from conformance.judging.failures import Failure
    >>> lines = refusal(Failure("no error", "none was raised", expected="ValueError"), "xp.sum(x0, axis=7)")
    >>> lines[2], lines[4]
    ('    found = xp.sum(x0, axis=7)', 'except ValueError:')
    """
    wanted = str(failure.expected or "Exception")
    other = [
        "except Exception as error:",
        f'    raise AssertionError(f"expected {wanted}, got {{type(error).__name__}}: {{error}}") from error',
    ]
    return [
        "found = None",
        "try:",
        f"    found = {call}",
        '    found = host(found) if hasattr(found, "shape") else found',
        f"except {wanted}:",
        "    pass",
        *(other if wanted != "Exception" else []),
        "else:",
        f'    raise AssertionError(f"expected {wanted}, got {{found!r}}")',
    ]


def infinite(value: Any) -> str:
    """A number as Python that has NumPy as ``np``: infinities and NaN by NumPy's names.

    Parameters
    ----------
    value : object

    Returns
    -------
    str

    Examples
    --------
    >>> from conformance.scripts.assertions import infinite
    >>> infinite(float("-inf")), infinite(1.5)
    ('-np.inf', '1.5')
    """
    return re.sub(r"\b(nan|inf)\b", r"np.\1", repr(value)) if isinstance(value, float) else repr(value)
