"""Two runs on two releases of a library: what the newer one broke, mended, gained, lost, and how accuracy changed."""

from __future__ import annotations

from typing import NamedTuple

from ..verdict import BAD, CHECKED, NamespaceFacts, Report, Verdict
from .matrix import accuracy, names

__all__ = ["Change", "changes", "markdown", "terminal"]

FACTOR = 2.0  # a change of accuracy by more than this is told
LEAST = 0.5  # ulps: what every rounding may be off, below which no error counts
MOST = 1e6  # ulps: beyond it the result cancels to almost nothing, and its ulps say nothing

FAILS = (*BAD, "xfail")
PASSES = (*CHECKED, "xpass")


class Accuracy(NamedTuple):
    """The worst error of a function in one dtype, in ulps, before and after."""

    operation: str
    dtype: str
    before: float
    after: float


class Change(NamedTuple):
    """What differs between two runs on one namespace."""

    old: str  # the namespace and its version
    new: str
    broken: list[Verdict]  # held, or was not there, and fails
    mended: list[Verdict]  # failed, and holds
    gained: list[str]  # functions
    lost: list[str]
    dtypes_gained: list[str]
    dtypes_lost: list[str]
    worse: list[Accuracy]
    better: list[Accuracy]

    @property
    def worsened(self) -> bool:
        """Whether something that worked does not work any more."""
        return bool(self.broken or self.lost or self.dtypes_lost)


def changes(old: Report, new: Report) -> list[Change]:
    """The changes of each namespace that both reports have; where each has one alone, of these.

    Parameters
    ----------
    old, new : Report

    Returns
    -------
    list of Change

    Raises
    ------
    ValueError
        When the reports have no namespace in common.

    Examples
    --------
    >>> import conformance
    >>> from conformance.reports import releases
    >>> report = conformance.run(["numpy"], only="xp.floor", kind="dtype", examples=1)
    >>> [change.worsened for change in releases.changes(report, report)]
    [False]
    """
    before, after = names(old), names(new)
    pairs = [(n, n) for n in after if n in before]
    if not pairs and len(before) == len(after) == 1:
        pairs = [(before[0], after[0])]
    if not pairs:
        raise ValueError(f"the reports have no namespace in common: {', '.join(before)} and {', '.join(after)}")
    return [_change(old, a, new, b) for a, b in pairs]


def _facts(report: Report, name: str) -> NamespaceFacts:
    found = next((f for f in report.namespaces if f.name == name), None)
    return found or NamespaceFacts(name, name, "")


def _change(old: Report, a: str, new: Report, b: str) -> Change:
    was, now = _facts(old, a), _facts(new, b)
    before = {(v.group, v.id): v for v in old.verdicts if v.namespace == a}
    after = {(v.group, v.id): v for v in new.verdicts if v.namespace == b}
    broken = [v for k, v in after.items() if v.status in FAILS and not (k in before and before[k].status in FAILS)]
    mended = [v for k, v in after.items() if v.status in PASSES and k in before and before[k].status in FAILS]
    lacked, lacks = (_lacking(f, of) for f, of in ((was, before), (now, after)))
    common = {v.operation for v in before.values()} & {v.operation for v in after.values()}
    dtypes = [list(map(str, f.probe.get("dtypes", ()))) for f in (was, now)]
    measured = _accuracies(accuracy(old, a), accuracy(new, b))
    return Change(
        f"{a} {was.version}".strip(),
        f"{b} {now.version}".strip(),
        [v for v in broken if v.operation not in lacks],
        mended,
        sorted(f for f in lacked - lacks if f in common),
        sorted(f for f in lacks - lacked if f in common),
        [d for d in dtypes[1] if d not in dtypes[0]] if was.probe else [],
        [d for d in dtypes[0] if d not in dtypes[1]] if now.probe else [],
        [m for m in measured if m.after > m.before],
        [m for m in measured if m.after < m.before],
    )


