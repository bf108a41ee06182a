"""Recording the standard's linear algebra: its main functions on matrices and the `linalg` extension."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ...arrays.arguments import integer, is_sequence
from ...arrays.dtypes import kind_of
from ..dims import largest, smallest
from ..recording import FLOATING, NUMERIC, binary, cast, common, tensor
from ..shape_rules import axes_of, broadcast, contracted, matmul_shape, plain_axis, reduced
from ..tensor import Tensor, record, spec
from .decompositions import EighResult as EighResult
from .decompositions import EigResult as EigResult
from .decompositions import QRResult as QRResult
from .decompositions import SVDResult as SVDResult
from .decompositions import as_floating, as_matrices, real_dtype, shown
from .decompositions import cholesky as cholesky
from .decompositions import eig as eig
from .decompositions import eigh as eigh
from .decompositions import eigvals as eigvals
from .decompositions import eigvalsh as eigvalsh
from .decompositions import qr as qr
from .decompositions import svd as svd
from .decompositions import svdvals as svdvals
from .reductions import sum as _sum

__all__ = [
    "EigResult",
    "EighResult",
    "QRResult",
    "SVDResult",
    "SlogdetResult",
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


# ---- operands

_multiply = binary("multiply")


def _pair(function: str, kinds: tuple[str, ...], x1: Any, x2: Any) -> tuple[Tensor, Tensor, str]:
    """Two operands in their common dtype."""
    name, pair = common(function, kinds, x1, x2)
    return tensor(pair[0], name), tensor(pair[1], name), name


def _negative_axis(function: str, axis: int, x1: Tensor, x2: Tensor) -> int:
    """An axis counted from the back of both operands, as the standard requires where they broadcast."""
    axis = integer(function, "axis", axis)
    ndim = min(x1.ndim, x2.ndim)
    if not -ndim <= axis < 0:
        expected = f"expected {-ndim} to -1" if ndim else "one of them has no axes"
        raise ValueError(f"{function}: axis {axis} for shapes {shown(x1)} and {shown(x2)}; {expected}")
    return axis


# ---- products


def matmul(x1: Any, x2: Any, /) -> Tensor:
    """Record a call of the standard's `matmul`."""
    x1, x2, name = _pair("matmul", NUMERIC, x1, x2)
    return record("matmul", (x1, x2), {}, spec(matmul_shape("matmul", x1.sizes, x2.sizes), name))


def matrix_transpose(x: Any, /) -> Tensor:
    """Record a call of the standard's `matrix_transpose`."""
    x = tensor(x)
    if x.ndim < 2:
        raise ValueError(f"matrix_transpose: needs at least 2 dimensions, got shape {shown(x)}")
    *batch, rows, columns = x.sizes
    return record("matrix_transpose", (x,), {}, spec((*batch, columns, rows), x.dtype))


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Tensor:
    """Record a call of the standard's `tensordot`; axes are counted from the front."""
    x1, x2, name = _pair("tensordot", NUMERIC, x1, x2)
    if not is_sequence(axes):
        axes = integer("tensordot", "axes", axes)
        if not 0 <= axes <= min(x1.ndim, x2.ndim):
            raise ValueError(
                f"tensordot: axes is {axes} for shapes {shown(x1)} and {shown(x2)}; "
                f"expected 0 to {min(x1.ndim, x2.ndim)}"
            )
        first, second = tuple(range(x1.ndim - axes, x1.ndim)), tuple(range(axes))
        kwargs: dict[str, Any] = {} if axes == 2 else {"axes": axes}
    else:
        if len(axes) != 2:
            raise TypeError(f"tensordot: axes is {axes!r}; expected an integer or two sequences of axes")
        if any(axis is None for axis in axes):
            raise TypeError(f"tensordot: axes is {axes!r}; None names no axes")
        first, second = axes_of("tensordot", axes[0], x1.ndim), axes_of("tensordot", axes[1], x2.ndim)
        if len(first) != len(second):
            raise ValueError(f"tensordot: axes {axes!r} pairs {len(first)} axes with {len(second)}")
        kwargs = {"axes": (first, second)}
    for a, b in zip(first, second, strict=True):
        contracted("tensordot", x1.sizes[a], x2.sizes[b], x1.sizes, x2.sizes)
    shape = reduced("tensordot", x1.sizes, first) + reduced("tensordot", x2.sizes, second)
    return record("tensordot", (x1, x2), kwargs, spec(shape, name))


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Tensor:
    """Record a call of the standard's `vecdot`; the axis is negative, counted before broadcasting."""
    x1, x2, name = _pair("vecdot", NUMERIC, x1, x2)
    axis = _negative_axis("vecdot", axis, x1, x2)
    contracted("vecdot", x1.sizes[axis], x2.sizes[axis], x1.sizes, x2.sizes)
    shape = reduced("vecdot", broadcast("vecdot", x1.sizes, x2.sizes), axis)
    return record("vecdot", (x1, x2), {} if axis == -1 else {"axis": axis}, spec(shape, name))


