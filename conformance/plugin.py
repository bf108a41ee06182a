"""A pytest plugin: `pytest --conformance NAMESPACE` makes a test of every operation and kind of check."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

__all__ = ["NotConforming", "Operation", "Space"]

# pytest loads this module wherever the package is installed: nothing of the tool is imported before it is asked for

_OPTIONS: dict[str, Any] = {  # name -> (type, help); the command line's options by the same names
    "reference": (str, "whose bits are the right ones (default numpy)"),
    "device": (str, "run on this device of each namespace"),
    "dtype": (str, "examples of this dtype only"),
    "only": (str, "operations whose names match, such as 'conv*' or 'xp.exp*'"),
    "group": (str, "'standard', 'k', or a chapter such as 'losses'"),
    "kind": (str, "what to check: value, dtype, shape, gradient, device, error, ..."),
    "examples": (int, "examples drawn per call, beside the fixed ones"),
    "seed": (int, "what examples are drawn from"),
    "xfails": (Path, "folder of the files of expected failures (default: those that ship)"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, in a group of their own."""
    group = parser.getgroup("conformance", "conformance of array namespaces")
    group.addoption("--conformance", action="append", default=[], metavar="NAMESPACE",
                    help="prove this namespace: a name, a dotted path, or package:object; may be given several times")
    for name, (kind, text) in _OPTIONS.items():
        group.addoption(f"--conformance-{name}", type=kind, default=None, help=text)


class Space(pytest.Collector):
    """A namespace under test."""

    def __init__(self, *, space: Any, options: Any, known: Any, **more: Any) -> None:
        super().__init__(**more)
        self.space = space
        self.options = options
        self.known = known

    def collect(self) -> Iterator[pytest.Item]:
        """An item for each operation and kind of check."""
        from .runner import tasks_of

        for case in self.options.cases():
            name = f"xp.{case.name}" if case.group == "standard" else case.name
            for kind in dict.fromkeys(prop.name for prop, _, _ in tasks_of(case, self.space, self.options.kinds)):
                yield Operation.from_parent(self, name=f"{name}/{kind}", case=case, kind=kind)


class NotConforming(Exception):
    """What is wrong, as text."""


class Operation(pytest.Item):
    """One kind of check of one operation on one namespace."""

    def __init__(self, *, case: Any, kind: str, **more: Any) -> None:
        super().__init__(**more)
        self.case = case
        self.kind = kind

    def runtest(self) -> None:
        """Fail where a verdict is bad; what is expected to fail xfails, what cannot be tried is skipped."""
        from .reports.terminal import described
        from .runner import verdicts_of

        space, options = self.parent, self.parent.options  # type: ignore[union-attr]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the libraries' remarks on edge values; the results are what is tested
            verdicts = verdicts_of(self.case, space.space, kinds=(self.kind,), count=options.examples,  # type: ignore
                                   seed=options.seed, dtype=options.dtype, known=space.known)  # type: ignore
        if bad := [v for v in verdicts if v.bad]:
            raise NotConforming("\n\n".join(described(v) for v in bad))
        for status, stop in (("xfail", pytest.xfail), ("unsupported", pytest.skip), ("blocked", pytest.skip)):
            if found := [v.reason for v in verdicts if v.status == status]:
                stop(found[0])
        if all(v.status == "empty" for v in verdicts):
            pytest.skip("no examples")

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """The finding and its script, in place of a traceback through the tool."""
        if isinstance(excinfo.value, NotConforming):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it comes from, for pytest's headings."""
        return Path(__file__), None, f"{self.parent.name}: {self.name}"  # type: ignore[union-attr]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the operations to what was collected, before anything is deselected."""
    names = config.getoption("conformance")
    if not names:
        return
    from .engine import NamespaceError, Options, UsageError, expectations, opened

    given = {name: config.getoption(f"conformance_{name}") for name in _OPTIONS}
    if given["kind"]:
        given["kind"] = tuple(given["kind"].split(","))
    try:
        device = given.get("device")
        options = Options(names=tuple(f"{name}:{device}" if device else name for name in names),
                          **{name: value for name, value in given.items() if value is not None})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for space in opened(options):
                made = Space.from_parent(session, name=space.name, nodeid=f"conformance[{space.name}]", space=space,
                                         options=options, known=expectations(space, options))
                found = config.hook.pytest_make_collect_report(collector=made)
                config.hook.pytest_collectreport(report=found)  # the terminal counts them
                items.extend(found.result)
    except (UsageError, NamespaceError) as error:
        raise pytest.UsageError(f"conformance: {error}") from error
