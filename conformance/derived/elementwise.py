"""Elementwise functions and operators: Python's integers, extended precision, and the standard's promotion."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..bounds import FLOOR, LARGEST, Expected, magnitude, ulps_of
from ..case import Call, call
from ..functions import near
from .axes import wide
from .deriving import SUBJECTS, Signature, Subject, subject
from .exact import COMPARISONS, INTEGER_ONE, INTEGER_TWO, next_after
from .promotion import BITS, REAL_OF, Undefined, fits, kind_of, promoted, scalar_dtype
from .reductions import integers
from .values import Draw, edge_floats, edge_integers, spread

__all__ = ["OPERATORS"]

# Functions with an error, by what computes them in extended precision.
SMOOTH: dict[str, Callable[..., Any]] = {
    "acos": np.arccos,
    "acosh": np.arccosh,
    "asin": np.arcsin,
    "asinh": np.arcsinh,
    "atan": np.arctan,
    "atanh": np.arctanh,
    "cos": np.cos,
    "cosh": np.cosh,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "log2": np.log2,
    "log10": np.log10,
    "reciprocal": np.reciprocal,
    "sin": np.sin,
    "sinh": np.sinh,
    "sqrt": np.sqrt,
    "square": np.square,
    "tan": np.tan,
    "tanh": np.tanh,
}
COMPLEX_SMOOTH: dict[str, Callable[..., Any]] = {  # where a formula keeps more digits than NumPy's function
    "expm1": lambda z: np.exp(z) - 1,
    "log1p": lambda z: np.log(1 + z),
    "log2": lambda z: np.log(z) / np.log(np.longdouble(2)),
    "log10": lambda z: np.log(z) / np.log(np.longdouble(10)),
    "reciprocal": lambda z: 1 / z,
}
EXACT: dict[str, Callable[..., Any]] = {
    "ceil": np.ceil,
    "conj": np.conj,
    "floor": np.floor,
    "negative": np.negative,
    "positive": lambda x: x,
    "trunc": np.trunc,
}
BINARY: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "atan2": np.arctan2,
    "divide": np.divide,
    "hypot": np.hypot,
    "logaddexp": np.logaddexp,
    "multiply": np.multiply,
    "pow": np.power,
    "subtract": np.subtract,
}
PICKY = ("atan2", "divide", "pow")  # NaN for some finite operands
OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "pow",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
}
UNARY_OPERATORS = {"pos": "positive", "neg": "negative", "abs": "abs", "invert": "bitwise_invert"}


def rounded(value: np.ndarray, dtype: str) -> np.ndarray:
    """Halves to even, in each component."""
    if kind_of(dtype) == "complex":
        return np.rint(value.real) + 1j * np.rint(value.imag)
    return np.rint(value)


def one(name: str) -> Callable[..., Any]:
    """A function of one array."""

    def reference(x: Any) -> Any:
        dtype, kind = x.dtype.name, kind_of(x.dtype.name)
        if kind in ("bool", "int", "uint"):
            return _integers_of(name, x)
        if name in ("isfinite", "isinf", "isnan"):
            return Expected(getattr(np, name)(x), None, "bool")
        value = wide(x)
        if name in ("abs", "real", "imag"):
            out = np.hypot(value.real, value.imag) if name == "abs" else getattr(value, name)
            if kind == "complex" and name == "abs":
                return near(out, 4.0, REAL_OF[dtype])
            return Expected(np.abs(value) if name == "abs" else np.asarray(out), None, REAL_OF[dtype])
        if name == "sign":
            size = np.abs(value)
            out = np.where(size == 0, 0, value / np.where(size == 0, 1, size))
            return _near_complex(out, 4.0, dtype) if kind == "complex" else Expected(out, np.zeros(x.shape), dtype)
        if name == "signbit":
            return Expected(np.signbit(x), None, "bool")
        if name == "round":
            return Expected(rounded(value, dtype), np.zeros(x.shape), dtype)
        if name in EXACT:
            bound = (
                np.zeros(x.shape) if name in ("ceil", "floor", "trunc") else None
            )  # 'special' holds the zeros' signs
            return Expected(EXACT[name](value), bound, dtype)
        if kind == "complex":
            f = COMPLEX_SMOOTH.get(name, SMOOTH[name])
            return _near_complex(f(value), 4.0 * max(ulps_of(name), 1.0), dtype)
        return near(SMOOTH[name](value), ulps_of(name), dtype)

    return reference


def _integers_of(name: str, x: np.ndarray) -> Expected:
    dtype = x.dtype.name
    if name in ("isfinite", "isinf", "isnan"):
        return Expected(np.full(x.shape, name == "isfinite"), None, "bool")
    if dtype == "bool":
        return Expected(~x, None, "bool")
    return integers(np.frompyfunc(INTEGER_ONE[name](dtype), 1, 1)(wide(x)), dtype)


def _near_complex(value: Any, ulps: float, dtype: str) -> Expected:
    """Complex values, each within so many ulps of its modulus."""
    value = np.asarray(value)
    bound = near(np.asarray(np.abs(value)), ulps, REAL_OF[dtype]).bound
    return Expected(value, bound, dtype)


def operands(x1: Any, x2: Any) -> tuple[str, np.ndarray, np.ndarray]:
    """The dtype that two operands promote to, and both in it; a Python scalar takes the array's dtype."""
    if not isinstance(x1, np.ndarray) and not isinstance(x2, np.ndarray):
        raise Undefined("two scalars")
    if isinstance(x1, np.ndarray) and isinstance(x2, np.ndarray):
        dtype = promoted(x1.dtype.name, x2.dtype.name)
    elif isinstance(x1, np.ndarray):
        dtype = scalar_dtype(x1.dtype.name, x2)
    else:
        dtype = scalar_dtype(x2.dtype.name, x1)
    return dtype, np.asarray(x1).astype(dtype), np.asarray(x2).astype(dtype)


