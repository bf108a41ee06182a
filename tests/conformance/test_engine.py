"""Whole runs of the conformance tool: options, missing and wrong functions, expected failures, processes."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import types
from typing import Any

import array_api_compat.numpy as compat
import numpy as np
import pytest

import conformance
from conformance.__main__ import main
from conformance.judging.failures import allowed_dtypes
from conformance.judging.xfails import UNEXPLAINED, Entry, loaded, path_for
from conformance.properties.registry import PROPERTIES
from conformance.running.engine import NamespaceError, Options, UsageError, expectations
from conformance.running.runner import verdicts_of
from conformance.running.tasks import examples_of, selected
from conformance.subjects.operations import functions_of, namespace
from conformance.verdict import Report

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # remarks of the libraries on edge values
BROKEN = "examples.broken_namespace"
_numbers = itertools.count()


def made(**changes: Any) -> str:
    """A namespace of NumPy's functions with some of them changed (None: taken out), importable by a name of its own."""
    name = f"changed_namespace_{next(_numbers)}"
    module = types.ModuleType(name)
    module.__dict__.update(
        {k: v for k, v in vars(compat).items() if not k.startswith("__")}
        | {"__array_namespace_info__": compat.__array_namespace_info__}
        | changes
    )
    for function in [k for k, v in changes.items() if v is None]:
        delattr(module, function)
    sys.modules[name] = module
    return name


def run(*names: str, **options: Any) -> Report:
    return conformance.run(names, **{"shrink": False, "examples": 1, **options})


def statuses(report: Report) -> dict[str, str]:
    return {v.id: v.status for v in report.verdicts}


def test_a_report_says_what_was_run():
    report = run("numpy", only="*exp", seed=3)
    assert report.exit_code == 0 and report.seed == 3 and report.options["only"] == "*exp"
    (facts,) = report.namespaces
    assert facts.library == "numpy" and facts.version == np.__version__ and facts.probe["missing"] == []
    found = {v.id: v for v in report.verdicts}
    assert {"exp/value", "exp/gradient", "xp.exp/value", "xp.exp/special"} <= set(found)
    assert 0.0 < found["xp.exp/value"].ulps["float32"] < 4.0 and found["xp.exp/value"].seconds > 0
    assert report.score("numpy", "standard")[0] == report.score("numpy", "standard")[1] > 3


def test_the_broken_namespace_of_the_examples_is_found_out():
    report = run(BROKEN, only="[emlt]*", kind=("value", "dtype", "shape"), group="standard")
    wrong = {v.id for v in report.failed}
    assert {"xp.exp/value", "xp.mean/shape", "xp.maximum/special", "xp.log1p/value"} <= wrong
    assert statuses(report)["xp.tensordot/value"] == "unsupported" and report.exit_code == 1
    numpys = {
        "xp.expm1/special",
        "xp.tan/special",
        "xp.tanh/special",
    }  # NumPy gets complex ones wrong
    planted = ("exp", "mean", "maximum", "log1p", "tensordot")
    assert all(v.operation in planted or v.id in numpys for v in report.failed)


def test_what_depends_on_a_missing_function_is_blocked_by_it():
    name = made(tensordot=None)
    found = {v.id: v for v in run(name, only="dot").verdicts}
    assert {i: v.status for i, v in found.items()} == {"dot/value": "blocked"}
    assert found["dot/value"].reason == "blocked by tensordot"
    (dot,) = selected("dot")
    assert "tensordot" in functions_of(dot) and "exp" not in functions_of(dot)


def test_operations_of_k_run_on_the_module_that_was_named_and_not_on_the_one_its_arrays_come_from():
    name = made(tanh=lambda x: compat.tanh(x) * x.dtype.type(1.5))
    assert statuses(run(name, only="tanh"))["tanh/value"] == "wrong"
    assert run("numpy", only="tanh").failed == []


