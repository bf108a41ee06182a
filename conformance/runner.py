"""Running properties over the examples of a case, and the verdict that comes out."""

from __future__ import annotations

import fnmatch
import importlib
import pkgutil
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

import backend as K

from .bounds import Expected
from .case import A, Case, discovered, discovered_standard, parts
from .examples import Example, drawn, edges, erroneous, shrunk, typical
from .failures import Failure, measured
from .module_properties import properties_of
from .modules import Module
from .operations import Namespace, namespace
from .properties import Property
from .scripts import finding
from .verdict import CHECKED, Verdict
from .xfails import Entry

__all__ = ["EXAMPLES", "SEED", "examples_of", "public_operations", "selected", "tasks_of", "verdict_on", "verdicts_of"]

EXAMPLES, SEED = 4, 0  # drawn per call, beside the typical and the literal ones; the seed of everything drawn
FEWEST = 3  # examples that are tried however little time there is; 1 where each costs a compilation
GROUPS = ("standard", "k")
# What the probe tried and some namespaces do without, by the cases that need it.
ABILITIES = {"array.setitem": "write to slices", "array.getitem_reversed": "negative steps"}


def selected(pattern: str | None, groups: Sequence[str] = ("k",)) -> list[Case]:
    """The cases whose names match a pattern such as 'soft*' or 'xp.exp*', in the order of their chapters."""
    found: list[Case] = []
    for group in groups:
        registry = discovered_standard() if group == "standard" else discovered()
        found += sorted(registry.values(), key=lambda case: case.chapter)
    return [
        case
        for case in found
        if pattern is None
        or any(
            fnmatch.fnmatchcase(name, pattern)
            for name in (case.name, *([f"xp.{case.name}"] if case.group == "standard" else []))
        )
    ]


Task = tuple[Property, Namespace, str]  # the property, where it is tried, and that place's name if it is another one


def _places(prop: Property, on: Namespace) -> Iterator[tuple[Namespace, str]]:
    """The namespace; for 'device' each of its devices, or the one that was asked for."""
    if prop.name != "device":
        yield on, ""
    elif on.backend.device is None or (not on.devices and str(on.backend.device) != "cpu"):
        if on.backend.device is not None:
            yield on, ""
        for place in on.devices:
            yield place, place.name.removeprefix(f"{on.name}:")


def tasks_of(case: Case, on: Namespace, kinds: Sequence[str] | None = None) -> list[Task]:
    """Everything there is to try of one case on one namespace."""
    return (
        []
        if not on.judges(case)
        else [
            (prop, place, variant)
            for prop in properties_of(on).values()
            if (kinds is None or prop.name in kinds) and prop.applies(case, on)
            for place, variant in _places(prop, on)
        ]
    )


def examples_of(
    case: Case, prop: Property, on: Namespace, count: int = EXAMPLES, seed: int = SEED, dtype: str | None = None
) -> list[Example]:
    """The examples a property is tried on, of dtypes the namespace has."""
    calls = range(len(case.calls))
    if prop.examples == "errors":
        name = next((d for d in ("float32", *case.dtypes) if d in case.dtypes and d in on.dtypes), case.dtypes[0])
        found = [erroneous(case, i, name) for i in range(len(case.errors))]
    elif prop.examples == "smooth":
        dtypes = [d for d in ("float64", "float32") if d in case.dtypes and d in on.dtypes][:2]
        found = [typical(case, i, d, 0, seed) for i in calls for d in dtypes]
    elif prop.examples == "special":
        found = edges(case)
    else:
        found = [
            typical(case, i, d, variant, seed)
            for i in calls
            for d in _dtypes(case, i)
            for variant in _variants(case, i, d, prop, on)
        ]
        if prop.examples == "all":
            found += [e for i in calls for e in drawn(case, i, count, seed)]
            found += edges(case) if case.group == "k" else []
    if prop.examples != "smooth":  # where time runs out, float32 was tried first
        found.sort(key=lambda e: ("float32", "float64", "float16").index(e.dtype))
    return [e for e in found if on.holds(e) and (dtype is None or dtype in _used(e))]


def _variants(case: Case, index: int, dtype: str, prop: Property, on: Namespace) -> tuple[int, ...]:
    """The sizes that one call is tried in with a dtype.

    Where each shape costs a compilation (on JAX 31 ms, and an operation takes 137 of them) a dtype has sizes of its
    own, the same ones for all properties, in place of each dtype in each size.
    """
    if on.compiles and len(_dtypes(case, index)) > 1:
        return (int(dtype != "float32"),)
    return (0, 1) if prop.name in ("unknown", "value") else (0,)


