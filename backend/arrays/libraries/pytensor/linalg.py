"""Linear algebra of the standard on PyTensor's variables; decompositions are NumPy's."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import pytensor.tensor as pt

from . import reductions
from .variables import as_sizes, axes_of, axis_of, by_numpy, cast, common, kind_of, number, pair, static_shape, tensor

# fmt: off
__all__ = [
    "cholesky", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv", "matmul", "matrix_norm",
    "matrix_power", "matrix_rank", "matrix_transpose", "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals",
    "tensordot", "trace", "vecdot", "vector_norm",
]
# fmt: on


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


def matmul(x1: Any, x2: Any, /) -> Any:
    """The standard's `matmul`."""
    a, b = pair(x1, x2)
    return cast(pt.matmul(a, b), a.dtype)


def matrix_transpose(x: Any, /) -> Any:
    """The standard's `matrix_transpose`."""
    x = tensor(x)
    return x.dimshuffle(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    """The standard's `tensordot`."""
    a, b = pair(x1, x2)
    if not isinstance(axes, int):
        axes = [list(axes_of(tuple(as_sizes(each)), x.ndim)) for each, x in zip(axes, (a, b), strict=True)]
    return pt.tensordot(a, b, axes=axes)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The standard's `vecdot`."""
    a, b = pair(x1, x2)
    return pt.sum(pt.conj(a) * b if kind_of(a) == "c" else a * b, axis=axis, dtype=a.dtype)


def outer(x1: Any, x2: Any, /) -> Any:
    """The standard's `linalg.outer`."""
    a, b = pair(x1, x2)
    return a[:, None] * b[None, :]


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The standard's `linalg.cross`."""
    a, b = pair(x1, x2)

    def part(x: Any, i: int) -> Any:
        return x[(slice(None),) * axis_of(axis, x.ndim) + (i % 3,)]

    found = [part(a, i + 1) * part(b, i + 2) - part(a, i + 2) * part(b, i + 1) for i in range(3)]
    return pt.stack(found, axis=axis)


def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The standard's `linalg.diagonal`."""
    return pt.diagonal(tensor(x), offset=offset, axis1=-2, axis2=-1)


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """The standard's `linalg.trace`."""
    return reductions.sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: float = 2) -> Any:
    """The standard's `linalg.vector_norm`."""
    x = tensor(x)
    how: dict[str, Any] = {"axis": axes_of(axis, x.ndim), "keepdims": keepdims}
    size = pt.abs(x)
    if ord in (math.inf, -math.inf):
        return (reductions.max if ord > 0 else reductions.min)(size, **how)
    if ord == 0:
        return cast(reductions.count_nonzero(x, **how), size.dtype)
    if ord == 1:
        return reductions.sum(size, **how)
    if ord == 2:
        return pt.sqrt(reductions.sum(size * size, **how))
    return pt.pow(reductions.sum(pt.pow(size, number(ord, size.dtype)), **how), number(1 / ord, size.dtype))


# ---- PyTensor's own, which it can differentiate


def cholesky(x: Any, /, *, upper: bool = False) -> Any:
    """The standard's `linalg.cholesky`."""
    x = tensor(x)
    lower = by_numpy("linalg.cholesky", [x], (x.dtype, static_shape(x))) if kind_of(x) == "c" else pt.linalg.cholesky(x)
    return cast(pt.conj(matrix_transpose(lower)) if upper else lower, x.dtype)


def det(x: Any, /) -> Any:
    """The standard's `linalg.det`."""
    return _of_batches(pt.linalg.det, "linalg.det", tensor(x))


def inv(x: Any, /) -> Any:
    """The standard's `linalg.inv`."""
    x = tensor(x)
    return cast(pt.linalg.inv(x), x.dtype)


def solve(x1: Any, x2: Any, /) -> Any:
    """The standard's `linalg.solve`."""
    a, b = common((x1, x2))
    found = pt.linalg.solve(a, b[:, None], b_ndim=2)[..., 0] if b.ndim == 1 else pt.linalg.solve(a, b, b_ndim=2)
    return cast(found, a.dtype)


def _of_batches(own: Any, name: str, x: Any) -> Any:
    return cast(own(x), x.dtype) if kind_of(x) == "f" else by_numpy(name, [x], (x.dtype, static_shape(x)[:-2]))


# ---- NumPy's, without a gradient in PyTensor


def _real(dtype: str) -> str:
    return {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)


