"""Runs the tests of Keras 2.3.1 itself on this backend: `python tests/compat/keras_suite.py numpy torch`.

pip brings Keras's source distribution; its tests run against the Keras installed, and each failure that
keras_expected.txt does not name, with its reason, counts.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
RELEASE = "keras==2.3.1"
LEFT_OUT = ["tests/docs"]  # checks of Keras's own documentation


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

    @property
    def folder(self) -> str:
        folder = self.file.rpartition("/")[0]
        return self.file if folder in ("tests", "tests/keras") else folder


def fetched(into: Path) -> Path:
    """Keras's source distribution, unpacked."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--no-binary",
            ":all:",
            "--no-build-isolation",
            "-d",
            str(into),
            RELEASE,
        ],
        check=True,
    )
    archive = next(into.glob("*.tar.gz"))
    with tarfile.open(archive) as packed:
        packed.extractall(into, [m for m in packed.getmembers() if "/tests/" in m.name], filter="data")
    return next(path for path in into.iterdir() if path.is_dir())


def run(source: Path, library: str, home: Path, only: list[str], options: list[str]) -> list[Outcome]:
    """Every test's outcome on one library."""
    report = home / f"{library}.xml"
    environment = os.environ | {
        "KERAS_BACKEND": "backend",
        "K_BACKEND": library,
        "KERAS_HOME": str(home),
        "MPLBACKEND": "Agg",
        "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[1])]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    paths = only or ["tests"]
    ignored = [f"--ignore={path}" for path in LEFT_OUT]
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "keras_shims",
            "-p",
            "no:cacheprovider",
            "--no-header",
            "--tb=short",
            "--show-capture=no",
            "--disable-warnings",
            "--import-mode=importlib",
            "--continue-on-collection-errors",
            "-c",
            os.devnull,
            "--rootdir=.",
            "-o",
            "junit_family=xunit1",
            "-o",
            "python_files=*_test.py test_*.py",
            f"--junitxml={report}",
            *ignored,
            *options,
            *paths,
        ],
        cwd=source,
        env=environment,
        check=False,
    )
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


def expectations() -> dict[str, str]:
    """Patterns of the tests that are expected to fail, with the reasons."""
    lines = (HERE / "keras_expected.txt").read_text("utf-8").splitlines()
    pairs = [line.partition("  ") for line in lines if line and not line.startswith("#")]
    return {pattern: reason.strip() for pattern, _, reason in pairs}


def judged(outcomes: list[Outcome], library: str) -> list[Outcome]:
    """Print what happened, folder by folder; the failures nobody expected."""
    expected = expectations()
    reasons = {
        o.id: next((why for pattern, why in expected.items() if fnmatch.fnmatchcase(o.id, pattern)), "")
        for o in outcomes
        if o.outcome == "failed"
    }
    print(f"\nKeras 2.3.1's own tests on {library}\n{'':52} passed  failed  of these expected  skipped  seconds")
    total: Counter[str] = Counter()
    for folder in [*dict.fromkeys(o.folder for o in outcomes), "all"]:
        mine = [o for o in outcomes if folder in (o.folder, "all")]
        total = Counter(o.outcome for o in mine)
        known = sum(bool(reasons.get(o.id)) for o in mine)
        print(
            f"{folder:52} {total['passed']:6}  {total['failed']:6}  {known:17}  {total['skipped']:7}  "
            f"{sum(o.seconds for o in mine):7.1f}"
        )
    for why in dict.fromkeys(filter(None, reasons.values())):
        print(f"expected, {sum(r == why for r in reasons.values())}: {why}")
    for why, count in Counter(o.why for o in outcomes if o.outcome == "skipped").most_common():
        print(f"skipped by Keras, {count}: {why}")
    return [o for o in outcomes if o.outcome == "failed" and not reasons[o.id]]


def main() -> int:
    """Run on each library named; 1 when a test failed that nobody expected to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("libraries", nargs="*", default=["numpy"], help="what to run on: numpy, torch, torch:cuda, jax")
    parser.add_argument("--only", action="append", default=[], help="a folder or file, such as tests/keras/layers")
    parser.add_argument("--source", type=Path, help="Keras's source distribution, unpacked, instead of pip's")
    arguments, options = parser.parse_known_args()
    unexpected = []
    with tempfile.TemporaryDirectory() as name:
        source = arguments.source or fetched(Path(name) / "keras")
        for library in arguments.libraries:
            home = Path(name) / f"home-{library.replace(':', '-')}"
            home.mkdir()
            unexpected += [(library, o) for o in judged(run(source, library, home, arguments.only, options), library)]
    for library, o in unexpected:
        print(f"unexpected on {library}: {o.id}: {o.why}")
    return int(bool(unexpected))


if __name__ == "__main__":
    sys.exit(main())
