"""What a run tells in plain text: a line of progress, a table of verdicts, and failures with a script that shows them."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from json import dumps

from .properties import PROPERTIES
from .verdict import Report, Verdict

__all__ = ["Progress", "described", "summary", "table", "written"]

SCHEMA = 2
SHOWN = 10  # failures that are printed in full, one of each kind


class Progress:
    """One line on a terminal that says how far a run is and how long it will take; silent elsewhere."""

    def __init__(self) -> None:
        self.start = time.time()
        self.shown = sys.stderr.isatty()

    def step(self, done: int, total: int, verdicts: Sequence[Verdict]) -> None:
        """One operation more."""
        if self.shown:
            left = (time.time() - self.start) / done * (total - done)
            line = f"{done}/{total} operations, {left:.0f} s left, {verdicts[0].operation if verdicts else ''}"
            print(f"\r{line[:78]:<78}", end="" if done < total else "\r", file=sys.stderr, flush=True)


def _cell(verdict: Verdict | None) -> str:
    if verdict is None or verdict.status == "empty":
        return "."
    return {"identical": "=", "within": f"{verdict.worst:.2f}", "unsupported": "-"}.get(verdict.status,
                                                                                      verdict.status.upper()
                                                                                      if verdict.bad else verdict.status)


def table(verdicts: Sequence[Verdict], namespace: str, group: str) -> str:
    """One namespace, operation by kind: = identical, a number the worst fraction of the bound, - unsupported."""
    found: dict[tuple[str, str], Verdict] = {}
    for v in verdicts:
        if (v.namespace, v.group) == (namespace, group) and (v.bad or not found.get((v.operation, v.kind), v).bad):
            found[v.operation, v.kind] = v
    names = list(dict.fromkeys(name for name, _ in found))
    kinds = [p for p in PROPERTIES if any(p == q for _, q in found)]
    width = max([len(namespace), *map(len, names)], default=0)
    lines = ["  ".join([namespace.ljust(width), *(k.rjust(9)[:11] for k in kinds)])]
    lines += ["  ".join([name.ljust(width), *(_cell(found.get((name, k))).rjust(max(9, min(len(k), 11)))
                                              for k in kinds)]) for name in names]
    return "\n".join(lines)


def described(verdict: Verdict) -> str:
    """A failure in full: the smallest example, what was expected, what came, and a script."""
    found = verdict.finding
    lines = [f"{verdict.namespace}: {verdict.id}: {verdict.status}{f' ({verdict.reason})' if verdict.reason else ''}"]
    if found is None:
        return lines[0]
    lines += [f"  {found.message}", f"  example: {found.example}"]
    lines += [f"  {label}: {text}" for label, text in (("expected", found.expected), ("got", found.got)) if text]
    if found.error is not None and found.bound is not None:
        lines.append(f"  error {found.error:.3g} against bound {found.bound:.3g}")
    lines += ["  to see it:", *(f"    {line}" for line in found.script.splitlines())]
    return "\n".join(lines)


def summary(report: Report) -> str:
    """Scores, failures grouped, and what the files of expected failures should not hold."""
    lines = []
    for on in report.namespaces:
        scores = []
        for group in ("standard", "k"):
            good, of = report.score(on.name, group)
            if of:
                scores.append(f"{group} {good} of {of}")
        counts = ", ".join(f"{n} {status}" for status, n in report.counts(on.name).items() if status != "empty")
        lines.append(f"{on.name} {on.version}: {'; '.join(scores)} hold ({counts})")
    lines += [f"expected to fail, but there was no such verdict: {entry}" for entry in report.unmatched]
    for group in report.groups[:SHOWN]:
        others = ", ".join(v.id for v in group[1:9]) + (f" and {len(group) - 9} more" if len(group) > 9 else "")
        lines += ["", described(group[0]), *([f"  the same for {others}"] if others else [])]
    if len(report.groups) > SHOWN:
        lines.append(f"\n... and {len(report.groups) - SHOWN} more kinds of failures: "
                     f"{', '.join(g[0].id for g in report.groups[SHOWN:])}")
    lines.append(f"\n{len(report.failed)} of {len(report.verdicts)} not as expected, seed {report.seed}, "
                 f"{report.seconds:.1f} s")
    return "\n".join(lines)


def written(report: Report) -> str:
    """A run as JSON."""
    rows = [asdict(v) | {"id": v.id, "signature": list(v.signature)} for v in report.verdicts]
    return dumps({"schema": SCHEMA, "seed": report.seed, "options": report.options, "seconds": report.seconds,
                  "namespaces": [asdict(n) for n in report.namespaces], "unmatched": report.unmatched,
                  "verdicts": rows}, indent=1, default=str)