def _lacking(facts: NamespaceFacts, verdicts: dict[tuple[str, str], Verdict]) -> set[str]:
    """The functions that a namespace lacks, by the probe and by the verdicts."""
    unsupported = {v.operation for v in verdicts.values() if v.status == "unsupported"}
    tried = {v.operation for v in verdicts.values() if v.status in (*PASSES, *FAILS)}
    return (unsupported | set(map(str, facts.probe.get("missing", ())))) - tried


def _accuracies(
    old: dict[tuple[str, str], dict[str, float]], new: dict[tuple[str, str], dict[str, float]]
) -> list[Accuracy]:
    """The functions and dtypes whose worst error changed by more than the factor, the largest change first."""
    found = []
    for (group, operation), of in new.items():
        for dtype, after in of.items():
            before = old.get((group, operation), {}).get(dtype)
            if before is None:
                continue
            a, b = (min(max(ulps, LEAST), MOST) for ulps in (before, after))
            if max(a, b) > FACTOR * min(a, b):
                found.append(Accuracy(f"{'xp' if group == 'standard' else 'K'}.{operation}", dtype, before, after))
    return sorted(found, key=lambda m: -max(m.before, LEAST) / max(m.after, LEAST) if m.after < m.before else -m.after)


def _by_operation(verdicts: list[Verdict]) -> list[str]:
    """The verdicts by function: 'xp.exp (value, device)'."""
    found: dict[str, dict[str, None]] = {}
    for v in verdicts:
        kind = f"{v.kind} on {v.variant}" if v.variant else v.kind
        found.setdefault(v.id.partition("/")[0] if v.group == "standard" else f"K.{v.operation}", {})[kind] = None
    return [f"{name} ({', '.join(of)})" for name, of in found.items()]


def _sections(change: Change) -> list[tuple[str, list[str]]]:
    """Headings and the lines below each; the empty ones are left out."""
    parts = [
        ("new failures", _by_operation(change.broken)),
        ("functions lost", change.lost),
        ("dtypes lost", change.dtypes_lost),
        ("fixed", _by_operation(change.mended)),
        ("functions gained", change.gained),
        ("dtypes gained", change.dtypes_gained),
        ("less accurate", list(map(_measured, change.worse))),
        ("more accurate", list(map(_measured, change.better))),
    ]
    return [(f"{heading} ({len(lines)})", lines) for heading, lines in parts if lines]


def _measured(m: Accuracy) -> str:
    return f"{m.operation} {m.dtype}: {m.before:.2g} -> {m.after:.2g} ulps"


def terminal(found: list[Change]) -> str:
    """The changes as text: new failures with their message, everything else by name."""
    parts = []
    for change in found:
        lines = [f"{change.old} -> {change.new}"]
        messages = {_by_operation([v])[0].partition(" (")[0]: v for v in change.broken if v.finding is not None}
        for heading, listed in _sections(change):
            lines.append(f"  {heading}:")
            for line in listed:
                lines.append(f"    {line}")
                verdict = messages.get(line.partition(" (")[0]) if heading.startswith("new") else None
                if verdict is not None and verdict.finding is not None:
                    lines.append(f"      {_one_line(verdict.finding.message)}")
        parts.append("\n".join(lines if len(lines) > 1 else [*lines, "  no change"]))
    return "\n\n".join(parts) + "\n"


def _one_line(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return "".join(c if c.isprintable() else "?" for c in first)[:160]


def markdown(found: list[Change]) -> str:
    """The changes as Markdown, the new failures with their scripts to unfold."""
    lines = []
    for change in found:
        worse = "something got worse" if change.worsened else "nothing got worse"
        lines += [f"### {_plain(change.old)} -> {_plain(change.new)}: {worse}", ""]
        sections = _sections(change)
        for heading, listed in sections:
            lines += [f"**{heading}**", "", *(f"- {_plain(line)}" for line in listed), ""]
        lines += [] if sections else ["No change.", ""]
        for v in change.broken:
            if v.finding is not None and v.finding.script:
                script = v.finding.script[:4000].replace("```", "'''")
                head = f"{_plain(v.id)}: {_plain(_one_line(v.finding.message))}"
                lines += ["<details>", f"<summary>{head}</summary>", "", "```python", script, "```", "</details>", ""]
    return "\n".join(lines)


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text).replace("<", "&lt;")
