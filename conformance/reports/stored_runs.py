"""What is shown of runs that are over: two releases compared, and the compliance table."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

from ..verdict import Report
from . import compliance as table
from . import compliance_page, json, releases, stored

__all__ = ["compare", "compliance"]


def _report(path: Path) -> Report:
    """A report written by --json, compressed or not, or a stored result."""
    if path.name.endswith(".gz"):
        try:
            return stored.read([path])
        except ValueError:
            return json.read(gzip.decompress(path.read_bytes()).decode("utf-8"))
    return json.read(path.read_text("utf-8"))


def compare(old: Path, new: Path, markdown: Path | None) -> int:
    """Print what changed from one run to another; 1 if something got worse, else 0."""
    found = releases.changes(_report(old), _report(new))
    print(releases.terminal(found), end="")
    if markdown:
        markdown.write_text(releases.markdown(found), "utf-8")
    return int(any(change.worsened for change in found))


def compliance(parsed: Any) -> int:
    """Print the compliance table of stored results, and write it as Markdown and HTML where asked to."""
    paths = [Path(name) for name in parsed.namespaces] or stored.shipped()
    if not paths:
        raise ValueError(f"there are no results in {stored.SHIPPED.name}; make some with --store")
    report = stored.read(paths)
    print(table.terminal(report), end="")
    for path, written in ((parsed.markdown, table.markdown), (parsed.html, compliance_page.written)):
        if path:
            path.write_text(written(report), "utf-8")
    return 0
