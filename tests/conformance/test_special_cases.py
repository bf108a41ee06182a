"""The standard's special cases from data: conditions, results, deciding rows, the rows evaluated, and faults found."""

from __future__ import annotations

import itertools
import subprocess
import sys
import types
from collections import Counter

import array_api_compat.numpy as intact
import numpy as np
import pytest

import conformance
from conformance.case import discovered_standard
from conformance.data import LATEST, special_cases
from conformance.special_cases import covers, fewer, probes, reasons, revision_of, special_case
from conformance.special_cases.conditions import UnknownTermError, holds
from conformance.special_cases.deciding import decided, rows_of
from conformance.special_cases.mirrors import mirrors
from conformance.special_cases.permitted import accepted, taken
from conformance.special_cases.probes import components
from conformance.special_cases.results import alternatives
from conformance.special_cases.words import sentence
from conformance.subjects.operations import namespace

REGISTRY = discovered_standard()
INF, NAN = np.inf, np.nan
ROWS = {row["id"]: row for row in special_cases()}


@pytest.mark.parametrize(
    ("clause", "values", "wanted"),
    [
        ({"of": "x_i", "is": "not odd integer"}, [1.0, 2.0, 2.5, INF, NAN], [0, 1, 1, 1, 0]),
        ({"of": "x_i", "is": "-0"}, [0.0, -0.0, NAN], [0, 1, 0]),
        ({"of": "x_i", "is": "not inf"}, [1.0, INF, NAN], [1, 0, 1]),
        ({"of": "x_i", "is": {"ne": 1}}, [1.0, 2.0, NAN], [0, 1, 1]),
        ({"of": "x_i", "is": {"le": 1}}, [1.0, 2.0, NAN, -INF], [1, 0, 0, 1]),
        ({"of": {"abs": "x_i"}, "is": {"gt": 1}}, [-2.0, 0.5, -INF], [1, 0, 1]),
        ({"of": "x_i", "is": "halfway between integers"}, [0.5, -1.5, 1.25, INF], [1, 1, 0, 0]),
        ({"of": {"imag": "x_i"}, "is": "nonzero"}, [1 + 0j, 2j, complex(0, NAN)], [0, 1, 0]),
        ({"of": "x_i", "is": {"nan component": "real or imag"}}, [1 + 0j, complex(0, NAN)], [0, 1]),
        ({"of": "x_i", "is": {"same_sign_as": "x_i"}}, [0.0, -1.0], [1, 1]),
    ],
)
def test_a_condition_holds_for_the_elements_that_it_describes(clause, values, wanted):
    assert holds([clause], {"x_i": np.array(values)}).tolist() == [bool(w) for w in wanted]


def test_conditions_on_reductions_speak_of_slices():
    x = np.array([[1.0, NAN, 2.0], [1.0, 2.0, 3.0], [-0.0, 0.0, -1.0]])
    assert holds([{"of": {"any_element": "x"}, "is": "nan"}], {"x": x}).tolist() == [True, False, False]
    zeros = ROWS["max/real/02"]["condition"]
    assert holds(zeros, {"x": x}).tolist() == [False, False, True]
    with pytest.raises(UnknownTermError):
        holds([{"of": {"weather": "x"}, "is": "fine"}], {"x": x})


def permits(id_, operands, got, ulps=4.0):
    arrays = {name: np.atleast_1d(x) for name, x in operands.items()}
    return bool(accepted(alternatives(ROWS[id_], arrays, 1), np.atleast_1d(got), ulps)[0])


def test_results_permit_what_their_rows_say():
    assert permits("sign/real/02", {}, -0.0)  # a bare 0
    assert permits("add/real/12", {}, 0.0)
    assert not permits("add/real/12", {}, -0.0)  # +0
    assert permits("atan2/real/22", {}, np.float32(2.3561945))  # 3pi/4, approximately
    assert not permits("atan2/real/22", {}, np.float32(2.3562))
    assert permits("asinh/complex/08", {}, complex(-INF, NAN))  # a sign that is not stated
    assert not permits("asinh/complex/08", {}, complex(1.0, NAN))
    assert permits("tanh/complex/03", {}, complex(0.0, NAN))
    assert permits("tanh/complex/03", {}, complex(NAN, NAN))  # also allowed
    assert not permits("tanh/complex/03", {}, complex(-0.0, NAN))
    assert permits("exp/complex/06", {"x_i": complex(INF, 2.0)}, complex(-INF, INF))
    assert not permits("exp/complex/06", {"x_i": complex(INF, 2.0)}, complex(INF, INF))
    assert permits("multiply/real/05", {}, NAN)  # a sign, unless NaN
    assert not permits("multiply/real/05", {}, -1.0)
    assert permits("copysign/real/07", {}, np.copysign(NAN, -1.0))
    assert not permits("copysign/real/07", {}, np.copysign(NAN, 1.0))
    assert permits("multiply/real/10", {"x1_i": np.float32(3e38), "x2_i": np.float32(2.0)}, np.float32(INF))
    assert not permits("remainder/real/21", {"x1_i": 4.0, "x2_i": -2.0}, 0.0)  # Python's 4.0 % -2.0 is -0.0


