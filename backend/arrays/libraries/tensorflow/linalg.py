"""Linear algebra of the standard on TensorFlow."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from .dtypes import COMPLEX, complex64, complex128, float64
from .manipulation import matrix_transpose
from .operands import axes_of, axis_of, pair, shape_from, sizes
from .products import matmul, tensordot, vecdot
from .reductions import largest, smallest, sum

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]


class EighResult(NamedTuple):
    eigenvalues: Any
    eigenvectors: Any


class EigResult(NamedTuple):
    eigenvalues: Any
    eigenvectors: Any


class QRResult(NamedTuple):
    Q: Any
    R: Any


class SlogdetResult(NamedTuple):
    sign: Any
    logabsdet: Any


class SVDResult(NamedTuple):
    U: Any
    S: Any
    Vh: Any


def _adjoint(x: Any) -> Any:
    return tf.linalg.adjoint(x)


def _raises_value_errors(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with ValueError for a matrix that it cannot factor or invert, as NumPy's LinAlgError is one."""

    @functools.wraps(function)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except tf.errors.InvalidArgumentError as error:
            raise ValueError(f"{function.__name__}: {error.message}") from error

    return run


@_raises_value_errors
def cholesky(x: Any, /, *, upper: bool = False) -> Any:
    """The standard's `cholesky`."""
    found = tf.linalg.cholesky(_adjoint(x) if upper else x)
    return _adjoint(found) if upper else found


def det(x: Any, /) -> Any:
    """The standard's `det`."""
    return tf.linalg.det(x)


@_raises_value_errors
def inv(x: Any, /) -> Any:
    """The standard's `inv`."""
    return tf.linalg.inv(x)


def slogdet(x: Any, /) -> SlogdetResult:
    """The standard's `slogdet`."""
    sign, found = tf.linalg.slogdet(x)
    return SlogdetResult(sign, tf.math.real(found) if x.dtype in COMPLEX else found)


@_raises_value_errors
def solve(x1: Any, x2: Any, /) -> Any:
    """The standard's `solve`."""
    x1, x2 = pair(x1, x2)
    vector = x2.shape.rank == 1
    right = x2[:, None] if vector else x2
    if x1.shape.rank != right.shape.rank or x1.shape[:-2] != right.shape[:-2]:
        lead = tf.broadcast_dynamic_shape(tf.shape(x1)[:-2], tf.shape(right)[:-2])
        x1 = tf.broadcast_to(x1, tf.concat([lead, tf.shape(x1)[-2:]], 0))
        right = tf.broadcast_to(right, tf.concat([lead, tf.shape(right)[-2:]], 0))
    found = tf.linalg.solve(x1, right)
    return found[..., 0] if vector else found


@_raises_value_errors
def eigh(x: Any, /) -> EighResult:
    """The standard's `eigh`."""
    values, vectors = tf.linalg.eigh(x)
    return EighResult(tf.math.real(values) if x.dtype in COMPLEX else values, vectors)


@_raises_value_errors
def eigvalsh(x: Any, /) -> Any:
    """The standard's `eigvalsh`."""
    values = tf.linalg.eigvalsh(x)
    return tf.math.real(values) if x.dtype in COMPLEX else values


def _as_complex(x: Any) -> Any:
    return tf.cast(x, complex128 if x.dtype in (float64, complex128) else complex64)


def eig(x: Any, /) -> EigResult:
    """The standard's `eig`."""
    return EigResult(*map(_as_complex, tf.linalg.eig(x)))


def eigvals(x: Any, /) -> Any:
    """The standard's `eigvals`."""
    return _as_complex(tf.linalg.eigvals(x))


def qr(x: Any, /, *, mode: str = "reduced") -> QRResult:
    """The standard's `qr`."""
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode is {mode!r}, expected 'reduced' or 'complete'")
    return QRResult(*tf.linalg.qr(x, full_matrices=mode == "complete"))


def svd(x: Any, /, *, full_matrices: bool = True) -> SVDResult:
    """The standard's `svd`."""
    s, u, v = tf.linalg.svd(x, full_matrices=full_matrices)
    return SVDResult(u, s, _adjoint(v))


def svdvals(x: Any, /) -> Any:
    """The standard's `svdvals`."""
    return tf.linalg.svd(x, compute_uv=False)


def _tolerance(x: Any, s: Any, given: Any) -> Any:
    """Singular values below it count as zero: given as a part of the largest, or of a size by default."""
    real = s.dtype
    if given is None:
        eps = tf.experimental.numpy.finfo(real.as_numpy_dtype).eps
        rows, columns = sizes(x)[-2:]
        part = tf.cast(tf.maximum(rows, columns), real) * tf.constant(float(eps), real)
    else:
        part = tf.cast(given, real)
    return largest(s, -1, keepdims=True) * (part[..., None] if part.shape.rank else part)


