"""Every case, every property, on every namespace that is installed; and no operation without a case."""

from __future__ import annotations

import importlib.util

import pytest

from conformance.case import discovered
from conformance.exempt import EXEMPT
from conformance.operations import namespace
from conformance.report import described
from conformance.runner import public_operations, selected, tasks, uncovered, verdict_on

NAMESPACES = [namespace(name) for name in ("numpy", "torch", "array_api_strict", "jax")
              if importlib.util.find_spec(name)]
TASKS = list(tasks(selected(None), NAMESPACES, only_transparent=("jax",)))


@pytest.mark.filterwarnings("ignore")  # the libraries' remarks on edge values; the results are what is tested
@pytest.mark.parametrize(("case", "prop", "on"), [
    pytest.param(case, prop, on, id=f"{case.name}-{prop.name}-{on.name}") for case, prop, on in TASKS])
def test_property(case, prop, on):
    verdict = verdict_on(case, prop, on)
    assert verdict.status != "wrong", described(verdict)


def test_every_operation_has_a_case_or_an_exemption():
    assert uncovered(EXEMPT) == {}


def test_exemptions_are_needed_and_have_reasons():
    assert [name for name in EXEMPT if name in discovered() or name not in public_operations()] == []
    assert all(len(reason) > 10 for reason in EXEMPT.values())


def test_cases_name_public_operations():
    import backend as K

    assert [name for name in discovered() if not callable(getattr(K, name, None))] == []
