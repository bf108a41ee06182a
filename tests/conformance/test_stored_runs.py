"""Runs that are over: the compliance table of stored results, and two releases of a library compared."""

from __future__ import annotations

import re

import pytest

from conformance.__main__ import main
from conformance.reports import compliance, compliance_page, json, releases, stored
from conformance.verdict import Finding, NamespaceFacts, Report, Verdict


def verdict(operation, kind, status, namespace="mylib", ulps=None, dtypes=None, finding=None, group="standard"):
    made = Verdict(namespace, group, "elementwise", operation, kind, status=status, ulps=ulps or {}, finding=finding)
    made.__dict__.update(dtypes=dtypes or {})
    return made


def facts(version, name="mylib", missing=(), dtypes=("float32", "float64")):
    return NamespaceFacts(
        name, name, version, probe={"revision": "2025.12", "missing": list(missing), "dtypes": list(dtypes)}
    )


FAILED = Finding("value", "at (0,): got 1.0, expected 2.0\x1b[31m", "exp(x0)", script="assert False, '```'")


@pytest.fixture
def old():
    return Report(
        [
            verdict("exp", "value", "within", ulps={"float32": 0.6, "float64": 0.6}),
            verdict("log", "value", "wrong", finding=FAILED),
            verdict("sin", "value", "within", ulps={"float32": 3.0}),
            verdict("tan", "value", "unsupported"),
            verdict("cos", "value", "identical"),
            verdict("abs", "value", "xfail"),
        ],
        [facts("1.0", missing=["tan"])],
    )


@pytest.fixture
def new():
    return Report(
        [
            verdict("exp", "value", "within", ulps={"float32": 1.5, "float64": 0.9}),
            verdict("log", "value", "identical"),
            verdict("sin", "value", "within", ulps={"float32": 0.7}),
            verdict("tan", "value", "wrong", finding=FAILED),
            verdict("cos", "value", "unsupported"),
            verdict("abs", "value", "xfail"),
        ],
        [facts("2.0", missing=["cos"], dtypes=["float32", "complex64"])],
    )


def test_a_release_is_told_by_what_it_changed(old, new):
    (change,) = releases.changes(old, new)
    assert [v.operation for v in change.broken] == ["tan"]
    assert [v.operation for v in change.mended] == ["log"]
    assert (change.gained, change.lost) == (["tan"], ["cos"])
    assert (change.dtypes_gained, change.dtypes_lost) == (["complex64"], ["float64"])
    assert [(m.operation, m.dtype) for m in change.worse] == [("xp.exp", "float32")]  # 0.6 to 0.9 is no doubling
    assert [(m.operation, m.after) for m in change.better] == [("xp.sin", 0.7)]
    assert change.worsened
    assert not releases.changes(new, new)[0].worsened


def test_the_changes_are_shown_in_the_terminal_and_as_markdown(old, new):
    found = releases.changes(old, new)
    shown = releases.terminal(found)
    assert shown.startswith("mylib 1.0 -> mylib 2.0\n")
    for line in ("new failures (1):", "xp.tan (value)", "fixed (1):", "functions lost (1):", "0.6 -> 1.5 ulps"):
        assert line in shown
    assert "\x1b" not in shown
    text = releases.markdown(found)
    assert "mylib 1.0 -> mylib 2.0: something got worse" in text and "**fixed (1)**" in text
    assert text.count("```") == 2 and "\x1b" not in text.split("```python")[0]
    assert "no change" in releases.terminal(releases.changes(old, old))


def test_the_command_compares_two_reports(old, new, tmp_path, capsys):
    for name, report in (("old", old), ("new", new)):
        (tmp_path / f"{name}.json").write_text(json.written(report))
    paths = [str(tmp_path / "old.json"), str(tmp_path / "new.json")]
    assert main(["--compare", *paths, "--markdown", str(tmp_path / "c.md")]) == 1
    assert "functions gained (1)" in capsys.readouterr().out
    assert "functions gained (1)" in (tmp_path / "c.md").read_text()
    assert main(["--compare", paths[1], paths[1]]) == 0
    (tmp_path / "other.json").write_text("{}")
    assert main(["--compare", paths[0], str(tmp_path / "other.json")]) == 2
    assert "no" in capsys.readouterr().err


def test_reports_on_one_namespace_each_are_compared_by_any_name(old, new):
    for v in new.verdicts:
        v.namespace = "mylib.dev"
    new.namespaces[0].name = "mylib.dev"
    assert releases.changes(old, new)[0].new == "mylib.dev 2.0"
    new.namespaces.append(facts("1", "third"))
    with pytest.raises(ValueError, match="in common"):
        releases.changes(old, new)