def _dtypes(case: Case, index: int) -> tuple[str, ...]:
    """The dtypes one call is tried in: all where it holds floats, else one."""
    free = any(
        p.dtype in ("float", "complex") if isinstance(p, A) else p.dtype == np.float64 for p in parts(case.calls[index])
    )
    return case.dtypes if free or case.group == "k" else case.dtypes[:1]


def _used(example: Example) -> tuple[str, ...]:
    return tuple(v.dtype.name for v in example.values) or (example.dtype,)


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
) -> list[Verdict]:
    """All verdicts on one operation; what the namespace lacks is one verdict."""
    known = known or {}
    ability = ABILITIES.get(case.name, "")
    if not on.judges(case):
        return []
    if (case.group == "standard" or isinstance(on, Module)) and (
        case.name in on.probe.missing or not on.probe.abilities.get(ability, True)
    ):
        lacking = _verdict(case, "value", on, "")
        lacking.status = "unsupported"
        lacking.reason = f"the probe found no {ability}" if ability else f"there is no function {case.name}"
        return [lacking]
    found: list[Verdict] = []
    todo = tasks_of(case, on, kinds)
    for i, (prop, place, variant) in enumerate(todo):
        apart = _apart(case, prop, known) if not variant else ()
        for each in (*((d, d) for d in apart), (dtype, "")):
            limit = None if until is None else time.time() + max(until - time.time(), 0.0) / (len(todo) - i)
            verdict = verdict_on(
                case,
                prop,
                place,
                count,
                seed,
                shrink and _id(case, prop, each[1] or variant) not in known,
                variant=each[1] or variant,
                dtype=each[0],
                besides=apart,
                reported=on,
                until=limit,
            )
            _judge(
                verdict,
                known,
                lambda p=prop, q=place, e=each, a=apart: verdict_on(
                    case, p, q, EXAMPLES, SEED, False, dtype=e[0], besides=a, reported=on
                ),
            )
            found.append(verdict)
        if found and found[0].status in ("unsupported", "blocked") and found[0].kind == "value":
            return found[:1]
    return found


def _id(case: Case, prop: Property, variant: str) -> str:
    return Verdict("", case.group, "", case.name, prop.name, variant).id


def _apart(case: Case, prop: Property, known: Mapping[str, Entry]) -> tuple[str, ...]:
    """The dtypes that have an expected failure of their own, and so a verdict of their own."""
    start = _id(case, prop, "") + "/"
    return tuple(i.removeprefix(start) for i in known if i.startswith(start)) if prop.name != "device" else ()


def _judge(verdict: Verdict, known: Mapping[str, Entry], again: Any) -> None:
    """Compare a verdict with what was expected of it."""
    entry = known.get(verdict.id)
    if entry is None:
        return
    if verdict.status in ("identical", "within"):
        verdict.status, verdict.link = "xpass", entry.link
        if again().status == "wrong":  # another seed or fewer examples missed it
            verdict.status = "xfail"
        passes = "" if verdict.status == "xfail" else "passes, though expected to fail: "
        verdict.reason = f"{passes}{entry.reason}"
    elif verdict.status in ("wrong", "flaky"):
        verdict.status, verdict.reason, verdict.link = "xfail", entry.reason, entry.link


def _verdict(case: Case, kind: str, on: Namespace, variant: str) -> Verdict:
    return Verdict(on.name, case.group, case.chapter, case.name, kind, variant)


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
) -> Verdict:
    """Try a property on all its examples, or on as many as there is time for."""
    start = time.perf_counter()
    verdict = _verdict(case, prop.name, reported or on, variant)
    measured.clear()
    # within a budget, drawing takes time as well: it waits until the fixed examples have been tried
    later = until is not None and prop.examples == "all"
    found = [
        e
        for e in examples_of(case, prop, on, 0 if later else count, seed, dtype)
        if variant in besides or not set(_used(e)) & set(besides)
    ]
    if not found:
        lacks = not examples_of(case, prop, namespace("numpy"), 0, seed, dtype) or besides or dtype
        verdict.status, verdict.reason = (
            ("empty", "no examples") if lacks else ("unsupported", "every example needs a dtype that is not there")
        )
    else:
        _tried(verdict, case, prop, on, found, seed, shrink, until)
        if later and count and until is not None and time.time() < until and verdict.status in CHECKED:
            whole = examples_of(case, prop, on, count, seed, dtype)
            more = [e for e in whole if e not in found and (variant in besides or not set(_used(e)) & set(besides))]
            _tried(verdict, case, prop, on, more, seed, shrink, until)
    verdict.ulps = dict(measured) if prop.name in ("value", "special", "device") else {}
    verdict.seconds = time.perf_counter() - start
    return verdict


