"""Why an example fails, in words that tell one fault from another: kind, exception, dtypes, parameters, row, size."""

from __future__ import annotations

import functools
import inspect
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

import backend as K
from backend.arrays.dtypes import dtype_name

from ..case import A, Case
from ..data import LATEST
from ..examples import Example
from .failures import Failure
from .revisions import parameters_of

__all__ = ["Cause", "Traits", "cause_of", "matches", "normal", "scopes", "traits_of", "worded"]

LONGEST = 80  # characters of an exception's message that tell it from others
TELLING = 45  # of these in files of expected failures: what follows is often about the example
MOSTLY = 0.75  # of the examples with a trait
_WORDED = ("exception", "error class", "blocked")  # kinds whose message says what is wrong, without numbers of its own


class Traits(NamedTuple):
    """What may set an example apart from others of its case."""

    dtypes: str  # of its arrays, such as 'int8+int16'
    items: tuple[str, ...]  # 'keepdims', 'keepdims=True', the row of a table, 'empty', '0-d'


class Cause(NamedTuple):
    """Equal for failures that are taken for one fault until examples that pass tell more."""

    kind: str
    text: str
    traits: Traits


def normal(text: str) -> str:
    """The first line of a message, without numbers and hashes, the signs that separate causes, and control signs."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    line = re.sub(
        r"(?<![0-9a-f])(?=[a-f]*\d)[0-9a-f]{16,}|\d+", "#", "".join(c if c.isprintable() else "?" for c in line)
    )
    return line.translate({ord(";"): ",", ord("|"): "/"})[:LONGEST].strip()


def traits_of(example: Example) -> Traits:
    """The traits of an example."""
    if "traits" not in example.cache:
        names = dict.fromkeys(dtype_name(v.dtype) for v in example.values)
        items = list(_options(example))
        if any(v.size == 0 for v in example.values):
            items.append("empty")
        if any(v.ndim == 0 for v in example.values):
            items.append("0-d")
        example.cache["traits"] = Traits("+".join(names) or example.dtype, tuple(items))
    found: Traits = example.cache["traits"]
    return found


def cause_of(failure: Failure, example: Example) -> Cause:
    """The cause of a failure."""
    traits = traits_of(example)
    if failure.row:
        traits = traits._replace(items=(failure.row, *traits.items))
    return Cause(failure.kind, normal(failure.message) if failure.kind in _WORDED else "", traits)


def _options(example: Example) -> Iterable[str]:
    """The arguments that are no arrays, by name and with their values."""
    names = _names(example.case)
    given = [(names[i] if i < len(names) else f"argument {i}", v) for i, v in enumerate(example.call.args)]
    for name, value in [*given, *example.call.kwargs.items()]:
        if isinstance(value, A | np.ndarray) or (isinstance(value, list | tuple) and _holds_arrays(value)):
            continue
        yield name
        yield f"{name}={_plain(value)}"


@functools.cache
def _names(case: Case) -> tuple[str, ...]:
    """The names of a function's parameters, in order, as far as they are known."""
    if case.group == "standard":
        return tuple(parameters_of(case.name, LATEST))
    try:
        return tuple(inspect.signature(getattr(K, case.name)).parameters)
    except (AttributeError, TypeError, ValueError):
        return ()


def _holds_arrays(values: Sequence[Any]) -> bool:
    return any(isinstance(v, A | np.ndarray) or (isinstance(v, list | tuple) and _holds_arrays(v)) for v in values)


def _plain(value: Any) -> str:
    """A value in few characters."""
    text = value if isinstance(value, str) else getattr(value, "__name__", None) or repr(value)
    return text.translate({ord(";"): ",", ord("|"): "/"})[:30]


def worded(cause: Cause) -> str:
    """A cause as a file of expected failures names it: the kind of failure, or how an exception's message begins."""
    return cause.text[:TELLING].strip() or cause.kind


def matches(wanted: str, cause: Cause) -> bool:
    """Whether a cause written in a file of expected failures, parts separated by ';', is this one.

    Each part is a kind of failure, a dtype, a parameter ('axis' or 'axis=0'), rows of a table ('exp/complex/05+07', of
    which all or some fail) or a piece of the exception's text; 'int8|int16' is either. An empty text matches all.
    """
    parts = [part.strip() for part in wanted.split(";") if part.strip()]
    return all(any(_is(each.strip(), cause) for each in part.split("|")) for part in parts)


def _is(part: str, cause: Cause) -> bool:
    kind, text, (dtypes, items) = cause
    if part in (kind, dtypes, *dtypes.split("+"), *items) or (bool(text) and normal(part) in text):
        return True
    rows = set(_rows(part)) if "/" in part else set()
    return bool(rows) and any(set(_rows(item)) <= rows for item in items if _ROWS.fullmatch(item))


_ROWS = re.compile(r"[\w.]+/\w+/\w+(\+[\w./]+)*")


def _rows(text: str) -> Iterable[str]:
    """The ids of rows: 'exp/complex/05+07' is 'exp/complex/05' and 'exp/complex/07'."""
    before = ""
    for part in text.split("+"):
        before = part.rpartition("/")[0] or before
        yield f"{before}/{part.rpartition('/')[2]}"


def scopes(failed: Sequence[tuple[Traits, int]], passed: Sequence[Traits]) -> list[tuple[str, list[int]]]:
    """What failures of one kind have in common that passing examples lack: (scope, which of them), the widest first.

    `failed`: traits and how many examples have them. '' where all dtypes fail; dtypes that fail first, then the
    parameters that explain most; at last the dtypes among which some examples fail. Some examples of a wrong function
    pass (zeros), so a dtype or a parameter fails where MOSTLY of its examples do. That an array without elements passes
    says nothing.
    """
    left = list(range(len(failed)))
    telling = [t for t in passed if "empty" not in t.items]
    by_dtype: Counter[str] = Counter()
    for traits, n in failed:
        by_dtype[traits.dtypes] += n
    bad = _failing(by_dtype, [t.dtypes for t in telling])
    found = []
    if not {t.dtypes for t in telling} - bad and all(t.dtypes in bad for t, _ in failed):
        return [("", left)]
    if these := [i for i in left if failed[i][0].dtypes in bad]:
        found.append((_listed(failed[i][0].dtypes for i in these), these))
        left = [i for i in left if i not in these]
    others = [item for t in telling if t.dtypes not in bad for item in t.items]
    while left:
        counts: Counter[str] = Counter()
        for i in left:
            counts.update(dict.fromkeys(failed[i][0].items, failed[i][1]))
        wrong = _failing(counts, others)
        if not wrong:
            break
        best = max(wrong, key=lambda item: (counts[item], "=" not in item))  # 'keepdims' before 'keepdims=True'
        these = [i for i in left if best in failed[i][0].items]
        found.append((best, these))
        left = [i for i in left if i not in these]
    if left:
        found.append((_listed(failed[i][0].dtypes for i in left), left))
    return found


def _failing(failed: Mapping[str, int], passed: Sequence[str]) -> set[str]:
    """Those of which most examples fail."""
    good = Counter(passed)
    return {name for name, n in failed.items() if n >= MOSTLY * (n + good[name])}


def _listed(names: Iterable[str]) -> str:
    return "|".join(dict.fromkeys(names))
