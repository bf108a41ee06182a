"""Shared by all forms of the report: verdicts by operation and kind, groups of failures, measured accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..running.root_cause import FOLLOWS
from ..verdict import STATUSES, Report, Verdict

__all__ = [
    "DTYPES",
    "Rows",
    "accuracy",
    "causes",
    "chapters",
    "counted",
    "follows",
    "groups",
    "kinds",
    "members",
    "names",
    "operation_of",
    "percent",
    "plural",
    "rows",
    "short",
    "worst_of",
]

DTYPES = ("float16", "float32", "float64", "complex64", "complex128")
_SEVERITY = (
    "empty",
    "identical",
    "within",
    "xfail",
    "unsupported",
    "blocked",
    "flaky",
    "xpass",
    "wrong",
    "timed out",
    "crashed",
)
_WORDS = {
    "empty": ".",
    "identical": "same",
    "wrong": "WRONG",
    "unsupported": "lacks",
    "blocked": "block",
    "xfail": "xfail",
    "xpass": "XPASS",
    "flaky": "FLAKY",
    "crashed": "CRASH",
    "timed out": "HANGS",
}

_CAUSES = {
    "value": "wrong values",
    "shape": "wrong shape",
    "dtype": "wrong dtype",
    "device": "wrong device",
    "reference value": "wrong values (compared with the formula of the case)",
    "error class": "wrong exception class",
}

_SIMPLEST = ("value", "shape", "dtype", "error", "special", "compiled", "predicted")  # the easiest to understand first

Rows = dict[tuple[str, str, str], dict[str, list[Verdict]]]  # (group, chapter, operation) -> kind -> verdicts


def names(report: Report) -> list[str]:
    """The namespaces of a run, in order."""
    return list(dict.fromkeys([*(facts.name for facts in report.namespaces), *(v.namespace for v in report.verdicts)]))


def kinds(verdicts: Iterable[Verdict]) -> list[str]:
    """The kinds of check in a run, in order."""
    return list(dict.fromkeys(v.kind for v in verdicts))


def rows(report: Report, namespace: str) -> Rows:
    """The verdicts on one namespace by operation and kind; a kind with variants has several."""
    found: Rows = {}
    for v in report.verdicts:
        if v.namespace == namespace:
            found.setdefault((v.group, v.chapter, v.operation), {}).setdefault(v.kind, []).append(v)
    return found


def chapters(found: Rows) -> dict[tuple[str, str], list[tuple[str, str, str]]]:
    """The operations by group and chapter."""
    parts: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for key in found:
        parts.setdefault(key[:2], []).append(key)
    return parts


def worst_of(verdicts: Sequence[Verdict]) -> Verdict | None:
    """The worst of the verdicts in one cell."""
    return max(verdicts, key=lambda v: (_SEVERITY.index(v.status), v.worst), default=None)


def short(verdict: Verdict | None) -> str:
    """A verdict in at most five characters; a number is the worst error as a fraction of its bound."""
    if verdict is None:
        return ""
    return f"{verdict.worst:.2f}" if verdict.status == "within" else _WORDS[verdict.status]


def accuracy(report: Report, namespace: str) -> dict[tuple[str, str], dict[str, float]]:
    """The worst error measured, in ulps, by (group, operation) and dtype; exact operations are 0."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for v in report.verdicts:
        if v.namespace == namespace:
            for dtype, ulps in v.ulps.items():
                of = found.setdefault((v.group, v.operation), {})
                of[dtype] = max(of.get(dtype, 0.0), ulps)
    return found


def percent(part: int, whole: int) -> str:
    """A percentage, 100 % only if nothing is missing."""
    return "-" if not whole else "100 %" if part == whole else f"{min(100 * part / whole, 99.9):.1f} %"


def plural(count: int, noun: str) -> str:
    """A count and its noun: '1 verdict', '2 verdicts'."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def counted(report: Report, namespace: str | None = None) -> str:
    """The number of verdicts of each status: '12 identical, 3 within bound'."""
    words = {"within": "within bound", "xfail": "expected failures", "xpass": "unexpected passes"}
    counts = report.counts(namespace)
    return ", ".join(f"{counts[s]} {words.get(s, s)}" for s in STATUSES if counts.get(s) and s != "empty")


def groups(report: Report) -> list[list[Verdict]]:
    """The failures in groups: equal ones, together with other kinds of check that fail for the same operations.

    Functions of the standard come first, one group each. Failures that may follow from these come last.
    """
    standard: dict[tuple[str, str], list[Verdict]] = {}
    for v in report.failed:
        if v.group == "standard":
            standard.setdefault((v.namespace, v.operation), []).append(v)
    others = [
        [v for v in group if v.group != "standard" and follows([v]) is after]
        for group in report.groups
        for after in (False, True)
    ]
    found: list[tuple[tuple[str, ...], set[str], list[Verdict]]] = []
    for group in sorted(filter(None, others), key=lambda g: (-len({v.operation for v in g}), -len(g))):
        first = group[0]
        key = (
            first.namespace,
            first.status,
            first.finding.cause if first.finding else first.reason,
            str(follows(group)),
        )
        operations = {v.operation for v in group}
        for other, covered, together in found:
            if key == other and operations <= covered:
                together.extend(group)
                break
        else:
            found.append((key, operations, list(group)))
    return [*standard.values(), *sorted((g for _, _, g in found), key=lambda g: (follows(g), -len(g)))]


def follows(group: Sequence[Verdict]) -> bool:
    """Whether every failure of a group may follow from a wrong function of the standard."""
    return all(v.reason.startswith(FOLLOWS) for v in group)


def causes(group: Sequence[Verdict], named: bool = True) -> tuple[Verdict, str]:
    """The failure of a group with the smallest example, and a heading for the group.

    `named`: the heading begins with the namespace, which a report on a single one need not repeat.
    """
    kinds_of = sorted(kinds(group), key=lambda k: _SIMPLEST.index(k) if k in _SIMPLEST else len(_SIMPLEST))
    shown = min(group, key=lambda v: (v.finding is None, kinds_of.index(v.kind), v.finding.size if v.finding else 0))
    cause = shown.finding.cause if shown.finding else shown.reason
    operations = list(dict.fromkeys(operation_of(v) for v in group))
    listed = ", ".join(operations[:6]) + (f" and {len(operations) - 6} more" if len(operations) > 6 else "")
    dtype = f" in {shown.dtype}" if shown.dtype and len({v.dtype for v in group}) == 1 else ""
    label = {"wrong": "", "xpass": "unexpected pass: ", "flaky": "flaky: "}.get(shown.status, "")
    by = "" if kinds_of == [cause] else f" (found by {', '.join(kinds_of)})"
    return shown, f"{f'{shown.namespace}: ' if named else ''}{label}{_CAUSES.get(cause, cause)}{dtype}: {listed}{by}"


def operation_of(verdict: Verdict) -> str:
    """The operation with its namespace: 'xp.exp', 'K.softmax', or an operator of arrays."""
    if verdict.operation.startswith("array."):
        return verdict.operation
    return f"{'xp' if verdict.group == 'standard' else 'K'}.{verdict.operation}"


def members(group: Sequence[Verdict]) -> str:
    """All verdicts of a group, by operation: 'K.exp (value, device)'."""
    found: dict[str, dict[str, None]] = {}
    for v in group:
        found.setdefault(operation_of(v), {})[v.kind] = None
    return ", ".join(f"{operation} ({', '.join(of)})" for operation, of in found.items())
