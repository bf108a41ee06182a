"""The pytest plugin: a test for every operation and kind of check, with the options of the command."""

from __future__ import annotations

import array_api_strict as strict
import pytest

import conformance.running.engine
from conformance.case import discovered, discovered_standard
from conformance.reports import json

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]
# pytester forgets what is imported within a test: the tool, which remembers much, is imported whole before
assert conformance.running.engine and discovered() and discovered_standard()


def run(pytester, *arguments):
    return pytester.runpytest_inprocess("-p", "conformance.plugin", "-p", "no:cacheprovider", *arguments)


def test_operations_and_kinds_become_tests(pytester):
    result = run(
        pytester,
        "--conformance",
        "numpy",
        "--conformance-only",
        "soft*",
        "--conformance-examples",
        "1",
        "--conformance-kind",
        "value,error",
        "-v",
    )
    result.stdout.fnmatch_lines(["*conformance?numpy?::softmax/value PASSED*", "*softmax/error PASSED*"])
    assert result.ret == 0
    assert "gradient" not in result.stdout.str()


def test_they_stand_beside_other_tests_and_can_be_chosen(pytester):
    pytester.makepyfile("def test_own(): pass")
    options = ["--conformance", "numpy", "--conformance-only", "softmax", "--conformance-examples", "0"]
    whole = run(pytester, *options).parseoutcomes()["passed"]
    run(pytester, *options, "-k", "test_own or dtype").assert_outcomes(passed=2, deselected=whole - 2)


def test_without_the_option_nothing_is_added(pytester):
    pytester.makepyfile("def test_own(): pass")
    run(pytester).assert_outcomes(passed=1)


def test_a_failure_is_told_with_its_script(pytester, monkeypatch):
    whole = strict.exp
    monkeypatch.setattr(strict, "exp", lambda x: strict.multiply(whole(x), strict.asarray(1.2, dtype=x.dtype)))
    result = run(
        pytester,
        "--conformance",
        "array_api_strict",
        "--conformance-only",
        "exp",
        "--conformance-kind",
        "value",
        "--conformance-seed",
        "11",
    )
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*exp/value*", "*to reproduce:*", "*import numpy as np*", "*assert *"])


@pytest.mark.parametrize(
    "wrong", [["--conformance", "no_such_library.at_all"], ["--conformance", "numpy", "--conformance-kind", "beauty"]]
)
def test_wrong_usage_is_told(pytester, wrong):
    result = run(pytester, *wrong)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "conformance:" in result.stdout.str() + result.stderr.str()


def test_reports_shards_and_a_budget_are_there_too(pytester):
    options = [
        "--conformance",
        "numpy",
        "--conformance-only",
        "*exp",
        "--conformance-kind",
        "value,dtype",
        "--conformance-budget",
        "60",
    ]
    parts = [
        run(
            pytester,
            *options,
            "--conformance-shard",
            f"{i}/2",
            *(f"--conformance-{form}={form}{i}" for form in ("json", "junit", "html", "markdown")),
        )
        for i in (1, 2)
    ]
    reports = [json.read((pytester.path / f"json{i}").read_text()) for i in (1, 2)]
    found = [{v.id for v in report.verdicts} for report in reports]
    assert found[0] | found[1] >= {"exp/value", "exp/dtype", "xp.exp/value"} and not found[0] & found[1]
    assert [part.parseoutcomes()["passed"] for part in parts] == [len(ids) for ids in found]
    assert reports[0].namespaces[0].name == "numpy" and reports[0].options["budget"] == 60.0
    assert "<html" in (pytester.path / "html1").read_text() and "<testsuite" in (pytester.path / "junit1").read_text()
    assert run(pytester, *options, "--conformance-shard", "one").ret == pytest.ExitCode.USAGE_ERROR


def test_what_was_wrong_in_the_baseline_is_no_news(pytester, monkeypatch):
    whole = strict.cosh
    monkeypatch.setattr(strict, "cosh", lambda x: strict.multiply(whole(x), strict.asarray(1.2, dtype=x.dtype)))
    options = [
        "--conformance",
        "array_api_strict",
        "--conformance-only",
        "xp.*sh",
        "--conformance-kind",
        "value",
        "--conformance-seed",
        "12",
    ]
    assert run(pytester, *options, "--conformance-json", "old.json").parseoutcomes()["failed"] == 2
    again = run(pytester, *options, "--conformance-baseline", "old.json").parseoutcomes()
    assert again["xfailed"] == 2 and "failed" not in again
    assert run(pytester, *options, "--conformance-baseline", "none.json").ret == pytest.ExitCode.USAGE_ERROR


def test_modules_of_the_keras_backend_api_are_tested_too(pytester):
    result = run(pytester, "--conformance", "examples.numpy_keras", "--conformance-only", "*so*", "-v")
    outcomes = result.parseoutcomes()
    assert outcomes["passed"] >= 4 and "failed" not in outcomes
    assert not any("xp." in line for line in result.outlines)
