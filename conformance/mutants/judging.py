"""Whether a generated fault is one: it is planted and run on calls that meet its condition, and something must differ.

The calls come from `probes`; what they must give comes from the case's reference, with the bounds derived for it.
"""

from __future__ import annotations

import fnmatch
import functools
import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from backend.arrays.dtypes import dtype_name
from backend.arrays.namespaces import is_array

from ..examples import erroneous
from ..judging.bounds import Expected
from ..judging.failures import Failure, compare
from ..reading import host
from ..subjects.operations import Namespace, compiled, eager, expected, namespace, placeholders, symbolic
from .check import INTACT, planted
from .conditions import Condition
from .cotangents import rule_changes
from .faults import Mutant, _like
from .generated import Generated, conditions_of, effects_of, home_of, is_ours, made, proposed, targets
from .probes import Probe, bases, changed, with_argument
from .seen import Seen, seen

__all__ = ["calls_meeting", "drawn", "is_fault"]

MOST = 3  # calls on which a fault is tried before it is none
LARGEST = 10**5  # elements of a call
LOOSE = 2e-4  # relative, where a case has no reference for a call: far below a thousandth


class Trial(NamedTuple):
    """A call that meets a condition, and what it must give; None: it must raise."""

    probe: Probe
    wanted: list[Any] | None


def _fresh(x: np.ndarray) -> np.ndarray:
    """A copy that lies in memory as the array does."""
    start = sum(-s * (n - 1) for s, n in zip(x.strides, x.shape, strict=True) if s < 0 and n)
    end = sum(s * (n - 1) for s, n in zip(x.strides, x.shape, strict=True) if s > 0 and n)
    memory = np.zeros(start + end + x.itemsize, np.uint8)
    made_: np.ndarray = np.ndarray(x.shape, x.dtype, memory.data, start, x.strides)
    made_[...] = x
    made_.flags.writeable = x.flags.writeable
    return made_


def _arrays(on: Namespace, probe: Probe) -> list[Any]:
    return [_like(_fresh(v), _sample()) for v in probe.values]


@functools.cache
def _sample() -> Any:
    """An array of the intact namespace, made before any fault is planted."""
    return namespace(INTACT).xp.asarray(0.0)


def _results(on: Namespace, probe: Probe, arrays: list[Any], recorded: bool) -> list[Any]:
    example = probe.example
    if not recorded:
        return eager(on, example, arrays)
    inputs = placeholders(example)
    return compiled(on, inputs, symbolic(example, inputs), arrays)


def _heard(fault: Generated, condition: Condition, calls: list[bool]) -> Mutant:
    """No fault: a listener that notes which calls meet the condition."""

    def plant(whole: Any) -> Any:
        before: list[Any] = [None]

        def listening(*args: Any, **kwargs: Any) -> Any:
            got = None
            try:
                got = whole(*args, **kwargs)
                return got
            finally:
                if is_ours(fault, args, kwargs):
                    call: Seen = seen(fault.target, args, kwargs, got, len(calls) + 1, before[0])
                    before[0] = call.layout
                    calls.append(condition.holds(call))

        return listening

    return Mutant("none", home_of(fault.target), plant, keeps=True)


def _meets(on: Namespace, fault: Generated, condition: Condition, probe: Probe, fails: bool) -> bool:
    """Whether a call meets the condition, at the third time at the latest, and raises or not as it should."""
    calls: list[bool] = []
    with planted(_heard(fault, condition, calls), on):
        for _ in range(3 if condition.family == "calls" else 1):
            try:
                _results(on, probe, _arrays(on, probe), fault.recorded)
            except Exception:  # noqa: BLE001 - whatever the intact function refuses is no valid call
                if not fails:
                    return False
            else:
                if fails:
                    return False
    return any(calls) or condition.words.startswith("a call with other")


