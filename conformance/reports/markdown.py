"""A run as Markdown, short enough for a comment on a pull request."""

from __future__ import annotations

from ..verdict import BAD, Report, Verdict
from .matrix import DTYPES, accuracy, causes, groups, members, names, percent, plural

__all__ = ["written"]

LONGEST = 60_000  # characters; GitHub takes 65,536


def _text(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _scores(report: Report) -> list[str]:
    groups = list(dict.fromkeys(v.group for v in report.verdicts))
    heads = ["namespace", *groups, "identical", "within bound", "wrong", "expected failures", "unsupported, blocked"]
    lines = [f"| {' | '.join(heads)} |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    for name in names(report):
        counts = report.counts(name)
        facts = next((f for f in report.namespaces if f.name == name), None)
        bad = sum(counts.get(s, 0) for s in BAD)
        cells = [
            f"{name} {facts.version if facts else ''}".strip(),
            *(percent(*report.score(name, group)) for group in groups),
            *(str(counts.get(s, 0)) for s in ("identical", "within")),
            f"**{bad}**" if bad else "0",
            str(counts.get("xfail", 0)),
            str(counts.get("unsupported", 0) + counts.get("blocked", 0)),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _group(group: list[Verdict]) -> str:
    shown, heading = causes(group)
    lines = ["<details>", f"<summary><b>{len(group)}</b> &times; {_text(heading)}</summary>", ""]
    found = shown.finding
    if found is None:
        lines.append(_text(shown.reason))
    else:
        lines += [f"`{shown.id}`: {_text(found.message[:500])}", ""]
        if found.script:
            lines += ["```python", found.script[:4000].replace("```", "'''"), "```"]
    if len(group) > 1:
        listed = members(group)
        lines += ["", f"all: {listed[:2000]}{' ...' if len(listed) > 2000 else ''}"]
    return "\n".join([*lines, "</details>"])


def _accuracy(report: Report) -> list[str]:
    """The functions with the largest errors, per namespace."""
    lines = [
        "<details>",
        "<summary>Worst errors measured, in ulps of the result</summary>",
        "",
        "| namespace | operation | " + " | ".join(DTYPES[:3]) + " |",
        "|---|---|" + "---:|" * 3,
    ]
    for name in names(report):
        found = accuracy(report, name)
        worst = sorted(found, key=lambda key: -max(found[key].values(), default=0.0))[:10]
        lines += [
            f"| {name} | {'xp.' if group == 'standard' else 'K.'}{operation} | "
            + " | ".join(
                f"{found[group, operation][d]:.2g}" if d in found[group, operation] else "" for d in DTYPES[:3]
            )
            + " |"
            for group, operation in worst
        ]
    return [*lines, "", "</details>"]


def written(report: Report) -> str:
    r"""Scores, groups of failures that unfold, and the worst errors; shortened to fit a comment.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str

    Examples
    --------
    >>> import conformance
    >>> from conformance.reports import markdown
    >>> report = conformance.run(["numpy"], only="xp.floor", kind="dtype", examples=1)
    >>> markdown.written(report).partition("\n")[0]
    '### Conformance: all 1 verdict as expected'
    """
    bad = report.failed
    title = (
        f"{len(bad)} of {plural(len(report.verdicts), 'verdict')} wrong"
        if bad
        else f"all {plural(len(report.verdicts), 'verdict')} as expected"
    )
    parts = [f"### Conformance: {title}", "", *_scores(report), ""]
    size = sum(map(len, parts))
    found = groups(report)
    for i, group in enumerate(found):
        text = _group(group)
        size += len(text)
        if size > LONGEST:
            parts.append(f"and {plural(len(found) - i, 'more group')} of failures")
            break
        parts.append(text)
    parts += ["", *_accuracy(report)]
    parts += ["", f"<sub>seed {report.seed}, {report.seconds:.0f} s</sub>", ""]
    return "\n".join(parts)
