"""Generated mutants: conditions, effects, what is no fault and is not composed, what finds them, and the score."""

from __future__ import annotations

import random

import numpy as np
import pytest

pytest.importorskip("array_api_strict")

import array_api_strict as xp

from conformance.case import discovered, discovered_standard
from conformance.mutants import scoring, self_check
from conformance.mutants.check import INTACT, planted, silent
from conformance.mutants.conditions import DTYPES, LAYOUTS, SIZES, VALUES
from conformance.mutants.generated import (
    MET,
    BrokenFaultError,
    Generated,
    candidates,
    conditions_of,
    effects_of,
    made,
    proposed,
    targets,
)
from conformance.mutants.judging import drawn, is_fault
from conformance.mutants.scoring import Fate, fate
from conformance.mutants.seen import Operand, Seen
from conformance.subjects.operations import namespace

pytestmark = pytest.mark.slow


def array(value, dtype="float32"):
    return xp.asarray(np.asarray(value, dtype))


def changes(fault, run):
    """The NumPy results of a call without and with a fault."""
    on = namespace(INTACT)
    whole = run()
    with planted(made(fault), on):
        faulty = run()
    return np.asarray(whole._array), np.asarray(faulty._array)


@pytest.mark.parametrize(
    ("condition", "meets", "misses"),
    [
        ("more than 64 elements", np.ones(65), np.ones(64)),
        ("no element", np.ones((2, 0)), np.ones(1)),
        ("3 or more axes", np.ones((2, 1, 2)), np.ones((2, 2))),
        ("float32", np.ones(2, "float32"), np.ones(2)),
        ("a NaN", np.array([1.0, np.nan]), np.ones(2)),
        ("a negative zero", np.array([-0.0]), np.array([0.0])),
        ("a reversed array", np.ones(4)[::-1], np.ones(4)),
        ("a strided array", np.ones(8)[::2], np.ones(4)),
        ("an array in Fortran order", np.ones((3, 2)).T, np.ones((3, 2))),
        ("a broadcast array", np.broadcast_to(np.ones(3), (2, 3)), np.ones((2, 3))),
    ],
)
def test_a_condition_holds_where_it_says(condition, meets, misses):
    (found,) = [c for c in (*SIZES, *LAYOUTS, *DTYPES, *VALUES) if c.words == condition]

    def holds(x):
        return found.holds(Seen((Operand(x.shape, x.dtype.name, x),), {"x": x}, x.size, 1, None))

    assert holds(meets) and not holds(misses)


def test_a_condition_on_arguments_sees_those_given_and_knows_the_default():
    conditions = conditions_of("sum", False)
    x = Operand((2, 3), "float32", np.ones((2, 3), "float32"))

    def holding(**named):
        return {words for words, c in conditions.items() if c.holds(Seen((x,), {"x": None, **named}, 6, 1, None))}

    assert "keepdims=True" in holding(keepdims=True)
    assert "keepdims=True" not in holding(keepdims=False)
    assert "axis negative" in holding(axis=-1)
    assert {"axis a tuple of two or more", "axis a tuple out of order"} <= holding(axis=(1, 0))
    assert "axis a tuple out of order" not in holding(axis=(0, 1))
    assert "axis=0 of several, keepdims=True" in holding(axis=0, keepdims=True)
    assert "axis=None given" in holding(axis=None) - holding()


def test_a_fault_shows_only_where_its_condition_holds():
    fault = Generated("exp", "more than 64 elements", "the last element is a thousandth off")
    before, after = changes(fault, lambda: xp.exp(array(np.ones(65))))
    assert before[-1] != after[-1] and np.array_equal(before[:-1], after[:-1])
    before, after = changes(fault, lambda: xp.exp(array(np.ones(64))))
    assert np.array_equal(before, after)
    assert MET[fault.words] == 1