def _wanted(on: Namespace, probe: Probe, recorded: bool) -> list[Any] | None:
    """What the call must give: the reference's results, or else the intact ones within a wide bound."""
    results = _results(on, probe, _arrays(on, probe), recorded)
    if probe.case.judge is None:
        try:
            wanted = expected(probe.example, on.library)
        except Exception:  # noqa: BLE001 - no reference for this call: see below
            wanted = None
        if wanted is not None:
            try:
                compare(wanted, results, on.dtypes)
            except Failure:
                return None  # a known defect of the intact namespace, or a call that is not specified
            return wanted
    found: list[Any] = []
    for r in results:
        if is_array(r):
            value = host(r)
            with np.errstate(all="ignore"):
                size = np.where(np.isfinite(value), np.abs(value), 0.0) if value.dtype.kind in "fc" else None
            found.append(Expected(value, None if size is None else LOOSE * size, dtype_name(r.dtype)))
        else:
            found.append(r)
    return found


def _variants(fault: Generated, condition: Condition) -> Iterator[Probe]:
    """The calls of the case, as they are and changed to meet the condition; a few of each."""
    target = fault.target.removeprefix("vjp ")
    yield from bases(target, fault.case)
    for base in bases(target, fault.case)[:6]:
        yield from itertools.islice(condition.adapted(base), 12)


def _refused(on: Namespace, fault: Generated, condition: Condition) -> Iterator[Probe]:
    """Invalid calls, as the effect wants them; valid but for this, so that nothing else is a reason to refuse them."""
    if fault.effect.startswith("an invalid call"):
        for index, dtype in itertools.product(range(len(fault.case.errors)), ("float32", "float64")):
            example = erroneous(fault.case, index, dtype)
            call = example.filled(example.values)
            yield Probe(fault.target, fault.case, call, example.call, dtype)
        return
    for probe in _variants(fault, condition):
        if not _meets(on, fault, condition, probe, False):
            continue
        if fault.effect.startswith("an axis"):
            if probe.values and (wrong := with_argument(probe, "axis", 9)) is not None:
                yield wrong
        elif len(probe.values) == 2 and probe.values[0].ndim:
            yield changed(probe, functools.partial(_misfit, probe.values[0].shape[-1] + 2))


def _misfit(size: int, i: int, x: np.ndarray) -> np.ndarray:
    """The second array with one axis of this size."""
    return np.resize(x, (size,)).astype(x.dtype) if i else x


@functools.cache
def calls_meeting(fault: Generated) -> tuple[Trial, ...]:
    """A few calls that meet the condition of a fault."""
    on = namespace(INTACT)
    condition = conditions_of(fault.target, fault.recorded)[fault.condition]
    fails = effects_of(fault.recorded)[fault.effect].on == "error"
    found: list[Trial] = []
    for probe in _refused(on, fault, condition) if fails else _variants(fault, condition):
        if sum(v.size for v in probe.values) > LARGEST or (fault.group == "k" and not _usual(fault, probe)):
            continue
        if _meets(on, fault, condition, probe, fails):
            wanted = None if fails else _wanted(on, probe, fault.recorded)
            if fails or wanted is not None:
                found.append(Trial(probe, wanted))
        if len(found) == MOST:
            break
    return tuple(found)


def _usual(fault: Generated, probe: Probe) -> bool:
    """Whether K's case speaks of the dtypes: those of its own calls, and its floats."""
    own = {v.dtype.name for base in bases(fault.target, fault.case) for v in base.values}
    return all(v.dtype.name in own | set(fault.case.dtypes) for v in probe.values)


def _other(on: Namespace, fault: Generated, probe: Probe) -> Trial | None:
    """The same call with its elements in another order, if it is valid."""
    try:
        rolled = changed(probe, _rolled)
        wanted = _wanted(on, rolled, fault.recorded)
    except Exception:  # noqa: BLE001 - indices, for example, that fit no more
        return None
    return None if wanted is None else Trial(rolled, wanted)


def _rolled(i: int, x: np.ndarray) -> np.ndarray:
    """The elements in another order, in the same layout; a read-only array may hold one element many times."""
    y = _fresh(x)
    if y.flags.writeable:
        y[...] = np.roll(x, 1)
    return y


def _between(fault: Generated, probe: Probe) -> list[Probe]:
    """A valid call of other shapes."""
    shapes = [v.shape for v in probe.values]
    return [b for b in bases(fault.target, fault.case) if [v.shape for v in b.values] != shapes][:1]