def ruling_of(function, kind, **operands):
    """The rows that decide one element."""
    arrays = {name: np.array([x]) for name, x in operands.items()}
    return [[row["id"] for row in ruling.rows] for ruling in decided(function, kind, arrays, LATEST)]


def test_the_first_row_that_applies_decides():
    assert ruling_of("pow", "real", x1_i=NAN, x2_i=0.0) == [["pow/real/02"]]
    assert ruling_of("hypot", "real", x1_i=INF, x2_i=NAN) == [["hypot/real/01"]]
    assert ruling_of("pow", "real", x1_i=2.0, x2_i=3.0) == []  # no row
    # a sign leaves the value to a later row
    assert ruling_of("divide", "real", x1_i=1.0, x2_i=-3.0) == [["divide/real/22"], ["divide/real/23"]]


def test_rules_lead_to_other_elements_and_functions():
    assert ruling_of("exp", "complex", x_i=complex(0.0, -0.0)) == [["exp/complex/14", "exp/complex/01"]]
    assert ruling_of("sinh", "complex", x_i=complex(-INF, -0.0))[0][-1] == "sinh/complex/06"
    assert ruling_of("sin", "complex", x_i=complex(0.0, 0.0))[0][0] == "sin/complex/01"
    assert ruling_of("array.__add__", "real", x1_i=-0.0, x2_i=-0.0) == [["array.__add__/real/19", "add/real/11"]]
    assert ruling_of("array.__sub__", "real", x1_i=0.0, x2_i=0.0)[0] == [
        "array.__sub__/real/01",
        "subtract/real/01",
        "add/real/13",
    ]


def test_what_the_text_leaves_open_or_contradicts_is_not_checked():
    assert ruling_of("sqrt", "complex", x_i=complex(NAN, INF)) == []
    assert ruling_of("sqrt", "complex", x_i=complex(NAN, -INF)) == []
    assert ruling_of("not_equal", "real", x1_i=INF, x2_i=1.0) == []
    assert ruling_of("floor_divide", "integer", x1_i=1, x2_i=0) == []
    assert ruling_of("argmax", "complex", x_i=1j) == []


@pytest.mark.parametrize("name", [n for n in REGISTRY if rows_of(n, "complex", LATEST)])
def test_no_element_is_decided_by_two_rows_that_contradict_each_other(name):
    """A row and the mirror of another never exclude each other: the contradictions of the text are all left out."""
    by = {row["rule"] for row in rows_of(name, "complex", LATEST) if "rule" in row}
    if "conjugate" not in by:
        return
    x = components("complex128", 1)
    for turn in (np.conj, *([np.negative] if "odd" in by else [])):
        direct, mirrored = (decided(name, "complex", {"x_i": v}, LATEST) for v in (x, turn(x)))
        for ruling in direct:
            for other in mirrored:
                common, i, j = np.intersect1d(ruling.at, other.at, return_indices=True)
                for k, m in zip(i, j, strict=True) if common.size else ():
                    values = [turn(v) for v in _values(ruling, k)]
                    want = taken(other.alternatives, slice(m, m + 1))
                    agrees = any(accepted(want, v, 8.0)[0] for v in values)
                    assert agrees, (ruling.rows, other.rows, x[ruling.at[k]])


def _values(ruling, k):
    """The values that a ruling permits for an element: each sign where it states none."""
    found = []
    for each in taken(ruling.alternatives, slice(k, k + 1)):
        signs = [(1.0,) if part.signed else (1.0, -1.0) for part in each]
        for pair in itertools.product(*signs):
            value = np.empty(1, complex)
            value.real, value.imag = (sign * part.value for sign, part in zip(pair, each, strict=True))
            found.append(value)
    return found


