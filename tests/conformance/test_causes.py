"""A kind goes on after its first failure, groups failures by cause, and expects known causes only."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from conformance import run
from conformance.case import discovered_standard
from conformance.examples import typical
from conformance.judging.causes import Cause, Traits, cause_of, matches, normal, scopes, traits_of
from conformance.judging.failures import Failure
from conformance.judging.xfails import Entry, entries_of, loaded, written
from conformance.reports import json as json_report
from conformance.reports.terminal import described, summary

sys.path.insert(0, str(Path(__file__).parent))
import fake_namespaces as fake

QUICK = {"examples": 1, "only": "xp.sum", "kind": "value"}


def eager(name, **changed):
    kind = type("Eager", (fake.Wrapped,), {"__array__": lambda self, dtype=None, copy=None: self.inner})
    return fake.namespace_module(name, kind, {k: fake.lifted(kind, f) for k, f in changed.items()})


def faulty_sum(*, dtype="", keepdims=False, axis=None):
    """A sum that is wrong for a dtype, with keepdims, or along an axis."""

    def total(x, /, *, axis_=axis, **kwargs):
        result = np.sum(x, **kwargs)
        wrong = (dtype and x.dtype == dtype) or (keepdims and kwargs.get("keepdims"))
        return result + result.dtype.type(1 if wrong else 0)

    return total


def verdict_of(name, **options):
    return value_of(run([name], **{**QUICK, **options}))


def value_of(report):
    return next(v for v in report.verdicts if v.kind == "value")


def test_all_causes_of_one_kind_are_found():
    eager("fake_two", sum=faulty_sum(dtype="int16", keepdims=True))
    verdict = verdict_of("fake_two")
    assert verdict.status == "wrong" and verdict.causes == 2
    assert {f.scope for f in verdict.findings} == {"int16", "keepdims"}
    assert verdict.finding is verdict.findings[0] and verdict.findings[1].example in described(verdict)
    sizes = {f.scope: f.size for f in verdict.findings}
    assert sizes["int16"] <= 3 and sizes["keepdims"] <= 3  # each was reduced


def test_one_cause_is_one_finding_however_many_examples_fail():
    eager("fake_all", sum=lambda x, **kwargs: np.sum(x, **kwargs) + 1)
    verdict = verdict_of("fake_all")
    assert verdict.causes == 1 and verdict.findings[0].scope == "" and verdict.findings[0].count > 10


def test_partial_dtypes_are_told():
    eager("fake_partial", sum=faulty_sum(dtype="int16"))
    report = run(["fake_partial"], **QUICK)
    verdict = value_of(report)
    assert verdict.dtypes["int16"] is False and verdict.dtypes["float32"] is True
    held = sum(verdict.dtypes.values())
    assert verdict.partial == f"{held} of {held + 1} dtypes"
    assert "not int16: sum (" in summary(report)  # of the dtypes of all kinds of check
    assert verdict.partial in described(verdict)


def xfails(folder, text):
    (folder / "fake_known.toml").write_text(text)
    return folder


ONE = '["xp.sum/value"]\ncause = "int16"\nreason = "of int16 is one too large"\n'


def test_a_second_fault_beside_a_known_one_is_seen(tmp_path):
    folder = xfails(tmp_path, ONE)
    eager("fake_known", sum=faulty_sum(dtype="int16"))
    known = verdict_of("fake_known", xfails=folder)
    assert (known.status, known.reason) == ("xfail", "of int16 is one too large")
    eager("fake_known", sum=faulty_sum(dtype="int16", keepdims=True))
    _reopened("fake_known")
    both = verdict_of("fake_known", xfails=folder)
    assert both.status == "wrong" and [f.scope for f in both.findings] == ["keepdims"]
    assert "of int16 is one too large" in both.reason


def _reopened(name):
    """A module of this name was replaced."""
    from conformance.subjects import targets

    targets._OPENED.pop(name)


def test_an_entry_without_a_cause_stands_for_all_and_tells_how_many(tmp_path):
    folder = xfails(tmp_path, '["xp.sum/value"]\nreason = "is wrong in two ways"\n')
    eager("fake_known", sum=faulty_sum(dtype="int16", keepdims=True))
    _reopened("fake_known")
    verdict = verdict_of("fake_known", xfails=folder)
    assert (verdict.status, verdict.reason) == ("xfail", "is wrong in two ways (2 causes)")


def test_an_entry_whose_cause_is_gone_is_reported(tmp_path):
    gone = '[["xp.sum/value"]]\ncause = "{}"\nreason = "of {} is one too large"\n'
    folder = xfails(tmp_path, gone.format("int16", "int16") + gone.format("uint8", "uint8"))
    eager("fake_known", sum=faulty_sum(dtype="int16"))
    _reopened("fake_known")
    report = run(["fake_known"], **{**QUICK, "kind": ()}, xfails=folder)
    assert report.unmatched == ["fake_known: xp.sum/value (uint8)"]


def test_causes_are_written_and_read_again(tmp_path):
    eager("fake_known", sum=faulty_sum(dtype="int16", keepdims=True))
    _reopened("fake_known")
    run(["fake_known"], **QUICK, xfails=tmp_path, update_xfails=True)
    path = tmp_path / "fake_known.toml"
    found = loaded(path)
    assert {e.cause for e in entries_of(found, "xp.sum/value")} == {"value; int16", "value; keepdims"}
    path.write_text(path.read_text().replace("unexplained: look at it", "one too large, as looked at"))
    assert verdict_of("fake_known", xfails=tmp_path).status == "xfail"
    written(path, loaded(path), [])
    assert loaded(path) == {k: Entry(e.id, "one too large, as looked at", cause=e.cause) for k, e in found.items()}


def test_the_same_cause_twice_is_refused(tmp_path):
    folder = xfails(tmp_path, (ONE * 2).replace('["xp.sum/value"]', '[["xp.sum/value"]]'))
    with pytest.raises(ValueError, match="twice"):
        loaded(folder / "fake_known.toml")


def test_findings_survive_json():
    eager("fake_two", sum=faulty_sum(dtype="int16", keepdims=True))
    _reopened("fake_two")
    report = run(["fake_two"], **QUICK, shrink=False)
    again = json_report.read(json_report.written(report))
    assert again.verdicts == report.verdicts and len(value_of(again).findings) == 2


def test_a_cause_has_the_parameters_by_name():
    case = discovered_standard()["clip"]
    traits = traits_of(typical(case, 0, "float32"))
    assert traits.dtypes == "float32" and {"min", "min=-1.0", "max=1.5"} <= set(traits.items)
    failure = Failure("exception", "TypeError: no kernel for 'UInt16'; sorry", row="clip/real/01")
    cause = cause_of(failure, typical(case, 0, "float32"))
    assert cause.text == "TypeError: no kernel for 'UInt#', sorry"
    for text in ("", "float32", "min", "min=-1.0; max", "uint8|float32", "kernel for 'UInt16'", "clip/real/01"):
        assert matches(text, cause), text
    for text in ("float64", "min=2", "float32; axis", "ValueError", "uint8|int8"):
        assert not matches(text, cause), text


def test_a_cause_names_the_rows_that_may_fail():
    both = Cause("special case", "", Traits("float32", ("exp/complex/05+exp/complex/07", "axis=0")))
    for text in ("exp/complex/05+07", "exp/complex/04+05+07", "special case; exp/complex/05+exp/complex/07"):
        assert matches(text, both), text
    for text in ("exp/complex/05", "exp/complex/05+06", "exp/real/05+07", "log/complex/05+07", "axis/0"):
        assert not matches(text, both), text


def test_hashes_in_a_message_make_no_causes():
    told = {
        normal(f"ValueError: Missing dependency ('eye-{h}', 0, 1)")
        for h in ("9013104ddd4d1f6292cf4ef6", "a" * 19 + "1")
    }
    assert told == {"ValueError: Missing dependency ('eye-#', #, #)"}
    assert normal("UInt16 of facade5") == "UInt# of facade#"


def test_messages_with_control_signs_are_harmless():
    assert normal("\n\x1b[31mred\ud800 | 12\nmore") == "?[#mred? / #"


def test_scopes_explain_by_what_no_passing_example_has():
    def traits(dtype, *items):
        return Traits(dtype, items)

    good = [traits("float32"), traits("float32", "axis", "axis=0")]
    assert scopes([(traits("float32"), 1)], []) == [("", [0])]
    assert scopes([(traits("int8"), 1), (traits("int16"), 2)], good) == [("int8|int16", [0, 1])]
    failed = [(traits("float32", "axis", "axis=1"), 1), (traits("int8"), 1)]
    assert scopes(failed, good) == [("int8", [1]), ("axis=1", [0])]
    assert scopes([(traits("float32", "axis", "axis=0"), 1)], good) == [("float32", [0])]
    assert scopes([(traits("float32"), 9)], [traits("float32")]) == [("", [0])]  # one passes by chance
    assert scopes([(traits("float32", "axis"), 1)], [*good[:1], traits("float32", "axis", "empty")]) == [("axis", [0])]
