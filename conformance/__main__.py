"""The command line: python -m conformance numpy torch array_api_strict --only 'soft*'."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .extra import told
from .options import FORMS, OPTIONS

try:
    from .engine import NamespaceError, Options, UsageError, parts_of, run
    from .probe import Probe, probe_table
    from .properties import KINDS
    from .reports import baseline, json
    from .reports.forms import WRITERS
    from .reports.stored import store
    from .reports.terminal import Progress, terminal
    from .script_text import tool_version
    from .verdict import Report
except ModuleNotFoundError as missing:
    print(told(missing), file=sys.stderr)
    raise SystemExit(2) from missing

__all__ = ["main", "options_of", "parser"]

AS_EXPECTED, FAILURES, USAGE, NO_NAMESPACE = 0, 1, 2, 3


def parser() -> argparse.ArgumentParser:
    """The arguments; exit codes: 0 as expected, 1 not as expected, 2 wrong usage, 3 no such namespace."""
    made = argparse.ArgumentParser(
        prog="conformance",
        description="Check that an array namespace computes what the array API standard says, and that every "
        "operation of K gives the same results on it.",
    )
    add = made.add_argument
    add(
        "namespaces",
        nargs="*",
        metavar="NAMESPACE",
        help="a backend's name (numpy, torch:cuda:0, ...), the dotted path of a namespace, package:object, or a module "
        "with functions of the Keras backend API (softmax, conv2d, ...)",
    )
    defaults = Options()
    parsed: dict[str, Any] = {"kind": lambda text: tuple(text.split(",")), "shard": _shard}
    for name, (kind, metavar, text) in OPTIONS.items():
        text = f"only these kinds of check: {', '.join(KINDS)}" if name == "kind" else text
        add(f"--{name}", type=parsed.get(name, kind), default=getattr(defaults, name), metavar=metavar, help=text)
    add("--jobs", type=int, default=1, metavar="N", help="number of processes (default 1)")
    add("--no-xfails", dest="expect", action="store_false", help="report every failure, expected or not")
    add("--update-xfails", action="store_true", help="rewrite the files of expected failures")
    add("--no-shrink", dest="shrink", action="store_false", help="do not reduce failures to their smallest examples")
    for form, text in FORMS.items():
        add(f"--{form}", type=Path, metavar="FILE", help=f"also write the report to a file: {text}")
    add(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="an earlier --json report: show only new and fixed failures; exit code 1 if something got worse",
    )
    add(
        "--compare",
        type=Path,
        nargs=2,
        metavar=("OLD", "NEW"),
        help="two --json reports, on two releases of a library: show what changed; --markdown writes it to a file",
    )
    add("--store", type=Path, metavar="FOLDER", help="also write a small file of results per namespace, for --table")
    add(
        "--table",
        action="store_true",
        help="the compliance table of stored results, of the shipped ones by default; --markdown and --html write it",
    )
    add("--verdicts", action=argparse.BooleanOptionalAction, default=True, help="print the verdicts on every operation")
    add("--version", action="version", version=f"conformance {tool_version()}")
    add("--self-check", action="store_true", help="plant faults in a namespace and check that each is found")
    return made


def _shard(text: str) -> tuple[int, int]:
    try:
        return parts_of(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def options_of(parsed: argparse.Namespace) -> Options:
    """The options of a run, from the parsed arguments."""
    names = (*OPTIONS, "jobs", "expect", "update_xfails", "shrink")
    return Options(**{name: getattr(parsed, name) for name in names})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        parsed = parser().parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    if parsed.self_check:
        from .mutants.check import self_check

        try:
            return self_check(only=parsed.only)
        except ImportError as error:
            print(f"conformance: the self-check needs array_api_strict: {error}", file=sys.stderr)
            return NO_NAMESPACE
    try:
        return _without_a_run(parsed) if parsed.compare or parsed.table else _run(parsed)
    except (UsageError, OSError, ValueError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return USAGE
    except NamespaceError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return NO_NAMESPACE
    except ModuleNotFoundError as error:
        print(told(error), file=sys.stderr)
        return USAGE


def _without_a_run(parsed: argparse.Namespace) -> int:
    """Show what changed between two runs, or the compliance table."""
    from .reports.stored_runs import compare, compliance

    if parsed.compare:
        old, new = parsed.compare
        return compare(old, new, parsed.markdown)
    return compliance(parsed)


def _run(parsed: argparse.Namespace) -> int:
    """Check the namespaces and show and write the report."""
    if not parsed.namespaces:
        raise UsageError("name at least one namespace, such as numpy")
    progress = Progress()
    try:
        old = json.read(parsed.baseline.read_text("utf-8")) if parsed.baseline else None
        report = run(parsed.namespaces, progress, options_of(parsed))
    finally:
        progress.close()
    for form, write in WRITERS.items():
        if path := getattr(parsed, form):
            path.write_text(write(report), "utf-8")
    if parsed.store:
        store(report, parsed.store)
    if old is None:
        _show(report, parsed)
        return FAILURES if report.failed else AS_EXPECTED
    difference = baseline.compared(report, old)
    print(baseline.written(report, difference), end="")
    return difference.exit_code


def _show(report: Report, parsed: argparse.Namespace) -> None:
    print(probe_table([n.name for n in report.namespaces], [Probe(**n.probe) for n in report.namespaces]) + "\n")
    print(terminal(report, tables=parsed.verdicts), end="")


if __name__ == "__main__":
    sys.exit(main())
