"""Planting a fault, and running the tool against it until a verdict finds it."""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import backend as K
from backend.autodiff.rules.table import VJPS
from backend.graph.composite import COMPOSITES

from .. import examples
from ..case import Case
from ..properties import registry as properties
from ..running.engine import Options, expectations
from ..running.runner import verdict_on
from ..running.tasks import Task, tasks_of
from ..subjects.operations import Namespace, forget_functions, namespace
from ..verdict import Verdict
from .faults import Mutant
from .touching import OPERATORS

__all__ = ["INTACT", "Outcome", "check", "planted", "silent", "tasks_to_try"]

INTACT = "array_api_strict"  # correct, and has devices


class Outcome(NamedTuple):
    """The fate of a mutant: the verdict that found it (None: it survived), and how many verdicts were tried."""

    mutant: Mutant
    found_by: Verdict | None
    seconds: float
    tried: int


def _home(target: str, on: Namespace) -> list[tuple[Any, str]]:
    """The objects and attributes that hold the target of a mutant."""
    if target.startswith("K."):
        return [(K, target[2:])]
    if ":" in target:
        module, _, name = target.partition(":")
        return [(importlib.import_module(module), name)]
    if target.startswith("adjoint "):
        return [(COMPOSITES[target[8:]], "vjp_rule")]
    if target.startswith("kernel "):
        return [(importlib.import_module(f"backend.kernels.{on.library}"), target[7:])]
    array = type(on.backend.asarray([1.0], "float32"))
    if target.startswith("operator "):
        name = target[9:]
        return [(array, name if name in vars(array) else f"__{name}__")]
    if target.startswith("function "):
        home, _, name = f".{target[9:]}".rpartition(".")
        return [(getattr(on.xp, home[1:]) if home[1:] else on.xp, name)]
    found = [
        (array, f"__{r}{sign}__")
        for sign, name in OPERATORS.items()
        for r in ("", "r")
        if name == target and f"__{r}{sign}__" in vars(array)
    ]
    home, _, name = f".{target}".rpartition(".")
    xp = getattr(on.xp, home[1:]) if home[1:] else on.xp
    return [*found, (xp, name)] if hasattr(xp, name) else found


@contextlib.contextmanager
def planted(mutant: Mutant, on: Namespace) -> Iterator[None]:
    """Within the block, the fault is planted."""
    kept: list[tuple[Any, str, Any]] = []
    rules = mutant.target.removeprefix("vjp ") if mutant.target.startswith("vjp ") else ""
    if rules:
        whole = VJPS[rules]
        VJPS[rules] = mutant.plant(whole)
    else:
        for home, name in _home(mutant.target, on):
            whole = vars(home)[name] if isinstance(home, type) else getattr(home, name)
            kept.append((home, name, whole))
            setattr(home, name, _faulty(mutant, whole))
    ours = not mutant.keeps and (rules or not _in_namespace(mutant))
    forget_functions()
    if ours:
        _forget()
    try:
        yield
    finally:
        if rules:
            VJPS[rules] = whole
        for home, name, value in kept:
            setattr(home, name, value)
        forget_functions()
        if ours:
            _forget()


def _faulty(mutant: Mutant, whole: Any) -> Any:
    """The faulty function; the rule of a composite returns all cotangents at once."""
    if isinstance(whole, property):
        return property(mutant.plant(whole.fget))
    if not mutant.target.startswith("adjoint "):
        return functools.update_wrapper(mutant.plant(whole), whole)  # the signature stays visible

    def faulty(*args: Any, **kwargs: Any) -> Any:
        found = whole(*args, **kwargs)
        return tuple(
            rule() if g is not None else None
            for g, rule in zip(found, mutant.plant([lambda g=g: g for g in found]), strict=True)
        )

    return faulty


def _in_namespace(mutant: Mutant) -> bool:
    return " " not in mutant.target and ":" not in mutant.target and not mutant.target.startswith("K.")


def _forget() -> None:
    """Clear every cache of results that depend on the rules and definitions of K."""
    examples.forget()
    for composite in COMPOSITES.values():
        composite._bound.clear()


def _uses(case: Case, uses: dict[tuple[str, str], set[str]]) -> set[str]:
    return uses.get((case.group, case.name), set())


def _concerned(mutant: Mutant, case: Case, uses: dict[tuple[str, str], set[str]]) -> bool:
    """Whether an operation uses the target of a mutant."""
    if mutant.only:
        return case.group == "k" and case.name in mutant.only
    if mutant.target.startswith("K."):
        return case.group == "k" and case.name == mutant.target[2:]
    return mutant.target.replace("kernel ", "composite ").replace("adjoint ", "composite ") in _uses(case, uses)


def _order(mutant: Mutant, uses: dict[tuple[str, str], set[str]]) -> Callable[[tuple[Case, Task]], Any]:
    """A sort key for tasks: the likeliest to find the fault first, by kind of check, name and size of the operation."""
    name = mutant.target.removeprefix("K.").removeprefix("vjp ")
    words = {"layout": "kernel", **{kind: kind for kind in ("device", "gradient", "dtype")}}
    first = next((kind for word, kind in words.items() if word in mutant.fault), "value")
    kinds = [first, *(kind for kind in properties.PROPERTIES if kind != first)]
    return lambda task: (kinds.index(task[1][0].name), task[0].name != name, len(_uses(task[0], uses)))


def tasks_to_try(cases: Sequence[Case], on: Namespace, by_cause: bool = False) -> list[tuple[Case, Task]]:
    """Everything to try except the expected failures of the intact namespace; `by_cause`: but those of one cause."""
    known = {entry.id for entry in expectations(on, Options()).values() if not (by_cause and entry.cause)}
    return [
        (case, task)
        for case in cases
        for task in tasks_of(case, on)
        if Verdict(on.name, case.group, case.chapter, case.name, task[0].name, task[2]).id not in known
    ]


def check(mutant: Mutant, cases: Sequence[Case], uses: dict[tuple[str, str], set[str]], seed: int = 0) -> Outcome:
    """Run the tasks that use the faulty target until one fails."""
    start = time.perf_counter()
    on = namespace("torch" if mutant.target.startswith("kernel ") else INTACT)
    tasks = tasks_to_try([case for case in cases if _concerned(mutant, case, uses)], on)
    tried = 0
    for case, (prop, place, variant) in sorted(tasks, key=_order(mutant, uses)):
        tried += 1
        with planted(mutant, on):
            verdict = verdict_on(case, prop, place, seed=seed, shrink=False, variant=variant, reported=on)
        if verdict.status == "wrong":
            return Outcome(mutant, verdict, time.perf_counter() - start, tried)
    return Outcome(mutant, None, time.perf_counter() - start, tried)


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Within the block, nothing is printed and no warning is shown."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
