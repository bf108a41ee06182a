"""The self-check: handwritten faults and a random sample of generated ones, each of which a run has to find."""

from __future__ import annotations

import fnmatch
import functools
import importlib.util
import random
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..reports.matrix import plural
from ..running.tasks import GROUPS, selected
from ..subjects.operations import namespace
from .check import INTACT, Outcome, check, silent
from .faults import Mutant
from .memory import MEMORY_MUTANTS
from .rules import RULE_MUTANTS
from .scoring import Fate, bad_verdicts, sampled, spread
from .table import NAMESPACE_MUTANTS
from .touching import touched

__all__ = ["LEAST", "MUTANTS", "Finder", "blamed", "outcomes_of", "self_check"]

MUTANTS = [*NAMESPACE_MUTANTS, *RULE_MUTANTS, *MEMORY_MUTANTS]
SEEDS = (0, 1, 2, 3, 4)  # no verdict may be wrong on an intact namespace with any of these
INTACT_ONES = ("numpy", "torch", INTACT)
LEAST = 0.97  # of the generated faults
SAMPLE = 300


class Finder(NamedTuple):
    """A kind of check of a case, which found a fault."""

    group: str
    operation: str
    kind: str


def _installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _alarms(part: Sequence[Finder], names: Sequence[str], seeds: Sequence[int]) -> list[str]:
    """The verdicts of these finders that are wrong on intact namespaces."""
    cases = {(c.group, c.name): c for c in selected(None, GROUPS)}
    wrong = []
    with silent():
        for name in names:
            for finder in part:
                for seed in seeds:
                    bad = bad_verdicts(cases[finder[:2]], finder.kind, namespace(name), seed)
                    wrong += [f"{verdict.id} on {name}, seed {seed}" for verdict in bad]
    return wrong


def blamed(
    finders: Sequence[Finder], seeds: Sequence[int] = SEEDS, names: Sequence[str] = INTACT_ONES, jobs: int = 1
) -> list[str]:
    """False alarms: verdicts of the kinds that found faults and that are wrong on an intact namespace, too."""
    by_case: dict[tuple[str, str], list[Finder]] = {}
    for finder in dict.fromkeys(finders):
        by_case.setdefault(finder[:2], []).append(finder)
    work = functools.partial(_alarms, names=[n for n in names if _installed(n)], seeds=seeds)
    return sorted(text for some in spread(work, list(by_case.values()), jobs) for text in some)


def _handwritten(indices: Sequence[int]) -> list[tuple[int, Outcome]]:
    """The fate of mutants by their numbers; without the mutants, which cannot leave this process."""
    return [(i, o._replace(mutant=None)) for i, o in zip(indices, _tried([MUTANTS[i] for i in indices]), strict=True)]  # type: ignore[arg-type]


def _tried(mutants: Sequence[Mutant]) -> list[Outcome]:
    cases = selected(None, GROUPS)
    with silent():
        uses = _uses()
        return [check(mutant, cases, uses) for mutant in mutants]


@functools.cache
def _uses() -> dict[tuple[str, str], set[str]]:
    return touched(selected(None, GROUPS), namespace(INTACT))


def outcomes_of(
    mutants: Sequence[Mutant], say: Callable[[Outcome], None] = lambda outcome: None, jobs: int = 1
) -> list[Outcome]:
    """The fate of each handwritten mutant."""
    found = []
    if jobs == 1:
        for mutant in mutants:
            found += _tried([mutant])
            say(found[-1])
        return found
    numbers = [i for i, m in enumerate(MUTANTS) if m in mutants]
    parts = [numbers[k : k + 8] for k in range(0, len(numbers), 8)]
    for some in spread(_handwritten, parts, jobs):
        for i, outcome in some:
            found.append(outcome._replace(mutant=MUTANTS[i]))
            say(found[-1])
    return found


def _chosen(only: str | None) -> list[Mutant]:
    """The handwritten mutants whose target or fault matches a pattern."""
    return [
        m
        for m in MUTANTS
        if only is None
        or any(
            fnmatch.fnmatchcase(text, only)
            for text in (m.target, m.target.rpartition(".")[2], m.target.rpartition(" ")[2], m.fault)
        )
    ]


def _finders(outcomes: Sequence[Outcome], found: Sequence[Fate]) -> list[Finder]:
    return [
        *(Finder(o.found_by.group, o.found_by.operation, o.found_by.kind) for o in outcomes if o.found_by),
        *(Finder(f.fault.group, f.operation, f.kind) for f in found if f.kind),
    ]


def self_check(
    mutants: Sequence[Mutant] | None = None,
    say: Callable[[str], None] = print,
    only: str | None = None,
    count: int = SAMPLE,
    seed: int | None = None,
    jobs: int = 1,
) -> int:
    """Plant each fault, look for it, and print the scores; 0 if enough is found without a false alarm, else 1.

    `only`: a pattern for the targets or faults of the mutants. `count`: so many generated ones, drawn by `seed`, which
    is another one each time unless it is given.
    """
    start = time.perf_counter()
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    if mutants is None:
        mutants = _chosen(only)
    if not _installed("torch"):
        say("torch is not installed; skipping the faults in its kernels")
        mutants = [m for m in mutants if not m.target.startswith("kernel ")]
    outcomes = outcomes_of(
        mutants,
        lambda o: say(f"{'found by ' + o.found_by.id if o.found_by else 'SURVIVES':<44} {o.mutant.fault}"),
        jobs,
    )
    survivors = [o for o in outcomes if o.found_by is None]
    for outcome in survivors:
        say(f"survives: {outcome.mutant.fault} ({outcome.mutant.target}; {outcome.tried} verdicts)")
    if outcomes:
        say(f"\nhandwritten faults found: {len(outcomes) - len(survivors)} of {len(outcomes)}\n")
    found = sampled(count, seed, only, jobs, lambda f: say(f.words))
    score = _told(found, seed, say)
    against = blamed(_finders(outcomes, found), jobs=jobs)
    for text in against:
        say(f"false alarm: {text}")
    say(
        f"{plural(len(against), 'false alarm')} on {', '.join(INTACT_ONES)} with seeds {', '.join(map(str, SEEDS))}; "
        f"{time.perf_counter() - start:.0f} s"
    )
    return 1 if survivors or against or score < LEAST else 0


def _told(found: Sequence[Fate], seed: int, say: Callable[[str], None]) -> float:
    """Print what survives and the score of the generated faults, which is returned."""
    if not found:
        return 1.0
    lost = [f for f in found if not f.kind]
    if lost:
        say("")
    for each in lost:
        say(f"survives: {each.told}")
    score = 1 - len(lost) / len(found)
    unmet = sum(not f.met for f in lost)
    say(
        f"\ngenerated faults found: {len(found) - len(lost)} of {len(found)}, {100 * score:.1f} % (--seed {seed}); "
        f"no call met the condition of {unmet} of the {len(lost)} that survive"
    )
    return score
