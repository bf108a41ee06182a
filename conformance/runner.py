"""Running properties over the examples of a case, and the verdict that comes out."""

from __future__ import annotations

import fnmatch
import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import backend as K

from .bounds import Expected
from .case import FLOATS, Case, discovered
from .drawing import Example, drawn, edges, erroneous, shrunk, typical
from .failures import Failure
from .operations import Namespace
from .properties import PROPERTIES, Property

__all__ = ["Verdict", "examples_of", "public_operations", "selected", "tasks", "verdict_on"]

EXAMPLES, SEED = 4, 0  # drawn per call, beside the typical and the literal ones; the seed of everything drawn


@dataclass
class Verdict:
    """What came out for one operation, property and namespace.

    `prop` is the property's name.
    `status`: 'identical', 'within' (a bound), 'wrong', 'unsupported' (the namespace lacks what is needed) or 'empty'
    (the property has nothing to say).
    """

    case: Case
    prop: str
    namespace: str
    status: str
    worst: float = 0.0
    examples: int = 0
    unchecked: float = 0.0  # the share of elements whose value hangs on rounding, beside the literal examples
    reason: str = ""
    failure: Failure | None = None
    example: Example | None = None

    @property
    def finding(self) -> tuple[Failure, Example]:
        """What is wrong, and with which example; of wrong verdicts only."""
        if self.failure is None or self.example is None:
            raise ValueError(f"the verdict on {self.case.name} is {self.status}: there is nothing wrong to show")
        return self.failure, self.example


def selected(pattern: str | None) -> list[Case]:
    """The cases whose names match a pattern such as 'soft*', in the order of their chapters."""
    cases = sorted(discovered().values(), key=lambda case: case.chapter)
    return [case for case in cases if pattern is None or fnmatch.fnmatchcase(case.name, pattern)]


def tasks(cases: Sequence[Case], namespaces: Sequence[Namespace],
          only_transparent: Sequence[str] = ()) -> Iterator[tuple[Case, Property, Namespace]]:
    """Every case, property and namespace that go together; some libraries for transparency alone."""
    for case in cases:
        for on in namespaces:
            for prop in PROPERTIES.values():
                if (on.library not in only_transparent or prop.name == "transparent") and prop.applies(case, on):
                    yield case, prop, on


def examples_of(case: Case, prop: Property, on: Namespace, count: int = EXAMPLES, seed: int = SEED) -> list[Example]:
    """The examples a property is tried on, of dtypes the namespace has."""
    calls = range(len(case.calls))
    if prop.examples == "errors":
        dtype = next((d for d in ("float32", *case.dtypes) if d in case.dtypes and d in on.dtypes), case.dtypes[0])
        found = [erroneous(case, i, dtype) for i in range(len(case.errors))]
    elif prop.examples == "smooth":
        dtypes = [d for d in ("float64", "float32") if d in case.dtypes and d in on.dtypes][:2]
        found = [typical(case, i, d, 0, seed) for i in calls for d in dtypes]
    else:
        found = [typical(case, i, d, variant, seed) for i in calls for d in case.dtypes
                 for variant in ((0, 1) if prop.name == "unknown" else (0,))]
        if prop.examples == "all":
            found += [e for i in calls for e in drawn(case, i, count, seed)] + edges(case)
    return [e for e in found if on.holds(e)]


def verdict_on(case: Case, prop: Property, on: Namespace, count: int = EXAMPLES, seed: int = SEED,
               shrink: bool = True) -> Verdict:
    """Try a property on all its examples."""
    verdict = Verdict(case, prop.name, on.name, "empty")
    found = examples_of(case, prop, on, count, seed)
    if not found:
        verdict.status, verdict.reason = "unsupported", f"none of {', '.join(case.dtypes or FLOATS)}"
        return verdict
    for example in found:
        try:
            worst = attempt(prop, on, example)
        except Failure as failure:
            verdict.status, verdict.failure, verdict.example = "wrong", failure, example
            if shrink and prop.examples != "errors":
                _shrink(verdict, prop, on, seed)
            return verdict
        except Unsupported as lack:
            verdict.status, verdict.reason = "unsupported", str(lack)
            return verdict
        if worst is not None:
            verdict.examples += 1
            verdict.worst = max(verdict.worst, worst)
            verdict.status = "identical" if verdict.worst == 0.0 else "within"
    _count_unchecked(verdict, found)
    return verdict


def _count_unchecked(verdict: Verdict, found: Sequence[Example]) -> None:
    """A verdict on values of which most cannot be checked is worth nothing: that is a failure of the case."""
    key = {"equal": "expected", "gradient": "wanted gradients"}.get(verdict.prop)
    drawn_ones = [e for e in found if not any(e.call is c for c in e.case.edges)]
    bounds = [w.bound for e in drawn_ones for k, results in e.cache.items() if k[0] == key
              for w in results or () if isinstance(w, Expected) and w.bound is not None and w.bound.size]
    if bounds:
        verdict.unchecked = sum(int(np.sum(np.isinf(b))) for b in bounds) / sum(b.size for b in bounds)
    if verdict.unchecked > 0.5 and verdict.status != "wrong":
        verdict.status, verdict.example = "wrong", drawn_ones[0]
        verdict.failure = Failure("unchecked", f"{verdict.unchecked:.0%} of the values hang on rounding and cannot be "
                                  "checked; give the case inputs away from jumps and overflow")


class Unsupported(Exception):
    """The namespace lacks a function or dtype that the operation needs."""


def attempt(prop: Property, on: Namespace, example: Example) -> float | None:
    """One property on one example; an exception of the operation is a failure, too."""
    try:
        return prop.holds(on, example)
    except Failure:
        raise
    except NotImplementedError as error:
        raise Unsupported(f"{type(error).__name__}: {error}") from error
    except AttributeError as error:
        if getattr(error, "obj", None) in (on.xp, getattr(on.xp, "linalg", on)):
            raise Unsupported(f"no function {error.name}") from error
        raise Failure("exception", f"{type(error).__name__}: {error}") from error
    except Exception as error:  # noqa: BLE001 - whatever an operation raises on good input is its failure
        raise Failure("exception", f"{type(error).__name__}: {error}") from error


def _shrink(verdict: Verdict, prop: Property, on: Namespace, seed: int) -> None:
    """Put the simplest example that fails in the same way in place of the first one."""
    first, example = verdict.finding
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
    verdict.failure = failures.get(id(smallest), first)
    verdict.example = smallest


def public_operations() -> dict[str, str]:
    """The operations of K by name, each with its chapter: what the modules of backend.ops hand to the face."""
    import backend.ops

    found: dict[str, str] = {}
    for module in pkgutil.iter_modules(backend.ops.__path__):
        chapter = importlib.import_module(f"backend.ops.{module.name}")
        found.update((name, module.name) for name in getattr(chapter, "__all__", ())
                     if callable(getattr(chapter, name)) and getattr(K, name, None) is getattr(chapter, name))
    return found


def uncovered(exempt: dict[str, str]) -> dict[str, Any]:
    """Operations without a case or an exemption."""
    return {name: chapter for name, chapter in public_operations().items()
            if name not in discovered() and name not in exempt}