def _complex(dtype: str) -> str:
    return {"float32": "complex64", "float64": "complex128"}.get(dtype, dtype)


def _inner(shape: tuple[Any, ...]) -> Any:
    """The smaller of the sizes of matrices; None where one is not known."""
    rows, columns = shape[-2:]
    return None if rows is None or columns is None else min(rows, columns)


def slogdet(x: Any, /) -> SlogdetResult:
    """The standard's `linalg.slogdet`."""
    x = tensor(x)
    batch = static_shape(x)[:-2]
    return SlogdetResult(*by_numpy("linalg.slogdet", [x], ((x.dtype, batch), (_real(x.dtype), batch))))


def eigh(x: Any, /) -> EighResult:
    """The standard's `linalg.eigh`."""
    x = tensor(x)
    shape = static_shape(x)
    return EighResult(*by_numpy("linalg.eigh", [x], ((_real(x.dtype), shape[:-1]), (x.dtype, shape))))


def eigvalsh(x: Any, /) -> Any:
    """The standard's `linalg.eigvalsh`."""
    return by_numpy("linalg.eigvalsh", [tensor(x)], (_real(x.dtype), static_shape(x)[:-1]))


def eig(x: Any, /) -> EigResult:
    """The standard's `linalg.eig`."""
    x = tensor(x)
    shape, dtype = static_shape(x), _complex(x.dtype)
    return EigResult(*by_numpy("linalg.eig", [x], ((dtype, shape[:-1]), (dtype, shape))))


def eigvals(x: Any, /) -> Any:
    """The standard's `linalg.eigvals`."""
    return by_numpy("linalg.eigvals", [tensor(x)], (_complex(x.dtype), static_shape(x)[:-1]))


def qr(x: Any, /, *, mode: str = "reduced") -> QRResult:
    """The standard's `linalg.qr`."""
    x = tensor(x)
    *batch, rows, columns = static_shape(x)
    inner = _inner((rows, columns)) if mode == "reduced" else rows
    types = ((x.dtype, (*batch, rows, inner)), (x.dtype, (*batch, inner, columns)))
    return QRResult(*by_numpy("linalg.qr", [x], types, mode=mode))


def svd(x: Any, /, *, full_matrices: bool = True) -> SVDResult:
    """The standard's `linalg.svd`."""
    x = tensor(x)
    *batch, rows, columns = static_shape(x)
    inner = _inner((rows, columns))
    left, right = (rows, columns) if full_matrices else (inner, inner)
    types = (
        (x.dtype, (*batch, rows, left)),
        (_real(x.dtype), (*batch, inner)),
        (x.dtype, (*batch, right, columns)),
    )
    return SVDResult(*by_numpy("linalg.svd", [x], types, full_matrices=full_matrices))


def svdvals(x: Any, /) -> Any:
    """The standard's `linalg.svdvals`."""
    x = tensor(x)
    *batch, _rows, _columns = shape = static_shape(x)
    return by_numpy("linalg.svdvals", [x], (_real(x.dtype), (*batch, _inner(shape))))


def pinv(x: Any, /, *, rtol: Any = None) -> Any:
    """The standard's `linalg.pinv`."""
    x = tensor(x)
    *batch, rows, columns = static_shape(x)
    return by_numpy("linalg.pinv", [x], (x.dtype, (*batch, columns, rows)), rtol=rtol)


def matrix_rank(x: Any, /, *, rtol: Any = None) -> Any:
    """The standard's `linalg.matrix_rank`."""
    return by_numpy("linalg.matrix_rank", [tensor(x)], ("int64", static_shape(x)[:-2]), rtol=rtol)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The standard's `linalg.matrix_norm`."""
    x = tensor(x)
    shape = (*static_shape(x)[:-2], 1, 1) if keepdims else static_shape(x)[:-2]
    return by_numpy("linalg.matrix_norm", [x], (_real(x.dtype), shape), keepdims=keepdims, ord=ord)


def matrix_power(x: Any, n: int, /) -> Any:
    """The standard's `linalg.matrix_power`, by products of squares."""
    x = tensor(x)
    if n < 0:
        x, n = inv(x), -n
    if n == 0:
        return by_numpy("linalg.matrix_power", [x], (x.dtype, static_shape(x)), n=0)
    found, square = None, x
    while n:
        if n % 2:
            found = square if found is None else matmul(found, square)
        n //= 2
        square = matmul(square, square) if n else square
    return found
