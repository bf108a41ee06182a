"""Linear algebra: products by sums of terms, decompositions by their defining equations.

A backward stable algorithm gives the exact result of a matrix that differs from the given one by c n eps in norm
(Higham, Accuracy and Stability of Numerical Algorithms, theorems 9.3, 10.3, 19.4). That residual is checked.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..case import A, call, standard
from ..judging.bounds import EPS, Expected

REAL = {"complex64": "float32", "complex128": "float64"}  # the real dtype of the same precision
COMPLEX = {real: name for name, real in REAL.items()}
# Of a matrix that is not square, and of sizes that do not fit, the standard's page on inv, det or solve says nothing.
CONSTANT = 8.0  # times n eps: the c of the theorems, for sizes up to 5 (growth of pivots included)
SQUARE = A("n", "n", distinct=True, low=0.3, high=3.0, sizes={"n": (1, 4)})
BATCH = A(2, 3, 3, distinct=True, low=0.3, high=3.0)
TALL = A("n", 2, sizes={"n": (2, 5)})
INT = [call(A(2, "k", dtype=d, low=0, high=4), A("k", 3, dtype=d, low=0, high=4)) for d in ("int8", "int32", "int64")]

PRODUCTS = [
    call(A("n", "k"), A("k", "m")),
    call(A("k"), A("k", "m")),
    call(A("n", "k"), A("k")),
    call(A("k"), A("k")),
    call(A(2, "n", "k"), A("k", "m")),
    call(A(2, 1, 3, "k"), A(3, "k", 2)),
    call(A(2, 64), A(64, 3)),
]
standard("array.matmul", *PRODUCTS, *INT, exact=False)
for name in ("matmul", "linalg.matmul"):
    standard(name, *PRODUCTS, *INT, exact=False, errors=[call(A(2, 3), A(2, 3))])
for name in ("tensordot", "linalg.tensordot"):
    standard(
        name,
        call(A("n", 2, "k"), A(2, "k", "m")),
        call(A("n", "k"), A("k", "m"), axes=1),
        call(A("n"), A("m"), axes=0),
        call(A("k", 3, "n"), A("m", 3, "k"), axes=((0, 1), (2, 1))),
        exact=False,
    )
for name in ("vecdot", "linalg.vecdot"):
    standard(
        name,
        call(A("n", "k"), A("n", "k")),
        call(A("k"), A("n", "k")),
        call(A("k", 3), A("k", 3), axis=-2),
        exact=False,
        errors=[call(A(3), A(2))],
    )
for name in ("matrix_transpose", "linalg.matrix_transpose"):
    standard(name, call(A("n", "m")), call(A(2, "n", "m")))
standard("linalg.outer", call(A("n"), A("m")), exact=False)
standard(
    "linalg.diagonal",
    call(A("n", "m", sizes={"n": (1, 4), "m": (1, 4)})),
    call(A(2, 3, 4), offset=1),
    call(A(3, 3), offset=-1),
)
standard("linalg.trace", call(A("n", "m", sizes={"n": (1, 4), "m": (1, 4)})), call(A(2, 3, 4), offset=1), exact=False)
standard(
    "linalg.vector_norm",
    call(A("n", 3)),
    call(A("n", 3), axis=1),
    call(A("n", 3), ord=1, axis=0, keepdims=True),
    call(A(2, 3), ord=float("inf"), axis=1),
    exact=False,
)


def wide(x: Any) -> Any:
    """The array in float64 or complex128."""
    x = np.asarray(x)
    return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)


def norm(x: Any) -> Any:
    """Frobenius norms over the last two axes, which are kept."""
    return np.sqrt(np.sum(np.abs(wide(x)) ** 2, axis=(-2, -1), keepdims=True))


def met(got: Any, want: Any, size: Any, n: int, dtype: str) -> tuple[Expected, np.ndarray]:
    """A pair to compare: each element within c n eps of the size."""
    want = np.asarray(want)
    bound = np.broadcast_to(CONSTANT * max(n, 1) * EPS[REAL.get(dtype, dtype)] * np.asarray(size), want.shape)
    return Expected(want, bound, dtype), np.asarray(got)


def dtyped(results: list[Any], *wanted: str) -> list[tuple[Any, Any]]:
    """Pairs that compare the dtypes of results."""
    return [(want, r.dtype.name) for want, r in zip(wanted, results, strict=True)]


def turned(x: Any) -> Any:
    return np.conj(np.swapaxes(x, -1, -2))


def eye_like(x: Any) -> Any:
    return np.broadcast_to(np.eye(x.shape[-1]), (*x.shape[:-2], x.shape[-1], x.shape[-1]))


def orthonormal(q: Any, dtype: str) -> tuple[Any, Any]:
    """The columns are orthonormal."""
    q = wide(q)
    return met(turned(q) @ q, eye_like(q), 1.0, q.shape[-2], dtype)


def inverse(given: Any, results: list[Any]) -> list[tuple[Any, Any]]:
    a, x, dtype = wide(given.args[0]), wide(results[0]), given.args[0].dtype.name
    return [met(a @ x, eye_like(a), norm(a) * norm(x), a.shape[-1], dtype), *dtyped(results, dtype)]


def solution(given: Any, results: list[Any]) -> list[tuple[Any, Any]]:
    a, b, x = wide(given.args[0]), wide(given.args[1]), wide(results[0])
    dtype = given.args[0].dtype.name
    if b.ndim == 1:
        b, x = b[:, None], x[..., None]
    return [
        met(a @ x, np.broadcast_to(b, (a @ x).shape), norm(a) * norm(x) + norm(b), a.shape[-1], dtype),
        *dtyped(results, dtype),
    ]


def determinant(given: Any, results: list[Any]) -> list[tuple[Any, Any]]:
    """Bounded by the effect of a perturbation of the matrix: n times the norm to the n, which bounds every cofactor."""
    a, dtype = given.args[0], given.args[0].dtype.name
    size = norm(a)[..., 0, 0] ** a.shape[-1] * a.shape[-1]
    return [met(results[0], np.linalg.det(wide(a)), size, a.shape[-1], dtype), *dtyped(results, dtype)]


def sign_and_log(given: Any, results: list[Any]) -> list[tuple[Any, Any]]:
    sign, log = wide(results[0]), wide(results[1])
    pairs = determinant(given, [np.asarray(sign * np.exp(log)).astype(results[0].dtype)])
    dtype = given.args[0].dtype.name
    return [*pairs[:1], *dtyped(results, dtype, REAL.get(dtype, dtype))]


def factor(given: Any, results: list[Any]) -> list[tuple[Any, Any]]:
    """L times its transpose is the matrix, and L is triangular."""
    a, f, dtype = wide(given.args[0]), wide(results[0]), given.args[0].dtype.name
    upper = given.kwargs.get("upper", False)
    product, half = (turned(f) @ f, np.triu(f)) if upper else (f @ turned(f), np.tril(f))
    return [met(product, a, norm(a), a.shape[-1], dtype), (Expected(half, None, dtype), f), *dtyped(results, dtype)]


def orthogonal_factor(given: Any, results: list[Any]) -> list[tuple[Any, Any]]:
    a, dtype = wide(given.args[0]), given.args[0].dtype.name
    q, r = map(wide, results)
    full = given.kwargs.get("mode") == "complete"
    k = a.shape[-2] if full else min(a.shape[-2:])
    return [
        met(q @ r, a, norm(a), max(a.shape), dtype),
        orthonormal(q, dtype),
        (Expected(np.triu(r), None, dtype), r),
        (str((*a.shape[:-1], k)), str(q.shape)),
        *dtyped(results, dtype, dtype),
    ]


def singular(given: Any, results: list[Any]) -> list[tuple[Any, Any]]:
    a, dtype = wide(given.args[0]), given.args[0].dtype.name
    u, s, vh = map(wide, results)
    k = s.shape[-1]
    back = (u[..., :, :k] * s[..., None, :]) @ vh[..., :k, :]
    return [
        met(back, a, norm(a), max(a.shape), dtype),
        orthonormal(u, dtype),
        orthonormal(turned(vh), dtype),
        *singular_values(given, results[1:2]),
        *dtyped(results, dtype, REAL.get(dtype, dtype), dtype),
    ]


def singular_values(given: Any, results: list[Any]) -> list[tuple[Any, Any]]:
    a, dtype = wide(given.args[0]), given.args[0].dtype.name
    return [
        met(results[0], np.linalg.svd(a, compute_uv=False), norm(a)[..., 0], max(a.shape), dtype),
        *dtyped(results, REAL.get(dtype, dtype)),
    ]


def symmetric(given: Any) -> Any:
    """The symmetric or Hermitian matrix with this lower triangle."""
    a = wide(given.args[0])
    return np.tril(a) + turned(np.tril(a, -1))


def eigenvectors(given: Any, results: list[Any]) -> list[tuple[Any, Any]]:
    a, dtype = symmetric(given), given.args[0].dtype.name
    values, vectors = map(wide, results)
    return [
        met(a @ vectors, vectors * values[..., None, :], norm(a), a.shape[-1], dtype),
        orthonormal(vectors, dtype),
        *eigenvalues(given, results[:1]),
        *dtyped(results, REAL.get(dtype, dtype), dtype),
    ]


def eigenvalues(given: Any, results: list[Any]) -> list[tuple[Any, Any]]:
    a, dtype = symmetric(given), given.args[0].dtype.name
    return [
        met(results[0], np.linalg.eigvalsh(a), norm(a)[..., 0], a.shape[-1], dtype),
        *dtyped(results, REAL.get(dtype, dtype)),
    ]


def general_eigenvectors(given: Any, results: list[Any]) -> list[tuple[Any, Any]]:
    a, dtype = wide(given.args[0]), given.args[0].dtype.name
    values, vectors = (wide(r).astype(complex) for r in results)
    residual = np.abs(a @ vectors - vectors * values[..., None, :])
    name = COMPLEX.get(dtype, dtype)
    return [met(residual, np.zeros(residual.shape), norm(a), a.shape[-1], dtype), *dtyped(results, name, name)]


def general_eigenvalues(given: Any, results: list[Any]) -> list[tuple[Any, Any]]:
    """Their sum is the trace and the characteristic polynomial vanishes to first order, by the matrix's norm."""
    a, dtype = wide(given.args[0]), given.args[0].dtype.name
    values = np.asarray(results[0]).astype(complex)
    size, n = norm(a)[..., 0, 0], a.shape[-1]
    det = np.linalg.det(a[..., None, :, :] - values[..., None, None] * np.eye(n))
    name = COMPLEX.get(dtype, dtype)
    return [
        met(np.abs(np.sum(values, -1) - np.trace(a, axis1=-2, axis2=-1)), np.zeros(size.shape), size, n, dtype),
        met(np.abs(det), np.zeros(det.shape), n * (2 * size[..., None]) ** n, n, dtype),
        *dtyped(results, name),
    ]