@pytest.fixture
def several():
    return Report(
        [
            verdict("exp", "value", "identical"),
            verdict("exp", "dtype", "wrong", dtypes={"float32": True, "float64": True, "int8": False, "int16": False}),
            verdict("log", "value", "unsupported"),
            verdict("cos", "value", "within"),
            verdict("exp", "value", "identical", "other"),
            verdict("log", "value", "xfail", "other"),
            verdict("cos", "value", "within", "other"),
            verdict("softmax", "value", "wrong", group="k"),
        ],
        [facts("1.0"), facts("3", "other<b>|")],
    )


def test_a_cell_counts_checks_and_dtypes(several):
    several.namespaces[1].name = "other"
    found = compliance.table(several)
    row = found.rows["elementwise"]
    assert row["exp"]["mylib"].share == 0.75 and row["exp"]["mylib"].text == "75 % (2 of 4 dtypes)"
    assert row["exp"]["mylib"].failing == ("dtype",)
    assert row["log"]["mylib"].text == "lacks" and row["log"]["other"].text == "0 %"
    assert found.functions == 3 and "softmax" not in row
    assert found.scores["mylib"] == pytest.approx((0.75 + 0 + 1) / 3)
    assert (found.whole("mylib"), found.lacking("mylib")) == (1, 1)
    assert compliance.rounded(0.9999) == "99 %" and compliance.rounded(1.0) == "100 %"


def test_the_table_in_every_form(several):
    for v in several.verdicts:
        v.namespace = {"other": "other<b>|"}.get(v.namespace, v.namespace)
    text = compliance.markdown(several)
    assert "| `xp.exp` | 75 % (2 of 4 dtypes): dtype | 100 % |" in text and "100 % everywhere: `xp.cos`." in text
    assert "<b>" not in text and all(
        len(re.findall(r"(?<!\\)\|", line)) == 4 for line in text.splitlines() if line.startswith("| `")
    )
    page = compliance_page.written(several)
    assert "<b>|" not in page.replace("<b>75", "").replace("</b>", "") and "75 % (2 of 4 dtypes)" in page
    assert not re.search(r"(src|href)=", page)  # nothing is fetched
    assert "of 3 functions" in compliance.terminal(several)


def test_stored_results_come_back(several, tmp_path):
    several.namespaces[1].name = "other"
    paths = stored.store(several, tmp_path)
    assert [p.name for p in paths] == ["mylib.json.gz", "other.json.gz"]
    again, before = compliance.table(stored.read(paths)), compliance.table(several)
    assert again == before._replace(dates=again.dates) and before.dates == ["", ""]
    assert again.checks == [3, 3] and all(re.fullmatch(r"\d{4}-\d\d-\d\d", date) for date in again.dates)
    assert f"| 3 | {again.dates[0]} |" in compliance.markdown(stored.read(paths))
    assert f"3 checks on {again.dates[0]}" in compliance_page.written(stored.read(paths))
    first = paths[0].read_bytes()
    stored.store(several, tmp_path)
    assert paths[0].read_bytes() == first
    (tmp_path / "bad.json.gz").write_bytes(b"no")
    with pytest.raises(ValueError, match="no stored result"):
        stored.read([tmp_path / "bad.json.gz"])


def test_the_command_makes_the_table_of_the_shipped_results(tmp_path, capsys):
    assert main(["--table", "--markdown", str(tmp_path / "t.md"), "--html", str(tmp_path / "t.html")]) == 0
    shown = capsys.readouterr().out
    names = [path.name.removesuffix(".json.gz") for path in stored.shipped()]
    assert names[0] == "numpy" and {"torch", "jax", "dask", "array_api_strict"} <= set(names)
    for name in names:
        assert re.search(rf"^{name} \S+ +\d+ %", shown, flags=re.M)
    assert "# Compliance" in (tmp_path / "t.md").read_text() and "<table" in (tmp_path / "t.html").read_text()


def test_a_run_is_stored(tmp_path):
    arguments = ["numpy", "--only", "xp.exp", "--kind", "dtype", "--examples", "0", "--no-verdicts"]
    assert main([*arguments, "--store", str(tmp_path)]) == 0
    assert stored.read(stored.shipped(tmp_path)).verdicts[0].id == "xp.exp/dtype"


def test_the_version_is_told(capsys):
    assert main(["--version"]) == 0
    assert re.match(r"conformance \d+\.\d+", capsys.readouterr().out)
