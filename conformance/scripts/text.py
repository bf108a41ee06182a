"""What every script of a failure is made of: arrays as literals, the call as text, and a heading that names them."""

from __future__ import annotations

import importlib.metadata
import re
from typing import Any

import numpy as np

from ..data import LATEST
from ..examples import Example
from ..judging.failures import Failure
from ..subjects.functions import Dtype
from ..subjects.opening import version_of

__all__ = [
    "LONGEST",
    "Name",
    "arguments",
    "array_literal",
    "guarded",
    "heading",
    "literal",
    "one_line",
    "place",
    "shown_call",
    "tool_version",
]

LONGEST = 40  # elements of an array that is printed in full
WIDEST = 300  # characters of a heading's message


class Name(str):
    """A piece of Python source, printed without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _numbers(value: np.ndarray) -> str:
    """Nested lists of the numbers; NaN and infinities as NumPy's, complex numbers with the signs of their zeros."""
    if value.dtype.kind == "c":
        if value.ndim == 0:
            return f"complex({_number(value.real)}, {_number(value.imag)})"
        return "[" + ", ".join(map(_numbers, value)) + "]"
    return re.sub(r"\b(nan|inf)\b", r"np.\1", repr(value.tolist()))


def _number(value: Any) -> str:
    return re.sub(r"\b(nan|inf)\b", r"np.\1", repr(float(value)))


def literal(value: np.ndarray) -> str:
    """An array as NumPy source that restores it exactly."""
    if 0 in value.shape:
        return f"np.zeros({value.shape}, dtype={value.dtype.name!r})"
    wide = {"g": np.float64, "G": np.complex128}.get(value.dtype.char)
    value = value if wide is None else value.astype(wide)
    return f"np.array({_numbers(value)}, dtype={value.dtype.name!r})"


def array_literal(value: np.ndarray) -> str:
    """An array of a namespace as source: xp.asarray of lists, as the standard has it."""
    if 0 in value.shape:
        return f"xp.zeros({value.shape}, dtype=xp.{value.dtype.name})"
    return f"xp.asarray({_numbers(value)}, dtype=xp.{value.dtype.name})"


def _named(value: Any) -> Any:
    """The literal arguments as source: dtypes as members of xp, functions by name."""
    if isinstance(value, Dtype):
        return Name(f"xp.{value}")
    if isinstance(value, dict):
        return {k: _named(v) for k, v in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_named(v) for v in value)
    if callable(value):
        return Name(getattr(value, "__name__", repr(value)))
    if isinstance(value, float) and not np.isfinite(value):
        return Name(_number(value))
    return value


def arguments(example: Example, names: list[Any]) -> list[str]:
    """The arguments of the call as source, with these in place of its arrays."""
    call = example.filled(names)
    return [*map(repr, _named(call.args)), *(f"{k}={v!r}" for k, v in _named(call.kwargs).items())]


def shown_call(example: Example, short: bool = False) -> str:
    """The call in one line, its arrays written out (`short`) or named x0, x1, ..."""
    names = [
        Name((literal(v) if v.size <= LONGEST else f"{v.dtype}{list(v.shape)}") if short else f"x{i}")
        for i, v in enumerate(example.values)
    ]
    name = example.case.name
    if name.startswith("array."):
        name = f"operator.{name.removeprefix('array.')}"
    else:
        name = f"{'xp' if example.case.group == 'standard' else 'K'}.{name}"
    return f"{name}({', '.join(arguments(example, names))})"


def one_line(text: str, longest: int = WIDEST) -> str:
    """Text that fits a comment: its first line, without control characters and surrogates."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return "".join(c if c.isprintable() else "?" for c in first)[:longest]


def tool_version() -> str:
    """The version of this tool, or '' where it is not installed."""
    try:
        return importlib.metadata.version("array-api-backend")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _dtypes(example: Example) -> str:
    named = [str(v) for v in (*example.call.args, *example.call.kwargs.values()) if isinstance(v, Dtype)]
    return " and ".join(dict.fromkeys(v.dtype.name for v in example.values) or dict.fromkeys(named)) or example.dtype


def heading(failure: Failure, example: Example, on: Any, kind: str, needs: str = "") -> list[str]:
    """Comments: the function, the dtype and kind that fail, what happens, the versions, and what the script needs."""
    case = example.case
    name = case.name if case.name.startswith("array.") else shown_call(example).partition("(")[0]
    library = getattr(on, "library", "")
    version = version_of(library, on.xp) if library else ""
    revision = str(getattr(on, "revision", "") or LATEST) if case.group == "standard" else ""
    lines = [
        f"# {one_line(name)} fails for {_dtypes(example)} ({kind}): {one_line(failure.message)}",
        f"# on {one_line(on.name)}{f' ({one_line(library)} {version})' if version else ''}; "
        f"{f'array API standard {revision}; ' if revision else ''}found by conformance {tool_version()}".rstrip(),
    ]
    return [*lines, f"# needs {needs}"] if needs else lines


def place(failure: Failure) -> str:
    """The index of the worst element as Python source, or ''."""
    found = re.search(r"\bat \(([\d, ]+)\):", failure.message)
    return f"[{found[1]}]" if found else ""


def guarded(lines: list[str]) -> list[str]:
    """Lines whose exceptions fail an assertion that names what was expected and what came."""
    return [
        "try:",
        *(f"    {line}" for line in lines),
        "except BaseException as error:",
        '    raise AssertionError(f"expected a result, got {type(error).__name__}: {error}") from error',
    ]