def pseudo(given: Any, results: list[Any]) -> list[tuple[Any, Any]]:
    a, x, dtype = wide(given.args[0]), wide(results[0]), given.args[0].dtype.name
    size = norm(a) * norm(x)
    return [
        met(a @ x @ a, a, size * norm(a), max(a.shape), dtype),
        met(x @ a @ x, x, size * norm(x), max(a.shape), dtype),
        *dtyped(results, dtype),
    ]


def power(given: Any, results: list[Any]) -> list[tuple[Any, Any]]:
    a, n = wide(given.args[0]), given.args[1]
    dtype = given.args[0].dtype.name
    size = norm(a) ** n if n >= 0 else (norm(np.linalg.inv(a)) ** (1 - n)) * norm(a)
    return [
        met(results[0], np.linalg.matrix_power(a, n), size, a.shape[-1] * (abs(n) + 1), dtype),
        *dtyped(results, dtype),
    ]


def matrix_norm(given: Any, results: list[Any]) -> list[tuple[Any, Any]]:
    a, dtype = wide(given.args[0]), given.args[0].dtype.name
    kwargs = {"ord": given.kwargs.get("ord", "fro"), "keepdims": given.kwargs.get("keepdims", False)}
    want = np.asarray(np.linalg.matrix_norm(a, **kwargs))
    size = norm(a) * np.sqrt(max(a.shape)) if kwargs["keepdims"] else norm(a)[..., 0, 0] * np.sqrt(max(a.shape))
    return [met(results[0], want, size, max(a.shape), dtype), *dtyped(results, dtype)]


