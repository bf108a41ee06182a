"""A run compared with an earlier one: new failures, fixed ones, and lost checks."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ..verdict import CHECKED, Report, Verdict
from .terminal import failures

__all__ = ["Difference", "compared", "written"]


class Difference(NamedTuple):
    """The changes since the baseline."""

    new: list[Verdict]  # wrong now, not then
    fixed: list[Verdict]  # wrong then, passes now
    lost: list[Verdict]  # passed then, cannot be checked now: unsupported, blocked, or gone
    still: int  # wrong then and now

    @property
    def exit_code(self) -> int:
        """1 if something got worse, else 0."""
        return 1 if self.new or self.lost else 0


def _key(verdict: Verdict) -> tuple[str, str, str]:
    return verdict.namespace, verdict.group, verdict.id


def compared(report: Report, old: Report) -> Difference:
    """Compare two runs on the namespaces and operations that the new one covers.

    Parameters
    ----------
    report, old : Report

    Returns
    -------
    Difference

    Examples
    --------
    >>> from conformance.reports import baseline
    >>> from conformance.verdict import Report, Verdict
    >>> old = Report([Verdict("mine", "standard", "elementwise", "exp", "value", status="within")], [])
    >>> new = Report([Verdict("mine", "standard", "elementwise", "exp", "value", status="wrong")], [])
    >>> found = baseline.compared(new, old)
    >>> [v.id for v in found.new], found.exit_code
    (['xp.exp/value'], 1)
    """
    before, now = ({_key(v): v for v in r.verdicts} for r in (old, report))
    ran = {(v.namespace, v.group, v.operation) for v in report.verdicts}
    tried = {v.kind for v in report.verdicts}
    new = [v for key, v in now.items() if v.bad and not (key in before and before[key].bad)]
    fixed = [v for key, v in now.items() if key in before and before[key].bad and v.status in CHECKED]
    lost = [
        now.get(key, v)
        for key, v in before.items()
        if v.status in CHECKED
        and v.kind in tried
        and (v.namespace, v.group, v.operation) in ran
        and (key not in now or now[key].status in ("unsupported", "blocked"))
    ]
    return Difference(new, fixed, lost, sum(v.bad and key in before and before[key].bad for key, v in now.items()))


def written(report: Report, difference: Difference) -> str:
    """The changes as text: new failures in full, the others by name.

    Parameters
    ----------
    report : Report
        The new one.
    difference : Difference

    Returns
    -------
    str

    Examples
    --------
    >>> from conformance.reports import baseline
    >>> from conformance.verdict import Report, Verdict
    >>> old = Report([Verdict("mine", "standard", "elementwise", "exp", "value", status="wrong")], [])
    >>> new = Report([Verdict("mine", "standard", "elementwise", "exp", "value", status="within")], [])
    >>> baseline.written(new, baseline.compared(new, old)).splitlines()[-1]
    'compared with the baseline: 0 new, 1 fixed, 0 no longer checked, 0 still wrong'
    """
    parts = []
    if difference.new:
        parts.append(failures(replace(report, verdicts=difference.new)))
    if difference.lost:
        parts.append(
            "no longer checked:\n"
            + "\n".join(f"  {v.namespace} {v.id}{f': {v.reason}' if v.reason else ''}" for v in difference.lost)
        )
    if difference.fixed:
        parts.append("fixed:\n" + "\n".join(f"  {v.namespace} {v.id}" for v in difference.fixed))
    parts.append(
        f"compared with the baseline: {len(difference.new)} new, {len(difference.fixed)} fixed, "
        f"{len(difference.lost)} no longer checked, {difference.still} still wrong"
    )
    return "\n\n".join(parts) + "\n"