def outer(x1: Any, x2: Any, /) -> Tensor:
    """Record a call of the standard's `linalg.outer`, as a product that broadcasts."""
    x1, x2, _ = _pair("linalg.outer", NUMERIC, x1, x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(f"linalg.outer: shapes {shown(x1)} and {shown(x2)} came, expected 1-D arrays")
    column = record("expand_dims", (x1,), {"axis": 1}, spec((*x1.sizes, 1), x1.dtype))
    return _multiply(column, x2)


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Tensor:
    """Record a call of the standard's `linalg.cross`; the axis is negative, counted before broadcasting."""
    x1, x2, name = _pair("linalg.cross", NUMERIC, x1, x2)
    axis = _negative_axis("linalg.cross", axis, x1, x2)
    for x in (x1, x2):
        if x.shape[axis] not in (3, None):
            raise ValueError(f"linalg.cross: axis {axis} of shapes {shown(x1)} and {shown(x2)}; expected size 3")
    shape = list(broadcast("linalg.cross", x1.sizes, x2.sizes))
    shape[axis] = 3
    return record("linalg.cross", (x1, x2), {} if axis == -1 else {"axis": axis}, spec(shape, name))


# ---- parts and numbers of matrices


def diagonal(x: Any, /, *, offset: int = 0) -> Tensor:
    """Record a call of the standard's `linalg.diagonal`."""
    x = tensor(x)
    if x.ndim < 2:
        raise ValueError(f"linalg.diagonal: needs at least 2 dimensions, got shape {shown(x)}")
    if not isinstance(offset, int) or isinstance(offset, bool):
        raise TypeError(f"linalg.diagonal: offset is {offset!r}; expected an integer")
    *batch, rows, columns = x.sizes
    length = smallest(rows + min(offset, 0), columns - max(offset, 0))
    if offset:
        length = largest(length, 0)
    kwargs = {"offset": offset} if offset else {}
    return record("linalg.diagonal", (x,), kwargs, spec((*batch, length), x.dtype))


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Tensor:
    """Record a call of the standard's `linalg.trace`, as the sum of a diagonal."""
    return _sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


class SlogdetResult(NamedTuple):
    """The results of `slogdet`."""

    sign: Tensor
    logabsdet: Tensor


def det(x: Any, /) -> Tensor:
    """Record a call of the standard's `linalg.det`."""
    x = as_matrices("linalg.det", x, square=True)
    return record("linalg.det", (x,), {}, spec(x.sizes[:-2], x.dtype))


def slogdet(x: Any, /) -> SlogdetResult:
    """Record a call of the standard's `linalg.slogdet`."""
    x = as_matrices("linalg.slogdet", x, square=True)
    specs = spec(x.sizes[:-2], x.dtype), spec(x.sizes[:-2], real_dtype(x.dtype))
    return SlogdetResult(*record("linalg.slogdet", (x,), {}, specs))


def matrix_rank(x: Any, /, *, rtol: Any = None) -> Tensor:
    """Record a call of the standard's `linalg.matrix_rank`."""
    x = as_matrices("linalg.matrix_rank", x)
    kwargs = _rtol("linalg.matrix_rank", x, rtol)
    return record("linalg.matrix_rank", (x,), kwargs, spec(x.sizes[:-2], "int64"))


def _rtol(function: str, x: Tensor, rtol: Any) -> dict[str, Any]:
    """A tolerance as a keyword argument: a number, or one for each matrix."""
    if rtol is None or (isinstance(rtol, (int, float)) and not isinstance(rtol, bool)):
        return {} if rtol is None else {"rtol": float(rtol)}
    rtol = tensor(rtol)
    if kind_of(rtol.dtype) != "real floating":
        raise TypeError(f"{function}: rtol has dtype {rtol.dtype}, expected a real floating dtype")
    shape = broadcast(f"{function}: rtol", rtol.sizes, x.sizes[:-2])
    if len(shape) > x.ndim - 2 or any(
        isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(shape, x.sizes, strict=False)
    ):
        raise ValueError(
            f"{function}: rtol has shape {shown(rtol)} for matrices of shape {shown(x)}; "
            "expected a number, or one for each matrix"
        )
    return {"rtol": cast(rtol, real_dtype(x.dtype))}


_MATRIX_ORDERS = ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf, None)


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    """Record a call of the standard's `linalg.matrix_norm`."""
    x = as_floating("linalg.matrix_norm", x)
    if x.ndim < 2:
        raise ValueError(f"linalg.matrix_norm: needs at least 2 dimensions, got shape {shown(x)}")
    if isinstance(ord, bool) or not isinstance(ord, (str, int, float, type(None))) or ord not in _MATRIX_ORDERS:
        expected = ", ".join(map(repr, _MATRIX_ORDERS))
        raise ValueError(f"linalg.matrix_norm: ord is {ord!r}; expected one of {expected}")
    kwargs = ({"keepdims": True} if keepdims else {}) | ({} if ord in ("fro", None) else {"ord": ord})
    shape = reduced("linalg.matrix_norm", x.sizes, (-2, -1), keepdims)
    return record("linalg.matrix_norm", (x,), kwargs, spec(shape, real_dtype(x.dtype)))


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Tensor:
    """Record a call of the standard's `linalg.vector_norm`."""
    x = as_floating("linalg.vector_norm", x)
    if isinstance(ord, bool) or not isinstance(ord, (int, float)):
        raise ValueError(f"linalg.vector_norm: ord is {ord!r}; expected a number")
    shape = reduced("linalg.vector_norm", x.sizes, axis, keepdims)
    axis = plain_axis("linalg.vector_norm", axis)
    kwargs = (
        ({} if axis is None else {"axis": axis})
        | ({"keepdims": True} if keepdims else {})
        | ({} if ord == 2 else {"ord": ord})
    )
    return record("linalg.vector_norm", (x,), kwargs, spec(shape, real_dtype(x.dtype)))