def crossed(given: Any, results: list[Any]) -> list[tuple[Any, Any]]:
    x, y, axis = wide(given.args[0]), wide(given.args[1]), given.kwargs.get("axis", -1)
    dtype = given.args[0].dtype.name
    size = np.sqrt(np.sum(x * x, axis=axis, keepdims=True)) * np.sqrt(np.sum(y * y, axis=axis, keepdims=True))
    return [met(results[0], np.cross(x, y, axis=axis), np.broadcast_to(size, np.broadcast(x, y).shape), 1, dtype)]


PAIR = call(SQUARE)
DEFINITE = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -0.25], [0.5, -0.25, 2.0]])
standard("linalg.inv", PAIR, call(BATCH), judge=inverse)
standard(
    "linalg.solve",
    call(SQUARE, A("n", 2)),
    call(SQUARE, A("n")),
    call(BATCH, A(2, 3, 2)),
    judge=solution,
)
standard("linalg.det", PAIR, call(BATCH), judge=determinant)
standard("linalg.slogdet", PAIR, call(BATCH), judge=sign_and_log)
standard(
    "linalg.cholesky",
    call(DEFINITE),
    call(DEFINITE, upper=True),
    call(np.stack([DEFINITE, 2 * DEFINITE])),
    judge=factor,
)
standard(
    "linalg.qr", call(TALL), call(A(2, 3, 2)), call(A(3, 2), mode="complete"), call(A(2, 4)), judge=orthogonal_factor
)
standard("linalg.svd", call(TALL), call(A(2, 3, 2), full_matrices=False), call(A(2, 4)), judge=singular)
standard("linalg.svdvals", call(TALL), call(A(2, 3, 2)), judge=singular_values)
LOWER = np.array([[2.0, 0.5, -1.0], [0.5, 1.0, 0.25], [-1.0, 0.25, -3.0]])
standard("linalg.eigh", call(LOWER), call(np.stack([LOWER, DEFINITE])), judge=eigenvectors)
standard("linalg.eigvalsh", call(LOWER), call(np.stack([LOWER, DEFINITE])), judge=eigenvalues)
standard("linalg.eig", PAIR, call(BATCH), judge=general_eigenvectors)
standard("linalg.eigvals", PAIR, call(BATCH), judge=general_eigenvalues)
standard("linalg.pinv", call(TALL), call(A(2, 4)), judge=pseudo)
standard("linalg.matrix_power", call(SQUARE, 0), call(SQUARE, 3), call(DEFINITE, -2), judge=power)
standard(
    "linalg.matrix_norm",
    call(TALL),
    call(A(2, 3, 2), ord=1, keepdims=True),
    call(TALL, ord=2),
    call(TALL, ord="nuc"),
    call(TALL, ord=float("inf")),
    judge=matrix_norm,
)
standard("linalg.cross", call(A("n", 3), A("n", 3)), call(A(3, "n"), A(3, "n"), axis=-2), judge=crossed)
standard(
    "linalg.matrix_rank",
    call(DEFINITE),
    call(np.array([[1.0, 2.0], [2.0, 4.0]])),
    call(np.zeros((2, 3))),
    call(np.array([[2.0]])),
)