def test_namespaces_are_found_by_path_object_and_device():
    sys.modules["conformance_holder"] = holder = types.ModuleType("conformance_holder")
    holder.inner = compat
    assert run("conformance_holder:inner", only="xp.sin").exit_code == 0
    strict = pytest.importorskip("array_api_strict")
    assert strict and run("array_api_strict", device="device1", only="xp.sin").exit_code == 0
    for wrong in ("conformance_holder:none", "no_such_module", "json"):
        with pytest.raises(NamespaceError, match=wrong):
            run(wrong, only="exp")


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="needs a machine without a GPU")
def test_cupy_without_a_gpu_is_one_sentence_and_exit_code_3(capsys):
    assert main(["numpy", "cupy"]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("conformance: cupy: ") and ("no CUDA device" in line or "not installed" in line)


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "values"},
        {"dtype": "float128"},
        {"shard": (3, 2)},
        {"jobs": 0},
        {"only": "nothing like it"},
        {"budget": -1.0},
        {"examples": -1},
        {"colour": "green"},
    ],
)
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(UsageError):
        run("numpy", **options)


def test_shards_share_the_operations():
    parts = [{(c.group, c.name) for c in Options(shard=(i, 3)).cases()} for i in (1, 2, 3)]
    assert set.union(*parts) == {(c.group, c.name) for c in Options().cases()}
    assert sum(map(len, parts)) == len(set.union(*parts))


def test_kinds_and_dtypes_are_chosen():
    report = run("numpy", only="xp.add", kind="dtype,shape", dtype="int8")
    assert set(statuses(report)) == {"xp.add/dtype", "xp.add/shape"}
    value = run("numpy", only="exp", kind="value", dtype="float64", group="k").verdicts[0]
    assert set(value.ulps) == {"float64"}


def test_processes_give_the_same_verdicts():
    alone, together = (run("numpy", only="xp.[st]*", kind="value", jobs=jobs) for jobs in (1, 2))
    key = [(v.id, v.status, v.worst, v.ulps) for v in alone.verdicts]
    assert key == [(v.id, v.status, v.worst, v.ulps) for v in together.verdicts] and len(key) > 10


def test_a_budget_is_kept_and_reaches_every_operation():
    report = run("numpy", only="xp.*", group="elementwise", kind="value", budget=3.0, examples=50)
    assert {v.operation for v in report.verdicts} == {
        c.name for c in Options(group="elementwise").cases() if c.group == "standard"
    }
    tried = {v.operation for v in report.verdicts if v.examples}
    assert tried == {v.operation for v in report.verdicts} and report.seconds < 30


def larger_sinh(x):
    return compat.sinh(x) if x.dtype.kind == "c" else compat.sinh(x) * x.dtype.type(1.01)


def test_expected_failures_pass_and_unexpected_passes_fail(tmp_path):
    name = made(sinh=larger_sinh)
    path = path_for(name, namespace(name).library, tmp_path)
    options = {"only": "xp.*inh", "xfails": tmp_path, "kind": "value"}
    assert run(name, **options).exit_code == 1

    path.write_text('["xp.sinh/value"]\nreason = "one percent too large"\nlink = "https://example.org/1"\n')
    report = run(name, **options)
    assert statuses(report)["xp.sinh/value"] == "xfail" and report.exit_code == 0
    assert {v.link for v in report.verdicts if v.status == "xfail"} == {"https://example.org/1"}
    assert run(name, expect=False, **options).exit_code == 1

    path.write_text(path.read_text() + '["xp.asinh/value"]\nreason = "was wrong once"\n')
    report = run(name, **options)
    assert statuses(report)["xp.asinh/value"] == "xpass" and report.exit_code == 1
    path.write_text(path.read_text() + 'varies = "the processor"\n')
    report = run(name, **options)
    assert statuses(report)["xp.asinh/value"] == "within" and report.exit_code == 0
    run(name, update_xfails=True, **options)
    assert loaded(path)["xp.asinh/value"].varies == "the processor"

    path.write_text(
        '["xp.sinh/value"]\nreason = "one percent too large"\n["xp.sinh/gradient"]\nreason = "no such kind"\n'
    )
    assert run(name, only="xp.*inh", xfails=tmp_path).unmatched == [f"{name}: xp.sinh/gradient"]


def test_an_expected_failure_of_one_dtype_leaves_the_others_checked(tmp_path):
    def faulty(x):
        return compat.sinh(x) * x.dtype.type(1.01 if x.dtype == np.float64 else 1.0)

    name = made(sinh=faulty)
    path = path_for(name, namespace(name).library, tmp_path)
    path.write_text('["xp.sinh/value/float64"]\nreason = "one percent too large"\n')
    found = statuses(run(name, only="xp.sinh", kind="value", xfails=tmp_path))
    assert found["xp.sinh/value/float64"] == "xfail" and found["xp.sinh/value"] == "within"


