"""The tool's check of itself: planted faults are found, the intact namespace is not blamed."""

from __future__ import annotations

import pytest

pytest.importorskip("array_api_strict")

from conformance.mutants import check, self_check
from conformance.mutants.check import Outcome, planted
from conformance.mutants.check import check as checked
from conformance.mutants.faults import Mutant
from conformance.mutants.self_check import MUTANTS, Finder, blamed
from conformance.mutants.table import NAMESPACE_MUTANTS
from conformance.running.tasks import GROUPS, selected
from conformance.subjects.operations import namespace

pytestmark = pytest.mark.slow

# one of each sort: values, special values, dtypes, axes, order, devices, rules, kernels, errors, definitions
SAMPLE = (
    "exp is off by 2 ulp beyond its bound",
    "matmul is one part in a million too large",
    "max ignores NaN",
    "maximum loses the sign of zero",
    "argmax gives int32",
    "sum ignores keepdims",
    "argsort is not stable",
    "full ignores the device",
    "the gradient of tanh is one part in ten thousand too large",
    "torch's kernel for convolution is off by one place",
    "torch's kernel for softmax takes every layout for that of a new array",
    "torch's kernel for convolution guesses the layout by axes of size 1",
    "torch's kernel for batch_norm_gradient takes one layout for both",
    "gather raises ValueError instead of IndexError",
    "the padding of conv2d is off by one",
    "random numbers are one step too low",
)


def uses():
    with check.silent():
        return self_check._uses()


@pytest.mark.parametrize("fault", SAMPLE)
def test_a_planted_fault_is_found(fault):
    (mutant,) = [m for m in MUTANTS if m.fault == fault]
    if mutant.target.startswith("kernel "):
        pytest.importorskip("torch")
    with check.silent():
        outcome = checked(mutant, selected(None, GROUPS), uses())
        assert outcome.found_by is not None
    finder = Finder(outcome.found_by.group, outcome.found_by.operation, outcome.found_by.kind)
    assert blamed([finder], (0,), [outcome.found_by.namespace]) == []


def test_there_are_many_mutants_and_each_is_another():
    assert len(MUTANTS) >= 300
    assert len({m.fault for m in MUTANTS}) == len(MUTANTS)
    assert {m.fault for m in MUTANTS} >= set(SAMPLE)


def test_a_namespace_is_whole_again_after_a_fault():
    on = namespace(check.INTACT)
    for mutant in NAMESPACE_MUTANTS[::20]:
        before = getattr(on.xp, mutant.target, None)
        with planted(mutant, on):
            if before is not None:
                assert getattr(on.xp, mutant.target) is not before
        assert getattr(on.xp, mutant.target, None) is before


def test_a_fault_that_nobody_asks_for_survives_and_is_told(capsys):
    harmless = Mutant("exp is as it was", "exp", lambda whole: lambda x: whole(x))
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:  # one operation is enough here
        patch.setattr(
            self_check, "selected", lambda pattern, groups: [c for c in selected(None, groups) if c.name == "exp"]
        )
        assert self_check.self_check([harmless], said.append, count=0) == 1
    assert any("survives: exp is as it was" in line for line in said)
    assert any("handwritten faults found: 0 of 1" in line for line in said)


def test_a_verdict_against_the_intact_namespace_counts(monkeypatch):
    (mutant,) = [m for m in MUTANTS if m.fault == "exp is 20 % too large"]
    cases = [c for c in selected(None, GROUPS) if c.name == "exp"]
    on = namespace(check.INTACT)
    with check.silent():
        outcome = checked(mutant, cases, {(c.group, c.name): {"exp"} for c in cases})
        assert isinstance(outcome, Outcome) and outcome.found_by is not None
        monkeypatch.setattr(on.xp, "exp", mutant.plant(on.xp.exp))  # the "intact" namespace is not
        finder = Finder(outcome.found_by.group, "exp", outcome.found_by.kind)
        assert len(blamed([finder], names=[check.INTACT])) >= 5