# ---- inverses, powers and solutions


def inv(x: Any, /) -> Tensor:
    """Record a call of the standard's `linalg.inv`."""
    x = as_matrices("linalg.inv", x, square=True)
    return record("linalg.inv", (x,), {}, spec(x.sizes, x.dtype))


def pinv(x: Any, /, *, rtol: Any = None) -> Tensor:
    """Record a call of the standard's `linalg.pinv`."""
    x = as_matrices("linalg.pinv", x)
    *batch, rows, columns = x.sizes
    return record("linalg.pinv", (x,), _rtol("linalg.pinv", x, rtol), spec((*batch, columns, rows), x.dtype))


def matrix_power(x: Any, n: int, /) -> Tensor:
    """Record a call of the standard's `linalg.matrix_power`."""
    x = as_matrices("linalg.matrix_power", x, square=True)
    if not isinstance(n, int) or isinstance(n, bool):
        raise TypeError(f"linalg.matrix_power: n is {n!r}; expected an integer")
    return record("linalg.matrix_power", (x, n), {}, spec(x.sizes, x.dtype))


def solve(x1: Any, x2: Any, /) -> Tensor:
    """Record a call of the standard's `linalg.solve`; x2 is one vector, or matrices."""
    x1, x2, name = _pair("linalg.solve", FLOATING, x1, x2)
    x1 = as_matrices("linalg.solve", x1, square=True)
    if not x2.ndim:
        raise ValueError(f"linalg.solve: x2 needs at least 1 dimension, got shape {shown(x2)}")
    columns = x2.sizes[-1:] if x2.ndim > 1 else ()
    contracted("linalg.solve", x1.sizes[-2], x2.sizes[-2] if columns else x2.sizes[0], x1.sizes, x2.sizes)
    batch = broadcast("linalg.solve", x1.sizes[:-2], x2.sizes[:-2])
    return record("linalg.solve", (x1, x2), {}, spec((*batch, x1.sizes[-1], *columns), name))
