"""Modules of the Keras backend API under test: what is judged, what is missing, and that faults in them are found."""

from __future__ import annotations

import itertools
import subprocess
import sys
import types
from typing import Any

import numpy as np
import pytest

import backend as K
import conformance
from conformance.judging.xfails import path_for
from conformance.running.engine import NamespaceError, UsageError
from conformance.subjects.operations import namespace
from conformance.verdict import Report

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # remarks of NumPy on edge values
EXAMPLE = "examples.numpy_keras"
_numbers = itertools.count()


def run(name: str, **options: Any) -> Report:
    return conformance.run([name], **{"shrink": False, "examples": 1, **options})


def statuses(report: Report) -> dict[str, str]:
    return {v.id: v.status for v in report.verdicts}


def made(*names: str, **changes: Any) -> str:
    """A module with these functions of K (all, if none is named), some of them changed, importable by its own name."""
    name = f"changed_module_{next(_numbers)}"
    module = types.ModuleType(name)
    whole = {k: v for k, v in vars(K).items() if not k.startswith("_")}
    module.__dict__.update({k: whole[k] for k in names or whole} | changes)
    sys.modules[name] = module
    return name


def test_the_example_has_one_fault_and_it_is_found():
    report = run(EXAMPLE)
    assert {v.operation for v in report.failed} == {"hard_sigmoid"} and report.exit_code == 1
    assert [v.kind for v in report.failed] == ["value", "parameters", "sizes"]
    counts = report.counts()
    assert counts["identical"] + counts["within"] > 50
    lacking = [v for v in report.verdicts if v.operation == "conv2d"]
    assert [(v.kind, v.status, v.reason) for v in lacking] == [("value", "unsupported", "there is no function conv2d")]
    (facts,) = report.namespaces
    assert "conv2d" in facts.probe["missing"] and "softmax" not in facts.probe["missing"]


def test_the_script_needs_nothing_but_the_module_and_fails():
    script = run(EXAMPLE, only="hard_sigmoid", shrink=True).failed[0].finding.script
    code = "\n".join(line for line in script.splitlines() if not line.startswith("#"))
    assert "conformance" not in code and "backend" not in code
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 1 and "AssertionError" in done.stderr
    mended = script.replace("M.hard_sigmoid(x0)", "np.clip(np.float32(0.2) * x0 + np.float32(0.5), 0, 1)")
    assert subprocess.run([sys.executable, "-c", mended]).returncode == 0


def test_k_itself_is_such_a_module_and_holds():
    report = run("backend", only="[ds]*")
    kinds = {v.kind for v in report.verdicts}
    derived = {"parameters", "memory", "sizes"}
    assert kinds == {"value", "shape", "dtype", "error", "determinism", "compiled", "unknown", "gradient"} | derived
    assert report.failed == [] and len(report.verdicts) > 100
    assert report.namespaces[0].probe["missing"] == []


def _noisy(x, level, noise_shape=None, seed=None):
    return K.dropout(x, level, noise_shape, seed) + next(_numbers) * 1e-3


def _doubled(x, axis):
    """Twice the values where the axis is -2."""
    return 2 * x if axis == -2 else x


_kept = {}


def _in_one_buffer(x, alpha=0.0, max_value=None, threshold=0.0):
    found = np.asarray(K.relu(x, alpha, max_value, threshold))
    buffer = _kept.setdefault((found.shape, found.dtype), np.empty_like(found))
    buffer[...] = found
    return buffer