def two(name: str) -> Callable[..., Any]:
    """A function of two operands."""

    def reference(x1: Any, x2: Any) -> Any:
        dtype, a, b = operands(x1, x2)
        kind = kind_of(dtype)
        if name.startswith("logical_") or kind == "bool":
            return Expected(BOOLEAN[name](a, b), None, "bool")
        if name in COMPARISONS:
            found = np.frompyfunc(COMPARISONS[name], 2, 1)(a.astype(object), b.astype(object))
            return Expected(np.asarray(found, dtype=bool), None, "bool")
        if kind in ("int", "uint"):
            if name not in INTEGER_TWO:
                raise Undefined(name)
            return integers(np.frompyfunc(_checked(name, dtype), 2, 1)(wide(a), wide(b)), dtype)
        return _floats_of(name, dtype, a, b)

    return reference


BOOLEAN: dict[str, Callable[..., Any]] = {
    **{
        f"{kind}_{word}": getattr(np, f"logical_{word}")
        for kind in ("logical", "bitwise")
        for word in ("and", "or", "xor")
    },
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
}


def _checked(name: str, dtype: str) -> Callable[[int, int], int]:
    """A function of two Python integers; Undefined where the result is, or does not fit."""
    f = INTEGER_TWO[name]

    def checked(a: int, b: int) -> int:
        if (
            (name in ("floor_divide", "remainder") and b == 0)
            or (name == "pow" and not 0 <= b < 200)
            or ("shift" in name and not 0 <= b < BITS[dtype])
        ):
            raise Undefined(name)
        out = f(a, b)
        if not fits(out, dtype):
            raise Undefined("overflow")
        return out

    return checked


def _floats_of(name: str, dtype: str, a: np.ndarray, b: np.ndarray) -> Expected:
    kind = kind_of(dtype)
    if name in ("maximum", "minimum"):
        out = np.where((a >= b) == (name == "maximum"), a, b)
        return Expected(out, np.zeros(out.shape), dtype)
    if name == "copysign":
        return Expected(np.copysign(np.abs(a), b), None, dtype)
    if name == "nextafter":
        out = next_after(a, b)
        return Expected(out, np.where(np.abs(out) < np.finfo(dtype).smallest_normal, FLOOR[dtype], 0.0), dtype)
    x, y = wide(a), wide(b)
    if not np.all(meaningful(name, dtype, a, b)):
        raise Undefined("outside of the domain, or an open question of rounding")
    if name == "floor_divide":
        return Expected(np.floor(x / y), np.zeros(np.broadcast(x, y).shape), dtype)
    if name == "remainder":
        rest = np.fmod(x, y)
        rest = np.where((rest != 0) & ((rest < 0) != (y < 0)), rest + y, rest)
        return near(rest, ulps_of(name), dtype, np.abs(np.broadcast_to(y, rest.shape)))
    if name not in BINARY:
        raise Undefined(name)
    out = np.asarray(BINARY[name](x, y))
    if kind == "complex":
        size = ulps_of(name) * (1.0 if name in ("add", "subtract") else 4.0)
        return _near_complex(out, max(size, 4.0), dtype)
    return near(out, ulps_of(name), dtype, magnitude(name, out, (x, y)))


