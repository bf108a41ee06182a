"""The matrices, stacks and vectors that functions of linear algebra are called with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...case import Call, call
from .manipulation import block
from .promotion import REAL_OF, kind_of
from .values import Draw

__all__ = [
    "contractions",
    "definite",
    "factors",
    "lines",
    "normed",
    "oblong",
    "oblong_any",
    "powers",
    "ranked",
    "square",
    "squares",
    "systems",
    "tensors",
    "tolerances",
    "vectors",
]


def conditioned(draw: Draw, dtype: str, *shape: int) -> np.ndarray:
    """Matrices far from singular ones: a random one of norm about 1, with a multiple of the identity."""
    x = draw(dtype, *shape, low=-1, high=1)
    diagonal_ = 3.0 * np.eye(*shape[-2:])
    return np.asarray(x / max(1.0, np.sqrt(max(shape[-2:]) / 5)) + diagonal_).astype(dtype)


LARGE = ((33, 33), (65, 65), (0, 3, 3), (1, 2, 1, 3, 3))  # in one dtype: blocks and their tails, no matrices, five axes
NOTHING = ((0, 0), (2, 0, 0))
THIN = (*NOTHING, (0, 3), (3, 0), (2, 0, 3), (2, 3, 0))


def square(draw: Draw, dtype: str) -> Iterator[Call]:
    yield from (
        call(conditioned(draw, dtype, *shape)) for shape in ((3, 3), (1, 1), (2, 3, 3), (4, 4), (2, 2, 2, 2), (5, 5))
    )
    yield from (call(conditioned(draw, dtype, *shape)) for shape in (*LARGE, *NOTHING) if dtype == "float32")
    yield call(conditioned(draw, dtype, 3, 3)[::-1].copy())


def definite(draw: Draw, dtype: str) -> Iterator[Call]:
    for base in square(draw, dtype):
        x = base.args[0].astype(np.complex128 if kind_of(dtype) == "complex" else np.float64)
        yield call((x @ np.conj(np.swapaxes(x, -1, -2)) / 4).astype(dtype))


def oblong(draw: Draw, dtype: str) -> Iterator[Call]:
    yield from (
        call(conditioned(draw, dtype, *shape))
        for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2), (2, 2, 3), (1, 3), (3, 1), (1, 1))
    )
    large = (*LARGE, *THIN, (40, 30), (17, 257))
    yield from (call(conditioned(draw, dtype, *shape)) for shape in large if dtype == "float32")


def oblong_any(draw: Draw, dtype: str) -> Iterator[Call]:
    shapes = ((3, 3), (4, 2), (2, 4), (2, 3, 4), (1, 1), (2, 2, 3, 2))
    yield from (
        call(draw(dtype, *shape)) for shape in (*shapes, *((*LARGE, *THIN) if dtype in ("float32", "int64") else ()))
    )


def normed(draw: Draw, dtype: str) -> Iterator[Call]:
    for base in block(draw, dtype):
        x = base.args[0]
        yield call(x if x.ndim else np.asarray(1.5).astype(dtype))


def ranked(draw: Draw, dtype: str) -> Iterator[Call]:
    yield from oblong(draw, dtype)
    yield call(np.asarray([[1, 2], [2, 4]], dtype=dtype))
    yield call(np.zeros((2, 3, 2), dtype=dtype))
    yield call(np.asarray([[[4, 0], [0, 1]], [[2, 0], [0, 0]]], dtype=dtype))


def tolerances(x: Any) -> list[Any]:
    real = REAL_OF[x.dtype.name]
    stacked = [np.asarray([0.3, 0.8], dtype=real)] if x.shape[:-2] == (2,) else []
    return [None, 0.0, 0.1, 0.3, 0.9, np.asarray(0.5, dtype=real), *stacked]


def systems(draw: Draw, first: str, second: str) -> Iterator[Call]:
    for shape, right in (
        ((3, 3), (3, 2)),
        ((3, 3), (3,)),
        ((2, 3, 3), (2, 3, 2)),
        ((2, 3, 3), (3,)),
        ((1, 1), (1, 4)),
        ((3, 3), (2, 3, 1)),
        ((2, 1, 2, 2), (3, 2, 2)),
        ((0, 0), (0, 2)),
        ((2, 0, 0), (0,)),
        ((3, 3), (3, 0)),
        ((0, 2, 2), (2,)),
        ((1, 2, 2), (0, 2, 3)),
    ):
        yield call(conditioned(draw, first, *shape), draw(second, *right))


def factors(draw: Draw, first: str, second: str) -> Iterator[Call]:
    """Vectors and matrices, stacks that broadcast, lengths of blocks and tails, nothing."""
    pairs = [
        ((2, 3), (3, 4)),
        ((3,), (3, 2)),
        ((2, 3), (3,)),
        ((3,), (3,)),
        ((2, 2, 3), (3, 2)),
        ((2, 1, 3, 4), (3, 4, 2)),
    ]
    pairs += [
        ((1, 17), (17, 1)),
        ((3, 65), (65, 2)),
        ((0, 3), (3, 2)),
        ((2, 0), (0, 3)),
        ((4,), (2, 4, 3)),
        ((2, 3, 4), (4,)),
        ((0,), (0,)),
        ((0,), (2, 0, 3)),
        ((2, 3, 0), (0,)),
        ((0, 2, 3), (3, 4)),
        ((2, 1, 3, 0), (4, 0, 1)),
    ]
    for a, b in pairs:
        yield call(
            draw(first, *a, low=0, high=1) if 65 in a else draw(first, *a),
            draw(second, *b, low=0, high=1) if 65 in b else draw(second, *b),
        )


def squares(draw: Draw, first: str, second: str) -> Iterator[Call]:
    for a, b in (((2, 3), (3, 3)), ((2, 2, 3), (3, 3)), ((2, 3, 3), (2, 3, 3)), ((0, 2), (2, 2)), ((1, 1), (1, 1))):
        yield call(draw(first, *a), draw(second, *b))


def tensors(draw: Draw, first: str, second: str) -> Iterator[Call]:
    yield call(draw(first, 2, 3, 4), draw(second, 3, 4, 2))
    yield call(draw(first, 3, 3), draw(second, 3, 3))
    yield call(draw(first, 4), draw(second, 4))
    yield call(draw(first), draw(second, 2))
    yield call(draw(first, 2, 2, 3, 2), draw(second, 2, 3, 2))
    yield call(draw(first, 2, 1, 3, 2, 2), draw(second, 2, 2))


def contractions(x1: Any, x2: Any) -> list[Any]:
    found: list[Any] = [
        0,
        1,
        2,
        ((), ()),
        ((0,), (0,)),
        ((-1,), (0,)),
        ((0,), (-1,)),
        ([1], [0]),
        ((0, 1), (1, 0)),
        ((1, 0), (0, 1)),
        ((1, 2), (0, 1)),
    ]
    return [*found, ((2, 1), (1, 0)), ((0, 1, 2), (2, 0, 1)), ((-1, -2), (-2, -3)), (([0], [2])), ((9,), (0,)), 3]


def vectors(draw: Draw, first: str, second: str) -> Iterator[Call]:
    pairs = [((3,), (3,)), ((2, 3), (2, 3)), ((3,), (2, 3)), ((2, 1, 3), (3, 3)), ((3, 3), (3,)), ((0, 3), (3,))]
    pairs += [((2, 1, 2, 3), (1, 2, 2, 3)), ((2, 1, 2, 1, 3), (2, 1, 3)), ((3, 2), (4, 3, 2)), ((2, 3, 1), (3, 4))]
    pairs += [((401, 3), (401, 3)), ((1400, 3), (3,))] if first == second == "float32" else []
    for a, b in pairs:
        yield call(draw(first, *a), draw(second, *b))


def lines(draw: Draw, first: str, second: str) -> Iterator[Call]:
    yield from (call(draw(first, n), draw(second, m)) for n, m in ((3, 4), (1, 2), (0, 2), (5, 5)))


def powers(draw: Draw, dtype: str) -> Iterator[Call]:
    for base in square(draw, dtype):
        yield from (Call((*base.args, n), {}) for n in (0, 1, 2, 3, 5, -1, -2))
