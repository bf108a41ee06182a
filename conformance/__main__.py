"""The command line: python -m conformance numpy torch array_api_strict --only 'soft*'."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .engine import NamespaceError, Options, UsageError, parts_of, run
from .probe import Probe, probe_table
from .properties import KINDS
from .reports import baseline, json
from .reports.forms import FORMS
from .reports.terminal import Progress, terminal
from .tasks import EXAMPLES, SEED
from .verdict import Report

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
    add(
        "--reference",
        default="numpy",
        metavar="NAMESPACE",
        help="the namespace whose exact results are correct (default numpy)",
    )
    add("--device", help="run on this device of each namespace")
    add("--dtype", help="only examples of this dtype")
    add("--only", metavar="PATTERN", help="only operations whose names match, such as 'conv*' or 'xp.exp*'")
    add("--group", help="only 'standard', 'k', or a chapter such as 'losses'")
    add(
        "--kind",
        type=lambda text: tuple(text.split(",")),
        default=(),
        metavar="KIND,...",
        help=f"only these checks: {', '.join(KINDS)}",
    )
    add(
        "--examples",
        type=int,
        default=EXAMPLES,
        metavar="N",
        help=f"random examples per call, in addition to the fixed ones (default {EXAMPLES})",
    )
    add("--budget", type=float, metavar="SECONDS", help="time limit for the whole run, shared among all operations")
    add("--seed", type=int, default=SEED, metavar="S", help=f"seed of the random examples (default {SEED})")
    add("--jobs", type=int, default=1, metavar="N", help="number of processes (default 1)")
    add("--shard", type=_shard, default=(1, 1), metavar="I/N", help="only the I-th of N parts of the operations")
    add("--xfails", type=Path, metavar="FOLDER", help="the files of expected failures (default: the ones shipped)")
    add("--no-xfails", dest="expect", action="store_false", help="report every failure, expected or not")
    add("--update-xfails", action="store_true", help="rewrite the files of expected failures")
    add("--no-shrink", dest="shrink", action="store_false", help="do not reduce failures to their smallest examples")
    for form, text in (
        ("json", "for programs, and as a baseline"),
        ("junit", "for the test page of a CI service"),
        ("html", "one self-contained page"),
        ("markdown", "for a comment on a pull request"),
    ):
        add(f"--{form}", type=Path, metavar="FILE", help=f"also write the report to a file, {text}")
    add(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="an earlier --json report: show only new and fixed failures; exit code 1 if something got worse",
    )
    add("--table", action=argparse.BooleanOptionalAction, default=True, help="print the verdicts on every operation")
    add("--self-check", action="store_true", help="plant faults in a namespace and check that each is found")
    return made


def _shard(text: str) -> tuple[int, int]:
    try:
        return parts_of(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def options_of(parsed: argparse.Namespace) -> Options:
    """The options of a run, from the parsed arguments."""
    return Options(
        **{
            name: getattr(parsed, name)
            for name in (
                "reference",
                "device",
                "dtype",
                "only",
                "group",
                "kind",
                "examples",
                "budget",
                "seed",
                "jobs",
                "shard",
                "xfails",
                "expect",
                "update_xfails",
                "shrink",
            )
        }
    )


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
    if not parsed.namespaces:
        print("conformance: name at least one namespace, such as numpy", file=sys.stderr)
        return USAGE
    progress = Progress()
    try:
        old = json.read(parsed.baseline.read_text("utf-8")) if parsed.baseline else None
        report = run(parsed.namespaces, progress, options_of(parsed))
    except (UsageError, OSError, ValueError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return USAGE
    except NamespaceError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return NO_NAMESPACE
    finally:
        progress.close()
    for form, write in FORMS.items():
        if path := getattr(parsed, form):
            path.write_text(write(report), "utf-8")
    if old is None:
        _show(report, parsed)
        return FAILURES if report.failed else AS_EXPECTED
    difference = baseline.compared(report, old)
    print(baseline.written(report, difference), end="")
    return difference.exit_code


def _show(report: Report, parsed: argparse.Namespace) -> None:
    print(probe_table([n.name for n in report.namespaces], [Probe(**n.probe) for n in report.namespaces]) + "\n")
    print(terminal(report, tables=parsed.table), end="")


if __name__ == "__main__":
    sys.exit(main())
