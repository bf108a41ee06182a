"""Calls derived from signatures: complete, just, and subtle faults that nobody planned for are found by them."""

from __future__ import annotations

import ast
import re

import numpy as np
import pytest

from conformance.case import discovered_standard
from conformance.data import LATEST, REVISIONS, signatures
from conformance.mutants.check import planted
from conformance.mutants.faults import Mutant, arguments, fixing, result
from conformance.properties import derived
from conformance.properties.derived.promotion import (
    ALL,
    FLOATING,
    INTEGER,
    TABLE,
    Defaults,
    Undefined,
    promoted,
    scalar_dtype,
)
from conformance.properties.registry import PROPERTIES
from conformance.running.runner import verdict_on
from conformance.subjects.operations import namespace

CASES = discovered_standard()
STRICT = namespace("array_api_strict")
KINDS = ("parameters", "dtypes")
# left to other kinds of check: where things are, and whether they are copied
ELSEWHERE = {"device", "stream", "max_version", "dl_device", "api_version"}


def calls_of(name, revision=LATEST):
    return [e.call for kind in KINDS for e in derived.examples_of(CASES[name], kind, revision, 0, Defaults(), "")]


def test_every_function_has_derived_calls():
    operators = {n.replace("__", "") for n in signatures() if n.startswith("array.__")}
    wanted = {n for n in signatures() if not n.startswith("array.__")} | operators
    lacking = {n for n in wanted if n not in derived.SUBJECTS or n not in CASES}
    assert lacking == {
        "__array_namespace_info__",
        "info.default_device",
    }  # the first is what `info.` calls; None is allowed


@pytest.mark.parametrize("name", [n for n in signatures() if n in CASES and n not in ("array.dlpack", "from_dlpack")])
def test_every_option_is_passed(name):
    wanted = {
        p["name"]
        for p in signatures()[name]["parameters"]
        if "default" in p and p["kind"] == "keyword-only" and p["name"] not in ELSEWHERE
    }
    calls = calls_of(name)
    passed = {k for c in calls for k in c.kwargs}
    assert wanted <= passed
    if len(wanted) > 1:  # and pairs of them
        assert any(len(c.kwargs) > 1 for c in calls)


@pytest.mark.parametrize("revision", REVISIONS)
def test_calls_follow_the_revision(revision):
    takes_scalars = any(np.isscalar(c.args[0]) or np.isscalar(c.args[1]) for c in calls_of("add", revision))
    assert takes_scalars == (revision >= "2024.12")
    refusals = [
        e
        for e in derived.examples_of(CASES["sum"], "parameters", revision, 0, Defaults(), "")
        if isinstance(e.wanted, derived.Raises)
    ]
    assert bool(refusals) == (revision >= "2025.12")
    assert bool(calls_of("isin", revision)) == (revision >= "2025.12")


def test_promotion_table():
    assert all(TABLE[a, b] == TABLE[b, a] for a, b in TABLE)
    assert all(TABLE[a, a] == a for a in ALL)
    assert all(TABLE[TABLE[a, b], b] == TABLE[a, b] for a, b in TABLE)
    assert len(TABLE) == 1 + len(INTEGER) ** 2 - 8 + len(FLOATING) ** 2
    assert {promoted(a, b) for a, b in TABLE} <= set(ALL)
    assert all(np.result_type(a, b).name == TABLE[a, b] for a, b in TABLE)
    with pytest.raises(Undefined):
        promoted("int64", "uint64")
    with pytest.raises(Undefined):
        scalar_dtype("int8", 300)
    assert scalar_dtype("float32", 1j) == "complex64"


# Subtle faults, each in one option, one dtype, or one range of values: (target, what is wrong, the fault).
def at(condition, change):
    """A changed result where a condition on the arguments holds."""
    return result(lambda got, *args, **kwargs: change(got) if condition(*args, **kwargs) else got)


def upper(got):
    return np.nextafter(got, np.asarray(np.inf, dtype=got.dtype))


def one_more(got):
    return (got + 1).astype(got.dtype)


def option(name, old, new):
    """One value of an option taken for another."""
    return arguments(
        lambda *args, **kwargs: (
            args,
            {k: new if k == name and type(v) is type(old) and v == old else v for k, v in kwargs.items()},
        )
    )


