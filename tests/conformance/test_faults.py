"""The conformance tool can fail: faults planted in a namespace, in K's rules or in an operation are found, each one."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backend as K
from backend.autodiff.rules.table import VJPS
from conformance import error_analysis
from conformance.__main__ import main
from conformance.case import A, Case, call, case
from conformance.examples import drawn, forget, typical
from conformance.judging.bounds import Expected, deviation, differences
from conformance.properties.registry import PROPERTIES
from conformance.running.runner import verdict_on
from conformance.subjects.operations import namespace

pytestmark = pytest.mark.slow

strict = pytest.importorskip("array_api_strict")
NAME = "array_api_strict"
_seeds = itertools.count(1000)  # fresh examples for every verdict: nothing is remembered from an intact namespace


def own(name: str, *calls: Any, **details: Any) -> Case:
    return case(name, *calls, listed=False, **details)


def status(which: Case, prop: str, name: str = NAME) -> str:
    forget()  # a test may have changed a rule
    return verdict_on(which, PROPERTIES[prop], namespace(name), seed=next(_seeds), shrink=False).status


def scaled(name: str, factor: float) -> tuple[str, Callable[..., Any]]:
    whole = getattr(strict, name)
    return name, lambda *args, **kwargs: whole(*args, **kwargs) * factor


def ignoring(name: str, **fixed: Any) -> tuple[str, Callable[..., Any]]:
    whole = getattr(strict, name)
    return name, lambda *args, **kwargs: whole(*args, **(kwargs | fixed))


def last_of_ties(x, /, *, axis=None, keepdims=False):
    n = x.shape[axis]
    return n - 1 - _argmax(strict.flip(x, axis=axis), axis=axis, keepdims=keepdims)


def narrow(name: str, dtype: str) -> tuple[str, Callable[..., Any]]:
    whole = getattr(strict, name)
    return name, lambda *args, **kwargs: strict.astype(whole(*args, **kwargs), getattr(strict, dtype))


def through_float32(name: str) -> tuple[str, Callable[..., Any]]:
    whole = getattr(strict, name)

    def function(*args: Any, **kwargs: Any) -> Any:
        low = [strict.astype(x, strict.float32) for x in args]
        return strict.astype(whole(*low, **kwargs), args[0].dtype)

    return name, function


_argmax, _maximum, _mean, _max, _where = strict.argmax, strict.maximum, strict.mean, strict.max, strict.where
_log, _broadcast_to = strict.log, strict.broadcast_to

EXP = own("exp", call(A("n", "m")))
SUM = own("sum", call(A("n", "m"), axis=0), call(A("n", "m"), keepdims=True))
MEAN = own("mean", call(A("n", "m", sizes={"n": (1, 4), "m": (1, 4)})))
ARGMAX = own(
    "argmax",
    call(A("n", 4, low=0.0, high=1.0)),
    exact=True,
    gradient=(),
    edges=[call([[1.0, 2.0, 2.0]]), call([[np.nan, 1.0, np.nan]])],
)
MAX = own(
    "max",
    call(A("n", "m", sizes={"n": (1, 4), "m": (1, 4)}), axis=1, keepdims=True),
    exact=True,
    edges=[call([[1.0, np.nan, 2.0]], axis=1)],
)
MAXIMUM = own("maximum", call(A("n"), A("n")), exact=True, edges=[call([-0.0, 1.0], [-0.0, -0.0])])
DOT = own("dot", call(A("n", 2, "k"), A(3, "k", "m")))
PRODUCT = own("batch_dot", call(A("n", 2, "k"), A("n", "k", "m")))
TANH = own("tanh", call(A("n", "m")))
LOG = own("log", call(A("n", low=0.1)), edges=[call([0.0, -1.0, np.inf])])

# The fault, the function of the namespace it sits in, the case, and the property that has to find it.
PLANTED = {
    "exp is 1.2 times too large": (scaled("exp", 1.2), EXP, "value"),
    "exp in float32 for float64": (through_float32("exp"), EXP, "value"),
    "exp one part in a million too large": (scaled("exp", 1 + 1e-6), EXP, "value"),
    "sum one part in a million too large": (scaled("sum", 1 + 1e-6), SUM, "value"),
    "sum forgets keepdims": (ignoring("sum", keepdims=False), SUM, "value"),
    "mean is 0": (("mean", lambda x, **kwargs: _mean(x * 0.0, **kwargs)), MEAN, "value"),
    "max ignores NaN": (
        ("max", lambda x, **kwargs: _max(_where(strict.isnan(x), strict.zeros_like(x), x), **kwargs)),
        MAX,
        "value",
    ),
    "argmax gives the last of several": (("argmax", last_of_ties), ARGMAX, "value"),
    "argmax gives int32": (narrow("argmax", "int32"), own("argmax", call(A(3, 4)), exact=True, gradient=()), "dtype"),
    "maximum loses the sign of zero": (("maximum", lambda x, y: _maximum(x, y) + 0.0), MAXIMUM, "value"),
    "tensordot in float32 for float64": (through_float32("tensordot"), DOT, "value"),
    "matmul in float32 for float64": (through_float32("matmul"), PRODUCT, "value"),
    "log of a negative number is 0": (("log", lambda x: _where(x < 0, strict.zeros_like(x), _log(x))), LOG, "value"),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_faults_in_a_namespace_are_found(fault, monkeypatch):
    (name, function), which, prop = PLANTED[fault]
    assert status(which, prop) in ("identical", "within"), "the intact namespace passes"
    monkeypatch.setattr(strict, name, function)
    assert status(which, prop) == "wrong"


def test_a_wrong_gradient_is_found_by_finite_differences(monkeypatch):
    assert status(TANH, "gradient") == "within"
    monkeypatch.setitem(VJPS, "tanh", (lambda g, out, x: g * (1 - out * out) * 1.0001,))
    assert status(TANH, "gradient") == "wrong"


def test_a_missing_gradient_is_found(monkeypatch):
    monkeypatch.setitem(VJPS, "tanh", (lambda g, out, x: None,))
    assert status(TANH, "gradient") == "wrong"


def test_a_gradient_wrong_on_one_namespace_is_found(monkeypatch):
    which = own("sum", call(A("n", 3), axis=0))
    assert status(which, "gradient") in ("within", "identical")
    monkeypatch.setattr(strict, "broadcast_to", lambda x, shape: _broadcast_to(x, shape) * 1.0001)
    assert status(which, "gradient") == "wrong"


def test_a_gradient_that_takes_unknown_sizes_for_1_is_found(monkeypatch):
    import backend.autodiff.rules.elementwise as rules

    which = own("maximum", call(A("n", 3), A(3)))
    assert status(which, "unknown") in ("within", "identical")
    right = rules.unbroadcast

    def first_row(g, x):
        return g[:1, ...] if x.ndim < g.ndim and None in g.shape else right(g, x)

    monkeypatch.setattr(rules, "unbroadcast", first_row)
    assert status(which, "unknown") == "wrong" and status(which, "gradient") != "wrong"


def test_a_wrong_second_derivative_is_found(monkeypatch):
    assert status(TANH, "second") in ("identical", "within")
    # the right slopes, with a derivative that takes them for constants
    monkeypatch.setitem(VJPS, "tanh", (lambda g, out, x: g * K.stop_gradient(1.0 - out * out),))
    assert status(TANH, "gradient") in ("identical", "within") and status(TANH, "second") == "wrong"


@pytest.mark.parametrize(("at_zero", "verdict"), [(0, "identical"), (0.5, "wrong")])
def test_a_gradient_that_decides_otherwise_at_a_kink_is_found(at_zero, verdict):
    which = own("relu", call(A("n")), kinks=[(call([-1.0, 0.0, 1.0]), [0, at_zero, 1])])
    assert status(which, "kinks") == verdict


def as_it_lies_in_memory(x):
    return np.ravel(x, order="K").reshape(x.shape) if isinstance(x, np.ndarray) else x


def leaves_a_zero_behind(x):
    result = x + 0.0
    if isinstance(x, np.ndarray) and x.flags.writeable:
        x[:1] = 0.0
    return result


@pytest.mark.parametrize("broken", [as_it_lies_in_memory, leaves_a_zero_behind])
def test_an_operation_that_depends_on_memory_or_changes_it_is_found(broken, monkeypatch):
    which = own("identity", call(A(3, 4)), exact=True)
    assert status(which, "layout", "numpy") in ("identical", "within")
    monkeypatch.setattr(K, "identity", broken)
    assert status(which, "layout", "numpy") == "wrong"


def test_values_that_cannot_be_checked_are_no_verdict():
    assert status(own("floor", call(A(20, low=0.0, high=0.0))), "value") == "identical"
    overflowing = own("square", call(A(20, low=255.9, high=255.99)), dtypes=("float16",))
    verdict = verdict_on(overflowing, PROPERTIES["value"], namespace("numpy"), seed=next(_seeds), shrink=False)
    assert verdict.unchecked > 0.5 and verdict.status == "wrong"


def test_a_wrong_prediction_is_found(monkeypatch):
    recorder = K.placeholder((2,)).__array_namespace__()
    whole = recorder.exp
    monkeypatch.setattr(recorder, "exp", lambda x: recorder.expand_dims(whole(x), axis=0))
    assert status(EXP, "predicted") == "wrong"


def test_a_compiled_function_that_differs_is_found(monkeypatch):
    recorder = K.placeholder((2,)).__array_namespace__()
    monkeypatch.setattr(recorder, "exp", lambda x: recorder.expm1(x) + 1.0)
    assert status(EXP, "compiled") == "wrong"


@pytest.mark.parametrize(
    "broken",
    [
        lambda x: x / 0 if x.shape == (7,) else x,  # no error at all
        lambda x: (_ for _ in ()).throw(TypeError("tanh: x came")),  # another class
        lambda x: (_ for _ in ()).throw(ValueError("no")),  # a message without the operation
    ],
)
def test_wrong_errors_are_found(broken, monkeypatch):
    monkeypatch.setattr(K, "tanh", broken)
    which = own("tanh", call(A("n")), errors=[(ValueError, call(A(2, 2)))])
    assert status(which, "error") == "wrong"


def test_a_result_on_another_device_is_found(monkeypatch):
    def home(x):
        xp = x.__array_namespace__() if hasattr(x, "__array_namespace__") else None
        return x if xp is not strict else x.to_device(strict.Device("CPU_DEVICE"))

    which = own("tanh", call(A(2, 2)))
    monkeypatch.setattr(K, "tanh", home)
    (device1,) = [place for place in namespace(NAME).devices if place.name.endswith("device1")]
    verdict = verdict_on(which, PROPERTIES["device"], device1, seed=next(_seeds), shrink=False)
    assert verdict.status == "wrong" and verdict.finding.cause == "device"


def test_an_operation_that_looks_at_values_is_not_transparent(monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(K, "tanh", lambda x: x * float(x[0, 0]) if hasattr(x, "is_cuda") else x)
    verdict = verdict_on(
        own("tanh", call(A(2, 2))), PROPERTIES["transparent"], namespace("torch"), seed=next(_seeds), shrink=False
    )
    assert verdict.status == "wrong"


def test_failures_are_shrunk_and_come_with_a_script(monkeypatch):
    from conformance.reports.terminal import described

    monkeypatch.setattr(strict, *scaled("exp", 1.2))
    verdict = verdict_on(EXP, PROPERTIES["value"], namespace(NAME), seed=next(_seeds))
    assert verdict.finding.size == 1
    text = described(verdict)
    assert "expected" in text and "import backend as K" in text and "assert" in text


def test_a_script_runs_on_its_own_and_shows_no_fault_on_the_intact_namespace(monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        patch.setattr(strict, *scaled("exp", 1.2))
        verdict = verdict_on(EXP, PROPERTIES["value"], namespace(NAME), seed=next(_seeds))
    path = tmp_path / "shown.py"
    path.write_text(verdict.finding.script)
    run = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(p for p in sys.path if p)},
    )
    assert run.returncode == 0, run.stderr


def test_the_command_line_says_what_came_out_by_its_exit_code(tmp_path, capsys):
    file = tmp_path / "out.json"
    assert main([NAME, "--only", "exp", "--examples", "1", "--json", str(file)]) == 0
    assert "seed 0" in capsys.readouterr().out
    rows = json.loads(file.read_text())
    assert rows["schema"] >= 2 and {"exp"} == {row["operation"] for row in rows["verdicts"]}
    assert main([NAME, "--only", "no such operation"]) == 2
    assert main(["--examples", "many", NAME]) == 2
    assert main(["no_such_library.at_all"]) == 3
    assert main(["examples.broken_namespace", "--only", "xp.*", "--kind", "value", "--no-shrink", "--seed", "7"]) == 1


def test_examples_are_the_same_for_the_same_seed():
    def bits(seed: int) -> list[bytes]:
        return [v.tobytes() for e in drawn.__wrapped__(EXP, 0, 5, seed) for v in e.values]

    assert bits(1) == bits(1) != bits(2)
    assert typical(EXP, 0, "float32").values[0].shape == (3, 4)


def test_the_error_analysis_holds_and_is_not_idle():
    """Whatever float32 does to a softmax stays within the bound, which lies within a hundred ulps of it."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 20)).astype(np.float32)
    wanted = K.softmax(error_analysis.bounded(x))
    error, bound = differences(Expected(wanted.value, wanted.error, "float32"), K.softmax(x))
    assert 0.02 < deviation(error, bound) <= 1.0
    assert np.all(bound < 100 * 2.0**-23 * wanted.value)


def test_nan_infinities_and_the_sign_of_zero_are_compared_by_position():
    value = np.array([np.nan, np.inf, -0.0, 1.0])
    exact, near = Expected(value, None, "float64"), Expected(value, np.full(4, 1e-9), "float64")
    for want in (exact, near):
        assert deviation(*differences(want, value.copy())) == 0.0
        for i, other in ((0, 0.0), (1, -np.inf), (1, 1e300), (3, np.nan), (3, 1.0 + 1e-6)):
            got = value.copy()
            got[i] = other
            assert deviation(*differences(want, got)) > 1.0
    assert deviation(*differences(exact, np.abs(value))) > 1.0
