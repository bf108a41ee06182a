"""A run as JUnit XML, for the test pages of CI services."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from ..verdict import LOST, Report, Verdict
from .matrix import names

__all__ = ["written"]

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")  # what XML 1.0 cannot hold


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("?", text)


def written(report: Report) -> str:
    """A suite per namespace, a test case per verdict; expected failures and unsupported or blocked ones are skipped.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str

    Examples
    --------
    >>> import conformance
    >>> from conformance.reports import junit
    >>> report = conformance.run(["numpy"], only="xp.floor", kind="dtype", examples=1)
    >>> 'tests="1"' in junit.written(report)
    True
    """
    root = ElementTree.Element("testsuites", name="conformance", time=f"{report.seconds:.3f}")
    for name in names(report):
        verdicts = [v for v in report.verdicts if v.namespace == name]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=name,
            tests=str(len(verdicts)),
            errors=str(sum(v.status in LOST for v in verdicts)),
            failures=str(sum(v.bad and v.status not in LOST for v in verdicts)),
            skipped=str(sum(_skipped(v) for v in verdicts)),
            time=f"{sum(v.seconds for v in verdicts):.3f}",
        )
        for verdict in verdicts:
            _add(suite, verdict)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _skipped(verdict: Verdict) -> bool:
    return verdict.status in ("unsupported", "blocked", "xfail", "empty")


def _add(suite: ElementTree.Element, verdict: Verdict) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        name=verdict.id,
        time=f"{verdict.seconds:.3f}",
        classname=f"{verdict.namespace}.{verdict.group}.{verdict.chapter}",
    )
    if verdict.bad:
        found = verdict.finding
        kind = found.cause if found else verdict.status
        message = found.message.splitlines()[0] if found and found.message else verdict.reason
        element = "error" if verdict.status in LOST else "failure"
        failure = ElementTree.SubElement(case, element, type=kind, message=_clean(message))
        failure.text = _clean("\n".join([found.example, "", found.script]) if found else verdict.reason)
    elif _skipped(verdict):
        ElementTree.SubElement(case, "skipped", message=_clean(f"{verdict.status}: {verdict.reason}"))
