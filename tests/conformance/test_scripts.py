"""The script of a failure fails as long as the fault stands, and passes without it: for every kind of check."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("array_api_strict")

from conformance.mutants.check import INTACT, planted, silent
from conformance.mutants.self_check import MUTANTS
from conformance.running.runner import verdict_on
from conformance.running.tasks import GROUPS, selected, tasks_of
from conformance.subjects.operations import namespace

pytestmark = pytest.mark.slow

# fault, operation, kind of check, whether the script is made of calls alone
FOUND = [
    ("exp is 20 % too large", "exp", "value", True),
    ("maximum loses the sign of zero", "maximum", "value", True),
    ("max ignores NaN", "max", "value", True),
    ("sum ignores keepdims", "sum", "shape", True),
    ("argmax gives int32", "argmax", "dtype", True),
    ("the recorded softmax has one more axis", "softmax", "predicted", True),
    ("the compiled sigmoid differs in the last places", "sigmoid", "compiled", True),
    ("gather raises ValueError instead of IndexError", "gather", "error", True),
    ("softmax accepts invalid calls", "softmax", "error", True),
    ("softmax raises errors that do not name it", "softmax", "error", True),
    ("softmax moves to the default device", "softmax", "device", True),
    ("the gradient of tanh is one part in ten thousand too large", "tanh", "gradient", False),
    ("exp is 20 % too large", "exp", "unknown", False),
    (
        "normalize_batch_in_training: the definition is 1 % too large, everywhere",
        "normalize_batch_in_training",
        "value",
        True,
    ),
]


def outcome(script):
    try:
        with silent():
            exec(compile(script, "script", "exec"), {"__name__": "script"})  # our own text, from a failure made here
    except AssertionError:
        return "fails"
    return "passes"


@pytest.mark.parametrize(("fault", "operation", "kind", "direct"), FOUND, ids=lambda part: str(part)[:24])
def test_a_script_fails_while_the_fault_stands(fault, operation, kind, direct):
    (mutant,) = [m for m in MUTANTS if m.fault == fault]
    on = namespace(INTACT)
    (case,) = list(selected(operation, ("k",)))
    (prop, place, _), *_ = list(tasks_of(case, on, (kind,)))
    with silent():
        with planted(mutant, on):
            verdict = verdict_on(case, prop, place)
            assert verdict.status == "wrong"
            script = verdict.finding.script
            assert outcome(script) == "fails"
        assert outcome(script) == "passes"
    assert ("properties_of(" not in script) is direct
    assert script.count("assert ") <= 1


def test_a_script_fails_on_its_own(tmp_path, monkeypatch):
    """In a process of its own, for a namespace in a file: NumPy with one function wrong."""
    (tmp_path / "broken_space.py").write_text(
        "from array_api_compat.numpy import *\nfrom array_api_compat import numpy as _whole\n"
        "from array_api_compat.numpy import __array_namespace_info__\n"
        "def exp(x, /):\n    return _whole.exp(x) * 1.2\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    on = namespace("broken_space")
    (case,) = selected("xp.exp", GROUPS)
    (prop, place, _), *_ = tasks_of(case, on, ("value",))
    verdict = verdict_on(case, prop, place)
    assert verdict.status == "wrong"
    path = tmp_path / "shown.py"
    path.write_text(verdict.finding.script)
    ran = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(p for p in sys.path if p)},
    )
    assert ran.returncode == 1 and "AssertionError" in ran.stderr, ran.stderr
