"""The command line: python -m conformance numpy torch array_api_strict --only 'soft*'."""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

from .operations import Namespace, namespace
from .report import Progress, described, failed, table, written
from .runner import EXAMPLES, SEED, Verdict, selected, tasks, verdict_on

__all__ = ["main"]

AS_EXPECTED, FAILURES, USAGE, NO_NAMESPACE = 0, 1, 2, 3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="conformance", description="Proves that every operation of K gives the same "
                                     "results on an array namespace: a verdict per operation and property.")
    parser.add_argument("namespaces", nargs="+", metavar="NAMESPACE",
                        help="a backend's name (numpy, torch:cuda:0, ...) or a namespace's dotted path")
    parser.add_argument("--only", metavar="PATTERN", help="operations whose names match, such as 'soft*'")
    parser.add_argument("--examples", type=_count, default=EXAMPLES, metavar="N",
                        help=f"examples drawn per call, beside the fixed ones (default {EXAMPLES})")
    parser.add_argument("--seed", type=int, default=SEED, metavar="S",
                        help=f"what they are drawn from (default {SEED})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the verdicts to a file, too")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of examples")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0: all as expected, 1: failures, 2: wrong usage, 3: a namespace cannot be imported."""
    try:
        asked = _parser().parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    warnings.filterwarnings("ignore")  # the libraries' remarks on edge values; what matters here is the result
    cases = selected(asked.only)
    if not cases:
        print(f"conformance: no operation matches {asked.only!r}", file=sys.stderr)
        return USAGE
    try:
        spaces = [namespace(name) for name in asked.namespaces]
    except (ImportError, ValueError, TypeError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return NO_NAMESPACE
    return _run(asked, cases, spaces)


def _run(asked: argparse.Namespace, cases: list, spaces: list[Namespace]) -> int:
    start = time.perf_counter()
    print(f"{len(cases)} operations, seed {asked.seed}, {asked.examples} examples drawn per call")
    pending = list(tasks(cases, spaces))
    progress = Progress(len(pending))
    verdicts: list[Verdict] = []
    for case, prop, on in pending:
        verdicts.append(verdict_on(case, prop, on, asked.examples, asked.seed))
        progress.step(verdicts[-1])
    progress.close()
    for on in spaces:
        print(f"\n{table(verdicts, on.name)}")
    wrong = failed(verdicts)
    for verdict in wrong:
        print(f"\n{described(verdict)}")
    print(f"\n{len(wrong)} of {len(verdicts)} wrong, {time.perf_counter() - start:.1f} s")
    if asked.json:
        asked.json.write_text(written(verdicts, asked.seed, asked.examples), "utf-8")
    return FAILURES if wrong else AS_EXPECTED


if __name__ == "__main__":
    sys.exit(main())
