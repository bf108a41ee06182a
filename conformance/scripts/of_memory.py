"""Scripts for failures of memory and repetition: changed arguments, shared or reused memory, results that differ."""

from __future__ import annotations

import re

import numpy as np

from ..examples import Example
from ..judging.failures import Failure
from .text import array_literal, guarded, literal

__all__ = ["memory_lines", "refused"]

_COPYING = re.compile(r"^((?:asarray|astype|reshape|from_dlpack)\(.*?\)) (?:shares memory with x|is a copy)\b")
_REFUSED = re.compile(r"^((?:asarray|astype|reshape|from_dlpack)\(.*?\)): ")
_FUNCTIONS = re.compile(r"\b(asarray|astype|reshape|from_dlpack|permute_dims)\(")
_SAME = "all(a.tobytes() == b.tobytes() for a, b in zip(before, after))"


def memory_lines(failure: Failure, example: Example, call: str, listed: str) -> list[str] | None:
    """The lines after the arrays x0, x1, ... were made; None for a failure of another kind."""
    results = f"[np.array(host(x)) for x in {listed}]"
    if failure.kind == "differs":
        return [
            *guarded([f"before = {results}"]),
            "for _ in range(4):",
            f"    after = {results}",
            f'    assert {_SAME}, f"expected {{before}} again, got {{after}}"',
        ]
    if failure.kind == "mutation" and (i := _argument(failure)) is not None:
        return [
            f"before = np.array(host(x{i}))",
            *guarded([f"[host(x) for x in {listed}]"]),
            f"after = host(x{i})",
            'assert before.tobytes() == after.tobytes(), f"expected the argument to stay {before}, got {after}"',
        ]
    if failure.kind == "overwritten":
        return _overwritten(example, listed)
    if failure.kind in ("shared memory", "copied"):
        if found := _COPYING.match(failure.message):
            return _copy(found[1], failure.kind == "copied")
        if (i := _argument(failure)) is not None:
            return [
                *guarded([f"got = {listed}"]),
                "before = [np.array(host(x)) for x in got]",
                f"x{i}[...] = {_other(example.values[i])}",
                "after = [np.array(host(x)) for x in got]",
                f'assert {_SAME}, f"expected the result to stay {{before}}, got {{after}}"',
            ]
    if failure.kind == "in-place" and isinstance(failure.expected, np.ndarray):
        return _in_place(failure, call)
    return None


def _argument(failure: Failure) -> int | None:
    """The number of the argument that a message names."""
    found = re.search(r"\bargument (\d+)", failure.message)
    return int(found[1]) if found else None


def _other(value: np.ndarray) -> str:
    """An array of the same shape with other values, as source."""
    other = ~value if value.dtype.kind == "b" else value + np.ones((), value.dtype)
    return array_literal(np.where(other == value, np.zeros_like(value), other).astype(value.dtype))


def _overwritten(example: Example, listed: str) -> list[str]:
    """The call again with other values, and after a result was written to."""
    again = re.sub(r"\bx(\d+)\b", r"y\1", listed)
    other = [f"y{i} = {_other(v)}" for i, v in enumerate(example.values)]
    return [
        *guarded([f"got = {listed}"]),
        "before = [np.array(host(x)) for x in got]",
        *other,
        f"{again}",
        "after = [np.array(host(x)) for x in got]",
        f'assert {_SAME}, f"expected the first result to stay {{before}}, got {{after}}"',
        "for x in got:",
        "    x[...] = x == x if x.dtype == xp.bool else xp.zeros_like(x) + xp.asarray(7, dtype=x.dtype)",
        f"after = [np.array(host(x)) for x in {listed}]",
        f'assert {_SAME}, f"expected {{before}} again, got {{after}}"',
    ]


def _copy(text: str, copied: bool) -> list[str]:
    """A call with the keyword `copy`: writing to its argument changes the result, or does not."""
    call = _FUNCTIONS.sub(r"xp.\1(", text)
    return [
        "x = xp.reshape(xp.asarray([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], dtype=xp.float32), (2, 3))",
        *guarded([f"got = {call}"]),
        "before = np.array(host(got))",
        "x[...] = xp.zeros_like(x)",
        "after = np.array(host(got))",
        'assert before.tobytes() != after.tobytes(), "expected the memory of x, got a copy"'
        if copied
        else 'assert before.tobytes() == after.tobytes(), f"expected a copy with {before}, got {after}"',
    ]


def refused(text: str) -> str | None:
    """The call that a message about the keyword `copy` begins with, as source."""
    found = _REFUSED.match(text)
    return _FUNCTIONS.sub(r"xp.\1(", found[1]) if found else None


def _in_place(failure: Failure, call: str) -> list[str]:
    """The operator in place: the result, and a copy made before."""
    run = re.sub(r"^operator\.__(\w+)__", r"operator.i\1", call)
    return [
        "kept = xp.asarray(x0, copy=True)",
        "before = np.array(host(kept))",
        *guarded([f"got = host({run})"]),
        f"expected = {literal(failure.expected)}",
        "assert got.shape == expected.shape and np.allclose(got, expected, rtol=1e-5, atol=1e-30, equal_nan=True), "
        'f"expected {expected}, got {got}"',
        "after = host(kept)",
        'assert before.tobytes() == after.tobytes(), f"expected the copy to stay {before}, got {after}"',
    ]
