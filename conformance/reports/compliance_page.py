"""The compliance table as one HTML page that needs no network, fits a phone, and filters by name."""

from __future__ import annotations

from html import escape

from ..verdict import Report
from .compliance import Cell, Table, rounded, table
from .page import STYLE

__all__ = ["written"]

_STYLE = """
.compliance{border-collapse:separate;border-spacing:0;font-size:13px;width:100%}
.compliance th,.compliance td{padding:3px 8px;text-align:left;border-bottom:1px solid var(--line);white-space:nowrap}
.compliance thead th{white-space:normal;position:sticky;top:0;z-index:2;background:var(--paper);font-weight:600;
vertical-align:bottom}
.compliance tbody th{position:sticky;left:0;background:var(--paper);font-weight:400;z-index:1}
.compliance thead th:first-child{left:0;z-index:3}
.compliance tr.chapter th{font-weight:650;font-size:15px;padding-top:18px}
.compliance td{font-variant-numeric:tabular-nums;min-width:96px}
.compliance td span{display:block;color:var(--soft);font-size:11.5px;white-space:normal;max-width:170px}
.compliance td.full{color:var(--same)}.compliance td.part{background:color-mix(in srgb,var(--odd) 13%,transparent)}
.compliance td.low{background:color-mix(in srgb,var(--bad) 15%,transparent)}
.compliance td.none{color:var(--soft);background:color-mix(in srgb,var(--lacks) 45%,transparent)}
.scroll{overflow:auto;max-height:85vh;border:1px solid var(--line);border-radius:10px}
.bar label{font-size:13px;color:var(--soft);display:flex;gap:6px;align-items:center;white-space:nowrap}
.bar label input{flex:none}
@media (max-width:600px){.compliance th,.compliance td{padding:3px 6px}.compliance td{min-width:74px}
.compliance tbody th{max-width:118px;overflow:hidden;text-overflow:ellipsis}.compliance td span{max-width:110px}}
"""

_SCRIPT = """
'use strict';
const rows=[...document.querySelectorAll('.compliance tbody tr')];
const find=document.getElementById('find'),odd=document.getElementById('odd');
function filter(){const text=find.value.toLowerCase();let chapter=null,seen=false;
for(const r of rows){if(r.classList.contains('chapter')){if(chapter)chapter.hidden=!seen;chapter=r;seen=false;continue}
r.hidden=!r.dataset.name.includes(text)||(odd.checked&&r.dataset.whole==='1');seen=seen||!r.hidden}
if(chapter)chapter.hidden=!seen}
find.oninput=filter;odd.onchange=filter;
"""


def written(report: Report) -> str:
    """The page."""
    found = table(report)
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            "<title>Compliance with the array API standard</title>",
            f"<style>{STYLE}{_STYLE}</style></head><body><main>",
            "<h1>Compliance with the array API standard</h1>",
            f'<p class="soft">{found.functions} functions and operators. A percentage is the share of a function\'s '
            "checks that hold; a check that holds for some dtypes counts by their share. A later state of the tool "
            "tries more checks and finds more: compare namespaces by runs of about one day.</p>",
            _cards(found),
            '<div class="bar"><input id="find" type="search" placeholder="function" aria-label="filter by function">'
            '<label><input id="odd" type="checkbox"> only those with a fault</label></div>',
            f'<div class="scroll"><table class="compliance">{_head(found)}<tbody>{_rows(found)}</tbody></table></div>',
            "<footer>Made by <code>python -m conformance --table</code>.</footer>",
            f"</main><script>{_SCRIPT}</script></body></html>",
            "",
        ]
    )


def _shown(text: str) -> str:
    return escape("".join(c if c.isprintable() else "\ufffd" for c in text))


def _cards(found: Table) -> str:
    cards = []
    told = zip(found.columns, found.titles, found.revisions, found.checks, found.dates, strict=True)
    for name, title, revision, checks, date in told:
        share = found.scores[name]
        stated = f"states {_shown(revision)}" if revision[:1].isdigit() else "states no revision"
        cards.append(
            f'<div class="card"><h3>{_shown(title)}</h3>'
            f'<div class="soft">{stated}; {checks} checks{f" on {_shown(date)}" if date else ""}</div>'
            f'<div class="score"><b>{rounded(share)}</b><span>{found.whole(name)} without a fault, '
            f"{found.lacking(name)} missing</span></div>"
            f'<div class="strip"><i class="same" style="width:{100 * share:.1f}%"></i></div></div>'
        )
    return f'<div class="cards">{"".join(cards)}</div>'


def _head(found: Table) -> str:
    return f"<thead><tr><th>function</th>{''.join(f'<th>{_shown(t)}</th>' for t in found.titles)}</tr></thead>"


def _rows(found: Table) -> str:
    lines = []
    for chapter, part in found.rows.items():
        lines.append(f'<tr class="chapter"><th colspan="{len(found.columns) + 1}">{_shown(chapter)}</th></tr>')
        for operation, cells in part.items():
            whole = int(all(cell.share == 1.0 for cell in cells.values()))
            lines.append(
                f'<tr data-name="{_shown(operation.lower())}" data-whole="{whole}"><th>{_shown(operation)}</th>'
                + "".join(_cell(cells[name]) for name in found.columns)
                + "</tr>"
            )
    return "\n".join(lines)


def _cell(cell: Cell) -> str:
    kind = "none" if cell.share is None else "full" if cell.share >= 1 else "part" if cell.share >= 0.5 else "low"
    told = f"<span>{_shown(', '.join(cell.failing))}</span>" if cell.failing else ""
    return f'<td class="{kind}">{_shown(cell.text)}{told}</td>'
