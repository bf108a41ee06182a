"""All calls for the special cases of a function, by revision; and why a row has none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..case import STANDARD, A, Call, Case
from ..data import LATEST, REVISIONS, special_cases
from ..examples import typical
from ..kept import once_per_case
from .deciding import binding, rows_of
from .general import general
from .probe import Probe
from .probes import elementwise
from .reductions import REDUCTIONS
from .scalars import SCALARS, scalars

__all__ = ["covers", "fewer", "function_of_case", "probes", "reasons", "revision_of"]

# Functions whose rows are no statement about the elements of operands of one shape.
_OTHER = ("arange", "argsort", "asarray", "astype", "matmul", "sort", "tensordot", "where")
_UNIQUE = ("unique_all", "unique_counts", "unique_inverse", "unique_values")


def revision_of(on: Any) -> str:
    """The revision by which a namespace is judged: what it was opened with, else what it states, else the latest."""
    stated = str(getattr(on, "revision", "") or getattr(on.xp, "__array_api_version__", ""))
    return stated if stated in REVISIONS else LATEST


def function_of_case(name: str) -> str:
    """The name in the standard of what a case calls: array.__add__ of array.add."""
    start, _, method = name.partition("array.")
    return name if start or not method or method in ("T", "mT") else f"array.__{method}__"


def covers(name: str, revision: str = LATEST) -> bool:
    """Whether special cases of a function are evaluated."""
    return bool(probes(name, revision))


def probes(name: str, revision: str = LATEST) -> list[Probe]:
    """The calls for a case's special cases, the same objects for every namespace of a revision."""
    case = STANDARD.get(name)
    return [] if case is None else _probes(case, revision)


@once_per_case
def _probes(case: Case, revision: str) -> list[Probe]:
    return list(_all(case, revision))


def fewer(found: Sequence[Probe]) -> list[Probe]:
    """Calls that evaluate the same rows for each kind of dtype, for a library that compiles each call anew."""
    seen: set[tuple[str, str]] = set()
    kept = []
    for probe in found:
        new = {(id_, np.dtype(probe.dtype).kind) for id_ in probe.rows} - seen
        if new or probe.raises:
            kept.append(probe)
            seen |= new
    return kept


def _all(case: Case, revision: str) -> Iterator[Probe]:
    function = function_of_case(case.name)
    if function in SCALARS:
        yield from scalars(case, function, revision)
    elif function in REDUCTIONS:
        yield from REDUCTIONS[function](case, function, revision)
    elif function not in (*_OTHER, *_UNIQUE) and not function.startswith("linalg."):
        yield from elementwise(case, function, revision)
    if function.startswith("array.__"):
        yield from _operators(case, function, revision)
    yield from general(case, function, revision)


def _operators(case: Case, function: str, revision: str) -> Iterator[Probe]:
    """An operator gives what its function gives, on the operands of the case's own calls."""
    for row in rows_of(function, "real", revision):
        same = STANDARD.get(row["result"].get("function", "")) if isinstance(row["result"], dict) else None
        if row.get("rule") != "same_as_function" or same is None:
            continue
        for index, made in enumerate(case.calls):
            for dtype in case.dtypes:
                values = typical(case, index, dtype).values
                # a function takes Python numbers since 2024.12 alone
                values = [*values, *(np.asarray(k, values[0].dtype) for k in made.args if not isinstance(k, A))]
                yield Probe(case, Call(tuple(values), {}), values, dtype, row=row, same=same)


def reasons(revision: str = LATEST) -> dict[str, str]:
    """The rows that no call evaluates, each with the reason."""
    done = {id_ for name in STANDARD for probe in probes(name, revision) for id_ in probe.rows}
    return {row["id"]: _reason(row) for row in special_cases(revision) if row["id"] not in done}


# Rows that bind and that no call of this module evaluates.
_KEPT_ELSEWHERE = {
    "arange/general/01": "a step of 0 lies outside the domain: nothing is said of the result",
    "asarray/general/01": "whether a copy is needed depends on the input's memory: the kind 'memory' has it",
}


def _reason(row: Mapping[str, Any]) -> str:
    result, rule = row["result"], row.get("rule", "")
    if "unparsed" in row:
        return "a remark"
    if isinstance(result, dict) and (result.get("implementation_defined") or rule == "order"):
        return "left to the implementation"
    if rule == "componentwise":
        return "speaks of imaginary numbers, which no dtype holds"
    if rule == "real_rules_per_component":
        return "does not say which zero or NaN a sum of products has"
    if not binding(row):
        return "says should or may"
    return _KEPT_ELSEWHERE.get(row["id"], "" if row["kind"] == "general" else "an earlier row says it")