def test_the_file_is_written_and_reasons_are_demanded(tmp_path):
    name = made(sinh=larger_sinh)
    options = {"only": "xp.*inh", "xfails": tmp_path, "kind": "value"}
    path = path_for(name, namespace(name).library, tmp_path)
    path.write_text('# kept\n\n["xp.asinh/value"]\nreason = "was wrong once"\n')
    run(name, update_xfails=True, **options)
    entries = loaded(path)
    assert path.read_text().startswith("# kept\n") and "xp.asinh/value" not in entries
    assert entries["xp.sinh/value"].reason == UNEXPLAINED
    with pytest.raises(UsageError, match=r"xp.sinh/value"):
        run(name, **options)


@pytest.mark.parametrize(
    "text",
    [
        '["xp.exp"]\nreason = "no kind in the id"',
        '["exp/value"]\nreason = ""',
        '["exp/value"]\nwhy = "another key here"',
        "not toml",
        '["exp/value"]\nreason = "long enough"\nversions = "2.x"',
        '["exp/value"]\nreason = "long enough"\nvaries = true',
    ],
)
def test_files_that_are_not_as_they_should_be_are_refused(text, tmp_path):
    path_for("numpy", "numpy", tmp_path).write_text(text)
    with pytest.raises(UsageError):
        run("numpy", only="exp", xfails=tmp_path)


def test_entries_hold_for_versions(tmp_path):
    path = tmp_path / "library.toml"
    path.write_text('["exp/value"]\nreason = "until it was mended"\nversions = ">=1.2,<2"\n')
    assert [v for v in ("1.1", "1.2", "1.10.3", "2.0", "2") if loaded(path, v)] == ["1.2", "1.10.3"]


def test_what_fails_only_once_is_flaky():
    calls = itertools.count()
    name = made(cosh=lambda x: compat.cosh(x) * x.dtype.type(1.5 if next(calls) == 0 else 1.0))
    verdict = run(name, only="xp.cosh", kind="value").verdicts[0]
    assert verdict.status == "flaky" and verdict.bad


def test_results_that_change_are_found():
    noise = itertools.count(1)
    name = made(cosh=lambda x: compat.cosh(x) * x.dtype.type(1 + next(noise) % 2 * 2.4e-7))
    assert statuses(run(name, only="xp.cosh"))["xp.cosh/determinism"] in ("wrong", "flaky")


def test_equal_failures_are_grouped():
    name = made(
        sinh=lambda x: compat.astype(compat.sinh(x), compat.float64),
        cosh=lambda x: compat.astype(compat.cosh(x), compat.float64),
    )
    groups = run(name, only="xp.????", kind="dtype").groups
    assert any({v.operation for v in group} == {"sinh", "cosh"} for group in groups)


def test_what_is_expected_of_a_dtype_is_not_expected_on_a_device_without_it(tmp_path):
    ids = (f"xp.isin/value/{dtype}" for dtype in ("float32", "float64"))
    text = "".join(f'["{i}"]\nreason = "as on its other devices"\n' for i in ids)
    (tmp_path / "array_api_strict.toml").write_text(text)
    known = expectations(namespace("array_api_strict:no_float64"), Options(xfails=tmp_path))
    assert list(known) == ["xp.isin/value/float32"]


def test_a_library_s_expected_failures_hold_on_its_devices_and_a_device_has_a_file_of_its_own(tmp_path):
    entries = {
        "xp.isin/value": ["isin ignores invert everywhere"],
        "xp.isin/device/device1": ["so it does there"],
        "xp.isin/device/device2": ["so it does on another one"],
    }
    text = "".join(f'["{i}"]\nreason = "{reason}"\n' for i, (reason,) in entries.items())
    (tmp_path / "array_api_strict.toml").write_text(text)
    options = {"only": "xp.isin", "xfails": tmp_path}
    assert statuses(run("array_api_strict", **options))["xp.isin/device/device1"] == "xfail"
    report = run("array_api_strict:device1", **options)
    found = statuses(report)
    assert found["xp.isin/value"] == found["xp.isin/device"] == "xfail" and report.unmatched == []

    (tmp_path / "array_api_strict.toml").write_text(text.replace("xp.isin/value", "xp.cosh/value"))
    assert statuses(run("array_api_strict:no_x64", **options))["xp.isin/device"] == "wrong"
    run("array_api_strict:device1", update_xfails=True, **options)
    own = tmp_path / "array_api_strict.device1.toml"
    written = loaded(own)  # what the library's file says already is not said again
    assert "xp.isin/value" in written and "xp.isin/device" not in written
    own.write_text(own.read_text().replace(UNEXPLAINED, "isin ignores invert there, too"))
    assert run("array_api_strict:device1", **options).exit_code == 0


