"""Faults in values: single functions, special values, dtypes and devices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .faults import Mutant, beyond, dtype, homeless, instead, result, scaled, through

__all__ = ["DEVICES", "DTYPES", "SPECIAL_VALUES", "VALUES"]


def _clean(function: Any) -> Any:
    """A function applied after NaN is replaced by 0."""
    return instead(lambda x, **how: function(np.nan_to_num(x, nan=0.0, posinf=np.inf, neginf=-np.inf), **how))


VALUES = [
    *(
        Mutant(f"{name} is off by 2 ulp beyond its bound", name, beyond(name))
        for name in (
            "exp",
            "log",
            "expm1",
            "log1p",
            "sin",
            "cos",
            "tanh",
            "sqrt",
            "square",
            "add",
            "subtract",
            "multiply",
            "divide",
            "logaddexp",
            "pow",
        )
    ),
    *(
        Mutant(f"{name} is one part in a million too large", name, scaled(1 + 1e-6))
        for name in (
            "exp",
            "log",
            "tanh",
            "sum",
            "mean",
            "var",
            "std",
            "prod",
            "matmul",
            "tensordot",
            "cumulative_sum",
            "cumulative_prod",
            "multiply",
            "abs",
            "maximum",
        )
    ),
    *(
        Mutant(f"{name} is 20 % too large", name, scaled(1.2))
        for name in ("exp", "log", "sum", "mean", "var", "matmul", "tensordot", "max", "min", "where", "square", "sin")
    ),
    *(Mutant(f"{name} is 0", name, result(lambda got, *a, **k: got * 0)) for name in ("mean", "matmul", "tensordot")),
    *(
        Mutant(f"{name} of float64 is computed in float32", name, through("float32"))
        for name in ("exp", "log", "sum", "matmul", "tensordot", "cumulative_sum", "divide", "asarray", "concat")
    ),
    Mutant(
        "negative keeps the sign of large numbers",
        "negative",
        result(lambda got, x, *a: np.where(np.abs(got) > 2.5, -got, got)),
    ),
    Mutant("abs ignores small negative numbers", "abs", instead(lambda x: np.where((x > -1) & (x < 0), x, np.abs(x)))),
    Mutant(
        "divide rounds to whole numbers above 1",
        "divide",
        result(lambda got, *a: np.where(np.abs(got) > 1, np.round(got), got)),
    ),
    Mutant(
        "pow is wrong for the exponent 2",
        "pow",
        result(lambda got, x, y: got + (np.asarray(y) == 2).astype(got.dtype)),
    ),
]
SPECIAL_VALUES = [
    Mutant(
        "exp of a large number is the largest one",
        "exp",
        result(lambda got, x: np.where(np.isinf(got), np.finfo(got.dtype).max, got)),
    ),
    Mutant("log of a negative number is 0", "log", result(lambda got, x: np.where(x < 0, 0, got).astype(got.dtype))),
    Mutant("log of 0 is a large number", "log", result(lambda got, x: np.where(x == 0, -1e30, got).astype(got.dtype))),
    Mutant("max ignores NaN", "max", _clean(np.max)),
    Mutant("min ignores NaN", "min", _clean(np.min)),
    Mutant(
        "sum ignores NaN",
        "sum",
        result(
            lambda got, x, *, axis=None, keepdims=False, dtype=None: np.nansum(x, axis=axis, keepdims=keepdims).astype(
                got.dtype
            )
        ),
    ),
    Mutant("maximum ignores NaN", "maximum", instead(np.fmax)),
    Mutant("minimum ignores NaN", "minimum", instead(np.fmin)),
    Mutant("argmax ignores NaN", "argmax", _clean(np.argmax)),
    Mutant("isnan takes infinities for NaN", "isnan", instead(lambda x: ~np.isfinite(x))),
    Mutant("isinf ignores -inf", "isinf", instead(lambda x: x == np.inf)),
    Mutant("isfinite takes NaN for finite", "isfinite", instead(lambda x: ~np.isinf(x))),
    Mutant("NaN equals NaN", "equal", result(lambda got, x, y: got | ((x != x) & (y != y)))),
    Mutant("NaN is not unequal", "not_equal", result(lambda got, x, y: got & (x == x) & (y == y))),
    Mutant("maximum loses the sign of zero", "maximum", result(lambda got, *a: got + np.zeros((), got.dtype))),
    Mutant("minimum loses the sign of zero", "minimum", result(lambda got, *a: got + np.zeros((), got.dtype))),
    Mutant("round loses the sign of zero", "round", result(lambda got, x: got + np.zeros((), got.dtype))),
    Mutant("ceil loses the sign of zero", "ceil", result(lambda got, x: got + np.zeros((), got.dtype))),
    Mutant(
        "abs keeps the sign of zero",
        "abs",
        result(lambda got, x: np.where(np.asarray(x == 0), x, got).astype(got.dtype)),
    ),
    Mutant(
        "round rounds halves away from zero",
        "round",
        instead(lambda x: x if x.dtype.kind in "iu" else np.trunc(x + np.copysign(0.5, x))),
    ),
    Mutant("floor is trunc", "floor", instead(np.trunc)),
    Mutant("ceil is trunc", "ceil", instead(np.trunc)),
    Mutant(
        "subnormal differences are lost above the floor",
        "subtract",
        result(lambda got, *a: np.where(np.abs(got) < 1e-3, 0, got).astype(got.dtype)),
    ),
]
DTYPES = [
    Mutant("argmax gives int32", "argmax", dtype("int32")),
    Mutant("argmin gives int32", "argmin", dtype("int32")),
    Mutant("argsort gives int32", "argsort", dtype("int32")),
    Mutant("sum of integers gives a float", "sum", dtype("float64", "int64", "int32")),
    Mutant("mean of float32 gives float64", "mean", dtype("float64", "float32")),
    Mutant("exp of float32 gives float64", "exp", dtype("float64", "float32")),
    Mutant("isnan gives integers", "isnan", dtype("int8")),
    Mutant("equal gives integers", "equal", dtype("int32")),
    Mutant("zeros are float64 by default, always", "zeros", dtype("float64", "float32")),
    Mutant("ones are float64 by default, always", "ones", dtype("float64", "float32")),
    Mutant("full gives float64", "full", dtype("float64", "float32")),
    Mutant("arange gives int64", "arange", dtype("int64", "int32")),
    Mutant("zeros_like has another dtype", "zeros_like", dtype("float32", "int32", "float64")),
    Mutant("asarray gives float32 for float64", "asarray", dtype("float32", "float64")),
    Mutant("where widens to float64", "where", dtype("float64", "float32")),
    Mutant("concat widens to float64", "concat", dtype("float64", "float32")),
    Mutant("stack widens to float64", "stack", dtype("float64", "float32")),
    Mutant("astype to float32 stays float64", "astype", dtype("float64", "float32")),
    Mutant(
        "astype to an integer rounds to nearest",
        "astype",
        result(
            lambda got, x, *a, **k: (
                np.round(x).astype(got.dtype) if got.dtype.kind == "i" and x.dtype.kind == "f" else got
            )
        ),
    ),
]
DEVICES = [
    *(
        Mutant(f"{name} ignores the device", name, homeless)
        for name in ("zeros", "ones", "full", "arange", "asarray", "zeros_like", "astype", "where", "exp", "take")
    ),
]
