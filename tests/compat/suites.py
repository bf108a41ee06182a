"""Runs the tests of other projects on this backend, and tells expected failures from others: for the suites here."""

from __future__ import annotations

import fnmatch
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent


class Outcome(NamedTuple):
    """What one test did: 'passed', 'failed' or 'skipped', with the first line of why."""

    file: str
    name: str
    outcome: str
    why: str
    seconds: float

    @property
    def id(self) -> str:
        return f"{self.file}::{self.name}" if self.name else self.file


def downloaded(releases: Sequence[str], into: Path) -> list[Path]:
    """The source distributions of these releases ('keras==2.3.1'), as pip brings them."""
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "--no-build-isolation"]
    subprocess.run([*pip, "-d", str(into), *releases], check=True)
    return sorted(into.glob("*.tar.gz"))


def run(
    source: Path,
    paths: Iterable[str],
    library: str,
    home: Path,
    plugin: str,
    options: Iterable[str],
    imports: Iterable[Path] = (),
    seconds: float | None = None,
    backend: str = "backend",
) -> list[Outcome]:
    """Every test's outcome on one library; the tests lie in `source`, and `imports` are folders of packages.

    `backend` is what Keras calls this one: Keras 3 has another name for it.
    """
    report = home / f"{source.name}-{library.replace(':', '-')}.xml"
    before = os.environ.get("PYTHONPATH", "")
    environment = os.environ | {
        "KERAS_BACKEND": backend,
        "K_BACKEND": library,
        "KERAS_HOME": str(home),
        "MPLBACKEND": "Agg",
        "PYTHONPATH": os.pathsep.join(filter(None, map(str, [HERE, HERE.parents[1], *imports, before]))),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    quiet = ["-q", "-p", "no:cacheprovider", "--no-header", "--tb=short", "--show-capture=no", "--disable-warnings"]
    alone = ["-c", os.devnull, "--rootdir=.", "-o", "junit_family=xunit1", "-o", "python_files=*_test.py test_*.py"]
    command = [sys.executable, "-m", "pytest", *quiet, *alone, "-p", plugin, "--continue-on-collection-errors"]
    try:
        subprocess.run(
            [*command, f"--junitxml={report}", *options, *paths],
            cwd=source,
            env=environment,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return [Outcome("all", "", "failed", f"took longer than {seconds} s", seconds or 0.0)]
    if not report.is_file():
        return [Outcome("all", "", "failed", "pytest stopped before its report", 0.0)]
    return list(map(outcome, ElementTree.parse(report).iter("testcase")))


def outcome(case: ElementTree.Element) -> Outcome:
    """One test case of pytest's report."""
    file, name = case.get("file"), case.get("name", "")
    if file is None:  # a file that could not be read: its dotted name stands for it
        dotted = case.get("classname") or name
        file, name = (dotted if dotted.endswith(".py") else f"{dotted.replace('.', '/')}.py"), ""
    inside = (case.get("classname") or "").split(".")
    if name and inside[-1][:1].isupper():
        name = f"{inside[-1]}::{name}"
    for kind, found in (("failure", "failed"), ("error", "failed"), ("skipped", "skipped")):
        if (mark := case.find(kind)) is not None:
            return Outcome(
                file, name, found, (mark.get("message") or "").partition("\n")[0], float(case.get("time", 0))
            )
    return Outcome(file, name, "passed", "", float(case.get("time", 0)))


def expectations(file: str) -> dict[str, str]:
    """Patterns of the tests that are expected to fail, or of "test: error", with the reasons."""
    lines = (HERE / file).read_text("utf-8").splitlines()
    pairs = [line.partition("  ") for line in lines if line and not line.startswith("#")]
    return {pattern: reason.strip() for pattern, _, reason in pairs}


def judged(
    title: str, outcomes: list[Outcome], expected: dict[str, str], group: Callable[[Outcome], str]
) -> list[Outcome]:
    """Print what happened, group by group; the failures nobody expected."""
    reasons = {o.id: _reason(o, expected) for o in outcomes if o.outcome == "failed"}
    print(f"\n{title}\n{'':52} passed  failed  of these expected  skipped  seconds")
    for name in [*dict.fromkeys(map(group, outcomes)), "all"]:
        mine = [o for o in outcomes if name in (group(o), "all")]
        total = Counter(o.outcome for o in mine)
        known = sum(bool(reasons.get(o.id)) for o in mine)
        print(
            f"{name:52} {total['passed']:6}  {total['failed']:6}  {known:17}  {total['skipped']:7}  "
            f"{sum(o.seconds for o in mine):7.1f}"
        )
    for why in dict.fromkeys(filter(None, reasons.values())):
        print(f"expected, {sum(r == why for r in reasons.values())}: {why}")
    for why, count in Counter(o.why for o in outcomes if o.outcome == "skipped").most_common():
        print(f"skipped by the tests themselves, {count}: {why}")
    return [o for o in outcomes if o.outcome == "failed" and not reasons[o.id]]


def _reason(o: Outcome, expected: dict[str, str]) -> str:
    """Why a failure is expected; empty where it is not."""
    named = (o.id, f"{o.id}: {o.why}")
    return next((why for pattern, why in expected.items() if any(fnmatch.fnmatchcase(n, pattern) for n in named)), "")


def exit_code(unexpected: list[tuple[str, Outcome]]) -> int:
    """1 if a test failed that nobody expected to, each of which is printed with its library; else 0."""
    for library, o in unexpected:
        print(f"unexpected on {library}: {o.id}: {o.why}")
    return int(bool(unexpected))
