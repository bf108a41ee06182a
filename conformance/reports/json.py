"""A run as JSON, and back: for programs, and as the baseline of a later run."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields
from typing import Any

from ..verdict import Finding, NamespaceFacts, Report, Verdict

__all__ = ["SCHEMA", "read", "written"]

SCHEMA = 2  # raise it when a field changes its meaning or disappears, not for new fields


def _plain(value: Any) -> Any:
    """Plain data in which numbers that JSON lacks are text."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: Any) -> Any:
    return float(value) if value in ("inf", "-inf", "nan") else value


def written(report: Report) -> str:
    """Everything that a run found; `schema` is the version of the format.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str

    Examples
    --------
    >>> import conformance
    >>> from conformance.reports import json
    >>> report = conformance.run(["numpy"], only="xp.floor", kind="dtype", examples=1)
    >>> json.read(json.written(report)).counts() == report.counts()
    True
    """
    scores: dict[str, dict[str, Any]] = {}
    for name, group in dict.fromkeys((v.namespace, v.group) for v in report.verdicts):
        held, whole = report.score(name, group)
        pairs = [every for of in report.dtypes(name, group).values() for every in of.values()]
        by_dtype = {"held": sum(pairs), "of": len(pairs)}
        scores.setdefault(name, {})[group] = {"held": held, "of": whole, "dtypes": by_dtype}
    return json.dumps(
        _plain(
            {
                "schema": SCHEMA,
                "tool": "conformance",
                "seed": report.seed,
                "options": report.options,
                "seconds": report.seconds,
                "exit code": report.exit_code,
                "scores": scores,
                "unmatched": report.unmatched,
                "namespaces": [asdict(facts) for facts in report.namespaces],
                "verdicts": [{"id": v.id, **asdict(v)} for v in report.verdicts],
            }
        ),
        indent=1,
        allow_nan=False,
    )


def _made(kind: Any, found: dict[str, Any]) -> Any:
    known = {f.name for f in fields(kind)}
    return kind(**{k: _number(v) if not isinstance(v, list | dict) else v for k, v in found.items() if k in known})


def read(text: str) -> Report:
    """Read a report that `written` wrote.

    Parameters
    ----------
    text : str

    Returns
    -------
    Report

    Raises
    ------
    ValueError
        For any other text.

    Examples
    --------
    >>> from conformance.reports import json
    >>> json.read("[]")
    Traceback (most recent call last):
    ValueError: this is not a conformance report: list indices must be integers or slices, not str
    """
    try:
        found = json.loads(text)
        schema = found["schema"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"this is not a conformance report: {error}") from error
    if schema != SCHEMA:
        raise ValueError(f"this report has schema {schema}, expected {SCHEMA}; create it again")
    verdicts = []
    for each in found["verdicts"]:
        finding, further = each.pop("finding"), each.pop("further", [])
        verdict = _made(Verdict, each)
        verdict.finding = None if finding is None else _made(Finding, finding)
        verdict.further = [_made(Finding, other) for other in further]
        verdict.ulps = {k: _number(v) for k, v in verdict.ulps.items()}
        verdicts.append(verdict)
    return Report(
        verdicts,
        [_made(NamespaceFacts, facts) for facts in found["namespaces"]],
        found["seed"],
        found["options"],
        found["seconds"],
        found["unmatched"],
    )
