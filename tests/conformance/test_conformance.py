"""Every case, every property, on every namespace that is installed; and no operation without a case."""

from __future__ import annotations

import importlib.util

import pytest

from conformance.case import discovered, discovered_standard
from conformance.exempt import EXEMPT
from conformance.judging.xfails import SHIPPED, loaded, unexplained
from conformance.properties.registry import PROPERTIES
from conformance.reports.terminal import described
from conformance.running.engine import Options, expectations
from conformance.running.runner import verdicts_of
from conformance.running.tasks import public_operations, selected, uncovered
from conformance.subjects.operations import namespace
from conformance.subjects.probe import STANDARD_NAMES

NAMESPACES = [namespace(name) for name in ("numpy", "jax") if importlib.util.find_spec(name)]
KNOWN = {on.name: expectations(on, Options()) for on in NAMESPACES}
# The command tries all kinds on every namespace, in CI, too. Here: NumPy, those with many calls on its functions of the
# standard alone, without the kernels that numba compiles anew; and jax's transformations of K, where each shape is
# compiled.
MANY_CALLS = ("parameters", "dtypes", "layout", "memory", "sizes", "kernel")
PAIRS = [
    (case, on)
    for case in selected(None, ("standard", "k"))
    for on in NAMESPACES
    if on.library != "jax" or (case.group == "k" and case.calls)
]
BY_ITSELF = {"__array_namespace_info__"}  # the probe reads it


@pytest.mark.filterwarnings("ignore")  # the libraries' remarks on edge values; the results are what is tested
@pytest.mark.parametrize(
    ("case", "on"),
    [
        pytest.param(
            case,
            on,
            id=f"{'xp.' * (case.group == 'standard')}{case.name}-{on.name}",
            marks=[pytest.mark.slow] if on.name != "numpy" else [],
        )
        for case, on in PAIRS
    ],
)
def test_operation(case, on):
    few = tuple(kind for kind in PROPERTIES if kind not in MANY_CALLS)
    whole = (case.group, on.name) == ("standard", "numpy")
    kinds = ("transparent",) if on.library == "jax" else None if whole else few
    found = verdicts_of(case, on, kinds=kinds, known=KNOWN[on.name], shrink=False)
    assert [described(v) for v in found if v.bad] == []


def test_every_operation_has_a_case_or_an_exemption():
    assert uncovered(EXEMPT) == {}


def test_every_function_of_the_standard_has_a_case():
    assert [name for name in STANDARD_NAMES if name not in discovered_standard() and name not in BY_ITSELF] == []


def test_exemptions_are_needed_and_have_reasons():
    assert [name for name in EXEMPT if name in discovered() or name not in public_operations()] == []
    assert all(len(reason) > 10 for reason in EXEMPT.values())


def test_cases_name_public_operations():
    import backend as K

    assert [name for name in discovered() if not callable(getattr(K, name, None))] == []


def test_expected_failures_name_operations_and_have_reasons():
    names = {*discovered(), *(f"xp.{name}" for name in discovered_standard())}
    for path in SHIPPED.glob("*.toml"):
        entries = loaded(path)
        assert [e.id for e in entries.values() if e.operation not in names] == [], path
        assert unexplained(entries.values()) == [], path
