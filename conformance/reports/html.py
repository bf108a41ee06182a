"""A run as one HTML page that needs no network, fits a phone, and unfolds down to the script of each failure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ..judging.bounds import ULPS
from ..verdict import BAD, STATUSES, Report, Verdict
from .chart import chart
from .matrix import (
    DTYPES,
    accuracy,
    causes,
    chapters,
    counted,
    follows,
    groups,
    kinds,
    members,
    names,
    percent,
    plural,
    rows,
    worst_of,
)
from .page import SCRIPT, STYLE

__all__ = ["written"]

_GLYPH = {
    "wrong": "\u2715",
    "crashed": "\u2020",
    "timed out": "\u2026",
    "xpass": "!",
    "flaky": "?",
    "xfail": "x",
    "unsupported": "\u2013",
    "blocked": "\u2013",
}
_LEGEND = {
    "identical": "identical",
    "within": "within bound (paler: closer to the bound)",
    "wrong": "wrong",
    "crashed": "crashed, timed out",
    "xfail": "expected failure",
    "xpass": "unexpected pass, flaky",
    "unsupported": "unsupported, blocked",
}
_WORDS = {"within": "within bound", "xfail": "expected failures", "xpass": "unexpected passes"}


def written(report: Report) -> str:
    """The report as one page that needs no network.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str

    Examples
    --------
    >>> import conformance
    >>> from conformance.reports import html
    >>> report = conformance.run(["numpy"], only="xp.floor", kind="dtype", examples=1)
    >>> "<title>Conformance of numpy" in html.written(report)
    True
    """
    title = f"Conformance of {', '.join(names(report))}"
    data: dict[str, list[dict[str, Any]]] = {}
    body = [_head(report, title), _failures(report), _matrices(report, data), _accuracy(report), _about(report)]
    packed = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style></head><body><main>",
            *body,
            "</main>",
            f'<script type="application/json" id="data">{packed}</script>',
            f"<script>{SCRIPT}</script></body></html>",
            "",
        ]
    )


def _head(report: Report, title: str) -> str:
    bad = report.failed
    said = (
        f'<span class="verdict bad">{len(bad)} of {plural(len(report.verdicts), "verdict")} wrong</span>, in '
        f"{plural(len([g for g in groups(report) if not follows(g)]), 'group')}"
        if bad
        else f'<span class="verdict good">All {plural(len(report.verdicts), "verdict")} as expected</span>'
    )
    cards = "".join(_card(report, name) for name in names(report))
    return (
        f"<h1>{escape(title)}</h1><p>{said}. <span class='soft'>Seed {report.seed}, {report.seconds:.0f} seconds."
        f"</span></p><div class='cards'>{cards}</div>"
    )


def _card(report: Report, name: str) -> str:
    facts = next((f for f in report.namespaces if f.name == name), None)
    counts = report.counts(name)
    whole = sum(n for s, n in counts.items() if s != "empty") or 1
    strip = "".join(
        f'<i class="{s}" style="width:{100 * counts[s] / whole:.2f}%" title="{counts[s]} {_WORDS.get(s, s)}"></i>'
        for s in STATUSES
        if counts.get(s) and s != "empty"
    )
    scores = []
    for group in dict.fromkeys(v.group for v in report.verdicts if v.namespace == name):
        held, of = report.score(name, group)
        label = {"standard": "functions of the standard", "k": "operations of K"}.get(group, group)
        scores.append(
            f'<div class="score"><b>{percent(held, of)}</b><span class="soft num">{escape(label)}, '
            f"{held} of {of}</span></div>"
        )
    about = " ".join(filter(None, (facts.library, facts.version, facts.device))) if facts else ""
    return (
        f'<section class="card"><h3>{escape(name)}</h3><div class="soft">{escape(about)}</div>{"".join(scores)}'
        f'<div class="strip">{strip}</div><div class="soft num">{escape(counted(report, name))}</div></section>'
    )


def _failures(report: Report) -> str:
    found = groups(report)
    if not found:
        return ""
    named = len(names(report)) > 1
    own = [group for group in found if not follows(group)]
    rest = [group for group in found if follows(group)]
    text = "<h2>Failures</h2>" + "".join(_group(group, i == 0, named) for i, group in enumerate(own))
    if rest:
        said = f"{plural(sum(map(len, rest)), 'more verdict')} that may follow from these"
        text += (
            f"<details class='rest'{'' if own else ' open'}><summary>{said}</summary>"
            f"{''.join(_group(group, False, named) for group in rest)}</details>"
        )
    return text


def _group(group: Sequence[Verdict], unfolded: bool, named: bool) -> str:
    shown, heading = causes(group, named)
    found = shown.finding
    parts = [f"<p class='soft'>{escape(shown.reason)}</p>" if shown.reason else ""]
    if found is not None:
        parts.append(f"<p>{escape(found.message)}</p>")
        facts = [("smallest example", found.example), ("only", found.scope), ("expected", found.expected)]
        facts += [("got", found.got), ("with", shown.partial), ("see", shown.source)]
        facts += [("also", f"{other.scope} {other.message}: {other.example}") for other in shown.findings[1:]]
        lines = [f"<dt>{label}</dt><dd><pre>{escape(text)}</pre></dd>" for label, text in facts if text]
        if found.error is not None and found.bound is not None:
            ratio = f", {_ulps(found.error / found.bound)} times the bound" if found.bound else ""
            lines.append(
                f"<dt>error</dt><dd class='num'>{found.error:.3g} against a bound of {found.bound:.3g}{ratio}</dd>"
            )
        parts.append(f"<dl class='facts'>{''.join(lines)}</dl>")
        if found.script:
            parts.append(
                f'<div class="script"><button class="copy" type="button">copy</button>'
                f"<pre>{escape(found.script)}</pre></div>"
            )
    if len(group) > 1:
        parts.append(f"<p class='soft'>All {len(group)} verdicts: {escape(members(group))}</p>")
    return (
        f"<details class='fail'{' open' if unfolded else ''}><summary><span class='count'>{len(group)}</span>"
        f"<span class='head'>{escape(heading)}</span></summary><div class='inner'>{''.join(parts)}</div></details>"
    )


def _matrices(report: Report, data: dict[str, list[dict[str, Any]]]) -> str:
    namespaces = names(report)
    wrong = [v.namespace for v in report.failed]
    first = max(namespaces, key=wrong.count, default="")
    buttons = "".join(
        f'<button type="button" data-namespace="{escape(name)}" aria-pressed="{str(name == first).lower()}">'
        f"{escape(name)}</button>"
        for name in namespaces
    )
    options = "".join(
        f'<option value="{value}">{text}</option>'
        for value, text in (
            ("", "all operations"),
            ("bad", "with failures"),
            ("within", "not identical"),
            ("xfail", "with expected failures"),
            ("lacks", "unsupported or blocked"),
        )
    )
    legend = "".join(f'<span><i class="{status}"></i>{text}</span>' for status, text in _LEGEND.items())
    panels = "".join(
        f'<div class="panel" data-namespace-panel="{escape(name)}"{"" if name == first else " hidden"}>'
        f"{_matrix(report, name, data)}</div>"
        for name in namespaces
    )
    return (
        f'<h2>Operation by kind</h2><div class="bar">{buttons}<input id="find" type="search" '
        f'placeholder="Find an operation" aria-label="Find an operation"><select id="only" '
        f'aria-label="Which operations">{options}</select></div><div class="legend">{legend}</div>'
        f"<p class='soft'>Tap an operation to see its verdicts.</p>{panels}"
    )


def _matrix(report: Report, name: str, data: dict[str, list[dict[str, Any]]]) -> str:
    found = rows(report, name)
    columns = kinds(v for cells in found.values() for verdicts in cells.values() for v in verdicts)
    ulps = accuracy(report, name)
    dtypes = sorted((d for d in DTYPES[:3] if any(d in of for of in ulps.values())), key="float32".__ne__)
    head = "".join(f"<th><div>{escape(kind)}</div></th>" for kind in columns)
    head += "".join(f"<th class='ulp{' more' if i else ''}'>ulp<br>{d}</th>" for i, d in enumerate(dtypes))
    lines = [f"<table class='matrix'><thead><tr><th></th>{head}</tr></thead><tbody>"]
    for (group, chapter), keys in chapters(found).items():
        lines.append(f"<tr class='chapter'><th colspan='99'>{escape(_heading(group, chapter))}</th></tr>")
        for key in keys:
            of = ulps.get((group, key[2]), {})
            ulp_cells = "".join(
                f"<td class='ulp{' more' if i else ''}'>{_ulps(of.get(d))}</td>" for i, d in enumerate(dtypes)
            )
            cells = "".join(f"<td>{_cell(found[key].get(kind, []))}</td>" for kind in columns)
            number = str(len(data))
            verdicts = [v for kind in columns for v in found[key].get(kind, [])]
            data[number] = [_detail(v) for v in verdicts]
            lines.append(
                f"<tr data-key='{number}' data-name='{escape(key[2].lower())}' "
                f"data-chapter='{escape(chapter.lower())}' data-worst='{_marks(verdicts)}'><th scope='row'>"
                f"<button type='button' title='{escape(key[2])}'>{escape(key[2])}</button></th>{cells}"
                f"{ulp_cells}</tr>"
            )
    return "".join([*lines, "</tbody></table>"])


def _heading(group: str, chapter: str) -> str:
    return f"{'Standard' if group == 'standard' else 'K' if group == 'k' else group}: {chapter.replace('_', ' ')}"


def _marks(verdicts: Sequence[Verdict]) -> str:
    statuses = {v.status for v in verdicts}
    marks = {"bad": set(BAD), "within": {"within"}, "xfail": {"xfail"}, "lacks": {"unsupported", "blocked"}}
    return " ".join(mark for mark, of in marks.items() if statuses & of)


def _ulps(value: float | None) -> str:
    """A number of ulps in a few characters."""
    if value is None:
        return ""
    return f"{value:.2g}" if value < 9.95 else f"{value:.0f}" if value < 9999.5 else f"{value:.0e}".replace("e+0", "e")


def _cell(verdicts: Sequence[Verdict]) -> str:
    verdict = worst_of(verdicts)
    if verdict is None or verdict.status == "empty":
        return ""
    tip = f"{verdict.id}: {_WORDS.get(verdict.status, verdict.status)}"
    style = ""
    if verdict.status == "within":
        tip += f", {verdict.worst:.2f} of the bound"
        style = f' style="opacity:{1.0 - 0.5 * min(verdict.worst, 1.0):.2f}"'
    return f'<i class="{verdict.status}"{style} title="{escape(tip)}">{_GLYPH.get(verdict.status, "")}</i>'


def _detail(v: Verdict) -> dict[str, Any]:
    """The details of a verdict that a tap on its operation shows; absent keys are empty."""
    ulps = ", ".join(f"{_ulps(u)} ulp in {d}" for d, u in v.ulps.items())
    detail = {
        "k": v.kind + (f" {v.variant}" if v.variant else ""),
        "s": v.status,
        "n": v.examples,
        "u": ulps,
        "w": f"{v.worst:.2f}" if v.status == "within" else "",
        "r": v.reason if not v.finding or v.reason != v.finding.message else "",
        "l": v.link,
        "m": v.finding.message if v.finding else "",
        "p": v.finding.script if v.finding and v.status != "xfail" else "",
    }
    return {k: x for k, x in detail.items() if x}


def _accuracy(report: Report) -> str:
    namespaces = names(report)
    measured = {name: accuracy(report, name) for name in namespaces}
    dtypes = [d for d in DTYPES if any(d in of for found in measured.values() for of in found.values())]
    if not dtypes:
        return ""
    first = "float32" if "float32" in dtypes else dtypes[0]
    buttons = "".join(
        f'<button type="button" data-dtype="{d}" aria-pressed="{str(d == first).lower()}">{d}</button>' for d in dtypes
    )
    legend = "".join(f'<span><i class="k{i % 5}"></i>{escape(name)}</span>' for i, name in enumerate(namespaces))
    panels = []
    for dtype in dtypes:
        found: dict[tuple[str, str], dict[str, float]] = {}
        for name in namespaces:
            for key, of in measured[name].items():
                if dtype in of:
                    found.setdefault(key, {})[name] = of[dtype]
        panels.append(
            f'<div class="panel plot" data-dtype-panel="{dtype}"{"" if dtype == first else " hidden"}>'
            f"{_charts(found, namespaces, dtype)}</div>"
        )
    return (
        f"<h2>Measured accuracy</h2><p class='soft'>The worst error measured, in units in the last place. "
        f"Functions that are exact everywhere are not shown. A grey line ends at the error allowed for a single "
        f"function of the standard.</p><div class='bar'>{buttons}</div><div class='legend'>{legend}</div>"
        + "".join(panels)
    )


def _charts(found: dict[tuple[str, str], dict[str, float]], namespaces: list[str], dtype: str) -> str:
    parts = []
    for group in sorted({group for group, _ in found}, reverse=True):  # the standard's functions first
        label = {"standard": "Functions of the standard", "k": "Operations of K"}.get(group, group)
        own = {key: of for key, of in found.items() if key[0] == group}
        parts.append(f"<h3>{escape(label)}</h3>{chart(own, namespaces, dtype, ULPS)}")
    return "".join(parts)


def _about(report: Report) -> str:
    parts = []
    for facts in report.namespaces:
        lines = "".join(
            f"<dt>{escape(str(k))}</dt><dd>{escape(_listed(v))}</dd>"
            for k, v in _probed(facts.probe).items()
            if v not in ("", [], {})
        )
        parts.append(
            f"<details><summary>{escape(facts.name)}: results of the probe</summary><dl class='facts'>{lines}"
            f"</dl></details>"
        )
    if report.unmatched:
        parts.append(
            "<p>Expected failures without a verdict: "
            + ", ".join(f"<code>{escape(entry)}</code>" for entry in report.unmatched)
            + "</p>"
        )
    options = ", ".join(f"{k}={v}" for k, v in report.options.items() if v not in (None, (), [], ""))
    return f"<h2>The namespaces</h2>{''.join(parts)}<footer>Made by conformance; options: {escape(options)}</footer>"


def _probed(probe: Mapping[str, Any]) -> dict[str, Any]:
    """The results of a probe under the labels of the page."""
    found = {label.replace("_", " "): value for label, value in probe.items() if label != "whole"}
    if "functions" in found and "whole" in probe:
        found["functions"] = f"{probe['functions']} of {probe['whole']}"
    return found


def _listed(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}: {_listed(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_listed, value))
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
