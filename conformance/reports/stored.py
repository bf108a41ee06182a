"""The outcome of a run on one namespace as a small file: statuses by function and kind, without examples or scripts."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..scripts.text import tool_version
from ..verdict import NamespaceFacts, Report, Verdict

__all__ = ["SHIPPED", "read", "shipped", "store"]

SCHEMA = 1
SHIPPED = Path(__file__).parents[1] / "results"


def _file(name: str) -> str:
    return f"{''.join(c if c.isalnum() or c in '._-' else '_' for c in name)}.json.gz"


def store(report: Report, folder: Path) -> list[Path]:
    """Write one file for each namespace of a report, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for facts in report.namespaces:
        verdicts = [
            [v.group, v.chapter, v.operation, v.kind, v.variant, v.status, getattr(v, "dtypes", None) or {}, v.ulps]
            for v in report.verdicts
            if v.namespace == facts.name and v.status != "empty"
        ]
        probe = {k: facts.probe[k] for k in ("revision", "missing", "dtypes", "functions", "whole") if k in facts.probe}
        found = {
            "schema": SCHEMA,
            "tool": tool_version(),
            "seed": report.seed,
            "name": facts.name,
            "library": facts.library,
            "version": facts.version,
            "date": time.strftime("%Y-%m-%d", time.gmtime()),
            "probe": probe,
            "verdicts": verdicts,
        }
        path = folder / _file(facts.name)
        path.write_bytes(gzip.compress(json.dumps(found, separators=(",", ":")).encode("utf-8"), 9, mtime=0))
        written.append(path)
    return written


def read(paths: Sequence[Path]) -> Report:
    """One report of several stored files; ValueError for any other file."""
    verdicts: list[Verdict] = []
    namespaces: list[NamespaceFacts] = []
    for path in paths:
        try:
            found: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
            schema = found["schema"]
        except (ValueError, KeyError, TypeError, gzip.BadGzipFile, EOFError) as error:
            raise ValueError(f"{path.name} is no stored result: {error}") from error
        if schema != SCHEMA:
            raise ValueError(f"{path.name} has schema {schema}, expected {SCHEMA}; create it again")
        probe = {**found["probe"], "date": found.get("date", "")}
        namespaces.append(NamespaceFacts(found["name"], found["library"], found["version"], probe=probe))
        for group, chapter, operation, kind, variant, status, dtypes, ulps in found["verdicts"]:
            verdict = Verdict(found["name"], group, chapter, operation, kind, variant, status, ulps=ulps)
            verdict.__dict__.update(dtypes=dtypes)
            verdicts.append(verdict)
    return Report(verdicts, namespaces)


def shipped(folder: Path = SHIPPED) -> list[Path]:
    """The files of a folder, NumPy's first."""
    return sorted(folder.glob("*.json.gz"), key=lambda path: (not path.name.startswith("numpy."), path.name))