FAULTS = {
    "tanh/value": {"tanh": lambda x: K.tanh(x) * 1.0001},
    "softmax/value": {"softmax": lambda x, axis=-1: K.softmax(x, 0)},
    "repeat_elements/parameters": {
        "repeat_elements": lambda x, rep, axis: _doubled(K.repeat_elements(x, rep, axis), axis)
    },
    "softmax/sizes": {"softmax": lambda x, axis=-1: _doubled(K.softmax(x, axis), -(np.size(x) > 64) * 2)},
    "relu/memory": {"relu": _in_one_buffer},
    "sum/dtype": {"sum": lambda x, axis=None, keepdims=False: K.cast(K.sum(x, axis, keepdims), "float64")},
    "mean/shape": {"mean": lambda x, axis=None, keepdims=False: K.mean(x, axis)},
    "elu/error": {"elu": lambda x, alpha=1.0: K.elu(x, 1.0 if alpha is None else alpha)},
    "dropout/determinism": {"dropout": _noisy},
    "dropout/dtype": {"dropout": lambda x, level, noise_shape=None, seed=None: K.cast(x, "float64")},
    "square/gradient": {"gradients": lambda loss, variables: [g * 1.001 for g in K.gradients(loss, variables)]},
    "square/compiled": {
        "function": lambda inputs, outputs: lambda fed: [v + 1 for v in K.function(inputs, outputs)(fed)]
    },
    "log_softmax/unknown": {
        "placeholder": lambda shape, dtype: K.placeholder(tuple(n or 2 for n in shape), dtype=dtype)
    },
}


@pytest.mark.parametrize("id_", FAULTS)
def test_faults_are_found(id_):
    name = made(**FAULTS[id_])
    operation, _, kind = id_.partition("/")
    assert statuses(run("backend", only=operation, kind=kind))[id_] in ("identical", "within")
    assert statuses(run(name, only=operation, kind=kind))[id_] == "wrong"


def test_random_values_are_not_judged_but_their_dtypes_and_their_repetition_are():
    name = made(
        random_uniform=lambda shape, minval=0.0, maxval=1.0, dtype="float32", seed=None: K.random_uniform(
            shape, minval, maxval, dtype, None if seed is None else seed + 1
        )
    )
    assert statuses(run(name, only="random_uniform")) == {
        "random_uniform/shape": "identical",
        "random_uniform/dtype": "identical",
        "random_uniform/error": "identical",
        "random_uniform/determinism": "identical",
    }


class Box:
    """An array that only its own module can make and read."""

    def __init__(self, value: np.ndarray) -> None:
        self.value = value


def _boxed(function: Any) -> Any:
    def call(x: Box, *rest: Any) -> Box:
        if not isinstance(x, Box):
            raise TypeError("takes boxes alone")
        return Box(np.asarray(function(x.value, *rest)))

    return call


def test_arrays_are_made_and_read_by_the_module_where_it_takes_no_others():
    own = {"constant": lambda value, dtype: Box(np.asarray(value, dtype)), "eval": lambda x: x.value}
    functions = {name: _boxed(getattr(K, name)) for name in ("relu", "softmax", "softplus")}
    name = made("floatx", **own, **functions)
    assert namespace(name).maker == "constant" and namespace(EXAMPLE).maker == ""
    report = run(name)
    found = statuses(report)
    assert report.failed == [] and found["softmax/value"] == "within" and found["softmax/dtype"] == "identical"
    whole = made("floatx", **own, **{**functions, "softplus": _boxed(lambda x: K.softplus(x) + 1)})
    (wrong,) = (v for v in run(whole, kind="value").failed)
    script = wrong.finding.script
    assert wrong.operation == "softplus" and "M.constant(" in script and "M.eval(got)" in script


def test_calls_with_arguments_that_a_function_does_not_take_are_unsupported_and_the_others_are_tried():
    name = made("floatx", "softmax", "softplus", relu=lambda x: K.relu(x))
    (value,) = (v for v in run(name, only="relu", kind="value").verdicts)
    assert value.status == "identical" and "unsupported for float32" in value.reason and "'alpha'" in value.reason


def test_expected_failures_are_in_a_file_of_the_module_s_name(tmp_path):
    path = path_for(EXAMPLE, namespace(EXAMPLE).library, tmp_path)
    assert path.name == "examples.numpy_keras.toml"
    path.write_text('["hard_sigmoid/value"]\nreason = "the slope of Keras 3"\n')
    assert run(EXAMPLE, xfails=tmp_path, only="hard*").exit_code == 0


def test_what_is_no_such_module_or_has_no_such_part_is_refused():
    for wrong, why in ((made("softmax", "relu"), "no array namespace"), (f"{EXAMPLE}:gpu", "no devices")):
        with pytest.raises(NamespaceError, match=why):
            run(wrong)
    with pytest.raises(UsageError, match="standard"):
        run(EXAMPLE, group="standard")
