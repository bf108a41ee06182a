"""Calls of elementwise functions: values of every dtype, broadcasting, mixed dtypes, Python scalars on either side."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ...case import Call, call
from ...judging.bounds import LARGEST
from .axes import wide
from .deriving import SUBJECTS, Signature, Subject, subject
from .elementwise import (
    BINARY,
    COMPLEX_SMOOTH,
    OPERATORS,
    SMOOTH,
    UNARY_OPERATORS,
    answers,
    clip,
    in_place,
    meaningful,
    one,
    operands,
    two,
)
from .exact import COMPARISONS, INTEGER_TWO
from .promotion import BITS, REAL_OF, Undefined, kind_of, promoted
from .values import Draw, edge_floats, edge_integers, every_byte, far, spread

__all__: list[str] = []


def vector(draw: Draw, dtype: str) -> np.ndarray:
    """Many values of a dtype, with its limits."""
    kind = kind_of(dtype)
    if kind == "bool":
        return np.asarray([True, False, True])
    if kind in ("int", "uint"):
        return every_byte(dtype) if BITS[dtype] == 8 else np.asarray(edge_integers(dtype), dtype=dtype)
    if kind == "float":
        return np.concatenate([np.asarray(edge_floats(dtype), dtype=dtype), spread(draw, dtype)])
    plane = draw(dtype, 120, low=-4, high=4)
    return np.concatenate([plane[np.abs(plane) > 0.25], plane[:20] * 6]).astype(dtype)


def defined(name: str, x: np.ndarray, reference: Callable[..., Any]) -> np.ndarray:
    """The values for which a function of one argument is defined."""
    kind = kind_of(x.dtype.name)
    if kind in ("int", "uint"):
        return np.asarray([v for v in x if answers(reference, np.asarray(v))], dtype=x.dtype)
    if kind == "float" and name in SMOOTH:
        out = SMOOTH[name](wide(x))
        return x[~np.isnan(out) & (x != 0)]
    if kind == "complex" and name in COMPLEX_SMOOTH | SMOOTH:
        size = _size_of(name, x)
        return x[(size < LARGEST[REAL_OF[x.dtype.name]] / 4) & (size > 1e-3)]
    return x


def _size_of(name: str, x: np.ndarray) -> np.ndarray:
    """The modulus of a function of complex numbers."""
    f = COMPLEX_SMOOTH.get(name, SMOOTH.get(name, np.positive))
    return np.asarray(np.abs(f(wide(x))))


def distant(name: str, draw: Draw, dtype: str) -> np.ndarray:
    """Complex numbers far from 1 whose results are normal numbers."""
    x = far(draw, dtype)
    size, info = _size_of(name, x), np.finfo(dtype)
    return x[(size < info.max) & (size > info.smallest_normal / info.eps)]


def single_dtypes(name: str, reference: Callable[..., Any]) -> Callable[..., Iterable[Call]]:
    """The calls of a function of one array in each dtype: many values, a scalar, nothing."""

    def calls(draw: Draw, signature: Signature) -> Iterator[Call]:
        for dtype in signature.arrays[0]:
            x = defined(name, vector(draw, dtype), reference)
            if kind_of(dtype) == "complex" and name in COMPLEX_SMOOTH | SMOOTH:
                x = np.concatenate([x, distant(name, draw, dtype)])
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
                if answers(two(name), x, y):
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
        if first == second and BITS[first] == 8:  # each number beside some of every size
            left, right = every_byte(first).tolist(), right[:12] + right[-3:]
            picked = np.asarray(list(itertools.product(range(len(left)), range(len(right)))))
        else:
            picked = draw.rng.integers(0, (len(left), len(right)), (160, 2))
        pairs = [(left[i], right[j]) for i, j in picked] + list(itertools.product(left[:6], right[:6]))
        a, b = np.asarray([p for p, _ in pairs], dtype=first), np.asarray([q for _, q in pairs], dtype=second)
        keep = draw.rng.permutation(np.flatnonzero(meaningful(name, dtype, a.astype(dtype), b.astype(dtype))))
        return a[keep], b[keep]
    a, b = (draw(d, 400, low=-4, high=4) for d in (first, second))
    if kind_of(dtype) == "float" and name != "pow":
        for x, d in ((a, first), (b, second)):
            edges = np.asarray(edge_floats(d), dtype=d)
            x[: edges.size] = draw.rng.permutation(edges)
    if name == "logaddexp":  # the logarithm of 0 is an operand as any other; the tables have the rows of NaN and +inf
        a[-3:], b[-3:] = [-np.inf, -np.inf, 2.5], [-np.inf, 1.25, -np.inf]
    if name == "pow" and kind_of(dtype) == "float":
        a[::2], b[1::2] = np.abs(a[::2]), np.rint(b[1::2])
        a, b = (
            np.concatenate([a, np.asarray([1.0625, 0.5, 3.0], first)]),
            np.concatenate([b, np.asarray([700, 90, 70], second)]),
        )
    if name in COMPARISONS:
        b[::3] = (a[::3].real if kind_of(second) == "float" else a[::3]).astype(second)
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
                    x, y = paired(draw.seed, name, a, b)
                    yield call(x, y)
                    if a == b and x.size >= 4:
                        yield call(x[:3], y[:2])
                        yield call(x[:4].reshape(2, 2, 1), y[:3].reshape(3, 1, 1))
                    if x.size >= 8:
                        yield call(x[-8:].reshape(2, 4), y[-8:].reshape(2, 4))
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
    "abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag isfinite isinf isnan "
    "log log1p log10 log2 logical_not negative positive real reciprocal round sign signbit sin sinh sqrt square tan "
    "tanh trunc"
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


for word in OPERATORS:
    if word not in ("lt", "le", "gt", "ge", "eq", "ne"):
        function = OPERATORS[word]
        SUBJECTS[f"array.i{word}"] = Subject(
            in_place(word), pair_shapes(function), pair_dtypes(function, "shift" not in function)
        )


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
        column = np.resize(own, (*x.shape[:-1], 1)) if x.ndim else own[1]
        larger = np.resize(own[::-1], (2, *x.shape))
        return [None, least, most, *numbers, own[0], row, column, larger]

    return values


subject("clip", clip, clipped, {"min": limits_of(1, 2), "max": limits_of(2, 4)})
