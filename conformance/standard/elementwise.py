"""Elementwise functions: values against extended precision, and the special values that the standard lists."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..bounds import Expected, magnitude, ulps_of
from ..case import A, call, standard
from ..functions import near

INF, NAN, PI = math.inf, math.nan, math.pi
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


# name: the function of NumPy, the range of the examples, the special values
SMOOTH: dict[str, tuple[Any, float, float, list[Any]]] = {
    "exp": (np.exp, -20, 20, [(NAN, NAN), (0.0, 1), (-0.0, 1), (INF, INF), (-INF, 0.0)]),
    "expm1": (np.expm1, -8, 8, [(NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1)]),
    "log": (np.log, 1e-3, 50, [(NAN, NAN), (-1, NAN), (-INF, NAN), (0.0, -INF), (-0.0, -INF), (1, 0.0), (INF, INF)]),
    "log1p": (np.log1p, -0.99, 50, [(NAN, NAN), (-2, NAN), (-1, -INF), (-0.0, -0.0), (0.0, 0.0), (INF, INF)]),
    "log2": (np.log2, 1e-3, 50, [(NAN, NAN), (-1, NAN), (0.0, -INF), (-0.0, -INF), (1, 0.0), (INF, INF)]),
    "log10": (np.log10, 1e-3, 50, [(NAN, NAN), (-1, NAN), (0.0, -INF), (-0.0, -INF), (1, 0.0), (INF, INF)]),
    "sin": (np.sin, -20, 20, [(NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN)]),
    "cos": (np.cos, -20, 20, [(NAN, NAN), (0.0, 1), (-0.0, 1), (INF, NAN), (-INF, NAN)]),
    "tan": (np.tan, -20, 20, [(NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN)]),
    "asin": (np.arcsin, -1, 1, [(NAN, NAN), (2, NAN), (-2, NAN), (0.0, 0.0), (-0.0, -0.0), (1, PI / 2)]),
    "acos": (np.arccos, -1, 1, [(NAN, NAN), (2, NAN), (-2, NAN), (1, 0.0), (-1, PI)]),
    "atan": (np.arctan, -20, 20, [(NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (INF, PI / 2), (-INF, -PI / 2)]),
    "sinh": (np.sinh, -8, 8, [(NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF)]),
    "cosh": (np.cosh, -8, 8, [(NAN, NAN), (0.0, 1), (-0.0, 1), (INF, INF), (-INF, INF)]),
    "tanh": (np.tanh, -4, 4, [(NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (INF, 1), (-INF, -1)]),
    "asinh": (np.arcsinh, -20, 20, [(NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF)]),
    "acosh": (np.arccosh, 1, 20, [(NAN, NAN), (0.5, NAN), (1, 0.0), (INF, INF)]),
    "atanh": (
        np.arctanh,
        -0.999,
        0.999,
        [(NAN, NAN), (-2, NAN), (2, NAN), (-1, -INF), (1, INF), (0.0, 0.0), (-0.0, -0.0)],
    ),
    "sqrt": (np.sqrt, 0, 50, [(NAN, NAN), (-1, NAN), (0.0, 0.0), (-0.0, -0.0), (INF, INF)]),
    "reciprocal": (np.reciprocal, 0.1, 20, [(NAN, NAN), (0.0, INF), (-0.0, -INF), (INF, 0.0), (-INF, -0.0)]),
}
# Near its zero a function computed from others loses digits by cancellation: draw arguments there as well.
NEAR_ZERO = ("expm1", "log1p", "sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh")
NEAR_ONE = ("log", "log2", "log10", "acosh")
COMPLEX = ("exp", "sin", "cos", "sqrt", "sinh", "cosh", "log")

for name, (f, low, high, special) in SMOOTH.items():
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
        special=table(special),
        reference=precise(name, f),
    )

WHOLE: list[Any] = [(NAN, NAN), (INF, INF), (-INF, -INF), (0.0, 0.0), (-0.0, -0.0), (3, 3), (-3, -3)]
ROUNDED: dict[str, list[Any]] = {
    "floor": [(1.5, 1), (-1.5, -2), (-0.5, -1), (0.5, 0.0)],
    "ceil": [(1.5, 2), (-1.5, -1), (-0.5, -0.0)],
    "trunc": [(1.5, 1), (-1.5, -1), (-0.5, -0.0)],
    "round": [(0.5, 0.0), (1.5, 2), (2.5, 2), (-0.5, -0.0)],
}
SIGNS: dict[str, list[Any]] = {
    "abs": [(NAN, NAN), (-0.0, 0.0), (0.0, 0.0), (INF, INF), (-INF, INF), (-2, 2)],
    "negative": [(NAN, NAN), (0.0, -0.0), (-0.0, 0.0), (INF, -INF)],
    "positive": [(NAN, NAN), (0.0, 0.0), (-0.0, -0.0), (INF, INF)],
    "sign": [(NAN, NAN), (2, 1), (-2, -1), (0.0, 0.0), (INF, 1), (-INF, -1)],
}
for name, rows in {**{k: [*WHOLE, *v] for k, v in ROUNDED.items()}, **SIGNS}.items():
    integers = [call(A("n", dtype=d, low=-9, high=9)) for d in FEW if name != "negative" or d[0] == "i"]
    standard(
        name,
        call(A("n", "m")),
        call(A(40, low=-1e4, high=1e4)),
        call(A()),
        *integers,
        *([call(A("n", dtype="complex"))] if name in ("negative", "positive") else []),
        special=table(rows),
    )
standard(
    "square",
    call(A("n", "m")),
    *(call(A("n", dtype=d, low=-9, high=9)) for d in FEW),
    exact=False,
    reference=precise("square", np.square),
    special=[(call([NAN, INF, -INF, -0.0, 0.0]), np.array([NAN, INF, INF, 0.0, 0.0]))],
)

ODD = np.array([NAN, INF, -INF, 0.0, -0.0, 1.0])
ANSWERS: dict[str, list[Any]] = {
    "isnan": [1, 0, 0, 0, 0, 0],
    "isinf": [0, 1, 1, 0, 0, 0],
    "isfinite": [0, 0, 0, 1, 1, 1],
    "signbit": [None, 0, 1, 0, 1, 0],
}
for name, answers in ANSWERS.items():
    odd, wanted = (ODD[1:], answers[1:]) if answers[0] is None else (ODD, answers)
    standard(
        name,
        call(A("n", "m")),
        *(call(A("n", dtype="int32")) for _ in [1] if name != "signbit"),
        special=[(call(odd), np.array(wanted, dtype=bool))],
    )

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
ARITHMETIC: dict[str, tuple[Any, list[Any]]] = {
    "add": (
        np.add,
        [(INF, -INF, NAN), (INF, 1, INF), (NAN, 1, NAN), (-0.0, -0.0, -0.0), (-0.0, 0.0, 0.0), (1, -1, 0.0)],
    ),
    "subtract": (np.subtract, [(INF, INF, NAN), (INF, -INF, INF), (-0.0, 0.0, -0.0), (0.0, 0.0, 0.0)]),
    "multiply": (np.multiply, [(INF, 0.0, NAN), (INF, -2, -INF), (-0.0, 2, -0.0), (-0.0, -2, 0.0), (NAN, 0.0, NAN)]),
    "divide": (
        np.divide,
        [
            (1, 0.0, INF),
            (1, -0.0, -INF),
            (0.0, 0.0, NAN),
            (INF, INF, NAN),
            (1, -INF, -0.0),
            (-0.0, 3, -0.0),
            (INF, 2, INF),
        ],
    ),
}
for name, (f, rows) in ARITHMETIC.items():
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
        special=table2(rows),
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
    special=table2(
        [
            (2, 0.0, 1),
            (NAN, 0.0, 1),
            (NAN, 2, NAN),
            (2, INF, INF),
            (0.5, INF, 0.0),
            (2, -INF, 0.0),
            (INF, 2, INF),
            (INF, -2, 0.0),
            (-INF, 3, -INF),
            (-INF, 2, INF),
            (0.0, 3, 0.0),
            (-0.0, 3, -0.0),
            (-0.0, 2, 0.0),
            (0.0, -1, INF),
            (-0.0, -1, -INF),
            (-2, 0.5, NAN),
            (-2, 3, -8),
            (1, INF, 1),
            (-1, INF, 1),
        ]
    ),
)
for name, f, rows in (
    (
        "atan2",
        np.arctan2,
        [
            (NAN, 1, NAN),
            (1, 0.0, PI / 2),
            (0.0, 1, 0.0),
            (-0.0, 1, -0.0),
            (0.0, -1, PI),
            (-0.0, -1, -PI),
            (INF, INF, PI / 4),
            (1, INF, 0.0),
            (INF, -INF, 3 * PI / 4),
        ],
    ),
    ("hypot", np.hypot, [(INF, NAN, INF), (NAN, -INF, INF), (NAN, 1, NAN), (0.0, -0.0, 0.0), (3, 4, 5)]),
    ("logaddexp", np.logaddexp, [(NAN, 1, NAN), (INF, 1, INF), (1, INF, INF)]),
):
    standard(name, *SHAPES, MIXED[0], exact=False, reference=precise(name, f), errors=[MISMATCH], special=table2(rows))
for name, rows in {
    "copysign": [(1, -0.0, -1), (NAN, 1, NAN), (-2, 0.0, 2), (0.0, -3, -0.0), (INF, -1, -INF)],
    "maximum": [(NAN, 1, NAN), (1, NAN, NAN), (INF, 1, INF), (-INF, 1, 1)],
    "minimum": [(NAN, 1, NAN), (1, NAN, NAN), (INF, 1, 1), (-INF, 1, -INF)],
    "nextafter": [(NAN, 1, NAN), (1, NAN, NAN), (0.0, -0.0, -0.0), (2, 2, 2)],
}.items():
    integers = [*MIXED[1:], *(call(A("n", dtype=d, low=0, high=9), A("n", dtype=d, low=0, high=9)) for d in INTS)]
    standard(
        name,
        *SHAPES,
        *([MIXED[0]] if name != "nextafter" else []),
        *(integers if "imum" in name else []),
        special=table2(rows),
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
    special=table2(
        [
            (0.0, 0.0, NAN),
            (NAN, 1, NAN),
            (1, NAN, NAN),
            (7, 2, 3),
            (-7, 2, -4),
            (7, -2, -4),
            (INF, INF, NAN),
        ]
    ),
)
standard(
    "remainder",
    *SHAPES,
    *DIVIDED,
    call(A("n", low=-50.0, high=50.0), A("n", low=0.5, high=3.0)),
    exact=False,
    errors=[MISMATCH],
    special=table2(
        [
            (0.0, 0.0, NAN),
            (NAN, 1, NAN),
            (1, NAN, NAN),
            (1, 0.0, NAN),
            (INF, 1, NAN),
            (7, 2, 1),
            (-7, 2, 1),
            (7, -2, -1),
            (2, INF, 2),
        ]
    ),
)
for name, f in {
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
}.items():
    numbers = [(NAN, NAN), (NAN, 1.0), (0.0, -0.0), (INF, INF), (-INF, INF), (1.0, INF)]
    standard(
        name,
        *SHAPES,
        *MIXED,
        *(call(A("n", dtype=d, low=0, high=3), A("n", dtype=d, low=0, high=3)) for d in INTS),
        errors=[MISMATCH],
        special=[
            (
                call(np.array([x for x, _ in numbers]), np.array([y for _, y in numbers])),
                np.array([bool(f(x, y)) for x, y in numbers]),
            )
        ],
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
    special=[(call([NAN, INF, -INF, 0.5], -1.0, 1.0), np.array([NAN, 1.0, -1.0, 0.5]))],
)
