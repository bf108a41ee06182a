"""The fate of generated faults: each is planted, and the verdicts on its function have to find it."""

from __future__ import annotations

import concurrent.futures
import functools
import itertools
import multiprocessing
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ..case import Case
from ..judging.xfails import Entry
from ..running.engine import Options, expectations
from ..running.runner import verdicts_of
from ..running.tasks import Task
from ..subjects.operations import Namespace, namespace
from ..verdict import Verdict
from .check import INTACT, planted, silent, tasks_to_try
from .generated import MET, Generated, conditions_of, effects_of, made
from .judging import drawn

__all__ = ["Fate", "bad_verdicts", "fate", "fates", "likely_kinds", "sampled", "spread"]


class Fate(NamedTuple):
    """What became of a fault: the kind of check that found it ('': none), and how many calls met its condition."""

    fault: Generated
    operation: str
    kind: str
    verdict: str
    met: int
    tried: int
    seconds: float

    @property
    def told(self) -> str:
        """The fault in words, and how many calls met its condition."""
        return f"{self.fault.words} ({f'{self.met} calls meet' if self.met else 'no call meets'} the condition)"

    @property
    def words(self) -> str:
        """The fault, and what found it."""
        return f"{'found by ' + self.verdict if self.kind else 'SURVIVES':<44} {self.fault.words}"


PART = 6  # faults drawn and tried at a time, by one process
# The kinds of check that are likeliest to find a fault, by the families of its condition and its effect.
LIKELY: dict[str, tuple[str, ...]] = {
    "layout": ("layout", "memory"),
    "alias": ("memory", "determinism", "layout"),
    "mutation": ("memory", "layout"),
    "size": ("sizes", "value", "shape", "unknown"),
    "axis": ("parameters", "value"),
    "option": ("parameters", "value"),
    "pair": ("parameters", "value"),
    "dtype": ("dtypes", "value", "dtype"),
    "value": ("special", "value", "sizes", "dtypes"),
    "shape": ("shape",),
    "error": ("error", "value"),
    "calls": ("value",),
}
OF_RULES = ("gradient", "second", "unknown", "kinks", "parameters")  # the kinds that compute gradients
LAST = ("second", "gradient", "kernel", "unknown", "device")  # they take longest


def likely_kinds(fault: Generated) -> list[str]:
    """The kinds of check to try first, in order."""
    condition = conditions_of(fault.target, fault.recorded)[fault.condition].family
    effect = effects_of(fault.recorded)[fault.effect]
    if effect.on == "error":
        return ["shape", "error", "parameters"] if condition == "calls" else ["error", "parameters"]
    if fault.target.startswith("vjp "):
        return list(OF_RULES)
    if fault.recorded:
        return ["predicted", "compiled", "arguments", "unknown", "gradient"]
    families = (effect.family, condition) if effect.family in ("alias", "mutation") else (condition, effect.family)
    return list(dict.fromkeys(itertools.chain(*(LIKELY.get(family, ()) for family in families))))


def _ordered(fault: Generated, tasks: list[tuple[Case, Task]]) -> list[tuple[Case, str]]:
    """The cases and kinds to try, the likeliest to find the fault first."""
    first = likely_kinds(fault)

    def place(pair: tuple[Case, str]) -> int:
        name = pair[1]
        late = LAST.index(name) if name in LAST else -1
        return first.index(name) if name in first else len(first) + 1 + late

    pairs = dict.fromkeys((case, task[0].name) for case, task in tasks)
    rule = fault.target.startswith("vjp ")
    return sorted((pair for pair in pairs if not rule or pair[1] in OF_RULES), key=place)


@functools.cache
def known_of(on: Namespace) -> dict[str, Entry]:
    """The expected failures of a namespace."""
    return expectations(on, Options())


def bad_verdicts(case: Case, kind: str, on: Namespace, seed: int) -> list[Verdict]:
    """The verdicts of one kind on a case that are wrong or flaky, and no expected failures."""
    found = verdicts_of(case, on, kinds=(kind,), seed=seed, known=known_of(on), shrink=False)
    return [v for v in found if v.status in ("wrong", "flaky")]


def fate(fault: Generated, seed: int = 0) -> Fate:
    """Plant a fault and try the verdicts on its function until one is bad."""
    start = time.perf_counter()
    on, mutant = namespace(INTACT), made(fault)
    before, tried = MET[fault.words], 0
    for case, kind in _ordered(fault, tasks_to_try(fault.cases, on, by_cause=True)):
        tried += 1
        with planted(mutant, on):
            bad = bad_verdicts(case, kind, on, seed)
        if bad:
            seconds = time.perf_counter() - start
            return Fate(fault, case.name, kind, bad[0].id, MET[fault.words] - before, tried, seconds)
    return Fate(fault, "", "", "", MET[fault.words] - before, tried, time.perf_counter() - start)


def fates(part: int, count: int, seed: int, only: str | None = None) -> list[Fate]:
    """The fates of so many faults, drawn by the seed and the number of the part."""
    with silent():
        return [fate(fault, seed) for fault in drawn(count, (seed, part), only)]


def sampled(
    count: int, seed: int, only: str | None = None, jobs: int = 1, say: Callable[[Fate], None] = lambda found: None
) -> list[Fate]:
    """The fates of so many generated faults, the same ones for the same seed; `say` is called with each.

    They are drawn in parts, and those drawn twice count once.
    """
    sizes = [PART] * (count // PART) + [count % PART] * bool(count % PART)
    found: dict[Generated, Fate] = {}
    for some in spread(functools.partial(_part, seed=seed, only=only), list(enumerate(sizes)), jobs):
        for each in some:
            if each.fault not in found:
                found[each.fault] = each
                say(each)
    return list(found.values())


def _part(numbered: tuple[int, int], seed: int, only: str | None) -> list[Fate]:
    return fates(*numbered, seed, only)


def _begin() -> None:
    warnings.simplefilter("ignore")


def spread(work: Callable[[Any], Any], parts: Sequence[Any], jobs: int) -> Iterator[Any]:
    """The results of `work` on each part, as they come, from so many processes."""
    if jobs == 1:
        for part in parts:
            yield work(part)
        return
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin) as pool:
        for done in concurrent.futures.as_completed([pool.submit(work, part) for part in parts]):
            yield done.result()
