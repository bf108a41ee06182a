"""What is worked out of a case, once for all namespaces and kinds of check: kept for the cases that were tried last.

A run tries one operation after the other, and needs nothing of those that are done: of all it would be gigabytes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from .case import Case

__all__ = ["CASES", "drop_graphs", "graphs_of", "kept_of", "once_per_case"]

CASES = 8  # at 5 to 50 MB each; more than one, because runs of pytest and of planted faults come back to a case
GRAPHS = "graphs"

Given = ParamSpec("Given")
Result = TypeVar("Result")

_kept: dict[Case, dict[Any, Any]] = {}  # the case tried last stands last


def kept_of(case: Case) -> dict[Any, Any]:
    """What is kept of a case, from now on the one tried last."""
    found = _kept[case] = _kept.pop(case, {})
    while len(_kept) > CASES:
        del _kept[next(iter(_kept))]
    return found


def once_per_case(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Keep the results of a function of a case, or of an example, and of further hashable positional arguments."""

    @functools.wraps(function)
    def memo(*args: Any) -> Any:
        of = args[0]
        kept = kept_of(of if isinstance(of, Case) else of.case)
        key = (function, *args)
        if key not in kept:
            kept[key] = function(*args)  # type: ignore[call-arg]
        return kept[key]

    return memo  # type: ignore[return-value]


def graphs_of(case: Case) -> dict[Any, Any]:
    """The graphs recorded for a case: what depends on K's definitions and rules, and on no values of arrays."""
    found: dict[Any, Any] = kept_of(case).setdefault(GRAPHS, {})
    return found


def drop_graphs() -> None:
    """Drop the graphs of every case."""
    for kept in _kept.values():
        kept.pop(GRAPHS, None)
