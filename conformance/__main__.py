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
    """The arguments; exit codes are 0: as expected, 1: not as expected, 2: wrong usage, 3: no such namespace."""
    made = argparse.ArgumentParser(
        prog="conformance",
        description="Proves that an array namespace computes what the "
        "array API standard says, and that every operation of K gives the same on it.",
    )
    add = made.add_argument
    add(
        "namespaces",
        nargs="*",
        metavar="NAMESPACE",
        help="a backend's name (numpy, torch:cuda:0, ...), a namespace's dotted path, package:object, or a module with "
        "functions of the Keras backend API (softmax, conv2d, ...)",
    )
    add("--reference", default="numpy", metavar="NAMESPACE", help="whose bits are the right ones (default numpy)")
    add("--device", help="run on this device of each namespace")
    add("--dtype", help="examples of this dtype only")
    add("--only", metavar="PATTERN", help="operations whose names match, such as 'conv*' or 'xp.exp*'")
    add("--group", help="'standard', 'k', or a chapter such as 'losses'")
    add(
        "--kind",
        type=lambda text: tuple(text.split(",")),
        default=(),
        metavar="KIND,...",
        help=f"what to check: {', '.join(KINDS)}",
    )
    add(
        "--examples",
        type=int,
        default=EXAMPLES,
        metavar="N",
        help=f"examples drawn per call, beside the fixed ones (default {EXAMPLES})",
    )
    add("--budget", type=float, metavar="SECONDS", help="time for the whole run, spread over all operations")
    add("--seed", type=int, default=SEED, metavar="S", help=f"what examples are drawn from (default {SEED})")
    add("--jobs", type=int, default=1, metavar="N", help="processes (default 1)")
    add("--shard", type=_shard, default=(1, 1), metavar="I/N", help="only the I-th of N parts of the operations")
    add("--xfails", type=Path, metavar="FOLDER", help="files of expected failures (default: those that ship)")
    add("--no-xfails", dest="expect", action="store_false", help="show every failure, expected or not")
    add("--update-xfails", action="store_true", help="write the files of expected failures anew")
    add("--no-shrink", dest="shrink", action="store_false", help="do not look for the smallest example that fails")
    for form, text in (
        ("json", "for machines, and as a later baseline"),
        ("junit", "for a CI's test page"),
        ("html", "one page that needs no network"),
        ("markdown", "for a pull request's comment"),
    ):
        add(f"--{form}", type=Path, metavar="FILE", help=f"write the report to a file, too: {text}")
    add(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="an earlier --json: tell only what is new and what is fixed; 1 where something got worse",
    )
    add("--table", action=argparse.BooleanOptionalAction, default=True, help="print every operation's verdicts")
    add("--self-check", action="store_true", help="plant faults in a namespace and see that each is found")
    return made


def _shard(text: str) -> tuple[int, int]:
    try:
        return parts_of(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def options_of(asked: argparse.Namespace) -> Options:
    """The options of a run from the arguments."""
    return Options(
        **{
            name: getattr(asked, name)
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
    """Run; 0: all as expected, 1: not as expected, 2: wrong usage, 3: a namespace cannot be imported."""
    try:
        asked = parser().parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    if asked.self_check:
        from .mutants.check import self_check

        try:
            return self_check(only=asked.only)
        except ImportError as error:
            print(f"conformance: faults are planted in array_api_strict: {error}", file=sys.stderr)
            return NO_NAMESPACE
    if not asked.namespaces:
        print("conformance: name at least one namespace, such as numpy", file=sys.stderr)
        return USAGE
    progress = Progress()
    try:
        old = json.read(asked.baseline.read_text("utf-8")) if asked.baseline else None
        report = run(asked.namespaces, progress, options_of(asked))
    except (UsageError, OSError, ValueError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return USAGE
    except NamespaceError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return NO_NAMESPACE
    finally:
        progress.close()
    for form, write in FORMS.items():
        if path := getattr(asked, form):
            path.write_text(write(report), "utf-8")
    if old is None:
        _show(report, asked)
        return FAILURES if report.failed else AS_EXPECTED
    difference = baseline.compared(report, old)
    print(baseline.written(report, difference), end="")
    return difference.exit_code


def _show(report: Report, asked: argparse.Namespace) -> None:
    print(probe_table([n.name for n in report.namespaces], [Probe(**n.probe) for n in report.namespaces]) + "\n")
    print(terminal(report, tables=asked.table), end="")


if __name__ == "__main__":
    sys.exit(main())