FAULTS = [
    ("sum", "axes that do not rise", at(lambda x, axis=None, **_: axis == (1, 0), one_more)),
    (
        "sum",
        "uint64 through float64",
        at(lambda x, **_: x.dtype == np.uint64, lambda g: g.astype("float64").astype("uint64")),
    ),
    ("prod", "an empty tuple of axes", option("axis", (), None)),
    (
        "prod",
        "dtype with keepdims",
        at(lambda x, dtype=None, keepdims=False, **_: dtype is not None and keepdims, one_more),
    ),
    ("mean", "complex conjugated", at(lambda x, axis=None, **_: x.dtype == np.complex64 and axis == -1, np.conj)),
    ("var", "correction 0.5 as 0", option("correction", 0.5, 0)),
    ("std", "correction 2 as 1", option("correction", 2, 1)),
    (
        "max",
        "int64 beyond 2**53",
        at(lambda x, **_: x.dtype == np.int64, lambda g: g.astype("float64").astype("int64")),
    ),
    (
        "cumulative_sum",
        "starts from 1",
        at(lambda x, include_initial=False, **_: include_initial and x.ndim > 1, one_more),
    ),
    ("cumulative_prod", "dtype forgotten", fixing(dtype=None)),
    (
        "diff",
        "append before",
        at(lambda x, append=None, prepend=None, **_: append is not None and prepend is not None, np.negative),
    ),
    ("argmin", "last of equals", at(lambda x, axis=None, **_: axis is None and x.ndim == 1 and x.size == 6, one_more)),
    (
        "argsort",
        "ties when descending",
        at(lambda x, descending=False, **_: descending and x.dtype == np.int8, lambda g: g[..., ::-1]),
    ),
    (
        "sort",
        "uint64 as int64",
        at(lambda x, **_: x.dtype == np.uint64 and x.size, lambda g: np.sort(g.view("int64")).view("uint64")),
    ),
    (
        "searchsorted",
        "right with a sorter",
        at(lambda a, b, side="left", sorter=None: sorter is not None and side == "right", one_more),
    ),
    (
        "unique_values",
        "NaN counted together",
        at(lambda x: x.dtype == np.float32 and np.isnan(x).sum() > 1, lambda g: g[:-1]),
    ),
    (
        "isin",
        "uint8 members beyond 127",
        at(lambda a, b, **_: getattr(b, "dtype", None) == np.uint8 and np.size(b) > 1, lambda g: g & False),
    ),
    ("where", "a complex scalar's imaginary part", at(lambda c, a, b: isinstance(b, complex), lambda g: g.real + 0j)),
    (
        "take",
        "negative indices",
        at(lambda x, i, axis=None: axis == -1 and i.dtype == np.int16 and i.size, lambda g: g[..., ::-1]),
    ),
    ("take_along_axis", "axis from the end", at(lambda x, i, axis=-1: axis == -3 and i.size, one_more)),
    ("roll", "beyond the size", at(lambda x, s, axis=None: s == 100 and x.ndim == 3, lambda g: g[::-1])),
    (
        "repeat",
        "counts of int16",
        at(lambda x, r, axis=None: getattr(r, "dtype", None) == np.int16 and axis == 0, lambda g: g[::-1]),
    ),
    ("moveaxis", "two axes from the end", at(lambda x, s, d: s == (-1, 0), lambda g: g[::-1])),
    ("flip", "axes twice", at(lambda x, axis=None: axis == (1, 0), lambda g: g[..., ::-1])),
    (
        "squeeze",
        "the wrong error",
        arguments(lambda x, axis: ((x, max(axis, -3) if isinstance(axis, int) else axis), {})),
    ),
    ("concat", "a tuple of arrays", at(lambda a, axis=0: isinstance(a, tuple) and axis == 0 and len(a) == 3, one_more)),
    ("tril", "far below", at(lambda x, k=0: k == -9, one_more)),
    ("meshgrid", "ij of three", at(lambda *a, indexing="xy": indexing == "ij" and len(a) == 3, one_more)),
    ("linspace", "complex without the end", option("endpoint", False, True)),
    ("eye", "k with columns", at(lambda n, m=None, k=0, **_: m == 4 and k == -1, one_more)),
    (
        "full",
        "a bool as an int",
        at(lambda s, v, dtype=None, **_: v is True and dtype is None, lambda g: g.astype("int64")),
    ),
    (
        "asarray",
        "bool and int mixed",
        at(lambda o, **_: o == [True, 2] if isinstance(o, list) else False, lambda g: g.astype("bool")),
    ),
    (
        "astype",
        "halves of uint64",
        at(
            lambda x, d, **_: x.dtype == np.uint64 and x.size,
            lambda g: g + np.asarray(1, g.dtype) if g.dtype == np.float32 else g,
        ),
    ),
    (
        "clip",
        "only above",
        at(lambda x, **limits: limits.get("min") is None and np.ndim(limits.get("max")) == 1, lambda g: g - 1),
    ),
    (
        "round",
        "halves above 1024 away from zero",
        at(lambda x: x.dtype == np.float32, lambda g: np.where(g == 1024, 1025, g).astype(g.dtype)),
    ),
    (
        "sin",
        "large arguments",
        at(
            lambda x: x.dtype == np.float64,
            lambda g: np.where(np.arange(g.size).reshape(g.shape) < 160, g * (1 + 1e-12), g),
        ),
    ),
    (
        "exp",
        "near overflow",
        at(lambda x: x.dtype == np.float32, lambda g: np.where(g > 1e37, np.inf, g).astype(g.dtype)),
    ),
    (
        "tanh",
        "complex, third quadrant",
        result(
            lambda g, x: (
                np.where((x.real < 0) & (x.imag < 0), np.conj(g), g).astype(g.dtype) if g.dtype.kind == "c" else g
            )
        ),
    ),
    (
        "floor_divide",
        "int16 towards zero",
        result(
            lambda g, a, b: (
                np.where(a % b != 0, g + (g < 0), g).astype(g.dtype)
                if g.dtype == np.int16 and np.ndim(a) and np.ndim(b)
                else g
            )
        ),
    ),
    (
        "bitwise_right_shift",
        "int8 without the sign",
        result(
            lambda g, a, b: (
                (a.view("uint8") >> b.view("uint8")).view("int8")
                if g.dtype == np.int8 and np.ndim(b) and b.dtype == a.dtype
                else g
            )
        ),
    ),
    (
        "multiply",
        "uint64 beyond 2**53",
        at(lambda a, b: getattr(a, "dtype", 0) == np.uint64, lambda g: g.astype("float64").astype("uint64")),
    ),
    (
        "equal",
        "int64 as floats",
        result(
            lambda g, a, b: (
                a.astype(float) == b.astype(float)
                if getattr(a, "dtype", 0) == getattr(b, "dtype", 1) == np.int64
                else g
            )
        ),
    ),
    (
        "pow",
        "the dtype of mixed floats",
        result(
            lambda g, a, b: g.astype(a.dtype) if getattr(a, "dtype", 0) == np.float32 and g.dtype == np.float64 else g
        ),
    ),
    ("subtract", "a scalar on the left", at(lambda a, b: not np.ndim(a) and not hasattr(a, "dtype"), np.negative)),
    ("tensordot", "negative axes", at(lambda a, b, axes=2: axes == ((-1, -2), (-2, -3)), one_more)),
    ("vecdot", "the second conjugated", result(lambda g, a, b, axis=-1: np.conj(g) if g.dtype == np.complex128 else g)),
    ("linalg.matrix_norm", "ord -1 as 1", option("ord", -1, 1)),
    ("linalg.vector_norm", "ord 0.5 as 1", option("ord", 0.5, 1)),
    ("linalg.cholesky", "upper of complex", at(lambda x, upper=False: upper and x.dtype.kind == "c", np.conj)),
    ("linalg.pinv", "rtol ignored", fixing(rtol=None)),
    ("linalg.matrix_rank", "rtol by stacks", option("rtol", 0.9, 0.3)),
    (
        "linalg.qr",
        "complete of wide ones",
        at(lambda x, mode="reduced": mode == "complete" and x.shape == (2, 2, 3), np.negative),
    ),
    (
        "linalg.trace",
        "offset and dtype",
        at(lambda x, offset=0, dtype=None: offset == -1 and dtype is not None, one_more),
    ),
    ("fft.ifft", "norm forward", option("norm", "forward", "backward")),
    ("fft.irfft", "odd sizes", option("n", 7, 8)),
    (
        "fft.fftn",
        "s and axes out of order",
        at(lambda x, s=None, axes=None, **_: s == (7, 2) and axes == (1, 0), np.conj),
    ),
    ("fft.fftshift", "one axis of an even size", at(lambda x, axes=None: axes == (1, 0), lambda g: g[::-1])),
    ("fft.rfftfreq", "d", option("d", 0.1, 0.5)),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("target", "fault", "plant"), FAULTS, ids=[f"{t}: {f}" for t, f, _ in FAULTS])