def test_so_many_rows_are_evaluated_and_each_other_one_has_a_reason():
    missing = reasons()
    assert len(special_cases()) - len(missing) == 749
    assert Counter(missing.values()) == {
        "left to the implementation": 78,
        "says should or may": 50,
        "an earlier row says it": 12,
        "a remark": 10,
        "speaks of imaginary numbers, which no dtype holds": 3,
        "does not say which zero or NaN a sum of products has": 2,
        "a step of 0 lies outside the domain: nothing is said of the result": 1,
        "whether a copy is needed depends on the input's memory: the kind 'memory' has it": 1,
    }
    earlier = {id_ for id_, why in missing.items() if why == "an earlier row says it"}
    signs = {f"{name}/real/{number}" for name in ("ceil", "floor", "round", "trunc") for number in ("04", "05")}
    assert earlier == signs | {"array.__int__/real/02", "exp/complex/13", "expm1/complex/13", "sqrt/complex/09"}


@pytest.mark.parametrize(
    ("name", "stands", "evaluated"),
    [("numpy", 906, 749), ("torch", 906, 749), ("array_api_strict", 906, 749), ("jax", 874, 722)],
)
def test_so_many_rows_are_evaluated_on_a_namespace(name, stands, evaluated):
    """JAX states 2024.12, and lacks 64 bits here."""
    pytest.importorskip(name)
    on = namespace(name)
    revision = revision_of(on)
    tried = [p for case in REGISTRY if case not in on.probe.missing for p in probes(case, revision) if on.holds(p)]
    assert len(special_cases(revision)) == stands
    assert len({id_ for probe in tried for id_ in probe.rows}) == evaluated


def test_a_revision_has_its_own_rows():
    assert not any(p.dtype.startswith("complex") for p in probes("exp", "2021.12"))
    assert any(p.dtype.startswith("complex") for p in probes("exp", LATEST))
    ids = {id_ for p in probes("array.add", "2021.12") for id_ in p.rows}
    assert {"array.__add__/real/01", "array.__add__/real/18"} <= ids
    assert not covers("isin", "2024.12")
    assert covers("isin", LATEST)
    assert any(p.raises for p in probes("flip", LATEST))
    assert not any(p.raises for p in probes("flip", "2024.12"))


def test_no_probe_holds_a_subnormal_number_or_float16():
    for name in REGISTRY:
        for probe in probes(name, LATEST):
            for value in probe.values:
                assert value.dtype != np.float16
                for part in (value.real, value.imag) if value.dtype.kind in "fc" else ():
                    size = np.abs(part)
                    assert not np.any((size > 0) & (size < np.finfo(part.dtype).smallest_normal)), name


def test_operators_take_python_numbers_and_powers_one_exponent():
    added = [p.call.args[1] for p in probes("array.add", LATEST) if isinstance(p.call.args[1], float)]
    assert {str(k) for k in added} == {"inf", "-2.0", "-0.0", "nan"}
    assert any(np.ndim(p.call.args[1]) == 0 and p.call.args[1] == 0.5 for p in probes("pow", LATEST))


def test_fewer_probes_evaluate_the_same_rows():
    every, few = probes("max", LATEST), fewer(probes("max", LATEST))
    assert len(few) < len(every)
    assert {id_ for p in every for id_ in p.rows} == {id_ for p in few for id_ in p.rows}


def test_mirrors_hold_where_no_row_decides():
    x = {"x_i": components("complex128", 1)}
    (mirror,) = mirrors("log2", "complex", x, [], LATEST)
    assert mirror.row["id"] == "log2/complex/01"
    np.testing.assert_array_equal(x["x_i"][mirror.other], np.conj(x["x_i"][mirror.at]))


def test_a_row_becomes_a_sentence():
    assert sentence(ROWS["divide/real/07"]) == "If x1_i is +0 and x2_i is less than 0, the result is -0."
    assert "±0" in sentence(ROWS["exp/complex/07"])
    for row in ROWS.values():
        text = sentence(row)
        assert text[0].isupper()
        assert text.endswith(".")


# ---- faults
_numbers = itertools.count()  # a namespace is opened once for each name


def verdict_with(monkeypatch, name, change):
    """The verdict on one function of NumPy, changed."""
    opened = f"changed_for_special_cases_{next(_numbers)}"
    monkeypatch.setitem(sys.modules, opened, _with(name, change))
    (verdict,) = conformance.run([opened], only=f"xp.{name}", kind="special", expect=False).verdicts
    return verdict


def _with(name, change):
    """A namespace in which one function is changed."""
    xp = types.ModuleType("changed")
    xp.__dict__.update({n: getattr(intact, n) for n in dir(intact) if not n.startswith("__")})
    xp.__array_api_version__, xp.__array_namespace_info__ = "2025.12", intact.__array_namespace_info__
    setattr(xp, name, change(getattr(intact, name)))
    return xp