def meaningful(name: str, dtype: str, a: np.ndarray, b: np.ndarray) -> Any:
    """Which pairs of operands, both in the dtype that they promote to, have a result that the standard states."""
    if kind_of(dtype) in ("int", "uint"):
        if name in COMPARISONS:
            return np.ones(np.broadcast(a, b).shape, dtype=bool)
        checked = _checked(name, dtype)
        return np.asarray(np.frompyfunc(lambda p, q: _answers(checked, p, q), 2, 1)(wide(a), wide(b)), dtype=bool)
    if name == "floor_divide":
        x, y = wide(a), wide(b)
        q = x / y
        off = np.abs(q - np.rint(q))  # whether a quotient reaches a whole number may depend on rounding
        return (np.abs(q) < 2.0**20) & ((off > 1e-2) | (np.rint(q) * y == x))
    if name in PICKY:
        return ~np.isnan(BINARY[name](a, b))
    return np.ones(np.broadcast(a, b).shape, dtype=bool)


# ---- the values


def vector(draw: Draw, dtype: str) -> np.ndarray:
    """Many values of a dtype, with its limits."""
    kind = kind_of(dtype)
    if kind == "bool":
        return np.asarray([True, False, True])
    if kind in ("int", "uint"):
        return np.asarray(edge_integers(dtype), dtype=dtype)
    if kind == "float":
        return np.concatenate([np.asarray(edge_floats(dtype), dtype=dtype), spread(draw, dtype)])
    plane = draw(dtype, 120, low=-4, high=4)
    return np.concatenate([plane[np.abs(plane) > 0.25], plane[:20] * 6]).astype(dtype)


def defined(name: str, x: np.ndarray, reference: Callable[..., Any]) -> np.ndarray:
    """The values for which a function of one argument is defined."""
    kind = kind_of(x.dtype.name)
    if kind in ("int", "uint"):
        return np.asarray([v for v in x if _answers(reference, np.asarray(v))], dtype=x.dtype)
    if kind == "float" and name in SMOOTH:
        out = SMOOTH[name](wide(x))
        return x[~np.isnan(out) & (x != 0)]
    if kind == "complex" and name in COMPLEX_SMOOTH | SMOOTH:
        out = COMPLEX_SMOOTH.get(name, SMOOTH.get(name, np.positive))(wide(x))
        return x[(np.abs(out) < LARGEST[REAL_OF[x.dtype.name]] / 4) & (np.abs(out) > 1e-3)]
    return x


def _answers(reference: Callable[..., Any], *args: Any) -> bool:
    try:
        reference(*args)
    except Undefined:
        return False
    return True