def test_subtle_faults_are_found(target, fault, plant):
    intact = causes(target)
    assert bool(intact) == (target in FAULTY)
    with planted(Mutant(fault, target, plant), STRICT):
        assert causes(target) - intact


# What is wrong with functions of array_api_strict itself: isin ignores `invert`, matrix_rank of no elements raises.
FAULTY = ("isin", "linalg.matrix_rank")


def causes(name):
    """What is wrong, by kind of check."""
    found = [verdict_on(CASES[name], PROPERTIES[kind], STRICT, shrink=False) for kind in KINDS]
    return {(v.kind, f.key) for v in found for f in (v.finding, *v.further) if f is not None}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", [1, 2])
def test_other_seeds_blame_nobody(seed):
    names = [n for n in CASES if n in derived.SUBJECTS and n not in FAULTY][seed::9]
    found = [verdict_on(CASES[n], PROPERTIES[kind], STRICT, seed=seed, shrink=False) for n in names for kind in KINDS]
    assert [v.id for v in found if v.status in ("wrong", "flaky")] == []
    assert sum(v.examples for v in found) > 1000


def test_a_failure_is_shrunk_and_has_a_script():
    beyond = at(lambda a, b: getattr(a, "dtype", 0) == np.int64, lambda g: g.astype("float64").astype("int64"))
    with planted(Mutant("through float64", "subtract", beyond), STRICT):
        verdict = verdict_on(CASES["subtract"], PROPERTIES["dtypes"], STRICT)
    assert verdict.status == "wrong" and verdict.finding is not None
    assert verdict.finding.size == 2  # one pair of the hundreds that the call had
    compile(verdict.finding.script, "script", "exec")


