"""The terminal's report: progress with the time left, then tables with accuracy, failures and scores."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any, TextIO

from ..verdict import BAD, Report, Verdict
from .matrix import (
    DTYPES,
    accuracy,
    causes,
    chapters,
    counted,
    follows,
    groups,
    kinds,
    names,
    percent,
    plural,
    rows,
    short,
    worst_of,
)

__all__ = ["Progress", "described", "failures", "summary", "table", "terminal"]

_SHORT = {
    "float16": "f16",
    "float32": "f32",
    "float64": "f64",
    "complex64": "c64",
    "complex128": "c128",
    "special": "spec",
    "determinism": "again",
    "predicted": "pred",
    "compiled": "comp",
    "unknown": "unkn",
    "gradient": "grad",
    "kernel": "kern",
    "arguments": "args",
    "device": "dev",
    "transparent": "trans",
}


class Progress:
    """The progress of a run and the time left, on one line; silent unless the stream is a terminal."""

    def __init__(self, stream: TextIO | None = None, shown: bool | None = None) -> None:
        self.stream = stream or sys.stderr
        self.shown = (self.stream is not None and self.stream.isatty()) if shown is None else shown
        self.start = time.monotonic()
        self.wrong = 0
        self._bar: Any = None
        self._task: Any = None
        if self.shown:
            self._open()

    def _open(self) -> None:
        try:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar
        except ImportError:
            return
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[wrong]}"),
            console=Console(file=self.stream),
            transient=True,
        )
        self._task = self._bar.add_task("conformance", total=None, wrong="")
        self._bar.start()

    def __call__(self, done: int, total: int, verdicts: Sequence[Verdict]) -> None:
        """Show that `done` of `total` operations are done; `verdicts` are the latest."""
        self.wrong += sum(v.status in BAD for v in verdicts)
        if not self.shown:
            return
        operation = verdicts[-1].operation if verdicts else ""
        wrong = f"{self.wrong} wrong" if self.wrong else ""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total, description=f"{operation:<24.24}", wrong=wrong)
            return
        left = (time.monotonic() - self.start) / max(done, 1) * (total - done)
        line = f"{done}/{total}  {operation:<24.24} {left / 60:.0f}:{left % 60:02.0f} left  {wrong}"
        print(f"\r{line[:78]:<78}", end="", file=self.stream, flush=True)

    def close(self) -> None:
        """End the line."""
        if self._bar is not None:
            self._bar.stop()
        elif self.shown:
            print(f"\r{'':<78}\r", end="", file=self.stream, flush=True)


def table(report: Report, namespace: str) -> str:
    """The verdicts on one namespace, operation by kind, and the worst error measured, in ulps."""
    found = rows(report, namespace)
    columns = kinds(v for cells in found.values() for verdicts in cells.values() for v in verdicts)
    ulps = accuracy(report, namespace)
    dtypes = [d for d in DTYPES if any(d in of for of in ulps.values())]
    width = max([len(namespace), *(len(operation) + 2 for _, _, operation in found)], default=0)
    head = [namespace.ljust(width), *(_SHORT.get(kind, kind[:5]).rjust(5) for kind in columns)]
    lines = [" ".join([*head, *(f"ulp {_SHORT[d]}".rjust(8) for d in dtypes)])]
    for (group, chapter), keys in chapters(found).items():
        lines.append(f"{group}: {chapter}")
        for key in keys:
            cells = [short(worst_of(found[key].get(kind, []))).rjust(5) for kind in columns]
            of = ulps.get((group, key[2]), {})
            measured = [("" if d not in of else f"{of[d]:.2g}").rjust(8) for d in dtypes]
            lines.append(" ".join([f"  {key[2]}".ljust(width), *cells, *measured]).rstrip())
    return "\n".join(lines)


def summary(report: Report) -> str:
    """Each namespace with its version, its verdicts by status, and its score in each group."""
    lines = []
    for name in names(report):
        facts = next((f for f in report.namespaces if f.name == name), None)
        lines.append(f"{name}{f' {facts.version}' if facts and facts.version else ''}: {counted(report, name)}")
        for group in dict.fromkeys(v.group for v in report.verdicts if v.namespace == name):
            held, whole = report.score(name, group)
            lines.append(f"  {group:<10} {percent(held, whole):>7}  {held} of {whole}{_partial(report, name, group)}")
    lines += [f"expected failure without a verdict: {entry}" for entry in report.unmatched]
    if late := len(report.untried):
        lines.append(f"{plural(late, 'operation')} not tried, out of time: raise --budget or choose with --only")
    return "\n".join(lines)


def _partial(report: Report, namespace: str, group: str) -> str:
    """What the score does not say: operations that pass with some of their dtypes only."""
    tried = report.dtypes(namespace, group)
    pairs = [held for of in tried.values() for held in of.values()]
    some: dict[str, list[str]] = {}
    for operation, of in tried.items():
        if 0 < sum(of.values()) < len(of):
            lacks = ", ".join(d for d in of if not of[d])
            some.setdefault(f"not {lacks}", []).append(f"{operation} ({sum(of.values())} of {len(of)} dtypes)")
    if not some:
        return ""
    lines = [f"; with each dtype: {percent(sum(pairs), len(pairs))}, {sum(pairs)} of {len(pairs)}"]
    for lacks, operations in sorted(some.items(), key=lambda item: -len(item[1])):
        more = f" and {len(operations) - 4} more" if len(operations) > 4 else ""
        lines.append(f"    {lacks}: {', '.join(operations[:4])}{more}")
    return "\n".join(lines)


def failures(report: Report, scripts: bool = True, most: int = 20) -> str:
    """The failures in groups, each with its smallest example and a script."""
    parts = []
    found_groups = groups(report)
    own = [group for group in found_groups if not follows(group)] or found_groups
    for group in own[:most]:
        shown, heading = causes(group)
        parts.append(described(shown, heading, scripts))
    if len(own) > most:
        parts.append(f"and {plural(len(own) - most, 'more group')} of failures; --html and --json list them all")
    if rest := [group for group in found_groups if group not in own]:
        parts.append("may follow from the above:\n" + "\n".join(f"  {causes(group)[1]}" for group in rest))
    return "\n\n".join(parts)


def described(verdict: Verdict, heading: str = "", scripts: bool = True) -> str:
    """A failure in full: the smallest example, the expected and the actual result, and a script."""
    lines = [heading or f"{verdict.namespace}: {verdict.id}"]
    found = verdict.finding
    lines += [f"  {verdict.reason}"] if verdict.reason and (found is None or found.message != verdict.reason) else []
    if found is not None:
        lines += [f"  {line}" for line in (found.message.splitlines()[:3])]
        lines += [f"  only      {found.scope}"] if found.scope else []
        lines.append(f"  example   {found.example[:400]}")
        lines += [
            f"  {label:<9} {_block(text)}" for label, text in (("expected", found.expected), ("got", found.got)) if text
        ]
        if found.error is not None and found.bound is not None:
            lines.append(f"  error     {found.error:.3g} against a bound of {found.bound:.3g}")
        lines += [f"  with      {verdict.partial}"] if verdict.partial else []
        lines += [f"  see       {verdict.source}"] if verdict.source else []
        for other in verdict.findings[1:]:
            lines.append(f"  also      {', '.join(filter(None, [other.scope, other.message.splitlines()[0]]))[:200]}")
            lines.append(f"            {other.example[:300]}")
        if scripts and found.script:
            lines += ["  to reproduce:", *(f"    {line}" for line in found.script.splitlines())]
    return "\n".join(lines)


def _block(text: str) -> str:
    lines = text.splitlines()[:8]
    return "\n            ".join(lines)


def terminal(report: Report, scripts: bool = True, tables: bool = True) -> str:
    """The whole report as plain text, as the command prints it.

    Parameters
    ----------
    report : Report
    scripts : bool, optional
        Whether each failure comes with a script.
    tables : bool, optional
        Whether the verdicts are shown, operations by kinds.

    Returns
    -------
    str

    Examples
    --------
    >>> import conformance
    >>> from conformance.reports import terminal
    >>> report = conformance.run(["numpy"], only="xp.floor", kind="dtype", examples=1)
    >>> lines = terminal.terminal(report).splitlines()
    >>> lines[2], lines[-1].partition(";")[0]
    ('  floor  same', 'all 1 verdict as expected')
    """
    parts = [table(report, name) for name in names(report)] if tables else []
    if wrong := failures(report, scripts):
        parts.append(wrong)
    parts.append(summary(report))
    bad = report.failed
    parts.append(
        f"{len(bad)} of {plural(len(report.verdicts), 'verdict')} wrong, in {plural(len(groups(report)), 'group')}"
        if bad
        else f"all {plural(len(report.verdicts), 'verdict')} as expected"
        if not report.untried
        else f"{plural(len(report.untried), 'operation')} not tried"
    )
    parts[-1] += f"; seed {report.seed}, {report.seconds:.0f} s"
    return "\n\n".join(parts) + "\n"