def test_faults_of_memory_change_inputs_and_earlier_results():
    on = namespace(INTACT)
    x, y = array([1.0, 2.0]), array([3.0, 4.0])
    with planted(made(Generated("add", "float32", "the first input changes")), on):
        assert float(xp.add(x, y)[1]) == 6.0
        assert float(x[1]) == 3.0
    with planted(made(Generated("add", "float32", "the result of the call before is overwritten")), on):
        first = xp.add(y, y)
        xp.add(y, array([0.0, 0.0]))
        assert first._array.tolist() == [3.0, 4.0]


def test_operators_and_functions_are_different_targets():
    on = namespace(INTACT)
    with planted(made(Generated("array.add", "float32", "the result has one axis more")), on):
        assert (array([1.0]) + array([1.0])).shape == (1, 1)
        assert xp.add(array([1.0]), array([1.0])).shape == (1,)
    assert (array([1.0]) + array([1.0])).shape == (1,)


def test_an_invalid_call_is_accepted_or_raises_another_class():
    on = namespace(INTACT)
    with planted(made(Generated("sum", "float32", "an axis out of range is accepted")), on):
        assert xp.sum(array([1.0]), axis=9).shape == (1,)
        with pytest.raises(Exception, match="axis"):
            xp.sum(array([1.0], "float64"), axis=9)


@pytest.mark.parametrize(
    "fault",
    [
        Generated("sum", "more than 64 elements", "an element is 8 ulps beyond the bound"),  # its bound is wider
        Generated("add", "float32", "it is computed in less precision"),  # there is nothing less to compute it in
        Generated("exp", "one element", "the last two elements are swapped"),
        Generated("exp", "int32", "the result has one axis more"),  # exp of integers is not in the standard
        Generated("var", "uint16", "an axis out of range is accepted"),  # nor is var of them, whatever the axis
        Generated("any", "float32", "the sign of the last element is wrong"),  # truth values have none
    ],
)
def test_what_changes_nothing_that_is_fixed_is_no_fault(fault):
    assert not is_fault(fault)


@pytest.mark.parametrize(
    "fault",
    [
        Generated("exp", "more than 64 elements", "an element is 8 ulps beyond the bound"),
        Generated("exp", "a reversed array", "the last element is a stale one"),
        Generated("roll", "a negative zero", "the sign of zero is lost"),
        Generated("astype", "float32", "a copy that was asked for is a view"),
        Generated("sum", "axis a tuple out of order", "the result has the neighbouring dtype"),
        Generated("concat", "every third call", "a valid call raises ValueError"),
        Generated("K.softmax", "axis negative", "the result is written over the input"),
        Generated("K.softmax", "axis negative", "the result is a thousandth too large", True),
        Generated("K.reshape", "float32", "an invalid call raises RuntimeError"),
        Generated("vjp exp", "3 or more axes", "the result has the wrong sign", True),
    ],
)
def test_what_changes_something_that_is_fixed_is_a_fault(fault):
    with silent():
        assert is_fault(fault)


def test_what_the_standard_leaves_open_is_not_composed():
    def composed(target):
        return {(f.condition, f.effect) for f in candidates(target, False)}

    assert not any(condition == "a NaN" for condition, _ in composed("argmax"))
    assert not any("swapped" in effect for _, effect in composed("unique_values"))
    assert not any("element" in effect for _, effect in composed("empty"))
    assert not any("copy" in effect for _, effect in composed("exp"))
    assert ("a negative zero", "the sign of zero is lost") not in composed("maximum")
    assert ("a negative zero", "the sign of zero is lost") in composed("ceil")


def test_every_function_and_operation_has_candidates():
    named = {target for target, _ in targets()}
    assert named >= {f"K.{name}" for name in discovered()}
    assert set(discovered_standard()) - named == {"array.getitem_reversed", "array.setitem"}
    assert sum(name.startswith("vjp ") for name in named) >= 40
    assert all(any(candidates(*target)) for target in targets())


def test_there_are_thousands_of_faults_that_nobody_wrote():
    everything = [fault for target in targets() for fault in candidates(*target)]
    some = random.Random(0).sample(everything, 60)
    with silent():
        share = sum(map(is_fault, some)) / len(some)
    assert share * len(everything) > 20 * 1500


