"""A pytest plugin: `pytest --conformance NAMESPACE` adds a test for every operation and kind of check."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .extra import told
from .options import FIELDS, FORMS, OPTIONS

__all__ = ["ConformanceError", "Operation", "Target"]

# pytest loads this module wherever the package is installed: import the rest of the tool only when it is used

_RUN = pytest.StashKey[Any]()  # the verdicts of this session, the baseline and the time limit


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, in a group of their own."""
    group = parser.getgroup("conformance", "conformance of array namespaces")
    group.addoption(
        "--conformance",
        action="append",
        default=[],
        metavar="NAMESPACE",
        help="check this namespace: a name, a dotted path, or package:object; may be repeated",
    )
    for name, (kind, metavar, text) in OPTIONS.items():
        group.addoption(f"--conformance-{name}", type=kind, default=None, metavar=metavar, help=text)
    group.addoption("--conformance-no-xfails", action="store_true", help="report every failure, expected or not")
    group.addoption(
        "--conformance-baseline",
        type=Path,
        default=None,
        metavar="FILE",
        help="an earlier JSON report: its failures are expected failures",
    )
    for form, text in FORMS.items():
        group.addoption(
            f"--conformance-{form}", type=Path, default=None, metavar="FILE", help=f"write the report to a file: {text}"
        )


class _Run:
    """The verdicts of one session, and what its tests share."""

    def __init__(self, options: Any, baseline: Path | None) -> None:
        from .reports import json

        self.options = options
        self.start = time.time()
        self.verdicts: list[Any] = []
        self.namespaces: list[Any] = []
        self.left = 0  # tests that have not run yet
        old = json.read(baseline.read_text("utf-8")).failed if baseline else []
        self.known = {(v.namespace, v.id) for v in old}

    def until(self) -> float | None:
        """The deadline of the next test."""
        from .running.engine import share

        left, self.left = self.left, self.left - 1
        deadline = None if self.options.budget is None else self.start + self.options.budget
        return share(deadline, left, 1)

    def report(self) -> Any:
        """A report of the verdicts so far."""
        from .running.engine import report_of

        once = {
            (v.namespace, v.group, v.id): v for v in self.verdicts
        }  # several tests report the same missing function
        return report_of(self.namespaces, list(once.values()), self.options, self.start)


class Target(pytest.Collector):
    """A namespace under test, which pytest shows as a collector of its operations.

    Parameters
    ----------
    namespace : Namespace
    options : Options
    known : dict
        The expected failures.
    **more : object
        What pytest's collectors take.
    """

    def __init__(self, *, namespace: Any, options: Any, known: Any, **more: Any) -> None:
        super().__init__(**more)
        self.namespace = namespace
        self.options = options
        self.known = known

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each operation and kind of check."""
        from .running.tasks import tasks_of

        for case in self.options.cases():
            name = f"xp.{case.name}" if case.group == "standard" else case.name
            for kind in dict.fromkeys(prop.name for prop, _, _ in tasks_of(case, self.namespace, self.options.kinds)):
                yield Operation.from_parent(self, name=f"{name}/{kind}", target=self, case=case, kind=kind)


class ConformanceError(Exception):
    """A failed check; the message describes it in full."""


class Operation(pytest.Item):
    """One kind of check of one operation on one namespace, a test of its own such as ``xp.exp/value``.

    Parameters
    ----------
    target : Target
    case : Case
    kind : str
    **more : object
        What pytest's items take.
    """

    def __init__(self, *, target: Target, case: Any, kind: str, **more: Any) -> None:
        super().__init__(**more)
        self.target = target
        self.case = case
        self.kind = kind

    def runtest(self) -> None:
        """Fail if a verdict is bad; xfail an expected failure; skip what cannot be tried."""
        from .reports.terminal import described
        from .running.runner import verdicts_of

        target, run = self.target, self.config.stash[_RUN]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # libraries warn about edge values; only results matter here
            verdicts = verdicts_of(
                self.case,
                target.namespace,
                kinds=(self.kind,),
                count=target.options.examples,
                seed=target.options.seed,
                dtype=target.options.dtype,
                known=target.known,
                until=run.until(),
            )
        run.verdicts += verdicts
        bad = [v for v in verdicts if v.bad]
        if bad and all((v.namespace, v.id) in run.known for v in bad):
            pytest.xfail("as in the baseline")
        if bad:
            raise ConformanceError("\n\n".join(described(v) for v in bad))
        for status, stop in (("xfail", pytest.xfail), ("unsupported", pytest.skip), ("blocked", pytest.skip)):
            if found := [v.reason for v in verdicts if v.status == status]:
                stop(found[0])
        if all(v.status == "empty" for v in verdicts):
            pytest.skip("no examples")

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """The finding and its script instead of a traceback through the tool."""
        if isinstance(excinfo.value, ConformanceError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The heading that pytest shows."""
        return Path(__file__), None, f"{self.target.name}: {self.name}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the checks to the collected tests, before anything is deselected."""
    names = config.getoption("conformance")
    if not names:
        return
    try:
        from .running.engine import NamespaceError, Options, UsageError, expectations, opened, parts_of
    except ModuleNotFoundError as missing:
        raise pytest.UsageError(told(missing)) from missing

    given = {FIELDS.get(name, name): config.getoption(f"conformance_{name}") for name in OPTIONS}
    if given["kind"]:
        given["kind"] = tuple(given["kind"].split(","))
    given["expect"] = False if config.getoption("conformance_no_xfails") else None
    forms = [form for form in FORMS if config.getoption(f"conformance_{form}")]
    if forms and getattr(config.option, "numprocesses", None):
        raise pytest.UsageError(f"conformance: --conformance-{forms[0]} needs one process; the command has --jobs")
    try:
        given["shard"] = parts_of(given["shard"]) if given["shard"] else None
        device = given.get("device")
        options = Options(
            names=tuple(f"{name}:{device}" if device else name for name in names),
            **{name: value for name, value in given.items() if value is not None},
        )
        config.stash[_RUN] = run = _Run(options, config.getoption("conformance_baseline"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for namespace in opened(options):
                run.namespaces.append(namespace)
                made = Target.from_parent(
                    session,
                    name=namespace.name,
                    nodeid=f"conformance[{namespace.name}]",
                    namespace=namespace,
                    options=options,
                    known=expectations(namespace, options),
                )
                found = config.hook.pytest_make_collect_report(collector=made)
                config.hook.pytest_collectreport(report=found)  # so that the terminal counts them
                items.extend(found.result)
                run.left += len(found.result)
    except (UsageError, NamespaceError, OSError, ValueError) as error:
        raise pytest.UsageError(f"conformance: {error}") from error
    except ModuleNotFoundError as missing:
        raise pytest.UsageError(told(missing)) from missing


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the requested reports."""
    run = session.config.stash.get(_RUN, None)
    if run is None:
        return
    from .reports.forms import WRITERS

    for form in FORMS:
        if path := session.config.getoption(f"conformance_{form}"):
            path.write_text(WRITERS[form](run.report()), "utf-8")
