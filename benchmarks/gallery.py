"""The plots of docs/benchmarks.md: a small SVG for every table of targets in RESULTS.md."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

__all__ = ["BAD", "FAINT", "GOOD", "INK", "OPEN", "RESULTS", "SOFT", "plots", "written"]

ROOT = Path(__file__).resolve().parents[1]
RESULTS, FOLDER = ROOT / "benchmarks" / "RESULTS.md", ROOT / "docs" / "plots"

INK, SOFT, FAINT, GOOD, BAD = "#22303c", "#7d8a96", "#e4e8ec", "#1b7f5c", "#c8402f"
OPEN = "#c98a1b"  # processes of the same program disagree

TITLE = re.compile(r"^#+ (?P<question>.+): targets$")
LABELS, BARS, WIDTH = 370, 290, 780  # where bars begin, how long they are at most, and the whole picture
TOP, STEP, HEIGHT = 46, 20, 13  # where bars begin, from one to the next, and of each
FONT = "system-ui, sans-serif"


class Judged(NamedTuple):
    """One row of a table of targets: the ratio of a side to another, and what it may be."""

    case: str
    side: str
    against: str
    ratio: float
    at_most: float
    reached: str


def plots(text: str) -> dict[str, str]:
    """The SVG for each table of targets in a page of results, by the name of its file."""
    found: dict[str, str] = {}
    lines = text.splitlines()
    for start, line in enumerate(lines):
        if (title := TITLE.match(line)) is None:
            continue
        rows = [judged for line in lines[start + 4 : _end(lines, start + 2)] if (judged := _judged(line))]
        question = title["question"]
        name = re.sub(r"[^a-z0-9]+", "-", question.lower()).strip("-")
        found[f"{name}.svg"] = _svg(question, rows)
    return found


def written(folder: Path = FOLDER, results: Path = RESULTS) -> list[Path]:
    """Write the plots of a page of results into a folder; those there that it no longer has are removed."""
    made = plots(results.read_text())
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.svg"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (folder / name).write_text(text)
    return [folder / name for name in made]


def _end(lines: list[str], start: int) -> int:
    """The first line from `start` on that is no row of a table."""
    return next((i for i in range(start, len(lines)) if not lines[i].startswith("|")), len(lines))


def _judged(line: str) -> Judged:
    case, side, against, ratio, at_most, reached = (cell.strip() for cell in line.strip("|").split("|"))
    return Judged(case, side, against, float(ratio), float(at_most), reached)


def _svg(question: str, rows: list[Judged]) -> str:
    """A bar for each ratio on a logarithmic axis, with a line at 1 and a mark at the most that is allowed."""
    values = [v for row in rows for v in (row.ratio, row.at_most, 1.0)]
    low, high = min(values) / 1.5, max(values) * 1.2

    def x(value: float) -> str:
        return f"{LABELS + BARS * math.log(value / low) / math.log(high / low):.1f}"

    tall = TOP + STEP * len(rows) + 10
    shown = html.escape(question)
    reached = sum(row.reached.startswith("yes") for row in rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {tall}" role="img" font-family="{FONT}">',
        f"<title>{shown}: {reached} of {len(rows)} targets reached</title>",
        f'<rect width="{WIDTH}" height="{tall}" fill="white"/>',
        f'<text x="10" y="20" font-size="14" font-weight="bold" fill="{INK}">{shown}</text>',
        f'<text x="10" y="36" font-size="10" fill="{SOFT}">cost as a multiple of the side after "to"; '
        "| the most that is allowed; dashed: 1; amber: uncertain</text>",
    ]
    bottom = tall - 8
    parts.append(f'<line x1="{x(1)}" y1="{TOP - 4}" x2="{x(1)}" y2="{bottom}" stroke="{SOFT}" stroke-dasharray="3 3"/>')
    for place, row in enumerate(rows):
        parts += _bar(row, TOP + place * STEP, x)
    return "\n".join([*parts, "</svg>", ""])


def _bar(row: Judged, y: int, x: Callable[[float], str]) -> list[str]:
    colour = OPEN if "uncertain" in row.reached else GOOD if row.reached == "yes" else BAD
    width = float(x(row.ratio)) - LABELS
    label = html.escape(f"{row.case}: {row.side} to {row.against}")
    base = y + HEIGHT - 3
    return [
        f'<text x="{LABELS - 8}" y="{base}" font-size="11" text-anchor="end" fill="{INK}">{label}</text>',
        f'<rect x="{LABELS}" y="{y}" width="{width:.1f}" height="{HEIGHT}" fill="{colour}" fill-opacity="0.75"/>',
        f'<line x1="{x(row.at_most)}" y1="{y - 2}" x2="{x(row.at_most)}" y2="{y + HEIGHT + 2}" '
        f'stroke="{INK}" stroke-width="2"/>',
        f'<text x="{LABELS + BARS + 10}" y="{base}" font-size="11" fill="{colour}">'
        f"{row.ratio:.2f} of {row.at_most:.2f}</text>",
    ]


if __name__ == "__main__":
    print(*written(), sep="\n")