def test_one_fault_is_one_expected_failure_whatever_kinds_show_it(tmp_path):
    entry = '["xp.isin/{}"]\nreason = "isin ignores invert"\nlink = "https://example.org/1"\n'
    file = tmp_path / "array_api_strict.toml"
    file.write_text(entry.format("value"))
    options = {"only": "xp.isin", "xfails": tmp_path}
    for name, device in (("array_api_strict", "device/device1"), ("array_api_strict:no_x64", "device")):
        report = run(name, **options)
        (found,) = (v for v in report.verdicts if v.id == f"xp.isin/{device}")
        assert (found.status, found.reason, found.link) == ("xfail", "isin ignores invert", "https://example.org/1")
        assert report.exit_code == 0
    file.write_text(entry.format("dtype"))  # which is right: it excuses no wrong value
    assert statuses(run("array_api_strict:no_x64", **options))["xp.isin/device"] == "wrong"


def test_an_expected_failure_excuses_no_other_one():
    name = made(sinh=lambda x: compat.sinh(x)[0:1] if x.ndim and x.shape[0] > 3 else compat.sinh(x) * 2)
    only = next(c for c in selected("xp.sinh", ("standard",)))
    known = {"xp.sinh/value": Entry("xp.sinh/value", "twice what it is")}
    found = {v.kind: v.status for v in verdicts_of(only, namespace(name), known=known, count=0, shrink=False)}
    assert found["value"] == "xfail" and found["shape"] == "wrong"


def test_a_raised_exception_is_one_expected_failure(tmp_path):
    def refused(*args: Any, **kwargs: Any) -> Any:
        raise ValueError("Unsupported device")

    name = made(sinh=refused)
    (tmp_path / f"{name}.toml").write_text('["xp.sinh/value"]\nreason = "refuses its own device"\n')
    report = run(name, only="xp.sinh", xfails=tmp_path)
    assert {v.status for v in report.verdicts if v.kind != "special"} <= {"xfail", "empty"}
    assert report.unmatched == []


def test_gradients_need_no_64_bit_integers():
    report = run("array_api_strict:no_x64", only="cumprod", kind="gradient", expect=False)
    assert statuses(report) == {
        "cumprod/gradient": "within",
        "cumprod/second": "within",
        "cumprod/kinks": "identical",
    }


def test_each_dtype_has_a_size_of_its_own_where_each_shape_is_compiled():
    pytest.importorskip("jax")
    (case,) = selected("softmax")

    def tried(name: str) -> set[tuple[str, tuple[int, ...]]]:
        found = examples_of(case, PROPERTIES["value"], namespace(name), 0)
        return {(e.dtype, e.values[0].shape) for e in found if e.call is case.calls[0]}

    assert len(tried("numpy")) == 6 and len({shape for _, shape in tried("numpy")}) == 2
    assert {dtype for dtype, _ in tried("jax")} == {"float16", "float32"}
    assert len(tried("jax")) == 2 == len({shape for _, shape in tried("jax")})


def test_a_predicted_dtype_that_the_library_lacks_may_be_its_narrower_one():
    pytest.importorskip("jax")
    assert statuses(run("jax", only="argmax", group="k", kind="predicted")) == {"argmax/predicted": "identical"}
    assert allowed_dtypes("int64", ("int32",)) == ("int64", "int32")
    assert allowed_dtypes("int64", ("int32", "int64")) == allowed_dtypes("int64", ()) == ("int64",)


def test_the_command_uses_two_workers_by_default_where_there_are_cores(monkeypatch):
    from conformance.__main__ import options_of, parser

    def jobs(*words):
        return options_of(parser().parse_args(["numpy", *words])).jobs

    for cores, wanted in ((1, 1), (2, 2), (64, 2)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid, n=cores: set(range(n)), raising=False)
        assert jobs() == wanted and jobs("--only", "exp") == 1 and jobs("--jobs", "3") == 3
