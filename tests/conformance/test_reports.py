"""The forms of the report: each says what is in it, and a baseline shows changes alone."""

from __future__ import annotations

import copy
import html.parser
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from conformance.__main__ import main
from conformance.reports import baseline, junit, markdown, terminal
from conformance.reports import html as page
from conformance.reports import json as as_json
from conformance.reports.matrix import groups, percent
from conformance.running.root_cause import explained
from conformance.verdict import Finding, NamespaceFacts, Report, Verdict

NASTY = "</script><b>&\"' | \x00 `x`"


def verdict(operation, kind, status, **more):
    group = more.pop("group", "k")
    return Verdict("numpy", group, "elementwise", operation, kind, status=status, **more)


def finding(cause="value", **more):
    return Finding(
        cause,
        f"at (0,): got 2.0, expected 1.0 {NASTY}",
        "K.exp(np.array([0.0]))",
        "[1.]",
        "[2.]",
        1.0,
        1e-7,
        "(0,)",
        "import numpy as np\nassert False",
        **more,
    )


@pytest.fixture
def report():
    return Report(
        [
            verdict("exp", "value", "within", worst=0.25, ulps={"float32": 1.5, "float64": 0.5}, examples=9),
            verdict("exp", "dtype", "identical"),
            verdict("sum", "value", "wrong", worst=1e7, ulps={"float32": float("inf")}, finding=finding(size=4)),
            verdict("mean", "value", "wrong", worst=1e7, finding=finding(size=1)),
            verdict("sum", "shape", "wrong", finding=finding("shape")),
            verdict("sin", "value", "unsupported", reason="there is no function sin"),
            verdict("cos", "value", "blocked", reason="blocked by sin"),
            verdict("tan", "value", "xfail", reason="known", link="https://example.org/1"),
            verdict("tanh", "value", "xpass", reason="passes, though expected to fail: known"),
            verdict("log", "value", "empty"),
        ],
        [NamespaceFacts("numpy", "numpy", "2.4.6", probe={"dtypes": ["float32"], "abilities": {"slices": True}})],
        7,
        {"only": None},
        12.5,
        ["numpy: atan/value"],
    )


class Page(html.parser.HTMLParser):
    """Checks that tags match, and that nothing is fetched."""

    def __init__(self):
        super().__init__()
        self.open, self.links, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "input", "br", "line"):
            self.open.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href")]

    def handle_startendtag(self, tag, attributes):
        self.links += [value for name, value in attributes if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_is_whole_and_fetches_nothing(report):
    text = page.written(report)
    found = Page()
    found.feed(text)
    found.close()
    assert found.open == [] and found.links == []
    assert "url(" not in text and "@import" not in text and "fetch(" not in text
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])
    assert any(v["s"] == "wrong" and NASTY in v["m"] for verdicts in data.values() for v in verdicts)
    words = "".join(found.text)
    for told in ("4 of 10 verdicts wrong", "import numpy as np", "float32", "identical", "atan/value"):
        assert told in words
    assert "<svg" in text and "width=device-width" in text


def test_a_page_without_failures_or_namespaces_is_a_page():
    for empty in (Report([], []), Report([verdict("exp", "dtype", "identical")], [])):
        found = Page()
        found.feed(page.written(empty))
        assert found.open == []
        assert "as expected" in "".join(found.text)


def test_json_comes_back_as_it_was(report):
    text = as_json.written(report)
    again = as_json.read(text)
    assert as_json.written(again) == text
    assert again.verdicts[2].ulps == {"float32": float("inf")} and again.verdicts[2].finding.size == 4
    assert json.loads(text)["schema"] == as_json.SCHEMA
    assert json.loads(text)["scores"]["numpy"]["k"] == {"held": 2, "of": 9, "dtypes": {"held": 0, "of": 0}}
    for wrong in ("", "[]", "{}", text.replace('"schema": 2', '"schema": 1', 1)):
        with pytest.raises(ValueError, match="report"):
            as_json.read(wrong)


def test_junit_counts_what_is_in_it(report):
    root = ElementTree.fromstring(junit.written(report))
    (suite,) = root
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("10", "4", "4")
    assert len(suite.findall("testcase/failure")) == 4 and len(suite.findall("testcase/skipped")) == 4
    assert "assert False" in suite.find("testcase[@name='sum/value']/failure").text


