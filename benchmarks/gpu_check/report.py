"""The report of a check: one page of Markdown, and the same figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..timing import printed

__all__ = ["failed", "markdown", "saved"]

HEAD = """# K on a GPU

`python -m benchmarks.gpu_check`, {when}: {took:.0f} s of {minutes:g} minutes, on {backends}.

{verdict}
"""
NOTE = (
    "A side is complete when its time is taken. Medians of interleaved calls in one process; no side uses TF32. "
    "K [cupy] and K [torch:cuda:0] are this library, torch by hand and jax.jit the libraries themselves."
)


def failed(parts: Sequence[dict[str, Any]]) -> list[str]:
    """A line for each part that did not end well, and for each row that is not as it should be."""
    found = [f"{part['part']}: {part['status']}" for part in parts if part["status"] != "complete"]
    for part in parts:
        for row in part["rows"]:
            if row.get("ok") is False:
                named = [str(v) for k, v in row.items() if k in ("net", "case", "backend", "namespace")]
                found.append(f"{row['table']}: {', '.join(named)}")
    return found


def markdown(about: dict[str, Any], parts: Sequence[dict[str, Any]]) -> str:
    """The page."""
    wrong = failed(parts)
    verdict = (
        "All is as it should be." if not wrong else "Not as it should be:\n\n" + "\n".join(f"- {w}" for w in wrong)
    )
    text = [HEAD.format(**about, verdict=verdict)]
    for part in parts:
        tables = list(dict.fromkeys(row["table"] for row in part["rows"]))
        text += [_table(table, [row for row in part["rows"] if row["table"] == table]) for table in tables]
        text.append(f"{part['part']}: {part['status']}, {part['seconds']:.0f} s.\n")
    return "\n".join([*text, NOTE, ""])


def _table(title: str, rows: Sequence[dict[str, Any]]) -> str:
    heads = list(dict.fromkeys(key for row in rows for key in row if key != "table"))
    cells = [[_cell(row.get(head)) for head in heads] for row in rows]
    return printed(title, heads, cells)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value).replace("|", "\\|").replace("\n", " ")


def saved(folder: Path, about: dict[str, Any], parts: Sequence[dict[str, Any]]) -> None:
    """Write both files; they are whole after each part."""
    (folder / "gpu-check.md").write_text(markdown(about, parts), encoding="utf-8")
    everything = {"schema": 1, **about, "failed": failed(parts), "parts": list(parts)}
    (folder / "gpu-check.json").write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
