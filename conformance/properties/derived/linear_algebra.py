"""Linear algebra: products by sums of terms, norms by their definition, decompositions by their equations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...case import Call
from ...judging.bounds import EPS, Expected, summation
from ...standard import linalg as equations
from .axes import normalized, reduced, rows_of, wide
from .deriving import subject
from .example import Judged
from .manipulation import common, exact, spread_out
from .matrices import (
    contractions,
    definite,
    factors,
    lines,
    normed,
    oblong,
    oblong_any,
    powers,
    ranked,
    square,
    squares,
    systems,
    tensors,
    tolerances,
    vectors,
)
from .promotion import REAL_OF, Undefined, defaults, kind_of, promoted
from .reductions import integers, sum_, within

__all__: list[str] = []

INF = float("inf")


def products(a: np.ndarray, b: np.ndarray, dtype: str) -> Expected:
    """Sums of products of the last axis of a with the one before the last of b, matrices stacked."""
    x, y = wide(a.astype(dtype)), wide(b.astype(dtype))
    terms = x[..., :, :, None] * y[..., None, :, :]
    out = terms.sum(axis=-2)
    if out.dtype == object:
        return integers(out, dtype)
    factor = 4.0 if kind_of(dtype) == "complex" else 1.0
    count = a.shape[-1]
    return within(out, factor * (summation(count) + 0.5) * EPS[REAL_OF[dtype]] * np.abs(terms).sum(axis=-2), dtype)


def matmul(x1: Any, x2: Any) -> Any:
    dtype = promoted(x1.dtype.name, x2.dtype.name)
    if not x1.ndim or not x2.ndim:
        raise Undefined("no dimensions")
    a = x1[None, :] if x1.ndim == 1 else x1
    b = x2[:, None] if x2.ndim == 1 else x2
    stack = common([a.shape[:-2], b.shape[:-2]])
    a, b = spread_out(a, (*stack, *a.shape[-2:])), spread_out(b, (*stack, *b.shape[-2:]))
    return _squeezed(products(a, b, dtype), [-2] * (x1.ndim == 1) + [-1] * (x2.ndim == 1))


def _squeezed(found: Expected, axes: list[int]) -> Expected:
    at = tuple(axes)
    return Expected(
        np.squeeze(found.value, at), None if found.bound is None else np.squeeze(found.bound, at), found.dtype
    )


def matmul_in_place(x1: Any, x2: Any) -> Expected:
    found = matmul(x1, x2)
    if found.dtype != x1.dtype.name or found.value.shape != x1.shape:
        raise Undefined("the operand would change")
    return found


def tensordot(x1: Any, x2: Any, *, axes: Any = 2) -> Expected:
    dtype = promoted(x1.dtype.name, x2.dtype.name)
    if isinstance(axes, int):
        if axes > min(x1.ndim, x2.ndim) or axes < 0:
            raise Undefined("count")
        axes = (tuple(range(x1.ndim - axes, x1.ndim)), tuple(range(axes)))
    left, right = normalized(list(axes[0]), x1.ndim), normalized(list(axes[1]), x2.ndim)
    if len(left) != len(right) or any(x1.shape[i] != x2.shape[j] for i, j in zip(left, right, strict=True)):
        raise Undefined("shapes")
    rest1 = [i for i in range(x1.ndim) if i not in left]
    rest2 = [j for j in range(x2.ndim) if j not in right]
    n = math.prod(x1.shape[i] for i in left)
    a = np.transpose(x1, (*rest1, *left)).reshape(math.prod(x1.shape[i] for i in rest1), n)
    b = np.transpose(x2, (*right, *rest2)).reshape(n, math.prod(x2.shape[j] for j in rest2))
    found = products(a, b, dtype)
    shape = [x1.shape[i] for i in rest1] + [x2.shape[j] for j in rest2]
    return Expected(found.value.reshape(shape), None if found.bound is None else found.bound.reshape(shape), dtype)


def vecdot(x1: Any, x2: Any, *, axis: int = -1) -> Expected:
    """The first vector is conjugated; the axis counts from the end of both."""
    dtype = promoted(x1.dtype.name, x2.dtype.name)
    if not -min(x1.ndim, x2.ndim) <= axis < 0 or x1.shape[axis] != x2.shape[axis]:
        raise Undefined("axis")
    shape = common([x1.shape, x2.shape])
    a, b = (np.moveaxis(spread_out(x, shape), axis, -1) for x in (x1, x2))
    return _squeezed(products(np.conj(a)[..., None, :], b[..., :, None], dtype), [-2, -1])


def outer(x1: Any, x2: Any) -> Expected:
    if x1.ndim != 1 or x2.ndim != 1:
        raise Undefined("dimensions")
    return products(x1[:, None], x2[None, :], promoted(x1.dtype.name, x2.dtype.name))


def cross(x1: Any, x2: Any, *, axis: int = -1) -> Expected:
    dtype = promoted(x1.dtype.name, x2.dtype.name)
    shape = common([x1.shape, x2.shape])
    if not -min(x1.ndim, x2.ndim) <= axis < 0 or x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise Undefined("axis")
    a, b = (np.moveaxis(wide(spread_out(x, shape).astype(dtype)), axis, 0) for x in (x1, x2))
    pairs = [(a[i] * b[j], a[j] * b[i]) for i, j in ((1, 2), (2, 0), (0, 1))]
    out = np.moveaxis(np.asarray([p - q for p, q in pairs], dtype=a.dtype), 0, axis)
    if out.dtype == object:
        return integers(out, dtype)
    size = np.moveaxis(np.stack([np.abs(p) + np.abs(q) for p, q in pairs]), 0, axis)
    return within(out, (4.0 if kind_of(dtype) == "complex" else 1.5) * EPS[REAL_OF[dtype]] * size, dtype)


def diagonal(x: Any, *, offset: int = 0) -> Expected:
    rows, columns = x.shape[-2:]
    places = [(i, i + offset) for i in range(rows) if 0 <= i + offset < columns]
    i, j = (np.asarray([p[k] for p in places], dtype=int) for k in (0, 1))
    return exact(x[..., i, j])


def trace(x: Any, *, offset: int = 0, dtype: Any = None) -> Expected:
    return sum_(diagonal(x, offset=offset).value, axis=-1, dtype=dtype)


def matrix_transpose(x: Any) -> Expected:
    if x.ndim < 2:
        raise Undefined("dimensions")
    return exact(np.swapaxes(x, -1, -2))


def vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: float = 2) -> Expected:  # noqa: A002
    axes = normalized(axis, x.ndim)
    dtype = REAL_OF[x.dtype.name]
    rows = np.abs(rows_of(wide(x), axes))
    n = rows.shape[-1]
    if (not n and not 0 <= ord < INF) or (ord < 0 and not rows.all()):
        raise Undefined("nothing")
    if abs(ord) == INF:
        out = rows.max(-1) if ord > 0 else rows.min(-1)
    elif ord == 0:
        out = (rows != 0).sum(-1).astype(np.longdouble)
    else:
        out = (rows ** np.longdouble(ord)).sum(-1) ** (1 / np.longdouble(ord))
    # each power is off by some ulps, and the root divides or multiplies what they add up to
    each = 4.0 if abs(ord) in (0, 1, INF) else 8.0 + 16.0 / min(abs(ord), 1.0)
    value = reduced(x, axes, keepdims, out)
    return within(
        value,
        (summation(n) / min(abs(ord), 1.0) if 0 < abs(ord) < INF else 0.0) * EPS[dtype] * value
        + each * EPS[dtype] * value,
        dtype,
    )


def matrix_norm(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Expected:  # noqa: A002
    dtype = REAL_OF[x.dtype.name]
    if ord is None or (0 in x.shape[-2:] and ord != "fro"):
        raise Undefined("order")
    if not x.size:
        return exact(np.zeros((*x.shape[:-2], 1, 1) if keepdims else x.shape[:-2], dtype))
    sizes = np.abs(wide(x))
    if ord in ("fro", 1, -1, INF, -INF):
        sums = sizes.sum(axis=-2 if ord in (1, -1) else -1)
        out = np.sqrt((sizes**2).sum(axis=(-2, -1))) if ord == "fro" else sums.max(-1) if ord > 0 else sums.min(-1)
        error = (summation(x.shape[-1] * x.shape[-2]) + 4.0) * EPS[dtype] * out
    else:
        values = np.linalg.svd(
            x.astype(np.complex128 if kind_of(x.dtype.name) == "complex" else np.float64), compute_uv=False
        )
        out = {"nuc": values.sum(-1), 2: values.max(-1), -2: values.min(-1)}[ord]
        error = (
            equations.CONSTANT
            * max(x.shape[-2:])
            * EPS[dtype]
            * values.max(-1)
            * (values.shape[-1] if ord == "nuc" else 1)
        )
    out, error = (np.asarray(v)[..., None, None] if keepdims else np.asarray(v) for v in (out, error))
    return within(out, error, dtype)


def matrix_rank(x: Any, *, rtol: Any = None) -> Expected:
    """How many singular values exceed rtol times the largest."""
    if 0 in x.shape:
        return exact(np.zeros(x.shape[:-2], defaults().integer))
    values = np.linalg.svd(
        x.astype(np.complex128 if kind_of(x.dtype.name) == "complex" else np.float64), compute_uv=False
    )
    if rtol is None:
        rtol = max(x.shape[-2:]) * EPS[REAL_OF[x.dtype.name]]
    limit = np.asarray(values.max(-1) * rtol)[..., None]
    near = np.abs(values - limit) <= 100 * EPS[REAL_OF[x.dtype.name]] * values.max(-1, keepdims=True)
    if np.any(near & (values > 1e-3 * limit)) and np.any(values.max(-1) > 0):
        raise Undefined("on the limit")
    dtype = defaults().integer
    return Expected(np.sum(values > limit, axis=-1).astype(dtype), None, dtype)


def judged(judge: Callable[..., Any]) -> Any:
    """The equations that a decomposition fulfils."""
    return lambda *args, **kwargs: Judged(lambda results: judge(Call(args, kwargs), results), ("value",))


def pinv(x: Any, *, rtol: Any = None) -> Any:
    """The singular values up to rtol times the largest count as zero."""
    if 0 in x.shape:
        return exact(np.zeros((*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype))
    given = x.astype(np.complex128 if kind_of(x.dtype.name) == "complex" else np.float64)
    u, s, vh = np.linalg.svd(given, full_matrices=False)
    eps = EPS[REAL_OF[x.dtype.name]]
    limit = np.asarray(s.max(-1) * (max(x.shape[-2:]) * eps if rtol is None else rtol))[..., None]
    kept = s > limit
    if np.any(np.abs(s - limit) < 1e-2 * s) or (rtol is None and not kept.all()):
        raise Undefined("on the limit")
    want = np.swapaxes(np.conj(vh), -1, -2) @ (np.where(kept, 1 / s, 0)[..., :, None] * np.swapaxes(np.conj(u), -1, -2))
    # a perturbation of c n eps |A| moves the inverse by as much times |A+|**2, and the kept space by the gap
    gap = np.min(
        np.abs(s[..., :, None] - s[..., None, :]) + np.where(kept[..., :, None] == kept[..., None, :], INF, 0),
        axis=(-2, -1),
    )
    smallest = np.min(np.where(kept, s, INF), axis=-1)
    error = equations.CONSTANT * max(x.shape[-2:]) * eps * s.max(-1) * (3 / smallest**2 + 2 / (smallest * gap))
    return Judged(
        lambda found: [(within(want, np.broadcast_to(error[..., None, None], want.shape), x.dtype.name), found[0])]
    )


NORMS = {"ord": [INF, -INF, 0, 0.5, 1, 2, 3, 2.5, -1, -2, 1.0, 2.0]}
NEGATIVE_AXES = {"axis": [-1, -2]}
subject("matmul linalg.matmul array.matmul", matmul, factors, mixed=True)
subject("array.imatmul", matmul_in_place, squares, mixed=True)
subject("tensordot linalg.tensordot", tensordot, tensors, {"axes": contractions}, mixed=True)
subject("vecdot linalg.vecdot", vecdot, vectors, NEGATIVE_AXES, mixed=True)
subject("linalg.outer", outer, lines, mixed=True)
subject("linalg.cross", cross, vectors, NEGATIVE_AXES, mixed=True)
subject("linalg.diagonal", diagonal, oblong_any)
subject("linalg.trace", trace, oblong_any)
subject("matrix_transpose linalg.matrix_transpose", matrix_transpose, oblong_any)
subject("linalg.vector_norm", vector_norm, normed, NORMS)
subject("linalg.matrix_norm", matrix_norm, oblong_any, {"ord": [INF, -INF, "fro", "nuc", 1, -1, 2, -2]})
subject("linalg.matrix_rank", matrix_rank, ranked, {"rtol": tolerances})
subject("linalg.pinv", pinv, oblong, {"rtol": tolerances})
subject("linalg.inv", judged(equations.inverse), square)
subject("linalg.det", judged(equations.determinant), square)
subject("linalg.slogdet", judged(equations.sign_and_log), square)
subject("linalg.solve", judged(equations.solution), systems)
subject("linalg.cholesky", judged(equations.factor), definite)
subject("linalg.qr", judged(equations.orthogonal_factor), oblong)
subject("linalg.svd", judged(equations.singular), oblong)
subject("linalg.svdvals", judged(equations.singular_values), oblong)
subject("linalg.eigh", judged(equations.eigenvectors), definite)
subject("linalg.eigvalsh", judged(equations.eigenvalues), definite)
subject("linalg.eig", judged(equations.general_eigenvectors), square)
subject("linalg.eigvals", judged(equations.general_eigenvalues), square)
subject("linalg.matrix_power", judged(equations.power), powers)