def _where(condition, then):
    """A function whose result is replaced where a condition on its operands holds."""

    def change(whole):
        def function(*args, **kwargs):
            with np.errstate(all="ignore"):
                return np.where(condition(*args), then, whole(*args, **kwargs)).astype(whole(*args, **kwargs).dtype)

        return function

    return change


def _refuses_axis(whole):
    return lambda x, /, **kwargs: whole(x) if kwargs.get("axis", 0) not in (0, 1, -1, -2) else whole(x, **kwargs)


FAULTS = [
    ("exp", _where(lambda x: x == -INF, -0.0), "exp/real/05"),
    ("atan2", _where(lambda y, x: np.isneginf(y) & np.isneginf(x), 0.0), "atan2/real/24"),
    ("remainder", _where(lambda x, y: (x == 4) & (y == -2), 0.0), ""),  # 4 is no operand
    ("remainder", _where(lambda x, y: (x == 2) & (y == -2), 0.0), "remainder/real/21"),
    ("pow", _where(lambda x, y: np.isneginf(x) & (y == 3), INF), "pow/real/14"),
    ("copysign", _where(lambda x, y: np.isnan(y), 1.0), "copysign/real/05"),
    ("log1p", _where(lambda x: np.isnan(x) & (np.imag(x) == INF), NAN), "log1p/complex/10"),
    ("cos", _where(lambda x: np.iscomplexobj(x) & np.isneginf(np.imag(x)) & (np.real(x) == 1), 0.0), "cos/complex/01"),
    ("max", lambda whole: lambda x, /, **kw: whole(x, **kw) if x.ndim != 1 else np.nanmax(x, **kw), "max/real/01"),
    ("std", lambda whole: lambda x, /, **kw: np.nan_to_num(whole(x, **kw)), "std/real/01"),
    ("sum", lambda whole: lambda x, /, **kw: whole(np.nan_to_num(x, posinf=INF, neginf=-INF), **kw), "sum/real/03"),
    ("argmin", lambda whole: lambda x, /, **kw: whole(x, **kw) + 1, "argmin/real/01"),
    ("searchsorted", lambda whole: lambda x, y, /, **kw: whole(x, y), "searchsorted/general/04"),
    (
        "bitwise_right_shift",
        lambda whole: lambda x, y, /: whole(np.abs(x), y).astype(x.dtype),
        "right_shift/integer/02",
    ),
    ("isinf", _where(lambda x: (np.imag(x) == -INF) & (np.real(x) == 1), False), "isinf/complex/02"),
    ("flip", _refuses_axis, "flip/general/01"),
    ("full", lambda whole: lambda *a, **kw: whole(*a, **kw).astype(np.float32), "full/general/01"),
    ("diff", lambda whole: lambda x, /, **kw: whole(x, **kw)[..., 1:], "diff/general/01"),
]


@pytest.mark.parametrize(("name", "change", "row"), FAULTS, ids=lambda part: part if isinstance(part, str) else "")
def test_a_fault_is_found_and_its_row_named(name, change, row, monkeypatch):
    verdict = verdict_with(monkeypatch, name, change)
    if not row:
        assert verdict.status in ("identical", "within")
        return
    assert verdict.status == "wrong"
    assert row in verdict.finding.message.split(": ")[0]


def test_a_result_left_open_is_never_a_failure(monkeypatch):
    """floor_divide(inf, 1) may be an infinity or NaN, whatever NumPy gives; unique_values may join several NaN."""
    for value, status in ((NAN, "identical"), (INF, "identical"), (5.0, "wrong")):
        change = _where(lambda x, y: np.isposinf(x) & np.isfinite(y) & (y > 0), value)
        assert verdict_with(monkeypatch, "floor_divide", change).status == status
    assert not covers("unique_values", LATEST)


def test_the_script_of_a_failure_fails_by_itself_and_names_the_row(tmp_path):
    report = conformance.run(["numpy"], only="xp.tanh", kind="special", expect=False)
    (verdict,) = report.verdicts
    assert verdict.finding.size == 1  # the one element that fails
    assert "# tanh/complex/06: If the real part of x_i is +infinity" in verdict.finding.script
    path = tmp_path / "script.py"
    path.write_text(verdict.finding.script, "utf-8")
    ran = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "AssertionError" in ran.stderr


def test_all_probes_of_a_function_hold_on_numpy():
    for probe in probes("divide", LATEST):
        assert special_case(namespace("numpy"), probe) == 0.0
