"""Verdicts: each property of a case tried on its examples, the outcome compared with the expected failures."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence

from ..case import Case
from ..examples import Example
from ..judging.causes import Cause, Traits, cause_of
from ..judging.failures import Failure, measured
from ..judging.sources import source_of
from ..judging.xfails import Entry, entries_of
from ..printable import LONGEST, printable
from ..properties.registry import PROPERTIES, Property
from ..subjects.modules import Module
from ..subjects.operations import Namespace, namespace
from ..verdict import CHECKED, LOST, OUT_OF_TIME, Verdict
from ..watch import users_interrupt
from .attempts import Excuse, UnsupportedError, attempt, try_examples
from .losses import Journal, broken, cause_of_loss, lost
from .origin import origins
from .tasks import EXAMPLES, SEED, dtypes_in, examples_of, tasks_of
from .workers import Key

__all__ = ["verdict_on", "verdicts_of"]

DRAWING = 0.005  # seconds that an example takes to draw, twice the average
COMPARED = ("value", "special", "shape", "dtype")  # the kinds whose expected failures other kinds show again

# Abilities that the probe tries and some namespaces lack, by the cases that need them.
ABILITIES = {"array.setitem": "write to slices", "array.getitem_reversed": "negative steps"}


def verdicts_of(
    case: Case,
    on: Namespace,
    *,
    kinds: Sequence[str] | None = None,
    count: int = EXAMPLES,
    seed: int = SEED,
    dtype: str | None = None,
    known: Mapping[str, Entry] | None = None,
    until: float | None = None,
    shrink: bool = True,
    journal: Journal | None = None,
) -> list[Verdict]:
    """All verdicts on one operation; an operation that the namespace lacks gets one verdict.

    `journal`: what earlier processes found out about it, which is not tried again.
    """
    known, journal = known or {}, journal or Journal()
    ability = ABILITIES.get(case.name, "")
    if not on.judges(case):
        return []
    if (case.group == "standard" or isinstance(on, Module)) and (
        case.name in on.probe.missing or not on.probe.abilities.get(ability, True)
    ):
        lacking = _verdict(case, "value", on, "")
        lacking.status = "unsupported"
        lacking.reason = f"the probe found no {ability}" if ability else f"there is no function {case.name}"
        journal.note((on.name, lacking.kind, ""), _plain(lacking))
        return [lacking]
    found: list[Verdict] = []
    todo = tasks_of(case, on, kinds)
    for i, (prop, place, variant) in enumerate(todo):
        apart = () if variant else _apart(case, prop, known)
        for of, label in (*((d, d) for d in apart), (dtype, variant)):
            limit = None if until is None else time.time() + max(until - time.time(), 0.0) / (len(todo) - i)
            run = functools.partial(verdict_on, case, prop, place, dtype=of, besides=apart, reported=on, known=known)
            key = (on.name, prop.name, label)
            if (verdict := journal.finished.get(key)) is None:
                verdict = _verdict(case, prop.name, on, label)
                late = bool(found) and time.time() > journal.end
                examples = functools.partial(examples_of, case, prop, place, count, seed, of)
                if not _untried(verdict, key, prop, place, journal, late, known, examples):
                    journal.begin(key, bool(entries_of(known, verdict.id)))
                    tried = functools.partial(run, count, seed, shrink, variant=label, until=limit)
                    again = functools.partial(run, EXAMPLES, SEED, False, variant=label)
                    verdict = _judged(verdict, tried, known, again)
                journal.note(key, _plain(verdict))
            found.append(verdict)
        if found and found[0].status in ("unsupported", "blocked") and found[0].kind == "value":
            return found[:1]
    return found


def _untried(
    verdict: Verdict,
    key: Key,
    prop: Property,
    place: Namespace,
    journal: Journal,
    late: bool,
    known: Mapping[str, Entry],
    examples: Callable[[], list[Example]],
) -> bool:
    """Whether a verdict stands without a trial: a process was lost with it, or too many with others; or it is late."""
    if (loss := journal.losses.get(key)) is not None:
        journal.begin(key, True)
        lost(verdict, loss, prop, place, examples)
        _judge(verdict, known)
    elif why := journal.given_up(verdict.namespace):
        verdict.status, verdict.reason = "blocked", why
    elif late:
        verdict.status, verdict.reason = "empty", OUT_OF_TIME
    return bool(verdict.reason)


def _judged(
    blank: Verdict, tried: Callable[[], Verdict], known: Mapping[str, Entry], again: Callable[[], Verdict]
) -> Verdict:
    """The verdict of a trial, expected or not; where the tool itself fails, that is the verdict on this one kind."""
    try:
        verdict = tried()
        _judge(verdict, known, again)
    except BaseException as error:
        if users_interrupt(error):
            raise
        verdict = broken(blank, error)
    return verdict


def _plain(verdict: Verdict) -> Verdict:
    """The verdict with every text in it printable; text of libraries enters by names, reasons and findings."""
    for part in (verdict, *verdict.findings):
        for name, value in vars(part).items():
            if isinstance(value, str):
                setattr(part, name, printable(value, len(value) if name == "script" else LONGEST))
    return verdict


def _id(case: Case, prop: Property, variant: str) -> str:
    return Verdict("", case.group, "", case.name, prop.name, variant).id


def _apart(case: Case, prop: Property, known: Mapping[str, Entry]) -> tuple[str, ...]:
    """The dtypes with an expected failure of their own: each gets a verdict of its own."""
    start = _id(case, prop, "") + "/"
    found = dict.fromkeys(e.id.removeprefix(start) for e in known.values() if e.id.startswith(start))
    return tuple(found) if prop.name != "device" else ()


def _excuse(case: Case, prop: Property, on: Namespace, known: Mapping[str, Entry], own: str) -> Excuse:
    """The expected failure that an example shows: one of the verdict's own id, or one seen again.

    One fault, one blame: a sum of uint8 with the dtype int64 fails by 'dtype', and by 'device' on every device. An
    exception that a function is expected to raise is that failure in whatever calls the function.
    """

    def excuse(example: Example, failure: Failure, cause: Cause) -> Entry | None:
        for entry in entries_of(known, own):
            if entry.covers(cause):
                return entry
        if (raised := _raised_again(failure, cause, example, on, known, own)) is not None:
            return raised
        if prop.name in COMPARED and failure.kind != "exception":
            return None  # each of these has something of its own to compare
        for other in COMPARED:
            for variant in ("", *dtypes_in(example)) if other != prop.name else ():
                for entry in entries_of(known, _id(case, PROPERTIES[other], variant)):
                    again = _fails(PROPERTIES[other], on, example)
                    if again is not None and again.kind == failure.kind and entry.covers(cause_of(again, example)):
                        return entry
        return None

    return excuse


def _raised_again(
    failure: Failure, cause: Cause, example: Example, on: Namespace, known: Mapping[str, Entry], own: str
) -> Entry | None:
    """The entry of a function of the standard that says that it raises this: of any kind, on the same device."""
    if failure.kind not in ("exception", "error class") or not known:
        return None
    places = ("", own.partition("/device/")[2], *dtypes_in(example))
    itself = [(example.case.name, cause.text)] if example.case.group == "standard" else []
    for name, text in [*itself, *origins(failure.__cause__, on)]:
        raised = Cause("", text, Traits("", ()))  # by its text alone: a dtype or a parameter is another function's
        for entry in known.values():
            operation, _, variant = entry.id.partition("/")
            variant = variant.partition("/")[2]
            if operation == f"xp.{name}" and variant in places and entry.cause and entry.covers(raised):
                return entry
    return None


def _fails(prop: Property, on: Namespace, example: Example) -> Failure | None:
    """The failure of a property on an example, if it fails."""
    try:
        attempt(prop, on, example)
    except Failure as failure:
        return failure
    except UnsupportedError:
        pass
    return None


def _judge(verdict: Verdict, known: Mapping[str, Entry], again: Callable[[], Verdict] | None = None) -> None:
    """Mark a verdict that passes although there are entries for it, and one that is lost as they say."""
    entries = entries_of(known, verdict.id)
    if verdict.status in LOST:
        entries = [entry for entry in entries if entry.covers(cause_of_loss(verdict))]
    if not entries or (verdict.status in CHECKED and all(entry.varies for entry in entries)):
        return
    reason = "; ".join(dict.fromkeys(entry.reason for entry in entries))
    if verdict.status in CHECKED:
        verdict.status, verdict.link = "xpass", entries[0].link
        # another seed or fewer examples may have missed the failure
        if again is not None and (seen := again()).status in ("wrong", "xfail"):
            verdict.status, verdict.entries = "xfail", seen.entries
        passes = "" if verdict.status == "xfail" else "passes, but was expected to fail: "
        verdict.reason = f"{passes}{reason}"
    elif verdict.status in LOST:
        verdict.status, verdict.reason, verdict.link = "xfail", reason, entries[0].link
        verdict.entries = [entry.key for entry in entries]
    elif verdict.status == "flaky" and any(not entry.cause for entry in entries):
        verdict.status, verdict.reason, verdict.link = "xfail", reason, entries[0].link


def _verdict(case: Case, kind: str, on: Namespace, variant: str) -> Verdict:
    verdict = Verdict(on.name, case.group, case.chapter, case.name, kind, variant)
    verdict.source = source_of(verdict, on.revision)
    return verdict


def verdict_on(
    case: Case,
    prop: Property,
    on: Namespace,
    count: int = EXAMPLES,
    seed: int = SEED,
    shrink: bool = True,
    *,
    variant: str = "",
    dtype: str | None = None,
    besides: Sequence[str] = (),
    reported: Namespace | None = None,
    until: float | None = None,
    known: Mapping[str, Entry] | None = None,
) -> Verdict:
    """Try a property on its examples until time runs out; `known`: the expected failures of the namespace."""
    start = time.perf_counter()
    verdict = _verdict(case, prop.name, reported or on, variant)
    measured.clear()
    # drawing takes time as well: within a budget, try the fixed examples first
    later = until is not None and prop.examples == "all"
    found = [
        e
        for e in examples_of(case, prop, on, 0 if later else count, seed, dtype)
        if variant in besides or not set(dtypes_in(e)) & set(besides)
    ]
    if not found:
        if besides or dtype or not examples_of(case, prop, namespace("numpy"), 0, seed):
            verdict.status, verdict.reason = "empty", "no examples"
        else:
            verdict.status, verdict.reason = "unsupported", "every example needs a dtype that the namespace lacks"
    else:
        excuse = _excuse(case, prop, on, known or {}, verdict.id)
        try_examples(verdict, case, prop, on, found, seed, shrink, until, excuse)
        drawing = DRAWING * count * len(case.calls)
        if later and count and until is not None and time.time() + drawing < until and verdict.status in CHECKED:
            whole = examples_of(case, prop, on, count, seed, dtype)
            more = [e for e in whole if e not in found and (variant in besides or not set(dtypes_in(e)) & set(besides))]
            try_examples(verdict, case, prop, on, more, seed, shrink, until, excuse)
    verdict.ulps = dict(measured) if prop.name in ("value", "special", "device") else {}
    verdict.seconds = time.perf_counter() - start
    return verdict