def test_markdown_is_short_enough_for_a_comment(report):
    text = markdown.written(report)
    assert "| numpy 2.4.6 |" in text and "<details>" in text and "```python" in text
    assert "4 of 10 verdicts wrong" in text
    many = [
        verdict(f"f{i}", "value", "wrong", finding=replace(finding(f"cause {i}"), script="x" * 3000))
        for i in range(200)
    ]
    assert len(markdown.written(Report(many, []))) < 65_536


def test_the_terminal_says_it_all(report):
    text = terminal.terminal(report)
    for told in (
        "exp",
        "0.25",
        "WRONG",
        "XPASS",
        "lacks",
        "block",
        "ulp f32",
        "1.5",
        "seed 7",
        "assert False",
        "expected failure without a verdict: numpy: atan/value",
        "4 of 10 verdicts wrong",
    ):
        assert told in text
    assert "elementwise" not in terminal.terminal(report, tables=False)


def test_equal_failures_are_told_once_by_the_smallest_example(report):
    first, *others = groups(report)
    assert {v.operation for v in first} == {"sum", "mean"}
    assert terminal.failures(report).count("K.sum, K.mean") == 1
    assert len(others) == 2


def test_the_same_operations_by_another_kind_are_no_group_of_their_own():
    wrong = [
        verdict(name, kind, "wrong", finding=finding()) for kind in ("value", "unknown") for name in ("exp", "sin")
    ]
    assert len(groups(Report(wrong, []))) == 1
    standard = verdict("exp", "value", "wrong", group="standard", finding=finding())
    assert groups(Report([*wrong, standard], []))[0] == [standard]


def test_what_may_follow_from_a_wrong_function_comes_last():
    standard = verdict("exp", "value", "wrong", group="standard", finding=finding())
    follower, other = (verdict(name, "value", "wrong", finding=finding()) for name in ("softmax", "reshape"))
    explained(found := [follower, other, standard])
    assert follower.reason == "may follow from xp.exp" and not other.reason and not standard.reason
    assert groups(Report(found, [])) == [[standard], [other], [follower]]
    assert "1 more verdict that may follow" in page.written(Report(found, []))
    assert "may follow from the above" in terminal.terminal(Report(found, []))


def test_a_share_is_whole_only_when_it_is():
    assert percent(9999, 10000) == "99.9 %" and percent(10000, 10000) == "100 %" and percent(0, 0) == "-"


def test_a_baseline_shows_what_changed(report):
    now = copy.deepcopy(report)
    now.verdicts[0].status, now.verdicts[0].finding = "wrong", finding()
    now.verdicts[1].status = "blocked"
    now.verdicts[2].status, now.verdicts[2].finding = "identical", None
    found = baseline.compared(now, report)
    assert [v.id for v in found.new] == ["exp/value"] and [v.id for v in found.fixed] == ["sum/value"]
    assert [v.id for v in found.lost] == ["exp/dtype"] and found.still == 3 and found.exit_code == 1
    text = baseline.written(now, found)
    assert "exp" in text and "mean" not in text and "1 new, 1 fixed" in text
    assert baseline.compared(report, report).exit_code == 0


def test_progress_tells_the_time_left_on_a_terminal_alone(capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "rich.progress", None)  # as if rich were not installed
    shown = terminal.Progress(shown=True)
    shown(1, 4, [verdict("exp", "value", "wrong", finding=finding())])
    shown.close()
    assert "1/4" in (said := capsys.readouterr().err) and "left" in said and "1 wrong" in said
    silent = terminal.Progress(shown=False)
    silent(1, 4, [])
    silent.close()
    assert capsys.readouterr().err == ""


def test_the_command_writes_every_form_and_compares(tmp_path, capsys, monkeypatch):
    forms = {form: tmp_path / f"report.{form}" for form in ("json", "junit", "html", "markdown")}
    arguments = ["numpy", "--only", "softsign", "--examples", "1"]
    assert main([*arguments, *(f"--{form}={path}" for form, path in forms.items())]) == 0
    assert all(path.read_text() for path in forms.values())
    assert "ulp f32" in capsys.readouterr().out
    assert main([*arguments, "--baseline", str(forms["json"])]) == 0
    assert "0 new, 0 fixed" in capsys.readouterr().out
    assert main([*arguments, "--baseline", str(forms["html"])]) == 2
    assert main([*arguments, "--baseline", str(tmp_path / "none.json")]) == 2
