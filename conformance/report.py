"""What a run tells: a line of progress, a table of verdicts, failures with a script that shows them, and JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from .drawing import Example
from .properties import PROPERTIES
from .runner import Verdict

__all__ = ["Progress", "described", "failed", "script", "table", "written"]

SCHEMA = 1


class Progress:
    """One line on a terminal that says how far a run is; silent elsewhere."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.shown = sys.stderr.isatty()

    def step(self, verdict: Verdict) -> None:
        """One verdict more."""
        self.done += 1
        if self.shown:
            line = f"{self.done}/{self.total} {verdict.namespace} {verdict.case.name} {verdict.prop}"
            print(f"\r{line[:78]:<78}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """End the line."""
        if self.shown:
            print(f"\r{'':<78}\r", end="", file=sys.stderr, flush=True)


def failed(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts that make a run fail."""
    return [v for v in verdicts if v.status == "wrong"]


def _cell(verdict: Verdict | None) -> str:
    if verdict is None or verdict.status == "empty":
        return "."
    return {"identical": "identical", "within": f"{verdict.worst:.2f}", "wrong": "WRONG",
            "unsupported": "unsupported"}[verdict.status]


def table(verdicts: Sequence[Verdict], namespace: str) -> str:
    """The verdicts on one namespace, operation by property; a number is the worst fraction of the bound."""
    found = {(v.case.name, v.prop): v for v in verdicts if v.namespace == namespace}
    names = list(dict.fromkeys(name for name, _ in found))
    properties = [p for p in PROPERTIES if any(p == q for _, q in found)]
    width = max([len(namespace), *map(len, names)], default=0)
    lines = ["  ".join([namespace.ljust(width), *(p.rjust(11) for p in properties)])]
    lines += ["  ".join([name.ljust(width), *(_cell(found.get((name, p))).rjust(11) for p in properties)])
              for name in names]
    counts = {status: sum(v.status == status for v in found.values())
              for status in ("identical", "within", "wrong", "unsupported")}
    lines.append(", ".join(f"{n} {'within bound' if s == 'within' else s}" for s, n in counts.items()))
    return "\n".join(lines)


def described(verdict: Verdict) -> str:
    """A failure in full: the smallest example, what was expected, what came, and a script."""
    failure, example = verdict.finding
    lines = [f"{verdict.case.name} on {verdict.namespace}: {verdict.prop}: {failure.message}"]
    lines.append(f"  example: {_shown_call(example, short=True)}")
    for label, value in (("expected", failure.expected), ("got", failure.got)):
        if value is not None:
            lines.append(f"  {label}: {_shown(value)}")
    if failure.error is not None:
        lines.append(f"  error {failure.error:.3g} against bound {failure.bound:.3g}")
    lines += ["  to see it:", *(f"    {line}" for line in script(verdict).splitlines())]
    return "\n".join(lines)


def _shown(value: Any) -> str:
    return np.array2string(value, threshold=40) if isinstance(value, np.ndarray) else repr(value)


def _literal(value: np.ndarray) -> str:
    """An array as Python that gives it back exactly."""
    text = repr(value.tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
    made = f"np.array({text}, dtype={value.dtype.name!r})"
    return made if 0 not in value.shape else f"np.zeros({value.shape}, dtype={value.dtype.name!r})"


def _shown_call(example: Example, short: bool = False) -> str:
    names = [Name(_literal(v) if short and v.size <= 40 else f"{v.dtype}{list(v.shape)}" if short else f"x{i}")
             for i, v in enumerate(example.values)]
    call = example.filled(names)
    arguments = [*map(repr, call.args), *(f"{k}={v!r}" for k, v in call.kwargs.items())]
    return f"K.{example.case.name}({', '.join(arguments)})"


class Name(str):
    """A piece of Python source, printed without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def script(verdict: Verdict) -> str:
    """A script of its own that shows a failure: imports, the arrays, one call, one comparison."""
    failure, example = verdict.finding
    lines = ["import numpy as np", "import backend as K", f"on = K.get_backend({verdict.namespace!r})"]
    for i, v in enumerate(example.values):
        lines.append(f"x{i} = on.asarray({_literal(v)}, {v.dtype.name!r})")
    lines.append("with K.use_backend(on):")
    lines.append(f"    got = {_shown_call(example)}")
    lines.append("print(got)")
    if isinstance(failure.expected, np.ndarray) and failure.error is not None and verdict.prop == "equal":
        part = f"got[{failure.output}]" if isinstance(failure.got, np.ndarray) and failure.output else "got"
        lines.append(f"expected = {_literal(np.asarray(failure.expected))}")
        lines.append(f"error = np.abs(np.asarray(K.eval({part}), dtype='float64') - expected)")
        lines.append(f"assert np.nanmax(error) <= {failure.bound!r}, error  # {failure.message}")
    else:
        lines.append(f"# {verdict.prop}: {failure.message.splitlines()[0]}")
    return "\n".join(lines)


def written(verdicts: Sequence[Verdict], seed: int, count: int) -> str:
    """A run as JSON."""
    rows = [{"operation": v.case.name, "chapter": v.case.chapter, "property": v.prop, "namespace": v.namespace,
             "verdict": v.status, "worst": v.worst, "unchecked": v.unchecked,
             "examples": v.examples, "reason": v.reason,
             "failure": None if v.failure is None else {"kind": v.failure.kind, "message": v.failure.message,
                                                        "script": script(v)}} for v in verdicts]
    return json.dumps({"schema": SCHEMA, "seed": seed, "examples": count, "verdicts": rows}, indent=1)