def single_dtypes(name: str, reference: Callable[..., Any]) -> Callable[..., Iterable[Call]]:
    """The calls of a function of one array in each dtype: many values, a scalar, nothing."""

    def calls(draw: Draw, signature: Signature) -> Iterator[Call]:
        for dtype in signature.arrays[0]:
            x = defined(name, vector(draw, dtype), reference)
            yield call(x)
            if x.size > 1:
                yield call(x[1].reshape(()))
                yield call(np.asarray(x[: x.size // 2 * 2].reshape(2, -1)))
            yield call(np.zeros((2, 0), dtype=dtype))

    return calls


def single_shapes(name: str, reference: Callable[..., Any]) -> Callable[..., Iterable[Call]]:
    """The calls of a function of one array in several shapes, vector tails among them."""

    def calls(draw: Draw, signature: Signature) -> Iterator[Call]:
        dtype = next(d for d in ("float32", "complex64", "int32", "bool") if d in signature.arrays[0])
        pool = defined(name, vector(draw, dtype), reference)
        for shape in ((), (1,), (3,), (17,), (65,), (2, 3), (3, 1, 2), (2, 1, 3, 1, 2), (0,), (3, 0, 2), (1000,)):
            yield call(np.resize(pool, shape))

    return calls


SHAPES = [
    ((), ()),
    ((), (3,)),
    ((3,), ()),
    ((2, 3), (3,)),
    ((1, 3), (2, 1)),
    ((2, 1, 3), (4, 1)),
    ((0,), (1,)),
    ((2, 0), (2, 1)),
    ((17,), (17,)),
    ((2, 1, 3, 1, 2), (3, 4, 1)),
    ((1000,), (1000,)),
    ((40, 3), (1, 3)),
    ((40, 3), (40, 1)),
]


def pair_shapes(name: str) -> Callable[..., Iterable[Call]]:
    """The calls of a function of two arrays in all kinds of broadcasting."""

    def calls(draw: Draw, signature: Signature) -> Iterator[Call]:
        dtype = next(d for d in ("float32", "int32", "bool") if d in signature.arrays[0])
        for first, second in SHAPES:
            for _ in range(4):  # until no element is on the edge of a whole quotient
                x = draw(dtype, *first, low=1, high=9)
                y = draw(dtype, *second, low=1, high=4)
                if _answers(two(name), x, y):
                    yield call(x, y)
                    break

    return calls


@functools.lru_cache(maxsize=400)
def paired(seed: int, name: str, first: str, second: str) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of values of two dtypes, each pair with a defined result."""
    dtype, draw = promoted(first, second), Draw(f"{name} {first} {second}", seed)
    if kind_of(dtype) == "bool":
        return np.asarray([True, True, False, False]), np.asarray([True, False, True, False])
    if kind_of(dtype) in ("int", "uint"):
        left, right = edge_integers(first), edge_integers(second)
        if name not in COMPARISONS and name not in INTEGER_TWO:
            raise Undefined(name)
        picked = draw.rng.integers(0, (len(left), len(right)), (160, 2))
        pairs = [(left[i], right[j]) for i, j in picked] + list(itertools.product(left[:6], right[:6]))
        a, b = np.asarray([p for p, _ in pairs], dtype=first), np.asarray([q for _, q in pairs], dtype=second)
        keep = meaningful(name, dtype, a.astype(dtype), b.astype(dtype))
        return a[keep], b[keep]
    a, b = (draw(d, 400, low=-4, high=4) for d in (first, second))
    if kind_of(dtype) == "float" and name != "pow":
        for x, d in ((a, first), (b, second)):
            edges = np.asarray(edge_floats(d), dtype=d)
            x[: edges.size] = draw.rng.permutation(edges)
    if name == "pow" and kind_of(dtype) == "float":
        a[::2], b[1::2] = np.abs(a[::2]), np.rint(b[1::2])
        a, b = (
            np.concatenate([a, np.asarray([1.0625, 0.5, 3.0], first)]),
            np.concatenate([b, np.asarray([700, 90, 70], second)]),
        )
    if name in COMPARISONS:
        b[::3] = a[::3].astype(b.dtype)
    keep = meaningful(name, dtype, a.astype(dtype), b.astype(dtype))
    return a[keep], b[keep]


SCALARS: dict[str, list[Any]] = {
    "bool": [True, False],
    "int": [2, 1, -3, 0, 7],
    "uint": [2, 1, 0, 7],
    "float": [2, -3, 0.5, -1.25, 0.1, 1.5 - 2j],
    "complex": [2, 0.5, 0.1, 1.5 - 2j],
}


def pair_dtypes(name: str, mixed: bool = True) -> Callable[..., Iterable[Call]]:
    """The calls of a function of two arrays in every pair of dtypes that promote, and with Python scalars."""

    def calls(draw: Draw, signature: Signature) -> Iterator[Call]:
        first, second = signature.arrays[0], signature.arrays[-1]
        for a, b in itertools.product(first, second):
            try:
                if mixed or a == b:
                    yield call(*paired(draw.seed, name, a, b))
            except Undefined:
                continue
            if a == b:
                yield call(np.zeros((0, 3), dtype=a), np.zeros((1,), dtype=b))
        for dtype in first:
            yield from _beside_scalars(draw, name, dtype, signature)

    return calls


def _beside_scalars(draw: Draw, name: str, dtype: str, signature: Signature) -> Iterator[Call]:
    """A Python scalar on either side, of every type that the signature and the rules of mixing admit."""
    x = vector(draw, dtype) if kind_of(dtype) in ("bool", "int", "uint") else draw(dtype, 64, low=-4, high=4)
    for scalar in SCALARS[kind_of(dtype)]:
        for place, p in enumerate(signature.parameters[-2:]):
            if p["name"] != "self" and type(scalar).__name__ not in str(p["type"]):
                continue
            if p["name"] == "self" and type(scalar).__name__ not in str(signature.parameters[-1]["type"]):
                continue
            try:
                common, a, b = operands(*((scalar, x) if place == 0 else (x, scalar)))
                kept = x[meaningful(name, common, a, b)] if kind_of(dtype) != "bool" else x
            except (Undefined, KeyError):
                continue
            if kept.size:
                yield call(*((scalar, kept) if place == 0 else (kept, scalar)))


ONE = (
    "abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag isfinite isinf isnan log "
    "log1p log10 log2 logical_not negative positive real reciprocal round sign signbit sin sinh sqrt square tan tanh trunc"
).split()
TWO = [*BINARY, *INTEGER_TWO, *COMPARISONS, "copysign", "nextafter", "logical_and", "logical_or", "logical_xor"]
for name_ in (*ONE, *(f"array.{word}" for word in UNARY_OPERATORS)):
    function = UNARY_OPERATORS.get(name_.removeprefix("array."), name_)
    made = one(function)
    SUBJECTS[name_] = Subject(made, single_shapes(function, made), single_dtypes(function, made))
for name_ in (*dict.fromkeys(TWO), *(f"array.{word}" for word in OPERATORS)):
    function = OPERATORS.get(name_.removeprefix("array."), name_)
    same_only = "shift" in function and name_ != function
    SUBJECTS[name_] = Subject(
        two(function), pair_shapes(function), pair_dtypes(function, not same_only and function != "nextafter")
    )


def in_place(word: str) -> Callable[..., Any]:
    """An operator that writes to its left operand: the dtype and shape stay what they are."""
    plain = two(OPERATORS[word])

    def reference(x1: Any, x2: Any) -> Any:
        if not isinstance(x1, np.ndarray):
            raise Undefined("a scalar on the left")
        wanted = plain(x1, x2)
        if wanted.dtype != x1.dtype.name or wanted.value.shape != x1.shape:
            raise Undefined("the operand would change")
        return wanted

    return reference


for word in OPERATORS:
    if word not in ("lt", "le", "gt", "ge", "eq", "ne"):
        function = OPERATORS[word]
        SUBJECTS[f"array.i{word}"] = Subject(
            in_place(word), pair_shapes(function), pair_dtypes(function, "shift" not in function)
        )


def clip(x: Any, min: Any = None, max: Any = None) -> Expected:  # noqa: A002
    """Bounds of the array's own dtype, one of them or both; a lower one above the upper one is left open."""
    value = wide(x)
    shape = np.broadcast_shapes(*(np.shape(v) for v in (x, min, max) if v is not None))
    limits = []
    for limit in (min, max):
        if isinstance(limit, np.ndarray):
            if limit.dtype != x.dtype or np.broadcast_shapes(x.shape, limit.shape) != shape:
                raise Undefined("dtypes")
        elif limit is not None and scalar_dtype(x.dtype.name, limit) != x.dtype.name:
            raise Undefined("complex")
        limits.append(None if limit is None else wide(np.asarray(limit).astype(x.dtype)))
    low, high = limits
    if low is not None and high is not None and np.any(low > high):
        raise Undefined("the lower bound lies above the upper one")
    value = value if high is None else np.where(value > high, high, value)
    value = value if low is None else np.where(value < low, low, value)
    out = np.broadcast_to(value, shape).astype(x.dtype)
    return Expected(out, np.zeros(shape) if kind_of(x.dtype.name) == "float" else None, x.dtype.name)


def clipped(draw: Draw, dtype: str) -> Iterator[Call]:
    """Arrays, limits of the dtype among them."""
    yield call(draw(dtype, 3, 4, high=9))
    yield call(vector(draw, dtype)[:40])
    yield call(draw(dtype))
    yield call(draw(dtype, 0, 4))


def limits_of(least: Any, most: Any) -> Callable[..., list[Any]]:
    """None, Python numbers, arrays of no dimensions, and arrays that broadcast."""

    def values(x: Any) -> list[Any]:
        own = np.asarray([least, most], dtype=x.dtype)
        row = np.resize(own, x.shape[-1:]) if x.ndim else own[0]
        numbers = [0.5 + least, float(most)] if kind_of(x.dtype.name) == "float" else []
        if kind_of(x.dtype.name) in ("int", "uint"):
            info = np.iinfo(x.dtype)
            numbers = [int(info.min), int(info.max) - 1]
        return [None, least, most, *numbers, own[0], row, np.resize(own, (*x.shape[:-1], 1)) if x.ndim else own[1]]

    return values


subject("clip", clip, clipped, {"min": limits_of(1, 2), "max": limits_of(2, 4)})