def test_a_script_of_the_tool_names_its_example():
    with planted(Mutant("any order", "unique_values", result(lambda got, x: got[::-1].copy())), STRICT):
        verdict = verdict_on(CASES["unique_values"], PROPERTIES["dtypes"], STRICT, shrink=False)
    assert verdict.status in ("identical", "within")
    with planted(Mutant("one more", "unique_values", result(lambda got, x: got + 1)), STRICT):
        verdict = verdict_on(CASES["unique_values"], PROPERTIES["dtypes"], STRICT)
    assert verdict.status == "wrong" and verdict.finding is not None
    place = re.search(r"example_at\(one, on, (\(.*?\))\)", verdict.finding.script)
    example = derived.example_at(CASES["unique_values"], STRICT, ast.literal_eval(place[1]))
    assert derived.as_specified(STRICT, example) == 0.0  # the fault is gone


def test_without_64_bits_narrow_dtypes_stand_in():
    narrow = namespace("array_api_strict:no_x64")
    examples = derived.derived_dtypes(CASES["add"], narrow, 0)
    assert examples and all(v.dtype.name in narrow.dtypes for e in examples for v in e.values)
    assert max(derived.as_specified(narrow, e) or 0.0 for e in examples) <= 1.0  # a Failure otherwise


def test_constants_and_attributes_are_tried_though_their_cases_have_no_calls():
    from conformance.running.tasks import examples_of, tasks_of

    on = namespace("numpy")
    silent = [case for case in discovered_standard().values() if not case.calls]
    assert {"pi", "newaxis", "info.dtypes", "array.dlpack", "array.iadd"} <= {case.name for case in silent}
    for case in silent:
        assert any(examples_of(case, prop, place, 0) for prop, place, _ in tasks_of(case, on)), case.name


def test_every_failing_call_can_be_made_smaller():
    """Also where one of its arrays is empty and another is not, as in a product."""
    for example in derived.examples_of(CASES["matmul"], "dtypes", LATEST, 0, Defaults(), ""):
        found = example.smaller(lambda part: True)
        assert sum(v.size for v in found.values) <= sum(v.size for v in example.values)
