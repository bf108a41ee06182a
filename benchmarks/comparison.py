"""Comparisons: the sides of a question measured together, as rows for tables, the JSON file and the plot."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .peers import absence, threads
from .timing import interleaved, printed
from .worker import Worker

__all__ = ["Row", "Side", "Target", "certain", "compared", "limit_row", "ratios", "tabled"]

PROCESSES = 3  # per side, one after the other
LIMIT = "roofline"  # the column of the least that the machine needs


@dataclasses.dataclass(frozen=True)
class Target:
    """At most this many times what another side costs."""

    against: str
    at_most: float


@dataclasses.dataclass(frozen=True)
class Side:
    """A side of a comparison: the library it needs, how to make the timed call, and its targets.

    With an environment, it always runs in its own process.
    """

    name: str
    package: str
    make: Callable[[], Any]
    targets: Sequence[Target] = ()
    environment: Mapping[str, str] | None = None


@dataclasses.dataclass(frozen=True)
class Row:
    """The cost of one side in one case, in microseconds or another unit, or the reason that there is none.

    `spread` is the least and the greatest of several runs, if they differ enough to matter.
    """

    question: str
    case: str
    side: str
    cost: float | None
    unit: str = "µs"
    targets: Sequence[Target] = ()
    absent: str | None = None
    spread: tuple[float, float] | None = None


def compared(
    question: str,
    case: str,
    sides: Iterable[Side],
    *,
    rounds: int,
    seconds: float,
    apart: bool,
    check: Callable[[Mapping[str, Any]], None] | None = None,
) -> list[Row]:
    """Measure the installed sides in turn: a row per side; `check` raises if one computes something else.

    `apart` gives each side its own process, several times over: the cost of a new array depends on everything that ran
    before in its process, and on where the allocator places it.
    """
    sides = list(sides)
    absent = {side.name: why for side in sides if (why := absence(side.package))}
    here = [side for side in sides if side.name not in absent]
    times = PROCESSES if apart else 1
    runs = [_run(here, -(-rounds // times), seconds, apart, check) for _ in range(times)]
    rows = []
    for side in sides:
        costs = [run[side.name] for run in runs if side.name in run]
        rows.append(
            Row(
                question,
                case,
                side.name,
                statistics.median(costs) if costs else None,
                targets=side.targets,
                absent=absent.get(side.name),
                spread=(min(costs), max(costs)) if len(costs) > 1 else None,
            )
        )
    return rows


def _run(sides: Sequence[Side], rounds: int, seconds: float, apart: bool, check: Any) -> Mapping[str, float]:
    """The cost of each side, made again."""
    made: dict[str, Any] = {}
    try:
        for side in sides:
            made[side.name] = Worker(side.make, side.environment) if apart or side.environment else side.make()
        if check:
            check(made)
        return interleaved(made, rounds=rounds, seconds=seconds)
    finally:
        for call in made.values():
            if hasattr(call, "close"):
                call.close()


def limit_row(question: str, case: str, seconds: float) -> Row:
    """The row of the bound that memory or arithmetic sets."""
    return Row(question, case, LIMIT, seconds * 1e6)


def ratios(rows: Iterable[Row]) -> list[tuple[Row, Target, float]]:
    """Every target that can be judged, with the ratio reached, to two decimals."""
    rows = list(rows)
    costs = {(row.question, row.case, row.side): row.cost for row in rows}
    found = []
    for row in rows:
        for target in row.targets:
            other = costs.get((row.question, row.case, target.against))
            if row.cost and other:
                found.append((row, target, round(row.cost / other, 2)))
    return found


def tabled(rows: Sequence[Row], note: str = "") -> str:
    """A table of costs for each question, then its targets and the ratios reached."""
    parts = []
    for question in dict.fromkeys(row.question for row in rows):
        own = [row for row in rows if row.question == question]
        cases = list(dict.fromkeys(row.case for row in own))
        fullest = max(cases, key=lambda case: sum(row.case == case for row in own))
        sides = list(dict.fromkeys(row.side for row in sorted(own, key=lambda row: row.case != fullest)))
        found = {(row.case, row.side): row for row in own}
        unit, scale = _unit(own)
        cells = [[case, *(_cell(found.get((case, side)), scale) for side in sides)] for case in cases]
        parts.append(printed(f"{question}, {unit}, {threads()} threads for every side", ["case", *sides], cells))
        goals = [
            [
                row.case,
                row.side,
                target.against,
                f"{ratio:.2f}",
                f"{target.at_most:.2f}",
                _verdict(row, found[row.case, target.against], target, ratio),
            ]
            for row, target, ratio in ratios(own)
        ]
        if goals:
            parts.append(
                printed(f"{question}: targets", ["case", "side", "against", "ratio", "at most", "reached"], goals)
            )
    missing = "; ".join(dict.fromkeys(row.absent for row in rows if row.absent))
    return "\n".join([*parts, *(f"{text}\n" for text in (missing and f"{missing}.", note) if text)])


def certain(row: Row, other: Row, target: Target) -> bool:
    """Whether all processes of both sides give the same verdict on a target."""
    (low, high), (least, most) = (r.spread or (r.cost, r.cost) for r in (row, other))
    return (low / most <= target.at_most) == (high / least <= target.at_most)


def _verdict(row: Row, other: Row, target: Target, ratio: float) -> str:
    return ("yes" if ratio <= target.at_most else "no") + ("" if certain(row, other, target) else ", uncertain")


def _unit(rows: Sequence[Row]) -> tuple[str, float]:
    if rows[0].unit != "µs":
        return rows[0].unit, 1.0
    least = min((row.cost for row in rows if row.cost and row.side != LIMIT), default=0.0)
    return ("milliseconds", 1e-3) if least >= 100 else ("microseconds", 1.0)


def _cell(row: Row | None, scale: float) -> str:
    if row is None or row.cost is None:
        return "-"
    low_high = f" ({'-'.join(_number(value * scale) for value in row.spread)})" if row.spread else ""
    return _number(row.cost * scale) + low_high


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 1000 else f"{value:.1f}" if value >= 100 else f"{value:.2f}"
