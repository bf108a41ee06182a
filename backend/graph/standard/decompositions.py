"""Recording the decompositions of the standard's `linalg` extension, and what its functions of matrices share."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..dims import Dim, known, smallest
from ..recording import FLOATING, cast, checked_kind, tensor
from ..tensor import Tensor, record, spec

__all__ = [
    "EigResult",
    "EighResult",
    "QRResult",
    "SVDResult",
    "as_floating",
    "as_matrices",
    "cholesky",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "qr",
    "real_dtype",
    "shown",
    "svd",
    "svdvals",
]


# ---- operands and dtypes


def shown(x: Tensor) -> str:
    """The shape of x for an error message."""
    return str(tuple(map(known, x.sizes)))


def as_floating(function: str, x: Any) -> Tensor:
    """x as a tensor of a floating dtype, or TypeError."""
    x = tensor(x)
    return cast(x, checked_kind(function, x.dtype, FLOATING))


def as_matrices(function: str, x: Any, square: bool = False) -> Tensor:
    """x as floating matrices that libraries can factor: at least 2-D, not in half precision, `square` if required."""
    x = as_floating(function, x)
    if x.ndim < 2:
        raise ValueError(f"{function}: needs at least 2 dimensions, got shape {shown(x)}")
    if x.dtype in ("float16", "bfloat16"):
        raise TypeError(f"{function}: dtype {x.dtype} came, expected float32 or wider, as every library does")
    rows, columns = x.sizes[-2:]
    if square and isinstance(rows, int) and isinstance(columns, int) and rows != columns:
        raise ValueError(f"{function}: shape {shown(x)} holds {rows} x {columns} matrices, expected square")
    return x


def real_dtype(name: str) -> str:
    """The dtype of the absolute values of a floating dtype."""
    return {"complex64": "float32", "complex128": "float64"}.get(name, name)


def _complex(name: str) -> str:
    """The complex dtype of the precision of a floating dtype."""
    return "complex128" if name in ("float64", "complex128") else "complex64"


# ---- decompositions


class EigResult(NamedTuple):
    """The results of `eig`."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class EighResult(NamedTuple):
    """The results of `eigh`."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class QRResult(NamedTuple):
    """The results of `qr`."""

    Q: Tensor
    R: Tensor


class SVDResult(NamedTuple):
    """The results of `svd`."""

    U: Tensor
    S: Tensor
    Vh: Tensor


def cholesky(x: Any, /, *, upper: bool = False) -> Tensor:
    """Record a call of the standard's `linalg.cholesky`."""
    x = as_matrices("linalg.cholesky", x, square=True)
    return record("linalg.cholesky", (x,), {"upper": True} if upper else {}, spec(x.sizes, x.dtype))


def qr(x: Any, /, *, mode: str = "reduced") -> QRResult:
    """Record a call of the standard's `linalg.qr`."""
    x = as_matrices("linalg.qr", x)
    if mode not in ("reduced", "complete"):
        raise ValueError(f"linalg.qr: mode is {mode!r}; expected 'reduced' or 'complete'")
    *batch, rows, columns = x.sizes
    inner: int | Dim = smallest(rows, columns) if mode == "reduced" else rows
    specs = spec((*batch, rows, inner), x.dtype), spec((*batch, inner, columns), x.dtype)
    return QRResult(*record("linalg.qr", (x,), {} if mode == "reduced" else {"mode": mode}, specs))


def svd(x: Any, /, *, full_matrices: bool = True) -> SVDResult:
    """Record a call of the standard's `linalg.svd`."""
    x = as_matrices("linalg.svd", x)
    *batch, rows, columns = x.sizes
    inner = smallest(rows, columns)
    left, right = (rows, columns) if full_matrices else (inner, inner)
    specs = (
        spec((*batch, rows, left), x.dtype),
        spec((*batch, inner), real_dtype(x.dtype)),
        spec((*batch, right, columns), x.dtype),
    )
    return SVDResult(*record("linalg.svd", (x,), {} if full_matrices else {"full_matrices": False}, specs))


def svdvals(x: Any, /) -> Tensor:
    """Record a call of the standard's `linalg.svdvals`."""
    x = as_matrices("linalg.svdvals", x)
    *batch, rows, columns = x.sizes
    return record("linalg.svdvals", (x,), {}, spec((*batch, smallest(rows, columns)), real_dtype(x.dtype)))


def eig(x: Any, /) -> EigResult:
    """Record a call of the standard's `linalg.eig`; the results are complex."""
    x = as_matrices("linalg.eig", x, square=True)
    name = _complex(x.dtype)
    return EigResult(*record("linalg.eig", (x,), {}, (spec(x.sizes[:-1], name), spec(x.sizes, name))))


def eigvals(x: Any, /) -> Tensor:
    """Record a call of the standard's `linalg.eigvals`; the result is complex."""
    x = as_matrices("linalg.eigvals", x, square=True)
    return record("linalg.eigvals", (x,), {}, spec(x.sizes[:-1], _complex(x.dtype)))


def eigh(x: Any, /) -> EighResult:
    """Record a call of the standard's `linalg.eigh`."""
    x = as_matrices("linalg.eigh", x, square=True)
    specs = spec(x.sizes[:-1], real_dtype(x.dtype)), spec(x.sizes, x.dtype)
    return EighResult(*record("linalg.eigh", (x,), {}, specs))


def eigvalsh(x: Any, /) -> Tensor:
    """Record a call of the standard's `linalg.eigvalsh`."""
    x = as_matrices("linalg.eigvalsh", x, square=True)
    return record("linalg.eigvalsh", (x,), {}, spec(x.sizes[:-1], real_dtype(x.dtype)))
