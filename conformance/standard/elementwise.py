"""Elementwise functions: values against extended precision, and the special values that the standard lists."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..case import A, call, standard
from ..judging.bounds import Expected, magnitude, ulps_of
from ..subjects.functions import near

INF, NAN = math.inf, math.nan
INTS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FEW = ("int8", "int32", "int64", "uint8")
MISMATCH = call(A(3), A(2))


def precise(name: str, f: Callable[..., Any]) -> Callable[..., Any]:
    """A reference in extended precision, bounded by the ulps of the function."""

    def reference(*xs: Any, **kwargs: Any) -> Any:
        if not any(isinstance(x, np.ndarray) and x.dtype.kind in "fc" for x in xs):
            out = np.asarray(f(*xs))
            return Expected(out, None, out.dtype.name)
        name_ = np.result_type(*(x.dtype for x in xs if isinstance(x, np.ndarray)))
        wide = np.clongdouble if name_.kind == "c" else np.longdouble
        widened = [np.asarray(x).astype(wide) for x in xs]
        out = np.asarray(f(*widened))
        if name_.kind == "c":
            return complex_near(out, 4.0 * max(ulps_of(name), 1.0), name_.name)
        return near(out, ulps_of(name), name_.name, magnitude(name, out, widened))

    return reference


def complex_near(value: np.ndarray, ulps: float, dtype: str) -> Expected:
    """Complex values, each within `ulps` units in the last place of its modulus."""
    real = {"complex64": "float32", "complex128": "float64"}[dtype]
    bound = near(np.abs(value).astype(np.longdouble), ulps, real).bound
    return Expected(value, bound, dtype)


def table(rows: list[Any]) -> list[tuple[Any, Any]]:
    """One special example from a table of special values: (x, result)."""
    x, out = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return [(call(x), out)]


def table2(rows: list[Any]) -> list[tuple[Any, Any]]:
    """The same for two arguments: (x1, x2, result)."""
    x, y, out = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return [(call(x, y), out)]


# name: the function of NumPy, the range of the examples
SMOOTH: dict[str, tuple[Any, float, float]] = {
    "exp": (np.exp, -20, 20),
    "expm1": (np.expm1, -8, 8),
    "log": (np.log, 1e-3, 50),
    "log1p": (np.log1p, -0.99, 50),
    "log2": (np.log2, 1e-3, 50),
    "log10": (np.log10, 1e-3, 50),
    "sin": (np.sin, -20, 20),
    "cos": (np.cos, -20, 20),
    "tan": (np.tan, -20, 20),
    "asin": (np.arcsin, -1, 1),
    "acos": (np.arccos, -1, 1),
    "atan": (np.arctan, -20, 20),
    "sinh": (np.sinh, -8, 8),
    "cosh": (np.cosh, -8, 8),
    "tanh": (np.tanh, -4, 4),
    "asinh": (np.arcsinh, -20, 20),
    "acosh": (np.arccosh, 1, 20),
    "atanh": (np.arctanh, -0.999, 0.999),
    "sqrt": (np.sqrt, 0, 50),
    "reciprocal": (np.reciprocal, 0.1, 20),
}
# Near its zero a function computed from others loses digits by cancellation: draw arguments there as well.
NEAR_ZERO = ("expm1", "log1p", "sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh")
NEAR_ONE = ("log", "log2", "log10", "acosh")
COMPLEX = ("exp", "sin", "cos", "sqrt", "sinh", "cosh", "log")

for name, (f, low, high) in SMOOTH.items():
    more = [call(A("n", dtype="complex", low=0.1, high=2.0))] if name in COMPLEX else []
    more += [call(A(16, low=-1e-3, high=1e-3))] if name in NEAR_ZERO else []
    more += [call(A(16, low=1.0, high=1.01))] if name in NEAR_ONE else []
    standard(
        name,
        call(A("n", "m", low=low, high=high)),
        call(A(64, low=low, high=high)),
        call(A(3, 0, low=low, high=high)),
        call(A(low=low, high=high)),
        *more,
        exact=False,
        reference=precise(name, f),
    )

# What the standard's tables of special cases lack.
SIGNS: dict[str, list[Any]] = {
    "negative": [(NAN, NAN), (0.0, -0.0), (-0.0, 0.0), (INF, -INF)],
    "positive": [(NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (INF, INF)],
}
for name in ("floor", "ceil", "trunc", "round", "abs", "sign", *SIGNS):
    integers = [call(A("n", dtype=d, low=-9, high=9)) for d in FEW if name != "negative" or d[0] == "i"]
    standard(
        name,
        call(A("n", "m")),
        call(A(40, low=-1e4, high=1e4)),
        call(A()),
        *integers,
        *([call(A("n", dtype="complex"))] if name in ("negative", "positive") else []),
        special=table(SIGNS[name]) if name in SIGNS else (),
    )
standard(
    "square",
    call(A("n", "m")),
    *(call(A("n", dtype=d, low=-9, high=9)) for d in FEW),
    exact=False,
    reference=precise("square", np.square),
)

for name in ("isnan", "isinf", "isfinite", "signbit"):
    standard(name, call(A("n", "m")), *(call(A("n", dtype="int32")) for _ in [1] if name != "signbit"))

for name in ("real", "imag", "conj"):
    standard(name, call(A("n", "m", dtype="complex")))

# ---- two arguments
MIXED = [
    call(A("n", dtype="float32"), A("n", dtype="float64")),
    call(A("n", dtype="int8", low=-5, high=5), A("n", dtype="int16", low=1, high=5)),
    call(A("n", dtype="uint8", low=0, high=5), A("n", dtype="int8", low=1, high=5)),
    call(A("n", dtype="int32", low=-5, high=5), A("n", dtype="int64", low=1, high=5)),
]
SHAPES = [
    call(A(64, 8), A(64, 1, low=0.1)),  # enough elements to show how a library treats a broadcast divisor
    call(A("n", "m"), A("n", "m", low=0.1)),
    call(A("n", 1, "k"), A("m", 1, low=0.1)),
    call(A(), A("n", low=0.1)),
    call(A("n", 0), A(1, low=0.1)),
]
for name, f in {"add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide}.items():
    integers = (
        []
        if name == "divide"
        else [*MIXED[1:], *(call(A("n", dtype=d, low=2, high=9), A("n", dtype=d, low=0, high=2)) for d in INTS)]
    )
    standard(
        name,
        *SHAPES,
        MIXED[0],
        *integers,
        call(A("n", dtype="complex"), A("n", dtype="complex", low=0.5)),
        exact=False,
        reference=precise(name, f),
        errors=[MISMATCH],
    )
standard(
    "pow",
    call(A("n", "m", low=0.1, high=4.0), A("n", "m")),
    call(A("n", 1, low=0.1), A("m")),
    *(call(A("n", dtype=d, low=0, high=5), A("n", dtype=d, low=0, high=2)) for d in FEW),
    exact=False,
    reference=precise("pow", np.power),
    errors=[MISMATCH],
)
for name, f in {"atan2": np.arctan2, "hypot": np.hypot, "logaddexp": np.logaddexp}.items():
    standard(name, *SHAPES, MIXED[0], exact=False, reference=precise(name, f), errors=[MISMATCH])
EXTREMES: dict[str, list[Any]] = {
    "copysign": [],
    "maximum": [(INF, 1, INF), (-INF, 1, 1)],
    "minimum": [(INF, 1, 1), (-INF, 1, -INF)],
    "nextafter": [(2, 2, 2)],
}
for name, rows in EXTREMES.items():
    integers = [*MIXED[1:], *(call(A("n", dtype=d, low=0, high=9), A("n", dtype=d, low=0, high=9)) for d in INTS)]
    standard(
        name,
        *SHAPES,
        *([MIXED[0]] if name != "nextafter" else []),
        *(integers if "imum" in name else []),
        special=table2(rows) if rows else (),
        errors=[MISMATCH],
    )
DIVIDED = [call(A("n", dtype=d, low=0 if d[0] == "u" else -9, high=9), A("n", dtype=d, low=1, high=4)) for d in INTS]
standard(
    "floor_divide",
    *SHAPES,
    *DIVIDED,
    call(A("n", low=-50.0, high=50.0), A("n", low=0.5, high=3.0)),
    exact=False,
    errors=[MISMATCH],
)
standard(
    "remainder",
    *SHAPES,
    *DIVIDED,
    call(A("n", low=-50.0, high=50.0), A("n", low=0.5, high=3.0)),
    exact=False,
    errors=[MISMATCH],
)
for name, f in {
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
}.items():
    x, y = np.array([(NAN, NAN), (NAN, 1.0), (0.0, -0.0), (INF, INF), (-INF, INF), (1.0, INF)]).T
    special = (call(x, y), f(x, y))  # the standard has tables for equal and not_equal alone
    standard(
        name,
        *SHAPES,
        *MIXED,
        *(call(A("n", dtype=d, low=0, high=3), A("n", dtype=d, low=0, high=3)) for d in INTS),
        errors=[MISMATCH],
        special=[] if "equal" in (name, name.removeprefix("not_")) else [special],
    )
BITS = ("bool", *FEW)
for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
    standard(
        name,
        *(call(A("n", "m", dtype=d, low=0, high=100), A("m", dtype=d, low=0, high=100)) for d in BITS),
        errors=[call(A(3, dtype="int"), A(2, dtype="int"))],
    )
for name in ("bitwise_left_shift", "bitwise_right_shift"):
    standard(name, *(call(A("n", "m", dtype=d, low=0, high=20), A("m", dtype=d, low=0, high=2)) for d in FEW))
standard("bitwise_invert", *(call(A("n", "m", dtype=d, low=0, high=100)) for d in BITS))
for name in ("logical_and", "logical_or", "logical_xor"):
    standard(
        name,
        call(A("n", "m", dtype="bool"), A("m", dtype="bool")),
        errors=[call(A(3, dtype="bool"), A(2, dtype="bool"))],
    )
standard("logical_not", call(A("n", "m", dtype="bool")))
standard(
    "clip",
    call(A("n", "m"), -1.0, 1.5),
    call(A("n", "m"), A("m", high=-1.0), A("n", 1, low=0.0)),
    call(A("n"), max=0.5),
    call(A("n"), min=0.5),
    call(A("n", dtype="int"), -1, 2),
)