def test_the_seed_decides_which_are_drawn():
    with silent():
        first, again, other = drawn(4, (1, 0)), drawn(4, (1, 0)), drawn(4, (2, 0))
    assert first == again
    assert len(set(first)) == 4
    assert set(first) != set(other)
    with silent():
        assert {f.target for f in drawn(8, (1, 0), "exp")} <= {"exp", "K.exp", "vjp exp"}


def test_candidates_of_one_function_are_of_many_families():
    found = [f for _ in range(6) for f in proposed(random.Random(_), [("sum", False)])]
    assert len({conditions_of("sum", False)[f.condition].family for f in found}) >= 6
    assert len({effects_of(False)[f.effect].family for f in found}) >= 5


def test_a_fault_is_found_by_the_verdicts_on_its_function():
    with silent():
        found = fate(Generated("exp", "float32", "the result has one axis more"))
        assert found.kind and found.verdict.startswith("xp.exp/") and found.met
        found = fate(Generated("vjp tanh", "float64", "the result has the wrong sign", True))
        assert found.kind in scoring.OF_RULES and found.met


def test_a_fault_that_no_call_meets_survives_and_is_told(monkeypatch):
    fault = Generated("exp", "float32", "the result has one axis more")
    monkeypatch.setattr(scoring, "tasks_to_try", lambda cases, on, by_cause: [])
    lost = fate(fault)
    assert not lost.kind
    assert "exp: float32: the result has one axis more (no call meets the condition)" in lost.told


def test_an_error_of_a_fault_is_no_find(monkeypatch):
    fault = Generated("exp", "float32", "the result has one axis more")
    condition = conditions_of("exp", False)["float32"]
    broken = condition._replace(holds=lambda call: 1 / 0)
    monkeypatch.setitem(conditions_of("exp", False), "float32", broken)
    with silent(), pytest.raises(BrokenFaultError):
        fate(fault)


def test_the_self_check_tells_the_score_and_fails_below_the_least(monkeypatch):
    lost = Fate(Generated("exp", "float32", "the result has one axis more"), "", "", "", 0, 3, 0.1)
    good = Fate(Generated("exp", "float64", "the result has one axis more"), "exp", "value", "xp.exp/value", 2, 1, 0.1)
    said: list[str] = []

    def checked(fates):
        said.clear()
        monkeypatch.setattr(self_check, "sampled", lambda count, seed, only, jobs, say: fates)
        monkeypatch.setattr(self_check, "blamed", lambda finders, jobs: [])
        return self_check.self_check([], said.append, seed=7)

    assert checked([good] * 97 + [lost] * 3) == 0
    assert any("generated faults found: 97 of 100, 97.0 % (--seed 7)" in line for line in said)
    assert any(line.startswith("survives: exp: float32") for line in said)
    assert checked([good] * 96 + [lost] * 4) == 1


def test_a_false_alarm_fails_the_self_check(monkeypatch):
    monkeypatch.setattr(self_check, "sampled", lambda count, seed, only, jobs, say: [])
    monkeypatch.setattr(self_check, "blamed", lambda finders, jobs: ["xp.exp/value on numpy, seed 3"])
    said: list[str] = []
    assert self_check.self_check([], said.append, seed=7) == 1
    assert "false alarm: xp.exp/value on numpy, seed 3" in said


@pytest.mark.slow
def test_parts_and_processes_make_no_difference():
    one = scoring.sampled(7, 5, "tanh")
    assert [f.fault for f in one]
    two = scoring.sampled(7, 5, "tanh", jobs=2)
    assert {(f.fault, f.verdict) for f in two} == {(f.fault, f.verdict) for f in one}


@pytest.mark.parametrize(
    ("target", "condition", "effect"),
    [
        ("tan", "complex128", "the first input changes"),
        ("add", "5 or more axes", "the second input changes"),
        ("add", "5 or more axes", "the result of the call before is overwritten"),
    ],
)
def test_calls_that_nobody_wrote_are_watched_for_their_memory(target, condition, effect):
    with silent():
        assert fate(Generated(target, condition, effect)).kind in ("dtypes", "sizes", "parameters")
