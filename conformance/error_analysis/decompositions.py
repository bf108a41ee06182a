"""Equations and decompositions in the analysing namespace: how far results move when their matrices do.

A backward stable algorithm gives the exact results of matrices that differ from the given ones by c n eps in norm
(Higham, Accuracy and Stability of Numerical Algorithms, theorems 9.3, 10.3 and 19.4). What that does to each element
of a result is its derivative, taken here by differences to both sides in float64: the matrices are few and small.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..judging.bounds import EPS
from .array import Bounded, error_of, rounded_to
from .elementwise import operands

__all__ = ["LINALG"]

CONSTANT = 8.0  # times n eps: the c of the theorems, for small sizes (growth of pivots included)
STEP = 2.0**-20  # of the differences, times the norm of the matrix; what they leave is below 1e-5 of the derivative

FEW = 16  # elements of a matrix that are changed one by one
PROBES = 8  # random directions, of a larger one
MARGIN = 4.0  # for their chance

Results = tuple[np.ndarray, ...]


def _analysed(f: Callable[..., Results], *arrays: Bounded, core: tuple[int, ...]) -> tuple[Bounded, ...]:
    """The results of f in float64, with bounds: f takes stacks of arrays, each of `core` dimensions after the batch.

    Where f cannot take a matrix that is changed a little, nothing is checked.
    """
    dtype = arrays[0].dtype
    values = [x.value for x in arrays]
    try:
        with np.errstate(all="ignore"):
            results = f(*values)
            bounds = _bounds(f, arrays, core, results, EPS[dtype.name])
    except np.linalg.LinAlgError:
        results = f(*values)
        bounds = [np.full(r.shape, np.inf) for r in results]
    return tuple(rounded_to(r, b, dtype) for r, b in zip(results, bounds, strict=True))


def _bounds(f: Any, arrays: tuple[Bounded, ...], core: tuple[int, ...], results: Results, eps: float) -> list[Any]:
    bounds: list[Any] = [CONSTANT * eps * np.abs(r) for r in results]
    for k, (x, dims) in enumerate(zip(arrays, core, strict=True)):
        shape, axes = x.shape[x.ndim - dims :], tuple(range(x.ndim - dims, x.ndim))
        norm = np.sqrt(np.sum(np.square(x.value), axis=axes, keepdims=True))
        change = CONSTANT * max(shape, default=1) * eps * norm
        step = STEP * np.where(norm > 0, norm, 1.0)
        own = np.broadcast_to(error_of(x), x.shape)

        def slopes(direction: np.ndarray, k: int = k, dims: int = dims, step: Any = step) -> list[np.ndarray]:
            """The derivatives of the results in one direction, the larger of both sides: there are kinks."""
            value = arrays[k].value
            ends = [
                f(*(y.value for y in arrays[:k]), value + s * step * direction, *(y.value for y in arrays[k + 1 :]))
                for s in (1, -1)
            ]
            moves = (np.maximum(np.abs(up - r), np.abs(down - r)) for r, up, down in zip(results, *ends, strict=True))
            return [m / _widened(step, m, dims) for m in moves]

        how = _by_element if 0 < math.prod(shape) <= FEW else _by_chance
        moves = how(slopes, shape, own, change, dims)
        bounds = [b + m for b, m in zip(bounds, moves, strict=True)]
    return bounds


def _by_element(slopes: Any, shape: tuple[int, ...], own: np.ndarray, change: np.ndarray, dims: int) -> list[Any]:
    """How far results move: for errors of elements their sum, for a change in norm the root of the sum of squares."""
    moves: list[Any] = []
    squares: list[Any] = []
    for place in np.ndindex(*shape):
        unit = np.zeros(shape)
        unit[place] = 1.0
        found = slopes(unit)
        if not squares:
            moves, squares = [0.0] * len(found), [0.0] * len(found)
        moves = [m + s * _widened(own[(..., *place)], s) for m, s in zip(moves, found, strict=True)]
        squares = [q + s**2 for q, s in zip(squares, found, strict=True)]
    return [m + np.sqrt(q) * _widened(change, q, dims) for m, q in zip(moves, squares, strict=True)]


def _by_chance(slopes: Any, shape: tuple[int, ...], own: np.ndarray, change: np.ndarray, dims: int) -> list[Any]:
    """The same for many elements: in directions of random signs the squares of slopes have the sum as their mean."""
    rng, total = np.random.default_rng(len(shape)), None
    largest = np.max(own, axis=tuple(range(own.ndim - dims, own.ndim)), keepdims=True, initial=0.0)
    share = own / np.where(largest > 0, largest, 1.0)
    for _ in range(PROBES):
        signs = rng.choice((-1.0, 1.0), shape)
        whole = [(s * _widened(change, s, dims)) ** 2 for s in slopes(signs)]
        each = [(s * _widened(largest, s, dims)) ** 2 for s in slopes(signs * share)] if np.any(own) else whole[:0]
        found = [a + b for a, b in zip(whole, each or [0.0] * len(whole), strict=True)]
        total = found if total is None else [a + b for a, b in zip(total, found, strict=True)]
    return [MARGIN * np.sqrt(t / PROBES) for t in total or ()]


def _widened(batch: np.ndarray, like: np.ndarray, drop: int = 0) -> np.ndarray:
    """A number for each matrix, to be combined with a result that has further axes."""
    batch = batch[(..., *(0,) * drop)] if drop else np.asarray(batch)
    return batch.reshape((*batch.shape, *(1,) * (like.ndim - batch.ndim)))


def _function(f: Callable[[np.ndarray], Any]) -> Callable[..., Any]:
    """A function of square or rectangular matrices with one result."""
    return lambda x, /: _analysed(lambda v: (np.asarray(f(v)),), x, core=(2,))[0]


def solve(x1: Bounded, x2: Bounded, /) -> Bounded:
    _, (a, b) = operands(x1, x2)
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2] if b.ndim > 1 else ())
    vector = b.ndim == 1
    whole = _spread(a, (*batch, *a.shape[-2:]))
    right = _spread(b, (*batch, *b.shape[-2:])) if not vector else _spread(b, (*batch, *b.shape))

    def f(m: np.ndarray, r: np.ndarray) -> Results:
        return (np.linalg.solve(m, r[..., None])[..., 0] if vector else np.linalg.solve(m, r),)

    return _analysed(f, whole, right, core=(2, 1 if vector else 2))[0]


def _spread(x: Bounded, shape: tuple[int, ...]) -> Bounded:
    error = None if x.error is None else np.broadcast_to(x.error, shape)
    return Bounded(np.broadcast_to(x.value, shape), error, x.dtype)


def slogdet(x: Bounded, /) -> tuple[Bounded, ...]:
    return _analysed(lambda v: tuple(map(np.asarray, np.linalg.slogdet(v))), x, core=(2,))


def cholesky(x: Bounded, /, *, upper: bool = False) -> Bounded:
    return _function(lambda v: np.linalg.cholesky(v, upper=upper))(x)


def pinv(x: Bounded, /, *, rtol: Any = None) -> Bounded:
    return _function(lambda v: np.linalg.pinv(v, rtol=rtol if rtol is None else np.asarray(rtol)))(x)


def _aligned(vectors: np.ndarray, like: np.ndarray) -> np.ndarray:
    """The signs that turn columns towards those of another array."""
    return np.where(np.sum(vectors * like, axis=-2, keepdims=True) < 0, -1.0, 1.0)


def eigh(x: Bounded, /) -> tuple[Bounded, ...]:
    like = np.linalg.eigh(x.value)[1]

    def f(v: np.ndarray) -> Results:
        values, vectors = np.linalg.eigh(v)
        return values, vectors * _aligned(vectors, like)

    return _analysed(f, x, core=(2,))


def qr(x: Bounded, /, *, mode: str = "reduced") -> tuple[Bounded, ...]:
    like, least = np.linalg.qr(x.value, mode)[0], min(x.shape[-2:])

    def f(v: np.ndarray) -> Results:
        q, r = np.linalg.qr(v, mode)
        sign = _aligned(q, like)
        return q * sign, np.swapaxes(sign, -1, -2) * r

    q, r = _analysed(f, x, core=(2,))
    return _unchecked(q, -1, least), r


def svd(x: Bounded, /, *, full_matrices: bool = True) -> tuple[Bounded, ...]:
    like, least = np.linalg.svd(x.value, full_matrices=full_matrices)[0], min(x.shape[-2:])

    def f(v: np.ndarray) -> Results:
        u, s, vh = np.linalg.svd(v, full_matrices=full_matrices)
        sign = _aligned(u, like)
        turn = np.ones((*vh.shape[:-1], 1))
        turn[..., :least, :] = np.swapaxes(sign[..., :least], -1, -2)
        return u * sign, s, turn * vh

    u, s, vh = _analysed(f, x, core=(2,))
    return _unchecked(u, -1, least), s, _unchecked(vh, -2, least)


def _unchecked(x: Bounded, axis: int, count: int) -> Bounded:
    """Vectors beyond the first ones are any that complete a basis."""
    if x.shape[axis] == count:
        return x
    error = np.array(np.broadcast_to(error_of(x), x.shape))
    np.moveaxis(error, axis, 0)[count:] = np.inf
    return Bounded(x.value, error, x.dtype)


LINALG: dict[str, Callable[..., Any]] = {
    "cholesky": cholesky,
    "det": _function(np.linalg.det),
    "eigh": eigh,
    "eigvalsh": _function(np.linalg.eigvalsh),
    "inv": _function(np.linalg.inv),
    "pinv": pinv,
    "qr": qr,
    "slogdet": slogdet,
    "solve": solve,
    "svd": svd,
    "svdvals": _function(lambda v: np.linalg.svd(v, compute_uv=False)),
}
