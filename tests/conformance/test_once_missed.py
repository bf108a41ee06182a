"""Faults that earlier releases of the tool missed: each has to be found by the kind of check that was mended for it."""

import numpy as np
import pytest

from conformance.case import discovered_standard
from conformance.mutants.check import INTACT, planted, silent
from conformance.mutants.faults import Mutant, result
from conformance.mutants.generated import Generated, home_of, made
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
    ("all", "a broadcast array", "the result has one axis more", "layout"),
    ("linalg.inv", "a broadcast array", "the result has one axis more", "layout"),
    ("searchsorted", "a number above 10**4", "a valid call raises ValueError", "dtypes"),
    ("K.argmin", "bool", "the result has one axis less", "parameters"),
    ("K.resize", "data_format='channels_last'", "the tail beyond a multiple of 8 is 0", "parameters"),
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


def _largest(got, *args, **kwargs):
    return np.where(np.isneginf(got), np.finfo(got.dtype).min, got).astype(got.dtype) if got.dtype.kind == "f" else got


def _one_more(when):
    """The last element is one more where a call meets a condition."""

    def change(got, *args, **kwargs):
        if got.size and when(got, *args, **kwargs):
            got = got.copy()
            got.reshape(-1)[-1] += 1
        return got

    return change


# What each does wrong is in no list of the self-check.
BY_HAND = [
    ("max", _largest, "parameters"),
    ("take", _one_more(lambda got, x, i, *, axis=None: x.ndim > 1 and (i < 0).any()), "parameters"),
    ("take_along_axis", _one_more(lambda got, x, i, *, axis=-1: (i < 0).any()), "parameters"),
    (
        "take_along_axis",
        _one_more(lambda got, x, i, *, axis=-1: 1 in i.shape and x.shape[0] != i.shape[0]),
        "parameters",
    ),
    (
        "roll",
        _one_more(lambda got, x, shift, *, axis=None: isinstance(axis, tuple) and axis == (0, 1, 0)),
        "parameters",
    ),
    ("clip", _one_more(lambda got, x, low=None, high=None: np.ndim(low) > x.ndim), "parameters"),
    ("nextafter", lambda got, x, y: np.where(np.asarray(x) == 0, 0, got).astype(got.dtype), "dtypes"),
    ("logaddexp", lambda got, x, y: np.where(np.isneginf(got), np.nan, got).astype(got.dtype), "dtypes"),
    ("floor_divide", _one_more(lambda got, x, y: got.dtype == np.int8 and x.shape and x[-1] == -128), "dtypes"),
    ("log", lambda got, x: got * (1 + (np.abs(x) > 1e25)) if x.dtype.kind == "c" else got, "dtypes"),
    ("matmul", lambda got, x, y: got + (x.shape == (0,) and y.ndim > 2), "parameters"),
    ("linalg.cross", _one_more(lambda got, x, y, *, axis=-1: axis == -2 and x.shape != y.shape), "parameters"),
    ("linalg.vector_norm", lambda got, x, **how: got + (not x.size), "parameters"),
]


@pytest.mark.parametrize(("target", "change", "kind"), BY_HAND)
def test_a_fault_that_nobody_planned_is_found_now(target, change, kind):
    on = namespace(INTACT)
    with silent(), planted(Mutant("", home_of(target), result(change), keeps=True), on):
        assert bad_verdicts(discovered_standard()[target], kind, on, seed=0)