def is_fault(fault: Generated) -> bool:
    """Whether the fault changes what is observed of a call that meets its condition."""
    on = namespace(INTACT)
    _sample()
    condition = conditions_of(fault.target, fault.recorded)[fault.condition]
    if fault.target.startswith("vjp "):
        return any(rule_changes(made(fault), probe) for probe in itertools.islice(_variants(fault, condition), 12))
    special = effects_of(fault.recorded)[fault.effect].special
    for trial in calls_meeting(fault):
        other = None if trial.wanted is None else _other(on, fault, trial.probe)
        with planted(made(fault), on):
            if trial.wanted is None:
                if _does_not_raise(on, fault, trial.probe):
                    return True
                continue
            order = [trial, other, trial]
            if condition.family == "calls":
                order += [trial, *(Trial(p, None) for p in _between(fault, trial.probe)), trial, other, trial]
            if _shows(on, fault, [t for t in order if t is not None], special == "zero"):
                return True
    return False


def _is_called(target: str, pattern: str) -> bool:
    """Whether a pattern matches a target, with or without what stands before its name."""
    return any(
        fnmatch.fnmatchcase(name, pattern) for name in (target, target[target.rfind(".") + 1 :], target.split()[-1])
    )


def drawn(count: int, seed: tuple[int, int], only: str | None = None) -> list[Generated]:
    """So many faults at random, each another one: the same list for the same seed.

    `only`: a pattern for their functions ('exp', 'K.softmax', 'vjp exp'); a few functions may have fewer faults.
    """
    rng = random.Random(repr(seed))
    found: dict[Generated, None] = {}
    chosen = [t for t in targets() if only is None or _is_called(t[0], only)]
    for _ in range(5 * count if chosen else 0):
        fault = next((f for f in proposed(rng, chosen) if f not in found and is_fault(f)), None)
        if fault is not None:
            found[fault] = None
        if len(found) == count:
            break
    return list(found)


def _does_not_raise(on: Namespace, fault: Generated, probe: Probe) -> bool:
    """Whether an invalid call is accepted, or raises the class of the effect."""
    for _ in range(3):
        try:
            _results(on, probe, _arrays(on, probe), fault.recorded)
        except RuntimeError as error:
            return error.__cause__ is not None and fault.effect.endswith("RuntimeError")
        except Exception:  # noqa: BLE001 - the right error
            continue
        return True
    return False


def _shows(on: Namespace, fault: Generated, order: Sequence[Trial], signs: bool) -> bool:
    """Whether a result, an input or an earlier result is not what it must be."""
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    for trial in order:
        arrays = _arrays(on, trial.probe)
        before = [a._array.copy() for a in arrays]
        try:
            results = _results(on, trial.probe, arrays, fault.recorded)
            if trial.wanted is not None:
                compare(trial.wanted, results, on.dtypes)
        except Exception:  # noqa: BLE001 - a wrong result, or an error where none is due
            return True
        if any(not _identical(a._array, b) for a, b in zip(arrays, before, strict=True)):
            return True
        if any(not _identical(now, then) for now, then in kept):
            return True
        if signs and trial.wanted is not None and _other_signs(trial.wanted, results):
            return True
        if fault.effect.startswith("a copy") and _asked_for(trial.probe) and _shared(results, arrays):
            return True
        kept += [(r._array, r._array.copy()) for r in results if hasattr(r, "_array")]
    return False


def _identical(x: np.ndarray, y: np.ndarray) -> bool:
    return x.tobytes() == y.tobytes()


def _other_signs(wanted: list[Any], results: list[Any]) -> bool:
    """Whether a zero has the wrong sign."""
    return any(
        isinstance(w, Expected)
        and w.value.dtype.kind == "f"
        and bool(np.any((w.value == 0) & (np.signbit(w.value) != np.signbit(host(r)))))
        for w, r in zip(wanted, results, strict=True)
    )


def _asked_for(probe: Probe) -> bool:
    return probe.call.kwargs.get("copy", probe.target == "astype") is True


def _shared(results: list[Any], arrays: list[Any]) -> bool:
    return any(
        np.shares_memory(r._array, a._array) and r._array.size > 0
        for r in results
        if hasattr(r, "_array")
        for a in arrays
    )
