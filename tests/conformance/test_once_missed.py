"""Faults that earlier releases of the tool missed: each has to be found by the kind of check that was mended for it."""

import pytest

from conformance.mutants.check import INTACT, planted, silent
from conformance.mutants.generated import Generated, made
from conformance.mutants.scoring import bad_verdicts
from conformance.subjects.operations import namespace

BUFFER = "the result of the call before is overwritten"
DTYPE = "the result has the neighbouring dtype"
FAULTS = [
    ("signbit", "an array in Fortran order", BUFFER, "layout"),
    ("K.sigmoid", "an array in Fortran order", BUFFER, "layout"),
    ("linalg.cholesky", "a strided array", "the result has one axis more", "layout"),
    ("isin", "a read-only array", "the first element is a thousandth off", "layout"),
    ("astype", "an array in Fortran order", "a copy that was asked for is a view", "memory"),
    ("asinh", "a negative zero", DTYPE, "special"),
    ("squeeze", "one element", "an axis out of range is accepted", "parameters"),
    ("take_along_axis", "complex numbers", "an axis out of range is accepted", "dtypes"),
    ("array.lt", "arrays of different dtypes", "the result has one axis less", "dtypes"),
    ("full", "dtype=int64", "the result has one axis less", "dtypes"),
    ("count_nonzero", "a half", DTYPE, "parameters"),
    ("linalg.tensordot", "a number above 10**4", DTYPE, "parameters"),
    ("linalg.eig", "a number above 10**4", "a valid call raises ValueError", "parameters"),
    ("fft.fftshift", "no element", DTYPE, "parameters"),
    (
        "var",
        "axis the last of several, counted from the front",
        "a valid call raises ValueError",
        "parameters",
    ),
    ("K.binary_crossentropy", "a Python number on the right", "the result has one axis less", "parameters"),
    (
        "K.ones_like",
        "a call with the shapes and dtypes of the one before",
        "an invalid call raises RuntimeError",
        "error",
    ),
]
RULES = [
    ("vjp sqrt", "no axes", "the result is a thousandth too large"),
    ("vjp exp", "an axis of size 1 among longer ones", "the result has the wrong sign"),
    ("vjp cos", "4096 or more elements", "the last axis is in reverse order"),
]


@pytest.mark.parametrize(("target", "condition", "effect", "kind"), FAULTS, ids=lambda text: text[:24])
def test_is_found_now(target, condition, effect, kind):
    fault = Generated(target, condition, effect)
    on = namespace(INTACT)
    with silent(), planted(made(fault), on):
        assert bad_verdicts(fault.case, kind, on, seed=0)


@pytest.mark.parametrize(("target", "condition", "effect"), RULES, ids=lambda text: text[:24])
def test_a_rule_is_found_now(target, condition, effect):
    fault = Generated(target, condition, effect, recorded=True)
    on = namespace(INTACT)
    with silent(), planted(made(fault), on):
        assert any(bad_verdicts(case, "parameters", on, seed=0) for case in fault.cases)
