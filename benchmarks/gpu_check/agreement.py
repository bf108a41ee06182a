"""A part of the conformance tests on one backend, within a number of seconds."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..peers import absence
from .devices import Row

__all__ = ["conformance"]

NEEDS = ("hypothesis", "scipy")
GRACE = 10.0  # seconds beyond its time after which the run is ended
OPENING = 15.0  # seconds of a run that the budget does not count: imports and the report
SAID = {"empty": "not reached", "within": "within the bound", "xfail": "known failures", "xpass": "unexpected passes"}
TABLE = "Conformance, fixed examples, as many operations as the time allows"


def conformance(backends: list[str], seconds: float) -> Iterator[Row]:
    """A row for the backend: how many verdicts of each kind, or what is missing."""
    (backend,) = backends
    if lacking := [why for name in NEEDS if (why := absence(name))]:
        text = f"left out: {' and '.join(lacking)}; pip install 'array-api-backend[conformance]'"
        yield {"table": TABLE, "namespace": backend, "verdicts": text}
        return
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = [
            "--examples",
            "0",
            "--no-shrink",
            "--budget",
            str(max(seconds - OPENING, 5.0)),
            "--json",
            str(report),
        ]
        command = [sys.executable, "-m", "conformance", backend, *options]
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=seconds + GRACE)
        except subprocess.TimeoutExpired:
            yield {"table": TABLE, "namespace": backend, "verdicts": "ended: it went beyond its budget", "ok": False}
            return
        if not report.exists():
            said = (run.stderr.strip() or run.stdout.strip() or "nothing").splitlines()[-1]
            yield {"table": TABLE, "namespace": backend, "verdicts": f"no report: {said}", "ok": False}
            return
        verdicts = json.loads(report.read_text(encoding="utf-8"))["verdicts"]
    counts = Counter(verdict["status"] for verdict in verdicts)
    yield {
        "table": TABLE,
        "namespace": backend,
        "verdicts": ", ".join(f"{count} {SAID.get(status, status)}" for status, count in counts.most_common()),
        "ok": not any(verdict["status"] == "wrong" for verdict in verdicts),
    }
    for verdict in verdicts:
        if verdict["status"] == "wrong":
            yield {"table": "Wrong verdicts", "namespace": backend, "verdict": verdict["id"], "why": _why(verdict)}


def _why(verdict: dict[str, object]) -> str:
    finding: Any = verdict.get("finding") or {}
    return f"{finding.get('cause', '')}: {finding.get('message', '')}"[:200]
