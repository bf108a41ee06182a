"""The pytest plugin: a test for every operation and kind of check, with the options of the command."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]


def run(pytester, *arguments):
    return pytester.runpytest_inprocess("-p", "conformance.plugin", "-p", "no:cacheprovider", *arguments)


def test_operations_and_kinds_become_tests(pytester):
    result = run(pytester, "--conformance", "numpy", "--conformance-only", "soft*", "--conformance-examples", "1",
                 "--conformance-kind", "value,error", "-v")
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
    strict = pytest.importorskip("array_api_strict")
    whole = strict.exp
    monkeypatch.setattr(strict, "exp", lambda x: strict.multiply(whole(x), strict.asarray(1.2, dtype=x.dtype)))
    result = run(pytester, "--conformance", "array_api_strict", "--conformance-only", "exp", "--conformance-kind",
                 "value", "--conformance-seed", "11")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*exp/value*", "*to see it:*", "*import numpy as np*", "*assert *"])


@pytest.mark.parametrize("wrong", [["--conformance", "no_such_library.at_all"],
                                   ["--conformance", "numpy", "--conformance-kind", "beauty"]])
def test_wrong_usage_is_told(pytester, wrong):
    result = run(pytester, *wrong)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "conformance:" in result.stdout.str() + result.stderr.str()
