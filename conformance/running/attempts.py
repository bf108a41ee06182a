"""Trying one property on examples: what each attempt shows, and the failure reduced to its simplest example."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from backend.arrays.dtypes import DTYPES

from ..case import Case
from ..examples import Example, shrunk, weight
from ..judging.bounds import Expected
from ..judging.causes import Cause, Traits, cause_of, scopes, traits_of, worded
from ..judging.failures import Failure, measured
from ..judging.xfails import Entry
from ..printable import first_line, printable
from ..properties.registry import Property
from ..scripts.choice import finding, shown_call
from ..subjects.operations import Namespace, lacking
from ..verdict import FINDINGS, Finding, Verdict
from ..watch import isolated, resting, trying, users_interrupt
from .tasks import dtypes_in

__all__ = ["Excuse", "UnsupportedError", "attempt", "try_examples"]

Excuse = Callable[[Example, Failure, Cause], Entry | None]  # the expected failure that a failure is, or a view of

CHAINED = 20  # exceptions of a chain that are looked at
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
        if what := _absent(error, on):
            raise UnsupportedError(f"there is no {what}") from error
        raise Failure("exception", f"{type(error).__name__}: {first_line(error)}") from error
    except BaseException as error:
        if users_interrupt(error):
            raise
        if example.case.group == "k" and (what := _absent(error, on)):  # K says what it was doing, and why it failed
            raise UnsupportedError(f"there is no {what}") from error
        raise Failure("exception", f"{type(error).__name__}: {first_line(error)}") from error
    finally:
        resting()


def _shown(example: Example) -> str:
    """The call in one line, written out once for all kinds of check."""
    if "shown" not in example.cache:
        example.cache["shown"] = shown_call(example, short=True)
    return str(example.cache["shown"])


def _absent(error: BaseException | None, on: Namespace) -> str:
    """The function or dtype that an error did not find in the namespace, or ''; the errors before it count as well."""
    for _ in range(CHAINED):  # a chain may be a circle
        if error is None:
            break
        if (match := re.search(r"has no (dtype \w+)", first_line(error))) and not hasattr(
            on.xp, match[1].removeprefix("dtype ")
        ):
            return match[1]  # what K says where it looks for one

        owner = getattr(error, "obj", on)
        spaces = (on.xp, getattr(on.xp, "linalg", None), getattr(on.xp, "fft", None))
        if isinstance(error, AttributeError) and error.name and any(owner is xp for xp in spaces):
            return f"{'dtype' if error.name in DTYPES else 'function'} {error.name}"
        error = error.__cause__ or error.__context__
    return ""


# A creation function that refuses device=, which every one has in the standard, and which K passes to all of them.
_CREATION = re.compile(r"\b(asarray|arange|empty|eye|from_array|full|linspace|ones|zeros)(_like)?\b")


def _blocking(case: Case, on: Namespace, failure: Failure) -> str:
    """Why an operation of K cannot run on the namespace, whatever its own merits; '' if it can."""
    if case.group != "k" or failure.kind not in ("exception", "error class"):
        return ""
    if missing := lacking(case, on):
        return f"blocked by {', '.join(sorted(missing))}"
    text = failure.message.partition(": ")[2].removeprefix(f"{case.name}: ")  # K's errors begin with the operation
    found = None if on.takes_device else _CREATION.search(text)
    return f"blocked by {found[0]}, which takes no device=" if found else ""


@dataclass
class _Failed:
    """The failing examples of one cause."""

    cause: Cause
    failure: Failure
    example: Example  # the smallest
    known: Entry | None = None  # the expected failure that it is
    count: int = 1


class _Tally:
    """What the examples of one property show: those that pass, and the failing ones by cause."""

    def __init__(self) -> None:
        self.passed: list[Traits] = []
        self.failed: dict[Cause, _Failed] = {}
        self.lacks: dict[str, str] = {}  # dtypes of examples that need what the namespace lacks -> the reason
        self.tried: dict[str, list[bool]] = {}  # dtypes of an example -> whether it passes

    def add(self, example: Example, failure: Failure, excuse: Excuse) -> None:
        """A failing example: the first one of its cause is looked at, further ones are counted."""
        cause = cause_of(failure, example)
        group = self.failed.get(cause)
        if group is None:
            self.failed[cause] = _Failed(cause, failure, example, excuse(example, failure, cause))
            return
        group.count += 1
        if weight(example) < weight(group.example):
            group.failure, group.example = failure, example

    def groups(self, known: bool) -> list[_Failed]:
        """The failures that are expected ones, or those that are not."""
        return [group for group in self.failed.values() if (group.known is not None) == known]

    def merged(self, groups: Sequence[_Failed]) -> list[tuple[str, _Failed]]:
        """The failures that probably have one cause put together: (what they have in common, the smallest of them)."""
        kinds: dict[tuple[str, str], list[_Failed]] = {}
        for group in groups:
            kinds.setdefault(group.cause[:2], []).append(group)
        found = []
        for alike in kinds.values():
            for scope, which in scopes([(g.cause.traits, g.count) for g in alike], self.passed):
                these = [alike[i] for i in which]
                best = min(these, key=lambda g: weight(g.example))
                found.append((scope, replace(best, count=sum(g.count for g in these))))
        return found

    def dtypes(self) -> dict[str, bool]:
        """The dtypes tried, and whether every example of each passes; mixed ones only count where nothing else does."""
        plain = {name: all(held) for name, held in self.tried.items() if "+" not in name}
        if plain:
            return plain
        mixed: dict[str, bool] = {}
        for names, held in self.tried.items():
            first = names.partition("+")[0]
            mixed[first] = mixed.get(first, True) and all(held)
        return mixed


def try_examples(
    verdict: Verdict,
    case: Case,
    prop: Property,
    on: Namespace,
    found: Sequence[Example],
    seed: int,
    shrink: bool,
    until: float | None,
    excuse: Excuse = lambda example, failure, cause: None,
) -> None:
    """Try a property on examples, in order, until time is up; the verdict records the outcome, failures by cause.

    A failure with an excuse is an expected one. An operation that calls a missing function is blocked at once.
    """
    tally = _Tally()
    for example in found:
        if until is not None and verdict.examples >= (1 if on.compiles else FEWEST) and time.time() > until:
            verdict.reason = f"out of time after {verdict.examples} of {len(found)} examples"
            break
        traits = traits_of(example)
        try:
            worst = attempt(prop, on, example)
        except Failure as failure:
            if reason := _blocking(case, on, failure):
                verdict.status, verdict.reason, verdict.dtype = "blocked", reason, example.dtype
                return
            tally.add(example, failure, excuse)
            tally.tried.setdefault(traits.dtypes, []).append(False)
            continue
        except UnsupportedError as lack:
            tally.lacks.setdefault(" ".join(dict.fromkeys(dtypes_in(example))), str(lack))
            tally.tried.setdefault(traits.dtypes, []).append(False)
            continue
        tally.tried.setdefault(traits.dtypes, []).append(True)
        if worst is not None:
            tally.passed.append(traits)
            _passed(verdict, example, worst)
    if tally.lacks:
        _unsupported(verdict, case, on, tally.lacks)
    verdict.dtypes |= {name: held and verdict.dtypes.get(name, True) for name, held in tally.dtypes().items()}
    if tally.failed:
        _failed(verdict, prop, on, tally, seed, shrink)
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
        verdict.status, verdict.reason = "blocked", f"blocked by {', '.join(sorted(missing))}"
    elif not verdict.examples:
        verdict.status, verdict.reason = "unsupported", reason
    else:
        verdict.reason = f"unsupported for {', '.join(lacks)}: {reason}"


def _failed(verdict: Verdict, prop: Property, on: Namespace, tally: _Tally, seed: int, shrink: bool) -> None:
    """Record the failures: expected ones, flaky ones that do not repeat, wrong results; a finding for each cause."""
    known, groups = tally.groups(True), tally.groups(False)
    entries = {group.known.key: group.known for group in known if group.known is not None}
    verdict.entries = list(entries)
    verdict.covered = _covered(known)
    merged = tally.merged(groups)
    verdict.causes = len(merged) + len(tally.merged(known))
    kept = dict(measured)
    if not groups:
        verdict.status, verdict.reason = "xfail", _reasons(list(entries.values()), tally.merged(known))
        verdict.link = next((e.link for e in entries.values() if e.link), "")
        if verdict.id in {e.id for e in entries.values()}:  # not where it is a failure of another kind seen again
            merged, shrink = tally.merged(known), False
    else:
        verdict.dtype = groups[0].cause.traits.dtypes
        verdict.status = "wrong"
        if not any(_repeats(prop, on, group.example) for _, group in merged[:FINDINGS]):
            verdict.status, verdict.reason = "flaky", "fails once and passes when repeated on the same example"
            shrink = False
        elif entries:
            verdict.reason = f"beside the expected failure: {_reasons(list(entries.values()), [])}"
    found: list[Finding] = []
    for scope, group in merged[:FINDINGS]:
        failure, example = group.failure, group.example
        if shrink and prop.examples not in ("errors", "special"):
            failure, example = _shrunk(group, prop, on, seed)
        if failure.error is not None and failure.bound and not found:
            verdict.worst = failure.error / failure.bound
        one = finding(failure, example, on.name, prop.name)
        one.text, one.scope, one.count = group.cause.text, scope, group.count
        found.append(one)
    if found:
        verdict.finding, verdict.further = found[0], found[1:]
    measured.clear()
    measured.update(kept)


def _covered(known: Sequence[_Failed]) -> dict[str, list[str]]:
    """The causes of expected failures in words, by the keys of their entries."""
    found: dict[str, dict[str, None]] = {}
    for group in known:
        if group.known is not None:
            found.setdefault(group.known.key, {})[worded(group.cause)] = None
    return {key: list(words) for key, words in found.items()}


def _reasons(entries: Sequence[Entry], merged: Sequence[tuple[str, _Failed]]) -> str:
    """Why failures are expected; where one entry stands for several causes, their number."""
    text = "; ".join(dict.fromkeys(entry.reason for entry in entries))
    loose = any(not entry.cause for entry in entries) and len(merged) > len(entries)
    return f"{text} ({len(merged)} causes)" if loose else text


def _repeats(prop: Property, on: Namespace, example: Example) -> bool:
    """Whether an example that failed fails again."""
    try:
        attempt(prop, on, example)
    except (Failure, UnsupportedError):
        return True
    return False


def _shrunk(group: _Failed, prop: Property, on: Namespace, seed: int) -> tuple[Failure, Example]:
    """The simplest example that fails in the same way, and its failure."""
    first, example = group.failure, group.example
    failures: dict[int, Failure] = {}

    def fails(candidate: Example) -> bool:
        if not on.holds(candidate):
            return False
        try:
            attempt(prop, on, candidate)
        except Failure as failure:
            failures[id(candidate)] = failure
            return cause_of(failure, candidate)[:2] == group.cause[:2]
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
