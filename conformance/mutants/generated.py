"""Generated faults: each is a condition and an effect, composed for a function of the standard or an operation of K.

Nobody writes them by hand: `candidates` composes them, and `judging.is_fault` runs each on calls that meet its
condition, to see that it changes a result that the standard or K's definition fixes.
"""

from __future__ import annotations

import functools
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from backend.graph.tensor import Tensor

from ..case import Case, discovered, discovered_standard
from ..errors import ToolError
from ..judging.bounds import ULPS
from .arguments import argument_conditions
from .conditions import CALLS, DTYPES, LAYOUTS, SIZES, VALUES, Condition
from .cotangents import rules, users
from .demands import demanded
from .effects import EFFECTS, RECORDED, Acted, Effect, State
from .faults import Mutant
from .seen import leaves, seen

__all__ = [
    "MET",
    "BrokenFaultError",
    "Generated",
    "candidates",
    "conditions_of",
    "effects_of",
    "home_of",
    "is_ours",
    "made",
    "proposed",
    "targets",
]

TRIES = 12  # candidates for one function before another one is taken
MET: Counter[str] = Counter()  # how many calls met the condition of each fault, by its words


class BrokenFaultError(ToolError):
    """A condition or an effect of ours fails: an error of this package, not a fault that was found."""


class Generated(NamedTuple):
    """A generated fault by its words; `recorded`: it shows where the operation of K is recorded."""

    target: str  # 'exp', 'array.add', 'K.softmax', 'vjp exp'
    condition: str
    effect: str
    recorded: bool = False

    @property
    def words(self) -> str:
        """The fault in words."""
        where = "recorded, " if self.recorded else ""
        return f"{self.target}: {where}{self.condition}: {self.effect}"

    @property
    def group(self) -> str:
        """The group of its case."""
        return "k" if self.target.startswith(("K.", "vjp ")) else "standard"

    @property
    def case(self) -> Case:
        """The case whose calls show it."""
        name = self.target.removeprefix("K.").removeprefix("vjp ")
        return discovered()[name] if self.target.startswith("K.") else discovered_standard()[name]

    @property
    def cases(self) -> tuple[Case, ...]:
        """The cases that have to find it, one of them: for a gradient rule, the operations that need it."""
        return users()[self.target[4:]] if self.target.startswith("vjp ") else (self.case,)


@functools.cache
def targets() -> tuple[tuple[str, bool], ...]:
    """The functions of the standard and the operators, K's operations, these as recorded ones, and gradient rules."""
    skipped = ("array.getitem_reversed", "array.setitem")  # as getitem; changes its first argument
    ours = [f"K.{name}" for name in discovered()]
    return (
        *((name, False) for name in discovered_standard() if name not in skipped),
        *((name, False) for name in ours),
        *((name, True) for name in ours),
        *((f"vjp {name}", True) for name in users() if name in discovered_standard()),
    )


@functools.cache
def conditions_of(target: str, recorded: bool) -> dict[str, Condition]:
    """The conditions that calls of a function may meet, by their words."""
    found = [*SIZES, *LAYOUTS, *DTYPES, *VALUES, *CALLS, *argument_conditions(target.removeprefix("vjp "))]
    return {c.words: c for c in found if c.symbolic or not recorded}


@functools.cache
def effects_of(recorded: bool) -> dict[str, Effect]:
    """The effects by their words."""
    return {e.words: e for e in (RECORDED if recorded else EFFECTS)}


def candidates(target: str, recorded: bool) -> Iterator[Generated]:
    """Everything that can be composed for a function and that the standard or K's docstring speaks of."""
    for condition in conditions_of(target, recorded).values():
        for effect in effects_of(recorded).values():
            if demanded(target, condition, effect):
                yield Generated(target, condition.words, effect.words, recorded)


def home_of(target: str) -> str:
    if target.startswith(("K.", "vjp ")):
        return target
    return f"operator {target[6:]}" if target.startswith("array.") else f"function {target}"


def made(fault: Generated) -> Mutant:
    """The fault, ready to be planted."""
    condition = conditions_of(fault.target, fault.recorded)[fault.condition]
    effect = effects_of(fault.recorded)[fault.effect]
    plant: Callable[[Any], Any] = functools.partial(_plant, fault, condition, effect, State())
    if fault.target.startswith("vjp "):
        plant = rules(plant)
    return Mutant(fault.words, home_of(fault.target), plant, keeps=not fault.recorded)


def is_ours(fault: Generated, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a call is one of array_api_strict, or a recorded one; references are computed on other arrays."""
    found = list(leaves([*args, *kwargs.values()]))
    if fault.recorded:
        return any(isinstance(x, Tensor) for x in found)
    if any(hasattr(x, "_array") for x in found):
        return not any(isinstance(x, Tensor) for x in found)
    return fault.group == "standard"


def _plant(
    fault: Generated, condition: Condition, effect: Effect, state: State, whole: Callable[..., Any]
) -> Callable[..., Any]:
    """The function with the fault, which goes on counting its calls where it is planted again."""

    def faulty(*args: Any, **kwargs: Any) -> Any:
        if not is_ours(fault, args, kwargs):
            return whole(*args, **kwargs)
        got, error = None, None
        try:
            got = whole(*args, **kwargs)
        except Exception as raised:  # noqa: BLE001 - whatever it is, it is raised again or is what goes wrong
            error = raised
        state.count += 1
        try:
            # a rule takes the cotangent and the result before the arguments
            target, skipped = fault.target.removeprefix("vjp "), 2 * fault.target.startswith("vjp ")
            call = seen(target, args[skipped:], kwargs, got, state.count, state.before)
            met = condition.holds(call)
        except Exception as broken:
            raise BrokenFaultError(f"{fault.words}: {broken!r}") from broken
        last, state.before, state.last = state.last, call.layout, got
        if met and (error is None) == (effect.on == "result"):
            MET[fault.words] += 1
            return _acted(fault, effect, Acted(got, error, args, kwargs, state, ULPS.get(fault.target, 0.0), last))
        if error is not None:
            raise error
        return got

    return faulty


def _acted(fault: Generated, effect: Effect, call: Acted) -> Any:
    try:
        return effect.act(call)
    except Exception as error:
        if effect.family == "error":
            raise
        raise BrokenFaultError(f"{fault.words}: {error!r}") from error


def _weight(target: str, recorded: bool) -> int:
    """How often a function is taken: an operation of K, eager and recorded, as often as a function of the standard."""
    return 1 if recorded else 2 if target.startswith("K.") else 3


def proposed(rng: random.Random, chosen: Sequence[tuple[str, bool]]) -> Iterator[Generated]:
    """A few candidates for one function; then families of conditions and of effects are equally likely."""
    target, recorded = rng.choices(chosen, [_weight(*each) for each in chosen])[0]
    found = list(candidates(target, recorded))
    conditions, effects = conditions_of(target, recorded), effects_of(recorded)
    for _ in range(TRIES):
        family = rng.choice(sorted({conditions[f.condition].family for f in found}))
        left = [f for f in found if conditions[f.condition].family == family]
        kind = rng.choice(sorted({effects[f.effect].family for f in left}))
        yield rng.choice([f for f in left if effects[f.effect].family == kind])