def matrix_rank(x: Any, /, *, rtol: Any = None) -> Any:
    """The standard's `matrix_rank`."""
    s = svdvals(x)
    return tf.reduce_sum(tf.cast(s > _tolerance(x, s, rtol), tf.int64), -1)


def pinv(x: Any, /, *, rtol: Any = None) -> Any:
    """The standard's `pinv`."""
    u, s, vh = svd(x, full_matrices=False)
    kept = s > _tolerance(x, s, rtol)
    inverse = tf.where(kept, 1 / tf.where(kept, s, tf.ones((), s.dtype)), tf.zeros((), s.dtype))
    return tf.linalg.matmul(_adjoint(vh) * tf.cast(inverse, x.dtype)[..., None, :], _adjoint(u))


def matrix_power(x: Any, n: int, /) -> Any:
    """The standard's `matrix_power`."""
    if n < 0:
        x, n = tf.linalg.inv(x), -n
    rows = sizes(x)[-1]
    found = tf.broadcast_to(tf.eye(rows, dtype=x.dtype), shape_from(sizes(x)))
    while n:
        if n % 2:
            found = matmul(found, x)
        n //= 2
        x = matmul(x, x) if n else x
    return found


def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The standard's `diagonal`."""
    rows, columns = sizes(x)[-2:]
    first, second = max(-offset, 0), max(offset, 0)
    count = tf.maximum(tf.minimum(rows - first, columns - second), 0)
    if isinstance(rows, int) and isinstance(columns, int):
        count = max(min(rows - first, columns - second), 0)
    places = tf.range(count)
    flat = tf.reshape(x, shape_from((*sizes(x)[:-2], rows * columns)))
    return tf.gather(flat, (places + first) * columns + places + second, axis=-1)


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """The standard's `trace`."""
    return sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def outer(x1: Any, x2: Any, /) -> Any:
    """The standard's `outer`."""
    x1, x2 = pair(x1, x2)
    if x1.shape.rank != 1 or x2.shape.rank != 1:
        raise ValueError(f"outer: got arrays of {x1.shape.rank} and {x2.shape.rank} axes, expected 1")
    return x1[:, None] * x2


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The standard's `cross`."""
    x1, x2 = pair(x1, x2)
    axis_of(axis, min(x1.shape.rank, x2.shape.rank))
    if any(x.shape[axis] not in (3, None) for x in (x1, x2)):
        raise ValueError(f"cross: axis {axis} has sizes {x1.shape[axis]} and {x2.shape[axis]}, expected 3")
    (a, b, c), (d, e, f) = (tf.unstack(x, 3, axis=axis) for x in (x1, x2))
    return tf.stack([b * f - c * e, c * d - a * f, a * e - b * d], axis)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The standard's `matrix_norm`."""
    if ord == "fro":
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        s = svdvals(x)
        reduce = {"nuc": tf.reduce_sum, 2: largest, -2: smallest}[ord]
        found = reduce(s, -1)
        return found[..., None, None] if keepdims else found
    if ord not in (1, -1, math.inf, -math.inf):
        raise ValueError(f"matrix_norm: ord is {ord!r}, expected 'fro', 'nuc', 1, -1, 2, -2, inf or -inf")
    added, other = (-2, -1) if abs(ord) == 1 else (-1, -2)
    sums = tf.reduce_sum(tf.abs(x), added, keepdims=True)
    found = (largest if ord > 0 else smallest)(sums, other, keepdims=True)
    return found if keepdims else tf.squeeze(found, [-2, -1])


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The standard's `vector_norm`."""
    axes = axes_of(axis, x.shape.rank)
    size = tf.abs(x)
    if ord == math.inf:
        return largest(size, axes, keepdims)
    if ord == -math.inf:
        return smallest(size, axes, keepdims)
    if ord == 0:
        return tf.reduce_sum(tf.cast(tf.not_equal(size, tf.zeros((), size.dtype)), size.dtype), axes, keepdims)
    if ord == 1:
        return tf.reduce_sum(size, axes, keepdims)
    if ord == 2:
        return tf.sqrt(tf.reduce_sum(tf.square(size), axes, keepdims))
    return tf.reduce_sum(size ** tf.constant(ord, size.dtype), axes, keepdims) ** tf.constant(1 / ord, size.dtype)
