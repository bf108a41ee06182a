"""Trying one property on examples: what each attempt shows, and the failure reduced to its simplest example."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from .bounds import Expected
from .case import Case
from .examples import Example, shrunk
from .failures import Failure, measured
from .operations import Namespace, lacking
from .printable import first_line, printable
from .properties import Property
from .scripts import finding, shown_call
from .tasks import dtypes_in
from .verdict import Verdict
from .watch import isolated, resting, trying, users_interrupt
from .xfails import Entry

__all__ = ["Excuse", "UnsupportedError", "attempt", "try_examples"]

Excuse = Callable[[Example, Failure], Entry | None]  # the expected failure of which a failure is another view

FEWEST = 3  # examples tried however little time there is; 1 where each costs a compilation


class UnsupportedError(Exception):
    """The namespace lacks a function or dtype that the operation needs."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


def attempt(prop: Property, on: Namespace, example: Example) -> float | None:
    """One property on one example; an exception of the operation is a failure, SystemExit and its like included."""
    if isolated():
        trying(_shown(example))
    try:
        return prop.holds(on, example)
    except Failure:
        raise
    except NotImplementedError as error:
        raise UnsupportedError(f"{type(error).__name__}: {first_line(error)}") from error
    except AttributeError as error:
        if error.name == "to_device" and error.__context__ is not None:  # report why the host could not read the array
            first = error.__context__
            raise Failure("exception", f"{type(first).__name__}: {first_line(first)}") from error
        owner = getattr(error, "obj", on)
        if any(owner is xp for xp in (on.xp, getattr(on.xp, "linalg", None), getattr(on.xp, "fft", None))):
            raise UnsupportedError(f"there is no function {error.name}") from error
        raise Failure("exception", f"{type(error).__name__}: {first_line(error)}") from error
    except BaseException as error:
        if users_interrupt(error):
            raise
        raise Failure("exception", f"{type(error).__name__}: {first_line(error)}") from error
    finally:
        resting()


def _shown(example: Example) -> str:
    """The call in one line, written out once for all kinds of check."""
    if "shown" not in example.cache:
        example.cache["shown"] = shown_call(example, short=True)
    return str(example.cache["shown"])


def try_examples(
    verdict: Verdict,
    case: Case,
    prop: Property,
    on: Namespace,
    found: Sequence[Example],
    seed: int,
    shrink: bool,
    until: float | None,
    excuse: Excuse = lambda example, failure: None,
) -> None:
    """Try a property on examples, in order, until one fails or time is up; the verdict records the outcome.

    A failure with an excuse is an expected one, and the other examples are tried all the same.
    """
    lacks: dict[str, str] = {}
    known: Entry | None = None
    for example in found:
        if until is not None and verdict.examples >= (1 if on.compiles else FEWEST) and time.time() > until:
            verdict.reason = f"out of time after {verdict.examples} of {len(found)} examples"
            break
        try:
            worst = attempt(prop, on, example)
        except Failure as failure:
            if (entry := excuse(example, failure)) is not None:
                known = known or entry
                continue
            _failed(verdict, prop, on, example, failure, seed, shrink)
            return
        except UnsupportedError as lack:
            lacks.setdefault(" ".join(dict.fromkeys(dtypes_in(example))), str(lack))
            continue
        if worst is not None:
            _passed(verdict, example, worst)
    if lacks:
        _unsupported(verdict, case, on, lacks)
    if known is not None:
        verdict.status, verdict.reason, verdict.link = "xfail", known.reason, known.link
    if case.group == "k":
        _count_unchecked(verdict, found, prop)


def _passed(verdict: Verdict, example: Example, worst: float) -> None:
    """An example on which the property holds."""
    verdict.examples += 1
    if worst >= verdict.worst:
        verdict.worst, verdict.dtype = worst, example.dtype
    verdict.status = "identical" if verdict.worst == 0.0 else "within"


def _unsupported(verdict: Verdict, case: Case, on: Namespace, lacks: dict[str, str]) -> None:
    """Some examples need what the namespace lacks: `lacks` has the reason by dtypes."""
    reason = next(iter(lacks.values()))
    if missing := lacking(case, on):
        verdict.status, verdict.reason = "blocked", _blocked(missing)
    elif not verdict.examples:
        verdict.status, verdict.reason = "unsupported", reason
    else:
        verdict.reason = f"unsupported for {', '.join(lacks)}: {reason}"


def _blocked(missing: frozenset[str]) -> str:
    return f"blocked by {', '.join(sorted(missing))}"


def _failed(
    verdict: Verdict, prop: Property, on: Namespace, example: Example, failure: Failure, seed: int, shrink: bool
) -> None:
    """Record a failure: blocked by what the namespace lacks, flaky if it does not repeat, else wrong."""
    kept = dict(measured)
    verdict.dtype = example.dtype
    if failure.kind in ("exception", "error class") and (missing := lacking(example.case, on)):
        verdict.status, verdict.reason = "blocked", _blocked(missing)
        return
    try:
        attempt(prop, on, example)
    except (Failure, UnsupportedError):
        verdict.status = "wrong"
        if shrink and prop.examples not in ("errors", "special"):
            failure, example = _shrunk(failure, example, prop, on, seed)
    else:
        verdict.status, verdict.reason = "flaky", "fails once and passes when repeated on the same example"
    if failure.error is not None and failure.bound:
        verdict.worst = failure.error / failure.bound
    verdict.finding = finding(failure, example, on.name, prop.name)
    measured.clear()
    measured.update(kept)


def _shrunk(first: Failure, example: Example, prop: Property, on: Namespace, seed: int) -> tuple[Failure, Example]:
    """The simplest example that fails in the same way, and its failure."""
    failures: dict[int, Failure] = {}

    def fails(candidate: Example) -> bool:
        if not on.holds(candidate):
            return False
        try:
            attempt(prop, on, candidate)
        except Failure as failure:
            failures[id(candidate)] = failure
            return failure.kind == first.kind
        except UnsupportedError:
            return False
        return False

    smallest = shrunk(example, fails, prop.examples == "smooth", seed)
    return failures.get(id(smallest), first), smallest


def _count_unchecked(verdict: Verdict, found: Sequence[Example], prop: Property) -> None:
    """A case fails if most of its values cannot be checked."""
    key = {"value": "expected", "gradient": "wanted gradients"}.get(prop.name)
    drawn_ones = [e for e in found if not any(e.call is c for c in e.case.edges)]
    bounds = [
        w.bound
        for e in drawn_ones
        for k, results in e.cache.items()
        if k[0] == key
        for w in results or ()
        if isinstance(w, Expected) and w.bound is not None and w.bound.size
    ]
    if bounds:
        verdict.unchecked = sum(int(np.sum(np.isinf(b))) for b in bounds) / sum(b.size for b in bounds)
    if verdict.unchecked > 0.5 and verdict.status != "wrong":
        verdict.status = "wrong"
        verdict.finding = finding(
            Failure(
                "unchecked",
                f"{verdict.unchecked:.0%} of the values depend on rounding and "
                "cannot be checked; choose inputs for the case away from jumps and overflow",
            ),
            drawn_ones[0],
            verdict.namespace,
            prop.name,
        )
