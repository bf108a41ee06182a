"""A plot of every figure that has a target: K relative to the target, and the other sides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.figure
import matplotlib.ticker

from .comparison import LIMIT, Row, certain, ratios
from .gallery import BAD, FAINT, GOOD, INK, OPEN, SOFT

__all__ = ["picture"]

MARKS = "os^Dv<>pP*"  # one for each peer
HUES = ("#2a6fb0", "#e9962b", "#7a4fb5", "#1f9fb5", "#b5467f", "#8a6d3b", "#4f5d75", "#5c9e31", "#d95f5f", "#999999")


class Bar(NamedTuple):
    """One side of K in one case: its ratio to the side its first target names, that target, and the others."""

    case: str
    ratio: float
    at_most: float
    against: str
    missed: list[str]  # the sides whose target was missed
    sure: bool
    peers: dict[str, float]


def bars(rows: Sequence[Row]) -> dict[str, list[Bar]]:
    """The bars of each question, in order."""
    found: dict[str, list[Bar]] = {}
    judged = ratios(rows)
    whole = {(row.question, row.case, row.side): row for row in rows}
    costs = {key: row.cost for key, row in whole.items()}
    for row in dict.fromkeys(row for row, _, _ in judged):
        own = [(target, ratio) for other, target, ratio in judged if other == row]
        (first, ratio), base = own[0], costs[row.question, row.case, own[0][0].against]
        peers = {
            side: cost / base
            for (question, case, side), cost in costs.items()
            if (question, case) == (row.question, row.case)
            and cost
            and row.side.startswith("K [")
            and not side.startswith(("K [", LIMIT))
            and side != first.against
        }
        certainties = [certain(row, whole[row.question, row.case, t.against], t) for t, _ in own]
        # one target certainly missed decides
        decided = all(certainties) or any(s and r > t.at_most for s, (t, r) in zip(certainties, own, strict=True))
        case = row.case if not row.side.startswith("K [") else f"{row.case}, {row.side[3:].replace(']', '')}"
        found.setdefault(row.question, []).append(
            Bar(case, ratio, first.at_most, first.against, [t.against for t, r in own if r > t.at_most], decided, peers)
        )
    return found


def picture(rows: Sequence[Row], path: Path, caption: str = "") -> None:
    """Save the plot: a panel per question, a bar per side of K, logarithmic axes."""
    panels = bars(rows)
    if not panels:
        raise ValueError("nothing to plot: none of these figures has a target")
    names = list(dict.fromkeys(name for found in panels.values() for bar in found for name in bar.peers))
    looks = {name: (MARKS[i % len(MARKS)], HUES[i % len(HUES)]) for i, name in enumerate(names)}
    heights = [len(found) + 1.6 for found in panels.values()]
    tall = 0.3 * sum(heights) + 2.1
    fig = matplotlib.figure.Figure(figsize=(12, tall), dpi=110, facecolor="white")
    grid = fig.add_gridspec(
        len(panels), 1, height_ratios=heights, left=0.22, right=0.8, top=1 - 1.5 / tall, bottom=0.55 / tall, hspace=0.75
    )
    for place, (question, found) in zip(grid, panels.items(), strict=True):
        panel(fig.add_subplot(place), question, found, looks)
    sure = [bar for found in panels.values() for bar in found if bar.sure]
    total, reached = sum(map(len, panels.values())), sum(not bar.missed for bar in sure)
    headline = f"{reached} of {total} reach their targets, {total - len(sure)} uncertain"
    fig.text(0.02, 1 - 0.32 / tall, headline, color=INK, size=16, weight="bold")
    fig.text(
        0.02,
        1 - 0.56 / tall,
        "bar: K's cost as a multiple of the reference's, less is better; green: all "
        "targets reached; amber: uncertain; | the most that is allowed; marks: other libraries",
        color=SOFT,
        size=10,
    )
    handles = [
        matplotlib.lines.Line2D([], [], linestyle="", marker=mark, color=hue, markersize=5, label=name)
        for name, (mark, hue) in looks.items()
    ]
    if handles:
        fig.legend(
            handles=handles,
            loc="upper left",
            ncols=7,
            frameon=False,
            fontsize=8,
            labelcolor=INK,
            handletextpad=0.1,
            columnspacing=1.2,
            bbox_to_anchor=(0.012, 1 - 0.64 / tall),
        )
    fig.text(0.02, 0.12 / tall, caption, color=SOFT, size=7)
    fig.savefig(path)


def panel(axes: Any, question: str, found: list[Bar], looks: dict[str, tuple[str, str]]) -> None:
    """The bars of one question."""
    references = list(dict.fromkeys(bar.against for bar in found))
    axes.set_title(f"{question}: 1 is {' or '.join(references)}", loc="left", size=10, color=INK, weight="bold")
    values = [v for bar in found for v in (bar.ratio, bar.at_most, 1.0, *bar.peers.values())]
    low, high = min(values) / 1.5, max(values) * 1.6
    for y, bar in enumerate(found):
        colour = (BAD if bar.missed else GOOD) if bar.sure else OPEN
        axes.barh(y, bar.ratio - low, left=low, height=0.62, color=colour, alpha=0.75, zorder=2)
        axes.plot([bar.at_most] * 2, [y - 0.46, y + 0.46], color=INK, linewidth=2.4, zorder=4)
        others = [name for name in bar.missed if name != bar.against]
        label = f"{bar.ratio:.2f} of {bar.at_most:.2f}" + (f"; not {', '.join(others)}" if others else "")
        axes.text(
            1.01, y, label, transform=axes.get_yaxis_transform(), va="center", size=8, color=colour, weight="bold"
        )
        for name, value in bar.peers.items():
            mark, hue = looks[name]
            axes.plot(value, y, mark, color=hue, markersize=5.5, markeredgecolor="white", markeredgewidth=0.5, zorder=3)
    axes.axvline(1, color=SOFT, linewidth=0.8, linestyle=(0, (3, 3)), zorder=1)
    axes.set(
        xscale="log",
        xlim=(low, high),
        ylim=(len(found) - 0.4, -0.6),
        yticks=range(len(found)),
        yticklabels=[bar.case for bar in found],
    )
    axes.xaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.grid(axis="x", color=FAINT, zorder=0)
    axes.tick_params(labelsize=8, labelcolor=INK, length=0)
    axes.spines[:].set_visible(False)
