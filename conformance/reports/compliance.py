"""The compliance table: functions of the standard by namespaces, the share of checks and dtypes that hold in each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..verdict import BAD, Report, Verdict
from .matrix import names, percent, plural

__all__ = ["Cell", "Table", "markdown", "table", "terminal"]

PASSED = ("identical", "within", "xpass")
FAILED = (*BAD, "xfail")


class Cell(NamedTuple):
    """One function on one namespace."""

    share: float | None  # of its checks, dtypes counted apart; None where the namespace lacks the function
    failing: tuple[str, ...] = ()  # the kinds of check that fail
    dtypes: tuple[int, int] | None = None  # how many dtypes hold in every check, of how many tried; None if all do

    @property
    def text(self) -> str:
        """A percentage, with the dtypes that hold where they are not all."""
        if self.share is None:
            return "lacks"
        part = f" ({self.dtypes[0]} of {self.dtypes[1]} dtypes)" if self.dtypes else ""
        return f"{rounded(self.share)}{part}"


class Table(NamedTuple):
    """Rows by chapter, a column for each namespace."""

    columns: list[str]  # the namespaces
    titles: list[str]  # with their versions
    revisions: list[str]  # of the standard, as each namespace states it
    dates: list[str]  # of the runs, where they are known
    checks: list[int]  # tried on each namespace: an earlier state of the tool had fewer
    rows: dict[str, dict[str, dict[str, Cell]]]  # chapter -> function -> namespace -> cell
    scores: dict[str, float]  # the mean of a namespace's cells, a missing function counting 0

    def lacking(self, name: str) -> int:
        """The number of functions that a namespace lacks."""
        return sum(cells[name].share is None for part in self.rows.values() for cells in part.values())

    def whole(self, name: str) -> int:
        """The number of functions of which every check holds."""
        return sum(cells[name].share == 1.0 for part in self.rows.values() for cells in part.values())

    @property
    def functions(self) -> int:
        """The number of rows."""
        return sum(map(len, self.rows.values()))


def rounded(share: float) -> str:
    """A percentage: 100 % only if nothing fails."""
    return "100 %" if share >= 1.0 else f"{min(round(100 * share), 99)} %"


def _share(verdict: Verdict) -> float:
    """1 if a check holds; the share of dtypes for which it does; else 0."""
    dtypes: dict[str, bool] = getattr(verdict, "dtypes", None) or {}
    if dtypes and not all(dtypes.values()):
        return sum(dtypes.values()) / len(dtypes)
    return float(verdict.status in PASSED)


def _counts(verdict: Verdict) -> bool:
    """Whether a check of the standard was tried."""
    return verdict.group == "standard" and verdict.status in (*PASSED, *FAILED)


def _cell(verdicts: Sequence[Verdict]) -> Cell:
    """The checks of one function on one namespace."""
    tried = [v for v in verdicts if _counts(v)]
    if not tried:
        return Cell(None)
    held: dict[str, bool] = {}
    for v in tried:
        for dtype, holds in (getattr(v, "dtypes", None) or {}).items():
            held[dtype] = held.get(dtype, True) and holds
    partial = (sum(held.values()), len(held)) if held and 0 < sum(held.values()) < len(held) else None
    failing = tuple(dict.fromkeys(v.kind for v in tried if v.status in FAILED))
    return Cell(sum(map(_share, tried)) / len(tried), failing, partial)


def table(report: Report) -> Table:
    """The table of a report on the functions of the standard."""
    columns = names(report)
    found: dict[str, dict[str, dict[str, list[Verdict]]]] = {}
    chapters: dict[str, str] = {}  # the first namespace's: another state of the tool may have sorted them otherwise
    for v in report.verdicts:
        if v.group == "standard":
            chapter = chapters.setdefault(v.operation, v.chapter)
            found.setdefault(chapter, {}).setdefault(v.operation, {}).setdefault(v.namespace, []).append(v)
    rows = {
        chapter: {
            operation: {name: _cell(of.get(name, [])) for name in columns} for operation, of in sorted(part.items())
        }
        for chapter, part in sorted(found.items())
    }
    cells = {name: [of[name].share or 0.0 for part in rows.values() for of in part.values()] for name in columns}
    facts = {f.name: f for f in report.namespaces}
    return Table(
        columns,
        [f"{name} {facts[name].version}".strip() if name in facts else name for name in columns],
        [str(facts[name].probe.get("revision", "")) if name in facts else "" for name in columns],
        [str(facts[name].probe.get("date", "")) if name in facts else "" for name in columns],
        [sum(v.namespace == name and _counts(v) for v in report.verdicts) for name in columns],
        rows,
        {name: sum(of) / len(of) if of else 0.0 for name, of in cells.items()},
    )


def _called(operation: str) -> str:
    return operation if operation.startswith(("array.", "info.")) else f"xp.{operation}"


def _differs(cells: Iterable[Cell]) -> bool:
    return any(cell.share != 1.0 for cell in cells)


def _summary(found: Table) -> list[list[str]]:
    return [
        [
            title,
            revision,
            rounded(found.scores[name]),
            str(found.whole(name)),
            str(found.lacking(name)),
            str(checks),
            date,
        ]
        for name, title, revision, checks, date in zip(
            found.columns, found.titles, found.revisions, found.checks, found.dates, strict=True
        )
    ]


HEADS = ("namespace", "states revision", "holds", "functions without a fault", "functions it lacks", "checks", "run on")


def markdown(report: Report) -> str:
    """Scores, and for each chapter the functions that do not hold everywhere."""
    found = table(report)
    lines = ["# Compliance with the array API standard", ""]
    lines += [
        f"{plural(found.functions, 'function')} and operators; made by `python -m conformance --table`. A percentage",
        "is the share of a function's checks that hold; a check that holds for some dtypes counts by their share. The",
        "functions that hold everywhere are named below each table. A later state of the tool tries more checks and",
        "finds more: compare namespaces by runs of about one day.",
        "",
    ]
    lines += [f"| {' | '.join(HEADS)} |", "|---|---|---:|---:|---:|---:|---|"]
    lines += [f"| {' | '.join(_text(cell) for cell in row)} |" for row in _summary(found)]
    for chapter, part in found.rows.items():
        lines += ["", f"## {chapter}", ""]
        shown = {operation: cells for operation, cells in part.items() if _differs(cells.values())}
        if shown:
            lines += [f"| function | {' | '.join(map(_text, found.titles))} |", f"|---|{'---|' * len(found.columns)}"]
            lines += [
                f"| `{_called(operation)}` | {' | '.join(_told(cells[name]) for name in found.columns)} |"
                for operation, cells in shown.items()
            ]
            lines.append("")
        if rest := [f"`{_called(operation)}`" for operation in part if operation not in shown]:
            lines.append(f"100 % everywhere: {', '.join(rest)}.")
    return "\n".join(lines).rstrip() + "\n"


def _told(cell: Cell) -> str:
    return f"{cell.text}: {', '.join(cell.failing)}" if cell.failing else cell.text


def _text(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text).replace("|", "\\|").replace("<", "&lt;")


def terminal(report: Report) -> str:
    """The scores, and how many functions of each chapter hold."""
    found = table(report)
    width = max([9, *map(len, found.titles)])
    lines = [f"{'namespace':<{width}}  {'holds':>6}  {'whole':>5}  {'lacks':>5}  of {found.functions} functions"]
    lines += [
        f"{title:<{width}}  {rounded(found.scores[name]):>6}  {found.whole(name):>5}  {found.lacking(name):>5}"
        for name, title in zip(found.columns, found.titles, strict=True)
    ]
    lines += [
        "",
        f"{'functions without a fault':<{max(width, 25)}}  {'  '.join(f'{n[:10]:>10}' for n in found.columns)}",
    ]
    for chapter, part in found.rows.items():
        shares = [
            percent(sum(cells[name].share == 1.0 for cells in part.values()), len(part)) for name in found.columns
        ]
        lines.append(f"{chapter:<{max(width, 25)}}  {'  '.join(f'{share:>10}' for share in shares)}")
    return "\n".join(lines) + "\n"