def _tried(
    verdict: Verdict,
    case: Case,
    prop: Property,
    on: Namespace,
    found: list[Example],
    seed: int,
    shrink: bool,
    until: float | None,
) -> None:
    lacks: dict[str, str] = {}
    for example in found:
        if until is not None and verdict.examples >= (1 if on.compiles else FEWEST) and time.time() > until:
            verdict.reason = f"time for {verdict.examples} of {len(found)} examples"
            break
        try:
            worst = attempt(prop, on, example)
        except Failure as failure:
            _failed(verdict, prop, on, example, failure, seed, shrink)
            return
        except Unsupported as lack:
            lacks.setdefault(" ".join(dict.fromkeys(_used(example))), str(lack))
            continue
        if worst is not None:
            verdict.examples += 1
            if worst >= verdict.worst:
                verdict.worst, verdict.dtype = worst, example.dtype
            verdict.status = "identical" if verdict.worst == 0.0 else "within"
    if missing := on.lacking(case) if lacks else None:
        verdict.status, verdict.reason = "blocked", f"blocked by {', '.join(sorted(missing))}"
    elif lacks and not verdict.examples:
        verdict.status, verdict.reason = "unsupported", next(iter(lacks.values()))
    elif lacks:
        verdict.reason = f"unsupported for {', '.join(lacks)}: {next(iter(lacks.values()))}"
    if case.group == "k":
        _count_unchecked(verdict, found, prop)


def _failed(
    verdict: Verdict, prop: Property, on: Namespace, example: Example, failure: Failure, seed: int, shrink: bool
) -> None:
    """A failure: blocked by what the namespace lacks, flaky if it does not come again, else wrong."""
    kept = dict(measured)
    verdict.dtype = example.dtype
    if failure.kind in ("exception", "error class") and (lacks := on.lacking(example.case)):
        verdict.status, verdict.reason = "blocked", f"blocked by {', '.join(sorted(lacks))}"
        return
    try:
        attempt(prop, on, example)
    except (Failure, Unsupported):
        verdict.status = "wrong"
        if shrink and prop.examples not in ("errors", "special"):
            failure, example = _shrunk(failure, example, prop, on, seed)
    else:
        verdict.status, verdict.reason = "flaky", "fails once and passes on repetition, on one and the same example"
    if failure.error is not None and failure.bound:
        verdict.worst = failure.error / failure.bound
    verdict.finding = finding(failure, example, on.name, prop.name)
    measured.clear()
    measured.update(kept)


def _count_unchecked(verdict: Verdict, found: Sequence[Example], prop: Property) -> None:
    """A verdict on values of which most cannot be checked is worth nothing: that is a failure of the case."""
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
                f"{verdict.unchecked:.0%} of the values hang on rounding and "
                "cannot be checked; give the case inputs away from jumps and overflow",
            ),
            drawn_ones[0],
            verdict.namespace,
            prop.name,
        )


class Unsupported(Exception):
    """The namespace lacks a function or dtype that the operation needs."""


def attempt(prop: Property, on: Namespace, example: Example) -> float | None:
    """One property on one example; an exception of the operation is a failure, too."""
    try:
        return prop.holds(on, example)
    except Failure:
        raise
    except NotImplementedError as error:
        raise Unsupported(f"{type(error).__name__}: {_first_line(error)}") from error
    except AttributeError as error:
        if error.name == "to_device" and error.__context__ is not None:  # the host could not read the array: why?
            first = error.__context__
            raise Failure("exception", f"{type(first).__name__}: {_first_line(first)}") from error
        asked = getattr(error, "obj", on)
        if any(asked is xp for xp in (on.xp, getattr(on.xp, "linalg", None), getattr(on.xp, "fft", None))):
            raise Unsupported(f"there is no function {error.name}") from error
        raise Failure("exception", f"{type(error).__name__}: {_first_line(error)}") from error
    except Exception as error:
        raise Failure("exception", f"{type(error).__name__}: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), "")


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
        except Unsupported:
            return False
        return False

    smallest = shrunk(example, fails, prop.examples == "smooth", seed)
    return failures.get(id(smallest), first), smallest


def public_operations() -> dict[str, str]:
    """The operations of K by name, each with its chapter: the public functions of backend.ops and backend.control."""
    import backend.control
    import backend.ops

    found: dict[str, str] = {}
    for package in (backend.ops, backend.control):
        for module in pkgutil.iter_modules(package.__path__):
            chapter = importlib.import_module(f"{package.__name__}.{module.name}")
            found.update(
                (name, module.name)
                for name in getattr(chapter, "__all__", ())
                if callable(getattr(chapter, name)) and getattr(K, name, None) is getattr(chapter, name)
            )
    return found


def uncovered(exempt: dict[str, str]) -> dict[str, Any]:
    """Operations without a case or an exemption."""
    return {
        name: chapter
        for name, chapter in public_operations().items()
        if name not in discovered() and name not in exempt
    }
