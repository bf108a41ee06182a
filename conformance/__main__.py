"""The command line: python -m conformance numpy torch array_api_strict --only 'soft*'."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import BEGUN
from .errors import IncompleteError, NamespaceError, UsageError
from .extra import told
from .options import FIELDS, FORMS, OPTIONS
from .printable import printable
from .running.workers import begin_early, room
from .verdict import Report

if TYPE_CHECKING:
    from .running.engine import Options

# The rest of the tool is imported where it is used, while the first worker imports it as well.

__all__ = ["main", "options_of", "parser"]

WORKERS = 2  # by default, on two cores or more: each imports the libraries, and takes their memory again
AS_EXPECTED, FAILURES, USAGE, NO_NAMESPACE, NO_REPORT, UNTRIED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130


def parser() -> argparse.ArgumentParser:
    """The arguments; exit codes: 0 as expected, 1 not, 2 wrong usage, 3 no namespace, 4 no report, 5 out of time."""
    from .properties.registry import KINDS
    from .running.engine import Options
    from .scripts.text import tool_version

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
        name_ = FIELDS.get(name, name)
        add(
            f"--{name}",
            dest=name_,
            type=parsed.get(name, kind),
            # the self-check draws a seed of its own
            default=None if name == "seed" else getattr(defaults, name_),
            metavar=metavar,
            help=text,
        )
    add("--jobs", type=int, metavar="N", help=f"number of worker processes (default {WORKERS}; 1 with --only)")
    add(
        "--timeout",
        type=float,
        default=defaults.timeout,
        metavar="SECONDS",
        help=f"time limit for one example; without a result it has failed (default {defaults.timeout:g})",
    )
    add("--no-xfails", dest="expect", action="store_false", help="report every failure, expected or not")
    add("--update-xfails", action="store_true", help="rewrite the files of expected failures")
    add("--no-shrink", dest="shrink", action="store_false", help="do not reduce failures to their smallest examples")
    _add_reports(made)
    add("--version", action="version", version=f"conformance {tool_version()}")
    add("--self-check", action="store_true", help="plant faults in a namespace and check that they are found")
    add("--mutants", type=int, default=300, metavar="N", help="of --self-check: the number of generated faults (300)")
    return made


def _add_reports(made: argparse.ArgumentParser) -> None:
    """Add the options that say which reports are shown and written."""
    add = made.add_argument
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


def _shard(text: str) -> tuple[int, int]:
    from .running.engine import parts_of

    try:
        return parts_of(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def options_of(parsed: argparse.Namespace) -> Options:
    """The options of a run, from the parsed arguments."""
    from backend.arrays.threads import cores

    from .running.engine import Options
    from .running.tasks import SEED

    names = (*(FIELDS.get(name, name) for name in OPTIONS), "jobs", "timeout", "expect", "update_xfails", "shrink")
    given = {name: getattr(parsed, name) for name in names}
    given["seed"] = SEED if parsed.seed is None else parsed.seed
    given["jobs"] = (1 if parsed.only else min(WORKERS, cores())) if parsed.jobs is None else parsed.jobs
    return Options(isolate=True, **given)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # an ASCII terminal shows the rest
    words = sys.argv[1:] if arguments is None else arguments
    early = arguments is None and "--self-check" not in words and any(not word.startswith("-") for word in words)
    try:
        if early:
            begin_early()
        return _main(words, BEGUN if early else time.time())
    except KeyboardInterrupt:
        print("conformance: interrupted", file=sys.stderr)
        return INTERRUPTED
    finally:
        if early:
            room().close()  # the worker, if there was no run


def _main(arguments: Sequence[str], start: float) -> int:
    try:
        parsed = parser().parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    except ModuleNotFoundError as missing:
        print(told(missing), file=sys.stderr)
        return USAGE
    if parsed.self_check:
        from .mutants.self_check import self_check

        try:
            return self_check(None, print, parsed.only, parsed.mutants, parsed.seed, parsed.jobs or 1)
        except ImportError as error:
            print(f"conformance: the self-check needs array_api_strict: {error}", file=sys.stderr)
            return NO_NAMESPACE
    try:
        return _without_a_run(parsed) if parsed.compare or parsed.table else _run(parsed, start)
    except (UsageError, OSError, ValueError) as error:
        print(f"conformance: {printable(str(error))}", file=sys.stderr)
        return USAGE
    except NamespaceError as error:
        print(f"conformance: {printable(str(error))}", file=sys.stderr)
        return NO_NAMESPACE
    except IncompleteError as error:
        print(f"conformance: {printable(str(error))}", file=sys.stderr)
        return NO_REPORT
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


def _run(parsed: argparse.Namespace, start: float) -> int:
    """Check the namespaces and show and write the report; any part of it that is lost gives an exit code of its own."""
    from .reports import baseline, json
    from .reports.forms import WRITERS
    from .reports.stored import store
    from .reports.terminal import Progress
    from .running.engine import run

    if not parsed.namespaces:
        raise UsageError("name at least one namespace, such as numpy")
    progress = Progress()
    try:
        old = json.read(parsed.baseline.read_text("utf-8")) if parsed.baseline else None
        report = run(parsed.namespaces, progress, options_of(parsed), start)
    finally:
        progress.close()
    failed = [form for form, write in WRITERS.items() if _lost(_text_file, write, report, getattr(parsed, form))]
    failed += ["store"] if _lost(store, report, parsed.store) else []
    difference = None if old is None else baseline.compared(report, old)
    try:
        if sys.stdout is None:
            raise OSError("standard output is closed")
        if difference is None:
            _show(report, parsed)
        else:
            print(baseline.written(report, difference), end="")
        sys.stdout.flush()
    except OSError as error:
        _give_up_stdout()
        print(f"conformance: the report could not be printed: {error}", file=sys.stderr)
        return NO_REPORT
    if failed:
        return NO_REPORT
    if difference is None:
        return report.exit_code
    return difference.exit_code or (UNTRIED if report.untried else AS_EXPECTED)


def _text_file(write: Callable[[Report], str], report: Report, path: Path) -> None:
    path.write_text(write(report), "utf-8", "backslashreplace")


def _lost(write: Callable[..., object], *arguments: Any) -> bool:
    """Write one form of the report, if there is a path, the last argument; whether that failed: a disk may be full."""
    try:
        if arguments[-1] is not None:
            write(*arguments)
    except OSError as error:
        print(f"conformance: the report could not be written: {error}", file=sys.stderr)
        return True
    return False


def _give_up_stdout() -> None:
    """Let what is still to be written go nowhere: the exit of Python would try again, and fail."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show(report: Report, parsed: argparse.Namespace) -> None:
    from .reports.terminal import terminal
    from .subjects.probe import Probe, probe_table

    print(probe_table([n.name for n in report.namespaces], [Probe(**n.probe) for n in report.namespaces]) + "\n")
    print(terminal(report, tables=parsed.verdicts), end="")


if __name__ == "__main__":
    sys.exit(main())
